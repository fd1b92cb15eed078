/* What the readings of a sensor have in common, kept once for a day instead of in each: source, place, category, tags, and all of
 * the id but its last nine digits.
 *
 * An id is a *form* and digits: "NS-12:2026-11-29T08:15:00+08:00" is "NS-##:####-##-##T##:##:##+08:00", a number of up to 19
 * digits and one of 9.  (A zone at the end is no digits, since it never changes.)  The form is kept once for a source and day,
 * the first number in the series, the second in the reading, and the id is put together again byte by byte: nothing is lost, and
 * two ids are the same if and only if their texts are.  A source has at most FORMS_MAX forms a day; readings whose ids have
 * no form (hashes, UUIDs) keep the text.
 *
 * Look-ups take no lock; what is new is added under one.  Numbers, and what they name, stay as long as the set. */
#ifndef GW_LEDGER_SERIES_H
#define GW_LEDGER_SERIES_H

#include "decode/event.h"

#include <stdatomic.h>
#include <stddef.h>

enum {
    FORMS_MAX = 16,
    FORM_TEXT = 255, /* none: the reading says where its id's text lies */
};

struct series {
    uint64_t upper; /* the id's digits before the last nine */
    uint32_t region;
    uint32_t tags : 24;
    uint32_t source : 8;
    uint16_t category;
    uint8_t form;
    uint8_t zero[5]; /* compared and hashed like the rest */
};

struct series_set;

/* What it uses is added to *bytes, and taken from it again when it is destroyed.  expected: so many series */
struct series_set *series_set_create(_Atomic size_t *bytes, uint32_t expected);
void series_set_destroy(struct series_set **);
uint32_t series_set_count(struct series_set *);

/* The series that the event's reading belongs to, and its last digits; *tail is undefined where `text` is true, which says that
 * the id has no form and its text must be kept.  0: there is no room for another series. */
uint32_t series_of(struct series_set *, const struct event *, uint32_t *tail, bool *text);
const struct series *series_get(const struct series_set *, uint32_t number);
/* the id of a series that has a form, EVENT_TEXT_MAX bytes at most; returns its length */
size_t series_id(const struct series_set *, const struct series *, uint32_t tail, char *id);

#endif
