/* Which alerts are one dispute: what incident/ makes of them, brought to the tracker.  Here is which alerts are
 * members, and what is known of them. */
#include "alert/disputes_priv.h"

#include "base/member.h"
#include "rule/notify_rules.h"
#include "rule/routing.h"

#include <stdio.h>

enum { REGION_FACTS = 256 /* the newest, among which is what has just come */ };

static struct disputes *disputes_of(struct tracker *tracker)
{
    if (!tracker->disputes) {
        tracker->disputes = xcalloc(1, sizeof *tracker->disputes);
        tracker->disputes->incidents = incidents_create(tracker->registry);
    }
    return tracker->disputes;
}

void disputes_destroy(struct tracker *tracker)
{
    struct disputes *d = tracker->disputes;
    tracker->disputes = NULL;
    if (!d)
        return;
    incidents_destroy(&d->incidents);
    near_free(&d->near);
    list_free(&d->waiting);
    list_free(&d->later);
    free(d);
}

/* ---- what becomes of the alerts ---- */

struct alert *member_alert(const struct member *m)
{
    const struct tracked *t = m->owner;
    for (size_t i = 0; t && i < t->alert_count; i++)
        if (t->alerts[i].member == m)
            return &t->alerts[i];
    return NULL;
}

/* a matter's is that of its newest fact */
static uint64_t respondent_of(const struct tracker *tracker, const struct tracked *t)
{
    size_t count;
    if (t->subject.kind == SUBJECT_RESPONDENT)
        return t->subject.chain;
    const struct view_entry *facts = t->subject.kind == SUBJECT_MATTER ? view_entries(t->view, &count) : NULL;
    if (!facts || !count)
        return 0;
    struct str name = ledger_text(tracker->ledger, facts[count - 1].ref).respondent;
    return name.len ? subject_of_respondent(name) : 0;
}

/* Where an alert's facts lie is told with its next revision; who covers whom is decided by it before. */
static void update_region(const struct tracker *tracker, struct tracked *t, struct alert *a)
{
    struct disputes *d = tracker->disputes;
    struct member *m = a->member;
    if (!d->formed && m->firing && !t->view_missing) {
        view_move(t->view, alert_minute(t, a));
        uint32_t region = evidence_region(tracker, t, a->region, REGION_FACTS);
        t->changed |= region != a->region;
        a->region = region;
    }
    if (m->region == a->region)
        return;
    m->region = a->region;
    d->stale = true;
    if (d->formed)
        list_add(&d->later, m);
    else
        incidents_touch(d->incidents, m->incident);
}

void member_update(const struct tracker *tracker, struct tracked *t, struct alert *a)
{
    struct member *m = a->member;
    bool firing = a->state == ALERT_FIRING;
    uint64_t respondent = firing && !t->view_missing ? respondent_of(tracker, t) : m->respondent;
    tracker->disputes->stale |= m->firing != firing || m->respondent != respondent;
    m->owner = t;
    m->firing = firing;
    m->level = a->level;
    m->rank = t->rule;
    m->respondent = respondent;
    m->category = t->subject.each != CATEGORY_NONE ? t->subject.each
                                                   : rule_category(tracker->rules, tracked_rule(tracker, t));
    m->matter = t->subject.kind == SUBJECT_MATTER;
    update_region(tracker, t, a);
}

void disputes_hear(struct tracker *tracker, struct tracked *t, struct alert *a)
{
    struct disputes *d = tracker->disputes;
    if (!d || d->off || a->shadow)
        return;
    if (a->state == ALERT_WITHDRAWN) {
        disputes_forget(tracker, a, true);
        return;
    }
    if (!a->member && a->state == ALERT_FIRING)
        a->member = incidents_join(d->incidents, a->id, a->opened_at);
    if (!a->member)
        return;
    member_update(tracker, t, a);
    incidents_touch(d->incidents, a->member->incident);
}

void disputes_forget(const struct tracker *tracker, struct alert *a, bool withdrawn)
{
    if (!a->member)
        return;
    snprintf(a->left, sizeof a->left, "%s", a->member->incident->id);
    incidents_leave(tracker->disputes->incidents, a->member, withdrawn);
    tracker->disputes->stale = true;
    a->member = NULL;
}

const char *alert_incident(const struct alert *a)
{
    return a->member ? a->member->incident->id : *a->left ? a->left : a->id;
}

