/* An incident as the CloudEvents message that subscribers of its topic read: incident/incident.schema.json says what it
 * shows. What it says of its lead is kept with it, so that an end can still say what it was about. */
#include "alert/render_priv.h"

#include "base/check.h"
#include "base/member.h"
#include "incident/incidents.h"

#include <stdio.h>

/* of what the lead's own message says, what somebody needs who reads of incidents alone */
static json_t *handling_in_short(const struct render_context *c, const struct revision *lead)
{
    json_t *whole = render_handling(c, lead), *part = json_object();
    if (lead->alert->notice.cause)
        render_no_limits(whole);
    static const char *const kept[] = {"tier", "sign_by", "close_by", "units"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_object_set(part, kept[i], json_object_get(whole, kept[i]));
    json_decref(whole);
    return part;
}

json_t *render_face(const struct render_context *c, const struct revision *lead, uint32_t region)
{
    const struct handling *h = lead->handling;
    struct evidence evidence[TERMS_MAX];
    struct buffer sentence = {0};
    sentence_write(c, lead, evidence, evidence_gather(lead, c->rules->level_count, evidence), &sentence);
    json_t *face = json_pack("{s:s, s:s%, s:{s:s, s:s}, s:o, s:o}", "title", lead->rule->title, "sentence", sentence.at,
                             sentence.len, "lead", "alert_id", lead->alert->id, "unit",
                             h->lead < 0 ? "" : h->units[h->lead].name, "region_path", render_region_path(c, region),
                             "handling", handling_in_short(c, lead));
    CHECK(face);
    buffer_free(&sentence);
    return face;
}

static json_t *alerts_json(const struct render_context *c, const struct incident_revision *r)
{
    json_t *array = json_array();
    for (size_t i = 0; i < r->alert_count; i++) {
        const struct incident_alert *a = &r->alerts[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "alert_id", a->alert->id, "rule", a->rule,
                                               "level", c->rules->level_name[a->alert->level], "state",
                                               render_state(a->alert), "covered_by", a->covered_by));
    }
    return array;
}

static json_t *id_or_null(const char *id)
{
    return *id ? json_string(id) : json_null();
}

static json_t *incident_json(const struct render_context *c, const struct incident_revision *r)
{
    const struct incident *i = r->incident;
    const json_t *face = i->face;
    json_t *provenance = json_pack("{s:s, s:I, s:s}", "generation", c->rules->digest, "cut", (json_int_t)c->cut, "engine",
                                   GRIDWARN_VERSION);
    json_t *data = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:b, s:o, s:o, s:o, s:o}", "incident_id", i->id,
                             "revision", (int)i->revision, "state", incident_state_word(i->state), "level",
                             c->rules->level_name[i->level], "highest_level", c->rules->level_name[i->highest],
                             "alerts", alerts_json(c, r), "event_count", (json_int_t)i->events, "callers",
                             (json_int_t)i->callers, "at_least", i->at_least, "opened_at",
                             render_time_json(c, i->opened_at), "merged_into", id_or_null(i->merged_into), "split_from",
                             id_or_null(i->split_from), "provenance", provenance);
    CHECK(data);
    static const char *const of_lead[] = {"title", "sentence", "lead", "region_path", "handling"};
    for (size_t k = 0; k < sizeof of_lead / sizeof *of_lead; k++)
        json_object_set(data, of_lead[k], json_object_get(face, of_lead[k]));
    return data;
}

/* the street that it lies in; "": in none, or in several */
static const char *street_of(const json_t *face)
{
    size_t index;
    json_t *region;
    json_array_foreach(json_object_get(face, "region_path"), index, region)
    {
        if (strcmp(member_text(region, "level"), "street") == 0)
            return member_text(region, "code");
    }
    return "";
}

void render_incident(const struct render_context *c, const struct incident_revision *r, struct buffer *text,
                     struct store_record *out)
{
    const struct incident *i = r->incident;
    char type[64], id[INCIDENT_ID_SIZE + 32];
    snprintf(type, sizeof type, "gov.risk.incident.%s", incident_change_word(r->change));
    snprintf(id, sizeof id, "incident:%s:%u", i->id, i->revision); /* an alert has the same id */
    json_t *event = render_envelope(c, type, incident_json(c, r));
    json_object_set_new(event, "id", json_string(id));
    json_object_set_new(event, "subject", json_string(i->id));
    json_object_set_new(event, "partitionkey", json_string(i->id));
    render_dump(event, text);
    *out = (struct store_record){
        .topic = STORE_INCIDENTS,
        .key = str_of(i->id),
        .headers = {{"level", str_of(c->rules->level_name[i->level])},
                    {"state", str_of(incident_state_word(i->state))},
                    {"street", str_of(street_of(i->face))},
                    {"unit", str_of(member_text(json_object_get(i->face, "lead"), "unit"))},
                    {"content-type", STR("application/cloudevents+json; charset=UTF-8")}},
        .header_count = 5,
    };
}
