/* Budgets, storms and inhibition from the records to the log: what exceeds a budget or comes in a storm is listed, the turn of a
 * shift and of a minute, edits; and that a restart in the middle of it is as if nothing had happened. */
#include "notice_between.h"

#include "notify/budget.h"

/* the clock begins at midnight */
#define RULE                                                                                                           \
    "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 3h, clear: {after: 5m}, send: {lead: 局},\n" \
    "     levels: {yellow: c >= 2, orange: c >= 4, red: c >= 6}}\n"                                                    \
    "  - {id: wide, let: {c: {source: hotline}}, per: community, within: 3h, levels: {red: c >= 40}}\n"
#define BUDGET(street) "notify: {budget: {street: " street ", shifts: [\"01:00\", \"04:00\"]}}\n"

static void (*const between[])(void) = {nothing, restart};

START_TEST(what_exceeds_the_budget_is_listed)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, BUDGET("1") RULE);
    desk_call(&d, "9111", "noise", 2);
    meanwhile();
    desk_call(&d, "9112", "noise", 2);
    meanwhile();
    desk_call(&d, "9211", "noise", 2); /* another street */
    meanwhile();
    desk_call(&d, "9121", "noise", 4);
    meanwhile();
    expect_said(&d, "a raised yellow; b raised yellow (budget budget:91/2026-01-11T04:00); digest 91 1 told 1: b yellow; c raised yellow; "
                    "d raised orange (budget budget:91/2026-01-11T04:00); digest 91 2 told 1: b yellow, d orange");
    desk_call(&d, "9112", "noise", 4); /* the highest is told, and counts */
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "d orange; b raised red; b released red; digest 91 3 told 2: d orange"));
    desk_wait(&d, 3595);
    meanwhile();
    ck_assert_ptr_null(strstr(desk_said(&d), "over"));
    desk_wait(&d, 10); /* the shift ends, and d competes anew */
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "told 2: d orange; d released orange; digest 91 4 over told 2: d orange"));
    desk_call(&d, "9111", "noise", 4);
    meanwhile();
    desk_wait(&d, 5 * 3600);
    meanwhile();
    const char *rest = strstr(desk_said(&d), "digest 91 4");
    ck_assert_str_eq(rest, "digest 91 4 over told 2: d orange; a raised red; a resolved red; d resolved orange; b resolved red; "
                           "c resolved yellow");
    desk_close(&d);
}
END_TEST

/* of those that still fire the more urgent, and the older, come first; what is held again is in the next digest */
START_TEST(at_the_turn_of_a_shift_they_compete)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, BUDGET("1") RULE);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_wait(&d, 5);
    desk_call(&d, "9121", "noise", 2);
    desk_wait(&d, 3590);
    meanwhile();
    desk_call(&d, "9121", "noise", 2);
    desk_wait(&d, 20);
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; c released orange; "));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; b held yellow (budget budget:91/2026-01-12T01:00)"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "over told 1: b yellow, c orange; digest 91 1 told 1: b yellow"));
    desk_close(&d);
}
END_TEST

/* in the middle of a shift */
START_TEST(an_edit_counts_at_once)
{
    desk_open(&d, BUDGET("1") RULE);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_wait(&d, 1);
    desk_call(&d, "9121", "noise", 2);
    desk_reload(&d, BUDGET("2") RULE);
    desk_settle(&d);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; b released yellow; digest 91 3 told 2: c yellow"));
    desk_reload(&d, RULE);
    desk_settle(&d);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "digest 91 3 told 2: c yellow; c released yellow; digest 91 4 over told 2: c yellow"));
    desk_close(&d);
}
END_TEST

