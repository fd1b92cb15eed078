/* From the past into an engine at rest: facts that were committed before into the ledger, and a generation's counters
 * from the ledger, both by the very code that enters and counts live ones.  Used at start (recover.c), when the rules
 * change (reload.c) and by the authors' tools (replay/).
 *
 * Counting may go on while workers enter facts, inside a batch of the caller's (ledger_begin), so that nothing is freed
 * meanwhile. */
#ifndef GW_SHARD_BACKFILL_H
#define GW_SHARD_BACKFILL_H

#include "base/patience.h"
#include "count/generation.h"

/* Enters the event and, if it is new, marks its fact, parties and aliases as committed.  `newest`, seconds, rises to
 * the event's time: where the ledger is full it makes room by what is newest, as live. */
enum enter_result backfill_enter(struct ledger *, struct ledger_writer *, const struct event *, int64_t *newest);

/* what was new: the fact, its parties, its aliases */
void backfill_mark(struct ledger *, const struct entered *);

/* which rules' findings are of no interest; NULL: none */
typedef bool backfill_knows(void *arg, const struct rule *);

/* Tables of counters are of two sizes: the first is a quarter of the largest, and one that is so full when the whole ledger has
 * been counted that it would soon have to be renewed is left for that. */
size_t backfill_first_size(size_t largest);
size_t backfill_next_size(const struct generation *, size_t largest); /* 0: it has room enough, or is the largest */

/* A generation that has counted the whole ledger, and what that found, as below; in->counters_bytes is the largest size.  NULL:
 * the patience ended first.  A large ledger is counted by so many threads. */
struct generation *backfill_generation(const struct generation_inputs *in, const struct ledger *, backfill_knows *knows,
                                       void *arg, const struct patience *, unsigned threads, struct findings *findings);

struct backfill {
    struct generation *generation;
    const struct ledger *ledger;
    backfill_knows *knows;
    void *arg;
    unsigned share, shares; /* as in struct ledger_scan */
};

/* Counts the whole ledger for a generation, in steps of a segment, between which others can go on; findings of rules that
 * `knows` does not have are added to *findings, whose array is the caller's to free.  All is one batch, but where nothing is
 * found and backfill_between says so, it may be left and begun anew.  What *backfill points to, and the findings, are
 * borrowed until the end, which must follow whether all was counted or not. */
struct counting;
struct counting *backfill_begin(const struct backfill *backfill, struct findings *findings);
bool backfill_step(struct counting *); /* false: nothing is left */
bool backfill_between(const struct counting *); /* it holds on to nothing of the ledger's */
void backfill_end(struct counting **);

#endif
