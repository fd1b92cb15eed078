/* The caret stands under the place that is meant, in columns of a terminal. */
#include "cli/excerpt.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/gridwarn-excerpt-XXXXXX";

static void set_up(void)
{
    close(mkstemp(path));
}

static void tear_down(void)
{
    unlink(path);
}

/* what is shown of a place of `text`; free() */
static char *shown(const char *text, int line, int col)
{
    char *out = NULL;
    size_t len;
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    FILE *to = open_memstream(&out, &len);
    excerpt_print(to, &(struct problem){.file = path, .line = line, .col = col});
    fclose(to);
    return out;
}

static const struct {
    const char *text;
    int line, col;
    const char *shown;
} cases[] = {
    {"a\nwithin: 24hh\nb\n", 2, 9, "      2 | within: 24hh\n        |         ^\n"},
    {"时间窗: 24小时半", 1, 10, "      1 | 时间窗: 24小时半\n        |               ^\n"},
    {"按\n", 1, 1, "      1 | 按\n        | ^\n"},
    {"abc\r\n", 1, 4, "      1 | abc\n        |    ^\n"},              /* at the end of the line */
    {"abc\n", 1, 9, "      1 | abc\n        |    ^\n"},                /* and beyond */
    {"\n\n", 2, 1, "      2 | \n        | ^\n"},
    {"a\tb\033[31mc\n", 1, 9, "      1 | a b [31mc\n        |         ^\n"}, /* what would steer the terminal */
    {"\xEF\xBB\xBF" "code,name\n", 1, 6, "      1 | code,name\n        |      ^\n"},
    {"code,\xFF\xFEname\n", 1, 6, "      1 | code,\xEF\xBF\xBD\xEF\xBF\xBDname\n        |      ^\n"},
    {"abc\n", 1, 0, "      1 | abc\n"},
    {"abc\n", 0, 0, ""},
    {"abc\n", 2, 1, ""}, /* it was there a moment ago */
    {"", 1, 1, ""},
    {"sasl.Password: hunter\n", 1, 1, ""},
};

START_TEST(carets)
{
    char *text = shown(cases[_i].text, cases[_i].line, cases[_i].col);
    ck_assert_str_eq(text, cases[_i].shown);
    free(text);
}
END_TEST

START_TEST(long_lines)
{
    char line[4096] = "";
    for (int i = 0; i < 400; i++)
        strcat(line, i == 199 ? "错" : "长");
    char *text = shown(line, 1, 200), *caret = strchr(strchr(text, '\n'), '^');
    ck_assert_int_eq(strncmp(text, "      1 | …长", strlen("      1 | …长")), 0);
    ck_assert_ptr_nonnull(strstr(text, "长…\n"));
    ck_assert_int_lt((int)(strchr(text, '\n') - text), 400);
    /* as many columns before the caret as before the character: "…" takes one, each other two */
    size_t before = (size_t)(strstr(text, "错") - text) - strlen("      1 | …");
    ck_assert_int_eq((int)(caret - strchr(text, '\n')) - 1, (int)(strlen("      1 | ") + 1 + before / 3 * 2));
    free(text);
    text = shown(line, 1, 1);
    ck_assert_int_eq(strncmp(text, "      1 | 长", strlen("      1 | 长")), 0);
    free(text);
}
END_TEST

START_TEST(no_file)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    excerpt_print(out, &(struct problem){.file = "/no/such/file", .line = 1, .col = 1});
    fclose(out);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("excerpt");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, carets, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, long_lines);
    tcase_add_test(tests, no_file);
    Suite *suite = suite_create("excerpt");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
