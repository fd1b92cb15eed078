/* The part of the judge that looks after progress: offsets, watermarks, the clock, silence.  It follows the engine
 * step by step, and knows of each partition what the engine can know, so that it can say what may be taken as
 * complete. */
#include "judge_priv.h"

#include "base/check.h"

#include <stddef.h>
#include <stdlib.h>

/* ---- the engine's steps ---- */

void judge_begin(struct judge *j, unsigned generation, int64_t now_ms)
{
    const struct config *config = j->world->config;
    if (!j->world->archived)
        judge_use(j, generation);
    for (unsigned s = 0; s < config_event_sources(config); s++) {
        j->sources[s].allowed = j->sources[s].watermark == INT64_MAX ? INT64_MIN : j->sources[s].watermark;
        j->sources[s].least = INT64_MIN;
        j->sources[s].horizon = j->sources[s].stored_horizon;
        j->sources[s].silent = j->sources[s].stored_silent;
        j->sources[s].heard_ms = j->cut ? j->sources[s].stored_heard_ms : now_ms;
    }
    for (size_t p = 0; p < j->world->partition_count; p++)
        j->inputs[p].taken = j->inputs[p].committed;
}

/* newest event time of what was handed over, less the lateness */
static int64_t complete(const struct judge *j, size_t partition, size_t handed)
{
    const struct input *input = &j->log->inputs[partition];
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < handed; i++) {
        int event = input->records[i].tag;
        if (event >= 0 && j->world->events[event].occurred_at > newest)
            newest = j->world->events[event].occurred_at;
    }
    return newest == INT64_MIN ? INT64_MIN : newest - j->world->config->sources[input->partition.source].lateness_s;
}

/* After a clock that was set back a silence counts anew from there: it is never longer than what has passed since. */
static void hear(struct judge *j, const struct watermarks *marks, int64_t now_ms)
{
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++) {
        j->sources[s].heard_before_ms = j->sources[s].heard_ms;
        if (j->sources[s].heard_ms > now_ms)
            j->sources[s].heard_ms = now_ms;
    }
    for (uint32_t p = 0; p < j->world->partition_count; p++) {
        struct judged_source *s = &j->sources[j->world->partitions[p].source];
        int64_t offset = marks->partitions[p].next_offset;
        if (offset > j->inputs[p].taken && offset > 0) { /* the end of an empty partition is no record */
            s->heard_ms = now_ms;
            s->silent = false;
        }
        j->inputs[p].taken = marks->partitions[p].next_offset;
    }
}

static void allow(struct judge *j, const struct log_client *client, unsigned source, bool all_taken, int64_t now_ms)
{
    const struct config_source *config = &j->world->config->sources[source];
    struct judged_source *judged = &j->sources[source];
    int64_t heard_until_ms = judged->heard_ms + (int64_t)config->silent_after_s * 1000;
    int64_t idle = (now_ms < heard_until_ms ? now_ms : heard_until_ms) / 1000 - config->lateness_s;
    int64_t allowed = INT64_MAX, least = INT64_MAX;
    for (uint32_t p = 0; p < j->world->partition_count; p++) {
        if (j->world->partitions[p].source != source)
            continue;
        enum record_kind last;
        int64_t known = complete(j, p, log_client_handed(client, p, &last)), most = known;
        if (last == RECORD_AT_END && j->draining)
            known = most = INT64_MAX;
        else if (last == RECORD_AT_END && !j->world->config->event_time && idle > known)
            most = idle;
        allowed = most < allowed ? most : allowed;
        least = known < least ? known : least;
    }
    if (allowed > judged->allowed)
        judged->allowed = allowed;
    if (all_taken && least > judged->least)
        judged->least = least;
}

void judge_drain(struct judge *j)
{
    j->draining = true;
}

void judge_step(struct judge *j, const struct log_client *client, const struct watermarks *marks, bool all_taken,
                int64_t now_ms)
{
    const struct config *config = j->world->config;
    bool wall = !config->event_time;
    if (now_ms < j->clock_ms)
        j->shift_count = 0; /* a clock that is set back: what was told then is forgotten here */
    j->clock_ms = now_ms;
    hear(j, marks, now_ms);
    for (unsigned s = 0; s < config_event_sources(config); s++) {
        allow(j, client, s, all_taken, now_ms);
        if (j->sources[s].silent && !marks->sources[s].silent && !j->draining)
            judge_fail(j, "nothing has come of %s, and its silence is over", config->sources[s].name);
        j->sources[s].silent = marks->sources[s].silent;
        if (wall && !j->sources[s].silent && now_ms / 60000 > j->sources[s].horizon)
            j->sources[s].horizon = now_ms / 60000;
        int64_t silence_ms = now_ms - j->sources[s].heard_ms;
        bool must = wall && silence_ms > (int64_t)config->sources[s].silent_after_s * 1000 &&
                    j->sources[s].allowed != INT64_MAX;
        if (must && !marks->sources[s].silent)
            judge_fail(j, "nothing has come of %s for %lld s, and it is not taken for silent",
                       config->sources[s].name, (long long)silence_ms / 1000);
    }
}

/* ---- what is told of it ---- */

static int64_t told_ms(const json_t *heard, const char *key)
{
    const char *point = strchr(judge_text_of(heard, key), '.');
    return judge_time_of(json_object_get(heard, key)) * 1000 + (point ? strtol(point + 1, NULL, 10) : 0);
}

