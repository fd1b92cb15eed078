/* The registry, the catalogue and the CSV reader below them: the tree they build, and that every mistake of a file
 * is found at once and shown where it stands. */
#include "registry/catalogue.h"
#include "registry/csv.h"
#include "registry/registry.h"

#include "one_file.h"

#include <math.h>

static struct registry *load(const char *text)
{
    one_file_write(text, strlen(text));
    return registry_load(path, &problems);
}

static const char tree[] =
    "\xEF\xBB\xBF"
    "name,code,level,parent,neighbours,lon,lat,population,valid_from,valid_to,successors,note\r\n"
    "一号网格,G1,grid,C1,G2;S2;G3,120.5,30.25,812,2024-02-29,2026-01-01,G2;G3,x\r\n"
    "\r\n"
    "二号网格,G2,网格,C1,G1,,,,,,,\r\n"
    "某区,D,district,,,,,,,,,\r\n"
    "甲街道,S1,街道,D,,,,,,,,\r\n"
    "甲社区,C1,社区,S1,,,,,,,,\r\n"
    "乙街道,S2,street,D,,,,,,,,\r\n"
    "三号网格,G3,grid,S2,G1,,,,,,,\r\n"
    "三号网格,M1,micro_grid,G3,,,,,,,,\r\n"
    "\"另一\n\"\"区\"\"\",E,district,,,,,,,,,\r\n";

START_TEST(numbers_the_tree_depth_first)
{
    static const char *const order[] = {"D", "S1", "C1", "G1", "G2", "S2", "G3", "M1", "E"};
    static const uint32_t last[] = {8, 5, 5, 4, 5, 8, 8, 8, 9};
    struct registry *r = load(tree);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(registry_count(r), 9);
    for (uint32_t i = 0; i < 9; i++) {
        ck_assert_uint_eq(registry_find(r, str_of(order[i])), i + 1);
        ck_assert_str_eq(registry_region(r, i + 1)->code, order[i]);
        ck_assert_uint_eq(registry_region(r, i + 1)->last, last[i]);
    }
    ck_assert_uint_eq(registry_find(r, STR("G")), REGION_NONE);
    ck_assert_uint_eq(registry_find_name(r, STR("甲社区")), 3);
    ck_assert_uint_eq(registry_find_name(r, STR("三号网格")), REGION_NONE);
    ck_assert_str_eq(registry_region(r, 9)->name, "另一\n\"区\"");
    registry_destroy(&r);
    ck_assert_ptr_null(r);
}
END_TEST

START_TEST(knows_ancestors_and_neighbours)
{
    struct registry *r = load(tree);
    ck_assert_ptr_nonnull(r);
    const struct region *micro = registry_region(r, 8), *grid = registry_region(r, 4);
    ck_assert_uint_eq(region_at(micro, REGION_DISTRICT), 1);
    ck_assert_uint_eq(region_at(micro, REGION_STREET), 6);
    ck_assert_uint_eq(region_at(micro, REGION_COMMUNITY), REGION_NONE);
    ck_assert_uint_eq(region_at(micro, REGION_GRID), 7);
    ck_assert_uint_eq(region_at(micro, REGION_MICRO_GRID), 8);
    ck_assert_uint_eq(grid->neighbour_count, 2); /* a street is none */
    ck_assert_uint_eq(problems.warnings, 1);
    expect_problem(2, 17, "S2 is of another level");
    ck_assert_uint_eq(grid->neighbours[0], 5);
    ck_assert_uint_eq(grid->neighbours[1], 7);
    ck_assert_double_eq(grid->lon, 120.5);
    ck_assert_double_eq(grid->lat, 30.25);
    ck_assert_uint_eq(grid->population, 812);
    ck_assert_int_eq(grid->valid_from, 1709136000); /* 2024-02-29T00:00:00+08:00 */
    ck_assert_int_eq(grid->valid_to, 1767196800);   /* 2026-01-01T00:00:00+08:00 */
    ck_assert_str_eq(grid->successors, "G2;G3");
    ck_assert(isnan(micro->lon) && isnan(micro->lat));
    registry_destroy(&r);
}
END_TEST

START_TEST(finds_the_lowest_common_region)
{
    struct registry *r = load(tree);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(registry_common(r, 4, 5), 3);
    ck_assert_uint_eq(registry_common(r, 5, 4), 3);
    ck_assert_uint_eq(registry_common(r, 4, 8), 1);
    ck_assert_uint_eq(registry_common(r, 7, 8), 7);
    ck_assert_uint_eq(registry_common(r, 4, 4), 4);
    ck_assert_uint_eq(registry_common(r, 4, 9), REGION_NONE);
    ck_assert_uint_eq(registry_common(r, REGION_NONE, 4), REGION_NONE);
    registry_destroy(&r);
}
END_TEST

