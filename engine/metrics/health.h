/* Is the engine alive, and may it be relied upon?  Its threads say how their part is doing; probes ask.  Two
 * questions because they have two consequences: a process that is not alive is killed and started again, one that is
 * not ready is left alone until it is.
 *
 * Any thread.  A reason is one line for the operator, without personal data (law 8). */
#ifndef GW_METRICS_HEALTH_H
#define GW_METRICS_HEALTH_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

/* name, whether a probe of life asks for it (a probe of readiness asks for all), meaning */
#define HEALTH_TABLE(X)                                                                                              \
    X(COMMITTER, "committer", LIVE, "the committer makes progress")                                                  \
    X(RECOVERY, "recovery", READY, "the state has been read back from the log")                                      \
    X(SOURCES, "sources", READY, "every partition of every source can be read")                                      \
    X(STORE, "store", READY, "commits succeed")                                                                      \
    X(RULES, "rules", READY, "the rules on disk have no mistakes")

enum health_condition {
#define X(name, word, probe, meaning) HEALTH_##name,
    HEALTH_TABLE(X)
#undef X
        HEALTH_CONDITIONS
};

enum health_probe { HEALTH_LIVE, HEALTH_READY };

enum { HEALTH_REASON_MAX = 160 }; /* longer ones are cut */

struct health;

/* At first every condition of life holds (a process that still recovers must not be killed for it) and the others do
 * not.  `steady` is a clock that never jumps, for health_beat; NULL: the system's monotonic one.  Borrowed. */
struct health *health_create(const struct clock *steady);
void health_destroy(struct health **);

/* says how it is, until said otherwise; takes back an earlier beat's limit */
void health_set(struct health *, enum health_condition, bool ok, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));

/* It holds now, and fails by itself unless this is called again within limit_ms.  Cheap enough for every round of a
 * loop. */
void health_beat(struct health *, enum health_condition, int64_t limit_ms);

/* {"status":"ok|failing","conditions":[{"name":"committer","ok":true,"reason":"..."}]}, malloc()ed; *ok: all that the
 * probe asks for hold */
char *health_json(struct health *, enum health_probe, bool *ok);

#endif
