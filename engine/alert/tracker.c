#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

const char *change_word(enum change change)
{
    static const char *const words[] = {
#define X(name, word) word,
        CHANGE_TABLE(X)
#undef X
    };
    return words[change];
}

const char *alert_state_word(enum alert_state state)
{
    static const char *const words[] = {
#define X(name, word) word,
        ALERT_STATE_TABLE(X)
#undef X
    };
    return words[state];
}

struct tracker *tracker_create(const struct ledger *ledger, const struct registry *registry,
                               const struct catalogue *catalogue, const struct generation *generation,
                               const char *group, const struct tracker_outputs *out)
{
    struct tracker *tracker = xcalloc(1, sizeof *tracker);
    tracker->ledger = ledger;
    tracker->registry = registry;
    tracker->catalogue = catalogue;
    tracker->generation = generation;
    tracker->rules = generation_rules(generation);
    tracker->group = xstrdup(group);
    tracker->out = *out;
    tracker->limits_until = INT64_MIN;
    tracker->bucket_mask = 1023;
    tracker->buckets = xcalloc(tracker->bucket_mask + 1, sizeof *tracker->buckets);
    tracker->silent = xcalloc(tracker->rules->count + 1, sizeof *tracker->silent);
    return tracker;
}

void tracker_destroy(struct tracker **pointer)
{
    struct tracker *tracker = *pointer;
    if (!tracker)
        return;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i], *next; t; t = next) {
            next = t->next;
            tracked_destroy(t);
        }
    for (size_t i = 0; i < tracker->orphan_count; i++)
        orphan_clear(&tracker->orphans[i]);
    disputes_destroy(tracker);
    free(tracker->orphans);
    free(tracker->waiting);
    free(tracker->looked);
    free(tracker->joins);
    free(tracker->asked);
    free(tracker->news);
    free(tracker->buckets);
    free(tracker->history.all);
    free(tracker->silent);
    free(tracker->group);
    free(tracker);
    *pointer = NULL;
}

/* ---- running ---- */

static bool due(const struct tracker *tracker, const struct tracked *t, const struct rule_time *time)
{
    if (t->limit <= tracker->limits_until)
        return true;
    if (tracked_rule(tracker, t)->standing)
        return time->closed != MINUTE_NONE &&
               (t->dirty || t->silent_seen != tracker->silent_sources || t->wake <= time->closed);
    return t->dirty || t->wake <= time->closed || t->wake_live <= time->horizon;
}

bool tracker_due(const struct tracker *tracker, const struct rule_time *times)
{
    if (tracker->orphan_count || disputes_due(tracker))
        return true;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (const struct tracked *t = tracker->buckets[i]; t; t = t->next)
            if (due(tracker, t, &times[t->rule]) || tracker->silent[t->rule] != times[t->rule].silent)
                return true;
    return false;
}

static void orphans_withdraw(struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->orphan_count; i++) {
        struct orphan *o = &tracker->orphans[i];
        struct handling handling;
        o->alert.state = ALERT_WITHDRAWN;
        o->alert.unknown = false;
        o->alert.revision++;
        struct revision r = {
            .rule = &o->rule,
            .change = CHANGE_WITHDRAWN,
            .alert = &o->alert,
            .subject_kind = o->kind,
            .subject_code = str_of(o->code),
            .subject_region = o->region,
            .minute = o->alert.opened_minute,
            .reason = "the rule was removed",
            .handling = &handling,
        };
        alert_handling(tracker, r.rule, CATEGORY_NONE, r.alert, &handling);
        tracker->out.publish(tracker->out.arg, &r);
        tracker->published++;
        disputes_hear(tracker, NULL, &o->alert);
        news_add_orphan(tracker, &o->alert);
        tracker->out.store(tracker->out.arg, o->key, NULL);
        orphan_clear(o);
    }
    tracker->orphan_count = 0;
}

/* Does a finding rest on facts of no cut yet?  A view that was only fed does not know.  They come to it only while it is
 * watched. */
static bool facts_on_their_way(struct tracker *tracker, struct tracked *t)
{
    tracked_build(tracker, t, t->found - 1);
    t->view_missing = true; /* it was built for another minute */
    return t->uncommitted;
}

/* returns whether the subject is still tracked */
static bool run_one(struct tracker *tracker, struct tracked *t, const struct rule_time *time)
{
    bool over = tracked_evaluate(tracker, t, time);
    tracked_handle(tracker, t);
    over = over && !(t->found != MINUTE_NEVER && facts_on_their_way(tracker, t));
    t->dirty = false;
    if (over) {
        tracker->denied += t->fresh;
        if (t->stored)
            tracked_unstore(tracker, t);
        return false;
    }
    t->fresh = false;
    tracked_look(tracker, t);
    return true;
}

