/* Who leads, decided by the group protocol: all instances subscribe to the state topic, which has one partition, and
 * whoever is assigned it leads.
 *
 * The assignor must be a sticky one: with the others, a standby that joins can be given the partition of a leader
 * that is well, and would fence it.  The partition is paused as soon as it is assigned; nobody reads it here.  A
 * standby learns of a leader that left at once, and of one that died after session.timeout.ms (the brokers' smallest
 * is 6 s unless they were told otherwise). */
#include "kafka/kafka.h"

#include "kafka/client.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

/* Brokers that come back may take the lead away and give it back more than once; what does not last is no news. */
enum { SETTLED_MS = 10000 };

struct election {
    struct client client;
    char *group;
    atomic_bool leader; /* once true it stays so, whatever becomes of the assignment */
    bool assigned;
    int64_t assigned_ms; /* when that changed */
    struct log_condition faulty, given_away;
};

static void complain(struct election *e, const char *what, const char *text)
{
    if (log_condition_set(&e->faulty, true))
        log_line(LOG_ERROR, "kafka", "election: %s: %s", what, text);
}

static void assigned_set(struct election *e, bool assigned)
{
    if (e->assigned != assigned)
        e->assigned_ms = client_now_ms();
    e->assigned = assigned;
}

static void tell(struct election *e)
{
    if (!atomic_load(&e->leader) || client_now_ms() - e->assigned_ms < SETTLED_MS ||
        !log_condition_set(&e->given_away, !e->assigned))
        return;
    if (e->assigned)
        log_line(LOG_INFO, "kafka", "election: the brokers gave the lead back to this instance");
    else
        log_line(LOG_WARNING, "kafka",
                 "election: the brokers gave the lead away; this instance goes on until another has taken it over");
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *opaque)
{
    struct election *e = ((struct client *)opaque)->owner;
    rd_kafka_error_t *error;
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        error = rd_kafka_incremental_unassign(rk, list);
        if (list->cnt)
            assigned_set(e, false);
    } else {
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = RD_KAFKA_OFFSET_END;
        error = rd_kafka_incremental_assign(rk, list);
        if (list->cnt) {
            rd_kafka_pause_partitions(rk, list);
            assigned_set(e, true);
            if (!atomic_exchange(&e->leader, true))
                log_line(LOG_INFO, "kafka", "election: this instance leads '%s'", e->group);
        }
        client_reached(&e->client); /* a revocation comes by itself, too, when no broker is heard of */
    }
    if (error)
        complain(e, "assignment", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static bool join(struct election *e, const struct config *config)
{
    static const struct client_property defaults[] = {
        {"session.timeout.ms", "6000"},
        {"heartbeat.interval.ms", "1000"},
        {"max.poll.interval.ms", "60000"}, /* an instance that stands still holds up the others' election */
        {NULL, NULL},
    };
    const struct client_property fixed[] = {
        {"group.id", e->group},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = client_conf(&e->client, "election", config, defaults, fixed);
    e->client.owner = e;
    if (conf)
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    if (!client_start(&e->client, RD_KAFKA_CONSUMER, conf))
        return false;
    rd_kafka_poll_set_consumer(e->client.rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, config->topic[STORE_STATE], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(e->client.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error)
        log_line(LOG_ERROR, "kafka", "election: %s", rd_kafka_err2str(error));
    return !error;
}

struct election *election_create(const struct config *config)
{
    static const char suffix[] = "-leader";
    struct election *e = xcalloc(1, sizeof *e);
    size_t len = strlen(config->group);
    e->group = xmalloc(len + sizeof suffix);
    memcpy(e->group, config->group, len);
    memcpy(e->group + len, suffix, sizeof suffix);
    if (!join(e, config))
        election_destroy(&e);
    return e;
}

bool election_poll(struct election *e, int timeout_ms)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(e->client.rk, timeout_ms);
    if (m && m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        complain(e, "group", rd_kafka_message_errstr(m));
    else if (m)
        log_condition_set(&e->faulty, false);
    if (m)
        rd_kafka_message_destroy(m);
    tell(e);
    return election_is_leader(e);
}

bool election_is_leader(const struct election *e)
{
    return atomic_load(&e->leader);
}

static void election_free(void *arg)
{
    struct election *e = arg;
    free(e->group);
    free(e);
}

void election_destroy(struct election **election)
{
    struct election *e = *election;
    *election = NULL;
    if (e && e->client.rk)
        client_leave(&e->client, election_free, e);
    else if (e)
        election_free(e);
}
