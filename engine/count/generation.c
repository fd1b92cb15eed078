/* Counting.  What a batch touches is gathered first, a few dozen facts at a time, and its counters' lines are then asked for
 * all at once: most wait for the page table, several at a time as long as nothing lies between them. */
#include "count/generation_priv.h"

#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { FIRST_MINUTE = 15778080 }; /* 2000-01-01T00:00Z: nothing is accepted that happened before */

struct generation *generation_create(const struct generation_inputs *in)
{
    struct generation *g = xcalloc(1, sizeof *g);
    g->in = *in;
    g->counters = counters_create(in->counters_bytes);
    plan_make(g);
    return g;
}

void generation_destroy(struct generation **pointer)
{
    struct generation *g = *pointer;
    if (!g)
        return;
    plan_clear(g);
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

size_t generation_counters_bytes(const struct generation *g)
{
    return g->in.counters_bytes;
}

int64_t generation_first_minute(const struct generation *g)
{
    int64_t first = g->in.from_minute ? INT64_MAX : 0;
    for (size_t i = 0; i < g->aggregate_count; i++) {
        const struct counter_shape *shape = &g->aggregates[i].shape;
        int64_t minute = (int64_t)shape->from * shape->step_min;
        first = minute < first ? minute : first;
    }
    return first;
}

const uint16_t *generation_concerned(const struct generation *g, unsigned source, uint16_t category, size_t *count)
{
    const struct cell *cell = cell_of(g, source, category);
    *count = cell->rule_count;
    return cell->rules;
}

bool generation_asks_matters(const struct generation *g)
{
    return g->asks_matters;
}

/* by `overdue`: how long a matter had, and whether it was closed */
static bool decides_overdue(const struct fact *fact, bool due)
{
    return due || fact->kind == EVENT_CLOSED || fact->kind == EVENT_REOPENED;
}

bool generation_precedes(const struct generation *g, const struct fact *fact, uint16_t category, bool due)
{
    if (g->overdue && decides_overdue(fact, due))
        return true;
    for (size_t i = 0; i < g->precede_count; i++)
        if (selection_takes(g->in.rules, g->precede[i], fact, category))
            return true;
    return false;
}

/* ---- does a selection take a fact? ---- */

/* whatever its source and category */
static bool takes_covered(const struct rule_set *set, const struct selection *s, const struct fact *fact)
{
    return s->kinds >> fact->kind & 1 && (fact->tags & s->tags_all) == s->tags_all &&
           (!s->tags_any || (fact->tags & s->tags_any)) && selection_takes_time(s, set, fact->occurred_at);
}

bool selection_takes(const struct rule_set *set, const struct selection *s, const struct fact *fact,
                     uint16_t category)
{
    return takes_covered(set, s, fact) && selection_covers(s, fact->source, category);
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

bool rule_asks_for(const struct rule_set *set, const struct rule *rule, uint32_t selections, const struct fact *fact,
                   uint16_t category, bool due)
{
    for (uint32_t left = selections; left; left &= left - 1) {
        const struct selection *s = &rule->selections[__builtin_ctz(left)];
        if ((s->after != SELECTION_NONE && selection_takes(set, &rule->selections[s->after], fact, category)) ||
            (s->unless != SELECTION_NONE && selection_takes(set, &rule->selections[s->unless], fact, category)) ||
            (s->overdue && decides_overdue(fact, due)))
            return true;
    }
    return false;
}

static bool look_takes(const struct rule_set *set, const struct look *look, const struct fact *fact)
{
    const struct rule *rule = &set->rules[look->rule];
    for (uint32_t left = look->selections; left; left &= left - 1)
        if (takes_covered(set, &rule->selections[__builtin_ctz(left)], fact))
            return true;
    return false;
}

/* ---- gathering ---- */

/* the counter's key: aggregates are of one scheme, but a subject may have several */
static uint64_t counter_key(const struct aggregate *a, uint64_t subject)
{
    uint64_t key = (subject ^ a->seed) * UINT64_C(0xbf58476d1ce4e5b9);
    key ^= key >> 29;
    return key ? key : 1;
}

/* what a fact adds; 0: nothing */
static uint64_t amount_of(const struct aggregate *a, const struct fact *fact,
                          const struct fact_view *view)
{
    bool party = fact->key == 0;
    switch (a->measure) {
    case MEASURE_EVENTS:
        return !party;
    case MEASURE_CALLERS:
        return fact->actor;
    case MEASURE_INVOLVED:
        return party ? 0 : fact->involved;
    case MEASURE_SUM:
    case MEASURE_MAX: {
        /* what is below zero can only lower a sum: an upper bound leaves it out */
        int64_t value = party ? 0 : ledger_text(view->ledger, view->ref).value;
        return value > 0 ? (uint64_t)value : 0;
    }
    case MEASURE_REGIONS:
    case MEASURE_SOURCES:
    case MEASURE_AVG:
    case MEASURES:
        break;
    }
    return 0;
}

void findings_add(struct findings *t, const struct finding *f)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 256;
        t->all = xrealloc(t->all, t->capacity * sizeof *t->all);
    }
    t->all[t->count++] = *f;
}

