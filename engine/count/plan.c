/* From rules to a plan: what a fact is counted for, by its source and category, and what a counter must reach for a rule to
 * be of interest.  Made once for a generation, then only read. */
#include "count/generation_priv.h"

#include "base/check.h"

#include <stdlib.h>

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

static bool is_per_matter(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] == SUBJECT_MATTER)
            return true;
    return false;
}

/* ---- schemes ---- */

static uint32_t *ancestors(struct generation *g, enum region_level level)
{
    if (!g->regions[level]) {
        uint32_t count = registry_count(g->in.registry);
        g->regions[level] = xcalloc((size_t)count + 1, sizeof(uint32_t));
        for (uint32_t r = 1; r <= count; r++)
            g->regions[level][r] = region_at(registry_region(g->in.registry, r), level);
    }
    return g->regions[level];
}

static uint16_t *prefixes(const struct generation *g, unsigned segments)
{
    unsigned count = catalogue_category_count(g->in.catalogue);
    uint16_t *prefix = xcalloc((size_t)count + 1, sizeof *prefix);
    for (unsigned c = 1; c <= count; c++)
        prefix[c] = catalogue_prefix(g->in.catalogue, (uint16_t)c, segments);
    return prefix;
}

static uint16_t scheme_for(struct generation *g, const struct rule *rule)
{
    for (size_t i = 0; i < g->scheme_count; i++) {
        const struct scheme *s = &g->schemes[i];
        if (s->each == rule->each && s->per_count == rule->per_count &&
            memcmp(s->per, rule->per, rule->per_count * sizeof *rule->per) == 0)
            return (uint16_t)i;
    }
    CHECK(g->scheme_count < UINT16_MAX);
    g->schemes = xrealloc(g->schemes, (g->scheme_count + 1) * sizeof *g->schemes);
    struct scheme *s = &g->schemes[g->scheme_count];
    *s = (struct scheme){.per_count = rule->per_count, .each = rule->each};
    memcpy(s->per, rule->per, sizeof s->per);
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] <= SUBJECT_MICRO_GRID)
            s->region[i] = ancestors(g, (enum region_level)rule->per[i]);
    s->category = rule->each ? prefixes(g, rule->each) : NULL;
    return (uint16_t)g->scheme_count++;
}

/* ---- aggregates and guards ---- */

/* the first bucket of windows that end at that minute or later */
static uint32_t first_bucket(uint32_t window_min, int64_t from_minute)
{
    return from_minute > window_min ? (uint32_t)(from_minute - window_min) / counter_step(window_min) : 0;
}

/* A fact that comes late may make a level true as long after its time as the longest window sees it, and that is how long a guard
 * has to look for the rest of the level.  Windows of the past count where more in them can be what was missing: in comparisons
 * that ask for little, and in a score, whose points may go either way. */
static uint32_t guarded_min(const struct rule *rule)
{
    bool past = rule->score_count > 0;
    int64_t longest = rule->within_s;
    for (unsigned a = 0; a < rule->atom_count; a++)
        past |= rule->atoms[a].at_most;
    for (unsigned w = 0; w < rule->window_count; w++) {
        int64_t seen = (int64_t)rule->windows[w].within.s + (past ? rule->windows[w].lag_s : 0);
        longest = seen > longest ? seen : longest;
    }
    return (uint32_t)(longest / 60);
}

static uint16_t aggregate_for(struct generation *g, const struct rule *rule, uint16_t scheme,
                              const struct selection *selection, enum measure measure)
{
    uint32_t window_min = guarded_min(rule);
    for (size_t i = 0; i < g->aggregate_count; i++) {
        const struct aggregate *a = &g->aggregates[i];
        if (a->measure == measure && a->scheme == scheme && a->shape.window_min == window_min &&
            selection_equal(a->selection, selection))
            return (uint16_t)i;
    }
    CHECK(g->aggregate_count < UINT16_MAX);
    g->aggregates = xrealloc(g->aggregates, (g->aggregate_count + 1) * sizeof *g->aggregates);
    g->aggregates[g->aggregate_count] = (struct aggregate){
        selection,
        measure,
        scheme,
        {counter_kind_of(measure), window_min, counter_step(window_min), first_bucket(window_min, g->in.from_minute)},
        (g->aggregate_count + 1) * UINT64_C(0x9e3779b97f4a7c15),
    };
    return (uint16_t)g->aggregate_count++;
}

