/* Which alerts a person at `gridwarn tail` wants to see, decided on the message itself.  What the filter cannot judge
 * (a level that it does not know, say) is shown: better a warning too many than one withheld.  Pure; any thread. */
#ifndef GW_CLI_FILTER_H
#define GW_CLI_FILTER_H

#include <jansson.h>
#include <stdbool.h>

struct filter {
    const char *level;  /* NULL: any.  Alerts that are, or ever were, at this level or above it, so that the end of an
                         * alert is seen by whoever saw its height */
    const char *street; /* code; NULL: any */
    const char *rule;   /* id; NULL: any */
    bool heartbeats;    /* they have no level, street or rule */
    bool incidents;     /* of a rule: those with an alert of it */
    bool told;          /* nothing of which the command centre is not told */
    const char *const *levels; /* names, lowest first */
    unsigned level_count;
};

bool filter_passes(const struct filter *, const json_t *cloudevent);

#endif
