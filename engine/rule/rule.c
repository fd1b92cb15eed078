/* Compiled rules: their words, what a selection covers, when an expression holds, and their end. */
#include "rule/rule.h"

#include "base/check.h"
#include "rule/calendar.h"
#include "rule/notify_rules.h"
#include "rule/routing.h"

#include <stdlib.h>

static const char *const measure_words[][2] = {
#define X(name, english, chinese) {english, chinese},
    MEASURE_TABLE(X)
#undef X
};

static const char *const term_words[] = {
#define X(name, english, chinese) english,
    TERM_TABLE(X)
#undef X
};

const char *measure_word(enum measure measure)
{
    CHECK(measure < MEASURES);
    return measure_words[measure][0];
}

const char *measure_word_zh(enum measure measure)
{
    CHECK(measure < MEASURES);
    return measure_words[measure][1];
}

const char *term_kind_word(enum term_kind kind)
{
    CHECK(kind < TERM_KINDS);
    return term_words[kind];
}

bool measure_of_values(enum measure measure)
{
    return measure == MEASURE_SUM || measure == MEASURE_MAX || measure == MEASURE_AVG;
}

int64_t measure_scale(enum measure measure)
{
    return measure_of_values(measure) ? VALUE_SCALE : 1;
}

int64_t term_unit(const struct term *term)
{
    switch (term->kind) {
    case TERM_MEASURE:
        return measure_scale(term->measure);
    case TERM_CHANGE:
    case TERM_SHARE:
    case TERM_ANOMALY:
        return VALUE_SCALE;
    case TERM_BOTH:
    case TERM_ADJACENT:
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_KINDS:
        break;
    }
    return 1;
}

const char *subject_kind_word(enum subject_kind kind)
{
    if (kind == SUBJECT_RESPONDENT)
        return "respondent";
    return kind == SUBJECT_MATTER ? "matter" : region_level_name((enum region_level)kind);
}

bool selection_covers(const struct selection *s, unsigned source, uint16_t category)
{
    if (!(s->sources >> source & 1))
        return false;
    for (unsigned i = 0; i < s->category_count; i++)
        if (category >= s->category[i].first && category <= s->category[i].last)
            return true;
    return s->category_count == 0;
}

bool atom_holds(const struct atom *atom, int64_t value, int64_t threshold, bool closed)
{
    if (value == VALUE_NONE || (!closed && !atom->monotone))
        return false;
    return atom->at_most ? value <= threshold : value >= threshold;
}

bool expression_holds(const struct expression *e, const struct rule *rule, const int64_t *values,
                      const int64_t *thresholds, bool closed)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++) {
        const struct step *step = &e->steps[i];
        if (step->op == OP_ATOM) {
            const struct atom *atom = &rule->atoms[step->atom];
            stack[top++] = atom_holds(atom, values[atom->term], thresholds ? thresholds[step->atom] : atom->threshold,
                                      closed);
        } else {
            DEBUG_CHECK(top >= 2);
            top--;
            stack[top - 1] = step->op == OP_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
        }
    }
    DEBUG_CHECK(top == (e->count > 0));
    return top && stack[0];
}

int32_t feature_points(const struct feature *feature, int64_t value)
{
    if (value == VALUE_NONE)
        return feature->none;
    unsigned bin = 0;
    while (bin + 1 < feature->bin_count && value >= feature->bins[bin].below)
        bin++;
    return feature->bins[bin].points;
}

int64_t score_points(const struct score *score, const int64_t *values)
{
    int64_t total = score->base;
    for (unsigned f = 0; f < score->feature_count; f++)
        total += feature_points(&score->features[f], values[score->features[f].term]);
    return total;
}

bool rule_of_regions(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] > SUBJECT_MICRO_GRID)
            return false;
    return true;
}

static void drop(const void *owned)
{
    free((void *)(uintptr_t)owned);
}

static void clear_score(struct score *score)
{
    for (unsigned i = 0; i < score->feature_count; i++) {
        drop(score->features[i].name);
        free(score->features[i].bins);
    }
    free(score->features);
    drop(score->model);
    drop(score->version);
}

static void clear_rule(struct rule *rule)
{
    for (unsigned i = 0; i < rule->selection_count; i++) {
        drop(rule->selections[i].name);
        free(rule->selections[i].category);
    }
    for (unsigned i = 0; i < rule->assist_count; i++)
        drop(rule->assist[i]);
    for (unsigned i = 0; i < rule->term_count; i++)
        free(rule->terms[i].inner);
    for (unsigned i = 0; i < rule->score_count; i++)
        clear_score(&rule->scores[i]);
    free(rule->scores);
    free(rule->overrides);
    drop(rule->override_file);
    free(rule->selections);
    drop(rule->assist);
    drop(rule->id);
    drop(rule->title);
    drop(rule->version);
    drop(rule->lead);
    drop(rule->file);
}

void rule_set_destroy(struct rule_set **set)
{
    struct rule_set *s = *set;
    *set = NULL;
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++)
        clear_rule(&s->rules[i]);
    for (unsigned i = 0; i <= s->level_count; i++)
        drop(s->level_name[i]);
    calendar_destroy(&s->calendar);
    routing_destroy(&s->routing);
    notify_rules_destroy(&s->notify);
    free(s->rules);
    free(s);
}

bool rule_set_has(const struct rule_set *set, const struct rule *rule)
{
    for (unsigned r = 0; r < set->count; r++)
        if (strcmp(set->rules[r].id, rule->id) == 0)
            return set->rules[r].digest == rule->digest;
    return false;
}
