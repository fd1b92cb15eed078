#include "shard/backfill.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>

enum { STRIDE = 64, SETTLE = 1 << 16, GROWTH = 4, LARGE_LEDGER = 32 << 20 };

/* Half of what makes a table be renewed (shard/renew.c), so that as much again can come before it is. */
static const double ROOM_ENOUGH = 5.0 / 16;

static void mark_one(struct ledger *ledger, fact_ref ref)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    unsigned parties = fact->kind == FACT_ALIAS ? 0 : fact->parties;
    for (unsigned i = 0; i <= parties; i++)
        ledger_commit(ledger, ref + i, 1); /* any cut that was committed */
}

void backfill_mark(struct ledger *ledger, const struct entered *entered)
{
    mark_one(ledger, entered->ref);
    for (unsigned i = 0; i < entered->aliases; i++)
        mark_one(ledger, entered->alias[i]);
}

enum enter_result backfill_enter(struct ledger *ledger, struct ledger_writer *writer, const struct event *event,
                                 int64_t *newest)
{
    struct entered entered;
    if (event->occurred_at > *newest)
        *newest = event->occurred_at;
    for (;;) {
        ledger_begin(writer);
        enum enter_result result = ledger_enter(writer, event, &entered);
        ledger_end(writer);
        if (result == ENTER_NEW)
            backfill_mark(ledger, &entered);
        if (result != ENTER_FULL)
            return result;
        /* as live: what is newer makes room by raising the floor */
        ledger_maintain(ledger, *newest);
    }
}

struct counting {
    struct backfill b;
    struct touched touched;
    struct findings *findings;
    size_t settle; /* when there are so many */
    bool *fresh; /* by rule */
    int64_t first_minute; /* nothing counts what is before it */
    fact_ref ref;
    unsigned pending; /* facts touched and not counted yet */
    int shelf;
    struct ledger_scan scan; /* of that shelf */
};

static void sift(struct counting *c)
{
    struct findings *looks = &c->touched.looks;
    c->pending = 0;
    size_t kept = 0;
    for (size_t i = 0; i < looks->count; i++)
        if (c->fresh[looks->all[i].rule])
            looks->all[kept++] = looks->all[i];
    looks->count = kept;
    generation_count(c->b.generation, c->b.ledger, &c->touched, c->findings);
    if (c->findings->count < c->settle)
        return;
    findings_settle(c->findings);
    c->settle = c->findings->count * 2 + SETTLE;
}

static void count_at(void *arg, uint32_t region, uint16_t category)
{
    struct counting *c = arg;
    generation_touch(c->b.generation, c->b.ledger, c->ref, region, category, &c->touched);
}

static bool count_fact(void *arg, fact_ref ref)
{
    struct counting *c = arg;
    const struct fact *fact = ledger_fact(c->b.ledger, ref);
    /* a party is counted with its event, an alias says nothing that the places do not, a carried fact is in no window */
    if (fact->key == 0 || fact->carried || minute_of(fact->occurred_at) < c->first_minute)
        return true;
    c->ref = ref;
    ledger_places(c->b.ledger, ref, count_at, c);
    if (++c->pending == STRIDE)
        sift(c);
    return true;
}

struct counting *backfill_begin(const struct backfill *b, struct findings *findings)
{
    const struct rule_set *rules = generation_rules(b->generation);
    struct counting *c = xcalloc(1, sizeof *c);
    c->b = *b;
    c->findings = findings;
    c->settle = SETTLE;
    c->scan = (struct ledger_scan){.share = b->share, .shares = b->shares};
    c->first_minute = generation_first_minute(b->generation);
    c->fresh = xcalloc(rules->count + 1, sizeof *c->fresh);
    for (unsigned r = 0; r < rules->count; r++)
        c->fresh[r] = !b->knows || !b->knows(b->arg, &rules->rules[r]);
    return c;
}

bool backfill_step(struct counting *c)
{
    while (c->shelf < SHELVES) {
        if (ledger_scan(c->b.ledger, (enum shelf)c->shelf, &c->scan, count_fact, c)) {
            sift(c);
            return true;
        }
        c->shelf++;
        c->scan = (struct ledger_scan){.share = c->b.share, .shares = c->b.shares};
    }
    findings_settle(c->findings);
    return false;
}

void backfill_end(struct counting **pointer)
{
    struct counting *c = *pointer;
    *pointer = NULL;
    if (!c)
        return;
    touched_free(&c->touched);
    free(c->fresh);
    free(c);
}

bool backfill_between(const struct counting *c)
{
    return !c->scan.segment;
}

size_t backfill_first_size(size_t largest)
{
    return largest / GROWTH;
}

size_t backfill_next_size(const struct generation *g, size_t largest)
{
    size_t bytes = generation_counters_bytes(g);
    if (bytes >= largest || counters_full(generation_counters(g)) <= ROOM_ENOUGH)
        return 0;
    return largest;
}

struct counter_thread {
    pthread_t thread;
    struct counting *counting;
    struct findings findings;
    size_t largest;
    const struct patience *patience;
    bool left;
};

static void *count_share(void *arg)
{
    struct counter_thread *t = arg;
    while (t->left && !patience_ended(t->patience) && !backfill_next_size(t->counting->b.generation, t->largest))
        t->left = backfill_step(t->counting);
    return NULL;
}

/* The caller counts a share, too.  false: it is not wanted any more. */
static bool count_all(const struct backfill *whole, size_t largest, const struct patience *patience, unsigned threads,
                      struct findings *findings)
{
    struct counter_thread *all = xcalloc(threads, sizeof *all);
    bool left = false;
    for (unsigned t = 0; t < threads; t++) {
        struct backfill share = *whole;
        share.share = t;
        share.shares = threads;
        all[t] = (struct counter_thread){.largest = largest, .patience = patience, .left = true};
        all[t].counting = backfill_begin(&share, &all[t].findings);
        CHECK(t == 0 || pthread_create(&all[t].thread, NULL, count_share, &all[t]) == 0);
    }
    count_share(&all[0]);
    for (unsigned t = 0; t < threads; t++) {
        if (t)
            pthread_join(all[t].thread, NULL);
        left |= all[t].left;
        for (size_t i = 0; i < all[t].findings.count; i++)
            findings_add(findings, &all[t].findings.all[i]);
        free(all[t].findings.all);
        backfill_end(&all[t].counting);
    }
    free(all);
    findings_settle(findings);
    return !left || !patience_ended(patience);
}

static unsigned worth_threads(const struct ledger *ledger, unsigned threads)
{
    bool large = ledger_bytes(ledger, SHELF_FACTS) + ledger_bytes(ledger, SHELF_READINGS) >= LARGE_LEDGER;
    return large && threads > 1 ? threads : 1;
}

struct generation *backfill_generation(const struct generation_inputs *in, const struct ledger *ledger,
                                       backfill_knows *knows, void *arg, const struct patience *patience,
                                       unsigned threads, struct findings *findings)
{
    struct generation_inputs inputs = *in;
    inputs.counters_bytes = backfill_first_size(in->counters_bytes);
    for (;;) {
        struct generation *g = generation_create(&inputs);
        findings->count = 0;
        bool wanted = count_all(&(struct backfill){.generation = g, .ledger = ledger, .knows = knows, .arg = arg},
                                in->counters_bytes, patience, worth_threads(ledger, threads), findings);
        size_t next = backfill_next_size(g, in->counters_bytes);
        if (wanted && !next)
            return g;
        generation_destroy(&g);
        if (!wanted)
            return NULL;
        inputs.counters_bytes = next;
    }
}
