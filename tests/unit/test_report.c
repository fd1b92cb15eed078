/* Pure parts of a report: quantiles and intervals, what a revision adds to an alert's account, sums over rows, rules with
 * one more threshold.  What a report says of whole topics is tested end to end against a second computation
 * (tests/test_57_report.py). */
#include "core.h"
#include "made_rule.h"
#include "report/period.h"
#include "report/suggest.h"
#include "base/buffer.h"

#include <math.h>

/* ---- times and shares ---- */

START_TEST(a_quantile_is_the_least_that_is_not_below_its_share)
{
    struct dice dice = core_dice();
    for (unsigned round = 0; round < core_effort(300); round++) {
        int64_t times[40];
        size_t count = 1 + dice_below(&dice, 40);
        for (size_t i = 0; i < count; i++)
            times[i] = dice_below(&dice, 30);
        struct spread s = spread_of(times, count);
        for (unsigned hundredths = 10; hundredths <= 90; hundredths += 40) {
            int64_t found = quantile(times, count, hundredths);
            size_t below = 0, up_to = 0;
            for (size_t i = 0; i < count; i++) {
                below += times[i] < found;
                up_to += times[i] <= found;
            }
            EXPECT(up_to * 100 >= count * hundredths, "%u of %zu", hundredths, count);
            EXPECT(below * 100 < count * hundredths, "%u of %zu", hundredths, count);
        }
        EXPECT(s.count == count && s.median == quantile(times, count, 50) && s.p90 == quantile(times, count, 90), "spread");
    }
    ck_assert_int_eq(spread_of(NULL, 0).median, 0);
}
END_TEST

START_TEST(intervals_are_wilsons)
{
    static const struct {
        size_t k, n;
        double low, high;
    } known[] = {{0, 0, 0, 1},       {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1},
                 {0, 10, 0, 0.2775}, {1, 1, 0.2065, 1},       {80, 100, 0.7112, 0.8666}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double low, high;
        wilson(known[i].k, known[i].n, &low, &high);
        ck_assert_msg(fabs(low - known[i].low) < 5e-5 && fabs(high - known[i].high) < 5e-5, "%zu of %zu: %f to %f",
                      known[i].k, known[i].n, low, high);
    }
}
END_TEST

/* ---- accounts ---- */

static const char *const levels[] = {"blue", "yellow", "orange", "red"};
static const struct rule_context context = {.level_names = levels, .level_count = 4};

/* 2026-01-12 00:00 +08:00, and minutes after it */
static const int64_t monday = 1768147200;

static json_t *message(const char *change, int revision, int minute)
{
    char type[64], at[40];
    snprintf(type, sizeof type, "gov.risk.alert.%s", change);
    snprintf(at, sizeof at, "2026-01-12T%02d:%02d:00+08:00", minute / 60, minute % 60);
    json_t *m = json_pack("{s:s, s:s, s:{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:s}], s:{}}}", "type",
                          type, "time", at, "data", "alert_id", "a", "revision", revision, "state", "firing", "level",
                          "yellow", "highest_level", "yellow", "rule", "r", "title", "t", "opened_at",
                          "2026-01-12T00:00:00+08:00", "region_path", "level", "street", "code", "S", "name", "街",
                          "handling");
    ck_assert_ptr_nonnull(m);
    return m;
}

static void put(json_t *m, const char *key, json_t *value)
{
    json_object_set_new(json_object_get(m, "data"), key, value);
}

static void unit(json_t *m, const char *name, const char *role, const char *state, int minute)
{
    json_t *handling = json_object_get(json_object_get(m, "data"), "handling");
    char at[40];
    snprintf(at, sizeof at, "2026-01-12T%02d:%02d:00+08:00", minute / 60, minute % 60);
    if (!json_object_get(handling, "units"))
        json_object_set_new(handling, "units", json_array());
    json_array_append_new(json_object_get(handling, "units"), json_pack("{s:s, s:s, s:s, s:s}", "unit", name, "role", role,
                                                                        "state", state, "at", at));
}

