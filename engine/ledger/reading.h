/* A reading as the ledger keeps it if it says nothing but its id, time, place, category, source, tags and value: twenty bytes, of
 * which those that all readings of a sensor share are in a series (series.h).  A reading that says more (who, which matter, an
 * organisation, a due time, a value beyond two million) is a fact like any other, and stands on the same shelf.
 *
 * Its only chain is that of its region.  Whoever asks for the fact gets it made anew, whole. */
#ifndef GW_LEDGER_READING_H
#define GW_LEDGER_READING_H

#include "ledger/fact.h"

#include <stdatomic.h>

struct reading {
    _Atomic uint32_t series; /* 0: none; a place that was given up, which who looks by an old index may see.  Relaxed */
    uint32_t tail;   /* the id's last digits, or where its text lies */
    int32_t value;
    fact_ref next;
    /* the seconds since its span began, and its cut counted from the segment's base, in READING_CUT_BITS; 0: none yet.  Written again
     * by the committer alone, relaxed, as fact.cut */
    _Atomic uint32_t when;
};

enum {
    READING_CUT_BITS = 19,
    READING_CUT_MAX = (1 << READING_CUT_BITS) - 1,
    READING_SPAN_MAX = 1 << (32 - READING_CUT_BITS), /* seconds */
    READING_KEY = 1, /* fact.key of each: its own would have to be made of its id */
};

static_assert(sizeof(struct reading) == 20, "a reading is twenty bytes");

#endif
