/* Times, numbers and texts as sources write them: each form that must be read, and next to it what looks alike and
 * must not be.  The calendar is checked against the C library's over four centuries. */
#include "base/civil.h"
#include "decode/number.h"
#include "decode/text.h"
#include "decode/time.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHINA_S = 8 * 3600 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* INT64_MIN: refused */
static int64_t read_as(const char *format, const char *text)
{
    struct time_format f;
    int64_t seconds;
    ck_assert_msg(time_format_parse(format, &f) == NULL, "%s", format);
    return time_read(&f, str_of(text), CHINA_S, &seconds) ? seconds : INT64_MIN;
}

struct example {
    const char *format, *text;
    int64_t seconds;
};

START_TEST(reads_times)
{
    static const struct example examples[] = {
        {"rfc3339", "2026-01-12T09:41:22+08:00", 1768182082},
        {"rfc3339", "2026-01-12T01:41:22Z", 1768182082},
        {"rfc3339", "2026-01-12t01:41:22.999999999z", 1768182082},
        {"rfc3339", "2026-01-11T20:41:22.5-0500", 1768182082},
        {"rfc3339", "2026-01-12T24:00:00+08:00", 1768233600},
        {"rfc3339", "2026-01-13T00:00:00+08:00", 1768233600},
        {"rfc3339", "2016-12-31T23:59:60Z", 1483228800},
        {"rfc3339", "2017-01-01T07:59:60+08:00", 1483228800},
        {"rfc3339", "2024-02-29T00:00:00Z", 1709164800},
        {"rfc3339", "1969-12-31T23:59:59Z", -1},
        {"%Y-%m-%d %H:%M:%S", "2026-01-12 09:41:22", 1768182082},
        {"%Y-%m-%d %H:%M:%S", "2026-01-12  9:41:22", 1768182082},
        {"%Y/%m/%d %H:%M", "2026/1/12 9:41", 1768182060},
        {"%Y%m%d%H%M%S", "20260112094122", 1768182082},
        {"%Y年%m月%d日%H时%M分", "2026年1月12日9时41分", 1768182060},
        {"%Y-%m-%d", "2026-01-12", 1768147200},
        {"%Y-%m-%dT%H:%M:%S%z", "2026-01-12T09:41:22+0800", 1768182082},
        {"%d.%m.%Y %H:%M %z", "12.1.2026 01:41 Z", 1768182060},
        {"%Y-%m-%d 100%%", "2026-01-12 100%", 1768147200},
        {"unix_s", "1768182082", 1768182082},
        {"unix_s", "0", 0},
        {"unix_ms", "1768182082999", 1768182082},
        {"unix_ms", "1768182082999.5", 1768182082},
        {"unix_us", "1768182082999999", 1768182082},
    };
    for (size_t i = 0; i < COUNT(examples); i++)
        ck_assert_msg(read_as(examples[i].format, examples[i].text) == examples[i].seconds, "%s as %s",
                      examples[i].text, examples[i].format);
}
END_TEST

START_TEST(refuses_what_is_no_time)
{
    static const struct example examples[] = {
        {"rfc3339", "", 0},
        {"rfc3339", "2026-01-12T09:41:22", 0}, /* where? */
        {"rfc3339", "2026-01-12 09:41:22+08:00", 0},
        {"rfc3339", "2026-01-12T09:41+08:00", 0},
        {"rfc3339", "2026-1-12T09:41:22+08:00", 0},
        {"rfc3339", "2026-02-31T09:41:22+08:00", 0},
        {"rfc3339", "2026-02-29T09:41:22+08:00", 0},
        {"rfc3339", "1900-02-29T09:41:22+08:00", 0},
        {"rfc3339", "2026-13-12T09:41:22+08:00", 0},
        {"rfc3339", "2026-00-12T09:41:22+08:00", 0},
        {"rfc3339", "2026-01-00T09:41:22+08:00", 0},
        {"rfc3339", "2026-01-12T24:01:00+08:00", 0},
        {"rfc3339", "2026-01-12T24:00:01+08:00", 0},
        {"rfc3339", "2026-01-12T25:00:00+08:00", 0},
        {"rfc3339", "2026-01-12T09:60:00+08:00", 0},
        {"rfc3339", "2026-01-12T09:41:60+08:00", 0},
        {"rfc3339", "2026-01-12T09:41:61Z", 0},
        {"rfc3339", "2026-01-12T09:41:22.+08:00", 0},
        {"rfc3339", "2026-01-12T09:41:22+08:00 ", 0},
        {"rfc3339", "2026-01-12T09:41:22+24:00", 0},
        {"rfc3339", "2026-01-12T09:41:22+08", 0},
        {"%Y-%m-%d %H:%M", "2026-01-12 09:41:22", 0},
        {"%Y-%m-%d", "2026-01-123", 0},
        {"%Y-%m-%d", "26-01-12", 0},
        {"%Y-%m-%d", "0000-00-00", 0},
        {"%Y%m%d%H%M%S", "202601120941", 0},
        {"unix_s", "1768182082999", 0}, /* milliseconds */
        {"unix_ms", "1768182082", 0},   /* seconds */
        {"unix_us", "1768182082999", 0},
        {"unix_s", "-1", 0},
        {"unix_s", ".5", 0},
        {"unix_s", "", 0},
        {"unix_s", "1e9", 0},
        {"unix_us", "99999999999999999999999999", 0},
    };
    for (size_t i = 0; i < COUNT(examples); i++)
        ck_assert_msg(read_as(examples[i].format, examples[i].text) == INT64_MIN, "%s as %s", examples[i].text,
                      examples[i].format);
}
END_TEST