static void addition(struct touched *t, const struct addition *a)
{
    if (t->addition_count == t->addition_capacity) {
        t->addition_capacity = t->addition_capacity ? t->addition_capacity * 2 : 256;
        t->additions = xrealloc(t->additions, t->addition_capacity * sizeof *t->additions);
    }
    t->additions[t->addition_count++] = *a;
}

void touched_free(struct touched *t)
{
    free(t->additions);
    free(t->looks.all);
}

static void touch_group(const struct generation *g, const struct group *group, const struct fact *as,
                        struct fact_view *view, struct touched *touched)
{
    const struct rule_set *rules = g->in.rules;
    struct subject subject = scheme_subject(&g->schemes[group->scheme], view);
    if (subject.kind == SUBJECT_NONE)
        return;
    int64_t minute = minute_of(as->occurred_at);
    for (unsigned i = 0; i < group->aggregate_count; i++) {
        const struct aggregate *a = &g->aggregates[group->aggregates[i]];
        uint64_t amount = takes_covered(rules, a->selection, as) ? amount_of(a, as, view) : 0;
        if (!amount)
            continue;
        uint64_t key = counter_key(a, subject.key);
        addition(touched, &(struct addition){key, amount, (uint32_t)minute, group->aggregates[i]});
    }
    for (unsigned i = 0; i < group->look_count; i++)
        if (look_takes(rules, &group->looks[i], as))
            findings_add(&touched->looks, &(struct finding){group->looks[i].rule, subject, view->ref, minute});
}

static void touch_one(const struct generation *g, const struct ledger *ledger, fact_ref ref, const struct fact *as,
                      struct touched *touched)
{
    const struct cell *cell = cell_of(g, as->source, as->category);
    struct fact_view view = {
        .ledger = ledger, .ref = ref, .region = as->region, .category = as->category, .matter = as->matter};
    for (unsigned i = 0; i < cell->group_count; i++)
        touch_group(g, &cell->groups[i], as, &view, touched);
}

/* A merge brings matters' counts together, which no counter does: so it is looked at itself, for all minutes.  The
 * committer does the same, but for the generation that it has; this is for the one to come. */
static void touch_merge(const struct generation *g, fact_ref ref, const struct fact *merge, struct touched *touched)
{
    const struct subject matter = {.kind = SUBJECT_MATTER, .region = REGION_NONE, .each = CATEGORY_NONE};
    struct subject subject = subject_of_root(&matter, merge->matter);
    for (size_t i = 0; i < g->per_matter_count; i++)
        findings_add(&touched->looks, &(struct finding){g->per_matter[i], subject, ref, FIRST_MINUTE});
}

void generation_prefetch(const struct generation *g, uint32_t region)
{
    for (int level = 0; level < REGION_LEVELS_END; level++)
        if (g->regions[level])
            __builtin_prefetch(&g->regions[level][region]);
}

void generation_touch(const struct generation *g, const struct ledger *ledger, fact_ref ref, uint32_t region,
                      uint16_t category, struct touched *touched)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    if (fact->kind == EVENT_MERGED)
        touch_merge(g, ref, fact, touched);
    if (!cell_of(g, fact->source, category)->group_count)
        return;
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
    touch_one(g, ledger, ref, &as, touched);
    struct fact party = as;
    party.key = 0;
    party.involved = 0;
    for (unsigned i = 1; i <= as.parties; i++) {
        party.actor = ledger_fact(ledger, ref + i)->actor;
        touch_one(g, ledger, ref + i, &party, touched);
    }
}

