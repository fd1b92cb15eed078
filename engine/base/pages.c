#include "base/pages.h"

#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE = 2 << 20, SMALL = 4096 };

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

void *pages_map_sparse(size_t bytes)
{
    return bytes < LARGE ? xaligned(bytes) : map(whole(bytes));
}

void *pages_map(size_t bytes)
{
    if (bytes < LARGE)
        return xaligned(bytes);
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

void pages_enlarge(void *memory, size_t bytes)
{
#ifndef MADV_COLLAPSE
    enum { MADV_COLLAPSE = 25 }; /* since Linux 6.1; elsewhere the system does it by and by */
#endif
    if (bytes < LARGE)
        return;
    madvise(memory, whole(bytes), MADV_HUGEPAGE);
    madvise(memory, whole(bytes), MADV_COLLAPSE);
}

void pages_unmap(void *memory, size_t bytes)
{
    if (bytes < LARGE)
        free(memory);
    else if (memory)
        munmap(memory, whole(bytes));
}
