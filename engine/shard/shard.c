#include "shard/shard_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "ledger/carry.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 50, PAUSE_MS = 1, TICK_MS = 20 };

struct worker_thread {
    struct shard *shard;
    unsigned number;
};

static void generations_free(struct shard *shard)
{
    const struct generations *now = atomic_load(&shard->generations);
    if (!now)
        return;
    struct generations last = *now;
    free((struct generations *)(uintptr_t)now);
    generation_destroy(&last.current);
    generation_destroy(&last.next);
}

/* While one takes another's place there are two tables: together they stay within what is configured. */
struct generation_inputs shard_generation_inputs(const struct shard *shard, const struct rule_set *rules, uint64_t number)
{
    const struct config *config = shard->in.config;
    return (struct generation_inputs){.rules = rules,
                                      .registry = config->registry,
                                      .catalogue = config->catalogue,
                                      .counters_bytes = (size_t)config->counters_bytes / 2,
                                      .number = number};
}

void shard_begin(struct shard *shard, const struct rule_set *rules, uint64_t number)
{
    const struct shard_inputs *in = &shard->in;
    const struct config *config = in->config;
    committer_destroy(&shard->committer);
    generations_free(shard);
    struct generations *first = xcalloc(1, sizeof *first);
    struct generation_inputs inputs = shard_generation_inputs(shard, rules, number);
    inputs.counters_bytes = backfill_first_size(inputs.counters_bytes);
    first->current = generation_create(&inputs);
    atomic_store(&shard->generations, first);
    shard->committer = committer_create(&(struct committer_inputs){
        config, in->clock, shard->ledger, ledger_writer(shard->ledger, in->workers + 1), first->current, shard->rings, in->workers, shard->partitions,
        shard->partition_count, in->store, in->metrics, in->drain});
    metric_set(in->metrics, METRIC_GENERATION, 0, (int64_t)number);
    metric_set(in->metrics, METRIC_RULES, 0, rules->count);
}

struct shard *shard_create(const struct shard_inputs *in)
{
    struct shard *shard = xcalloc(1, sizeof *shard);
    shard->in = *in;
    const struct config *config = in->config;
    const struct rule_set *rules = in->rules ? in->rules : config->rules;
    struct ledger_limits limits = {
        .keep_s = {config->retention_s, config->readings_retention_s},
        .bytes = {(size_t)config->ledger_bytes, (size_t)config->readings_bytes},
    };
    shard->partitions = in->source->ops->partitions(in->source->context, &shard->partition_count);
    shard->ledger = ledger_create(&limits, in->workers + 2); /* backfills; the committer */
    atomic_init(&shard->generations, NULL);
    shard->rings = xaligned(in->workers * sizeof *shard->rings);
    shard->workers = xcalloc(in->workers, sizeof(struct worker *));
    for (unsigned w = 0; w < in->workers; w++) {
        handover_ring_init(&shard->rings[w], shard->partition_count);
        shard->workers[w] = worker_create(&(struct worker_inputs){
            config, in->clock, ledger_writer(shard->ledger, w), shard->ledger, &shard->generations, in->source,
            shard->partitions, shard->partition_count, &shard->rings[w], in->metrics, w, &shard->timing});
    }
    shard_begin(shard, rules, 1);
    shard->state = json_object();
    shard->wake_fd = eventfd(0, EFD_CLOEXEC);
    CHECK(shard->wake_fd >= 0);
    atomic_init(&shard->stopped, -1);
    metric_set(in->metrics, METRIC_BOUND, STRUCTURE_LEDGER, config->ledger_bytes);
    metric_set(in->metrics, METRIC_BOUND, STRUCTURE_READINGS, config->readings_bytes);
    metric_set(in->metrics, METRIC_BOUND, STRUCTURE_CARRIED, (int64_t)ledger_carried_bound(shard->ledger));
    metric_set(in->metrics, METRIC_BOUND, STRUCTURE_COUNTERS, config->counters_bytes);
    metric_set(in->metrics, METRIC_BOUND, STRUCTURE_UNCOMMITTED, config->uncommitted_bytes);
    return shard;
}

/* ---- threads ---- */

static void pause_ms(int ms)
{
    struct timespec pause = {0, ms * 1000000L};
    nanosleep(&pause, NULL);
}

/* The committer says that it sleeps, then looks once more; the worker hands over, then looks whether it sleeps (all
 * seq_cst): no handover is slept over. */
static void wake(struct shard *shard)
{
    if (!atomic_load(&shard->sleeping) || !atomic_exchange(&shard->sleeping, false))
        return;
    uint64_t one = 1;
    CHECK(write(shard->wake_fd, &one, sizeof one) == sizeof one);
}

