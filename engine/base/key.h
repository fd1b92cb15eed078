/* 64-bit keys: XXH3 over the parts, never 0, since 0 stands for "none".  Keys are written to the ledger topic
 * nowhere (the texts are), so the function may change between versions. */
#ifndef GW_BASE_KEY_H
#define GW_BASE_KEY_H

#include "base/str.h"

#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t key_of(struct str text, uint64_t seed)
{
    uint64_t key = XXH3_64bits_withSeed(text.at, text.len, seed);
    return key ? key : 1;
}

#endif
