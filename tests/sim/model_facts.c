/* What later events say about earlier ones: voids, restorations, moves, merges. */
#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

static bool later(const struct world_event *a, const struct world_event *b)
{
    return a->occurred_at != b->occurred_at ? a->occurred_at > b->occurred_at : strcmp(a->id, b->id) > 0;
}

static bool is_about(const struct world_event *modifier, const struct world_event *e)
{
    return modifier->source == e->source && strcmp(modifier->target, e->id) == 0;
}

static bool is_live(const struct model *m, const struct world_event *e)
{
    const struct world_event *verdict = NULL;
    for (size_t i = 0; i < m->world->event_count; i++) {
        const struct world_event *v = &m->world->events[i];
        if (m->committed[i] && (v->kind == EVENT_VOIDED || v->kind == EVENT_RESTORED) && is_about(v, e) &&
            (!verdict || later(v, verdict)))
            verdict = v;
    }
    return !verdict || verdict->kind == EVENT_RESTORED;
}

static void settle_place(const struct model *m, struct model_fact *fact)
{
    const struct world_event *region = NULL, *category = NULL;
    for (size_t i = 0; i < m->world->event_count; i++) {
        const struct world_event *v = &m->world->events[i];
        if (!m->committed[i] || v->kind != EVENT_MOVED || !is_about(v, fact->event) || !is_live(m, v))
            continue;
        if (v->region != REGION_NONE && (!region || later(v, region)))
            region = v;
        if (v->category != CATEGORY_NONE && (!category || later(v, category)))
            category = v;
    }
    if (region)
        fact->region = region->region;
    if (category)
        fact->category = category->category;
}

/* ---- merges: each matter goes by the smallest of those that it is one with ---- */

struct unions {
    const char **name, **root;
    size_t count;
};

static const char **root_of(struct unions *u, const char *matter)
{
    for (size_t i = 0; i < u->count; i++)
        if (strcmp(u->name[i], matter) == 0)
            return &u->root[i];
    u->name[u->count] = matter;
    u->root[u->count] = matter;
    return &u->root[u->count++];
}

static void unite(struct unions *u, const char *a, const char *b)
{
    const char *x = *root_of(u, a), *y = *root_of(u, b);
    const char *low = strcmp(x, y) < 0 ? x : y, *high = low == x ? y : x;
    for (size_t i = 0; i < u->count; i++)
        if (strcmp(u->root[i], high) == 0)
            u->root[i] = low;
}

static void settle_matters(const struct model *m)
{
    struct unions u = {xcalloc(m->world->event_count * 3 + 1, sizeof(char *)),
                       xcalloc(m->world->event_count * 3 + 1, sizeof(char *)), 0};
    for (size_t i = 0; i < m->live_count; i++)
        if (m->live[i].event->kind == EVENT_MERGED)
            unite(&u, m->live[i].event->matter, m->live[i].event->target);
    for (size_t i = 0; i < m->live_count; i++)
        if (m->live[i].matter[0])
            m->live[i].matter = *root_of(&u, m->live[i].matter);
    free(u.name);
    free(u.root);
}

static int by_order(const void *a, const void *b)
{
    const struct world_event *x = ((const struct model_fact *)a)->event, *y = ((const struct model_fact *)b)->event;
    if (x->occurred_at != y->occurred_at)
        return x->occurred_at < y->occurred_at ? -1 : 1;
    int ids = strcmp(x->id, y->id);
    return ids ? ids : (x->source > y->source) - (x->source < y->source);
}

void model_settle_facts(struct model *m)
{
    m->live_count = 0;
    for (size_t i = 0; i < m->world->event_count; i++) {
        const struct world_event *e = &m->world->events[i];
        if (!m->committed[i] || !is_live(m, e))
            continue;
        struct model_fact *fact = &m->live[m->live_count++];
        *fact = (struct model_fact){e, e->region, e->category, e->matter};
        settle_place(m, fact);
    }
    qsort(m->live, m->live_count, sizeof *m->live, by_order);
    settle_matters(m);
}
