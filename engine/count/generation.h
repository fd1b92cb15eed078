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

/* A subject of a rule. */
struct subject {
    enum subject_kind kind;
    uint64_t key;    /* what it is known by: `chain`, and `each` if the rule has it */
    uint64_t chain;  /* as the ledger keys it: subject_of_... */
    uint32_t region; /* of a region's subject; else REGION_NONE */
    uint16_t each;   /* the category that the rule judges by itself; CATEGORY_NONE where it does not */
};

struct generation_inputs {
    const struct rule_set *rules; /* borrowed */
    const struct registry *registry;
    const struct catalogue *catalogue;
    size_t counters_bytes;
    uint64_t number;
    /* Windows that end before this minute are not asked for: what only they see is not counted, and of them counters "cannot
     * tell".  0: everything is counted. */
    int64_t from_minute;
    /* rules besides drafts that it is to know nothing of, for who asks about some of them; NULL: none */
    bool (*leaves_out)(const void *arg, const struct rule *);
    const void *leaves_out_arg;
};

struct generation *generation_create(const struct generation_inputs *);
void generation_destroy(struct generation **);

const struct rule_set *generation_rules(const struct generation *);
uint64_t generation_number(const struct generation *);
struct counters *generation_counters(const struct generation *);
size_t generation_counters_bytes(const struct generation *); /* as they were asked for */
int64_t generation_first_minute(const struct generation *);  /* no counter counts what is before it */

/* the rules that a fact of this source and category may concern */
const uint16_t *generation_concerned(const struct generation *, unsigned source, uint16_t category, size_t *count);

/* Does the selection take this fact, whatever its category has become?  What else happened to its matter aside. */
bool selection_takes(const struct rule_set *, const struct selection *, const struct fact *, uint16_t category);

/* The selections of the rule that take it, as bits; those that are only asked for by after and unless aside. */
uint32_t rule_takes(const struct rule_set *, const struct rule *, const struct fact *, uint16_t category);

/* Does a rule ask for such a fact in the past of others: after, unless, overdue? */
bool generation_precedes(const struct generation *, const struct fact *, uint16_t category, bool due);
/* Does one of these selections of the rule, given as bits? */
bool rule_asks_for(const struct rule_set *, const struct rule *, uint32_t selections, const struct fact *, uint16_t category,
                   bool due);
/* Does any rule ask for anything in the past of a fact's matter? */
bool generation_asks_matters(const struct generation *);

/* The subject that the rule sees the fact under: the first of its `per` that the fact names; kind SUBJECT_NONE if
 * none.  region, category: the fact's, as they stand. */
struct subject rule_subject(const struct generation *, const struct rule *, const struct ledger *, fact_ref,
                            uint32_t region, uint16_t category);
/* the same of a neighbouring region */
struct subject subject_of_neighbour(const struct subject *, uint32_t region);
/* the same of a matter, under the name of that one: its root */
struct subject subject_of_root(const struct subject *, uint64_t root);
/* its key, from its chain and each */
uint64_t subject_key(uint64_t chain, uint16_t each);

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

struct findings {
    struct finding *all;
    size_t count, capacity;
};

void findings_add(struct findings *, const struct finding *);
/* each once, for the earliest minute */
void findings_settle(struct findings *);

/* What some facts add to counters, and the rules and subjects to look at when all of it has been added.  Keeps its memory
 * when it is emptied. */
struct touched {
    struct addition {
        uint64_t key, amount;
        uint32_t minute;
        uint16_t aggregate;
    } *additions;
    size_t addition_count, addition_capacity;
    struct findings looks;
};

void touched_free(struct touched *);

/* hint, some facts ahead of generation_touch */
void generation_prefetch(const struct generation *, uint32_t region);
/* Gathers what a fact and its parties touch, as if they were of that region and category (their own, or where moves have
 * put them).  Worker; for some dozens of facts before they are counted. */
void generation_touch(const struct generation *, const struct ledger *, fact_ref, uint32_t region, uint16_t category,
                      struct touched *);

/* Adds it all, looks, and appends what may have crossed a threshold; empties `touched`. */
void generation_count(struct generation *, const struct ledger *, struct touched *, struct findings *);

#endif
