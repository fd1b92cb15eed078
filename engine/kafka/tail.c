/* Reading one of the engine's topics for people.  Its partitions are read side by side, so the order is that of each
 * partition only; the engine's own reader (follow.c) has other duties and is not this. */
#include "kafka/kafka.h"

#include "kafka/client.h"

#include "base/check.h"

#include <stdlib.h>

enum { BROKER_WAIT_MS = 10000 };

struct kafka_tail {
    struct client client;
    rd_kafka_message_t *held; /* the record given out last */
    int32_t count;
    bool *at_end;
    bool told_end;
};

static bool open_client(struct kafka_tail *t, const struct config *config)
{
    static const struct client_property defaults[] = {{"fetch.wait.max.ms", "100"}, {NULL, NULL}};
    const struct client_property fixed[] = {
        {"group.id", config->group}, /* never joined, but assign() asks for one */
        {"enable.auto.commit", "false"},       {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
        {"auto.offset.reset", "earliest"},     {NULL, NULL},
    };
    return client_open(&t->client, RD_KAFKA_CONSUMER, "tail", config, defaults, fixed);
}

static bool assign(struct kafka_tail *t, const char *topic, int64_t offset)
{
    rd_kafka_resp_err_t why;
    t->count = client_partitions(&t->client, topic, BROKER_WAIT_MS, &why);
    if (t->count > 0) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(t->count);
        for (int32_t i = 0; i < t->count; i++)
            rd_kafka_topic_partition_list_add(list, topic, i)->offset = offset;
        t->at_end = xcalloc((size_t)t->count, sizeof *t->at_end);
        rd_kafka_poll_set_consumer(t->client.rk);
        why = rd_kafka_assign(t->client.rk, list);
        rd_kafka_topic_partition_list_destroy(list);
    }
    if (why)
        log_line(LOG_ERROR, "kafka", "topic '%s' cannot be read: %s", topic,
                 t->client.fault ? t->client.fault_text : rd_kafka_err2str(why));
    return !why;
}

struct kafka_tail *kafka_tail_open(const struct config *config, enum store_topic topic, int64_t offset)
{
    struct kafka_tail *t = xcalloc(1, sizeof *t);
    int64_t from = offset == KAFKA_TAIL_END         ? RD_KAFKA_OFFSET_END
                   : offset == KAFKA_TAIL_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING
                                                    : offset;
    if (!open_client(t, config) || !assign(t, config->topic[topic], from))
        kafka_tail_close(&t);
    return t;
}

static bool all_at_end(const struct kafka_tail *t)
{
    for (int32_t i = 0; i < t->count; i++)
        if (!t->at_end[i])
            return false;
    return true;
}

static void fill(struct kafka_tail_record *record, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(m, &type);
    *record = (struct kafka_tail_record){
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
    };
}

static enum kafka_tail_result take(struct kafka_tail *t, struct kafka_tail_record *record)
{
    const rd_kafka_message_t *m = t->held;
    bool known = m->partition >= 0 && m->partition < t->count;
    if (!m->err && known) {
        client_reached(&t->client);
        t->at_end[m->partition] = false;
        t->told_end = false;
        fill(record, m);
        return KAFKA_TAIL_RECORD;
    }
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && known) {
        t->at_end[m->partition] = true;
        return KAFKA_TAIL_TIMEOUT;
    }
    log_line(LOG_ERROR, "kafka", "tail: %s", rd_kafka_message_errstr(m));
    return KAFKA_TAIL_FAILED;
}

enum kafka_tail_result kafka_tail_next(struct kafka_tail *t, struct kafka_tail_record *record, int timeout_ms)
{
    int64_t deadline = client_now_ms() + timeout_ms;
    for (;;) {
        if (t->held)
            rd_kafka_message_destroy(t->held);
        t->held = rd_kafka_consumer_poll(t->client.rk, client_left_ms(deadline));
        if (!t->held)
            return KAFKA_TAIL_TIMEOUT;
        enum kafka_tail_result result = take(t, record);
        if (result != KAFKA_TAIL_TIMEOUT)
            return result;
        if (!t->told_end && all_at_end(t)) {
            t->told_end = true;
            return KAFKA_TAIL_AT_END;
        }
    }
}

void kafka_tail_close(struct kafka_tail **tail)
{
    struct kafka_tail *t = *tail;
    *tail = NULL;
    if (!t)
        return;
    if (t->held)
        rd_kafka_message_destroy(t->held);
    client_close(&t->client);
    free(t->at_end);
    free(t);
}
