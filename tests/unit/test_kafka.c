/* The Kafka area against a real broker: what a mock would only agree with.  It runs where GRIDWARN_TEST_BROKERS names
 * one (tests/test_10_kafka.py does), and skips, saying so, where not.  GRIDWARN_TEST_BROKER_PID: the broker's
 * process, which one case freezes.  GRIDWARN_TEST_SECONDS: how long `commits` goes on, while the caller does to the
 * broker what it likes. */
#include "kafka/kafka.h"
#include "source/pace.h"

#include "base/check.h"
#include "base/clock.h"

#include <check.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { TOPIC_COUNT = STORE_TOPICS, WAIT_MS = 20000, BATCH = 100 };

static int64_t now_ms(void)
{
    return clock_now_ms(&clock_system);
}

static void nap(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- a configuration whose topics no other case has ---- */

struct bench {
    struct config config;
    struct config_property properties[1];
    struct config_source source;
    char group[64], input[80], topics[TOPIC_COUNT][96], brokers[256];
};

static struct bench *bench_new(const char *name)
{
    struct bench *b = xcalloc(1, sizeof *b);
    snprintf(b->group, sizeof b->group, "%s-%d-%lld", name, (int)getpid(), (long long)(now_ms() % 1000000));
    snprintf(b->input, sizeof b->input, "%s-in", b->group);
    snprintf(b->brokers, sizeof b->brokers, "%s", getenv("GRIDWARN_TEST_BROKERS"));
    static char bootstrap[] = "bootstrap.servers";
    b->properties[0] = (struct config_property){bootstrap, b->brokers};
    b->source = (struct config_source){.name = b->input, .topic = b->input, .max_record_bytes = 1 << 20};
    b->config = (struct config){.group = b->group,
                                .properties = b->properties,
                                .property_count = 1,
                                .kafka = true,
                                .sources = &b->source,
                                .source_count = 1,
                                .retention_s = 35 * 86400,
                                .readings_retention_s = 2 * 86400};
    for (int i = 0; i < STORE_TOPICS; i++) {
        snprintf(b->topics[i], sizeof b->topics[i], "%s-%d", b->group, i);
        b->config.topic[i] = b->topics[i];
    }
    return b;
}

static rd_kafka_t *raw_producer(const char *transactional_id)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", getenv("GRIDWARN_TEST_BROKERS"), text, sizeof text);
    if (transactional_id)
        rd_kafka_conf_set(conf, "transactional.id", transactional_id, text, sizeof text);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    ck_assert_msg(rk != NULL, "%s", text);
    if (transactional_id)
        ck_assert_ptr_null(rd_kafka_init_transactions(rk, WAIT_MS));
    return rk;
}

/* a broker learns of a new topic a little later than it says it is made */
static void wait_until_known(rd_kafka_t *rk, const char *name)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    int64_t deadline = now_ms() + WAIT_MS;
    bool known = false;
    while (!known && now_ms() < deadline) {
        const struct rd_kafka_metadata *metadata = NULL;
        known = !rd_kafka_metadata(rk, 0, topic, &metadata, 1000) && metadata->topics[0].partition_cnt > 0;
        if (metadata)
            rd_kafka_metadata_destroy(metadata);
        nap(50);
    }
    ck_assert(known);
    rd_kafka_topic_destroy(topic);
}

static void make_topic(const char *name, int partitions, const char *setting, const char *value)
{
    char text[256];
    rd_kafka_t *rk = raw_producer(NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, text, sizeof text);
    if (setting)
        rd_kafka_NewTopic_set_config(topic, setting, value);
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    ck_assert(event && !rd_kafka_event_error(event));
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    wait_until_known(rk, name);
    rd_kafka_destroy(rk);
}

static void raw_produce(rd_kafka_t *rk, const char *topic, int partition, int from, int to)
{
    for (int i = from; i < to; i++) {
        char text[32];
        size_t len = (size_t)snprintf(text, sizeof text, "%d", i);
        rd_kafka_resp_err_t error =
            rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(text, len), RD_KAFKA_V_END);
        ck_assert_int_eq(error, 0);
    }
    ck_assert_int_eq(rd_kafka_flush(rk, WAIT_MS), 0);
}

static struct bench *bench_ready(const char *name)
{
    struct bench *b = bench_new(name);
    make_topic(b->input, 2, NULL, NULL);
    ck_assert_uint_eq(kafka_topics_check(&b->config, true, stderr), 0);
    return b;
}

