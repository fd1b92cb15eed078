/* How an alert is handled, as its message shows it: who has it, how far they are, by when. */
#include "alert/render_priv.h"

#include "base/check.h"

static json_t *limit_json(const struct render_context *c, int64_t limit)
{
    return limit ? render_time_json(c, limit) : json_null();
}

static void put_text(json_t *json, const char *name, const char *text)
{
    if (*text)
        json_object_set_new(json, name, json_string(text));
}

static json_t *unit_json(const struct render_context *c, const struct handling *h, unsigned i)
{
    const struct unit *u = &h->units[i];
    json_t *json = json_pack("{s:s, s:s, s:s}", "unit", u->name, "role", (int)i == h->lead ? "lead" : "assist", "state",
                             unit_state_word(u->state));
    CHECK(json);
    if (u->last) {
        json_object_set_new(json, "at", render_time_json(c, u->last->at));
        put_text(json, "reason", cause_word(u->last->reason));
        put_text(json, "outcome", said_outcome_word(u->last->outcome));
    }
    return json;
}

/* the disposition that this revision tells of */
static json_t *said_json(const struct render_context *c, const struct disposition *d)
{
    json_t *json = json_pack("{s:s, s:s, s:o}", "id", d->id, "action", act_word(d->act), "at", render_time_json(c, d->at));
    CHECK(json);
    put_text(json, "unit", d->unit);
    put_text(json, "to", d->to);
    put_text(json, "by_role", d->by_role);
    put_text(json, "reason", cause_word(d->reason));
    put_text(json, "outcome", said_outcome_word(d->outcome));
    put_text(json, "actual_level", d->actual_level);
    if (d->involved)
        json_object_set_new(json, "involved", json_integer(d->involved));
    if (d->until)
        json_object_set_new(json, "until", render_time_json(c, d->until));
    return json;
}

json_t *render_handling(const struct render_context *c, const struct revision *r)
{
    const struct handling *h = r->handling;
    json_t *units = json_array(), *late = json_array();
    for (unsigned i = 0; i < h->count; i++)
        json_array_append_new(units, unit_json(c, h, i));
    json_t *json = json_pack("{s:s, s:o, s:o, s:o}", "tier", region_level_name(h->tier), "sign_by",
                             limit_json(c, h->sign_by), "close_by", limit_json(c, h->close_by), "units", units);
    CHECK(json);
    if (h->arrive_by)
        json_object_set_new(json, "arrive_by", render_time_json(c, h->arrive_by));
    for (int act = ACTS_SAID; act < ACTS; act++)
        if (h->late >> act & 1)
            json_array_append_new(late, json_string(act_word((enum act)act)));
    if (json_array_size(late))
        json_object_set(json, "late", late);
    json_decref(late);
    if (handling_nobody(h))
        json_object_set_new(json, "nobody", json_true());
    if (r->entry && r->entry->said.act < ACTS_SAID)
        json_object_set_new(json, "last", said_json(c, &r->entry->said));
    return json;
}
