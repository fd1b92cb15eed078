/* The configuration as a whole: defaults, what contradicts itself, and secrets that stay secret. */
#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct problems problems;
static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, unsigned mode)
{
    FILE *out = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    ck_assert_int_eq(chmod(in_folder(name), mode), 0);
}

static const char *const names[] = {"regions.csv", "categories.csv", "mapping.yaml", "rules.yaml",   "caller.key",
                                    "open.key",    "short.key",      "password",     "gridwarn.yaml"};

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file("regions.csv", "code,name,level,parent\n1,区,district,\n11,街,street,1\n", 0644);
    write_file("categories.csv", "path,name\nnoise,噪声\n", 0644);
    write_file("mapping.yaml", "id: no\nkind: created\noccurred_at: at\nregion: where\ncategory: what\n", 0644);
    write_file("rules.yaml",
               "rules:\n  - {id: r, let: {x: {source: calls}}, per: street, within: 1h, levels: {red: x >= 5}}\n",
               0644);
    write_file("caller.key", "000102030405060708090a0b0c0d0e0f\n", 0600);
    write_file("open.key", "000102030405060708090a0b0c0d0e0f\n", 0640);
    write_file("short.key", "0001", 0600);
    write_file("password", "hunter-two\n", 0600);
}

static void tear_down(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
    problems_clear(&problems);
}

static const char registry[] = "registry: {regions: regions.csv, categories: categories.csv}\nrules: rules.yaml\n";
static const char file_source[] = "sources: {calls: {file: calls.ndjson, mapping: mapping.yaml}}\n";
static const char topic_source[] = "sources: {calls: {topic: calls, mapping: mapping.yaml}}\n"
                                   "kafka: {properties: {bootstrap.servers: \"h:9092\"}}\n";

static struct config *load(const char *sources, const char *more)
{
    char text[2048];
    snprintf(text, sizeof text, "group: g\n%s%s%s", registry, sources, more);
    write_file("gridwarn.yaml", text, 0644);
    return config_load(in_folder("gridwarn.yaml"), &problems);
}

static struct config *load_good(const char *sources, const char *more)
{
    struct config *c = load(sources, more);
    if (!c)
        problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(c);
    return c;
}

START_TEST(defaults)
{
    struct config *c = load_good(topic_source, "");
    ck_assert_str_eq(c->group, "g");
    ck_assert(!c->event_time && c->kafka);
    ck_assert_uint_eq(c->level_count, 4);
    ck_assert_str_eq(c->level_names[3], "red");
    ck_assert_uint_ge(c->workers, 1);
    ck_assert_uint_le(c->workers, 8);
    ck_assert_str_eq(c->topic[STORE_DEAD_LETTER], "g-dead-letter");
    ck_assert_int_eq(c->utc_offset_s, 8 * 3600);
    ck_assert_int_eq(c->retention_s, 35 * 86400);
    ck_assert_int_eq(c->readings_retention_s, 48 * 3600);
    ck_assert_int_eq(c->ledger_bytes, INT64_C(1) << 30);
    ck_assert_int_eq(c->uncommitted_bytes, 64 << 20);
    ck_assert_int_eq(c->heartbeat_s, 30);
    ck_assert_str_eq(c->http_host, "127.0.0.1");
    ck_assert_uint_eq(c->http_port, 9464);
    ck_assert_uint_eq(c->actor_key_count, 0);
    ck_assert_uint_eq(c->source_count, 1);
    ck_assert_int_eq(c->sources[0].lateness_s, 45 * 60);
    ck_assert_int_eq(c->sources[0].silent_after_s, 30 * 60);
    ck_assert_int_eq(c->sources[0].skew_s, 10 * 60);
    ck_assert_int_eq(c->sources[0].max_record_bytes, 1 << 20);
    ck_assert(!c->sources[0].keep_raw);
    ck_assert_ptr_null(c->sources[0].path);
    ck_assert_uint_eq(c->rules->count, 1);
    config_destroy(&c);
    ck_assert_ptr_null(c);
}
END_TEST

