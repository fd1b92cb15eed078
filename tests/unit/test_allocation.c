/* No allocation per event in a steady state: many records through a real worker and a real committer, allocations
 * counted on each side.  What is amortised (a segment for 4,096 facts, a table that grows, a span of event time) must stay
 * under one in a hundred events; a cut may allocate, but not by its size. */
#include "config/config.h"
#include "metrics/metrics.h"
#include "shard/shard.h"

#include "core.h"

/* ---- counting ---- */

static _Thread_local volatile bool counting; /* volatile: compilers know that malloc does not read it */
static _Thread_local volatile uint64_t allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *at, size_t size)
{
    (void)at;
    (void)size;
    allocations = allocations + counting;
}

static void on_free(const volatile void *at)
{
    (void)at;
}

static void count_allocations(void)
{
    CHECK(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
}

#else /* glibc's own, seen on their way */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size)
{
    allocations = allocations + counting;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations = allocations + counting;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations = allocations + counting;
    return __libc_realloc(memory, size);
}

static void count_allocations(void)
{
}

#endif

START_TEST(counting_counts)
{
    count_allocations();
    counting = true;
    char *volatile memory = malloc(10);
    counting = false;
    free(memory);
    memory = malloc(10);
    free(memory);
    ck_assert_uint_eq(allocations, 1);
}
END_TEST

/* ---- a source and a store in memory ---- */

enum { GRIDS = 60, BATCH = 500, RECORD_SIZE = 320 };

struct feed {
    struct source_partition partition[2];
    struct dice dice;
    int64_t next[2];     /* offsets */
    int64_t at;          /* event time, seconds */
    unsigned turn;
    char bytes[BATCH][RECORD_SIZE];
    unsigned commits, messages, modifiers;
    int64_t now_ms;
};

static const struct source_partition *feed_partitions(void *context, size_t *count)
{
    struct feed *f = context;
    *count = 2;
    return f->partition;
}

static bool feed_start(void *context, const int64_t *offsets, unsigned workers)
{
    (void)context;
    (void)offsets;
    return workers == 1;
}

static int ticket(struct feed *f, char *out)
{
    uint64_t n = (uint64_t)f->next[0];
    unsigned grid = dice_below(&f->dice, GRIDS), step = dice_below(&f->dice, 100);
    const char *kind = step == 0 ? "voided" : step == 1 ? "moved" : step == 2 ? "closed" : "created";
    char target[64] = "";
    if (step < 2 && n > 100) {
        f->modifiers++;
        snprintf(target, sizeof target, ",\"target\":\"T%" PRIu64 "#1\"", n - 1 - dice_below(&f->dice, 90));
    }
    return snprintf(out, RECORD_SIZE,
                    "{\"id\":\"T%" PRIu64 "#1\",\"kind\":\"%s\",\"at\":%" PRId64 ",\"region\":\"G%u\","
                    "\"category\":\"labour.wages\",\"matter\":\"T%" PRIu64 "\",\"who\":\"某公司%u\",\"actors\":[\"p%u\","
                    "\"q%u\"],\"involved\":%u%s}",
                    n, target[0] || step > 1 ? kind : "created", f->at, grid, n, dice_below(&f->dice, 3000),
                    dice_below(&f->dice, 100000), dice_below(&f->dice, 100000), step, target);
}

static int reading(struct feed *f, char *out)
{
    return snprintf(out, RECORD_SIZE,
                    "{\"id\":\"S%" PRId64 "\",\"kind\":\"reading\",\"at\":%" PRId64 ",\"region\":\"G%u\","
                    "\"category\":\"noise\",\"value\":%u}",
                    f->next[1], f->at, dice_below(&f->dice, GRIDS), dice_below(&f->dice, 90));
}

static size_t feed_poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct feed *f = context;
    (void)worker;
    (void)timeout_ms;
    size_t count = max < BATCH ? max : BATCH;
    for (size_t i = 0; i < count; i++) {
        f->at += dice_below(&f->dice, 5);
        unsigned p = f->turn++ % 2;
        int len = p ? reading(f, f->bytes[i]) : ticket(f, f->bytes[i]);
        CHECK(len < RECORD_SIZE - DECODE_PADDING);
        records[i] = (struct record){
            .kind = RECORD_DATA, .partition = p, .offset = f->next[p]++, .bytes = f->bytes[i], .len = (size_t)len,
            .padded = true};
    }
    return count;
}

