/* What must outlive its span (rules/README.md): the facts of matters that are open, what joins them, and what voids,
 * restores or moves a fact that stays. */
#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

/* all that this matter is one with, over merges that count */
static bool *component(const struct model *m, const char *matter)
{
    bool *in = xcalloc(m->live_count + 1, sizeof *in); /* by live fact: is its matter one of them? */
    for (size_t i = 0; i < m->live_count; i++)
        in[i] = strcmp(m->live[i].event->matter, matter) == 0;
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < m->live_count; i++) {
            const struct world_event *merge = m->live[i].event;
            if (merge->kind != EVENT_MERGED)
                continue;
            bool one = in[i] || strcmp(merge->target, matter) == 0;
            for (size_t k = 0; k < m->live_count && !one; k++)
                one = in[k] && strcmp(m->live[k].event->matter, merge->target) == 0;
            for (size_t k = 0; k < m->live_count && one; k++) {
                const char *name = m->live[k].event->matter;
                bool joins = strcmp(name, merge->matter) == 0 || strcmp(name, merge->target) == 0;
                again |= joins && !in[k];
                in[k] |= joins;
            }
        }
    }
    return in;
}

static bool is_open(const struct model *m, const char *matter)
{
    bool *in = component(m, matter), closed = false;
    for (size_t i = 0; i < m->live_count; i++) { /* in their order: the last says it */
        unsigned kind = m->live[i].event->kind;
        if (in[i] && (kind == EVENT_CREATED || kind == EVENT_REOPENED || kind == EVENT_CLOSED))
            closed = kind == EVENT_CLOSED;
    }
    free(in);
    return !closed;
}

static bool modifies(const struct world_event *e)
{
    return e->kind == EVENT_VOIDED || e->kind == EVENT_RESTORED || e->kind == EVENT_MOVED;
}

bool model_needs(const struct model *m, size_t event, int64_t floor, const int64_t *place)
{
    const struct world_event *e = &m->world->events[event];
    if (e->kind == EVENT_MERGED || e->kind == EVENT_LINKED)
        return is_open(m, e->matter) || is_open(m, e->target);
    if (!modifies(e))
        return e->matter[0] && is_open(m, e->matter);
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
