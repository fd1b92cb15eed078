/* The ledger: the set of all facts of the last weeks, in memory.  Everything else the engine keeps is derived from it.
 *
 * Two shelves: complaints and everything about them (a span is a day), and readings of sensors (a span is two hours).
 * A shelf is a ring of spans of event time.  A span owns its facts' segments and the heads of its chains, and expires
 * as a whole.  Each worker appends to segments of its own.
 *
 * Threads: a worker enters through its own ledger_writer, between ledger_begin and ledger_end.  The committer
 * alone expires and sets `cut`.  It walks; so may others, inside a batch of a writer of their own, while which nothing that they
 * can find is freed (and nothing else either: they should not be long).  No call blocks; none allocates but for a new
 * segment, span, series or table. */
#ifndef GW_LEDGER_LEDGER_H
#define GW_LEDGER_LEDGER_H

#include "ledger/fact.h"
#include "registry/registry.h"

#include <stdbool.h>
#include <stddef.h>

enum shelf { SHELF_FACTS, SHELF_READINGS, SHELVES };

struct ledger_limits {
    int64_t keep_s[SHELVES]; /* how long, in event time */
    size_t bytes[SHELVES];   /* most memory; beyond it the oldest span goes early */
};

struct ledger;
struct ledger_writer;

/* writers: one for each worker, and one for whoever else enters or scans (a standby, a backfill) */
struct ledger *ledger_create(const struct ledger_limits *, unsigned writers);
void ledger_destroy(struct ledger **);
struct ledger_writer *ledger_writer(struct ledger *, unsigned number);

static inline enum shelf fact_shelf(unsigned kind)
{
    return kind == EVENT_READING ? SHELF_READINGS : SHELF_FACTS;
}

/* A batch: nothing that the worker may still touch is freed, and the floor stays, between the two. */
void ledger_begin(struct ledger_writer *);
void ledger_end(struct ledger_writer *);

enum enter_result {
    ENTER_NEW,
    ENTER_DUPLICATE,
    ENTER_EXPIRED, /* older than the floor */
    ENTER_AHEAD,   /* more than 4,096 spans (eleven years; of readings, 341 days) newer than the oldest that is kept */
    ENTER_FULL,    /* no room until ledger_maintain has gone on: try again in the next batch */
};

/* The event's fact, entered once.  ENTER_NEW: *ref is the fact, its parties follow it (ref + 1 ...), and aliases
 * (count of them, in alias[], at most ALIASES_MAX) are what a `moved` put into another region by this call: to be
 * counted like facts. */
enum { ALIASES_MAX = 8, NEW_PLACES_MAX = 256 };
struct entered {
    fact_ref ref;
    unsigned aliases, places;
    fact_ref alias[ALIASES_MAX];
    /* where `moved` is to be counted besides: each place that a fact can have through its moves, once */
    fact_ref moved;
    struct {
        uint32_t region;
        uint16_t category;
    } place[NEW_PLACES_MAX];
};
enum enter_result ledger_enter(struct ledger_writer *, const struct event *, struct entered *);

/* The same in steps, for some dozens of events at a time: what the ledger knows their texts by; hints to the processor to
 * fetch what entering will touch; entering.  The hints are given for all at once: most wait for the page table, several
 * at a time as long as nothing lies between them. */
struct event_keys {
    uint64_t id, matter, respondent; /* the latter two: 0 where the event names none */
};
void ledger_prepare(const struct ledger *, const struct event *, struct event_keys *, size_t count);
enum enter_result ledger_enter_prepared(struct ledger_writer *, const struct event *, const struct event_keys *,
                                        struct entered *);
/* Which batch the writer is in; a batch that was open when this returned `before` is over once it returns another
 * number, or if `before` is even.  Any thread. */
uint64_t ledger_batch(const struct ledger_writer *);
/* Facts; any thread that got the ref by release/acquire.  What `ledger_fact` gives is the fact itself, or, of a reading that is
 * kept small, a copy as of now, which lives as long as the block in which this stands. */
#define ledger_fact(ledger, ref) ledger_fact_in(ledger, ref, &(struct fact){0})
const struct fact *ledger_fact_in(const struct ledger *, fact_ref, struct fact *room);
struct fact_text ledger_text(const struct ledger *, fact_ref);
/* The event's id (of a party, its event's; of an alias, that of the fact it stands for), borrowed from the ledger or put together
 * in *room. */
struct id_room {
    char at[EVENT_TEXT_MAX];
};
struct str ledger_id(const struct ledger *, fact_ref, struct id_room *room);
/* are they of one event, such as a fact and what was carried on of it? */
bool ledger_same_event(const struct ledger *, fact_ref, fact_ref);
/* hints: some facts ahead of ledger_fact, and of ledger_text, which the first has to come before */
void ledger_prefetch(const struct ledger *, fact_ref);
void ledger_prefetch_text(const struct ledger *, fact_ref);
/* The cut that holds this fact or alias, parties not included.  Numbers only rise, except that 1 may stand for any that was
 * committed before the ledger was made.  Once; the committer, or of those who read them back who has entered it. */
