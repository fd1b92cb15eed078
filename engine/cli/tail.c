/* gridwarn tail: the topics of alerts and of incidents in words, as a duty officer or whoever tries out a rule reads it.  It joins no
 * consumer group and commits nothing, so any number of people may look on, and Ctrl-C may end it at any moment
 * without ceremony. */
#include "cli/cli.h"

#include "alert/words.h"
#include "base/problem.h"
#include "base/str.h"
#include "cli/filter.h"
#include "config/config.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPTION_FROM_START = CLI_LONG,
    OPTION_LEVEL,
    OPTION_STREET,
    OPTION_RULE,
    OPTION_TOLD,
    OPTION_JSON,
    OPTION_HEARTBEATS,
    OPTION_INCIDENTS,
    OPTION_FILE,
    LINE_BYTES = 4096,
};

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration: where the topic is, and the levels' order"},
    {OPTION_FILE, "file", "PATH", "read lines of JSON instead of the topic; - is standard input"},
    {OPTION_FROM_START, "from-start", NULL, "begin with the oldest alert the topic still has"},
    {OPTION_LEVEL, "level", "NAME", "only alerts that are or were at this level or above"},
    {OPTION_STREET, "street", "CODE", "only alerts in this street"},
    {OPTION_RULE, "rule", "ID", "only alerts of this rule"},
    {OPTION_TOLD, "told", NULL, "only what the command centre is told, nothing that is held"},
    {OPTION_JSON, "json", NULL, "show the messages themselves, one a line"},
    {OPTION_HEARTBEATS, "heartbeats", NULL, "show heartbeats, too"},
    {OPTION_INCIDENTS, "incidents", NULL, "follow incidents, too; of a rule, those with an alert of it"},
    {'n', "number", "N", "end after N lines"},
};

static const struct cli_command command = {
    "tail",
    "-c FILE [OPTION...]\n[-c FILE] --file PATH [OPTION...]\n",
    "Follows the alerts: only what has been committed, in the order of the topic.  A file is read to its end.",
    options,
    sizeof options / sizeof *options,
};

static const char *const usual_levels[] = {"blue", "yellow", "orange", "red"};

struct tail {
    const char *config_path, *file;
    bool from_start, json, colour;
    long left; /* lines still to show; -1: no end */
    unsigned unreadable;
    struct filter filter;
    struct config *config; /* NULL if none was named */
};

static void show_json(struct str message)
{
    for (size_t i = 0; i < message.len; i++)
        putchar(message.at[i] == '\n' ? ' ' : message.at[i]);
    putchar('\n');
}

static void show(struct tail *tail, struct str message, const json_t *cloudevent)
{
    char line[LINE_BYTES];
    if (tail->json)
        show_json(message);
    else if (alert_words(cloudevent, tail->colour, line, sizeof line))
        puts(line);
    fflush(stdout);
    if (tail->left > 0)
        tail->left--;
}

/* `where` and number say which message it is, should it be unreadable: its text is shown to nobody */
static void take(struct tail *tail, struct str message, const char *where, long long number)
{
    json_error_t error;
    json_t *cloudevent = json_loadb(message.at, message.len, 0, &error);
    if (!cloudevent || alert_message_kind(cloudevent) == ALERT_OTHER) {
        tail->unreadable++;
        fprintf(stderr, "gridwarn tail: %s:%lld: %s\n", where, number,
                cloudevent ? "neither an alert, an incident nor a heartbeat" : "not JSON");
    } else if (filter_passes(&tail->filter, cloudevent)) {
        show(tail, message, cloudevent);
    }
    json_decref(cloudevent);
}

static bool wants_more(const struct tail *tail)
{
    return tail->left != 0 && !ferror(stdout);
}

static int tail_file(struct tail *tail)
{
    bool standard = strcmp(tail->file, "-") == 0;
    const char *name = standard ? "standard input" : tail->file;
    FILE *in = standard ? stdin : fopen(tail->file, "re");
    if (!in) {
        fprintf(stderr, "gridwarn tail: %s: %s\n", name, strerror(errno));
        return CLI_INPUT;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    for (long long number = 1; wants_more(tail) && (len = getline(&line, &room, in)) >= 0; number++) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (len > 0)
            take(tail, (struct str){line, (size_t)len}, name, number);
    }
    bool failed = ferror(in);
    if (failed)
        fprintf(stderr, "gridwarn tail: %s: %s\n", name, strerror(errno));
    free(line);
    if (!standard)
        fclose(in);
    return failed || tail->unreadable ? CLI_INPUT : CLI_OK;
}

