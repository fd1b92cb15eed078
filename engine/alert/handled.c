/* What is done about alerts, brought to them: dispositions that were read, and limits that passed.  handle/ knows what
 * becomes of either; here is which alert is meant, what limits the rules give, and what is told. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

struct waiting {
    struct disposition said;
    bool answered;
};

/* ---- where it was sent ---- */

void alert_forget_units(struct alert *a)
{
    for (unsigned i = 0; i < a->unit_count; i++)
        free(a->units[i]);
    free(a->units);
    a->units = NULL;
    a->unit_count = 0;
}

static void route_alert(const struct tracker *tracker, const struct rule *rule, uint16_t each, const struct alert *a,
                        struct route *route)
{
    route_of(tracker->rules, rule, tracker->registry, each, a->level, a->region, route);
    if (!a->units)
        return;
    route->lead = a->units[0];
    route->tier = a->tier;
    route->assist_count = a->unit_count - 1;
    for (unsigned i = 1; i < a->unit_count; i++)
        route->assist[i - 1] = a->units[i];
}

static struct sent sent_by(const struct route *route, const struct alert *a)
{
    return (struct sent){route, a->limits_from, a->sign_by, a->close_by};
}

void alert_handling(const struct tracker *tracker, const struct rule *rule, uint16_t each, const struct alert *a,
                    struct handling *h)
{
    struct route route;
    route_alert(tracker, rule, each, a, &route);
    struct sent sent = sent_by(&route, a);
    handling_of(h, &sent, &a->journal);
}

static int64_t limit(const struct tracker *tracker, struct span span, int64_t from)
{
    return span.s ? span_after(tracker->rules, span, from) : 0;
}

/* Who is asked to answer is asked once: an edit of the rules sends nobody home before the alert rises again. */
static void keep_units(struct alert *a, const struct route *route)
{
    char **units = xcalloc(route->assist_count + 1, sizeof *units);
    units[0] = xstrdup(*route->lead ? route->lead : route->above[route->tier]);
    for (unsigned i = 0; i < route->assist_count; i++)
        units[i + 1] = xstrdup(route->assist[i]);
    alert_forget_units(a);
    a->units = units;
    a->unit_count = route->assist_count + 1;
    a->tier = route->tier;
}

/* After all that is in the journal, whatever the clocks: a unit's may be ahead of ours, ours may have been set back.  An entry acts
 * on what stands before it; one that came to stand before what it answers would be made again, without end. */
static int64_t own_time(const struct tracker *tracker, const struct alert *a)
{
    int64_t at = tracker->now_s > a->limits_from ? tracker->now_s : a->limits_from;
    const struct journal_entry *last = a->journal.count ? &a->journal.entries[a->journal.count - 1] : NULL;
    return last && last->said.at >= at ? last->said.at + 1 : at;
}

static struct journal_entry own_entry(const struct tracker *tracker, const struct alert *a, enum act act)
{
    struct journal_entry entry = {.said = {.act = act, .at = own_time(tracker, a)}};
    snprintf(entry.said.id, sizeof entry.said.id, "gridwarn:%u", a->revision + 1);
    return entry;
}

static void begin_limits(const struct tracker *tracker, struct alert *a, const struct route *route)
{
    a->limits_from = tracker->now_s;
    a->sign_by = limit(tracker, route->sign_within, tracker->now_s);
    a->close_by = limit(tracker, route->close_within, tracker->now_s);
}

void alert_send(const struct tracker *tracker, const struct tracked *t, struct alert *a)
{
    const struct rule *rule = tracked_rule(tracker, t);
    struct handling before = {.lead = -1};
    struct route route;
    if (a->journal.count)
        alert_handling(tracker, rule, t->subject.each, a, &before);
    bool over = handling_over(&before);
    route_of(tracker->rules, rule, tracker->registry, t->subject.each, a->level, a->region, &route);
    begin_limits(tracker, a, &route);
    if (tracker->answers)
        keep_units(a, &route);
    struct journal_entry reopened = own_entry(tracker, a, ACT_REOPENED);
    if (over)
        journal_note(&a->journal, &reopened);
}

