/* Records into events: the three shapes, each kind of field, and a refusal with reason and place for each thing that
 * can be wrong. */
#include "decode_world.h"

#include "decode/json.h"

#include <check.h>
#include <sodium.h>

static const int64_t now_ms = INT64_C(1768300000000); /* 2026-01-13T18:26:40+08:00 */

static struct world world;
static struct mapping *mapping;
static struct decoder *decoder;
static const struct event *events;
static struct refusal refusal;

static void set_up(void)
{
    world_create(&world);
}

static void put_away(void)
{
    decoder_destroy(&decoder);
    mapping_destroy(&mapping);
}

static void tear_down(void)
{
    put_away();
    world_destroy(&world);
}

static void use(const char *text)
{
    put_away();
    mapping = world_mapping(&world, text);
    problems_print(&world.problems, stderr);
    ck_assert_ptr_nonnull(mapping);
    decoder = decoder_create(mapping);
}

/* from memory of just that size, so that the address sanitizer sees what is read beyond */
static size_t decode_bytes(const void *bytes, size_t len)
{
    char *exact = malloc(len + 1);
    memcpy(exact, bytes, len);
    size_t count = decoder_decode(decoder, exact, len, false, now_ms, &events, &refusal);
    free(exact);
    return count;
}

static size_t decode(const char *record)
{
    size_t count = decode_bytes(record, strlen(record));
    ck_assert_msg(refusal.reason == DECODE_OK, "%s: %s: expected %s", record, refusal.place, refusal.expected);
    return count;
}

static void expect_refusal(const char *record, enum decode_refusal reason, const char *place)
{
    ck_assert_uint_eq(decode_bytes(record, strlen(record)), 0);
    ck_assert_msg(refusal.reason == reason, "%s: %s", record, decode_refusal_word(refusal.reason));
    ck_assert_msg(strcmp(refusal.place, place) == 0, "%s: %s", record, refusal.place);
    ck_assert_uint_gt(strlen(refusal.expected), 0);
}

static void expect_text(struct str text, const char *expected)
{
    ck_assert_msg(str_eq(text, str_of(expected)), "\"%.*s\" is not \"%s\"", STR_ARG(text), expected);
}

static uint64_t token(const char *text)
{
    static const unsigned char key[16] = "0123456789abcdef";
    unsigned char hash[8];
    uint64_t number;
    crypto_shorthash(hash, (const unsigned char *)text, strlen(text), key);
    memcpy(&number, hash, sizeof number);
    return number;
}

static bool tagged(const struct event *e, const char *tag)
{
    return e->tags >> catalogue_find_tag(world.catalogue, str_of(tag)) & 1;
}

/* the hotline's record with one piece replaced */
static const char *changed(const char *from, const char *to)
{
    static char record[sizeof hotline_record + 1024];
    const char *at = strstr(hotline_record, from);
    ck_assert_msg(at != NULL, "%s", from);
    snprintf(record, sizeof record, "%.*s%s%s", (int)(at - hotline_record), hotline_record, to, at + strlen(from));
    return record;
}

START_TEST(hotline)
{
    use(hotline_mapping);
    ck_assert_uint_eq(decode(hotline_record), 1);
    const struct event *e = &events[0];
    expect_text(e->id, "WO2026011200873#created");
    expect_text(e->matter, "WO2026011200873");
    expect_text(e->respondent, "ORG1");
    expect_text(e->target, "");
    ck_assert_int_eq(e->kind, EVENT_CREATED);
    ck_assert_int_eq(e->occurred_at, 1768182082);
    ck_assert_int_eq(e->due_at, 1768816800);
    ck_assert_uint_eq(e->region, registry_find(world.registry, STR("990101003005012")));
    ck_assert_uint_eq(e->category, catalogue_find_category(world.catalogue, STR("labour.wage_arrears")));
    ck_assert_uint_eq(e->involved, 20);
    ck_assert_uint_eq(e->actor_count, 1);
    ck_assert_uint_eq(e->actors[0], token("7f3a…"));
    ck_assert(tagged(e, "urgent") && !tagged(e, "threat") && !tagged(e, "repeat"));
    ck_assert_int_eq(e->value, 0);
}
END_TEST

