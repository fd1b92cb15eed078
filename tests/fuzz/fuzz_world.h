/* The context in which rules and conditions are read by the fuzzers: the shipped district, from the project's root. */
#ifndef GW_FUZZ_WORLD_H
#define GW_FUZZ_WORLD_H

#include "base/check.h"
#include "decode/event.h"
#include "decode/offer.h"
#include "rule/calendar.h"
#include "rule/rule_priv.h"

/* of the sources below: from nearly all to nearly nothing, so that conditions can ask for what none of them has */
static const struct offer fuzz_offers[] = {{.kinds = 1u << EVENT_CREATED | 1u << EVENT_CLOSED,
                                            .tags = 1,
                                            .any_category = true,
                                            .callers = true,
                                            .respondents = true,
                                            .matters = true},
                                           {.kinds = 1u << EVENT_CREATED, .any_category = true, .involved = true},
                                           {.kinds = 1u << EVENT_READING, .values = true}};

static inline const struct rule_context *fuzz_context(void)
{
    static const char *const levels[] = {"blue", "yellow", "orange", "red"};
    static const struct offer *const offers[] = {&fuzz_offers[0], &fuzz_offers[1], &fuzz_offers[2]};
    static struct rule_context context;
    struct problems problems = {0};
    if (context.registry)
        return &context;
    struct catalogue *catalogue = catalogue_create();
    catalogue_load_categories(catalogue, "rules/district/categories.csv", &problems);
    catalogue_add_source(catalogue, "hotline");
    catalogue_add_source(catalogue, "petition");
    catalogue_add_source(catalogue, "sensor");
    catalogue_add_tag(catalogue, "threat");
    catalogue_add_tag(catalogue, "collective");
    context = (struct rule_context){.registry = registry_load("rules/district/regions.csv", &problems),
                                    .catalogue = catalogue,
                                    .level_names = levels,
                                    .level_count = 4,
                                    .retention_s = 35 * 86400,
                                    .readings_retention_s = 48 * 3600,
                                    .models_path = "models",
                                    .offers = offers,
                                    .utc_offset_s = 8 * 3600,
                                    .calendar = calendar_load("rules/district/calendar.csv", &problems)};
    CHECK(problems.count == 0);
    return &context;
}

/* Where all comparisons are >=, raising what is compared to its thresholds, one after the other, never makes the level
 * false, and in the end it holds. */
static inline void fuzz_check_monotone(const struct rule *rule, const struct expression *e)
{
    int64_t values[TERMS_MAX] = {0};
    for (unsigned i = 0; i < rule->atom_count; i++)
        if (rule->atoms[i].at_most)
            return;
    bool before = expression_holds(e, rule, values, NULL, true);
    for (unsigned i = 0; i < rule->atom_count; i++) {
        int64_t *value = &values[rule->atoms[i].term];
        *value = rule->atoms[i].threshold > *value ? rule->atoms[i].threshold : *value;
        bool after = expression_holds(e, rule, values, NULL, true);
        CHECK(after || !before);
        before = after;
    }
    CHECK(before == (e->count > 0));
}

#endif
