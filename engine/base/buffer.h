/* A growing piece of memory that keeps its capacity when it is emptied, so that a steady state allocates nothing.
 * Numbers are written little-endian. */
#ifndef GW_BASE_BUFFER_H
#define GW_BASE_BUFFER_H

#include "base/str.h"

#include <stdint.h>

struct buffer {
    char *at;
    size_t len, capacity;
};

void buffer_free(struct buffer *);
/* room for `more` bytes beyond len, which grows by as much; the pointer is good until the next call */
char *buffer_grow(struct buffer *, size_t more);
void buffer_put(struct buffer *, const void *bytes, size_t len);
void buffer_put_u8(struct buffer *, uint8_t);
void buffer_put_u16(struct buffer *, uint16_t);
void buffer_put_u32(struct buffer *, uint32_t);
void buffer_put_u64(struct buffer *, uint64_t);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline struct str buffer_str(const struct buffer *b)
{
    return (struct str){b->at, b->len};
}

#endif
