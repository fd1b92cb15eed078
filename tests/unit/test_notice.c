/* Who is told of an alert: silences, what becomes of what is held, of limits meanwhile, and that a restart or a reload in the
 * middle of it is as if nothing had happened. */
#include "notice_between.h"

static const char rules[] =
    "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, each: category.1, within: 60m, clear: {after: 5m}, send: {lead: 局},\n"
    "     levels: {yellow: c >= 2, orange: c >= 4, red: c >= 6}, sign_within: {yellow: 10m, orange: 10m, red: 10m}}\n";

static void silence(const char *id, const char *what, int64_t from, int64_t until)
{
    desk_say(&d,
             "{\"id\":\"%s\",\"silence\":{%s},\"by_role\":\"duty\",\"unit\":\"中心\",\"reason\":\"计划内\",\"from\":\"%s\",\"until\":\"%s\","
             "\"at\":\"%s\"}",
             id, what, desk_time(&d, from), desk_time(&d, until), desk_time(&d, 0));
}

static void end(const char *id, const char *silence, int64_t at)
{
    desk_say(&d, "{\"id\":\"%s\",\"silence_end\":\"%s\",\"by_role\":\"duty\",\"unit\":\"中心\",\"at\":\"%s\"}", id, silence,
             desk_time(&d, at));
}

static int64_t answered(enum answer answer)
{
    return metric_value(d.metrics, METRIC_DISPOSITIONS, answer, 0);
}

static void reload(void)
{
    desk_reload(&d, rules);
    desk_settle(&d);
}

static void (*const between[])(void) = {nothing, restart, reload};
enum { BETWEEN = sizeof between / sizeof *between };

static void one_silence(void (*meanwhile)(void))
{
    desk_open(&d, rules);
    silence("S1", "\"region\":\"一街\",\"category\":\"labour\"", 0, 3600);
    silence("S2", "\"rule\":[\"r0\"],\"region\":\"911\"", 0, 1800);
    meanwhile();
    desk_call(&d, "9111", "noise", 2);
    desk_call(&d, "9211", "noise", 2);
    expect_said(&d, "a raised yellow (silenced S2); b raised yellow");
    desk_wait(&d, 600);
    meanwhile();
    /* a limit passes, of those who were asked alone */
    desk_wait(&d, 30);
    expect_said(&d, "a raised yellow (silenced S2); b raised yellow; b escalated yellow");
    desk_wait(&d, 1200);
    meanwhile();
    expect_said(&d, "a raised yellow (silenced S2); b raised yellow; b escalated yellow; b escalated yellow; a released yellow");
    desk_wait(&d, 630);
    meanwhile();
    desk_wait(&d, 20);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "a released yellow; a escalated yellow"));
    desk_close(&d);
}

START_TEST(a_silence_holds_and_lets_go)
{
    one_silence(between[0]);
}
END_TEST

START_TEST(a_restart_changes_nothing)
{
    one_silence(between[1]);
}
END_TEST

START_TEST(a_reload_changes_nothing)
{
    one_silence(between[2]);
}
END_TEST

/* who was told that it began is told that it ended; nobody else is */
START_TEST(the_end_is_told_to_who_knows_the_beginning)
{
    desk_open(&d, rules);
    desk_call(&d, "9111", "noise", 2);
    silence("S1", "\"category\":\"noise\"", 0, 7 * 3600);
    desk_call(&d, "9211", "noise", 2);
    desk_call(&d, "9111", "noise", 2);
    expect_said(&d, "a raised yellow; a held yellow (silenced S1); b raised yellow (silenced S1); a raised orange (silenced S1)");
    desk_wait(&d, 4000);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; b resolved yellow (silenced S1)"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "; a resolved orange"));
    ck_assert_ptr_null(strstr(desk_said(&d), "a resolved orange (silenced"));
    desk_close(&d);
}
END_TEST

START_TEST(the_highest_level_is_held_by_name_only)
{
    desk_open(&d, rules);
    silence("S1", "\"rule\":\"r0\"", 0, 3600);
    desk_call(&d, "9111", "noise", 5);
    desk_call(&d, "9111", "noise", 1);
    expect_said(&d, "a raised orange (silenced S1); a raised red; a released red");
    silence("S2", "\"region\":\"9\",\"level\":\"红\"", 0, 3600);
    expect_said(&d, "a raised orange (silenced S1); a raised red; a released red; a held red (silenced S2)");
    desk_close(&d);
}
END_TEST