START_TEST(files)
{
    struct config *c = load_good("sources: {calls: {file: a/b.ndjson, mapping: mapping.yaml, lateness: 5m}, "
                                 "more: {file: \"-\", mapping: mapping.yaml}}\n",
                                 "actor_keys: ephemeral\n");
    ck_assert(c->event_time && !c->kafka);
    ck_assert_ptr_null(c->directory);
    ck_assert_str_eq(c->sources[0].path, in_folder("a/b.ndjson"));
    ck_assert_int_eq(c->sources[0].silent_after_s, 300);
    ck_assert_str_eq(c->sources[1].path, "-");
    ck_assert_uint_eq(c->actor_key_count, 1);
    config_destroy(&c);
    c = load_good(file_source, "output: {directory: out}\ntime: wall\nhttp: {listen: off}\n");
    ck_assert(!c->event_time && !c->kafka);
    ck_assert_str_eq(c->directory, in_folder("out"));
    ck_assert_uint_eq(c->http_port, 0);
    config_destroy(&c);
}
END_TEST

START_TEST(dispositions_are_a_source_of_their_own)
{
    struct config *c = load_good(topic_source, "");
    ck_assert_ptr_null(config_dispositions(c));
    config_destroy(&c);
    c = load_good(topic_source, "dispositions: {topic: answers}\n");
    ck_assert_uint_eq(config_event_sources(c), 1);
    ck_assert_uint_eq(c->source_count, 2);
    ck_assert_str_eq(config_dispositions(c)->topic, "answers");
    ck_assert_ptr_nonnull(config_rule_context(c).offers);
    config_destroy(&c);
    ck_assert_uint_eq(problems.warnings, 0);
}
END_TEST

static const struct {
    const char *more, *problem;
} wrong_dispositions[] = {
    {"dispositions: {}\n", "either a topic or a file"},
    {"dispositions: {topic: calls}\n", "reads the same as calls"},
    {"dispositions: {topic: g-alerts}\n", "is the topic of the source dispositions"},
    {"dispositions: {file: a.ndjson}\n", "either topics or files, not both"},
    {"dispositions: {topic: answers, lateness: 5m}\n", "unknown key lateness"},
};

START_TEST(wrong_dispositions_are_told)
{
    ck_assert_ptr_null(load(topic_source, wrong_dispositions[_i].more));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, wrong_dispositions[_i].problem) != NULL, "%s", problems.all[0].text);
}
END_TEST

START_TEST(everything_given)
{
    struct config *c = load_good(
        "sources: {calls: {topic: calls, mapping: mapping.yaml, lateness: 2h, silent_after: 1h, skew: 1m, "
        "max_record: 64KiB, keep_raw: true}}\n"
        "kafka: {properties: {bootstrap.servers: \"h:9092\", sasl.password: {file: password}}, topics: {alerts: "
        "a}}\n",
        "actor_keys: [caller.key]\nlevels: [低, 高, red]\nworkers: 3\ntimezone: \"-03:30\"\nheartbeat: 5s\n"
        "ledger: {keep: 2d, readings_keep: 3h, memory: 16MiB, readings_memory: 17MiB}\ncounters: {memory: 18MiB}\n"
        "uncommitted: 2MiB\nhttp: {listen: \"[::1]:80\"}\noutput: kafka\n");
    static const unsigned char key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ck_assert_str_eq(c->properties[1].name, "sasl.password");
    ck_assert_str_eq(c->properties[1].value, "hunter-two");
    ck_assert_str_eq(c->topic[STORE_ALERTS], "a");
    ck_assert_str_eq(c->topic[STORE_STATE], "g-state");
    ck_assert_uint_eq(c->actor_key_count, 1);
    ck_assert_mem_eq(c->actor_keys, key, sizeof key);
    ck_assert_uint_eq(c->level_count, 3);
    ck_assert_uint_eq(c->workers, 3);
    ck_assert_int_eq(c->utc_offset_s, -(3 * 3600 + 1800));
    ck_assert_int_eq(c->heartbeat_s, 5);
    ck_assert_int_eq(c->retention_s, 2 * 86400);
    ck_assert_int_eq(c->readings_retention_s, 3 * 3600);
    ck_assert_int_eq(c->ledger_bytes, 16 << 20);
    ck_assert_int_eq(c->readings_bytes, 17 << 20);
    ck_assert_int_eq(c->counters_bytes, 18 << 20);
    ck_assert_str_eq(c->http_host, "::1");
    ck_assert_uint_eq(c->http_port, 80);
    ck_assert_int_eq(c->sources[0].lateness_s, 7200);
    ck_assert(c->sources[0].keep_raw);
    config_destroy(&c);
}
END_TEST

