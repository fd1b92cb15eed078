/* The calendar against a plain reading of its rows, day by day; what it says at its edges; that every mistake is found
 * at once; and the calendar that ships, against the State Council's notices. */
#include "rule/calendar.h"

#include "base/civil.h"
#include "rule/date.h"

#include "one_file.h"

static struct calendar *load(const char *text)
{
    one_file_write(text, strlen(text));
    return calendar_load(path, &problems);
}

static struct calendar *load_good(const char *text)
{
    struct calendar *c = load(text);
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(c);
    return c;
}

static int64_t day_of(const char *text)
{
    int64_t day = INT64_MIN;
    ck_assert_msg(date_parse(text, &day), "%s", text);
    return day;
}

START_TEST(dates_have_many_forms)
{
    static const char *const good[] = {"2026-02-05", "2026-2-5",      "2026/2/5", "2026/02/05", "2026.2.5",
                                       "20260205",   "2026年2月5日", "2026年02月05",
                                       "２０２６－０２－０５", "２０２６０２０５"};
    static const char *const wrong[] = {
        "",          "2026",     "2026-02",    "2026-02-30",  "2026-13-01", "1999-12-31", "2100-01-01",  "2026-02/05",
        "26-02-05",  "46058",    "2026-2-005", "2026-02-05x", "202602050",  "2026年2-5",  "2026-2月5日", "2026-02-05日",
        "2026--05", "年月日"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_int_eq(day_of(good[i]), 20489);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t day = 7;
        ck_assert_msg(!date_parse(wrong[i], &day) && day == 7, "%s", wrong[i]);
    }
    ck_assert_int_eq(day_of("2028-02-29"), 21243);
}
END_TEST

START_TEST(no_calendar_is_monday_to_friday)
{
    struct calendar *none = NULL, *empty = load_good("from,kind\n");
    calendar_destroy(&none);
    for (int64_t day = -15; day < 15; day++) /* 1970-01-01, day 0, was a Thursday */
        for (unsigned i = 0; i < 2; i++) {
            const struct calendar *c = i ? empty : NULL;
            int64_t from_monday = (day + 3 + 70) % 7;
            ck_assert_int_eq(calendar_workday(c, day), from_monday < 5);
            ck_assert_uint_eq(calendar_periods(c, day), 0);
            ck_assert_int_eq(calendar_next_change(c, day), INT64_MAX);
            ck_assert(!calendar_covers(c, day));
        }
    ck_assert_uint_eq(calendar_period_count(NULL), 0);
    ck_assert_int_eq(calendar_find_period(NULL, STR("x")), -1);
    ck_assert_int_eq(calendar_last_year(NULL), 0);
    ck_assert_int_eq(calendar_last_year(empty), 0);
    ck_assert_uint_eq(calendar_digest(NULL), calendar_digest(empty));
    calendar_destroy(&empty);
    ck_assert_ptr_null(empty);
}
END_TEST

START_TEST(headers_and_kinds_are_understood_in_chinese)
{
    struct calendar *c = load_good("名称,类型,起,止\n春节,休息日,2026年2月15日,2026/2/23\n,上班日,20260214,\n"
                                   "年底,时期,2025-12-15,2026-02-14\n高考,时期,2026-06-07,2026-06-09\n"
                                   "年底,时期,2026-02-10,2026-02-20\n");
    ck_assert(calendar_workday(c, day_of("2026-02-14")));  /* a Saturday */
    ck_assert(!calendar_workday(c, day_of("2026-02-23"))); /* a Monday */
    ck_assert(calendar_workday(c, day_of("2026-02-24")));
    ck_assert_uint_eq(calendar_period_count(c), 2);
    ck_assert_str_eq(calendar_period_name(c, 0), "年底");
    ck_assert_int_eq(calendar_find_period(c, STR("高考")), 1);
    ck_assert_int_eq(calendar_find_period(c, STR("年")), -1);
    ck_assert_uint_eq(calendar_periods(c, day_of("2025-12-14")), 0);
    ck_assert_uint_eq(calendar_periods(c, day_of("2026-02-20")), 1);
    ck_assert_uint_eq(calendar_periods(c, day_of("2026-06-07")), 2);
    ck_assert_int_eq(calendar_next_change(c, 0), day_of("2025-12-15"));
    ck_assert_int_eq(calendar_next_change(c, day_of("2025-12-14")), day_of("2025-12-15"));
    ck_assert_int_eq(calendar_next_change(c, day_of("2025-12-15")), day_of("2026-02-21"));
    ck_assert_int_eq(calendar_next_change(c, day_of("2026-06-09")), day_of("2026-06-10"));
    ck_assert_int_eq(calendar_next_change(c, day_of("2026-06-10")), INT64_MAX);
    ck_assert_int_eq(calendar_next_change(c, INT64_MAX), INT64_MAX);
    calendar_destroy(&c);
}
END_TEST

