/* What the search for the fewest events and the proof that they are share. */
#ifndef GW_REPLAY_COUNTERFACTUAL_PRIV_H
#define GW_REPLAY_COUNTERFACTUAL_PRIV_H

#include "replay/counterfactual.h"

enum { WORK_MAX = 20 * 1000 * 1000 }; /* facts looked at, of all trials together: a second or two */

struct unit { /* an event and its parties */
    fact_ref ref;
    const struct view_entry *first;
    size_t entries;
};

struct trial {
    const struct rule_set *set;
    const struct rule *rule;
    const struct ledger *ledger;
    struct view *view; /* of what the windows see at the minute, no more */
    int64_t minute;
    unsigned level;
    struct unit *units; /* in order */
    size_t count;
    const struct view_entry *entries;
    size_t *unit_of; /* by entry */
    bool *out;       /* by unit */
    size_t work;
};

struct found {
    size_t *units, count; /* SIZE_MAX: nothing yet */
};

/* without what is out, is the level not reached? */
bool trial_avoids(struct trial *);
void trial_keep(const struct trial *, struct found *);
/* Of the best so far: are there no fewer that would do?  Where it finds fewer, these are the best.  false: too many to try. */
bool trial_prove(struct trial *, struct found *best);

#endif
