/* Thresholds of single regions: regions by code, by name and by both, and every mistake at its place. */
#include "rule/overrides.h"

#include "one_file.h"

static const char *const levels[] = {"blue", "yellow", "orange", "red"};

static struct names names;
static struct rule_context context;

static void prepare(void)
{
    names = names_create("code,name,level,parent\n"
                         "1,区,district,\n"
                         "11,和兴街道,street,1\n"
                         "12,清河街道,street,1\n"
                         "111,中心社区,community,11\n"
                         "121,中心社区,community,12\n"
                         "1211,第一网格,grid,121\n",
                         "path,name\nlabour,劳动\n");
    context = (struct rule_context){
        .registry = names.registry, .catalogue = names.catalogue, .level_names = levels, .level_count = 4};
    one_file_begin();
}

static void forget(void)
{
    names_destroy(&names);
    one_file_end();
}

static struct overrides *load(const char *text)
{
    one_file_write(text, strlen(text));
    return overrides_load(path, &context, &problems);
}

static struct overrides *load_good(const char *text)
{
    struct overrides *o = load(text);
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(o);
    return o;
}

static void expect(const struct overrides *o, unsigned i, const char *region, unsigned level, const char *measure,
                   int64_t threshold)
{
    ck_assert_uint_lt(i, o->count);
    const struct override *one = &o->all[i];
    ck_assert_str_eq(registry_region(names.registry, one->region)->code, region);
    ck_assert_uint_eq(one->level, level);
    ck_assert_str_eq(one->measure, measure);
    ck_assert_int_eq(one->threshold, threshold);
}

START_TEST(regions_go_by_code_or_name)
{
    struct overrides *o = load_good("region,level,measure,threshold\n"
                                    "11,yellow,wages.callers,2\n"
                                    "清河街道, 橙 ,wages,6\n"
                                    "第一网格,红色,level.max,-7.25\n"
                                    "121,blue,water.sum,０．５\n"
                                    "清河街道,橙,wages.callers,123456789012.001\n");
    ck_assert_uint_eq(o->count, 5);
    expect(o, 0, "11", 2, "wages.callers", 2000);
    expect(o, 1, "12", 3, "wages", 6000);
    expect(o, 2, "1211", 4, "level.max", -7250);
    expect(o, 3, "121", 1, "water.sum", 500);
    expect(o, 4, "12", 3, "wages.callers", INT64_C(123456789012001));
    ck_assert_str_eq(o->file, path);
    ck_assert_int_eq(o->all[1].line, 3);
    ck_assert_int_eq(o->all[1].col[OVERRIDE_REGION], 1);
    ck_assert_int_eq(o->all[1].col[OVERRIDE_LEVEL], 7);
    ck_assert_int_eq(o->all[1].col[OVERRIDE_MEASURE], 10);
    ck_assert_int_eq(o->all[1].col[OVERRIDE_THRESHOLD], 16);
    overrides_destroy(&o);
    ck_assert_ptr_null(o);
    overrides_destroy(&o);
}
END_TEST

START_TEST(code_and_name_guard_each_other)
{
    struct overrides *o = load_good("阈值,名称,计数,级别,编码\n"
                                    "3,和兴街道,欠薪.人数,黄,11\n"
                                    "4,中心社区,欠薪.人数,黄,121\n" /* a code makes the name enough */
                                    "5,,欠薪.人数,黄,12\n"
                                    "6,第一网格,欠薪.人数,黄,\n");
    expect(o, 0, "11", 2, "欠薪.人数", 3000);
    expect(o, 1, "121", 2, "欠薪.人数", 4000);
    expect(o, 2, "12", 2, "欠薪.人数", 5000);
    expect(o, 3, "1211", 2, "欠薪.人数", 6000);
    ck_assert_int_eq(o->all[1].col[OVERRIDE_REGION], 16);
    ck_assert_int_eq(o->all[3].col[OVERRIDE_REGION], 3);
    overrides_destroy(&o);
    ck_assert_ptr_null(load("region,code,name,level,measure,threshold\n"
                            "清河街道,11,和兴街道,red,w,1\n"
                            "11,11,清河街道,red,w,1\n"));
    expect_problem(2, 1, "清河街道 is not 11 和兴街道");
    expect_problem(3, 7, "清河街道 is not 11 和兴街道");
    ck_assert_uint_eq(problems.count, 2);
}
END_TEST

