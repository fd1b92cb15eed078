/* A generation's counters come from the ledger, at start and whenever the rules change, by the code that counts live
 * facts.
 *
 * A reload goes: publish {current, next}: from their next batch on workers count for both → when no older batch is
 * open, count the whole ledger for `next` → when the committer has taken all that was counted for `current` alone,
 * offer `next` to it, which takes it up between two handovers → publish {next} → when nobody can see the old one,
 * free it → when the cut with which it began is committed, say so.  Each of these is a stage, and shard_reload_step
 * never waits, so that the simulation runs it among everybody else's steps; shard_reload waits between two of them.
 *
 * A renewal of the counters is a reload of the very same rules: there is nothing to be found, and the committer changes
 * counters only.  Up to the offer it can be given up, by going back to {current}.
 *
 * Where what is counted for `next` turns out to need a larger table, `next` is let go of likewise, and it begins again
 * with one.
 *
 * Up to the offer a reload can be left off, which the shard must not outlive: workers go on counting for both, and what they
 * found for `next` waits with the committer for a generation that does not come.  From the offer on it goes through,
 * within a commit.
 *
 * Until it is taken up all of it is one batch of the shard's reader: the fill's findings, and those for `next` that wait with
 * the committer, are about facts that must not be freed before it has looked at them.  A renewal finds nothing, and has the
 * reader begin a batch for each span: as often as it may happen, it must not hold back what the ledger frees.
 *
 * Facts that are entered while the ledger is counted may be counted twice for `next`.  A counter may overcount: it
 * costs a finding that is denied, once, and the bucket passes. */
#include "shard/shard_priv.h"

#include "base/check.h"

#include <stdlib.h>
#include <time.h>

enum { WAIT_MS = 1 };

struct reload {
    struct shard *shard;
    struct shard_rules rules;
    struct generation *old, *next;
    const struct generations *unpublished; /* what workers may still be copying */
    unsigned stage;
    bool renewal;
    double begun_s;
    bool unwanted;   /* it is to be given up */
    bool letting_go; /* of `next`, which workers may still be counting for */
    int64_t from_minute; /* windows that end before it are not asked for */
    uint64_t *batches, *handed; /* by worker: what has to be over, or taken, first */
    bool reading; /* the reader's batch is open */
    struct counting *counting;
    struct findings findings;
    struct generation_offer offer; /* nothing: it is not offered yet */
};

static bool known_as_it_is(void *arg, const struct rule *rule)
{
    return rule_set_has(arg, rule);
}

/* ---- what to wait for ---- */

/* every batch that is open now */
static void note_batches(struct reload *r)
{
    for (unsigned w = 0; w < r->shard->in.workers; w++)
        r->batches[w] = ledger_batch(ledger_writer(r->shard->ledger, w));
}

static bool batches_over(const struct reload *r)
{
    for (unsigned w = 0; w < r->shard->in.workers; w++)
        if ((r->batches[w] & 1) && ledger_batch(ledger_writer(r->shard->ledger, w)) == r->batches[w])
            return false;
    return true;
}

/* everything that has been handed over by now */
static void note_handed(struct reload *r)
{
    for (unsigned w = 0; w < r->shard->in.workers; w++)
        r->handed[w] = atomic_load(&r->shard->rings[w].filled);
}

static bool handed_taken(const struct reload *r)
{
    for (unsigned w = 0; w < r->shard->in.workers; w++)
        if (atomic_load(&r->shard->rings[w].taken) < r->handed[w])
            return false;
    return true;
}

/* Workers copy what is published inside their batches: those that are open may be of what was. */
static void publish(struct reload *r, struct generation *current, struct generation *next)
{
    struct generations *now = xcalloc(1, sizeof *now);
    *now = (struct generations){current, next};
    r->unpublished = atomic_exchange(&r->shard->generations, now);
    note_batches(r);
}

static void unpublish(struct reload *r)
{
    free((struct generations *)(uintptr_t)r->unpublished);
    r->unpublished = NULL;
}

static void stop_reading(struct reload *r)
{
    backfill_end(&r->counting);
    if (r->reading)
        ledger_end(shard_reader(r->shard));
    r->reading = false;
}

/* ---- generations ---- */

