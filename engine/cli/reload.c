/* gridwarn reload: has the running engine load the rules that are on disk now. */
#include "cli/ask.h"

#include "config/config.h"

#include <getopt.h>
#include <stdio.h>

enum { OPTION_MAX_NEW = CLI_LONG, OPTION_DAYS, OPTION_FORCE };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration"},
    {OPTION_MAX_NEW, "max-new", "N", "refuse them if they would have opened more than N alerts that the active rules did not; default: rules_max_new"},
    {OPTION_DAYS, "days", "N", "over the last N days; default: rules_max_new_days, which is 7"},
    {OPTION_FORCE, "force", NULL, "load them however many alerts they open; the log says so"},
};

static const struct cli_command command = {
    "reload",
    "-c FILE [--max-new N] [--days N]\n-c FILE --force\n",
    "Has the running engine load the rules on disk, all of them or, where anything is wrong or they would open too many alerts, none. "
    "Says what is wrong and which generation is active.",
    options,
    sizeof options / sizeof *options,
};

int command_reload(int argc, char **argv)
{
    const char *path = NULL;
    char request[96];
    long max_new = -1, days = 0;
    bool force = false;
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == 'c')
            path = optarg;
        else if (option == OPTION_FORCE)
            force = true;
        else if (option == OPTION_MAX_NEW && !cli_number(optarg, 0, INT32_MAX, &max_new))
            return cli_misused(&command, "--max-new: a number from 0 was expected");
        else if (option == OPTION_DAYS && !cli_number(optarg, 1, MAX_NEW_DAYS_MAX, &days))
            return cli_misused(&command, "--days: a number from 1 to %d was expected", MAX_NEW_DAYS_MAX);
    }
    if (!path)
        return cli_misused(&command, "-c FILE is needed");
    if (force && (max_new >= 0 || days))
        return cli_misused(&command, "either --max-new and --days, or --force");
    int len = snprintf(request, sizeof request, "/-/reload%s", force ? "?force=yes" : "");
    if (max_new >= 0)
        len += snprintf(request + len, sizeof request - (size_t)len, "?max_new=%ld", max_new);
    if (days)
        snprintf(request + len, sizeof request - (size_t)len, "%cdays=%ld", max_new >= 0 ? '&' : '?', days);
    json_t *answer = ask_engine(path, "POST", request, &status);
    if (answer)
        ask_show(answer);
    json_decref(answer);
    return status;
}
