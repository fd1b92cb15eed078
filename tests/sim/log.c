#include "log.h"

#include "base/check.h"
#include "decode/decode.h"

#include <stdlib.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FOLLOW_MOST = 64 }; /* entries in one call, so that following takes several */

struct log_client {
    struct memory_log *log;
    size_t followed;
    uint64_t epoch; /* 0: has never led */
    bool lost, retrying, looking;
    char *withheld;
    XXH128_hash_t attempt; /* of the cut that was aborted */
    size_t *next;          /* by partition: its next record */
    bool *at_end, *told_lost;
    struct handed {        /* by partition: as of the last batch that is over */
        size_t count;
        enum record_kind last;
    } *handed;
    unsigned workers;
    size_t fetch;
};

/* ---- the log ---- */

struct memory_log *memory_log_create(const struct source_partition *partitions, size_t count)
{
    struct memory_log *log = xcalloc(1, sizeof *log);
    log->input_count = count;
    log->inputs = xcalloc(count, sizeof *log->inputs);
    log->partitions = xcalloc(count, sizeof *log->partitions);
    for (size_t i = 0; i < count; i++)
        log->partitions[i] = log->inputs[i].partition = partitions[i];
    return log;
}

void memory_log_destroy(struct memory_log **pointer)
{
    struct memory_log *log = *pointer;
    if (!log)
        return;
    for (size_t i = 0; i < log->input_count; i++) {
        for (size_t k = 0; k < log->inputs[i].count; k++)
            free(log->inputs[i].records[k].bytes);
        free(log->inputs[i].records);
    }
    for (size_t i = 0; i < log->entry_count; i++) {
        free((char *)(uintptr_t)log->entries[i].key.at);
        free((char *)(uintptr_t)log->entries[i].value.at);
    }
    free(log->inputs);
    free(log->partitions);
    free(log->entries);
    free(log);
    *pointer = NULL;
}

void memory_log_append(struct memory_log *log, uint32_t partition, const char *bytes, size_t len, int64_t gap,
                       int tag)
{
    struct input *input = &log->inputs[partition];
    if (input->count == input->capacity) {
        input->capacity = input->capacity ? input->capacity * 2 : 64;
        input->records = xrealloc(input->records, input->capacity * sizeof *input->records);
    }
    char *copy = xcalloc(1, len + DECODE_PADDING);
    memcpy(copy, bytes, len);
    input->records[input->count++] = (struct input_record){input->end + gap, copy, len, log->now_ms, tag};
    input->end += gap + 1;
}

/* ---- the store ---- */

static struct str keep(struct str text)
{
    return text.at ? (struct str){xstrndup(text.at, text.len), text.len} : text;
}

static void write_all(struct memory_log *log, const struct store_record *records, size_t count)
{
    log->commits++;
    if (log->entry_count + count > log->entry_capacity) {
        log->entry_capacity = (log->entry_count + count) * 2;
        log->entries = xrealloc(log->entries, log->entry_capacity * sizeof *log->entries);
    }
    for (size_t i = 0; i < count; i++)
        log->entries[log->entry_count++] =
            (struct log_entry){records[i].topic, keep(records[i].key), keep(records[i].value), log->commits};
}

static XXH128_hash_t fingerprint(const struct store_record *records, size_t count)
{
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    for (size_t i = 0; i < count; i++) {
        XXH3_128bits_update(&state, &records[i].topic, sizeof records[i].topic);
        XXH3_128bits_update(&state, &records[i].key.len, sizeof records[i].key.len);
        XXH3_128bits_update(&state, records[i].key.at, records[i].key.len);
        XXH3_128bits_update(&state, &records[i].value.len, sizeof records[i].value.len);
        XXH3_128bits_update(&state, records[i].value.at, records[i].value.len);
    }
    return XXH3_128bits_digest(&state);
}

static void withhold(struct log_client *c, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count && !c->withheld; i++) {
        bool told = records[i].topic == STORE_ALERTS || records[i].topic == STORE_INCIDENTS;
        if (told && !str_eq(records[i].key, STR("heartbeat")))
            c->withheld = xstrndup(records[i].value.at, records[i].value.len);
    }
}

static enum store_result commit(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count)
{
    struct log_client *c = context;
    struct memory_log *log = c->log;
    (void)progress;
    if (c->looking) {
        withhold(c, records, count);
        return STORE_RETRY;
    }
    if (progress_count != log->input_count)
        log->violation = "a commit does not name every partition";
    if (c->lost)
        log->violation = "an engine went on committing after it had lost the store";
    XXH128_hash_t now = fingerprint(records, count);
    if (c->retrying && !XXH128_isEqual(now, c->attempt))
        log->violation = "a cut changed between two attempts to commit it";
    if (!c->epoch || c->epoch != log->epoch) {
        c->lost = true; /* fenced */
        return STORE_LOST;
    }
    enum commit_fault fault = log->next_fault;
    log->next_fault = COMMIT_GOOD;
    c->retrying = fault == COMMIT_ABORTED;
    c->attempt = now;
    if (fault == COMMIT_GOOD || fault == COMMIT_LOST_AFTER)
        write_all(log, records, count);
    c->lost = fault == COMMIT_LOST_BEFORE || fault == COMMIT_LOST_AFTER;
    return c->lost ? STORE_LOST : c->retrying ? STORE_RETRY : STORE_OK;
}

