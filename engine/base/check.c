#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "gridwarn: internal error: %s does not hold (%s:%d); stopping before anything wrong is published\n",
            what, file, line);
    abort();
}

static void *need(void *memory, size_t size)
{
    if (!memory && size) {
        fprintf(stderr, "gridwarn: out of memory (%zu bytes asked for)\n", size);
        abort();
    }
    return memory;
}

void *xmalloc(size_t size)
{
    return need(malloc(size), size);
}

void *xcalloc(size_t count, size_t size)
{
    return need(calloc(count, size), count * size);
}

void *xrealloc(void *memory, size_t size)
{
    return need(realloc(memory, size), size);
}

char *xstrndup(const char *text, size_t len)
{
    char *copy = xmalloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

void *xaligned(size_t size)
{
    size_t rounded = (size + GW_CACHE_LINE - 1) / GW_CACHE_LINE * GW_CACHE_LINE;
    void *memory = need(aligned_alloc(GW_CACHE_LINE, rounded), rounded);
    memset(memory, 0, rounded);
    return memory;
}