static struct guard count_guard(struct generation *g, const struct rule *rule, struct compiled_rule *compiled,
                                uint8_t selection, enum measure measure, int64_t threshold)
{
    uint16_t aggregate = aggregate_for(g, rule, compiled->scheme, &rule->selections[selection], measure);
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

/* Most rules count one thing, and a level is one comparison: then the least threshold is all there is to know. */
static void simplify(struct compiled_rule *compiled, const struct rule *rule, unsigned levels)
{
    compiled->least = INT64_MAX;
    for (unsigned l = 1; l <= levels; l++) {
        const struct expression *e = &rule->level[l];
        if (e->count == 0)
            continue;
        const struct guard *guard = &compiled->guards[e->steps[0].atom];
        if (e->count != 1 || guard->kind != GUARD_COUNT || guard->count != 0)
            return;
        if (guard->threshold < compiled->least)
            compiled->least = guard->threshold;
    }
    compiled->simple = compiled->count_count == 1;
    if (compiled->simple)
        compiled->counts[0].enough = compiled->least;
}

static void compile_rule(struct generation *g, unsigned number)
{
    const struct rule *rule = &g->in.rules->rules[number];
    struct compiled_rule *compiled = &g->rules[number];
    int64_t thresholds[ATOMS_MAX];
    compiled->scheme = scheme_for(g, rule);
    /* a merge brings two matters' facts together, under categories that it does not say */
    compiled->counted = !is_per_matter(rule) || !rule->each;
    rule_least_thresholds(rule, thresholds);
    for (unsigned a = 0; a < rule->atom_count && compiled->counted; a++)
        compiled->guards[a] = guard_for(g, rule, compiled, &rule->atoms[a], thresholds[a]);
    if (compiled->counted)
        simplify(compiled, rule, g->in.rules->level_count);
    if (compiled->counted && is_per_matter(rule)) {
        g->per_matter = xrealloc(g->per_matter, (g->per_matter_count + 1) * sizeof *g->per_matter);
        g->per_matter[g->per_matter_count++] = (uint16_t)number;
    }
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

/* ---- the plan ---- */

static void put_once(uint16_t **list, uint16_t *count, uint16_t value)
{
    for (unsigned i = 0; i < *count; i++)
        if ((*list)[i] == value)
            return;
    *list = xrealloc(*list, (*count + 1u) * sizeof **list);
    (*list)[(*count)++] = value;
}

static struct group *group_for(struct cell *cell, uint16_t scheme)
{
    for (unsigned i = 0; i < cell->group_count; i++)
        if (cell->groups[i].scheme == scheme)
            return &cell->groups[i];
    cell->groups = xrealloc(cell->groups, (cell->group_count + 1u) * sizeof *cell->groups);
    cell->groups[cell->group_count] = (struct group){.scheme = scheme};
    return &cell->groups[cell->group_count++];
}

static uint32_t covering(const struct rule *rule, unsigned source, uint16_t category)
{
    uint32_t covers = 0;
    for (uint32_t used = rule->used; used; used &= used - 1) {
        unsigned s = (unsigned)__builtin_ctz(used);
        if (selection_covers(&rule->selections[s], source, category))
            covers |= UINT32_C(1) << s;
    }
    return covers;
}

static void plan_rule(struct generation *g, unsigned number)
{
    const struct rule *rule = &g->in.rules->rules[number];
    const struct compiled_rule *compiled = &g->rules[number];
    unsigned categories = catalogue_category_count(g->in.catalogue) + 1;
    for (size_t i = 0; i < g->cell_count; i++) {
        uint32_t covers = covering(rule, (unsigned)(i / categories), (uint16_t)(i % categories));
        if (!covers)
            continue;
        struct cell *cell = &g->cells[i];
        put_once(&cell->rules, &cell->rule_count, (uint16_t)number);
        struct group *group = group_for(cell, compiled->scheme);
        for (unsigned c = 0; c < compiled->count_count; c++)
            if (covers >> compiled->counts[c].selection & 1)
                put_once(&group->aggregates, &group->aggregate_count, compiled->counts[c].aggregate);
        group->looks = xrealloc(group->looks, (group->look_count + 1u) * sizeof *group->looks);
        group->looks[group->look_count++] = (struct look){(uint16_t)number, covers};
    }
}

void plan_make(struct generation *g)
{
    const struct rule_set *rules = g->in.rules;
    g->rules = xcalloc(rules->count + 1, sizeof *g->rules);
    g->cell_count = (size_t)catalogue_source_count(g->in.catalogue) * (catalogue_category_count(g->in.catalogue) + 1);
    g->cells = xcalloc(g->cell_count + 1, sizeof *g->cells);
    for (unsigned r = 0; r < rules->count; r++) {
        const struct rule *rule = &rules->rules[r];
        if (rule->life == LIFE_DRAFT || (g->in.leaves_out && g->in.leaves_out(g->in.leaves_out_arg, rule)))
            continue;
        compile_rule(g, r);
        note_preceding(g, rule);
        plan_rule(g, r);
    }
}

static void cell_clear(struct cell *cell)
{
    for (unsigned i = 0; i < cell->group_count; i++) {
        free(cell->groups[i].aggregates);
        free(cell->groups[i].looks);
    }
    free(cell->groups);
    free(cell->rules);
}

void plan_clear(struct generation *g)
{
    for (size_t i = 0; i < g->cell_count; i++)
        cell_clear(&g->cells[i]);
    for (size_t i = 0; i < g->scheme_count; i++)
        free(g->schemes[i].category);
    for (int level = 0; level < REGION_LEVELS_END; level++)
        free(g->regions[level]);
    free(g->schemes);
    free(g->cells);
    free(g->rules);
    free(g->precede);
    free(g->per_matter);
    free(g->aggregates);
}