/* ---- what was followed ---- */

struct seen {
    char values[STORE_TOPICS][400][24];
    size_t count[STORE_TOPICS];
    size_t stop_after; /* 0: never */
};

static bool on_record(void *arg, enum store_topic topic, struct str key, struct str value)
{
    struct seen *s = arg;
    (void)key;
    size_t n = s->count[topic]++;
    if (n < sizeof s->values[topic] / sizeof *s->values[topic])
        snprintf(s->values[topic][n], sizeof s->values[topic][n], "%.*s", value.at ? (int)(value.len % 20) : 6,
                 value.at ? value.at : "(null)");
    return !s->stop_after || s->count[topic] < s->stop_after;
}

static void follow_to_end(struct store *store, struct seen *seen)
{
    bool at_end = false;
    int64_t deadline = now_ms() + WAIT_MS;
    while (!at_end && now_ms() < deadline)
        ck_assert_int_eq(store->ops->follow(store->context, on_record, seen, 500, &at_end), STORE_OK);
    ck_assert(at_end);
}

static enum store_result commit_one(struct store *store, enum store_topic topic, const char *value)
{
    struct store_record r = {.topic = topic, .key = STR("k"), .value = str_of(value)};
    return store->ops->commit(store->context, &r, 1, NULL, 0);
}

static struct store open_store(struct bench *b, bool lead)
{
    struct store store;
    ck_assert(kafka_store(&b->config, NULL, 0, &store));
    if (lead)
        ck_assert_int_eq(store.ops->lead(store.context), STORE_OK);
    return store;
}

/* ---- topics ---- */

static unsigned faults_of(const struct config *config, char **text)
{
    size_t size;
    FILE *out = open_memstream(text, &size);
    unsigned faults = kafka_topics_check(config, false, out);
    fclose(out);
    return faults;
}

START_TEST(topics_are_made_and_judged)
{
    struct bench *b = bench_new("topics");
    char *text;
    ck_assert_uint_eq(faults_of(&b->config, &text), 1 + STORE_TOPICS);
    ck_assert_ptr_nonnull(strstr(text, "kafka-topics.sh --bootstrap-server"));
    free(text);
    make_topic(b->input, 2, NULL, NULL);
    ck_assert_uint_eq(kafka_topics_check(&b->config, true, stderr), 0);
    ck_assert_uint_eq(faults_of(&b->config, &text), 0);
    free(text);

    static char ledger[96], state[96];
    snprintf(ledger, sizeof ledger, "%s-wrong-ledger", b->group);
    snprintf(state, sizeof state, "%s-wrong-state", b->group);
    make_topic(ledger, 2, "retention.ms", "1000");
    make_topic(state, 1, "cleanup.policy", "compact,delete");
    b->config.topic[STORE_LEDGER] = ledger;
    b->config.topic[STORE_STATE] = state;
    ck_assert_uint_eq(faults_of(&b->config, &text), 3);
    ck_assert_ptr_nonnull(strstr(text, "has 2 partitions, must have 1"));
    ck_assert_ptr_nonnull(strstr(text, "retention.ms is 1000, must be at least 3110400000"));
    ck_assert_ptr_nonnull(strstr(text, "cleanup.policy is compact,delete, must be compact"));
    free(text);
    free(b);
}
END_TEST

static void expect_unreachable(const char *brokers, const char *meaning)
{
    struct bench *b = bench_new("nobody");
    char *text;
    snprintf(b->brokers, sizeof b->brokers, "%s", brokers);
    int64_t began = now_ms();
    ck_assert_uint_eq(faults_of(&b->config, &text), 1);
    ck_assert_msg(strstr(text, meaning) != NULL, "%s", text);
    ck_assert_int_lt(now_ms() - began, 15000);
    free(text);
    free(b);
}

START_TEST(no_broker_is_one_clear_line)
{
    expect_unreachable("127.0.0.1:1", "no broker answers");
    expect_unreachable("no-such-host.invalid:9092", "cannot be resolved");
}
END_TEST