static void count_for_both(struct reload *r, size_t counters_bytes)
{
    struct generation_inputs inputs = shard_generation_inputs(r->shard, r->rules.rules, r->rules.number);
    inputs.counters_bytes = counters_bytes;
    inputs.from_minute = r->from_minute;
    r->next = generation_create(&inputs);
    committer_beside(r->shard->committer, counters_held(generation_counters(r->next)));
    r->stage = 0;
    publish(r, r->old, r->next);
}

static size_t larger(const struct reload *r)
{
    return backfill_next_size(r->next, shard_generation_inputs(r->shard, NULL, 0).counters_bytes);
}

static void let_go(struct reload *r)
{
    backfill_end(&r->counting);
    r->findings.count = 0;
    if (r->unwanted)
        stop_reading(r);
    r->letting_go = true;
    publish(r, r->old, NULL);
}

/* false: somebody may still see it */
static bool next_is_gone(struct reload *r)
{
    if (!batches_over(r))
        return false;
    size_t bytes = larger(r);
    unpublish(r);
    generation_destroy(&r->next);
    committer_beside(r->shard->committer, 0);
    r->letting_go = false;
    if (!r->unwanted)
        count_for_both(r, bytes);
    return true;
}

/* ---- stages; true: it is over ---- */

static bool both_are_counted(struct reload *r)
{
    if (!batches_over(r))
        return false;
    unpublish(r);
    /* known_as_it_is only reads what it is given */
    void *active = (void *)(uintptr_t)generation_rules(r->old);
    r->counting = backfill_begin(&(struct backfill){.generation = r->next, .ledger = r->shard->ledger, .knows = known_as_it_is, .arg = active},
                                 &r->findings);
    return true;
}

static bool is_filled(struct reload *r)
{
    bool left = backfill_step(r->counting);
    if (larger(r)) {
        let_go(r);
        return false;
    }
    if (left && r->renewal && backfill_between(r->counting)) {
        ledger_end(shard_reader(r->shard));
        ledger_begin(shard_reader(r->shard));
    }
    if (left)
        return false;
    backfill_end(&r->counting);
    note_batches(r);
    if (r->renewal)
        stop_reading(r);
    return true;
}

/* What was counted for the old one alone has findings only of that, which the committer could not read any more;
 * and the fill looked for findings of new rules only.  A batch that is still open may have looked at counters that
 * were not full yet: it ends first. */
static bool looked_before_it_was_full(struct reload *r)
{
    if (!batches_over(r))
        return false;
    note_handed(r);
    return true;
}

static bool is_offered(struct reload *r)
{
    if (!handed_taken(r))
        return false;
    r->offer = (struct generation_offer){r->next, r->findings.all, r->findings.count, r->rules.notes,
                                         r->rules.note_count};
    committer_offer(r->shard->committer, &r->offer);
    return true;
}

static bool is_taken_up(struct reload *r)
{
    if (committer_generation(r->shard->committer) != r->next)
        return false;
    stop_reading(r);
    committer_beside(r->shard->committer, counters_held(generation_counters(r->old)));
    publish(r, r->next, NULL);
    return true;
}

static bool old_is_unseen(struct reload *r)
{
    if (!batches_over(r))
        return false;
    unpublish(r);
    note_handed(r);
    return true;
}

static bool old_is_gone(struct reload *r)
{
    if (!handed_taken(r))
        return false;
    generation_destroy(&r->old);
    committer_beside(r->shard->committer, 0);
    return true;
}

/* so that nobody is told of a generation that a restart would not know */
static bool is_committed(struct reload *r)
{
    return committer_generation_committed(r->shard->committer);
}

static bool (*const stages[])(struct reload *) = {
    both_are_counted, is_filled,     looked_before_it_was_full, is_offered,
    is_taken_up,      old_is_unseen, old_is_gone,               is_committed,
};

enum { STAGES = sizeof stages / sizeof *stages };

/* ---- reloads ---- */

static void begin(struct shard *shard, const struct shard_rules *rules, bool renewal)
{
    CHECK(!shard->reload);
    struct reload *r = shard->reload = xcalloc(1, sizeof *r);
    r->shard = shard;
    r->rules = *rules;
    r->renewal = renewal;
    r->begun_s = clock_steady_s();
    r->from_minute = renewal ? committer_complete_minute(shard->committer) : 0;
    r->batches = xcalloc(shard->in.workers, sizeof *r->batches);
    r->handed = xcalloc(shard->in.workers, sizeof *r->handed);
    r->old = shard_generation(shard);
    ledger_begin(shard_reader(shard));
    r->reading = true;
    count_for_both(r, generation_counters_bytes(r->old));
}