static void said(json_t *m, const char *action, const char *name, int minute, const char *level)
{
    char at[40];
    snprintf(at, sizeof at, "2026-01-12T%02d:%02d:00+08:00", minute / 60, minute % 60);
    json_t *last = json_pack("{s:s, s:s, s:s*, s:s*}", "action", action, "at", at, "unit", name, "actual_level", level);
    json_object_set_new(json_object_get(json_object_get(m, "data"), "handling"), "last", last);
}

static void take(struct accounts *all, json_t *m)
{
    accounts_take(all, m);
    json_decref(m);
}

static struct accounts all;

static const struct account *first(void)
{
    ck_assert_uint_eq(all.count, 1);
    return &all.all[0];
}

START_TEST(who_was_told_when)
{
    accounts_begin(&all, &context);
    json_t *m = message("raised", 1, 10);
    put(m, "notice", json_pack("{s:b, s:s}", "told", 0, "cause", "budget"));
    take(&all, m);
    ck_assert(!first()->told && first()->held == HOLD_BUDGET && first()->told_at == ACCOUNT_NEVER);
    m = message("held", 2, 15);
    put(m, "notice", json_pack("{s:b, s:s}", "told", 0, "cause", "something new"));
    take(&all, m);
    ck_assert(!first()->told && first()->held == HOLD_NONE);
    m = message("released", 3, 20);
    put(m, "notice", json_pack("{s:b}", "told", 1));
    take(&all, m);
    ck_assert(first()->told && first()->told_at == monday + 20 * 60);
    take(&all, message("lowered", 3, 30)); /* told again: it counts once */
    take(&all, message("lowered", 2, 30));
    ck_assert(all.doubled == 2 && first()->lowered == 0);
    take(&all, json_pack("{s:s, s:s, s:{s:s}}", "type", "gov.risk.alert.digest", "time", "2026-01-12T00:00:00+08:00",
                         "data", "street", "x"));
    take(&all, json_pack("{s:s, s:{}}", "type", "gov.risk.heartbeat", "data"));
    accounts_take(&all, NULL);
    take(&all, json_pack("{s:s, s:{s:s}}", "type", "gov.risk.alert.raised", "data", "alert_id", "b"));
    ck_assert(all.count == 1 && all.unreadable == 2);
    accounts_clear(&all);
}
END_TEST

START_TEST(an_alert_whose_beginning_is_gone_has_no_times)
{
    accounts_begin(&all, &context);
    json_t *m = message("handled", 4, 10);
    unit(m, "u", "lead", "signed", 9);
    said(m, "signed", "u", 9, NULL);
    take(&all, m);
    ck_assert(first()->told && !first()->whole && first()->told_at == ACCOUNT_NEVER);
    ck_assert_int_eq(since_told(first(), first()->signed_at), ACCOUNT_NEVER);
    accounts_clear(&all);
}
END_TEST

/* of those that the engine counts: not what the alert before had, but that this one began so soon after it */
START_TEST(flaps_are_of_the_alert_itself)
{
    static const struct {
        int revision, flaps, expected;
    } rows[] = {{1, 0, 0}, {1, 1, 1}, {1, 7, 1}, {2, 7, 0}};
    for (int row = 0; row < 4; row++) {
        accounts_begin(&all, &context);
        for (int more = 0; more < 4; more++) { /* +0, +0, +1, +1 */
            json_t *m = message("raised", rows[row].revision + more, more);
            put(m, "flaps", json_integer(rows[row].flaps + more / 2));
            take(&all, m);
        }
        ck_assert_uint_eq(first()->flaps, (unsigned)rows[row].expected + 1);
        ck_assert_uint_eq(first()->raised, 3);
        accounts_clear(&all);
    }
}
END_TEST