START_TEST(wrong_password_is_one_clear_line)
{
    const char *sasl = getenv("GRIDWARN_TEST_SASL_BROKERS");
    if (!sasl)
        return;
    struct bench *b = bench_new("password");
    static char names[5][24] = {"bootstrap.servers", "security.protocol", "sasl.mechanism", "sasl.username",
                                "sasl.password"};
    static char values[4][24] = {"sasl_plaintext", "PLAIN", "gridwarn", "wrong"};
    snprintf(b->brokers, sizeof b->brokers, "%s", sasl);
    struct config_property properties[5] = {{names[0], b->brokers},
                                            {names[1], values[0]},
                                            {names[2], values[1]},
                                            {names[3], values[2]},
                                            {names[4], values[3]}};
    b->config.properties = properties;
    b->config.property_count = 5;
    char *text;
    ck_assert_uint_eq(faults_of(&b->config, &text), 1);
    ck_assert_msg(strstr(text, "refuses the user or the password") != NULL, "%s", text);
    free(text);
    free(b);
}
END_TEST

/* ---- store ---- */

START_TEST(committed_is_followed_in_order)
{
    struct bench *b = bench_ready("order");
    struct store store = open_store(b, true), standby = open_store(b, false);
    struct seen *seen = xcalloc(1, sizeof *seen), *again = xcalloc(1, sizeof *again);
    follow_to_end(&standby, again);
    ck_assert_uint_eq(again->count[STORE_LEDGER], 0);
    struct store_record cut[300];
    char texts[300][16];
    for (int i = 0; i < 300; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", i);
        cut[i] = (struct store_record){.topic = i % 3 ? STORE_LEDGER : STORE_STATE,
                                       .key = str_of(texts[i]),
                                       .value = str_of(texts[i]),
                                       .header_count = 1,
                                       .headers = {{"level", STR("red")}}};
    }
    ck_assert_int_eq(store.ops->commit(store.context, cut, 300, NULL, 0), STORE_OK);
    struct store_record tombstone = {.topic = STORE_STATE, .key = STR("0")};
    ck_assert_int_eq(store.ops->commit(store.context, &tombstone, 1, NULL, 0), STORE_OK);
    ck_assert_int_eq(store.ops->commit(store.context, NULL, 0, NULL, 0), STORE_OK);
    follow_to_end(&store, seen);
    follow_to_end(&standby, again);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 200);
    ck_assert_uint_eq(again->count[STORE_LEDGER], 200);
    ck_assert_uint_eq(seen->count[STORE_STATE], 101);
    ck_assert_str_eq(seen->values[STORE_STATE][100], "(null)");
    for (int i = 0, n = 0; i < 300; i++)
        if (i % 3)
            ck_assert_str_eq(seen->values[STORE_LEDGER][n++], texts[i]);
    follow_to_end(&store, seen); /* nothing new, and at the end at once */
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 200);
    ck_assert_int_eq(commit_one(&store, STORE_READINGS, "late"), STORE_OK);
    follow_to_end(&store, seen);
    ck_assert_uint_eq(seen->count[STORE_READINGS], 1);
    store.ops->destroy(store.context);
    standby.ops->destroy(standby.context);
    free(seen);
    free(again);
    free(b);
}
END_TEST

START_TEST(handler_may_stop_and_go_on)
{
    struct bench *b = bench_ready("stop");
    struct store store = open_store(b, true);
    struct seen *seen = xcalloc(1, sizeof *seen);
    bool at_end;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(commit_one(&store, STORE_LEDGER, "x"), STORE_OK);
    seen->stop_after = 1;
    int64_t deadline = now_ms() + WAIT_MS;
    while (seen->count[STORE_LEDGER] < 1 && now_ms() < deadline)
        store.ops->follow(store.context, on_record, seen, 500, &at_end);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 1);
    ck_assert(!at_end);
    seen->stop_after = 0;
    follow_to_end(&store, seen);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 10);
    store.ops->destroy(store.context);
    free(seen);
    free(b);
}
END_TEST

