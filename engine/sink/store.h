/* The log that stands behind the engine: what it publishes and what it recovers from, written in one atomic step
 * per cut.  Kafka (one transaction), a directory or the console (not durable), memory (tests, simulation).
 *
 * Threads: one thread at a time; the committer's once the engine runs. */
#ifndef GW_SINK_STORE_H
#define GW_SINK_STORE_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name in the configuration; whether the engine reads it back */
#define STORE_TOPIC_TABLE(X)                                                                                           \
    X(ALERTS, "alerts")           /* revisions and heartbeats */                                                       \
    X(INCIDENTS, "incidents")     /* alerts that are one dispute, as one */                                            \
    X(DEAD_LETTER, "dead-letter") /* refused records: reason, origin, place */                                         \
    X(LATE, "late")               /* events older than the ledger's floor */                                           \
    X(LEDGER, "ledger")           /* facts */                                                                          \
    X(READINGS, "readings")       /* facts of sensors */                                                               \
    X(STATE, "state")             /* by key, the newest counts; an empty value deletes */

enum store_topic {
#define X(name, word) STORE_##name,
    STORE_TOPIC_TABLE(X)
#undef X
        STORE_TOPICS
};

const char *store_topic_word(enum store_topic);

struct store_header {
    const char *name;
    struct str value;
};

enum { STORE_HEADERS_MAX = 7, STORE_RECORD_MAX = 512 * 1024 };

struct store_record {
    enum store_topic topic;
    struct str key, value; /* key may be empty; value.at == NULL deletes (STATE) */
    struct store_header headers[STORE_HEADERS_MAX];
    unsigned header_count;
};

enum store_result {
    STORE_OK,
    STORE_RETRY, /* not committed, and known not to be: hand over the very same cut again */
    STORE_LOST,  /* fenced, fatal or not known: this engine must be rebuilt from the log */
};

/* one recovered record; return false to stop */
typedef bool store_handler(void *arg, enum store_topic, struct str key, struct str value);

struct store_ops {
    /* Hands over what was committed to LEDGER, READINGS and STATE since the last call (read_committed).  *at_end:
     * everything that was committed when the call began has been handed over.  Waits up to timeout_ms. */
    enum store_result (*follow)(void *context, store_handler *, void *arg, int timeout_ms, bool *at_end);
    /* Become the one writer: fences whoever was.  Then follow() to the end once more before the first commit. */
    enum store_result (*lead)(void *context);
    /* All of it or nothing.  `progress` (count of them) are the input offsets by source partition, only for lag
     * displays: the truth is in STATE.  May block and retry inside for as long as the outcome stays open. */
    enum store_result (*commit)(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count);
    void (*destroy)(void *context);
};

/* One record of STATE into what the topic holds by then: key → value, both texts. */
void store_state_take(json_t *state, struct str key, struct str value);

/* `follow` and `lead` of a store that keeps nothing: there is nothing to read back, and nobody to fence off. */
enum store_result store_follow_nothing(void *context, store_handler *, void *arg, int timeout_ms, bool *at_end);
enum store_result store_lead_alone(void *context);

struct store {
    const struct store_ops *ops;
    void *context;
};

#endif
