#include "stages.h"

#include "base/check.h"
#include "shard/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SPARE_WRITERS = 1 };

struct ledger *make_ledger(const struct config *config, unsigned writers)
{
    struct ledger_limits limits = {.keep_s = {config->retention_s, config->readings_retention_s},
                                   .bytes = {(size_t)config->ledger_bytes, (size_t)config->readings_bytes}};
    return ledger_create(&limits, writers + SPARE_WRITERS);
}

struct generation *make_generation(const struct config *config)
{
    return generation_create(&(struct generation_inputs){.rules = config->rules,
                                                         .registry = config->registry,
                                                         .catalogue = config->catalogue,
                                                         .counters_bytes = (size_t)config->counters_bytes,
                                                         .number = 1});
}

struct team {
    pthread_barrier_t begin;
    struct worker *worker[WORKERS_MAX];
    struct handover_ring *ring;
    atomic_uint left; /* who have not read everything yet */
};

struct member {
    struct team *team;
    unsigned number;
};

static void *work(void *arg)
{
    const struct member *m = arg;
    struct handover_ring *ring = &m->team->ring[m->number];
    pthread_barrier_wait(&m->team->begin);
    while (worker_step(m->team->worker[m->number], 0) != WORKER_IDLE)
        while (handover_take(ring))
            handover_release(ring);
    atomic_fetch_sub(&m->team->left, 1);
    return NULL;
}

static double seconds(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* This thread stands for the committer as far as the ledger needs one. */
static double run_team(struct team *team, struct ledger *ledger, unsigned workers)
{
    struct member members[WORKERS_MAX];
    pthread_t threads[WORKERS_MAX];
    atomic_init(&team->left, workers);
    CHECK(pthread_barrier_init(&team->begin, NULL, workers + 1) == 0);
    for (unsigned w = 0; w < workers; w++) {
        members[w] = (struct member){team, w};
        CHECK(pthread_create(&threads[w], NULL, work, &members[w]) == 0);
    }
    pthread_barrier_wait(&team->begin);
    double begun = seconds();
    while (atomic_load(&team->left)) {
        ledger_maintain(ledger, time(NULL));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    double took = seconds() - begun;
    for (unsigned w = 0; w < workers; w++)
        pthread_join(threads[w], NULL);
    pthread_barrier_destroy(&team->begin);
    return took;
}

void scale(const struct config *config, struct lines *lines, struct metrics *metrics, unsigned workers)
{
    struct source source = lines_source(lines);
    struct ledger *ledger = make_ledger(config, workers);
    struct generations generations = {.current = make_generation(config)};
    _Atomic(const struct generations *) published = &generations;
    size_t partitions;
    const struct source_partition *named = source.ops->partitions(source.context, &partitions);
    struct team team = {.ring = xaligned(workers * sizeof *team.ring)};
    int64_t from[PARTITIONS] = {-1, -1, -1, -1};
    CHECK(source.ops->start(source.context, from, workers));
    for (unsigned w = 0; w < workers; w++) {
        handover_ring_init(&team.ring[w], partitions);
        team.worker[w] = worker_create(&(struct worker_inputs){
            config, &clock_system, ledger_writer(ledger, w), ledger, &published, &source, named, partitions,
            &team.ring[w], metrics, w, NULL});
    }
    double took = run_team(&team, ledger, workers);
    printf("\"workers\": %u, \"events_a_second\": %.0f, ", workers, (double)lines_count(lines) / took);
    for (unsigned w = 0; w < workers; w++) {
        worker_destroy(&team.worker[w]);
        handover_ring_clear(&team.ring[w]);
    }
    free(team.ring);
    generation_destroy(&generations.current);
    ledger_destroy(&ledger);
}
