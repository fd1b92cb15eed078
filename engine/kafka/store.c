/* One Kafka transaction per cut.
 *
 * The outcome of a commit is known, or the engine is rebuilt: STORE_RETRY is returned only when librdkafka said that
 * a record was not delivered, for then it never asked for the commit, and the abort went through.  A commit that
 * neither succeeds nor fails (brokers away) is called again and again, which resumes it; it ends well however long
 * that takes, up to transaction.timeout.ms.  That is five minutes here: nobody else writes a transaction of ours, and
 * the next leader ends a dead one's at once, so a long timeout costs nothing and spares a restart when brokers are
 * away for minutes.
 *
 * Offsets for lag displays go to the group beside the transaction, not in it: that the group's coordinator is slow
 * or away must not hold up an alert.  Restarts use the offsets in STATE. */
#include "kafka/kafka.h"
#include "kafka/store_priv.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 5000, PAUSE_MS = 100, INPUTS_MAX = 5 + STORE_HEADERS_MAX };

struct kafka_store {
    struct follower follower;
    struct client producer;
    const struct config *config;
    rd_kafka_topic_t *topics[STORE_TOPICS]; /* kept, so that no commit waits for a topic's leader to be looked up */
    bool lost;
    /* of the cut under way */
    size_t undelivered;
    rd_kafka_resp_err_t why;
    struct log_condition waiting;
};

/* Failures that the same bytes would meet again.  (A timeout, a purge, too few replicas: not these.) */
static bool is_refusal(rd_kafka_resp_err_t error)
{
    static const rd_kafka_resp_err_t refusals[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,    RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_MSG,           RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION,      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,    RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i] == error)
            return true;
    return false;
}

static bool is_purge(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

/* within commit's own calls */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct kafka_store *s = ((struct client *)opaque)->owner;
    if (!m->err)
        return;
    if (is_purge(m->err)) { /* another failure's consequence, told there */
        s->undelivered++;
        return;
    }
    s->undelivered++;
    if (s->why == RD_KAFKA_RESP_ERR_NO_ERROR)
        log_line(LOG_ERROR, "kafka", "a record of %zu bytes was not delivered to topic '%s': %s", m->len,
                 rd_kafka_topic_name(m->rkt), rd_kafka_err2str(m->err));
    if (!is_refusal(s->why)) /* which decides, whatever else failed */
        s->why = m->err;
}

static bool open_producer(struct kafka_store *s)
{
    char batch[16];
    snprintf(batch, sizeof batch, "%d", (int)CLIENT_BATCH_MAX);
    static const struct client_property defaults[] = {
        {"compression.type", "lz4"},
        {"linger.ms", "1"}, /* a cut is handed over at once; the commit flushes */
        {"retry.backoff.ms", "10"},
        {"transaction.timeout.ms", "300000"},
        {"queue.buffering.max.messages", "0"}, /* no limit: the caller bounds a cut */
        {"queue.buffering.max.kbytes", "2097151"},
        {NULL, NULL},
    };
    const struct client_property fixed[] = {
        {"transactional.id", s->config->group},
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"batch.size", batch},
        {"partitioner", "murmur2_random"}, /* as Java's clients do */
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = client_conf(&s->producer, "store", s->config, defaults, fixed);
    s->producer.owner = s;
    if (conf)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return client_start(&s->producer, RD_KAFKA_PRODUCER, conf);
}

/* What librdkafka wants done about `error`, which this takes. */
enum verdict { DONE, AGAIN, ABORT, FATAL };