START_TEST(an_end_comes_early_and_once)
{
    desk_open(&d, rules);
    silence("S1", "\"subject\":\"9111\"", 600, 3600);
    silence("S1", "\"subject\":\"9111\"", 0, 7200); /* the same id: nothing new */
    ck_assert_int_eq(answered(ANSWER_DOUBLED), 1);
    desk_call(&d, "9111", "noise", 2);
    expect_said(&d, "a raised yellow");
    desk_wait(&d, 590);
    expect_said(&d, "a raised yellow");
    desk_wait(&d, 10);
    expect_said(&d, "a raised yellow; a held yellow (silenced S1)");
    for (int i = 0; i < 2; i++)
        end("E1", "S1", 0);
    expect_said(&d, "a raised yellow; a held yellow (silenced S1); a released yellow");
    ck_assert_int_eq(answered(ANSWER_DOUBLED), 2);
    desk_restart(&d);
    silence("S3", "\"rule\":\"r9\"", 0, 3600);
    ck_assert_int_eq(answered(ANSWER_UNKNOWN_RULE), 1);
    expect_said(&d, "a raised yellow; a held yellow (silenced S1); a released yellow");
    desk_close(&d);
}
END_TEST

/* dispositions are taken all the same, and what is closed stays closed */
START_TEST(what_is_held_is_handled_too)
{
    const char *id = NULL;
    desk_open(&d, rules);
    silence("S1", "\"category\":\"noise\"", 0, 1200);
    desk_call(&d, "9111", "noise", 2);
    json_t *json = NULL;
    for (size_t i = 0; i < d.log->entry_count && !id; i++)
        if (d.log->entries[i].topic == STORE_ALERTS && !str_eq(d.log->entries[i].key, STR("heartbeat"))) {
            json = json_loadb(d.log->entries[i].value.at, d.log->entries[i].value.len, 0, NULL);
            id = json_string_value(json_object_get(json, "subject"));
        }
    ck_assert_ptr_nonnull(id);
    desk_say(&d, "{\"id\":\"D1\",\"alert_id\":\"%s\",\"action\":\"closed\",\"unit\":\"局\",\"at\":\"%s\"}", id, desk_time(&d, 0));
    json_decref(json);
    desk_wait(&d, 1200);
    desk_wait(&d, 700);
    expect_said(&d, "a raised yellow (silenced S1); a handled yellow (silenced S1); a released yellow");
    desk_close(&d);
}
END_TEST

/* of a replay the time is the events' */
START_TEST(where_no_clock_runs_the_events_tell_the_time)
{
    desk_open_by(&d, rules, true);
    silence("S1", "\"region\":\"9\"", 60, 600);
    desk_call(&d, "9211", "noise", 2);
    d.now_ms += 60 * 1000;
    desk_call(&d, "9111", "noise", 2);
    expect_said(&d, "a raised yellow; b raised yellow (silenced S1); a held yellow (silenced S1)");
    desk_restart(&d);
    d.now_ms += 539 * 1000;
    desk_call(&d, "9212", "noise", 1);
    expect_said(&d, "a raised yellow; b raised yellow (silenced S1); a held yellow (silenced S1)");
    d.now_ms += 1000;
    desk_call(&d, "9212", "noise", 1);
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "a released yellow"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "b released yellow"));
    ck_assert_ptr_nonnull(strstr(desk_said(&d), "c raised yellow"));
    ck_assert_ptr_null(strstr(desk_said(&d), "c raised yellow ("));
    desk_close(&d);
}
END_TEST

/* Two of one silence, and the silence, in that order of the six: what is said of it is the same. */
static void ends_and_silence(const char *order, char said[200])
{
    desk_open(&d, rules);
    desk_call(&d, "9111", "noise", 2);
    for (; *order; order++) {
        if (*order == 'S')
            silence("S1", "\"subject\":\"9111\"", 0, 1200);
        else if (*order == '1')
            end("E1", "S1", 600);
        else
            end("E2", "S1", 300);
        desk_restart(&d);
    }
    ck_assert_int_eq(answered(ANSWER_UNKNOWN_SILENCE), 0);
    desk_wait(&d, 200);
    snprintf(said, 200, "%s", desk_said(&d));
    desk_wait(&d, 150);
    ck_assert_str_eq(desk_said(&d) + strlen(said), "; a released yellow");
    end("E2", "S1", -1); /* sent again */
    silence("S1", "\"subject\":\"9111\"", 0, 7200);
    ck_assert_int_eq(answered(ANSWER_DOUBLED), 2);
    desk_close(&d);
}

