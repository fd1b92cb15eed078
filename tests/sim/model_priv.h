/* What the model's files share. */
#ifndef GW_SIM_MODEL_PRIV_H
#define GW_SIM_MODEL_PRIV_H

#include "model.h"

struct model {
    const struct world *world;
    const struct rule_set *rules;
    bool *committed;
    struct model_fact *live; /* of the committed events; in the order (occurred_at, id) */
    size_t live_count;
    struct model_subject *subjects;
    size_t subject_count, subject_capacity;
};

/* model_facts.c: works out what is live, and where, and under which matter */
void model_settle_facts(struct model *);

#endif
