/* The YAML reader: what it takes, what it refuses, and above all that places are exact, since the rule authors'
 * only help is file:line:column. */
#include "config/yaml.h"

#include <check.h>
#include <stdlib.h>

static struct problems problems;

static void forget(void)
{
    problems_clear(&problems);
}

static struct yaml_file *parse(const char *text)
{
    return yaml_parse("t.yaml", str_of(text), &problems);
}

static void expect_problem(size_t i, int line, int col, const char *part)
{
    ck_assert_uint_gt(problems.count, i);
    ck_assert_msg(strstr(problems.all[i].text, part) != NULL, "%s", problems.all[i].text);
    ck_assert_int_eq(problems.all[i].line, line);
    ck_assert_int_eq(problems.all[i].col, col);
}

START_TEST(tree_and_places)
{
    struct yaml_file *file = parse("规则: 甲\nb: {c: [1, 'x', \"y\"]}\n");
    const struct yaml_node *root = yaml_root(file);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_int_eq(root->kind, YAML_MAPPING);
    ck_assert_uint_eq(root->count, 2);
    ck_assert_str_eq(yaml_get(root, "规则")->text.at, "甲");
    ck_assert_int_eq(yaml_get(root, "规则")->col, 5);
    const struct yaml_node *list = yaml_get(yaml_get(root, "b"), "c");
    ck_assert_uint_eq(list->count, 3);
    ck_assert_int_eq(list->items[1]->line, 2);
    ck_assert_int_eq(list->items[1]->col, 12);
    ck_assert(!list->items[0]->quoted && list->items[1]->quoted && list->items[2]->quoted);
    ck_assert_ptr_null(yaml_get(root, "nothing"));
    ck_assert_ptr_null(yaml_get(list, "c"));
    yaml_close(&file);
    ck_assert_ptr_null(file);
}
END_TEST

START_TEST(json_is_yaml)
{
    struct yaml_file *file = parse("{\"a\": [1, true, null], \"b\": {\"c\": \"24h\"}}");
    ck_assert_uint_eq(problems.count, 0);
    ck_assert(yaml_blank(yaml_get(yaml_root(file), "a")->items[2]));
    ck_assert_int_eq(yaml_duration(yaml_get(yaml_get(yaml_root(file), "b"), "c"), "c", 0, 1 << 30, -1, &problems),
                     86400);
    yaml_close(&file);
}
END_TEST

START_TEST(columns_within_scalars)
{
    struct yaml_file *file =
        parse("plain: 甲乙 >= 3\nquoted: '甲乙 >= 3'\nescaped: \"\\u7532 >= 3\"\nfolded: >\n  甲\n  乙\n");
    const struct yaml_node *root = yaml_root(file);
    size_t offset = strlen("甲乙 ");
    ck_assert_int_eq(yaml_column(yaml_get(root, "plain"), offset), 8 + 3);
    ck_assert_int_eq(yaml_column(yaml_get(root, "quoted"), offset), 9 + 1 + 3);
    ck_assert_int_eq(yaml_column(yaml_get(root, "escaped"), offset), 10);
    ck_assert(!yaml_get(root, "folded")->literal);
    ck_assert_str_eq(yaml_get(root, "folded")->text.at, "甲 乙\n");
    yaml_close(&file);
}
END_TEST

static const struct {
    const char *text;
    int line, col;
    const char *problem;
    bool read; /* a tree all the same: so that other mistakes are found in the same run */
} refused[] = {
    {"a: 1\nb: 2\na: 3\n", 3, 1, "stands here twice, first in line 1", true},
    {"a: &x 1\n", 1, 4, "anchors and aliases", true},
    {"a: *x\n", 1, 4, "anchors and aliases", true},
    {"a: !ruby/object 1\n", 1, 4, "tags such as !ruby/object", true},
    {"a: \"x\\0y\"\n", 1, 4, "NUL", true},
    {"[a]: 1\n", 1, 1, "a key must be text", true},
    {"a: [1, 2\n", 2, 1, "not YAML", false},
    {"a: 1\n b: 2\n", 2, 3, "not YAML", false},
    {"a: 1\nb：2\nc: 3\n", 3, 1, "full-width", false},
    {"a:\n\tb: 1\n", 2, 1, "indent with spaces", false},
    {"", 0, 0, "the file is empty", false},
    {"# only a comment\n", 0, 0, "the file is empty", false},
    {"a: 1\n---\nb: 2\n", 2, 0, "a second document", false},
    {"a: 1\nb: \xC4\xE3\n", 2, 0, "save the file as UTF-8", false},
};

START_TEST(refusals)
{
    struct yaml_file *file = parse(refused[_i].text);
    ck_assert_uint_ge(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, refused[_i].problem) != NULL, "%s", problems.all[0].text);
    if (refused[_i].line)
        expect_problem(0, refused[_i].line, refused[_i].col, refused[_i].problem);
    ck_assert_int_eq(file != NULL, refused[_i].read);
    yaml_close(&file);
}
END_TEST

START_TEST(bounds)
{
    char deep[201] = {0};
    memset(deep, '[', 200);
    ck_assert_ptr_null(parse(deep));
    expect_problem(0, 1, 34, "too large");
    forget();
    ck_assert_ptr_null(yaml_read("/no/such/file.yaml", &problems));
    ck_assert_uint_eq(problems.count, 1);
}
END_TEST

