/* That a set of events is the least without which a level is not reached: by a bound, or by trying all smaller ones. */
#include "replay/counterfactual_priv.h"

#include "alert/episode.h"
#include "base/check.h"

#include <stdlib.h>

static int descending(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a < b) - (a > b);
}

/* How much a measure can lose by one event, at most. */
static int64_t loss(const struct unit *u, const struct term *term)
{
    int64_t callers = 0;
    if (term->measure == MEASURE_SUM)
        return u->first->value > 0 ? u->first->value : 0;
    if (term->measure == MEASURE_INVOLVED)
        return u->first->involved;
    for (size_t i = 0; i < u->entries; i++)
        callers += u->first[i].actor != 0;
    return term->measure == MEASURE_CALLERS ? callers : 1;
}

/* no fewer events make the comparison fail; 1 where nothing better is known */
static size_t atom_bound(const struct trial *t, unsigned atom, const struct judged *j)
{
    const struct term *term = &t->rule->terms[t->rule->atoms[atom].term];
    int64_t value = j->values[t->rule->atoms[atom].term], threshold = j->thresholds[atom], lost = 0;
    if (value == VALUE_NONE || t->rule->atoms[atom].at_most || value < threshold)
        return 0; /* it fails already, or fails by more */
    if (term->kind != TERM_MEASURE || term->measure == MEASURE_AVG || term->window != 0)
        return 1;
    int64_t *losses = xcalloc(t->count + 1, sizeof *losses);
    size_t bound = 0;
    for (size_t i = 0; i < t->count; i++) {
        bool counted = t->units[i].first->takes >> term->selection & 1;
        losses[i] = counted ? loss(&t->units[i], term) : 0;
        if (term->measure == MEASURE_MAX)
            bound += counted && t->units[i].first->value >= threshold;
    }
    if (term->measure != MEASURE_MAX) {
        qsort(losses, t->count, sizeof *losses, descending);
        while (bound < t->count && lost <= value - threshold)
            lost += losses[bound++];
    }
    free(losses);
    return bound;
}

static size_t level_bound(const struct trial *t, unsigned level, const struct judged *j)
{
    const struct expression *e = &t->rule->level[level];
    size_t stack[EXPRESSION_MAX];
    unsigned depth = 0;
    for (unsigned s = 0; s < e->count; s++) {
        if (e->steps[s].op == OP_ATOM) {
            stack[depth++] = atom_bound(t, e->steps[s].atom, j);
            continue;
        }
        CHECK(depth >= 2);
        size_t right = stack[--depth], *left = &stack[depth - 1];
        bool first = e->steps[s].op == OP_AND ? *left <= right : *left >= right;
        *left = first ? *left : right;
    }
    return depth ? stack[0] : 0;
}

/* none of the levels may hold that are as high */
static size_t bound_of(const struct trial *t)
{
    struct judged j;
    size_t bound = 1;
    judged_at(&j, t->rule, t->view, t->minute, true);
    for (unsigned l = t->level; l <= t->set->level_count; l++) {
        size_t one = level_bound(t, l, &j);
        bound = one > bound ? one : bound;
    }
    return bound;
}

/* one set of that size that does, all tried; false: none, or (*whole false) too many to try */
static bool try_size(struct trial *t, size_t size, size_t from, bool *whole)
{
    if (size == 0)
        return trial_avoids(t);
    for (size_t i = from; i + size <= t->count; i++) {
        if (t->work > WORK_MAX) {
            *whole = false;
            return false;
        }
        t->out[i] = true;
        if (try_size(t, size - 1, i + 1, whole))
            return true;
        t->out[i] = false;
    }
    return false;
}

bool trial_prove(struct trial *t, struct found *best)
{
    bool whole = true;
    size_t least = t->rule->monotone ? bound_of(t) : 1;
    for (size_t size = least; size < best->count && whole; size++) {
        memset(t->out, 0, t->count * sizeof *t->out);
        if (try_size(t, size, 0, &whole)) {
            trial_keep(t, best);
            return true;
        }
    }
    return whole;
}
