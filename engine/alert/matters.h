/* What happened to a matter before one of its facts, as selections with `after`, `unless` and `overdue` ask.  That is asked of
 * every fact of a view, of all that is one with its matter or linked to it; so it is gathered once for all of these, and each
 * fact is answered from that: of what comes before a fact, `after` and `unless` need to know no more than the first one that
 * was taken, `overdue` the last ones.
 *
 * It is good as long as nothing is committed and nothing freed: for one handover, one run, one walk outside of these.  One
 * thread. */
#ifndef GW_ALERT_MATTERS_H
#define GW_ALERT_MATTERS_H

#include "ledger/roots.h"
#include "rule/rule.h"

struct rule_courses;

struct matters {
    const struct rule_set *rules;
    struct roots roots;
    struct rule_courses **of_rule; /* by its number; NULL: it has not asked */
    size_t known;                  /* matters, in all of these */
};

struct matters matters_begin(const struct ledger *, const struct rule_set *);
void matters_end(struct matters *);

/* Of the selections (bits) of a rule that take the fact: those that what else happened to its matter lets take it. */
uint32_t matters_allow(struct matters *, unsigned rule, uint32_t takes, fact_ref);

#endif
