/* Which alerts may be one dispute, before anybody looks at their facts: of the same respondent; or one's region
 * contains the other's, and their categories are the same or one is within the other.  An index of those that fire
 * finds them by a few searches, however many fire elsewhere. One thread. */
#ifndef GW_INCIDENT_NEAR_H
#define GW_INCIDENT_NEAR_H

#include "incident/incidents.h"

struct near {
    struct near_entry {
        uint64_t key;
        struct member *member;
    } *entries; /* by key */
    size_t count, capacity;
};

void near_free(struct near *);
/* of all members that fire */
void near_build(struct near *, const struct incidents *);

bool members_alike(const struct registry *, const struct catalogue *, const struct member *, const struct member *);

/* Those that are alike, some of them twice; the visitor returns false to stop. */
typedef bool near_visit(void *arg, struct member *);
void near_each(const struct near *, const struct registry *, const struct catalogue *, const struct member *,
               near_visit *, void *arg);

#endif
