/* Scorecards: what they are compiled to in the rule that asks for one, and that every mistake is told at its place in
 * the model's file and at the condition that names it. */
#include "rule_world.h"

#include <sys/stat.h>

/* a rule whose red level has this condition; `x` is its own selection */
static struct rule_set *load_asking(const char *condition)
{
    char text[512];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    per: grid\n    within: 1h\n    let: {x: {}}\n    levels:\n      red: %s\n",
             condition);
    return load(text);
}

static bool window_is(const struct rule *rule, unsigned window, int32_t within_s, int32_t lag_s)
{
    return window < rule->window_count && rule->windows[window].within.s == within_s &&
           rule->windows[window].lag_s == lag_s;
}

static void write_model(const char *text)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/models", folder);
    mkdir(path, 0700);
    context.models_path = path;
    write_file("models/risk.json", text);
}

#define CARD_OF(name, kind, let, features)                                                                           \
    "{\"name\": \"" name "\", \"kind\": \"" kind "\", \"version\": \"2\", \"base\": -5, \"let\": " let              \
    ", \"features\": [" features "]}"
#define CARD(let, features) CARD_OF("risk", "scorecard", let, features)
#define FEATURE "{\"name\": \"a\", \"value\": \"m.callers\", \"within\": \"2h\", "
#define BINS "\"bins\": [{\"below\": 3, \"points\": 0}, {\"below\": 5, \"points\": 8}, {\"points\": 20}]}"

