/* Counters that are renewed for as long as the engine runs: always-new respondents over many retentions of event time, in
 * memory that would hold a tenth of them.  Nothing is refused, memory stays, and nothing that should be found is missed;
 * where what is live is more than there is room for, it is not renewed in a loop.
 *
 * By hand: a batch, what the committer makes of it, some steps of a renewal if one is due. */
#include "config/config.h"
#include "metrics/metrics.h"
#include "shard/shard.h"

#include "core.h"

enum { BATCH = 500, RECORD_SIZE = 256, EACH = 500, BOUND = 16 << 20 };

struct feed {
    struct source_partition partition;
    int64_t next, at, pace_s; /* offset; event time, and what passes of it from one event to the next */
    char bytes[BATCH][RECORD_SIZE];
};

static const struct source_partition *feed_partitions(void *context, size_t *count)
{
    struct feed *f = context;
    *count = 1;
    return &f->partition;
}

static bool feed_start(void *context, const int64_t *offsets, unsigned workers)
{
    (void)context;
    (void)offsets;
    return workers == 1;
}

/* Of each 500 events three are about one respondent, by three callers; each other is about one of its own. */
static size_t feed_poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct feed *f = context;
    (void)worker;
    (void)timeout_ms;
    size_t count = max < BATCH ? max : BATCH;
    for (size_t i = 0; i < count; i++) {
        int64_t n = f->next++, of = n % EACH;
        bool again = of == 0 || of == 100 || of == 200;
        f->at += f->pace_s;
        int len = snprintf(f->bytes[i], RECORD_SIZE,
                           "{\"id\":\"T%" PRId64 "\",\"kind\":\"created\",\"at\":%" PRId64 ",\"region\":\"G\","
                           "\"category\":\"labour\",\"who\":\"%s%" PRId64 "\",\"actors\":[\"p%" PRId64 "\"]}",
                           n, f->at, again ? "again" : "once", again ? n / EACH : n, n);
        CHECK(len < RECORD_SIZE - DECODE_PADDING);
        records[i] = (struct record){
            .kind = RECORD_DATA, .offset = n, .bytes = f->bytes[i], .len = (size_t)len, .padded = true};
    }
    return count;
}

static void feed_release(void *context, unsigned worker)
{
    (void)context;
    (void)worker;
}

static enum store_result commit_all(void *context, const struct store_record *records, size_t count,
                                    const int64_t *progress, size_t progress_count)
{
    (void)context;
    (void)records;
    (void)count;
    (void)progress;
    (void)progress_count;
    return STORE_OK;
}

static void nothing(void *context)
{
    (void)context;
}

static const char *const texts[][2] = {
    {"regions.csv", "code,name,level,parent\nD,区,district,\nG,格,grid,D\n"},
    {"categories.csv", "path,name\nlabour,劳动\n"},
    {"mapping.yaml", "id: id\noccurred_at: {path: at, formats: [unix_s]}\nkind: {path: kind, map: {created: created}}\n"
                     "region: region\ncategory: category\nrespondent: who\nactors: actors\n"},
    {"rules.yaml", "rules:\n  - id: firms\n    let: {c: {source: hotline}}\n    per: [respondent, grid]\n    within: 6h\n"
                   "    levels: {yellow: c.callers >= 3}\n"},
    {"main.yaml", "group: g\ntime: event\nregistry: {regions: regions.csv, categories: categories.csv}\n"
                  "rules: rules.yaml\nactor_keys: ephemeral\n"
                  "sources:\n  hotline: {file: a, mapping: mapping.yaml, lateness: 10m}\noutput: console\n"
                  "ledger: {keep: 1d, memory: 256MiB}\ncounters: {memory: 16MiB}\n"},
};

enum { TEXTS = sizeof texts / sizeof *texts };

