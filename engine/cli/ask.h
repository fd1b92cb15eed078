/* Asks a running engine over HTTP at the address of its configuration: what `gridwarn reload`, `generations` and `rollback`
 * share.  One thread. */
#ifndef GW_CLI_ASK_H
#define GW_CLI_ASK_H

#include "cli/cli.h"

#include <jansson.h>
#include <stdbool.h>

/* Reads `-c FILE` alone of the configuration: where the engine listens.  method and path: of the request.  NULL, with what is wrong
 * on stderr and *status the command's exit code, if there is no answer that is JSON; else the answer, a new reference, and
 * *status as far as HTTP tells it. */
json_t *ask_engine(const char *config_path, const char *method, const char *path, int *status);

/* The problems of an answer as `check` shows them, and the last line: which generation is active. */
void ask_show(const json_t *answer);

/* the options of a command that takes nothing but -c; false: *status */
bool ask_options(const struct cli_command *, int argc, char **argv, const char **config_path, int *status);

#endif
