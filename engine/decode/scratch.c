/* Blocks of one size in a list that is walked again from its beginning after each reset. */
#include "decode/scratch.h"

#include "base/check.h"

#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4 * SCRATCH_PIECE_MAX };

struct scratch_block {
    struct scratch_block *next;
    uint64_t bytes[BLOCK_BYTES / sizeof(uint64_t)];
};

void *scratch_take(struct scratch *s, size_t size)
{
    CHECK(size <= SCRATCH_PIECE_MAX);
    size = (size + 7) & ~(size_t)7;
    if (!s->current || s->used + size > BLOCK_BYTES) {
        struct scratch_block **next = s->current ? &s->current->next : &s->first;
        if (!*next) {
            *next = xmalloc(sizeof **next);
            (*next)->next = NULL;
        }
        s->current = *next;
        s->used = 0;
    }
    void *piece = s->current->bytes + s->used / sizeof(uint64_t);
    s->used += size;
    return piece;
}

void scratch_reset(struct scratch *s)
{
    s->current = s->first;
    s->used = 0;
}

void scratch_free(struct scratch *s)
{
    while (s->first) {
        struct scratch_block *block = s->first;
        s->first = block->next;
        free(block);
    }
    *s = (struct scratch){0};
}
