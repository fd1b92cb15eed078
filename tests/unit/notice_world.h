/* What tests of who is told share: a shard in a world of the simulation, with rules of our own, a topic of dispositions, and
 * the clock in our hand. */
#ifndef GW_TESTS_NOTICE_WORLD_H
#define GW_TESTS_NOTICE_WORLD_H

#include "core.h"
#include "log.h"
#include "world.h"

#include "alert/render.h"
#include "base/log.h"
#include "shard/shard.h"

#include <jansson.h>
#include <stdarg.h>

enum { BEGIN = 1768176000 }; /* 2026-01-12T00:00:00Z */

struct desk {
    struct world *world;
    struct memory_log *log;
    struct metrics *metrics;
    struct rule_set *rules;
    unsigned generation;
    int64_t now_ms; /* of the machine, or of the events where no clock runs */
    struct clock clock;
    int events;
    uint32_t answers; /* the partition of dispositions */
    struct log_client *client;
    struct store store;
    struct source source;
    struct shard *shard;
    bool drain; /* from the next start on: what was sent is all there is */
};

static char desk_directory[256];

static inline int64_t desk_now(void *context)
{
    const struct desk *d = context;
    return d->world->config->event_time ? INT64_C(4102444800000) : d->now_ms; /* where it is of no matter, of 2100 */
}

static inline struct rule_set *desk_rules(const struct desk *d, const char *text)
{
    char path[300];
    struct problems problems = {0};
    struct rule_context context = config_rule_context(d->world->config);
    snprintf(path, sizeof path, "%s/edited.yaml", desk_directory);
    FILE *out = fopen(path, "we");
    CHECK(out && fputs(text, out) >= 0 && fclose(out) == 0);
    struct rule_set *set = rule_set_load(path, &context, &problems);
    problems_print(&problems, stderr);
    CHECK(set);
    problems_clear(&problems);
    return set;
}

static inline void desk_start(struct desk *d)
{
    d->client = log_client_create(d->log);
    d->store = log_client_store(d->client);
    d->source = log_client_source(d->client);
    log_client_fetch(d->client, 100);
    d->shard = shard_create(&(struct shard_inputs){.config = d->world->config,
                                                   .rules = d->rules,
                                                   .clock = &d->clock,
                                                   .source = &d->source,
                                                   .store = &d->store,
                                                   .metrics = d->metrics,
                                                   .workers = 1,
                                                   .drain = d->drain});
    ck_assert(shard_lead(d->shard));
}

static inline void desk_stop(struct desk *d)
{
    shard_destroy(&d->shard);
    log_client_destroy(&d->client);
}

/* as kill -9 and a new start: what is not in the log is gone */
static inline void desk_restart(struct desk *d)
{
    desk_stop(d);
    desk_start(d);
}

static inline void desk_reload(struct desk *d, const char *text)
{
    double pause;
    struct rule_set *before = d->rules;
    d->rules = desk_rules(d, text);
    const struct shard_rules rules = {.rules = d->rules, .number = ++d->generation};
    ck_assert(shard_reload(d->shard, &rules, NULL, &pause));
    rule_set_destroy(&before);
}

/* a topic of dispositions beside the world's sources */
static inline void desk_listen(struct desk *d)
{
    struct config *c = d->world->config;
    c->sources = xrealloc(c->sources, (c->source_count + 1) * sizeof *c->sources);
    c->sources[c->source_count] = (struct config_source){
        .name = xstrdup("dispositions"), .path = xstrdup("dispositions"), .skew_s = 600, .max_record_bytes = 10000};
    CHECK(catalogue_add_source(c->catalogue, "dispositions") == (int)c->source_count);
    d->answers = (uint32_t)d->world->partition_count;
    CHECK(d->world->partition_count < PARTITIONS_MAX);
    d->world->partitions[d->world->partition_count++] = (struct source_partition){c->source_count++, "dispositions", 0};
}

static inline void desk_open_by(struct desk *d, const char *rules, bool event_time)
{
    *d = (struct desk){.world = world_create(1, WORLD_ORDERED, desk_directory), .now_ms = BEGIN * INT64_C(1000), .generation = 1};
    d->clock = (struct clock){desk_now, d};
    d->world->config->event_time = event_time;
    for (unsigned i = 0; i < d->world->config->source_count; i++) { /* none falls silent here */
        d->world->config->sources[i].lateness_s = 60;
        d->world->config->sources[i].silent_after_s = 60 * 86400;
    }
    desk_listen(d);
    d->log = memory_log_create(d->world->partitions, d->world->partition_count);
    d->metrics = shard_metrics(d->world->config, NULL, 0);
    d->rules = desk_rules(d, rules);
    desk_start(d);
}

static inline void desk_open(struct desk *d, const char *rules)
{
    desk_open_by(d, rules, false);
}

static inline void desk_close(struct desk *d)
{
    desk_stop(d);
    rule_set_destroy(&d->rules);
    metrics_destroy(&d->metrics);
    memory_log_destroy(&d->log);
    world_destroy(&d->world);
}

/* everything that was sent is read, decided and committed */
static inline void desk_settle(struct desk *d)
{
    for (int i = 0; i < 12; i++) {
        worker_step(shard_worker(d->shard, 0), 0);
        ck_assert_int_ne(committer_flush(shard_committer(d->shard)), STEP_LOST);
    }
}

