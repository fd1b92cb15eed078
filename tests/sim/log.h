/* A log in memory that stands for Kafka: input partitions, the engine's own topics, and transactions that may fail in
 * each of the ways that Kafka's do.  It outlives the engines that write it: a crash is an engine destroyed between
 * two steps, and the next one begins with what was committed.
 *
 * It is also a witness: it notes what no engine may do (write after it was told that it is fenced, change a cut
 * between two attempts) and what really happened, for the model to judge by.
 *
 * Threads: the clients' polls of different workers at once, one thread for the rest (sink/store.h, source/source.h).
 */
#ifndef GW_SIM_LOG_H
#define GW_SIM_LOG_H

#include "sink/store.h"
#include "source/source.h"

struct log_entry { /* of the engine's topics */
    enum store_topic topic;
    struct str key, value; /* value.at == NULL: deleted */
    uint64_t commit;       /* of which transaction: 1, 2, ... */
};

struct input_record {
    int64_t offset; /* may leave gaps, as Kafka's transaction markers do */
    char *bytes;    /* padded */
    size_t len;
    int64_t stamped_ms;
    int tag; /* the caller's */
};

struct input {
    struct source_partition partition;
    struct input_record *records;
    size_t count, capacity;
    int64_t end; /* next offset */
    bool lost;   /* without a leader */
};

enum commit_fault {
    COMMIT_GOOD,
    COMMIT_ABORTED,     /* nothing written, and known so: STORE_RETRY */
    COMMIT_LOST_BEFORE, /* nothing written, outcome unknown: STORE_LOST */
    COMMIT_LOST_AFTER,  /* written, the acknowledgement lost: STORE_LOST */
};

struct memory_log {
    struct input *inputs;
    struct source_partition *partitions; /* of the inputs, as the engine sees them */
    size_t input_count;
    struct log_entry *entries;
    size_t entry_count, entry_capacity;
    uint64_t commits;
    int64_t now_ms; /* the caller's: what it appends is stamped with; 0: it is not */
    uint64_t epoch; /* of the newest leader */
    enum commit_fault next_fault;
    const char *violation; /* what a client did that none may; NULL: nothing */
};

struct memory_log *memory_log_create(const struct source_partition *, size_t count); /* copies; names are borrowed */
void memory_log_destroy(struct memory_log **);
/* Copies the bytes; `gap` offsets are left out before it. */
void memory_log_append(struct memory_log *, uint32_t partition, const char *bytes, size_t len, int64_t gap, int tag);

/* One engine's connection: its place in the topics, its claim to lead. */
struct log_client;

struct log_client *log_client_create(struct memory_log *);
void log_client_destroy(struct log_client **);
struct store log_client_store(struct log_client *);
struct source log_client_source(struct log_client *);

void log_client_fetch(struct log_client *,
                      size_t most);                  /* a poll hands over at most so many; 0: nothing has come yet */
/* It only looks: it leads without fencing anybody, and what it would commit is not written. */
void log_client_look(struct log_client *);
/* The first thing that it would have told anybody, a heartbeat aside; NULL: nothing. */
const char *log_client_withheld(const struct log_client *);
bool log_client_retrying(const struct log_client *); /* its last commit was aborted */
bool log_client_leads(const struct log_client *);
/* what the engine was told of a partition, batches that are still open aside: how many of its records, and what last */
size_t log_client_handed(const struct log_client *, uint32_t partition, enum record_kind *last);

#endif