static void feed_release(void *context, unsigned worker)
{
    (void)context;
    (void)worker;
}

static enum store_result log_commit(void *context, const struct store_record *records, size_t count,
                                    const int64_t *progress, size_t progress_count)
{
    struct feed *f = context;
    (void)progress;
    CHECK(progress_count == 2);
    f->commits++;
    for (size_t i = 0; i < count; i++)
        f->messages += records[i].topic == STORE_ALERTS;
    return STORE_OK;
}

static void nothing(void *context)
{
    (void)context;
}

static int64_t feed_now(void *context)
{
    const struct feed *f = context;
    return f->now_ms;
}

/* ---- a configuration ---- */

static const char mapping[] =
    "id: id\noccurred_at: {path: at, formats: [unix_s]}\n"
    "kind: {path: kind, map: {created: created, closed: closed, moved: moved, voided: voided, reading: reading}}\n"
    "region: region\ncategory: category\nmatter: matter\ntarget: target\nactors: actors\nrespondent: who\n"
    "involved: involved\nvalue: value\n";

/* rules that look at everything, and hardly ever find anything */
static const char rules[] =
    "rules:\n"
    "  - id: tickets\n    let: {c: {source: hotline}}\n    per: grid\n    within: 24h\n"
    "    levels: {yellow: c >= 100000, red: c.involved >= 1000000}\n"
    "  - id: callers\n    let: {c: {category: labour}}\n    per: [respondent, grid]\n    within: 6h\n"
    "    levels: {orange: c.callers >= 90}\n"
    "  - id: noise\n    let: {n: {source: sensor}}\n    per: street\n    within: 1h\n"
    "    levels: {yellow: n.sum >= 10000000, red: n.max >= 200}\n";

static const char main_file[] =
    "group: g\ntime: event\nregistry: {regions: regions.csv, categories: categories.csv}\nrules: rules.yaml\n"
    "actor_keys: ephemeral\nsources:\n  hotline: {file: a, mapping: mapping.yaml, lateness: 10m}\n"
    "  sensor: {file: b, mapping: mapping.yaml, lateness: 10m}\noutput: console\n"
    "ledger: {keep: 2d, readings_keep: 24h, memory: 64MiB, readings_memory: 64MiB}\ncounters: {memory: 32MiB}\n";

static const char *const names[] = {"regions.csv", "categories.csv", "mapping.yaml", "rules.yaml", "main.yaml"};

static struct config *configure(void)
{
    char folder[] = "/tmp/gridwarn-allocation-XXXXXX", path[80], regions[8192];
    CHECK(mkdtemp(folder));
    int len = snprintf(regions, sizeof regions, "code,name,level,parent\nD,区,district,\nS,街,street,D\n");
    for (int i = 0; i < GRIDS; i++)
        len += snprintf(regions + len, sizeof regions - (size_t)len, "G%d,格%d,grid,S\n", i, i);
    const char *const texts[] = {regions, "path,name\nlabour.wages,欠薪\nnoise,噪声\n", mapping, rules, main_file};
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *out = fopen(path, "w");
        CHECK(out && fputs(texts[i], out) >= 0 && fclose(out) == 0);
    }
    struct problems problems = {0};
    struct config *config = config_load(path, &problems);
    problems_print(&problems, stderr);
    CHECK(config);
    problems_clear(&problems);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return config;
}