START_TEST(covers_the_years_that_its_dates_are_of)
{
    struct calendar *c = load_good("from,to,kind,name\n2025-12-31,2026-01-02,holiday,\n2028-05-01,,workday,\n"
                                   "2030-01-01,2031-01-01,period,p\n");
    ck_assert(!calendar_covers(c, day_of("2024-12-31")));
    ck_assert(calendar_covers(c, day_of("2025-01-01")));
    ck_assert(calendar_covers(c, day_of("2026-12-31")));
    ck_assert(!calendar_covers(c, day_of("2027-06-01")));
    ck_assert(calendar_covers(c, day_of("2028-12-31")));
    ck_assert(!calendar_covers(c, day_of("2030-06-01")));
    ck_assert(!calendar_covers(c, INT64_MIN) && !calendar_covers(c, INT64_MAX) && !calendar_covers(c, -1));
    ck_assert_int_eq(calendar_last_year(c), 2028);
    calendar_destroy(&c);
}
END_TEST

START_TEST(shows_every_mistake_at_once)
{
    ck_assert_ptr_null(load("from,to,kind,name\n"
                            "2026-02-15,2026-02-23,holiday,春节\n"
                            "2026-02-30,,holiday,\n"             /* 3 */
                            ",2026-13-01,holliday,\n"            /* 4 */
                            "2026-03-02,2026-03-01,上班,\n"      /* 5 */
                            "2026-02-20,2026-02-24,workday,\n"   /* 6 */
                            "2026-01-01,,period,\n"              /* 7 */
                            "2025-05-01,2026-05-05,holiday,\n"   /* 8 */
                            "2026-01-01,,quarter,\n"             /* 9 */
                            "2026-02-22,,休息日,\n"));           /* 10 */
    expect_problem(3, 1, "expected a date such as");
    expect_problem(4, 1, "expected a date such as");
    expect_problem(4, 2, "expected a date such as");
    expect_problem(4, 13, "did you mean holiday?");
    expect_problem(5, 12, "2026-03-01 is before 2026-03-02");
    expect_problem(5, 23, "did you mean 上班日?");
    expect_problem(6, 1, "2026-02-20 is a workday here, but a holiday in line 2");
    expect_problem(7, 20, "a period without a name");
    expect_problem(8, 12, "a holiday of more than a year");
    expect_problem(9, 13, "unknown kind quarter; expected holiday (休息日)");
    expect_problem(10, 1, "2026-02-22 is a holiday here, but a workday in line 6");
    ck_assert_uint_eq(problems.count, 11);
    ck_assert_ptr_null(load("from,to\n2026-01-01,\n"));
    expect_problem(1, 1, "no column kind (类型)");
}
END_TEST

START_TEST(periods_are_bounded)
{
    char text[4096] = "from,kind,name\n";
    for (int i = 0; i <= CALENDAR_PERIODS_MAX; i++)
        sprintf(text + strlen(text), "2026-01-01,period,p%02d\n", i);
    ck_assert_ptr_null(load(text));
    expect_problem(34, 19, "at most 32");
    ck_assert_uint_eq(problems.count, 1);
    *strstr(text, "2026-01-01,period,p32") = '\0';
    struct calendar *c = load_good(text);
    ck_assert_uint_eq(calendar_periods(c, day_of("2026-01-01")), UINT32_MAX);
    calendar_destroy(&c);
}
END_TEST

#define HEADER "from,to,kind,name\n"
#define SPRING "2026-02-16,2026-02-20,holiday,春节\n"
#define WORKED "2026-02-14,,workday,\n"
#define PERIODS "2026-01-01,2026-01-09,period,p\n2026-01-03,,period,a\n"