static struct config *configure(void)
{
    char folder[] = "/tmp/gridwarn-renew-XXXXXX", path[80];
    CHECK(mkdtemp(folder));
    for (int i = 0; i < TEXTS; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, texts[i][0]);
        FILE *out = fopen(path, "w");
        CHECK(out && fputs(texts[i][1], out) >= 0 && fclose(out) == 0);
    }
    struct problems problems = {0};
    struct config *config = config_load(path, &problems);
    problems_print(&problems, stderr);
    CHECK(config);
    problems_clear(&problems);
    for (int i = 0; i < TEXTS; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, texts[i][0]);
        unlink(path);
    }
    rmdir(folder);
    return config;
}

/* ---- a shard on it ---- */

struct bench {
    struct feed feed;
    struct config *config;
    struct source source;
    struct store store;
    struct metrics *metrics;
    struct shard *shard;
    bool renewing;
    unsigned renewals;
    int64_t most; /* bytes of tables */
    size_t facts_most;
};

static void bench_open(struct bench *b, int64_t pace_s)
{
    static const struct source_ops source_ops = {feed_partitions, feed_start, feed_poll, feed_release, NULL, nothing};
    static const struct store_ops store_ops = {store_follow_nothing, store_lead_alone, commit_all, nothing};
    *b = (struct bench){.config = configure()};
    b->feed = (struct feed){.partition = {0, "hotline", 0}, .at = INT64_C(20000) * 86400, .pace_s = pace_s};
    b->source = (struct source){&source_ops, &b->feed};
    b->store = (struct store){&store_ops, NULL};
    b->metrics = shard_metrics(b->config, &b->feed.partition, 1);
    b->shard = shard_create(&(struct shard_inputs){.config = b->config,
                                                   .clock = &clock_system,
                                                   .source = &b->source,
                                                   .store = &b->store,
                                                   .metrics = b->metrics,
                                                   .workers = 1});
    ck_assert(shard_lead(b->shard));
}

static void bench_close(struct bench *b)
{
    shard_destroy(&b->shard);
    metrics_destroy(&b->metrics);
    config_destroy(&b->config);
}

static const struct counters *counters_of(const struct bench *b)
{
    return generation_counters(shard_generation(b->shard));
}

static void work(struct bench *b)
{
    ck_assert_int_eq(worker_step(shard_worker(b->shard, 0), 0), WORKER_DONE);
    while (committer_step(shard_committer(b->shard)) == STEP_PROGRESS)
        ;
    size_t facts = ledger_bytes(shard_ledger(b->shard), SHELF_FACTS);
    b->facts_most = facts > b->facts_most ? facts : b->facts_most;
}

static void renew(struct bench *b, unsigned steps)
{
    if (!b->renewing && shard_renewal_due(b->shard)) {
        shard_renew_begin(b->shard);
        b->renewing = true;
    }
    while (b->renewing && steps-- > 0) {
        enum reload_result result = shard_reload_step(b->shard);
        b->renewing = result != RELOAD_DONE;
        b->renewals += result == RELOAD_DONE;
    }
}

static void run(struct bench *b, unsigned batches)
{
    for (unsigned i = 0; i < batches; i++) {
        work(b);
        renew(b, 4);
    }
    committer_flush(shard_committer(b->shard));
}

static int64_t raised(const struct bench *b)
{
    return metric_value(b->metrics, METRIC_REVISIONS, CHANGE_RAISED, 0);
}

/* ---- tests ---- */