START_TEST(what_units_did_is_theirs)
{
    accounts_begin(&all, &context);
    json_t *m = message("raised", 1, 10);
    unit(m, "lead", "lead", "unsigned", 10);
    unit(m, "help", "assist", "unsigned", 10);
    take(&all, m);
    m = message("escalated", 2, 20); /* whoever was in charge is late, not who takes over */
    put(m, "reason", json_string(act_reason(ACT_NOT_SIGNED)));
    unit(m, "lead", "assist", "unsigned", 10);
    unit(m, "top", "lead", "unsigned", 20);
    take(&all, m);
    m = message("handled", 3, 30); /* an arrival says as much as a signature, and is dated before */
    unit(m, "top", "lead", "arrived", 25);
    said(m, "arrived", "top", 25, NULL);
    take(&all, m);
    m = message("handled", 4, 40);
    unit(m, "top", "lead", "closed", 35);
    json_t *units = json_object_get(json_object_get(json_object_get(m, "data"), "handling"), "units");
    json_object_set_new(json_array_get(units, 0), "outcome", json_string("mediated"));
    said(m, "closed", "top", 35, "橙");
    take(&all, m);
    const struct account *a = first();
    ck_assert(account_verified(a) && !account_false(a) && a->closed_at == monday + 35 * 60);
    ck_assert(a->actual_said && a->actual == 3);
    ck_assert(a->escalated && a->overdue == 1 && a->units[0].overdue && !a->units[2].overdue);
    ck_assert_int_eq(since_told(a, a->signed_at), 15 * 60);
    ck_assert_int_eq(since_told(a, a->arrived_at), 15 * 60);
    ck_assert_int_eq(a->units[2].since, monday + 20 * 60);
    m = message("handled", 5, 50); /* nobody is named: the one in charge; what was said with the ending is over */
    unit(m, "top", "lead", "reopened", 45);
    said(m, "reopened", NULL, 45, NULL);
    take(&all, m);
    a = first();
    ck_assert(a->reopened && a->units[2].reopened && !a->units[0].reopened && !account_verified(a) && !a->actual_said);
    m = message("handled", 6, 60);
    unit(m, "top", "lead", "false_alarm", 55);
    said(m, "false_alarm", NULL, 55, "somebody's name");
    take(&all, m);
    a = first();
    ck_assert(account_false(a) && a->actual_said && a->actual == 0);
    accounts_clear(&all);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_add_up)
{
    struct dice dice = core_dice();
    static const char *const changes[] = {"raised", "lowered", "handled", "resolved"};
    accounts_begin(&all, &context);
    for (int i = 0; i < 120; i++) {
        json_t *m = message(changes[dice_below(&dice, 4)], 1, (int)dice_below(&dice, 1000));
        char id[16], rule[8], street[8], opened[40];
        snprintf(id, sizeof id, "%d", i);
        snprintf(rule, sizeof rule, "r%u", dice_below(&dice, 3));
        snprintf(street, sizeof street, "%u", dice_below(&dice, 4));
        snprintf(opened, sizeof opened, "2026-01-%02uT%02u:30:00+08:00", 10 + dice_below(&dice, 5), dice_below(&dice, 24));
        put(m, "alert_id", json_string(id));
        put(m, "rule", json_string(rule));
        put(m, "opened_at", json_string(opened));
        put(m, "highest_level", json_string(levels[dice_below(&dice, 4)]));
        if (dice_below(&dice, 4) == 0)
            put(m, "region_path", json_array());
        else
            put(m, "region_path", json_pack("[{s:s, s:s, s:s}]", "level", "street", "code", street, "name", street));
        unit(m, dice_below(&dice, 2) ? "u" : "v", "lead", dice_below(&dice, 2) ? "closed" : "false_alarm", 999);
        take(&all, m);
    }
    struct period_figures p;
    int64_t from = monday - 86400 + 3600 * (int64_t)dice_below(&dice, 24);
    int64_t to = monday + 86400 + 3600 * (int64_t)dice_below(&dice, 24);
    period_begin(&p, &all, from, to);
    period_count(&p, NULL, 8 * 3600);
    size_t sums[ROW_STREET + 1] = {0}, false_alarms[ROW_STREET + 1] = {0}, days = 0, sent = 0, expected = 0;
    for (size_t i = 0; i < p.row_count; i++) {
        sums[p.rows[i].kind] += p.rows[i].figures.alerts;
        false_alarms[p.rows[i].kind] += p.rows[i].figures.false_alarms;
    }
    for (size_t i = 0; i < all.count; i++)
        expected += all.all[i].identity.opened_at >= from && all.all[i].identity.opened_at < to;
    ck_assert(expected > 20 && expected < 120);
    for (int kind = ROW_ALL; kind <= ROW_STREET; kind++) {
        ck_assert_uint_eq(sums[kind], expected);
        ck_assert_uint_eq(false_alarms[kind], false_alarms[ROW_ALL]);
    }
    for (size_t i = 0; i < p.day_count; i++)
        for (unsigned l = 0; l <= LEVELS_MAX; l++)
            days += p.days[i].highest[l];
    for (size_t i = 0; i < p.unit_count; i++)
        sent += p.units[i].sent;
    ck_assert_uint_eq(days, expected);
    ck_assert_uint_eq(sent, expected);
    ck_assert_int_eq((p.days[0].from_s + 8 * 3600) % 86400, 0);
    ck_assert(p.days[0].from_s <= from && p.days[p.day_count - 1].from_s < to);
    period_clear(&p);
    accounts_clear(&all);
}
END_TEST

