/* A moment as authors write it on the command line and in rule tests. */
#ifndef GW_REPLAY_MOMENT_H
#define GW_REPLAY_MOMENT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* 2026-01-12, 2026-01-12 08:00, 2026-01-12T08:00:30, 2026-01-12T08:00:00+08:00; zone_s where it names none.  false: none
 * of these, or no such day. */
bool moment_read(struct str text, int32_t zone_s, int64_t *seconds);

/* 08:00 or 08:00:30, as seconds of the day */
bool moment_read_clock(struct str text, int64_t *seconds);

/* 01-12 08:00, or with the year; the room it takes */
enum { MOMENT_SIZE = 24 };
void moment_write(int64_t seconds, int32_t zone_s, bool year, char out[MOMENT_SIZE]);

#endif
