#include "ledger/heads.h"

#include "base/check.h"
#include "base/pages.h"

#include <stdatomic.h>
#include <stdlib.h>

/* a subject's tag in the high half, the newest fact of its chain in the low one; 0: free */
typedef _Atomic uint64_t head;

struct table {
    struct table *older;
    size_t mask;
    _Atomic size_t used;
    head head[];
};

struct heads {
    _Atomic(struct table *) newest;
};

enum {
    FIRST_SIZE = 256,
    /* Of a large table only every sixteenth place is counted, for sixteen: the counter would be what workers wait for. */
    SAMPLE = 16,
    SAMPLE_FROM = 1 << 16,
};

static size_t table_bytes(size_t size)
{
    return sizeof(struct table) + size * sizeof(head);
}

static struct table *table_create(size_t size, struct table *older)
{
    struct table *table = pages_map(table_bytes(size));
    table->older = older;
    table->mask = size - 1;
    return table;
}

struct heads *heads_create(size_t subjects)
{
    struct heads *heads = xcalloc(1, sizeof *heads);
    size_t size = FIRST_SIZE;
    while (size / 4 * 3 < subjects)
        size *= 2;
    atomic_init(&heads->newest, table_create(size, NULL));
    return heads;
}

void heads_destroy(struct heads **heads)
{
    if (!*heads)
        return;
    for (struct table *table = (*heads)->newest, *older; table; table = older) {
        older = table->older;
        pages_unmap(table, table_bytes(table->mask + 1));
    }
    free(*heads);
    *heads = NULL;
}

struct place {
    size_t at;    /* low bits of the hash */
    uint64_t tag; /* high bits, and the kind of subject, which is never 0 */
};

static struct place place_of(uint64_t subject)
{
    uint64_t hash = subject * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return (struct place){(size_t)hash, (hash >> 35 << 35) | (subject & 7) << 32};
}

static bool is_of(uint64_t there, uint64_t tag)
{
    return (there ^ tag) >> 32 == 0;
}

/* false: the table is too full */
static bool table_push(struct table *table, struct place place, fact_ref fact, fact_ref *next)
{
    size_t every = table->mask < SAMPLE_FROM ? 1 : SAMPLE;
    for (size_t probe = 0; probe <= table->mask; probe++) {
        size_t at = (place.at + probe) & table->mask;
        uint64_t there = atomic_load_explicit(&table->head[at], memory_order_acquire);
        /* one place in four stays free, so that a search is short */
        if (there == 0 && atomic_load_explicit(&table->used, memory_order_relaxed) > table->mask / 4 * 3)
            return false;
        while (there == 0 || is_of(there, place.tag)) {
            *next = (fact_ref)there;
            if (!atomic_compare_exchange_weak_explicit(&table->head[at], &there, place.tag | fact, memory_order_release,
                                                       memory_order_acquire))
                continue;
            if (there == 0 && at % every == 0)
                atomic_fetch_add_explicit(&table->used, every, memory_order_relaxed);
            return true;
        }
    }
    return false;
}

static void grow(struct heads *heads, struct table *full)
{
    struct table *larger = table_create((full->mask + 1) * 2, full);
    if (!atomic_compare_exchange_strong(&heads->newest, &full, larger))
        pages_unmap(larger, table_bytes(larger->mask + 1)); /* somebody else did */
}

void heads_push(struct heads *heads, uint64_t subject, fact_ref fact, fact_ref *next)
{
    struct place place = place_of(subject);
    for (;;) {
        struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire);
        if (table_push(table, place, fact, next))
            return;
        grow(heads, table);
    }
}

void heads_prefetch(const struct heads *heads, uint64_t subject)
{
    const struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire);
    __builtin_prefetch(&table->head[place_of(subject).at & table->mask], 1);
}

fact_ref heads_next(const struct heads *heads, uint64_t subject, const void **cursor)
{
    struct place place = place_of(subject);
    const struct table *table = *cursor ? ((const struct table *)*cursor)->older
                                        : atomic_load_explicit(&heads->newest, memory_order_acquire);
    for (; table; table = table->older)
        for (size_t probe = 0; probe <= table->mask; probe++) {
            uint64_t there =
                atomic_load_explicit(&table->head[(place.at + probe) & table->mask], memory_order_acquire);
            if (there == 0)
                break;
            if (is_of(there, place.tag)) {
                *cursor = table;
                return (fact_ref)there;
            }
        }
    return 0;
}

size_t heads_subjects(const struct heads *heads)
{
    const struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire);
    return atomic_load_explicit(&table->used, memory_order_relaxed);
}

size_t heads_bytes(const struct heads *heads)
{
    size_t bytes = sizeof *heads;
    for (const struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire); table;
         table = table->older)
        bytes += table_bytes(table->mask + 1);
    return bytes;
}
