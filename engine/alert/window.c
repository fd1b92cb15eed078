/* Where a view's windows are, what they hold, and when that changes by itself.  They slide over the entries in either
 * direction, so that the next minute costs what enters and leaves. */
#include "alert/view_priv.h"

void view_reset_windows(struct view *v)
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

void view_change_window(const struct view *v, struct cursor *c, const struct view_entry *e, bool add)
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
    view_change_window(v, &v->cursors[0], e, true);
}

static void cursor_move(const struct view *v, struct cursor *c, const struct window *w, int64_t minute)
{
    int64_t to = minute > INT64_MAX / 60 ? INT64_MAX : minute * 60 - w->lag_s;
    int64_t from = minute > INT64_MAX / 60 ? INT64_MAX : span_before(v->in.set, w->within, to);
    const struct view_entry *e = v->entries;
    /* outward first, so that low <= high all the way */
    while (c->high < v->count && e[c->high].at <= to)
        view_change_window(v, c, &e[c->high++], true);
    while (c->low > 0 && e[c->low - 1].at > from)
        view_change_window(v, c, &e[--c->low], true);
    while (c->low < c->high && e[c->low].at <= from)
        view_change_window(v, c, &e[c->low++], false);
    while (c->high > c->low && e[c->high - 1].at > to)
        view_change_window(v, c, &e[--c->high], false);
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

const struct view_entry *view_entries(const struct view *v, size_t *count)
{
    *count = v->count;
    return v->entries;
}

static bool is_seen(const struct view *v, size_t entry)
{
    for (unsigned w = 0; w < v->in.rule->window_count; w++)
        if (entry >= v->cursors[w].low && entry < v->cursors[w].high)
            return true;
    return false;
}

struct view *view_part(struct view *v, int64_t minute, bool (*keeps)(const void *arg, const struct view_entry *),
                       const void *arg)
{
    struct view *part = view_create(&v->in);
    part->silent = v->silent;
    view_move(v, minute);
    for (size_t i = 0; i < v->count; i++)
        if (is_seen(v, i) && (!keeps || keeps(arg, &v->entries[i])))
            view_append(part, &v->entries[i]); /* in order, since these are */
    return part;
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