/* aborted records and an open transaction, of somebody else in the ledger, stand between and behind */
START_TEST(follow_passes_over_what_was_not_committed)
{
    struct bench *b = bench_ready("aborted");
    struct store store = open_store(b, true);
    struct seen *seen = xcalloc(1, sizeof *seen);
    char id[80];
    snprintf(id, sizeof id, "%s-other", b->group);
    rd_kafka_t *other = raw_producer(id);
    ck_assert_int_eq(commit_one(&store, STORE_LEDGER, "one"), STORE_OK);
    follow_to_end(&store, seen);

    ck_assert_ptr_null(rd_kafka_begin_transaction(other));
    raw_produce(other, b->config.topic[STORE_LEDGER], 0, 0, 50);
    ck_assert_ptr_null(rd_kafka_abort_transaction(other, WAIT_MS));
    follow_to_end(&store, seen); /* only control and aborted records */
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 1);

    ck_assert_ptr_null(rd_kafka_begin_transaction(other));
    raw_produce(other, b->config.topic[STORE_LEDGER], 0, 100, 101);
    ck_assert_int_eq(commit_one(&store, STORE_LEDGER, "two"), STORE_OK);
    follow_to_end(&store, seen); /* "two" lies behind the open one: not yet to be seen */
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 1);
    ck_assert_ptr_null(rd_kafka_commit_transaction(other, WAIT_MS));
    follow_to_end(&store, seen);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 3);
    ck_assert_str_eq(seen->values[STORE_LEDGER][1], "100");
    ck_assert_str_eq(seen->values[STORE_LEDGER][2], "two");
    rd_kafka_destroy(other);
    store.ops->destroy(store.context);
    free(seen);
    free(b);
}
END_TEST

/* The old leader dies within a transaction; the new one's first follow must neither wait for it nor see it. */
START_TEST(lead_ends_what_a_dead_leader_left_open)
{
    struct bench *b = bench_ready("takeover");
    struct store standby = open_store(b, false);
    struct seen *seen = xcalloc(1, sizeof *seen);
    rd_kafka_t *dying = raw_producer(b->group);
    ck_assert_ptr_null(rd_kafka_begin_transaction(dying));
    raw_produce(dying, b->config.topic[STORE_LEDGER], 0, 0, 1);
    ck_assert_ptr_null(rd_kafka_commit_transaction(dying, WAIT_MS));
    ck_assert_ptr_null(rd_kafka_begin_transaction(dying));
    raw_produce(dying, b->config.topic[STORE_LEDGER], 0, 1, 2);
    follow_to_end(&standby, seen);
    ck_assert_int_eq(standby.ops->lead(standby.context), STORE_OK);
    follow_to_end(&standby, seen);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 1);
    ck_assert_int_eq(commit_one(&standby, STORE_LEDGER, "mine"), STORE_OK);
    follow_to_end(&standby, seen);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 2);
    ck_assert_str_eq(seen->values[STORE_LEDGER][1], "mine");
    rd_kafka_destroy(dying);
    standby.ops->destroy(standby.context);
    free(seen);
    free(b);
}
END_TEST

START_TEST(second_leader_fences_the_first)
{
    struct bench *b = bench_ready("fence");
    struct store first = open_store(b, true);
    struct seen *seen = xcalloc(1, sizeof *seen);
    ck_assert_int_eq(commit_one(&first, STORE_LEDGER, "first"), STORE_OK);
    struct store second = open_store(b, true);
    ck_assert_int_eq(commit_one(&first, STORE_LEDGER, "zombie"), STORE_LOST);
    ck_assert_int_eq(commit_one(&first, STORE_LEDGER, "zombie"), STORE_LOST);
    ck_assert_int_eq(commit_one(&second, STORE_LEDGER, "second"), STORE_OK);
    follow_to_end(&second, seen);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], 2);
    ck_assert_str_eq(seen->values[STORE_LEDGER][1], "second");
    first.ops->destroy(first.context);
    second.ops->destroy(second.context);
    free(seen);
    free(b);
}
END_TEST

/* refused here by the topic's limit and there by the client's: neither may be retried for ever */
START_TEST(too_large_a_record_is_the_end)
{
    static const size_t sizes[] = {200 * 1024, 3 * 1024 * 1024};
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new("large");
        make_topic(b->config.topic[STORE_ALERTS], 1, "max.message.bytes", "100000");
        make_topic(b->input, 2, NULL, NULL);
        ck_assert_uint_eq(kafka_topics_check(&b->config, true, stderr), 1); /* that limit */
        struct store store = open_store(b, true);
        char *noise = xmalloc(sizes[i]);
        unsigned seed = 7;
        for (size_t at = 0; at < sizes[i]; at++) /* does not compress */
            noise[at] = (char)(rand_r(&seed) >> 7);
        struct store_record cut[2] = {{.topic = STORE_LEDGER, .value = STR("fact")},
                                      {.topic = STORE_ALERTS, .value = {noise, sizes[i]}}};
        ck_assert_int_eq(store.ops->commit(store.context, cut, 2, NULL, 0), STORE_LOST);
        struct seen *seen = xcalloc(1, sizeof *seen);
        follow_to_end(&store, seen);
        ck_assert_uint_eq(seen->count[STORE_LEDGER], 0);
        store.ops->destroy(store.context);
        free(seen);
        free(noise);
        free(b);
    }
}
END_TEST

