/* When what was found is told: at once where it is new, and at once with what comes in a quarter of a second where it had
 * lain in its topic for long. */
#include "notice_world.h"

enum { HOUR_MS = 3600000, MOST_MS = 250 };

static const char twice_a_grid[] = "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 60m, levels: {yellow: c >= 2},\n"
                                   "     clear: {after: 5m}}\n";

static struct desk d;
static uint64_t commits; /* when a test begins */

/* two calls of one grid are a threshold crossed; the first of them, of two grids, is committed when a test begins */
static void open_desk(void)
{
    desk_open(&d, twice_a_grid);
    desk_call(&d, "9111", "labour", 1);
    desk_call(&d, "9121", "labour", 1);
    commits = d.log->commits;
}

static void close_desk(void)
{
    desk_close(&d);
}

static void call(const char *region, int64_t stamped_ms)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"%s\",\"category\":\"labour\"}",
                       d.events, (long long)(d.now_ms / 1000), region);
    d.log->now_ms = stamped_ms;
    memory_log_append(d.log, 0, text, (size_t)len, 0, d.events++);
}

static void step(void)
{
    worker_step(shard_worker(d.shard, 0), 0);
    ck_assert_int_ne(committer_step(shard_committer(d.shard)), STEP_LOST);
}

/* how many alerts the newest transaction tells of, if there was one */
static unsigned told(void)
{
    unsigned alerts = 0;
    for (size_t i = 0; i < d.log->entry_count && d.log->commits > commits; i++) {
        const struct log_entry *e = &d.log->entries[i];
        alerts += e->commit == d.log->commits && e->topic == STORE_ALERTS && !str_eq(e->key, STR("heartbeat"));
    }
    return alerts;
}

START_TEST(what_is_new_is_told_at_once)
{
    call("9111", d.now_ms);
    step();
    ck_assert_uint_eq(told(), 1);
}
END_TEST

START_TEST(what_was_late_anyway_is_told_together)
{
    call("9111", d.now_ms - HOUR_MS);
    d.now_ms += MOST_MS / 2;
    step();
    ck_assert_uint_eq(d.log->commits, commits);
    call("9121", d.now_ms - HOUR_MS);
    d.now_ms += MOST_MS / 2 - 1;
    step();
    ck_assert_uint_eq(d.log->commits, commits);
    d.now_ms++;
    step();
    ck_assert_uint_eq(told(), 2);
}
END_TEST

START_TEST(what_was_a_second_late_waits_for_a_twentieth_of_it)
{
    call("9111", d.now_ms - 1000);
    step();
    d.now_ms += 49;
    step();
    ck_assert_uint_eq(d.log->commits, commits);
    d.now_ms++;
    step();
    ck_assert_uint_eq(told(), 1);
}
END_TEST

START_TEST(nothing_new_waits_for_what_was_late)
{
    call("9111", d.now_ms - HOUR_MS);
    step();
    call("9121", d.now_ms);
    step();
    ck_assert_uint_eq(told(), 2);
}
END_TEST

/* nor where the topic does not say when */
START_TEST(what_bears_no_time_is_told_at_once)
{
    call("9111", 0);
    step();
    ck_assert_uint_eq(told(), 1);
}
END_TEST

START_TEST(an_engine_that_leaves_waits_for_nothing)
{
    call("9111", d.now_ms - HOUR_MS);
    step();
    ck_assert_uint_eq(d.log->commits, commits);
    ck_assert_int_ne(committer_flush(shard_committer(d.shard)), STEP_LOST);
    ck_assert_uint_eq(told(), 1);
}
END_TEST

START_TEST(a_clock_set_back_holds_up_nothing)
{
    call("9111", d.now_ms - HOUR_MS);
    step();
    d.now_ms -= HOUR_MS / 2;
    step();
    ck_assert_uint_eq(told(), 1);
}
END_TEST

int main(void)
{
    log_level_set(LOG_ERROR);
    world_directory(desk_directory, sizeof desk_directory);
    Suite *suite = suite_create("late");
    TCase *late = tcase_create("late");
    tcase_add_checked_fixture(late, open_desk, close_desk);
    tcase_add_test(late, what_is_new_is_told_at_once);
    tcase_add_test(late, what_was_late_anyway_is_told_together);
    tcase_add_test(late, what_was_a_second_late_waits_for_a_twentieth_of_it);
    tcase_add_test(late, nothing_new_waits_for_what_was_late);
    tcase_add_test(late, what_bears_no_time_is_told_at_once);
    tcase_add_test(late, an_engine_that_leaves_waits_for_nothing);
    tcase_add_test(late, a_clock_set_back_holds_up_nothing);
    suite_add_tcase(suite, late);
    int status = core_run(suite);
    world_directory_remove(desk_directory);
    return status;
}