START_TEST(petition)
{
    use(petition_mapping);
    ck_assert_uint_eq(decode_bytes(petition_record, strlen(petition_record)), 0);
    ck_assert_int_eq(refusal.reason, DECODE_FUTURE);
    ck_assert_str_eq(refusal.place, "time");
    size_t count = decoder_decode(decoder, petition_record, strlen(petition_record), false, -1, &events, &refusal);
    ck_assert_uint_eq(count, 4); /* itself and three links: none to itself */
    expect_text(events[0].id, "//xinfang.example/district XF2026011400031#registered");
    expect_text(events[0].respondent, "ORG1");
    ck_assert_uint_eq(events[0].involved, 23);
    ck_assert_uint_eq(events[0].actor_count, 2);
    ck_assert_uint_eq(events[0].actors[0], token("13812345678"));
    ck_assert_uint_eq(events[0].actors[1], token("13912345678"));
    ck_assert(tagged(&events[0], "collective") && !tagged(&events[0], "threat"));
    static const char *const targets[] = {"WO2026011200873", "WO1", "WO2"};
    for (size_t i = 0; i < 3; i++) {
        const struct event *link = &events[i + 1];
        ck_assert_int_eq(link->kind, EVENT_LINKED);
        expect_text(link->matter, "XF2026011400031");
        expect_text(link->target, targets[i]);
        ck_assert_int_eq(link->occurred_at, events[0].occurred_at);
        ck_assert_uint_eq(link->actor_count, 0);
    }
    expect_text(events[2].id, "link:XF2026011400031>WO1");
}
END_TEST

START_TEST(sensor)
{
    use(sensor_mapping);
    ck_assert_uint_eq(decode(sensor_record), 3);
    static const int64_t times[] = {1768230900, 1768230960, 1768231080}, values[] = {62400, -2, -3000};
    static const char *const ids[] = {"NS-0312:1768230900", "NS-0312:1768230960000", "NS-0312:1768231080000000"};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(events[i].kind, EVENT_READING);
        ck_assert_int_eq(events[i].occurred_at, times[i]);
        ck_assert_int_eq(events[i].value, values[i]);
        expect_text(events[i].id, ids[i]);
        ck_assert_uint_eq(events[i].category, catalogue_find_category(world.catalogue, STR("sensor.noise")));
    }
    ck_assert_uint_eq(decode("{\"device\":\"X\",\"test\":true}"), 0);
    ck_assert_uint_eq(decode("{\"device\":\"X\",\"readings\":[]}"), 0);
    expect_refusal("{\"device\":\"X\",\"readings\":null}", DECODE_MISSING_FIELD, "readings");
    expect_refusal("{\"device\":\"X\"}", DECODE_MISSING_FIELD, "readings");
    expect_refusal("{\"device\":\"X\",\"readings\":3}", DECODE_BAD_FIELD, "readings");
    expect_refusal("{\"device\":\"X\",\"readings\":[3]}", DECODE_BAD_FIELD, "readings[0]");
    expect_refusal("[1]", DECODE_BAD_FIELD, "");
    expect_refusal("{\"device\":\"X\",\"sensor\":\"noise\",\"grid\":\"990101\",\"readings\":"
                   "[{\"t\":1768230900,\"v\":1},{\"t\":\"x\",\"v\":1}]}",
                   DECODE_BAD_TIME, "readings[1].t");
    expect_refusal("{\"sensor\":\"noise\",\"grid\":\"990101\",\"readings\":[{\"t\":1768230900,\"v\":1}]}",
                   DECODE_MISSING_FIELD, "$.device");
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    use(hotline_mapping);
    for (size_t len = 0; len < sizeof hotline_record - 1; len++) {
        ck_assert_uint_eq(decode_bytes(hotline_record, len), 0);
        ck_assert_msg(refusal.reason == DECODE_NOT_JSON || refusal.reason == DECODE_NOT_UTF8 ||
                          (refusal.reason == DECODE_EMPTY && len == 0),
                      "%zu bytes: %s", len, decode_refusal_word(refusal.reason));
    }
    ck_assert_uint_eq(decode(hotline_record), 1); /* and nothing of it stays behind */
}
END_TEST

