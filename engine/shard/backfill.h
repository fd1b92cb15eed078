/* From the past into an engine at rest: facts that were committed before into the ledger, and a generation's counters
 * from the ledger, both by the very code that enters and counts live ones.  Used at start (recover.c), when the rules
 * change (reload.c) and by the authors' tools (replay/).
 *
 * One thread; backfill_count may run while workers enter facts. */
#ifndef GW_SHARD_BACKFILL_H
#define GW_SHARD_BACKFILL_H

#include "count/generation.h"

/* Enters the event and, if it is new, marks its fact, parties and aliases as committed.  `newest`, seconds, rises to
 * the event's time: where the ledger is full it makes room by what is newest, as live. */
enum enter_result backfill_enter(struct ledger *, struct ledger_writer *, const struct event *, int64_t *newest);

/* which rules' findings are of no interest; NULL: none */
typedef bool backfill_knows(void *arg, const struct rule *);

struct backfill {
    struct generation *generation;
    const struct ledger *ledger;
    struct ledger_writer *reader; /* nothing is freed while it counts */
    backfill_knows *knows;
    void *arg;
};

/* Counts the whole ledger for the generation; findings of rules that `knows` does not have are added to *findings,
 * whose array is the caller's to free. */
void backfill_count(const struct backfill *, struct findings *findings);

/* The same in steps of a segment: what must go on meanwhile can.  `generation`, `ledger`, `reader`, `arg` are
 * borrowed until the end, which must follow on the thread of the beginning, whether all was counted or not. */
struct counting;
struct counting *backfill_begin(const struct backfill *, struct findings *findings);
bool backfill_step(struct counting *); /* false: nothing is left */
void backfill_end(struct counting **);

#endif
