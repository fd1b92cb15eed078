#include "shard/backfill.h"

#include "base/check.h"

#include <stdlib.h>

enum { STRIDE = 64, SETTLE = 1 << 16, ASK_EVERY = 1 << 12 };

static void mark(struct ledger *ledger, fact_ref ref)
{
    struct fact *fact = ledger_fact(ledger, ref);
    unsigned parties = fact->kind == FACT_ALIAS ? 0 : fact->parties;
    for (unsigned i = 0; i <= parties; i++)
        fact_commit(ledger_fact(ledger, ref + i), 1); /* any cut that was committed */
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
        if (result == ENTER_NEW) {
            mark(ledger, entered.ref);
            for (unsigned i = 0; i < entered.aliases; i++)
                mark(ledger, entered.alias[i]);
        }
        if (result != ENTER_FULL)
            return result;
        /* as live: what is newer makes room by raising the floor */
        ledger_maintain(ledger, *newest);
    }
}

struct counting {
    const struct backfill *b;
    struct touched touched;
    struct findings *findings;
    size_t settle; /* when there are so many */
    bool *fresh; /* by rule */
    fact_ref ref;
    unsigned pending; /* facts touched and not counted yet */
    size_t facts;
    bool ended; /* the patience */
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
    generation_count(c->b->generation, &c->touched, c->findings);
    if (c->findings->count < c->settle)
        return;
    findings_settle(c->findings);
    c->settle = c->findings->count * 2 + SETTLE;
}

static void count_at(void *arg, uint32_t region, uint16_t category)
{
    struct counting *c = arg;
    generation_touch(c->b->generation, c->b->ledger, c->ref, region, category, &c->touched);
}

static bool count_fact(void *arg, fact_ref ref)
{
    struct counting *c = arg;
    const struct fact *fact = ledger_fact(c->b->ledger, ref);
    if (c->facts++ % ASK_EVERY == 0 && patience_ended(c->b->patience)) {
        c->ended = true;
        return false;
    }
    /* a party is counted with its event, an alias says nothing that the places do not, a carried fact is in no window */
    if (fact->key == 0 || fact->carried)
        return true;
    c->ref = ref;
    ledger_places(c->b->ledger, ref, count_at, c);
    if (++c->pending == STRIDE)
        sift(c);
    return true;
}

bool backfill_count(const struct backfill *b, struct findings *findings)
{
    const struct rule_set *rules = generation_rules(b->generation);
    struct counting c = {.b = b, .findings = findings, .settle = SETTLE};
    c.fresh = xcalloc(rules->count + 1, sizeof *c.fresh);
    for (unsigned r = 0; r < rules->count; r++)
        c.fresh[r] = !b->knows || !b->knows(b->arg, &rules->rules[r]);
    for (int s = 0; s < SHELVES && !c.ended; s++)
        ledger_scan(b->ledger, (enum shelf)s, INT64_MIN, INT64_MAX, count_fact, &c);
    sift(&c);
    findings_settle(findings);
    touched_free(&c.touched);
    free(c.fresh);
    return !c.ended;
}