/* It ends when those of now say, be it earlier or later than it would have. */
START_TEST(an_edit_of_the_shifts_does_too)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, BUDGET("1") RULE);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_reload(&d, "notify: {budget: {street: 1, shifts: [\"04:00\"]}}\n" RULE);
    desk_settle(&d);
    meanwhile();
    desk_wait(&d, 3660); /* when it would have ended */
    meanwhile();
    desk_call(&d, "9121", "noise", 2);
    meanwhile();
    expect_said(&d, "a raised yellow; b raised yellow (budget budget:91/2026-01-11T04:00); digest 91 1 told 1: b yellow; "
                    "c raised yellow (budget budget:91/2026-01-11T04:00); digest 91 2 told 1: b yellow, c yellow");
    desk_reload(&d, "notify: {budget: {street: 1, shifts: [\"01:30\", \"04:00\"]}}\n" RULE);
    desk_settle(&d);
    meanwhile();
    desk_wait(&d, 1740);
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; b released yellow"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; c held yellow (budget budget:91/2026-01-12T01:30)"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; digest 91 3 over told 1: b yellow, c yellow; digest 91 1 told 1: c yellow"));
    desk_close(&d);
}
END_TEST

/* What a storm holds is listed at once, and all of it when the minute is over; then half of each minute is for those that wait,
 * the more urgent first, and the other half for what is new. */
START_TEST(a_storm_is_told_of_bit_by_bit)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, "notify: {storm: 2}\n" RULE);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    meanwhile();
    desk_call(&d, "9121", "noise", 2);
    meanwhile();
    desk_call(&d, "9211", "noise", 4);
    meanwhile();
    expect_said(&d, "a raised yellow; b raised yellow; c raised yellow (storm storm:2026-01-12T00:00); digest storm 1 told 2: c yellow; "
                    "d raised orange (storm storm:2026-01-12T00:00)");
    desk_wait(&d, 59);
    meanwhile();
    ck_assert_ptr_null(strstr(desk_said(&d), "released"));
    desk_wait(&d, 1);
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "00:00); d released orange; digest storm 2 over told 2: c yellow, d orange"));
    desk_call(&d, "9212", "noise", 2);
    meanwhile();
    desk_call(&d, "9112", "noise", 4); /* who was told before is told of all that becomes of it; the highest is always */
    desk_call(&d, "9121", "noise", 4);
    meanwhile();
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "c yellow, d orange; e raised yellow; b raised red; c raised red"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; c released red"));
    desk_wait(&d, 60);
    meanwhile();
    ck_assert(meanwhile == restart || metric_value(d.metrics, METRIC_HOLDS, HOLD_STORM, 0) == 2);
    desk_close(&d);
}
END_TEST

/* It stays with the minute that held it first, until its turn comes, and is listed once; what ends meanwhile nobody is told of. */
START_TEST(what_waits_is_listed_once)
{
    void (*meanwhile)(void) = between[_i];
    static const char *const grids[] = {"9111", "9112", "9121", "9211"};
    desk_open(&d, "notify: {storm: 1}\n" RULE);
    for (int i = 0; i < 4; i++)
        desk_call(&d, grids[i], "noise", 2);
    desk_wait(&d, 61);
    meanwhile();
    desk_wait(&d, 60);
    meanwhile();
    expect_said(&d, "a raised yellow; b raised yellow (storm storm:2026-01-12T00:00); digest storm 1 told 1: b yellow; "
                    "c raised yellow (storm storm:2026-01-12T00:00); d raised yellow (storm storm:2026-01-12T00:00); "
                    "b released yellow; digest storm 2 over told 1: b yellow, c yellow, d yellow; c released yellow");
    desk_reload(&d, RULE); /* nothing holds it any more */
    desk_settle(&d);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "c released yellow; d released yellow"));
    desk_close(&d);
}
END_TEST

/* A shift that ended, and after which none has begun, is taken up again by a clock that is set back: nobody is told of more, and no
 * revision of its digest comes twice. */
START_TEST(a_clock_set_back_begins_no_shift_again)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, BUDGET("1") RULE);
    d.now_ms += 3590 * 1000;
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_call(&d, "9112", "noise", 4); /* now nobody waits for the next shift */
    desk_wait(&d, 10);
    meanwhile();
    d.now_ms -= 5000;
    desk_settle(&d);
    meanwhile();
    desk_call(&d, "9121", "noise", 2);
    meanwhile();
    desk_call(&d, "9211", "noise", 2); /* another street */
    desk_wait(&d, 5);
    expect_said(&d, "a raised yellow; b raised yellow (budget budget:91/2026-01-11T04:00); digest 91 1 told 1: b yellow; b raised red; "
                    "b released red; digest 91 2 told 2:; digest 91 3 over told 2:; "
                    "c raised yellow (budget budget:91/2026-01-11T04:00); digest 91 4 told 2: c yellow; d raised yellow; "
                    "c released yellow; digest 91 5 over told 2: c yellow");
    desk_close(&d);
}
END_TEST

