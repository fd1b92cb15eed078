/* gridwarn rollback: has the running engine make an earlier generation's rules the active ones. */
#include "cli/ask.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>

enum { OPTION_TO = CLI_LONG };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration"},
    {OPTION_TO, "to", "N", "the generation's number, see gridwarn generations; default: the one before"},
};

static const struct cli_command command = {
    "rollback",
    "-c FILE [--to N]\n",
    "Has the running engine go back to the rules of an earlier generation, from the files that it kept.  The files on disk are not "
    "touched; they count again once they are edited, or with gridwarn reload.",
    options,
    sizeof options / sizeof *options,
};

int command_rollback(int argc, char **argv)
{
    const char *path = NULL;
    char request[64] = "/-/rollback";
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == 'c') {
            path = optarg;
            continue;
        }
        long to;
        if (!cli_number(optarg, 1, LONG_MAX, &to))
            return cli_misused(&command, "--to: the number of a generation was expected");
        snprintf(request, sizeof request, "/-/rollback?to=%ld", to);
    }
    if (!path)
        return cli_misused(&command, "-c FILE is needed");
    json_t *answer = ask_engine(path, "POST", request, &status);
    if (answer)
        ask_show(answer);
    json_decref(answer);
    return status;
}