/* What a new leader finds in what was kept, it may tell with its first step, as it was when it began to lead. */
static bool judge_heard_of(struct judge *j, const json_t *heard)
{
    const char *name = judge_text_of(heard, "source");
    unsigned s = 0;
    bool ever = false;
    while (strcmp(j->world->config->sources[s].name, name) != 0)
        if (++s == config_event_sources(j->world->config))
            return judge_fail(j, "there is no source %s to be heard", name);
    for (uint32_t p = 0; p < j->world->partition_count; p++)
        ever |= j->world->partitions[p].source == s && j->inputs[p].taken > 0;
    int64_t since = told_ms(heard, ever ? "heard_at" : "listening_since");
    int64_t heard_ms = told_ms(heard, "judged_at") == j->clock_ms ? j->sources[s].heard_ms : j->sources[s].heard_before_ms;
    if (since != heard_ms || !json_is_null(json_object_get(heard, ever ? "listening_since" : "heard_at")))
        return judge_fail(j, "%s is told as heard at %lld, and it was %s at %lld", name, (long long)since,
                          ever ? "heard" : "listened to", (long long)heard_ms);
    if (told_ms(heard, "silent_from") != since + (int64_t)j->world->config->sources[s].silent_after_s * 1000)
        return judge_fail(j, "%s is told as silent from another time than it was", name);
    return true;
}

bool judge_heard(struct judge *j, const json_t *evidence)
{
    size_t i;
    json_t *entry;
    bool good = true;
    json_array_foreach(evidence, i, entry)
    {
        const json_t *heard = json_object_get(entry, "heard");
        good = good && (!heard || judge_heard_of(j, heard));
    }
    return good;
}

/* ---- a rule's time ---- */

static uint64_t sources_of(const struct rule *rule)
{
    uint64_t sources = 0;
    for (unsigned s = 0; s < rule->selection_count; s++)
        sources |= rule->selections[s].sources;
    return sources;
}

static int64_t least_of(const struct judge *j, unsigned rule, size_t offset)
{
    int64_t least = INT64_MAX;
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++) {
        int64_t one = *(const int64_t *)(const void *)((const char *)&j->sources[s] + offset);
        if (sources_of(&j->rules->rules[rule]) >> s & 1 && one < least)
            least = one;
    }
    return least;
}

static int64_t minute_below(int64_t watermark)
{
    return watermark == INT64_MIN || watermark == INT64_MAX ? watermark : (watermark - 1) / 60;
}

int64_t judge_closed(const struct judge *j, unsigned rule)
{
    return minute_below(least_of(j, rule, offsetof(struct judged_source, watermark)));
}

int64_t judge_closed_before(const struct judge *j, unsigned rule)
{
    return minute_below(least_of(j, rule, offsetof(struct judged_source, before)));
}

int64_t judge_horizon(const struct judge *j, unsigned rule)
{
    return least_of(j, rule, offsetof(struct judged_source, horizon));
}

bool judge_silent(const struct judge *j, unsigned rule)
{
    bool silent = false;
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++)
        silent |= sources_of(&j->rules->rules[rule]) >> s & 1 && j->sources[s].silent;
    return silent;
}

/* ---- progress ---- */

static bool take_offsets(struct judge *j, const json_t *partitions)
{
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct source_partition *partition = &j->world->partitions[p];
        char name[64];
        snprintf(name, sizeof name, "%s/%d", partition->name, (int)partition->number);
        const json_t *one = json_object_get(json_object_get(partitions, name), "next_offset");
        int64_t offset = json_is_integer(one) ? json_integer_value(one) : -1;
        if (offset < j->inputs[p].committed)
            return judge_fail(j, "the offset of %s went back from %lld to %lld", name,
                              (long long)j->inputs[p].committed, (long long)offset);
        j->inputs[p].committed = offset;
    }
    return true;
}

static bool take_watermarks(struct judge *j, const json_t *sources)
{
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++) {
        struct judged_source *judged = &j->sources[s];
        const char *name = j->world->config->sources[s].name;
        const json_t *one = json_object_get(json_object_get(sources, name), "watermark");
        int64_t watermark = json_is_integer(one) ? json_integer_value(one) : INT64_MIN;
        /* what drained once may be asked again, see progress.c */
        if (watermark < judged->watermark && judged->watermark != INT64_MAX)
            return judge_fail(j, "the watermark of %s went back from %lld to %lld", name,
                              (long long)judged->watermark, (long long)watermark);
        if (watermark > judged->allowed && watermark > judged->watermark && !j->world->tight)
            return judge_fail(j, "the watermark of %s is %lld, but only %lld is known to be complete", name,
                              (long long)watermark, (long long)judged->allowed);
        if (watermark < judged->least && !j->world->tight)
            return judge_fail(j, "the watermark of %s is %lld, but all is known up to %lld", name,
                              (long long)watermark, (long long)judged->least);
        judged->watermark = watermark;
        judged->stored_heard_ms = judged->heard_ms;
        judged->stored_silent = judged->silent;
        const json_t *horizon = json_object_get(json_object_get(sources, name), "horizon");
        judged->stored_horizon = json_is_integer(horizon) ? json_integer_value(horizon) : MODEL_NONE;
        if (judged->stored_horizon != judged->horizon)
            return judge_fail(j, "the clock was followed up to minute %lld, not %lld", (long long)judged->horizon,
                              (long long)judged->stored_horizon);
    }
    return true;
}

bool judge_progress(struct judge *j, struct str value)
{
    json_t *json = json_loadb(value.at, value.len, 0, NULL);
    uint64_t cut = (uint64_t)json_integer_value(json_object_get(json, "cut"));
    bool good = true;
    if (cut != j->cut + 1)
        good = judge_fail(j, "cut %llu came after cut %llu", (unsigned long long)cut, (unsigned long long)j->cut);
    j->cut = cut;
    j->floor = json_integer_value(json_object_get(json, "floor"));
    good = good && take_offsets(j, json_object_get(json, "partitions")) &&
           take_watermarks(j, json_object_get(json, "sources"));
    json_decref(json);
    return good;
}
