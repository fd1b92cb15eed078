/* The open cut: what will be committed next.  Records are kept as places in one buffer until the cut is frozen, when
 * they become pointers. */
#ifndef GW_COMMIT_CUT_H
#define GW_COMMIT_CUT_H

#include "base/buffer.h"
#include "ledger/ledger.h"
#include "sink/store.h"

struct cut_record {
    enum store_topic topic;
    size_t key_at, key_len, value_at, value_len;
    bool deletes;
    unsigned header_count;
    const char *header_name[STORE_HEADERS_MAX]; /* static text */
    size_t header_at[STORE_HEADERS_MAX], header_len[STORE_HEADERS_MAX];
};

struct cut {
    fact_ref *facts[SHELVES];
    size_t fact_count[SHELVES], fact_capacity[SHELVES];
    struct cut_record *records;
    size_t record_count, record_capacity;
    struct buffer bytes;
    struct store_record *frozen; /* after cut_freeze; record_count of them */
    size_t frozen_capacity;
};

void cut_clear(struct cut *); /* keeps its memory */
void cut_free(struct cut *);
void cut_add_fact(struct cut *, enum shelf, fact_ref);
/* Copies the record's key, headers and value. */
void cut_add(struct cut *, const struct store_record *);
/* Another value for one that was added, by its number, and one more header. */
void cut_fill(struct cut *, size_t number, struct str value, struct store_header);
void cut_freeze(struct cut *);

#endif
