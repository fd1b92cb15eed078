#include "count/generation.h"

#include "base/check.h"
#include "base/key.h"

#include <stdlib.h>

struct aggregate {
    const struct selection *selection;
    enum measure measure;
    struct counter_shape shape;
    int64_t lowest; /* threshold of any atom that reads it */
    uint64_t seed;
};

/* of one (source, category) */
struct cell {
    uint16_t *aggregates, *rules;
    uint16_t aggregate_count, rule_count;
};

struct compiled_rule {
    uint16_t aggregate[ATOMS_MAX]; /* by atom */
    bool counted;                  /* false: no counters, every fact is a finding (matters) */
};

struct generation {
    struct generation_inputs in;
    struct counters *counters;
    struct aggregate *aggregates;
    size_t aggregate_count;
    struct compiled_rule *rules;
    struct cell *cells; /* source * (categories + 1) + category */
    size_t cell_count;
};

bool selection_takes(const struct selection *s, const struct fact *fact, uint16_t category)
{
    return s->kinds >> fact->kind & 1 && (fact->tags & s->tags_all) == s->tags_all &&
           (!s->tags_any || (fact->tags & s->tags_any)) && selection_covers(s, fact->source, category);
}

static bool selection_equal(const struct selection *a, const struct selection *b)
{
    if (a->sources != b->sources || a->kinds != b->kinds || a->tags_all != b->tags_all || a->tags_any != b->tags_any ||
        !a->category != !b->category || a->category_count != b->category_count)
        return false;
    for (unsigned i = 0; a->category && i < a->category_count; i++)
        if (a->category[i].first != b->category[i].first || a->category[i].last != b->category[i].last)
            return false;
    return true;
}

static enum counter_kind counter_kind_of(enum measure measure)
{
    switch (measure) {
    case MEASURE_CALLERS:
        return COUNTER_DISTINCT;
    case MEASURE_MAX:
        return COUNTER_MAX;
    case MEASURE_EVENTS:
    case MEASURE_INVOLVED: /* the sum of all figures is never below the sum of each matter's largest */
    case MEASURE_SUM:
    case MEASURES:
        break;
    }
    return COUNTER_ADD;
}

static bool counted_by_region_or_respondent(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] == SUBJECT_MATTER)
            return false;
    return true;
}

static uint16_t aggregate_for(struct generation *g, const struct rule *rule, const struct atom *atom)
{
    const struct selection *selection = &rule->selections[atom->selection];
    uint32_t window_min = (uint32_t)rule->within_s / 60;
    for (size_t i = 0; i < g->aggregate_count; i++) {
        struct aggregate *a = &g->aggregates[i];
        if (a->measure == atom->measure && a->shape.window_min == window_min &&
            selection_equal(a->selection, selection)) {
            if (atom->threshold < a->lowest)
                a->lowest = atom->threshold;
            return (uint16_t)i;
        }
    }
    CHECK(g->aggregate_count < UINT16_MAX);
    g->aggregates = xrealloc(g->aggregates, (g->aggregate_count + 1) * sizeof *g->aggregates);
    g->aggregates[g->aggregate_count] = (struct aggregate){
        selection,
        atom->measure,
        {counter_kind_of(atom->measure), window_min, counter_step(window_min)},
        atom->threshold,
        (g->aggregate_count + 1) * UINT64_C(0x9e3779b97f4a7c15),
    };
    return (uint16_t)g->aggregate_count++;
}

static void put_once(uint16_t **list, uint16_t *count, uint16_t value)
{
    for (unsigned i = 0; i < *count; i++)
        if ((*list)[i] == value)
            return;
    *list = xrealloc(*list, (*count + 1u) * sizeof **list);
    (*list)[(*count)++] = value;
}

static void plan_rule(struct generation *g, unsigned number)
{
    const struct rule *rule = &g->in.rules->rules[number];
    unsigned categories = catalogue_category_count(g->in.catalogue) + 1;
    for (size_t i = 0; i < g->cell_count; i++) {
        unsigned source = (unsigned)(i / categories), category = (unsigned)(i % categories);
        for (unsigned a = 0; a < rule->atom_count; a++) {
            if (!selection_covers(&rule->selections[rule->atoms[a].selection], source, (uint16_t)category))
                continue;
            if (g->rules[number].counted)
                put_once(&g->cells[i].aggregates, &g->cells[i].aggregate_count, g->rules[number].aggregate[a]);
            put_once(&g->cells[i].rules, &g->cells[i].rule_count, (uint16_t)number);
        }
    }
}

