/* Who stands for an incident: of its alerts that fire, one covers another where it says as much and more.
 *
 * A covers B where A is told at all (no silence and no inhibition holds it), its level is B's or higher, and it is the
 * wider: its region contains B's; or both have the same region, and only B is of a single matter; or they are as wide,
 * and A's level is the higher, A is the older, or of two that opened with one event A's rule stands first.  That is a strict order, so of each incident at least one alert is
 * covered by none.  (How many facts each rests on has no say: that changes with every event, and who is covered would
 * change with it.) Pure functions; any thread. */
#ifndef GW_INCIDENT_COVER_H
#define GW_INCIDENT_COVER_H

#include "registry/registry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cover_alert {
    const char *id;
    int64_t opened_at;
    unsigned rank; /* of its rule: where that stands among the rules */
    unsigned level;
    uint32_t region; /* REGION_NONE: none contains it, so it contains all */
    bool matter;     /* its subject is a matter */
    bool barred;     /* held by a silence or an inhibition */
    int covered_by;  /* out: by number; -1: by none */
};

/* may a cover b? */
bool alert_covers(const struct registry *, const struct cover_alert *a, const struct cover_alert *b);

/* Sorts alerts that all fire, the lead first where none is barred: by level, then width, then age.  Covered alerts are
 * covered by the first that may.  Returns the lead, by number in that order: the first that is neither covered nor
 * barred, or, if all are, the first; -1 of none. */
int incident_cover(const struct registry *, struct cover_alert *, size_t count);

#endif