START_TEST(checks_formats)
{
    static const char *const wrong[] = {"", "rfc", "%Y-%m", "%Y-%m-%d %q", "%Y-%m-%d %", "%Y-%m-%d %Y", "iso8601"};
    struct time_format format;
    int32_t zone = 1;
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(time_format_parse(wrong[i], &format) != NULL, "%s", wrong[i]);
    ck_assert(time_zone_parse(STR("-03:30"), &zone));
    ck_assert_int_eq(zone, -12600);
    ck_assert(!time_zone_parse(STR("+08:00x"), &zone) && !time_zone_parse(STR("8"), &zone) &&
              !time_zone_parse(STR("+08:60"), &zone));
    ck_assert_int_eq(zone, -12600);
}
END_TEST

START_TEST(agrees_with_the_library_s_calendar)
{
    int64_t days = -146097 / 2;
    for (unsigned count = 0; count < 146097 * 2; count++, days++) {
        time_t at = (time_t)(days * CIVIL_DAY_S);
        struct tm tm;
        gmtime_r(&at, &tm);
        unsigned year = (unsigned)tm.tm_year + 1900, month = (unsigned)tm.tm_mon + 1, day = (unsigned)tm.tm_mday;
        ck_assert(civil_valid(year, month, day));
        ck_assert_int_eq(civil_days(year, month, day), days);
        bool last = civil_days(month == 12 ? year + 1 : year, month % 12 + 1, 1) == days + 1;
        ck_assert_int_eq(civil_valid(year, month, day + 1), !last);
    }
}
END_TEST

static int64_t thousandths(const char *text)
{
    int64_t value;
    return number_thousandths(str_of(text), &value) ? value : INT64_MIN + 1;
}

