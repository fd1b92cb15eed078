/* A worker's batch is open for as long as it takes, and the others go on meanwhile.  Without threads that needs a
 * place inside it where somebody else can be let in: the clock, which a worker reads for each stride of records. */
#include "run_priv.h"

enum { OTHERS_MOST = 16 };

/* one step of somebody else's; the batch is r->leader's own, so it can't be taken away */
static bool let_in(struct run *r)
{
    struct engine *e = r->leader;
    unsigned who = dice_below(&r->dice, 100);
    enum step_result result;
    if (who < 40 && !e->changing)
        return rules_change(r);
    if (who < 30 && !e->lost)
        return run_commit(r, false, &result);
    if (who < 85 && e->changing && !e->lost)
        return rules_step(r, e);
    unsigned other = dice_below(&r->dice, e->workers);
    if (other != r->worker)
        worker_step(shard_worker(e->shard, other), 0);
    return true;
}

int64_t run_clock(void *context)
{
    struct run *r = context;
    if (!r->working || r->result.why[0] || !dice_chance(&r->dice, r->leader->changing ? 60 : 20))
        return r->now_ms;
    r->working = false; /* not within what is let in */
    run_trace(r, "  in the middle of that:");
    for (unsigned n = 1 + dice_below(&r->dice, OTHERS_MOST); n > 0 && let_in(r); n--)
        ;
    r->working = true;
    return r->now_ms;
}

void run_work(struct run *r, unsigned number)
{
    struct engine *e = r->leader;
    log_client_fetch(e->client, dice_chance(&r->dice, 15) ? 0 : 1 + dice_below(&r->dice, 12));
    r->worker = number;
    r->working = r->world->archived && !r->draining;
    enum worker_result result = worker_step(shard_worker(e->shard, number), 0);
    r->working = false;
    run_trace(r, "worker %u: %s", number,
              result == WORKER_DONE   ? "a batch"
              : result == WORKER_IDLE ? "idle"
                                      : "stalled");
}
