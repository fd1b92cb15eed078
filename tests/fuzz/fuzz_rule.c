/* Any bytes as a rule file: YAML reader, rule reader and expression compiler.  What gets through has one canonical text,
 * thresholds that are nowhere below the least, and levels that more can only raise where all compare by >=.  Run from the
 * project's root. */
#include "fuzz_world.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DAY_MINUTES = 1440 };

/* in one region, on every date on which its thresholds change */
static void check_region(const struct rule_set *set, const struct rule *rule, const struct registry *registry,
                         uint32_t region, const int64_t *least)
{
    int64_t here[ATOMS_MAX];
    for (int64_t day = calendar_next_change(set->calendar, 0); day != INT64_MAX;
         day = calendar_next_change(set->calendar, day)) {
        rule_thresholds(set, rule, registry, region, day * DAY_MINUTES, here);
        for (unsigned a = 0; a < rule->atom_count; a++)
            CHECK(rule->atoms[a].at_most || here[a] >= least[a]);
    }
}

static void check_thresholds(const struct rule_set *set, const struct rule *rule, const struct rule_context *context)
{
    int64_t least[ATOMS_MAX];
    rule_least_thresholds(rule, least);
    check_region(set, rule, context->registry, REGION_NONE, least);
    for (unsigned i = 0; i < rule->override_count; i++)
        check_region(set, rule, context->registry, rule->overrides[i].region, least);
}

static void check_rule(const struct rule_set *set, const struct rule *rule, const struct rule_context *context)
{
    char *computed[2], *said[2];
    for (unsigned level = 1; level <= context->level_count; level++)
        fuzz_check_monotone(rule, &rule->level[level]);
    if (rule->during_count || rule->override_count)
        check_thresholds(set, rule, context);
    for (unsigned i = 0; i < 2; i++)
        rule_canonical(rule, context, &computed[i], &said[i]);
    CHECK(strcmp(computed[0], computed[1]) == 0 && strcmp(said[0], said[1]) == 0);
    for (unsigned i = 0; i < 2; i++) {
        free(computed[i]);
        free(said[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rule_context *context = fuzz_context();
    struct problems problems = {0};
    struct yaml_file *file = yaml_parse("rules/district/rules/fuzz.yaml", (struct str){(const char *)data, size}, &problems);
    if (file) {
        struct rule_set *set = xcalloc(1, sizeof *set);
        set->utc_offset_s = context->utc_offset_s;
        rule_set_read(set, yaml_root(file), context, &problems);
        /* the set borrows it for a while */
        set->calendar = (struct calendar *)(uintptr_t)context->calendar;
        for (unsigned i = 0; i < set->count && problems.count == 0; i++)
            check_rule(set, &set->rules[i], context);
        set->calendar = NULL;
        rule_set_destroy(&set);
    }
    yaml_close(&file);
    problems_clear(&problems);
    return 0;
}