START_TEST(broken_records)
{
    use(hotline_mapping);
    expect_refusal("", DECODE_EMPTY, "");
    expect_refusal(" \n", DECODE_EMPTY, "");
    expect_refusal("\xEF\xBB\xBF", DECODE_EMPTY, "");
    expect_refusal("tru", DECODE_NOT_JSON, "");
    expect_refusal("42", DECODE_BAD_FIELD, "");
    expect_refusal("[{}, 42]", DECODE_MISSING_FIELD, "[0].type");
    expect_refusal(changed("\"phone\"", "[1,,2]"), DECODE_NOT_JSON, "");
    expect_refusal(changed("\"phone\"", "\"\xFF\""), DECODE_NOT_UTF8, "");
    expect_refusal(changed("\"phone\"", "\"\xED\xA0\x80\""), DECODE_NOT_UTF8, "");
    expect_refusal(changed("\"phone\"", "123456789012345678901234567890"), DECODE_BAD_NUMBER, "");
    expect_refusal(changed("\"phone\"", "1e999"), DECODE_BAD_NUMBER, "");
    expect_refusal(changed("\"phone\"", "\"\\ud800\""), DECODE_NOT_JSON, "");
    expect_refusal(changed("\"WO2026011200873\"", "\"WO\\u0000873\""), DECODE_BAD_FIELD, "data.order_no");
    ck_assert_uint_eq(decode(changed("\"phone\"", "\"a\\u0000b\"")), 1); /* nobody reads it */
    char bytes[] = "{\"id\":\"a?\"}";
    *strchr(bytes, '?') = '\0';
    ck_assert_uint_eq(decode_bytes(bytes, sizeof bytes - 1), 0);
    ck_assert_int_eq(refusal.reason, DECODE_NOT_JSON);
    ck_assert_uint_eq(decoder_decode(decoder, NULL, 0, false, now_ms, &events, &refusal), 0);
    ck_assert_int_eq(refusal.reason, DECODE_EMPTY);
}
END_TEST

START_TEST(large_and_deep_records)
{
    use(hotline_mapping);
    enum { SIZE = 10 << 20 };
    char *record = malloc(SIZE);
    memset(record, '[', SIZE);
    ck_assert_uint_eq(decode_bytes(record, SIZE), 0);
    ck_assert_int_eq(refusal.reason, DECODE_TOO_LARGE);
    memset(record + 10000, ']', 10000);
    ck_assert_uint_eq(decode_bytes(record, 20000), 0);
    ck_assert_int_eq(refusal.reason, DECODE_NOT_JSON);
    mapping_limits(mapping, 300, SIZE);
    ck_assert_uint_eq(decode_bytes(record, SIZE), 0);
    ck_assert_int_eq(refusal.reason, DECODE_NOT_JSON);
    memset(record, ' ', SIZE);
    memcpy(record + SIZE - sizeof hotline_record, hotline_record, sizeof hotline_record - 1);
    ck_assert_uint_eq(decode_bytes(record, SIZE), 1);
    free(record);
}
END_TEST

START_TEST(padding_and_marks_make_no_difference)
{
    use(hotline_mapping);
    char *padded = calloc(1, sizeof hotline_record + 3 + DECODE_PADDING);
    memcpy(padded, "\xEF\xBB\xBF", 3);
    memcpy(padded + 3, hotline_record, sizeof hotline_record - 1);
    memset(padded + 3 + sizeof hotline_record - 1, '"', DECODE_PADDING);
    ck_assert_uint_eq(decoder_decode(decoder, padded + 3, sizeof hotline_record - 1, true, now_ms, &events, &refusal),
                      1);
    expect_text(events[0].matter, "WO2026011200873");
    ck_assert_uint_eq(decoder_decode(decoder, padded, sizeof hotline_record + 2, true, now_ms, &events, &refusal), 1);
    ck_assert_uint_eq(decode_bytes(padded, sizeof hotline_record + 2), 1);
    expect_text(events[0].matter, "WO2026011200873");
    free(padded);
}
END_TEST

START_TEST(several_records_in_one)
{
    use(hotline_mapping);
    char record[3 * sizeof hotline_record];
    snprintf(record, sizeof record, "[%s,%s]", hotline_record, hotline_record);
    ck_assert_uint_eq(decode(record), 2);
    expect_text(events[0].id, "WO2026011200873#created");
    expect_text(events[1].id, "WO2026011200873#created");
    char refused[4 * sizeof hotline_record];
    snprintf(refused, sizeof refused, "[%s,%s]", hotline_record, changed("990101003005012", "7"));
    ck_assert_uint_eq(decode_bytes(refused, strlen(refused)), 2); /* by its ancestor */
    snprintf(refused, sizeof refused, "[%s,%s]", hotline_record, changed("\"2026-01-12T", "\"2026-01-32T"));
    expect_refusal(refused, DECODE_BAD_TIME, "[1].time");
    ck_assert_uint_eq(decode("[]"), 0);
}
END_TEST

