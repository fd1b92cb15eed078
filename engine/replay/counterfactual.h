/* What would have had to be different: the events without which a subject would not have reached a level at a minute, the
 * thresholds at which it would not have, and what it would take to the next level.  Nothing is concluded from what the rule
 * says: each answer has been judged by the code that judges live, on the facts that are left or by the numbers that are
 * changed.  One thread. */
#ifndef GW_REPLAY_COUNTERFACTUAL_H
#define GW_REPLAY_COUNTERFACTUAL_H

#include "alert/view.h"

struct changed_threshold {
    unsigned atom;
    int64_t from, to; /* in the term's units */
};

/* a value that would have had to be another */
struct changed_value {
    unsigned atom; /* the comparison that asks for it */
    int64_t from, to;
};

enum { WAY_MAX = 4, WAYS_MAX = 16 };

struct counterfactual {
    bool avoidable;     /* by leaving out events of the windows; not where it rests on how few they are */
    fact_ref *without;  /* those events, in order; joint ones with all their callers */
    size_t without_count;
    bool least;         /* fewer would not have done: proved */
    struct changed_threshold thresholds[ATOMS_MAX]; /* each alone would have done, or, `together`, all of them */
    unsigned threshold_count;
    bool together;
    unsigned next_level; /* 0: there is no higher one */
    struct way {
        struct changed_value needs[WAY_MAX]; /* all of them */
        unsigned count;
    } ways[WAYS_MAX]; /* each would do */
    unsigned way_count;
};

/* A level above 0 that the view has reached at that minute.  It moves the view's windows. */
void counterfactual_make(struct counterfactual *, const struct rule_set *, const struct rule *, const struct ledger *, struct view *,
                         int64_t minute, unsigned level);
void counterfactual_clear(struct counterfactual *);

/* counterfactual_events.c */
void counterfactual_events(struct counterfactual *, const struct rule_set *, const struct rule *, const struct ledger *,
                           struct view *, int64_t minute, unsigned level);

#endif
