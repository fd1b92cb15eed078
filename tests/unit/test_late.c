/* When what was found is told: at once where it is new, and at once with what comes in a quarter of a second where it had
 * lain in its topic for long.  In a world of the simulation, by its log, at a clock that is set by hand. */
#include "core.h"
#include "log.h"
#include "world.h"

#include "base/log.h"
#include "shard/shard.h"

enum { AT = 1768176000, HOUR_MS = 3600000, MOST_MS = 250 };

static const char twice_a_region[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 60m, levels: {yellow: c >= 2},\n"
                                     "     clear: {after: 5m}}\n";

static char directory[256];

struct bench {
    struct world *world;
    struct memory_log *log;
    struct metrics *metrics;
    struct rule_set *rules;
    struct log_client *client;
    struct store store;
    struct source source;
    struct shard *shard;
    struct clock clock;
    int64_t now_ms;
    int events;
};

static int64_t now(void *arg)
{
    return ((const struct bench *)arg)->now_ms;
}

static struct rule_set *rules_of(const struct world *w)
{
    char path[300];
    struct problems problems = {0};
    struct rule_context context = config_rule_context(w->config);
    snprintf(path, sizeof path, "%s/twice.yaml", directory);
    FILE *out = fopen(path, "we");
    CHECK(out && fputs(twice_a_region, out) >= 0 && fclose(out) == 0);
    struct rule_set *set = rule_set_load(path, &context, &problems);
    problems_print(&problems, stderr);
    CHECK(set);
    return set;
}

static void call(struct bench *b, const char *region, int64_t stamped_ms)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"id\":\"e%d\",\"at\":\"%d\",\"kind\":\"created\",\"region\":\"%s\",\"category\":\"labour\"}", b->events,
                       AT + b->events, region);
    b->log->now_ms = stamped_ms;
    memory_log_append(b->log, 0, text, (size_t)len, 0, b->events++);
}

static void step(struct bench *b)
{
    worker_step(shard_worker(b->shard, 0), 0);
    ck_assert_int_ne(committer_step(shard_committer(b->shard)), STEP_LOST);
}

/* two calls of one grid are a threshold crossed; the first of them, of two grids, is committed when this returns */
static void bench_open(struct bench *b)
{
    *b = (struct bench){.world = world_create(1, WORLD_ORDERED, directory), .now_ms = (AT + 60) * INT64_C(1000)};
    b->clock = (struct clock){now, b};
    b->log = memory_log_create(b->world->partitions, b->world->partition_count);
    b->metrics = shard_metrics(b->world->config, NULL, 0);
    b->rules = rules_of(b->world);
    b->client = log_client_create(b->log);
    b->store = log_client_store(b->client);
    b->source = log_client_source(b->client);
    log_client_fetch(b->client, 100);
    b->shard = shard_create(&(struct shard_inputs){.config = b->world->config,
                                                   .rules = b->rules,
                                                   .clock = &b->clock,
                                                   .source = &b->source,
                                                   .store = &b->store,
                                                   .metrics = b->metrics,
                                                   .workers = 1});
    ck_assert(shard_lead(b->shard));
    call(b, "9111", b->now_ms);
    call(b, "9121", b->now_ms);
    for (int i = 0; i < 4; i++) {
        worker_step(shard_worker(b->shard, 0), 0);
        ck_assert_int_ne(committer_flush(shard_committer(b->shard)), STEP_LOST);
    }
}

static void bench_close(struct bench *b)
{
    shard_destroy(&b->shard);
    log_client_destroy(&b->client);
    rule_set_destroy(&b->rules);
    metrics_destroy(&b->metrics);
    memory_log_destroy(&b->log);
    world_destroy(&b->world);
}

/* how many alerts the newest transaction tells of, if there was one since `commits` */
static unsigned told_since(const struct bench *b, uint64_t commits)
{
    unsigned alerts = 0;
    for (size_t i = 0; i < b->log->entry_count && b->log->commits > commits; i++) {
        const struct log_entry *e = &b->log->entries[i];
        alerts += e->commit == b->log->commits && e->topic == STORE_ALERTS && !str_eq(e->key, STR("heartbeat"));
    }
    return alerts;
}

START_TEST(what_is_new_is_told_at_once)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms);
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 1);
    bench_close(&b);
}
END_TEST

START_TEST(what_was_late_anyway_is_told_together)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms - HOUR_MS);
    b.now_ms += MOST_MS / 2;
    step(&b);
    ck_assert_uint_eq(b.log->commits, commits);
    call(&b, "9121", b.now_ms - HOUR_MS);
    b.now_ms += MOST_MS / 2 - 1;
    step(&b);
    ck_assert_uint_eq(b.log->commits, commits);
    b.now_ms++;
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 2);
    bench_close(&b);
}
END_TEST

START_TEST(what_was_a_second_late_waits_for_a_twentieth_of_it)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms - 1000);
    step(&b);
    b.now_ms += 49;
    step(&b);
    ck_assert_uint_eq(b.log->commits, commits);
    b.now_ms++;
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 1);
    bench_close(&b);
}
END_TEST

START_TEST(nothing_new_waits_for_what_was_late)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms - HOUR_MS);
    step(&b);
    call(&b, "9121", b.now_ms);
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 2);
    bench_close(&b);
}
END_TEST

/* nor where the topic does not say when */
START_TEST(what_bears_no_time_is_told_at_once)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", 0);
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 1);
    bench_close(&b);
}
END_TEST

START_TEST(an_engine_that_leaves_waits_for_nothing)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms - HOUR_MS);
    step(&b);
    ck_assert_uint_eq(b.log->commits, commits);
    ck_assert_int_ne(committer_flush(shard_committer(b.shard)), STEP_LOST);
    ck_assert_uint_eq(told_since(&b, commits), 1);
    bench_close(&b);
}
END_TEST

START_TEST(a_clock_set_back_holds_up_nothing)
{
    struct bench b;
    bench_open(&b);
    uint64_t commits = b.log->commits;
    call(&b, "9111", b.now_ms - HOUR_MS);
    step(&b);
    b.now_ms -= HOUR_MS / 2;
    step(&b);
    ck_assert_uint_eq(told_since(&b, commits), 1);
    bench_close(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_new_is_told_at_once,
                                         what_was_late_anyway_is_told_together,
                                         what_was_a_second_late_waits_for_a_twentieth_of_it,
                                         nothing_new_waits_for_what_was_late,
                                         what_bears_no_time_is_told_at_once,
                                         an_engine_that_leaves_waits_for_nothing,
                                         a_clock_set_back_holds_up_nothing};
    log_level_set(LOG_ERROR);
    world_directory(directory, sizeof directory);
    Suite *suite = suite_create("late");
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        core_test(suite, tests[i]);
    int status = core_run(suite);
    world_directory_remove(directory);
    return status;
}
