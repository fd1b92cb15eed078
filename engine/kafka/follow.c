/* Reading back what the store has committed.
 *
 * "To the end" is exact, without a guess: PARTITION_EOF says that a partition was read as far as it went at some
 * moment; when all of them have said so, the brokers are asked for their last stable offsets *after that*, thus after
 * the call began, and the end is reached when every partition has been read up to the answer.  An offset counts as
 * read when a record before it was handed over or an EOF stood behind it, since what lies between may be control
 * records or aborted ones.  A transaction that is still open holds the last stable offset back; what it will commit
 * was not committed when the call began.  lead() leaves none open: init_transactions returns only when the
 * predecessor's has been completed or aborted and the markers are in the log, so the next follow sees all that will
 * ever count.
 *
 * What retention removes from the ledger is older than the ledger keeps, so starting at the beginning again if it
 * overtakes a slow standby loses nothing. */
#include "kafka/store_priv.h"

#include "base/check.h"

#include <string.h>

enum { QUERY_MS = 2000, PROGRESS_WAIT_MS = 2000 };
enum asked { ASK_END = -1, ASK_FIRST = -2 }; /* times, as the protocol has them */

static const enum store_topic followed[FOLLOWED] = {STORE_LEDGER, STORE_READINGS, STORE_STATE};

static int followed_index(const struct follower *f, const rd_kafka_message_t *m)
{
    const char *name = m->rkt ? rd_kafka_topic_name(m->rkt) : "";
    for (int i = 0; i < FOLLOWED; i++)
        if (strcmp(f->config->topic[followed[i]], name) == 0)
            return i;
    return -1;
}

static rd_kafka_topic_partition_list_t *all_at(const struct follower *f, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(FOLLOWED);
    for (int i = 0; i < FOLLOWED; i++)
        rd_kafka_topic_partition_list_add(list, f->config->topic[followed[i]], 0)->offset = offset;
    return list;
}

/* on the thread that calls follow or progress */
static void on_progress(rd_kafka_t *rk, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *list,
                        void *opaque)
{
    (void)rk;
    (void)list;
    struct follower *f = ((struct client *)opaque)->owner;
    f->progress_in_flight -= f->progress_in_flight > 0;
    if (log_condition_set(&f->progress_refused, error != RD_KAFKA_RESP_ERR_NO_ERROR) && error)
        log_line(LOG_WARNING, "kafka", "lag displays stand still: group '%s' does not take offsets: %s",
                 f->config->group, rd_kafka_err2str(error));
}

bool follower_open(struct follower *f, const struct config *config, const struct source_partition *partitions,
                   size_t count)
{
    static const struct client_property defaults[] = {
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"},
        {"fetch.message.max.bytes", "8388608"}, /* recovery reads as fast as it can */
        /* A queue that is full is looked at again a second later (librdkafka 2.0): it must last for longer than that. */
        {"queued.min.messages", "1000000"},
        {"queued.max.messages.kbytes", "196608"},
        {NULL, NULL},
    };
    const struct client_property fixed[] = {
        {"group.id", config->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "earliest"},
        {NULL, NULL},
    };
    *f =
        (struct follower){.config = config, .next = {-1, -1, -1}, .partitions = partitions, .partition_count = count};
    rd_kafka_conf_t *conf = client_conf(&f->client, "follower", config, defaults, fixed);
    f->client.owner = f;
    if (conf)
        rd_kafka_conf_set_offset_commit_cb(conf, on_progress);
    if (!client_start(&f->client, RD_KAFKA_CONSUMER, conf))
        return false;
    rd_kafka_poll_set_consumer(f->client.rk);
    return true;
}

/* Their offsets; of the ends the last stable ones, since the client reads committed records only.  false: the brokers did not
 * say. */
