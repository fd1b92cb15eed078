#include "base/pages.h"

#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE = 2 << 20, SMALL = 4096, HEAP = 128 << 10 };

static size_t whole(size_t bytes)
{
    return (bytes + SMALL - 1) / SMALL * SMALL;
}

static char *map(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

void *pages_map(size_t bytes)
{
    if (bytes < HEAP)
        return xaligned(bytes);
    if (bytes < LARGE)
        return map(whole(bytes)); /* which need not be cleared before it is touched */
    /* more than is asked for, then what lies before and after the aligned part goes back */
    size_t kept = whole(bytes), room = kept + LARGE;
    char *memory = map(room);
    size_t before = (LARGE - (uintptr_t)memory % LARGE) % LARGE;
    char *aligned = memory + before;
    if (before)
        munmap(memory, before);
    munmap(aligned + kept, room - before - kept);
    madvise(aligned, kept, MADV_HUGEPAGE); /* a wish: where it is not granted, all is as it was, but slower */
    return aligned;
}

void *pages_take(size_t bytes)
{
    return bytes < LARGE ? xaligned(bytes) : pages_map(bytes);
}

void pages_give(void *memory, size_t bytes)
{
    if (bytes < LARGE)
        free(memory);
    else
        pages_unmap(memory, bytes);
}

void pages_unmap(void *memory, size_t bytes)
{
    if (bytes < HEAP)
        free(memory);
    else if (memory)
        munmap(memory, whole(bytes));
}
