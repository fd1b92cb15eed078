/* The part of the judge that looks after incidents: by their own messages every alert that fires is in exactly one. */
#include "judge_priv.h"

#include "base/check.h"
#include "rule/notify_rules.h"

#include <stdlib.h>

void judge_incidents_free(struct judge *j)
{
    for (size_t i = 0; i < j->incident_count; i++)
        free(j->incidents[i].firing);
    free(j->incidents);
}

static struct judged_incident *find(const struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->incident_count; i++)
        if (strcmp(j->incidents[i].id, id) == 0)
            return &j->incidents[i];
    return NULL;
}

static struct judged_incident *incident_of(struct judge *j, const char *id)
{
    struct judged_incident *there = find(j, id);
    if (there)
        return there;
    j->incidents = xrealloc(j->incidents, (j->incident_count + 1) * sizeof *j->incidents);
    j->incidents[j->incident_count] = (struct judged_incident){0};
    snprintf(j->incidents[j->incident_count].id, ID_TEXT, "%s", id);
    return &j->incidents[j->incident_count++];
}

static void take_alerts(struct judged_incident *i, const json_t *alerts)
{
    size_t k;
    json_t *alert;
    i->firing = xrealloc(i->firing, (json_array_size(alerts) + 1) * sizeof *i->firing);
    i->firing_count = 0;
    json_array_foreach(alerts, k, alert)
    {
        const char *state = judge_text_of(alert, "state");
        if (strcmp(state, "firing") == 0 || strcmp(state, "unknown") == 0)
            snprintf(i->firing[i->firing_count++], ID_TEXT, "%s", judge_text_of(alert, "alert_id"));
    }
}

static bool take(struct judge *j, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *state = judge_text_of(data, "state");
    struct judged_incident *i = incident_of(j, judge_text_of(data, "incident_id"));
    unsigned revision = (unsigned)json_integer_value(json_object_get(data, "revision"));
    if (!j->world->centre)
        return judge_fail(j, "an incident was told of, and no rule asks for any");
    if (revision != i->revision + 1)
        return judge_fail(j, "revision %u of incident %s came after revision %u", revision, i->id, i->revision);
    i->revision = revision;
    i->open = strcmp(state, "open") == 0;
    i->level = judge_level_of(j, json_object_get(data, "level"));
    i->fresh = true;
    i->opened_at = judge_time_of(json_object_get(data, "opened_at"));
    snprintf(i->merged_into, sizeof i->merged_into, "%s", judge_text_of(data, "merged_into"));
    take_alerts(i, json_object_get(data, "alerts"));
    if (strcmp(state, "merged") == 0 || strcmp(state, "dissolved") == 0)
        i->firing_count = 0; /* they are of another, or by themselves */
    if (j->trace)
        printf("       incident %.6s:%u %s %s, level %u, %zu alerts fire\n", i->id, revision, judge_change_of(event), state,
               i->level, i->firing_count);
    return true;
}

bool judge_incident(struct judge *j, const struct log_entry *e)
{
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    bool good = json ? take(j, json) : judge_fail(j, "an incident is not JSON");
    json_decref(json);
    return good;
}

/* ---- the state topic ---- */

/* from its first alert all others are reached by links */
bool judge_hangs_together(struct judge *j, const json_t *state)
{
    const json_t *links = json_object_get(state, "links");
    size_t count = json_array_size(json_object_get(state, "members")), reached = count > 0, i;
    bool *seen = xcalloc(count + 1, sizeof *seen);
    json_t *link;
    seen[0] = true;
    for (size_t before = 0; before != reached;) {
        before = reached;
        json_array_foreach(links, i, link)
        {
            size_t a = (size_t)json_integer_value(json_array_get(link, 0)), b = (size_t)json_integer_value(json_array_get(link, 1));
            reached += seen[a] != seen[b];
            seen[a] = seen[b] = seen[a] || seen[b];
        }
    }
    free(seen);
    return reached == count || judge_fail(j, "an incident of %zu alerts, of which %zu hang together", count, reached);
}

/* ---- after a commit ---- */

/* of those that are open, how many list it; *last: one of them */
static unsigned listed(const struct judge *j, const char *alert, const struct judged_incident **last)
{
    unsigned count = 0;
    for (size_t i = 0; i < j->incident_count; i++)
        for (size_t k = 0; j->incidents[i].open && k < j->incidents[i].firing_count; k++)
            if (strcmp(j->incidents[i].firing[k], alert) == 0) {
                *last = &j->incidents[i];
                count++;
            }
    return count;
}

/* What was told of it in this commit is where it belongs, unless it was merged or came apart later in the same one. */
static bool agrees(const struct judge *j, const struct judged_alert *a, const struct judged_incident *of)
{
    const struct judged_incident *said = find(j, a->incident);
    return !a->heard || said == of || (of->fresh && said && said->fresh);
}

static bool is_one(struct judge *j, const struct judged_incident *i)
{
    const struct judged_incident *into = *i->merged_into ? find(j, i->merged_into) : NULL;
    unsigned level = 0;
    if (i->fresh && *i->merged_into && (!into || into->opened_at > i->opened_at))
        return judge_fail(j, "incident %s is merged into %s, which is the younger", i->id, i->merged_into);
    if (i->open != (i->firing_count > 0))
        return judge_fail(j, "incident %s is %s, and %zu of its alerts fire", i->id, i->open ? "open" : "over",
                          i->firing_count);
    for (size_t k = 0; i->open && k < i->firing_count; k++) {
        const struct judged_alert *a = judge_alert_find(j, i->firing[k]);
        if (!a || a->state != ALERT_STATE_FIRING)
            return judge_fail(j, "incident %s lists the alert %s, which does not fire", i->id, i->firing[k]);
        level = a->level > level ? a->level : level;
    }
    if (i->open && level != i->level)
        return judge_fail(j, "incident %s shows level %u, and its highest alert is at %u", i->id, i->level, level);
    return true;
}

static bool stands_by_itself(struct judge *j, const struct judged_alert *a)
{
    const struct judged_incident *of;
    if (listed(j, a->id, &of))
        return judge_fail(j, "alert %s is of incident %s, and no rule asks for any", a->id, of->id);
    if (a->heard && !j->switched && strcmp(a->incident, a->id) != 0)
        return judge_fail(j, "alert %s names the incident %s, and no rule asks for any", a->id, a->incident);
    return true;
}

static bool is_of_one(struct judge *j, const struct judged_alert *a)
{
    const struct judged_incident *of = NULL;
    unsigned count = listed(j, a->id, &of);
    if (count != 1)
        return judge_fail(j, "alert %s is listed by %u incidents", a->id, count);
    return agrees(j, a, of) || judge_fail(j, "alert %s names the incident %s, and is listed by %s", a->id, a->incident, of->id);
}

bool judge_incidents(struct judge *j)
{
    bool asked = j->rules->notify && j->rules->notify->incidents, good = true;
    for (size_t i = 0; i < j->incident_count && good; i++)
        good = is_one(j, &j->incidents[i]);
    for (size_t k = 0; k < j->alert_count && good; k++)
        if (j->alerts[k].state == ALERT_STATE_FIRING)
            good = asked ? is_of_one(j, &j->alerts[k]) : stands_by_itself(j, &j->alerts[k]);
    for (size_t i = 0; i < j->incident_count; i++)
        j->incidents[i].fresh = false;
    return good;
}
