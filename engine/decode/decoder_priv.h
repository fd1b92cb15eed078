/* A decoder's insides, shared by decode.c, which goes through a record, and the readers of single fields. */
#ifndef GW_DECODE_DECODER_PRIV_H
#define GW_DECODE_DECODER_PRIV_H

#include "decode/mapping.h"
#include "decode/scratch.h"
#include "decode/tape.h"

struct decoder {
    const struct mapping *mapping;
    struct json *json;
    struct json_tape tape;
    uint32_t record_slots[PLACES_MAX]; /* what the walk over the record found */
    uint32_t slots[PLACES_MAX];        /* and that over the element; 0: absent */
    int64_t row;                       /* the element's index; -1: the record is the element */
    int64_t now_ms;
    struct scratch scratch;
    struct event *events;
    size_t event_count, event_capacity;
    char *copy; /* of records that come without padding */
    size_t copy_capacity;
    struct refusal *refusal;
};

/* Each reader returns false after refusing the record. */

/* fills the refusal with the place, by number, and returns false */
bool refuse(struct decoder *, enum decode_refusal, uint8_t place, const char *expected);
/* the same for a field that has no place */
bool refuse_field(struct decoder *, enum decode_refusal, const char *field, const char *expected);

/* The text of a scalar on the tape, trimmed; blanks are empty.  Booleans are "true" and "false". */
bool value_text(struct decoder *, uint32_t value, uint8_t place, struct str *text);

/* The first text that is not blank, and the place that it came from; empty if all are.  `code`: "0" is blank. */
bool pick_text(struct decoder *, const struct pick *, bool code, struct str *text, uint8_t *place);

bool read_text(struct decoder *, const struct text_field *, bool code, struct str *text);
bool read_time(struct decoder *, const struct time_field *, int64_t *seconds, bool *given);
/* asks for the memory that read_region will look at: of all tables the one that no cache holds */
void prefetch_region(const struct decoder *);
bool read_region(struct decoder *, uint32_t *region);
/* `needed`: its default stands in for a blank, too */
bool read_category(struct decoder *, bool needed, uint16_t *category);
bool read_kind(struct decoder *, unsigned *kind);
bool read_respondent(struct decoder *, struct str *respondent);
bool read_involved(struct decoder *, uint32_t *involved);
bool read_value(struct decoder *, int64_t *value);
bool read_condition(struct decoder *, const struct condition *, bool *holds);

/* Calls `take` with each text of the list that is not blank. */
typedef bool take_item(struct decoder *, struct str item, uint8_t place, void *arg);
bool read_list(struct decoder *, const struct list_field *, take_item *, void *arg);
bool read_actors(struct decoder *, struct event *);

#endif
