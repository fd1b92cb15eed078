/* Thresholds and values: the level's own expression, asked with other numbers. */
#include "replay/counterfactual.h"

#include "alert/episode.h"

#include <stdlib.h>

/* that level, or a higher one: levels need not be nested */
static bool reaches_with(const struct rule_set *set, const struct rule *rule, unsigned level, const int64_t *values,
                         const int64_t *thresholds)
{
    for (unsigned l = level; l <= set->level_count; l++)
        if (expression_holds(&rule->level[l], rule, values, thresholds, true))
            return true;
    return false;
}

static bool holds_alone(const struct rule *rule, unsigned atom, const struct judged *j)
{
    return atom_holds(&rule->atoms[atom], j->values[rule->atoms[atom].term], j->thresholds[atom], true);
}

/* the atoms of the levels from one to another, each once, that hold or that do not */
static unsigned atoms_of(const struct rule *rule, unsigned from, unsigned to, const struct judged *j, bool holding, unsigned *atoms)
{
    uint64_t seen = 0;
    unsigned count = 0;
    for (unsigned l = from; l <= to; l++)
        for (unsigned s = 0; s < rule->level[l].count; s++) {
            const struct step *step = &rule->level[l].steps[s];
            if (step->op != OP_ATOM || seen >> step->atom & 1 || holds_alone(rule, step->atom, j) != holding)
                continue;
            seen |= UINT64_C(1) << step->atom;
            atoms[count++] = step->atom;
        }
    return count;
}

/* the least change with which the comparison fails */
static struct changed_threshold failing(const struct rule *rule, unsigned atom, const struct judged *j)
{
    int64_t value = j->values[rule->atoms[atom].term];
    return (struct changed_threshold){atom, j->thresholds[atom], rule->atoms[atom].at_most ? value - 1 : value + 1};
}

static void find_thresholds(struct counterfactual *c, const struct rule_set *set, const struct rule *rule, unsigned level,
                            const struct judged *j)
{
    unsigned atoms[ATOMS_MAX], count = atoms_of(rule, level, set->level_count, j, true, atoms);
    int64_t all[ATOMS_MAX];
    memcpy(all, j->thresholds, sizeof all);
    for (unsigned i = 0; i < count; i++) {
        struct changed_threshold one = failing(rule, atoms[i], j);
        int64_t thresholds[ATOMS_MAX];
        memcpy(thresholds, j->thresholds, sizeof thresholds);
        thresholds[atoms[i]] = all[atoms[i]] = one.to;
        if (!reaches_with(set, rule, level, j->values, thresholds))
            c->thresholds[c->threshold_count++] = one;
    }
    if (c->threshold_count || !count || reaches_with(set, rule, level, j->values, all))
        return;
    c->together = true;
    for (unsigned i = 0; i < count; i++)
        c->thresholds[c->threshold_count++] = failing(rule, atoms[i], j);
}

/* ---- the next level ---- */

struct seeking {
    struct counterfactual *c;
    const struct rule *rule;
    const struct judged *judged;
    unsigned atoms[ATOMS_MAX], count; /* that do not hold */
    unsigned chosen[WAY_MAX];
};

/* is a way that was found before a part of what is chosen? */
static bool has_shorter(const struct seeking *s, unsigned size)
{
    for (unsigned w = 0; w < s->c->way_count; w++) {
        unsigned found = 0;
        for (unsigned i = 0; i < s->c->ways[w].count; i++)
            for (unsigned k = 0; k < size; k++)
                found += s->c->ways[w].needs[i].atom == s->atoms[s->chosen[k]];
        if (found == s->c->ways[w].count)
            return true;
    }
    return false;
}

static void try_way(struct seeking *s, unsigned size)
{
    int64_t values[TERMS_MAX];
    struct way way = {.count = size};
    if (s->c->way_count == WAYS_MAX || has_shorter(s, size))
        return;
    memcpy(values, s->judged->values, sizeof values);
    for (unsigned k = 0; k < size; k++) {
        unsigned atom = s->atoms[s->chosen[k]], term = s->rule->atoms[atom].term;
        int64_t to = s->judged->thresholds[atom];
        values[term] = to;
        way.needs[k] = (struct changed_value){atom, s->judged->values[term], to};
    }
    if (expression_holds(&s->rule->level[s->c->next_level], s->rule, values, s->judged->thresholds, true))
        s->c->ways[s->c->way_count++] = way;
}

static void choose(struct seeking *s, unsigned size, unsigned depth, unsigned from)
{
    if (depth == size) {
        try_way(s, size);
        return;
    }
    for (unsigned i = from; i < s->count; i++) {
        s->chosen[depth] = i;
        choose(s, size, depth + 1, i + 1);
    }
}

static void find_next(struct counterfactual *c, const struct rule_set *set, const struct rule *rule, unsigned now,
                      const struct judged *j)
{
    for (unsigned l = now + 1; l <= set->level_count && !c->next_level; l++)
        if (rule->level[l].count)
            c->next_level = l;
    struct seeking s = {.c = c, .rule = rule, .judged = j};
    if (!c->next_level)
        return;
    s.count = atoms_of(rule, c->next_level, c->next_level, j, false, s.atoms);
    for (unsigned size = 1; size <= WAY_MAX; size++)
        choose(&s, size, 0, 0);
}

void counterfactual_make(struct counterfactual *c, const struct rule_set *set, const struct rule *rule,
                         const struct ledger *ledger, struct view *view, int64_t minute, unsigned level)
{
    struct judged j;
    *c = (struct counterfactual){0};
    judged_at(&j, rule, view, minute, true);
    find_thresholds(c, set, rule, level, &j);
    find_next(c, set, rule, condition_level(rule, set->level_count, view, minute), &j);
    counterfactual_events(c, set, rule, ledger, view, minute, level);
}

void counterfactual_clear(struct counterfactual *c)
{
    free(c->without);
    *c = (struct counterfactual){0};
}
