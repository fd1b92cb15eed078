/* After any crash all goes on as if nothing had happened: whoever begins with what is committed holds what the engine holds that
 * committed it, of every alert, unit, silence, budget and incident, and has nothing to tell that the other would not. */
#include "run_priv.h"

#include "alert/disputes_priv.h"
#include "base/buffer.h"
#include "base/check.h"
#include "notify/notify_priv.h"

#include <stdlib.h>

enum { SETTLED_AFTER = 12 };

struct held { /* what an engine holds, in lines */
    char **lines;
    size_t count;
};

static void add(struct held *h, struct buffer *line)
{
    h->lines = xrealloc(h->lines, (h->count + 1) * sizeof *h->lines);
    h->lines[h->count++] = xstrndup(line->at, line->len);
    buffer_free(line);
}

static void held_free(struct held *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->lines[i]);
    free(h->lines);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- what it holds ---- */

static void units(struct buffer *line, const struct tracker *tracker, const struct tracked *t, const struct alert *a)
{
    struct handling h;
    alert_handling(tracker, tracked_rule(tracker, t), t->subject.each, a, &h);
    buffer_printf(line, " lead %d tier %d late %u by %lld %lld %lld", h.lead, (int)h.tier, h.late, (long long)h.sign_by,
                  (long long)h.arrive_by, (long long)h.close_by);
    for (unsigned i = 0; i < h.count; i++)
        buffer_printf(line, " %s:%s", h.units[i].name, unit_state_word(h.units[i].state));
    for (size_t i = 0; i < a->journal.count; i++)
        buffer_printf(line, " %s", a->journal.entries[i].said.id);
}

/* Is it over for so long that it is let go of when the subject is next looked at?  Each engine looks when it has reason to. */
static bool is_past(const struct tracker *tracker, const struct tracked *t, const struct alert *a, int64_t minute)
{
    const struct rule *rule = tracked_rule(tracker, t);
    int64_t reach = ((int64_t)rule->raise_within_s + rule->within_s + rule->clear_after_s) / 60 + 1440;
    bool answerable = tracker->answers && !a->shadow;
    return a->state == ALERT_RESOLVED && !answerable && a->ended_minute < minute - reach;
}

/* Nobody was told of what is only recorded, and it is let go of likewise. */
static void alerts(struct held *held, const struct tracker *tracker, const struct tracked *t, int64_t minute)
{
    for (size_t i = 0; i < t->alert_count; i++) {
        const struct alert *a = &t->alerts[i];
        struct buffer line = {0};
        if (a->state == ALERT_RECORDED || is_past(tracker, t, a, minute))
            continue;
        buffer_printf(&line, "alert %s of %s %s %u %s %s: revision %u, level %u after %u, at most %u, opened %lld, region %u, %s %s %s",
                      a->id, tracked_rule(tracker, t)->id, t->code, t->subject.each, alert_state_word(a->state),
                      a->unknown ? "unknown" : "", a->revision, a->level, a->prev_level, a->highest, (long long)a->opened_at,
                      a->region, hold_word(a->notice.cause), a->notice.by ? a->notice.by : "", a->told ? "told" : "");
        if (!a->shadow) {
            /* of one that was withdrawn it does not matter any more */
            buffer_printf(&line, " of %s", a->state == ALERT_WITHDRAWN ? "" : alert_incident(a));
            units(&line, tracker, t, a);
        }
        add(held, &line);
    }
}

static void incidents(struct held *held, const struct incidents *set)
{
    for (size_t i = 0; i < set->all.count; i++) {
        const struct incident *one = set->all.at[i];
        struct buffer line = {0};
        buffer_printf(&line, "incident %s: %s, revision %u, level %u, at most %u, merged into %s, split from %s, lead %s:", one->id,
                      incident_state_word(one->state), one->revision, one->level, one->highest, one->merged_into, one->split_from,
                      one->lead ? one->lead->id : "");
        for (size_t m = 0; m < one->members.count; m++) {
            const struct member *member = one->members.at[m];
            buffer_printf(&line, " %s%s%s by %s", member->id, member->firing ? " fires" : "", member->told ? " told" : "",
                          member->covered_by ? member->covered_by->id : "");
        }
        add(held, &line);
    }
    for (size_t m = 0; m < set->members.count; m++) {
        const struct member *member = set->members.at[m];
        for (size_t l = 0; l < member->links.count; l++) {
            struct buffer line = {0};
            buffer_printf(&line, "link %s %s", member->id, ((const struct member *)member->links.at[l])->id);
            add(held, &line);
        }
    }
}

