/* What people say to the engine by hand, over the topic (or the file) of dispositions: as any command centre does.  What
 * becomes of it the engine says on its own topics. */
#ifndef GW_CLI_SAY_H
#define GW_CLI_SAY_H

#include "cli/cli.h"
#include "config/config.h"

#include <jansson.h>

/* The time that was given, or now, into the message.  CLI_OK, or an exit code after a line on stderr, as below. */
int say_time(const struct cli_command *, const struct config *, const char *text, const char *field, json_t *message);
/* An id for the message: that one, or one that nobody else makes up. */
void say_id(const char *id, json_t *message);
/* Is there anybody to say it to? */
int say_ready(const struct config *);
int say_send(const struct cli_command *, const struct config *, const char *key, const char *text);

#endif
