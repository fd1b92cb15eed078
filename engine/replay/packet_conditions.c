/* Each condition's value against its threshold, with the arithmetic: what was counted in which window, what was divided by
 * what, and which line of a table or which period of the calendar made the threshold what it is. */
#include "replay/packet_priv.h"

#include "alert/episode.h"
#include "replay/silent.h"
#include "rule/calendar.h"

json_t *packet_windows(const struct packing *p)
{
    json_t *array = json_array();
    for (unsigned w = 0; w < p->rule->window_count && !p->rule->standing; w++) {
        const struct window *window = &p->rule->windows[w];
        struct buffer within = {0};
        int64_t until = p->minute * 60 - window->lag_s;
        span_write(window->within, &within);
        json_t *one = json_pack("{s:i, s:o, s:o, s:o}", "window", (int)w, "within", packet_buffer(&within), "after",
                                packet_time(p, span_before(p->rules, window->within, until)), "until", packet_time(p, until));
        json_array_append_new(array, one);
    }
    return array;
}

/* ---- what a value is made of ---- */

static json_t *counted(const struct packing *p, unsigned window, unsigned selection, enum measure measure)
{
    bool thousandths = measure_scale(measure) != 1;
    int64_t value = view_measure(p->view, window, selection, measure);
    return json_pack("{s:s, s:s, s:i, s:o}", "selection", p->rule->selections[selection].name, "measure", measure_word(measure),
                     "window", (int)window, "value", packet_number(value, thousandths));
}

static json_t *weeks_json(const struct packing *p, const struct term *t)
{
    json_t *weeks = json_array();
    for (unsigned week = 0; week < ANOMALY_WEEKS; week++)
        json_array_append_new(weeks, counted(p, t->earlier + week, t->selection, t->measure));
    return weeks;
}

static json_t *adjacent_json(const struct packing *p, const struct term *t)
{
    json_t *array = json_array();
    uint32_t subject = p->packet->alert->subject.region;
    if (subject == REGION_NONE)
        return array;
    const struct region *own = registry_region(p->config->registry, subject);
    for (uint32_t i = 0; i <= own->neighbour_count; i++) {
        uint32_t region = i ? own->neighbours[i - 1] : subject;
        json_t *one = packet_region(p, region);
        json_object_set_new(one, "holds", json_boolean(view_adjacent(p->view, t, region)));
        json_array_append_new(array, one);
    }
    return array;
}

static json_t *points_json(const struct packing *p, const struct score *score)
{
    struct feature_given all[FEATURES_MAX];
    size_t count = conditions_points(p->rule, score, p->view, p->minute, all);
    json_t *array = json_array();
    for (size_t f = 0; f < count; f++) {
        const struct term *term = &p->rule->terms[score->features[f].term];
        json_t *one = json_pack("{s:s, s:o, s:i}", "feature", all[f].name, "value", packet_number(all[f].value, all[f].thousandths),
                                "points", (int)all[f].points);
        if (term->kind == TERM_MEASURE)
            json_object_set_new(one, "counted", counted(p, term->window, term->selection, term->measure));
        json_array_append_new(array, one);
    }
    return json_pack("{s:s, s:s, s:i, s:o}", "model", score->model, "version", score->version, "base", (int)score->base, "features",
                     array);
}

static json_t *heard_json(const char *source, const json_t *told)
{
    return json_pack("{s:s, s:O}", "source", source, "heard", silent_told(told, source));
}

static json_t *arithmetic(const struct packing *p, const struct term *t)
{
    switch (t->kind) {
    case TERM_MEASURE:
        return json_pack("{s:o}", "counted", counted(p, t->window, t->selection, t->measure));
    case TERM_CHANGE:
        return json_pack("{s:o, s:o}", "counted", counted(p, t->window, t->selection, t->measure), "divided_by",
                         counted(p, t->earlier, t->selection, t->measure));
    case TERM_SHARE:
        return json_pack("{s:o, s:o}", "counted", counted(p, t->window, t->selection, t->measure), "divided_by",
                         counted(p, t->window, t->other, t->other_measure));
    case TERM_BOTH:
        return json_pack("{s:o, s:o}", "counted", counted(p, t->window, t->selection, MEASURE_CALLERS), "both_with",
                         counted(p, t->window, t->other, MEASURE_CALLERS));
    case TERM_ANOMALY:
        return json_pack("{s:o, s:o}", "counted", counted(p, t->window, t->selection, t->measure), "weeks_before", weeks_json(p, t));
    case TERM_ADJACENT:
        return json_pack("{s:o}", "regions", adjacent_json(p, t));
    case TERM_SCORE:
        return json_pack("{s:o}", "points", points_json(p, &p->rule->scores[t->score]));
    case TERM_SILENT:
        return heard_json(catalogue_source(p->config->catalogue, t->source), p->packet->told);
    case TERM_KINDS:
        break;
    }
    return json_object();
}

