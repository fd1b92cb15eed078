/* What is told of incidents, once it is known who is told of alerts. */
#include "alert/disputes_priv.h"

#include "base/tally.h"

#include <stdio.h>

enum { COUNTED_MAX = 65536 /* facts of an incident, when it is told how many there are */ };

/* distinct facts and callers of all that fire, of the newest facts if there are too many */
static void count_facts(struct tracker *tracker, struct incident *incident)
{
    struct tally events = {0}, callers = {0};
    size_t left = COUNTED_MAX;
    incident->at_least = false;
    for (size_t i = 0; i < incident->members.count; i++) {
        struct member *m = incident->members.at[i];
        struct evidence_window w = {NULL, 0};
        if (!m->firing || !member_window(tracker, m, &w))
            continue;
        incident->at_least |= w.count > left;
        for (size_t k = w.count; k > 0 && left > 0; k--, left--) {
            const struct view_entry *e = &w.facts[k - 1];
            if (e->takes && !e->party)
                tally_add(&events, e->ref);
            if (e->takes && e->actor)
                tally_add(&callers, e->actor);
        }
    }
    incident->events = events.distinct;
    incident->callers = callers.distinct;
    tally_free(&events);
    tally_free(&callers);
}

/* who stands for it: if none fires any more, who did last, or the oldest */
static const struct member *lead_of(const struct incident *incident)
{
    const char *last = json_string_value(json_object_get(json_object_get(incident->face, "lead"), "alert_id"));
    if (incident->lead || !incident->members.count)
        return incident->lead;
    for (size_t i = 0; last && i < incident->members.count; i++)
        if (strcmp(((const struct member *)incident->members.at[i])->id, last) == 0)
            return incident->members.at[i];
    return incident->members.at[0];
}

static uint32_t region_of(const struct tracker *tracker, const struct incident *incident, const struct member *lead)
{
    uint32_t region = lead->region;
    for (size_t i = 0; i < incident->members.count; i++) {
        const struct member *m = incident->members.at[i];
        if (m->firing)
            region = registry_common(tracker->registry, region, m->region);
    }
    return region;
}

static json_t *face_of(struct tracker *tracker, const struct incident *incident, int64_t *minute)
{
    const struct member *lead = lead_of(incident);
    const struct alert *a = lead ? member_alert(lead) : NULL;
    if (!a)
        return NULL;
    struct tracked *t = lead->owner;
    struct shown room;
    tracked_see(tracker, t);
    *minute = alert_minute(t, a);
    enum change change = a->unknown ? CHANGE_UNKNOWN : a->state == ALERT_FIRING ? CHANGE_RAISED : CHANGE_RESOLVED;
    struct revision r = alert_shown(tracker, t, a, change, *minute, &room);
    return tracker->out.face(tracker->out.arg, &r, region_of(tracker, incident, lead));
}

static void publish(struct tracker *tracker, const struct incident *incident, enum incident_change change,
                    int64_t minute)
{
    struct incident_alert *alerts = xcalloc(incident->members.count + 1, sizeof *alerts);
    size_t count = 0;
    for (size_t i = 0; i < incident->members.count; i++) {
        const struct member *m = incident->members.at[i];
        const struct alert *a = member_alert(m);
        if (a && a->state != ALERT_WITHDRAWN) /* a rule that was edited may end both at once */
            alerts[count++] = (struct incident_alert){a, tracked_rule(tracker, m->owner)->id,
                                                      m->covered_by ? m->covered_by->id : NULL};
    }
    struct incident_revision r = {incident, change, alerts, count, minute};
    tracker->out.incident(tracker->out.arg, &r);
    tracker->published++;
    free(alerts);
}

static void tell(struct tracker *tracker, struct incident *incident)
{
    int64_t minute = MINUTE_NONE;
    enum incident_change change = incident_tell(incident, face_of(tracker, incident, &minute));
    if (change == INCIDENT_UNCHANGED)
        return;
    if (incident->lead)
        count_facts(tracker, incident);
    publish(tracker, incident, change, minute);
}

void disputes_store(void *arg, const char *id, json_t *state)
{
    struct tracker *tracker = arg;
    char key[sizeof INCIDENT_KEY + INCIDENT_ID_SIZE];
    snprintf(key, sizeof key, INCIDENT_KEY "%s", id);
    tracker->out.store(tracker->out.arg, key, state);
}

static void tell_end(void *arg, const struct incident *incident)
{
    publish(arg, incident, INCIDENT_DISSOLVED, MINUTE_NONE);
}

/* all at once: each alert stands by itself again */
static void end_all(struct tracker *tracker)
{
    struct disputes *d = tracker->disputes;
    incidents_dissolve(d->incidents, tell_end, disputes_store, tracker);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next)
            for (size_t k = 0; k < t->alert_count; k++)
                t->alerts[k].member = NULL;
    d->waiting.count = 0;
    d->near.count = 0;
    d->ending = false;
}

void disputes_tell(struct tracker *tracker)
{
    struct disputes *d = tracker->disputes;
    if (d && d->ending)
        end_all(tracker);
    if (!d || d->off)
        return;
    incidents_begin_telling(d->incidents);
    for (size_t i = 0; i < d->incidents->touched.count; i++)
        tell(tracker, d->incidents->touched.at[i]);
    incidents_told(d->incidents, disputes_store, tracker);
    for (size_t i = 0; i < d->later.count; i++)
        incidents_touch(d->incidents, ((struct member *)d->later.at[i])->incident);
    d->later.count = 0;
    d->formed = false;
}
