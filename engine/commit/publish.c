/* What goes out, as records of the open cut: revisions, subject states, dead letters, late events, heartbeats. */
#include "commit/committer_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "base/member.h"
#include "sink/parts.h"

#include <sodium.h>
#include <stdlib.h>

void render_progress(struct committer *c)
{
    for (size_t i = 0; i < c->marks.source_count; i++) {
        const struct source_progress *s = &c->marks.sources[i];
        c->rendered_sources[i] = (struct render_source){
            .silent_after_s = (int32_t)s->silent_after_s,
            .heard = s->heard,
            .heard_ms = s->heard_ms,
            .resumed_ms = s->thawed_ms,
            .last_event_at = MINUTE_NONE,
        };
    }
    for (size_t i = 0; i < c->in.partition_count; i++) {
        const struct partition_progress *p = &c->marks.partitions[i];
        const struct source_progress *s = &c->marks.sources[p->source];
        c->rendered[i] = (struct render_partition){
            .name = c->partition_names[i],
            .source = catalogue_source(c->in.config->catalogue, p->source),
            .offset = p->next_offset,
            .last_event_at = p->newest,
            .watermark = s->watermark,
            .silent = s->silent,
            .untimed = s->untimed,
        };
        if (p->newest > c->rendered_sources[p->source].last_event_at)
            c->rendered_sources[p->source].last_event_at = p->newest;
    }
}

static struct render_context context_of(struct committer *c, const struct rule *rule)
{
    const struct config *config = c->in.config;
    struct render_context context = {
        .ledger = c->in.ledger,
        .registry = config->registry,
        .catalogue = config->catalogue,
        .rules = generation_rules(c->in.generation),
        .group = config->group,
        .utc_offset_s = config->utc_offset_s,
        .now_ms = clock_now_ms(c->in.clock),
        .cut = c->number,
        .watermark_minute = MINUTE_NONE,
        .partitions = c->rendered,
        .partition_count = c->in.partition_count,
        .sources = c->rendered_sources,
        .judged_ms = c->marks.now_ms,
    };
    /* a rule that was removed is none of them, and has no time: no difference of pointers, then, before that is known */
    uintptr_t first = (uintptr_t)context.rules->rules, end = first + context.rules->count * sizeof *rule;
    if ((uintptr_t)rule >= first && (uintptr_t)rule < end)
        context.watermark_minute = c->times[rule - context.rules->rules].closed;
    return context;
}

static void publish(void *arg, const struct revision *r)
{
    struct committer *c = arg;
    struct render_context context = context_of(c, r->rule);
    if (c->in.config->event_time && r->minute != MINUTE_NONE)
        context.now_ms = r->minute * 60000; /* the time of a replay is the events' */
    struct store_record record;
    if (c->unsettled_count == c->unsettled_capacity) {
        c->unsettled_capacity = c->unsettled_capacity ? c->unsettled_capacity * 2 : 16;
        c->unsettled = xrealloc(c->unsettled, c->unsettled_capacity * sizeof *c->unsettled);
    }
    c->unsettled[c->unsettled_count++] = (struct unsettled){c->cut.record_count, render_alert(&context, r, &record)};
    record.value = STR(""); /* its place in the cut is this one */
    cut_add(&c->cut, &record);
    c->revisions++;
    metric_add(c->in.metrics, METRIC_REVISIONS, r->change, 0, 1);
}

static void settle(void *arg, const struct telling *telling)
{
    struct committer *c = arg;
    const struct unsettled *one = &c->unsettled[c->settled++];
    notify_revision(c->notify, telling->notice, json_object_get(one->event, "data"));
    c->scratch.len = 0;
    struct str notice = render_telling(one->event, telling, &c->scratch);
    cut_fill(&c->cut, one->record, buffer_str(&c->scratch), (struct store_header){"notice", notice});
    if (c->settled == c->unsettled_count)
        c->settled = c->unsettled_count = 0;
}

static json_t *face(void *arg, const struct revision *lead, uint32_t region)
{
    struct render_context context = context_of(arg, lead->rule);
    return render_face(&context, lead, region);
}

static void incident(void *arg, const struct incident_revision *r)
{
    struct committer *c = arg;
    struct render_context context = context_of(c, NULL);
    if (c->in.config->event_time && r->minute != MINUTE_NONE)
        context.now_ms = r->minute * 60000;
    struct store_record record;
    c->scratch.len = 0;
    render_incident(&context, r, &c->scratch, &record);
    record.value = buffer_str(&c->scratch);
    cut_add(&c->cut, &record);
    c->revisions++;
    metric_add(c->in.metrics, METRIC_INCIDENT_REVISIONS, 0, 0, 1);
}

static void put_state(void *arg, struct str key, struct str value)
{
    struct committer *c = arg;
    struct store_record record = {.topic = STORE_STATE, .key = key, .value = value};
    cut_add(&c->cut, &record);
}

void publish_state(void *arg, const char *key, json_t *state)
{
    struct committer *c = arg;
    struct str text = {0};
    c->scratch.len = 0;
    if (state) {
        size_t size = json_dumpb(state, NULL, 0, JSON_COMPACT);
        json_dumpb(state, buffer_grow(&c->scratch, size), size, JSON_COMPACT);
        text = buffer_str(&c->scratch);
    }
    parts_put(c->parts, key, text, put_state, c);
    c->changed = true;
}