static bool ask_offsets(struct follower *f, enum asked asked, int64_t *offsets)
{
    rd_kafka_topic_partition_list_t *list = all_at(f, asked);
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(f->client.rk, list, QUERY_MS);
    for (int i = 0; i < FOLLOWED; i++) {
        offsets[i] = list->elems[i].offset;
        error = error ? error : list->elems[i].err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return !error;
}

/* Where they begin is asked for here: librdkafka, told to begin at the beginning, looks for whom to ask once a second. */
static bool assign(struct follower *f)
{
    int64_t first[FOLLOWED];
    bool asked = ask_offsets(f, ASK_FIRST, first);
    rd_kafka_topic_partition_list_t *list = all_at(f, RD_KAFKA_OFFSET_BEGINNING);
    for (int i = 0; i < FOLLOWED; i++) {
        f->at_eof[i] = false;
        if (f->next[i] >= 0)
            list->elems[i].offset = f->next[i];
        else if (asked)
            list->elems[i].offset = first[i];
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(f->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        log_line(LOG_ERROR, "kafka", "ledger and state cannot be assigned: %s", rd_kafka_err2str(error));
    f->assigned = !error;
    f->client.quiet = error;
    return f->assigned;
}

static bool all_at_eof(const struct follower *f)
{
    return f->at_eof[0] && f->at_eof[1] && f->at_eof[2];
}

static bool all_reached(const struct follower *f, const int64_t *ends)
{
    return f->next[0] >= ends[0] && f->next[1] >= ends[1] && f->next[2] >= ends[2];
}

static void tell_fault(struct follower *f, const rd_kafka_message_t *m)
{
    if (log_condition_set(&f->faulty, true))
        log_line(LOG_ERROR, "kafka", "ledger and state cannot be read: %s", rd_kafka_message_errstr(m));
}

/* false: the handler has had enough */
static bool take(struct follower *f, const rd_kafka_message_t *m, store_handler *handler, void *arg)
{
    int i = followed_index(f, m);
    bool eof = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (i < 0 || (m->err && !eof)) {
        tell_fault(f, m);
        return true;
    }
    f->at_eof[i] = eof;
    f->next[i] = eof ? m->offset : m->offset + 1;
    log_condition_set(&f->faulty, false);
    client_reached(&f->client);
    if (eof)
        return true;
    return handler(arg, followed[i], (struct str){m->key, m->key_len}, (struct str){m->payload, m->len});
}

enum store_result follower_follow(struct follower *f, store_handler *handler, void *arg, int timeout_ms, bool *at_end)
{
    int64_t deadline = client_now_ms() + timeout_ms, ends[FOLLOWED];
    bool asked = false, more = true;
    *at_end = false;
    if (!f->assigned && !assign(f))
        return STORE_LOST;
    while (more) {
        if (!asked && all_at_eof(f))
            asked = ask_offsets(f, ASK_END, ends);
        if (asked && all_reached(f, ends)) {
            *at_end = true;
            break;
        }
        int left = client_left_ms(deadline);
        rd_kafka_message_t *m = rd_kafka_consumer_poll(f->client.rk, left);
        if (m) {
            more = take(f, m, handler, arg);
            rd_kafka_message_destroy(m);
        }
        more = more && (m || left > 0) && client_left_ms(deadline) > 0;
    }
    return STORE_OK;
}

void follower_rest(struct follower *f)
{
    if (f->assigned)
        rd_kafka_assign(f->client.rk, NULL);
    f->assigned = false;
    f->client.quiet = true; /* the producer will say it */
}

void follower_progress(struct follower *f, const int64_t *progress, size_t count)
{
    CHECK(count <= f->partition_count);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        if (progress[i] >= 0)
            rd_kafka_topic_partition_list_add(list, f->partitions[i].name, f->partitions[i].number)->offset =
                progress[i];
    bool sent = list->cnt > 0 && rd_kafka_commit(f->client.rk, list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
    f->progress_in_flight += sent;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_message_t *m = rd_kafka_consumer_poll(f->client.rk, 0); /* serves on_progress; nothing is assigned */
    if (m)
        rd_kafka_message_destroy(m);
}

void follower_close(struct follower *f)
{
    int64_t deadline = client_now_ms() + PROGRESS_WAIT_MS;
    follower_rest(f);
    while (f->client.rk && f->progress_in_flight && client_left_ms(deadline) > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(f->client.rk, 100);
        if (m)
            rd_kafka_message_destroy(m);
    }
    client_close(&f->client);
}