START_TEST(memory_stays_over_many_retentions)
{
    struct bench *b = xcalloc(1, sizeof *b);
    bench_open(b, 2);
    unsigned batches = core_effort(800), early = batches / 4;
    run(b, early);
    size_t then = b->facts_most;
    run(b, batches - early);
    printf("renew: %u events in %.1f retentions, %u renewals, %zu counters in %zu KiB, the ledger %zu KiB at most\n",
           batches * BATCH, batches * BATCH * 2 / 86400.0, b->renewals, counters_lines(counters_of(b)),
           counters_held(counters_of(b)) >> 10, b->facts_most >> 10);
    ck_assert_uint_ge(b->renewals, batches / 100);
    ck_assert_uint_eq(counters_shed(counters_of(b)), 0);
    ck_assert_int_eq(metric_value(b->metrics, METRIC_SHED, STRUCTURE_COUNTERS, 0), 0);
    ck_assert_uint_le(counters_held(counters_of(b)), BOUND / 2 + 4096);
    ck_assert_double_lt(counters_full(counters_of(b)), 0.75);
    ck_assert_uint_le(b->facts_most, then + then / 2);
    ck_assert_int_eq(raised(b), batches * BATCH / EACH);
    ck_assert_int_eq(metric_value(b->metrics, METRIC_DENIED, 0, 0), 0);
    ck_assert_uint_eq(generation_number(shard_generation(b->shard)), 1);
    bench_close(b);
    free(b);
}
END_TEST

/* time stands still, so all of it is live, and more than there is room for */
START_TEST(what_is_live_is_not_renewed_in_a_loop)
{
    struct bench *b = xcalloc(1, sizeof *b);
    bench_open(b, 0);
    unsigned batches = 300;
    run(b, batches);
    printf("renew: %u live respondents, %u renewals, %" PRIu64 " times refused\n", batches * BATCH, b->renewals,
           counters_shed(counters_of(b)));
    ck_assert_uint_gt(counters_shed(counters_of(b)), 0);
    ck_assert_uint_ge(b->renewals, 1);
    ck_assert_uint_le(b->renewals, 4);
    ck_assert_int_eq(raised(b), batches * BATCH / EACH);
    bench_close(b);
    free(b);
}
END_TEST

/* at each step of it */
START_TEST(left_off_all_is_as_it_was)
{
    struct bench *b = xcalloc(1, sizeof *b);
    bench_open(b, 2);
    for (int i = 0; i < 10; i++)
        work(b);
    uint64_t before = counters_fingerprint(counters_of(b));
    shard_renew_begin(b->shard);
    enum reload_result result = RELOAD_PROGRESS;
    for (int i = 0; i < _i; i++)
        result = shard_reload_step(b->shard);
    ck_assert(result != RELOAD_DONE);
    shard_renew_leave(b->shard);
    while ((result = shard_reload_step(b->shard)) != RELOAD_LEFT && result != RELOAD_DONE)
        committer_flush(shard_committer(b->shard));
    ck_assert_uint_eq(counters_fingerprint(counters_of(b)), before);
    work(b);
    double seconds;
    struct shard_rules again = {.rules = b->config->rules, .number = 2};
    ck_assert(shard_reload(b->shard, &again, NULL, &seconds)); /* nothing is in its way */
    bench_close(b);
    free(b);
}
END_TEST

START_TEST(ends_with_its_shard)
{
    struct bench *b = xcalloc(1, sizeof *b);
    bench_open(b, 2);
    for (int i = 0; i < 10; i++)
        work(b);
    shard_renew_begin(b->shard);
    for (int i = 0; i < _i / 2; i++)
        shard_reload_step(b->shard);
    if (_i % 2) {
        shard_renew_leave(b->shard);
        shard_reload_step(b->shard);
    }
    bench_close(b);
    free(b);
}
END_TEST

int main(void)
{
    enum { STEPS = 6 };
    Suite *suite = suite_create("renew");
    TCase *cases = tcase_create("renew");
    tcase_set_timeout(cases, 280);
    tcase_add_test(cases, memory_stays_over_many_retentions);
    tcase_add_test(cases, what_is_live_is_not_renewed_in_a_loop);
    tcase_add_loop_test(cases, left_off_all_is_as_it_was, 0, STEPS);
    tcase_add_loop_test(cases, ends_with_its_shard, 0, STEPS * 2);
    suite_add_tcase(suite, cases);
    return core_run(suite);
}
