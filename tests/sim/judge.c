#include "judge.h"

#include "base/check.h"
#include "judge_priv.h"

#include <stdarg.h>
#include <stdlib.h>

bool judge_fail(struct judge *j, const char *format, ...)
{
    if (j->why[0])
        return false; /* the first failure says most */
    va_list args;
    va_start(args, format);
    vsnprintf(j->why, sizeof j->why, format, args);
    va_end(args);
    return false;
}

const char *judge_why(const struct judge *j)
{
    return j->why;
}

struct judge *judge_create(const struct world *world, const struct memory_log *log, const struct centre *centre,
                           bool trace)
{
    struct judge *j = xcalloc(1, sizeof *j);
    j->world = world;
    j->log = log;
    j->centre = centre;
    j->trace = trace;
    j->model = model_create(world);
    j->place = xcalloc(world->event_count + 1, sizeof *j->place);
    j->facts = xcalloc(world->event_count + 1, sizeof *j->facts);
    for (size_t i = 0; i < world->partition_count; i++)
        j->inputs[i].committed = -1;
    for (unsigned i = 0; i < config_event_sources(world->config); i++)
        j->sources[i] = (struct judged_source){.heard_ms = INT64_MIN,
                                               .watermark = INT64_MIN,
                                               .before = INT64_MIN,
                                               .allowed = INT64_MIN,
                                               .horizon = MODEL_NONE,
                                               .stored_horizon = MODEL_NONE};
    return j;
}

void judge_destroy(struct judge **pointer)
{
    struct judge *j = *pointer;
    if (!j)
        return;
    model_destroy(&j->model);
    free(j->alerts);
    free(j->place);
    free(j->facts);
    judge_incidents_free(j);
    free(j->silences);
    free(j->applied);
    free(j->shifts);
    free(j->spent);
    free(j->holds);
    free(j->digests);
    for (size_t i = 0; i < j->world->partition_count; i++)
        free(j->inputs[i].dead);
    free(j);
    *pointer = NULL;
}

struct judge_counts judge_counts(const struct judge *j)
{
    return j->counts;
}

/* ---- commits ---- */

static bool take_entry(struct judge *j, const struct log_entry *e)
{
    switch (e->topic) {
    case STORE_ALERTS:
        if (e->key.len > 7 && memcmp(e->key.at, "digest/", 7) == 0)
            return judge_digest(j, e);
        return str_eq(e->key, STR("heartbeat")) || judge_revision(j, e);
    case STORE_INCIDENTS:
        return judge_incident(j, e);
    case STORE_DEAD_LETTER:
        return judge_dead_letter(j, e->value);
    case STORE_LATE:
        return judge_fail(j, "an event was called late, and nothing has expired");
    case STORE_LEDGER:
    case STORE_READINGS:
        return judge_facts(j, e->value);
    case STORE_STATE:
        return str_eq(e->key, STR("progress")) ? judge_progress(j, e->value) : judge_kept(j, e);
    case STORE_TOPICS:
        break;
    }
    return false;
}

/* facts come last in a commit, after what they led to */
static bool brings_facts(const struct judge *j, uint64_t commit)
{
    for (size_t i = j->read; i < j->log->entry_count && j->log->entries[i].commit == commit; i++)
        if (j->log->entries[i].topic == STORE_LEDGER || j->log->entries[i].topic == STORE_READINGS)
            return true;
    return false;
}

/* a whole commit, and what must be true after it */
static bool judge_commit(struct judge *j, uint64_t commit)
{
    for (size_t k = 0; k < j->alert_count; k++) {
        j->alerts[k].was_firing = j->alerts[k].state == ALERT_STATE_FIRING;
        j->alerts[k].fresh = j->alerts[k].born = j->alerts[k].edited = false;
        j->alerts[k].heard = j->alerts[k].newly = j->alerts[k].top = false;
        judge_before_told(&j->alerts[k]);
    }
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++)
        j->sources[s].before = j->sources[s].watermark;
    j->counts.commits = commit;
    j->brings_facts = brings_facts(j, commit);
    if (!judge_generation(j, commit))
        return false;
    while (j->read < j->log->entry_count && j->log->entries[j->read].commit == commit)
        if (!take_entry(j, &j->log->entries[j->read++]))
            return false;
    if (!judge_input(j))
        return false;
    model_settle(j->model);
    bool good = judge_floor(j) && judge_alerts(j) && judge_standing(j) && judge_gone(j) && judge_told(j) &&
                judge_incidents(j) && judge_said(j);
    j->fresh_facts = 0;
    return good;
}

bool judge_commits(struct judge *j)
{
    if (j->log->violation)
        return judge_fail(j, "%s", j->log->violation);
    if (j->why[0])
        return false;
    while (j->read < j->log->entry_count)
        if (!judge_commit(j, j->log->entries[j->read].commit))
            return false;
    return true;
}

bool judge_end(struct judge *j)
{
    for (size_t i = 0; i < j->world->record_count; i++) {
        int event = j->world->records[i].event;
        if (event >= 0 && !model_has(j->model, (size_t)event))
            return judge_fail(j, "the event %s never became a fact", j->world->events[event].id);
    }
    size_t count;
    const struct model_subject *subjects = model_subjects(j->model, &count);
    for (size_t i = 0; i < count; i++)
        j->counts.episodes += subjects[i].episode_count;
    for (size_t i = 0; i < j->alert_count; i++)
        if (j->alerts[i].state == ALERT_STATE_FIRING)
            return judge_fail(j, "the alert %s still fires after the end of all input", j->alerts[i].id);
    return judge_digests_end(j);
}
