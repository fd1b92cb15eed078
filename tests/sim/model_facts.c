/* What later events say about earlier ones: voids, restorations, moves, merges; and what earlier ones say about later
 * ones of their matter: which selections take them. */
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

static bool is_there(const struct model *m, size_t event)
{
    return m->committed[event] && !m->forgotten[event];
}

static bool is_live(const struct model *m, const struct world_event *e)
{
    const struct world_event *verdict = NULL;
    for (size_t i = 0; i < m->world->event_count; i++) {
        const struct world_event *v = &m->world->events[i];
        if (is_there(m, i) && (v->kind == EVENT_VOIDED || v->kind == EVENT_RESTORED) && is_about(v, e) &&
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
        if (!is_there(m, i) || v->kind != EVENT_MOVED || !is_about(v, fact->event) || !is_live(m, v))
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

/* links: for `related`, otherwise for `matter` */
static void settle_matters(const struct model *m, bool links)
{
    struct unions u = {xcalloc(m->world->event_count * 3 + 1, sizeof(char *)),
                       xcalloc(m->world->event_count * 3 + 1, sizeof(char *)), 0};
    for (size_t i = 0; i < m->live_count; i++)
        if (m->live[i].event->kind == EVENT_MERGED || (links && m->live[i].event->kind == EVENT_LINKED))
            unite(&u, m->live[i].event->matter, m->live[i].event->target);
    for (size_t i = 0; i < m->live_count; i++) {
        struct model_fact *f = &m->live[i];
        if (f->event->matter[0])
            *(links ? &f->related : &f->matter) = *root_of(&u, f->event->matter);
    }
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
        if (!is_there(m, i) || !is_live(m, e))
            continue;
        struct model_fact *fact = &m->live[m->live_count++];
        *fact = (struct model_fact){e, e->region, e->category, e->matter, e->matter};
        settle_place(m, fact);
    }
    qsort(m->live, m->live_count, sizeof *m->live, by_order);
    settle_matters(m, false);
    settle_matters(m, true);
}

/* ---- selections ---- */

static bool at_time(const struct selection *s, int64_t second)
{
    bool within = s->hours_count == 0;
    int64_t minute = second / 60 % 1440; /* worlds are at +00:00 */
    for (unsigned i = 0; i < s->hours_count; i++) {
        int64_t from = s->hours[i].first, to = s->hours[i].end;
        within |= from < to ? minute >= from && minute < to : minute >= from || minute < to;
    }
    return within;
}

/* what came before aside */
static bool looks_like(const struct selection *s, const struct model_fact *f)
{
    return s->kinds >> f->event->kind & 1 && (f->event->tags & s->tags_all) == s->tags_all &&
           (!s->tags_any || f->event->tags & s->tags_any) && selection_covers(s, f->event->source, f->category) &&
           at_time(s, f->event->occurred_at);
}

static bool has_come(const struct model *m, const struct selection *s, const struct model_fact *before)
{
    for (const struct model_fact *f = m->live; f < before; f++)
        if (before->related[0] && strcmp(f->related, before->related) == 0 && looks_like(s, f))
            return true;
    return false;
}

static bool is_overdue(const struct model *m, const struct model_fact *before)
{
    int64_t due = 0;
    bool closed = false;
    for (const struct model_fact *f = m->live; f < before; f++) {
        if (!before->related[0] || strcmp(f->related, before->related) != 0)
            continue;
        due = f->event->due_at ? f->event->due_at : due;
        if (f->event->kind == EVENT_CLOSED || f->event->kind == EVENT_REOPENED)
            closed = f->event->kind == EVENT_CLOSED;
    }
    return due && due < before->event->occurred_at && !closed;
}

static bool takes(const struct model *m, const struct rule *rule, const struct selection *s,
                  const struct model_fact *f)
{
    return looks_like(s, f) && (s->after == SELECTION_NONE || has_come(m, &rule->selections[s->after], f)) &&
           (s->unless == SELECTION_NONE || !has_come(m, &rule->selections[s->unless], f)) &&
           (!s->overdue || is_overdue(m, f));
}

uint32_t model_takes(const struct model *m, const struct rule *rule, const struct model_fact *f)
{
    uint32_t taken = 0;
    for (unsigned i = 0; i < rule->selection_count; i++)
        if (rule->used >> i & 1 && takes(m, rule, &rule->selections[i], f))
            taken |= UINT32_C(1) << i;
    return taken;
}
