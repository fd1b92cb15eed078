/* What an edit of the rules would have changed: the alerts of two judgements of one past, held against each other.  Two
 * are the same alert if they are of one rule (by id) and subject, their times overlap, and the rule is on trial in both or in
 * neither: what is published for the first time is new.  One thread. */
#ifndef GW_REPLAY_DIFFERENCE_H
#define GW_REPLAY_DIFFERENCE_H

#include "replay/judge.h"

enum difference_kind { DIFFERENCE_NEW, DIFFERENCE_GONE, DIFFERENCE_HIGHER, DIFFERENCE_LOWER, DIFFERENCE_KINDS };

struct difference {
    enum difference_kind kind;
    const struct past_alert *before, *after; /* NULL: DIFFERENCE_NEW; DIFFERENCE_GONE */
};

struct differences {
    struct difference *all; /* by opening */
    size_t count, counts[DIFFERENCE_KINDS];
    size_t same; /* alerts of both, at the same level */
    size_t called; /* of the new ones, those that somebody is told of: not of rules on trial */
};

/* since_s: alerts that opened earlier in both are left out.  The judgements are borrowed; differences_clear. */
void differences_find(struct differences *, const struct judgement *before, const struct judgement *after,
                      int64_t since_s);
void differences_clear(struct differences *);

/* is the alert's rule on trial, so that nobody is told? */
static inline bool past_alert_on_trial(const struct judgement *j, const struct past_alert *a)
{
    return j->rules->rules[a->rule].life == LIFE_SHADOW;
}

#endif
