/* What a rule's terms are worth on a view's windows as they stand.  Whole numbers throughout, so that a value never depends
 * on the order in which facts came; where there is a division, it is rounded down once, at the end. */
#include "alert/view_priv.h"

#include "base/check.h"
#include "base/wide.h"

#include <math.h>

enum { ANOMALY_MAX = 99999 };

/* each matter's largest figure, summed */
static int64_t involved(struct view *v, const struct cursor *c, unsigned selection)
{
    tally_clear(&v->scratch);
    int64_t total = 0;
    for (size_t i = c->low; i < c->high; i++) {
        const struct view_entry *e = &v->entries[i];
        if (e->party || !(e->takes >> selection & 1) || !e->involved)
            continue;
        uint32_t *largest = tally_at(&v->scratch, e->matter ? e->matter : UINT64_C(1) << 63 | e->ref);
        if (e->involved > *largest) {
            if (*largest == 0)
                v->scratch.distinct++;
            total += e->involved - *largest;
            *largest = e->involved;
        }
    }
    return total;
}

static int64_t maximum(const struct view *v, const struct cursor *c, unsigned selection)
{
    int64_t most = VALUE_NONE;
    for (size_t i = c->low; i < c->high; i++) {
        const struct view_entry *e = &v->entries[i];
        if (!e->party && (e->takes >> selection & 1) && e->value > most)
            most = e->value;
    }
    return most;
}

/* over > 0 */
static int64_t divided(int128 what, int128 by)
{
    int128 quotient = what / by - (what % by < 0);
    return quotient > INT64_MAX ? INT64_MAX : quotient <= VALUE_NONE ? VALUE_NONE + 1 : (int64_t)quotient;
}

int64_t view_measure(struct view *v, unsigned window, unsigned selection, enum measure measure)
{
    const struct cursor *c = &v->cursors[window];
    const struct selected *s = &c->selected[selection];
    switch (measure) {
    case MEASURE_EVENTS:
        return s->events;
    case MEASURE_CALLERS:
        return s->callers.distinct;
    case MEASURE_INVOLVED:
        return involved(v, c, selection);
    case MEASURE_REGIONS:
        return s->regions.distinct;
    case MEASURE_SOURCES:
        return s->sources.distinct;
    case MEASURE_SUM:
        return s->sum;
    case MEASURE_MAX:
        return maximum(v, c, selection);
    case MEASURE_AVG:
        return s->events ? divided(s->sum, s->events) : VALUE_NONE;
    case MEASURES:
        break;
    }
    CHECK(false);
    return 0;
}

static int64_t unit_of(enum measure measure)
{
    return measure == MEASURE_SUM ? VALUE_SCALE : 1;
}

static int64_t change(struct view *v, const struct term *t)
{
    int64_t now = view_measure(v, t->window, t->selection, t->measure);
    int64_t earlier = view_measure(v, t->earlier, t->selection, t->measure), unit = unit_of(t->measure);
    return divided((int128)now * VALUE_SCALE, earlier < unit ? unit : earlier);
}

static int64_t share(struct view *v, const struct term *t)
{
    int64_t part = view_measure(v, t->window, t->selection, t->measure);
    int64_t whole = view_measure(v, t->window, t->other, t->other_measure);
    if (whole <= 0)
        return VALUE_NONE;
    return divided((int128)part * VALUE_SCALE * unit_of(t->other_measure),
                   (int128)whole * unit_of(t->measure));
}

/* -log10 P(X >= y), X negative binomial with r and success probability p: what four weeks of a Poisson count lead one to
 * expect of the fifth under Jeffreys' prior (r = their sum + 1/2, p = 4/5).  The tail is summed from y on, relative to its
 * first member, so that what is very improbable does not drown in 1 - (nearly 1). */
static double surprise(int64_t y, double r, double p)
{
    double at = (double)y;
    int sign; /* lgamma itself leaves it in a variable that all threads share */
    double first = lgamma_r(at + r, &sign) - lgamma_r(r, &sign) - lgamma_r(at + 1, &sign) + r * log(p) + at * log1p(-p);
    double sum = 0;
    for (double k = at, member = 1; member > sum * 1e-17 || k < r * (1 - p) / p; k++) {
        sum += member;
        member *= (1 - p) * (k + r) / (k + 1);
        if (!isfinite(sum))
            return 0;
    }
    return -(first + log(sum)) / log(10);
}

