/* What subscribers are told of one rule: when it is edited, the same in a reload as over a restart; when late facts show
 * that what was over too long ago to be raised was the beginning of an alert; and when an alert is found to have begun
 * later, by facts or by the edit, than was thought; and of one that was over before anybody knew.  In a world of the simulation, by its log,
 * with rules and events of our own. */
#include "core.h"
#include "log.h"
#include "world.h"

#include "base/log.h"
#include "shard/shard.h"

#include <jansson.h>

enum { AT = 1768176000, STEPS = 20 };

static char directory[256];

static const char by_first_segment[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district, each: category.1,\n"
                                       "     within: 60m, levels: {yellow: c >= 2}, clear: {after: 5m}}\n";
static const char by_second_segment[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district, each: category.2,\n"
                                        "     within: 60m, levels: {yellow: c >= 2}, clear: {after: 5m}}\n";
static const char of_all[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district,\n"
                             "     within: 60m, levels: {yellow: c >= 2}, clear: {after: 5m}}\n";
static const char raised_within[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district,\n"
                                    "     within: 10m, levels: {yellow: c >= 2}, clear: {after: 0m}, raise_within: 30m}\n";
static const char for_long[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district,\n"
                               "     within: 8h, levels: {yellow: c >= 2}, clear: {after: 5m}}\n";
static const char of_labour_for_long[] = "rules:\n  - {id: r0, let: {c: {source: hotline, category: labour}}, per: district,\n"
                                         "     within: 8h, levels: {yellow: c >= 2}, clear: {after: 5m}}\n";
static const char against_hours_ago[] = "rules:\n  - {id: r0, let: {c: {source: hotline, category: noise}, d: {source: hotline, category: labour}},\n"
                                        "     per: grid, within: 10m, levels: {yellow: 'c >= 2 and change(d, 4h) <= 0.5'},\n"
                                        "     clear: {when: c < 2, after: 0m}}\n";
static const char of_two_levels[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district,\n"
                                    "     within: 10m, levels: {yellow: c >= 2, orange: c >= 4}, clear: {after: 0m}}\n";
static const char again_and_again[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: district,\n"
                                      "     within: 1m, levels: {yellow: c >= 1}, clear: {after: 0m}, raise_within: 30d}\n";
static const char less_often[] = "rules:\n  - {id: r0, let: {c: {source: hotline, category: noise}}, per: district,\n"
                                 "     within: 1m, levels: {yellow: c >= 1}, clear: {after: 0m}, raise_within: 30d}\n";
static const char of_silence[] = "rules:\n  - {id: r0, per: district, levels: {yellow: silent(petition)}, clear: {after: 0m}}\n";

/* ---- a shard, its rules before and after ---- */

struct bench {
    struct world *world;
    struct memory_log *log;
    struct metrics *metrics;
    struct rule_set *before, *after;
    int events;
    struct log_client *client;
    struct store store;
    struct source source;
    struct shard *shard;
};

static struct rule_set *rules_of(const struct world *w, const char *text)
{
    char path[300];
    struct problems problems = {0};
    struct rule_context context = config_rule_context(w->config);
    snprintf(path, sizeof path, "%s/edited.yaml", directory);
    FILE *out = fopen(path, "we");
    CHECK(out && fputs(text, out) >= 0 && fclose(out) == 0);
    struct rule_set *set = rule_set_load(path, &context, &problems);
    problems_print(&problems, stderr);
    CHECK(set);
    problems_clear(&problems);
    return set;
}

static void start(struct bench *b, const struct rule_set *rules)
{
    b->client = log_client_create(b->log);
    b->store = log_client_store(b->client);
    b->source = log_client_source(b->client);
    log_client_fetch(b->client, 100);
    b->shard = shard_create(&(struct shard_inputs){.config = b->world->config,
                                                   .rules = rules,
                                                   .clock = &clock_system,
                                                   .source = &b->source,
                                                   .store = &b->store,
                                                   .metrics = b->metrics,
                                                   .workers = 1});
    ck_assert(shard_lead(b->shard));
}

static void stop(struct bench *b)
{
    shard_destroy(&b->shard);
    log_client_destroy(&b->client);
}

static void go_on(struct bench *b)
{
    for (int i = 0; i < STEPS; i++) {
        worker_step(shard_worker(b->shard, 0), 0);
        ck_assert_int_ne(committer_flush(shard_committer(b->shard)), STEP_LOST);
    }
}

/* in the hotline's first partition, or in all of them */
static void call(struct bench *b, int64_t at, const char *region, const char *category, bool everywhere)
{
    for (uint32_t p = 0, done = 0; p < b->world->partition_count && (everywhere || !done); p++) {
        if (b->world->partitions[p].source != 0)
            continue;
        char text[256];
        int len = snprintf(text, sizeof text,
                           "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"%s\",\"category\":\"%s\"}",
                           b->events, (long long)at, region, category);
        memory_log_append(b->log, p, text, (size_t)len, 0, b->events++);
        done++;
    }
}

static void take_back(struct bench *b, int64_t at, int event)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"voided\",\"target\":\"e%d\"}", b->events,
                       (long long)at, event);
    memory_log_append(b->log, 0, text, (size_t)len, 0, b->events++);
}

static void bench_open(struct bench *b, const char *before, const char *after)
{
    *b = (struct bench){.world = world_create(1, WORLD_ORDERED, directory)};
    b->log = memory_log_create(b->world->partitions, b->world->partition_count);
    b->metrics = shard_metrics(b->world->config, NULL, 0);
    b->before = rules_of(b->world, before);
    b->after = rules_of(b->world, after);
    start(b, b->before);
}

static void bench_close(struct bench *b)
{
    stop(b);
    rule_set_destroy(&b->before);
    rule_set_destroy(&b->after);
    metrics_destroy(&b->metrics);
    memory_log_destroy(&b->log);
    world_destroy(&b->world);
}

static void reload(struct bench *b)
{
    double pause;
    const struct shard_rules rules = {.rules = b->after, .number = 2};
    ck_assert(shard_reload(b->shard, &rules, NULL, &pause));
}

static void restart(struct bench *b)
{
    stop(b);
    start(b, b->after);
}

static void (*const ways[])(struct bench *) = {reload, restart};
enum { WAYS = sizeof ways / sizeof *ways };

/* all that was said, an alert's id aside: its first revision gives it a letter */
static void said(const struct bench *b, char *out, size_t size)
{
    char ids[4][64] = {{0}};
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < b->log->entry_count; i++) {
        const struct log_entry *e = &b->log->entries[i];
        if (e->topic != STORE_ALERTS || str_eq(e->key, STR("heartbeat")))
            continue;
        const char *id, *state, *reason = "";
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        ck_assert_int_eq(json_unpack(json, "{s:{s:s, s:s, s?s}}", "data", "alert_id", &id, "state", &state, "reason", &reason), 0);
        unsigned letter = 0;
        while (ids[letter][0] && strcmp(ids[letter], id) != 0)
            letter++;
        snprintf(ids[letter], sizeof ids[letter], "%s", id);
        len += (size_t)snprintf(out + len, size - len, "%c %s%s%s; ", 'a' + letter, state, strcmp(state, "firing") == 0 ? "" : ": ",
                                strcmp(state, "firing") == 0 ? "" : reason);
        json_decref(json);
    }
}

#define expect_said(bench, words)                                                                                      \
    do {                                                                                                               \
        char heard[1024];                                                                                              \
        said(bench, heard, sizeof heard);                                                                              \
        ck_assert_str_eq(heard, words);                                                                                \
    } while (0)

static void expect(const char *before, const char *after, const char *category, int way, const char *words)
{
    struct bench b;
    bench_open(&b, before, after);
    call(&b, AT, "9111", category, false);
    call(&b, AT + 1, "9111", category, false);
    go_on(&b);
    ways[way](&b);
    go_on(&b);
    expect_said(&b, words);
    bench_close(&b);
}

/* ---- edits ---- */

/* the category has one segment, and is the same at either depth */
START_TEST(each_deeper_and_the_same)
{
    expect(by_first_segment, by_second_segment, "noise", _i, "a firing; ");
}
END_TEST

START_TEST(each_deeper_and_another)
{
    expect(by_first_segment, by_second_segment, "labour.wages", _i,
           "a firing; b firing; a withdrawn: the rule was changed; ");
}
END_TEST

START_TEST(each_no_more)
{
    expect(by_first_segment, of_all, "noise", _i, "a firing; a withdrawn: the rule was removed; b firing; ");
}
END_TEST

/* where no clock runs nobody judges such a rule, nor what it was before */
START_TEST(of_silence_now)
{
    expect(of_all, of_silence, "noise", _i, "a firing; a withdrawn: the rule was removed; ");
}
END_TEST

/* ---- what was only recorded ---- */

static void nothing(struct bench *b)
{
    (void)b;
}

/* of the last revision */
static void opened_at(const struct bench *b, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < b->log->entry_count; i++) {
        const struct log_entry *e = &b->log->entries[i];
        if (e->topic != STORE_ALERTS || str_eq(e->key, STR("heartbeat")))
            continue;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        snprintf(out, size, "%s", json_string_value(json_object_get(json_object_get(json, "data"), "opened_at")));
        json_decref(json);
    }
}

static void (*const between[])(struct bench *) = {nothing, reload, restart};
enum { BETWEEN = sizeof between / sizeof *between };

START_TEST(recorded_and_then_joined)
{
    struct bench b;
    char text[1024];
    bench_open(&b, raised_within, raised_within);
    call(&b, AT + 4 * 3600, "9", "noise", true); /* up to there all is in, as far as anybody knows */
    go_on(&b);
    call(&b, AT + 60, "9111", "noise", false);
    for (int minute = 2; minute < 40; minute += 4)
        call(&b, AT + minute * 60, "9111", "noise", false);
    go_on(&b);
    expect_said(&b, "");
    between[_i](&b);
    for (int minute = 42; minute < 4 * 60; minute += 4)
        call(&b, AT + minute * 60, "9111", "noise", false);
    go_on(&b);
    expect_said(&b, "a firing; ");
    opened_at(&b, text, sizeof text);
    ck_assert_str_eq(text, "2026-01-12T00:02:00+00:00");
    bench_close(&b);
}
END_TEST

/* ---- what has lasted since anything was said ---- */

START_TEST(begun_later_than_was_thought)
{
    struct bench b;
    bench_open(&b, for_long, for_long);
    call(&b, AT, "9111", "noise", false);
    call(&b, AT + 1, "9111", "noise", false);
    go_on(&b);
    call(&b, AT + 2 * 3600, "9111", "noise", false);
    go_on(&b);
    between[_i](&b);
    take_back(&b, AT + 2 * 3600 + 60, 0);
    go_on(&b);
    expect_said(&b, "a firing; ");
    bench_close(&b);
}
END_TEST

/* nothing was heard of late, so that by either rule its beginning is closed and what it was is not over */
START_TEST(begun_later_by_the_new_rule)
{
    struct bench b;
    bench_open(&b, for_long, of_labour_for_long);
    call(&b, AT, "9111", "noise", false);
    call(&b, AT + 1, "9111", "noise", false);
    go_on(&b);
    call(&b, AT + 2 * 3600, "9111", "labour", false);
    call(&b, AT + 2 * 3600 + 1, "9111", "labour", false);
    call(&b, AT + 4 * 3600, "9", "noise", true);
    go_on(&b);
    ways[_i](&b);
    go_on(&b);
    expect_said(&b, "a firing; ");
    bench_close(&b);
}
END_TEST

/* ---- what was late, and counts hours after its time ---- */

START_TEST(late_facts_are_held_against_later_ones)
{
    struct bench b;
    bench_open(&b, against_hours_ago, against_hours_ago);
    call(&b, AT + 4 * 3600, "9111", "noise", false);
    call(&b, AT + 4 * 3600 + 1, "9111", "noise", false);
    call(&b, AT + 4 * 3600 + 2, "9111", "labour", false);
    call(&b, AT + 9 * 3600, "9", "noise", true); /* all is over, and nobody looks at the grid any more */
    go_on(&b);
    expect_said(&b, "");
    call(&b, AT, "9111", "labour", false);
    call(&b, AT + 1, "9111", "labour", false);
    go_on(&b);
    expect_said(&b, "a firing; a resolved: ; ");
    bench_close(&b);
}
END_TEST

/* ---- what was over before anybody was told ---- */

START_TEST(raised_at_its_highest)
{
    struct bench b;
    bench_open(&b, of_two_levels, of_two_levels);
    for (int second = 0; second < 4; second++)
        call(&b, AT + second + (second < 2 ? 0 : 240), "9111", "noise", false);
    call(&b, AT + 4 * 3600, "9", "noise", true);
    go_on(&b);
    expect_said(&b, "a firing; a resolved: ; ");
    for (size_t i = 0; i < b.log->entry_count; i++) {
        const struct log_entry *e = &b.log->entries[i];
        if (e->topic != STORE_ALERTS || str_eq(e->key, STR("heartbeat")))
            continue;
        int value;
        const char *level;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        ck_assert_int_eq(json_unpack(json, "{s:{s:s, s:[{s:i}]}}", "data", "level", &level, "evidence", "value", &value), 0);
        ck_assert_str_eq(level, "orange");
        ck_assert_int_eq(value, 4);
        json_decref(json);
        break;
    }
    bench_close(&b);
}
END_TEST

/* ---- what is more than fits into a record ---- */

static size_t most_bytes(const struct bench *b, enum store_topic topic)
{
    size_t most = 0;
    for (size_t i = 0; i < b->log->entry_count; i++)
        if (b->log->entries[i].topic == topic && b->log->entries[i].value.len > most)
            most = b->log->entries[i].value.len;
    return most;
}

static size_t revisions_said(const struct bench *b)
{
    size_t count = 0;
    for (size_t i = 0; i < b->log->entry_count; i++)
        count += b->log->entries[i].topic == STORE_ALERTS && !str_eq(b->log->entries[i].key, STR("heartbeat"));
    return count;
}

START_TEST(many_alerts_of_one_subject)
{
    enum { ALERTS = 2000 };
    struct bench b;
    bench_open(&b, again_and_again, again_and_again);
    for (int i = 0; i < ALERTS; i++)
        call(&b, AT + i * 180, "9111", "noise", false);
    call(&b, AT + ALERTS * 180 + 3600, "9111", "noise", true);
    for (int i = 0; i <= ALERTS / 1000; i++)
        go_on(&b);
    ck_assert_uint_ge(revisions_said(&b), 2 * ALERTS);
    ck_assert_uint_gt(most_bytes(&b, STORE_STATE), STORE_RECORD_MAX / 4);
    ck_assert_uint_le(most_bytes(&b, STORE_STATE), STORE_RECORD_MAX);
    size_t before = revisions_said(&b);
    between[_i](&b);
    take_back(&b, AT + 60, 0); /* all of them are compared with what was said */
    go_on(&b);
    ck_assert_uint_eq(revisions_said(&b), before + 1);
    bench_close(&b);
}
END_TEST

/* An edit withdraws what it does not raise; who edits often does not leave it all behind. */
START_TEST(many_edits)
{
    enum { EDITS = 40, CALLS = 40 };
    struct bench b;
    bench_open(&b, again_and_again, less_often);
    for (int i = 0; i < CALLS; i++)
        call(&b, AT + i * 180, "9111", i % 2 ? "noise" : "labour", false);
    call(&b, AT + CALLS * 180 + 3600, "9111", "noise", true);
    go_on(&b);
    size_t bytes = most_bytes(&b, STORE_STATE);
    for (int i = 0; i < EDITS; i++) {
        reload(&b);
        struct rule_set *was = b.before;
        b.before = b.after;
        b.after = was;
        call(&b, AT + CALLS * 180 + 3600 + i, "9", "noise", true);
        go_on(&b);
    }
    ck_assert_uint_ge(revisions_said(&b), EDITS * CALLS / 2);
    ck_assert_uint_le(most_bytes(&b, STORE_STATE), bytes * 2);
    bench_close(&b);
}
END_TEST

int main(void)
{
    log_level_set(LOG_ERROR);
    world_directory(directory, sizeof directory);
    Suite *suite = suite_create("told");
    TCase *cases = tcase_create("told");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, each_deeper_and_the_same, 0, WAYS);
    tcase_add_loop_test(cases, each_deeper_and_another, 0, WAYS);
    tcase_add_loop_test(cases, each_no_more, 0, WAYS);
    tcase_add_loop_test(cases, of_silence_now, 0, WAYS);
    tcase_add_loop_test(cases, recorded_and_then_joined, 0, BETWEEN);
    tcase_add_loop_test(cases, begun_later_than_was_thought, 0, BETWEEN);
    tcase_add_loop_test(cases, begun_later_by_the_new_rule, 0, WAYS);
    tcase_add_test(cases, late_facts_are_held_against_later_ones);
    tcase_add_test(cases, raised_at_its_highest);
    tcase_add_loop_test(cases, many_alerts_of_one_subject, 0, BETWEEN);
    tcase_add_test(cases, many_edits);
    suite_add_tcase(suite, cases);
    int status = core_run(suite);
    world_directory_remove(directory);
    return status;
}
