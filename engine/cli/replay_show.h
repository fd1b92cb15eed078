/* The forms in which a replay is shown: replay_table.c for a terminal, replay_svg.c, replay_export.c. */
#ifndef GW_CLI_REPLAY_SHOW_H
#define GW_CLI_REPLAY_SHOW_H

#include "replay/summary.h"

#include <stdio.h>

void replay_table(const struct judgement *, const struct summary *, bool colour);
void replay_picture(const struct judgement *, const struct summary *, bool colour);

/* Into the file.  false: it could not be written (errno says why). */
bool replay_svg(const struct judgement *, const struct summary *, FILE *);
bool replay_json(const struct judgement *, const struct summary *, FILE *);
bool replay_csv(const struct judgement *, const struct summary *, FILE *); /* UTF-8 with a BOM, for Excel */

#endif