/* ---- thresholds to try ---- */

START_TEST(a_further_threshold_takes_the_place_of_one_of_the_same_place)
{
    struct selection selections[] = {{.name = "c"}};
    struct rule rules[2] = {{.id = "x", .selections = selections, .selection_count = 1, .within_s = 60},
                            {.id = "y", .selections = selections, .selection_count = 1, .within_s = 60}};
    made_rule(&rules[1]);
    made_atom(&rules[1], 0, MEASURE_EVENTS, 3);
    made_atom(&rules[1], 0, MEASURE_SUM, 2500);
    struct rule_override own[] = {{7, 0, 5, 2}, {7, 1, 900, 3}, {8, 0, 4, 4}};
    rules[1].overrides = own;
    rules[1].override_count = 3;
    struct rule_set set = {.rules = rules, .count = 2};
    struct rule_override more[] = {{7, 0, 6, 0}, {9, 0, 11, 0}};
    struct rule_set *edited = rule_set_with(&set, &rules[1], more, 2);
    ck_assert(edited->count == 2 && edited->rules[0].override_count == 0 && edited->rules[1].override_count == 4);
    static const int64_t expected[] = {900, 4, 6, 11};
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(edited->rules[1].overrides[i].threshold, expected[i]);
    ck_assert(rules[1].override_count == 3 && own[0].threshold == 5);
    struct suggestion s = {.rule = &rules[1], .atom = 1};
    static const struct {
        int64_t threshold;
        const char *text;
    } numbers[] = {{2500, "2.5"}, {3000, "3"}, {70, "0.07"}, {12345, "12.345"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct buffer text = {0};
        suggestion_number(&s, numbers[i].threshold, &text);
        buffer_put_u8(&text, 0);
        ck_assert_str_eq(text.at, numbers[i].text);
        buffer_free(&text);
    }
    free(edited);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    core_test(suite, a_quantile_is_the_least_that_is_not_below_its_share);
    core_test(suite, intervals_are_wilsons);
    core_test(suite, who_was_told_when);
    core_test(suite, an_alert_whose_beginning_is_gone_has_no_times);
    core_test(suite, flaps_are_of_the_alert_itself);
    core_test(suite, what_units_did_is_theirs);
    core_test(suite, rows_add_up);
    core_test(suite, a_further_threshold_takes_the_place_of_one_of_the_same_place);
    return core_run(suite);
}