START_TEST(shows_every_mistake_at_once)
{
    ck_assert_ptr_null(load("region,level,measure,threshold\n"
                            "中心社区,red,w,1\n"          /* 2 */
                            "和星街道,red,w,1\n"          /* 3 */
                            "999,绿,w,x\n"                /* 4 */
                            ",red,,1.2345\n"              /* 5 */
                            "11,red,w.callers,1\n"        /* 6 */
                            "和兴街道,红,w.callers,2\n"   /* 7 */
                            "11,red,w,\n"                 /* 8 */
                            "11,orange,w,1.\n"            /* 9 */
                            "11,orange,v,1234567890123\n" /* 10 */
                            "11,blue,v,.5\n"));           /* 11 */
    expect_problem(2, 1, "2 regions bear the name 中心社区: write the code, one of 111, 121");
    expect_problem(3, 1, "did you mean 和兴街道?");
    expect_problem(4, 1, "unknown region 999");
    expect_problem(4, 5, "unknown level 绿; the levels are blue, yellow, orange, red");
    expect_problem(4, 9, "expected a number");
    expect_problem(5, 1, "without a region");
    expect_problem(5, 6, "without a measure");
    expect_problem(5, 7, "up to 12 digits and 3 decimals");
    expect_problem(7, 8, "as in line 6");
    expect_problem(8, 10, "expected a number");
    expect_problem(9, 13, "expected a number");
    expect_problem(10, 13, "expected a number");
    expect_problem(11, 11, "expected a number");
    ck_assert_uint_eq(problems.count, 13);
    ck_assert_ptr_null(load("level,measure,threshold\nred,w,1\n"));
    expect_problem(1, 1, "no column region (区域)");
    ck_assert_ptr_null(load("region,level,measure,threshold\n9.90101E+14,red,w,1\n"));
    expect_problem(2, 1, "format the column as text");
}
END_TEST

START_TEST(without_a_registry_no_region_is_judged)
{
    context.registry = NULL;
    struct overrides *o = load_good("region,level,measure,threshold\n甲,red,w,1\n乙,red,w,1\n");
    ck_assert_uint_eq(o->count, 2);
    ck_assert_uint_eq(o->all[1].region, REGION_NONE);
    overrides_destroy(&o);
}
END_TEST

START_TEST(levels_may_have_other_names)
{
    static const char *const own[] = {"notice", "red"};
    context.level_names = own;
    context.level_count = 2;
    struct overrides *o = load_good("region,level,measure,threshold\n11,notice,w,1\n11,红,w,2\n");
    expect(o, 0, "11", 1, "w", 1000);
    expect(o, 1, "11", 2, "w", 2000);
    overrides_destroy(&o);
    ck_assert_ptr_null(load("region,level,measure,threshold\n11,黄,w,1\n"));
    expect_problem(2, 4, "the levels are notice, red");
}
END_TEST

START_TEST(the_example_loads)
{
    registry_destroy(&names.registry);
    names.registry = registry_load("rules/district/regions.csv", &problems); /* from the project's root */
    context.registry = names.registry;
    struct overrides *o = overrides_load("rules/district/rules/wage_arrears.csv", &context, &problems);
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(o);
    ck_assert_uint_eq(o->count, 5);
    expect(o, 3, "990101003", 4, "wages.involved", 60000);
    overrides_destroy(&o);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        regions_go_by_code_or_name,            code_and_name_guard_each_other, shows_every_mistake_at_once,
        without_a_registry_no_region_is_judged, levels_may_have_other_names,   the_example_loads,
    };
    Suite *suite = suite_create("overrides");
    TCase *one = tcase_create("overrides");
    tcase_add_checked_fixture(one, prepare, forget);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(one, tests[i]);
    suite_add_tcase(suite, one);
    return core_run(suite);
}
