/* What the tables of index and heads have in common: open addressing in a size of any number, where a search begins at the
 * slot's share of the table, and how many slots are used is sampled. */
#ifndef GW_LEDGER_SLOTS_H
#define GW_LEDGER_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/* `share` of 2^32 */
static inline size_t slots_first(size_t size, uint32_t share)
{
    return share * size >> 32;
}

static inline size_t slots_after(size_t size, size_t at)
{
    return at + 1 == size ? 0 : at + 1;
}

/* How much the use of this slot counts.  Of a large table only every sixteenth counts, for sixteen: the counter would be what
 * workers wait for. */
static inline size_t slots_weight(size_t size, size_t at)
{
    enum { SAMPLE = 16, SAMPLE_FROM = 1 << 12 };
    size_t every = size <= SAMPLE_FROM ? 1 : SAMPLE;
    return at % every == 0 ? every : 0;
}

#endif