#define FILES NULL /* file_source */
#define TOPIC(more)                                                                                                  \
    "sources: {calls: {topic: calls, mapping: mapping.yaml" more "}}\n"                                              \
    "kafka: {properties: {bootstrap.servers: h}}\n"

static const struct {
    const char *sources, *more, *problem;
} refused[] = {
    {FILES, "ledgr: {}\n", "unknown key ledgr; did you mean ledger?"},
    {FILES, "time: walls\n", "expected wall (live) or event"},
    {FILES, "timezone: Beijing\n", "an offset such as +08:00"},
    {FILES, "timezone: \"+15:00\"\n", "an offset such as +08:00"},
    {FILES, "timezone: \"+8:00\"\n", "an offset such as +08:00"},
    {FILES, "levels: []\n", "a list of 1 to 8 names"},
    {FILES, "levels: [red, red]\n", "red stands here twice"},
    {FILES, "workers: 0\n", "from 1 to 64"},
    {FILES, "heartbeat: 30\n", "with its unit"},
    {FILES, "uncommitted: 64MB\n", "KiB, MiB"},
    {FILES, "ledger: {keep: 30m}\n", "keep: expected a duration"},
    {FILES, "http: {listen: localhost}\n", "host:port"},
    {FILES, "http: {listen: \"h:99999\"}\n", "host:port"},
    {FILES, "http: {listen: \"::1:80\"}\n", "host:port"},
    {FILES, "output: kafak\n", "kafka, console or"},
    {FILES, "output: {directry: out}\n", "did you mean directory?"},
    {FILES, "output: kafka\n", "bootstrap.servers"},
    {FILES, "actor_keys: [open.key]\n", "may be read by others (mode 640)"},
    {FILES, "actor_keys: short.key\n", "32 hexadecimal digits"},
    {FILES, "actor_keys: none.key\n", "can't be read"},
    {FILES, "actor_keys: [caller.key, caller.key, caller.key]\n", "two during a rotation"},
    {TOPIC(""), "actor_keys: ephemeral\n", "serves runs on files only"},
    {TOPIC(", silent_after: 50m"), "", "at most the lateness"},
    {TOPIC(", file: x"), "", "either a topic or a file"},
    {TOPIC(", lateness: 1y"), "", "lateness: expected a duration"},
    {TOPIC(", max_record: 1GiB"), "", "to 64MiB"},
    {TOPIC(", keep_raw: maybe"), "", "true or false"},
    {TOPIC(", topci: x"), "", "did you mean topic?"},
    {"sources: {calls: {topic: 电话, mapping: mapping.yaml}}\nkafka: {properties: {bootstrap.servers: h}}\n", "",
     "a topic's name is ASCII"},
    {"sources: {calls: {topic: calls, mapping: mapping.yaml}}\n", "", "bootstrap.servers"},
    {"sources: {calls: {mapping: mapping.yaml}}\n", "", "either a topic or a file"},
    {"sources: {calls: {file: x}}\n", "", "mapping is missing"},
    {"sources: {calls: {file: x, mapping: none.yaml}}\n", "", "can't be opened"},
    {"sources: {calls: {file: x, mapping: mapping.yaml}, b: {file: x, mapping: mapping.yaml}}\n", "",
     "reads the same as calls"},
    {"sources: {calls: {file: x, mapping: mapping.yaml}, b: {topic: x, mapping: mapping.yaml}}\n"
     "kafka: {properties: {bootstrap.servers: h}}\n",
     "", "either topics or files, not both"},
    {"sources: {calls: {topic: calls, mapping: mapping.yaml}}\n"
     "kafka: {properties: {bootstrap.servers: h}, topics: {state: calls}}\n",
     "", "is the topic of the source calls"},
    {"sources: {calls: {topic: calls, mapping: mapping.yaml}}\n"
     "kafka: {properties: {bootstrap.servers: h}, topics: {state: x, late: x}}\n",
     "", "would be the same topic"},
    {"sources: {calls: {topic: calls, mapping: mapping.yaml}}\n"
     "kafka: {properties: {bootstrap.servers: h, sasl.password: {file: nowhere}}}\n",
     "", "nowhere can't be read"},
    {"sources: {来电: {file: x, mapping: mapping.yaml}}\n", "", "a source's name"},
    {"sources: {}\n", "", "expected 1 to 64"},
};

