/* The index: has this (source, id) been seen?  Open-addressing tables of 64-bit slots, insert-only, lock-free.
 *
 * By the first bits of its key an id belongs to one of INDEX_PARTS tables.  Each is replaced by itself when it is full, and they
 * begin at different sizes, so that they fill up one after the other: to grow takes a moment now and then, and what one leaves is
 * memory for the next.  One table of all ids would have the committer copy, and workers fault in, a hundred megabytes at once.
 *
 * A slot is a 32-bit tag, the key's high half, and a 32-bit fact_ref.  Equal tags are decided by the fact itself (its key and its
 * id's text), so a duplicate is never a matter of probability.  A slot is set once by compare-and-swap; release, so that
 * who reads it sees the fact.  Slots of expired facts stay as dead weight until the table is replaced.
 *
 * Replacement needs no pause.  An insertion works on an index_view that it reads once, within a batch: first {old}, then
 * {old, new}, then {new}.  *An insertion must win every table of its view.*  While some workers are still in {old} and others in
 * {old, new}, `old` decides; once all are in {old, new}, the committer copies what is live; while some are in
 * {old, new} and others in {new}, `new` decides.  So at any time one key is won once.  A loser in `new` has won `old`
 * before, so its fact must not be reused: see INDEX_LOST. */
#ifndef GW_LEDGER_INDEX_H
#define GW_LEDGER_INDEX_H

#include "ledger/fact.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { INDEX_PART_BITS = 6, INDEX_PARTS = 1 << INDEX_PART_BITS };

static inline unsigned index_part(uint64_t key)
{
    return (unsigned)(key >> (64 - INDEX_PART_BITS));
}

struct index_table;

struct index_view {
    struct index_table *table[2]; /* [1] may be NULL */
};

/* does the fact behind `ref` have this key and id? */
typedef bool index_same(void *arg, fact_ref ref, uint64_t key, unsigned source, struct str id);

enum index_result {
    INDEX_NEW,
    INDEX_KNOWN, /* nothing was written anywhere */
    INDEX_LOST,  /* known, but a table that is going away points to `ref`: leave the fact's place unused */
    INDEX_FULL,
};

/* The view of now, where the place of the old table holds it until it holds the new one.  seq_cst, as are the stores. */
struct index_view index_view_of(const _Atomic(struct index_table *) *);
/* from now on views of `table` are {table, newer} */
void index_table_succeed(struct index_table *, struct index_table *newer);

struct index_table *index_table_create(size_t slots); /* at least */
void index_table_destroy(struct index_table **);
size_t index_table_slots(const struct index_table *);
size_t index_table_used(const struct index_table *);

/* any thread; *known is the fact that holds the key (INDEX_KNOWN, INDEX_LOST) */
enum index_result index_insert(const struct index_view *, uint64_t key, unsigned source, struct str id, fact_ref ref,
                               index_same *, void *arg, fact_ref *known);
/* As index_insert, but takes the place of whatever is there under this id.  Nobody else may enter this id meanwhile. */
enum index_result index_replace(const struct index_view *, uint64_t key, unsigned source, struct str id, fact_ref ref,
                                index_same *, void *arg);
fact_ref index_find(const struct index_view *, uint64_t key, unsigned source, struct str id, index_same *, void *arg);
void index_prefetch(const struct index_view *, uint64_t key);

/* Copies the slots that `live` accepts; one thread, while others insert into both. */
typedef bool index_live(void *arg, fact_ref ref); /* has it not expired? */
/* how many it would accept */
size_t index_count(const struct index_table *, index_live *, void *arg);
bool index_copy(const struct index_table *from, struct index_table *to, index_live *, void *arg);

#endif