START_TEST(scorecard)
{
    write_model(CARD("{\"m\": {\"source\": \"hotline\"}, \"z\": {\"after\": \"m\"}}", FEATURE BINS
                     ", {\"name\": \"b\", \"value\": \"m.avg\", \"within\": \"1h\", \"none\": -7, "
                     "\"bins\": [{\"below\": 1.5, \"points\": 1}, {\"points\": 2}]}"
                     ", {\"name\": \"c\", \"value\": \"change(z, 1d)\", \"within\": \"3h\", "
                     "\"bins\": [{\"points\": 4}]}"));
    struct rule_set *set = accepted(load_asking("'score(risk) >= 20 or 评分(risk) < -10 or x >= 3'"));
    const struct rule *r = &set->rules[0];
    ck_assert_uint_eq(r->score_count, 1);
    ck_assert_uint_eq(r->let_count, 1);
    ck_assert_uint_eq(r->selection_count, 3);
    const struct score *s = &r->scores[0];
    ck_assert_str_eq(s->model, "risk");
    ck_assert_str_eq(s->version, "2");
    ck_assert_int_eq(s->base, -5);
    ck_assert_uint_eq(s->feature_count, 3);
    const struct term *callers = &r->terms[s->features[0].term], *trend = &r->terms[s->features[2].term];
    ck_assert_int_eq(callers->measure, MEASURE_CALLERS);
    ck_assert_uint_eq(callers->selection, 1);
    ck_assert(window_is(r, callers->window, 7200, 0));
    ck_assert(window_is(r, trend->window, 10800, 0) && window_is(r, trend->earlier, 10800, 86400));
    ck_assert_int_eq(rule_reach_s(r), 10800 + 86400);
    ck_assert_uint_eq(r->selections[2].after, 1);
    ck_assert(r->asks_matter && !r->monotone);
    ck_assert_int_eq(r->used, 7);
    static const int64_t values[] = {VALUE_NONE, 0, 2, 3, 4, 5, 1000};
    static const int32_t points[] = {0, 0, 0, 8, 8, 20, 20};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        ck_assert_int_eq(feature_points(&s->features[0], values[i]), points[i]);
    ck_assert_int_eq(feature_points(&s->features[1], VALUE_NONE), -7);
    ck_assert_int_eq(feature_points(&s->features[1], 1499), 1);
    ck_assert_int_eq(feature_points(&s->features[1], 1500), 2);
    ck_assert_int_eq(feature_points(&s->features[2], 0), 4);
    ck_assert_int_eq(r->atoms[0].threshold, 20);
    ck_assert(r->atoms[1].at_most && r->atoms[1].threshold == -11);
    ck_assert_uint_eq(r->atoms[0].term, r->atoms[1].term);
    ck_assert_msg(r->atoms[0].term > s->features[2].term, "a score comes after what it is made of");
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *model, *problem;
} bad_models[] = {
    {"[]", "a model"},
    {CARD_OF("other", "scorecard", "{\"m\": {}}", FEATURE BINS), "expected risk, as the file is called"},
    {CARD_OF("risk", "forest", "{\"m\": {}}", FEATURE BINS), "expected scorecard"},
    {"{\"name\": \"risk\", \"kind\": \"scorecard\", \"features\": []}", "let is missing"},
    {"{\"name\": \"risk\", \"kind\": \"scorecard\", \"let\": {\"m\": {}}}", "features is missing"},
    {CARD("{\"m\": {}}", ""), "expected a list of 1 to 32"},
    {CARD("{\"m\": {}}", FEATURE "\"bins\": []}"), "expected a list of 1 to 16"},
    {CARD("{\"m\": {}}", FEATURE "\"bin\": [], " BINS), "bin"},
    {CARD("{\"m\": {}}", FEATURE "\"bins\": [{\"below\": 3, \"points\": 1}]}"), "it has no `below`"},
    {CARD("{\"m\": {}}", FEATURE "\"bins\": [{\"points\": 1}, {\"points\": 2}]}"), "only the last bin has none"},
    {CARD("{\"m\": {}}",
          FEATURE "\"bins\": [{\"below\": 3, \"points\": 1}, {\"below\": 3, \"points\": 1}, {\"points\": 2}]}"),
     "must rise"},
    {CARD("{\"m\": {}}", FEATURE "\"bins\": [{\"below\": 2.5, \"points\": 1}, {\"points\": 2}]}"), "whole number"},
    {CARD("{\"m\": {}}", FEATURE "\"bins\": [{\"points\": 1000001}]}"), "points"},
    {CARD("{\"n\": {}}", FEATURE BINS), "defines no m"},
    {CARD("{\"m\": {\"source\": \"hotlin\"}}", FEATURE BINS), "did you mean hotline?"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"x\", \"within\": \"2h\", " BINS), "defines no x"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"m\", \"within\": \"90s\", " BINS), "whole minutes"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"m\", " BINS), "within is missing"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"m >= 1\", \"within\": \"2h\", " BINS),
     "nothing after what is counted"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"adjacent(m >= 1)\", \"within\": \"2h\", " BINS),
     "a feature can't be adjacent()"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"silent(hotline)\", \"within\": \"2h\", " BINS),
     "a feature can't be silent()"},
    {CARD("{\"m\": {}}", "{\"name\": \"a\", \"value\": \"score(other)\", \"within\": \"2h\", " BINS ", " FEATURE BINS),
     "a feature can't be score()"},
};

START_TEST(model_mistake)
{
    write_model(bad_models[_i].model);
    ck_assert_ptr_null(load_asking("'score(risk) >= 20 or x >= 3'"));
    bool found = false, placed = false;
    for (size_t i = 0; i < problems.kept; i++) {
        found |= strstr(problems.all[i].text, bad_models[_i].problem) && strstr(problems.all[i].file, "risk.json");
        placed |= strstr(problems.all[i].text, "the model risk can't be used") && problems.all[i].line == 7;
    }
    if (!found || !placed)
        problems_print(&problems, stderr);
    ck_assert_msg(found, "nobody says: %s", bad_models[_i].problem);
    ck_assert_msg(placed, "nobody says which rule asks for it");
}
END_TEST

START_TEST(no_models)
{
    refused(load_asking("'score(risk) >= 20 or x >= 3'"), "names no folder of models");
    problems_clear(&problems);
    write_model("{}");
    ck_assert_ptr_null(load_asking("'score(other) >= 20 or x >= 3'"));
    ck_assert_ptr_nonnull(strstr(problems.all[0].text, "can't be"));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("scorecard");
    tcase_add_test(tests, scorecard);
    tcase_add_loop_test(tests, model_mistake, 0, sizeof bad_models / sizeof *bad_models);
    tcase_add_test(tests, no_models);
    return rule_world_run("scorecard", tests);
}
