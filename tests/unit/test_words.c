/* Alerts in words, the columns they stand in, and the two stores that a person reads: the console and a directory. */
#include "alert/columns.h"
#include "alert/words.h"
#include "sink/store_console.h"
#include "sink/store_directory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char revision[] =
    "{\"type\":\"gov.risk.alert.raised\",\"time\":\"2026-01-12T09:41:22+08:00\",\"data\":{"
    "\"alert_id\":\"7f3a09c1d4e85b6277f0a1b2c3d4e5f6\",\"revision\":2,\"state\":\"firing\",\"level\":\"orange\","
    "\"prev_level\":\"yellow\",\"drill\":false,\"title\":\"群体欠薪\",\"sentence\":\"已有5人反映。\","
    "\"region_path\":[{\"level\":\"district\",\"name\":\"示例区\"},{\"level\":\"street\",\"name\":\"和兴街道\"},"
    "{\"level\":\"community\",\"name\":\"新苑社区\"},{\"level\":\"grid\",\"name\":\"某网格\"}]}}";
static const char heartbeat[] =
    "{\"type\":\"gov.risk.heartbeat\",\"time\":\"2026-01-12T09:30:00+08:00\",\"data\":{\"sources\":["
    "{\"source\":\"hotline\",\"partition\":\"h/0\",\"watermark\":\"2026-01-12T09:24:51+08:00\",\"silent\":false},"
    "{\"source\":\"petition\",\"partition\":\"p/0\",\"watermark\":\"2026-01-12T08:59:00+08:00\",\"silent\":true}]}}";

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_msg(json != NULL, "%s", text);
    return json;
}

