/* Any bytes as a scorecard that a rule asks for.  What gets through names terms of the rule, and its bins rise.  Run from
 * the project's root. */
#include "fuzz_world.h"
#include "memory_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char asking[] = "rules: [{id: a, let: {a: {}}, per: grid, within: 1h, levels: {red: score(x) >= 1}}]";

static struct memory_file file; /* libFuzzer offers no other place */
static struct rule_context context;
static char folder[] = "/tmp/gridwarn-fuzz-XXXXXX", model[sizeof folder + 8];

static void clean_up(void)
{
    unlink(model);
    rmdir(folder);
}

/* models are found by name in a folder: there it is a link to the file in memory */
static void set_up(const char *path)
{
    context = *fuzz_context();
    CHECK(mkdtemp(folder));
    snprintf(model, sizeof model, "%s/x.json", folder);
    CHECK(symlink(path, model) == 0 && atexit(clean_up) == 0);
    context.models_path = folder;
}

static void check_score(const struct rule *rule, const struct score *score)
{
    CHECK(score->feature_count > 0);
    for (unsigned i = 0; i < score->feature_count; i++) {
        const struct feature *f = &score->features[i];
        CHECK(f->term < rule->term_count && f->bin_count > 0 && f->bins[f->bin_count - 1].below == INT64_MAX);
        for (unsigned b = 1; b < f->bin_count; b++)
            CHECK(f->bins[b].below > f->bins[b - 1].below);
        for (unsigned b = 0; b < f->bin_count; b++)
            CHECK(feature_points(f, f->bins[b].below - 1) == f->bins[b].points);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = memory_file_set(&file, data, size);
    if (!context.registry)
        set_up(path);
    struct problems problems = {0};
    struct yaml_file *rules = yaml_parse("rules", (struct str){asking, sizeof asking - 1}, &problems);
    struct rule_set *set = xcalloc(1, sizeof *set);
    rule_set_read(set, yaml_root(rules), &context, &problems);
    CHECK(set->count == 1);
    if (problems.count == 0) {
        CHECK(set->rules[0].score_count == 1);
        check_score(&set->rules[0], &set->rules[0].scores[0]);
    }
    rule_set_destroy(&set);
    yaml_close(&rules);
    problems_clear(&problems);
    return 0;
}
