/* The rules that are active: which they are, where they come from, and how others take their place while the engine runs.
 * Main thread. */
#ifndef GW_CLI_ACTIVE_H
#define GW_CLI_ACTIVE_H

#include "config/config.h"
#include "metrics/health.h"
#include "shard/shard.h"

struct active {
    const struct config *config;
    struct health *health;
    const struct rule_set *rules;
    struct rule_set *own; /* the same, unless they are the configuration's */
    struct watch *watch;  /* NULL: nobody watches */
    char disk[72];        /* digest of the files on disk as they were read last */
};

void active_open(struct active *, const struct config *);
void active_close(struct active *);

/* Loads what is on disk, all of it or nothing. */
void active_reload(struct active *, struct shard *);
/* likewise, if somebody has edited it */
void active_look(struct active *, struct shard *);

#endif