START_TEST(digest_is_of_the_meaning)
{
    static const char *const same[] = {
        HEADER SPRING WORKED PERIODS,
        /* the weekend is free and Friday worked anyway; rows split, reordered, and said twice */
        HEADER "2026-01-03,,period,a\n2026-01-05,2026-01-09,period,p\n2026-01-01,2026-01-05,period,p\n"
               "2026-02-19,2026-02-22,holiday,\n2026-02-15,2026-02-18,holiday,\n2026-02-16,,holiday,x\n"
               "2026-02-13,,workday,\n" WORKED,
    };
    static const char *const other[] = {
        HEADER SPRING PERIODS,
        HEADER WORKED PERIODS,
        HEADER SPRING WORKED,
        HEADER SPRING WORKED "2026-01-01,2026-01-09,period,q\n2026-01-03,,period,a\n",
        HEADER SPRING WORKED "2026-01-01,2026-01-08,period,p\n2026-01-03,,period,a\n",
        HEADER SPRING WORKED "2026-01-01,2026-01-09,period,a\n2026-01-03,,period,p\n",
    };
    struct calendar *a = load_good(same[0]), *b = load_good(same[1]);
    ck_assert_uint_eq(calendar_digest(a), calendar_digest(b));
    calendar_destroy(&b);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        b = load_good(other[i]);
        ck_assert_uint_ne(calendar_digest(a), calendar_digest(b));
        calendar_destroy(&b);
    }
    calendar_destroy(&a);
}
END_TEST

/* ---- random rows against a plain reading of them ---- */

enum { ROWS_MAX = 12, DAYS = 60 };

struct row {
    int64_t from, to;
    unsigned kind; /* 0 holiday, 1 workday, 2.. period of that number */
};

static void write_rows(char *text, const struct row *rows, unsigned count)
{
    static const char *const kinds[] = {"holiday,", "workday,", "period,c", "period,a", "period,b"};
    text += sprintf(text, "from,to,kind,name\n");
    for (unsigned i = 0; i < count; i++)
        text += sprintf(text, "2026年1月%d日,202601%02d,%s\n", (int)rows[i].from, (int)rows[i].to, kinds[rows[i].kind]);
}

static bool holds(const struct row *rows, unsigned count, int64_t day, unsigned kind)
{
    for (unsigned i = 0; i < count; i++)
        if (rows[i].kind == kind && day >= rows[i].from && day <= rows[i].to)
            return true;
    return false;
}

static uint32_t periods(const struct calendar *c, const struct row *rows, unsigned count, int64_t day)
{
    static const char *const names[] = {"c", "a", "b"};
    uint32_t bits = 0;
    for (unsigned i = 0; i < 3; i++)
        if (holds(rows, count, day, i + 2))
            bits |= 1u << calendar_find_period(c, str_of(names[i]));
    return bits;
}

static bool workday(const struct row *rows, unsigned count, int64_t day)
{
    bool weekend = (day + 2 + 70) % 7 >= 5;
    return holds(rows, count, day, 1) || (!weekend && !holds(rows, count, day, 0));
}

/* how much of the seconds [from, to) is of working days; days count from `base` */
static int64_t worked(const struct row *rows, unsigned count, int64_t from, int64_t to)
{
    int64_t sum = 0;
    for (int64_t day = -3 * DAYS; day < 3 * DAYS; day++) {
        int64_t begin = day * 86400 > from ? day * 86400 : from, end = (day + 1) * 86400 < to ? (day + 1) * 86400 : to;
        if (end > begin && workday(rows, count, day))
            sum += end - begin;
    }
    return sum;
}

static void compare_workdays(const struct calendar *c, const struct row *rows, unsigned count, struct dice *dice)
{
    int64_t base = (day_of("2026-01-01") - 1) * 86400, longest = 0;
    unsigned days = (unsigned)dice_between(dice, 1, 9);
    for (int64_t day = -DAYS; day < DAYS; day++)
        for (int k = 0; k < 3; k++) {
            int64_t second = day * 86400 + (k ? dice_between(dice, k - 1, (k - 1) * 86399) : 86399);
            int64_t before = calendar_workdays_before(c, base + second, days) - base;
            int64_t after = calendar_workdays_after(c, base + second, days) - base;
            EXPECT(worked(rows, count, before, second) == days * 86400, "%u before %" PRId64, days, second);
            EXPECT(worked(rows, count, before + 1, second) < days * 86400, "later than %u before %" PRId64, days, second);
            EXPECT(worked(rows, count, second, after) == days * 86400, "%u after %" PRId64, days, second);
            EXPECT(worked(rows, count, second, after - 1) < days * 86400, "before %u after %" PRId64, days, second);
            longest = second - before > longest ? second - before : longest;
        }
    EXPECT(calendar_workdays_longest(c, days) == longest, "%u working days last up to %" PRId64 ", not %" PRId64, days,
           longest, calendar_workdays_longest(c, days));
}

static void compare(const struct calendar *c, const struct row *rows, unsigned count)
{
    int64_t base = day_of("2026-01-01") - 1; /* 1 is the first of January, a Thursday */
    int64_t next = INT64_MAX;
    for (int64_t day = DAYS; day-- > -DAYS;) {
        uint32_t bits = periods(c, rows, count, day);
        if (periods(c, rows, count, day + 1) != bits)
            next = base + day + 1;
        EXPECT(calendar_workday(c, base + day) == workday(rows, count, day), "workday of day %" PRId64, day);
        EXPECT(calendar_periods(c, base + day) == bits, "periods of day %" PRId64, day);
        EXPECT(calendar_next_change(c, base + day) == next, "change after day %" PRId64, day);
    }
}