static void sleep_until_woken(struct shard *shard)
{
    atomic_store(&shard->sleeping, true);
    if (!committer_waiting(shard->committer)) {
        struct pollfd fd = {.fd = shard->wake_fd, .events = POLLIN};
        uint64_t count;
        if (poll(&fd, 1, TICK_MS) > 0)
            CHECK(read(shard->wake_fd, &count, sizeof count) == sizeof count);
    }
    atomic_store(&shard->sleeping, false);
}

static void *work(void *arg)
{
    const struct worker_thread *t = arg;
    while (!atomic_load_explicit(&t->shard->stopping, memory_order_relaxed)) {
        enum worker_result result = worker_step(t->shard->workers[t->number], POLL_MS);
        if (result != WORKER_IDLE)
            wake(t->shard);
        if (result == WORKER_STALLED)
            pause_ms(PAUSE_MS);
    }
    return NULL;
}

static void *commit(void *arg)
{
    struct shard *shard = arg;
    for (;;) {
        bool flushing = atomic_load(&shard->flushing);
        enum step_result result =
            flushing ? committer_flush(shard->committer) : committer_step(shard->committer);
        if (result == STEP_FINISHED || result == STEP_LOST) {
            atomic_store(&shard->stopped, (int)result);
            return NULL;
        }
        if (flushing && result == STEP_PROGRESS && committer_clean(shard->committer)) {
            atomic_store(&shard->stopped, (int)STEP_PROGRESS);
            return NULL;
        }
        if (result == STEP_IDLE)
            sleep_until_woken(shard);
    }
}

/* name: what top and perf show; at most 15 characters */
static void thread_start(struct shard *shard, void *(*run)(void *), void *arg, const char *name)
{
    pthread_t *thread = &shard->threads[shard->threads_running++];
    CHECK(pthread_create(thread, NULL, run, arg) == 0);
    pthread_setname_np(*thread, name);
}

void shard_start(struct shard *shard)
{
    unsigned workers = shard->in.workers;
    shard->threads = xcalloc(workers + 1, sizeof *shard->threads);
    shard->worker_threads = xcalloc(workers, sizeof *shard->worker_threads);
    for (unsigned w = 0; w < workers; w++) {
        shard->worker_threads[w] = (struct worker_thread){shard, w};
        char name[16];
        snprintf(name, sizeof name, "worker %hu", (unsigned short)w);
        thread_start(shard, work, &shard->worker_threads[w], name);
    }
    thread_start(shard, commit, shard, "committer");
}

bool shard_stopped(const struct shard *shard, enum step_result *why)
{
    int stopped = atomic_load(&shard->stopped);
    if (stopped >= 0)
        *why = (enum step_result)stopped;
    return stopped >= 0;
}

enum step_result shard_stop(struct shard *shard)
{
    atomic_store(&shard->stopping, true);
    for (unsigned t = 0; t + 1 < shard->threads_running; t++)
        pthread_join(shard->threads[t], NULL);
    atomic_store(&shard->flushing, true);
    if (shard->threads_running)
        pthread_join(shard->threads[shard->threads_running - 1], NULL);
    shard->threads_running = 0;
    return (enum step_result)atomic_load(&shard->stopped);
}

void shard_destroy(struct shard **pointer)
{
    struct shard *shard = *pointer;
    if (!shard)
        return;
    atomic_store(&shard->stopping, true);
    for (unsigned t = 0; t + 1 < shard->threads_running; t++)
        pthread_join(shard->threads[t], NULL);
    /* the committer has stopped by itself, or is told to: it must not be left in a commit */
    atomic_store(&shard->flushing, true);
    if (shard->threads_running)
        pthread_join(shard->threads[shard->threads_running - 1], NULL);
    committer_destroy(&shard->committer);
    for (unsigned w = 0; w < shard->in.workers; w++) {
        worker_destroy(&shard->workers[w]);
        handover_ring_clear(&shard->rings[w]);
    }
    free(shard->workers);
    free(shard->rings);
    reload_free(shard);
    generations_free(shard);
    ledger_destroy(&shard->ledger);
    json_decref(shard->state);
    close(shard->wake_fd);
    free(shard->threads);
    free(shard->worker_threads);
    free(shard);
    *pointer = NULL;
}

struct worker *shard_worker(struct shard *shard, unsigned number)
{
    return shard->workers[number];
}

struct committer *shard_committer(struct shard *shard)
{
    return shard->committer;
}

struct ledger *shard_ledger(struct shard *shard)
{
    return shard->ledger;
}

struct ledger_writer *shard_reader(struct shard *shard)
{
    return ledger_writer(shard->ledger, shard->in.workers);
}

struct generation *shard_generation(struct shard *shard)
{
    return atomic_load(&shard->generations)->current;
}
