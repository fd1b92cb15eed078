/* What a rule's terms are worth at a minute: every window is picked out of all facts and counted anew. */
#include "model_priv.h"

#include "base/check.h"

#include <math.h>
#include <stdlib.h>

/* a selection's facts in a window */
struct picked {
    const struct model_fact **facts;
    size_t count;
};

static struct picked pick(const struct moment *m, unsigned window, unsigned selection)
{
    const struct window *w = &m->rule->windows[window];
    int64_t until = m->minute * 60 - w->lag_s;
    struct picked p = {xcalloc(m->subject->fact_count + 1, sizeof *p.facts), 0};
    for (size_t i = 0; i < m->subject->fact_count; i++) {
        const struct model_taken *f = &m->subject->facts[i];
        int64_t at = f->fact->event->occurred_at;
        if (m->last && f->fact > m->last)
            break;
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

/* the chance of so many, or more, where X is negative binomial with r and 4/5: summed from the far end of what matters */
static long double chance_of(int64_t y, long double r)
{
    long double p = 0.8L, pmf = powl(p, r), tail = 0;
    for (int64_t k = 0; k < y + 400; k++) {
        if (k >= y)
            tail += pmf;
        pmf *= (k + r) / (k + 1) * (1 - p);
    }
    return tail;
}

static int64_t anomaly(const struct moment *m, const struct term *t)
{
    int64_t now = measure_of(m, t->window, t->selection, t->measure), past = 0;
    for (int64_t week = 1; week <= 4; week++) {
        struct moment then = *m;
        then.minute -= week * 7 * 1440;
        past += measure_of(&then, t->window, t->selection, t->measure);
    }
    if (now == 0)
        return 0;
    long double value = floorl(-1000 * log10l(chance_of(now, past + 0.5L)));
    return value < 0 ? 0 : value > 99999 ? 99999 : (int64_t)value;
}

/* does the inner condition hold on that subject's own facts? */
static bool inner_holds(const struct moment *m, const struct model_subject *s, const struct expression *e)
{
    struct moment there = *m;
    int64_t values[TERMS_MAX], thresholds[ATOMS_MAX];
    there.subject = s;
    for (unsigned i = 0; i < e->count; i++)
        if (e->steps[i].op == OP_ATOM) {
            const struct atom *atom = &m->rule->atoms[e->steps[i].atom];
            const struct term *t = &m->rule->terms[atom->term];
            values[atom->term] = measure_of(&there, 0, t->selection, t->measure);
            thresholds[e->steps[i].atom] = atom->threshold;
        }
    return model_holds(m->rule, e, values, thresholds, true);
}

static int64_t adjacent(const struct moment *m, const struct term *t)
{
    if (!inner_holds(m, m->subject, t->inner))
        return 0;
    int64_t regions = 1;
    for (size_t i = 0; i < m->subject->around_count; i++)
        regions += inner_holds(m, &m->model->subjects[m->subject->around[i]], t->inner);
    return regions;
}

static int64_t value(const struct moment *, const struct term *);

static int64_t score(const struct moment *m, const struct score *card)
{
    int64_t points = card->base;
    for (unsigned i = 0; i < card->feature_count; i++) {
        const struct feature *f = &card->features[i];
        int64_t worth = value(m, &m->rule->terms[f->term]);
        unsigned bin = 0;
        while (worth >= f->bins[bin].below && bin + 1 < f->bin_count)
            bin++;
        points += worth == VALUE_NONE ? f->none : f->bins[bin].points;
    }
    return points;
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
    case TERM_ADJACENT:
        return adjacent(m, t);
    case TERM_ANOMALY:
        return anomaly(m, t);
    case TERM_SCORE:
        return score(m, &m->rule->scores[t->score]);
    case TERM_SILENT: /* of no fact: see model_silent_level */
    case TERM_KINDS:
        break;
    }
    CHECK(false);
    return 0;
}

void model_values(const struct moment *m, int64_t *values)
{
    for (unsigned t = 0; t < m->rule->term_count; t++)
        values[t] = value(m, &m->rule->terms[t]);
}