static void recorded(void *arg, const struct rule *rule, const struct episode *episode)
{
    struct committer *c = arg;
    (void)rule;
    (void)episode;
    metric_add(c->in.metrics, METRIC_RECORDED, 0, 0, 1);
}

static void shadowed(void *arg, const struct revision *revision)
{
    struct committer *c = arg;
    metric_add(c->in.metrics, METRIC_SHADOWED, 0, 0, 1);
    log_line(LOG_INFO, "shadow", "rule %s, on trial: alert %s %s, level %s", revision->rule->id, revision->alert->id,
             change_word(revision->change), generation_rules(c->in.generation)->level_name[revision->alert->level]);
}

void publish_answer(struct committer *c, uint32_t partition, int64_t offset, enum answer answer)
{
    metric_add(c->in.metrics, METRIC_DISPOSITIONS, (unsigned)answer, 0, 1);
    if (answer < ANSWER_REFUSED)
        return;
    struct reject reject = {.partition = partition, .offset = offset, .reason = answer_word(answer)};
    publish_reject(c, NULL, &reject);
    c->changed = true;
}

static void answer(void *arg, const struct disposition *d, enum answer answer)
{
    publish_answer(arg, d->partition, d->offset, answer);
}

const struct tracker_outputs committer_outputs = {publish, settle, publish_state, shadowed, recorded, answer, face, incident, NULL};

/* Never the record's own text, unless the source says so: it may hold a name or a number. */
void publish_reject(struct committer *c, const char *places, const struct reject *r)
{
    const struct source_partition *p = &c->in.partitions[r->partition];
    json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:I}", "reason", r->reason, "source",
                             catalogue_source(c->in.config->catalogue, p->source), "topic", p->name, "partition",
                             (int)p->number, "offset", (json_int_t)r->offset);
    char text[TIME_TEXT_SIZE];
    render_time(clock_now_ms(c->in.clock) / 1000, c->in.config->utc_offset_s, text);
    json_object_set_new(json, "at", json_string(text));
    if (r->place_len)
        json_object_set_new(json, "place", json_stringn(places + r->place_at, r->place_len));
    if (r->expected_len)
        json_object_set_new(json, "expected", json_stringn(places + r->expected_at, r->expected_len));
    if (r->late) {
        render_time(r->occurred_at, c->in.config->utc_offset_s, text);
        json_object_set_new(json, "occurred_at", json_string(text));
    }
    if (r->raw_len) {
        size_t size = sodium_base64_encoded_len(r->raw_len, sodium_base64_VARIANT_ORIGINAL);
        char *base64 = xmalloc(size);
        sodium_bin2base64(base64, size, (const unsigned char *)places + r->raw_at, r->raw_len,
                          sodium_base64_VARIANT_ORIGINAL);
        json_object_set_new(json, "raw_base64", json_string(base64));
        free(base64);
    }
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    c->scratch.len = 0;
    json_dumpb(json, buffer_grow(&c->scratch, size), size, JSON_COMPACT);
    json_decref(json);
    struct store_record record = {
        .topic = r->late ? STORE_LATE : STORE_DEAD_LETTER,
        .key = str_of(c->partition_names[r->partition]),
        .value = buffer_str(&c->scratch),
        .headers = {{"reason", str_of(r->reason)}},
        .header_count = 1,
    };
    cut_add(&c->cut, &record);
}

void publish_digests(struct committer *c, json_t *digests)
{
    struct render_context context = context_of(c, NULL);
    size_t i;
    json_t *digest;
    json_array_foreach(digests, i, digest)
    {
        json_t *data = json_object_get(digest, "data");
        const char *key = member_text(digest, "key");
        bool told = json_is_true(json_object_get(digest, "told"));
        context.now_ms = member_number(digest, "at") * 1000;
        c->scratch.len = 0;
        render_digest(&context, key, json_incref(data), &c->scratch);
        struct store_record record = {
            .topic = STORE_ALERTS,
            .key = str_of(key),
            .value = buffer_str(&c->scratch),
            .headers = {{"state", STR("digest")},
                        {"notice", told ? STR("told") : STR("held")},
                        {"street", str_of(member_text(json_object_get(data, "street"), "code"))},
                        {"content-type", STR("application/cloudevents+json; charset=UTF-8")}},
            .header_count = 4,
        };
        cut_add(&c->cut, &record);
        c->revisions++;
    }
    json_array_clear(digests);
}

void publish_heartbeat(struct committer *c, int64_t now_ms)
{
    c->heartbeat_ms = now_ms;
    render_progress(c); /* nothing may have been evaluated yet */
    struct render_context context = context_of(c, NULL);
    c->scratch.len = 0;
    render_heartbeat(&context, &c->scratch);
    struct store_record record = {
        .topic = STORE_ALERTS,
        .key = STR("heartbeat"),
        .value = buffer_str(&c->scratch),
        .headers = {{"state", STR("heartbeat")},
                    {"content-type", STR("application/cloudevents+json; charset=UTF-8")}},
        .header_count = 2,
    };
    cut_add(&c->cut, &record);
}
