/* The limit of the wire: reads a topic to its end with librdkafka's callback API, its cheapest, and looks at nothing.
 *
 *     consume BROKERS TOPIC PARTITIONS COUNT
 *
 * Says `first`, `half` and `end` with the number of messages as it gets there; bench/run.py then looks at /proc. */
#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

struct progress {
    long count, read;
    rd_kafka_resp_err_t error;
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "consume: %s\n", what);
    exit(1);
}

static void say(const char *what, long read)
{
    printf("%s %ld\n", what, read);
    fflush(stdout);
}

static void set(rd_kafka_conf_t *configuration, const char *key, const char *value)
{
    char problem[256];
    if (rd_kafka_conf_set(configuration, key, value, problem, sizeof problem) != RD_KAFKA_CONF_OK)
        fail(problem);
}

static void take(rd_kafka_message_t *message, void *opaque)
{
    struct progress *p = opaque;
    if (message->err) {
        p->error = message->err;
        return;
    }
    if (p->read == 0)
        say("first", 0);
    if (++p->read == p->count / 2)
        say("half", p->read);
}

static rd_kafka_t *make_consumer(char **argv)
{
    char problem[256];
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    set(configuration, "bootstrap.servers", argv[1]);
    set(configuration, "group.id", "bench-consume");
    set(configuration, "enable.auto.commit", "false");
    set(configuration, "isolation.level", "read_committed");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, problem, sizeof problem);
    if (!consumer)
        fail(problem);
    rd_kafka_poll_set_consumer(consumer);
    int partitions = atoi(argv[3]);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(all, argv[2], p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    return consumer;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "consume BROKERS TOPIC PARTITIONS COUNT\n");
        return 2;
    }
    struct progress progress = {.count = atol(argv[4])};
    rd_kafka_t *consumer = make_consumer(argv);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    while (progress.read < progress.count && !progress.error)
        rd_kafka_consume_callback_queue(queue, 1000, take, &progress);
    if (progress.error)
        fail(rd_kafka_err2str(progress.error));
    say("end", progress.read);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return 0;
}
