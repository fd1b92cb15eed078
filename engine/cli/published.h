/* What an engine has published, read where the configuration says that its alerts go. */
#ifndef GW_CLI_PUBLISHED_H
#define GW_CLI_PUBLISHED_H

#include "config/config.h"
#include "replay/identity.h"

#include <jansson.h>

/* Every message of the alert topic, of whatever type, in the order of each alert; NULL: it is no JSON.  Borrowed
 * for the call. CLI_OK, or an exit code after a line on stderr. */
typedef void published_take(void *arg, json_t *message);
int published_read(const struct config *, published_take *, void *arg);
/* the same of a file, a message a line; - is standard input */
int published_read_file(const char *path, published_take *, void *arg);

enum { ID_LEAST = 8 }; /* characters of an alert's id that do */

struct published_alert {
    struct alert_identity identity;
    json_t *reached; /* the message with which it came to its highest level, and */
    json_t *last;    /* the newest; owned */
};

/* The one alert whose id begins with `id`, by its last revision.  CLI_OK, or an exit code after a line on stderr;
 * published_clear in either case. */
int published_find(const struct config *, const char *id, struct published_alert *);
void published_clear(struct published_alert *);

/* The rules that this revision was made by: their digest; borrowed.  And when it was made, in whole seconds. */
const char *published_generation(const json_t *message);
int64_t published_at(const json_t *message);
/* what evidence says of it; a new reference */
json_t *published_json(const struct published_alert *);

#endif