void shard_reload_begin(struct shard *shard, const struct shard_rules *rules)
{
    begin(shard, rules, false);
}

void shard_renew_begin(struct shard *shard)
{
    const struct generation *g = shard_generation(shard);
    begin(shard, &(struct shard_rules){.rules = generation_rules(g), .number = generation_number(g)}, true);
}

void shard_renew_leave(struct shard *shard)
{
    struct reload *r = shard->reload;
    r->unwanted = r->renewal;
}

static enum reload_result end(struct shard *shard, enum reload_result how)
{
    const struct reload *r = shard->reload;
    if (how == RELOAD_DONE && r->renewal) {
        shard->renewed.full = counters_full(generation_counters(shard_generation(shard)));
        shard->renewed.at_s = clock_steady_s();
        shard->renewed.seconds = shard->renewed.at_s - r->begun_s;
    } else if (how == RELOAD_DONE) {
        shard->renewed.full = 0;
    }
    reload_free(shard);
    return how;
}

enum reload_result shard_reload_step(struct shard *shard)
{
    struct reload *r = shard->reload;
    bool filling = r->counting != NULL;
    if (r->unwanted && !r->letting_go && !r->unpublished && !r->offer.generation)
        let_go(r);
    if (r->letting_go) {
        if (!next_is_gone(r))
            return RELOAD_WAITING;
        return r->unwanted ? end(shard, RELOAD_LEFT) : RELOAD_PROGRESS;
    }
    if (!stages[r->stage](r))
        return filling ? RELOAD_PROGRESS : RELOAD_WAITING;
    return ++r->stage < STAGES ? RELOAD_PROGRESS : end(shard, RELOAD_DONE);
}

void reload_free(struct shard *shard)
{
    struct reload *r = shard->reload;
    shard->reload = NULL;
    if (!r)
        return;
    const struct generations *now = atomic_load(&shard->generations); /* what is there is the shard's */
    stop_reading(r);
    unpublish(r);
    if (r->next != now->current && r->next != now->next)
        generation_destroy(&r->next);
    if (r->old != now->current)
        generation_destroy(&r->old);
    free(r->findings.all);
    free(r->batches);
    free(r->handed);
    free(r);
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

/* Lets others go on: a little later they have, or by hand, where there is nobody else to do it, the committer takes a
 * step here.  false: by hand the store asks for time, which only the caller can let pass. */
static bool let_go_on(struct shard *shard)
{
    const struct timespec pause = {0, WAIT_MS * 1000000L};
    if (!shard->threads_running)
        return committer_flush(shard->committer) == STEP_PROGRESS;
    nanosleep(&pause, NULL);
    return true;
}

/* a renewal has to be brought to its end even if it is left off */
static bool is_wanted(const struct shard *shard, const struct patience *patience)
{
    enum step_result why;
    const struct reload *r = shard->reload;
    return !shard_stopped(shard, &why) && (r->offer.generation || r->renewal || !patience_ended(patience));
}

enum reload_result reload_go_through(struct shard *shard, const struct patience *patience)
{
    enum reload_result result;
    while ((result = shard_reload_step(shard)) != RELOAD_DONE && result != RELOAD_LEFT) {
        if (patience_ended(patience))
            shard_renew_leave(shard);
        if (!is_wanted(shard, patience) || (result == RELOAD_WAITING && !let_go_on(shard))) {
            stop_reading(shard->reload); /* so that it holds back nothing until the shard is destroyed */
            break;
        }
    }
    return result;
}

bool shard_reload(struct shard *shard, const struct shard_rules *rules, const struct patience *patience, double *longest)
{
    enum step_result why;
    *longest = 0;
    if (shard_stopped(shard, &why)) /* with a renewal, it may be, that nobody can end any more */
        return false;
    longest_pause_s(shard); /* starts anew */
    atomic_store(&shard->timing, true);
    shard_reload_begin(shard, rules);
    bool done = reload_go_through(shard, patience) == RELOAD_DONE;
    atomic_store(&shard->timing, false);
    *longest = longest_pause_s(shard);
    return done;
}