/* ---- counting and looking ---- */

static void add_all(struct generation *g, const struct touched *touched)
{
    for (size_t i = 0; i < touched->addition_count; i++)
        counters_prefetch(g->counters, touched->additions[i].key);
    for (size_t i = 0; i < touched->addition_count; i++) {
        const struct addition *a = &touched->additions[i];
        counters_prefetch_block(g->counters, &g->aggregates[a->aggregate].shape, a->key, a->minute);
    }
    for (size_t i = 0; i < touched->addition_count; i++) {
        const struct addition *a = &touched->additions[i];
        counters_add(g->counters, &g->aggregates[a->aggregate].shape, a->key, a->minute, a->amount);
    }
}

static int64_t upper(const struct generation *g, const struct count *count, const struct finding *f)
{
    const struct aggregate *a = &g->aggregates[count->aggregate];
    return counters_upper(g->counters, &a->shape, counter_key(a, f->subject.key), f->minute, count->enough);
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

static bool may_hold(const struct generation *g, const struct ledger *ledger, const struct finding *f)
{
    const struct rule *rule = &g->in.rules->rules[f->rule];
    const struct compiled_rule *compiled = &g->rules[f->rule];
    if (!compiled->counted)
        return true;
    /* it is under its own matter that a fact is counted, and one with others is judged with theirs */
    if (f->subject.kind == SUBJECT_MATTER && ledger_joined(ledger, ledger_fact(ledger, f->fact)->matter))
        return true;
    if (compiled->simple)
        return compiled->least <= 0 || upper(g, &compiled->counts[0], f) >= compiled->least;
    int64_t uppers[ATOMS_MAX];
    for (unsigned c = 0; c < compiled->count_count; c++)
        uppers[c] = upper(g, &compiled->counts[c], f);
    for (unsigned l = 1; l <= g->in.rules->level_count; l++)
        if (may_expression(compiled, rule, &rule->level[l], uppers))
            return true;
    return false;
}

/* what happens on a region changes what adjacent() says of its neighbours */
static void touch_neighbours(const struct generation *g, struct findings *looks)
{
    for (size_t i = 0, count = looks->count; i < count; i++) {
        struct finding f = looks->all[i];
        if (!g->in.rules->rules[f.rule].around || f.subject.region == REGION_NONE)
            continue;
        const struct region *own = registry_region(g->in.registry, f.subject.region);
        for (uint32_t n = 0; n < own->neighbour_count; n++) {
            struct finding there = f;
            there.subject = subject_of_neighbour(&f.subject, own->neighbours[n]);
            findings_add(looks, &there);
        }
    }
}

/* What a rule counts besides what the fact was added to, and what is counted of neighbours, nobody has asked for yet. */
static void prefetch_looks(const struct generation *g, const struct findings *looks)
{
    for (size_t i = 0; i < looks->count; i++) {
        const struct finding *f = &looks->all[i];
        const struct compiled_rule *compiled = &g->rules[f->rule];
        if (compiled->simple && !g->in.rules->rules[f->rule].around)
            continue;
        for (unsigned c = 0; c < compiled->count_count; c++)
            counters_prefetch(g->counters, counter_key(&g->aggregates[compiled->counts[c].aggregate], f->subject.key));
    }
}

void generation_count(struct generation *g, const struct ledger *ledger, struct touched *touched,
                      struct findings *findings)
{
    add_all(g, touched);
    /* The facts are in their chains; now, are their matters merged?  A merge says that they are, and then, with the
     * committer, walks the chains: one of the two sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    if (g->around)
        touch_neighbours(g, &touched->looks);
    prefetch_looks(g, &touched->looks);
    for (size_t i = 0; i < touched->looks.count; i++)
        if (may_hold(g, ledger, &touched->looks.all[i]))
            findings_add(findings, &touched->looks.all[i]);
    touched->addition_count = touched->looks.count = 0;
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

void findings_settle(struct findings *f)
{
    if (f->count < 2)
        return;
    qsort(f->all, f->count, sizeof *f->all, by_subject);
    size_t kept = 1;
    for (size_t i = 1; i < f->count; i++) /* the earliest minute stands for all */
        if (f->all[i].rule != f->all[kept - 1].rule || f->all[i].subject.key != f->all[kept - 1].subject.key)
            f->all[kept++] = f->all[i];
    f->count = kept;
}
