/* The Kafka store's two halves: the transactional producer (store.c) and the reader of what was committed
 * (follow.c), which also carries the offsets for lag displays to the group. */
#ifndef GW_KAFKA_STORE_PRIV_H
#define GW_KAFKA_STORE_PRIV_H

#include "kafka/client.h"
#include "sink/store.h"
#include "source/source.h"

enum { FOLLOWED = 3 }; /* LEDGER, READINGS, STATE: partition 0 of each, the only one */

struct follower {
    struct client client;
    const struct config *config;
    bool assigned;
    int64_t next[FOLLOWED]; /* offset after what was handed over or skipped; -1: the beginning */
    bool at_eof[FOLLOWED];
    const struct source_partition *partitions; /* the source's */
    size_t partition_count;
    unsigned progress_in_flight;
    struct log_condition faulty, progress_refused;
};

bool follower_open(struct follower *, const struct config *, const struct source_partition *, size_t count);
enum store_result follower_follow(struct follower *, store_handler *, void *arg, int timeout_ms, bool *at_end);
/* stops fetching, which a leader's own writes would otherwise come back by */
void follower_rest(struct follower *);
/* tells the group, without waiting */
void follower_progress(struct follower *, const int64_t *progress, size_t count);
void follower_close(struct follower *);

#endif
