#include "incident/cover.h"

#include "base/check.h"
#include "incident/form.h"

#include <stdlib.h>

/* Two rules often speak at one event: which of them speaks for both is the authors' to say, by their order. */
static int seniority(const struct cover_alert *a, const struct cover_alert *b)
{
    if (a->opened_at == b->opened_at && a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return incident_age(a->opened_at, a->id, b->opened_at, b->id);
}

bool alert_covers(const struct registry *registry, const struct cover_alert *a, const struct cover_alert *b)
{
    if (a->barred || a->level < b->level || !registry_contains(registry, a->region, b->region))
        return false;
    if (a->region != b->region)
        return true;
    if (a->matter != b->matter)
        return b->matter;
    return a->level > b->level || seniority(a, b) < 0;
}

/* how far down it is; whoever contains another has less */
static int depth(const struct registry *registry, const struct cover_alert *a)
{
    return a->region == REGION_NONE ? 0 : (int)registry_region(registry, a->region)->level;
}

/* an order that alert_covers() is part of: whoever covers comes first */
static int order(const void *left, const void *right, void *registry)
{
    const struct cover_alert *a = left, *b = right;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    int deeper = depth(registry, a) - depth(registry, b);
    if (deeper)
        return deeper;
    if (a->matter != b->matter)
        return a->matter ? 1 : -1;
    return seniority(a, b);
}

int incident_cover(const struct registry *registry, struct cover_alert *alerts, size_t count)
{
    union {
        const struct registry *in;
        void *out;
    } pointer = {registry};
    size_t *free_ones = xcalloc(count + 1, sizeof *free_ones), free_count = 0;
    qsort_r(alerts, count, sizeof *alerts, order, pointer.out);
    for (size_t i = 0; i < count; i++) {
        alerts[i].covered_by = -1;
        for (size_t k = 0; k < free_count && alerts[i].covered_by < 0; k++)
            if (alert_covers(registry, &alerts[free_ones[k]], &alerts[i]))
                alerts[i].covered_by = (int)free_ones[k];
        if (alerts[i].covered_by < 0 && !alerts[i].barred)
            free_ones[free_count++] = i;
    }
    int lead = free_count ? (int)free_ones[0] : count ? 0 : -1;
    free(free_ones);
    return lead;
}
