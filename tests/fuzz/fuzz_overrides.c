/* Any bytes as thresholds of single regions.  What gets through names regions and levels that exist, each threshold
 * once.  Run from the project's root. */
#include "memory_file.h"

#include "rule/overrides.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct memory_file file; /* libFuzzer offers no other place */
static struct rule_context context;

static void set_up(void)
{
    static const char *const levels[] = {"blue", "yellow", "orange", "red"};
    struct problems problems = {0};
    context = (struct rule_context){
        .registry = registry_load("rules/district/regions.csv", &problems), .level_names = levels, .level_count = 4};
    CHECK(context.registry && problems.count == 0);
}

static void check_override(const struct overrides *o, unsigned i)
{
    const struct override *one = &o->all[i];
    CHECK(one->region >= 1 && one->region <= registry_count(context.registry));
    CHECK(one->level >= 1 && one->level <= 4 && one->measure[0]);
    CHECK(one->threshold > -INT64_C(1000000000000000) && one->threshold < INT64_C(1000000000000000));
    for (unsigned k = 0; k < OVERRIDE_COLUMNS; k++)
        CHECK(one->line >= 2 && one->col[k] >= 1);
    for (unsigned k = 0; k < i; k++)
        CHECK(o->all[k].region != one->region || o->all[k].level != one->level ||
              strcmp(o->all[k].measure, one->measure) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!context.registry)
        set_up();
    struct problems problems = {0};
    struct overrides *o = overrides_load(memory_file_set(&file, data, size), &context, &problems);
    CHECK((o == NULL) == (problems.count > 0));
    for (unsigned i = 0; o && i < o->count; i++)
        check_override(o, i);
    overrides_destroy(&o);
    problems_clear(&problems);
    return 0;
}
