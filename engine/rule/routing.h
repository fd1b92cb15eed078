/* Where an alert is sent, and how long each may take: what its rule says, unless a line of the routing table says otherwise.
 *
 * The table (registry/csv.h) is named by `routing` (派发表) in a rule file.  The first of its lines that fits the alert
 * counts, so the narrow ones stand first.
 *   category (类别)       a prefix of the alert's category: that which `each` judges, else the one that all of the rule's
 *                         selections share; empty: any
 *   level (级别)          empty: any
 *   region (区域)         code or name, and all below it; instead or besides, code (编码) and name (名称); empty: anywhere
 *   lead (牵头)           unit; street (街道), community (社区), district (区): the alert's own; empty: the rule's
 *   assist (协助)         units split by ';', likewise
 *   tier (层级)           who is in charge at first: community, street, district; empty: the street, as without a table
 *   street_unit (街道单位), district_unit (区级单位)   who takes over when a limit passes; empty: the street, the district itself
 *   sign_within (签收时限), arrive_within (到场时限), close_within (办结时限)   as in rules; empty: the rule's; arriving: no limit
 *
 * Immutable once loaded; any thread. */
#ifndef GW_RULE_ROUTING_H
#define GW_RULE_ROUTING_H

#include "rule/rule.h"

struct routing;

/* NULL, with every mistake added, if anything is wrong.  `file` is how it was named, `path` where it lies. */
struct routing *routing_load(const char *file, const char *path, const struct rule_context *, struct problems *);
void routing_destroy(struct routing **);
uint64_t routing_digest(const struct routing *); /* of what it says; 0 of NULL */

struct route {
    const char *lead; /* "": nobody */
    const char *assist[ASSIST_MAX];
    unsigned assist_count;
    enum region_level tier;
    const char *above[REGION_COMMUNITY + 1]; /* by tier: who is in charge there where nobody is named, and takes over */
    struct span sign_within, arrive_within, close_within; /* 0 s: no limit */
};

/* what all that the rule selects has in common; CATEGORY_NONE: nothing */
uint16_t rule_category(const struct rule_set *, const struct rule *);

/* Of an alert of that rule and `each` (CATEGORY_NONE: none) at a level in a region (REGION_NONE: not known).  Its texts are
 * those of set and registry. */
void route_of(const struct rule_set *, const struct rule *, const struct registry *, uint16_t each, unsigned level,
              uint32_t region, struct route *);

/* the category that all has in common which the rule selects; CATEGORY_NONE: none */
uint16_t rule_category(const struct rule_set *, const struct rule *);

#endif
