/* Open addressing with linear probing at most half full.  A text of up to 20 bytes, as nearly all codes are, lies in the
 * entry itself, so that a look-up touches one cache line; longer ones lie in one pool. */
#include "registry/names.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/key.h"
#include "base/pages.h"

#include <stdlib.h>

enum { INLINE_MAX = 20, CAPACITY_FIRST = 16 };

struct entry {
    uint32_t tag; /* of the text; 0: free */
    uint32_t number;
    uint32_t len;
    union {
        char text[INLINE_MAX];
        uint32_t offset; /* in the pool */
    };
};

_Static_assert(sizeof(struct entry) == 32, "two entries fill a cache line");

struct names {
    struct entry *entries;
    size_t capacity, count; /* capacity is a power of two */
    struct buffer pool;
};

static struct entry *entries_create(size_t capacity)
{
    return pages_map(capacity * sizeof(struct entry));
}

struct names *names_create(void)
{
    struct names *n = xcalloc(1, sizeof *n);
    n->capacity = CAPACITY_FIRST;
    n->entries = entries_create(n->capacity);
    return n;
}

void names_destroy(struct names **names)
{
    struct names *n = *names;
    if (!n)
        return;
    pages_unmap(n->entries, n->capacity * sizeof *n->entries);
    buffer_free(&n->pool);
    free(n);
    *names = NULL;
}

static uint32_t tag_of(uint64_t key)
{
    return (uint32_t)(key >> 32) | 1;
}

static struct str text_of(const struct names *n, const struct entry *e)
{
    return (struct str){e->len <= INLINE_MAX ? e->text : n->pool.at + e->offset, e->len};
}

/* where the text is, or the free entry where it would be */
static struct entry *entry_of(const struct names *n, struct str text, uint64_t key)
{
    for (size_t i = (size_t)key & (n->capacity - 1);; i = (i + 1) & (n->capacity - 1)) {
        struct entry *e = &n->entries[i];
        if (e->tag == 0 || (e->tag == tag_of(key) && str_eq(text_of(n, e), text)))
            return e;
    }
}

static void grow(struct names *n)
{
    struct entry *old = n->entries;
    size_t old_capacity = n->capacity;
    n->capacity *= 2;
    n->entries = entries_create(n->capacity);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].tag)
            *entry_of(n, text_of(n, &old[i]), key_of(text_of(n, &old[i]), 0)) = old[i];
    pages_unmap(old, old_capacity * sizeof *old);
}

static struct entry *entry_added(struct names *n, struct str text, uint32_t number)
{
    uint64_t key = key_of(text, 0);
    struct entry *e = entry_of(n, text, key);
    if (e->tag != 0)
        return e;
    if (2 * (n->count + 1) > n->capacity) {
        grow(n);
        e = entry_of(n, text, key);
    }
    CHECK(n->pool.len + text.len < UINT32_MAX);
    *e = (struct entry){.tag = tag_of(key), .number = number, .len = (uint32_t)text.len};
    if (text.len <= INLINE_MAX) {
        memcpy(e->text, text.at, text.len);
    } else {
        e->offset = (uint32_t)n->pool.len;
        buffer_put(&n->pool, text.at, text.len);
    }
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
    return e->tag ? e->number : NAMES_NONE;
}

void names_prefetch(const struct names *n, struct str text)
{
    __builtin_prefetch(&n->entries[key_of(text, 0) & (n->capacity - 1)]);
}
