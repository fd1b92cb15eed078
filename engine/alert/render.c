#include "alert/render.h"

#include "alert/render_priv.h"
#include "base/check.h"
#include "base/member.h"
#include "rule/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void write_time(int64_t seconds, const char *fraction, int32_t utc_offset_s, char *out)
{
    time_t shifted = (time_t)(seconds + utc_offset_s);
    struct tm tm;
    gmtime_r(&shifted, &tm);
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    int32_t offset = abs(utc_offset_s) / 60;
    snprintf(out, TIME_TEXT_SIZE, "%s%s%c%02d:%02d", date, fraction, utc_offset_s < 0 ? '-' : '+', offset / 60 % 100, offset % 60);
}

void render_time(int64_t seconds, int32_t utc_offset_s, char *out)
{
    write_time(seconds, "", utc_offset_s, out);
}

void render_time_ms(int64_t ms, int32_t utc_offset_s, char *out)
{
    char fraction[8];
    snprintf(fraction, sizeof fraction, ".%03u", (unsigned)(ms % 1000));
    write_time(ms / 1000, fraction, utc_offset_s, out);
}

json_t *render_time_json(const struct render_context *c, int64_t seconds)
{
    char text[TIME_TEXT_SIZE];
    render_time(seconds, c->utc_offset_s, text);
    return json_string(text);
}

json_t *render_time_or_null(const struct render_context *c, int64_t seconds)
{
    return seconds == MINUTE_NONE || seconds == MINUTE_NEVER ? json_null() : render_time_json(c, seconds);
}

static json_t *minute_or_null(const struct render_context *c, int64_t minute)
{
    return minute == MINUTE_NONE || minute == MINUTE_NEVER ? json_null() : render_time_json(c, minute * 60);
}

static json_t *buffer_json(struct buffer *text)
{
    json_t *json = json_stringn(text->at ? text->at : "", text->len);
    buffer_free(text);
    return json;
}

static json_t *subject_json(const struct render_context *c, const struct revision *r)
{
    struct buffer code = {0}, name = {0};
    subject_write(c, r, true, &code);
    subject_write(c, r, false, &name);
    json_t *code_json = buffer_json(&code);
    return json_pack("{s:s, s:o, s:o}", "kind", subject_kind_word(r->subject_kind), "code", code_json, "name",
                     buffer_json(&name));
}

json_t *render_region_path(const struct render_context *c, uint32_t number)
{
    json_t *array = json_array();
    if (number == REGION_NONE)
        return array;
    const struct region *region = registry_region(c->registry, number);
    for (int level = REGION_DISTRICT; level < REGION_LEVELS_END; level++) {
        if (region->ancestor[level] == REGION_NONE)
            continue;
        const struct region *at = registry_region(c->registry, region->ancestor[level]);
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "level", region_level_name(at->level), "code",
                                               at->code, "name", at->name));
    }
    return array;
}

/* the street of the alert, or NULL */
static const struct region *street_of(const struct render_context *c, const struct revision *r)
{
    if (r->alert->region == REGION_NONE)
        return NULL;
    uint32_t street = registry_region(c->registry, r->alert->region)->ancestor[REGION_STREET];
    return street == REGION_NONE ? NULL : registry_region(c->registry, street);
}

static json_t *model_json(const struct rule *rule)
{
    if (!rule->score_count)
        return json_null();
    return json_pack("{s:s, s:s}", "name", rule->scores[0].model, "version", rule->scores[0].version);
}

/* the periods of the calendar that changed the thresholds */
static json_t *modifiers_json(const struct render_context *c, const struct revision *r)
{
    json_t *array = json_array();
    for (unsigned p = 0; p < 32; p++)
        if (r->periods >> p & 1)
            json_array_append_new(array, json_string(calendar_period_name(c->rules->calendar, p)));
    return array;
}

static json_t *each_json(const struct render_context *c, const struct revision *r)
{
    if (r->each == CATEGORY_NONE)
        return json_null();
    const struct category *category = catalogue_category(c->catalogue, r->each);
    return json_pack("{s:s, s:s}", "category", category->path, "name", category->name);
}

static json_t *provenance_json(const struct render_context *c, const struct revision *r)
{
    json_t *offsets = json_object();
    for (size_t i = 0; i < c->partition_count; i++)
        if (c->partitions[i].offset >= 0)
            json_object_set_new(offsets, c->partitions[i].name, json_integer(c->partitions[i].offset));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "rule_version", r->rule->version ? r->rule->version : "",
                     "generation", c->rules->digest, "model", model_json(r->rule), "watermark",
                     minute_or_null(c, c->watermark_minute), "offsets", offsets, "modifiers", modifiers_json(c, r),
                     "engine", GRIDWARN_VERSION);
}

const char *render_state(const struct alert *a)
{
    return a->state == ALERT_FIRING && a->unknown ? "unknown" : alert_state_word(a->state);
}

static json_t *level_or_null(const struct render_context *c, unsigned level)
{
    return level ? json_string(c->rules->level_name[level]) : json_null();
}