/* Nobody was asked while it was held, so the limits are of this moment; who is in charge, and what was closed, stays so. */
void alert_ask_again(const struct tracker *tracker, const struct tracked *t, struct alert *a)
{
    struct route route;
    route_alert(tracker, tracked_rule(tracker, t), t->subject.each, a, &route);
    begin_limits(tracker, a, &route);
}

/* ---- dispositions ---- */

void tracker_dispose(struct tracker *tracker, const struct disposition *d)
{
    if (tracker->waiting_count == tracker->waiting_capacity) {
        tracker->waiting_capacity = tracker->waiting_capacity ? tracker->waiting_capacity * 2 : 16;
        tracker->waiting = xrealloc(tracker->waiting, tracker->waiting_capacity * sizeof *tracker->waiting);
    }
    tracker->waiting[tracker->waiting_count++] = (struct waiting){*d, false};
}

static int by_alert(const void *left, const void *right)
{
    const struct disposition *a = &((const struct waiting *)left)->said, *b = &((const struct waiting *)right)->said;
    int order = strcmp(a->alert, b->alert);
    if (!order)
        order = a->at != b->at ? (a->at < b->at ? -1 : 1) : strcmp(a->id, b->id);
    if (!order)
        order = a->offset < b->offset ? -1 : a->offset > b->offset;
    return order;
}

void handled_begin(struct tracker *tracker)
{
    if (tracker->waiting_count)
        qsort(tracker->waiting, tracker->waiting_count, sizeof *tracker->waiting, by_alert);
}

/* the first of the alert's; NULL: none */
static struct waiting *waiting_for(const struct tracker *tracker, const struct alert *a)
{
    size_t low = 0, high = tracker->waiting_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(tracker->waiting[middle].said.alert, a->id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < tracker->waiting_count && strcmp(tracker->waiting[low].said.alert, a->id) == 0;
    return found ? &tracker->waiting[low] : NULL;
}

bool handled_waits(const struct tracker *tracker, const struct tracked *t)
{
    for (size_t i = 0; tracker->waiting_count && i < t->alert_count; i++)
        if (waiting_for(tracker, &t->alerts[i]))
            return true;
    return false;
}

/* as things stand, or as they stood when it ended */
int64_t alert_minute(const struct tracked *t, const struct alert *a)
{
    int64_t newest = view_newest_minute(t->view);
    if (a->state == ALERT_RESOLVED)
        return a->ended_minute;
    return a->state == ALERT_FIRING && newest > t->machine.minute ? newest : t->machine.minute;
}

static enum answer dispose(struct tracker *tracker, struct tracked *t, struct alert *a, const struct disposition *d)
{
    struct route route;
    route_alert(tracker, tracked_rule(tracker, t), t->subject.each, a, &route);
    struct sent sent = sent_by(&route, a);
    struct journal_entry entry = {.said = *d};
    if (d->act == ACT_SIGNED || d->act == ACT_DISPATCHED)
        entry.arrive_by = limit(tracker, route.arrive_within, d->at);
    if (d->act == ACT_TRANSFERRED || d->act == ACT_REOPENED)
        entry.sign_by = limit(tracker, route.sign_within, d->at);
    if (d->act == ACT_REOPENED)
        entry.close_by = limit(tracker, route.close_within, d->at);
    enum answer answer = journal_take(&a->journal, &sent, &entry);
    t->changed |= answer < ANSWER_REFUSED && answer != ANSWER_DOUBLED;
    if (answer == ANSWER_TAKEN)
        tracker_publish_entry(tracker, t, a, CHANGE_HANDLED, alert_minute(t, a), NULL, &entry);
    return answer;
}

/* nothing follows a withdrawal */
static void dispose_all(struct tracker *tracker, struct tracked *t, struct alert *a)
{
    bool over = a->state == ALERT_WITHDRAWN;
    struct waiting *end = tracker->waiting + tracker->waiting_count;
    for (struct waiting *w = waiting_for(tracker, a); w && w < end && strcmp(w->said.alert, a->id) == 0; w++) {
        tracker->out.answer(tracker->out.arg, &w->said, over ? ANSWER_WITHDRAWN : dispose(tracker, t, a, &w->said));
        w->answered = true;
    }
}

void handled_end(struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->waiting_count; i++)
        if (!tracker->waiting[i].answered)
            tracker->out.answer(tracker->out.arg, &tracker->waiting[i].said, ANSWER_UNKNOWN_ALERT);
    tracker->waiting_count = 0;
}

