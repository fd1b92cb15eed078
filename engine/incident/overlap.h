/* Do two alerts rest on the same facts?  Of each the window of its rule, in the order of facts (alert/view.h).  The
 * facts of the one that has fewer are looked for in the other's, the newest 256 of them; each is a binary search, so a
 * district with a million facts costs little more than a grid with five. Pure functions; any thread. */
#ifndef GW_INCIDENT_OVERLAP_H
#define GW_INCIDENT_OVERLAP_H

#include "alert/view.h"

enum { OVERLAP_FACTS_MAX = 256 };

struct evidence_window {
    const struct view_entry *facts;
    size_t count;
};

/* at least half of them: enough to take the two for one dispute; never of none */
bool evidence_overlaps(struct evidence_window, struct evidence_window);

#endif
