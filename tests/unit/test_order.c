/* State is a set of facts: the same events in any order inside the lateness, over any partitions, on any number of
 * threads, some delivered twice, some merged, moved or taken back before they come, give the same episodes and the
 * same counters; and the episodes are those of the simulation's reference model.
 *
 * Real threads, so this is what ThreadSanitizer looks at. */
#include "log.h"
#include "model.h"
#include "world.h"

#include "base/check.h"
#include "base/log.h"
#include "shard/shard.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

enum { WORLDS = 40, ORDERS = 4, WORKERS_MAX = 4, FINISH_WITHIN_MS = 60000 };

static char directory[256];
static uint64_t first_seed;

/* ---- one run ---- */

struct result {
    char **episodes; /* a line each, sorted */
    size_t count;
    uint64_t counters;
};

static void result_add(struct result *o, const char *rule, const char *kind, const char *code, const char *each,
                       int64_t opened_minute, int64_t opened_at, int64_t ended_minute, int64_t highest)
{
    char line[256];
    snprintf(line, sizeof line, "%s %s %s %s: %lld (%lld) .. %lld, %lld", rule, kind, code, each ? each : "",
             (long long)opened_minute, (long long)opened_at, (long long)ended_minute, (long long)highest);
    o->episodes = xrealloc(o->episodes, (o->count + 1) * sizeof *o->episodes);
    o->episodes[o->count++] = xstrdup(line);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void result_sort(struct result *o)
{
    if (o->count)
        qsort(o->episodes, o->count, sizeof *o->episodes, by_text);
}

static void result_clear(struct result *o)
{
    for (size_t i = 0; i < o->count; i++)
        free(o->episodes[i]);
    free(o->episodes);
    *o = (struct result){0};
}

static int64_t integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* from the state topic, which holds what a successor would go on with: alerts may have been published with figures
 * that a later void or move has changed, which is no revision */
static void read_states(const struct memory_log *log, struct result *o)
{
    json_t *states = json_object();
    for (size_t i = 0; i < log->entry_count; i++) {
        const struct log_entry *e = &log->entries[i];
        if (e->topic != STORE_STATE || e->key.len < 8 || memcmp(e->key.at, "subject/", 8) != 0)
            continue;
        char key[256];
        snprintf(key, sizeof key, "%.*s", STR_ARG(e->key));
        if (e->value.at)
            json_object_set_new(states, key, json_loadb(e->value.at, e->value.len, 0, NULL));
        else
            json_object_del(states, key);
    }
    const char *key;
    json_t *state, *alert;
    size_t index;
    json_object_foreach(states, key, state) json_array_foreach(json_object_get(state, "alerts"), index, alert)
    {
        if (strcmp(json_string_value(json_object_get(alert, "state")), "withdrawn") == 0)
            continue;
        result_add(o, json_string_value(json_object_get(state, "rule")),
                   json_string_value(json_object_get(state, "kind")),
                   json_string_value(json_object_get(state, "code")), json_string_value(json_object_get(state, "each")),
                   integer(alert, "opened_minute"), integer(alert, "opened_at"), integer(alert, "ended_minute"),
                   integer(alert, "highest"));
    }
    json_decref(states);
    result_sort(o);
}

static struct memory_log *log_of(const struct world *w)
{
    struct memory_log *log = memory_log_create(w->partitions, w->partition_count);
    char text[1024];
    for (size_t i = 0; i < w->record_count; i++) {
        size_t len = world_render(w, &w->records[i], text, sizeof text);
        memory_log_append(log, w->records[i].partition, text, len, 0, w->records[i].event);
    }
    return log;
}

static struct result run(const struct world *w, unsigned workers, uint64_t seed)
{
    struct memory_log *log = log_of(w);
    struct log_client *client = log_client_create(log);
    struct store store = log_client_store(client);
    struct source source = log_client_source(client);
    struct dice dice = {seed};
    log_client_fetch(client, 1 + dice_below(&dice, 30));
    struct metrics *metrics = shard_metrics(w->config, NULL, 0);
    struct shard *shard = shard_create(&(struct shard_inputs){.config = w->config,
                                                              .clock = &clock_system,
                                                              .source = &source,
                                                              .store = &store,
                                                              .metrics = metrics,
                                                              .workers = workers,
                                                              .drain = true});
    ck_assert(shard_lead(shard));
    shard_start(shard);
    enum step_result why = STEP_IDLE;
    for (int waited = 0; !shard_stopped(shard, &why); waited++) {
        ck_assert_msg(waited < FINISH_WITHIN_MS, "seed %llu: no end", (unsigned long long)seed);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    ck_assert_int_eq(why, STEP_FINISHED);
    shard_stop(shard);
    struct result o = {.counters = counters_fingerprint(generation_counters(shard_generation(shard)))};
    read_states(log, &o);
    shard_destroy(&shard);
    metrics_destroy(&metrics);
    log_client_destroy(&client);
    memory_log_destroy(&log);
    return o;
}

static struct result model_result(const struct world *w)
{
    struct model *model = model_create(w);
    for (size_t i = 0; i < w->event_count; i++)
        model_commit(model, i);
    model_settle(model);
    struct result o = {0};
    size_t count;
    const struct model_subject *s = model_subjects(model, &count);
    for (size_t i = 0; i < count; i++) {
        model_run(model, i, MODEL_NEVER);
        for (size_t k = 0; k < s[i].episode_count; k++) {
            const struct model_episode *e = &s[i].episodes[k];
            result_add(&o, w->config->rules->rules[s[i].rule].id, subject_kind_word(s[i].kind), s[i].code, s[i].each,
                       e->opened_minute, e->opened_at, e->steps[e->step_count - 1].minute, e->highest);
        }
    }
    result_sort(&o);
    model_destroy(&model);
    return o;
}

/* ---- the test ---- */

static void expect_same(uint64_t seed, const char *what, const struct result *a, const struct result *b)
{
    size_t i = 0;
    while (i < a->count && i < b->count && strcmp(a->episodes[i], b->episodes[i]) == 0)
        i++;
    ck_assert_msg(i == a->count && i == b->count, "seed %llu, %s: expected \"%s\", got \"%s\"",
                  (unsigned long long)seed, what, i < a->count ? a->episodes[i] : "nothing more",
                  i < b->count ? b->episodes[i] : "nothing more");
}

START_TEST(order_means_nothing)
{
    uint64_t seed = first_seed + (uint64_t)_i;
    struct world *w = world_create(seed, WORLD_ORDERED, directory);
    struct result expected = model_result(w);
    uint64_t counters = 0;
    for (uint64_t order = 0; order < ORDERS; order++) {
        struct dice dice = {seed * ORDERS + order};
        unsigned workers = order == 0 ? 1 : 1 + dice_below(&dice, WORKERS_MAX);
        if (order > 0)
            world_shuffle(w, dice_next(&dice));
        struct result got = run(w, workers, dice_next(&dice));
        char what[64];
        snprintf(what, sizeof what, "order %llu, %u workers", (unsigned long long)order, workers);
        expect_same(seed, what, &expected, &got);
        counters = order == 0 ? got.counters : counters;
        ck_assert_msg(got.counters == counters, "seed %llu, %s: other counters", (unsigned long long)seed, what);
        result_clear(&got);
    }
    result_clear(&expected);
    world_destroy(&w);
}
END_TEST

int main(void)
{
    log_level_set(LOG_ERROR);
    const char *seed = getenv("GRIDWARN_SEED");
    first_seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("seeds %llu and on; again with GRIDWARN_SEED=%llu\n", (unsigned long long)first_seed,
           (unsigned long long)first_seed);
    fflush(stdout);
    world_directory(directory, sizeof directory);

    TCase *cases = tcase_create("order");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, order_means_nothing, 0, WORLDS);
    Suite *suite = suite_create("order");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    world_directory_remove(directory);
    return failed != 0;
}
