#include "cli/life.h"

#include "base/log.h"
#include "cli/cli.h"
#include "cli/signals.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <time.h>

enum { REBUILD_PAUSE_MS = 1000, TICK_MS = 100, BACKLOG_MS = 250 };

static void pause_ms(int ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

enum outcome_of_life { LIFE_ENDED, LIFE_LOST, LIFE_FAILED };

/* Reads the log while another instance leads; true once this one is to. */
static enum store_result stand_by(struct run *r, bool *leads)
{
    *leads = true;
#ifdef GRIDWARN_KAFKA
    if (!r->config->kafka)
        return STORE_OK;
    bool announced = false, at_end = false;
    /* what has to be read anyway is read while a dead leader's session runs out */
    while (!signals_leaving() && !election_poll(r->election, at_end ? TICK_MS : 0)) {
        enum store_result result = shard_follow(r->shard, at_end ? TICK_MS : BACKLOG_MS, &at_end);
        if (result != STORE_OK)
            return result;
        if (at_end && !announced) {
            log_line(LOG_INFO, "standby", "another instance leads; ready to take over");
            health_set(r->health, HEALTH_RECOVERY, false, "standing by");
            announced = true;
        }
    }
    *leads = election_is_leader(r->election);
#else
    (void)r;
#endif
    return STORE_OK;
}

static void stay_elected(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->kafka) {
        election_poll(r->election, TICK_MS);
        return;
    }
#endif
    (void)r;
    pause_ms(TICK_MS);
}

static enum outcome_of_life lead(struct run *r)
{
    if (!shard_lead(r->shard))
        return LIFE_LOST;
    metric_set(r->metrics, METRIC_LEADER, 0, 1);
    health_set(r->health, HEALTH_RECOVERY, true, "read back");
    shard_start(r->shard);
    log_line(LOG_INFO, "run", "live, from cut %llu",
             (unsigned long long)committer_cut(shard_committer(r->shard)) + 1);
    control_open(r->active.control, true);
    enum step_result why = STEP_PROGRESS;
    int64_t alive_ms = 0;
    while (!signals_leaving() && !shard_stopped(r->shard, &why)) {
        stay_elected(r);
        outlets_watch(r, &alive_ms);
        active_serve(&r->active, r->shard);
    }
    control_open(r->active.control, false);
    active_leave(&r->active);
    if (why != STEP_LOST)
        why = shard_stop(r->shard);
    metric_set(r->metrics, METRIC_LEADER, 0, 0);
    if (why == STEP_LOST)
        return LIFE_LOST;
    log_line(LOG_INFO, "run", "%s; everything read is committed, up to cut %llu",
             signals_leaving() ? "asked to leave" : "the input has ended",
             (unsigned long long)committer_cut(shard_committer(r->shard)));
    return LIFE_ENDED;
}

static enum outcome_of_life live(struct run *r)
{
    if (!outlets_open(r) || (!r->metrics && !outlets_serve(r)))
        return LIFE_FAILED;
    r->shard = shard_create(&(struct shard_inputs){r->config, r->active.rules, &clock_system, &r->source, &r->store, r->metrics,
                                                   r->workers, r->drain, active_choose, &r->active});
    bool leads;
    if (stand_by(r, &leads) != STORE_OK)
        return LIFE_LOST;
    return leads ? lead(r) : LIFE_ENDED;
}

int run_lives(struct run *r)
{
    for (;;) {
        enum outcome_of_life outcome = live(r);
        outlets_close(r);
        if (outcome == LIFE_ENDED)
            return CLI_OK;
        if (outcome == LIFE_FAILED)
            return r->config->kafka ? CLI_BROKER : CLI_INPUT;
        if (signals_leaving())
            return CLI_OK;
        if (!r->config->kafka)
            return CLI_INTERNAL; /* nothing to rebuild from: the output could not be written */
        log_line(LOG_WARNING, "run", "rebuilding from the log");
        metric_add(r->metrics, METRIC_REBUILDS, 0, 0, 1);
        health_set(r->health, HEALTH_RECOVERY, false, "rebuilding from the log");
        pause_ms(REBUILD_PAUSE_MS);
    }
}

void run_clean_up(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->election)
        election_destroy(&r->election);
#endif
    http_stop(&r->http);
    health_destroy(&r->health);
    metrics_destroy(&r->metrics);
    active_close(&r->active);
}
