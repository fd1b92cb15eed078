/* The log: one line an entry on standard error, `2026-01-12T09:41:22.123+08:00 level area: text`, for people and
 * for journald.  What repeats is said once: log_once keeps a state per topic and speaks when it changes.  No
 * phone number, name, token or ticket text may be logged (law 8).  Any thread. */
#ifndef GW_BASE_LOG_H
#define GW_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_level_set(enum log_level);
void log_line(enum log_level, const char *area, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A condition that is announced when it begins and when it ends, never in between. */
struct log_condition {
    atomic_bool on;
};

/* true if this call changed it, in which case the caller logs a line */
bool log_condition_set(struct log_condition *, bool on);

#endif
