/* Thresholds of a street that the judged alerts speak for: tried on the past by the code that judges it live, never
 * applied by themselves.  One thread.
 *
 * Of a rule whose subjects are all regions, and of one street, the lowest level's threshold is raised step by
 * step: by a tenth, at least by 1, up to three times as high or to what the next level asks for.  Suggested is the
 * one by which every verified alert would still have been there and most false ones would not; of several the
 * nearest to what it is now. */
#ifndef GW_REPORT_SUGGEST_H
#define GW_REPORT_SUGGEST_H

#include "report/account.h"

enum {
    SUPPORT_MIN = 10, /* judged alerts of the rule in the street that the past still makes: fewer say nothing */
    STEPS_MAX = 20,
};

struct suggestion {
    const struct rule *rule;
    uint32_t street;
    unsigned level;
    uint8_t atom;
    int64_t now, threshold; /* in the atom's units; as written: `>` is to be exceeded */
    int line;               /* of the rule's table, whose place it takes; 0: it is a new line */
    size_t verified, kept;      /* judged alerts there, and how many of them would still have been */
    size_t false_alarms, gone;  /* likewise, and how many would not */
    size_t unjudged, unjudged_gone;
    size_t appeared; /* alerts that there were not, such as the second part of one that fell apart */
    int64_t later_s; /* at most so much later would a verified one have opened */
};

struct suggestions {
    struct suggestion *all; /* by rule, then street */
    size_t count;
    size_t judged, made; /* alerts that were judged, of rules that suggestions can be of; that the past still makes */
};

/* Past and rules are borrowed. */
void suggestions_find(struct suggestions *, struct past *, const struct rule_set *, const struct account *const *alerts,
                      size_t count);
void suggestions_clear(struct suggestions *);

/* the comparison as a table has it, "wages.callers", and the number; the measure's word is the reader's */
struct buffer;
void suggestion_measure(const struct suggestion *, bool chinese, struct buffer *out);
void suggestion_number(const struct suggestion *, int64_t threshold, struct buffer *out);
/* how the table names the street: its name, or its code where others bear that name */
const char *suggestion_street(const struct suggestion *, const struct registry *);

/* The set, borrowing from it, with further thresholds of one of its rules, in place of those that it has there;
 * free()'d by the caller. */
struct rule_set *rule_set_with(const struct rule_set *, const struct rule *, const struct rule_override *,
                               unsigned count);

#endif
