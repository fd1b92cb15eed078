/* The files of a world, written and loaded; private to world.c. */
#ifndef GW_SIM_WORLD_FILES_H
#define GW_SIM_WORLD_FILES_H

#include "world.h"

void world_files(struct world *, struct dice *, const char *directory, bool event_time, bool grows);

#endif