START_TEST(commits_go_on)
{
    const char *seconds = getenv("GRIDWARN_TEST_SECONDS");
    struct bench *b = bench_ready("commits");
    struct store store = open_store(b, true);
    int64_t until = now_ms() + (seconds ? atoi(seconds) : 2) * 1000, longest = 0;
    size_t cuts = 0;
    for (; now_ms() < until && cuts < 10000000; cuts++) {
        char text[32];
        snprintf(text, sizeof text, "%zu", cuts);
        int64_t began = now_ms();
        enum store_result result;
        while ((result = commit_one(&store, STORE_LEDGER, text)) == STORE_RETRY)
            continue;
        ck_assert_int_eq(result, STORE_OK);
        longest = now_ms() - began > longest ? now_ms() - began : longest;
    }
    struct seen *seen = xcalloc(1, sizeof *seen);
    follow_to_end(&store, seen);
    printf("commits_go_on: %zu cuts, the longest commit took %lld ms\n", cuts, (long long)longest);
    ck_assert_uint_eq(seen->count[STORE_LEDGER], cuts);
    store.ops->destroy(store.context);
    free(seen);
    free(b);
}
END_TEST

/* ---- source ---- */

struct taken {
    size_t data, ends, losses;
    int64_t skipped, first[2], next[2];
};

/* polls all workers until `ends` ends have been told since the call, or time is up */
static void take_until(struct source *source, unsigned workers, size_t ends, int limit_ms, struct taken *t)
{
    struct record records[BATCH];
    int64_t deadline = now_ms() + limit_ms;
    size_t before = t->ends;
    while (t->ends < before + ends && now_ms() < deadline)
        for (unsigned w = 0; w < workers; w++) {
            size_t n = source->ops->poll(source->context, w, records, BATCH, 50);
            for (size_t i = 0; i < n; i++) {
                const struct record *r = &records[i];
                ck_assert_uint_eq(r->partition % workers, w);
                t->data += r->kind == RECORD_DATA;
                t->ends += r->kind == RECORD_AT_END;
                t->losses += r->kind == RECORD_LOST;
                t->skipped += r->skipped;
                if (r->kind == RECORD_DATA) {
                    ck_assert_int_ge(r->offset, t->next[r->partition]);
                    if (t->next[r->partition] == 0)
                        t->first[r->partition] = r->offset;
                    t->next[r->partition] = r->offset + 1;
                }
            }
            source->ops->release(source->context, w);
        }
}