/* ---- beginning, with what was stored, or with other rules ---- */

bool disputes_restore(struct tracker *tracker, struct str key, const json_t *json)
{
    char id[INCIDENT_ID_SIZE];
    size_t prefix = strlen(INCIDENT_KEY);
    int64_t levels = tracker->rules->level_count;
    if (key.len != prefix + sizeof id - 1 || member_number(json, "level") > levels ||
        member_number(json, "highest") > levels)
        return false;
    memcpy(id, key.at + prefix, sizeof id - 1);
    id[sizeof id - 1] = '\0';
    return incident_restore(disputes_of(tracker)->incidents, id, json);
}

static void claim(struct tracker *tracker, struct tracked *t, struct alert *a)
{
    struct incidents *incidents = tracker->disputes->incidents;
    if (a->shadow || (a->state != ALERT_FIRING && a->state != ALERT_RESOLVED))
        return;
    a->member = incidents_find(incidents, a->id);
    if (!a->member && a->state == ALERT_FIRING && !tracker->disputes->off) {
        a->member = incidents_join(incidents, a->id, a->opened_at);
        t->dirty = true; /* it has yet to be held against others */
    }
    if (a->member)
        member_update(tracker, t, a);
}

static bool of_orphan(struct tracker *tracker, const struct member *m)
{
    for (size_t i = 0; i < tracker->orphan_count; i++)
        if (strcmp(tracker->orphans[i].alert.id, m->id) == 0) {
            tracker->orphans[i].alert.member = incidents_find(tracker->disputes->incidents, m->id);
            return true;
        }
    return false;
}

static int by_id(const void *left, const void *right)
{
    return strcmp(*(void *const *)left, *(void *const *)right); /* what alerts begin with */
}

/* What was merged or dissolved is remembered for as long as the alert that founded it is. */
static void purge(struct tracker *tracker)
{
    struct list known = {0};
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next)
            for (size_t k = 0; k < t->alert_count; k++)
                list_add(&known, &t->alerts[k]);
    if (known.count)
        qsort(known.at, known.count, sizeof *known.at, by_id);
    incidents_purge(tracker->disputes->incidents, &known, disputes_store, tracker);
    list_free(&known);
}

/* subjects may be gone, and members, for now, nobody's */
static void claim_all(struct tracker *tracker)
{
    struct incidents *incidents = tracker->disputes->incidents;
    for (size_t m = 0; m < incidents->members.count; m++)
        ((struct member *)incidents->members.at[m])->owner = NULL;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next)
            for (size_t k = 0; k < t->alert_count; k++)
                claim(tracker, t, &t->alerts[k]);
}

static void begin(struct tracker *tracker)
{
    struct incidents *incidents = tracker->disputes->incidents;
    for (size_t m = 0; m < incidents->members.count; m++) {
        struct member *member = incidents->members.at[m];
        if (!member->owner && !member->gone && !of_orphan(tracker, member))
            incidents_leave(incidents, member, false);
    }
    for (size_t i = 0; i < incidents->all.count; i++) {
        struct incident *incident = incidents->all.at[i];
        if (incident->members.count) /* else who founded it may found it anew, and its revisions go on */
            incidents_touch(incidents, incident);
    }
}

void disputes_begin(struct tracker *tracker)
{
    bool on = tracker->out.incident && tracker->rules->notify && tracker->rules->notify->incidents;
    if (!on && !tracker->disputes)
        return;
    struct disputes *d = disputes_of(tracker);
    d->ending = !on && d->incidents->members.count;
    d->off = !on;
    d->stale = true;
    purge(tracker);
    claim_all(tracker);
    if (on)
        begin(tracker);
}

/* ---- for the others ---- */

struct incidents *disputes_incidents(const struct tracker *tracker)
{
    return tracker->disputes && !tracker->disputes->off ? tracker->disputes->incidents : NULL;
}

bool disputes_due(const struct tracker *tracker)
{
    const struct disputes *d = tracker->disputes;
    return d && (d->ending || (!d->off && (d->waiting.count || d->incidents->touched.count)));
}

void disputes_count(const struct tracker *tracker, struct tracker_counts *counts)
{
    if (!tracker->disputes)
        return;
    counts->incidents = incidents_open(tracker->disputes->incidents);
    counts->unlinked = tracker->disputes->incidents->shed;
}
