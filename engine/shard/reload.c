/* A generation's counters come from the ledger, at start and whenever the rules change, by the code that counts live
 * facts.
 *
 * A reload goes: publish {current, next}: from their next batch on workers count for both → when no older batch is open,
 * count the whole ledger for `next` → when the committer has taken all that was counted for `current` alone, offer `next` to it,
 * which takes it up between two handovers → publish {next} → when nobody can see the old one, free it → when the cut with
 * which it began is committed, say so.
 *
 * Up to the offer it can be left off, which the shard must not outlive: workers go on counting for both, and what they
 * found for `next` waits with the committer for a generation that does not come.  From the offer on it goes through, within a
 * commit.
 *
 * Facts that are entered while the ledger is counted may be counted twice for `next`.  A counter may overcount: it costs
 * a finding that is denied, once, and the bucket passes. */
#include "shard/shard_priv.h"

#include "base/check.h"

#include <stdlib.h>
#include <time.h>

enum { WAIT_MS = 1 };

bool shard_fill(struct shard *shard, struct generation *generation, const struct filled *filled, struct findings *findings)
{
    struct ledger_writer *reader = shard_reader(shard);
    ledger_begin(reader);
    bool whole = backfill_count(
        &(struct backfill){generation, shard->ledger, filled->knows, filled->arg, filled->patience}, findings);
    ledger_end(reader);
    return whole;
}

static bool known_as_it_is(void *arg, const struct rule *rule)
{
    return rule_set_has(arg, rule);
}

/* Lets the committer go on: a little later it has, or by hand, where there is nobody else to do it, it takes a step here.
 * false: waiting would have no end, since the shard has stopped, or the patience ended, or by hand the store asks for time that
 * only the caller can let pass. */
static bool let_go_on(struct shard *shard, const struct patience *patience)
{
    enum step_result why;
    if (shard_stopped(shard, &why) || patience_ended(patience))
        return false;
    if (!shard->threads_running)
        return committer_flush(shard->committer) == STEP_PROGRESS;
    struct timespec pause = {0, WAIT_MS * 1000000L};
    nanosleep(&pause, NULL);
    return true;
}

/* Every batch that is open now.  A batch waits for nobody, so this has an end. */
static void wait_batches(struct shard *shard)
{
    for (unsigned w = 0; w < shard->in.workers; w++) {
        const struct ledger_writer *writer = ledger_writer(shard->ledger, w);
        uint64_t now = ledger_batch(writer);
        while ((now & 1) && ledger_batch(writer) == now) {
            struct timespec pause = {0, WAIT_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
    }
}

/* everything that has been handed over by now */
static bool wait_handed(struct shard *shard, const struct patience *patience)
{
    for (unsigned w = 0; w < shard->in.workers; w++) {
        uint64_t filled = atomic_load(&shard->rings[w].filled);
        while (atomic_load(&shard->rings[w].taken) < filled)
            if (!let_go_on(shard, patience))
                return false;
    }
    return true;
}

static bool wait_taken_up(struct shard *shard, uint64_t number)
{
    while (committer_generation(shard->committer) != number)
        if (!let_go_on(shard, NULL))
            return false;
    return true;
}

/* so that nobody is told of a generation that a restart would not know */
static bool wait_committed(struct shard *shard)
{
    while (!committer_generation_committed(shard->committer))
        if (!let_go_on(shard, NULL))
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

/* The committer has it, or will not take another step. */
static bool hand_over(struct shard *shard, const struct shard_rules *rules, struct generation *next,
                      const struct findings *findings)
{
    struct generation_offer offer = {next, findings->all, findings->count, rules->notes, rules->note_count};
    committer_offer(shard->committer, &offer);
    bool taken = wait_taken_up(shard, rules->number);
    if (!taken)
        committer_offer(shard->committer, NULL);
    return taken;
}

static bool fill_and_hand_over(struct shard *shard, const struct shard_rules *rules, struct generation *old,
                               struct generation *next, const struct patience *patience)
{
    struct findings findings = {0};
    /* known_as_it_is only reads what it is given */
    void *active = (void *)(uintptr_t)generation_rules(old);
    bool taken = shard_fill(shard, next, &(struct filled){known_as_it_is, active, patience}, &findings);
    /* What was counted for the old one alone has findings only of that, which the committer could not read any more; and the
     * fill looked for findings of new rules only.  A batch that is still open may have looked at counters that were not full
     * yet: it ends first. */
    if (taken)
        wait_batches(shard);
    taken = taken && wait_handed(shard, patience) && hand_over(shard, rules, next, &findings);
    free(findings.all);
    return taken;
}

bool shard_reload(struct shard *shard, const struct shard_rules *rules, const struct patience *patience, double *longest)
{
    const struct config *config = shard->in.config;
    struct generation *old = shard_generation(shard);
    struct generation *next = generation_create(&(struct generation_inputs){.rules = rules->rules,
                                                                            .registry = config->registry,
                                                                            .catalogue = config->catalogue,
                                                                            .counters_bytes = (size_t)config->counters_bytes,
                                                                            .number = rules->number});
    longest_pause_s(shard); /* starts anew */
    atomic_store(&shard->timing, true);
    publish(shard, old, next);
    if (!fill_and_hand_over(shard, rules, old, next, patience))
        return false; /* shard_destroy frees both */
    publish(shard, next, NULL);
    bool drained = wait_handed(shard, NULL);
    generation_destroy(&old);
    atomic_store(&shard->timing, false);
    *longest = longest_pause_s(shard);
    return drained && wait_committed(shard);
}
