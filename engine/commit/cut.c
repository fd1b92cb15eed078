#include "commit/cut.h"

#include "base/check.h"

#include <stdlib.h>

void cut_clear(struct cut *cut)
{
    for (int i = 0; i < SHELVES; i++)
        cut->fact_count[i] = 0;
    cut->record_count = 0;
    cut->bytes.len = 0;
}

void cut_free(struct cut *cut)
{
    for (int i = 0; i < SHELVES; i++)
        free(cut->facts[i]);
    free(cut->records);
    free(cut->frozen);
    buffer_free(&cut->bytes);
    *cut = (struct cut){0};
}

void cut_add_fact(struct cut *cut, enum shelf shelf, fact_ref fact)
{
    if (cut->fact_count[shelf] == cut->fact_capacity[shelf]) {
        cut->fact_capacity[shelf] = cut->fact_capacity[shelf] ? cut->fact_capacity[shelf] * 2 : 1024;
        cut->facts[shelf] = xrealloc(cut->facts[shelf], cut->fact_capacity[shelf] * sizeof *cut->facts[shelf]);
    }
    cut->facts[shelf][cut->fact_count[shelf]++] = fact;
}

static size_t put(struct cut *cut, struct str text)
{
    size_t at = cut->bytes.len;
    buffer_put(&cut->bytes, text.at, text.len);
    return at;
}

void cut_add(struct cut *cut, const struct store_record *record)
{
    if (cut->record_count == cut->record_capacity) {
        cut->record_capacity = cut->record_capacity ? cut->record_capacity * 2 : 64;
        cut->records = xrealloc(cut->records, cut->record_capacity * sizeof *cut->records);
    }
    struct cut_record *r = &cut->records[cut->record_count++];
    *r = (struct cut_record){
        .topic = record->topic, .deletes = record->value.at == NULL, .header_count = record->header_count};
    r->key_at = put(cut, record->key);
    r->key_len = record->key.len;
    r->value_at = put(cut, record->value);
    r->value_len = record->value.len;
    for (unsigned i = 0; i < record->header_count; i++) {
        r->header_name[i] = record->headers[i].name;
        r->header_at[i] = put(cut, record->headers[i].value);
        r->header_len[i] = record->headers[i].value.len;
    }
}

void cut_fill(struct cut *cut, size_t number, struct str value, struct store_header header)
{
    struct cut_record *r = &cut->records[number];
    CHECK(r->header_count < STORE_HEADERS_MAX);
    r->value_at = put(cut, value);
    r->value_len = value.len;
    r->header_name[r->header_count] = header.name;
    r->header_at[r->header_count] = put(cut, header.value);
    r->header_len[r->header_count++] = header.value.len;
}

void cut_freeze(struct cut *cut)
{
    if (cut->frozen_capacity < cut->record_capacity) {
        cut->frozen_capacity = cut->record_capacity;
        cut->frozen = xrealloc(cut->frozen, cut->frozen_capacity * sizeof *cut->frozen);
    }
    const char *base = cut->bytes.at;
    for (size_t i = 0; i < cut->record_count; i++) {
        const struct cut_record *r = &cut->records[i];
        struct store_record *f = &cut->frozen[i];
        *f = (struct store_record){.topic = r->topic, .header_count = r->header_count};
        f->key = (struct str){base + r->key_at, r->key_len};
        f->value = (struct str){r->deletes ? NULL : base + r->value_at, r->value_len};
        for (unsigned h = 0; h < r->header_count; h++)
            f->headers[h] = (struct store_header){r->header_name[h], {base + r->header_at[h], r->header_len[h]}};
    }
}
