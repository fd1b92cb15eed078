/* How often an alert has come up again: so that who reads it sees at once that it goes up and down, and that a threshold or a
 * clear condition wants a look.  It rests on what was published of this rule and subject, all of which is stored. */
#include "alert/tracker_priv.h"

enum { CALM_MIN = 1440 }; /* who has been calm for so long begins anew */

/* the one before ended so lately that this one is the same again */
static const struct alert *before(const struct tracked *t, const struct alert *a)
{
    const struct alert *found = NULL;
    for (const struct alert *b = t->alerts; b < t->alerts + t->alert_count; b++)
        if (b->state == ALERT_RESOLVED && b->revision && b->ended_minute <= a->opened_minute &&
            a->opened_minute - b->ended_minute <= CALM_MIN && (!found || b->ended_minute > found->ended_minute))
            found = b;
    return found;
}

void flaps_count(const struct tracked *t, struct alert *a, enum change change)
{
    const struct alert *last = a->revision ? NULL : before(t, a);
    if (last)
        a->flaps = last->flaps + 1;
    if (change == CHANGE_REOPENED || (change == CHANGE_RAISED && a->down))
        a->flaps++;
    if (change == CHANGE_REOPENED || change == CHANGE_RAISED || change == CHANGE_LOWERED)
        a->down = change == CHANGE_LOWERED;
}