START_TEST(agrees_with_its_rows)
{
    struct dice dice = core_dice();
    unsigned loaded = 0, refused = 0;
    for (unsigned round = 0; round < core_effort(400); round++) {
        struct row rows[ROWS_MAX];
        char text[1024];
        unsigned count = 1 + dice_below(&dice, ROWS_MAX);
        bool contradicts = false;
        for (unsigned i = 0; i < count; i++) {
            int64_t from = dice_between(&dice, 1, 31);
            rows[i] = (struct row){from, dice_between(&dice, from, 31), dice_below(&dice, 5)};
        }
        for (int64_t day = 1; day <= 31; day++)
            contradicts = contradicts || (holds(rows, count, day, 0) && holds(rows, count, day, 1));
        write_rows(text, rows, count);
        struct calendar *c = load(text);
        EXPECT(contradicts == !c, "%s", text);
        if (c) {
            compare(c, rows, count);
            compare_workdays(c, rows, count, &dice);
        }
        loaded += c != NULL;
        refused += c == NULL;
        calendar_destroy(&c);
    }
    ck_assert(loaded > 0 && refused > 0);
}
END_TEST

/* ---- the calendar that ships ---- */

/* free Mondays to Fridays, and Saturdays and Sundays worked, of a year */
static void count_moved(const struct calendar *c, unsigned year, unsigned *free_days, unsigned *worked)
{
    *free_days = *worked = 0;
    for (int64_t day = civil_days(year, 1, 1); day < civil_days(year + 1, 1, 1); day++) {
        bool usual = calendar_workday(NULL, day), now = calendar_workday(c, day);
        *free_days += usual && !now;
        *worked += !usual && now;
    }
}

START_TEST(ships_what_the_state_council_announced)
{
    static const char *const worked[] = {"2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28",
                                         "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28",
                                         "2026-05-09", "2026-09-20", "2026-10-10"};
    static const char *const free_days[] = {
        "2025-01-01", "2025-01-28", "2025-02-04", "2025-04-04", "2025-05-01", "2025-05-05", "2025-06-02", "2025-10-01",
        "2025-10-08", "2026-01-01", "2026-01-02", "2026-02-16", "2026-02-23", "2026-04-06", "2026-05-01", "2026-05-05",
        "2026-06-19", "2026-09-25", "2026-10-01", "2026-10-07"};
    struct calendar *c = calendar_load("rules/district/calendar.csv", &problems); /* from the project's root */
    problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(c);
    for (size_t i = 0; i < sizeof worked / sizeof *worked; i++)
        ck_assert_msg(calendar_workday(c, day_of(worked[i])) && !calendar_workday(NULL, day_of(worked[i])), "%s",
                      worked[i]);
    for (size_t i = 0; i < sizeof free_days / sizeof *free_days; i++)
        ck_assert_msg(!calendar_workday(c, day_of(free_days[i])), "%s", free_days[i]);
    unsigned moved_free, moved_worked;
    count_moved(c, 2025, &moved_free, &moved_worked); /* 28 days free in all, 10 of them at weekends */
    ck_assert_uint_eq(moved_free, 18);
    ck_assert_uint_eq(moved_worked, 5);
    count_moved(c, 2026, &moved_free, &moved_worked); /* 33, 14 */
    ck_assert_uint_eq(moved_free, 19);
    ck_assert_uint_eq(moved_worked, 6);
    ck_assert_int_eq(calendar_last_year(c), 2026);
    ck_assert_int_ge(calendar_find_period(c, STR("year_end")), 0);
    ck_assert_int_ge(calendar_find_period(c, STR("exams")), 0);
    calendar_destroy(&c);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        dates_have_many_forms,
        no_calendar_is_monday_to_friday,
        headers_and_kinds_are_understood_in_chinese,
        covers_the_years_that_its_dates_are_of,
        shows_every_mistake_at_once,
        periods_are_bounded,
        digest_is_of_the_meaning,
        agrees_with_its_rows,
        ships_what_the_state_council_announced,
    };
    Suite *suite = suite_create("calendar");
    TCase *one = tcase_create("calendar");
    tcase_set_timeout(one, 240);
    tcase_add_checked_fixture(one, one_file_begin, one_file_end);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(one, tests[i]);
    suite_add_tcase(suite, one);
    return core_run(suite);
}