/* ---- what it is held against ---- */

json_t *packet_comparison(const struct packing *p, unsigned atom)
{
    struct buffer name = {0};
    term_write(p->rules, p->rule, &p->rule->terms[p->rule->atoms[atom].term], &name);
    return json_pack("{s:o, s:s}", "condition", packet_buffer(&name), "comparison", p->rule->atoms[atom].at_most ? "<=" : ">=");
}

/* the line of the table that replaces the author's threshold there */
static json_t *table_json(const struct packing *p, unsigned atom, bool thousandths)
{
    int lines[ATOMS_MAX];
    rule_overrides_on(p->rule, p->config->registry, p->packet->alert->subject.region, lines);
    if (lines[atom] < 0)
        return json_null();
    const struct rule_override *o = &p->rule->overrides[lines[atom]];
    return json_pack("{s:s, s:i, s:o, s:o}", "file", p->rule->override_file, "line", o->line, "region", packet_region(p, o->region),
                     "threshold", packet_number(o->threshold, thousandths));
}

static json_t *periods_json(const struct packing *p, unsigned atom)
{
    json_t *array = json_array();
    uint32_t now = rule_periods(p->rules, p->rule, p->minute);
    for (unsigned d = 0; d < p->rule->during_count && rule_is_multiplied(p->rule, &p->rule->atoms[atom]); d++)
        for (unsigned i = 0; i < CALENDAR_PERIODS_MAX; i++)
            if (p->rule->during[d].periods & now & UINT32_C(1) << i)
                json_array_append_new(array, json_pack("{s:s, s:o}", "period", calendar_period_name(p->rules->calendar, i),
                                                       "multiplier", packet_number(p->rule->during[d].multiplier, true)));
    return array;
}

static json_t *thresholds_json(const struct packing *p, unsigned term, const struct judged *j)
{
    bool thousandths = term_unit(&p->rule->terms[term]) != 1;
    json_t *array = json_array();
    for (unsigned l = 1; l <= p->rules->level_count; l++)
        for (unsigned s = 0; s < p->rule->level[l].count; s++) {
            const struct step *step = &p->rule->level[l].steps[s];
            if (step->op != OP_ATOM || p->rule->atoms[step->atom].term != term)
                continue;
            const struct atom *atom = &p->rule->atoms[step->atom];
            int64_t threshold = j->thresholds[step->atom];
            bool holds = atom_holds(atom, j->values[term], threshold, true);
            json_t *one = json_pack("{s:s, s:s, s:o, s:o, s:b}", "level", p->rules->level_name[l], "comparison",
                                    atom->at_most ? "<=" : ">=", "written", packet_number(atom->threshold, thousandths), "threshold",
                                    packet_number(threshold, thousandths), "holds", holds);
            json_object_set_new(one, "table", table_json(p, step->atom, thousandths));
            json_object_set_new(one, "periods", periods_json(p, step->atom));
            json_array_append_new(array, one);
        }
    return array;
}

json_t *packet_conditions(const struct packing *p)
{
    struct judged j;
    json_t *array = json_array();
    judged_at(&j, p->rule, p->view, p->minute, true);
    for (unsigned t = 0; t < p->rule->term_count; t++) {
        json_t *levels = thresholds_json(p, t, &j);
        if (!json_array_size(levels)) { /* only part of another */
            json_decref(levels);
            continue;
        }
        struct buffer name = {0};
        term_write(p->rules, p->rule, &p->rule->terms[t], &name);
        json_t *one = arithmetic(p, &p->rule->terms[t]);
        json_object_set_new(one, "condition", packet_buffer(&name));
        json_object_set_new(one, "value", packet_number(j.values[t], term_unit(&p->rule->terms[t]) != 1));
        json_object_set_new(one, "levels", levels);
        json_array_append_new(array, one);
    }
    return array;
}

json_t *packet_levels(const struct packing *p)
{
    json_t *array = json_array();
    for (unsigned l = 1; l <= p->rules->level_count; l++) {
        struct buffer text = {0};
        if (conditions_write(p->rules, p->rule, l, p->view, p->minute, &text))
            json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "level", p->rules->level_name[l], "condition",
                                                   packet_buffer(&text), "holds",
                                                   conditions_hold(p->rule, l, p->view, p->minute)));
    }
    return array;
}