/* once it is known who is told */
static void finish_one(struct tracker *tracker, struct tracked *t)
{
    tracked_limits(tracker, t);
    /* what is pending is stored too: its finding has been made and no other will come */
    bool lasting = t->alert_count > 0 || t->machine.level > 0 || t->pending;
    if (!lasting && t->stored)
        tracked_unstore(tracker, t);
    else if (lasting && (t->changed || !t->stored || t->machine.minute > t->stored_minute + 1440))
        tracked_store(tracker, t);
    t->changed = t->looked = t->corrected = false;
}

void tracked_look(struct tracker *tracker, struct tracked *t)
{
    if (t->looked)
        return;
    if (tracker->looked_count == tracker->looked_capacity) {
        tracker->looked_capacity = tracker->looked_capacity ? tracker->looked_capacity * 2 : 64;
        tracker->looked = xrealloc(tracker->looked, tracker->looked_capacity * sizeof *tracker->looked);
    }
    tracker->looked[tracker->looked_count++] = t;
    t->looked = true;
}

size_t tracker_run(struct tracker *tracker, const struct rule_time *times, uint64_t cut, int64_t now_s)
{
    tracker->cut = cut;
    tracker->now_s = now_s;
    tracker->published = 0;
    struct matters matters = matters_begin(tracker->ledger, tracker->rules);
    tracker->matters = &matters;
    orphans_withdraw(tracker);
    touch_cut(tracker);
    handled_begin(tracker);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked **at = &tracker->buckets[i]; *at;) {
            struct tracked *t = *at;
            bool hushed = tracker->silent[t->rule] != times[t->rule].silent;
            bool look = due(tracker, t, &times[t->rule]) || hushed || handled_waits(tracker, t);
            if (look && !run_one(tracker, t, &times[t->rule])) {
                *at = t->next;
                tracked_destroy(t);
                tracker->count--;
                continue;
            }
            at = &t->next;
        }
    handled_end(tracker);
    disputes_form(tracker);
    notices_decide(tracker);
    for (size_t i = 0; i < tracker->looked_count; i++)
        finish_one(tracker, tracker->looked[i]);
    tracker->looked_count = 0;
    disputes_tell(tracker);
    news_settle(tracker);
    for (unsigned r = 0; r < tracker->rules->count; r++)
        tracker->silent[r] = times[r].silent;
    matters_end(&matters);
    tracker->matters = NULL;
    return tracker->published;
}

void tracker_silence(struct tracker *tracker, uint64_t sources)
{
    tracker->silent_sources = sources;
}

void tracker_stand(struct tracker *tracker)
{
    for (unsigned r = 0; r < tracker->rules->count; r++) {
        const struct rule *rule = &tracker->rules->rules[r];
        for (uint32_t region = 1; rule->standing && rule->life != LIFE_DRAFT && region <= registry_count(tracker->registry);
             region++) {
            struct subject subject = {SUBJECT_DISTRICT, subject_of_region(region), subject_of_region(region), region,
                                      CATEGORY_NONE};
            if (registry_region(tracker->registry, region)->level == REGION_DISTRICT &&
                !tracked_lookup(tracker, r, subject.key))
                tracked_add(tracker, r, subject, subject_code(tracker, &subject, 0), 0)->dirty = true;
        }
    }
    disputes_begin(tracker);
}

void tracker_limit(struct tracker *tracker, size_t bytes)
{
    tracker->bytes_max = bytes;
}

void tracker_forget(struct tracker *tracker)
{
    int64_t floor = ledger_floor(tracker->ledger, SHELF_FACTS);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next) {
            view_forget(t->view);
            if (t->machine.level > 0 && t->machine.now.opened_at < floor)
                t->machine.now.crossed = 0;
        }
}

void tracker_counts(struct tracker *tracker, struct tracker_counts *counts)
{
    *counts = (struct tracker_counts){
        .subjects = tracker->count, .denied = tracker->denied, .shed = tracker->shed};
    memcpy(counts->holds, tracker->holds, sizeof counts->holds);
    disputes_count(tracker, counts);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (const struct tracked *t = tracker->buckets[i]; t; t = t->next) {
            counts->bytes += sizeof *t + view_bytes(t->view) + t->alert_count * sizeof *t->alerts;
            for (size_t a = 0; a < t->alert_count; a++) {
                counts->bytes += t->alerts[a].journal.count * sizeof *t->alerts[a].journal.entries;
                if (t->alerts[a].state == ALERT_FIRING)
                    counts->open[t->alerts[a].level]++;
            }
            counts->pending += machine_pending(&t->machine, tracked_rule(tracker, t), tracker->rules->level_count);
        }
    tracker->bytes = counts->bytes;
}