/* What has begun is not left for what was before it; but if it is set back by more than that lasts, that would last for as long:
 * then the minute begins again, and only its digest's revisions go on. */
START_TEST(a_clock_set_back_by_far_does_not_hold_everybody_up)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, "notify: {storm: 1}\n" RULE);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_wait(&d, 120); /* b is told in 00:01, and nobody in 00:02 */
    meanwhile();
    desk_call(&d, "9121", "noise", 2);
    d.now_ms -= 10 * 1000;
    desk_settle(&d);
    meanwhile();
    desk_call(&d, "9211", "noise", 2);
    meanwhile();
    expect_said(&d, "a raised yellow; b raised yellow (storm storm:2026-01-12T00:00); digest storm 1 told 1: b yellow; "
                    "b released yellow; digest storm 2 over told 1: b yellow; c raised yellow; "
                    "d raised yellow (storm storm:2026-01-12T00:02); digest storm 1 told 1: d yellow");
    d.now_ms -= 100 * 1000;
    desk_settle(&d);
    meanwhile();
    desk_call(&d, "9212", "noise", 2);
    meanwhile();
    desk_wait(&d, 50);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "digest storm 1 told 1: d yellow; d released yellow; digest storm 2 over told 1: d yellow; "
                                                "e raised yellow (storm storm:2026-01-12T00:00); digest storm 3 told 1: e yellow; "
                                                "e released yellow; digest storm 4 over told 1: e yellow"));
    desk_close(&d);
}
END_TEST

/* Events have no clock that would end the last shift and the last minute: the end of the input does.  Where there is more after
 * all, they go on. */
START_TEST(at_the_end_of_the_input_all_is_told)
{
    desk_open_by(&d, "notify: {budget: {street: 1, shifts: [\"01:00\"]}, storm: 1}\n" RULE, true);
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9112", "noise", 2);
    desk_call(&d, "9211", "noise", 2);
    d.drain = true;
    restart();
    ck_assert_int_eq(committer_step(shard_committer(d.shard)), STEP_FINISHED);
    expect_said(&d, "a raised yellow; b raised yellow (budget budget:91/2026-01-11T01:00); digest 91 1 told 1: b yellow; "
                    "c raised yellow (storm storm:2026-01-12T00:00); digest storm 1 told 1: c yellow; a resolved yellow; "
                    "b resolved yellow (budget budget:91/2026-01-11T01:00); c resolved yellow (storm storm:2026-01-12T00:00); "
                    "digest 91 2 told 1: b yellow; digest 91 3 over told 1: b yellow; digest storm 2 over told 1: c yellow");
    d.drain = false;
    restart();
    d.now_ms += 30 * 1000;
    desk_call(&d, "9112", "noise", 2);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; digest 91 3 over told 1: b yellow; digest storm 2 over told 1: c yellow; "
                                                "b reopened orange (budget budget:91/2026-01-11T01:00); digest 91 4 told 1: b orange"));
    desk_close(&d);
}
END_TEST

/* ---- what a digest counts ---- */

enum { MATTERS = DIGEST_LISTED + 5 };

#define PETITIONS                                                                                                      \
    BUDGET("1") "rules:\n  - {id: p, let: {c: {source: hotline}}, per: matter, within: 3h,\n"                          \
                "     levels: {yellow: c >= 1, orange: c >= 2, red: c >= 3}}\n"

static void petition(int from, int until)
{
    for (int i = from; i < until; i++) {
        char text[256];
        int len = snprintf(text, sizeof text,
                           "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"9111\",\"category\":\"noise\",\"matter\":\"M%d\"}",
                           d.events, (long long)(d.now_ms / 1000), i);
        memory_log_append(d.log, 0, text, (size_t)len, 0, d.events++);
    }
    desk_settle(&d);
}

static json_t *newest_digest(void)
{
    size_t i = d.log->entry_count;
    while (i-- > 0 && !desk_is_digest(&d.log->entries[i]))
        ;
    return json_loadb(d.log->entries[i].value.at, d.log->entries[i].value.len, 0, NULL);
}

