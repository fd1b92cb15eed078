/* Memory for what one record's events need beyond the record: composed texts, actors.  Taken piece by piece, given
 * back all at once; blocks are kept, so that a steady state allocates nothing, and never move, so that events may
 * point into them.  One thread. */
#ifndef GW_DECODE_SCRATCH_H
#define GW_DECODE_SCRATCH_H

#include <stddef.h>

struct scratch_block;

struct scratch {
    struct scratch_block *first, *current;
    size_t used; /* of the current block */
};

/* aligned for 64-bit numbers; at most SCRATCH_PIECE_MAX bytes */
enum { SCRATCH_PIECE_MAX = 1 << 14 };
void *scratch_take(struct scratch *, size_t size);
void scratch_reset(struct scratch *);
void scratch_free(struct scratch *);

#endif