START_TEST(refusals)
{
    const char *sources = refused[_i].sources ? refused[_i].sources : file_source;
    bool found = false;
    ck_assert_ptr_null(load(sources, refused[_i].more));
    for (size_t i = 0; i < problems.count; i++)
        found = found || strstr(problems.all[i].text, refused[_i].problem);
    if (!found)
        problems_print(&problems, stderr);
    ck_assert(found);
}
END_TEST

START_TEST(all_at_once)
{
    ck_assert_ptr_null(load(TOPIC(", skew: 0s"), "workers: 0\nheartbeat: 0s\nhttp: {listen: x}\nnonsense: 1\n"));
    ck_assert_uint_eq(problems.count, 5);
    for (size_t i = 0; i < problems.count; i++)
        ck_assert_int_gt(problems.all[i].line, 0);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
    char *text = NULL;
    size_t len;
    ck_assert_ptr_null(load("sources: {calls: {topic: calls, mapping: mapping.yaml}}\n"
                            "kafka: {properties: {sasl.password: {file: password}}}\n",
                            "actor_keys: [open.key, short.key]\n"));
    FILE *out = open_memstream(&text, &len);
    problems_print(&problems, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "open.key"));
    ck_assert_ptr_null(strstr(text, "hunter"));
    ck_assert_ptr_null(strstr(text, "0001"));
    free(text);
}
END_TEST

START_TEST(memory)
{
    char *text = NULL;
    size_t len;
    struct config *c = load_good(file_source, "ledger: {memory: 130MiB, keep: 1d, readings_memory: 30MiB, "
                                              "readings_keep: 1h}\n");
    FILE *out = open_memstream(&text, &len);
    config_explain_memory(c, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "130 MiB: 1048576 in memory"));
    ck_assert_ptr_nonnull(strstr(text, "30 MiB: 1048576 in memory"));
    ck_assert_ptr_nonnull(strstr(text, "index         24 MiB"));
    ck_assert_ptr_nonnull(strstr(text, "together     760 MiB"));
    free(text);
    config_destroy(&c);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, files);
    tcase_add_test(tests, dispositions_are_a_source_of_their_own);
    tcase_add_loop_test(tests, wrong_dispositions_are_told, 0, sizeof wrong_dispositions / sizeof *wrong_dispositions);
    tcase_add_test(tests, everything_given);
    tcase_add_loop_test(tests, refusals, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tests, all_at_once);
    tcase_add_test(tests, secrets_are_not_shown);
    tcase_add_test(tests, memory);
    Suite *suite = suite_create("config");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
