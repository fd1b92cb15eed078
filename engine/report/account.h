/* One alert as the alert topic tells it, summed up over its revisions as far as a report asks: whether and when
 * somebody was told, what units did, what came of it.  Only what was published is known: a disposition that was
 * refused, or that changed nothing, is not.  One thread. */
#ifndef GW_REPORT_ACCOUNT_H
#define GW_REPORT_ACCOUNT_H

#include "handle/disposition.h"
#include "notify/notice.h"
#include "replay/identity.h"

#define ACCOUNT_NEVER INT64_MAX

struct account_unit {
    char *name;
    int64_t since;     /* first told of it */
    int64_t signed_at; /* or later a step that says as much: set out, arrived; ACCOUNT_NEVER */
    enum unit_state state;
    bool overdue, returned, reopened, closed;
};

struct account {
    struct alert_identity identity;
    char *title, *street, *street_name, *region; /* street: code; region: code of the innermost; "": none */
    char *subject_kind, *crossed_source;
    unsigned revision; /* the last one taken */
    bool whole;        /* from the first revision on; else it is not known when somebody was told */
    bool over, withdrawn;
    int64_t told_at;      /* ACCOUNT_NEVER: nobody was, or it is not known when */
    bool told;
    enum hold held; /* where nobody was: why, by the last revision; HOLD_NONE: for a cause that is not known */
    unsigned highest;     /* level, from 1; 0: none that the configuration knows */
    unsigned raised, lowered, flaps; /* raised: after the first; flaps: as the engine counts them, without those of the alert before */
    unsigned flaps_before;
    bool escalated, returned, reopened;
    unsigned overdue; /* bit of an act that the engine notes, less ACTS_SAID: that limit passed */
    int64_t signed_at, arrived_at; /* by any unit; ACCOUNT_NEVER */
    struct account_unit *units;
    unsigned unit_count;
    int lead; /* -1: there is none */
    /* what the unit in charge said last, where it is over for it */
    bool closed;
    int64_t closed_at;
    enum said_outcome outcome;
    enum cause reason;
    bool actual_said;
    unsigned actual; /* level; 0: none that the configuration knows */
};

/* was it judged, as what? */
static inline bool account_verified(const struct account *a)
{
    return a->closed && (a->outcome == SAID_VERIFIED || a->outcome == SAID_MEDIATED);
}
static inline bool account_false(const struct account *a)
{
    return a->closed && a->outcome == SAID_FALSE;
}

void account_begin(struct account *); /* of nothing yet */
/* Takes in one more revision, in their order; `at`: when it was made.  The context has the levels' names. */
void account_take(struct account *, const json_t *message, int64_t at, const struct rule_context *);
void account_clear(struct account *);

#endif
