#include "ledger/index.h"

#include "base/check.h"
#include "base/pages.h"

#include <stdlib.h>

struct index_table {
    size_t mask;
    _Atomic size_t used; /* relaxed: for sizing only */
    _Atomic uint64_t slot[];
};

static size_t table_bytes(size_t slots)
{
    return sizeof(struct index_table) + slots * sizeof(uint64_t);
}

/* Of a large table only every sixteenth slot is counted, for sixteen: the counter would be what workers wait for. */
static void count_slot(struct index_table *table, size_t at)
{
    size_t every = table->mask < 1 << 16 ? 1 : 16;
    if (at % every == 0)
        atomic_fetch_add_explicit(&table->used, every, memory_order_relaxed);
}

struct index_table *index_table_create(size_t slots)
{
    size_t size = 1024;
    while (size < slots)
        size *= 2;
    struct index_table *table = pages_map(table_bytes(size));
    table->mask = size - 1;
    return table;
}

void index_table_destroy(struct index_table **table)
{
    if (*table)
        pages_unmap(*table, table_bytes((*table)->mask + 1));
    *table = NULL;
}

size_t index_table_slots(const struct index_table *table)
{
    return table->mask + 1;
}

size_t index_table_used(const struct index_table *table)
{
    return atomic_load_explicit(&table->used, memory_order_relaxed);
}

/* the place comes from the low bits of the key, the tag from the high ones */
static uint64_t slot_of(uint64_t key, fact_ref ref)
{
    return (key & 0xffffffff00000000u) | ref;
}

enum { PROBES_MAX = 4096 };

/* known NULL: what is known gives way */
static enum index_result insert(struct index_table *table, uint64_t key, unsigned source, struct str id, fact_ref ref,
                                index_same *same, void *arg, fact_ref *known)
{
    uint64_t mine = slot_of(key, ref);
    size_t at = key & table->mask;
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & table->mask) {
        uint64_t there = atomic_load_explicit(&table->slot[at], memory_order_acquire);
        /* seq_cst, as is the load in index_find: one half of a Dekker pair, see ledger.c */
        if (there == 0 && atomic_compare_exchange_strong(&table->slot[at], &there, mine)) {
            count_slot(table, at);
            return INDEX_NEW;
        }
        if (there == mine)
            return INDEX_NEW; /* the copier brought our own slot over before we came */
        if (there >> 32 == key >> 32 && same(arg, (fact_ref)there, key, source, id)) {
            if (!known) {
                CHECK(atomic_compare_exchange_strong(&table->slot[at], &there, mine));
                return INDEX_NEW;
            }
            *known = (fact_ref)there;
            return INDEX_KNOWN;
        }
    }
    return INDEX_FULL;
}

enum index_result index_insert(const struct index_view *view, uint64_t key, unsigned source, struct str id,
                               fact_ref ref, index_same *same, void *arg, fact_ref *known)
{
    enum index_result result = insert(view->table[0], key, source, id, ref, same, arg, known);
    if (result != INDEX_NEW || !view->table[1])
        return result;
    result = insert(view->table[1], key, source, id, ref, same, arg, known);
    return result == INDEX_KNOWN ? INDEX_LOST : result;
}

enum index_result index_replace(const struct index_view *view, uint64_t key, unsigned source, struct str id,
                                fact_ref ref, index_same *same, void *arg)
{
    enum index_result result = INDEX_NEW;
    for (int i = 0; i < 2 && view->table[i] && result == INDEX_NEW; i++)
        result = insert(view->table[i], key, source, id, ref, same, arg, NULL);
    return result;
}

static fact_ref find(const struct index_table *table, uint64_t key, unsigned source, struct str id, index_same *same,
                     void *arg)
{
    size_t at = key & table->mask;
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & table->mask) {
        uint64_t there = atomic_load(&table->slot[at]);
        if (there == 0)
            return 0;
        if (there >> 32 == key >> 32 && same(arg, (fact_ref)there, key, source, id))
            return (fact_ref)there;
    }
    return 0;
}

fact_ref index_find(const struct index_view *view, uint64_t key, unsigned source, struct str id, index_same *same,
                    void *arg)
{
    /* the new one first: the old one may hold a place that has lost, see INDEX_LOST */
    fact_ref found = view->table[1] ? find(view->table[1], key, source, id, same, arg) : 0;
    return found ? found : find(view->table[0], key, source, id, same, arg);
}

void index_prefetch(const struct index_view *view, uint64_t key)
{
    __builtin_prefetch(&view->table[0]->slot[key & view->table[0]->mask]);
}

bool index_copy(const struct index_table *from, struct index_table *to, index_live *live, void *arg)
{
    for (size_t i = 0; i <= from->mask; i++) {
        fact_ref ref = (fact_ref)atomic_load_explicit(&from->slot[i], memory_order_acquire);
        uint64_t key = ref ? live(arg, ref) : 0;
        if (!key)
            continue;
        uint64_t mine = slot_of(key, ref);
        size_t at = key & to->mask;
        for (int probe = 0;; probe++, at = (at + 1) & to->mask) {
            if (probe == PROBES_MAX)
                return false;
            uint64_t there = 0;
            if (atomic_compare_exchange_strong_explicit(&to->slot[at], &there, mine, memory_order_acq_rel,
                                                        memory_order_acquire)) {
                count_slot(to, at);
                break;
            }
            if (there == mine)
                break;
        }
    }
    return true;
}