START_TEST(unknown_keys)
{
    static const char *const known[] = {"lateness", "topic", "级别"};
    struct yaml_file *file = parse("latenes: 1\n级別: 2\nqqqqqqqq: 3\ntopic: 4\n");
    yaml_only(yaml_root(file), known, 3, &problems);
    ck_assert_uint_eq(problems.count, 3);
    expect_problem(0, 1, 1, "did you mean lateness?");
    expect_problem(1, 2, 1, "did you mean 级别?");
    expect_problem(2, 3, 1, "unknown key qqqqqqqq");
    ck_assert_ptr_null(strstr(problems.all[2].text, "did you mean"));
    yaml_close(&file);
}
END_TEST

static const struct {
    const char *text;
    int64_t duration, bytes, integer; /* -1: refused */
} values[] = {
    {"90s", 90, -1, -1},
    {"1h30m", 5400, -1, -1},
    {"35d", 35 * 86400, -1, -1},
    {"24小时", 86400, -1, -1},
    {"２４小时", 86400, -1, -1},
    {"1小时30分钟", 5400, -1, -1},
    {"30m1h", -1, -1, -1},
    {"1h1h", -1, -1, -1},
    {"h", -1, -1, -1},
    {"10 m", -1, -1, -1},
    {"-5m", -1, -1, -1},
    {"99999999999999999999d", -1, -1, -1},
    {"106751991167301d", -1, -1, -1},
    {"90", -1, 90, 90},
    {"９０", -1, 90, 90},
    {"0x10", -1, -1, -1},
    {"1_000", -1, -1, -1},
    {"010", -1, 10, 10},
    {"1.5", -1, -1, -1},
    {"'90'", -1, 90, -1},
    {"64MiB", -1, 64 << 20, -1},
    {"1GiB512MiB", -1, (INT64_C(3) << 29), -1},
    {"64MB", -1, -1, -1},
    {"64M", -1, -1, -1},
    {"9223372036854775808", -1, -1, -1},
    {"-1", -1, -1, -1},
    {"~", -1, -1, -1},
    {"[1]", -1, -1, -1},
};

START_TEST(typed_values)
{
    char text[64];
    snprintf(text, sizeof text, "v: %s", values[_i].text);
    struct yaml_file *file = parse(text);
    const struct yaml_node *v = yaml_get(yaml_root(file), "v");
    int wrong = (values[_i].duration < 0) + (values[_i].bytes < 0) + (values[_i].integer < 0);
    ck_assert_int_eq(yaml_duration(v, "v", 0, INT32_MAX, -1, &problems), values[_i].duration);
    ck_assert_int_eq(yaml_bytes(v, "v", 0, INT64_C(1) << 40, -1, &problems), values[_i].bytes);
    ck_assert_int_eq(yaml_integer(v, "v", 0, INT64_MAX, -1, &problems), values[_i].integer);
    ck_assert_uint_eq(problems.count, (unsigned)wrong);
    yaml_close(&file);
}
END_TEST

START_TEST(other_values)
{
    struct yaml_file *file = parse("t: true\nf: 否\nq: 'true'\nneg: -3\nempty:\nnone: ''\ntext: 甲\nlist: []\n");
    const struct yaml_node *root = yaml_root(file);
    ck_assert(yaml_bool(yaml_get(root, "t"), "t", false, &problems));
    ck_assert(!yaml_bool(yaml_get(root, "f"), "f", true, &problems));
    ck_assert(yaml_bool(NULL, "absent", true, &problems));
    ck_assert_int_eq(yaml_integer(yaml_get(root, "neg"), "neg", -5, 5, 0, &problems), -3);
    ck_assert_str_eq(yaml_text(yaml_get(root, "none"), "none", "x", &problems), "");
    ck_assert_str_eq(yaml_text(yaml_get(root, "text"), "text", "x", &problems), "甲");
    ck_assert(yaml_blank(yaml_get(root, "empty")) && yaml_blank(yaml_get(root, "list")) && yaml_blank(NULL));
    ck_assert_uint_eq(problems.count, 0);
    ck_assert(!yaml_bool(yaml_get(root, "q"), "q", false, &problems));
    ck_assert_ptr_null(yaml_text(yaml_get(root, "empty"), "empty", NULL, &problems));
    ck_assert_int_eq(yaml_duration(yaml_get(root, "t"), "t", 60, 86400, 7, &problems), 7);
    ck_assert_uint_eq(problems.count, 3);
    expect_problem(0, 3, 4, "q: expected true or false");
    expect_problem(1, 5, 7, "empty: expected text");
    expect_problem(2, 1, 4, "from 1m to 1d");
    yaml_close(&file);
}
END_TEST

START_TEST(paths)
{
    struct yaml_file *file = yaml_parse("a/b/c.yaml", STR("x: 1"), &problems);
    char *relative = yaml_resolve(file, "d.csv"), *absolute = yaml_resolve(file, "/d.csv");
    ck_assert_str_eq(relative, "a/b/d.csv");
    ck_assert_str_eq(absolute, "/d.csv");
    free(relative);
    free(absolute);
    yaml_close(&file);
    file = parse("x: 1");
    relative = yaml_resolve(file, "d.csv");
    ck_assert_str_eq(relative, "d.csv");
    free(relative);
    yaml_close(&file);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("yaml");
    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, tree_and_places);
    tcase_add_test(tests, json_is_yaml);
    tcase_add_test(tests, columns_within_scalars);
    tcase_add_loop_test(tests, refusals, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, unknown_keys);
    tcase_add_loop_test(tests, typed_values, 0, sizeof values / sizeof *values);
    tcase_add_test(tests, other_values);
    tcase_add_test(tests, paths);
    Suite *suite = suite_create("yaml");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
