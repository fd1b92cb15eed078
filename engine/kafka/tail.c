/* Reading the engine's topics for people.  Partitions are read side by side, so the order is that of each
 * partition only; the engine's own reader (follow.c) has other duties and is not this. */
#include "kafka/kafka.h"

#include "kafka/client.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { BROKER_WAIT_MS = 10000 };

struct tail_topic {
    enum store_topic topic;
    const char *name;
    int32_t count; /* of partitions */
    bool *at_end;
};

struct kafka_tail {
    struct client client;
    rd_kafka_message_t *held; /* the record given out last */
    struct tail_topic *topics;
    size_t topic_count;
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

/* all its partitions, from there on */
static rd_kafka_resp_err_t list_topic(struct kafka_tail *t, struct tail_topic *topic, int64_t offset,
                                      rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t why;
    topic->count = client_partitions(&t->client, topic->name, BROKER_WAIT_MS, &why);
    if (topic->count > 0)
        topic->at_end = xcalloc((size_t)topic->count, sizeof *topic->at_end);
    for (int32_t i = 0; i < topic->count; i++)
        rd_kafka_topic_partition_list_add(list, topic->name, i)->offset = offset;
    return why;
}

static bool assign(struct kafka_tail *t, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR_NO_ERROR;
    const char *name = "";
    for (size_t i = 0; i < t->topic_count && !why; i++) {
        name = t->topics[i].name;
        why = list_topic(t, &t->topics[i], offset, list);
    }
    if (!why) {
        rd_kafka_poll_set_consumer(t->client.rk);
        why = rd_kafka_assign(t->client.rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (why)
        log_line(LOG_ERROR, "kafka", "topic '%s' cannot be read: %s", name,
                 t->client.fault ? t->client.fault_text : rd_kafka_err2str(why));
    return !why;
}

struct kafka_tail *kafka_tail_open_several(const struct config *config, const enum store_topic *topics, size_t count,
                                           int64_t offset)
{
    struct kafka_tail *t = xcalloc(1, sizeof *t);
    int64_t from = offset == KAFKA_TAIL_END         ? RD_KAFKA_OFFSET_END
                   : offset == KAFKA_TAIL_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING
                                                    : offset;
    t->topics = xcalloc(count, sizeof *t->topics);
    for (; t->topic_count < count; t->topic_count++)
        t->topics[t->topic_count] =
            (struct tail_topic){.topic = topics[t->topic_count], .name = config->topic[topics[t->topic_count]]};
    if (!open_client(t, config) || !assign(t, from))
        kafka_tail_close(&t);
    return t;
}

struct kafka_tail *kafka_tail_open(const struct config *config, enum store_topic topic, int64_t offset)
{
    return kafka_tail_open_several(config, &topic, 1, offset);
}

static bool all_at_end(const struct kafka_tail *t)
{
    for (size_t k = 0; k < t->topic_count; k++)
        for (int32_t i = 0; i < t->topics[k].count; i++)
            if (!t->topics[k].at_end[i])
                return false;
    return true;
}

/* NULL: it is of none of the topics */
static struct tail_topic *topic_of(const struct kafka_tail *t, const rd_kafka_message_t *m)
{
    for (size_t k = 0; m->rkt && k < t->topic_count; k++)
        if (strcmp(t->topics[k].name, rd_kafka_topic_name(m->rkt)) == 0)
            return m->partition >= 0 && m->partition < t->topics[k].count ? &t->topics[k] : NULL;
    return NULL;
}

static void fill(struct kafka_tail_record *record, const struct tail_topic *topic, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(m, &type);
    *record = (struct kafka_tail_record){
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .topic = topic->topic,
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
    };
}

static enum kafka_tail_result take(struct kafka_tail *t, struct kafka_tail_record *record)
{
    const rd_kafka_message_t *m = t->held;
    struct tail_topic *topic = topic_of(t, m);
    if (!m->err && topic) {
        client_reached(&t->client);
        topic->at_end[m->partition] = false;
        t->told_end = false;
        fill(record, topic, m);
        return KAFKA_TAIL_RECORD;
    }
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && topic) {
        topic->at_end[m->partition] = true;
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
    for (size_t k = 0; k < t->topic_count; k++)
        free(t->topics[k].at_end);
    free(t->topics);
    free(t);
}