static enum verdict judge(struct kafka_store *s, rd_kafka_error_t *error, const char *what)
{
    enum verdict verdict = !error                                     ? DONE
                           : rd_kafka_error_is_fatal(error)           ? FATAL
                           : rd_kafka_error_txn_requires_abort(error) ? ABORT
                           : rd_kafka_error_is_retriable(error)       ? AGAIN
                                                                      : FATAL;
    const char *text = error ? rd_kafka_error_string(error) : "";
    if (verdict == AGAIN && log_condition_set(&s->waiting, true))
        log_line(LOG_WARNING, "kafka", "%s waits for the brokers: %s", what, text);
    else if (verdict == ABORT)
        log_line(LOG_WARNING, "kafka", "%s: %s; the transaction is aborted", what, text);
    else if (verdict == FATAL && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__FENCED)
        log_line(LOG_ERROR, "kafka", "%s: another instance has taken the lead: this one is fenced off", what);
    else if (verdict == FATAL)
        log_line(LOG_ERROR, "kafka", "%s: %s (%s)", what, text, rd_kafka_error_name(error));
    else if (verdict == DONE && log_condition_set(&s->waiting, false))
        log_line(LOG_INFO, "kafka", "%s went through", what);
    if (verdict == ABORT && s->why == RD_KAFKA_RESP_ERR_NO_ERROR)
        s->why = rd_kafka_error_code(error);
    if (verdict == DONE)
        client_reached(&s->producer);
    rd_kafka_error_destroy(error);
    return verdict;
}

typedef rd_kafka_error_t *transaction_call(rd_kafka_t *, int timeout_ms);

/* Until it is decided.  A call that timed out is resumed by calling it again. */
static enum verdict insist(struct kafka_store *s, transaction_call *call, const char *what)
{
    for (;;) {
        enum verdict verdict = judge(s, call(s->producer.rk, SLICE_MS), what);
        if (verdict != AGAIN)
            return verdict;
        rd_kafka_poll(s->producer.rk, PAUSE_MS);
    }
}

static void close_producer(struct kafka_store *s)
{
    for (int t = 0; t < STORE_TOPICS; t++) {
        if (s->topics[t])
            rd_kafka_topic_destroy(s->topics[t]);
        s->topics[t] = NULL;
    }
    client_close(&s->producer);
}

static bool user_compresses(const struct config *config)
{
    for (unsigned i = 0; i < config->property_count; i++)
        if (strncmp(config->properties[i].name, "compression.", strlen("compression.")) == 0)
            return true;
    return false;
}

/* Facts are dense already: to compress them would cost twice what it costs to write them.  Unless the user says so. */
static rd_kafka_topic_conf_t *topic_conf(const struct kafka_store *s, enum store_topic topic)
{
    if ((topic != STORE_LEDGER && topic != STORE_READINGS) || user_compresses(s->config))
        return NULL;
    char why[256];
    rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();
    CHECK(rd_kafka_topic_conf_set(conf, "compression.codec", "none", why, sizeof why) == RD_KAFKA_CONF_OK);
    return conf;
}

/* A topic that cannot be looked up now will be when it is written to. */
static void open_topics(struct kafka_store *s)
{
    rd_kafka_resp_err_t why;
    for (int t = 0; t < STORE_TOPICS; t++) {
        s->topics[t] = rd_kafka_topic_new(s->producer.rk, s->config->topic[t], topic_conf(s, (enum store_topic)t));
        CHECK(s->topics[t]);
        client_partitions(&s->producer, s->config->topic[t], SLICE_MS, &why);
    }
}

static enum store_result lead(void *context)
{
    struct kafka_store *s = context;
    close_producer(s);
    s->lost = !open_producer(s) || insist(s, rd_kafka_init_transactions, "taking the lead") != DONE;
    if (!s->lost)
        open_topics(s);
    return s->lost ? STORE_LOST : STORE_OK;
}

/* librdkafka takes pointers to mutable memory, and copies it */
static void *borrow(const void *bytes)
{
    union {
        const void *in;
        void *out;
    } pointer = {bytes};
    return pointer.out;
}

static bool goes_by_key(enum store_topic topic)
{
    return topic == STORE_ALERTS || topic == STORE_INCIDENTS || topic == STORE_DEAD_LETTER || topic == STORE_LATE;
}

