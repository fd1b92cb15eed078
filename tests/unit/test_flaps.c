/* Flaps in the alert itself: what counts as one, what an alert takes over from the one before, and that a restart forgets none. */
#include "notice_between.h"

#define RULE                                                                                                           \
    "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 20m, clear: {after: 2m},\n"                  \
    "     levels: {yellow: c >= 2, orange: c >= 3}}\n"

static void (*const between[])(void) = {nothing, restart};

/* "a raised yellow 0; ..." */
static const char *flaps_said(void)
{
    static char out[4096];
    size_t len = 0;
    out[0] = '\0';
    memset(desk_ids, 0, sizeof desk_ids);
    for (size_t i = 0; i < d.log->entry_count; i++) {
        const struct log_entry *e = &d.log->entries[i];
        const char *type, *id, *level;
        int flaps;
        if (e->topic != STORE_ALERTS || str_eq(e->key, STR("heartbeat")))
            continue;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        ck_assert_int_eq(json_unpack(json, "{s:s, s:{s:s, s:s, s:i}}", "type", &type, "data", "alert_id", &id, "level", &level,
                                     "flaps", &flaps),
                         0);
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%c %s %s %d", len ? "; " : "", (char)('a' + desk_letter(id)),
                                strrchr(type, '.') + 1, level, flaps);
        json_decref(json);
    }
    return out;
}

static void later(int64_t seconds)
{
    d.now_ms += seconds * 1000;
    desk_settle(&d);
}

START_TEST(up_again_is_a_flap)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, RULE);
    desk_call(&d, "9111", "noise", 1);
    later(600);
    desk_call(&d, "9111", "noise", 2);
    later(900); /* one has left the window */
    meanwhile();
    desk_call(&d, "9111", "noise", 1);
    meanwhile();
    later(3600);
    meanwhile();
    desk_call(&d, "9111", "noise", 2); /* within a day */
    desk_call(&d, "9112", "noise", 2); /* of another subject */
    later(7200);
    meanwhile();
    ck_assert_str_eq(flaps_said(), "a raised orange 0; a lowered yellow 0; a raised orange 1; a resolved orange 1; b raised yellow 2; "
                                   "c raised yellow 0; b resolved yellow 2; c resolved yellow 0");
    later(25 * 3600); /* calm for a day */
    meanwhile();
    desk_call(&d, "9111", "noise", 2);
    ck_assert_ptr_nonnull(strstr(flaps_said(), "; d raised yellow 0"));
    desk_close(&d);
}
END_TEST

/* what comes late shows that it had not ended */
START_TEST(an_end_that_was_none_is_a_flap)
{
    void (*meanwhile)(void) = between[_i];
    desk_open(&d, RULE);
    desk_call(&d, "9111", "noise", 2);
    later(1500);
    meanwhile();
    for (int i = 0; i < 2; i++) {
        char text[256];
        int len = snprintf(text, sizeof text, "{\"id\":\"late%d\",\"at\":\"%d\",\"kind\":\"created\",\"region\":\"9111\",\"category\":\"noise\"}",
                           i, BEGIN + 900);
        memory_log_append(d.log, 0, text, (size_t)len, 0, d.events++);
    }
    desk_settle(&d);
    meanwhile();
    ck_assert_str_eq(flaps_said(), "a raised yellow 0; a resolved yellow 0; a reopened yellow 1");
    desk_close(&d);
}
END_TEST

int main(void)
{
    world_directory(desk_directory, sizeof desk_directory);
    Suite *suite = suite_create("flaps");
    TCase *tests = tcase_create("flaps");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, up_again_is_a_flap, 0, 2);
    tcase_add_loop_test(tests, an_end_that_was_none_is_a_flap, 0, 2);
    suite_add_tcase(suite, tests);
    log_level_set(LOG_ERROR);
    int failed = core_run(suite);
    world_directory_remove(desk_directory);
    return failed;
}
