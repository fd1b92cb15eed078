/* The start-up check of all topics: what would break a promise later is said now, one line a fault, each with the
 * command that mends it.  Inputs are the district's own: they must exist, and that is all. */
#include "kafka/kafka.h"

#include "kafka/client.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_spec.h"

#include <stdarg.h>
#include <string.h>

enum { BROKER_WAIT_MS = 10000, PAUSE_MS = 50, COMMAND_MAX = 512 };

struct check {
    struct client client;
    const struct config *config;
    const char *brokers;
    FILE *out;
    unsigned faults;
    int64_t deadline_ms;
};

static void complain(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(c->out, format, args);
    va_end(args);
    fputc('\n', c->out);
    c->faults++;
}

static const char *brokers_of(const struct config *config)
{
    const char *brokers = "BROKER:9092";
    for (unsigned i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, "bootstrap.servers") == 0 ||
            strcmp(config->properties[i].name, "metadata.broker.list") == 0)
            brokers = config->properties[i].value;
    return brokers;
}

static void complain_unreachable(struct check *c)
{
    const struct {
        rd_kafka_resp_err_t fault;
        const char *meaning;
    } known[] = {
        {RD_KAFKA_RESP_ERR__RESOLVE, "the broker's name cannot be resolved"},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, "the broker refuses the user or the password"},
        {RD_KAFKA_RESP_ERR__SSL, "no trusted TLS connection to the broker can be made"},
    };
    const char *meaning = "no broker answers";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].fault == c->client.fault)
            meaning = known[i].meaning;
    complain(c, "kafka %s: %s%s%s", c->brokers, meaning, c->client.fault ? ": " : "", c->client.fault_text);
}

/* > 0: how many; 0: missing or not ours to see; -1: no broker, and no use in going on */
static int32_t find(struct check *c, const char *topic, rd_kafka_resp_err_t *why)
{
    int32_t count = client_partitions(&c->client, topic, client_left_ms(c->deadline_ms), why);
    if (count < 0)
        complain_unreachable(c);
    else if (*why && *why != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        complain(c, "topic '%s': %s", topic, rd_kafka_err2str(*why));
    return count;
}

static bool check_inputs(struct check *c)
{
    const struct config *config = c->config;
    for (unsigned i = 0; i < config->source_count; i++) {
        const char *topic = config->sources[i].topic;
        rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR_NO_ERROR;
        int32_t count = topic ? find(c, topic, &why) : 1;
        if (count < 0)
            return false;
        if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            complain(c, "topic '%s' of source '%s' does not exist: create it, or correct the source's topic", topic,
                     config->sources[i].name);
    }
    return true;
}

static void complain_missing(struct check *c, const struct topic_spec *spec)
{
    char settings[COMMAND_MAX];
    topic_settings(spec, " --config ", settings, sizeof settings);
    complain(c,
             "topic '%s' does not exist: kafka-topics.sh --bootstrap-server %s --create --topic %s --partitions %d "
             "--config %s",
             spec->topic, c->brokers, spec->topic, spec->made_with, settings);
}

static void judge_setting(void *arg, const struct setting *s, const struct topic_spec *spec, const char *actual)
{
    struct check *c = arg;
    if (setting_holds(s, actual))
        return;
    complain(
        c,
        "topic '%s': %s is %s, must be %s%s: kafka-configs.sh --bootstrap-server %s --alter --entity-type topics "
        "--entity-name %s --add-config %s=%s",
        spec->topic, s->name, actual, s->test == SETTING_AT_LEAST ? "at least " : "", s->value, c->brokers,
        spec->topic, s->name, s->value);
}

/* The broker that was asked has it before the others do; who comes next may ask any of them. */
static void create(struct check *c, const struct topic_spec *spec)
{
    char text[COMMAND_MAX];
    if (!topic_create(c->client.rk, spec, text, sizeof text)) {
        complain(c, "topic '%s' cannot be created: %s", spec->topic, text);
        return;
    }
    rd_kafka_resp_err_t why;
    while (client_partitions(&c->client, spec->topic, client_left_ms(c->deadline_ms), &why) == 0 &&
           client_left_ms(c->deadline_ms) > 0)
        rd_kafka_poll(c->client.rk, PAUSE_MS);
}

/* false: no use in going on */
static bool check_own(struct check *c, enum store_topic topic, bool make)
{
    struct topic_spec spec = topic_spec(c->config, topic);
    char text[COMMAND_MAX];
    rd_kafka_resp_err_t why;
    int32_t count = find(c, spec.topic, &why);
    if (count < 0)
        return false;
    if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        if (make)
            create(c, &spec);
        else
            complain_missing(c, &spec);
        return true;
    }
    if (why)
        return true;
    if (spec.partitions && count != spec.partitions)
        complain(c,
                 "topic '%s' has %d partitions, must have %d; partitions cannot be taken away, so name another topic "
                 "in the configuration, or delete this one and all it holds: kafka-topics.sh --bootstrap-server %s "
                 "--delete --topic %s",
                 spec.topic, count, spec.partitions, c->brokers, spec.topic);
    if (!topic_describe(c->client.rk, &spec, judge_setting, c, text, sizeof text))
        complain(c, "topic '%s': its settings cannot be read: %s", spec.topic, text);
    return true;
}

unsigned kafka_topics_check(const struct config *config, bool make, FILE *complaints)
{
    static const struct client_property none[] = {{NULL, NULL}};
    struct check c = {.config = config, .brokers = brokers_of(config), .out = complaints};
    if (!client_open(&c.client, RD_KAFKA_CONSUMER, "topics", config, none, none)) {
        complain(&c, "kafka: no client can be made with these properties; the log says why");
        return c.faults;
    }
    c.client.quiet = true;
    c.deadline_ms = client_now_ms() + BROKER_WAIT_MS;
    bool going = check_inputs(&c);
    for (int t = 0; going && config->kafka && t < STORE_TOPICS; t++)
        going = check_own(&c, (enum store_topic)t, make);
    client_close(&c.client);
    return c.faults;
}
