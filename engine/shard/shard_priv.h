#ifndef GW_SHARD_SHARD_PRIV_H
#define GW_SHARD_SHARD_PRIV_H

#include "shard/backfill.h"
#include "shard/entering.h"
#include "shard/shard.h"

#include <pthread.h>
#include <stdatomic.h>

struct shard {
    struct shard_inputs in;
    struct ledger *ledger;
    _Atomic(const struct generations *) generations; /* what workers count for */
    struct handover_ring *rings;
    struct worker **workers;
    struct committer *committer;
    const struct source_partition *partitions;
    size_t partition_count;

    json_t *state; /* what the state topic holds: key → value, until shard_lead hands it over */
    struct entering_report report; /* of what was followed; the floor follows its newest event */
    uint64_t records;

    pthread_t *threads;
    struct worker_thread *worker_threads;
    unsigned threads_running;
    int wake_fd;          /* a worker has handed something over */
    atomic_bool sleeping; /* the committer waits for that */
    atomic_bool stopping, flushing;
    atomic_bool timing; /* rules are being changed: workers take the time of each record */
    struct reload *reload; /* NULL: they are not; of the thread that changes them, as is what follows */
    struct {
        double full;           /* what the last renewal of the counters left in use; 0: there was none */
        double at_s, seconds;  /* when it ended, by clock_steady_s, and what it took */
    } renewed;
    _Atomic int stopped; /* enum step_result, once the committer has stopped; -1 before */
};

/* shard.c: generation and committer, anew; before anything was restored into them */
void shard_begin(struct shard *, const struct rule_set *, uint64_t number);
/* what its generations are made of; counters of the largest size */
struct generation_inputs shard_generation_inputs(const struct shard *, const struct rule_set *, uint64_t number);

/* reload.c: gives a reload up, wherever it is, if there is one; the workers have stopped, or it is over */
void reload_free(struct shard *);
/* with threads or by hand, from begun to RELOAD_DONE, or RELOAD_LEFT; else the shard stopped, or it is not wanted any more */
enum reload_result reload_go_through(struct shard *, const struct patience *);

#endif
