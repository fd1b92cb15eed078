/* What the files of count/ share: a generation's plan, and its counters. */
#ifndef GW_COUNT_GENERATION_PRIV_H
#define GW_COUNT_GENERATION_PRIV_H

#include "count/generation.h"

/* Which subject a rule sees a fact under.  Rules that go by the same share a scheme, so that it is found out once. */
struct scheme {
    enum subject_kind per[PER_MAX];
    unsigned per_count;
    uint8_t each;
    const uint32_t *region[PER_MAX]; /* of a kind of region: by a fact's region, the one it belongs to; the generation's */
    uint16_t *category;              /* by a fact's category, what it is judged by; NULL: all together */
};

struct aggregate {
    const struct selection *selection;
    enum measure measure;
    uint16_t scheme;
    struct counter_shape shape;
    uint64_t seed;
};

/* What facts of one (source, category) are added to, and whose rules look at it, under one scheme. */
struct group {
    uint16_t scheme;
    uint16_t *aggregates;
    uint16_t aggregate_count;
    struct look {
        uint16_t rule;
        uint32_t selections; /* those of the rule's that cover this source and category */
    } *looks;
    uint16_t look_count;
};

/* of one (source, category) */
struct cell {
    uint16_t *rules;
    uint16_t rule_count;
    struct group *groups;
    uint16_t group_count;
};

/* What must be so for a comparison to hold, as far as a counter can tell. */
struct guard {
    enum { GUARD_NONE, GUARD_COUNT, GUARD_INNER } kind; /* NONE: nothing is known */
    uint8_t count;     /* number in the rule's counts */
    int64_t threshold; /* COUNT */
};

struct count {
    uint8_t selection;
    uint16_t aggregate;
    int64_t enough; /* the highest threshold that a guard of the rule compares it with */
};

struct compiled_rule {
    bool counted; /* false: no counters, every fact is a finding */
    bool simple;  /* each level asks for the first count alone, the least of them for `least` */
    int64_t least;
    unsigned count_count;
    struct count counts[ATOMS_MAX];
    struct guard guards[ATOMS_MAX]; /* by atom */
    uint16_t scheme;
};

struct generation {
    struct generation_inputs in;
    struct counters *counters;
    struct scheme *schemes;
    size_t scheme_count;
    uint32_t *regions[REGION_LEVELS_END]; /* for schemes: by region, its ancestor of that level; NULL: nobody asks */
    struct aggregate *aggregates;
    size_t aggregate_count;
    struct compiled_rule *rules;
    struct cell *cells; /* source * (categories + 1) + category */
    size_t cell_count;
    const struct selection **precede; /* selections that an `after` or `unless` names */
    size_t precede_count;
    uint16_t *per_matter; /* rules that count by matters, some of their facts at least */
    size_t per_matter_count;
    bool overdue, asks_matters, around; /* of any rule */
};

static inline const struct cell *cell_of(const struct generation *g, unsigned source, uint16_t category)
{
    return &g->cells[(size_t)source * (catalogue_category_count(g->in.catalogue) + 1) + category];
}

/* plan.c: everything above but the counters */
void plan_make(struct generation *);
void plan_clear(struct generation *);

/* What is known of a fact, as far as schemes have asked. */
struct fact_view {
    const struct ledger *ledger;
    fact_ref ref;
    uint32_t region;
    uint16_t category;
    uint64_t matter;
    uint64_t respondent; /* as a chain; 0: it names none */
    bool respondent_known;
};

struct subject scheme_subject(const struct scheme *, struct fact_view *);

#endif
