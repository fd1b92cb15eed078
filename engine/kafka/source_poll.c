/* What a worker does with its partitions' queues.
 *
 * It looks at the queues in turn and sleeps on its eventfd only after it has found all of them empty; librdkafka
 * writes to that whenever an empty queue gains something, so no wake-up is missed.  Callbacks (statistics, errors)
 * are served by whichever worker comes by, ten times a second.
 *
 * One that is far ahead of others with a backlog is not looked at (source/pace.h).
 *
 * skipped: where retention has removed what the engine has not read, librdkafka goes on at the beginning, and the
 * broker's first offset, which comes with every fetch, says how much is gone.  Other gaps mean nothing: offsets are
 * taken by the control records and aborted records of transactions, too, and freed by compaction.
 *
 * librdkafka before 2.2 that holds enough of every partition of a broker looks again after a second, or when that broker or
 * somebody asks something of it; that its queues are empty by then does not wake it.  Whoever reads faster than that would stand
 * still for most of the time while catching up.  A worker that has emptied what was full and finds nothing for some
 * milliseconds asks for one of its partitions anew (STARVED_MS), which wakes it.  Only where a queue was full: where the
 * network is what is slow, an answer on its way would be thrown away for nothing.
 *
 * RECORD_LOST: librdkafka tells the end of a partition only once per offset.  So a partition that comes back is
 * sought to where it is, which makes librdkafka fetch and say anew: either data or the end. */
#include "kafka/source_priv.h"

#include "base/check.h"
#include "decode/decode.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SERVE_EVERY_MS = 100,
    RECHECK_EVERY_MS = 5000,
    BYTES_A_POLL = 256 << 10, /* so that a batch stays in the processor's cache */
    BYTES_ROOM = BYTES_A_POLL + (64 << 10),
    LIVE_LAG = 64,  /* records: no backlog, but what comes just now, control records among it */
    WAITING_MS = 1, /* before one that waits for others is looked at again */
    STARVED_MS = 4, /* longer than the next answer takes where one is on its way */
};

static void serve_callbacks(struct kafka_source *s)
{
    int64_t now = client_now_ms();
    if (now < atomic_load(&s->serve_ms) || pthread_mutex_trylock(&s->serving) != 0)
        return;
    atomic_store(&s->serve_ms, now + SERVE_EVERY_MS);
    rd_kafka_poll(s->client.rk, 0);
    pthread_mutex_unlock(&s->serving);
}

static void seek_to_itself(struct kafka_source *s, size_t index)
{
    const struct source_partition *named = &s->named[index];
    int64_t next = atomic_load(&s->partitions[index].next);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, named->name, named->number)->offset =
        next < 0 ? RD_KAFKA_OFFSET_BEGINNING : next;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(s->client.rk, list, 0);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
}

/* A partition's change of reach; true if it makes a record.  What is still queued comes before the loss. */
static bool take_reach(struct kafka_source *s, size_t index, struct record *record)
{
    struct partition *p = &s->partitions[index];
    bool lost = atomic_load(&s->lost[index]) && atomic_load(&s->watching);
    if (lost == p->told_lost || rd_kafka_queue_length(p->queue) > 0)
        return false;
    int64_t now = client_now_ms();
    if (!lost) {
        if (now >= p->recheck_ms)
            seek_to_itself(s, index);
        p->recheck_ms = now >= p->recheck_ms ? now + RECHECK_EVERY_MS : p->recheck_ms;
        return false;
    }
    p->told_lost = true;
    p->recheck_ms = 0;
    *record = (struct record){.kind = RECORD_LOST, .partition = (uint32_t)index, .offset = atomic_load(&p->next)};
    return true;
}