START_TEST(the_last_of_equal_keys_counts)
{
    use(hotline_mapping);
    ck_assert_uint_eq(decode(changed("\"order_no\":", "\"order_no\":\"X\",\"order_no\":")), 1);
    expect_text(events[0].matter, "WO2026011200873");
    expect_refusal(changed("\"data\":{",
                           "\"data\":{\"grid\":{\"grid\":\"990101\"},\"urgency\":\"特急\"},\"data\":{\"x\":{"
                           "}},\"data\":{\"y\":"),
                   DECODE_NOT_JSON, "");
    char record[2 * sizeof hotline_record];
    snprintf(record, sizeof record, "%.*s,\"data\":{}}", (int)sizeof hotline_record - 2, hotline_record);
    expect_refusal(record, DECODE_MISSING_FIELD, "data.grid.grid");
}
END_TEST

START_TEST(blanks_are_absent)
{
    static const char *const blanks[] = {"null",     "\"\"",      "\" \"",  "\"-\"", "\"null\"", "\"无\"",
                                         "\"不详\"", "\"\\\\N\"", "\"　\"", "0",     "\"0\""};
    char to[64];
    use(hotline_mapping);
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        snprintf(to, sizeof to, "\"order_no\":%s", blanks[i]);
        ck_assert_uint_eq(decode(changed("\"order_no\":\"WO2026011200873\"", to)), 1);
        ck_assert_uint_eq(events[0].matter.len, 0);
        snprintf(to, sizeof to, "\"token\":%s", blanks[i]);
        ck_assert_uint_eq(decode(changed("\"token\":\"7f3a…\"", to)), 1);
        ck_assert_uint_eq(events[0].actor_count, 0);
        snprintf(to, sizeof to, "\"dispute_type\":%s", blanks[i]);
        expect_refusal(changed("\"dispute_type\":\"labor_wage_arrears\"", to), DECODE_MISSING_FIELD,
                       "data.dispute_type");
        snprintf(to, sizeof to, "\"grid\":%s", blanks[i]);
        ck_assert_uint_eq(decode(changed("\"grid\":\"990101003005012\"", to)), 1);
        ck_assert_uint_eq(events[0].region, registry_find(world.registry, STR("990101003005")));
    }
    expect_refusal(changed("\"id\":\"WO2026011200873#created\"", "\"id\":\"-\""), DECODE_MISSING_FIELD, "id");
    ck_assert_uint_eq(decode(changed("\"id\":\"WO2026011200873#created\"", "\"id\":0")), 1);
    expect_text(events[0].id, "0");
    ck_assert_uint_eq(decode(changed("\"2026-01-19T18:00:00+08:00\"", "\"0000-00-00 00:00:00\"")), 1);
    ck_assert_int_eq(events[0].due_at, 0);
}
END_TEST

START_TEST(texts)
{
    use(hotline_mapping);
    ck_assert_uint_eq(decode(changed("\"order_no\":\"WO2026011200873\"", "\"order_no\":18446744073709551615")), 1);
    expect_text(events[0].matter, "18446744073709551615");
    ck_assert_uint_eq(decode(changed("\"order_no\":\"WO2026011200873\"", "\"order_no\":-9223372036854775808")), 1);
    expect_text(events[0].matter, "-9223372036854775808");
    ck_assert_uint_eq(decode(changed("\"order_no\":\"WO2026011200873\"", "\"order_no\":\" \\u0057O\\t\"")), 1);
    expect_text(events[0].matter, "WO");
    expect_refusal(changed("\"order_no\":\"WO2026011200873\"", "\"order_no\":1.5"), DECODE_BAD_FIELD,
                   "data.order_no");
    expect_refusal(changed("\"order_no\":\"WO2026011200873\"", "\"order_no\":{}"), DECODE_BAD_FIELD, "data.order_no");
    char to[400], most[EVENT_TEXT_MAX + 1];
    memset(most, 'x', EVENT_TEXT_MAX);
    most[EVENT_TEXT_MAX] = '\0';
    snprintf(to, sizeof to, "\"order_no\":\"%s\"", most);
    ck_assert_uint_eq(decode(changed("\"order_no\":\"WO2026011200873\"", to)), 1);
    ck_assert_uint_eq(events[0].matter.len, EVENT_TEXT_MAX);
    snprintf(to, sizeof to, "\"order_no\":\"%sx\"", most);
    expect_refusal(changed("\"order_no\":\"WO2026011200873\"", to), DECODE_BAD_FIELD, "data.order_no");
    snprintf(to, sizeof to, "\"id\":\"%sx\"", most);
    expect_refusal(changed("\"id\":\"WO2026011200873#created\"", to), DECODE_BAD_FIELD, "id");
    snprintf(to, sizeof to, "\"name_norm\":\"%sx\"", most);
    expect_refusal(changed("\"token\":\"9199…\",\"name_norm\":\"某建设劳务公司\"", to), DECODE_BAD_FIELD,
                   "data.respondent.name_norm");
}
END_TEST

