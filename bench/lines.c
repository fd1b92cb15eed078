#include "lines.h"

#include "base/check.h"
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS_MAX = 16 };

struct lines {
    char *text;
    size_t *start; /* of each line and, last, of what follows the last one */
    size_t count;
    unsigned partitions, workers;
    struct source_partition named[PARTITIONS_MAX];
    size_t next[PARTITIONS_MAX]; /* line; each partition's are `partitions` apart */
    bool at_end[PARTITIONS_MAX];
};

static char *read_whole(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    long size = ftell(file);
    rewind(file);
    char *text = xcalloc((size_t)size + DECODE_PADDING, 1);
    *len = fread(text, 1, (size_t)size, file);
    fclose(file);
    return text;
}

struct lines *lines_read(const char *path, unsigned partitions)
{
    struct lines *l = xcalloc(1, sizeof *l);
    CHECK(partitions && partitions <= PARTITIONS_MAX);
    l->partitions = partitions;
    size_t len, room = 0;
    l->text = read_whole(path, &len);
    for (size_t at = 0; at < len; l->count++) {
        if (l->count + 2 > room)
            l->start = xrealloc(l->start, (room = room * 2 + 1024) * sizeof *l->start);
        l->start[l->count] = at;
        const char *end = memchr(l->text + at, '\n', len - at);
        at = end ? (size_t)(end - l->text) + 1 : len + 1;
        l->start[l->count + 1] = at;
    }
    for (unsigned p = 0; p < partitions; p++)
        l->named[p] = (struct source_partition){.source = 0, .name = path, .number = (int32_t)p};
    return l;
}

void lines_destroy(struct lines **pointer)
{
    struct lines *l = *pointer;
    if (!l)
        return;
    free(l->text);
    free(l->start);
    free(l);
    *pointer = NULL;
}

size_t lines_count(const struct lines *l)
{
    return l->count;
}

struct record lines_record(const struct lines *l, size_t number)
{
    return (struct record){.kind = RECORD_DATA,
                           .partition = (uint32_t)(number % l->partitions),
                           .offset = (int64_t)(number / l->partitions),
                           .bytes = l->text + l->start[number],
                           .len = l->start[number + 1] - l->start[number] - 1,
                           .padded = true};
}

static const struct source_partition *partitions(void *context, size_t *count)
{
    struct lines *l = context;
    *count = l->partitions;
    return l->named;
}

static bool start(void *context, const int64_t *offsets, unsigned workers)
{
    struct lines *l = context;
    (void)offsets;
    l->workers = workers;
    for (unsigned p = 0; p < l->partitions; p++) {
        l->next[p] = p;
        l->at_end[p] = false;
    }
    return true;
}

static size_t poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct lines *l = context;
    (void)timeout_ms;
    size_t taken = 0, before;
    do {
        before = taken;
        for (unsigned p = worker; p < l->partitions && taken < max; p += l->workers) {
            if (l->next[p] < l->count) {
                records[taken++] = lines_record(l, l->next[p]);
                l->next[p] += l->partitions;
            } else if (!l->at_end[p]) {
                l->at_end[p] = true;
                records[taken++] = (struct record){
                    .kind = RECORD_AT_END, .partition = p, .offset = (int64_t)(l->next[p] / l->partitions)};
            }
        }
    } while (taken > before && taken < max);
    return taken;
}

static void release(void *context, unsigned worker)
{
    (void)context;
    (void)worker;
}

static void destroy(void *context)
{
    (void)context;
}

struct source lines_source(struct lines *l)
{
    static const struct source_ops ops = {partitions, start, poll, release, NULL, destroy};
    return (struct source){&ops, l};
}

static enum store_result commit(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count)
{
    (void)context;
    (void)records;
    (void)count;
    (void)progress;
    (void)progress_count;
    return STORE_OK;
}

struct store lines_sink(void)
{
    static const struct store_ops ops = {store_follow_nothing, store_lead_alone, commit, destroy};
    return (struct store){&ops, NULL};
}
