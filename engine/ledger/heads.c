#include "ledger/heads.h"

#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>

struct head {
    _Atomic uint64_t subject; /* 0: free */
    _Atomic fact_ref fact;
};

struct table {
    struct table *older;
    size_t mask;
    _Atomic size_t used;
    struct head head[];
};

struct heads {
    _Atomic(struct table *) newest;
};

enum { FIRST_SIZE = 256 };

static struct table *table_create(size_t size, struct table *older)
{
    struct table *table = xcalloc(1, sizeof *table + size * sizeof table->head[0]);
    table->older = older;
    table->mask = size - 1;
    return table;
}

struct heads *heads_create(void)
{
    struct heads *heads = xcalloc(1, sizeof *heads);
    atomic_init(&heads->newest, table_create(FIRST_SIZE, NULL));
    return heads;
}

void heads_destroy(struct heads **heads)
{
    if (!*heads)
        return;
    for (struct table *table = (*heads)->newest, *older; table; table = older) {
        older = table->older;
        free(table);
    }
    free(*heads);
    *heads = NULL;
}

static size_t place(uint64_t subject, size_t mask)
{
    return (subject * 0x9e3779b97f4a7c15u >> 20) & mask;
}

/* the subject's head in this table, taken if need be; NULL if the table is too full to take one */
static struct head *head_take(struct table *table, uint64_t subject)
{
    size_t at = place(subject, table->mask);
    for (;; at = (at + 1) & table->mask) {
        struct head *head = &table->head[at];
        uint64_t there = atomic_load_explicit(&head->subject, memory_order_acquire);
        if (there == 0) {
            /* one slot in eight stays free, so that a search ends */
            if (atomic_load_explicit(&table->used, memory_order_relaxed) > table->mask / 8 * 7)
                return NULL;
            if (atomic_compare_exchange_strong(&head->subject, &there, subject)) {
                atomic_fetch_add_explicit(&table->used, 1, memory_order_relaxed);
                return head;
            }
        }
        if (there == subject)
            return head;
    }
}

static void grow(struct heads *heads, struct table *full)
{
    struct table *larger = table_create((full->mask + 1) * 4, full);
    if (!atomic_compare_exchange_strong(&heads->newest, &full, larger))
        free(larger); /* somebody else did */
}

void heads_push(struct heads *heads, uint64_t subject, fact_ref fact, fact_ref *next)
{
    struct head *head;
    for (;;) {
        struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire);
        head = head_take(table, subject);
        if (head)
            break;
        grow(heads, table);
    }
    fact_ref first = atomic_load_explicit(&head->fact, memory_order_relaxed);
    do
        *next = first;
    while (!atomic_compare_exchange_weak_explicit(&head->fact, &first, fact, memory_order_release,
                                                  memory_order_relaxed));
}

fact_ref heads_next(const struct heads *heads, uint64_t subject, const void **cursor)
{
    const struct table *table = *cursor ? ((const struct table *)*cursor)->older
                                        : atomic_load_explicit(&heads->newest, memory_order_acquire);
    for (; table; table = table->older)
        for (size_t at = place(subject, table->mask);; at = (at + 1) & table->mask) {
            uint64_t there = atomic_load_explicit(&table->head[at].subject, memory_order_acquire);
            if (there == 0)
                break;
            fact_ref fact;
            if (there == subject && (fact = atomic_load_explicit(&table->head[at].fact, memory_order_acquire))) {
                *cursor = table;
                return fact;
            }
            if (there == subject)
                break;
        }
    return 0;
}

size_t heads_bytes(const struct heads *heads)
{
    size_t bytes = sizeof *heads;
    for (const struct table *table = atomic_load_explicit(&heads->newest, memory_order_acquire); table;
         table = table->older)
        bytes += sizeof *table + (table->mask + 1) * sizeof table->head[0];
    return bytes;
}
