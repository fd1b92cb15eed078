/* Reads simdjson's tape (its doc/tape.md): 64-bit words in the order of the text, a type in the upper 8 bits and a
 * payload below.  Containers hold where they end, strings where their bytes are; numbers stand in the word that
 * follows.  Inline, so that walking a record costs no calls. */
#ifndef GW_DECODE_TAPE_H
#define GW_DECODE_TAPE_H

#include "base/str.h"
#include "decode/json.h"

enum { JSON_ROOT = 1 }; /* where the tape's outermost value is */

/* the type: one of { [ " l (int64) u (uint64) d (double) t f n */
static inline char json_type(const struct json_tape *t, uint32_t at)
{
    return (char)(t->words[at] >> 56);
}

/* the first child of a container, which ends at json_end */
static inline uint32_t json_first(uint32_t container)
{
    return container + 1;
}

static inline uint32_t json_end(const struct json_tape *t, uint32_t container)
{
    return (uint32_t)t->words[container] - 1;
}

/* what follows the value */
static inline uint32_t json_next(const struct json_tape *t, uint32_t at)
{
    switch (json_type(t, at)) {
    case '{':
    case '[':
        return (uint32_t)t->words[at];
    case 'l':
    case 'u':
    case 'd':
        return at + 2;
    default:
        return at + 1;
    }
}

/* of a string; valid UTF-8, terminated, may hold NULs */
static inline struct str json_str(const struct json_tape *t, uint32_t at)
{
    const char *bytes = t->strings + (t->words[at] & UINT64_C(0x00FFFFFFFFFFFFFF));
    uint32_t len;
    memcpy(&len, bytes, sizeof len);
    return (struct str){bytes + sizeof len, len};
}

static inline uint64_t json_u64(const struct json_tape *t, uint32_t at)
{
    return t->words[at + 1];
}

static inline int64_t json_i64(const struct json_tape *t, uint32_t at)
{
    return (int64_t)t->words[at + 1];
}

static inline double json_double(const struct json_tape *t, uint32_t at)
{
    double value;
    memcpy(&value, &t->words[at + 1], sizeof value);
    return value;
}

#endif
