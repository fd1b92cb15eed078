/* Who stands for each incident that was touched, and what there is to tell of it. */
#include "incident/incidents_priv.h"

#include <stdio.h>

static struct cover_alert cover_of(const struct member *m)
{
    return (struct cover_alert){m->id, m->opened_at, m->rank, m->level, m->region, m->matter, m->barred, -1};
}

static void cover_one(const struct incidents *set, struct incident *i)
{
    struct cover_alert *alerts = xcalloc(i->members.count + 1, sizeof *alerts);
    size_t firing = 0;
    for (size_t m = 0; m < i->members.count; m++) {
        struct member *member = i->members.at[m];
        member->covered_by = NULL;
        if (member->firing)
            alerts[firing++] = cover_of(member);
    }
    int lead = incident_cover(set->registry, alerts, firing);
    i->lead = lead < 0 ? NULL : incidents_find(set, alerts[lead].id);
    for (size_t a = 0; a < firing; a++)
        if (alerts[a].covered_by >= 0)
            incidents_find(set, alerts[a].id)->covered_by = incidents_find(set, alerts[alerts[a].covered_by].id);
    free(alerts);
}

void incidents_cover(struct incidents *set)
{
    for (size_t i = 0; i < set->touched.count; i++)
        cover_one(set, set->touched.at[i]);
}

static int by_age(const void *left, const void *right)
{
    const struct incident *a = *(void *const *)left, *b = *(void *const *)right;
    return incident_age(a->opened_at, a->id, b->opened_at, b->id);
}

void incidents_begin_telling(struct incidents *set)
{
    if (set->touched.count)
        qsort(set->touched.at, set->touched.count, sizeof *set->touched.at, by_age);
}

struct present { /* as it stands, against what was told */
    size_t firing, joined, stayed;
    unsigned level; /* of those that fire; where none does, of all */
};

static struct present present_of(const struct incident *i)
{
    struct present p = {0};
    unsigned highest = 0;
    for (size_t m = 0; m < i->members.count; m++) {
        const struct member *member = i->members.at[m];
        highest = member->level > highest ? member->level : highest;
        if (!member->firing)
            continue;
        p.firing++;
        p.stayed += member->told;
        p.joined += !member->told;
        p.level = member->level > p.level ? member->level : p.level;
    }
    p.level = p.firing ? p.level : highest;
    return p;
}

/* When a unit did what it did is no news: it may become known out of order, and no alert is told anew for it. */
static json_t *without_times(const json_t *handling)
{
    json_t *copy = json_deep_copy(handling), *unit;
    size_t i;
    json_array_foreach(json_object_get(copy, "units"), i, unit) json_object_del(unit, "at");
    return copy;
}

static bool handled(const struct incident *i, const json_t *face)
{
    if (!face)
        return false;
    json_t *now = without_times(json_object_get(face, "handling")), *told = without_times(json_object_get(i->face, "handling"));
    bool same = json_equal(now, told) && json_equal(json_object_get(face, "lead"), json_object_get(i->face, "lead"));
    json_decref(now);
    json_decref(told);
    return !same;
}

/* it has no alerts any more */
static enum incident_change ending(const struct incident *i)
{
    if (!incident_lives(i))
        return INCIDENT_UNCHANGED;
    if (i->withdrew)
        return INCIDENT_WITHDRAWN;
    return i->state == INCIDENT_IS_OPEN ? INCIDENT_RESOLVED : INCIDENT_UNCHANGED;
}

/* One change for each message: the one that says most. */
static enum incident_change change_of(const struct incident *i, const struct present *p, const json_t *face)
{
    if (i->merged)
        return INCIDENT_MERGED;
    if (!i->members.count)
        return ending(i);
    if (i->split)
        return INCIDENT_SPLIT;
    if (!incident_lives(i))
        return INCIDENT_OPENED;
    if (!p->firing)
        return i->state == INCIDENT_IS_OPEN ? INCIDENT_RESOLVED : INCIDENT_UNCHANGED;
    if (i->state != INCIDENT_IS_OPEN)
        return INCIDENT_REOPENED;
    if (p->level != i->level)
        return p->level > i->level ? INCIDENT_RAISED : INCIDENT_LOWERED;
    if (p->joined)
        return INCIDENT_GROWN;
    if (p->stayed < i->told_firing)
        return INCIDENT_SHRUNK;
    return handled(i, face) ? INCIDENT_HANDLED : INCIDENT_UNCHANGED;
}

