/* Files of one record a line (NDJSON) as a source: for replay, demo, tests and shell pipes.  One partition per
 * configured path; offsets are line numbers from 0. */
#ifndef GW_SOURCE_SOURCE_FILE_H
#define GW_SOURCE_SOURCE_FILE_H

#include "config/config.h"
#include "source/source.h"

#include <stdbool.h>

/* All paths among config->sources ("-" is standard input), opened at once.  The configuration must outlive the
 * source.  false: one cannot be opened (logged). */
bool source_file(const struct config *, struct source *);

#endif
