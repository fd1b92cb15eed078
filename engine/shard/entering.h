/* Facts of the log into the ledger, by as many threads as there are workers: what a start waits for.
 *
 * Whose turn comes first does not matter, since a ledger is a set: doubles, voids that came before what they void, and moves
 * come out alike in any order.  What was carried on takes its original's place in the index, and nobody else may enter an id
 * meanwhile; so those facts wait, and are entered one after the other, in the log's order, when all others are in.
 *
 * What comes in small pieces, as a standby reads it, is entered by the caller alone.  The workers must not run yet: the
 * threads enter by their writers. */
#ifndef GW_SHARD_ENTERING_H
#define GW_SHARD_ENTERING_H

#include "ledger/wire.h"

struct entering_report {
    struct wire_report wire;
    uint64_t broken; /* records that were left out, since they are not readable */
    int64_t newest;  /* event time in seconds; where the ledger is full, it makes room by what is newest, as live */
};

struct entering;
/* `own` is the caller's writer; threads have those from 0 on.  What is pointed to is borrowed until the end. */
struct entering *entering_begin(struct ledger *, struct ledger_writer *own, const struct wire_names *, unsigned threads,
                                const struct entering_report *so_far);
/* copies the record; may wait for threads that are behind */
void entering_record(struct entering *, struct str record);
/* all is entered, and marked as committed */
struct entering_report entering_end(struct entering **);

#endif
