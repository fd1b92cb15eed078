/* From the past into an engine at rest: facts that were committed before into the ledger, and a generation's counters
 * from the ledger, both by the very code that enters and counts live ones.  Used at start (recover.c), when the rules
 * change (reload.c) and by the authors' tools (replay/).
 *
 * One thread; counting may go on while workers enter facts, inside a batch of its own (ledger_begin), so that nothing is
 * freed meanwhile. */
#ifndef GW_SHARD_BACKFILL_H
#define GW_SHARD_BACKFILL_H

#include "base/patience.h"
#include "count/generation.h"

/* Enters the event and, if it is new, marks its fact, parties and aliases as committed.  `newest`, seconds, rises to
 * the event's time: where the ledger is full it makes room by what is newest, as live. */
enum enter_result backfill_enter(struct ledger *, struct ledger_writer *, const struct event *, int64_t *newest);

/* which rules' findings are of no interest; NULL: none */
typedef bool backfill_knows(void *arg, const struct rule *);

struct backfill {
    struct generation *generation;
    const struct ledger *ledger;
    backfill_knows *knows;
    void *arg;
};

/* Counts the whole ledger for the generation; findings of rules that `knows` does not have are added to *findings,
 * whose array is the caller's to free.  false: the patience ended first, and what was counted is of no use. */
bool backfill_count(const struct backfill *, const struct patience *, struct findings *findings);

/* The same in steps of a segment, between which others can go on, all in one batch.  What *backfill points to, and the findings,
 * are borrowed until the end, which must follow whether all was counted or not. */
struct counting;
struct counting *backfill_begin(const struct backfill *backfill, struct findings *findings);
bool backfill_step(struct counting *); /* false: nothing is left */
void backfill_end(struct counting **);

#endif
