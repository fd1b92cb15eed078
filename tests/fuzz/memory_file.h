/* A file in memory with a path of its own: what loads files is fuzzed as it is, without touching a disk. */
#ifndef GW_TESTS_MEMORY_FILE_H
#define GW_TESTS_MEMORY_FILE_H

#include "base/check.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory_file {
    int number; /* 0 before the first use */
    char path[32];
};

static inline const char *memory_file_set(struct memory_file *f, const uint8_t *data, size_t size)
{
    if (f->number == 0) {
        f->number = memfd_create("fuzz", MFD_CLOEXEC);
        CHECK(f->number > 0);
        snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->number);
    }
    CHECK(ftruncate(f->number, 0) == 0 && pwrite(f->number, data, size, 0) == (ssize_t)size);
    return f->path;
}

#endif
