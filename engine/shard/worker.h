/* A worker: takes batches of records from its partitions, decodes them, enters the events into the ledger, counts them
 * for the active generation, and hands facts and findings to the committer.
 *
 * worker_step is all there is to its thread, so that a simulation can call it. */
#ifndef GW_SHARD_WORKER_H
#define GW_SHARD_WORKER_H

#include "base/clock.h"
#include "commit/handover.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "source/source.h"

struct worker;

struct worker_inputs {
    const struct config *config;
    const struct clock *clock;
    struct ledger_writer *writer;
    struct ledger *ledger;
    const _Atomic(const struct generations *) *generations;
    const struct source *source;
    const struct source_partition *partitions;
    size_t partition_count;
    struct handover_ring *ring;
    struct metrics *metrics;
    unsigned number;
    const atomic_bool *timing; /* take the time of each record; NULL: never */
};

struct worker *worker_create(const struct worker_inputs *);
void worker_destroy(struct worker **);

enum worker_result {
    WORKER_IDLE,    /* nothing came within the timeout */
    WORKER_DONE,    /* a batch was handed over */
    WORKER_STALLED, /* the committer has to go on first: its ring, or the ledger, is full */
};
enum worker_result worker_step(struct worker *, int timeout_ms);

/* The longest, while it was timed and since it was last asked, that it had records at hand and finished none.  Any thread. */
int64_t worker_longest_pause_ns(struct worker *);

#endif