START_TEST(kinds_need_their_fields)
{
    static const struct {
        const char *type, *target, *id;
        enum event_kind kind;
    } kinds[] = {
        {"again", "", "", EVENT_CALLED_AGAIN},
        {"returned", "", "", EVENT_STATUS},
        {"closed", "", "", EVENT_CLOSED},
        {"reopened", "", "", EVENT_REOPENED},
        {"merged", "WO9", "", EVENT_MERGED},
        {"linked", "WO9", "", EVENT_LINKED},
        {"moved", "F1", "F1", EVENT_MOVED},
        {"voided", "F1", "F1", EVENT_VOIDED},
        {"restored", "WO2026011200873#created", "", EVENT_RESTORED},
    };
    char to[200];
    use(hotline_mapping);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(to, sizeof to,
                 "\"type\":\"%s\",\"data\":{\"order_no\":\"WO2026011200873\",\"merged_into\":\"%s\","
                 "\"target_id\":\"%s\",\"grid\":{\"street\":990101003},\"dispute_type\":\"noise\"}}",
                 kinds[i].type, kinds[i].target, kinds[i].id);
        char record[400];
        snprintf(record, sizeof record, "{\"id\":\"i\",\"time\":\"2026-01-12T09:41:22+08:00\",%s", to);
        ck_assert_uint_eq(decode(record), 1);
        ck_assert_int_eq(events[0].kind, (int)kinds[i].kind);
        expect_text(events[0].target, kinds[i].target);
    }
    static const char *const head = "{\"id\":\"i\",\"time\":\"2026-01-12T09:41:22+08:00\"";
    static const struct {
        const char *rest, *place;
    } missing[] = {
        {"\"type\":\"created\",\"data\":{\"dispute_type\":\"noise\"}", "data.grid.grid"},
        {"\"type\":\"again\",\"data\":{\"grid\":{\"grid\":990101}}", "data.dispute_type"},
        {"\"type\":\"returned\"", "data.order_no"},
        {"\"type\":\"closed\"", "data.order_no"},
        {"\"type\":\"reopened\"", "data.order_no"},
        {"\"type\":\"merged\",\"data\":{\"order_no\":1}", "data.merged_into"},
        {"\"type\":\"merged\",\"data\":{\"merged_into\":1}", "data.order_no"},
        {"\"type\":\"linked\",\"data\":{\"merged_into\":1}", "data.order_no"},
        {"\"type\":\"moved\",\"data\":{\"target_id\":1}", "data.grid.grid"},
        {"\"type\":\"moved\",\"data\":{\"grid\":{\"grid\":990101}}", "data.target_id"},
        {"\"type\":\"voided\"", "data.target_id"},
        {"\"type\":\"restored\"", "data.order_no"},
        {"\"data\":{}", "type"},
    };
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char record[400];
        snprintf(record, sizeof record, "%s,%s}", head, missing[i].rest);
        expect_refusal(record, DECODE_MISSING_FIELD, missing[i].place);
    }
    ck_assert_uint_eq(decode(changed("\"created\"", "\"visited\"")), 0);
    expect_refusal(changed("\"created\"", "\"Created\""), DECODE_UNKNOWN_KIND, "type");
}
END_TEST