void ledger_commit(struct ledger *, fact_ref, uint32_t cut);
/* the fact that an alias stands for; the ref itself otherwise */
fact_ref ledger_origin(const struct ledger *, fact_ref);

/* The order of facts: by time, by id, bytewise, then by source, then parties after their event; < 0, 0, > 0. */
int ledger_order(const struct ledger *, fact_ref, fact_ref);
bool ledger_before(const struct ledger *, fact_ref, fact_ref); /* in that order */

uint64_t subject_of_region(uint32_t region);
uint64_t subject_of_respondent(struct str);
uint64_t subject_of_matter(uint64_t matter);
uint64_t matter_key(struct str matter);

/* Walks.  All facts (aliases and uncommitted ones included) of a chain that lie in [from, to] (seconds), and others: in what
 * spans meet it, only what had been entered before the span had come as far as `from` is left out.  The visitor returns
 * false to stop. */
typedef bool ledger_visit(void *arg, fact_ref);
void ledger_walk(const struct ledger *, uint64_t subject, int64_t from, int64_t to, ledger_visit *, void *arg);
/* The same of all regions from the first to the last, in no order; sooner than one after the other, since their facts are
 * waited for together. */
void ledger_walk_regions(const struct ledger *, uint32_t first, uint32_t last, int64_t from, int64_t to, ledger_visit *,
                         void *arg);
/* Every fact and alias of a shelf, in no order, a segment at a time, so that others can go on in between; what is
 * entered meanwhile may be left out.  From the first call to the last the caller is inside a batch, so that
 * nothing is freed. */
struct ledger_scan { /* zero before the first call, but for: */
    unsigned share, shares; /* of so many that scan at the same time, each a share of the segments; 0 shares: all of it */
    bool begun;
    int64_t span, last;
    const struct segment *segment;
};
/* false: that was all */
bool ledger_scan(const struct ledger *, enum shelf, struct ledger_scan *, ledger_visit *, void *arg);

/* What voids, restores and moves have made of a fact, over the committed ones. */
struct standing {
    bool live;
    uint32_t region;
    uint16_t category;
};
struct standing ledger_standing(const struct ledger *, fact_ref);
/* the fact that a void, restore or move means; 0 if it has not come yet */
fact_ref ledger_target(const struct ledger *, fact_ref modifier);
/* the fact of that id; 0: there is none */
fact_ref ledger_find(const struct ledger *, unsigned source, struct str id);
/* every (region, category) that the fact has or had: its own, and what each move (committed or not) made or makes of it,
 * in all combinations */
typedef void ledger_place_visit(void *arg, uint32_t region, uint16_t category);
void ledger_places(const struct ledger *, fact_ref, ledger_place_visit *, void *arg);
/* The smallest text among the matters merged with this one (over merges not voided), as its key; the key itself where
 * it was merged with none.  *text, if wanted, is that text, and empty in the second case. */
uint64_t ledger_matter_root(const struct ledger *, uint64_t matter, struct str *text);
/* May the matter have been merged or linked, by anything that has been entered?  Now and then said of one that was not. */
bool ledger_joined(const struct ledger *, uint64_t matter);
/* every matter that was ever one with this or linked to it, by merges and links since taken back too, this one among
 * them */
typedef void ledger_matter_visit(void *arg, uint64_t matter);
void ledger_matters(const struct ledger *, uint64_t matter, ledger_matter_visit *, void *arg);
/* The root again, and every matter whose root it is, this one among them.  Who asks for many at a time has roots.h. */
uint64_t ledger_root_of(const struct ledger *, uint64_t matter, struct str *text, ledger_matter_visit *, void *arg);
/* every matter that is one with this, this one among them; or linked to it, too */
void ledger_related(const struct ledger *, uint64_t matter, ledger_matter_visit *, void *arg);

/* The floor, in seconds: nothing is entered before it.  ledger_maintain raises it to what the limits allow for the
 * event time `now_s`, frees what lies below it once no batch can see it, and does what ledger_grow does.
 * Call it now and then from the committer, outside of walks; it never waits.  What is still needed of the facts below
 * the floor can be carried on before they go (carry.h). */
int64_t ledger_floor(const struct ledger *, enum shelf);
void ledger_maintain(struct ledger *, int64_t now_s);
/* Has ledger_maintain facts to free, and is on its way there? */
bool ledger_sweeping(const struct ledger *);
/* Replaces tables of the index that are too full, some at a time, a step further at each call.  It frees no fact, so it need not wait until what was
 * handed over is committed: workers that read a backlog fill a table sooner than that. */
void ledger_grow(struct ledger *);
/* Are all batches over that were open when ledger_maintain last went on?  Facts that they handed over may still be
 * on their way: who keeps refs waits for those too before it calls ledger_maintain again. */
bool ledger_quiet(const struct ledger *);

size_t ledger_bytes(const struct ledger *, enum shelf);
size_t ledger_index_bytes(const struct ledger *);
uint64_t ledger_evictions(const struct ledger *, enum shelf); /* spans that went early, over the memory bound */

#endif
