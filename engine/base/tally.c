#include "base/tally.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void tally_free(struct tally *t)
{
    free(t->slot);
    *t = (struct tally){0};
}

void tally_clear(struct tally *t)
{
    if (t->slot)
        memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
    t->used = 0;
    t->distinct = 0;
}

static size_t place(const struct tally *t, uint64_t key)
{
    size_t at = (key * 0x9e3779b97f4a7c15u >> 24) & t->mask;
    while (t->slot[at].key && t->slot[at].key != key)
        at = (at + 1) & t->mask;
    return at;
}

static void grow(struct tally *t)
{
    struct tally old = *t;
    size_t size = 16;
    while (size < (size_t)old.distinct * 4 + 16)
        size *= 2;
    t->slot = xcalloc(size, sizeof *t->slot);
    t->mask = size - 1;
    t->used = 0;
    for (size_t i = 0; old.slot && i <= old.mask; i++)
        if (old.slot[i].count) {
            t->slot[place(t, old.slot[i].key)] = old.slot[i];
            t->used++;
        }
    free(old.slot);
}

uint32_t *tally_at(struct tally *t, uint64_t key)
{
    if (!t->slot || t->used > t->mask / 2)
        grow(t);
    size_t at = place(t, key);
    if (!t->slot[at].key) {
        t->slot[at].key = key;
        t->used++;
    }
    return &t->slot[at].count;
}

bool tally_add(struct tally *t, uint64_t key)
{
    bool first = (*tally_at(t, key))++ == 0;
    t->distinct += first;
    return first;
}

void tally_remove(struct tally *t, uint64_t key)
{
    uint32_t *count = tally_at(t, key);
    CHECK(*count > 0);
    if (--*count == 0)
        t->distinct--;
}

uint32_t tally_common(const struct tally *a, const struct tally *b)
{
    uint32_t common = 0;
    if (!a->slot || !b->slot)
        return 0;
    for (size_t i = 0; i <= a->mask; i++)
        if (a->slot[i].count) {
            size_t at = place(b, a->slot[i].key);
            common += b->slot[at].key && b->slot[at].count;
        }
    return common;
}

size_t tally_bytes(const struct tally *t)
{
    return t->slot ? (t->mask + 1) * sizeof *t->slot : 0;
}
