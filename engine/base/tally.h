/* How many of something have a key, and how many different keys there are: a set of keys, too.  One thread. */
#ifndef GW_BASE_TALLY_H
#define GW_BASE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally {
    struct tally_slot {
        uint64_t key;
        uint32_t count;
    } *slot;
    size_t mask, used; /* used: slots that have a key, with count 0 too */
    uint32_t distinct; /* keys whose count is not 0 */
};

void tally_free(struct tally *);
void tally_clear(struct tally *);
/* *count of the key, taken in if need be; key is not 0.  Who changes it from or to 0 keeps `distinct` right. */
uint32_t *tally_at(struct tally *, uint64_t key);
bool tally_add(struct tally *, uint64_t key); /* it is the first */
void tally_remove(struct tally *, uint64_t key);
/* keys that both have */
uint32_t tally_common(const struct tally *, const struct tally *);
size_t tally_bytes(const struct tally *);

#endif