static struct source open_source(struct bench *b, const int64_t *offsets, unsigned workers)
{
    struct source source;
    size_t count;
    ck_assert(kafka_source(&b->config, &source));
    source.ops->partitions(source.context, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert(source.ops->start(source.context, offsets, workers));
    return source;
}

/* Partition 0 has a record every 100 s, partition 1 every 2 s: read as they come, 0 would be at its end while 1 has hardly
 * begun. */
START_TEST(source_reads_in_step)
{
    enum { FEW = 1000, EACH = 50, MANY = FEW * EACH, STEP_S = 2, POLL = 16 };
    struct bench *b = bench_ready("step");
    rd_kafka_t *plain = raw_producer(NULL);
    raw_produce(plain, b->input, 0, 0, FEW);
    raw_produce(plain, b->input, 1, 0, MANY);
    struct source source = open_source(b, (int64_t[]){-1, -1}, 1);
    int64_t at[2] = {0}, most = 0, deadline = now_ms() + WAIT_MS;
    bool ended[2] = {false};
    struct record records[POLL];
    while (!(ended[0] && ended[1]) && now_ms() < deadline) {
        size_t n = source.ops->poll(source.context, 0, records, POLL, 50);
        for (size_t i = 0; i < n; i++) {
            const struct record *r = &records[i];
            ended[r->partition] |= r->kind == RECORD_AT_END;
            if (r->kind == RECORD_DATA)
                at[r->partition] = 1 + (r->offset + 1) * (r->partition == 0 ? EACH : 1) * STEP_S;
        }
        for (uint32_t p = 0; p < 2; p++)
            if (at[p])
                source.ops->came(source.context, p, at[p]);
        source.ops->release(source.context, 0);
        if (!ended[1] && at[0] - at[1] > most)
            most = at[0] - at[1];
    }
    printf("reads_in_step: at most %lld s ahead\n", (long long)most);
    ck_assert(ended[0] && ended[1]);
    /* and what one poll brings, twice: who is last is looked for now and then */
    ck_assert_int_le(most, PACE_LEAD_S + 2 * POLL * EACH * STEP_S);
    source.ops->destroy(source.context);
    rd_kafka_destroy(plain);
    free(b);
}
END_TEST

START_TEST(source_reads_to_the_end_and_resumes)
{
    struct bench *b = bench_ready("source");
    rd_kafka_t *plain = raw_producer(NULL), *other = raw_producer(b->input);
    raw_produce(plain, b->input, 0, 0, 5000);
    raw_produce(plain, b->input, 1, 0, 3000);
    ck_assert_ptr_null(rd_kafka_begin_transaction(other));
    raw_produce(other, b->input, 1, 0, 10);
    ck_assert_ptr_null(rd_kafka_abort_transaction(other, WAIT_MS));
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct taken t = {0};
        struct source source = open_source(b, (int64_t[]){-1, -1}, workers);
        take_until(&source, workers, 2, WAIT_MS, &t);
        ck_assert_uint_eq(t.data, 8000);
        ck_assert_uint_eq(t.ends, 2);
        ck_assert_int_eq(t.skipped, 0);
        ck_assert_int_eq(kafka_source_lag(&source, 0), 0);
        source.ops->destroy(source.context);
    }
    struct taken t = {0};
    struct source source = open_source(b, (int64_t[]){4990, 3000}, 2);
    take_until(&source, 2, 2, WAIT_MS, &t);
    ck_assert_uint_eq(t.data, 10);
    ck_assert_int_eq(t.first[0], 4990);
    raw_produce(plain, b->input, 1, 0, 7);
    take_until(&source, 2, 1, WAIT_MS, &t);
    ck_assert_uint_eq(t.data, 17);
    ck_assert_int_eq(t.first[1], 3011);
    ck_assert_int_eq(t.skipped, 0);
    source.ops->destroy(source.context);
    rd_kafka_destroy(plain);
    rd_kafka_destroy(other);
    free(b);
}
END_TEST