static int64_t anomaly(struct view *v, const struct term *t)
{
    int64_t now = view_measure(v, t->window, t->selection, t->measure), past = 0;
    for (unsigned week = 0; week < ANOMALY_WEEKS; week++)
        past += view_measure(v, t->earlier + week, t->selection, t->measure);
    if (now <= 0)
        return 0;
    double value = floor(surprise(now, (double)past + 0.5, ANOMALY_WEEKS / (ANOMALY_WEEKS + 1.0)) * VALUE_SCALE);
    return value < 0 ? 0 : value > ANOMALY_MAX ? ANOMALY_MAX : (int64_t)value;
}

/* ---- neighbours ---- */

/* the inner condition on the facts of one region: its part of the window as a view of its own, `part` */
static bool holds_on(struct view *v, struct view *part, const struct term *t, uint32_t region)
{
    const struct cursor *c = &v->cursors[0];
    enum region_level level = registry_region(v->in.registry, v->in.region)->level;
    view_clear(part);
    for (size_t i = c->low; i < c->high; i++) {
        struct view_entry e = v->entries[i];
        if (e.region == REGION_NONE || region_at(registry_region(v->in.registry, e.region), level) != region)
            continue;
        e.takes |= e.around;
        view_take(part, &e);
    }
    if (!part->count)
        return false;
    int64_t values[TERMS_MAX];
    for (unsigned i = 0; i < v->in.rule->term_count; i++) {
        const struct term *inner = &v->in.rule->terms[i];
        values[i] = inner->kind == TERM_MEASURE ? view_measure(part, 0, inner->selection, inner->measure) : VALUE_NONE;
    }
    return expression_holds(t->inner, v->in.rule, values, NULL, true);
}

bool view_adjacent(struct view *v, const struct term *t, uint32_t region)
{
    struct view *part = view_create(&v->in);
    bool holds = holds_on(v, part, t, region);
    view_destroy(&part);
    return holds;
}

static int64_t adjacent(struct view *v, const struct term *t)
{
    if (v->in.region == REGION_NONE)
        return 0;
    struct view *part = view_create(&v->in);
    int64_t regions = holds_on(v, part, t, v->in.region);
    const struct region *own = registry_region(v->in.registry, v->in.region);
    for (uint32_t i = 0; regions && i < own->neighbour_count; i++)
        regions += holds_on(v, part, t, own->neighbours[i]);
    view_destroy(&part);
    return regions;
}

/* ---- all ---- */

static int64_t value_of(struct view *v, const struct term *t, const int64_t *values)
{
    switch (t->kind) {
    case TERM_MEASURE:
        return view_measure(v, t->window, t->selection, t->measure);
    case TERM_CHANGE:
        return change(v, t);
    case TERM_SHARE:
        return share(v, t);
    case TERM_BOTH:
        return tally_common(&v->cursors[t->window].selected[t->selection].callers,
                            &v->cursors[t->window].selected[t->other].callers);
    case TERM_ADJACENT:
        return adjacent(v, t);
    case TERM_ANOMALY:
        return anomaly(v, t);
    case TERM_SILENT:
        return v->silent >> t->source & 1;
    case TERM_SCORE: /* its features' terms come before it */
        return score_points(&v->in.rule->scores[t->score], values);
    case TERM_KINDS:
        break;
    }
    CHECK(false);
    return 0;
}

void view_values(struct view *v, int64_t *values)
{
    for (unsigned t = 0; t < v->in.rule->term_count; t++)
        values[t] = value_of(v, &v->in.rule->terms[t], values);
}

void view_thresholds(const struct view *v, int64_t minute, int64_t *thresholds)
{
    rule_thresholds(v->in.set, v->in.rule, v->in.registry, v->in.region, minute, thresholds);
}

int64_t view_next_date(const struct view *v, int64_t minute)
{
    return rule_next_date(v->in.set, v->in.rule, minute);
}
