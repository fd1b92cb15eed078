/* The committer's part of carrying on (ledger/carry.h): what is still needed of the spans that are about to go enters the
 * open cut, and so the log, a segment at a time.  Until all of it has, walks see the originals.  What is taken meanwhile
 * has no say in it. */
#include "commit/committer_priv.h"

#include "base/check.h"
#include "ledger/carry.h"

struct carrying {
    struct committer *committer;
    int64_t at; /* seconds: the span that it goes to */
    struct tally judged;
};

static bool carry_visit(void *arg, fact_ref ref)
{
    struct carrying *carrying = arg;
    struct committer *c = carrying->committer;
    struct entered entered;
    switch (ledger_carry(c->in.writer, ref, carrying->at, (uint32_t)c->handed_cut, &carrying->judged, &entered)) {
    case CARRY_DONE:
        committer_take_fact(c, entered.ref);
        for (unsigned i = 0; i < entered.aliases; i++)
            committer_take_fact(c, entered.alias[i]);
        break;
    case CARRY_FULL:
        metric_add(c->in.metrics, METRIC_SHED, STRUCTURE_CARRIED, 0, 1);
        break;
    case CARRY_NOT:
        break;
    }
    return true;
}

bool committer_carry(struct committer *c, int64_t now_s)
{
    struct ledger *ledger = c->in.ledger;
    if (!ledger_leaving(ledger))
        return true;
    int64_t floor = ledger_floor(ledger, SHELF_FACTS); /* it went early: the bound on memory was met */
    struct carrying carrying = {c, now_s > floor ? now_s : floor, {0}};
    ledger_begin(c->in.writer);
    bool more = ledger_leave(ledger, carry_visit, &carrying);
    ledger_end(c->in.writer);
    tally_free(&carrying.judged);
    if (!more)
        tracker_forget(c->tracker);
    return !more;
}
