/* What an edit of the rules would have changed: the alerts of two judgements of one past, held against each other.  Two
 * are the same alert if they are of one rule (by id) and subject and their times overlap.  One thread. */
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
};

/* since_s: alerts that opened earlier in both are left out.  The judgements are borrowed; differences_clear. */
void differences_find(struct differences *, const struct judgement *before, const struct judgement *after,
                      int64_t since_s);
void differences_clear(struct differences *);

#endif
