/* The list of problems: both languages, both severities, order, bounds; and the nearest word. */
#include "base/problem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct problems problems;

static void tear_down(void)
{
    problems.language = LANGUAGE_ENGLISH;
    problems_clear(&problems);
}

/* what is printed; free() */
static char *printed(void)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    problems_print(&problems, out);
    fclose(out);
    return text;
}

static void expect(const char *wanted)
{
    char *text = printed();
    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(order)
{
    problem_add(&problems, "b.yaml", 1, 1, "x");
    problem_add(&problems, "a.yaml", 10, 2, "x");
    problem_warn(&problems, "a.yaml", 9, 3, "%s: expected text", "id");
    problem_add(&problems, "a.yaml", 10, 1, "x");
    problem_add(&problems, "a.yaml", 0, 0, "x");
    ck_assert_uint_eq(problems.count, 4);
    ck_assert_uint_eq(problems.warnings, 1);
    expect("a.yaml: x\na.yaml:9:3: warning: id: expected text\na.yaml:10:1: x\na.yaml:10:2: x\nb.yaml:1:1: x\n");
    problems_clear(&problems);
    ck_assert_uint_eq(problems.count + problems.warnings + problems.kept, 0);
    expect("");
}
END_TEST

START_TEST(chinese)
{
    problems.language = LANGUAGE_CHINESE;
    problem_warn(&problems, "a", 1, 2, "%s: expected text", problem_word(&problems, "within (时间窗)"));
    /* its arguments in another order */
    problem_add(&problems, "a", 1, 3, "unknown %s %s; did you mean %s?", problem_word(&problems, "tag"), "急", "紧急");
    problem_add(&problems, "a", 1, 4, "this has no %s", problem_word(&problems, "translation"));
    problem_add(&problems, "a", 1, 5, "can't be read: %s", problem_word(&problems, strerror(2)));
    expect("a:1:2: 注意：时间窗（within）：应为文本\n"
           "a:1:3: 没有名为 急 的标签，是否应为 紧急？\n"
           "a:1:4: this has no translation\n"
           "a:1:5: 无法读取：没有这个文件或目录\n");
    problems_clear(&problems);
    ck_assert_int_eq(problems.language, LANGUAGE_CHINESE);
}
END_TEST

START_TEST(language)
{
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    unsetenv("LANG");
    ck_assert_int_eq(language_of_environment(), LANGUAGE_ENGLISH);
    setenv("LANG", "zh_CN.UTF-8", 1);
    ck_assert_int_eq(language_of_environment(), LANGUAGE_CHINESE);
    setenv("LC_MESSAGES", "en_US.UTF-8", 1);
    ck_assert_int_eq(language_of_environment(), LANGUAGE_ENGLISH);
    setenv("LC_ALL", "", 1); /* set to nothing is not set */
    ck_assert_int_eq(language_of_environment(), LANGUAGE_ENGLISH);
    setenv("LC_ALL", "zh_TW", 1);
    ck_assert_int_eq(language_of_environment(), LANGUAGE_CHINESE);
}
END_TEST

/* a file that is wrong from end to end, and one warning too many in another, hide nothing */
START_TEST(bounds)
{
    for (int i = 0; i < 150; i++)
        problem_add(&problems, "a", i + 1, 1, "x");
    for (int i = 0; i < 120; i++)
        problem_warn(&problems, "b", i + 1, 1, "x");
    problem_add(&problems, "b", 121, 1, "seen");
    problem_add(&problems, "a", 151, 1, "not seen");
    ck_assert_uint_eq(problems.count, 152);
    ck_assert_uint_eq(problems.warnings, 120);
    char *text = printed();
    ck_assert_ptr_nonnull(strstr(text, "\na: and 51 more\nb:1:1: warning: x\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nb:121:1: seen\nb: and 20 more\n"));
    ck_assert_ptr_null(strstr(text, "not seen"));
    free(text);
}
END_TEST

START_TEST(one_line_of_whole_characters)
{
    char long_text[3001];
    for (size_t i = 0; i < 1000; i++)
        memcpy(long_text + 3 * i, "长", 3);
    long_text[3000] = '\0';
    problem_add(&problems, "a", 1, 1, "a\n\033[31mb %s", "c\177");
    for (size_t shift = 0; shift < 3; shift++)
        problem_add(&problems, "b", 1, 1, "%s%s", &"xx"[shift], long_text);
    ck_assert_str_eq(problems.all[0].text, "a  [31mb c ");
    for (size_t i = 1; i < 4; i++) {
        const char *text = problems.all[i].text;
        size_t len = strlen(text);
        ck_assert_uint_gt(len, 1000);
        ck_assert_uint_lt(len, 1024);
        ck_assert_str_eq(text + len - 3, "长");
    }
}
END_TEST

static const struct {
    const char *word, *nearest;
} near[] = {
    {"类型", "类别"},
    {"标鉴", "标签"},
    {"签别", "类别"},
    {"窗时间", "时间窗"},     /* out and in again */
    {"收签时限", "签收时限"}, /* changed places */
    {"办理时限", "办结时限"},
    {"级别数", "级别"},
    {"每", NULL}, /* one character for another has nothing in common */
    {"地区", NULL},
    {"categroy", "category"},
    {"souce", "source"},
    {"x", NULL},
    {"", NULL},
    {"wiithn", "within"},
    {"\xe7\xb1", NULL},
};

START_TEST(nearest)
{
    static const char *const known[] = {"category", "类别",     "source",   "来源", "tag", "标签", "within", "时间窗",
                                        "按",       "签收时限", "办结时限", "级别", "y",   ""};
    const char *found = nearest_word(near[_i].word, known, sizeof known / sizeof *known);
    if (near[_i].nearest)
        ck_assert_msg(found && strcmp(found, near[_i].nearest) == 0, "%s: %s", near[_i].word, found ? found : "none");
    else
        ck_assert_msg(!found, "%s: %s", near[_i].word, found);
}
END_TEST

START_TEST(nearest_of_long_words)
{
    char word[400] = "";
    for (size_t i = 0; i < 65; i++)
        strcat(word, "长");
    const char *longest = word + 3, *known[] = {word, longest};
    ck_assert_ptr_null(nearest_word(word, known, 2));         /* 65 characters */
    ck_assert_ptr_eq(nearest_word(longest, known, 2), longest); /* 64 */
    ck_assert_ptr_null(nearest_word("x", known, 0));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("problem");
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, order);
    tcase_add_test(tests, chinese);
    tcase_add_test(tests, language);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, one_line_of_whole_characters);
    tcase_add_loop_test(tests, nearest, 0, sizeof near / sizeof *near);
    tcase_add_test(tests, nearest_of_long_words);
    Suite *suite = suite_create("problem");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
