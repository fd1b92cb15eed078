/* The counterfactual as JSON. */
#include "replay/packet_priv.h"

#include "replay/counterfactual.h"

static bool is_thousandths(const struct packing *p, unsigned atom)
{
    return term_unit(&p->rule->terms[p->rule->atoms[atom].term]) != 1;
}

static json_t *without_json(const struct packing *p, const struct counterfactual *c)
{
    json_t *events = json_array();
    if (!c->avoidable) {
        json_decref(events);
        return json_null();
    }
    for (size_t i = 0; i < c->without_count; i++)
        json_array_append_new(events, packet_fact_name(p, c->without[i]));
    return json_pack("{s:I, s:b, s:o}", "count", (json_int_t)c->without_count, "least", c->least, "events", events);
}

static json_t *thresholds_json(const struct packing *p, const struct counterfactual *c)
{
    json_t *changes = json_array();
    for (unsigned i = 0; i < c->threshold_count && !p->rule->standing; i++) { /* silent() has none that an author writes */
        const struct changed_threshold *t = &c->thresholds[i];
        bool thousandths = is_thousandths(p, t->atom);
        json_t *one = packet_comparison(p, t->atom);
        json_object_set_new(one, "threshold", packet_number(t->from, thousandths));
        json_object_set_new(one, "instead", packet_number(t->to, thousandths));
        json_array_append_new(changes, one);
    }
    return json_pack("{s:s, s:o}", "need", c->together ? "all" : "one", "changes", changes);
}

static json_t *next_json(const struct packing *p, const struct counterfactual *c)
{
    if (!c->next_level)
        return json_null();
    json_t *ways = json_array();
    for (unsigned w = 0; w < c->way_count; w++) {
        json_t *needs = json_array();
        for (unsigned i = 0; i < c->ways[w].count; i++) {
            const struct changed_value *v = &c->ways[w].needs[i];
            bool thousandths = is_thousandths(p, v->atom);
            json_t *one = packet_comparison(p, v->atom);
            json_object_set_new(one, "value", packet_number(v->from, thousandths));
            json_object_set_new(one, "threshold", packet_number(v->to, thousandths));
            json_object_set_new(one, "missing", v->from == VALUE_NONE ? json_null() : packet_number(v->to - v->from, thousandths));
            json_array_append_new(needs, one);
        }
        json_array_append_new(ways, needs);
    }
    return json_pack("{s:s, s:o}", "level", p->rules->level_name[c->next_level], "ways", ways);
}

json_t *packet_counterfactual(const struct packing *p)
{
    struct counterfactual c;
    counterfactual_make(&c, p->rules, p->rule, past_ledger(p->packet->judgement->past), p->view, p->minute,
                        p->level);
    json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "level", p->rules->level_name[p->level], "without",
                             without_json(p, &c), "thresholds", thresholds_json(p, &c), "next", next_json(p, &c));
    if (p->rule->standing)
        json_object_set_new(json, "heard", packet_heard(p));
    counterfactual_clear(&c);
    return json;
}
