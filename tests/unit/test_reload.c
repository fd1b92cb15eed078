/* Rules that change in a shard, by hand and with threads: it goes through, or ends in good order; and what an edit would open is
 * told from the ledger of a shard that runs as it is from one at rest.  In worlds from a seed, by the simulation's log.
 *
 * Real threads, so this is what ThreadSanitizer looks at. */
#include "core.h"
#include "log.h"
#include "world.h"

#include "base/log.h"
#include "replay/comparison.h"
#include "shard/shard.h"

enum { WORLDS = 12, WORKERS = 2, FINISH_WITHIN_MS = 60000 };

static char directory[256];

/* ---- a shard on a world ---- */

struct bench {
    struct world *world;
    struct memory_log *log;
    struct log_client *client;
    struct store store;
    struct source source;
    struct metrics *metrics;
    struct rule_set *edited; /* the world's rules, but for the first, and one of its own */
    struct shard *shard;
};

static struct rule_set *edited_rules(const struct world *w)
{
    char path[300];
    struct problems problems = {0};
    struct rule_context context = config_rule_context(w->config);
    snprintf(path, sizeof path, "%s/edited.yaml", directory);
    FILE *out = fopen(path, "we");
    CHECK(out);
    fprintf(out, "rules:\n  - id: r0\n    title: edited\n    let: {c: {}}\n    per: community\n    within: 30m\n"
                 "    levels: {%s: c >= 2}\n    clear: {after: 5m}\n    raise_within: 20d\n", context.level_names[0]);
    CHECK(fclose(out) == 0);
    struct rule_set *set = rule_set_load(path, &context, &problems);
    problems_print(&problems, stderr);
    CHECK(set);
    problems_clear(&problems);
    return set;
}

static void bench_open(struct bench *b, uint64_t seed)
{
    char text[1024];
    *b = (struct bench){.world = world_create(seed, WORLD_ORDERED, directory)};
    const struct world *w = b->world;
    b->log = memory_log_create(w->partitions, w->partition_count);
    for (size_t i = 0; i < w->record_count; i++) {
        size_t len = world_render(w, &w->records[i], text, sizeof text);
        memory_log_append(b->log, w->records[i].partition, text, len, 0, w->records[i].event);
    }
    b->client = log_client_create(b->log);
    b->store = log_client_store(b->client);
    b->source = log_client_source(b->client);
    b->metrics = shard_metrics(w->config, NULL, 0);
    b->edited = edited_rules(w);
    log_client_fetch(b->client, 5);
    b->shard = shard_create(&(struct shard_inputs){.config = w->config,
                                                   .clock = &clock_system,
                                                   .source = &b->source,
                                                   .store = &b->store,
                                                   .metrics = b->metrics,
                                                   .workers = WORKERS,
                                                   .drain = true});
    ck_assert(shard_lead(b->shard));
}

static void bench_close(struct bench *b)
{
    shard_destroy(&b->shard);
    metrics_destroy(&b->metrics);
    log_client_destroy(&b->client);
    memory_log_destroy(&b->log);
    rule_set_destroy(&b->edited);
    world_destroy(&b->world);
}

static void finish(struct bench *b)
{
    enum step_result why = STEP_IDLE;
    for (int waited = 0; !shard_stopped(b->shard, &why); waited++) {
        ck_assert_msg(waited < FINISH_WITHIN_MS, "no end");
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    ck_assert_int_eq(why, STEP_FINISHED);
    shard_stop(b->shard);
}

static struct shard_rules second_of(const struct bench *b)
{
    return (struct shard_rules){.rules = b->edited, .number = 2};
}

/* ---- by hand ---- */

static void step_by_hand(struct bench *b, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        worker_step(shard_worker(b->shard, i % WORKERS), 0);
        committer_step(shard_committer(b->shard));
    }
}

START_TEST(by_hand_it_goes_through)
{
    struct bench b;
    struct shard_rules rules;
    double pause;
    bench_open(&b, core_dice().state);
    step_by_hand(&b, 20);
    worker_step(shard_worker(b.shard, 0), 0); /* handed over, and taken by nobody yet */
    rules = second_of(&b);
    ck_assert(shard_reload(b.shard, &rules, NULL, &pause));
    ck_assert_uint_eq(generation_number(shard_generation(b.shard)), 2);
    ck_assert(committer_generation_committed(shard_committer(b.shard)));
    step_by_hand(&b, 20);
    bench_close(&b);
}
END_TEST

START_TEST(by_hand_a_store_that_is_lost_ends_it)
{
    static const enum commit_fault faults[] = {COMMIT_LOST_BEFORE, COMMIT_LOST_AFTER, COMMIT_ABORTED};
    struct bench b;
    struct shard_rules rules;
    double pause;
    bench_open(&b, core_dice().state);
    step_by_hand(&b, 20);
    b.log->next_fault = faults[_i];
    rules = second_of(&b);
    ck_assert(!shard_reload(b.shard, &rules, NULL, &pause));
    ck_assert(!committer_generation_committed(shard_committer(b.shard)) || generation_number(committer_generation(shard_committer(b.shard))) == 1);
    bench_close(&b);
}
END_TEST

