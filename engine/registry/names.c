/* Open addressing with linear probing at most half full.  The texts lie in one pool and entries hold offsets, so
 * that a table of 26,000 codes is two allocations and a look-up touches two cache lines. */
#include "registry/names.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/key.h"

#include <stdlib.h>

struct entry {
    uint64_t key; /* 0: free */
    uint32_t offset, len, number;
};

struct names {
    struct entry *entries;
    size_t capacity, count; /* capacity is a power of two */
    struct buffer pool;
};

enum { CAPACITY_FIRST = 16 };

struct names *names_create(void)
{
    struct names *n = xcalloc(1, sizeof *n);
    n->capacity = CAPACITY_FIRST;
    n->entries = xcalloc(n->capacity, sizeof *n->entries);
    return n;
}

void names_destroy(struct names **names)
{
    if (!*names)
        return;
    free((*names)->entries);
    buffer_free(&(*names)->pool);
    free(*names);
    *names = NULL;
}

/* where the text is, or the free entry where it would be */
static struct entry *entry_of(const struct names *n, struct str text, uint64_t key)
{
    for (size_t i = (size_t)key & (n->capacity - 1);; i = (i + 1) & (n->capacity - 1)) {
        struct entry *e = &n->entries[i];
        if (e->key == 0 || (e->key == key && str_eq((struct str){n->pool.at + e->offset, e->len}, text)))
            return e;
    }
}

static void grow(struct names *n)
{
    struct entry *old = n->entries;
    size_t old_capacity = n->capacity;
    n->capacity *= 2;
    n->entries = xcalloc(n->capacity, sizeof *n->entries);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].key == 0)
            continue;
        size_t at = (size_t)old[i].key & (n->capacity - 1);
        while (n->entries[at].key != 0)
            at = (at + 1) & (n->capacity - 1);
        n->entries[at] = old[i];
    }
    free(old);
}

static struct entry *entry_added(struct names *n, struct str text, uint32_t number)
{
    uint64_t key = key_of(text, 0);
    struct entry *e = entry_of(n, text, key);
    if (e->key != 0)
        return e;
    if (2 * (n->count + 1) > n->capacity) {
        grow(n);
        e = entry_of(n, text, key);
    }
    CHECK(n->pool.len + text.len < UINT32_MAX);
    *e = (struct entry){key, (uint32_t)n->pool.len, (uint32_t)text.len, number};
    buffer_put(&n->pool, text.at, text.len);
    n->count++;
    return e;
}

uint32_t names_add(struct names *n, struct str text, uint32_t number)
{
    return entry_added(n, text, number)->number;
}

void names_set(struct names *n, struct str text, uint32_t number)
{
    entry_added(n, text, number)->number = number;
}

uint32_t names_find(const struct names *n, struct str text)
{
    const struct entry *e = entry_of(n, text, key_of(text, 0));
    return e->key ? e->number : NAMES_NONE;
}
