/* What the rule files say of who is told: `notify` (通知), one for all rules.  Which alerts are held back while another fires
 * that says it already, of how many a street is told in a shift and everybody in a minute, and whether alerts that are one dispute are taken together.
 *
 * Immutable once loaded; any thread. */
#ifndef GW_RULE_NOTIFY_RULES_H
#define GW_RULE_NOTIFY_RULES_H

#include "rule/rule.h"

struct yaml_node;

enum { INHIBITIONS_MAX = 64, SHIFTS_MAX = 24, BUDGET_MOST = 1000, DAY_MIN = 1440 };

/* rules by their ids; once linked, by their numbers */
struct rule_list {
    struct named_rule {
        char *id;
        int line, col;
        uint16_t rule;
    } *all;
    unsigned count;
};

/* While an alert of `when` fires at that level or above, and is not held itself, it holds the others: of `holds`, of the
 * category, up to that level, and in the same place.  It never holds what is of `when` itself. */
struct inhibition {
    struct rule_list when, holds; /* holds: none are named: any */
    unsigned at_least;
    uint16_t category;      /* and all below it; CATEGORY_NONE: any */
    unsigned at_most;       /* 0: all but the highest level there is */
    enum region_level same; /* 0: of the same subject */
    int line, col;
};

struct notify_rules {
    char *file;
    bool incidents; /* alerts that are one dispute are taken together */
    struct inhibition *inhibit;
    unsigned inhibit_count;
    uint8_t order[INHIBITIONS_MAX]; /* their numbers: before each stand those that may hold what it waits for */
    unsigned budget;             /* alerts of a street in a shift; 0: any number */
    uint16_t shifts[SHIFTS_MAX]; /* minutes of the day at which one begins, in order */
    unsigned shift_count;
    unsigned storm; /* alerts in a minute, everywhere; 0: any number */
};

/* The section without what it names: what is wrong is added.  Then, when all rules have been read, what it names; and, where
 * nothing is wrong with any, whether it makes sense. */
struct notify_rules *notify_rules_read(const struct yaml_node *, const struct rule_context *, struct problems *);
void notify_rules_link(struct notify_rules *, const struct rule_set *, struct problems *);
void notify_rules_check(struct notify_rules *, const struct rule_set *, struct problems *);
void notify_rules_destroy(struct notify_rules **);
uint64_t notify_rules_digest(const struct notify_rules *, const struct rule_set *); /* of what it says; 0 of NULL */

bool rule_list_has(const struct rule_list *, const struct rule_set *, const struct rule *);
/* when the shift begins that holds the second, and the next one; by the wall's clock */
int64_t shift_begin(const struct notify_rules *, int32_t utc_offset_s, int64_t second);
int64_t shift_end(const struct notify_rules *, int32_t utc_offset_s, int64_t second);

#endif
