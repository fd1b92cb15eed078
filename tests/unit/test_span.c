/* Spans of working days: what authors write, what is wrong with it, how long they last, and that a rule is another one
 * when the calendar makes another length of them. */
#include "rule_world.h"

#include <time.h>

enum { DAY = 86400 };

#define RULE(within, limits)                                                                                           \
    "rules:\n  - id: r\n    let: {x: {}}\n    per: grid\n    levels: {red: x >= 1}\n    within: " within               \
    "\n    close_within: {red: " limits "}\n"

static char calendar[sizeof in_folder_path];

static void use_calendar(const char *rows)
{
    char text[512];
    snprintf(text, sizeof text, "from,to,kind,name\n%s", rows);
    write_file("calendar.csv", text);
    snprintf(calendar, sizeof calendar, "%s", in_folder("calendar.csv"));
    context.calendar_path = calendar;
}

static const struct {
    const char *rule;
    unsigned within, close;
    int32_t within_s, close_s;
} good[] = {
    {RULE("5 working days", "1 working day"), 5, 1, 7 * DAY, 3 * DAY},
    {RULE("5个工作日", "１０ 工作日"), 5, 10, 7 * DAY, 14 * DAY},
    {RULE("'2workdays'", "7　个工作日"), 2, 7, 4 * DAY, 11 * DAY},
    {RULE("7天", "8h"), 0, 0, 7 * DAY, 8 * 3600},
};

START_TEST(reads)
{
    use_calendar("2026-03-04,,period,p\n");
    struct rule_set *set = load_good(good[_i].rule);
    const struct rule *r = &set->rules[0];
    ck_assert_uint_eq(r->windows[0].within.workdays, good[_i].within);
    ck_assert_int_eq(r->windows[0].within.s, good[_i].within_s);
    ck_assert_int_eq(r->within_s, good[_i].within_s);
    ck_assert_uint_eq(r->close_within[4].workdays, good[_i].close);
    ck_assert_int_eq(r->close_within[4].s, good[_i].close_s);
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *rule, *problem;
} wrong[] = {
    {RULE("0 working days", "8h"), "expected 1 to 250 working days"},
    {RULE("251 working days", "8h"), "expected 1 to 250 working days"},
    {RULE("99999999999 working days", "8h"), "expected 1 to 250 working days"},
    {RULE("7d", "0工作日"), "expected 1 to 250 working days"},
    {RULE("five working days", "8h"), "expected a duration"},
    {RULE("5 working days 2h", "8h"), "expected a duration"},
    {RULE("5 working weeks", "8h"), "expected a duration"},
    {RULE("7d\n    for: 1 working day", "8h"), "expected a duration"},
    {RULE("7d\n    clear: {after: 1 working day}", "8h"), "expected a duration"},
    {RULE("30 working days", "8h"), "but events are kept for"},
};

START_TEST(refuses)
{
    use_calendar("2026-03-04,,holiday,p\n");
    refused(load(wrong[_i].rule), wrong[_i].problem);
}
END_TEST

START_TEST(needs_a_calendar)
{
    refused(load(RULE("5 working days", "8h")), "working days need a calendar");
    problems_clear(&problems);
    refused(load(RULE("7d", "5 working days")), "working days need a calendar");
    problems_clear(&problems);
    context.calendar_path = "nowhere.csv"; /* which is the mistake */
    refused(load(RULE("5 working days", "8h")), "No such file");
}
END_TEST

static int64_t local(const char *text)
{
    struct tm tm = {0};
    ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    return timegm(&tm) - context.utc_offset_s;
}

START_TEST(free_days_take_no_time)
{
    static const struct {
        const char *from, *to; /* two working days */
    } cases[] = {
        {"2026-03-02 09:30:00", "2026-03-04 09:30:00"}, /* a Monday */
        {"2026-03-06 09:30:00", "2026-03-10 09:30:00"}, /* over a weekend */
        {"2026-03-12 09:30:00", "2026-03-14 09:30:00"}, /* to a Saturday that is worked */
        {"2026-04-02 23:59:59", "2026-04-07 23:59:59"}, /* over three free days */
        {"2026-04-04 12:00:00", "2026-04-09 00:00:00"}, /* from one of them */
    };
    use_calendar("2026-03-14,,workday,\n2026-04-04,2026-04-06,holiday,\n");
    struct rule_set *set = load_good(RULE("2 working days", "8h"));
    struct span within = set->rules[0].windows[0].within;
    ck_assert_int_eq(within.s, 5 * DAY); /* from Friday to Tuesday, from Thursday to Tuesday over the free Monday */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(span_after(set, within, local(cases[i].from)), local(cases[i].to));
        ck_assert_int_ge(span_before(set, within, local(cases[i].to)), local(cases[i].from));
        ck_assert_int_lt(span_before(set, within, local(cases[i].to) - 1), local(cases[i].from));
    }
    ck_assert_int_eq(span_after(set, (struct span){3600, 0}, 5), 3605);
    ck_assert_int_eq(span_before(set, (struct span){3600, 0}, 5), -3595);
    rule_set_destroy(&set);
}
END_TEST

static uint64_t digest(const char *rows, const char *rule)
{
    use_calendar(rows);
    struct rule_set *set = load_good(rule);
    uint64_t found = set->rules[0].digest;
    rule_set_destroy(&set);
    return found;
}

START_TEST(the_calendar_is_part_of_the_rule)
{
    static const char *const one = "2026-03-04,,holiday,\n", *const other = "2026-03-05,,holiday,\n";
    ck_assert_uint_ne(digest(one, RULE("5 working days", "8h")), digest(other, RULE("5 working days", "8h")));
    ck_assert_uint_eq(digest(one, RULE("5 working days", "8h")), digest(one, RULE("5个工作日", "8小时")));
    ck_assert_uint_ne(digest(one, RULE("5 working days", "8h")), digest(one, RULE("6 working days", "8h")));
    ck_assert_uint_ne(digest(one, RULE("5 working days", "8h")), digest(one, RULE("7d", "8h")));
    ck_assert_uint_eq(digest(one, RULE("7d", "8h")), digest(other, RULE("7d", "8h")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("span");
    tcase_add_loop_test(tests, reads, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, refuses, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, needs_a_calendar);
    tcase_add_test(tests, free_days_take_no_time);
    tcase_add_test(tests, the_calendar_is_part_of_the_rule);
    return rule_world_run("span", tests);
}
