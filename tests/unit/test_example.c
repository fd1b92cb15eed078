/* The example district that ships: it loads without a problem, and events of the three shapes that it is meant for
 * become what its rules count on. */
#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct problems problems;
static struct config *config;

static void set_up(void)
{
    config = config_load("rules/district/demo.yaml", &problems); /* from the project's root, where tests run */
    if (!config)
        problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(config);
}

static void tear_down(void)
{
    config_destroy(&config);
    problems_clear(&problems);
}

static struct decoder *decoder_of(const char *source)
{
    int number = catalogue_find_source(config->catalogue, str_of(source));
    ck_assert_int_ge(number, 0);
    return decoder_create(config->sources[number].mapping);
}

static const struct event *decode(struct decoder *decoder, const char *record, size_t expected)
{
    const struct event *events = NULL;
    struct refusal refusal;
    size_t count = decoder_decode(decoder, record, strlen(record), false, INT64_C(1800000000000), &events, &refusal);
    ck_assert_msg(refusal.reason == DECODE_OK, "%s: expected %s", refusal.place, refusal.expected);
    ck_assert_uint_eq(count, expected);
    return events;
}

static void expect_text(struct str text, const char *expected)
{
    ck_assert_msg(str_eq(text, str_of(expected)), "\"%.*s\" is not \"%s\"", STR_ARG(text), expected);
}

static void expect_place(const struct event *e, const char *region, const char *category)
{
    ck_assert_str_eq(registry_region(config->registry, e->region)->code, region);
    ck_assert_str_eq(catalogue_category(config->catalogue, e->category)->path, category);
}

static bool has_tag(const struct event *e, const char *tag)
{
    int number = catalogue_find_tag(config->catalogue, str_of(tag));
    ck_assert_int_ge(number, 0);
    return e->tags >> number & 1;
}

#define ORDER(step, threat, more)                                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"WO2026020300042#" step "\",\"source\":\"//hotline12345.example/district\","     \
    "\"type\":\"gov.hotline.workorder." step                                                                           \
    "\",\"time\":\"2026-02-03T10:15:30+08:00\",\"partitionkey\":\"990101003\","                                        \
    "\"data\":{\"order_no\":\"WO2026020300042\",\"accept_channel\":\"phone\",\"appeal_type\":\"投诉\","              \
    "\"appeal_category\":{\"code\":\"LOCAL-0203\",\"path\":[\"劳动保障\",\"拖欠工资\"]},"                      \
    "\"dispute_type\":\"labor_wage_arrears\",\"appeal_content\":\"…\",\"grid\":{\"district\":\"990101\","            \
    "\"street\":\"990101003\",\"community\":\"990101003005\",\"grid\":\"990101003005012\"},\"urgency\":\"urgent\","    \
    "\"handling_unit\":{\"code\":\"RSJ\",\"name\":\"区人力资源局\"},\"due_time\":\"2026-02-10T18:00:00+08:00\"," \
    "\"order_status\":\"accepted\",\"complainant\":{\"token\":\"aa01…\"},\"respondent\":{\"token\":\"9199…\","     \
    "\"name_norm\":\"某建设劳务公司\"},\"involved_count\":20,\"repeat_flag\":false,\"related_order_nos\":[],"   \
    "\"merged_into\":null,\"threat\":{\"flag\":" threat "}" more "}}"

START_TEST(hotline)
{
    struct decoder *decoder = decoder_of("hotline");
    const struct event *e = decode(decoder, ORDER("created", "false", ""), 1);
    ck_assert_int_eq(e->kind, EVENT_CREATED);
    expect_text(e->id, "WO2026020300042#created");
    expect_text(e->matter, "WO2026020300042");
    expect_text(e->respondent, "ORG-0001");
    expect_place(e, "990101003005012", "labour.wage_arrears");
    ck_assert_int_eq(e->occurred_at, 1770084930);
    ck_assert_int_eq(e->due_at, 1770717600);
    ck_assert_uint_eq(e->actor_count, 1);
    ck_assert_uint_eq(e->involved, 20);
    ck_assert(has_tag(e, "urgent") && !has_tag(e, "threat") && !has_tag(e, "repeat") && !has_tag(e, "returned"));
    decoder_destroy(&decoder);
}
END_TEST

START_TEST(hotline_steps)
{
    struct decoder *decoder = decoder_of("hotline");
    ck_assert(has_tag(decode(decoder, ORDER("created", "true", ""), 1), "threat"));
    const struct event *e = decode(decoder, ORDER("returned", "false", ""), 1);
    ck_assert_int_eq(e->kind, EVENT_STATUS);
    ck_assert(has_tag(e, "returned"));
    ck_assert_int_eq(decode(decoder, ORDER("called_again", "false", ""), 1)->kind, EVENT_CALLED_AGAIN);
    ck_assert_int_eq(decode(decoder, ORDER("closed", "false", ""), 1)->kind, EVENT_CLOSED);
    e = decode(decoder, ORDER("voided", "false", ",\"target_id\":\"WO2026020300042#created\""), 1);
    ck_assert_int_eq(e->kind, EVENT_VOIDED);
    expect_text(e->target, "WO2026020300042#created");
    decode(decoder, ORDER("visited", "false", ""), 0);
    decoder_destroy(&decoder);
}
END_TEST

