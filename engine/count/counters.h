/* Window counters: for (aggregate, subject), never less than what any window that a fact can change may hold.  They
 * filter; the ledger decides.  So they only ever add: what a void, a move or a merge takes away stays counted until its
 * bucket passes, which costs a finding that is denied, and saves every race between adding and taking away.
 *
 * One lock-free hash table of cache lines for all aggregates of a generation.  A line is its key, six buckets, and the
 * name of an overflow block.  A bucket is one 64-bit atomic of bucket number and amount; for distinct callers the
 * pair is bucket number and token, and pairs are only added.  Most subjects never need more than their line.  The block of
 * a sum is a ring of buckets, 32 of them, or 256 where they are shorter than 18 minutes: a newer number replaces, an equal
 * one adds, an older one is refused (the counter then says "cannot tell": the finding is made, the ledger decides).  Pairs
 * have a block of 31, then one more of 219.
 *
 * A bucket is a sixteenth of its window: finer ones would cost more to sum at each fact than the findings that they save.
 *
 * Where memory ends, nothing is lost but speed: a line or block that cannot be had makes its counter say "cannot
 * tell" (COUNTER_UNKNOWN), which is above every threshold.
 *
 * Ordering: adds and reads are seq_cst, so that of two workers whose facts together cross a threshold, at least the
 * one whose add comes second reads both.  Any thread. */
#ifndef GW_COUNT_COUNTERS_H
#define GW_COUNT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum counter_kind { COUNTER_ADD, COUNTER_MAX, COUNTER_DISTINCT };

#define COUNTER_UNKNOWN INT64_MAX

/* what the counter of one aggregate is like */
struct counter_shape {
    enum counter_kind kind;
    uint32_t window_min; /* minutes */
    uint32_t step_min;   /* minutes in a bucket: see counter_step */
    uint32_t from;       /* the first bucket that is counted; windows that reach below it "cannot tell" */
};

/* a sixteenth of the window, rounded up to whole minutes */
uint32_t counter_step(uint32_t window_min);

struct counters;

/* In that much memory, or somewhat more where it is very little; in large pages where the system has them. */
struct counters *counters_create(size_t bytes);
void counters_destroy(struct counters **);

/* key: of aggregate and subject, not 0.  minute: the first that sees the fact.  amount: >= 0; for DISTINCT the token. */
void counters_add(struct counters *, const struct counter_shape *, uint64_t key, int64_t minute, uint64_t amount);

/* An upper bound of the measure in every window that contains `minute`'s facts; enough: stop counting there (the
 * lowest threshold that anyone compares it with). */
int64_t counters_upper(const struct counters *, const struct counter_shape *, uint64_t key, int64_t minute,
                       int64_t enough);

/* Hints: the key's line, ahead of the two above; then, once that has come, what they read of its block. */
void counters_prefetch(const struct counters *, uint64_t key);
void counters_prefetch_block(const struct counters *, const struct counter_shape *, uint64_t key, int64_t minute);

size_t counters_bytes(const struct counters *); /* of lines and blocks in use */
size_t counters_held(const struct counters *);  /* of the whole table */
size_t counters_lines(const struct counters *);
double counters_full(const struct counters *); /* the share of its lines, or of its blocks, that is in use: the greater */
uint64_t counters_shed(const struct counters *); /* times that memory was not to be had */

/* a sum over all buckets of now living windows that does not depend on the order of adding; for tests */
uint64_t counters_fingerprint(const struct counters *);

#endif