static enum store_result follow(void *context, store_handler *handle, void *arg, int timeout_ms, bool *at_end)
{
    struct log_client *c = context;
    (void)timeout_ms;
    for (unsigned i = 0; i < FOLLOW_MOST && c->followed < c->log->entry_count; i++) {
        const struct log_entry *e = &c->log->entries[c->followed++];
        bool read_back = e->topic == STORE_LEDGER || e->topic == STORE_READINGS || e->topic == STORE_STATE;
        if (read_back && !handle(arg, e->topic, e->key, e->value))
            break;
    }
    *at_end = c->followed == c->log->entry_count;
    return STORE_OK;
}

static enum store_result lead(void *context)
{
    struct log_client *c = context;
    if (!c->looking)
        c->epoch = ++c->log->epoch;
    return STORE_OK;
}

static void nothing(void *context)
{
    (void)context; /* the client is destroyed by who made it */
}

static const struct store_ops store_ops = {follow, lead, commit, nothing};

/* ---- the source ---- */

static const struct source_partition *partitions(void *context, size_t *count)
{
    const struct log_client *c = context;
    *count = c->log->input_count;
    return c->log->partitions;
}

static bool start(void *context, const int64_t *offsets, unsigned workers)
{
    struct log_client *c = context;
    c->workers = workers;
    for (size_t i = 0; i < c->log->input_count; i++) {
        const struct input *input = &c->log->inputs[i];
        c->next[i] = 0;
        while (c->next[i] < input->count && input->records[c->next[i]].offset < offsets[i])
            c->next[i]++;
        c->handed[i] = (struct handed){c->next[i], RECORD_DATA};
    }
    return true;
}

static size_t poll_partition(struct log_client *c, uint32_t number, struct record *records, size_t most)
{
    const struct input *input = &c->log->inputs[number];
    if (most == 0 || (input->lost && c->told_lost[number]))
        return 0;
    if (input->lost) {
        c->told_lost[number] = true;
        records[0] = (struct record){.kind = RECORD_LOST, .partition = number, .offset = -1};
        return 1;
    }
    if (c->told_lost[number]) {
        c->told_lost[number] = false;
        c->at_end[number] = false; /* the end is told again after the leader is back */
    }
    size_t taken = 0;
    for (; taken < most && c->next[number] < input->count; taken++) {
        const struct input_record *r = &input->records[c->next[number]++];
        c->at_end[number] = false;
        records[taken] = (struct record){.kind = RECORD_DATA,
                                         .partition = number,
                                         .offset = r->offset,
                                         .bytes = r->bytes,
                                         .len = r->len,
                                         .stamped_ms = r->stamped_ms,
                                         .padded = true};
    }
    if (taken < most && !c->at_end[number]) {
        c->at_end[number] = true;
        records[taken++] = (struct record){.kind = RECORD_AT_END, .partition = number, .offset = input->end};
    }
    return taken;
}

static size_t poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct log_client *c = context;
    size_t most = c->fetch < max ? c->fetch : max, taken = 0;
    for (uint32_t p = worker; p < c->log->input_count; p += c->workers)
        taken += poll_partition(c, p, records + taken, most - taken);
    if (taken == 0 && timeout_ms > 0) /* with threads */
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return taken;
}

static void note_handed(struct log_client *c, uint32_t partition)
{
    enum record_kind last = c->told_lost[partition] ? RECORD_LOST : c->at_end[partition] ? RECORD_AT_END : RECORD_DATA;
    c->handed[partition] = (struct handed){c->next[partition], last};
}

static void release(void *context, unsigned worker)
{
    struct log_client *c = context;
    for (uint32_t p = worker; p < c->log->input_count; p += c->workers)
        note_handed(c, p);
}

static const struct source_ops source_ops = {partitions, start, poll, release, NULL, nothing};

/* ---- clients ---- */

struct log_client *log_client_create(struct memory_log *log)
{
    struct log_client *c = xcalloc(1, sizeof *c);
    c->log = log;
    c->next = xcalloc(log->input_count, sizeof *c->next);
    c->at_end = xcalloc(log->input_count, sizeof *c->at_end);
    c->told_lost = xcalloc(log->input_count, sizeof *c->told_lost);
    c->handed = xcalloc(log->input_count, sizeof *c->handed);
    c->fetch = SIZE_MAX;
    return c;
}

void log_client_destroy(struct log_client **pointer)
{
    struct log_client *c = *pointer;
    if (!c)
        return;
    free(c->next);
    free(c->at_end);
    free(c->told_lost);
    free(c->handed);
    free(c->withheld);
    free(c);
    *pointer = NULL;
}

struct store log_client_store(struct log_client *c)
{
    return (struct store){&store_ops, c};
}

struct source log_client_source(struct log_client *c)
{
    return (struct source){&source_ops, c};
}

void log_client_fetch(struct log_client *c, size_t most)
{
    c->fetch = most;
}

void log_client_look(struct log_client *c)
{
    c->looking = true;
}

const char *log_client_withheld(const struct log_client *c)
{
    return c->withheld;
}

bool log_client_retrying(const struct log_client *c)
{
    return c->retrying;
}

bool log_client_leads(const struct log_client *c)
{
    return c->epoch && c->epoch == c->log->epoch;
}

size_t log_client_handed(const struct log_client *c, uint32_t partition, enum record_kind *last)
{
    *last = c->handed[partition].last;
    return c->handed[partition].count;
}
