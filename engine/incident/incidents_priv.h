/* What the files of the incidents share. */
#ifndef GW_INCIDENT_INCIDENTS_PRIV_H
#define GW_INCIDENT_INCIDENTS_PRIV_H

#include "incident/incidents.h"

/* incidents.c: without anything in it; in no incident yet */
struct incident *incident_add(struct incidents *, const char *id, int64_t opened_at);
struct member *member_add(struct incidents *, const char *id, int64_t opened_at);
/* somebody was told of it, and that it goes on, or that it may */
static inline bool incident_lives(const struct incident *i)
{
    return i->revision && (i->state == INCIDENT_IS_OPEN || i->state == INCIDENT_IS_OVER);
}
void incident_free(struct incident *);
void member_free(struct member *);

#endif