/* ---- limits ---- */

static void escalate(struct tracker *tracker, struct tracked *t, struct alert *a, const struct handling *h, enum act act)
{
    struct route route;
    route_alert(tracker, tracked_rule(tracker, t), t->subject.each, a, &route);
    struct journal_entry entry = own_entry(tracker, a, act);
    entry.tier = h->tier > REGION_DISTRICT ? h->tier - 1 : 0;
    if (entry.tier) {
        snprintf(entry.said.unit, sizeof entry.said.unit, "%s", route.above[entry.tier]);
        entry.sign_by = limit(tracker, route.sign_within, tracker->now_s);
        entry.close_by = act == ACT_NOT_CLOSED ? limit(tracker, route.close_within, tracker->now_s) : 0;
    }
    journal_note(&a->journal, &entry);
    t->changed = true;
    tracker_publish_entry(tracker, t, a, CHANGE_ESCALATED, alert_minute(t, a), act_reason(act), &entry);
}

/* One limit after another: each goes up a tier, or marks what is late there.  So there are few of them, and better no
 * engine than one that goes on telling of them. */
static void judge_limits(struct tracker *tracker, struct tracked *t, struct alert *a)
{
    enum { PASSED_MAX = REGION_LEVELS_END + ACTS };
    for (int passed = 0;; passed++) {
        struct handling h;
        int64_t next;
        CHECK(passed <= PASSED_MAX);
        alert_handling(tracker, tracked_rule(tracker, t), t->subject.each, a, &h);
        int act = handling_due(&h, tracker->limits_until, &next);
        if (act < 0) {
            t->limit = next < t->limit ? next : t->limit;
            return;
        }
        escalate(tracker, t, a, &h, (enum act)act);
    }
}

/* it was raised when no dispositions were read yet */
static void begin_to_ask(const struct tracker *tracker, struct tracked *t, struct alert *a)
{
    struct route route;
    route_alert(tracker, tracked_rule(tracker, t), t->subject.each, a, &route);
    keep_units(a, &route);
    t->changed = true;
}

void tracked_handle(struct tracker *tracker, struct tracked *t)
{
    for (size_t i = 0; tracker->answers && i < t->alert_count; i++) {
        struct alert *a = &t->alerts[i];
        if (a->state == ALERT_RECORDED || a->shadow)
            continue;
        if (!a->units)
            begin_to_ask(tracker, t, a);
        dispose_all(tracker, t, a);
    }
}

/* no limit runs where nobody is asked */
void tracked_limits(struct tracker *tracker, struct tracked *t)
{
    t->limit = INT64_MAX;
    for (size_t i = 0; tracker->answers && i < t->alert_count; i++) {
        struct alert *a = &t->alerts[i];
        if (a->state == ALERT_FIRING && !a->shadow && !a->notice.cause)
            judge_limits(tracker, t, a);
    }
}

void tracker_answers(struct tracker *tracker)
{
    tracker->answers = true;
}

void tracker_limits(struct tracker *tracker, int64_t until_s)
{
    tracker->limits_until = until_s;
}
