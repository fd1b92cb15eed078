/* Which partitions are within reach, from librdkafka's statistics.  It reports a lost leader nowhere else: a
 * partition without one simply delivers nothing, as a quiet one does, and the watermark must not pass it (law 7). */
#ifndef GW_KAFKA_REACH_H
#define GW_KAFKA_REACH_H

#include "source/source.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct reach {
    size_t lost;   /* partitions out of reach */
    size_t unread; /* partitions that the topics have gained since the source was opened: nobody reads them */
};

/* Reads one statistics document and sets lost[i] for each of the partitions (count of them, grouped by topic).
 * false, and nothing set: not a document that we understand. */
bool reach_update(const char *json, size_t len, const struct source_partition *partitions, size_t count,
                  atomic_bool *lost, struct reach *reach);

#endif