/* how many offsets before `offset` retention has taken; speaks of it, and of a topic that begins anew */
static int64_t offsets_skipped(const struct kafka_source *s, size_t index, int64_t offset)
{
    const struct source_partition *named = &s->named[index];
    int64_t next = atomic_load(&s->partitions[index].next), low, high;
    if (next < 0 || offset == next)
        return 0;
    if (offset < next) {
        log_line(LOG_ERROR, "kafka",
                 "%s/%d: offset %lld follows %lld: the topic was made anew or cut; reading all of it again",
                 named->name, named->number, (long long)offset, (long long)(next - 1));
        return 0;
    }
    if (rd_kafka_get_watermark_offsets(s->client.rk, named->name, named->number, &low, &high) || low <= next)
        return 0;
    int64_t skipped = (low < offset ? low : offset) - next;
    log_line(LOG_ERROR, "kafka",
             "%s/%d: the topic's retention removed %lld offsets, from %lld on, before they were read", named->name,
             named->number, (long long)skipped, (long long)next);
    return skipped;
}

static bool take_fault(struct kafka_source *s, size_t index, const rd_kafka_message_t *m, struct record *record)
{
    struct partition *p = &s->partitions[index];
    if (log_condition_set(&p->faulty, true))
        log_line(LOG_ERROR, "kafka", "%s/%d cannot be read: %s", s->named[index].name, s->named[index].number,
                 rd_kafka_message_errstr(m));
    if (p->told_lost)
        return false;
    p->told_lost = true;
    p->recheck_ms = client_now_ms() + RECHECK_EVERY_MS;
    *record = (struct record){.kind = RECORD_LOST, .partition = (uint32_t)index, .offset = atomic_load(&p->next)};
    return true;
}

static bool take_message(struct kafka_source *s, size_t index, const rd_kafka_message_t *m, struct record *record)
{
    struct partition *p = &s->partitions[index];
    bool at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (m->err && !at_end)
        return take_fault(s, index, m, record);
    *record = (struct record){
        .kind = at_end ? RECORD_AT_END : RECORD_DATA,
        .partition = (uint32_t)index,
        .offset = m->offset,
        .skipped = offsets_skipped(s, index, m->offset),
    };
    atomic_store_explicit(&p->next, at_end ? m->offset : m->offset + 1, memory_order_release);
    p->told_lost = false;
    log_condition_set(&p->faulty, false);
    return true;
}

/* one poll of one partition's queue */
struct taking {
    struct kafka_source *source;
    struct worker *worker;
    size_t index;
    struct record *records;
    size_t count, max, bytes;
};

static char *room_for(struct worker *w, size_t len)
{
    size_t padded = (len + DECODE_PADDING + 7) & ~(size_t)7;
    if (!w->bytes)
        w->bytes = xmalloc(BYTES_ROOM);
    if (w->used + padded <= BYTES_ROOM) {
        char *at = w->bytes + w->used;
        w->used += padded;
        return at;
    }
    w->large = xrealloc(w->large, (w->large_count + 1) * sizeof *w->large);
    return w->large[w->large_count++] = xmalloc(padded);
}

/* The message's own memory is librdkafka's again when this returns.  Copying it costs less than keeping it would: the
 * calls that let messages be kept take a lock for each, and the decoder wants padding. */
static void copy(struct worker *w, const rd_kafka_message_t *m, struct record *record)
{
    char *at = room_for(w, m->len);
    memcpy(at, m->payload, m->len);
    memset(at + m->len, 0, DECODE_PADDING);
    record->bytes = at;
    record->len = m->len;
    record->padded = true;
}

static int64_t stamp_of(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t stamp = rd_kafka_message_timestamp(m, &type);
    return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || stamp < 0 ? 0 : stamp;
}

static void on_message(rd_kafka_message_t *m, void *arg)
{
    struct taking *t = arg;
    struct record *record = &t->records[t->count];
    if (!take_message(t->source, t->index, m, record))
        return;
    if (record->kind == RECORD_DATA)
        record->stamped_ms = stamp_of(m);
    t->bytes += m->len;
    if (record->kind == RECORD_DATA && m->payload)
        copy(t->worker, m, record);
    if (++t->count == t->max || t->worker->used > BYTES_A_POLL || t->worker->large_count)
        rd_kafka_yield(t->source->client.rk);
}

