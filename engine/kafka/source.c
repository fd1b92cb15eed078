/* Input topics as a source.
 *
 * Partitions are assigned by hand, once, and each keeps its own queue: a worker that stops polling holds back its
 * partitions and no others, and one partition's backlog never stands before another's live records.  Nothing is
 * ever paused (librdkafka 2.0.2 loses records to that).  Offsets come from the engine, never from the group. */
#include "kafka/kafka.h"

#include "kafka/reach.h"
#include "kafka/source_priv.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BROKER_WAIT_MS = 30000,
    SETTLE_MS = 5000,         /* from start on, while connections are being made */
    /* Of all partitions.  While it catches up, all of it is filled again and again: the less, the more of it is still in the
     * processor's cache when it is read, and memory that was never touched before has to be cleared by the system. */
    PREFETCH_KB = 64 * 1024,
    PREFETCH_LEAST_KB = 4096, /* of one */
    PREFETCH_MOST_KB = 16 * 1024,
};

static void tell_reach(struct kafka_source *s, const struct reach *reach)
{
    if (log_condition_set(&s->some_lost, reach->lost > 0)) {
        if (reach->lost)
            log_line(LOG_WARNING, "kafka",
                     "%zu of %zu input partitions are out of reach (no leader, or its broker does not answer): what "
                     "depends on them is unknown until they are back",
                     reach->lost, s->count);
        else
            log_line(LOG_INFO, "kafka", "all input partitions are within reach again, after %lld s",
                     (long long)((client_now_ms() - s->lost_since_ms) / 1000));
        s->lost_since_ms = client_now_ms();
    }
    if (log_condition_set(&s->some_unread, reach->unread > 0) && reach->unread)
        log_line(LOG_ERROR, "kafka", "the input topics have %zu new partitions, which nobody reads: restart gridwarn",
                 reach->unread);
}

/* once a second, on the thread of whichever worker serves callbacks */
static int on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
    (void)rk;
    struct kafka_source *s = ((struct client *)opaque)->owner;
    struct reach reach;
    if (!reach_update(json, len, s->named, s->count, s->lost, &reach))
        return 0;
    if (reach.lost == 0)
        client_reached(&s->client);
    if (reach.lost == 0 || client_now_ms() - s->started_ms > SETTLE_MS)
        atomic_store(&s->watching, true);
    if (atomic_load(&s->watching))
        tell_reach(s, &reach);
    return 0;
}

/* false: logged */
static bool add_topic(struct kafka_source *s, struct client *asker, unsigned source, const char *topic,
                      int64_t deadline_ms)
{
    rd_kafka_resp_err_t why;
    int32_t count = client_partitions(asker, topic, client_left_ms(deadline_ms), &why);
    if (count <= 0) {
        log_line(LOG_ERROR, "kafka", "input topic '%s' cannot be read: %s", topic,
                 count < 0 && asker->fault ? asker->fault_text : rd_kafka_err2str(why));
        return false;
    }
    size_t total = s->count + (size_t)count;
    s->named = xrealloc(s->named, total * sizeof *s->named);
    for (int32_t i = 0; i < count; i++)
        s->named[s->count++] = (struct source_partition){source, topic, i};
    return true;
}

/* A client of its own asks, since how much a consumer prefetches is fixed before it exists. */
static bool find_partitions(struct kafka_source *s, const struct config *config)
{
    static const struct client_property none[] = {{NULL, NULL}};
    struct client asker;
    if (!client_open(&asker, RD_KAFKA_CONSUMER, "source", config, none, none))
        return false;
    int64_t deadline = client_now_ms() + BROKER_WAIT_MS;
    bool good = true;
    for (unsigned i = 0; good && i < config->source_count; i++)
        if (config->sources[i].topic)
            good = add_topic(s, &asker, i, config->sources[i].topic, deadline);
    client_close(&asker);
    return good;
}

