/* The Kafka source's insides, for source.c (its life) and source_poll.c (its work). */
#ifndef GW_KAFKA_SOURCE_PRIV_H
#define GW_KAFKA_SOURCE_PRIV_H

#include "kafka/client.h"
#include "source/pace.h"
#include "source/source.h"

#include <pthread.h>

struct partition {
    rd_kafka_queue_t *queue;
    _Atomic int64_t next; /* offset that follows what poll has returned; -1: nothing yet */
    bool told_lost;       /* RECORD_LOST was its last word */
    int64_t recheck_ms;   /* when to ask again for its end, once it is back */
    size_t mean;          /* bytes of a record, in the last batch */
    struct log_condition faulty;
};

struct worker {
    int wake;     /* eventfd: a queue has stopped being empty */
    size_t begin; /* which of its partitions comes first next time */
    char *bytes;  /* of the records that poll has returned, each with its padding; BYTES_ROOM */
    size_t used;
    void **large; /* records that found no room there, each by itself */
    size_t large_count;
    bool sated;            /* since it last starved, a queue held so much that librdkafka may have ceased to fetch */
    int64_t starved_ms;    /* since when its queues are empty; 0: they are not */
};

struct kafka_source {
    struct client client;
    struct source_partition *named;
    struct partition *partitions;
    size_t count;
    size_t prefetched; /* bytes that librdkafka holds of a partition before it ceases to fetch */
    struct worker *workers;
    unsigned worker_count;
    struct pace *pace;

    pthread_mutex_t serving; /* held by the worker that serves callbacks; guards what they alone use */
    _Atomic int64_t serve_ms;
    int64_t started_ms, lost_since_ms;
    struct log_condition some_lost, some_unread;
    atomic_bool watching; /* the first connections are made, so that `lost` means lost */
    atomic_bool *lost;
};

size_t source_poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms);
void source_release(void *context, unsigned worker);
void source_came(void *context, uint32_t partition, int64_t time_s);
/* records that the broker is known to hold and that poll has not returned; -1: not known */
int64_t source_lag(const struct kafka_source *, size_t partition);

#endif
