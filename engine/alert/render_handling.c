/* How an alert is handled, as its message shows it: who has it, how far they are, by when. */
#include "alert/render_priv.h"

#include "base/check.h"
#include "base/member.h"

static json_t *limit_json(const struct render_context *c, int64_t limit)
{
    return limit ? render_time_json(c, limit) : json_null();
}

static json_t *unit_json(const struct render_context *c, const struct handling *h, unsigned i)
{
    const struct unit *u = &h->units[i];
    json_t *json = json_pack("{s:s, s:s, s:s}", "unit", u->name, "role", (int)i == h->lead ? "lead" : "assist", "state",
                             unit_state_word(u->state));
    CHECK(json);
    if (u->last) {
        json_object_set_new(json, "at", render_time_json(c, u->last->at));
        member_put_text(json, "reason", cause_word(u->last->reason));
        member_put_text(json, "outcome", said_outcome_word(u->last->outcome));
    }
    return json;
}

/* the disposition that this revision tells of */
static json_t *said_json(const struct render_context *c, const struct disposition *d)
{
    json_t *json = json_pack("{s:s, s:s, s:o}", "id", d->id, "action", act_word(d->act), "at", render_time_json(c, d->at));
    CHECK(json);
    member_put_text(json, "unit", d->unit);
    member_put_text(json, "to", d->to);
    member_put_text(json, "by_role", d->by_role);
    member_put_text(json, "reason", cause_word(d->reason));
    member_put_text(json, "outcome", said_outcome_word(d->outcome));
    member_put_text(json, "actual_level", d->actual_level);
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

void render_no_limits(json_t *handling)
{
    json_object_set_new(handling, "sign_by", json_null());
    json_object_set_new(handling, "close_by", json_null());
    json_object_del(handling, "arrive_by");
    json_object_del(handling, "late");
}
