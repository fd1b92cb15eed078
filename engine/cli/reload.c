/* gridwarn reload: has the running engine load the rules that are on disk now. */
#include "cli/ask.h"

static const struct cli_option options[] = {{'c', "config", "FILE", "the engine's configuration"}};

static const struct cli_command command = {
    "reload",
    "-c FILE\n",
    "Has the running engine load the rules on disk, all of them or, where anything is wrong, none.  Says what is wrong and which "
    "generation is active.",
    options,
    sizeof options / sizeof *options,
};

int command_reload(int argc, char **argv)
{
    const char *path = NULL;
    int status;
    if (!ask_options(&command, argc, argv, &path, &status))
        return status;
    json_t *answer = ask_engine(path, "POST", "/-/reload", &status);
    if (answer)
        ask_show(answer);
    json_decref(answer);
    return status;
}