static struct metrics *measure(const struct config *config)
{
    static const char *const sources[] = {"hotline", "sensor"}, *const partitions[] = {"hotline/0", "sensor/0"};
    const char *levels[LEVELS_MAX + 1] = {"none"}, *changes[CHANGES], *causes[HOLDS];
    for (unsigned i = 0; i < config->level_count; i++)
        levels[i + 1] = config->level_names[i];
    for (int i = 0; i < CHANGES; i++)
        changes[i] = change_word((enum change)i);
    for (int i = 0; i < HOLDS; i++)
        causes[i] = hold_word((enum hold)i);
    struct metric_labels labels = {{0}, {0}};
    labels.values[LABEL_SOURCE] = sources;
    labels.count[LABEL_SOURCE] = 2;
    labels.values[LABEL_LEVEL] = levels;
    labels.count[LABEL_LEVEL] = config->level_count + 1;
    labels.values[LABEL_CHANGE] = changes;
    labels.count[LABEL_CHANGE] = CHANGES;
    labels.values[LABEL_CAUSE] = causes;
    labels.count[LABEL_CAUSE] = HOLDS;
    labels.values[LABEL_PARTITION] = partitions;
    labels.count[LABEL_PARTITION] = 2;
    return metrics_create(&labels);
}

/* ---- the test ---- */

struct sides {
    uint64_t worker, committer;
};

static uint64_t counted(void)
{
    counting = false;
    uint64_t count = allocations;
    allocations = 0;
    return count;
}

static void run(struct shard *shard, struct feed *f, unsigned batches, struct sides *sides)
{
    for (unsigned i = 0; i < batches; i++) {
        counting = true;
        enum worker_result result = worker_step(shard_worker(shard, 0), 0);
        sides->worker += counted();
        CHECK(result != WORKER_IDLE);
        f->now_ms += 200;
        enum step_result step;
        do {
            counting = true;
            step = committer_step(shard_committer(shard));
            sides->committer += counted();
            CHECK(step != STEP_LOST && step != STEP_FINISHED);
        } while (step == STEP_PROGRESS);
    }
}

START_TEST(none_per_event)
{
    static const struct source_ops source_ops = {feed_partitions, feed_start, feed_poll, feed_release, NULL, nothing};
    static const struct store_ops store_ops = {store_follow_nothing, store_lead_alone, log_commit, nothing};
    struct feed *f = xcalloc(1, sizeof *f);
    f->dice = core_dice();
    f->at = INT64_C(20000) * 86400;
    f->now_ms = f->at * 1000;
    f->partition[0] = (struct source_partition){0, "hotline", 0};
    f->partition[1] = (struct source_partition){1, "sensor", 0};
    struct source source = {&source_ops, f};
    struct store store = {&store_ops, f};
    struct clock clock = {feed_now, f};
    struct config *config = configure();
    struct metrics *metrics = measure(config);
    struct shard *shard = shard_create(
        &(struct shard_inputs){config, NULL, &clock, &source, &store, metrics, 1, false, NULL, NULL});
    ck_assert(shard_lead(shard));
    count_allocations();
    struct sides warm = {0}, steady = {0};
    unsigned batches = core_effort(160);
    run(shard, f, 120, &warm);
    f->commits = f->messages = f->modifiers = 0;
    run(shard, f, batches, &steady);
    double an_event = (double)steady.worker / (batches * (double)BATCH);
    printf("allocation: %u events, %u of them voids and moves, in %u cuts with %u messages: %.5f an event on the worker's "
           "side (warming up %.5f), %.1f a cut on the committer's\n",
           batches * BATCH, f->modifiers, f->commits, f->messages, an_event, (double)warm.worker / (120.0 * BATCH),
           (double)steady.committer / f->commits);
    ck_assert_uint_gt(f->commits, 10);
    ck_assert_uint_gt(f->modifiers, 100);
    ck_assert_double_lt(an_event, 0.01);
    /* A cut holds 2,500 events: what it allocates is for its records, and for subjects that a void or a move has it look
     * at again, but not for those. */
    ck_assert_double_lt((double)steady.committer, 250.0 * f->commits + 40.0 * f->modifiers);
    shard_destroy(&shard);
    metrics_destroy(&metrics);
    config_destroy(&config);
    free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("allocation");
    core_test(s, counting_counts);
    core_test(s, none_per_event);
    return core_run(s);
}