START_TEST(petition)
{
    struct decoder *decoder = decoder_of("petition");
    /* the visit, and the link to the order that it names */
    const struct event *e = decode(
        decoder,
        "{\"specversion\":\"1.0\",\"id\":\"XF2026020400007#registered\",\"source\":\"//xinfang.example/district\","
        "\"type\":\"gov.petition.letter.registered\",\"time\":\"2026-02-04T15:10:00+08:00\","
        "\"partitionkey\":\"990101003\",\"data\":{\"petition_no\":\"XF2026020400007\",\"petition_form\":\"visit\","
        "\"petition_purpose\":\"求决\",\"dispute_type\":\"labor_wage_arrears\",\"first_flag\":true,"
        "\"repeat_flag\":false,\"collective_flag\":true,\"bypass_flag\":false,\"threat_flag\":false,"
        "\"party_count\":5,\"involved_count\":23,\"related_order_nos\":[\"WO2026020300042\"],"
        "\"grid\":{\"grid\":\"990101003005012\"},\"complainant_tokens\":[\"aa01…\",\"aa02…\"],"
        "\"respondent\":{\"token\":\"9199…\"}}}",
        2);
    ck_assert_int_eq(e[0].kind, EVENT_CREATED);
    expect_text(e[0].matter, "XF2026020400007");
    expect_text(e[0].respondent, "ORG-0001");
    expect_place(&e[0], "990101003005012", "labour.wage_arrears");
    ck_assert_uint_eq(e[0].actor_count, 2);
    ck_assert_uint_ne(e[0].actors[0], e[0].actors[1]);
    ck_assert_uint_eq(e[0].involved, 23);
    ck_assert(has_tag(&e[0], "collective") && has_tag(&e[0], "visit") && !has_tag(&e[0], "bypass"));
    ck_assert_int_eq(e[1].kind, EVENT_LINKED);
    expect_text(e[1].target, "WO2026020300042");
    decoder_destroy(&decoder);
}
END_TEST

START_TEST(one_caller_in_two_sources)
{
    struct decoder *hotline_decoder = decoder_of("hotline"), *petition_decoder = decoder_of("petition");
    uint64_t caller = decode(hotline_decoder, ORDER("created", "false", ""), 1)->actors[0];
    const struct event *e = decode(
        petition_decoder,
        "{\"id\":\"p\",\"type\":\"gov.petition.letter.registered\",\"time\":\"2026-02-04T15:10:00+08:00\",\"data\":"
        "{\"petition_no\":\"p\",\"dispute_type\":\"labor_wage_arrears\",\"grid\":{\"grid\":\"990101003005012\"},"
        "\"complainant_tokens\":[\"aa01…\"]}}",
        1);
    ck_assert_uint_eq(e->actors[0], caller);
    decoder_destroy(&hotline_decoder);
    decoder_destroy(&petition_decoder);
}
END_TEST

START_TEST(sensor)
{
    struct decoder *decoder = decoder_of("sensor");
    const struct event *e = decode(
        decoder,
        "{\"specversion\":\"1.0\",\"id\":\"NS-0007:2026-02-03T23:15:00+08:00\",\"source\":\"//iot.example/noise\","
        "\"type\":\"gov.iot.observation\",\"time\":\"2026-02-03T23:15:00+08:00\",\"data\":{\"device_id\":\"NS-0007\","
        "\"sensor_type\":\"noise\",\"observed_property\":\"LAeq\",\"value\":62.4,\"unit\":\"dB(A)\","
        "\"quality\":\"good\",\"grid\":{\"grid\":\"990101003005012\"}}}",
        1);
    ck_assert_int_eq(e->kind, EVENT_READING);
    ck_assert_int_eq(e->value, 62400);
    ck_assert_uint_eq(e->actor_count, 0);
    expect_place(e, "990101003005012", "sensor.noise");
    decode(decoder,
           "{\"id\":\"x\",\"type\":\"gov.iot.observation\",\"time\":\"2026-02-03T23:15:00+08:00\",\"data\":"
           "{\"quality\":\"bad\"}}",
           0);
    decoder_destroy(&decoder);
}
END_TEST

/* every rule says what it is and who goes, and no two are the same */
START_TEST(rules)
{
    ck_assert_uint_ge(config->rules->count, 10);
    for (unsigned i = 0; i < config->rules->count; i++) {
        const struct rule *r = &config->rules->rules[i];
        ck_assert_msg(r->lead[0] && r->title[0] && r->version[0], "%s", r->id);
        for (unsigned k = 0; k < config->rules->count; k++)
            ck_assert(i == k || config->rules->rules[k].digest != r->digest);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("example");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, hotline);
    tcase_add_test(tests, hotline_steps);
    tcase_add_test(tests, petition);
    tcase_add_test(tests, one_caller_in_two_sources);
    tcase_add_test(tests, sensor);
    tcase_add_test(tests, rules);
    Suite *suite = suite_create("example");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
