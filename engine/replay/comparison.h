/* Rules held against others on one past, over its last days: what an edit changes.  For an author (`gridwarn diff`), and for
 * the engine itself before it loads one.  One thread. */
#ifndef GW_REPLAY_COMPARISON_H
#define GW_REPLAY_COMPARISON_H

#include "replay/difference.h"

struct comparison {
    struct judgement before, after;
    struct differences differences;
    int64_t since_s; /* alerts that opened from then on; INT64_MIN: all */
};

/* the last days of the past, or since then where that is later; days 0: no such bound */
int64_t comparison_since(const struct past *, int64_t days, int64_t since_s);

/* Past and rules are borrowed until comparison_clear. */
void compare_rules(struct comparison *, struct past *, const struct rule_set *before, const struct rule_set *after,
                   int64_t since_s);

/* Only the rules that are not the same in both, while others work with the ledger of the past: the edited ones first, so that
 * what is entered in between can only make more of what was there before.  alerts_max: of each.  false: there are more, or
 * the patience ended; comparison_clear all the same. */
bool compare_edit(struct comparison *, struct past *, const struct rule_set *before, const struct rule_set *after,
                  int64_t since_s, size_t alerts_max, const struct patience *);
void comparison_clear(struct comparison *);

#endif