struct generation *generation_create(const struct generation_inputs *in)
{
    struct generation *g = xcalloc(1, sizeof *g);
    g->in = *in;
    g->counters = counters_create(in->counters_bytes);
    g->rules = xcalloc(in->rules->count + 1, sizeof *g->rules);
    g->cell_count = (size_t)catalogue_source_count(in->catalogue) * (catalogue_category_count(in->catalogue) + 1);
    g->cells = xcalloc(g->cell_count + 1, sizeof *g->cells);
    for (unsigned r = 0; r < in->rules->count; r++) {
        const struct rule *rule = &in->rules->rules[r];
        g->rules[r].counted = counted_by_region_or_respondent(rule);
        for (unsigned a = 0; a < rule->atom_count && g->rules[r].counted; a++)
            g->rules[r].aggregate[a] = aggregate_for(g, rule, &rule->atoms[a]);
        plan_rule(g, r);
    }
    return g;
}

void generation_destroy(struct generation **pointer)
{
    struct generation *g = *pointer;
    if (!g)
        return;
    for (size_t i = 0; i < g->cell_count; i++) {
        free(g->cells[i].aggregates);
        free(g->cells[i].rules);
    }
    free(g->cells);
    free(g->rules);
    free(g->aggregates);
    counters_destroy(&g->counters);
    free(g);
    *pointer = NULL;
}

const struct rule_set *generation_rules(const struct generation *g)
{
    return g->in.rules;
}

uint64_t generation_number(const struct generation *g)
{
    return g->in.number;
}

struct counters *generation_counters(const struct generation *g)
{
    return g->counters;
}

static const struct cell *cell_of(const struct generation *g, unsigned source, uint16_t category)
{
    return &g->cells[(size_t)source * (catalogue_category_count(g->in.catalogue) + 1) + category];
}

const uint16_t *generation_concerned(const struct generation *g, unsigned source, uint16_t category, size_t *count)
{
    const struct cell *cell = cell_of(g, source, category);
    *count = cell->rule_count;
    return cell->rules;
}

struct subject rule_subject(const struct rule *rule, const struct registry *registry, const struct ledger *ledger,
                            fact_ref ref, uint32_t region)
{
    struct subject none = {SUBJECT_NONE, 0, REGION_NONE};
    for (unsigned i = 0; i < rule->per_count; i++) {
        enum subject_kind kind = rule->per[i];
        if (kind == SUBJECT_RESPONDENT) {
            struct str respondent = ledger_text(ledger, ref).respondent;
            if (respondent.len)
                return (struct subject){kind, subject_of_respondent(respondent), REGION_NONE};
        } else if (kind == SUBJECT_MATTER) {
            uint64_t matter = ledger_fact(ledger, ref)->matter;
            if (matter)
                return (struct subject){kind, subject_of_matter(matter), REGION_NONE};
        } else if (region != REGION_NONE) {
            uint32_t at = region_at(registry_region(registry, region), (enum region_level)kind);
            if (at != REGION_NONE)
                return (struct subject){kind, subject_of_region(at), at};
        }
    }
    return none;
}

/* the counter's key: aggregates are shared by rules of different `per`, so the subject's own key tells them apart */
static uint64_t counter_key(const struct aggregate *a, uint64_t subject)
{
    uint64_t key = (subject ^ a->seed) * UINT64_C(0xbf58476d1ce4e5b9);
    key ^= key >> 29;
    return key ? key : 1;
}

static void add_fact(struct generation *g, const struct aggregate *a, const struct fact *fact, int64_t value,
                     uint64_t subject, int64_t minute)
{
    uint64_t key = counter_key(a, subject);
    bool party = fact->key == 0;
    switch (a->measure) {
    case MEASURE_EVENTS:
        if (!party)
            counters_add(g->counters, &a->shape, key, minute, 1);
        break;
    case MEASURE_CALLERS:
        if (fact->actor)
            counters_add(g->counters, &a->shape, key, minute, fact->actor);
        break;
    case MEASURE_INVOLVED:
        if (!party && fact->involved)
            counters_add(g->counters, &a->shape, key, minute, fact->involved);
        break;
    case MEASURE_SUM:
    case MEASURE_MAX:
        /* what is below zero can only lower a sum: an upper bound leaves it out */
        if (!party && value > 0)
            counters_add(g->counters, &a->shape, key, minute, (uint64_t)value);
        break;
    case MEASURES:
        break;
    }
}

void touched_add(struct touched *t, const struct finding *f)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->all = xrealloc(t->all, t->capacity * sizeof *t->all);
    }
    t->all[t->count++] = *f;
}