/* ---- with threads ---- */

START_TEST(with_threads_it_goes_through)
{
    struct bench b;
    struct shard_rules rules;
    double pause;
    bench_open(&b, core_dice().state + (uint64_t)_i);
    shard_start(b.shard);
    rules = second_of(&b);
    bool done = shard_reload(b.shard, &rules, NULL, &pause); /* or the input ended first */
    enum step_result why;
    ck_assert(done || shard_stopped(b.shard, &why));
    finish(&b);
    bench_close(&b);
}
END_TEST

START_TEST(nobody_wants_it_any_more)
{
    struct bench b;
    struct shard_rules rules;
    double pause;
    atomic_bool over = true;
    bench_open(&b, core_dice().state);
    step_by_hand(&b, 40); /* so that there is something to be counted */
    shard_start(b.shard);
    rules = second_of(&b);
    ck_assert(!shard_reload(b.shard, &rules, &(struct patience){.over = &over}, &pause));
    ck_assert_uint_eq(generation_number(committer_generation(shard_committer(b.shard))), 1);
    ck_assert_int_ne(shard_stop(b.shard), STEP_LOST);
    bench_close(&b);
}
END_TEST

START_TEST(with_threads_counters_are_renewed)
{
    struct bench b;
    enum step_result why;
    bench_open(&b, core_dice().state + (uint64_t)_i);
    shard_start(b.shard);
    unsigned renewed = 0;
    while (shard_renew(b.shard, NULL)) /* until the input ends */
        renewed++;
    ck_assert(shard_stopped(b.shard, &why));
    ck_assert_int_eq(metric_value(b.metrics, METRIC_RENEWALS, 0, 0), renewed);
    ck_assert_uint_eq(generation_number(shard_generation(b.shard)), 1);
    finish(&b);
    bench_close(&b);
}
END_TEST

START_TEST(a_renewal_makes_way_for_other_rules)
{
    struct bench b;
    struct shard_rules rules;
    double pause;
    atomic_bool over = true;
    enum step_result why;
    bench_open(&b, core_dice().state);
    step_by_hand(&b, 40);
    shard_start(b.shard);
    ck_assert(!shard_renew(b.shard, &(struct patience){.over = &over}));
    rules = second_of(&b);
    ck_assert(shard_reload(b.shard, &rules, NULL, &pause) || shard_stopped(b.shard, &why));
    finish(&b);
    bench_close(&b);
}
END_TEST

/* ---- what an edit would open ---- */

static size_t ask(struct bench *b, size_t alerts_max, bool *whole)
{
    struct comparison c;
    ledger_begin(shard_reader(b->shard));
    struct past *past = past_of(b->world->config, shard_ledger(b->shard));
    *whole = compare_edit(&c, past, b->world->config->rules, b->edited, INT64_MIN, alerts_max, NULL);
    size_t called = c.differences.called;
    comparison_clear(&c);
    past_destroy(&past);
    ledger_end(shard_reader(b->shard));
    return called;
}

/* by all rules of both */
static size_t ask_of_all(struct bench *b)
{
    struct comparison c;
    struct past *past = past_of(b->world->config, shard_ledger(b->shard));
    compare_rules(&c, past, b->world->config->rules, b->edited, INT64_MIN);
    size_t called = c.differences.called;
    comparison_clear(&c);
    past_destroy(&past);
    return called;
}

START_TEST(an_edit_is_told_of_a_shard_that_runs)
{
    struct bench b;
    bool whole;
    enum step_result why;
    bench_open(&b, core_dice().state + (uint64_t)_i);
    shard_start(b.shard);
    unsigned asked = 0;
    do {
        ask(&b, SIZE_MAX, &whole);
        ck_assert(whole);
        asked++;
    } while (!shard_stopped(b.shard, &why));
    finish(&b);
    size_t told = ask(&b, SIZE_MAX, &whole);
    ck_assert(whole);
    ck_assert_msg(told == ask_of_all(&b), "world %d, asked %u times", _i, asked);
    if (told > 0) {
        ask(&b, 0, &whole);
        ck_assert(!whole); /* there are more */
    }
    bench_close(&b);
}
END_TEST

int main(void)
{
    log_level_set(LOG_ERROR);
    world_directory(directory, sizeof directory);
    Suite *suite = suite_create("reload");
    TCase *cases = tcase_create("reload");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, by_hand_it_goes_through);
    tcase_add_loop_test(cases, by_hand_a_store_that_is_lost_ends_it, 0, 3);
    tcase_add_loop_test(cases, with_threads_it_goes_through, 0, WORLDS);
    tcase_add_test(cases, nobody_wants_it_any_more);
    tcase_add_loop_test(cases, with_threads_counters_are_renewed, 0, WORLDS);
    tcase_add_test(cases, a_renewal_makes_way_for_other_rules);
    tcase_add_loop_test(cases, an_edit_is_told_of_a_shard_that_runs, 0, WORLDS);
    suite_add_tcase(suite, cases);
    int status = core_run(suite);
    world_directory_remove(directory);
    return status;
}
