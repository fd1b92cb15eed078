/* What the model's files share. */
#ifndef GW_SIM_MODEL_PRIV_H
#define GW_SIM_MODEL_PRIV_H

#include "model.h"

struct model {
    const struct world *world;
    const struct rule_set *rules;
    bool *committed;
    bool *forgotten; /* committed, and of no more effect */
    struct model_fact *live; /* of the committed events; in the order (occurred_at, id) */
    size_t live_count;
    struct model_subject *subjects;
    size_t subject_count, subject_capacity;
};

/* model_facts.c: works out what is live, and where, and under which matter */
void model_settle_facts(struct model *);
/* the selections of the rule that take the fact, one of m->live, as bits; those that others only ask for aside */
uint32_t model_takes(const struct model *, const struct rule *, const struct model_fact *);

/* first minute whose window sees a fact of that second */
static inline int64_t model_minute_of(int64_t second)
{
    return (second + 59) / 60;
}

/* The subjects whose facts it sees: its own, and those around it.  NULL: there is no further one. */
static inline const struct model_subject *model_seen(const struct model *m, const struct model_subject *s, size_t number)
{
    return number == 0 ? s : number <= s->around_count ? &m->subjects[s->around[number - 1]] : NULL;
}

/* NULL: there is none */
struct model_subject *model_subject_of(const struct model *, unsigned rule, enum subject_kind, const char *code,
                                       const char *each);

/* where values are to be had from: the subject's facts up to one of them, at a minute */
struct moment {
    const struct model *model;
    const struct rule *rule;
    const struct model_subject *subject;
    const struct model_fact *last; /* of m->live, which is in order; NULL: all of them */
    int64_t minute;
};

/* ---- model_minute.c ---- */

struct looked {
    unsigned level, kept;
};
/* the subject's facts up to `last`, at that minute; closed: what more facts could make false again is believed, too */
struct looked model_look(const struct model *, const struct model_subject *, const struct model_fact *last,
                         int64_t minute, bool closed);
/* can more facts only make its conditions true? */
bool model_monotone(const struct rule *);
/* does the expression hold? */
bool model_holds(const struct rule *, const struct expression *, const int64_t *values, const int64_t *thresholds,
                 bool closed);

/* model_value.c: the rule's terms */
void model_values(const struct moment *, int64_t *values);

/* model_date.c: the thresholds of the rule's atoms on the subject at that minute; whether the rule is in force;
 * and whether either may change at midnight */
void model_thresholds(const struct model *, const struct rule *, const struct model_subject *, int64_t minute,
                      int64_t *thresholds);
bool model_in_force(const struct rule *, int64_t minute);
bool model_has_dates(const struct rule *);

#endif
