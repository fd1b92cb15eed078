/* The routing table: the first line that fits, what stands for the alert's own street, every mistake at its place. */
#include "rule/routing.h"

#include "rule_world.h"

static const char rules[] = "routing: r.csv\nrules:\n"
                            "  - {id: a, let: {w: {category: labour.wage_arrears}}, per: grid, within: 24h, levels: {yellow: w >= 1, red: w >= 5},"
                            " send: {lead: 局, assist: [street]}, sign_within: {yellow: 4h}, close_within: {yellow: 5d}}\n";

static struct rule_set *with(const char *table)
{
    write_file("r.csv", table);
    return load(rules);
}

static struct route routed(const struct rule_set *set, unsigned level, const char *region)
{
    struct route r;
    route_of(set, &set->rules[0], registry, CATEGORY_NONE, level, registry_find(registry, str_of(region)), &r);
    return r;
}

START_TEST(the_rule_says_where_no_line_does)
{
    struct rule_set *set = accepted(with("类别,牵头\nnoise,城管局\n"));
    struct route r = routed(set, 2, "1111");
    ck_assert_str_eq(r.lead, "局");
    ck_assert_uint_eq(r.assist_count, 1);
    ck_assert_str_eq(r.assist[0], "街");
    ck_assert_int_eq(r.tier, REGION_STREET);
    ck_assert_str_eq(r.above[REGION_DISTRICT], "区");
    ck_assert_int_eq(r.sign_within.s, 4 * 3600);
    ck_assert_int_eq(r.close_within.s, 5 * 86400);
    ck_assert_int_eq(r.arrive_within.s, 0);
    r = routed(set, 2, "1");
    ck_assert_int_eq(r.tier, REGION_DISTRICT);
    ck_assert_uint_eq(r.assist_count, 0);
    rule_set_destroy(&set);
}
END_TEST

START_TEST(the_first_line_that_fits_counts)
{
    struct rule_set *set = accepted(with("category,level,region,lead,assist,tier,district_unit,sign_within,arrive_within,close_within\n"
                                         "labour,red,,公安,street;社区,district,,10m,,\n"
                                         "labour,,11,,,社区,区中心,,1h,2d\n"
                                         ",,12,道办,,,,,,\n"));
    struct route r = routed(set, 4, "1111");
    ck_assert_str_eq(r.lead, "公安");
    ck_assert_uint_eq(r.assist_count, 2);
    ck_assert_str_eq(r.assist[0], "街");
    ck_assert_str_eq(r.assist[1], "社");
    ck_assert_int_eq(r.tier, REGION_DISTRICT);
    ck_assert_int_eq(r.sign_within.s, 600);
    r = routed(set, 2, "1112");
    ck_assert_str_eq(r.lead, "局");
    ck_assert_int_eq(r.tier, REGION_COMMUNITY);
    ck_assert_str_eq(r.above[REGION_DISTRICT], "区中心");
    ck_assert_int_eq(r.sign_within.s, 4 * 3600);
    ck_assert_int_eq(r.arrive_within.s, 3600);
    ck_assert_int_eq(r.close_within.s, 2 * 86400);
    ck_assert_str_eq(routed(set, 2, "12").lead, "道办");
    char digest[sizeof set->digest];
    memcpy(digest, set->digest, sizeof digest);
    rule_set_destroy(&set);
    set = accepted(with("lead\n道办\n")); /* another table, another set */
    ck_assert_str_ne(set->digest, digest);
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *table, *problem;
    int line;
} mistakes[] = {
    {"lead\n", "without a line", 1},
    {"level,lead\nvermilion,x\n", "unknown level vermilion", 2},
    {"category,lead\nsmoke,x\n", "unknown category smoke", 2},
    {"region,lead\n99,x\n", "unknown region 99", 2},
    {"lead,tier\nx,grid\n", "grid is no tier", 2},
    {"lead,sign_within\nx,soon\n", "expected a time such as", 2},
    {"lead,close_within\nx,5个工作日\n", "need a calendar", 2},
    {"level,lead\n,x\n红,y\n", "never asked: line 2", 3},
    {"region,lead\n1,x\n1111,y\n", "never asked: line 2", 3},
};

START_TEST(every_mistake_is_told)
{
    struct rule_set *set = with(mistakes[_i].table);
    refused(set, mistakes[_i].problem);
    ck_assert_int_eq(problems.all[0].line, mistakes[_i].line);
    ck_assert_ptr_nonnull(strstr(problems.all[0].file, "r.csv"));
}
END_TEST

START_TEST(there_is_one_table)
{
    write_file("r.csv", "lead\nx\n");
    write_file("q.yaml", "派发表: r.csv\n规则: [{编号: b, 定义: {w: {类别: noise}}, 按: 网格, 时间窗: 1天, 级别: {黄: w ≥ 1}}]\n");
    refused(load(rules), "another file of the rules names one already");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("routing");
    tcase_add_test(tests, the_rule_says_where_no_line_does);
    tcase_add_test(tests, the_first_line_that_fits_counts);
    tcase_add_loop_test(tests, every_mistake_is_told, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, there_is_one_table);
    return rule_world_run("routing", tests);
}
