/* A generation: one set of rules, the plan that says which facts concern them, and the counters they read.
 * Immutable but for the counters; shared by all workers and the committer, replaced as a whole.
 *
 * The plan: (source, category) → the aggregates to add to and the rules to look at.  Equal aggregates of
 * different rules are one.  A fact that no rule concerns costs one look-up. */
#ifndef GW_COUNT_GENERATION_H
#define GW_COUNT_GENERATION_H

#include "count/counters.h"
#include "ledger/ledger.h"
#include "rule/rule.h"

#include <stdbool.h>

struct generation;

/* A subject of a rule, as the ledger keys it. */
struct subject {
    enum subject_kind kind;
    uint64_t key;    /* subject_of_... */
    uint32_t region; /* of a region's subject; else REGION_NONE */
};

struct generation_inputs {
    const struct rule_set *rules; /* borrowed */
    const struct registry *registry;
    const struct catalogue *catalogue;
    size_t counters_bytes;
    uint64_t number;
};

struct generation *generation_create(const struct generation_inputs *);
void generation_destroy(struct generation **);

const struct rule_set *generation_rules(const struct generation *);
uint64_t generation_number(const struct generation *);
struct counters *generation_counters(const struct generation *);

/* the rules that a fact of this source and category may concern */
const uint16_t *generation_concerned(const struct generation *, unsigned source, uint16_t category, size_t *count);

/* does the selection take this fact, whatever its category has become? */
bool selection_takes(const struct selection *, const struct fact *, uint16_t category);

/* The subject that the rule sees the fact under: the first of its `per` that the fact names; kind SUBJECT_NONE if
 * none.  region: the fact's, as it stands. */
struct subject rule_subject(const struct rule *, const struct registry *, const struct ledger *, fact_ref,
                            uint32_t region);

/* first minute whose window sees a fact of that second */
static inline int64_t minute_of(int64_t second)
{
    return (second + 59) / 60;
}

/* What workers count for: while a new generation is being filled from the ledger, both.  Read once a batch. */
struct generations {
    struct generation *current, *next; /* next: NULL, or the one to come */
};

/* A threshold that a counter saw reached: a hint to the committer, nothing more. */
struct finding {
    uint16_t rule;
    struct subject subject;
    fact_ref fact;  /* that led to it */
    int64_t minute; /* of it; the earliest, where several did */
};

/* What a batch touched, to be looked at when all of it has been counted. */
struct touched {
    struct finding *all;
    size_t count, capacity;
};

void touched_add(struct touched *, const struct finding *);

/* Counts one fact and its parties as if they were of that region and category (their own, or where moves have put them), and
 * notes what that touched.  Worker. */
void generation_count(struct generation *, const struct registry *, const struct ledger *, fact_ref, uint32_t region,
                      uint16_t category, struct touched *);

/* Keeps of `touched` only what may have crossed a threshold: the findings, each once. */
void generation_evaluate(struct generation *, struct touched *);

#endif
