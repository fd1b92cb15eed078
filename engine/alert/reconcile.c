/* From episodes to revisions: runs the machine over the minutes since, and compares what it says with what was
 * published.  Everything a subscriber sees of an alert's life is decided here:
 *
 *   computed            published: none      firing                   resolved
 *   open, level L       raised               raised / lowered / -     reopened
 *   ended, closed       raised, resolved     resolved                 -
 *   not there           -                    withdrawn                withdrawn
 *
 * An end that is not closed yet is not shown.  An episode that was over longer than raise_within ago when the
 * facts for it came is only recorded: kept as an alert that nobody was told of, since late facts may show that it was the
 * beginning of one. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void alert_clear(struct alert *a)
{
    free(a->crossed_id);
    free(a->crossed_source);
    alert_forget_units(a);
    journal_free(&a->journal);
    notice_clear(&a->notice);
    *a = (struct alert){0};
}

/* The same in whatever order subjects are looked at. */
static void alert_name(const struct tracker *tracker, struct tracked *t, struct alert *a)
{
    char text[1024];
    t->named = t->named_cut == tracker->cut ? t->named + 1 : 0;
    t->named_cut = tracker->cut;
    int len = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%llu\n%llu\n%u", tracker->group, tracked_rule(tracker, t)->id,
                       subject_kind_word(t->subject.kind), t->code, (unsigned long long)t->subject.key,
                       (unsigned long long)tracker->cut, t->named);
    XXH128_hash_t hash = XXH3_128bits(text, len > 0 && (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
    snprintf(a->id, sizeof a->id, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

uint32_t evidence_region(const struct tracker *tracker, const struct tracked *t, uint32_t so_far, size_t newest)
{
    if (t->subject.region != REGION_NONE)
        return t->subject.region;
    size_t count;
    const struct view_entry *window = view_window(t->view, &count);
    for (size_t i = count; i > 0 && newest > 0; i--, newest--) {
        uint32_t region = ledger_standing(tracker->ledger, window[i - 1].ref).region;
        if (region != REGION_NONE)
            so_far = so_far == REGION_NONE ? region : registry_common(tracker->registry, so_far, region);
    }
    return so_far;
}

struct revision alert_shown(const struct tracker *tracker, const struct tracked *t, const struct alert *a,
                            enum change change, int64_t minute, struct shown *room)
{
    view_move(t->view, minute);
    view_values(t->view, room->values);
    view_thresholds(t->view, minute, room->thresholds);
    struct revision r = {
        .rule = tracked_rule(tracker, t),
        .change = change,
        .alert = a,
        .subject_kind = t->subject.kind,
        .subject_code = str_of(t->code),
        .subject_region = t->subject.region,
        .each = t->subject.each,
        .minute = minute,
        .values = room->values,
        .thresholds = room->thresholds,
        .periods = rule_periods(tracker->rules, tracked_rule(tracker, t), minute),
        .handling = &room->handling,
    };
    alert_handling(tracker, r.rule, r.each, a, &room->handling);
    r.evidence = view_window(t->view, &r.evidence_count);
    return r;
}

void tracker_publish_entry(struct tracker *tracker, struct tracked *t, struct alert *a, enum change change,
                           int64_t minute, const char *reason, const struct journal_entry *entry)
{
    struct shown room;
    view_move(t->view, minute);
    /* whether anybody is told was decided by where it was */
    if (change != CHANGE_HELD && change != CHANGE_RELEASED)
        a->region = evidence_region(tracker, t, a->region, SIZE_MAX);
    flaps_count(t, a, change);
    a->revision++;
    if (change != CHANGE_RAISED && change != CHANGE_LOWERED && change != CHANGE_REOPENED)
        a->prev_level = a->level;
    struct revision r = alert_shown(tracker, t, a, change, minute, &room);
    r.reason = reason;
    r.entry = entry;
    a->shadow = tracked_rule(tracker, t)->life == LIFE_SHADOW;
    (a->shadow ? tracker->out.shadowed : tracker->out.publish)(tracker->out.arg, &r);
    if (!a->shadow) {
        disputes_hear(tracker, t, a);
        news_add(tracker, t, a);
    }
    tracker->published++;
}

void tracker_publish(struct tracker *tracker, struct tracked *t, struct alert *a, enum change change, int64_t minute,
                     const char *reason)
{
    tracker_publish_entry(tracker, t, a, change, minute, reason, NULL);
}

/* limits run from publication; a lower level keeps those that run */
static void set_level(const struct tracker *tracker, const struct tracked *t, struct alert *a, unsigned level,
                      int64_t minute)
{
    a->prev_level = a->level;
    a->level = level;
    if (level <= a->prev_level && a->revision)
        return;
    view_move(t->view, minute);
    a->region = evidence_region(tracker, t, a->region, SIZE_MAX);
    alert_send(tracker, t, a);
}

static void take_over(const struct tracker *tracker, struct tracked *t, struct alert *a, const struct episode *e)
{
    t->changed |= a->opened_minute != e->opened_minute; /* the minutes that close may show it to have begun sooner */
    a->opened_minute = e->opened_minute;
    a->opened_at = e->opened_at;
    a->highest = e->highest;
    if (e->crossed) {
        const struct fact *fact = ledger_fact(tracker->ledger, e->crossed);
        struct id_room room;
        struct str id = ledger_id(tracker->ledger, e->crossed, &room);
        free(a->crossed_id);
        free(a->crossed_source);
        a->crossed_id = xstrndup(id.at, id.len);
        a->crossed_source = xstrdup(catalogue_source(tracker->catalogue, fact->source));
        a->crossed_at = fact->occurred_at;
    }
}

static struct alert *alert_record(struct tracker *tracker, struct tracked *t, struct episode *e)
{
    t->alerts = xrealloc(t->alerts, (t->alert_count + 1) * sizeof *t->alerts);
    struct alert *a = &t->alerts[t->alert_count];
    *a = (struct alert){.state = ALERT_RECORDED};
    e->alert = (int)t->alert_count++;
    alert_name(tracker, t, a);
    return a;
}

static bool within(const struct rule *rule, const struct rule_time *time, int64_t minute)
{
    return time->closed_before == MINUTE_NONE || minute > time->closed_before - rule->raise_within_s / 60;
}

/* At its highest, as it would have been shown had it come fact by fact: where much is caught up with at once, what it has
 * been lowered to since rests on other values, or on none. */
static void alert_raise(struct tracker *tracker, struct tracked *t, struct alert *a, const struct episode *e,
                        const struct rule_time *time)
{
    bool lowered = e->shown < e->highest && within(tracked_rule(tracker, t), time, e->highest_minute);
    unsigned level = lowered ? e->highest : e->shown;
    int64_t minute = lowered ? e->highest_minute : e->shown_minute;
    a->state = ALERT_FIRING;
    a->ended_minute = MINUTE_NEVER;
    set_level(tracker, t, a, level, minute);
    tracker_publish(tracker, t, a, CHANGE_RAISED, minute, NULL);
}

static void alert_withdraw(struct tracker *tracker, struct tracked *t, struct alert *a)
{
    bool told = a->state != ALERT_RECORDED;
    a->state = ALERT_WITHDRAWN;
    a->unknown = false;
    if (told)
        tracker_publish(tracker, t, a, CHANGE_WITHDRAWN, t->machine.minute,
                        t->edited ? "the rule was changed" : "facts were taken back or corrected");
}

static void alert_resolve(struct tracker *tracker, struct tracked *t, struct alert *a, const struct episode *e)
{
    bool was = a->state == ALERT_RESOLVED;
    a->ended_minute = e->ended_minute;
    if (was)
        return;
    a->state = ALERT_RESOLVED;
    a->unknown = false;
    tracker_publish(tracker, t, a, CHANGE_RESOLVED, e->ended_minute, NULL);
}

static void alert_update(struct tracker *tracker, struct tracked *t, struct alert *a, const struct episode *e,
                         bool silent)
{
    bool reopened = a->state != ALERT_FIRING;
    a->state = ALERT_FIRING;
    a->ended_minute = MINUTE_NEVER;
    if (reopened || e->shown != a->level) {
        bool higher = e->shown > a->level;
        a->unknown &= silent; /* if it was, this revision says that it is known again */
        set_level(tracker, t, a, e->shown, e->shown_minute);
        tracker_publish(tracker, t, a, reopened ? CHANGE_REOPENED : higher ? CHANGE_RAISED : CHANGE_LOWERED,
                        e->shown_minute, NULL);
    }
}

static bool worth_raising(const struct rule *rule, const struct rule_time *time, const struct episode *e, bool closed)
{
    return !closed || within(rule, time, e->ended_minute);
}

/* The alert that this episode continues, among those that have found none yet.  What counts is how far the alert is known
 * to have lasted, not whether its end has been shown: of two that turn out to be one episode the second finds none and
 * is withdrawn, and must not be taken for the next day's.  One that somebody was told of comes before those that were
 * only recorded. */
static int find_alert(const struct tracked *t, const struct episode *e, const bool *candidate, size_t candidates)
{
    int found = -1;
    for (size_t i = 0; i < candidates; i++) {
        const struct alert *a = &t->alerts[i];
        if (!candidate[i] || a->opened_minute > e->ended_minute || e->opened_minute > a->lasted_minute)
            continue;
        if (a->state != ALERT_RECORDED)
            return (int)i;
        found = found < 0 ? (int)i : found;
    }
    return found;
}

/* Is it over, and may facts that it began by have expired?  Then it can no longer be reckoned, and stays as it was told. */
static bool beyond_reckoning(const struct tracker *tracker, const struct tracked *t, const struct alert *a)
{
    const struct rule *rule = tracked_rule(tracker, t);
    int64_t floor = ledger_floor(tracker->ledger, SHELF_FACTS);
    if (rule->readings)
        floor = later_of(floor, ledger_floor(tracker->ledger, SHELF_READINGS));
    return a->state != ALERT_FIRING && !rule->standing && a->opened_minute * 60 - rule_reach_s(rule) < floor;
}

/* What was silent in a minute that is over is not known any more: such an alert, once it has ended, stays. */
static bool in_question(const struct rule *rule, const struct alert *a)
{
    return rule->standing ? a->state == ALERT_FIRING : a->state != ALERT_WITHDRAWN;
}

static void reconcile_one(struct tracker *tracker, struct tracked *t, struct episode *e, bool closed, bool *candidate,
                          size_t candidates, const struct rule_time *time, int64_t until)
{
    if (e->alert < 0)
        e->alert = find_alert(t, e, candidate, candidates);
    bool known = e->alert >= 0;
    if (known && (size_t)e->alert < candidates)
        candidate[e->alert] = false;
    if (known && closed && beyond_reckoning(tracker, t, &t->alerts[e->alert]))
        return;
    struct alert *a = known ? &t->alerts[e->alert] : alert_record(tracker, t, e);
    take_over(tracker, t, a, e);
    a->lasted_minute = e->ended_minute < until ? e->ended_minute : until;
    if (a->state == ALERT_RECORDED && !worth_raising(tracked_rule(tracker, t), time, e, closed)) {
        a->ended_minute = e->ended_minute;
        t->changed = true;
        if (!known)
            tracker->out.recorded(tracker->out.arg, tracked_rule(tracker, t), e);
        return;
    }
    if (a->state == ALERT_RECORDED)
        alert_raise(tracker, t, a, e, time);
    if (closed)
        alert_resolve(tracker, t, a, e);
    else
        alert_update(tracker, t, a, e, time->silent);
}

/* Where a run must begin so that it begins idle: before the minute asked for, and before anything that was already
 * going on then.  What holds for shorter than `for` leaves no trace anywhere, so it is looked for anew; had it held for
 * longer, an alert would say so. */
static int64_t idle_before(const struct tracked *t, const struct rule *rule, unsigned level_count, int64_t from)
{
    int64_t hold = rule->for_s / 60;
    from -= hold;
    if (t->machine.minute + 1 < from)
        from = t->machine.minute + 1;
    for (unsigned l = 1; l <= level_count; l++)
        if (t->machine.held[l] != MINUTE_NONE && t->machine.held[l] < from)
            from = t->machine.held[l];
    if (t->machine.level > 0 && t->machine.now.opened_minute - hold < from)
        from = t->machine.now.opened_minute - hold;
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < t->alert_count; i++) {
            const struct alert *a = &t->alerts[i];
            if (a->state != ALERT_WITHDRAWN && a->opened_minute - hold < from && a->ended_minute >= from) {
                from = a->opened_minute - hold;
                again = true;
            }
        }
    }
    return from;
}

static void show_silence(struct tracker *tracker, struct tracked *t, const struct rule_time *time)
{
    for (size_t i = 0; i < t->alert_count; i++) {
        struct alert *a = &t->alerts[i];
        if (a->state != ALERT_FIRING || a->unknown == time->silent)
            continue;
        a->unknown = time->silent;
        tracker_publish(tracker, t, a, time->silent ? CHANGE_UNKNOWN : CHANGE_RESUMED, t->machine.minute, NULL);
    }
}

/* How long after its end an alert may still be changed by late facts that would be raised. */
static int64_t reach_min(const struct rule *rule)
{
    return ((int64_t)rule->raise_within_s + rule->within_s + rule->clear_after_s) / 60 + 1440;
}

/* who went there reports when it is over, and that may be long after the risk is */
enum { ANSWERED_FOR_MIN = 30 * 1440, WITHDRAWN_KEPT = 16 };

static size_t withdrawn_count(const struct tracked *t)
{
    size_t count = 0;
    for (size_t i = 0; i < t->alert_count; i++)
        count += t->alerts[i].state == ALERT_WITHDRAWN;
    return count;
}

/* By the minutes that were closed before this cut: by those it is decided what would be raised, as often as it is evaluated.
 * No episode can be one that was withdrawn: that is kept only for those who may still answer to it, and of a rule that is
 * edited again and again not all of them. */
static void drop_old_alerts(const struct tracker *tracker, struct tracked *t, const struct rule_time *time)
{
    const struct rule *rule = tracked_rule(tracker, t);
    int64_t closed = rule->standing ? time->closed : time->closed_before;
    /* the end of the rule's own input is not far in the future: a merge may still come by another source */
    if (closed == MINUTE_NONE || time->closed == MINUTE_NEVER)
        return;
    size_t kept = 0, withdrawn = withdrawn_count(t);
    for (size_t i = 0; i < t->alert_count; i++) {
        struct alert *a = &t->alerts[i];
        int64_t reach = reach_min(rule);
        if (tracker->answers && a->state != ALERT_RECORDED && !a->shadow)
            reach = later_of(reach, ANSWERED_FOR_MIN);
        int64_t over = a->state == ALERT_FIRING ? MINUTE_NEVER : a->ended_minute;
        if (a->state == ALERT_WITHDRAWN) {
            bool answerable = tracker->answers && !a->shadow && withdrawn-- <= WITHDRAWN_KEPT;
            over = answerable ? a->opened_minute : MINUTE_NONE;
        }
        if (over < closed - reach && !a->news) {
            disputes_forget(tracker, a, false);
            alert_clear(a);
            t->changed = true;
            continue;
        }
        int64_t wake = over < MINUTE_NEVER - reach ? later_of(over + reach, time->closed) + 1 : MINUTE_NEVER;
        if (wake < t->wake)
            t->wake = wake;
        if (t->machine.level > 0 && t->machine.now.alert == (int)i)
            t->machine.now.alert = (int)kept;
        t->alerts[kept++] = *a;
    }
    t->alert_count = kept;
}

/* Nothing is evaluated while nothing changes: what is open has lasted since all the same.  Of a rule that was edited the
 * past can no longer be computed, after a restart; nobody was told that what it raised is over. */
static void lasted_until_now(struct tracked *t, const struct rule_time *time)
{
    for (size_t i = 0; t->edited && i < t->alert_count; i++)
        if (t->alerts[i].state == ALERT_FIRING && time->closed != MINUTE_NEVER)
            t->alerts[i].lasted_minute = later_of(t->alerts[i].lasted_minute, time->closed);
    if (t->machine.level == 0 || t->machine.now.alert < 0)
        return;
    struct alert *a = &t->alerts[t->machine.now.alert];
    a->lasted_minute = later_of(a->lasted_minute, t->wake <= time->closed ? t->wake - 1 : time->closed);
}

bool tracked_evaluate(struct tracker *tracker, struct tracked *t, const struct rule_time *time)
{
    const struct rule *rule = tracked_rule(tracker, t);
    unsigned levels = tracker->rules->level_count;
    struct history *history = &tracker->history;
    size_t before = tracker->published;
    bool rebuilt = t->rebuild_from != MINUTE_NEVER;
    int64_t first = t->machine.minute + 1; /* alerts that opened from here on are in question */
    if (rebuilt) {
        lasted_until_now(t, time);
        first = idle_before(t, rule, levels, t->rebuild_from);
        tracked_build(tracker, t, first - 1);
        /* what was holding already then began to hold earlier: it has to be seen from its beginning */
        for (int i = 0; i < 4 && rule->for_s > 0 && condition_level(rule, levels, t->view, first - 1) > 0; i++) {
            first = idle_before(t, rule, levels, first);
            tracked_build(tracker, t, first - 1);
        }
        machine_init(&t->machine, first - 1);
        t->rebuild_from = MINUTE_NEVER;
    } else if (t->view_missing) {
        tracked_build(tracker, t, t->machine.minute);
    }
    if (rule->standing)
        view_silence(t->view, t->silent_seen = tracker->silent_sources);
    bool *candidate = xcalloc(t->alert_count + 1, sizeof *candidate);
    for (size_t i = 0; i < t->alert_count; i++)
        candidate[i] = t->alerts[i].opened_minute >= first && in_question(rule, &t->alerts[i]);
    size_t candidates = t->alert_count;

    history->count = 0;
    /* A silence may come and go within a minute, and while a clock that was set back goes through the same ones again. */
    if (rule->standing && time->closed != MINUTE_NONE)
        machine_step(&t->machine, rule, levels, t->view, later_of(time->closed, t->machine.minute), history);
    else if (time->closed > t->machine.minute)
        machine_run(&t->machine, rule, levels, t->view, time->closed, true, history);
    size_t closed = history->count;
    struct machine live = t->machine;
    int64_t horizon = view_newest_minute(t->view);
    if (time->horizon > horizon)
        horizon = time->horizon;
    if (!rule->standing)
        machine_run(&live, rule, levels, t->view, horizon, false, history);
    if (live.level > 0)
        machine_show(&live, history);

    /* alerts raised on the way are none in question: the array is only as long as those before */
    for (size_t i = 0; i < history->count; i++)
        reconcile_one(tracker, t, &history->all[i], i < closed, candidate, candidates, time, live.minute);
    for (size_t i = 0; i < candidates; i++)
        if (candidate[i] && !beyond_reckoning(tracker, t, &t->alerts[i]))
            alert_withdraw(tracker, t, &t->alerts[i]);
    t->edited = false;
    free(candidate);
    if (t->machine.level > 0)
        t->machine.now.alert = history->all[closed].alert;
    show_silence(tracker, t, time);

    t->wake = machine_next(&t->machine, rule, levels, t->view);
    t->wake_live = machine_next(&live, rule, levels, t->view);
    t->changed |= rebuilt || tracker->published != before;
    drop_old_alerts(tracker, t, time);
    t->pending = machine_pending(&t->machine, rule, levels) || machine_pending(&live, rule, levels);
    bool waits = rule->standing || (rule_waits(rule) && view_next_change(t->view, t->machine.minute) != MINUTE_NEVER);
    bool idle = t->machine.level == 0 && live.level == 0 && !t->pending && !t->uncommitted && t->alert_count == 0 &&
                !waits;
    if (!idle)
        view_trim(t->view, t->machine.minute);
    return idle;
}
