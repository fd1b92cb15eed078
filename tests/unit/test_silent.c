/* Evidence of rules of silent(): which sources would have had to be heard, how often and when, by what was published.  What an
 * engine publishes of them is tested end to end (tests/test_53_silent_evidence.py). */
#include "replay/packet.h"
#include "replay/silent.h"
#include "rule_world.h"
#include "rule/texts.h"

/* ---- a message, as an engine publishes it ---- */

struct told_source {
    const char *name;
    int value;
    const char *heard_at, *silent_from, *judged_at; /* of the day's clock; heard_at in (): it was only listened to */
};

static json_t *clock_json(const char *clock)
{
    char text[40];
    snprintf(text, sizeof text, "2026-01-12T%s+08:00", clock);
    return json_string(text);
}

static json_t *heard_json(const struct told_source *s)
{
    bool never = *s->heard_at == '(';
    char since[16];
    snprintf(since, sizeof since, "%.12s", s->heard_at + never);
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:n, s:n}", "source", s->name, "heard_at", never ? json_null() : clock_json(since),
                     "listening_since", never ? clock_json(since) : json_null(), "silent_after", "1m", "silent_from",
                     clock_json(s->silent_from), "judged_at", clock_json(s->judged_at), "last_event_at", "resumed_at");
}

static json_t *message(const char *level, const char *district, const struct told_source *sources, size_t count)
{
    json_t *evidence = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(evidence, json_pack("{s:i, s:o}", "value", sources[i].value, "heard", heard_json(&sources[i])));
    return json_pack("{s:{s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:n, s:o}}", "data", "rule", "r", "subject", "kind", "district", "code",
                     district, "level", level, "opened_at", "2026-01-12T10:01:00+08:00", "evaluated_at", "2026-01-12T10:01:00+08:00",
                     "ended_at", "evidence", evidence);
}

/* ---- its evidence ---- */

/* for the length of a test */
static struct config config;
static struct past *past;
static struct rule_set *rules;

static void open_rule(const char *levels)
{
    char text[512];
    snprintf(text, sizeof text, "rules:\n  - {id: r, per: district, levels: {%s}, clear: {after: 0m}}\n", levels);
    context.texts = rule_texts_create(folder);
    rules = load_good(text);
    config = (struct config){.registry = registry, .catalogue = catalogue, .utc_offset_s = 8 * 3600, .ledger_bytes = 1 << 24,
                             .readings_bytes = 1 << 24};
    past = past_create(&config, INT64_MIN, INT64_MAX);
}

static void close_rule(void)
{
    past_destroy(&past);
    rule_set_destroy(&rules);
    rule_texts_destroy(&context.texts);
}

/* the packet's; NULL where it can't be made */
static json_t *counterfactual_of(const char *level, const char *district, const struct told_source *sources, size_t count)
{
    json_t *told = message(level, district, sources, count), *json = NULL;
    struct judgement j;
    if (silent_judge(&j, past, rules, told, told)) {
        struct packet packet = {.judgement = &j, .alert = j.alerts, .texts = context.texts, .files = "", .level = level, .told = told};
        json_t *whole = packet_json(&packet);
        ck_assert_uint_eq(json_array_size(json_object_get(whole, "conditions")), count);
        json = json_incref(json_object_get(whole, "counterfactual"));
        json_decref(whole);
    }
    judgement_clear(&j);
    json_decref(told);
    return json;
}

/* "one: hotline" */
static void in_short(const json_t *counterfactual, char *out, size_t size)
{
    const json_t *heard = json_object_get(counterfactual, "heard");
    int len = snprintf(out, size, "%s", json_is_null(heard) ? "none" : json_string_value(json_object_get(heard, "need")));
    size_t i;
    json_t *source;
    json_array_foreach(json_object_get(heard, "sources"), i, source)
        len += snprintf(out + len, size - (size_t)len, " %s", json_string_value(json_object_get(source, "source")));
}

static const struct {
    const char *levels, *level;
    int hotline, petition, sensor; /* silent; -1: the rule does not ask */
    const char *heard;
} which[] = {
    {"orange: silent(petition), red: silent(hotline)", "red", 1, 1, -1, "one hotline"},
    {"orange: silent(petition), red: silent(hotline)", "orange", 0, 1, -1, "one petition"},
    {"red: silent(hotline) or silent(petition)", "red", 1, 1, -1, "all hotline petition"},
    {"red: silent(hotline) or silent(petition)", "red", 0, 1, -1, "one petition"},
    {"red: silent(hotline) and silent(petition)", "red", 1, 1, -1, "one hotline petition"},
    {"red: silent(hotline) and not silent(petition)", "red", 1, 0, -1, "one hotline"},
    {"red: (silent(hotline) and not silent(petition)) or silent(sensor)", "red", 1, 0, 1, "all hotline sensor"},
    {"red: silent(hotline) and (silent(petition) or silent(sensor))", "red", 1, 1, 1, "one hotline"},
    {"red: not silent(hotline)", "red", 0, -1, -1, "none"},
};