static void notices(struct held *held, const struct notify *notify)
{
    for (size_t i = 0; i < notify->silences.count; i++) {
        const struct silence *s = &notify->silences.all[i];
        struct buffer line = {0};
        buffer_printf(&line, "silence %s %zu %s %s %u %u %u %lld %lld", s->id, i, s->ends, s->rules, s->region, s->category, s->level,
                      (long long)s->from, (long long)s->until);
        add(held, &line);
    }
    for (size_t i = 0; i < notify->budgets.count; i++) {
        const struct spending *s = &notify->budgets.all[i];
        struct buffer line = {0};
        buffer_printf(&line, "%s %u from %lld until %lld%s: told %u of %u, %u late, held %zu and %u, revision %u after %u, of %lld %u",
                      hold_word(s->cause), s->region, (long long)s->from, (long long)s->until, s->over ? ", over" : "", s->told,
                      s->budget, s->late, json_object_size(s->held), s->more, s->revision, s->earlier, (long long)s->latest, s->most);
        add(held, &line);
    }
}

static struct held held_by(const struct run *r, const struct engine *e)
{
    const struct tracker *tracker = committer_tracker(shard_committer(e->shard));
    struct held held = {0};
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (const struct tracked *t = tracker->buckets[i]; t; t = t->next)
            alerts(&held, tracker, t, r->now_ms / MINUTE_MS);
    if (disputes_incidents(tracker))
        incidents(&held, disputes_incidents(tracker));
    notices(&held, tracker->notify);
    if (held.count)
        qsort(held.lines, held.count, sizeof *held.lines, by_text);
    return held;
}

static bool same(struct run *r, const struct held *here, const struct held *there)
{
    size_t i = 0;
    while (i < here->count && i < there->count && strcmp(here->lines[i], there->lines[i]) == 0)
        i++;
    if (i == here->count && i == there->count)
        return true;
    char why[1000];
    snprintf(why, sizeof why, "after a restart there would be [%s] for [%s]", i < there->count ? there->lines[i] : "nothing",
             i < here->count ? here->lines[i] : "nothing");
    return run_fail(r, why);
}

/* ---- a twin ---- */

/* false: something goes on for longer, or the run has failed */
static bool settle(struct run *r)
{
    struct committer *c = shard_committer(r->leader->shard);
    enum step_result result = STEP_PROGRESS;
    for (int n = 0; n < SETTLED_AFTER; n++) {
        size_t before = r->log->entry_count;
        if (!run_commit(r, n % 2 == 0, &result) || result == STEP_LOST)
            return false;
        if (result == STEP_IDLE && committer_clean(c) && r->log->entry_count == before)
            return true;
    }
    return false;
}

static bool compare(struct run *r)
{
    struct engine *twin = engine_create(r);
    log_client_look(twin->client);
    bool good = shard_lead(twin->shard) || run_fail(r, "a twin could not lead");
    const char *mine = generation_rules(shard_generation(r->leader->shard))->digest;
    if (good && strcmp(generation_rules(shard_generation(twin->shard))->digest, mine) == 0) {
        committer_step(shard_committer(twin->shard));
        struct held here = held_by(r, r->leader), there = held_by(r, twin);
        char why[1000];
        snprintf(why, sizeof why, "after a restart it would be told: %.900s",
                 log_client_withheld(twin->client) ? log_client_withheld(twin->client) : "");
        good = same(r, &here, &there) && (!log_client_withheld(twin->client) || run_fail(r, why));
        held_free(&here);
        held_free(&there);
    }
    engine_destroy(&twin);
    return good;
}

bool run_twin(struct run *r)
{
    enum commit_fault fault = r->log->next_fault;
    if (r->leader->changing || r->leader->lost || log_client_retrying(r->leader->client))
        return true;
    r->log->next_fault = COMMIT_GOOD;
    bool settled = settle(r);
    r->log->next_fault = fault;
    run_trace(r, "a twin of engine %u%s", r->leader->number, settled ? "" : ", which is busy");
    return !settled ? r->result.why[0] == '\0' : compare(r);
}
