/* gridwarn silence: a silence by hand, its early end, and the list of those that are known.  It writes to the topic that the
 * engine reads, as any command centre does; the list is what the state topic says. */
#include "cli/cli.h"

#include "base/check.h"
#include "base/member.h"
#include "cli/say.h"
#include "notify/silence.h"
#include "replay/moment.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { OPTION_RULE = CLI_LONG, OPTION_REGION, OPTION_CATEGORY, OPTION_SUBJECT, OPTION_LEVEL, OPTION_FROM, OPTION_UNTIL,
       OPTION_REASON, OPTION_ROLE, OPTION_UNIT, OPTION_ID, OPTION_END, OPTION_LIST };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration: where dispositions go"},
    {OPTION_RULE, "rule", "ID", "alerts of this rule; several of them may be given"},
    {OPTION_REGION, "region", "REGION", "in this region, by code or name, and all below it"},
    {OPTION_CATEGORY, "category", "PATH", "of this category, and all below it"},
    {OPTION_SUBJECT, "subject", "CODE", "of this subject, by its code in the alert"},
    {OPTION_LEVEL, "level", "NAME", "up to this level; unless given, up to the one below the highest"},
    {OPTION_FROM, "from", "TIME", "when it begins; now, unless given"},
    {OPTION_UNTIL, "until", "TIME", "when it ends, such as '2026-01-12 18:00', at most 30 days later"},
    {OPTION_REASON, "reason", "WORD", "planned, known, maintenance, drill, duplicate or other"},
    {OPTION_ROLE, "by-role", "WORD", "who says so, by a role such as duty_officer"},
    {OPTION_UNIT, "unit", "UNIT", "and of which unit"},
    {OPTION_ID, "id", "ID", "known by it: the same again changes nothing; made up, unless given"},
    {OPTION_END, "end", "ID", "end this silence now"},
    {OPTION_LIST, "list", NULL, "show those that are in force, to come, or were over in the last 30 days"},
};

static const struct cli_command command = {
    "silence",
    "-c FILE [--rule ID] [--region X] [--category C] [--subject S] [--level L] --until TIME --reason W --by-role W "
    "--unit U\n"
    "-c FILE --end ID --by-role W --unit U\n"
    "-c FILE --list\n",
    "Has the engine hold back the alerts that fit all that is given: they go on and are published, but nobody is told of "
    "them and no limit runs.  engine/notify/README.md says more.  It is refused here only if it cannot be read; an engine "
    "that refuses it writes a dead letter.",
    options,
    sizeof options / sizeof *options,
};

struct saying {
    const char *config_path, *id, *from, *until, *end;
    bool list;
    json_t *message, *what, *rules;
    struct config *config;
};

static const struct {
    int option;
    const char *field;
    bool of_alerts;
} fields[] = {
    {OPTION_REGION, "region", true},   {OPTION_CATEGORY, "category", true}, {OPTION_SUBJECT, "subject", true},
    {OPTION_LEVEL, "level", true},     {OPTION_REASON, "reason", false},    {OPTION_ROLE, "by_role", false},
    {OPTION_UNIT, "unit", false},
};

static void take_option(struct saying *s, int option)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].option == option)
            json_object_set_new(fields[i].of_alerts ? s->what : s->message, fields[i].field, json_string(optarg));
    if (option == 'c')
        s->config_path = optarg;
    else if (option == OPTION_RULE)
        json_array_append_new(s->rules, json_string(optarg));
    else if (option == OPTION_FROM)
        s->from = optarg;
    else if (option == OPTION_UNTIL)
        s->until = optarg;
    else if (option == OPTION_ID)
        s->id = optarg;
    else if (option == OPTION_END)
        s->end = optarg;
    else if (option == OPTION_LIST)
        s->list = true;
}

/* false: the command ends with *status */
static bool take_options(struct saying *s, int argc, char **argv, int *status)
{
    int option;
    while ((option = cli_next(&command, argc, argv, status)) != CLI_END) {
        if (option == CLI_EXIT)
            return false;
        take_option(s, option);
    }
    if (json_array_size(s->rules))
        json_object_set(s->what, "rule", s->rules);
    bool begins = json_object_size(s->what) > 0;
    if (!s->config_path || s->list + (s->end != NULL) + begins != 1)
        *status = cli_misused(&command, "-c FILE is needed, and what is to be held, or --end ID, or --list");
    else if (begins && !s->until)
        *status = cli_misused(&command, "--until TIME is needed: no silence is for ever");
    else
        return true;
    return false;
}

/* ---- saying ---- */

static bool known_rules(const struct saying *s)
{
    size_t i;
    json_t *rule;
    json_array_foreach(s->rules, i, rule)
    {
        const struct rule_set *set = s->config->rules;
        unsigned r = 0;
        while (r < set->count && strcmp(set->rules[r].id, json_string_value(rule)) != 0)
            r++;
        if (r == set->count) {
            cli_misused(&command, "--rule %s: no rule on disk has that id", json_string_value(rule));
            return false;
        }
    }
    return true;
}

