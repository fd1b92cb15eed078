/* What the engine's threads cost an event, without input or output:
 *
 *     stages CONFIG LINES WORKERS
 *
 * `decode` is decoding alone; `worker` and `commit` are the two threads' whole steps, taken in turn by hand.  What entering,
 * counting and evaluating cost is the difference that rules make (stages.py), so that nothing is measured but what
 * runs.  With WORKERS above 0 instead, so many threads take all lines from decoding to findings, as fast as they can.  One
 * line of JSON on standard output.  Instructions are those of user space, null where the kernel does not count them. */
#include "stages.h"

#include "base/check.h"
#include "shard/shard.h"

#include <linux/perf_event.h>

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct cost {
    double ns, instructions; /* of this thread */
};

static int counter_fd = -1;

static void open_counter(void)
{
    struct perf_event_attr what = {.type = PERF_TYPE_HARDWARE,
                                   .size = sizeof what,
                                   .config = PERF_COUNT_HW_INSTRUCTIONS,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};
    counter_fd = (int)syscall(SYS_perf_event_open, &what, 0, -1, -1, 0);
}

static struct cost now(void)
{
    struct timespec at;
    uint64_t instructions = 0;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    if (counter_fd >= 0 && read(counter_fd, &instructions, sizeof instructions) != sizeof instructions)
        counter_fd = -1;
    return (struct cost){(double)at.tv_sec * 1e9 + (double)at.tv_nsec, (double)instructions};
}

static void add(struct cost *sum, struct cost begun)
{
    struct cost ended = now();
    sum->ns += ended.ns - begun.ns;
    sum->instructions += ended.instructions - begun.instructions;
}

static void print(const char *name, struct cost sum, size_t events)
{
    printf("\"%s\": {\"ns\": %.1f, \"instructions\": ", name, sum.ns / (double)events);
    if (counter_fd >= 0)
        printf("%.1f}, ", sum.instructions / (double)events);
    else
        printf("null}, ");
}

/* Decoding alone: what it makes is dropped. */
static struct cost decode_all(const struct config *config, const struct lines *lines)
{
    struct decoder *decoder = decoder_create(config->sources[0].mapping);
    const struct event *events;
    struct refusal refusal;
    struct cost sum = {0}, begun = now();
    for (size_t i = 0; i < lines_count(lines); i++) {
        struct record record = lines_record(lines, i);
        decoder_decode(decoder, record.bytes, record.len, record.padded, -1, &events, &refusal);
        if (refusal.reason != DECODE_OK) {
            fprintf(stderr, "line %zu: %s at %s\n", i + 1, decode_refusal_word(refusal.reason), refusal.place);
            exit(1);
        }
    }
    add(&sum, begun);
    decoder_destroy(&decoder);
    return sum;
}

static void print_memory(struct shard *shard, const struct metrics *metrics, size_t events)
{
    struct ledger *ledger = shard_ledger(shard);
    for (int step = 0; step < 64; step++)
        ledger_grow(ledger); /* what is in the middle of being replaced would be counted twice */
    const struct counters *counters = generation_counters(shard_generation(shard));
    printf("\"events\": %zu, \"findings\": %lld, \"denied\": %lld, \"alerts\": %lld, \"facts_bytes\": %zu, \"readings_bytes\": %zu, \"index_bytes\": %zu, "
           "\"counters\": %zu, \"counters_bytes\": %zu, ",
           events, (long long)metric_value(metrics, METRIC_FINDINGS, 0, 0),
           (long long)metric_value(metrics, METRIC_DENIED, 0, 0),
           (long long)metric_value(metrics, METRIC_REVISIONS, CHANGE_RAISED, 0), ledger_bytes(ledger, SHELF_FACTS),
           ledger_bytes(ledger, SHELF_READINGS), ledger_index_bytes(ledger), counters_lines(counters),
           counters_bytes(counters));
}

/* The whole engine between a source and a store that cost nothing. */
static void both_threads(const struct config *config, struct lines *lines, struct metrics *metrics)
{
    struct source source = lines_source(lines);
    struct store store = lines_sink();
    struct shard *shard = shard_create(&(struct shard_inputs){
        .config = config, .clock = &clock_system, .source = &source, .store = &store, .metrics = metrics, .workers = 1});
    CHECK(shard_lead(shard));
    struct cost worker = {0}, commit = {0};
    for (enum worker_result result = WORKER_DONE; result != WORKER_IDLE;) {
        struct cost begun = now();
        result = worker_step(shard_worker(shard, 0), 0);
        add(&worker, begun);
        begun = now();
        while (committer_step(shard_committer(shard)) == STEP_PROGRESS)
            ;
        add(&commit, begun);
    }
    struct cost begun = now();
    CHECK(committer_flush(shard_committer(shard)) != STEP_LOST);
    add(&commit, begun);
    print("worker", worker, lines_count(lines));
    print("commit", commit, lines_count(lines));
    print_memory(shard, metrics, lines_count(lines));
    shard_destroy(&shard);
}

int main(int argc, char **argv)
{
    if (argc != 4 || atoi(argv[3]) < 0 || atoi(argv[3]) > WORKERS_MAX) {
        fprintf(stderr, "stages CONFIG LINES WORKERS: up to %d workers, 0 for the stages only\n", WORKERS_MAX);
        return 2;
    }
    struct problems problems = {0};
    struct config *config = config_load(argv[1], &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (!config)
        return 1;
    open_counter();
    struct lines *lines = lines_read(argv[2], PARTITIONS);
    struct source source = lines_source(lines);
    size_t partitions;
    const struct source_partition *named = source.ops->partitions(source.context, &partitions);
    struct metrics *metrics = shard_metrics(config, named, partitions);
    printf("{");
    if (atoi(argv[3])) {
        scale(config, lines, metrics, (unsigned)atoi(argv[3]));
    } else {
        print("decode", decode_all(config, lines), lines_count(lines));
        both_threads(config, lines, metrics);
    }
    printf("\"rules\": %u}\n", config->rules->count);
    metrics_destroy(&metrics);
    lines_destroy(&lines);
    config_destroy(&config);
    return 0;
}
