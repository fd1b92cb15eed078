/* Heads: subject → the newest fact of its chain, for each span of event time by itself, so that a span expires as a whole.
 * Tables that are insert-only and lock-free, and grow by a larger one that is linked in front.  A subject may then have a chain
 * in more than one table, and the walk visits all of them.  In each the last that came is the first.
 *
 * A subject belongs to one of sixteen tables, of different sizes, which grow one after the other: one for all would at times be a
 * hundred megabytes that are faulted in at once, while alerts wait.
 *
 * A head is eight bytes: a tag of 32 bits, of which three are the subject's kind, and a fact_ref.  Two subjects of one kind
 * may share a tag, once in some 10^8, and then share a chain: who walks it asks of each fact whose it is.
 *
 * Push: release, after the fact is written; walk: acquire. */
#ifndef GW_LEDGER_HEADS_H
#define GW_LEDGER_HEADS_H

#include "ledger/fact.h"

#include <stddef.h>

struct heads;

struct heads *heads_create(size_t subjects); /* so many are expected */
void heads_destroy(struct heads **);

/* *next is the fact's own link of this chain; any thread */
void heads_push(struct heads *, uint64_t subject, fact_ref fact, fact_ref *next);
/* hint, some facts ahead of it */
void heads_prefetch(const struct heads *, uint64_t subject);

/* the heads of the subject's chains: call with *cursor = NULL; 0 when there are no more */
fact_ref heads_next(const struct heads *, uint64_t subject, const void **cursor);

size_t heads_bytes(const struct heads *);
/* subjects that have a chain, about */
size_t heads_subjects(const struct heads *);

#endif