static json_t *data_json(const struct render_context *c, const struct revision *r)
{
    const struct alert *a = r->alert;
    struct evidence evidence[TERMS_MAX];
    size_t count = evidence_gather(r, c->rules->level_count, evidence);
    struct buffer words = {0};
    sentence_write(c, r, evidence, count, &words);
    bool truncated;
    json_t *ids = evidence_events_json(c, r, &truncated);
    json_t *crossed = json_null();
    if (a->crossed_id)
        crossed = json_pack("{s:s, s:s, s:o}", "event_id", a->crossed_id, "source", a->crossed_source, "occurred_at",
                            render_time_json(c, a->crossed_at));
    json_t *data = json_pack(
        "{s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:i, s:b, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s*, "
        "s:o, s:o}",
        "alert_id", a->id, "incident_id", a->id, "revision", (int)a->revision, "state", render_state(a), "level",
        level_or_null(c, a->level), "prev_level", level_or_null(c, a->prev_level), "highest_level",
        level_or_null(c, a->highest > a->level ? a->highest : a->level), "flaps", (int)a->flaps, "drill", 0, "title", r->rule->title, "sentence", buffer_json(&words),
        "rule", r->rule->id, "subject", subject_json(c, r), "each", each_json(c, r), "region_path", render_region_path(c, a->region),
        "opened_at", render_time_json(c, a->opened_at), "evaluated_at", minute_or_null(c, r->minute), "ended_at",
        minute_or_null(c, a->ended_minute), "crossed_by", crossed, "evidence",
        evidence_json(c, r, evidence, count), "event_ids", ids, "event_ids_truncated", truncated, "reason", r->reason,
        "provenance", provenance_json(c, r), "handling", render_handling(c, r));
    CHECK(data);
    return data;
}

void render_dump(json_t *json, struct buffer *text)
{
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    json_dumpb(json, buffer_grow(text, size), size, JSON_COMPACT);
    json_decref(json);
}

json_t *render_envelope(const struct render_context *c, const char *type, json_t *data)
{
    char source[256];
    snprintf(source, sizeof source, "//gridwarn/%s", c->group);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o}", "specversion", "1.0", "source", source, "type", type, "time",
                     render_time_json(c, c->now_ms / 1000), "datacontenttype", "application/json", "data", data);
}

json_t *render_alert(const struct render_context *c, const struct revision *r, struct store_record *out)
{
    char type[64], id[ALERT_ID_SIZE + 16];
    snprintf(type, sizeof type, "gov.risk.alert.%s", change_word(r->change));
    snprintf(id, sizeof id, "%s:%u", r->alert->id, r->alert->revision);
    json_t *event = render_envelope(c, type, data_json(c, r));
    json_object_set_new(event, "id", json_string(id));
    json_object_set_new(event, "subject", json_string(r->alert->id));
    json_object_set_new(event, "partitionkey", json_string(r->alert->id));

    const struct region *street = street_of(c, r);
    *out = (struct store_record){.topic = STORE_ALERTS, .key = str_of(r->alert->id)};
    struct store_header headers[] = {
        {"level", str_of(r->alert->level ? c->rules->level_name[r->alert->level] : "none")},
        {"state", str_of(render_state(r->alert))},
        {"rule", str_of(r->rule->id)},
        {"street", str_of(street ? street->code : "")},
        {"unit", str_of(r->handling->lead < 0 ? "" : r->handling->units[r->handling->lead].name)},
        {"content-type", STR("application/cloudevents+json; charset=UTF-8")},
    };
    static_assert(sizeof headers / sizeof *headers < STORE_HEADERS_MAX, "room for the headers and the notice");
    out->header_count = sizeof headers / sizeof *headers;
    memcpy(out->headers, headers, sizeof headers);
    return event;
}

struct str render_telling(json_t *event, const struct telling *telling, struct buffer *text)
{
    const struct notice *notice = telling->notice;
    json_t *data = json_object_get(event, "data"), *json = json_pack("{s:b}", "told", !notice->cause);
    CHECK(json);
    if (notice->cause) {
        json_object_set_new(json, "cause", json_string(hold_word(notice->cause)));
        json_object_set_new(json, "by", json_string(notice->by));
    }
    json_object_set_new(data, "notice", json);
    json_object_set_new(data, "incident_id", json_string(telling->incident));
    if (telling->unlimited)
        render_no_limits(json_object_get(data, "handling"));
    render_dump(event, text);
    return notice->cause ? STR("held") : STR("told");
}

void render_digest(const struct render_context *c, const char *key, json_t *data, struct buffer *text)
{
    char id[512];
    snprintf(id, sizeof id, "%s:%lld", key, (long long)member_number(data, "revision"));
    json_t *event = render_envelope(c, "gov.risk.alert.digest", data);
    json_object_set_new(event, "id", json_string(id));
    json_object_set_new(event, "subject", json_string(key));
    json_object_set_new(event, "partitionkey", json_string(key));
    render_dump(event, text);
}

void render_heartbeat(const struct render_context *c, struct buffer *text)
{
    json_t *sources = json_array();
    for (size_t i = 0; i < c->partition_count; i++) {
        const struct render_partition *p = &c->partitions[i];
        if (p->untimed)
            continue;
        json_array_append_new(sources, json_pack("{s:s, s:s, s:o, s:I, s:o, s:b}", "source", p->source, "partition",
                                                 p->name, "last_event_at", render_time_or_null(c, p->last_event_at),
                                                 "offset", (json_int_t)(p->offset < 0 ? 0 : p->offset), "watermark",
                                                 render_time_or_null(c, p->watermark), "silent", p->silent));
    }
    json_t *data = json_pack("{s:o, s:s, s:o}", "at", render_time_json(c, c->now_ms / 1000), "generation", c->rules->digest,
                             "sources", sources);
    json_t *event = render_envelope(c, "gov.risk.heartbeat", data);
    char id[64];
    snprintf(id, sizeof id, "heartbeat:%llu", (unsigned long long)c->cut);
    json_object_set_new(event, "id", json_string(id));
    render_dump(event, text);
}
