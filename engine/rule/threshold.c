/* What a rule's thresholds are on a subject at a minute, and when they change by the date alone. */
#include "base/wide.h"
#include "rule/calendar.h"
#include "rule/rule.h"

enum { DAY_MINUTES = 1440, THOUSAND = 1000 };

static int64_t local_day(const struct rule_set *set, int64_t minute)
{
    int64_t local = minute + set->utc_offset_s / 60;
    return local >= 0 ? local / DAY_MINUTES : -((DAY_MINUTES - 1 - local) / DAY_MINUTES);
}

bool rule_is_multiplied(const struct rule *rule, const struct atom *atom)
{
    const struct term *term = &rule->terms[atom->term];
    return !atom->at_most && !atom->fixed && term->kind == TERM_MEASURE &&
           (term->measure == MEASURE_EVENTS || term->measure == MEASURE_CALLERS || term->measure == MEASURE_INVOLVED);
}

/* Several multiply each other, and only the outcome is rounded.  lowering: only those below 1. */
static int64_t in_periods(const struct rule *rule, uint32_t periods, bool lowering, int64_t threshold)
{
    int128 product = threshold, under = 1;
    for (unsigned i = 0; i < rule->during_count; i++)
        if ((rule->during[i].periods & periods) && (!lowering || rule->during[i].multiplier < THOUSAND)) {
            product *= rule->during[i].multiplier;
            under *= THOUSAND;
        }
    if (under == 1)
        return threshold;
    int128 up = (product + under - 1) / under;
    return up < 1 ? 1 : up > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)up;
}

/* the deepest region that has one */
void rule_overrides_on(const struct rule *rule, const struct registry *registry, uint32_t region, int *lines)
{
    int depth[ATOMS_MAX] = {0};
    for (unsigned a = 0; a < rule->atom_count; a++)
        lines[a] = -1;
    if (region == REGION_NONE)
        return;
    for (unsigned i = 0; i < rule->override_count; i++) {
        const struct rule_override *o = &rule->overrides[i];
        const struct region *where = registry_region(registry, o->region);
        if (region >= o->region && region <= where->last && (int)where->level > depth[o->atom]) {
            depth[o->atom] = (int)where->level;
            lines[o->atom] = (int)i;
        }
    }
}

static void override_thresholds(const struct rule *rule, const struct registry *registry, uint32_t region,
                                int64_t *thresholds)
{
    int lines[ATOMS_MAX];
    if (!rule->override_count || region == REGION_NONE)
        return;
    rule_overrides_on(rule, registry, region, lines);
    for (unsigned a = 0; a < rule->atom_count; a++)
        if (lines[a] >= 0)
            thresholds[a] = rule->overrides[lines[a]].threshold;
}

void rule_thresholds(const struct rule_set *set, const struct rule *rule, const struct registry *registry,
                     uint32_t region, int64_t minute, int64_t *thresholds)
{
    for (unsigned a = 0; a < rule->atom_count; a++)
        thresholds[a] = rule->atoms[a].threshold;
    override_thresholds(rule, registry, region, thresholds);
    if (!rule->during_count)
        return;
    uint32_t periods = calendar_periods(set->calendar, local_day(set, minute));
    for (unsigned a = 0; a < rule->atom_count && periods; a++)
        if (rule_is_multiplied(rule, &rule->atoms[a]))
            thresholds[a] = in_periods(rule, periods, false, thresholds[a]);
}

void rule_least_thresholds(const struct rule *rule, int64_t *thresholds)
{
    for (unsigned a = 0; a < rule->atom_count; a++)
        thresholds[a] = rule->atoms[a].threshold;
    for (unsigned i = 0; i < rule->override_count; i++)
        if (rule->overrides[i].threshold < thresholds[rule->overrides[i].atom])
            thresholds[rule->overrides[i].atom] = rule->overrides[i].threshold;
    for (unsigned a = 0; a < rule->atom_count && rule->during_count; a++)
        if (rule_is_multiplied(rule, &rule->atoms[a]))
            thresholds[a] = in_periods(rule, UINT32_MAX, true, thresholds[a]);
}

uint32_t rule_periods(const struct rule_set *set, const struct rule *rule, int64_t minute)
{
    uint32_t mine = 0;
    for (unsigned i = 0; i < rule->during_count; i++)
        mine |= rule->during[i].periods;
    return mine ? calendar_periods(set->calendar, local_day(set, minute)) & mine : 0;
}

int64_t rule_next_date(const struct rule_set *set, const struct rule *rule, int64_t minute)
{
    int64_t next = INT64_MAX;
    if (rule->valid_from > minute)
        next = rule->valid_from;
    if (rule->valid_to > minute && rule->valid_to < next)
        next = rule->valid_to;
    if (!rule->during_count)
        return next;
    int64_t day = calendar_next_change(set->calendar, local_day(set, minute));
    if (day == INT64_MAX)
        return next;
    int64_t begins = day * DAY_MINUTES - set->utc_offset_s / 60;
    return begins < next ? begins : next;
}

int32_t rule_reach_s(const struct rule *rule)
{
    int32_t reach = rule->within_s;
    for (unsigned i = 0; i < rule->window_count; i++)
        if (rule->windows[i].within.s + rule->windows[i].lag_s > reach)
            reach = rule->windows[i].within.s + rule->windows[i].lag_s;
    return reach;
}
