/* What a worker hands to the committer after each batch: facts, findings, rejects and progress as one unit, so that a
 * cut never holds a finding without the facts that led to it, nor an offset without what was read before it.
 *
 * A ring for one worker and one committer; lock-free.  The units keep their memory, so a steady state allocates
 * nothing.  When the ring is full the worker waits: this is where uncommitted work is bounded. */
#ifndef GW_COMMIT_HANDOVER_H
#define GW_COMMIT_HANDOVER_H

#include "base/buffer.h"
#include "count/generation.h"
#include "handle/disposition.h"
#include "notify/silence.h"
#include "source/source.h"

#include <stdatomic.h>

enum { HANDOVERS = 64 };

struct reject {
    bool late; /* false: a dead letter */
    uint32_t partition;
    int64_t offset;
    const char *reason; /* static text */
    /* texts in the unit's buffer: place and expectation; raw: the record, if it is to be kept */
    uint32_t place_at, place_len, expected_at, expected_len, raw_at, raw_len;
    int64_t occurred_at; /* of a late event */
};

struct progress {
    bool touched;
    bool records;        /* some came, whatever became of them */
    int64_t next_offset; /* -1: unchanged */
    int64_t newest;      /* event time, seconds; INT64_MIN: none in this batch */
    int64_t stamped_ms;  /* of its last record; 0: not known */
    enum record_kind state; /* RECORD_DATA: not known to be at its end */
};

struct handover {
    fact_ref *facts; /* without parties, with aliases */
    size_t fact_count, fact_capacity;
    const struct rule_set *rules, *next_rules; /* that the findings speak of, by number; next: of the generation to come */
    struct findings findings, next_findings;
    struct disposition *dispositions;
    size_t disposition_count, disposition_capacity;
    struct silence *silences;
    size_t silence_count, silence_capacity;
    struct reject *rejects;
    size_t reject_count, reject_capacity;
    struct progress *progress; /* by partition; partition_count of them */
    struct buffer text;
};

struct handover_ring {
    _Alignas(64) _Atomic uint64_t filled; /* the worker's */
    _Alignas(64) _Atomic uint64_t taken;  /* the committer's */
    struct handover slot[HANDOVERS];
    size_t partition_count;
};

void handover_ring_init(struct handover_ring *, size_t partition_count);
void handover_ring_clear(struct handover_ring *);

/* worker: an empty unit to fill, or NULL if the ring is full; then hand it over */
struct handover *handover_begin(struct handover_ring *);
void handover_end(struct handover_ring *);

/* committer: the oldest unit, or NULL; done with it */
struct handover *handover_take(struct handover_ring *);
void handover_release(struct handover_ring *);

void handover_add_fact(struct handover *, fact_ref);
void handover_add_disposition(struct handover *, const struct disposition *);
void handover_add_silence(struct handover *, const struct silence *);
struct reject *handover_add_reject(struct handover *);
uint32_t handover_add_text(struct handover *, const void *text, size_t len);

#endif
