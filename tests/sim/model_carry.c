/* What must outlive its span (engine/README.md): the facts of matters that are open, what joins them, what voids,
 * restores or moves a fact that stays, and what closes a matter of which something stays. */
#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

struct matters {
    const char **name;
    size_t count;
};

static bool has(const struct matters *all, const char *matter)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->name[i], matter) == 0)
            return true;
    return false;
}

/* All that this matter is one with, over merges that count.  By name: one that is only ever a merge's target, and has no
 * fact of its own, joins the others all the same. */
static struct matters component(const struct model *m, const char *matter)
{
    struct matters all = {xcalloc(m->live_count + 1, sizeof *all.name), 0};
    all.name[all.count++] = matter;
    for (size_t before = 0; before < all.count;) {
        before = all.count;
        for (size_t i = 0; i < m->live_count; i++) {
            const struct world_event *merge = m->live[i].event;
            if (merge->kind == EVENT_MERGED && has(&all, merge->matter) != has(&all, merge->target))
                all.name[all.count++] = has(&all, merge->matter) ? merge->target : merge->matter;
        }
    }
    return all;
}

static bool is_open(const struct model *m, const char *matter)
{
    struct matters all = component(m, matter);
    bool closed = false;
    for (size_t i = 0; i < m->live_count; i++) { /* in their order: the last says it */
        const struct world_event *e = m->live[i].event;
        if ((e->kind == EVENT_CREATED || e->kind == EVENT_REOPENED || e->kind == EVENT_CLOSED) && has(&all, e->matter))
            closed = e->kind == EVENT_CLOSED;
    }
    free(all.name);
    return !closed;
}

static bool modifies(const struct world_event *e)
{
    return e->kind == EVENT_VOIDED || e->kind == EVENT_RESTORED || e->kind == EVENT_MOVED;
}

/* is more than what closes it and what it is joined by carried on already, and not about to go? */
static bool remains(const struct model *m, const char *matter, int64_t floor, const int64_t *place)
{
    struct matters all = component(m, matter);
    bool found = false;
    for (size_t i = 0; i < m->world->event_count && !found; i++) {
        const struct world_event *e = &m->world->events[i];
        bool ends = e->kind == EVENT_CLOSED || e->kind == EVENT_MERGED || e->kind == EVENT_LINKED || modifies(e);
        found = place[i] && place[i] >= floor && !ends && has(&all, e->matter);
    }
    free(all.name);
    return found;
}

bool model_needs(const struct model *m, size_t event, int64_t floor, const int64_t *place)
{
    const struct world_event *e = &m->world->events[event];
    if (e->kind == EVENT_LINKED)
        return is_open(m, e->matter) || is_open(m, e->target);
    if (e->kind == EVENT_MERGED)
        return is_open(m, e->matter) || is_open(m, e->target) || remains(m, e->matter, floor, place) ||
               remains(m, e->target, floor, place);
    if (!modifies(e))
        return e->matter[0] && (is_open(m, e->matter) ||
                                (e->kind == EVENT_CLOSED && remains(m, e->matter, floor, place)));
    for (size_t i = 0; i < m->world->event_count; i++) {
        const struct world_event *of = &m->world->events[i];
        if (!m->committed[i] || m->forgotten[i] || of->source != e->source || strcmp(of->id, e->target) != 0)
            continue;
        /* nothing but a move can be taken back of these, and nothing moves a move */
        if (modifies(of) && (of->kind != EVENT_MOVED || e->kind == EVENT_MOVED))
            return false;
        bool stays = (place[i] ? place[i] : of->occurred_at) >= floor || of->kind == EVENT_READING;
        return stays || model_needs(m, i, floor, place);
    }
    return false;
}