/* the clock goes on, second by second where a limit may be judged */
static inline void desk_wait(struct desk *d, int64_t seconds)
{
    int64_t jump = seconds > 60 ? seconds - 60 : 0;
    d->now_ms += jump * 1000;
    desk_settle(d);
    for (int64_t s = jump; s < seconds; s++) {
        d->now_ms += 1000;
        worker_step(shard_worker(d->shard, 0), 0);
        ck_assert_int_ne(committer_flush(shard_committer(d->shard)), STEP_LOST);
    }
    desk_settle(d);
}

static inline void desk_call(struct desk *d, const char *region, const char *category, int count)
{
    for (int i = 0; i < count; i++) {
        char text[256];
        int len = snprintf(text, sizeof text,
                           "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"%s\",\"category\":\"%s\"}",
                           d->events, (long long)(d->now_ms / 1000), region, category);
        memory_log_append(d->log, 0, text, (size_t)len, 0, d->events++);
    }
    desk_settle(d);
}

static inline void desk_say(struct desk *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void desk_say(struct desk *d, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memory_log_append(d->log, d->answers, text, (size_t)len, 0, -1);
    desk_settle(d);
}

/* of the clock and so many seconds later, as messages write it */
static inline const char *desk_time(const struct desk *d, int64_t later)
{
    static char text[4][TIME_TEXT_SIZE];
    static int turn;
    char *out = text[turn++ % 4];
    render_time(d->now_ms / 1000 + later, 0, out);
    return out;
}

static char desk_ids[26][64]; /* of the alerts, in the order in which they were first heard of */

static inline size_t desk_letter(const char *id)
{
    size_t letter = 0;
    while (letter < 25 && *desk_ids[letter] && strcmp(desk_ids[letter], id) != 0)
        letter++;
    snprintf(desk_ids[letter], sizeof desk_ids[0], "%s", id);
    return letter;
}

static inline bool desk_is_digest(const struct log_entry *e)
{
    return e->topic == STORE_ALERTS && e->key.len > 7 && memcmp(e->key.at, "digest/", 7) == 0;
}

/* digest 91 1 told 2: c yellow, d orange; of a storm: digest storm 1 told ... */
static inline size_t desk_digest(const json_t *data, char *out, size_t size)
{
    const char *place;
    int revision, told, over;
    size_t i, len;
    json_t *held, *entry;
    ck_assert_int_eq(json_unpack((json_t *)(uintptr_t)data, "{s:s, s:i, s:i, s:b, s:o}", "cause", &place, "revision", &revision, "told",
                                 &told, "over", &over, "held", &held),
                     0);
    if (strcmp(place, "budget") == 0)
        place = json_string_value(json_object_get(json_object_get(data, "street"), "code"));
    len = (size_t)snprintf(out, size, "digest %s %d%s told %d:", place, revision, over ? " over" : "", told);
    json_array_foreach(held, i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "alert_id"));
        len += (size_t)snprintf(out + len, size - len, "%s %c %s", i ? "," : "", (char)('a' + desk_letter(id)),
                                json_string_value(json_object_get(entry, "level")));
    }
    return len;
}

/* What was published, one revision after another: a letter for the alert, the change, the level; in brackets what holds it. */
static inline const char *desk_said(const struct desk *d)
{
    static char out[4096];
    size_t len = 0;
    out[0] = '\0';
    memset(desk_ids, 0, sizeof desk_ids);
    for (size_t i = 0; i < d->log->entry_count; i++) {
        const struct log_entry *e = &d->log->entries[i];
        if (e->topic != STORE_ALERTS || str_eq(e->key, STR("heartbeat")))
            continue;
        const char *type, *id, *level, *cause = NULL, *by = NULL;
        int told;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL), *limit, *unit;
        if (len)
            len += (size_t)snprintf(out + len, sizeof out - len, "; ");
        if (desk_is_digest(e)) {
            len += desk_digest(json_object_get(json, "data"), out + len, sizeof out - len);
            json_decref(json);
            continue;
        }
        ck_assert_int_eq(json_unpack(json, "{s:s, s:{s:s, s:s, s:{s:b, s?s, s?s}, s:{s:o, s:o}}}", "type", &type, "data", "alert_id",
                                     &id, "level", &level, "notice", "told", &told, "cause", &cause, "by", &by, "handling",
                                     "sign_by", &limit, "units", &unit),
                         0);
        ck_assert(told || json_is_null(limit));
        char letter = (char)('a' + desk_letter(id)), holder[2] = {0};
        if (by && strlen(by) == 32) { /* an alert that holds it, by its letter */
            holder[0] = (char)('a' + desk_letter(by));
            by = holder;
        }
        len += (size_t)snprintf(out + len, sizeof out - len, "%c %s %s%s%s%s%s%s", letter,
                                strrchr(type, '.') + 1, level, told ? "" : " (", told ? "" : cause, told ? "" : " ", told ? "" : by,
                                told ? "" : ")");
        json_decref(json);
    }
    return out;
}

#define expect_said(desk, words) ck_assert_str_eq(desk_said(desk), words)

static inline int desk_run(const char *name, const TTest *const *const *tests, size_t count)
{
    world_directory(desk_directory, sizeof desk_directory);
    Suite *suite = suite_create(name);
    for (size_t i = 0; i < count; i++)
        core_test(suite, *tests[i]);
    log_level_set(LOG_ERROR);
    int failed = core_run(suite);
    world_directory_remove(desk_directory);
    return failed;
}

#endif