START_TEST(unknown_words)
{
    use(hotline_mapping);
    expect_refusal(changed("labor_wage_arrears", "labor"), DECODE_UNKNOWN_CATEGORY, "data.dispute_type");
    expect_refusal(
        "{\"id\":\"i\",\"type\":\"closed\",\"time\":\"2026-01-12T09:41:22+08:00\",\"data\":{\"order_no\":1,"
        "\"grid\":{\"grid\":\"7\",\"street\":\"8\"}}}",
        DECODE_UNKNOWN_REGION, "data.grid.grid");
    use(petition_mapping);
    expect_refusal("{\"id\":\"i\",\"source\":\"s\",\"time\":1768182082,\"data\":{\"grid\":{\"grid\":\"990102\"}}}",
                   DECODE_UNKNOWN_REGION, "data.grid.grid");
    ck_assert_uint_eq(
        decode("{\"id\":\"i\",\"source\":\"s\",\"time\":1768182082,\"data\":{\"grid\":{\"grid\":990101},"
               "\"dispute_type\":\"?\"}}"),
        1);
    ck_assert_uint_eq(events[0].category, catalogue_find_category(world.catalogue, STR("noise")));
    use("id: id\nkind: created\noccurred_at: t\nregion: {path: r, by: name}\ncategory: c\n");
    ck_assert_uint_eq(decode("{\"id\":1,\"t\":\"2026-01-12T09:41:22Z\",\"r\":\"兴业社区\",\"c\":\"labour\"}"), 1);
    ck_assert_uint_eq(events[0].region, registry_find(world.registry, STR("990101003005")));
    ck_assert_uint_eq(events[0].category, catalogue_find_category(world.catalogue, STR("labour")));
    expect_refusal("{\"id\":1,\"t\":\"2026-01-12T09:41:22Z\",\"r\":\"990101\",\"c\":\"labour\"}",
                   DECODE_UNKNOWN_REGION, "r");
    expect_refusal("{\"id\":1,\"t\":\"2026-01-12T09:41:22Z\",\"r\":\"兴业社区\",\"c\":\"labour.\"}",
                   DECODE_UNKNOWN_CATEGORY, "c");
}
END_TEST

START_TEST(times_of_another_world)
{
    use(hotline_mapping);
    expect_refusal(changed("2026-01-12T09:41:22+08:00", "2026-02-31T09:41:22+08:00"), DECODE_BAD_TIME, "time");
    expect_refusal(changed("\"2026-01-12T09:41:22+08:00\"", "[]"), DECODE_BAD_FIELD, "time");
    expect_refusal(changed("\"2026-01-12T09:41:22+08:00\"", "null"), DECODE_MISSING_FIELD, "time");
    expect_refusal(changed("2026-01-12T09:41:22+08:00", "1999-12-31T23:59:59Z"), DECODE_ANCIENT, "time");
    ck_assert_uint_eq(decode(changed("2026-01-12T09:41:22+08:00", "2000-01-01T00:00:00Z")), 1);
    expect_refusal(changed("2026-01-12T09:41:22+08:00", "2026-01-13T18:31:41+08:00"), DECODE_FUTURE, "time");
    ck_assert_uint_eq(decode(changed("2026-01-12T09:41:22+08:00", "2026-01-13T18:31:40+08:00")), 1);
    mapping_limits(mapping, 0, 1 << 20);
    expect_refusal(changed("2026-01-12T09:41:22+08:00", "2026-01-13T18:26:41+08:00"), DECODE_FUTURE, "time");
    expect_refusal(changed("2026-01-19T18:00:00+08:00", "soon"), DECODE_BAD_TIME, "data.due_time");
    use(petition_mapping);
    ck_assert_uint_eq(
        decode("{\"id\":\"i\",\"source\":\"s\",\"time\":1768182082.75,\"data\":{\"grid\":{\"grid\":990101}}}"), 1);
    ck_assert_int_eq(events[0].occurred_at, 1768182082);
    ck_assert_uint_eq(
        decode("{\"id\":\"i\",\"source\":\"s\",\"time\":\"2026-01-12 09:41:22\",\"data\":{\"grid\":{\"grid\":"
               "990101}}}"),
        1);
    ck_assert_int_eq(events[0].occurred_at, 1768182082);
}
END_TEST

