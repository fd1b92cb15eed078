/* One record to a topic that is not the engine's own, for people (gridwarn ack). */
#include "kafka/kafka.h"

#include "kafka/client.h"

enum { DELIVERY_MS = 30000 };

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    *(rd_kafka_resp_err_t *)m->_private = m->err;
}

bool kafka_send(const struct config *config, const char *topic, struct str key, struct str value)
{
    static const struct client_property defaults[] = {{"message.timeout.ms", "20000"}, {NULL, NULL}};
    static const struct client_property fixed[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"partitioner", "murmur2_random"}, /* as Java's clients do */
        {NULL, NULL},
    };
    struct client client = {0};
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_conf_t *conf = client_conf(&client, "ack", config, defaults, fixed);
    if (conf)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    if (!client_start(&client, RD_KAFKA_PRODUCER, conf))
        return false;
    rd_kafka_resp_err_t refused =
        rd_kafka_producev(client.rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key.at, key.len),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value.at, value.len),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&error), RD_KAFKA_V_END);
    if (refused)
        error = refused;
    else
        rd_kafka_flush(client.rk, DELIVERY_MS);
    if (error)
        log_line(LOG_ERROR, "kafka", "nothing was written to topic '%s': %s", topic, rd_kafka_err2str(error));
    client_close(&client);
    return !error;
}
