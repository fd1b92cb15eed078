/* What a rule says of a subject at one minute: its levels' conditions, and what keeps an alert. */
#include "model_priv.h"

static bool forgets(const struct rule *rule, unsigned selection)
{
    return rule->selections[selection].unless != SELECTION_NONE || rule->selections[selection].overdue;
}

/* can more facts make it true, and never false? */
static bool is_monotone(const struct rule *rule, const struct atom *atom)
{
    const struct term *t = &rule->terms[atom->term];
    bool monotone = !atom->at_most;
    switch (t->kind) {
    case TERM_MEASURE:
        return monotone && t->measure != MEASURE_AVG && !forgets(rule, t->selection);
    case TERM_BOTH:
        return monotone && !forgets(rule, t->selection) && !forgets(rule, t->other);
    case TERM_ADJACENT:
        for (unsigned i = 0; i < t->inner->count; i++)
            monotone = monotone && (t->inner->steps[i].op != OP_ATOM ||
                                    is_monotone(rule, &rule->atoms[t->inner->steps[i].atom]));
        return monotone;
    case TERM_CHANGE:
    case TERM_SHARE:
    case TERM_ANOMALY:
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_KINDS:
        break;
    }
    return false;
}

bool model_monotone(const struct rule *rule)
{
    for (unsigned l = 1; l <= LEVELS_MAX; l++)
        for (unsigned i = 0; i < rule->level[l].count; i++)
            if (rule->level[l].steps[i].op == OP_ATOM && !is_monotone(rule, &rule->atoms[rule->level[l].steps[i].atom]))
                return false;
    return true;
}

static bool compares(const struct rule *rule, const struct atom *atom, int64_t value, int64_t threshold, bool closed)
{
    if (value == VALUE_NONE || !(closed || is_monotone(rule, atom)))
        return false;
    return atom->at_most ? value <= threshold : value >= threshold;
}

bool model_holds(const struct rule *rule, const struct expression *e, const int64_t *values, const int64_t *thresholds,
                 bool closed)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++) {
        unsigned a = e->steps[i].atom;
        if (e->steps[i].op == OP_ATOM) {
            stack[top++] = compares(rule, &rule->atoms[a], values[rule->atoms[a].term], thresholds[a], closed);
        } else {
            top--;
            stack[top - 1] = e->steps[i].op == OP_AND ? stack[top - 1] & stack[top] : stack[top - 1] | stack[top];
        }
    }
    return top && stack[0];
}

static unsigned highest(const struct rule_set *rules, const struct rule *rule, const int64_t *values,
                        const int64_t *thresholds, bool closed)
{
    unsigned level = 0;
    for (unsigned l = 1; l <= rules->level_count; l++)
        if (model_holds(rule, &rule->level[l], values, thresholds, closed))
            level = l;
    return level;
}

unsigned model_silent_level(const struct rule_set *rules, const struct rule *rule, uint64_t silent)
{
    int64_t values[TERMS_MAX], thresholds[ATOMS_MAX];
    for (unsigned t = 0; t < rule->term_count; t++)
        values[t] = silent >> rule->terms[t].source & 1;
    for (unsigned a = 0; a < rule->atom_count; a++)
        thresholds[a] = rule->atoms[a].threshold;
    return highest(rules, rule, values, thresholds, true);
}

static unsigned lowest_level(const struct rule *rule)
{
    unsigned lowest = 1;
    while (!rule->level[lowest].count)
        lowest++;
    return lowest;
}

struct looked model_look(const struct model *m, const struct model_subject *s, const struct model_fact *last,
                         int64_t minute, bool closed)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    int64_t values[TERMS_MAX], thresholds[ATOMS_MAX];
    struct looked w = {0, 0};
    if (!model_in_force(rule, minute))
        return w;
    model_values(&(struct moment){m, rule, s, last, minute}, values);
    model_thresholds(m, rule, s, minute, thresholds);
    w.kept = w.level = highest(m->rules, rule, values, thresholds, closed);
    if (w.level)
        return w;
    /* all levels have one measure, see engine/rule/check.c */
    const struct atom *one = &rule->atoms[rule->level[lowest_level(rule)].steps[0].atom];
    if (rule->clear_below != INT64_MIN && values[one->term] >= rule->clear_below)
        w.kept = lowest_level(rule);
    if (rule->clear_when.count && !model_holds(rule, &rule->clear_when, values, thresholds, true))
        w.kept = lowest_level(rule);
    return w;
}