START_TEST(shows_every_mistake_at_once)
{
    ck_assert_ptr_null(load("code,name,level,parent,neighbours,lon,lat,population,valid_from,valid_to,successors\n"
                            "D,区,district,,,,,,,,\n"
                            "S,街道甲,stret,D,,,,,,,\n"             /* 3 */
                            "G1,格,grid,X,,,,,,,\n"                 /* 4 */
                            "G1,格,grid,D,,,,,,,\n"                 /* 5 */
                            "C,社,community,G2,,,,,,,\n"            /* 6 */
                            "G2,,grid,D,G9;G2;G3;G3,,,,,,\n"        /* 7 */
                            "G3,格,grid,D,,181,3,-1,2026-02-30,,\n" /* 8 */
                            "G4,格,grid,D,,1,,x,2026-01-02,2026-01-01,Z\n"
                            "A,甲,grid,B,,,,,,,\n" /* 10 */
                            "B,乙,grid,A,,,,,,,\n"
                            ",丙,grid,D,,,,,,,\n"));
    expect_problem(3, 7, "unknown level stret");
    expect_problem(4, 11, "the parent X is not in this file");
    expect_problem(5, 1, "first in line 4");
    expect_problem(6, 15, "which is not above a community");
    expect_problem(7, 4, "without a name");
    expect_problem(7, 12, "G9 is not in this file");
    expect_problem(7, 12, "G2 is the region itself");
    expect_problem(7, 12, "G3 stands here twice");
    expect_problem(7, 12, "which does not name it (line 8)");
    expect_problem(8, 14, "from -180 to 180");
    expect_problem(8, 20, "whole number of people");
    expect_problem(8, 23, "a date such as");
    expect_problem(9, 14, "both or neither");
    expect_problem(9, 17, "whole number of people");
    expect_problem(9, 30, "not after valid_from");
    expect_problem(9, 41, "the successor Z");
    expect_problem(10, 10, "a circle");
    expect_problem(12, 1, "without a code");
    ck_assert_uint_eq(problems.count, 20); /* and of 10 and 11 that a grid is not above a grid */
}
END_TEST

START_TEST(refuses_files_that_are_no_table)
{
    ck_assert_ptr_null(load(""));
    expect_problem(0, 0, "expected a header line");
    problems_clear(&problems);
    ck_assert_ptr_null(load("code,name,level,parent\n"));
    expect_problem(0, 0, "no regions");
    problems_clear(&problems);
    ck_assert_ptr_null(load("cod,name,level,name\n"));
    expect_problem(1, 1, "no column code");
    expect_problem(1, 1, "did you mean code?");
    expect_problem(1, 1, "no column parent");
    expect_problem(1, 16, "stands here twice");
    problems_clear(&problems);
    ck_assert_ptr_null(load("code,name,level,parent\nD,区,district\nE,区,district,,x\n"));
    expect_problem(2, 1, "3 fields in this line, 4 in the header");
    expect_problem(3, 1, "5 fields in this line, 4 in the header");
    problems_clear(&problems);
    ck_assert_ptr_null(load("code,name,level,parent\nD,\"区,district,\nE"));
    expect_problem(2, 3, "never closed");
    problems_clear(&problems);
    ck_assert_ptr_null(load("code,name,level,parent\nD,\"区\"x,district,\n"));
    expect_problem(2, 6, "after the closing quote");
    problems_clear(&problems);
    ck_assert_ptr_null(load("code,name,level,parent\nD,区\xC7\xF8,district,\n"));
    expect_problem(2, 4, "neither UTF-8 nor GB18030");
    problems_clear(&problems);
    one_file_write("code\0", 5);
    ck_assert_ptr_null(registry_load(path, &problems));
    expect_problem(1, 5, "a NUL byte");
    problems_clear(&problems);
    ck_assert_ptr_null(registry_load("/nonexistent/regions.csv", &problems));
    expect_problem(0, 0, "can't be opened");
}
END_TEST

START_TEST(levels_have_two_names)
{
    for (int level = REGION_DISTRICT; level < REGION_LEVELS_END; level++)
        ck_assert_int_eq((int)region_level_parse(str_of(region_level_name((enum region_level)level))), level);
    ck_assert_int_eq((int)region_level_parse(STR("微网格")), REGION_MICRO_GRID);
    ck_assert_int_eq((int)region_level_parse(STR("区")), REGION_DISTRICT);
    ck_assert_int_eq((int)region_level_parse(STR("")), 0);
    ck_assert_int_eq((int)region_level_parse(STR("village")), 0);
}
END_TEST

