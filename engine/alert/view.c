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

static void windows_reset(struct view *v)
{
    for (unsigned w = 0; w < v->in.rule->window_count; w++) {
        struct cursor *c = &v->cursors[w];
        c->low = c->high = 0;
        for (unsigned i = 0; i < v->in.rule->selection_count; i++) {
            struct selected *s = &c->selected[i];
            s->events = s->sum = 0;
            tally_clear(&s->callers);
            tally_clear(&s->regions);
            tally_clear(&s->sources);
        }
    }
}

void view_clear(struct view *v)
{
    v->count = 0;
    windows_reset(v);
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

/* ---- windows ---- */

uint32_t view_grid(const struct view *v, uint32_t region)
{
    if (region == REGION_NONE)
        return region;
    uint32_t grid = region_at(registry_region(v->in.registry, region), REGION_GRID);
    return grid == REGION_NONE ? region : grid;
}

static void tally_change(struct tally *t, uint64_t key, bool add)
{
    if (!key)
        return;
    if (add)
        tally_add(t, key);
    else
        tally_remove(t, key);
}

static void window_change(const struct view *v, struct cursor *c, const struct view_entry *e, bool add)
{
    for (uint32_t takes = e->takes; takes; takes &= takes - 1) {
        struct selected *s = &c->selected[__builtin_ctz(takes)];
        if (s->wants_callers)
            tally_change(&s->callers, e->actor, add);
        if (e->party)
            continue;
        s->events += add ? 1 : -1;
        /* sums of any order and sign are exact in two's complement */
        s->sum = (int64_t)((uint64_t)s->sum + (add ? (uint64_t)e->value : 0 - (uint64_t)e->value));
        if (s->wants_regions)
            tally_change(&s->regions, view_grid(v, e->region), add);
        if (s->wants_sources)
            tally_change(&s->sources, e->source + 1u, add);
    }
}

void view_take(struct view *v, const struct view_entry *e)
{
    view_append(v, e);
    v->cursors[0].high = v->count;
    window_change(v, &v->cursors[0], e, true);
}

static void cursor_move(const struct view *v, struct cursor *c, const struct window *w, int64_t minute)
{
    int64_t to = minute > INT64_MAX / 60 ? INT64_MAX : minute * 60 - w->lag_s;
    int64_t from = minute > INT64_MAX / 60 ? INT64_MAX : span_before(v->in.set, w->within, to);
    const struct view_entry *e = v->entries;
    /* outward first, so that low <= high all the way */
    while (c->high < v->count && e[c->high].at <= to)
        window_change(v, c, &e[c->high++], true);
    while (c->low > 0 && e[c->low - 1].at > from)
        window_change(v, c, &e[--c->low], true);
    while (c->low < c->high && e[c->low].at <= from)
        window_change(v, c, &e[c->low++], false);
    while (c->high > c->low && e[c->high - 1].at > to)
        window_change(v, c, &e[--c->high], false);
}

void view_move(struct view *v, int64_t minute)
{
    for (unsigned w = 0; w < v->in.rule->window_count; w++)
        cursor_move(v, &v->cursors[w], &v->in.rule->windows[w], minute);
}

int64_t view_next_change(struct view *v, int64_t minute)
{
    view_move(v, minute);
    int64_t next = MINUTE_NEVER;
    for (unsigned i = 0; i < v->in.rule->window_count; i++) {
        const struct cursor *c = &v->cursors[i];
        const struct window *w = &v->in.rule->windows[i];
        if (c->high < v->count) {
            int64_t enters = ((int64_t)v->entries[c->high].at + w->lag_s + 59) / 60;
            next = enters < next ? enters : next;
        }
        if (c->low < c->high) {
            int64_t leaves = (span_after(v->in.set, w->within, v->entries[c->low].at) + w->lag_s + 59) / 60;
            next = leaves < next ? leaves : next;
        }
    }
    return next;
}

int64_t view_newest_minute(const struct view *v)
{
    return v->count ? ((int64_t)v->entries[v->count - 1].at + 59) / 60 : MINUTE_NONE;
}

int64_t view_oldest_minute(const struct view *v)
{
    return v->count ? ((int64_t)v->entries[0].at + 59) / 60 : MINUTE_NEVER;
}

bool view_sees(const struct view *v)
{
    for (unsigned w = 0; w < v->in.rule->window_count; w++)
        for (size_t i = v->cursors[w].low; i < v->cursors[w].high; i++)
            if (v->entries[i].takes)
                return true;
    return false;
}

const struct view_entry *view_window(const struct view *v, size_t *count)
{
    *count = v->cursors[0].high - v->cursors[0].low;
    return v->entries + v->cursors[0].low;
}

fact_ref view_crossing(struct view *v, unsigned level_count, const int64_t *thresholds, uint32_t *at)
{
    /* a view of its own over the window's facts, one more at a time */
    struct view *prefix = view_create(&v->in);
    size_t count;
    const struct view_entry *window = view_window(v, &count);
    fact_ref found = 0;
    for (size_t i = 0; i < count && !found; i++) {
        view_take(prefix, &window[i]);
        int64_t values[TERMS_MAX];
        view_values(prefix, values);
        for (unsigned level = 1; level <= level_count && !found; level++)
            if (expression_holds(&v->in.rule->level[level], v->in.rule, values, thresholds, true)) {
                found = window[i].ref;
                *at = window[i].at;
            }
    }
    view_destroy(&prefix);
    return found;
}

/* ---- entries ---- */

static int order(const struct view *v, const struct view_entry *a, const struct view_entry *b)
{
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->ref == b->ref)
        return 0;
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
    windows_reset(v);
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
            window_change(v, c, e, true);
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
    windows_reset(v);
}
