/* Everything that knows Kafka, behind the interfaces of source/source.h and sink/store.h: the engine proper never
 * sees librdkafka.  Each handle below owns its own client (connection threads and buffers), so that a slow
 * consumer, the transactional producer and the election cannot hold each other up.
 *
 * Every `const struct config *` must outlive what was made from it.  The user's librdkafka properties go to every
 * client; those the engine's correctness rests on can't be changed (kafka_properties_check says which). */
#ifndef GW_KAFKA_KAFKA_H
#define GW_KAFKA_KAFKA_H

#include "base/problem.h"
#include "base/str.h"
#include "config/config.h"
#include "sink/store.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Names and values of config->properties, without any I/O; problems are of `file` (the configuration).  false: some
 * were added. */
bool kafka_properties_check(const struct config *, const char *file, struct problems *);

/* Are the topics there, and do they keep what the engine's promises need?  With `create`, the engine's own are made
 * first where they are missing (inputs never are).  One line per fault to `complaints`, with what to do about it.
 * Waits up to ten seconds for a broker.  How many faults: 0 is good. */
unsigned kafka_topics_check(const struct config *, bool create, FILE *complaints);

/* All topics among config->sources.  false: it can't be (logged): no broker within 30 s, no such topic. */
bool kafka_source(const struct config *, struct source *);
/* Records that the broker held and that poll had not returned, when the broker was last heard; -1: not known.  Any
 * thread, no I/O. */
int64_t kafka_source_lag(const struct source *, size_t partition);

/* Transactions of the id config->group.  `partitions` are the source's, for the lag displays: borrowed until
 * destroy; may be none.  false: it can't be (logged). */
bool kafka_store(const struct config *, const struct source_partition *partitions, size_t count, struct store *);

/* Who may lead: one of the instances with the same config->group, chosen by the broker.  create, poll and destroy
 * from one thread; is_leader from any. */
struct election;
struct election *election_create(const struct config *); /* NULL: it can't be (logged) */
/* Takes part: call at least every few seconds.  Returns what election_is_leader says. */
bool election_poll(struct election *, int timeout_ms);
/* Once true it stays true: losing the election never stops a leader, being fenced does (STORE_LOST). */
bool election_is_leader(const struct election *);
/* leaves at once, so that a standby need not wait for a timeout */
void election_destroy(struct election **);

/* One record, acknowledged by all replicas, for people (gridwarn ack).  false: it was not written (logged). */
bool kafka_send(const struct config *, const char *topic, struct str key, struct str value);

/* Reading topics of the engine's for people (gridwarn tail), in the order of each partition.  One thread. */
struct kafka_tail;
enum { KAFKA_TAIL_END = -1, KAFKA_TAIL_BEGINNING = -2 };
struct kafka_tail_record {
    struct str key, value; /* until the next call; value.at == NULL: a tombstone */
    enum store_topic topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's or the producer's, by the topic's settings; -1: none */
};
enum kafka_tail_result {
    KAFKA_TAIL_RECORD,
    KAFKA_TAIL_TIMEOUT, /* nothing within timeout_ms; also when interrupted by a signal's handler */
    KAFKA_TAIL_AT_END,  /* every partition has been read to its end; more may come */
    KAFKA_TAIL_FAILED,  /* logged: no such topic, no permission */
};
/* `offset`: of the first record wanted in each partition, or one of the two above.  The configuration is borrowed until it
 * is closed.  NULL: it can't be (logged). */
struct kafka_tail *kafka_tail_open(const struct config *, enum store_topic, int64_t offset);
struct kafka_tail *kafka_tail_open_several(const struct config *, const enum store_topic *, size_t count, int64_t offset);
enum kafka_tail_result kafka_tail_next(struct kafka_tail *, struct kafka_tail_record *, int timeout_ms);
void kafka_tail_close(struct kafka_tail **);

#endif