START_TEST(reads_decimals_exactly)
{
    static const struct {
        const char *text;
        int64_t value;
    } examples[] = {
        {"62.4", 62400},
        {"-62.4", -62400},
        {"+7", 7000},
        {"0", 0},
        {"-0.0", 0},
        {"0.0005", 0},
        {"0.00050000000000000000000000000001", 1},
        {"0.0015", 2},
        {"1.0005", 1000},
        {"1.0004999999999999999999", 1000},
        {"0.00049", 0},
        {"0.005", 5},
        {"1e3", 1000000},
        {"1.5E-3", 2},
        {"1e-400", 0},
        {"0e999", 0},
        {"1,234,567.5", 1234567500},
        {"9223372036854775.807", INT64_MAX},
        {"-9223372036854775.808", INT64_MIN},
        {"9007199254740.993", 9007199254740993},
        {"00012.50", 12500},
        {"12.000000000000000000000000000000", 12000},
    };
    for (size_t i = 0; i < COUNT(examples); i++)
        ck_assert_msg(thousandths(examples[i].text) == examples[i].value, "%s", examples[i].text);
    static const char *const wrong[] = {"",
                                        "-",
                                        ".5",
                                        "5.",
                                        "1.2.3",
                                        "12dB",
                                        "0x10",
                                        "1e",
                                        "1 2",
                                        "nan",
                                        "1e999",
                                        "1,23",
                                        "9223372036854775.808",
                                        "99999999999999999999",
                                        "1e",
                                        "--1",
                                        "1,234,56"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(thousandths(wrong[i]) == INT64_MIN + 1, "%s", wrong[i]);
}
END_TEST

/* of decimals with up to three places, and of those that lie on or next to a half */
START_TEST(doubles_give_the_decimal_that_was_written)
{
    const unsigned seed = (unsigned)time(NULL);
    printf("seed %u\n", seed);
    srand48((long)seed);
    for (unsigned i = 0; i < 300000; i++) {
        int64_t whole = (int64_t)(mrand48() >> (lrand48() % 31)) * 1000 + lrand48() % 1000;
        char text[48];
        int64_t of_text, of_double;
        snprintf(text, sizeof text, "%s%lld.%03lld%s", whole < 0 ? "-" : "", llabs(whole) / 1000, llabs(whole) % 1000,
                 (const char *[]){"", "4", "5", "6", "49", "51"}[i % 6]);
        ck_assert(number_thousandths(str_of(text), &of_text));
        ck_assert(number_thousandths_of_double(strtod(text, NULL), &of_double));
        ck_assert_msg(of_text == of_double, "%s: %lld and %lld", text, (long long)of_text, (long long)of_double);
    }
    int64_t value;
    ck_assert(!number_thousandths_of_double(1e13, &value));
    ck_assert(!number_thousandths_of_double(-1e300, &value));
}
END_TEST

START_TEST(counts_people)
{
    static const struct {
        const char *text;
        uint32_t people;
    } examples[] = {
        {"20", 20},      {"约20人", 20},    {"20.0", 20},    {"２３名", 23},        {"约１２人", 12},
        {"多人", 0},     {"二十余人", 0},   {"", 0},         {"1.2万", 12000},      {"3百余人", 300},
        {"2千人", 2000}, {"1,200人", 1200}, {"20-30人", 20}, {"班组约20人,已", 20}, {"0", 0},
    };
    uint32_t people;
    for (size_t i = 0; i < COUNT(examples); i++) {
        ck_assert_msg(number_of_people(str_of(examples[i].text), &people), "%s", examples[i].text);
        ck_assert_msg(people == examples[i].people, "%s: %u", examples[i].text, people);
    }
    ck_assert(!number_of_people(STR("-5"), &people));
    ck_assert(!number_of_people(STR("4294967296"), &people));
    ck_assert(!number_of_people(STR("99999999999999999999999999"), &people));
}
END_TEST

START_TEST(tells_blanks_and_masks)
{
    static const char *const blank[] = {"", "-", "null", "NULL", "无", "不详", "\\N"};
    static const char *const given[] = {"0", "--", "nul", "有", "无名氏", "null ", "详不", "\\n"};
    for (size_t i = 0; i < COUNT(blank); i++)
        ck_assert_msg(text_blank(str_of(blank[i])), "%s", blank[i]);
    for (size_t i = 0; i < COUNT(given); i++)
        ck_assert_msg(!text_blank(str_of(given[i])), "%s", given[i]);
    ck_assert(str_eq(text_trim(STR(" \t　a b　\r\n")), STR("a b")));
    ck_assert(str_eq(text_trim(STR("　 　")), STR("")));
    ck_assert(text_masked(STR("138****1234")) && text_masked(STR("138＊＊1234")) && !text_masked(STR("13800001234")));
    ck_assert(text_numbered(STR("队13800001234")) && text_numbered(STR("138-0000-1234")) && text_numbered(STR("１３８ ＊＊＊＊ 1234")));
    ck_assert(text_numbered(STR("11010519491231002X")) && !text_numbered(STR("12345 专班 678")) && !text_numbered(STR("")));
    ck_assert(text_true(STR("TRUE")) && text_true(STR("1")) && text_true(STR("是")));
    ck_assert(!text_true(STR("")) && !text_true(STR("0")) && !text_true(STR("否")) && !text_true(STR("truey")));
    char buffer[32];
    ck_assert(str_eq(text_narrow(STR("（ＡＢ－９）　某～"), buffer, sizeof buffer), STR("(AB-9) 某~")));
}
END_TEST

START_TEST(normalises_phones)
{
    static const char *const examples[][2] = {
        {"13812345678", "13812345678"},
        {"+86 138-1234-5678", "13812345678"},
        {"+8613812345678", "13812345678"},
        {"8613812345678", "13812345678"},
        {"0086 138 1234 5678", "13812345678"},
        {"１３８１２３４５６７８", "13812345678"},
        {"＋８６－138 1234 5678", "13812345678"},
        {"13812345678转801", "13812345678"},
        {"13812345678-801", "13812345678"},
        {"+86 138 1234 5678-801", "13812345678"},
        {"13812345678,13987654321", "13812345678"},
        {"13812345678 13987654321", "13812345678"},
        {"(0755)8123 4567", "075581234567"},
        {"0755-81234567-12", "075581234567"},
        {"0755-81234567 转 12", "075581234567"},
        {"81234567-12", "81234567"},
        {"400-123-4567", "4001234567"},
        {"110转", ""},
        {"匿名", ""},
        {"", ""},
        {"12345", ""},
        {"99999999999999999999999999999999999", "99999999999999999999"},
    };
    char digits[PHONE_DIGITS_MAX];
    for (size_t i = 0; i < COUNT(examples); i++) {
        struct str phone = text_phone(str_of(examples[i][0]), digits);
        ck_assert_msg(str_eq(phone, str_of(examples[i][1])), "%s: %.*s", examples[i][0], STR_ARG(phone));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("time");
    TCase *times = tcase_create("times"), *numbers = tcase_create("numbers"), *texts = tcase_create("texts");
    tcase_add_test(times, reads_times);
    tcase_add_test(times, refuses_what_is_no_time);
    tcase_add_test(times, checks_formats);
    tcase_add_test(times, agrees_with_the_library_s_calendar);
    tcase_add_test(numbers, reads_decimals_exactly);
    tcase_add_test(numbers, doubles_give_the_decimal_that_was_written);
    tcase_add_test(numbers, counts_people);
    tcase_add_test(texts, tells_blanks_and_masks);
    tcase_add_test(texts, normalises_phones);
    suite_add_tcase(suite, times);
    suite_add_tcase(suite, numbers);
    suite_add_tcase(suite, texts);
    tcase_set_timeout(times, 60);
    tcase_set_timeout(numbers, 60);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
