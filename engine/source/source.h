/* Where records come from.  A source hands each worker batches of the partitions that are the worker's own
 * (partition number modulo workers), in the order of their offsets, and says when a partition was read to its end:
 * that, not silence, is what lets the watermark pass it.
 *
 * Threads: start, partitions and destroy from the thread that owns the source; poll and release of one worker
 * from one thread at a time, of different workers at once. */
#ifndef GW_SOURCE_SOURCE_H
#define GW_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
    RECORD_DATA,
    RECORD_AT_END,   /* the partition has been read to its end; `offset` is the next one to come */
    RECORD_FINISHED, /* a file's end: nothing will ever follow; `offset` as above */
    RECORD_LOST,     /* the partition is out of reach (no leader, say): it may hold anything, so it is not idle */
};

struct record {
    enum record_kind kind;
    uint32_t partition; /* the source's number */
    int64_t offset;     /* for files the line number, from 0 */
    const void *bytes;  /* NULL: a record without a value (a tombstone) */
    size_t len;
    bool padded;        /* DECODE_PADDING bytes after it may be read */
    int64_t stamped_ms; /* when it came into its topic, as that says; 0: not known */
    int64_t skipped;    /* offsets missing before this one, other than control records: should stay 0 */
};

struct source_partition {
    unsigned source;  /* catalogue number */
    const char *name; /* topic or path */
    int32_t number;   /* within it */
};

struct source_ops {
    /* all partitions, numbered 0..count-1; borrowed, stable until destroy */
    const struct source_partition *(*partitions)(void *context, size_t *count);
    /* offsets[i]: where to read partition i from; -1: from its beginning.  false: it can't be (logged). */
    bool (*start)(void *context, const int64_t *offsets, unsigned workers);
    /* Waits up to timeout_ms for the first record, then takes what is there, up to max.  0: nothing came. */
    size_t (*poll)(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms);
    /* gives back the memory of the batch that poll returned last; called before the next poll */
    void (*release)(void *context, unsigned worker);
    /* The partition was read up to an event of that time, seconds: who gets too far ahead is let wait (pace.h).  By the
     * partition's worker; NULL: it reads at no pace. */
    void (*came)(void *context, uint32_t partition, int64_t time_s);
    void (*destroy)(void *context);
};

struct source {
    const struct source_ops *ops;
    void *context;
};

#endif
