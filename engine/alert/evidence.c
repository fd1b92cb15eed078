/* Why an alert says what it says: values against thresholds, the way to the next level, and the events behind them. */
#include "alert/render_priv.h"

#include <stdio.h>

enum { EVENT_IDS_MAX = 20 };

static bool same_measure(const struct atom *a, const struct atom *b)
{
    return a->selection == b->selection && a->measure == b->measure;
}

bool measure_in_thousandths(enum measure measure)
{
    return measure == MEASURE_SUM || measure == MEASURE_MAX;
}

static const struct atom *atom_in(const struct rule *rule, unsigned level, const struct atom *like)
{
    const struct expression *e = &rule->level[level];
    for (unsigned i = 0; i < e->count; i++)
        if (e->steps[i].op == OP_ATOM && same_measure(&rule->atoms[e->steps[i].atom], like))
            return &rule->atoms[e->steps[i].atom];
    return NULL;
}

size_t evidence_gather(const struct revision *r, unsigned level_count, struct evidence *all)
{
    size_t count = 0;
    for (unsigned a = 0; a < r->rule->atom_count; a++) {
        const struct atom *atom = &r->rule->atoms[a];
        bool again = false;
        for (size_t i = 0; i < count && !again; i++)
            again = same_measure(all[i].atom, atom);
        if (again)
            continue;
        struct evidence *e = &all[count++];
        *e = (struct evidence){.atom = atom, .value = r->values ? r->values[a] : 0};
        for (unsigned l = r->alert->level; l >= 1; l--) {
            const struct atom *here = atom_in(r->rule, l, atom);
            if (here) {
                e->atom = here;
                break;
            }
        }
        for (unsigned l = r->alert->level + 1; l <= level_count && !e->next_level; l++) {
            const struct atom *next = atom_in(r->rule, l, atom);
            if (next && next->threshold > e->value && e->value != INT64_MIN) {
                e->next_level = l;
                e->missing = next->threshold - e->value;
            }
        }
    }
    return count;
}

static json_t *number_json(enum measure measure, int64_t value)
{
    if (!measure_in_thousandths(measure))
        return json_integer(value);
    if (value == INT64_MIN)
        return json_null();
    return value % VALUE_SCALE == 0 ? json_integer(value / VALUE_SCALE) : json_real((double)value / VALUE_SCALE);
}

json_t *evidence_json(const struct render_context *c, const struct revision *r, const struct evidence *all,
                             size_t count)
{
    char within[24];
    render_duration(r->rule->within_s, within, sizeof within);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct evidence *e = &all[i];
        const char *selection = r->rule->selections[e->atom->selection].name;
        char condition[160];
        if (e->atom->measure == MEASURE_EVENTS)
            snprintf(condition, sizeof condition, "%s", selection);
        else
            snprintf(condition, sizeof condition, "%s.%s", selection, measure_word(e->atom->measure));
        json_t *next = json_null();
        if (e->next_level)
            next = json_pack("{s:s, s:o}", "level", c->rules->level_name[e->next_level], "missing",
                             number_json(e->atom->measure, e->missing));
        json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:o, s:o}", "condition", condition, "within", within,
                                               "value", number_json(e->atom->measure, e->value), "threshold",
                                               number_json(e->atom->measure, e->atom->threshold), "next", next));
    }
    return array;
}

json_t *evidence_events_json(const struct render_context *c, const struct revision *r, bool *truncated)
{
    json_t *array = json_array();
    *truncated = false;
    for (size_t i = r->evidence_count; i > 0; i--) {
        const struct view_entry *e = &r->evidence[i - 1];
        if (e->party)
            continue;
        if (json_array_size(array) == EVENT_IDS_MAX) {
            *truncated = true;
            break;
        }
        struct str id = ledger_text(c->ledger, e->ref).id;
        const char *source = catalogue_source(c->catalogue, ledger_fact(c->ledger, e->ref)->source);
        json_array_insert_new(array, 0,
                              json_pack("{s:s, s:s%}", "source", source, "id", id.at, id.len));
    }
    return array;
}
