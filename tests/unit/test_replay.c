/* Pure parts of the authors' tools: moments, pairing of alerts, sums and bins, conditions as text.  What they say of whole
 * pasts is tested end to end against the oracle (tests/test_42_replay.py and on). */
#include "core.h"
#include "made_rule.h"
#include "replay/conditions.h"
#include "replay/difference.h"
#include "replay/moment.h"
#include "replay/summary.h"

enum { ZONE = 8 * 3600, DAY_S = 86400 };

/* 2026-01-12 00:00 +08:00 */
static const int64_t monday = 1768147200;

START_TEST(moments_are_read_as_written)
{
    static const struct {
        const char *text;
        int64_t after_monday;
    } good[] = {{"2026-01-12", 0},
                {"2026-01-12 08:00", 8 * 3600},
                {"2026-01-12T08:00:30", 8 * 3600 + 30},
                {"2026-01-12T00:00:00Z", 8 * 3600},
                {"2026-01-12 24:00", DAY_S}};
    static const char *const bad[] = {"", "2026-02-30", "12.01.2026", "2026-01-12 8", "2026-01-12 08:00 ", "08:00"};
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(moment_read(str_of(good[i].text), ZONE, &seconds), "%s", good[i].text);
        ck_assert_int_eq(seconds - monday, good[i].after_monday);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!moment_read(str_of(bad[i]), ZONE, &seconds), "%s", bad[i]);
    ck_assert(moment_read_clock(STR("08:30"), &seconds) && seconds == 8 * 3600 + 1800);
    ck_assert(!moment_read_clock(STR("2026-01-12"), &seconds));
    char text[MOMENT_SIZE];
    moment_write(monday + 3600, ZONE, true, text);
    ck_assert_str_eq(text, "2026-01-12 01:00");
}
END_TEST

/* ---- alerts by hand ---- */

static struct rule rules[] = {{.id = "a", .title = "a"}, {.id = "b", .title = "b"}};
static struct rule_set set = {.rules = rules, .count = 2, .level_name = {NULL, "low", "high"}, .level_count = 2};

static struct past_alert alert(unsigned rule, const char *code, unsigned level, int64_t opened, int64_t ended)
{
    return (struct past_alert){.rule = rule,
                               .subject = {SUBJECT_MATTER, 0, REGION_NONE},
                               .code = (char *)(uintptr_t)code,
                               .highest = level,
                               .opened_minute = opened,
                               .opened_at = opened * 60,
                               .ended_minute = ended};
}

START_TEST(alerts_are_paired_by_rule_subject_and_time)
{
    struct past_alert before[] = {
        alert(0, "x", 1, 100, 200),  /* higher afterwards */
        alert(0, "y", 2, 110, 300),  /* falls apart: lower, and one new */
        alert(0, "z", 1, 120, 130),  /* at another time afterwards: gone, and new */
        alert(1, "x", 1, 100, 200),  /* of another rule: gone */
        alert(0, "w", 1, 140, MINUTE_NEVER),
    };
    struct past_alert after[] = {
        alert(0, "x", 2, 200, 260), alert(0, "y", 1, 110, 150), alert(0, "y", 2, 160, 300),
        alert(0, "z", 1, 131, 140), alert(0, "w", 1, 150, MINUTE_NEVER),
    };
    struct judgement b = {.rules = &set, .alerts = before, .count = 5}, a = {.rules = &set, .alerts = after, .count = 5};
    struct differences d;
    differences_find(&d, &b, &a, INT64_MIN);
    ck_assert_uint_eq(d.counts[DIFFERENCE_HIGHER], 1);
    ck_assert_uint_eq(d.counts[DIFFERENCE_LOWER], 1);
    ck_assert_uint_eq(d.counts[DIFFERENCE_NEW], 2);
    ck_assert_uint_eq(d.counts[DIFFERENCE_GONE], 2);
    ck_assert_uint_eq(d.same, 1);
    for (size_t i = 1; i < d.count; i++) {
        const struct past_alert *x = d.all[i - 1].after ? d.all[i - 1].after : d.all[i - 1].before;
        const struct past_alert *y = d.all[i].after ? d.all[i].after : d.all[i].before;
        ck_assert_int_le(x->opened_at, y->opened_at);
    }
    differences_clear(&d);
    differences_find(&d, &b, &a, 155 * 60); /* what opened earlier in both does not count */
    ck_assert_uint_eq(d.count, 2);
    ck_assert_uint_eq(d.counts[DIFFERENCE_NEW], 1);
    ck_assert_uint_eq(d.counts[DIFFERENCE_HIGHER], 1);
    differences_clear(&d);
}
END_TEST

/* ---- sums and bins ---- */

static const struct config *config_of_nothing(void)
{
    static struct config config = {.ledger_bytes = 16 << 20, .readings_bytes = 16 << 20, .utc_offset_s = ZONE};
    return &config;
}

static struct event event_at(const char *id, int64_t at)
{
    return (struct event){.id = str_of(id), .kind = EVENT_STATUS, .matter = STR("m"), .occurred_at = at};
}

