/* Who is told: what notify/ decides, brought to the alerts.  It is decided once for each run, after all subjects have been
 * evaluated, so that of alerts which come to be in one run the one that holds another is known to do so.  Until then the
 * revisions of the run wait for their notice. */
#include "alert/tracker_priv.h"

#include "base/check.h"
#include "base/member.h"

#include <stdlib.h>

struct news {
    const struct tracked *tracked; /* NULL: of a rule that is gone, and so is the alert */
    char alert[ALERT_ID_SIZE];
    bool unlimited;
    struct notice notice;         /* of an alert that is gone */
    char incident[ALERT_ID_SIZE]; /* likewise */
};

void tracker_notify(struct tracker *tracker, struct notify *notify)
{
    tracker->notify = notify;
}

/* ---- revisions that wait ---- */

static struct news *add(struct tracker *tracker, const struct alert *a)
{
    if (tracker->news_count == tracker->news_capacity) {
        tracker->news_capacity = tracker->news_capacity ? tracker->news_capacity * 2 : 16;
        tracker->news = xrealloc(tracker->news, tracker->news_capacity * sizeof *tracker->news);
    }
    struct news *news = &tracker->news[tracker->news_count++];
    *news = (struct news){.unlimited = a->notice.cause != HOLD_NONE};
    memcpy(news->alert, a->id, sizeof news->alert);
    return news;
}

void news_add(struct tracker *tracker, const struct tracked *t, struct alert *a)
{
    if (!tracker->notify)
        return;
    add(tracker, a)->tracked = t;
    a->news = true;
}

void news_add_orphan(struct tracker *tracker, const struct alert *a)
{
    if (!tracker->notify)
        return;
    struct news *news = add(tracker, a);
    notice_set(&news->notice, a->told ? HOLD_NONE : a->notice.cause, a->notice.by);
    memcpy(news->incident, alert_incident(a), sizeof news->incident);
}

static struct alert *alert_of(const struct news *news)
{
    const struct tracked *t = news->tracked;
    size_t i = 0;
    while (strcmp(t->alerts[i].id, news->alert) != 0)
        i++;
    return &t->alerts[i];
}

/* who was told that it began is told that it ended */
void news_settle(struct tracker *tracker)
{
    static const struct notice told = {HOLD_NONE, NULL};
    for (size_t i = 0; i < tracker->news_count; i++) {
        struct news *news = &tracker->news[i];
        const struct notice *notice = &news->notice;
        const char *incident = news->incident;
        if (news->tracked) {
            struct alert *a = alert_of(news);
            notice = a->state != ALERT_FIRING && a->told ? &told : &a->notice;
            incident = alert_incident(a);
            a->news = false;
        }
        tracker->out.settle(tracker->out.arg, &(struct telling){notice, news->unlimited || notice->cause, incident});
        notice_clear(&news->notice);
    }
    tracker->news_count = 0;
}

/* ---- deciding ---- */

static bool undecided(const struct alert *a)
{
    return !a->told && !a->notice.cause;
}

/* it goes on; or it began and ended in this run */
static bool in_question(const struct alert *a)
{
    return !a->shadow && (a->state == ALERT_FIRING || (a->news && undecided(a)));
}

struct asking {
    struct candidate *all;
    struct tracked **tracked;
    struct alert **alerts;
    size_t count, capacity;
};

static void ask_for(struct asking *asking, const struct tracker *tracker, struct tracked *t, struct alert *a)
{
    if (asking->count == asking->capacity) {
        asking->capacity = asking->capacity ? asking->capacity * 2 : 64;
        asking->all = xrealloc(asking->all, asking->capacity * sizeof *asking->all);
        asking->tracked = xrealloc(asking->tracked, asking->capacity * sizeof *asking->tracked);
        asking->alerts = xrealloc(asking->alerts, asking->capacity * sizeof *asking->alerts);
    }
    asking->tracked[asking->count] = t;
    asking->alerts[asking->count] = a;
    struct candidate *c = &asking->all[asking->count++];
    *c = (struct candidate){0};
    c->id = a->id;
    c->rule = tracked_rule(tracker, t);
    c->each = t->subject.each;
    c->kind = t->subject.kind;
    c->code = str_of(t->code);
    c->region = a->region;
    c->level = a->level;
    c->opened_at = a->opened_at;
    c->fires = a->state == ALERT_FIRING;
    c->told = a->told;
    c->before = &a->notice;
    c->member = disputes_incidents(tracker) ? a->member : NULL;
}

/* That it is held, or no more, is a revision of its own where it was known before. */
static void take_answer(struct tracker *tracker, struct tracked *t, struct alert *a, const struct candidate *c)
{
    bool first = undecided(a);
    if (!first && notice_is(&a->notice, c->cause, c->by))
        return;
    tracker->holds[c->cause]++;
    notice_set(&a->notice, c->cause, c->by);
    a->told |= !c->cause;
    t->changed = true;
    tracked_look(tracker, t);
    if (first || a->state != ALERT_FIRING)
        return;
    if (!c->cause)
        alert_ask_again(tracker, t, a);
    tracked_see(tracker, t);
    tracker_publish(tracker, t, a, c->cause ? CHANGE_HELD : CHANGE_RELEASED, alert_minute(t, a), NULL);
}

void notices_decide(struct tracker *tracker)
{
    struct asking asking = {0};
    struct incidents *incidents = disputes_incidents(tracker);
    bool stirred = tracker->news_count || (incidents && incidents->touched.count);
    if (!tracker->notify || (!stirred && !notify_due(tracker->notify)))
        return;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next)
            for (size_t k = 0; k < t->alert_count; k++)
                if (in_question(&t->alerts[k]))
                    ask_for(&asking, tracker, t, &t->alerts[k]);
    notify_decide(tracker->notify, asking.all, asking.count, incidents);
    for (size_t i = 0; i < asking.count; i++)
        take_answer(tracker, asking.tracked[i], asking.alerts[i], &asking.all[i]);
    free(asking.all);
    free(asking.tracked);
    free(asking.alerts);
}

/* ---- in its state ---- */

void notice_store(const struct alert *a, json_t *json)
{
    json_object_set_new(json, "told", json_boolean(a->told));
    if (a->notice.cause)
        json_object_set_new(json, "notice",
                            json_pack("{s:s, s:s}", "cause", hold_word(a->notice.cause), "by", a->notice.by));
}

void notice_restore(const json_t *json, struct alert *a)
{
    const json_t *told = json_object_get(json, "told"), *notice = json_object_get(json, "notice");
    a->told = told ? json_is_true(told) : a->state != ALERT_RECORDED; /* NULL: of an earlier version, which told all */
    notice_set(&a->notice, hold_named(str_of(member_text(notice, "cause"))), member_text(notice, "by"));
}
