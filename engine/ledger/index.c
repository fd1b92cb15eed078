#include "ledger/index.h"

#include "base/check.h"
#include "base/pages.h"
#include "ledger/slots.h"

#include <stdlib.h>

/* Apart from its slots: of many tables what is always read lies together, and not at the beginning of as many pages. */
struct index_table {
    size_t slots;
    _Atomic uint64_t *slot;
    _Atomic(struct index_table *) newer;
    _Atomic size_t used __attribute__((aligned(GW_CACHE_LINE))); /* relaxed: for sizing only */
};

static void count_slot(struct index_table *table, size_t at)
{
    size_t weight = slots_weight(table->slots, at);
    if (weight)
        atomic_fetch_add_explicit(&table->used, weight, memory_order_relaxed);
}

struct index_table *index_table_create(size_t slots)
{
    enum { LEAST = 32, LINE = 8 };
    size_t size = slots < LEAST ? LEAST : (slots + LINE - 1) / LINE * LINE;
    struct index_table *table = xaligned(sizeof *table);
    table->slots = size;
    table->slot = pages_take(size * sizeof *table->slot);
    return table;
}

void index_table_destroy(struct index_table **table)
{
    if (*table)
        pages_give((*table)->slot, (*table)->slots * sizeof *(*table)->slot);
    free(*table);
    *table = NULL;
}

struct index_view index_view_of(const _Atomic(struct index_table *) *table)
{
    /* A table that has given way between the two loads still names its successor, and that is the view of a moment ago. */
    struct index_table *first = atomic_load(table);
    return (struct index_view){{first, atomic_load(&first->newer)}};
}

void index_table_succeed(struct index_table *table, struct index_table *newer)
{
    atomic_store(&table->newer, newer);
}

size_t index_table_slots(const struct index_table *table)
{
    return table->slots;
}

size_t index_table_used(const struct index_table *table)
{
    return atomic_load_explicit(&table->used, memory_order_relaxed);
}

static uint64_t slot_of(uint64_t key, fact_ref ref)
{
    return (key & 0xffffffff00000000u) | ref;
}

/* Where the search for a slot begins: the share of the table that its tag, but for what says the part, is of all tags.  So a
 * slot says itself where it belongs in another table, and tables of all sizes have them in the same order: to copy one is to
 * read both from end to end, and asks no fact. */
static size_t place_of(const struct index_table *table, uint64_t slot)
{
    return slots_first(table->slots, (uint32_t)(slot >> 32) << INDEX_PART_BITS);
}

enum { PROBES_MAX = 4096 };

/* known NULL: what is known gives way */
static enum index_result insert(struct index_table *table, uint64_t key, unsigned source, struct str id, fact_ref ref,
                                index_same *same, void *arg, fact_ref *known)
{
    uint64_t mine = slot_of(key, ref);
    size_t at = place_of(table, mine);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = slots_after(table->slots, at)) {
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
    size_t at = place_of(table, key);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = slots_after(table->slots, at)) {
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
    enum { LINE = 8, LINES = 4 /* a table is up to 7/8 full, and a search in it takes 32 slots then */ };
    const _Atomic uint64_t *at = &view->table[0]->slot[place_of(view->table[0], key)];
    for (unsigned i = 0; i < LINES; i++)
        __builtin_prefetch(at + i * LINE);
}

size_t index_count(const struct index_table *table, index_live *live, void *arg)
{
    size_t count = 0;
    for (size_t i = 0; i < table->slots; i++) {
        fact_ref ref = (fact_ref)atomic_load_explicit(&table->slot[i], memory_order_acquire);
        count += ref && live(arg, ref);
    }
    return count;
}

bool index_copy(const struct index_table *from, struct index_table *to, index_live *live, void *arg)
{
    for (size_t i = 0; i < from->slots; i++) {
        uint64_t mine = atomic_load_explicit(&from->slot[i], memory_order_acquire);
        if (!mine || !live(arg, (fact_ref)mine))
            continue;
        size_t at = place_of(to, mine);
        for (int probe = 0;; probe++, at = slots_after(to->slots, at)) {
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
