/* What the user may set of librdkafka's properties: all but those on which exactly-once and the ledger rest.  Names
 * and values are judged by librdkafka itself, on a configuration that is thrown away. */
#include "kafka/kafka.h"

#include "kafka/client.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static const struct client_property reserved[] = {
    {"transactional.id", N_("it is the group's name, which fences an older instance")},
    {"enable.idempotence", N_("alerts are published exactly once")},
    {"enable.gapless.guarantee", N_("alerts are published exactly once")},
    {"acks", N_("alerts are published exactly once")},
    {"request.required.acks", N_("alerts are published exactly once")},
    {"message.timeout.ms", N_("it follows transaction.timeout.ms")},
    {"delivery.timeout.ms", N_("it follows transaction.timeout.ms")},
    {"group.id", N_("it is derived from `group`")},
    {"group.instance.id", N_("a standby takes over at once")},
    {"partition.assignment.strategy", N_("a standby that joins must not depose the leader")},
    {"isolation.level", N_("only what was committed counts")},
    {"enable.auto.commit", N_("offsets are committed with the facts")},
    {"enable.auto.offset.store", N_("offsets are committed with the facts")},
    {"auto.commit.enable", N_("offsets are committed with the facts")},
    {"auto.offset.reset", N_("what retention took from us is reported, never passed over")},
    {"enable.partition.eof", N_("the watermark needs it")},
    {"statistics.interval.ms", N_("the watch over lost partitions needs it")},
    {"partitioner", N_("alerts of one id stay in order")},
    {"queuing.strategy", N_("alerts of one id stay in order")},
    {"batch.size", N_("batches must fit the topics' max.message.bytes")},
    {"log.queue", N_("gridwarn keeps the log")},
    {"enabled_events", N_("gridwarn serves the events")},
};

const char *client_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(reserved[i].name, name) == 0)
            return reserved[i].value;
    return NULL;
}

/* Every second entry of librdkafka's dump is a name; what has no default, and what is an alias, is not in it. */
static void name_unknown(rd_kafka_conf_t *conf, const char *name, const char *file, struct problems *problems)
{
    static const char *const undumped[] = {"bootstrap.servers", "sasl.mechanism",  "sasl.username",
                                           "sasl.password",     "ssl.ca.location", "ssl.certificate.location",
                                           "ssl.key.location",  "ssl.key.password"};
    enum { UNDUMPED = sizeof undumped / sizeof *undumped };
    size_t count = 0;
    const char **dump = rd_kafka_conf_dump(conf, &count);
    const char **names = xcalloc(count / 2 + UNDUMPED, sizeof *names);
    for (size_t i = 0; i < count / 2; i++)
        names[i] = dump[2 * i];
    memcpy(names + count / 2, undumped, sizeof undumped);
    const char *nearest = nearest_word(name, names, count / 2 + UNDUMPED);
    if (nearest)
        problem_add(problems, file, 0, 0, "kafka: librdkafka has no property \"%s\"; did you mean \"%s\"?", name,
                    nearest);
    else
        problem_add(problems, file, 0, 0, "kafka: librdkafka has no property \"%s\"", name);
    free(names);
    rd_kafka_conf_dump_free(dump, count);
}

/* Only the name is repeated in a problem: the value may be a secret. */
static void judge(rd_kafka_conf_t *conf, const struct config_property *p, const char *file, struct problems *problems)
{
    char text[512];
    const char *reason = client_reserved(p->name);
    if (reason) {
        problem_add(problems, file, 0, 0, "kafka: \"%s\" is gridwarn's own to set: %s; remove it", p->name,
                    problem_word(problems, reason));
        return;
    }
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, p->name, p->value, text, sizeof text);
    if (result == RD_KAFKA_CONF_UNKNOWN)
        name_unknown(conf, p->name, file, problems);
    else if (result == RD_KAFKA_CONF_INVALID)
        problem_add(problems, file, 0, 0,
                    "kafka: the value of \"%s\" is not one that librdkafka takes (its "
                    "CONFIGURATION.md says which are)",
                    p->name);
}

static bool needs_brokers(const struct config *config)
{
    bool needed = config->kafka;
    for (unsigned i = 0; i < config->source_count; i++)
        needed = needed || config->sources[i].topic;
    return needed;
}

bool kafka_properties_check(const struct config *config, const char *file, struct problems *problems)
{
    size_t before = problems->count;
    bool brokers = false;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (unsigned i = 0; i < config->property_count; i++) {
        const struct config_property *p = &config->properties[i];
        brokers =
            brokers || strcmp(p->name, "bootstrap.servers") == 0 || strcmp(p->name, "metadata.broker.list") == 0;
        judge(conf, p, file, problems);
    }
    rd_kafka_conf_destroy(conf);
    if (!brokers && needs_brokers(config))
        problem_add(problems, file, 0, 0, "kafka: bootstrap.servers is missing: host:port of one broker or several");
    return problems->count == before;
}
