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

/* model_value.c: the rule's terms, at that minute, of the subject's first `count` facts */
void model_values(const struct rule *, const struct model_subject *, size_t count, int64_t minute, int64_t *values);

#endif
