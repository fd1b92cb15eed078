#include "ledger/pieces.h"

#include "base/check.h"
#include "base/pages.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    PIECES_FIRST = 4, /* of a ledger that stays small */
    PIECES_A_CHUNK = 64,
};

struct chunk {
    char *memory;
    size_t bytes;
};

struct free_piece {
    struct free_piece *next;
};

struct pieces {
    size_t piece_bytes;
    pthread_mutex_t lock;
    struct free_piece *free;
    struct chunk *chunks;
    size_t chunk_count;
    char *fresh, *fresh_end; /* of the newest chunk, never given out yet */
};

struct pieces *pieces_create(size_t piece_bytes)
{
    struct pieces *p = xcalloc(1, sizeof *p);
    p->piece_bytes = piece_bytes;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void pieces_destroy(struct pieces **pointer)
{
    struct pieces *p = *pointer;
    if (!p)
        return;
    for (size_t i = 0; i < p->chunk_count; i++)
        pages_unmap(p->chunks[i].memory, p->chunks[i].bytes);
    free(p->chunks);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *pointer = NULL;
}

static void chunk_map(struct pieces *p)
{
    size_t bytes = p->piece_bytes * (size_t)(p->chunk_count ? PIECES_A_CHUNK : PIECES_FIRST);
    p->chunks = xrealloc(p->chunks, (p->chunk_count + 1) * sizeof *p->chunks);
    p->fresh = pages_map(bytes);
    p->fresh_end = p->fresh + bytes;
    p->chunks[p->chunk_count++] = (struct chunk){p->fresh, bytes};
}

void *pieces_take(struct pieces *p)
{
    pthread_mutex_lock(&p->lock);
    void *piece = p->free;
    if (piece) {
        p->free = p->free->next;
    } else {
        if (p->fresh == p->fresh_end)
            chunk_map(p);
        piece = p->fresh;
        p->fresh += p->piece_bytes;
    }
    pthread_mutex_unlock(&p->lock);
    return piece;
}

void pieces_give(struct pieces *p, void *memory)
{
    struct free_piece *piece = memory;
    pthread_mutex_lock(&p->lock);
    piece->next = p->free;
    p->free = piece;
    pthread_mutex_unlock(&p->lock);
}