static size_t describe(const struct kafka_store *s, const struct store_record *r, rd_kafka_vu_t *inputs)
{
    size_t n = 0;
    inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = s->topics[r->topic]};
    inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_PARTITION,
                                  .u.i32 = goes_by_key(r->topic) ? RD_KAFKA_PARTITION_UA : 0};
    inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY};
    inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_VALUE,
                                  .u.mem = {borrow(r->value.at), r->value.at ? r->value.len : 0}};
    if (r->key.len)
        inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {borrow(r->key.at), r->key.len}};
    for (unsigned i = 0; i < r->header_count; i++) {
        const struct store_header *h = &r->headers[i];
        inputs[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADER,
                                      .u.header = {h->name, borrow(h->value.at), (ssize_t)h->value.len}};
    }
    return n;
}

/* false: librdkafka did not take it (undelivered, logged) */
static bool produce(struct kafka_store *s, const struct store_record *r)
{
    CHECK(r->topic < STORE_TOPICS && r->header_count <= STORE_HEADERS_MAX);
    rd_kafka_vu_t inputs[INPUTS_MAX];
    size_t count = describe(s, r, inputs);
    rd_kafka_error_t *error;
    while ((error = rd_kafka_produceva(s->producer.rk, inputs, count)) &&
           rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_error_destroy(error);
        rd_kafka_poll(s->producer.rk, PAUSE_MS);
    }
    if (!error)
        return true;
    log_line(LOG_ERROR, "kafka", "a record of %zu bytes for topic '%s' was not accepted: %s", r->value.len,
             s->config->topic[r->topic], rd_kafka_error_string(error));
    s->undelivered++;
    s->why = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return false;
}

/* The cut was not delivered whole, so it is not committed; is it worth another attempt? */
static enum store_result give_up(struct kafka_store *s)
{
    bool known = s->undelivered > 0, refused = is_refusal(s->why);
    bool aborted = insist(s, rd_kafka_abort_transaction, "the abort") == DONE;
    if (known && !refused && aborted)
        return STORE_RETRY;
    if (refused)
        log_line(LOG_ERROR, "kafka",
                 "the brokers will never take this cut as it is; `gridwarn` must be restarted "
                 "after its topics or its rights are mended");
    s->lost = true;
    return STORE_LOST;
}

static enum store_result commit(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count)
{
    struct kafka_store *s = context;
    CHECK(s->producer.rk); /* lead() came first */
    if (s->lost)
        return STORE_LOST;
    follower_rest(&s->follower);
    s->undelivered = 0;
    s->why = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (judge(s, rd_kafka_begin_transaction(s->producer.rk), "a commit") != DONE) {
        s->lost = true;
        return STORE_LOST;
    }
    bool taken = true;
    for (size_t i = 0; taken && i < count; i++)
        taken = produce(s, &records[i]);
    enum verdict verdict = taken ? insist(s, rd_kafka_commit_transaction, "a commit") : ABORT;
    if (verdict == ABORT)
        return give_up(s);
    s->lost = verdict != DONE;
    if (s->lost)
        return STORE_LOST;
    follower_progress(&s->follower, progress, progress_count);
    return STORE_OK;
}

static enum store_result follow(void *context, store_handler *handler, void *arg, int timeout_ms, bool *at_end)
{
    struct kafka_store *s = context;
    return follower_follow(&s->follower, handler, arg, timeout_ms, at_end);
}

static void destroy(void *context)
{
    struct kafka_store *s = context;
    follower_close(&s->follower);
    close_producer(s);
    free(s);
}

bool kafka_store(const struct config *config, const struct source_partition *partitions, size_t count,
                 struct store *out)
{
    static const struct store_ops ops = {follow, lead, commit, destroy};
    struct kafka_store *s = xcalloc(1, sizeof *s);
    s->config = config;
    if (!follower_open(&s->follower, config, partitions, count)) {
        destroy(s);
        return false;
    }
    *out = (struct store){&ops, s};
    return true;
}
