/* The files of a world, written and loaded; private to world.c, world_files.c and world_rules.c. */
#ifndef GW_SIM_WORLD_FILES_H
#define GW_SIM_WORLD_FILES_H

#include "base/buffer.h"
#include "world.h"

struct world_shape {
    bool event_time;
    bool grows; /* there is a configuration with one rule less, too */
    bool plain; /* see WORLD_PLAIN */
    bool past;  /* see world.h: the ledger keeps two days */
};

void world_files(struct world *, struct dice *, const char *directory, const struct world_shape *);
/* appends a file of rules */
void world_rules(struct buffer *, struct dice *, unsigned count, const struct world_shape *);

#endif