/* up to max records of one partition */
static size_t take_queue(struct kafka_source *s, struct worker *w, size_t index, struct record *records, size_t max)
{
    struct partition *p = &s->partitions[index];
    struct taking t = {s, w, index, records, take_reach(s, index, records), max, 0};
    bool full = t.count == max || w->used > BYTES_A_POLL || w->large_count;
    size_t queued = full ? 0 : rd_kafka_queue_length(p->queue);
    if (queued == 0)
        return t.count;
    w->sated = w->sated || queued * p->mean >= s->prefetched / 2;
    rd_kafka_consume_callback_queue(p->queue, 0, on_message, &t);
    if (t.count)
        p->mean = t.bytes / t.count;
    return t.count;
}

static bool has_backlog(void *arg, size_t index)
{
    const struct kafka_source *s = arg;
    return !atomic_load(&s->lost[index]) &&
           (source_lag(s, index) > LIVE_LAG || rd_kafka_queue_length(s->partitions[index].queue) > LIVE_LAG);
}

void source_came(void *context, uint32_t partition, int64_t time_s)
{
    pace_came(((struct kafka_source *)context)->pace, partition, time_s, client_now_ms());
}

/* *waiting: some that are ahead were passed over */
static size_t take_all(struct kafka_source *s, unsigned number, struct record *records, size_t max, bool *waiting)
{
    struct worker *w = &s->workers[number];
    size_t own = (s->count + s->worker_count - 1 - number) / s->worker_count, count = 0;
    for (size_t i = 0; i < own && count < max; i++) {
        size_t index = number + (w->begin + i) % own * s->worker_count;
        if (pace_waits(s->pace, index)) {
            *waiting = true;
            continue;
        }
        count += take_queue(s, w, index, records + count, max - count);
    }
    w->begin = own ? (w->begin + 1) % own : 0;
    return count;
}

/* nothing was found; true: that may be for librdkafka's sake, and should be looked at again soon */
static bool starves(struct kafka_source *s, unsigned number)
{
    struct worker *w = &s->workers[number];
    int64_t now = client_now_ms();
    if (!w->sated)
        return false;
    if (w->starved_ms == 0)
        w->starved_ms = now;
    if (now - w->starved_ms < STARVED_MS)
        return true;
    w->sated = false;
    for (size_t i = number; i < s->count; i += s->worker_count)
        if (rd_kafka_queue_length(s->partitions[i].queue) == 0 && has_backlog(s, i)) {
            seek_to_itself(s, i);
            break;
        }
    return false;
}

size_t source_poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct kafka_source *s = context;
    struct worker *w = &s->workers[worker];
    int64_t deadline = client_now_ms() + timeout_ms;
    CHECK(w->used == 0 && w->large_count == 0 && max > 0);
    for (;;) {
        bool waiting = false;
        serve_callbacks(s);
        pace_look(s->pace, client_now_ms(), has_backlog, s);
        size_t count = take_all(s, worker, records, max, &waiting);
        int left = client_left_ms(deadline);
        if (count)
            w->starved_ms = 0;
        if (count || left == 0)
            return count;
        struct pollfd wake = {.fd = w->wake, .events = POLLIN};
        int most = starves(s, worker) || waiting ? WAITING_MS : SERVE_EVERY_MS;
        int ready = poll(&wake, 1, left < most ? left : most);
        if (ready < 0)
            return 0; /* a signal: the caller may want to stop */
        uint64_t ignored;
        if (ready > 0 && read(w->wake, &ignored, sizeof ignored) < 0)
            continue; /* nothing to clear */
    }
}

void source_release(void *context, unsigned worker)
{
    struct worker *w = &((struct kafka_source *)context)->workers[worker];
    for (size_t i = 0; i < w->large_count; i++)
        free(w->large[i]);
    w->used = w->large_count = 0;
}
