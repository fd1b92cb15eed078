/* What a rule's terms are worth at a minute: every window is picked out of all facts and counted anew. */
#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

/* a selection's facts in a window */
struct picked {
    const struct model_fact **facts;
    size_t count;
};

/* where values are to be had from: the subject's first `count` facts, at that minute */
struct moment {
    const struct rule *rule;
    const struct model_subject *subject;
    size_t count;
    int64_t minute;
};

static struct picked pick(const struct moment *m, unsigned window, unsigned selection)
{
    const struct window *w = &m->rule->windows[window];
    int64_t until = m->minute * 60 - w->lag_s;
    struct picked p = {xcalloc(m->count + 1, sizeof *p.facts), 0};
    for (size_t i = 0; i < m->count; i++) {
        const struct model_taken *f = &m->subject->facts[i];
        int64_t at = f->fact->event->occurred_at;
        if (at <= until && at > until - w->within.s && f->takes >> selection & 1)
            p.facts[p.count++] = f->fact;
    }
    return p;
}

static uint64_t actors(const struct picked *p)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < p->count; i++)
        for (unsigned a = 0; a < p->facts[i]->event->actor_count; a++)
            seen |= UINT64_C(1) << p->facts[i]->event->actor[a];
    return seen;
}

static int64_t involved(const struct picked *p)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->count; i++) {
        int64_t most = p->facts[i]->event->involved;
        for (size_t k = 0; k < p->count && p->facts[i]->matter[0]; k++) {
            if (k == i || strcmp(p->facts[k]->matter, p->facts[i]->matter) != 0)
                continue;
            int64_t other = p->facts[k]->event->involved;
            if (other > most || (other == most && k < i))
                most = 0; /* it is the other one that counts for the matter */
        }
        total += most;
    }
    return total;
}

/* Worlds have no micro-grids, so that a region is its own grid, or has none. */
static int64_t regions(const struct picked *p)
{
    int64_t distinct = 0;
    for (size_t i = 0; i < p->count; i++) {
        bool first = p->facts[i]->region != REGION_NONE;
        for (size_t k = 0; k < i; k++)
            first &= p->facts[k]->region != p->facts[i]->region;
        distinct += first;
    }
    return distinct;
}

static int64_t sources(const struct picked *p)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < p->count; i++)
        seen |= UINT64_C(1) << p->facts[i]->event->source;
    return __builtin_popcountll(seen);
}

/* values of a world are never below zero, so that plain division rounds down */
static int64_t measure(enum measure measure, const struct picked *p)
{
    int64_t sum = 0, most = VALUE_NONE;
    for (size_t i = 0; i < p->count; i++) {
        sum += p->facts[i]->event->value;
        most = p->facts[i]->event->value > most ? p->facts[i]->event->value : most;
    }
    switch (measure) {
    case MEASURE_EVENTS:
        return (int64_t)p->count;
    case MEASURE_CALLERS:
        return __builtin_popcountll(actors(p));
    case MEASURE_INVOLVED:
        return involved(p);
    case MEASURE_REGIONS:
        return regions(p);
    case MEASURE_SOURCES:
        return sources(p);
    case MEASURE_SUM:
        return sum;
    case MEASURE_MAX:
        return most;
    case MEASURE_AVG:
        return p->count ? sum / (int64_t)p->count : VALUE_NONE;
    case MEASURES:
        break;
    }
    CHECK(false);
    return 0;
}

static int64_t measure_of(const struct moment *m, unsigned window, unsigned selection, enum measure what)
{
    struct picked p = pick(m, window, selection);
    int64_t value = measure(what, &p);
    free(p.facts);
    return value;
}

static int64_t change(const struct moment *m, const struct term *t)
{
    int64_t one = t->measure == MEASURE_SUM ? VALUE_SCALE : 1;
    int64_t now = measure_of(m, t->window, t->selection, t->measure);
    int64_t earlier = measure_of(m, t->earlier, t->selection, t->measure);
    return now * VALUE_SCALE / (earlier > one ? earlier : one);
}

static int64_t share(const struct moment *m, const struct term *t)
{
    int64_t part_unit = t->measure == MEASURE_SUM ? VALUE_SCALE : 1;
    int64_t whole_unit = t->other_measure == MEASURE_SUM ? VALUE_SCALE : 1;
    int64_t part = measure_of(m, t->window, t->selection, t->measure);
    int64_t whole = measure_of(m, t->window, t->other, t->other_measure);
    return whole ? part * VALUE_SCALE * whole_unit / (whole * part_unit) : VALUE_NONE;
}

static int64_t both(const struct moment *m, const struct term *t)
{
    struct picked a = pick(m, t->window, t->selection), b = pick(m, t->window, t->other);
    int64_t common = __builtin_popcountll(actors(&a) & actors(&b));
    free(a.facts);
    free(b.facts);
    return common;
}

static int64_t value(const struct moment *m, const struct term *t)
{
    switch (t->kind) {
    case TERM_MEASURE:
        return measure_of(m, t->window, t->selection, t->measure);
    case TERM_CHANGE:
        return change(m, t);
    case TERM_SHARE:
        return share(m, t);
    case TERM_BOTH:
        return both(m, t);
    case TERM_ADJACENT: /* no world has these, see world_rules.c */
    case TERM_ANOMALY:
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_KINDS:
        break;
    }
    CHECK(false);
    return 0;
}

void model_values(const struct rule *rule, const struct model_subject *subject, size_t count, int64_t minute,
                  int64_t *values)
{
    struct moment m = {rule, subject, count, minute};
    for (unsigned t = 0; t < rule->term_count; t++)
        values[t] = value(&m, &rule->terms[t]);
}
