/* The record `progress` of the state topic: how far the input has been read, up to which event time it is taken to be
 * complete, and which rules have seen it.  It is part of every cut. */
#include "commit/committer_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "ledger/carry.h"
#include "sink/parts.h"

#include <stdlib.h>

static json_t *partitions_json(const struct committer *c)
{
    json_t *object = json_object();
    for (size_t i = 0; i < c->in.partition_count; i++) {
        const struct partition_progress *p = &c->marks.partitions[i];
        json_object_set_new(object, c->partition_names[i],
                            json_pack("{s:I, s:I, s:I}", "next_offset", (json_int_t)p->next_offset, "newest",
                                      (json_int_t)p->newest, "heard_ms", (json_int_t)p->heard_ms));
    }
    return object;
}

static json_t *sources_json(const struct committer *c)
{
    json_t *object = json_object();
    for (size_t i = 0; i < c->marks.source_count; i++) {
        const struct source_progress *s = &c->marks.sources[i];
        json_object_set_new(object, catalogue_source(c->in.config->catalogue, (unsigned)i),
                            json_pack("{s:I, s:I, s:I, s:I, s:b, s:b}", "watermark", (json_int_t)s->watermark, "horizon",
                                      (json_int_t)s->horizon, "heard_ms", (json_int_t)s->heard_ms, "thawed_ms",
                                      (json_int_t)s->thawed_ms, "heard", s->heard, "silent", s->silent));
    }
    return object;
}

static json_t *rules_json(const struct rule_set *rules)
{
    json_t *object = json_object();
    for (unsigned r = 0; r < rules->count; r++) {
        char digest[24];
        snprintf(digest, sizeof digest, "%016llx", (unsigned long long)rules->rules[r].digest);
        json_object_set_new(object, rules->rules[r].id, json_string(digest));
    }
    return object;
}

void progress_store(struct committer *c)
{
    json_t *json = json_pack("{s:i, s:I, s:I, s:o, s:o, s:o}", "format", 1, "cut", (json_int_t)c->number, "floor",
                             (json_int_t)ledger_left_below(c->in.ledger, SHELF_FACTS), "partitions", partitions_json(c), "sources",
                             sources_json(c), "rules", rules_json(generation_rules(c->in.generation)));
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    c->scratch.len = 0;
    json_dumpb(json, buffer_grow(&c->scratch, size), size, JSON_COMPACT);
    json_decref(json);
    struct store_record record = {.topic = STORE_STATE, .key = STR(PROGRESS_KEY), .value = buffer_str(&c->scratch)};
    cut_add(&c->cut, &record);
}

static int64_t integer(const json_t *object, const char *name, int64_t absent)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : absent;
}

/* a state of an earlier version, which did not say whether a source had been heard: it was, where an event of it is known */
static bool has_event(const struct committer *c, size_t source)
{
    for (size_t i = 0; i < c->in.partition_count; i++)
        if (c->marks.partitions[i].source == source && c->marks.partitions[i].newest != INT64_MIN)
            return true;
    return false;
}

static bool restore(struct committer *c, const json_t *json)
{
    if (integer(json, "format", 0) != 1)
        return false;
    c->number = (uint64_t)integer(json, "cut", 0) + 1;
    atomic_store(&c->committed, c->number - 1);
    const json_t *partitions = json_object_get(json, "partitions"), *sources = json_object_get(json, "sources");
    for (size_t i = 0; i < c->in.partition_count; i++) {
        const json_t *one = json_object_get(partitions, c->partition_names[i]);
        c->marks.partitions[i].next_offset = integer(one, "next_offset", -1);
        c->marks.partitions[i].newest = integer(one, "newest", INT64_MIN);
        /* a restart in a silence does not end it */
        c->marks.partitions[i].heard_ms = integer(one, "heard_ms", c->marks.partitions[i].heard_ms);
    }
    for (size_t i = 0; i < c->marks.source_count; i++) {
        const json_t *one = json_object_get(sources, catalogue_source(c->in.config->catalogue, (unsigned)i));
        struct source_progress *s = &c->marks.sources[i];
        s->heard_ms = integer(one, "heard_ms", s->heard_ms);
        s->thawed_ms = integer(one, "thawed_ms", INT64_MIN);
        s->silent = json_is_true(json_object_get(one, "silent"));
        const json_t *heard = json_object_get(one, "heard");
        s->heard = heard ? json_is_true(heard) : has_event(c, i);
        s->horizon = integer(one, "horizon", MINUTE_NONE);
        s->watermark = integer(one, "watermark", WATERMARK_NONE);
        /* a drained run closed everything; what has come since is to be judged by itself */
        if (s->watermark == WATERMARK_ALL)
            s->watermark = WATERMARK_NONE;
    }
    json_decref(c->known_rules);
    c->known_rules = json_incref(json_object_get(json, "rules"));
    return true;
}

int64_t progress_floor(struct str value)
{
    json_t *json = json_loadb(value.at, value.len, 0, NULL);
    int64_t floor = integer(json, "floor", 0);
    json_decref(json);
    return floor > 0 ? floor : 0;
}

static bool restore_one(struct committer *c, struct str key, struct str value)
{
    if (key.len > strlen(INCIDENT_KEY) && memcmp(key.at, INCIDENT_KEY, strlen(INCIDENT_KEY)) == 0)
        return tracker_restore(c->tracker, key, value);
    if (key.len > strlen(TRACKER_KEY) && memcmp(key.at, TRACKER_KEY, strlen(TRACKER_KEY)) == 0)
        return tracker_restore(c->tracker, key, value);
    bool kept;
    if (notify_restore(c->notify, key, value, &kept)) {
        if (!kept)
            log_line(LOG_ERROR, "recover", "state record '%.*s' is not understood", STR_ARG(key));
        return kept;
    }
    if (!str_eq(key, STR(PROGRESS_KEY)))
        return true; /* of a later version */
    json_t *json = json_loadb(value.at, value.len, 0, NULL);
    bool good = json && restore(c, json);
    if (!good)
        log_line(LOG_ERROR, "recover", "the record '" PROGRESS_KEY "' of the state topic is not understood");
    json_decref(json);
    return good;
}

void committer_restore(struct committer *c, const json_t *state)
{
    const char *key;
    json_t *value;
    struct buffer text = {0};
    json_object_foreach((json_t *)(uintptr_t)state, key, value)
    {
        text.len = 0;
        if (parts_further(key))
            continue;
        if (!parts_join(state, key, c->parts, &text))
            log_line(LOG_ERROR, "recover", "state record '%s' lacks a part", key);
        else
            restore_one(c, str_of(key), buffer_str(&text));
    }
    buffer_free(&text);
}

void committer_offsets(const struct committer *c, int64_t *offsets)
{
    for (size_t i = 0; i < c->in.partition_count; i++)
        offsets[i] = c->marks.partitions[i].next_offset;
}

bool committer_knows_rule(const struct committer *c, const struct rule *rule)
{
    char digest[24];
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)rule->digest);
    const char *known = json_string_value(json_object_get(c->known_rules, rule->id));
    return known && strcmp(known, digest) == 0;
}
