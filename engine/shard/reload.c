/* A generation's counters come from the ledger, at start and whenever the rules change, by the code that counts live
 * facts.
 *
 * A reload goes: publish {current, next}: from their next batch on workers count for both → when no older batch is open,
 * count the whole ledger for `next` → when the committer has taken all that was counted for `current` alone, offer `next` to it,
 * which takes it up between two handovers → publish {next} → when nobody can see the old one, free it → when the cut with
 * which it began is committed, say so.
 *
 * Facts that are entered while the ledger is counted may be counted twice for `next`.  A counter may overcount: it costs
 * a finding that is denied, once, and the bucket passes. */
#include "shard/shard_priv.h"

#include "base/check.h"

#include <stdlib.h>
#include <time.h>

enum { WAIT_MS = 1 };

void shard_fill(struct shard *shard, struct generation *generation, backfill_knows *knows, void *arg,
                struct findings *findings)
{
    backfill_count(&(struct backfill){generation, shard->ledger,
                                      ledger_writer(shard->ledger, shard->in.workers), knows, arg},
                   findings);
}

static bool known_as_it_is(void *arg, const struct rule *rule)
{
    const struct rule_set *active = arg;
    for (unsigned r = 0; r < active->count; r++)
        if (strcmp(active->rules[r].id, rule->id) == 0)
            return active->rules[r].digest == rule->digest;
    return false;
}

/* false: the shard has stopped by itself, so that waiting would have no end */
static bool wait_a_little(const struct shard *shard)
{
    enum step_result why;
    if (shard_stopped(shard, &why))
        return false;
    struct timespec pause = {0, WAIT_MS * 1000000L};
    nanosleep(&pause, NULL);
    return true;
}

/* every batch that is open now */
static void wait_batches(struct shard *shard)
{
    for (unsigned w = 0; w < shard->in.workers; w++) {
        const struct ledger_writer *writer = ledger_writer(shard->ledger, w);
        uint64_t now = ledger_batch(writer);
        while ((now & 1) && ledger_batch(writer) == now)
            wait_a_little(shard); /* a batch waits for nobody, so this has an end */
    }
}

/* everything that has been handed over by now */
static bool wait_handed(struct shard *shard)
{
    for (unsigned w = 0; w < shard->in.workers; w++) {
        uint64_t filled = atomic_load(&shard->rings[w].filled);
        while (atomic_load(&shard->rings[w].taken) < filled)
            if (!shard->threads_running)
                committer_step(shard->committer); /* by hand there is nobody else to do it */
            else if (!wait_a_little(shard))
                return false;
    }
    return true;
}

static bool wait_taken_up(struct shard *shard, uint64_t number)
{
    while (committer_generation(shard->committer) != number)
        if (!shard->threads_running)
            committer_step(shard->committer);
        else if (!wait_a_little(shard))
            return false;
    return true;
}

/* so that nobody is told of a generation that a restart would not know */
static bool wait_committed(struct shard *shard)
{
    while (!committer_generation_committed(shard->committer))
        if (!shard->threads_running)
            committer_step(shard->committer);
        else if (!wait_a_little(shard))
            return false;
    return true;
}

static void publish(struct shard *shard, struct generation *current, struct generation *next)
{
    struct generations *now = xcalloc(1, sizeof *now);
    *now = (struct generations){current, next};
    const struct generations *before = atomic_exchange(&shard->generations, now);
    /* a worker copies it inside its batch */
    wait_batches(shard);
    free((struct generations *)(uintptr_t)before);
}

static double longest_pause_s(struct shard *shard)
{
    int64_t longest = 0;
    for (unsigned w = 0; w < shard->in.workers; w++) {
        int64_t pause = worker_longest_pause_ns(shard->workers[w]);
        longest = pause > longest ? pause : longest;
    }
    return (double)longest / 1e9;
}

bool shard_reload(struct shard *shard, const struct shard_rules *rules, double *longest)
{
    const struct config *config = shard->in.config;
    struct generation *old = shard_generation(shard);
    struct generation *next = generation_create(
        &(struct generation_inputs){rules->rules, config->registry, config->catalogue, (size_t)config->counters_bytes,
                                    rules->number});
    longest_pause_s(shard); /* starts anew */
    atomic_store(&shard->timing, true);
    publish(shard, old, next);
    struct findings findings = {0};
    /* known_as_it_is only reads what it is given */
    void *active = (void *)(uintptr_t)generation_rules(old);
    shard_fill(shard, next, known_as_it_is, active, &findings);
    /* What was counted for the old one alone has findings only of that, which the committer could not read any more; and the
     * fill looked for findings of new rules only.  A batch that is still open may have looked at counters that were not full
     * yet: it ends first. */
    wait_batches(shard);
    wait_handed(shard);
    struct generation_offer offer = {next, findings.all, findings.count, rules->notes, rules->note_count};
    committer_offer(shard->committer, &offer);
    bool taken = wait_taken_up(shard, rules->number);
    free(findings.all);
    /* where the committer has stopped, nobody will look at either again */
    publish(shard, next, NULL);
    bool drained = wait_handed(shard);
    generation_destroy(&old);
    atomic_store(&shard->timing, false);
    *longest = longest_pause_s(shard);
    return taken && drained && wait_committed(shard);
}
