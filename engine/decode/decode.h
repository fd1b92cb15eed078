/* Records into events, by a declarative mapping: one per source, read from the configuration.
 *
 * A record is valid as a whole (every byte of it: truncated or broken JSON in a field that nobody reads makes it
 * invalid too) or it is refused with one reason and the place; 0 events without a refusal is a record that has
 * nothing to say (the mapping's `skip`).  No allocation per record in steady state.
 *
 * Needed by kind: created, called_again, reading: region and category; moved: region or category; voided, restored,
 * moved, merged, linked: target; merged, linked, closed, reopened, status: matter. */
#ifndef GW_DECODE_DECODE_H
#define GW_DECODE_DECODE_H

#include "base/problem.h"
#include "decode/event.h"
#include "registry/catalogue.h"
#include "registry/registry.h"

#include <stddef.h>

/* word in the dead letter and the metric's label, and what it means */
#define DECODE_REFUSAL_TABLE(X)                                                                                        \
    X(EMPTY, "empty", "the record has no bytes")                                                                       \
    X(TOO_LARGE, "too_large", "larger than the source's max_record_bytes")                                             \
    X(NOT_JSON, "not_json", "not JSON, or cut off, or nested too deeply")                                              \
    X(NOT_UTF8, "not_utf8", "not valid UTF-8")                                                                         \
    X(MISSING_FIELD, "missing_field", "a field that this kind needs is absent or blank")                               \
    X(BAD_FIELD, "bad_field", "a field has the wrong type, length or characters")                                      \
    X(BAD_TIME, "bad_time", "not a time, or no such day")                                                              \
    X(BAD_NUMBER, "bad_number", "not a number, or beyond 64 bits")                                                     \
    X(UNKNOWN_KIND, "unknown_kind", "the mapping has no such kind of event")                                           \
    X(UNKNOWN_REGION, "unknown_region", "not in the registry of regions")                                              \
    X(UNKNOWN_CATEGORY, "unknown_category", "not in the source's table of categories")                                 \
    X(FUTURE, "future", "further ahead of the clock than the skew allowed")                                            \
    X(ANCIENT, "ancient", "before the year 2000: a clock that was never set")

enum decode_refusal {
    DECODE_OK,
#define X(name, word, meaning) DECODE_##name,
    DECODE_REFUSAL_TABLE(X)
#undef X
        DECODE_REFUSALS
};

const char *decode_refusal_word(enum decode_refusal);
const char *decode_refusal_meaning(enum decode_refusal);

struct refusal {
    enum decode_refusal reason;
    char place[96];    /* path of the field, or the byte offset */
    char expected[160]; /* what was expected; never the value found, which may be a name or a phone number */
};

struct mapping;  /* what the configuration says: immutable, shared */
struct decoder;  /* one worker's, for one source: scratch memory and parser */

struct mapping_context {
    const struct registry *registry;
    struct catalogue *catalogue; /* the mapping's tags are added to it */
    const unsigned char *actor_keys; /* 1 or 2 keys of 16 bytes; hashing uses the first */
    unsigned actor_key_count;
};

/* `node` is the mapping of the configuration's YAML (config/yaml.h).  NULL, with problems added, if it is wrong. */
struct yaml_node;
struct mapping *mapping_load(const struct yaml_node *node, unsigned source, const struct mapping_context *,
                             struct problems *);
/* How far ahead of the clock an event may be, and the largest record; before any decoder is created.  Otherwise 300 s
 * and 1 MiB. */
void mapping_limits(struct mapping *, int64_t skew_s, int64_t max_record_bytes);
void mapping_destroy(struct mapping **);

struct decoder *decoder_create(const struct mapping *);
void decoder_destroy(struct decoder **);

/* Bytes to events.  Returns how many; they, and their text, live until the next call.  On a refusal returns 0 and
 * fills *refusal (reason != DECODE_OK); otherwise refusal->reason is DECODE_OK.  `padded` says that
 * DECODE_PADDING bytes after the record may be read; otherwise it is copied.  now_ms: for the
 * skew; negative where there is no clock, and then no event is too far ahead. */
enum { DECODE_PADDING = 64 };
size_t decoder_decode(struct decoder *, const void *bytes, size_t len, bool padded, int64_t now_ms,
                      const struct event **events, struct refusal *refusal);

#endif
