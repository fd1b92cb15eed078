#include "run_priv.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
    WORKERS_MAX = 3,
    LAST_STEPS = 20000,
    REST_STEPS = 2000,
    TROUBLED_STEPS = 250, /* of those; after them nobody disturbs it any more */
    AWAKE_STEPS = 10,
    SECOND_MS = 1000
};

void run_trace(const struct run *r, const char *format, ...)
{
    if (!r->trace)
        return;
    va_list args;
    va_start(args, format);
    printf("%6llu %lld.%03lld ", (unsigned long long)r->result.steps, (long long)(r->now_ms / 1000),
           (long long)(r->now_ms % 1000));
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

bool run_fail(struct run *r, const char *why)
{
    if (r->result.why[0] == '\0')
        snprintf(r->result.why, sizeof r->result.why, "%s", why);
    return false;
}

/* ---- engines ---- */

struct engine *engine_create(struct run *r)
{
    struct engine *e = xcalloc(1, sizeof *e);
    e->client = log_client_create(r->log);
    e->store = log_client_store(e->client);
    e->source = log_client_source(e->client);
    e->workers = 1 + dice_below(&r->dice, WORKERS_MAX);
    e->number = ++r->result.engines;
    e->starts_with = r->on_disk;
    rules_open(r, e);
    e->shard = shard_create(&(struct shard_inputs){.config = r->world->config,
                                                   .rules = r->world->generations[r->on_disk].rules,
                                                   .choose = r->world->archived ? active_choose : NULL,
                                                   .choose_arg = &e->active,
                                                   .clock = &r->clock,
                                                   .source = &e->source,
                                                   .store = &e->store,
                                                   .metrics = r->metrics,
                                                   .workers = e->workers,
                                                   .drain = r->draining});
    return e;
}

void engine_destroy(struct engine **pointer)
{
    struct engine *e = *pointer;
    if (!e)
        return;
    shard_destroy(&e->shard);
    rules_close(e);
    log_client_destroy(&e->client);
    free(e);
    *pointer = NULL;
}

static bool lead(struct run *r)
{
    struct engine *e = r->leader;
    judge_begin(r->judge, e->starts_with, r->now_ms);
    unsigned chosen = r->world->archived ? judge_chosen(r->judge, r->on_disk) : e->starts_with;
    if (!shard_lead(e->shard))
        return run_fail(r, "an engine could not lead");
    const struct rule_set *rules = generation_rules(shard_generation(e->shard));
    run_trace(r, "engine %u leads with %u workers and %u rules, generation %llu, the world's %u%s", e->number, e->workers,
              rules->count, (unsigned long long)generation_number(shard_generation(e->shard)), chosen,
              r->draining ? ", to the end" : "");
    if (strcmp(rules->digest, r->world->generations[chosen].rules->digest) != 0)
        return run_fail(r, "an engine leads with other rules than were active, and others than are on disk");
    judge_step(r->judge, e->client, committer_watermarks(shard_committer(e->shard)), true, r->now_ms);
    return true;
}

/* The leader is gone: the standby takes its place, or an engine that starts then. */
static bool replace(struct run *r)
{
    if (r->standby && !r->draining) {
        r->leader = r->standby;
        r->standby = NULL;
    } else {
        if (!r->world->archived && r->on_disk + 1 < r->world->generation_count && dice_chance(&r->dice, 50)) {
            r->on_disk++; /* it comes back with one rule more */
            engine_destroy(&r->standby);
        }
        r->leader = engine_create(r);
    }
    return lead(r);
}

static bool crash(struct run *r)
{
    run_trace(r, "crash of engine %u", r->leader->number);
    engine_destroy(&r->leader);
    return replace(r);
}

/* ---- actions; false: the run has failed ---- */

static bool step_worker(struct run *r)
{
    struct engine *e = r->leader;
    unsigned number = dice_below(&r->dice, e->workers);
    run_work(r, number);
    /* others went on while its batch was open: of them one may have met the end of the engine */
    return r->result.why[0] == '\0' && (!e->lost || crash(r));
}

static bool judge_now(struct run *r)
{
    return judge_commits(r->judge) || run_fail(r, judge_why(r->judge));
}

bool run_commit(struct run *r, bool flush, enum step_result *result)
{
    struct engine *e = r->leader;
    bool frozen = log_client_retrying(e->client);
    uint64_t commits = r->log->commits;
    struct committer *committer = shard_committer(e->shard);
    /* its own cut may be frozen here, but what it saw is seen before it commits, and that is what is judged */
    *result = flush ? committer_flush(committer) : committer_step(committer);
    if (!frozen)
        judge_step(r->judge, e->client, committer_watermarks(committer), !committer_waiting(committer), r->now_ms);
    run_trace(r, "committer: %s%s",
              *result == STEP_LOST   ? "lost"
              : *result == STEP_IDLE ? "idle"
                                     : "progress",
              r->log->commits > commits ? ", a commit" : "");
    e->lost = *result == STEP_LOST;
    return judge_now(r);
}

static bool step_committer(struct run *r)
{
    enum step_result result;
    if (!run_commit(r, dice_chance(&r->dice, 5), &result))
        return false;
    if (result != STEP_LOST)
        return true;
    /* it may be asked again before somebody looks, and must not try again */
    bool still = committer_step(shard_committer(r->leader->shard)) == STEP_LOST;
    return (still || run_fail(r, "an engine that had lost the store went on")) && judge_now(r) && crash(r);
}

/* false: not before the world's next rest is over */
static bool may_deliver(struct run *r)
{
    const struct world *w = r->world;
    if (r->rest == w->rest_count || r->delivered < w->rests[r->rest].before)
        return true;
    if (!judge_rested(r->judge, w->rests[r->rest].floor))
        return false;
    run_trace(r, "all has come to rest");
    r->rest++;
    r->rested = 0;
    return true;
}

static void calm(struct run *r)
{
    r->log->next_fault = COMMIT_GOOD;
    for (size_t i = 0; i < r->log->input_count; i++)
        r->log->inputs[i].lost = false;
}

static bool wait_for_rest(struct run *r)
{
    if (++r->rested == TROUBLED_STEPS)
        calm(r);
    return r->rested < REST_STEPS || run_fail(r, "the engine came to no rest");
}

static bool deliver(struct run *r)
{
    char text[1024];
    for (unsigned n = 1 + dice_below(&r->dice, 8); n > 0 && r->delivered < r->world->record_count; n--) {
        if (!may_deliver(r))
            return wait_for_rest(r);
        const struct world_record *record = &r->world->records[r->delivered++];
        size_t len = world_render(r->world, record, text, sizeof text);
        r->log->now_ms = r->now_ms;
        memory_log_append(r->log, record->partition, text, len, dice_chance(&r->dice, 10) ? 2 : 0, record->event);
        if (record->arrives_at * SECOND_MS > r->now_ms)
            r->now_ms = record->arrives_at * SECOND_MS;
        run_trace(r, "arrived in partition %u: %s", record->partition, text);
    }
    return true;
}

static bool pass_time(struct run *r)
{
    r->now_ms += dice_between(&r->dice, 1, 3000);
    if (dice_chance(&r->dice, 20))
        r->now_ms += dice_between(&r->dice, 0, 10 * MINUTE_MS);
    run_trace(r, "time passes");
    return true;
}

/* Somebody looks every other second, for long enough that limits which have passed are judged. */
static bool stay_awake(struct run *r)
{
    for (unsigned n = 0; n < AWAKE_STEPS; n++) {
        r->now_ms += 2 * SECOND_MS;
        for (unsigned worker = 0; worker < r->leader->workers; worker++)
            run_work(r, worker);
        if (r->result.why[0] || (r->leader->lost && !crash(r)) || !step_committer(r))
            return false;
    }
    return true;
}

static bool jump(struct run *r)
{
    r->now_ms += dice_between(&r->dice, -40 * MINUTE_MS, 60 * MINUTE_MS);
    run_trace(r, "the clock jumps");
    return true;
}

static bool fault(struct run *r)
{
    r->log->next_fault = (enum commit_fault)(1 + dice_below(&r->dice, 3));
    run_trace(r, "the next commit will %s",
          r->log->next_fault == COMMIT_ABORTED       ? "be aborted"
          : r->log->next_fault == COMMIT_LOST_BEFORE ? "be lost"
                                                     : "lose its acknowledgement");
    return true;
}

static bool lose_partition(struct run *r)
{
    size_t number = dice_below(&r->dice, (unsigned)r->log->input_count);
    bool *lost = &r->log->inputs[number].lost;
    *lost = !*lost;
    run_trace(r, "partition %zu %s", number, *lost ? "has no leader" : "is back");
    return true;
}

/* A second leader: the first one does not know yet. */
static bool take_over(struct run *r)
{
    if (r->rival)
        return true;
    run_trace(r, "engine %u is taken for dead", r->leader->number);
    r->rival = r->leader;
    r->leader = NULL;
    return replace(r);
}

/* The one that was taken for dead goes on until it is told. */
static bool step_rival(struct run *r)
{
    struct engine *e = r->rival;
    if (!e)
        return true;
    uint64_t commits = r->log->commits;
    if (dice_chance(&r->dice, 50))
        worker_step(shard_worker(e->shard, dice_below(&r->dice, e->workers)), 0);
    if (e->changing && !rules_step(r, e))
        return false;
    enum step_result result = committer_step(shard_committer(e->shard));
    if (r->log->commits != commits)
        return run_fail(r, "a fenced engine has committed");
    run_trace(r, "engine %u, fenced: %s", e->number, result == STEP_LOST ? "it knows now" : "a step");
    if (result == STEP_LOST)
        engine_destroy(&r->rival);
    return true;
}

static bool stand_by(struct run *r)
{
    if (!r->standby) {
        r->standby = engine_create(r);
        run_trace(r, "engine %u stands by", r->standby->number);
    }
    bool at_end;
    return shard_follow(r->standby->shard, 0, &at_end) == STORE_OK || run_fail(r, "a standby could not follow");
}

static bool crash_leader(struct run *r)
{
    return crash(r);
}

/* Often several at a time: a small ledger is counted before a committer that is busy has looked up. */
static bool step_rules(struct run *r)
{
    for (unsigned n = dice_chance(&r->dice, 40) ? 2 + dice_below(&r->dice, 8) : 1; n > 0; n--)
        if (!rules_step(r, r->leader))
            return false;
    return true;
}

/* ---- a run ---- */

static const struct {
    bool (*act)(struct run *);
    unsigned least, most; /* of its weight, drawn for each run */
    bool trouble;         /* with ever more of it no engine would come to anything */
} actions[] = {
    {step_worker, 20, 60, false}, {step_committer, 5, 60, false}, {deliver, 10, 40, false},
    {pass_time, 5, 30, false},    {jump, 0, 2, true},             {fault, 0, 6, true},
    {lose_partition, 0, 3, true}, {crash_leader, 0, 4, true},     {take_over, 0, 3, true},
    {step_rival, 3, 6, false},    {stand_by, 0, 3, false},
    /* where generations are archived */
    {step_rules, 5, 40, false},   {rules_change, 0, 4, true},
    /* where there is a command centre */
    {run_speak, 5, 30, true},     {run_twin, 0, 2, false},   {stay_awake, 0, 2, false},
};

enum { ACTIONS = sizeof actions / sizeof *actions, ACTIONS_OF_RULES = 2, ACTIONS_OF_A_CENTRE = 3 };

static bool act(struct run *r, unsigned total)
{
    unsigned at = dice_below(&r->dice, total), i = 0;
    while (at >= r->weight[i])
        at -= r->weight[i++];
    r->result.steps++;
    return (actions[i].trouble && r->rested >= TROUBLED_STEPS) || actions[i].act(r);
}

static bool main_part(struct run *r)
{
    unsigned total = 0, count = ACTIONS;
    count -= r->world->centre ? 0 : ACTIONS_OF_A_CENTRE;
    count -= r->world->archived ? 0 : ACTIONS_OF_RULES;
    for (unsigned i = 0; i < count; i++)
        total += r->weight[i] = (unsigned)dice_between(&r->dice, actions[i].least, actions[i].most);
    r->leader = engine_create(r);
    if (!lead(r))
        return false;
    while (r->delivered < r->world->record_count)
        if (!act(r, total))
            return false;
    for (unsigned more = dice_below(&r->dice, 200); more > 0; more--)
        if (!act(r, total))
            return false;
    return true;
}

/* The last engine: all faults are over, and a partition read to its end has ended for good. */
static bool last_part(struct run *r)
{
    engine_destroy(&r->rival);
    engine_destroy(&r->standby);
    engine_destroy(&r->leader);
    calm(r);
    if (!r->world->archived)
        r->on_disk = r->world->generation_count - 1;
    r->draining = true;
    judge_drain(r->judge);
    if (!replace(r))
        return false;
    for (unsigned n = 0; n < LAST_STEPS; n++) {
        enum step_result result;
        r->result.steps++;
        r->now_ms += 50;
        if (!step_worker(r) || !run_commit(r, false, &result))
            return false;
        if (result == STEP_LOST)
            return run_fail(r, "the store was lost without a fault");
        if (result == STEP_FINISHED)
            return judge_end(r->judge) || run_fail(r, judge_why(r->judge));
    }
    return run_fail(r, "the engine came to no end");
}

struct run_result run_seed(uint64_t seed, enum world_kind kind, const char *directory, bool with_trace)
{
    struct run r = {.dice = {seed ^ UINT64_C(0x5bd1e995)}, .trace = with_trace};
    r.world = world_create(seed, kind, directory);
    r.log = memory_log_create(r.world->partitions, r.world->partition_count);
    r.judge = judge_create(r.world, r.log, &r.centre, with_trace);
    r.clock = (struct clock){run_clock, &r};
    r.now_ms = r.world->begins_at * SECOND_MS;
    r.metrics = shard_metrics(r.world->config, NULL, 0);
    r.health = health_create(&r.clock);
    r.result.good = main_part(&r) && last_part(&r);
    r.result.counts = judge_counts(r.judge);
    engine_destroy(&r.leader);
    engine_destroy(&r.rival);
    engine_destroy(&r.standby);
    health_destroy(&r.health);
    metrics_destroy(&r.metrics);
    judge_destroy(&r.judge);
    centre_free(&r.centre);
    memory_log_destroy(&r.log);
    world_destroy(&r.world);
    return r.result;
}