/* returns a matter of which nobody was told yet, that it lists or does not list */
static int expect_digest(size_t lists, json_int_t more, const bool *told, bool listed)
{
    bool found[MATTERS] = {false};
    size_t i;
    json_t *entry, *digest = newest_digest(), *data = json_object_get(digest, "data"), *held = json_object_get(data, "held");
    json_array_foreach(held, i, entry)
    {
        const char *code = json_string_value(json_object_get(json_object_get(entry, "subject"), "code"));
        found[strtol(code + 1, NULL, 10)] = true;
    }
    ck_assert_uint_eq(json_array_size(held), lists);
    ck_assert_int_eq(json_integer_value(json_object_get(data, "more")), more);
    json_decref(digest);
    int matter = 0;
    while (matter < MATTERS && (told[matter] || found[matter] != listed))
        matter++;
    return matter;
}

/* Each once, whatever becomes of it; one that is told is counted no more, and where that makes room another is listed. */
START_TEST(a_digest_counts_what_it_does_not_list)
{
    void (*meanwhile)(void) = between[_i];
    bool told[MATTERS] = {true};
    desk_open(&d, PETITIONS);
    petition(0, 1);
    petition(1, MATTERS);
    meanwhile();
    int one = expect_digest(DIGEST_LISTED, 4, told, false);
    petition(one, one + 1);
    meanwhile();
    ck_assert_int_eq(expect_digest(DIGEST_LISTED, 4, told, false), one);
    petition(one, one + 1); /* red */
    meanwhile();
    told[one] = true;
    one = expect_digest(DIGEST_LISTED, 3, told, true);
    petition(one, one + 1);
    petition(one, one + 1);
    meanwhile();
    told[one] = true;
    one = expect_digest(DIGEST_LISTED - 1, 3, told, false);
    petition(one, one + 1);
    meanwhile();
    expect_digest(DIGEST_LISTED, 2, told, false);
    desk_close(&d);
}
END_TEST

/* the inhibitor and what it inhibits come to be in one cut: it is not told first and taken back at once */
START_TEST(of_two_in_one_cut_the_one_holds_the_other)
{
    desk_open(&d, "notify: {inhibit: [{when: {rule: wide}, holds: {rule: r0, level: red}, same: community}]}\n" RULE);
    desk_call(&d, "9112", "noise", 2);
    desk_call(&d, "9111", "noise", 38);
    expect_said(&d, "a raised yellow; b raised red; c raised red (inhibited b); a held yellow (inhibited b)");
    desk_restart(&d);
    desk_settle(&d);
    desk_reload(&d, RULE);
    desk_settle(&d);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; a held yellow (inhibited b)"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; a released yellow"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; c released red"));
    desk_close(&d);
}
END_TEST

int main(void)
{
    world_directory(desk_directory, sizeof desk_directory);
    Suite *suite = suite_create("budget");
    TCase *tests = tcase_create("budget");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, what_exceeds_the_budget_is_listed, 0, 2);
    tcase_add_loop_test(tests, at_the_turn_of_a_shift_they_compete, 0, 2);
    tcase_add_test(tests, an_edit_counts_at_once);
    tcase_add_loop_test(tests, an_edit_of_the_shifts_does_too, 0, 2);
    tcase_add_loop_test(tests, a_storm_is_told_of_bit_by_bit, 0, 2);
    tcase_add_loop_test(tests, what_waits_is_listed_once, 0, 2);
    tcase_add_loop_test(tests, a_clock_set_back_begins_no_shift_again, 0, 2);
    tcase_add_loop_test(tests, a_clock_set_back_by_far_does_not_hold_everybody_up, 0, 2);
    tcase_add_test(tests, at_the_end_of_the_input_all_is_told);
    tcase_add_loop_test(tests, a_digest_counts_what_it_does_not_list, 0, 2);
    tcase_add_test(tests, of_two_in_one_cut_the_one_holds_the_other);
    suite_add_tcase(suite, tests);
    log_level_set(LOG_ERROR);
    int failed = core_run(suite);
    world_directory_remove(desk_directory);
    return failed;
}