static bool open_consumer(struct kafka_source *s, const struct config *config)
{
    size_t kb = PREFETCH_KB / (s->count ? s->count : 1);
    kb = kb < PREFETCH_LEAST_KB ? PREFETCH_LEAST_KB : kb > PREFETCH_MOST_KB ? PREFETCH_MOST_KB : kb;
    char prefetch[16];
    snprintf(prefetch, sizeof prefetch, "%zu", kb);
    const struct client_property defaults[] = {
        {"fetch.wait.max.ms", "20"}, /* meanwhile the broker is asked nothing else: where all that are asked for are at their ends */
        {"fetch.error.backoff.ms", "100"},
        {"queued.min.messages", "1000000"}, /* so that bytes are the bound */
        {"queued.max.messages.kbytes", prefetch},
        {NULL, NULL},
    };
    const struct client_property fixed[] = {
        {"group.id", config->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "earliest"}, /* noticed and counted by source_poll.c */
        {"statistics.interval.ms", "1000"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = client_conf(&s->client, "source", config, defaults, fixed);
    s->client.owner = s;
    if (conf)
        rd_kafka_conf_set_stats_cb(conf, on_statistics);
    if (!client_start(&s->client, RD_KAFKA_CONSUMER, conf))
        return false;
    size_t size = sizeof prefetch;
    CHECK(rd_kafka_conf_get(rd_kafka_conf(s->client.rk), "queued.max.messages.kbytes", prefetch, &size) == RD_KAFKA_CONF_OK);
    s->prefetched = (size_t)strtoull(prefetch, NULL, 10) * 1000;
    return true;
}

static const struct source_partition *partitions(void *context, size_t *count)
{
    const struct kafka_source *s = context;
    *count = s->count;
    return s->named;
}

/* Queues are set up before assign, or the first records would go to the consumer's common queue. */
static void open_queues(struct kafka_source *s, rd_kafka_topic_partition_list_t *list)
{
    static const uint64_t one = 1;
    for (size_t i = 0; i < s->count; i++) {
        struct partition *p = &s->partitions[i];
        int64_t from = atomic_load(&p->next);
        p->queue = rd_kafka_queue_get_partition(s->client.rk, s->named[i].name, s->named[i].number);
        CHECK(p->queue);
        rd_kafka_queue_forward(p->queue, NULL);
        rd_kafka_queue_io_event_enable(p->queue, s->workers[i % s->worker_count].wake, &one, sizeof one);
        rd_kafka_topic_partition_list_add(list, s->named[i].name, s->named[i].number)->offset =
            from < 0 ? RD_KAFKA_OFFSET_BEGINNING : from;
    }
}

static bool start(void *context, const int64_t *offsets, unsigned workers)
{
    struct kafka_source *s = context;
    CHECK(!s->workers && workers > 0);
    s->workers = xcalloc(workers, sizeof *s->workers);
    s->worker_count = workers;
    for (unsigned i = 0; i < workers; i++)
        s->workers[i].wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (size_t i = 0; i < s->count; i++)
        atomic_store(&s->partitions[i].next, offsets[i]);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)s->count);
    open_queues(s, list);
    s->started_ms = client_now_ms();
    rd_kafka_resp_err_t error = rd_kafka_assign(s->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        log_line(LOG_ERROR, "kafka", "input partitions cannot be assigned: %s", rd_kafka_err2str(error));
    else
        client_find_leaders(&s->client);
    return !error;
}

static void destroy(void *context)
{
    struct kafka_source *s = context;
    for (unsigned i = 0; i < s->worker_count; i++)
        source_release(s, i);
    for (size_t i = 0; i < s->count; i++)
        if (s->partitions[i].queue)
            rd_kafka_queue_destroy(s->partitions[i].queue);
    client_close(&s->client);
    for (unsigned i = 0; i < s->worker_count; i++) { /* librdkafka wrote to them until now */
        close(s->workers[i].wake);
        free(s->workers[i].bytes);
        free(s->workers[i].large);
    }
    pthread_mutex_destroy(&s->serving);
    pace_destroy(&s->pace);
    free(s->workers);
    free(s->partitions);
    free(s->named);
    free(s->lost);
    free(s);
}

static const struct source_ops ops = {partitions, start, source_poll, source_release, source_came, destroy};

bool kafka_source(const struct config *config, struct source *out)
{
    struct kafka_source *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->serving, NULL);
    bool good = find_partitions(s, config) && open_consumer(s, config);
    s->partitions = xcalloc(s->count + 1, sizeof *s->partitions);
    s->lost = xcalloc(s->count + 1, sizeof *s->lost);
    s->pace = pace_create(s->count);
    if (!good) {
        destroy(s);
        return false;
    }
    *out = (struct source){&ops, s};
    return true;
}

int64_t source_lag(const struct kafka_source *s, size_t partition)
{
    const struct source_partition *named = &s->named[partition];
    int64_t low, high, next = atomic_load(&s->partitions[partition].next);
    rd_kafka_resp_err_t error = rd_kafka_get_watermark_offsets(s->client.rk, named->name, named->number, &low, &high);
    if (error || high < 0)
        return -1;
    int64_t from = next > low ? next : low;
    return high > from ? high - from : 0;
}

int64_t kafka_source_lag(const struct source *source, size_t partition)
{
    const struct kafka_source *s = source->context;
    CHECK(source->ops == &ops && partition < s->count);
    return source_lag(s, partition);
}
