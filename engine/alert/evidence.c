/* Why an alert says what it says: values against thresholds, the way to the next level, and the events behind them. */
#include "alert/render_priv.h"

#include <stdio.h>

enum { EVENT_IDS_MAX = 20 };

/* the atom of that level that compares this term, or -1 */
static int atom_in(const struct rule *rule, unsigned level, unsigned term)
{
    const struct expression *e = &rule->level[level];
    for (unsigned i = 0; i < e->count; i++)
        if (e->steps[i].op == OP_ATOM && rule->atoms[e->steps[i].atom].term == term)
            return e->steps[i].atom;
    return -1;
}

static int64_t threshold_of(const struct revision *r, int atom)
{
    return r->thresholds ? r->thresholds[atom] : r->rule->atoms[atom].threshold;
}

static void next_level(const struct revision *r, unsigned level_count, unsigned term, struct evidence *e)
{
    for (unsigned l = r->alert->level + 1; l <= level_count && !e->next_level; l++) {
        int next = atom_in(r->rule, l, term);
        if (next < 0 || r->rule->atoms[next].at_most || e->value == VALUE_NONE)
            continue;
        int64_t threshold = threshold_of(r, next);
        if (threshold > e->value) {
            e->next_level = l;
            e->missing = threshold - e->value;
        }
    }
}

size_t evidence_gather(const struct revision *r, unsigned level_count, struct evidence *all)
{
    size_t count = 0;
    for (unsigned t = 0; t < r->rule->term_count; t++) {
        int atom = -1;
        for (unsigned l = r->alert->level; l >= 1 && atom < 0; l--)
            atom = atom_in(r->rule, l, t);
        for (unsigned l = r->alert->level + 1; l <= level_count && atom < 0; l++)
            atom = atom_in(r->rule, l, t);
        if (atom < 0)
            continue; /* only part of another term */
        struct evidence *e = &all[count++];
        *e = (struct evidence){.term = &r->rule->terms[t],
                               .atom = &r->rule->atoms[atom],
                               .value = r->values ? r->values[t] : 0,
                               .threshold = threshold_of(r, atom)};
        next_level(r, level_count, t, e);
    }
    return count;
}

static json_t *number_json(int64_t unit, int64_t value)
{
    if (value == VALUE_NONE)
        return json_null();
    return value % unit == 0 ? json_integer(value / unit) : json_real((double)value / (double)unit);
}

/* what each feature of a scorecard gave */
static json_t *points_json(const struct revision *r, const struct score *score)
{
    json_t *array = json_array();
    for (unsigned f = 0; f < score->feature_count && r->values; f++) {
        const struct feature *feature = &score->features[f];
        int64_t value = r->values[feature->term];
        json_array_append_new(array, json_pack("{s:s, s:o, s:i}", "feature", feature->name, "value",
                                               number_json(term_unit(&r->rule->terms[feature->term]), value),
                                               "points", (int)feature_points(feature, value)));
    }
    return array;
}

static json_t *ms_json(const struct render_context *c, int64_t ms)
{
    char text[TIME_TEXT_SIZE];
    render_time_ms(ms, c->utc_offset_s, text);
    return json_string(text);
}

/* What silent() was judged by: it is silent where judged_at is later than silent_from. */
static json_t *heard_json(const struct render_context *c, unsigned source)
{
    const struct render_source *s = &c->sources[source];
    struct buffer after = {0};
    duration_write(s->silent_after_s, &after);
    json_t *json = json_pack("{s:s, s:o, s:o, s:s%, s:o, s:o, s:o, s:o}", "source", catalogue_source(c->catalogue, source),
                             "heard_at", s->heard ? ms_json(c, s->heard_ms) : json_null(), "listening_since",
                             s->heard ? json_null() : ms_json(c, s->heard_ms), "silent_after", after.at, after.len, "silent_from",
                             ms_json(c, s->heard_ms + (int64_t)s->silent_after_s * 1000), "judged_at", ms_json(c, c->judged_ms),
                             "last_event_at", render_time_or_null(c, s->last_event_at), "resumed_at",
                             s->resumed_ms == INT64_MIN ? json_null() : ms_json(c, s->resumed_ms));
    buffer_free(&after);
    return json;
}

json_t *evidence_json(const struct render_context *c, const struct revision *r, const struct evidence *all,
                      size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct evidence *e = &all[i];
        int64_t unit = term_unit(e->term);
        struct buffer condition = {0}, within = {0};
        term_write(c->rules, r->rule, e->term, &condition);
        span_write(r->rule->windows[0].within, &within);
        json_t *next = json_null();
        if (e->next_level)
            next = json_pack("{s:s, s:o}", "level", c->rules->level_name[e->next_level], "missing",
                             number_json(unit, e->missing));
        json_t *entry = json_pack("{s:s%, s:o, s:o, s:s, s:o, s:o}", "condition", condition.at, condition.len, "within",
                                  r->rule->within_s ? json_stringn(within.at, within.len) : json_null(), "value",
                                  number_json(unit, e->value), "comparison", e->atom->at_most ? "<=" : ">=",
                                  "threshold", number_json(unit, e->threshold), "next", next);
        if (e->term->kind == TERM_SCORE)
            json_object_set_new(entry, "points", points_json(r, &r->rule->scores[e->term->score]));
        if (e->term->kind == TERM_SILENT)
            json_object_set_new(entry, "heard", heard_json(c, e->term->source));
        json_array_append_new(array, entry);
        buffer_free(&condition);
        buffer_free(&within);
    }
    return array;
}

json_t *evidence_events_json(const struct render_context *c, const struct revision *r, bool *truncated)
{
    json_t *array = json_array();
    *truncated = false;
    for (size_t i = r->evidence_count; i > 0; i--) {
        const struct view_entry *e = &r->evidence[i - 1];
        if (e->party || !e->takes)
            continue;
        if (json_array_size(array) == EVENT_IDS_MAX) {
            *truncated = true;
            break;
        }
        struct id_room room;
        struct str id = ledger_id(c->ledger, e->ref, &room);
        const char *source = catalogue_source(c->catalogue, ledger_fact(c->ledger, e->ref)->source);
        json_array_insert_new(array, 0,
                              json_pack("{s:s, s:s%}", "source", source, "id", id.at, id.len));
    }
    return array;
}