#ifdef GRIDWARN_KAFKA
static int tail_topic(struct tail *tail)
{
    if (!tail->config->kafka)
        return cli_misused(&command, "this configuration publishes to no topic; use --file with its alerts.ndjson");
    static const enum store_topic topics[] = {STORE_ALERTS, STORE_INCIDENTS};
    struct kafka_tail *topic = kafka_tail_open_several(tail->config, topics, tail->filter.incidents ? 2 : 1,
                                                       tail->from_start ? KAFKA_TAIL_BEGINNING : KAFKA_TAIL_END);
    if (!topic)
        return CLI_BROKER;
    int status = CLI_OK;
    while (wants_more(tail) && status == CLI_OK) {
        struct kafka_tail_record record;
        switch (kafka_tail_next(topic, &record, 1000)) {
        case KAFKA_TAIL_RECORD:
            if (record.value.at)
                take(tail, record.value, tail->config->topic[record.topic], record.offset);
            break;
        case KAFKA_TAIL_TIMEOUT:
        case KAFKA_TAIL_AT_END:
            break;
        case KAFKA_TAIL_FAILED:
            status = CLI_BROKER;
            break;
        }
    }
    kafka_tail_close(&topic);
    return status;
}
#else
static int tail_topic(struct tail *tail)
{
    (void)tail;
    return cli_misused(&command, "this gridwarn was built without Kafka; use --file");
}
#endif

/* false: the command ends with *status */
static bool take_options(struct tail *tail, int argc, char **argv, int *status)
{
    int option;
    while ((option = cli_next(&command, argc, argv, status)) != CLI_END) {
        switch (option) {
        case CLI_EXIT:
            return false;
        case 'c':
            tail->config_path = optarg;
            break;
        case OPTION_FILE:
            tail->file = optarg;
            break;
        case OPTION_FROM_START:
            tail->from_start = true;
            break;
        case OPTION_LEVEL:
            tail->filter.level = optarg;
            break;
        case OPTION_STREET:
            tail->filter.street = optarg;
            break;
        case OPTION_RULE:
            tail->filter.rule = optarg;
            break;
        case OPTION_TOLD:
            tail->filter.told = true;
            break;
        case OPTION_JSON:
            tail->json = true;
            break;
        case OPTION_HEARTBEATS:
            tail->filter.heartbeats = true;
            break;
        case OPTION_INCIDENTS:
            tail->filter.incidents = true;
            break;
        case 'n':
            if (!cli_number(optarg, 1, LONG_MAX, &tail->left)) {
                *status = cli_misused(&command, "-n needs a number from 1, not '%s'", optarg);
                return false;
            }
            break;
        }
    }
    return true;
}

/* the level asked for must be one there is: a slip would show nothing, or everything */
static int check_level(const struct tail *tail)
{
    const struct filter *filter = &tail->filter;
    for (unsigned i = 0; filter->level && i < filter->level_count; i++)
        if (strcmp(filter->levels[i], filter->level) == 0)
            return CLI_OK;
    if (!filter->level)
        return CLI_OK;
    const char *nearest = nearest_word(filter->level, filter->levels, filter->level_count);
    return nearest ? cli_misused(&command, "no level %s; did you mean %s?", filter->level, nearest)
                   : cli_misused(&command, "no level %s", filter->level);
}

static int tail_configured(struct tail *tail)
{
    const char *levels[LEVELS_MAX];
    if (tail->config_path) {
        struct problems problems = {.language = language_of_environment()};
        tail->config = config_load(tail->config_path, &problems);
        problems_print(&problems, stderr);
        problems_clear(&problems);
        if (!tail->config)
            return CLI_CONFIG;
        for (unsigned i = 0; i < tail->config->level_count; i++)
            levels[i] = tail->config->level_names[i];
        tail->filter.levels = levels;
        tail->filter.level_count = tail->config->level_count;
    }
    int status = check_level(tail);
    if (status == CLI_OK)
        status = tail->file ? tail_file(tail) : tail_topic(tail);
    config_destroy(&tail->config);
    return status;
}

int command_tail(int argc, char **argv)
{
    struct tail tail = {
        .left = -1,
        .colour = isatty(STDOUT_FILENO) == 1,
        .filter = {.levels = usual_levels, .level_count = sizeof usual_levels / sizeof *usual_levels},
    };
    int status;
    if (!take_options(&tail, argc, argv, &status))
        return status;
    if (!tail.config_path && !tail.file)
        return cli_misused(&command, "-c FILE or --file PATH is needed");
    return tail_configured(&tail);
}