START_TEST(who_would_have_had_to_be_heard)
{
    const int values[] = {which[_i].hotline, which[_i].petition, which[_i].sensor};
    static const char *const names[] = {"hotline", "petition", "sensor"};
    struct told_source sources[3];
    size_t count = 0;
    for (int s = 0; s < 3; s++)
        if (values[s] >= 0)
            sources[count++] = (struct told_source){names[s], values[s], "10:00:00.250", "10:01:00.250", "10:01:00.300"};
    char said[256];
    open_rule(which[_i].levels);
    json_t *counterfactual = counterfactual_of(which[_i].level, "1", sources, count);
    in_short(counterfactual, said, sizeof said);
    ck_assert_str_eq(said, which[_i].heard);
    ck_assert(json_is_null(json_object_get(counterfactual, "without")));
    json_decref(counterfactual);
    close_rule();
}
END_TEST

static const struct {
    const char *heard_at, *judged_at;
    int records;
    const char *last_not_before;
} when[] = {
    {"10:00:00.250", "10:01:00.251", 1, "10:00:00.251"}, /* found at once: one between its last and the silence */
    {"10:00:00.250", "10:02:00.250", 1, "10:01:00.250"}, /* only at the very end */
    {"10:00:00.250", "10:02:00.251", 2, "10:01:00.251"}, /* found so late that one would have been followed by a silence */
    {"10:00:00.250", "11:00:00.250", 59, "10:59:00.250"},
    {"(10:00:00.250)", "10:01:30.000", 1, "10:00:30.000"}, /* never heard: likewise, from when it was listened to */
    {"10:00:00.250", "09:58:00.000", 1, "09:57:00.000"},   /* a clock that was set back */
};

START_TEST(how_many_records_and_when)
{
    struct told_source source = {"hotline", 1, when[_i].heard_at, "10:01:00.250", when[_i].judged_at};
    char first[40], last[40];
    open_rule("red: silent(hotline)");
    json_t *counterfactual = counterfactual_of("red", "1", &source, 1);
    const json_t *missing = json_array_get(json_object_get(json_object_get(counterfactual, "heard"), "sources"), 0);
    snprintf(first, sizeof first, "2026-01-12T%s+08:00", "10:01:00.250");
    snprintf(last, sizeof last, "2026-01-12T%s+08:00", when[_i].last_not_before);
    ck_assert_int_eq(json_integer_value(json_object_get(missing, "records")), when[_i].records);
    ck_assert_str_eq(json_string_value(json_object_get(missing, "first_by")), first);
    ck_assert_str_eq(json_string_value(json_object_get(missing, "last_not_before")), last);
    json_decref(counterfactual);
    close_rule();
}
END_TEST

/* of a district or level that is gone, or by a message that does not say of each source when it was heard */
START_TEST(what_is_not_told)
{
    const struct told_source both[] = {{"hotline", 1, "10:00:00.250", "10:01:00.250", "10:01:00.300"},
                                       {"petition", 1, "10:00:00.250", "10:01:00.250", "10:01:00.300"}};
    open_rule("red: silent(hotline) or silent(petition)");
    json_t *good = counterfactual_of("red", "1", both, 2);
    ck_assert_ptr_nonnull(good);
    json_decref(good);
    ck_assert_ptr_null(counterfactual_of("red", "1", both, 1));
    ck_assert_ptr_null(counterfactual_of("red", "9", both, 2));
    ck_assert_ptr_null(counterfactual_of("purple", "1", both, 2));
    ck_assert_ptr_nonnull(silent_rule(rules, "r"));
    ck_assert_ptr_null(silent_rule(rules, "s"));
    close_rule();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("silent");
    tcase_add_loop_test(tests, who_would_have_had_to_be_heard, 0, sizeof which / sizeof *which);
    tcase_add_loop_test(tests, how_many_records_and_when, 0, sizeof when / sizeof *when);
    tcase_add_test(tests, what_is_not_told);
    return rule_world_run("silent", tests);
}
