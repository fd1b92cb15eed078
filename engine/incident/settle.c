/* From members and links to incidents: what was touched is gathered, formed anew (incident/form.h), and the members are
 * moved to where they belong. */
#include "incident/incidents_priv.h"

#include <stdio.h>

struct settling {
    struct incidents *set;
    struct list alerts, before; /* members; incidents */
    struct form_alert *form_alerts;
    struct form_before *form_before;
    struct form_now *form_now;
    struct form_link *links;
    size_t link_count;
};

static void take_leave(struct incidents *set)
{
    for (size_t i = 0; i < set->leaving.count; i++) {
        struct member *m = set->leaving.at[i];
        while (m->links.count)
            incidents_unlink(set, m, m->links.at[m->links.count - 1]);
        list_remove(&m->incident->members, list_place(&m->incident->members, m));
        /* what it founded, and was merged into another, can be no incident of its own any more */
        struct incident *founded = incident_find(set, m->id);
        if (founded && founded->state == INCIDENT_IS_JOINED)
            incidents_touch(set, founded);
        size_t place;
        CHECK(list_find(&set->members, m->id, &place));
        list_remove(&set->members, place);
        member_free(m);
    }
    set->leaving.count = 0;
}

static void gather_alerts(struct settling *s)
{
    for (size_t i = 0; i < s->set->touched.count; i++) {
        struct incident *incident = s->set->touched.at[i];
        if (incident->state == INCIDENT_IS_JOINED)
            continue;
        list_add(&s->before, incident);
        for (size_t m = 0; m < incident->members.count; m++)
            list_add(&s->alerts, incident->members.at[m]);
    }
    s->form_alerts = xcalloc(s->alerts.count + 1, sizeof *s->form_alerts);
    s->form_now = xcalloc(s->alerts.count + 1, sizeof *s->form_now);
    s->form_before = xcalloc(s->before.count + 1, sizeof *s->form_before);
    for (size_t b = 0, a = 0; b < s->before.count; b++) {
        const struct incident *incident = s->before.at[b];
        s->form_before[b] = (struct form_before){incident->id, incident->opened_at, INCIDENT_NONE};
        for (size_t m = 0; m < incident->members.count; m++, a++) {
            struct member *member = s->alerts.at[a];
            member->number = a;
            /* nobody was told of an incident that has just been made of one alert, or that it is one again */
            int before = incident_lives(incident) ? (int)b : INCIDENT_NONE;
            s->form_alerts[a] = (struct form_alert){member->id, member->opened_at, before, INCIDENT_NONE};
        }
    }
}

static void gather_links(struct settling *s)
{
    size_t capacity = 0;
    for (size_t a = 0; a < s->alerts.count; a++)
        capacity += ((const struct member *)s->alerts.at[a])->links.count;
    s->links = xcalloc(capacity + 1, sizeof *s->links);
    for (size_t a = 0; a < s->alerts.count; a++) {
        const struct member *member = s->alerts.at[a];
        for (size_t l = 0; l < member->links.count; l++) {
            const struct member *other = member->links.at[l];
            if (other->number > a)
                s->links[s->link_count++] = (struct form_link){a, other->number};
        }
    }
}

/* The incident that a part is from now on.  A new alert has one already, of which nobody was told; so has, maybe, who
 * founded one that was merged. */
static struct incident *incident_of(struct settling *s, const struct form_now *now)
{
    if (now->before != INCIDENT_NONE)
        return s->before.at[now->before];
    struct incident *i = incident_find(s->set, now->id);
    if (!i)
        i = incident_add(s->set, now->id, now->opened_at);
    if (now->from == INCIDENT_NONE)
        return i;
    const struct incident *from = s->before.at[now->from];
    snprintf(i->split_from, sizeof i->split_from, "%s", from->id);
    *i->merged_into = '\0';
    i->opened_at = now->opened_at;
    i->split = i->changed = true;
    return i;
}

static int by_age(const void *left, const void *right)
{
    const struct member *a = *(void *const *)left, *b = *(void *const *)right;
    return incident_age(a->opened_at, a->id, b->opened_at, b->id);
}

static void move(struct member *m, struct incident *to)
{
    if (m->incident != to) {
        m->incident->changed = to->changed = true;
        m->told = false; /* as one of these */
        m->incident = to;
    }
    list_add(&to->members, m);
    to->links += m->links.count;
}

static void apply(struct settling *s, size_t parts)
{
    struct incident **now = xcalloc(parts + 1, sizeof(*now));
    for (size_t p = 0; p < parts; p++)
        incidents_touch(s->set, now[p] = incident_of(s, &s->form_now[p]));
    for (size_t i = 0; i < s->set->touched.count; i++) {
        struct incident *incident = s->set->touched.at[i];
        incident->members.count = incident->links = 0;
        incident->joined = NULL;
        incident->bulk = 0;
    }
    for (size_t a = 0; a < s->alerts.count; a++)
        move(s->alerts.at[a], now[s->form_alerts[a].now]);
    for (size_t p = 0; p < parts; p++) {
        qsort(now[p]->members.at, now[p]->members.count, sizeof *now[p]->members.at, by_age);
        now[p]->links /= 2; /* each was counted from either side */
    }
    for (size_t b = 0; b < s->before.count; b++) {
        struct incident *incident = s->before.at[b];
        int part = s->form_before[b].now;
        if (part == INCIDENT_NONE || now[part] == incident)
            continue;
        snprintf(incident->merged_into, sizeof incident->merged_into, "%s", now[part]->id);
        incident->merged = incident->changed = true;
    }
    free(now);
}

void incidents_settle(struct incidents *set)
{
    struct settling s = {.set = set};
    if (!set->touched.count)
        return;
    take_leave(set);
    gather_alerts(&s);
    gather_links(&s);
    size_t parts = incidents_form(s.form_alerts, s.alerts.count, s.links, s.link_count, s.form_before, s.before.count,
                                  s.form_now);
    apply(&s, parts);
    list_free(&s.alerts);
    list_free(&s.before);
    free(s.form_alerts);
    free(s.form_before);
    free(s.form_now);
    free(s.links);
}
