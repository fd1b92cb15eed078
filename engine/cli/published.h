/* An alert that an engine has published, looked up by its id where the configuration says that they go. */
#ifndef GW_CLI_PUBLISHED_H
#define GW_CLI_PUBLISHED_H

#include "config/config.h"
#include "replay/judge.h"

#include <jansson.h>

enum { ID_LEAST = 8 }; /* characters of an alert's id that do */

struct published_alert {
    char id[33];
    char rule[128], subject[512], each[256]; /* each: a category's path, or empty */
    char crossed_id[EVENT_TEXT_MAX + 1]; /* empty: time crossed the line */
    int64_t opened_at;
    json_t *reached; /* the message with which it came to its highest level, and */
    json_t *last;    /* the newest; owned */
};

/* The one alert whose id begins with `id`, by its last revision.  CLI_OK, or an exit code after a line on stderr;
 * published_clear in either case. */
int published_find(const struct config *, const char *id, struct published_alert *);
void published_clear(struct published_alert *);

/* Which of the judgement's alerts it is: its id is another there, so it is known by its rule, its subject and what opened it,
 * or, where later facts or an edit have moved that, as the one that was open when it came to its highest level.  NULL: none. */
const struct past_alert *published_among(const struct judgement *, const struct published_alert *);

/* The rules that this revision was made by: their digest; borrowed.  And when it was made, in whole seconds. */
const char *published_generation(const json_t *message);
int64_t published_at(const json_t *message);
/* what evidence says of it; a new reference */
json_t *published_json(const struct published_alert *);

#endif
