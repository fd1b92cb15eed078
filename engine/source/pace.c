#include "source/pace.h"

#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { LOOK_EVERY_MS = 2, PATIENCE_MS = 2000 };

struct at {
    _Atomic int64_t time_s; /* INT64_MIN: nothing came yet */
    _Atomic int64_t advanced_ms;
};

struct pace {
    size_t count;
    _Atomic int64_t look_ms;
    _Atomic int64_t least_s; /* of those that have a backlog; INT64_MAX: none has */
    struct at at[];
};

struct pace *pace_create(size_t partitions)
{
    struct pace *p = xcalloc(1, sizeof *p + partitions * sizeof *p->at);
    p->count = partitions;
    atomic_init(&p->look_ms, INT64_MIN);
    atomic_init(&p->least_s, INT64_MAX);
    for (size_t i = 0; i < partitions; i++) {
        atomic_init(&p->at[i].time_s, INT64_MIN);
        atomic_init(&p->at[i].advanced_ms, INT64_MIN);
    }
    return p;
}

void pace_destroy(struct pace **pace)
{
    free(*pace);
    *pace = NULL;
}

/* a partition is one worker's */
void pace_came(struct pace *p, size_t partition, int64_t time_s, int64_t now_ms)
{
    struct at *at = &p->at[partition];
    if (time_s <= atomic_load_explicit(&at->time_s, memory_order_relaxed))
        return;
    atomic_store_explicit(&at->time_s, time_s, memory_order_relaxed);
    atomic_store_explicit(&at->advanced_ms, now_ms, memory_order_relaxed);
}

void pace_look(struct pace *p, int64_t now_ms, pace_backlog *backlog, void *arg)
{
    int64_t due = atomic_load_explicit(&p->look_ms, memory_order_relaxed), least = INT64_MAX;
    if (p->count < 2 || now_ms < due ||
        !atomic_compare_exchange_strong(&p->look_ms, &due, now_ms + LOOK_EVERY_MS))
        return;
    for (size_t i = 0; i < p->count; i++) {
        int64_t time = atomic_load_explicit(&p->at[i].time_s, memory_order_relaxed);
        int64_t since = atomic_load_explicit(&p->at[i].advanced_ms, memory_order_relaxed);
        if (since == INT64_MIN) { /* it begins now */
            atomic_store_explicit(&p->at[i].advanced_ms, now_ms, memory_order_relaxed);
            since = now_ms;
        }
        if (time < least && now_ms - since <= PATIENCE_MS && backlog(arg, i))
            least = time;
    }
    atomic_store_explicit(&p->least_s, least, memory_order_relaxed);
}

bool pace_waits(const struct pace *p, size_t partition)
{
    int64_t time = atomic_load_explicit(&p->at[partition].time_s, memory_order_relaxed);
    int64_t least = atomic_load_explicit(&p->least_s, memory_order_relaxed);
    return time != INT64_MIN && time > least && (least == INT64_MIN || time - least > PACE_LEAD_S);
}