START_TEST(numbers)
{
    use(hotline_mapping);
    expect_refusal(changed("\"involved_count\":20", "\"involved_count\":-1"), DECODE_BAD_NUMBER,
                   "data.involved_count");
    expect_refusal(changed("\"involved_count\":20", "\"involved_count\":4294967296"), DECODE_BAD_NUMBER,
                   "data.involved_count");
    ck_assert_uint_eq(decode(changed("\"involved_count\":20", "\"involved_count\":20.0")), 1);
    ck_assert_uint_eq(events[0].involved, 20);
    ck_assert_uint_eq(decode(changed("\"involved_count\":20", "\"involved_count\":\"多人\"")), 1);
    ck_assert_uint_eq(events[0].involved, 0);
    use("id: id\nkind: reading\noccurred_at: {path: t, formats: unix_s}\nregion: r\ncategory: c\nvalue: v\n");
    static const struct {
        const char *text;
        int64_t value;
    } values[] = {{"0.001", 1},
                  {"\"9223372036854775.807\"", INT64_MAX},
                  {"9223372036854775", 9223372036854775000},
                  {"null", 0},
                  {"\"\"", 0},
                  {"-9223372036854775", -9223372036854775000},
                  {"1e-3", 1},
                  {"999999999999.999", 999999999999999},
                  {"\"-1,234.5\"", -1234500}};
    char record[200];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(record, sizeof record, "{\"id\":1,\"t\":1768182082,\"r\":990101,\"c\":\"noise\",\"v\":%s}",
                 values[i].text);
        ck_assert_uint_eq(decode(record), 1);
        ck_assert_msg(events[0].value == values[i].value, "%s", values[i].text);
    }
    static const char *const wrong[] = {
        "9223372036854776", "18446744073709551615", "\"9223372036854775.808\"", "true", "\"12dB\"", "1e15",
        "\"NaN\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(record, sizeof record, "{\"id\":1,\"t\":1768182082,\"r\":990101,\"c\":\"noise\",\"v\":%s}",
                 wrong[i]);
        expect_refusal(record, DECODE_BAD_NUMBER, "v");
    }
}
END_TEST

#define ACTORS_MAPPING(actors)                                                                                       \
    "id: id\nkind: created\noccurred_at: {path: t, formats: unix_s}\nregion: {paths: [r]}\ncategory: {default: "     \
    "noise}\n"                                                                                                       \
    "actors: " actors "\n"
#define ACTORS_RECORD(fields) "{\"id\":1,\"t\":1768182082,\"r\":990101," fields "}"

START_TEST(actors)
{
    use(ACTORS_MAPPING("[a, b]"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"a\":\"Ａ1\",\"b\":\"B\"")), 1);
    ck_assert_uint_eq(events[0].actor_count, 1); /* the first that has any */
    ck_assert_uint_eq(events[0].actors[0], token("A1"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"a\":[],\"b\":[\"B\",\"C\",\"B\",7]")), 1);
    ck_assert_uint_eq(events[0].actor_count, 3);
    ck_assert_uint_eq(events[0].actors[2], token("7"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"a\":\"138****1234\"")), 1);
    ck_assert_uint_eq(events[0].actor_count, 0);
    expect_refusal(ACTORS_RECORD("\"a\":[[\"x\"]]"), DECODE_BAD_FIELD, "a");
    use(ACTORS_MAPPING("{all: [a, 'b[].c.d', 'e[]'], split: ';'}"));
    ck_assert_uint_eq(
        decode(ACTORS_RECORD("\"a\":\"A; B;;无\",\"b\":[{\"c\":{\"d\":\"D\"}},{\"c\":7},{}],\"e\":\"E\"")), 1);
    ck_assert_uint_eq(events[0].actor_count, 4);
    ck_assert_uint_eq(events[0].actors[1], token("B"));
    ck_assert_uint_eq(events[0].actors[2], token("D"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"b\":{\"c\":{\"d\":\"D\"}}")), 1);
    ck_assert_uint_eq(events[0].actor_count, 1);
    use(ACTORS_MAPPING("{path: a, hashed: true}"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"a\":\"x*Ａ\"")), 1);
    ck_assert_uint_eq(events[0].actors[0], token("x*Ａ"));
    use(ACTORS_MAPPING("{path: a, masked: distinct, as: phone}"));
    ck_assert_uint_eq(decode(ACTORS_RECORD("\"a\":[\"138****1234\",\"138****1235\",\"+86 13812345678\"]")), 1);
    ck_assert_uint_eq(events[0].actor_count, 3);
    ck_assert_uint_eq(events[0].actors[0], token("138****1234"));
    ck_assert_uint_eq(events[0].actors[2], token("13812345678"));
}
END_TEST

START_TEST(actors_are_bounded)
{
    char record[8192];
    use(ACTORS_MAPPING("a"));
    for (int count = EVENT_ACTORS_MAX; count <= EVENT_ACTORS_MAX + 1; count++) {
        int len = snprintf(record, sizeof record, "{\"id\":1,\"t\":1768182082,\"r\":990101,\"a\":[0");
        for (int i = 1; i <= count; i++)
            len += snprintf(record + len, sizeof record - (size_t)len, ",%d,%d", i, i);
        snprintf(record + len, sizeof record - (size_t)len, "]}");
        if (count == EVENT_ACTORS_MAX) {
            ck_assert_uint_eq(decode(record), 1);
            ck_assert_uint_eq(events[0].actor_count, EVENT_ACTORS_MAX);
        } else {
            expect_refusal(record, DECODE_BAD_FIELD, "a");
        }
    }
}
END_TEST

