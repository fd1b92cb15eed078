/* The fewest events without which a level is not reached.  In general that is a hard problem (an event may bring several
 * callers, a caller several events, and conditions may be joined), so: a few sensible orders in which to leave events out,
 * of each the shortest beginning that does, then whatever of it was not needed put back.  That it is the least is proved by a
 * bound or, where it is small, by trying all smaller sets; otherwise it is not claimed. */
#include "replay/counterfactual_priv.h"

#include "alert/episode.h"
#include "base/check.h"

#include <stdlib.h>

static bool is_kept(const void *arg, const struct view_entry *e)
{
    const struct trial *t = arg;
    return !t->out[t->unit_of[e - t->entries]];
}

/* without what is out, is the level not reached? */
bool trial_avoids(struct trial *t)
{
    size_t count;
    struct view *part = view_part(t->view, t->minute, is_kept, t);
    view_entries(t->view, &count);
    t->work += count + 16;
    bool reached = condition_level(t->rule, t->set->level_count, part, t->minute) >= t->level;
    view_destroy(&part);
    return !reached;
}

static void open_units(struct trial *t)
{
    size_t count;
    t->entries = view_entries(t->view, &count);
    t->units = xcalloc(count + 1, sizeof *t->units);
    t->unit_of = xcalloc(count + 1, sizeof *t->unit_of);
    t->out = xcalloc(count + 1, sizeof *t->out);
    for (size_t i = 0; i < count; i++) {
        fact_ref ref = t->entries[i].ref;
        while (ledger_fact(t->ledger, ref)->key == 0) /* a party's event is before it */
            ref--;
        if (!t->count || t->units[t->count - 1].ref != ref)
            t->units[t->count++] = (struct unit){.ref = ref, .first = &t->entries[i]};
        t->units[t->count - 1].entries++;
        t->unit_of[i] = t->count - 1;
    }
}

/* ---- orders in which to leave out ---- */

enum order { NEWEST, BY_CALLER, BY_REGION, BY_SOURCE, LARGEST_VALUE, MOST_INVOLVED, MOST_CALLERS, ORDERS };

struct place {
    size_t unit;
    uint64_t group; /* the smallest groups first, whole */
    size_t size;
    int64_t weight; /* the largest first */
};

static struct place place_of(const struct trial *t, size_t unit, enum order order)
{
    const struct unit *u = &t->units[unit];
    struct place p = {.unit = unit, .group = (uint64_t)unit, .size = 1};
    if (order == BY_CALLER && u->first->actor)
        p.group = u->first->actor;
    else if (order == BY_REGION)
        p.group = u->first->region;
    else if (order == BY_SOURCE)
        p.group = u->first->source;
    else if (order == LARGEST_VALUE)
        p.weight = u->first->value;
    else if (order == MOST_INVOLVED)
        p.weight = u->first->involved;
    else if (order == MOST_CALLERS)
        p.weight = (int64_t)u->entries;
    return p;
}

static int by_group(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return (a->unit > b->unit) - (a->unit < b->unit);
}

static int by_rank(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    if (a->group != b->group && a->size > 1)
        return a->group < b->group ? -1 : 1;
    return (a->unit < b->unit) - (a->unit > b->unit); /* the newest first */
}

static struct place *places_in(const struct trial *t, enum order order)
{
    struct place *all = xcalloc(t->count + 1, sizeof *all);
    for (size_t i = 0; i < t->count; i++)
        all[i] = place_of(t, i, order);
    qsort(all, t->count, sizeof *all, by_group);
    for (size_t i = 0, end; i < t->count; i = end) {
        for (end = i; end < t->count && all[end].group == all[i].group;)
            end++;
        for (size_t k = end; k-- > i; all[k].size = end - i)
            all[k].group = (uint64_t)all[i].unit; /* nothing that depends on a key */
    }
    qsort(all, t->count, sizeof *all, by_rank);
    return all;
}

static bool avoids_first(struct trial *t, const struct place *all, size_t count)
{
    for (size_t i = 0; i < t->count; i++)
        t->out[all[i].unit] = i < count;
    return trial_avoids(t);
}

/* ---- what is found ---- */

void trial_keep(const struct trial *t, struct found *f)
{
    f->count = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->out[i])
            f->units[f->count++] = i;
}

/* the shortest beginning of the order that does; what of it was not needed goes back, the oldest first */
static void try_order(struct trial *t, enum order order, struct found *best)
{
    struct place *all = places_in(t, order);
    size_t low = 1, high = t->count, out = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (avoids_first(t, all, middle))
            high = middle;
        else
            low = middle + 1;
    }
    if (avoids_first(t, all, high)) {
        for (size_t i = 0; i < t->count && t->work < WORK_MAX; i++) {
            if (!t->out[i])
                continue;
            t->out[i] = false;
            t->out[i] = !trial_avoids(t);
        }
        for (size_t i = 0; i < t->count; i++)
            out += t->out[i];
        if (out < best->count)
            trial_keep(t, best);
    }
    free(all);
}

void counterfactual_events(struct counterfactual *c, const struct rule_set *set, const struct rule *rule,
                           const struct ledger *ledger, struct view *view, int64_t minute, unsigned level)
{
    struct trial t = {.set = set, .rule = rule, .ledger = ledger, .minute = minute, .level = level};
    t.view = view_part(view, minute, NULL, NULL);
    open_units(&t);
    struct found best = {xcalloc(t.count + 1, sizeof *best.units), SIZE_MAX};
    for (enum order order = 0; order < ORDERS && t.count && t.work < WORK_MAX; order++)
        try_order(&t, order, &best);
    c->avoidable = best.count != SIZE_MAX;
    if (c->avoidable) {
        t.work = 0;
        c->least = trial_prove(&t, &best);
        c->without = xcalloc(best.count + 1, sizeof *c->without);
        for (size_t i = 0; i < best.count; i++)
            c->without[c->without_count++] = t.units[best.units[i]].ref;
    }
    free(best.units);
    free(t.units);
    free(t.unit_of);
    free(t.out);
    view_destroy(&t.view);
}
