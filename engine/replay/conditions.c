#include "replay/conditions.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

static void measure_name(const struct rule *rule, const struct atom *atom, char out[160])
{
    const char *selection = rule->selections[atom->selection].name;
    if (atom->measure == MEASURE_EVENTS)
        snprintf(out, 160, "%s", selection);
    else
        snprintf(out, 160, "%s.%s", selection, measure_word(atom->measure));
}

static bool in_thousandths(const struct atom *atom)
{
    return atom->measure == MEASURE_SUM || atom->measure == MEASURE_MAX;
}

void conditions_amount(int64_t amount, bool thousandths, char out[32])
{
    if (amount == INT64_MIN)
        snprintf(out, 32, "-");
    else if (thousandths)
        snprintf(out, 32, "%.10g", (double)amount / VALUE_SCALE);
    else
        snprintf(out, 32, "%lld", (long long)amount);
}

static void values_at(struct view *view, int64_t minute, int64_t values[ATOMS_MAX])
{
    view_move(view, minute);
    view_values(view, values);
}

static struct condition *condition_of(const struct rule *rule, const struct atom *atom, struct condition *all,
                                      size_t *count)
{
    char name[160];
    measure_name(rule, atom, name);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    struct condition *c = &all[(*count)++];
    *c = (struct condition){.thousandths = in_thousandths(atom)};
    memcpy(c->name, name, sizeof name);
    for (unsigned l = 0; l <= LEVELS_MAX; l++)
        c->threshold[l] = THRESHOLD_NONE;
    return c;
}

size_t conditions_measure(const struct rule *rule, unsigned level_count, struct view *view, int64_t minute,
                          struct condition *all)
{
    int64_t values[ATOMS_MAX];
    size_t count = 0;
    values_at(view, minute, values);
    for (unsigned a = 0; a < rule->atom_count; a++)
        condition_of(rule, &rule->atoms[a], all, &count)->value = values[a];
    for (unsigned l = 1; l <= level_count; l++)
        for (unsigned s = 0; s < rule->level[l].count; s++) {
            if (rule->level[l].steps[s].op != OP_ATOM)
                continue;
            const struct atom *atom = &rule->atoms[rule->level[l].steps[s].atom];
            int64_t *threshold = &condition_of(rule, atom, all, &count)->threshold[l];
            if (*threshold == THRESHOLD_NONE || atom->threshold < *threshold)
                *threshold = atom->threshold;
        }
    return count;
}

unsigned conditions_level(const struct rule *rule, unsigned level_count, struct view *view, int64_t minute)
{
    int64_t values[ATOMS_MAX];
    values_at(view, minute, values);
    unsigned level = level_count;
    while (level > 0 && !expression_holds(&rule->level[level], rule, values))
        level--;
    return level;
}

bool conditions_hold(const struct rule *rule, unsigned level, struct view *view, int64_t minute)
{
    int64_t values[ATOMS_MAX];
    values_at(view, minute, values);
    return expression_holds(&rule->level[level], rule, values);
}

/* ---- as text ---- */

struct operand {
    struct buffer text;
    bool either; /* joined by `or`: needs parentheses beside `and` */
};

static void write_atom(const struct rule *rule, const struct atom *atom, int64_t value, struct buffer *out)
{
    char name[160], threshold[32], found[32];
    measure_name(rule, atom, name);
    conditions_amount(atom->threshold, in_thousandths(atom), threshold);
    conditions_amount(value, in_thousandths(atom), found);
    buffer_printf(out, "%s >= %s (%s)", name, threshold, found);
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

bool conditions_write(const struct rule *rule, unsigned level, struct view *view, int64_t minute, struct buffer *out)
{
    const struct expression *e = &rule->level[level];
    struct operand stack[EXPRESSION_MAX];
    int64_t values[ATOMS_MAX];
    unsigned depth = 0;
    if (e->count == 0)
        return false;
    values_at(view, minute, values);
    for (unsigned s = 0; s < e->count; s++) {
        if (e->steps[s].op == OP_ATOM) {
            unsigned a = e->steps[s].atom;
            stack[depth] = (struct operand){0};
            write_atom(rule, &rule->atoms[a], values[a], &stack[depth++].text);
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
