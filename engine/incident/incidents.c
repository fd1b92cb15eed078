#include "incident/incidents_priv.h"

#include <stdio.h>

const char *incident_change_word(enum incident_change change)
{
    static const char *const words[] = {
#define X(name, word) word,
        INCIDENT_CHANGE_TABLE(X)
#undef X
    };
    return words[change];
}

const char *incident_state_word(enum incident_state state)
{
    static const char *const words[] = {
#define X(name, word) word,
        INCIDENT_STATE_TABLE(X)
#undef X
    };
    return words[state];
}

/* ---- members ---- */

struct incidents *incidents_create(const struct registry *registry)
{
    struct incidents *set = xcalloc(1, sizeof *set);
    set->registry = registry;
    return set;
}

void member_free(struct member *m)
{
    list_free(&m->links);
    free(m);
}

void incident_free(struct incident *i)
{
    list_free(&i->members);
    json_decref(i->face);
    free(i);
}

void incidents_destroy(struct incidents **pointer)
{
    struct incidents *set = *pointer;
    *pointer = NULL;
    if (!set)
        return;
    for (size_t m = 0; m < set->members.count; m++)
        member_free(set->members.at[m]);
    for (size_t i = 0; i < set->all.count; i++)
        incident_free(set->all.at[i]);
    list_free(&set->members);
    list_free(&set->all);
    list_free(&set->touched);
    list_free(&set->leaving);
    free(set);
}

struct member *incidents_find(const struct incidents *set, const char *id)
{
    size_t place;
    return list_find(&set->members, id, &place) ? set->members.at[place] : NULL;
}

struct incident *incident_find(const struct incidents *set, const char *id)
{
    size_t place;
    return list_find(&set->all, id, &place) ? set->all.at[place] : NULL;
}

struct incident *incident_add(struct incidents *set, const char *id, int64_t opened_at)
{
    size_t place;
    CHECK(!list_find(&set->all, id, &place));
    struct incident *i = xcalloc(1, sizeof *i);
    snprintf(i->id, sizeof i->id, "%s", id);
    i->opened_at = opened_at;
    list_insert(&set->all, place, i);
    return i;
}

struct member *member_add(struct incidents *set, const char *id, int64_t opened_at)
{
    size_t place;
    CHECK(!list_find(&set->members, id, &place));
    struct member *m = xcalloc(1, sizeof *m);
    snprintf(m->id, sizeof m->id, "%s", id);
    m->opened_at = opened_at;
    list_insert(&set->members, place, m);
    return m;
}

void incidents_touch(struct incidents *set, struct incident *i)
{
    if (!i->touched)
        list_add(&set->touched, i);
    i->touched = true;
}

struct member *incidents_join(struct incidents *set, const char *id, int64_t opened_at)
{
    struct member *m = member_add(set, id, opened_at);
    m->incident = incident_find(set, id);
    if (!m->incident)
        m->incident = incident_add(set, id, opened_at);
    list_add(&m->incident->members, m);
    m->incident->changed = true;
    incidents_touch(set, m->incident);
    return m;
}

void incidents_leave(struct incidents *set, struct member *m, bool withdrawn)
{
    m->gone = true;
    m->owner = NULL;
    m->incident->withdrew |= withdrawn;
    m->incident->changed = true;
    incidents_touch(set, m->incident);
    list_add(&set->leaving, m);
}

/* ---- links ---- */

bool members_linked(const struct member *a, const struct member *b)
{
    const struct list *fewer = a->links.count < b->links.count ? &a->links : &b->links;
    return list_place(fewer, fewer == &a->links ? b : a) < fewer->count;
}

/* what it belongs to, by the links made since things were settled */
static struct incident *whole_of(struct incident *i)
{
    while (i->joined)
        i = i->joined;
    return i;
}

static size_t members_of(const struct incident *i)
{
    return i->bulk ? i->bulk : i->members.count;
}

bool incidents_link(struct incidents *set, struct member *a, struct member *b)
{
    struct incident *into = whole_of(a->incident), *from = whole_of(b->incident);
    size_t links = into->links + (from == into ? 0 : from->links) + 1;
    size_t members = members_of(into) + (from == into ? 0 : members_of(from));
    if (links > INCIDENT_LINKS_MAX || members > INCIDENT_MEMBERS_MAX) {
        set->shed++;
        return false;
    }
    into->links = links;
    into->bulk = members;
    if (from != into)
        from->joined = into;
    list_add(&a->links, b);
    list_add(&b->links, a);
    a->incident->changed = b->incident->changed = true;
    incidents_touch(set, a->incident);
    incidents_touch(set, b->incident);
    incidents_touch(set, into);
    return true;
}

static void unlink_one(struct member *from, const struct member *to)
{
    list_remove(&from->links, list_place(&from->links, to));
}

void incidents_unlink(struct incidents *set, struct member *a, struct member *b)
{
    unlink_one(a, b);
    unlink_one(b, a);
    a->incident->changed = true;
    incidents_touch(set, a->incident);
    incidents_touch(set, b->incident);
}
