/* While one alert fires that says it already, others of the same place are held back (rule/notify_rules.h). */
#include "notify/notify_priv.h"

#include "base/check.h"
#include "base/key.h"
#include "rule/notify_rules.h"

#include <stdlib.h>

struct inhibitor {
    uint64_t place;
    const struct candidate *candidate;
};

/* 0: it is in no such place */
static uint64_t place_of(const struct inhibition *inhibition, const struct asked *asked, const struct candidate *c)
{
    if (!inhibition->same)
        return key_of(c->code, (uint64_t)c->kind);
    return c->region == REGION_NONE ? 0 : registry_region(asked->registry, c->region)->ancestor[inhibition->same];
}

static int by_place(const void *left, const void *right)
{
    const struct inhibitor *a = left, *b = right;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return by_urgency(&a->candidate, &b->candidate);
}

static size_t gather(const struct inhibition *inhibition, const struct asked *asked, const struct candidate *all,
                     size_t count, const bool *idle, struct inhibitor *out)
{
    size_t found = 0;
    for (const struct candidate *c = all; c < all + count; c++) {
        uint64_t place = place_of(inhibition, asked, c);
        if (place && c->fires && !c->cause && !idle[c - all] && c->level >= inhibition->at_least &&
            rule_list_has(&inhibition->when, asked->rules, c->rule))
            out[found++] = (struct inhibitor){place, c};
    }
    qsort(out, found, sizeof *out, by_place);
    return found;
}

static bool may_be_held(const struct inhibition *inhibition, const struct asked *asked, const struct candidate *c)
{
    const unsigned highest = inhibition->at_most ? inhibition->at_most : asked->rules->level_count - 1;
    if (c->cause || c->level > highest || rule_list_has(&inhibition->when, asked->rules, c->rule) ||
        (inhibition->holds.count && !rule_list_has(&inhibition->holds, asked->rules, c->rule)))
        return false;
    return catalogue_contains(asked->catalogue, inhibition->category, candidate_category(asked, c));
}

/* the one that held it before, if it still does, or the most urgent; NULL: none */
static const struct candidate *inhibitor_of(const struct inhibitor *all, size_t count, uint64_t place,
                                            const struct candidate *c)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; c->before->cause == HOLD_INHIBITED && i < count && all[i].place == place; i++)
        if (strcmp(all[i].candidate->id, c->before->by) == 0)
            return all[i].candidate;
    return low < count && all[low].place == place ? all[low].candidate : NULL;
}

void inhibit(const struct asked *asked, struct candidate *all, size_t count, const bool *idle)
{
    const struct notify_rules *rules = asked->rules->notify;
    if (!rules || !rules->inhibit_count)
        return;
    struct inhibitor *inhibitors = xcalloc(count + 1, sizeof *inhibitors);
    for (unsigned i = 0; i < rules->inhibit_count; i++) {
        /* whatever may hold the inhibitors back stands before it */
        const struct inhibition *inhibition = &rules->inhibit[rules->order[i]];
        size_t found = gather(inhibition, asked, all, count, idle, inhibitors);
        for (struct candidate *c = all; c < all + count && found; c++) {
            uint64_t place = may_be_held(inhibition, asked, c) ? place_of(inhibition, asked, c) : 0;
            const struct candidate *by = place ? inhibitor_of(inhibitors, found, place, c) : NULL;
            if (!by)
                continue;
            hold(c, HOLD_INHIBITED, by->id);
            c->holder = by;
        }
    }
    free(inhibitors);
}