static enum incident_state state_after(enum incident_change change, const struct present *p)
{
    return change == INCIDENT_MERGED      ? INCIDENT_IS_JOINED
           : change == INCIDENT_WITHDRAWN ? INCIDENT_IS_NEVER
           : change == INCIDENT_DISSOLVED ? INCIDENT_IS_APART
           : p->firing                    ? INCIDENT_IS_OPEN
                                          : INCIDENT_IS_OVER;
}

static void note(struct incident *i, enum incident_change change, const struct present *p)
{
    i->revision++;
    i->changed = true;
    i->state = state_after(change, p);
    i->level = p->firing || !i->level ? p->level : i->level;
    i->highest = i->level > i->highest ? i->level : i->highest;
    i->told_firing = p->firing;
    for (size_t m = 0; m < i->members.count; m++) {
        struct member *member = i->members.at[m];
        member->told = member->firing;
    }
}

enum incident_change incident_tell(struct incident *i, json_t *face)
{
    struct present p = present_of(i);
    enum incident_change change = change_of(i, &p, face);
    if (change != INCIDENT_UNCHANGED)
        note(i, change, &p);
    if (change != INCIDENT_UNCHANGED && face) {
        json_decref(i->face);
        i->face = json_incref(face);
    }
    json_decref(face);
    i->merged = i->split = i->withdrew = false;
    return change;
}

/* it may be one again, if who founded it comes to be by himself */
static bool may_return(const struct incident *i)
{
    return !i->members.count && (i->state == INCIDENT_IS_JOINED || i->state == INCIDENT_IS_APART);
}

/* nothing more can be said of it */
static bool is_done(const struct incidents *set, const struct incident *i)
{
    return !i->members.count && !(may_return(i) && incidents_find(set, i->id));
}

static void drop(struct incidents *set, struct incident *i)
{
    size_t place;
    CHECK(list_find(&set->all, i->id, &place));
    list_remove(&set->all, place);
    incident_free(i);
}

void incidents_told(struct incidents *set, incident_store *store, void *arg)
{
    for (size_t t = 0; t < set->touched.count; t++) {
        struct incident *i = set->touched.at[t];
        bool done = is_done(set, i);
        json_t *state = done ? NULL : incident_state(i);
        if (i->revision && (done || i->changed))
            store(arg, i->id, state);
        json_decref(state);
        i->touched = i->changed = false;
        if (done)
            drop(set, i);
    }
    set->touched.count = 0;
}

void incidents_dissolve(struct incidents *set, incident_teller *tell, incident_store *store, void *arg)
{
    for (size_t n = set->all.count; n > 0; n--) {
        struct incident *i = set->all.at[n - 1];
        struct present p = present_of(i);
        bool open = incident_lives(i) && i->state == INCIDENT_IS_OPEN;
        if (open)
            note(i, INCIDENT_DISSOLVED, &p);
        if (open)
            tell(arg, i);
        i->state = INCIDENT_IS_APART;
        *i->merged_into = '\0';
        i->members.count = i->told_firing = i->links = 0;
        i->lead = NULL;
        i->touched = i->changed = false;
        json_t *state = i->revision ? incident_state(i) : NULL;
        if (state)
            store(arg, i->id, state);
        else
            drop(set, i);
        json_decref(state);
    }
    while (set->members.count)
        member_free(set->members.at[--set->members.count]);
    set->touched.count = set->leaving.count = 0;
}

void incidents_purge(struct incidents *set, const struct list *known, incident_store *store, void *arg)
{
    for (size_t n = set->all.count; n > 0; n--) {
        struct incident *i = set->all.at[n - 1];
        size_t place;
        if (!may_return(i) || list_find(known, i->id, &place))
            continue;
        store(arg, i->id, NULL);
        drop(set, i);
    }
}

size_t incidents_open(const struct incidents *set)
{
    size_t open = 0;
    for (size_t i = 0; i < set->all.count; i++) {
        const struct incident *incident = set->all.at[i];
        open += incident->state == INCIDENT_IS_OPEN && incident->revision;
    }
    return open;
}
