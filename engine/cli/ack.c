/* gridwarn ack: a disposition by hand, for a duty officer without a platform, and for trying things out.  It writes to the
 * topic that the engine reads, as any command centre does; what became of it the engine says on its own topics. */
#include "cli/cli.h"

#include "base/check.h"
#include "cli/published.h"
#include "cli/say.h"
#include "handle/disposition.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_ACTION = CLI_LONG, OPTION_UNIT, OPTION_TO, OPTION_REASON, OPTION_OUTCOME, OPTION_INVOLVED,
       OPTION_ACTUAL_LEVEL, OPTION_ROLE, OPTION_AT, OPTION_UNTIL, OPTION_ID };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration: where dispositions go"},
    {OPTION_ACTION, "action", "WORD", "signed, dispatched, arrived, returned, transferred, added_unit, extended, closed, false_alarm, reopened"},
    {OPTION_UNIT, "unit", "UNIT", "who did it, as the alert names it"},
    {OPTION_TO, "to", "UNIT", "transferred: who has it now"},
    {OPTION_REASON, "reason", "WORD", "of a return or a false alarm: not_ours, duplicate, misclassified..."},
    {OPTION_OUTCOME, "outcome", "WORD", "verified, false or mediated"},
    {OPTION_INVOLVED, "involved", "N", "people found there"},
    {OPTION_ACTUAL_LEVEL, "actual-level", "NAME", "the level that it deserved"},
    {OPTION_ROLE, "by-role", "WORD", "who says so, by a role such as duty_officer"},
    {OPTION_AT, "at", "TIME", "when it was done, such as '2026-01-12 09:41'; now, unless given"},
    {OPTION_UNTIL, "until", "TIME", "extended: the new limit for closing"},
    {OPTION_ID, "id", "ID", "known by it: the same again changes nothing; made up, unless given"},
};

static const struct cli_command command = {
    "ack",
    "-c FILE ALERT --action WORD [--unit UNIT] [OPTION...]\n",
    "Tells the engine what was done about an alert (its id, or the first 8 characters).  engine/handle/README.md says what each "
    "action does.  It is refused here only if it cannot be read; the engine's answer is a revision of the alert, or a dead letter.",
    options,
    sizeof options / sizeof *options,
};

enum { ALERT_ID_LEN = DISPOSITION_ALERT - 1 };

struct ack {
    const char *config_path, *alert, *at, *until;
    json_t *data;
    const char *id;
    struct config *config;
};

static const char *field_of(int option)
{
    switch (option) {
    case OPTION_ACTION:
        return "action";
    case OPTION_UNIT:
        return "unit";
    case OPTION_TO:
        return "to";
    case OPTION_REASON:
        return "reason";
    case OPTION_OUTCOME:
        return "outcome";
    case OPTION_ACTUAL_LEVEL:
        return "actual_level";
    case OPTION_ROLE:
        return "by_role";
    default:
        return NULL;
    }
}

/* false: the command ends with *status */
static bool take_options(struct ack *ack, int argc, char **argv, int *status)
{
    int option;
    while ((option = cli_next_with_arguments(&command, argc, argv, status)) != CLI_END) {
        long number;
        if (option == CLI_EXIT)
            return false;
        if (option == 'c')
            ack->config_path = optarg;
        else if (option == OPTION_AT)
            ack->at = optarg;
        else if (option == OPTION_UNTIL)
            ack->until = optarg;
        else if (option == OPTION_ID)
            ack->id = optarg;
        else if (field_of(option))
            json_object_set_new(ack->data, field_of(option), json_string(optarg));
        else if (cli_number(optarg, 0, 1000000, &number))
            json_object_set_new(ack->data, "involved", json_integer(number));
        else {
            *status = cli_misused(&command, "--involved needs a number of people, not '%s'", optarg);
            return false;
        }
    }
    ack->alert = argv[optind];
    bool good = ack->config_path && ack->alert && !argv[optind + 1] && json_object_get(ack->data, "action");
    if (!good)
        *status = cli_misused(&command, "-c FILE, one ALERT and --action are needed");
    return good;
}

static int find_alert(const struct ack *ack)
{
    struct published_alert found = {0};
    size_t len = strlen(ack->alert);
    if (len < ID_LEAST || len > ALERT_ID_LEN || strspn(ack->alert, "0123456789abcdef") != len)
        return cli_misused(&command, "%s is no alert: its id was expected, or the first %d characters of it", ack->alert, ID_LEAST);
    snprintf(found.identity.id, sizeof found.identity.id, "%s", ack->alert);
    int status = len == ALERT_ID_LEN ? CLI_OK : published_find(ack->config, ack->alert, &found);
    if (status == CLI_OK)
        json_object_set_new(ack->data, "alert_id", json_string(found.identity.id));
    published_clear(&found);
    return status;
}

static int send_it(const struct ack *ack)
{
    say_id(ack->id, ack->data);
    char *text = json_dumps(ack->data, JSON_COMPACT);
    CHECK(text);
    struct disposition d;
    struct refusal refusal;
    const struct rule_context levels = config_rule_context(ack->config);
    int status;
    if (disposition_read(str_of(text), -1, 0, &levels, &d, &refusal))
        status = say_send(&command, ack->config, d.alert, text);
    else
        status = cli_misused(&command, "%s: expected %s", refusal.place, refusal.expected);
    if (status == CLI_OK)
        printf("%s %s %s\n", d.alert, act_word(d.act), d.id);
    free(text);
    return status;
}

static int ack_configured(struct ack *ack)
{
    int status = say_ready(ack->config);
    if (status == CLI_OK)
        status = find_alert(ack);
    if (status == CLI_OK)
        status = say_time(&command, ack->config, ack->at, "at", ack->data);
    if (status == CLI_OK && ack->until)
        status = say_time(&command, ack->config, ack->until, "until", ack->data);
    return status == CLI_OK ? send_it(ack) : status;
}

int command_ack(int argc, char **argv)
{
    struct ack ack = {.data = json_object()};
    int status;
    if (take_options(&ack, argc, argv, &status)) {
        struct problems problems = {.language = language_of_environment()};
        ack.config = config_load(ack.config_path, &problems);
        problems_print(&problems, stderr);
        problems_clear(&problems);
        status = ack.config && sodium_init() >= 0 ? ack_configured(&ack) : CLI_CONFIG;
        config_destroy(&ack.config);
    }
    json_decref(ack.data);
    return status;
}
