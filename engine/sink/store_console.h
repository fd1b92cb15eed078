/* What the engine publishes, for a person at a terminal: alerts, and what makes one dispute of several, in words on one
 * stream as they come, dead letters one line each on another.  Nothing is kept and nothing is recovered: for trying things, not for duty. */
#ifndef GW_SINK_STORE_CONSOLE_H
#define GW_SINK_STORE_CONSOLE_H

#include "sink/store.h"

#include <stdio.h>

/* Both streams are borrowed until the store's destroy.  Coloured if `out` is a terminal.  STORE_LOST once `out` takes
 * no more. */
struct store store_console(FILE *out, FILE *err);

#endif
