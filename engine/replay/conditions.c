#include "replay/conditions.h"

#include "alert/episode.h"
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void conditions_amount(int64_t amount, bool thousandths, char out[32])
{
    if (amount == INT64_MIN)
        snprintf(out, 32, "-");
    else if (thousandths)
        snprintf(out, 32, "%.10g", (double)amount / VALUE_SCALE);
    else
        snprintf(out, 32, "%lld", (long long)amount);
}

/* does a level of the rule compare the term? */
static bool is_compared(const struct rule *rule, unsigned level_count, unsigned term)
{
    for (unsigned l = 1; l <= level_count; l++)
        for (unsigned s = 0; s < rule->level[l].count; s++)
            if (rule->level[l].steps[s].op == OP_ATOM && rule->atoms[rule->level[l].steps[s].atom].term == term)
                return true;
    return false;
}

static void level_thresholds(const struct rule *rule, unsigned level_count, unsigned term, const struct judged *j,
                             struct condition *c)
{
    for (unsigned l = 0; l <= LEVELS_MAX; l++)
        c->threshold[l] = THRESHOLD_NONE;
    for (unsigned l = 1; l <= level_count; l++)
        for (unsigned s = 0; s < rule->level[l].count; s++) {
            const struct step *step = &rule->level[l].steps[s];
            if (step->op != OP_ATOM || rule->atoms[step->atom].term != term || rule->atoms[step->atom].at_most)
                continue;
            int64_t threshold = j->thresholds[step->atom];
            if (c->threshold[l] == THRESHOLD_NONE || threshold < c->threshold[l])
                c->threshold[l] = threshold;
        }
}

size_t conditions_measure(const struct rule_set *set, const struct rule *rule, struct view *view, int64_t minute,
                          struct condition *all)
{
    struct judged j;
    size_t count = 0;
    judged_at(&j, rule, view, minute, true);
    for (unsigned t = 0; t < rule->term_count; t++) {
        if (!is_compared(rule, set->level_count, t))
            continue;
        struct condition *c = &all[count++];
        struct buffer name = {0};
        *c = (struct condition){.thousandths = term_unit(&rule->terms[t]) != 1, .value = j.values[t]};
        term_write(set, rule, &rule->terms[t], &name);
        snprintf(c->name, sizeof c->name, "%.*s", STR_ARG(buffer_str(&name)));
        buffer_free(&name);
        level_thresholds(rule, set->level_count, t, &j, c);
    }
    return count;
}

bool conditions_hold(const struct rule *rule, unsigned level, struct view *view, int64_t minute)
{
    struct judged j;
    judged_at(&j, rule, view, minute, true);
    return j.valid && expression_holds(&rule->level[level], rule, j.values, j.thresholds, true);
}

size_t conditions_points(const struct rule *rule, const struct score *score, struct view *view, int64_t minute,
                         struct feature_given all[FEATURES_MAX])
{
    struct judged j;
    judged_at(&j, rule, view, minute, true);
    for (unsigned f = 0; f < score->feature_count; f++) {
        const struct feature *feature = &score->features[f];
        int64_t value = j.values[feature->term];
        bool thousandths = term_unit(&rule->terms[feature->term]) != 1;
        all[f] = (struct feature_given){feature->name, thousandths, value, feature_points(feature, value)};
    }
    return score->feature_count;
}

/* ---- as text ---- */

struct operand {
    struct buffer text;
    bool either; /* joined by `or`: needs parentheses beside `and` */
};

static void write_atom(const struct rule_set *set, const struct rule *rule, unsigned atom, const struct judged *j,
                       struct buffer *out)
{
    const struct term *term = &rule->terms[rule->atoms[atom].term];
    char threshold[32], found[32];
    bool thousandths = term_unit(term) != 1;
    conditions_amount(j->thresholds[atom], thousandths, threshold);
    conditions_amount(j->values[rule->atoms[atom].term], thousandths, found);
    term_write(set, rule, term, out);
    buffer_printf(out, " %s %s (%s)", rule->atoms[atom].at_most ? "<=" : ">=", threshold, found);
}

static void join(struct operand *left, struct operand *right, enum op op)
{
    struct buffer text = {0};
    struct operand *both[] = {left, right};
    for (int i = 0; i < 2; i++) {
        bool nested = op == OP_AND && both[i]->either;
        buffer_printf(&text, "%s%s%.*s%s", i ? op == OP_AND ? " and " : " or " : "", nested ? "(" : "",
                      STR_ARG(buffer_str(&both[i]->text)), nested ? ")" : "");
        buffer_free(&both[i]->text);
    }
    *left = (struct operand){text, op == OP_OR};
}

bool conditions_write(const struct rule_set *set, const struct rule *rule, unsigned level, struct view *view,
                      int64_t minute, struct buffer *out)
{
    const struct expression *e = &rule->level[level];
    struct operand stack[EXPRESSION_MAX];
    struct judged j;
    unsigned depth = 0;
    if (e->count == 0)
        return false;
    judged_at(&j, rule, view, minute, true);
    for (unsigned s = 0; s < e->count; s++) {
        if (e->steps[s].op == OP_ATOM) {
            stack[depth] = (struct operand){0};
            write_atom(set, rule, e->steps[s].atom, &j, &stack[depth++].text);
        } else {
            CHECK(depth >= 2);
            depth--;
            join(&stack[depth - 1], &stack[depth], e->steps[s].op);
        }
    }
    CHECK(depth == 1);
    buffer_printf(out, "%.*s", STR_ARG(buffer_str(&stack[0].text)));
    buffer_free(&stack[0].text);
    return true;
}

void conditions_selections(const struct rule *rule, const struct view_entry *entry, struct buffer *out)
{
    const char *before = "";
    for (unsigned s = 0; s < rule->selection_count; s++)
        if (entry->takes >> s & 1) {
            buffer_printf(out, "%s%s", before, rule->selections[s].name);
            before = ", ";
        }
}
