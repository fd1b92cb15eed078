/* Partitions that have a backlog are read in step with event time: one that is ahead of another is let wait.  Read as they
 * come, one may be days ahead after an outage; counters would then no longer hold the windows that the others' events
 * are in, every one of those would have to be decided by the ledger, and minutes could close only with the slowest.
 *
 * Nobody waits for a partition that is out of reach, nor for one that has nothing more to give just now, nor longer than
 * PATIENCE_MS for one whose time does not advance (broken records, a clock that stands still): it is no barrier, and who
 * lags for another reason is answered by the ledger.
 *
 * Any thread. */
#ifndef GW_SOURCE_PACE_H
#define GW_SOURCE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* how far ahead in event time a partition may be, before what it read last is counted */
enum { PACE_LEAD_S = 30 * 60 };

struct pace;

struct pace *pace_create(size_t partitions);
void pace_destroy(struct pace **);

/* The partition was read up to an event of that time, seconds. */
void pace_came(struct pace *, size_t partition, int64_t time_s, int64_t now_ms);

/* Is there more of the partition to be read at once? */
typedef bool pace_backlog(void *arg, size_t partition);
/* Looks anew who is last, if it was not done a moment ago. */
void pace_look(struct pace *, int64_t now_ms, pace_backlog *, void *arg);
/* Must it wait, as things were then? */
bool pace_waits(const struct pace *, size_t partition);

#endif
