/* Any bytes as a rule file: YAML reader, rule reader and expression compiler.  What gets through must be monotone (a
 * condition that more events could make false would need another engine) and have one canonical text.  Run from the
 * project's root. */
#include "base/check.h"
#include "rule/rule_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_monotone(const struct rule *rule, unsigned level)
{
    int64_t values[ATOMS_MAX] = {0};
    bool before = expression_holds(&rule->level[level], rule, values);
    for (unsigned i = 0; i < rule->atom_count; i++) {
        values[i] = rule->atoms[i].threshold > values[i] ? rule->atoms[i].threshold : values[i];
        bool after = expression_holds(&rule->level[level], rule, values);
        CHECK(after || !before);
        before = after;
    }
    CHECK(before == (rule->level[level].count > 0));
}

static void check_rule(const struct rule *rule, const struct rule_context *context)
{
    char *computed[2], *said[2];
    for (unsigned level = 1; level <= context->level_count; level++)
        check_monotone(rule, level);
    for (unsigned i = 0; i < 2; i++)
        rule_canonical(rule, context, &computed[i], &said[i]);
    CHECK(strcmp(computed[0], computed[1]) == 0 && strcmp(said[0], said[1]) == 0);
    for (unsigned i = 0; i < 2; i++) {
        free(computed[i]);
        free(said[i]);
    }
}

static struct rule_context *load_context(void)
{
    static const char *const levels[] = {"blue", "yellow", "orange", "red"};
    static struct rule_context context;
    struct problems problems = {0};
    if (context.registry)
        return &context;
    struct catalogue *catalogue = catalogue_create();
    catalogue_load_categories(catalogue, "rules/district/categories.csv", &problems);
    catalogue_add_source(catalogue, "hotline");
    catalogue_add_source(catalogue, "petition");
    catalogue_add_tag(catalogue, "threat");
    context = (struct rule_context){
        registry_load("rules/district/regions.csv", &problems), catalogue, levels, 4, 35 * 86400, 48 * 3600};
    CHECK(problems.count == 0);
    return &context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rule_context *context = load_context();
    struct problems problems = {0};
    struct yaml_file *file = yaml_parse("fuzz.yaml", (struct str){(const char *)data, size}, &problems);
    if (file) {
        struct rule_set *set = xcalloc(1, sizeof *set);
        rule_set_read(set, yaml_root(file), context, &problems);
        for (unsigned i = 0; i < set->count && problems.count == 0; i++)
            check_rule(&set->rules[i], context);
        rule_set_destroy(&set);
    }
    yaml_close(&file);
    problems_clear(&problems);
    return 0;
}
