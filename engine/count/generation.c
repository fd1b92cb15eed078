#include "count/generation.h"

#include "base/check.h"
#include "base/key.h"

#include <stdlib.h>

struct aggregate {
    const struct selection *selection;
    enum measure measure;
    struct counter_shape shape;
    uint64_t seed;
};

/* of one (source, category) */
struct cell {
    uint16_t *rules;
    uint16_t rule_count;
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
    struct guard guards[ATOMS_MAX]; /* by atom */
    struct count counts[ATOMS_MAX];
    unsigned count_count;
    bool counted; /* false: no counters, every fact is a finding (matters) */
};

struct generation {
    struct generation_inputs in;
    struct counters *counters;
    struct aggregate *aggregates;
    size_t aggregate_count;
    struct compiled_rule *rules;
    struct cell *cells; /* source * (categories + 1) + category */
    size_t cell_count;
    const struct selection **precede; /* selections that an `after` or `unless` names */
    size_t precede_count;
    bool overdue, asks_matters, around; /* of any rule */
};

bool selection_takes(const struct rule_set *set, const struct selection *s, const struct fact *fact,
                     uint16_t category)
{
    return s->kinds >> fact->kind & 1 && (fact->tags & s->tags_all) == s->tags_all &&
           (!s->tags_any || (fact->tags & s->tags_any)) && selection_covers(s, fact->source, category) &&
           selection_takes_time(s, set, fact->occurred_at);
}

uint32_t rule_takes(const struct rule_set *set, const struct rule *rule, const struct fact *fact, uint16_t category)
{
    uint32_t taken = 0;
    for (uint32_t used = rule->used; used; used &= used - 1) {
        unsigned s = (unsigned)__builtin_ctz(used);
        if (selection_takes(set, &rule->selections[s], fact, category))
            taken |= UINT32_C(1) << s;
    }
    return taken;
}

static bool selection_equal(const struct selection *a, const struct selection *b)
{
    if (a->sources != b->sources || a->kinds != b->kinds || a->tags_all != b->tags_all || a->tags_any != b->tags_any ||
        a->days != b->days || a->hours_count != b->hours_count ||
        memcmp(a->hours, b->hours, a->hours_count * sizeof *a->hours) != 0 || !a->category != !b->category || a->category_count != b->category_count)
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
    case MEASURE_REGIONS:
    case MEASURE_SOURCES:
    case MEASURE_AVG:
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

static uint16_t aggregate_for(struct generation *g, const struct rule *rule, const struct selection *selection,
                              enum measure measure)
{
    uint32_t window_min = (uint32_t)rule->within_s / 60;
    for (size_t i = 0; i < g->aggregate_count; i++) {
        const struct aggregate *a = &g->aggregates[i];
        if (a->measure == measure && a->shape.window_min == window_min && selection_equal(a->selection, selection))
            return (uint16_t)i;
    }
    CHECK(g->aggregate_count < UINT16_MAX);
    g->aggregates = xrealloc(g->aggregates, (g->aggregate_count + 1) * sizeof *g->aggregates);
    g->aggregates[g->aggregate_count] = (struct aggregate){
        selection,
        measure,
        {counter_kind_of(measure), window_min, counter_step(window_min)},
        (g->aggregate_count + 1) * UINT64_C(0x9e3779b97f4a7c15),
    };
    return (uint16_t)g->aggregate_count++;
}

static struct guard count_guard(struct generation *g, const struct rule *rule, struct compiled_rule *compiled,
                                uint8_t selection, enum measure measure, int64_t threshold)
{
    uint16_t aggregate = aggregate_for(g, rule, &rule->selections[selection], measure);
    unsigned i = 0;
    while (i < compiled->count_count &&
           (compiled->counts[i].aggregate != aggregate || compiled->counts[i].selection != selection))
        i++;
    if (i == compiled->count_count)
        compiled->counts[compiled->count_count++] = (struct count){selection, aggregate, threshold};
    else if (compiled->counts[i].enough < threshold)
        compiled->counts[i].enough = threshold;
    return (struct guard){GUARD_COUNT, (uint8_t)i, threshold};
}

/* A counter of something that is never less than what the comparison is about. */
static struct guard guard_for(struct generation *g, const struct rule *rule, struct compiled_rule *compiled,
                              const struct atom *atom, int64_t threshold)
{
    const struct term *t = &rule->terms[atom->term];
    enum measure measure = t->measure;
    if (atom->at_most || t->window)
        return (struct guard){GUARD_NONE, 0, 0};
    switch (t->kind) {
    case TERM_MEASURE:
        if (measure == MEASURE_REGIONS || measure == MEASURE_SOURCES)
            measure = MEASURE_EVENTS; /* each has one at least */
        else if (measure == MEASURE_AVG)
            measure = MEASURE_MAX;
        return count_guard(g, rule, compiled, t->selection, measure, threshold);
    case TERM_BOTH:
        return count_guard(g, rule, compiled, t->selection, MEASURE_CALLERS, threshold);
    case TERM_CHANGE:
    case TERM_SHARE:
    case TERM_ANOMALY: /* of nothing they are nothing */
        if (threshold > 0 && measure == MEASURE_CALLERS)
            return count_guard(g, rule, compiled, t->selection, MEASURE_CALLERS, 1);
        if (threshold > 0)
            return count_guard(g, rule, compiled, t->selection, MEASURE_EVENTS, 1);
        break;
    case TERM_ADJACENT:
        return (struct guard){GUARD_INNER, 0, 0};
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_KINDS:
        break;
    }
    return (struct guard){GUARD_NONE, 0, 0};
}

static void compile_rule(struct generation *g, unsigned number)
{
    const struct rule *rule = &g->in.rules->rules[number];
    struct compiled_rule *compiled = &g->rules[number];
    int64_t thresholds[ATOMS_MAX];
    compiled->counted = counted_by_region_or_respondent(rule);
    rule_least_thresholds(rule, thresholds);
    for (unsigned a = 0; a < rule->atom_count && compiled->counted; a++)
        compiled->guards[a] = guard_for(g, rule, compiled, &rule->atoms[a], thresholds[a]);
    g->around |= rule->around;
    g->asks_matters |= rule->asks_matter;
}

static void note_preceding(struct generation *g, const struct rule *rule)
{
    for (unsigned i = 0; i < rule->selection_count; i++) {
        const uint8_t others[] = {rule->selections[i].after, rule->selections[i].unless};
        for (int k = 0; k < 2; k++)
            if (others[k] != SELECTION_NONE) {
                g->precede = xrealloc(g->precede, (g->precede_count + 1) * sizeof *g->precede);
                g->precede[g->precede_count++] = &rule->selections[others[k]];
            }
        g->overdue |= rule->selections[i].overdue;
    }
}

bool generation_asks_matters(const struct generation *g)
{
    return g->asks_matters;
}

bool generation_precedes(const struct generation *g, const struct fact *fact, uint16_t category, bool due)
{
    if (g->overdue && (due || fact->kind == EVENT_CLOSED || fact->kind == EVENT_REOPENED))
        return true;
    for (size_t i = 0; i < g->precede_count; i++)
        if (selection_takes(g->in.rules, g->precede[i], fact, category))
            return true;
    return false;
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
        for (uint32_t used = rule->used; used; used &= used - 1)
            if (selection_covers(&rule->selections[__builtin_ctz(used)], source, (uint16_t)category))
                put_once(&g->cells[i].rules, &g->cells[i].rule_count, (uint16_t)number);
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
        if (in->rules->rules[r].life == LIFE_DRAFT)
            continue;
        compile_rule(g, r);
        note_preceding(g, &in->rules->rules[r]);
        plan_rule(g, r);
    }
    return g;
}