/* the words of `text` with `path` of its data set to `value`; static: until the next call */
static const char *words_with(const char *text, const char *key, const char *value)
{
    static char line[4096];
    json_t *message = parse(text);
    if (key)
        ck_assert_int_eq(
            json_object_set_new(json_object_get(message, "data"), key, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
    ck_assert(alert_words(message, false, line, sizeof line));
    json_decref(message);
    return line;
}

static void ck_contains(const char *line, const char *part)
{
    ck_assert_msg(strstr(line, part) != NULL, "no %s in: %s", part, line);
}

#define HANDLING                                                                                                       \
    "{\"units\":[{\"unit\":\"街道\",\"role\":\"assist\"},{\"unit\":\"人社局\",\"role\":\"lead\"}]"

START_TEST(test_handling)
{
    json_t *message = parse(revision), *data = json_object_get(message, "data");
    char line[4096];
    json_object_set_new(message, "type", json_string("gov.risk.alert.handled"));
    json_object_set_new(data, "handling", json_loads(HANDLING ",\"last\":{\"action\":\"transferred\",\"to\":\"住建局\"}}", 0, NULL));
    ck_assert(alert_words(message, false, line, sizeof line));
    ck_contains(line, "● 橙色 处置");
    ck_contains(line, "已有5人反映。  [人社局 transferred to 住建局]  (alert");
    json_object_set_new(message, "type", json_string("gov.risk.alert.escalated"));
    json_object_set_new(data, "reason", json_string("not signed in time"));
    json_object_set_new(data, "handling", json_loads(HANDLING "}", 0, NULL));
    ck_assert(alert_words(message, false, line, sizeof line));
    ck_contains(line, "● 橙色 督办");
    ck_contains(line, "  [not signed in time: now with 人社局]");
    json_decref(message);
}
END_TEST

START_TEST(test_revision)
{
    ck_assert_str_eq(words_with(revision, NULL, NULL),
                     "01-12 09:41 ● 橙色 升级  和兴街道 某网格          群体欠薪      已有5人反映。"
                     "  (alert 7f3a09c1 rev 2)");
    ck_contains(words_with(revision, "prev_level", "null"), "● 橙色 新增");
    ck_contains(words_with(revision, "level", "\"四级\""), "● 四级 升级");
    ck_contains(words_with(revision, "state", "\"resolved\""), "○ 橙色");
    ck_contains(words_with(revision, "state", "\"unknown\""), "? 橙色");
    ck_contains(words_with(revision, "drill", "true"), "【演练】已有5人反映。");
    ck_contains(words_with(revision, "region_path", "[{\"level\":\"street\",\"name\":\"东桥街道\"}]"),
                "  东桥街道            ");
}
END_TEST

START_TEST(test_revision_with_foreign_members)
{
    ck_contains(words_with(revision, "level", "7"), "rev 2");
    ck_contains(words_with(revision, "region_path", "{\"a\":1}"), "rev 2");
    ck_contains(words_with(revision, "region_path", "[1,null]"), "rev 2");
    ck_contains(words_with(revision, "revision", "\"x\""), "rev 0");
}
END_TEST

START_TEST(test_heartbeat)
{
    ck_assert_str_eq(words_with(heartbeat, NULL, NULL),
                     "01-12 09:30 · 心跳  数据完整至 01-12 08:59  2 个分区中 1 个断流: petition(p/0)");
    ck_contains(words_with(heartbeat, "sources", "[{\"source\":\"a\",\"watermark\":null,\"silent\":false}]"),
                "数据完整至 (未定)  1 个分区均正常");
}
END_TEST

static const char digest[] =
    "{\"type\":\"gov.risk.alert.digest\",\"time\":\"2026-01-12T14:00:00+08:00\",\"data\":{\"street\":{\"name\":\"和兴街道\"},"
    "\"shift\":{\"from\":\"2026-01-12T08:00:00+08:00\",\"until\":\"2026-01-12T14:00:00+08:00\"},\"over\":true,\"told\":6,"
    "\"held\":[{},{}],\"more\":1,\"revision\":4}}";

START_TEST(test_digest)
{
    ck_assert_str_eq(words_with(digest, NULL, NULL), "01-12 14:00 · 摘要       和兴街道                 班次 01-12 08:00 至 01-12 14:00"
                                                     "  已通报 6 起，超出预算未通报 3 起，班次结束  (rev 4)");
    ck_contains(words_with(digest, "street", "null"), "未通报 3 起");
    ck_contains(words_with(digest, "cause", "\"storm\""), "全区                     预警风暴 01-12 08:00 至 01-12 14:00"
                                                         "  已通报 6 起，暂未通报 3 起，本分钟结束");
}
END_TEST

START_TEST(test_notice)
{
    ck_contains(words_with(revision, "notice", "{\"told\":false,\"cause\":\"silenced\",\"by\":\"S1\"}"),
                "已有5人反映。  [not told 静默: silenced by S1]  (alert");
    ck_contains(words_with(revision, "notice", "{\"told\":true}"), "已有5人反映。  (alert");
    ck_contains(words_with(revision, "flaps", "3"), "已有5人反映。  [反复 3 次]  (alert");
    ck_contains(words_with(revision, "flaps", "0"), "已有5人反映。  (alert");
}
END_TEST

START_TEST(test_neither)
{
    static const char *const others[] = {"[]",
                                         "{}",
                                         "{\"type\":\"gov.risk.alert.raised\"}",
                                         "{\"type\":\"gov.risk.alert.raised\",\"data\":{}}",
                                         "{\"type\":\"gov.risk.heartbeat\",\"data\":[]}",
                                         "{\"type\":\"other\",\"data\":{\"alert_id\":\"a\"}}"};
    char line[128];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *message = parse(others[i]);
        ck_assert(!alert_words(message, true, line, sizeof line));
        ck_assert_str_eq(line, "");
        json_decref(message);
    }
    ck_assert(!alert_words(NULL, true, line, sizeof line));
}
END_TEST

START_TEST(test_colour_and_cut)
{
    json_t *message = parse(revision);
    char line[256];
    ck_assert(alert_words(message, true, line, sizeof line));
    ck_contains(line, "\033[38;5;208m● 橙色\033[0m 升级");
    for (size_t size = COLUMNS_SIZE_MIN; size < sizeof line; size++) {
        ck_assert(alert_words(message, true, line, size));
        ck_assert_uint_lt(strlen(line), size);
        json_t *utf8 = json_string(line);
        ck_assert_msg(utf8 != NULL, "a character was cut at %zu", size);
        json_decref(utf8);
        if (!strstr(line, "rev 2"))
            ck_assert_str_eq(line + strlen(line) - strlen("…\033[0m"), "…\033[0m");
    }
    json_object_set_new(json_object_get(message, "data"), "notice", json_pack("{s:b}", "told", 0));
    ck_assert(alert_words(message, true, line, sizeof line));
    ck_contains(line, "\033[2m● 橙色\033[0m 升级");
    json_decref(message);
}
END_TEST

static struct {
    const char *text, *shown;
    unsigned width;
} const texts[] = {
    {"abc", "abc", 3},
    {"和兴街道", "和兴街道", 8},
    {"（全角）", "（全角）", 8},
    {"e\xcc\x81t", "e\xcc\x81t", 2},
    {"𠀀●", "𠀀●", 3},
    {"\033[31mred\a\n", " [31mred  ", 10},
    {"a\xe2\x80\xae"
     "b\xc2\x9b"
     "31m",
     "a b 31m", 7},
    {"\xff\xe5\x92", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3},
    {"\xc0\xaf\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 5},
};

START_TEST(test_columns)
{
    char line[128];
    struct columns c = columns_begin(line, sizeof line, false);
    columns_text(&c, texts[_i].text);
    ck_assert_str_eq(line, texts[_i].shown);
    ck_assert_uint_eq(c.column, texts[_i].width);
    columns_pad(&c, 12);
    ck_assert_uint_eq(c.column, 12);
    columns_pad(&c, 12);
    ck_assert_uint_eq(c.column, 13);
}
END_TEST

static struct store_record record(enum store_topic topic, const char *value)
{
    return (struct store_record){.topic = topic, .value = str_of(value)};
}

static const char letter[] = "{\"source\":\"hotline\",\"partition\":\"h/3\",\"offset\":88,\"reason\":\"bad_time\","
                             "\"place\":\"data.time\",\"raw\":\"13812345678\"}";

static const char alone[] = "{\"type\":\"gov.risk.incident.opened\",\"data\":{\"incident_id\":\"7f3a09c1d4e8\",\"alerts\":[{}],"
                            "\"merged_into\":null,\"split_from\":null}}";
static const char together[] =
    "{\"type\":\"gov.risk.incident.grown\",\"time\":\"2026-01-12T09:41:22+08:00\",\"data\":{\"incident_id\":\"7f3a09c1d4e8\","
    "\"revision\":3,\"state\":\"open\",\"level\":\"orange\",\"title\":\"群体欠薪\",\"sentence\":\"和兴街道。\",\"alerts\":[{},{}],"
    "\"region_path\":[{\"level\":\"street\",\"code\":\"990101003\",\"name\":\"和兴街道\"}],\"merged_into\":null,\"split_from\":null,"
    "\"handling\":{\"units\":[{\"unit\":\"街道\",\"role\":\"assist\"},{\"unit\":\"区人力资源局\",\"role\":\"lead\",\"state\":\"signed\"}]}}}";

START_TEST(test_console)
{
    char *shown = NULL, *errors = NULL;
    size_t shown_len, errors_len;
    FILE *out = open_memstream(&shown, &shown_len), *err = open_memstream(&errors, &errors_len);
    struct store console = store_console(out, err);
    bool at_end = false;
    ck_assert_int_eq(console.ops->follow(console.context, NULL, NULL, 1000, &at_end), STORE_OK);
    ck_assert(at_end);
    ck_assert_int_eq(console.ops->lead(console.context), STORE_OK);
    struct store_record records[] = {
        record(STORE_LEDGER, "binary"),    record(STORE_ALERTS, heartbeat),     record(STORE_ALERTS, revision),
        record(STORE_DEAD_LETTER, letter), record(STORE_DEAD_LETTER, "broken"), record(STORE_LATE, "{}"),
        record(STORE_STATE, "{}"),
        record(STORE_INCIDENTS, alone),    record(STORE_INCIDENTS, together),
    };
    ck_assert_int_eq(console.ops->commit(console.context, records, sizeof records / sizeof *records, NULL, 0),
                     STORE_OK);
    console.ops->destroy(console.context);
    fclose(out);
    fclose(err);
    ck_contains(shown, "rev 2)\n");
    const char *second = strchr(shown, '\n') + 1;
    ck_contains(second, "01-12 09:41 ◆ 橙色 扩大");
    ck_contains(second, "和兴街道");
    ck_contains(second, "  群体欠薪  ");
    ck_contains(second, "  [lead 牵头 区人力资源局: signed]  (incident 7f3a09c1 rev 3: 2 alerts, grown)\n");
    ck_assert_ptr_eq(strchr(second, '\n'), shown + shown_len - 1);
    ck_assert_str_eq(errors, "dead letter: source=\"hotline\" partition=\"h/3\" offset=88 reason=\"bad_time\" "
                             "place=\"data.time\"\ndead letter:\n");
    free(shown);
    free(errors);
}
END_TEST

START_TEST(test_console_full)
{
    FILE *full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    struct store console = store_console(full, stderr);
    struct store_record one = record(STORE_ALERTS, revision);
    ck_assert_int_eq(console.ops->commit(console.context, &one, 1, NULL, 0), STORE_LOST);
    console.ops->destroy(console.context);
    fclose(full);
}
END_TEST

static void ck_file(const char *folder, const char *name, const char *want)
{
    char path[256], text[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    unlink(path);
    ck_assert_str_eq(text, want);
}

START_TEST(test_directory)
{
    char base[] = "/tmp/gridwarn-test-XXXXXX", folder[64];
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(folder, sizeof folder, "%s/out", base);
    struct problems problems = {0};
    for (int run = 0; run < 2; run++) { /* the second one appends */
        struct store store;
        ck_assert(store_directory(folder, &store, &problems));
        struct store_record records[] = {record(STORE_ALERTS, "{\n\"a\":1}"), record(STORE_LEDGER, "binary"),
                                         record(STORE_LATE, "{\"l\":2}"), record(STORE_DEAD_LETTER, "{\"d\":3}"),
                                         record(STORE_INCIDENTS, "{\"i\":4}")};
        ck_assert_int_eq(store.ops->commit(store.context, records, 5, NULL, 0), STORE_OK);
        store.ops->destroy(store.context);
    }
    ck_file(folder, "alerts.ndjson", "{ \"a\":1}\n{ \"a\":1}\n");
    ck_file(folder, "incidents.ndjson", "{\"i\":4}\n{\"i\":4}\n");
    ck_file(folder, "late.ndjson", "{\"l\":2}\n{\"l\":2}\n");
    ck_file(folder, "dead-letter.ndjson", "{\"d\":3}\n{\"d\":3}\n");
    ck_assert_int_eq(rmdir(folder), 0); /* and nothing else */
    rmdir(base);
}
END_TEST

START_TEST(test_directory_out_of_reach)
{
    struct problems problems = {0};
    struct store store;
    ck_assert(!store_directory("/nonexistent/out", &store, &problems));
    ck_assert(!store_directory("/dev/null", &store, &problems));
    ck_assert_uint_eq(problems.count, 2);
    problems_clear(&problems);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, test_revision);
    tcase_add_test(tests, test_handling);
    tcase_add_test(tests, test_revision_with_foreign_members);
    tcase_add_test(tests, test_heartbeat);
    tcase_add_test(tests, test_digest);
    tcase_add_test(tests, test_notice);
    tcase_add_test(tests, test_neither);
    tcase_add_test(tests, test_colour_and_cut);
    tcase_add_loop_test(tests, test_columns, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, test_console);
    tcase_add_test(tests, test_console_full);
    tcase_add_test(tests, test_directory);
    tcase_add_test(tests, test_directory_out_of_reach);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
