#include "ledger/heads.h"

#include "base/check.h"
#include "base/pages.h"
#include "ledger/slots.h"

#include <stdatomic.h>
#include <stdlib.h>

/* a subject's tag in the high half, the newest fact of its chain in the low one; 0: free */
typedef _Atomic uint64_t head;

/* The heads of a large one lie apart: so what is always read of many tables lies together, and not at the beginning of as
 * many pages. */
struct table {
    struct table *older;
    size_t size;
    head *head;
    _Atomic size_t used __attribute__((aligned(GW_CACHE_LINE)));
    head own[];
};

enum {
    PARTS = 16,
    FIRST_SIZE = 16,
    OWN_MAX = 512,
};

struct heads {
    size_t subjects; /* that are expected */
    _Atomic size_t bytes;
    _Atomic(struct table *) newest[PARTS]; /* NULL: none has come */
};

static struct table *table_create(size_t size, struct table *older)
{
    size_t bytes = size * sizeof(head);
    struct table *table = xaligned(sizeof *table + (size <= OWN_MAX ? bytes : 0));
    table->older = older;
    table->size = size;
    table->head = size <= OWN_MAX ? table->own : pages_take(bytes);
    return table;
}

static size_t table_bytes(const struct table *table)
{
    return sizeof *table + table->size * sizeof(head);
}

static void table_free(struct table *table)
{
    if (table->size > OWN_MAX)
        pages_give(table->head, table->size * sizeof(head));
    free(table);
}

struct heads *heads_create(size_t subjects)
{
    struct heads *heads = xcalloc(1, sizeof *heads);
    heads->subjects = subjects;
    return heads;
}

static struct table *newest_of(const struct heads *heads, size_t part)
{
    return atomic_load_explicit(&heads->newest[part], memory_order_acquire);
}

void heads_destroy(struct heads **heads)
{
    if (!*heads)
        return;
    for (size_t part = 0; part < PARTS; part++)
        for (struct table *table = newest_of(*heads, part), *older; table; table = older) {
            older = table->older;
            table_free(table);
        }
    free(*heads);
    *heads = NULL;
}

struct place {
    size_t part;
    uint32_t at;  /* a share of the table, of 2^32 */
    uint64_t tag; /* high bits of the hash, and the kind of subject, which is never 0 */
};

static struct place place_of(uint64_t subject)
{
    uint64_t hash = subject * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return (struct place){hash % PARTS, (uint32_t)hash, (hash >> 35 << 35) | (subject & 7) << 32};
}

static bool is_of(uint64_t there, uint64_t tag)
{
    return (there ^ tag) >> 32 == 0;
}

/* false: the table is too full */
static bool table_push(struct table *table, struct place place, fact_ref fact, fact_ref *next)
{
    size_t at = slots_first(table->size, place.at);
    for (size_t probe = 0; probe < table->size; probe++, at = slots_after(table->size, at)) {
        uint64_t there = atomic_load_explicit(&table->head[at], memory_order_acquire);
        /* one place in four stays free, so that a search is short */
        if (there == 0 && atomic_load_explicit(&table->used, memory_order_relaxed) >= table->size / 4 * 3)
            return false;
        while (there == 0 || is_of(there, place.tag)) {
            *next = (fact_ref)there;
            if (!atomic_compare_exchange_weak_explicit(&table->head[at], &there, place.tag | fact, memory_order_release,
                                                       memory_order_acquire))
                continue;
            size_t weight = there == 0 ? slots_weight(table->size, at) : 0;
            if (weight)
                atomic_fetch_add_explicit(&table->used, weight, memory_order_relaxed);
            return true;
        }
    }
    return false;
}

/* Part by part a little larger, so that they grow one after the other; but no more than a quarter, since where it was expected
 * what they have is all they need. */
static size_t first_size(const struct heads *heads, size_t part)
{
    size_t wanted = heads->subjects / 3 * 4 / PARTS, size = wanted < FIRST_SIZE ? FIRST_SIZE : wanted;
    return size + size * part / PARTS / 4;
}

static void grow(struct heads *heads, size_t part, struct table *full)
{
    struct table *larger = table_create(full ? full->size * 2 : first_size(heads, part), full);
    if (atomic_compare_exchange_strong(&heads->newest[part], &full, larger))
        atomic_fetch_add_explicit(&heads->bytes, table_bytes(larger), memory_order_relaxed);
    else
        table_free(larger); /* somebody else did */
}

void heads_push(struct heads *heads, uint64_t subject, fact_ref fact, fact_ref *next)
{
    struct place place = place_of(subject);
    for (;;) {
        struct table *table = newest_of(heads, place.part);
        if (table && table_push(table, place, fact, next))
            return;
        grow(heads, place.part, table);
    }
}

void heads_prefetch(const struct heads *heads, uint64_t subject)
{
    struct place place = place_of(subject);
    const struct table *table = newest_of(heads, place.part);
    if (table)
        __builtin_prefetch(&table->head[slots_first(table->size, place.at)], 1);
}

fact_ref heads_next(const struct heads *heads, uint64_t subject, const void **cursor)
{
    struct place place = place_of(subject);
    const struct table *table = *cursor ? ((const struct table *)*cursor)->older : newest_of(heads, place.part);
    for (; table; table = table->older) {
        size_t at = slots_first(table->size, place.at);
        for (size_t probe = 0; probe < table->size; probe++, at = slots_after(table->size, at)) {
            uint64_t there = atomic_load_explicit(&table->head[at], memory_order_acquire);
            if (there == 0)
                break;
            if (is_of(there, place.tag)) {
                *cursor = table;
                return (fact_ref)there;
            }
        }
    }
    return 0;
}

size_t heads_subjects(const struct heads *heads)
{
    size_t subjects = 0;
    for (size_t part = 0; part < PARTS; part++) {
        const struct table *table = newest_of(heads, part);
        subjects += table ? atomic_load_explicit(&table->used, memory_order_relaxed) : 0;
    }
    return subjects;
}

size_t heads_bytes(const struct heads *heads)
{
    return sizeof *heads + atomic_load_explicit(&heads->bytes, memory_order_relaxed);
}
