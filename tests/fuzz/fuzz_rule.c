/* Any bytes as a rule file: YAML reader, rule reader and expression compiler.  What gets through has one canonical text,
 * thresholds that are nowhere below the least, and levels that more can only raise where all compare by >=.  Run from the
 * project's root. */
#include "fuzz_world.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_thresholds(const struct rule_set *set, const struct rule *rule, const struct rule_context *context)
{
    int64_t least[ATOMS_MAX], here[ATOMS_MAX];
    rule_least_thresholds(rule, least);
    for (uint32_t region = 0; region <= registry_count(context->registry); region += 7)
        for (int64_t day = 20400; day < 20900; day += 31) {
            rule_thresholds(set, rule, context->registry, region, day * 1440, here);
            for (unsigned a = 0; a < rule->atom_count; a++)
                CHECK(rule->atoms[a].at_most || here[a] >= least[a]);
        }
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
