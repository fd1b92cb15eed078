#include "base/buffer.h"

#include "base/check.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_free(struct buffer *b)
{
    free(b->at);
    *b = (struct buffer){0};
}

char *buffer_grow(struct buffer *b, size_t more)
{
    if (b->len + more > b->capacity) {
        b->capacity = (b->len + more) * 2;
        b->at = xrealloc(b->at, b->capacity);
    }
    char *at = b->at + b->len;
    b->len += more;
    return at;
}

void buffer_put(struct buffer *b, const void *bytes, size_t len)
{
    if (len)
        memcpy(buffer_grow(b, len), bytes, len);
}

void buffer_put_u8(struct buffer *b, uint8_t value)
{
    buffer_put(b, &value, sizeof value);
}

void buffer_put_u16(struct buffer *b, uint16_t value)
{
    value = htole16(value);
    buffer_put(b, &value, sizeof value);
}

void buffer_put_u32(struct buffer *b, uint32_t value)
{
    value = htole32(value);
    buffer_put(b, &value, sizeof value);
}

void buffer_put_u64(struct buffer *b, uint64_t value)
{
    value = htole64(value);
    buffer_put(b, &value, sizeof value);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    CHECK(len >= 0);
    /* the terminator is written but not counted */
    char *at = buffer_grow(b, (size_t)len + 1);
    vsnprintf(at, (size_t)len + 1, format, again);
    b->len--;
    va_end(again);
    va_end(args);
}