START_TEST(categories_are_ranges)
{
    static const char text[] =
        "path,name\nlabour.wage_arrears,欠薪\nnoise,噪声\nlabour-x,甲\nlabour.contract.trial,试用\n";
    static const char *const order[] = {
        "labour", "labour.contract", "labour.contract.trial", "labour.wage_arrears", "labour-x", "noise"};
    static const uint16_t last[] = {4, 3, 3, 4, 5, 6};
    struct catalogue *c = catalogue_create();
    one_file_write(text, strlen(text));
    catalogue_load_categories(c, path, &problems);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_eq(catalogue_category_count(c), 6);
    for (uint16_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(catalogue_find_category(c, str_of(order[i])), i + 1U);
        ck_assert_str_eq(catalogue_category(c, (uint16_t)(i + 1))->path, order[i]);
        ck_assert_uint_eq(catalogue_category(c, (uint16_t)(i + 1))->last, last[i]);
    }
    ck_assert_str_eq(catalogue_category(c, 4)->name, "欠薪");
    ck_assert_str_eq(catalogue_category(c, 1)->name, "labour"); /* implied */
    ck_assert_uint_eq(catalogue_find_category(c, STR("labour.wage")), CATEGORY_NONE);
    catalogue_destroy(&c);
}
END_TEST

START_TEST(refuses_wrong_categories)
{
    static const char text[] = "path,name\n.a,x\na..b,x\na.b,x\na b,x\na.b,y\na.,x\n,x\n";
    struct catalogue *c = catalogue_create();
    one_file_write(text, strlen(text));
    catalogue_load_categories(c, path, &problems);
    static const int wrong[] = {2, 3, 5, 7, 8};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_problem(wrong[i], 1, "expected a dotted path");
    expect_problem(6, 1, "stands here twice");
    ck_assert_uint_eq(problems.count, 6);
    catalogue_destroy(&c);
}
END_TEST

START_TEST(organisations_have_aliases)
{
    static const char text[] = "code,name,aliases\nA1,\"甲,公司\",甲公司 ；甲劳务;;\nB2,乙公司,\n";
    struct catalogue *c = catalogue_create();
    one_file_write(text, strlen(text));
    catalogue_load_organisations(c, path, &problems);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_str_eq(catalogue_find_organisation(c, STR("甲劳务"))->code, "A1");
    ck_assert_str_eq(catalogue_find_organisation(c, STR("甲公司"))->code, "A1");
    ck_assert_str_eq(catalogue_find_organisation(c, STR("甲,公司"))->code, "A1");
    ck_assert_str_eq(catalogue_find_organisation(c, STR("B2"))->name, "乙公司");
    ck_assert_ptr_null(catalogue_find_organisation(c, STR("")));
    ck_assert_ptr_null(catalogue_find_organisation(c, STR("丙公司")));
    catalogue_destroy(&c);
}
END_TEST

START_TEST(refuses_ambiguous_organisations)
{
    static const char text[] = "code,name,aliases\nA1,甲,丙\nB2,乙,丁;丙\n,戊,\nC3,,A1\n";
    struct catalogue *c = catalogue_create();
    one_file_write(text, strlen(text));
    catalogue_load_organisations(c, path, &problems);
    expect_problem(3, 6, "丙 already is a code, name or alias of A1");
    expect_problem(4, 1, "without a code");
    expect_problem(5, 4, "without a name");
    expect_problem(5, 5, "A1 already is");
    ck_assert_uint_eq(problems.count, 4);
    catalogue_destroy(&c);
}
END_TEST

START_TEST(sources_and_tags_are_numbered_and_bounded)
{
    struct catalogue *c = catalogue_create();
    char name[16];
    ck_assert_int_eq(catalogue_add_source(c, "hotline"), 0);
    ck_assert_int_eq(catalogue_add_source(c, "petition"), 1);
    ck_assert_int_eq(catalogue_add_source(c, "hotline"), 0);
    ck_assert_int_eq(catalogue_find_source(c, STR("petition")), 1);
    ck_assert_int_eq(catalogue_find_source(c, STR("sensor")), -1);
    ck_assert_str_eq(catalogue_source(c, 1), "petition");
    for (int i = 0; i < TAGS_MAX; i++) {
        snprintf(name, sizeof name, "tag%d", i);
        ck_assert_int_eq(catalogue_add_tag(c, name), i);
    }
    ck_assert_int_eq(catalogue_add_tag(c, "one_more"), -1);
    ck_assert_int_eq(catalogue_add_tag(c, "tag3"), 3);
    ck_assert_uint_eq(catalogue_tag_count(c), TAGS_MAX);
    ck_assert_int_eq(catalogue_find_tag(c, STR("tag23")), 23);
    catalogue_destroy(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *one = tcase_create("registry");
    tcase_add_checked_fixture(one, one_file_begin, one_file_end);
    tcase_add_test(one, numbers_the_tree_depth_first);
    tcase_add_test(one, knows_ancestors_and_neighbours);
    tcase_add_test(one, finds_the_lowest_common_region);
    tcase_add_test(one, shows_every_mistake_at_once);
    tcase_add_test(one, refuses_files_that_are_no_table);
    tcase_add_test(one, levels_have_two_names);
    tcase_add_test(one, categories_are_ranges);
    tcase_add_test(one, refuses_wrong_categories);
    tcase_add_test(one, organisations_have_aliases);
    tcase_add_test(one, refuses_ambiguous_organisations);
    tcase_add_test(one, sources_and_tags_are_numbered_and_bounded);
    suite_add_tcase(suite, one);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