void generation_destroy(struct generation **pointer)
{
    struct generation *g = *pointer;
    if (!g)
        return;
    for (size_t i = 0; i < g->cell_count; i++)
        free(g->cells[i].rules);
    free(g->cells);
    free(g->rules);
    free(g->precede);
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

uint64_t subject_key(uint64_t chain, uint16_t each)
{
    return each == CATEGORY_NONE ? chain : chain ^ (each * UINT64_C(0xd6e8feb86659fd93));
}

static struct subject subject_make(enum subject_kind kind, uint64_t chain, uint32_t region, uint16_t each)
{
    return (struct subject){kind, subject_key(chain, each), chain, region, each};
}

struct subject subject_of_neighbour(const struct subject *subject, uint32_t region)
{
    return subject_make(subject->kind, subject_of_region(region), region, subject->each);
}

struct subject subject_of_root(const struct subject *subject, uint64_t root)
{
    return subject_make(subject->kind, subject_of_matter(root), REGION_NONE, subject->each);
}

struct subject rule_subject(const struct generation *g, const struct rule *rule, const struct ledger *ledger,
                            fact_ref ref, uint32_t region, uint16_t category)
{
    struct subject none = {.kind = SUBJECT_NONE};
    uint16_t each = rule->each ? catalogue_prefix(g->in.catalogue, category, rule->each) : CATEGORY_NONE;
    if (rule->each && each == CATEGORY_NONE)
        return none;
    for (unsigned i = 0; i < rule->per_count; i++) {
        enum subject_kind kind = rule->per[i];
        if (kind == SUBJECT_RESPONDENT) {
            struct str respondent = ledger_text(ledger, ref).respondent;
            if (respondent.len)
                return subject_make(kind, subject_of_respondent(respondent), REGION_NONE, each);
        } else if (kind == SUBJECT_MATTER) {
            uint64_t matter = ledger_fact(ledger, ref)->matter;
            if (matter)
                return subject_make(kind, subject_of_matter(matter), REGION_NONE, each);
        } else if (region != REGION_NONE) {
            uint32_t at = region_at(registry_region(g->in.registry, region), (enum region_level)kind);
            if (at != REGION_NONE)
                return subject_make(kind, subject_of_region(at), at, each);
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
    case MEASURE_REGIONS:
    case MEASURE_SOURCES:
    case MEASURE_AVG:
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

/* adding once per (aggregate, subject), however many rules share it: rules are few per cell, so a linear look */
struct added {
    struct {
        uint16_t aggregate;
        uint64_t subject;
    } done[64];
    unsigned count;
};

static bool added_before(struct added *a, uint16_t aggregate, uint64_t subject)
{
    for (unsigned d = 0; d < a->count; d++)
        if (a->done[d].aggregate == aggregate && a->done[d].subject == subject)
            return true;
    if (a->count < sizeof a->done / sizeof *a->done) {
        a->done[a->count].aggregate = aggregate;
        a->done[a->count++].subject = subject;
    }
    return false;
}

static void count_one(struct generation *g, const struct ledger *ledger, fact_ref ref, const struct fact *as,
                      struct touched *touched)
{
    const struct cell *cell = cell_of(g, as->source, as->category);
    if (!cell->rule_count)
        return;
    int64_t minute = minute_of(as->occurred_at);
    int64_t value = ledger_text(ledger, ref).value;
    struct added added;
    added.count = 0;
    for (unsigned r = 0; r < cell->rule_count; r++) {
        const struct rule *rule = &g->in.rules->rules[cell->rules[r]];
        const struct compiled_rule *compiled = &g->rules[cell->rules[r]];
        uint32_t taken = rule_takes(g->in.rules, rule, as, as->category);
        if (!taken)
            continue;
        struct subject subject = rule_subject(g, rule, ledger, ref, as->region, as->category);
        if (subject.kind == SUBJECT_NONE)
            continue;
        for (unsigned c = 0; c < compiled->count_count; c++) {
            uint16_t aggregate = compiled->counts[c].aggregate;
            if (taken >> compiled->counts[c].selection & 1 && !added_before(&added, aggregate, subject.key))
                add_fact(g, &g->aggregates[aggregate], as, value, subject.key, minute);
        }
        touched_add(touched, &(struct finding){cell->rules[r], subject, ref, minute});
    }
}

void generation_count(struct generation *g, const struct ledger *ledger, fact_ref ref, uint32_t region,
                      uint16_t category, struct touched *touched)
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
    count_one(g, ledger, ref, &as, touched);
    struct fact party = as;
    party.key = 0;
    party.involved = 0;
    for (unsigned i = 1; i <= as.parties; i++) {
        party.actor = ledger_fact(ledger, ref + i)->actor;
        count_one(g, ledger, ref + i, &party, touched);
    }
}

/* as expression_holds, of guards; inner: of the one adjacent() that stands in it */
static bool may_expression(const struct compiled_rule *compiled, const struct rule *rule, const struct expression *e,
                           const int64_t *upper)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++) {
        const struct step *step = &e->steps[i];
        if (step->op != OP_ATOM) {
            top--;
            stack[top - 1] = step->op == OP_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
            continue;
        }
        const struct guard *guard = &compiled->guards[step->atom];
        if (guard->kind == GUARD_COUNT)
            stack[top++] = guard->threshold <= 0 || upper[guard->count] >= guard->threshold;
        else if (guard->kind == GUARD_INNER)
            stack[top++] = may_expression(compiled, rule, rule->terms[rule->atoms[step->atom].term].inner, upper);
        else
            stack[top++] = true;
    }
    return top && stack[0];
}

static bool may_hold(const struct generation *g, const struct finding *f)
{
    const struct rule *rule = &g->in.rules->rules[f->rule];
    const struct compiled_rule *compiled = &g->rules[f->rule];
    if (!compiled->counted)
        return true;
    int64_t upper[ATOMS_MAX];
    for (unsigned c = 0; c < compiled->count_count; c++) {
        const struct aggregate *aggregate = &g->aggregates[compiled->counts[c].aggregate];
        upper[c] = counters_upper(g->counters, &aggregate->shape, counter_key(aggregate, f->subject.key), f->minute,
                                  compiled->counts[c].enough);
    }
    for (unsigned l = 1; l <= g->in.rules->level_count; l++)
        if (may_expression(compiled, rule, &rule->level[l], upper))
            return true;
    return false;
}

/* what happens on a region changes what adjacent() says of its neighbours */
static void touch_neighbours(const struct generation *g, struct touched *touched)
{
    for (size_t i = 0, count = touched->count; i < count; i++) {
        struct finding f = touched->all[i];
        if (!g->in.rules->rules[f.rule].around || f.subject.region == REGION_NONE)
            continue;
        const struct region *own = registry_region(g->in.registry, f.subject.region);
        for (uint32_t n = 0; n < own->neighbour_count; n++) {
            struct finding there = f;
            there.subject = subject_of_neighbour(&f.subject, own->neighbours[n]);
            if (registry_region(g->in.registry, own->neighbours[n])->level == own->level)
                touched_add(touched, &there);
        }
    }
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
    if (g->around)
        touch_neighbours(g, touched);
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