START_TEST(respondents)
{
    use("id: id\nkind: created\noccurred_at: {path: t, formats: unix_s}\nregion: {paths: [r]}\ncategory: {default: "
        "noise}\n"
        "respondent: {paths: [code, token], names: name}\n");
    static const struct {
        const char *fields, *respondent;
    } examples[] = {
        {"\"code\":\"ORG1\"", "ORG1"},
        {"\"code\":\"X\",\"name\":\"某劳务\"", "ORG1"},
        {"\"code\":\"X\",\"token\":\"Y\",\"name\":\"Z\"", "X"},
        {"\"code\":0,\"token\":\"-\",\"name\":\"王某\"", "王某"},
        {"\"code\":null", ""},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char record[200];
        snprintf(record, sizeof record, "{\"id\":1,\"t\":1768182082,\"r\":990101,%s}", examples[i].fields);
        ck_assert_uint_eq(decode(record), 1);
        expect_text(events[0].respondent, examples[i].respondent);
    }
}
END_TEST

START_TEST(keys_with_dots_and_composed_texts)
{
    use("id: {path: 'a\\.b.编号', prefix: 'x-', suffix: '-y'}\nkind: created\noccurred_at: {path: t, formats: "
        "unix_s}\n"
        "region: r\ncategory: {default: noise}\nmatter: {join: [p, q]}\n");
    ck_assert_uint_eq(decode("{\"a.b\":{\"编号\":12},\"t\":1768182082,\"r\":990101,\"p\":\"P\",\"q\":3}"), 1);
    expect_text(events[0].id, "x-12-y");
    expect_text(events[0].matter, "P3");
    ck_assert_uint_eq(decode("{\"a.b\":{\"编号\":12},\"t\":1768182082,\"r\":990101,\"p\":\"P\"}"), 1);
    expect_text(events[0].matter, "");
    expect_refusal("{\"a.b\":{\"编号\":null},\"t\":1768182082,\"r\":990101}", DECODE_MISSING_FIELD, "a\\.b.编号");
    char record[400], most[EVENT_TEXT_MAX + 1];
    memset(most, 'x', EVENT_TEXT_MAX);
    most[EVENT_TEXT_MAX] = '\0';
    snprintf(record, sizeof record, "{\"a.b\":{\"编号\":\"%s\"},\"t\":1768182082,\"r\":990101}", most);
    expect_refusal(record, DECODE_BAD_FIELD, "a\\.b.编号");
    snprintf(record, sizeof record, "{\"a.b\":{\"编号\":1},\"t\":1768182082,\"r\":990101,\"p\":1,\"q\":\"%s\"}",
             most);
    expect_refusal(record, DECODE_BAD_FIELD, "q");
}
END_TEST

START_TEST(words_have_meanings)
{
    for (int reason = DECODE_OK; reason < DECODE_REFUSALS; reason++) {
        ck_assert_uint_gt(strlen(decode_refusal_word((enum decode_refusal)reason)), 0);
        ck_assert_uint_gt(strlen(decode_refusal_meaning((enum decode_refusal)reason)), 0);
    }
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        ck_assert_int_eq(event_kind_parse(str_of(event_kind_word((enum event_kind)kind))), kind);
    ck_assert_int_eq(event_kind_parse(STR("create")), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *one = tcase_create("decode");
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_set_timeout(one, 60);
    tcase_add_test(one, hotline);
    tcase_add_test(one, petition);
    tcase_add_test(one, sensor);
    tcase_add_test(one, every_truncation_is_refused);
    tcase_add_test(one, broken_records);
    tcase_add_test(one, large_and_deep_records);
    tcase_add_test(one, padding_and_marks_make_no_difference);
    tcase_add_test(one, several_records_in_one);
    tcase_add_test(one, the_last_of_equal_keys_counts);
    tcase_add_test(one, blanks_are_absent);
    tcase_add_test(one, texts);
    tcase_add_test(one, kinds_need_their_fields);
    tcase_add_test(one, unknown_words);
    tcase_add_test(one, times_of_another_world);
    tcase_add_test(one, numbers);
    tcase_add_test(one, actors);
    tcase_add_test(one, actors_are_bounded);
    tcase_add_test(one, respondents);
    tcase_add_test(one, keys_with_dots_and_composed_texts);
    tcase_add_test(one, words_have_meanings);
    suite_add_tcase(suite, one);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