static void count_one(struct generation *g, const struct registry *registry, const struct ledger *ledger,
                      fact_ref ref, const struct fact *as, struct touched *touched)
{
    const struct cell *cell = cell_of(g, as->source, as->category);
    if (!cell->rule_count)
        return;
    int64_t minute = minute_of(as->occurred_at);
    int64_t value = ledger_text(ledger, ref).value;
    /* adding once per (aggregate, subject), however many rules share it: rules are few per cell, so a linear look */
    struct {
        uint16_t aggregate;
        uint64_t subject;
    } done[64];
    unsigned done_count = 0;
    for (unsigned r = 0; r < cell->rule_count; r++) {
        const struct rule *rule = &g->in.rules->rules[cell->rules[r]];
        const struct compiled_rule *compiled = &g->rules[cell->rules[r]];
        struct subject subject = rule_subject(rule, registry, ledger, ref, as->region);
        if (subject.kind == SUBJECT_NONE)
            continue;
        bool taken = false;
        for (unsigned a = 0; a < rule->atom_count; a++) {
            if (!selection_takes(&rule->selections[rule->atoms[a].selection], as, as->category))
                continue;
            taken = true;
            if (!compiled->counted)
                break;
            bool again = false;
            for (unsigned d = 0; d < done_count && !again; d++)
                again = done[d].aggregate == compiled->aggregate[a] && done[d].subject == subject.key;
            if (again)
                continue;
            add_fact(g, &g->aggregates[compiled->aggregate[a]], as, value, subject.key, minute);
            if (done_count < sizeof done / sizeof *done) {
                done[done_count].aggregate = compiled->aggregate[a];
                done[done_count++].subject = subject.key;
            }
        }
        if (taken)
            touched_add(touched, &(struct finding){cell->rules[r], subject, ref, minute});
    }
}

void generation_count(struct generation *g, const struct registry *registry, const struct ledger *ledger, fact_ref ref,
                         uint32_t region, uint16_t category, struct touched *touched)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    /* field by field: its cut is the committer's, who may be writing it just now */
    struct fact as = {
        .key = fact->key,
        .actor = fact->actor,
        .matter = fact->matter,
        .occurred_at = fact->occurred_at,
        .region = region,
        .involved = fact->kind == EVENT_MOVED ? 0 : fact->involved,
        .category = category,
        .kind = fact->kind,
        .source = fact->source,
        .tags = fact->tags,
        .parties = fact->parties,
    };
    count_one(g, registry, ledger, ref, &as, touched);
    struct fact party = as;
    party.key = 0;
    party.involved = 0;
    for (unsigned i = 1; i <= as.parties; i++) {
        party.actor = ledger_fact(ledger, ref + i)->actor;
        count_one(g, registry, ledger, ref + i, &party, touched);
    }
}

static bool may_hold(const struct generation *g, const struct finding *f)
{
    const struct rule *rule = &g->in.rules->rules[f->rule];
    const struct compiled_rule *compiled = &g->rules[f->rule];
    if (!compiled->counted)
        return true;
    int64_t values[ATOMS_MAX];
    for (unsigned a = 0; a < rule->atom_count; a++) {
        const struct aggregate *aggregate = &g->aggregates[compiled->aggregate[a]];
        int64_t threshold = rule->atoms[a].threshold;
        values[a] = threshold <= 0 ? COUNTER_UNKNOWN
                                   : counters_upper(g->counters, &aggregate->shape,
                                                    counter_key(aggregate, f->subject.key), f->minute, threshold);
    }
    for (unsigned l = 1; l <= g->in.rules->level_count; l++)
        if (expression_holds(&rule->level[l], rule, values))
            return true;
    return false;
}

static int by_subject(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    if (x->subject.key != y->subject.key)
        return x->subject.key < y->subject.key ? -1 : 1;
    return (x->minute > y->minute) - (x->minute < y->minute);
}

void generation_evaluate(struct generation *g, struct touched *touched)
{
    size_t kept = 0;
    for (size_t i = 0; i < touched->count; i++)
        if (may_hold(g, &touched->all[i]))
            touched->all[kept++] = touched->all[i];
    if (kept > 1)
        qsort(touched->all, kept, sizeof *touched->all, by_subject);
    touched->count = 0;
    for (size_t i = 0; i < kept; i++) {
        const struct finding *f = &touched->all[i];
        if (touched->count && touched->all[touched->count - 1].rule == f->rule &&
            touched->all[touched->count - 1].subject.key == f->subject.key)
            continue; /* the earliest minute stands for all */
        touched->all[touched->count++] = *f;
    }
}