START_TEST(an_end_may_come_before_its_silence)
{
    static const char *const orders[] = {"S12", "S21", "1S2", "2S1", "12S", "21S"};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        char said[200];
        ends_and_silence(orders[i], said);
        ck_assert_str_eq(said, "a raised yellow; a held yellow (silenced S1)");
    }
}
END_TEST

START_TEST(ends_of_what_never_was_take_no_place)
{
    char id[16], of[16];
    desk_open(&d, rules);
    for (int i = 0; i < EARLY_ENDS_MAX + 1; i++) {
        snprintf(id, sizeof id, "E%d", i);
        snprintf(of, sizeof of, "S%d", i);
        end(id, of, 0);
    }
    ck_assert_int_eq(answered(ANSWER_NO_EFFECT), EARLY_ENDS_MAX);
    ck_assert_int_eq(answered(ANSWER_UNKNOWN_SILENCE), 1);
    silence("S0", "\"subject\":\"9111\"", 0, 600); /* over before it was heard of */
    desk_call(&d, "9111", "noise", 2);
    expect_said(&d, "a raised yellow");
    end("E", "S", 0); /* there is room again */
    desk_wait(&d, SILENCE_KEPT_S + 60);
    end("E0", "S0", 0); /* all of them were forgotten */
    ck_assert_int_eq(answered(ANSWER_NO_EFFECT), EARLY_ENDS_MAX + 2);
    desk_close(&d);
}
END_TEST

/* the log does not grow for ever */
START_TEST(a_silence_is_forgotten_in_the_end)
{
    desk_open(&d, rules);
    silence("S1", "\"category\":\"noise\"", 0, 600);
    json_t *state = json_object();
    for (int part = 0; part < 2; part++) {
        for (size_t i = 0; i < d.log->entry_count; i++)
            if (d.log->entries[i].topic == STORE_STATE)
                store_state_take(state, d.log->entries[i].key, d.log->entries[i].value);
        ck_assert(part ? !json_object_get(state, "silence/S1") : json_object_get(state, "silence/S1") != NULL);
        desk_wait(&d, 600 + SILENCE_KEPT_S);
    }
    json_decref(state);
    desk_close(&d);
}
END_TEST

/* ---- the message ---- */

static void read_one(const char *what, enum silence_found found, enum decode_refusal reason)
{
    char text[1024];
    struct silence silence;
    struct refusal refusal;
    struct rule_context words = config_rule_context(d.world->config);
    snprintf(text, sizeof text, "{\"id\":\"a\",%s}", what);
    ck_assert_msg(silence_read(str_of(text), (int64_t)BEGIN * 1000, 600, &words, &silence, &refusal) == found, "%s", text);
    ck_assert_msg(found != SILENCE_WRONG || refusal.reason == reason, "%s: %s", text, decode_refusal_word(refusal.reason));
}

#define AUTHOR "\"by_role\":\"duty\",\"unit\":\"中心\",\"at\":\"2026-01-11T00:00:00Z\""
#define REST AUTHOR ",\"reason\":\"known\",\"until\":\"2026-01-13T00:00:00Z\""
#define WHAT "\"silence\":{\"rule\":\"r0\"},"

