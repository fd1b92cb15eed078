/* A view and its entries: in the order of facts, each once. */
#include "alert/view_priv.h"

#include "base/check.h"

#include <stdlib.h>

static void want(struct view *v, unsigned window, unsigned selection, enum measure measure)
{
    struct selected *s = &v->cursors[window].selected[selection];
    s->wants_callers |= measure == MEASURE_CALLERS;
    s->wants_regions |= measure == MEASURE_REGIONS;
    s->wants_sources |= measure == MEASURE_SOURCES;
}

static void want_term(struct view *v, const struct term *term)
{
    switch (term->kind) {
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_ADJACENT:
        return;
    case TERM_BOTH:
        want(v, term->window, term->selection, MEASURE_CALLERS);
        want(v, term->window, term->other, MEASURE_CALLERS);
        return;
    case TERM_SHARE:
        want(v, term->window, term->other, term->other_measure);
        break;
    case TERM_CHANGE:
        want(v, term->earlier, term->selection, term->measure);
        break;
    case TERM_ANOMALY:
        for (unsigned week = 0; week < 4; week++)
            want(v, term->earlier + week, term->selection, term->measure);
        break;
    case TERM_MEASURE:
    case TERM_KINDS:
        break;
    }
    want(v, term->window, term->selection, term->measure);
}

struct view *view_create(const struct view_inputs *in)
{
    struct view *v = xcalloc(1, sizeof *v);
    v->in = *in;
    for (unsigned w = 0; w < in->rule->window_count; w++)
        v->cursors[w].selected = xcalloc(in->rule->selection_count + 1, sizeof *v->cursors[w].selected);
    for (unsigned t = 0; t < in->rule->term_count; t++)
        want_term(v, &in->rule->terms[t]);
    return v;
}

void view_destroy(struct view **pointer)
{
    struct view *v = *pointer;
    if (!v)
        return;
    for (unsigned w = 0; w < v->in.rule->window_count; w++) {
        for (unsigned i = 0; i < v->in.rule->selection_count; i++) {
            tally_free(&v->cursors[w].selected[i].callers);
            tally_free(&v->cursors[w].selected[i].regions);
            tally_free(&v->cursors[w].selected[i].sources);
        }
        free(v->cursors[w].selected);
    }
    tally_free(&v->scratch);
    free(v->entries);
    free(v);
    *pointer = NULL;
}

void view_clear(struct view *v)
{
    v->count = 0;
    view_reset_windows(v);
}

size_t view_bytes(const struct view *v)
{
    size_t bytes = sizeof *v + v->capacity * sizeof *v->entries;
    for (unsigned w = 0; w < v->in.rule->window_count; w++)
        for (unsigned i = 0; i < v->in.rule->selection_count; i++) {
            const struct selected *s = &v->cursors[w].selected[i];
            bytes += sizeof *s + tally_bytes(&s->callers) + tally_bytes(&s->regions) + tally_bytes(&s->sources);
        }
    return bytes;
}

void view_silence(struct view *v, uint64_t sources)
{
    v->silent = sources;
}

/* ---- entries ---- */

/* the order of facts, of which most entries need no more than the time that they have at hand */
static int order(const struct view *v, const struct view_entry *a, const struct view_entry *b)
{
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return ledger_order(v->in.ledger, a->ref, b->ref);
}

static void reserve(struct view *v)
{
    if (v->count == v->capacity) {
        v->capacity = v->capacity ? v->capacity * 2 : 16;
        v->entries = xrealloc(v->entries, v->capacity * sizeof *v->entries);
    }
}

void view_append(struct view *v, const struct view_entry *e)
{
    reserve(v);
    v->entries[v->count++] = *e;
}

static int order_of(const void *a, const void *b, void *view)
{
    return order(view, a, b);
}

void view_sort(struct view *v)
{
    view_reset_windows(v);
    if (!v->count)
        return;
    qsort_r(v->entries, v->count, sizeof *v->entries, order_of, v);
    size_t kept = 1;
    for (size_t i = 1; i < v->count; i++)
        if (v->entries[i].ref != v->entries[kept - 1].ref)
            v->entries[kept++] = v->entries[i];
    v->count = kept;
}

bool view_insert(struct view *v, const struct view_entry *e)
{
    size_t at = v->count;
    while (at > 0 && order(v, &v->entries[at - 1], e) >= 0)
        at--;
    if (at < v->count && v->entries[at].ref == e->ref)
        return false;
    reserve(v);
    memmove(v->entries + at + 1, v->entries + at, (v->count - at) * sizeof *v->entries);
    v->entries[at] = *e;
    v->count++;
    for (unsigned w = 0; w < v->in.rule->window_count; w++) {
        struct cursor *c = &v->cursors[w];
        if (at < c->low) {
            c->low++;
            c->high++;
        } else if (at < c->high) {
            c->high++;
            view_change_window(v, c, e, true);
        }
    }
    return true;
}

void view_trim(struct view *v, int64_t minute)
{
    view_move(v, minute);
    size_t low = v->count;
    for (unsigned w = 0; w < v->in.rule->window_count; w++)
        low = v->cursors[w].low < low ? v->cursors[w].low : low;
    /* when half of it is of no more use, so that the cost is a constant an entry */
    if (low < 64 || low < v->count / 2)
        return;
    memmove(v->entries, v->entries + low, (v->count - low) * sizeof *v->entries);
    v->count -= low;
    for (unsigned w = 0; w < v->in.rule->window_count; w++) {
        v->cursors[w].low -= low;
        v->cursors[w].high -= low;
    }
}

void view_forget(struct view *v)
{
    if (!v->count)
        return;
    const struct ledger *ledger = v->in.ledger;
    int64_t low = ledger_floor(ledger, SHELF_FACTS), other = ledger_floor(ledger, SHELF_READINGS);
    if (v->entries[0].at >= low && v->entries[0].at >= other)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct fact *fact = ledger_fact(ledger, v->entries[i].ref);
        if (v->entries[i].at >= ledger_floor(ledger, fact_shelf(fact->kind)))
            v->entries[kept++] = v->entries[i];
    }
    v->count = kept;
    view_reset_windows(v);
}