static void delete_before(const char *topic, int partition, int64_t offset)
{
    rd_kafka_t *rk = raw_producer(NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    ck_assert(event && !rd_kafka_event_error(event));
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

START_TEST(retention_that_passes_us_is_counted)
{
    struct bench *b = bench_ready("retention");
    rd_kafka_t *plain = raw_producer(NULL);
    raw_produce(plain, b->input, 0, 0, 1000);
    raw_produce(plain, b->input, 1, 0, 1000);
    delete_before(b->input, 0, 600);
    delete_before(b->input, 1, 1000); /* nothing is left: the loss is told with the end */
    struct taken t = {0};
    struct source source = open_source(b, (int64_t[]){100, 900}, 1);
    take_until(&source, 1, 2, WAIT_MS, &t);
    ck_assert_uint_eq(t.data, 400);
    ck_assert_int_eq(t.first[0], 600);
    ck_assert_int_eq(t.skipped, 500 + 100);
    source.ops->destroy(source.context);

    t = (struct taken){0};
    source = open_source(b, (int64_t[]){5000, 1000}, 1); /* beyond the end: a topic made anew */
    take_until(&source, 1, 2, WAIT_MS, &t);
    ck_assert_uint_eq(t.data, 400);
    ck_assert_int_eq(t.skipped, 0);
    source.ops->destroy(source.context);
    rd_kafka_destroy(plain);
    free(b);
}
END_TEST

START_TEST(progress_reaches_the_group)
{
    struct bench *b = bench_ready("progress");
    rd_kafka_t *plain = raw_producer(NULL);
    raw_produce(plain, b->input, 0, 0, 50);
    rd_kafka_destroy(plain);
    struct source source = open_source(b, (int64_t[]){-1, -1}, 1);
    size_t count;
    const struct source_partition *partitions = source.ops->partitions(source.context, &count);
    struct store store;
    ck_assert(kafka_store(&b->config, partitions, count, &store));
    ck_assert_int_eq(store.ops->lead(store.context), STORE_OK);
    ck_assert_int_eq(store.ops->commit(store.context, NULL, 0, (int64_t[]){42, -1}, 2), STORE_OK);
    store.ops->destroy(store.context);
    source.ops->destroy(source.context);

    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", b->brokers, text, sizeof text);
    rd_kafka_conf_set(conf, "group.id", b->group, text, sizeof text);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, b->input, 0);
    ck_assert_int_eq(rd_kafka_committed(rk, list, WAIT_MS), 0);
    ck_assert_int_eq(list->elems[0].offset, 42);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    free(b);
}
END_TEST

/* a broker that hangs for a while: lost is told once, and the end again when it is back */
START_TEST(frozen_broker_is_lost_and_found)
{
    const char *pid = getenv("GRIDWARN_TEST_BROKER_PID");
    if (!pid)
        return;
    struct bench *b = bench_ready("frozen");
    rd_kafka_t *plain = raw_producer(NULL);
    raw_produce(plain, b->input, 0, 0, 10);
    struct taken t = {0};
    struct source source = open_source(b, (int64_t[]){-1, -1}, 2);
    take_until(&source, 2, 2, WAIT_MS, &t);
    take_until(&source, 2, 1, 3000, &t);
    ck_assert_uint_eq(t.losses, 0);
    kill(atoi(pid), SIGSTOP);
    take_until(&source, 2, 1, 20000, &t);
    kill(atoi(pid), SIGCONT);
    ck_assert_uint_eq(t.losses, 2);
    ck_assert_uint_eq(t.ends, 2);
    take_until(&source, 2, 2, 30000, &t);
    ck_assert_uint_eq(t.ends, 4);
    raw_produce(plain, b->input, 1, 0, 10);
    take_until(&source, 2, 1, WAIT_MS, &t);
    ck_assert_uint_eq(t.data, 20);
    ck_assert_uint_eq(t.losses, 2);
    source.ops->destroy(source.context);
    rd_kafka_destroy(plain);
    free(b);
}
END_TEST

/* ---- election ---- */

static bool elect(struct election **candidates, size_t count, size_t wanted, int limit_ms)
{
    int64_t deadline = now_ms() + limit_ms;
    while (!election_is_leader(candidates[wanted]) && now_ms() < deadline)
        for (size_t i = 0; i < count; i++)
            if (candidates[i])
                election_poll(candidates[i], 50);
    return election_is_leader(candidates[wanted]);
}

START_TEST(one_leads_and_hands_over)
{
    struct bench *b = bench_ready("election");
    struct election *candidates[4] = {election_create(&b->config)};
    ck_assert(elect(candidates, 1, 0, WAIT_MS));
    for (size_t i = 1; i < 4; i++)
        candidates[i] = election_create(&b->config);
    ck_assert(!elect(candidates, 4, 1, 8000)); /* who joins does not depose */
    ck_assert(!election_is_leader(candidates[2]) && !election_is_leader(candidates[3]));
    int64_t began = now_ms();
    election_destroy(&candidates[0]);
    while (!election_is_leader(candidates[1]) && !election_is_leader(candidates[2]) &&
           !election_is_leader(candidates[3]) && now_ms() - began < WAIT_MS)
        for (size_t i = 1; i < 4; i++)
            election_poll(candidates[i], 20);
    int64_t took = now_ms() - began;
    printf("one_leads_and_hands_over: %lld ms after the leader left\n", (long long)took);
    ck_assert_int_lt(took, 5000);
    ck_assert_int_eq(
        election_is_leader(candidates[1]) + election_is_leader(candidates[2]) + election_is_leader(candidates[3]), 1);
    for (size_t i = 1; i < 4; i++)
        election_destroy(&candidates[i]);
    free(b);
}
END_TEST

/* An instance that stands still holds up a rebalance, and who wants to leave in the middle of it has to wait for it. */
START_TEST(leaves_though_another_holds_the_group_up)
{
    struct bench *b = bench_ready("held-up");
    struct election *candidates[3] = {election_create(&b->config)};
    ck_assert(elect(candidates, 1, 0, WAIT_MS));
    candidates[1] = election_create(&b->config);
    ck_assert(!elect(candidates, 2, 1, 5000));
    candidates[2] = election_create(&b->config);
    for (int64_t until = now_ms() + 3000; now_ms() < until;) {
        election_poll(candidates[0], 50);
        election_poll(candidates[2], 50);
    }
    for (size_t i = 0; i < 3; i++) {
        int64_t began = now_ms();
        election_destroy(&candidates[i]);
        ck_assert_int_lt(now_ms() - began, 10000);
    }
    free(b);
}
END_TEST

/* ---- tail ---- */

START_TEST(tail_shows_committed_alerts)
{
    struct bench *b = bench_ready("tail");
    struct store store = open_store(b, true);
    struct kafka_tail_record r;
    struct kafka_tail *tail = kafka_tail_open(&b->config, STORE_ALERTS, KAFKA_TAIL_BEGINNING);
    ck_assert_ptr_nonnull(tail);
    ck_assert_int_eq(kafka_tail_next(tail, &r, WAIT_MS), KAFKA_TAIL_AT_END);
    ck_assert_int_eq(kafka_tail_next(tail, &r, 200), KAFKA_TAIL_TIMEOUT);
    ck_assert_int_eq(commit_one(&store, STORE_ALERTS, "alert"), STORE_OK);
    ck_assert_int_eq(kafka_tail_next(tail, &r, WAIT_MS), KAFKA_TAIL_RECORD);
    ck_assert(str_eq(r.value, STR("alert")) && str_eq(r.key, STR("k")));
    ck_assert_int_lt(llabs(now_ms() - r.timestamp_ms), 60000);
    ck_assert_int_eq(r.offset, 0);
    kafka_tail_close(&tail);
    tail = kafka_tail_open(&b->config, STORE_ALERTS, KAFKA_TAIL_END);
    ck_assert_int_eq(kafka_tail_next(tail, &r, WAIT_MS), KAFKA_TAIL_AT_END);
    kafka_tail_close(&tail);
    static char nothing[] = "no-such-topic";
    b->config.topic[STORE_ALERTS] = nothing;
    ck_assert_ptr_null(kafka_tail_open(&b->config, STORE_ALERTS, KAFKA_TAIL_END));
    store.ops->destroy(store.context);
    free(b);
}
END_TEST

START_TEST(properties_are_judged_without_a_broker)
{
    struct bench *b = bench_new("properties");
    static char names[4][32] = {"bootstrap.servers", "group.id", "fetch.wait.max.m", "security.protocol"};
    static char value[] = "hush";
    struct config_property properties[4];
    for (int i = 0; i < 4; i++)
        properties[i] = (struct config_property){names[i], value};
    struct problems problems = {0};
    ck_assert(kafka_properties_check(&b->config, "gridwarn.yaml", &problems));
    b->config.properties = properties;
    b->config.property_count = 4;
    ck_assert(!kafka_properties_check(&b->config, "gridwarn.yaml", &problems));
    ck_assert_uint_eq(problems.count, 3);
    ck_assert_ptr_nonnull(strstr(problems.all[0].text, "\"group.id\""));
    ck_assert_ptr_nonnull(strstr(problems.all[1].text, "did you mean \"fetch.wait.max.ms\""));
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(strstr(problems.all[i].text, "hush"));
    problems_clear(&problems);
    b->config.property_count = 0;
    ck_assert(!kafka_properties_check(&b->config, "gridwarn.yaml", &problems));
    problems_clear(&problems);
    free(b);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test)
{
    TCase *c = tcase_create(name);
    tcase_add_test(c, test);
    tcase_set_timeout(c, 300);
    suite_add_tcase(suite, c);
}

int main(void)
{
    if (!getenv("GRIDWARN_TEST_BROKERS")) {
        puts("skipped: GRIDWARN_TEST_BROKERS names no broker");
        return 0;
    }
    Suite *suite = suite_create("kafka");
    add(suite, "properties", properties_are_judged_without_a_broker);
    add(suite, "topics", topics_are_made_and_judged);
    add(suite, "nobody", no_broker_is_one_clear_line);
    add(suite, "password", wrong_password_is_one_clear_line);
    add(suite, "order", committed_is_followed_in_order);
    add(suite, "stop", handler_may_stop_and_go_on);
    add(suite, "aborted", follow_passes_over_what_was_not_committed);
    add(suite, "takeover", lead_ends_what_a_dead_leader_left_open);
    add(suite, "fence", second_leader_fences_the_first);
    add(suite, "large", too_large_a_record_is_the_end);
    add(suite, "commits", commits_go_on);
    add(suite, "source", source_reads_to_the_end_and_resumes);
    add(suite, "step", source_reads_in_step);
    add(suite, "retention", retention_that_passes_us_is_counted);
    add(suite, "progress", progress_reaches_the_group);
    add(suite, "frozen", frozen_broker_is_lost_and_found);
    add(suite, "election", one_leads_and_hands_over);
    add(suite, "election", leaves_though_another_holds_the_group_up);
    add(suite, "tail", tail_shows_committed_alerts);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
