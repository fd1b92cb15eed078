/* What the engine publishes, appended to files of a directory: alerts.ndjson, incidents.ndjson, dead-letter.ndjson and
 * late.ndjson, one message a line.  For replays, backtests and demos.  Not durable: commits are neither atomic nor forced to the disk,
 * and facts and state are not kept, so a run that is started again starts from nothing and appends. */
#ifndef GW_SINK_STORE_DIRECTORY_H
#define GW_SINK_STORE_DIRECTORY_H

#include "base/problem.h"
#include "sink/store.h"

/* Makes the directory if only its last part is missing.  false, with a problem added, if a file cannot be opened;
 * otherwise free with the store's destroy. */
bool store_directory(const char *path, struct store *, struct problems *);

#endif
