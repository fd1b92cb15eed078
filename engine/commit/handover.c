#include "commit/handover.h"

#include "base/check.h"

#include <stdlib.h>

void handover_ring_init(struct handover_ring *ring, size_t partition_count)
{
    memset(ring, 0, sizeof *ring);
    ring->partition_count = partition_count;
    for (int i = 0; i < HANDOVERS; i++)
        ring->slot[i].progress = xcalloc(partition_count + 1, sizeof *ring->slot[i].progress);
}

void handover_ring_clear(struct handover_ring *ring)
{
    for (int i = 0; i < HANDOVERS; i++) {
        struct handover *h = &ring->slot[i];
        free(h->facts);
        free(h->findings.all);
        free(h->next_findings.all);
        free(h->dispositions);
        free(h->silences);
        free(h->rejects);
        free(h->progress);
        buffer_free(&h->text);
    }
}

struct handover *handover_begin(struct handover_ring *ring)
{
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    /* acquire: the committer is done with the unit that this one was before */
    if (filled - atomic_load_explicit(&ring->taken, memory_order_acquire) == HANDOVERS)
        return NULL;
    struct handover *h = &ring->slot[filled % HANDOVERS];
    h->disposition_count = h->silence_count = 0;
    h->fact_count = h->findings.count = h->next_findings.count = h->reject_count = 0;
    h->text.len = 0;
    for (size_t i = 0; i < ring->partition_count; i++)
        h->progress[i] = (struct progress){.next_offset = -1, .newest = INT64_MIN, .state = RECORD_DATA};
    return h;
}

void handover_end(struct handover_ring *ring)
{
    uint64_t filled = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    atomic_store(&ring->filled, filled + 1); /* seq_cst: see wake() in shard.c */
}

struct handover *handover_take(struct handover_ring *ring)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load(&ring->filled))
        return NULL;
    return &ring->slot[taken % HANDOVERS];
}

void handover_release(struct handover_ring *ring)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
}

void handover_add_fact(struct handover *h, fact_ref fact)
{
    if (h->fact_count == h->fact_capacity) {
        h->fact_capacity = h->fact_capacity ? h->fact_capacity * 2 : 256;
        h->facts = xrealloc(h->facts, h->fact_capacity * sizeof *h->facts);
    }
    h->facts[h->fact_count++] = fact;
}

void handover_add_disposition(struct handover *h, const struct disposition *d)
{
    if (h->disposition_count == h->disposition_capacity) {
        h->disposition_capacity = h->disposition_capacity ? h->disposition_capacity * 2 : 16;
        h->dispositions = xrealloc(h->dispositions, h->disposition_capacity * sizeof *h->dispositions);
    }
    h->dispositions[h->disposition_count++] = *d;
}

void handover_add_silence(struct handover *h, const struct silence *silence)
{
    if (h->silence_count == h->silence_capacity) {
        h->silence_capacity = h->silence_capacity ? h->silence_capacity * 2 : 4;
        h->silences = xrealloc(h->silences, h->silence_capacity * sizeof *h->silences);
    }
    h->silences[h->silence_count++] = *silence;
}

struct reject *handover_add_reject(struct handover *h)
{
    if (h->reject_count == h->reject_capacity) {
        h->reject_capacity = h->reject_capacity ? h->reject_capacity * 2 : 16;
        h->rejects = xrealloc(h->rejects, h->reject_capacity * sizeof *h->rejects);
    }
    struct reject *r = &h->rejects[h->reject_count++];
    *r = (struct reject){0};
    return r;
}

uint32_t handover_add_text(struct handover *h, const void *text, size_t len)
{
    uint32_t at = (uint32_t)h->text.len;
    buffer_put(&h->text, text, len);
    return at;
}
