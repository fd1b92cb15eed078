/* The roots of many matters.  To find one, all that the matter is one with is walked; a thousand orders that were merged
 * into one would be walked a thousand times, so what was found is kept.  It is good as long as nothing is committed and
 * nothing freed: for one handover, one run, one walk.  One thread. */
#ifndef GW_LEDGER_ROOTS_H
#define GW_LEDGER_ROOTS_H

#include "base/tally.h"
#include "ledger/ledger.h"

struct roots { /* zero at first, but for the ledger */
    const struct ledger *ledger;
    struct tally known; /* by matter that was merged: the number of its root, from 1 */
    struct root {
        uint64_t matter;
        struct str text;
    } *all;
    size_t count, capacity;
};

/* what ledger_matter_root says */
uint64_t roots_find(struct roots *, uint64_t matter, struct str *text);
void roots_free(struct roots *);

#endif
