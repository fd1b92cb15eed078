/* Which alerts are one incident: the connected components of alerts and links, under ids that last.
 *
 * A pure function of what was before, the alerts and the links as they are now; in whatever order they are given, it
 * says the same.  An incident bears the id of its founder, the oldest of its alerts when it was formed, and keeps it:
 *   - of several that become one the oldest survives, and the others end, merged into it;
 *   - of one that comes apart the part with its founder keeps the id (where the founder is gone, the part with the
 *     oldest of those that were in it), and each other part is formed anew, under the id of its own oldest.
 * So no two incidents can come to one id: whoever founded one leaves it only when all of it is merged into another. */
#ifndef GW_INCIDENT_FORM_H
#define GW_INCIDENT_FORM_H

#include <stddef.h>
#include <stdint.h>

enum { INCIDENT_ID_SIZE = 33, INCIDENT_NONE = -1 };

struct form_alert {
    const char *id;
    int64_t opened_at; /* when it was first told of */
    int before;        /* the incident it was in, by number; INCIDENT_NONE */
    int now;           /* out: by number, of those that there are now */
};

struct form_link { /* of two alerts, by number */
    size_t a, b;
};

struct form_before {
    const char *id;
    int64_t opened_at; /* its founder's */
    int now;           /* out: that which it is, or was merged into; INCIDENT_NONE: none of its alerts is left */
};

struct form_now {
    const char *id; /* of those given */
    int64_t opened_at;
    int before; /* the one that it goes on as; INCIDENT_NONE: it is new, or one that was merged is one again */
    int from;   /* the one that it came out of; INCIDENT_NONE: it goes on, or its oldest was in none */
};

/* Fills `now` (room for as many as there are alerts) and whatever is marked as out; returns how many there are. */
size_t incidents_form(struct form_alert *, size_t alerts, const struct form_link *, size_t links, struct form_before *,
                      size_t before, struct form_now *now);

/* Older is what opened earlier, then what has the smaller id: < 0, 0, > 0. */
int incident_age(int64_t opened_a, const char *id_a, int64_t opened_b, const char *id_b);

#endif
