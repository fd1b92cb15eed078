/* An alert that an engine has published, looked up by its id where the configuration says that they go. */
#ifndef GW_CLI_PUBLISHED_H
#define GW_CLI_PUBLISHED_H

#include "config/config.h"

struct published_alert {
    char id[33];
    char rule[128], subject[512];
    char crossed_id[EVENT_TEXT_MAX + 1]; /* empty: time crossed the line */
    int64_t opened_at;
};

/* The last revision of the one alert whose id begins with `id`.  CLI_OK, or an exit code after a line on stderr. */
int published_find(const struct config *, const char *id, struct published_alert *);

#endif