static int send_it(const struct saying *s)
{
    struct silence silence;
    struct refusal refusal;
    struct rule_context words = config_rule_context(s->config);
    char *text = json_dumps(s->message, JSON_COMPACT);
    CHECK(text);
    int status;
    if (silence_read(str_of(text), -1, 0, &words, &silence, &refusal) != SILENCE_SAID)
        status = cli_misused(&command, "%s: expected %s", refusal.place, refusal.expected);
    else
        /* by the id of the silence, so that its end follows it */
        status = say_send(&command, s->config, *silence.ends ? silence.ends : silence.id, text);
    if (status == CLI_OK)
        printf("%s\n", silence.id);
    free(text);
    return status;
}

static int say(const struct saying *s)
{
    int status = say_ready(s->config);
    if (s->end)
        json_object_set_new(s->message, "silence_end", json_string(s->end));
    else
        json_object_set(s->message, "silence", s->what);
    if (status == CLI_OK && !known_rules(s))
        status = CLI_USAGE;
    if (status == CLI_OK)
        status = say_time(&command, s->config, NULL, "at", s->message);
    if (status == CLI_OK && s->from)
        status = say_time(&command, s->config, s->from, "from", s->message);
    if (status == CLI_OK && s->until)
        status = say_time(&command, s->config, s->until, "until", s->message);
    if (status != CLI_OK)
        return status;
    say_id(s->id, s->message);
    return send_it(s);
}

/* ---- listing ---- */

#ifdef GRIDWARN_KAFKA
static const char *standing_of(const json_t *silence, int64_t begins, int64_t ends)
{
    int64_t now = (int64_t)time(NULL);
    if (json_is_true(json_object_get(silence, "early")))
        return cli_text("unknown, but ended", "只收到结束");
    return now >= ends    ? cli_text("over", "已结束")
           : now < begins ? cli_text("to come", "未开始")
                          : cli_text("in force", "生效中");
}

static void show_one(const struct saying *s, const json_t *silence)
{
    static const char *const shown[] = {"region", "category", "subject", "level"};
    char from[MOMENT_SIZE], until[MOMENT_SIZE];
    int64_t begins = member_number(silence, "from"), ends = member_number(silence, "until");
    moment_write(begins, s->config->utc_offset_s, true, from);
    moment_write(ends, s->config->utc_offset_s, true, until);
    printf("%s  %s  %s – %s  ", member_text(silence, "id"), standing_of(silence, begins, ends), from, until);
    size_t i;
    json_t *rule;
    json_array_foreach(json_object_get(silence, "rules"), i, rule)
        printf("%s%s", i ? "," : "rule=", json_string_value(rule));
    for (size_t f = 0; f < sizeof shown / sizeof *shown; f++)
        if (*member_text(silence, shown[f]))
            printf(" %s=%s", shown[f], member_text(silence, shown[f]));
    printf("  %s  %s %s\n", member_text(silence, "reason"), member_text(silence, "unit"), member_text(silence, "by_role"));
}

static bool read_state(const struct config *config, json_t *state)
{
    struct kafka_tail *topic = kafka_tail_open(config, STORE_STATE, KAFKA_TAIL_BEGINNING);
    struct kafka_tail_record record;
    enum kafka_tail_result result = topic ? KAFKA_TAIL_TIMEOUT : KAFKA_TAIL_FAILED;
    while (result != KAFKA_TAIL_AT_END && result != KAFKA_TAIL_FAILED) {
        result = kafka_tail_next(topic, &record, 1000);
        size_t prefix = strlen(SILENCE_KEY);
        if (result == KAFKA_TAIL_RECORD && record.key.len > prefix && memcmp(record.key.at, SILENCE_KEY, prefix) == 0)
            store_state_take(state, record.key, record.value);
    }
    kafka_tail_close(&topic);
    return result != KAFKA_TAIL_FAILED;
}

static int list(const struct saying *s)
{
    if (!s->config->kafka)
        return cli_misused(&command, "this configuration keeps no state, so nothing can be listed");
    json_t *state = json_object();
    bool good = read_state(s->config, state);
    const char *key;
    json_t *text;
    json_object_foreach(state, key, text)
    {
        json_t *silence = json_loads(json_string_value(text), 0, NULL);
        if (silence)
            show_one(s, silence);
        json_decref(silence);
    }
    json_decref(state);
    return good ? CLI_OK : CLI_BROKER;
}
#else
static int list(const struct saying *s)
{
    (void)s;
    return cli_misused(&command, "this gridwarn was built without Kafka");
}
#endif

int command_silence(int argc, char **argv)
{
    struct saying s = {.message = json_object(), .what = json_object(), .rules = json_array()};
    int status;
    if (take_options(&s, argc, argv, &status)) {
        struct problems problems = {.language = language_of_environment()};
        s.config = config_load(s.config_path, &problems);
        problems_print(&problems, stderr);
        problems_clear(&problems);
        status = !s.config || sodium_init() < 0 ? CLI_CONFIG : s.list ? list(&s) : say(&s);
        config_destroy(&s.config);
    }
    json_decref(s.message);
    json_decref(s.what);
    json_decref(s.rules);
    return status;
}
