/* Facts as records of the ledger topic: columns, with dictionaries of the texts that the numbers of this process
 * stand for, so that registry and catalogue may change between starts.
 *
 *   "GWF" version:u8  rows:u32  columns:u32 (bits, the first column lowest; one that is left out is all zero)
 *   4 dictionaries (sources, categories, regions, tags): count:u32, then len:u8 text each
 *   columns, each over all rows: kind:u8 source:u8 category:u16 region:u32 occurred_at:u32 involved:u32 tags:u32
 *     actors:u8 value:u64 due_at:u64 id:u8 matter_of_id:u8 matter:u8 respondent:u8 target:u8 (lengths)
 *   the actors, u64 each; the texts, row by row.  A matter that begins its id has no text of its own: matter_of_id is its length.
 *
 * A carried fact is of the kind `carried`: its own kind is in `involved`, and in `value` when it was carried on, in
 * seconds; occurred_at is the original's.  It has no actors.
 *
 * little-endian.  Number 0 of categories and regions is none; dictionary entries count from 1 there, from 0 for
 * sources and tags.  An actor is the keyed hash, never the number it was made from. */
#ifndef GW_LEDGER_WIRE_H
#define GW_LEDGER_WIRE_H

#include "base/buffer.h"
#include "ledger/ledger.h"

struct wire_names {
    const struct registry *registry;
    const struct catalogue *catalogue;
};

struct wire_encoder; /* scratch; one thread */
struct wire_encoder *wire_encoder_create(const struct wire_names *);
void wire_encoder_destroy(struct wire_encoder **);

/* Appends one record of at most limit bytes; returns how many of the facts it took, at least 1.  Parties go with the
 * fact before them and are not in refs. */
size_t wire_encode(struct wire_encoder *, const struct ledger *, const fact_ref *refs, size_t count, size_t limit,
                   struct buffer *out);

struct wire_report {
    uint64_t rows;
    uint64_t unknown_regions, unknown_categories; /* kept, as in no region or category */
    uint64_t unknown_sources;                     /* left out */
};

/* Hands the events over in order, with texts that are the record's, and actors that are good for the call; false: the record is
 * not one of ours, or broken (nothing of it was handed over). */
typedef void wire_event(void *arg, const struct event *);
bool wire_decode(const struct wire_names *, struct str record, wire_event *, void *arg, struct wire_report *);


#endif
