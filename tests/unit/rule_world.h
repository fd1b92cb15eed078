/* What tests of the rule language share: a small district, a catalogue and a folder for rule files, all gone again
 * after each test. */
#ifndef GW_TESTS_RULE_WORLD_H
#define GW_TESTS_RULE_WORLD_H

#include "core.h"
#include "rule/rule.h"

#include <ftw.h>

static struct problems problems;
static struct registry *registry;
static struct catalogue *catalogue;
static struct rule_context context; /* a test may change it: every one begins with a new one */
static char folder[64];
static char in_folder_path[160];

/* the path of a file there; valid until the next call */
static inline const char *in_folder(const char *name)
{
    snprintf(in_folder_path, sizeof in_folder_path, "%s/%s", folder, name);
    return in_folder_path;
}

static inline void write_file(const char *name, const char *text)
{
    FILE *out = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

static inline void remove_file(const char *name)
{
    unlink(in_folder(name));
}

static inline void rule_world_set_up(void)
{
    static const char *const levels[] = {"blue", "yellow", "orange", "red"};
    snprintf(folder, sizeof folder, "/tmp/test_rule.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file("regions.csv", "code,name,level,parent,neighbours\n1,区,district,,\n11,街,street,1,12\n12,道,street,1,11\n"
                              "111,社,community,11,\n1111,网,grid,111,1112\n1112,格,grid,111,1111\n");
    write_file("categories.csv", "path,name\nlabour.wage_arrears,欠薪\nlabour.injury,工伤\nnoise,噪声\n");
    registry = registry_load(in_folder("regions.csv"), &problems);
    catalogue = catalogue_create();
    catalogue_load_categories(catalogue, in_folder("categories.csv"), &problems);
    catalogue_add_source(catalogue, "hotline");
    catalogue_add_source(catalogue, "petition");
    catalogue_add_source(catalogue, "sensor");
    catalogue_add_tag(catalogue, "collective");
    catalogue_add_tag(catalogue, "threat");
    remove_file("regions.csv");
    remove_file("categories.csv");
    ck_assert_uint_eq(problems.count, 0);
    context = (struct rule_context){.registry = registry,
                                    .catalogue = catalogue,
                                    .level_names = levels,
                                    .level_count = 4,
                                    .retention_s = 35 * 86400,
                                    .readings_retention_s = 48 * 3600,
                                    .utc_offset_s = 8 * 3600};
}

static inline int rule_world_remove(const char *path, const struct stat *about, int flag, struct FTW *where)
{
    (void)about;
    (void)flag;
    (void)where;
    return remove(path);
}

static inline void rule_world_tear_down(void)
{
    catalogue_destroy(&catalogue);
    registry_destroy(&registry);
    problems_clear(&problems);
    nftw(folder, rule_world_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* the rules of the folder, with this as r.yaml; NULL if they are refused */
static inline struct rule_set *load(const char *text)
{
    write_file("r.yaml", text);
    return rule_set_load(folder, &context, &problems);
}

static inline struct rule_set *accepted(struct rule_set *set)
{
    if (!set)
        problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(set);
    return set;
}

static inline struct rule_set *load_good(const char *text)
{
    return accepted(load(text));
}

/* for that one reason */
static inline void refused(const struct rule_set *set, const char *problem)
{
    ck_assert_ptr_null(set);
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, problem) != NULL, "%s", problems.all[0].text);
}

/* runs the tests of one case in this world; what main() returns */
static inline int rule_world_run(const char *name, TCase *tests)
{
    tcase_add_checked_fixture(tests, rule_world_set_up, rule_world_tear_down);
    tcase_set_timeout(tests, 240);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    return core_run(suite);
}

#endif
