/* Memory for the ledger's facts, readings and texts: pieces of one size in each such store, given back and given out again for as long as the ledger
 * lives, so that a span that expires leaves the room for one that begins, and nothing is cleared or faulted in anew.  They
 * lie in large pages.  Not cleared.  Any thread; a piece serves a thousand facts, so the lock is no matter. */
#ifndef GW_LEDGER_PIECES_H
#define GW_LEDGER_PIECES_H

#include <stddef.h>

struct pieces;

struct pieces *pieces_create(size_t piece_bytes); /* a multiple of a cache line */
void pieces_destroy(struct pieces **);

void *pieces_take(struct pieces *); /* aligned to a cache line */
void pieces_give(struct pieces *, void *);

#endif
