/* A generation's counters come from the ledger, at start and whenever the rules change, by the code that counts live
 * facts.
 *
 * A reload goes: publish {current, next}: from their next batch on workers count for both → when no older batch is open,
 * count the whole ledger for `next` → offer it to the committer, which takes it up between two handovers → publish
 * {next} → when nobody can see the old one, free it.
 *
 * Facts that are entered while the ledger is counted may be counted twice for `next`.  A counter may overcount: it costs
 * a finding that is denied, once, and the bucket passes. */
#include "shard/shard_priv.h"

#include "base/check.h"
#include "base/log.h"

#include <stdlib.h>
#include <time.h>

enum { CHUNK = 1 << 16, WAIT_MS = 1 };

struct filling {
    struct shard *shard;
    struct generation *generation;
    struct touched touched, *findings;
    bool *fresh; /* by rule */
    fact_ref ref;
};

static void sift(struct filling *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->touched.count; i++)
        if (f->fresh[f->touched.all[i].rule])
            f->touched.all[kept++] = f->touched.all[i];
    f->touched.count = kept;
    generation_evaluate(f->generation, &f->touched);
    for (size_t i = 0; i < f->touched.count; i++)
        touched_add(f->findings, &f->touched.all[i]);
    f->touched.count = 0;
}

static void fill_at(void *arg, uint32_t region, uint16_t category)
{
    struct filling *f = arg;
    generation_count(f->generation, f->shard->ledger, f->ref, region, category, &f->touched);
}

static bool fill_visit(void *arg, fact_ref ref)
{
    struct filling *f = arg;
    const struct fact *fact = ledger_fact(f->shard->ledger, ref);
    if (fact->key == 0)
        return true; /* a party is counted with its event, and an alias says nothing that the places do not */
    f->ref = ref;
    ledger_places(f->shard->ledger, ref, fill_at, f);
    if (f->touched.count >= CHUNK)
        sift(f);
    return true;
}

void shard_fill(struct shard *shard, struct generation *generation, struct ledger_writer *reader, knows_rule *knows,
                void *arg, struct touched *findings)
{
    const struct rule_set *rules = generation_rules(generation);
    struct filling f = {.shard = shard, .generation = generation, .findings = findings};
    f.fresh = xcalloc(rules->count + 1, sizeof *f.fresh);
    for (unsigned r = 0; r < rules->count; r++)
        f.fresh[r] = !knows(arg, &rules->rules[r]);
    ledger_begin(reader); /* nothing is freed under our eyes */
    for (int s = 0; s < SHELVES; s++)
        ledger_scan(shard->ledger, (enum shelf)s, INT64_MIN, INT64_MAX, fill_visit, &f);
    sift(&f);
    ledger_end(reader);
    free(f.touched.all);
    free(f.fresh);
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
    for (unsigned w = 0; w < shard->in.workers && shard->threads_running; w++) {
        uint64_t filled = atomic_load(&shard->rings[w].filled);
        while (atomic_load(&shard->rings[w].taken) < filled)
            if (!wait_a_little(shard))
                return false;
    }
    return true;
}

static bool wait_taken_up(struct shard *shard, uint64_t number)
{
    while (committer_generation(shard->committer) != number)
        if (!shard->threads_running)
            committer_step(shard->committer); /* by hand there is nobody else to do it */
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

bool shard_reload(struct shard *shard, const struct rule_set *rules)
{
    const struct config *config = shard->in.config;
    struct generation *old = shard_generation(shard);
    struct generation *next = generation_create(
        &(struct generation_inputs){rules, config->registry, config->catalogue, (size_t)config->counters_bytes,
                                    generation_number(old) + 1});
    publish(shard, old, next);
    struct touched findings = {0};
    /* known_as_it_is only reads what it is given */
    void *active = (void *)(uintptr_t)generation_rules(old);
    shard_fill(shard, next, ledger_writer(shard->ledger, shard->in.workers), known_as_it_is, active, &findings);
    struct generation_offer offer = {next, findings.all, findings.count};
    committer_offer(shard->committer, &offer);
    bool taken = wait_taken_up(shard, generation_number(next));
    free(findings.all);
    /* where the committer has stopped, nobody will look at either again */
    publish(shard, next, NULL);
    bool drained = wait_handed(shard);
    generation_destroy(&old);
    if (taken)
        log_line(LOG_INFO, "rules", "generation %llu is active: %u rules, %s",
                 (unsigned long long)generation_number(next), rules->count, rules->digest);
    return taken && drained;
}