START_TEST(only_the_time_asked_for_is_taken)
{
    struct past *past = past_create(config_of_nothing(), monday, monday + DAY_S);
    struct event events[] = {event_at("1", monday - 1), event_at("2", monday), event_at("3", monday + DAY_S - 1),
                             event_at("4", monday + DAY_S), event_at("2", monday)};
    for (size_t i = 0; i < 5; i++)
        past_enter(past, &events[i]);
    struct past_report r = past_report(past);
    ck_assert_uint_eq(r.events, 2);
    ck_assert_uint_eq(r.outside, 2);
    ck_assert_uint_eq(r.duplicates, 1);
    ck_assert_int_eq(r.oldest, monday);
    ck_assert_int_eq(r.newest, monday + DAY_S - 1);
    past_destroy(&past);
}
END_TEST

START_TEST(sums_and_bins_lose_no_alert)
{
    struct dice dice = core_dice();
    struct past *past = past_create(config_of_nothing(), INT64_MIN, INT64_MAX);
    int64_t last = monday + 1 + (int64_t)dice_below(&dice, 400) * DAY_S / 3;
    struct event ends[] = {event_at("first", monday + 1), event_at("last", last)};
    past_enter(past, &ends[0]);
    past_enter(past, &ends[1]);
    struct past_alert alerts[50];
    for (int i = 0; i < 50; i++) {
        int64_t opened = (monday + 60) / 60 + (int64_t)dice_below(&dice, (unsigned)((last - monday) / 60 + 1));
        alerts[i] = alert(dice_below(&dice, 2), "x", 1 + dice_below(&dice, 2), opened, opened + dice_below(&dice, 9999));
        alerts[i].opened_at = alerts[i].opened_at > last ? last : alerts[i].opened_at;
    }
    struct judgement j = {.past = past, .rules = &set, .alerts = alerts, .count = 50};
    struct summary s;
    struct timeline t;
    summarise(&s, &j, INT64_MIN);
    size_t whole = 0, parts = 0, opened = 0;
    for (size_t i = 0; i < s.count; i++)
        *(s.rows[i].whole ? &whole : &parts) += s.rows[i].count;
    ck_assert_uint_eq(whole, 50);
    ck_assert_uint_eq(parts, 50);
    timeline_make(&t, &j, &s, 60);
    ck_assert_uint_le(t.bins, 60);
    for (size_t i = 0; i < t.bins * set.count; i++) {
        opened += t.all[i].opened;
        ck_assert_uint_ge(t.all[i].open, t.all[i].opened);
        ck_assert_uint_eq(t.all[i].levels[1] + t.all[i].levels[2], t.all[i].opened);
    }
    ck_assert_uint_eq(opened, 50);
    ck_assert_int_eq((t.from_s + ZONE) % 3600, 0);
    timeline_clear(&t);
    summary_clear(&s);
    past_destroy(&past);
}
END_TEST

/* ---- conditions ---- */

START_TEST(conditions_are_written_with_the_parentheses_they_need)
{
    struct selection selections[] = {{.name = "a"}, {.name = "b"}};
    struct rule rule = {
        .selections = selections,
        .selection_count = 2,
        .within_s = 3600,
    };
    made_rule(&rule);
    made_atom(&rule, 0, MEASURE_EVENTS, 3);
    made_atom(&rule, 1, MEASURE_CALLERS, 5);
    made_atom(&rule, 1, MEASURE_MAX, 60500);
    struct rule_set three = {.rules = &rule, .count = 1, .level_count = 3};
    /* level 1: a and (b.callers or b.max); level 2: (a and b.callers) or b.max */
    rule.level[1] = (struct expression){{{OP_ATOM, 0}, {OP_ATOM, 1}, {OP_ATOM, 2}, {OP_OR, 0}, {OP_AND, 0}}, 5};
    rule.level[2] = (struct expression){{{OP_ATOM, 0}, {OP_ATOM, 1}, {OP_AND, 0}, {OP_ATOM, 2}, {OP_OR, 0}}, 5};
    struct past *past = past_create(config_of_nothing(), INT64_MIN, INT64_MAX);
    struct view *view = view_create(&(struct view_inputs){.set = &three, .rule = &rule, .ledger = past_ledger(past)});
    static const char *const expected[] = {NULL, "a >= 3 (0) and (b.callers >= 5 (0) or b.max >= 60.5 (-))",
                                           "a >= 3 (0) and b.callers >= 5 (0) or b.max >= 60.5 (-)"};
    for (unsigned level = 1; level <= 2; level++) {
        struct buffer text = {0};
        ck_assert(conditions_write(&three, &rule, level, view, 100, &text));
        buffer_put_u8(&text, 0);
        ck_assert_str_eq(text.at, expected[level]);
        buffer_free(&text);
        ck_assert(!conditions_hold(&rule, level, view, 100));
    }
    struct condition all[TERMS_MAX];
    ck_assert_uint_eq(conditions_measure(&three, &rule, view, 100, all), 3);
    ck_assert(all[2].thousandths && all[2].value == INT64_MIN && all[2].threshold[2] == 60500);
    ck_assert(all[0].threshold[3] == THRESHOLD_NONE);
    struct buffer none = {0};
    ck_assert(!conditions_write(&three, &rule, 3, view, 100, &none));
    view_destroy(&view);
    past_destroy(&past);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    core_test(suite, moments_are_read_as_written);
    core_test(suite, alerts_are_paired_by_rule_subject_and_time);
    core_test(suite, only_the_time_asked_for_is_taken);
    core_test(suite, sums_and_bins_lose_no_alert);
    core_test(suite, conditions_are_written_with_the_parentheses_they_need);
    return core_run(suite);
}