START_TEST(a_message_is_read_or_refused)
{
    static const struct {
        const char *what;
        enum silence_found found;
        enum decode_refusal reason;
    } cases[] = {
        {WHAT REST, SILENCE_SAID, 0},
        {"\"silence_end\":\"S1\"," AUTHOR, SILENCE_SAID, 0},
        {"\"alert_id\":\"x\"," AUTHOR, SILENCE_NONE, 0},
        {"\"type\":\"gov.risk.silence\"," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{\"regoin\":\"9\",\"rule\":\"r0\"}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{\"rule\":[]}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{\"rule\":3}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{\"region\":\"99\"}," REST, SILENCE_WRONG, DECODE_UNKNOWN_REGION},
        {"\"silence\":{\"category\":\"smoke\"}," REST, SILENCE_WRONG, DECODE_UNKNOWN_CATEGORY},
        {"\"silence\":{\"level\":\"pink\"}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {"\"silence\":{\"subject\":\"\"}," REST, SILENCE_WRONG, DECODE_BAD_FIELD},
        {WHAT AUTHOR ",\"reason\":\"known\"", SILENCE_WRONG, DECODE_MISSING_FIELD},
        {WHAT AUTHOR ",\"reason\":\"known\",\"until\":\"2026-02-13T00:00:00Z\"", SILENCE_WRONG, DECODE_BAD_TIME},
        {WHAT AUTHOR ",\"reason\":\"known\",\"until\":\"2026-01-10T00:00:00Z\"", SILENCE_WRONG, DECODE_BAD_TIME},
        {WHAT AUTHOR ",\"until\":\"2026-01-13T00:00:00Z\"", SILENCE_WRONG, DECODE_MISSING_FIELD},
        {WHAT AUTHOR ",\"reason\":\"张三不想听\",\"until\":\"2026-01-13T00:00:00Z\"", SILENCE_WRONG, DECODE_BAD_FIELD},
        {WHAT "\"by_role\":\"张三\",\"unit\":\"中心\",\"at\":\"2026-01-11T00:00:00Z\"", SILENCE_WRONG, DECODE_BAD_FIELD},
        {WHAT "\"by_role\":\"duty\",\"at\":\"2026-01-11T00:00:00Z\"", SILENCE_WRONG, DECODE_MISSING_FIELD},
        {WHAT "\"by_role\":\"duty\",\"unit\":\"中心\"", SILENCE_WRONG, DECODE_MISSING_FIELD},
        {WHAT "\"by_role\":\"duty\",\"unit\":\"中心\",\"at\":\"2026-01-14T00:00:00Z\"", SILENCE_WRONG, DECODE_FUTURE},
        {"\"silence_end\":\"\"," AUTHOR, SILENCE_WRONG, DECODE_MISSING_FIELD},
    };
    desk_open(&d, rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        read_one(cases[i].what, cases[i].found, cases[i].reason);
    desk_close(&d);
}
END_TEST

/* What the rules that stay rest on is known to those that come, though nothing has been heard of since. */
START_TEST(a_new_rule_is_covered_by_one_that_stays)
{
    static const char wide[] =
        "notify: {incidents: true}\nrules:\n"
        "  - {id: wide, let: {c: {source: hotline}}, per: community, within: 60m, levels: {yellow: c >= 2}}\n";
    char both[sizeof wide + 200];
    snprintf(both, sizeof both,
             "%s  - {id: narrow, let: {c: {source: hotline}}, per: grid, within: 60m, levels: {yellow: c >= 2}}\n", wide);
    desk_open(&d, wide);
    desk_call(&d, "9111", "noise", 3);
    desk_reload(&d, both);
    desk_settle(&d);
    expect_said(&d, "a raised yellow; b raised yellow (covered a)");
    desk_close(&d);
}
END_TEST

/* of all incidents, as they follow one another */
static void revisions_go_on(unsigned messages)
{
    unsigned heard = 0;
    for (size_t i = 0; i < d.log->entry_count; i++) {
        const struct log_entry *e = &d.log->entries[i];
        if (e->topic != STORE_INCIDENTS)
            continue;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(json, "data"), "revision")), ++heard);
        json_decref(json);
    }
    ck_assert_uint_eq(heard, messages);
}

/* The alert that founded an incident is over when the rules ask for none any more, then for some again; and then it was not over. */
START_TEST(an_incident_that_was_dissolved_goes_on)
{
    static const char without[] =
        "rules:\n  - {id: r, let: {c: {source: hotline}}, per: grid, within: 60m, clear: {after: 5m}, levels: {yellow: c >= 2}}\n";
    char with[sizeof without + 40], text[200];
    snprintf(with, sizeof with, "notify: {incidents: true}\n%s", without);
    desk_open(&d, with);
    desk_call(&d, "9111", "noise", 2);
    desk_wait(&d, 75 * 60);
    revisions_go_on(2);
    desk_reload(&d, without);
    desk_reload(&d, with);
    desk_settle(&d);
    for (int late = 0; late < 2; late++) {
        int len = snprintf(text, sizeof text, "{\"id\":\"late%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"9111\",\"category\":\"noise\"}",
                           late, (long long)(d.now_ms / 1000 - 20 * 60));
        memory_log_append(d.log, 0, text, (size_t)len, 0, d.events++);
    }
    desk_settle(&d);
    expect_said(&d, "a raised yellow; a resolved yellow; a reopened yellow");
    revisions_go_on(3);
    desk_close(&d);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &a_silence_holds_and_lets_go, &a_restart_changes_nothing, &a_reload_changes_nothing, &a_new_rule_is_covered_by_one_that_stays,
        &an_incident_that_was_dissolved_goes_on,
        &the_end_is_told_to_who_knows_the_beginning, &the_highest_level_is_held_by_name_only, &an_end_comes_early_and_once,
        &an_end_may_come_before_its_silence, &ends_of_what_never_was_take_no_place, &what_is_held_is_handled_too,
        &where_no_clock_runs_the_events_tell_the_time, &a_silence_is_forgotten_in_the_end, &a_message_is_read_or_refused,
    };
    return desk_run("notice", tests, sizeof tests / sizeof *tests);
}
