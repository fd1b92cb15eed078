/* librdkafka's admin interface answers by events on a queue; a start-up check simply waits for its one answer. */
#include "kafka/topic_admin.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

/* The answer to one request, or NULL with the reason; the caller destroys it. */
static rd_kafka_event_t *wait_for(rd_kafka_queue_t *queue, char *why, size_t size)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS + 1000);
    if (event && !rd_kafka_event_error(event))
        return event;
    snprintf(why, size, "%s", event ? rd_kafka_event_error_string(event) : "no answer");
    if (event)
        rd_kafka_event_destroy(event);
    return NULL;
}

static rd_kafka_AdminOptions_t *options_for(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
    char text[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
    rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, text, sizeof text);
    return options;
}

static rd_kafka_NewTopic_t *new_topic(const struct topic_spec *spec, char *why, size_t size)
{
    enum { BROKERS_DEFAULT = -1 };
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(spec->topic, spec->made_with, BROKERS_DEFAULT, why, size);
    for (size_t i = 0; topic && i < spec->setting_count; i++)
        rd_kafka_NewTopic_set_config(topic, spec->settings[i].name, spec->settings[i].value);
    return topic;
}

static bool was_created(rd_kafka_event_t *event, char *why, size_t size)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count == 1 && !rd_kafka_topic_result_error(results[0]))
        return true;
    const char *text = count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL;
    snprintf(why, size, "%s", text ? text : "the broker does not say why");
    return false;
}

bool topic_create(rd_kafka_t *rk, const struct topic_spec *spec, char *why, size_t size)
{
    rd_kafka_NewTopic_t *topic = new_topic(spec, why, size);
    if (!topic)
        return false;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *options = options_for(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
    rd_kafka_event_t *event = wait_for(queue, why, size);
    bool good = event && was_created(event, why, size);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return good;
}

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return rd_kafka_ConfigEntry_value(entries[i]);
    return NULL;
}

static bool read_answer(rd_kafka_event_t *event, const struct topic_spec *spec, topic_setting_handler *each,
                        void *arg, char *why, size_t size)
{
    size_t count, entry_count;
    const rd_kafka_ConfigResource_t **answers =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    if (count != 1 || rd_kafka_ConfigResource_error(answers[0])) {
        const char *text = count == 1 ? rd_kafka_ConfigResource_error_string(answers[0]) : NULL;
        snprintf(why, size, "%s", text ? text : "the broker does not say why");
        return false;
    }
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(answers[0], &entry_count);
    for (size_t i = 0; i < spec->setting_count; i++) {
        const char *actual = value_of(entries, entry_count, spec->settings[i].name);
        if (actual)
            each(arg, &spec->settings[i], spec, actual);
    }
    return true;
}

bool topic_describe(rd_kafka_t *rk, const struct topic_spec *spec, topic_setting_handler *each, void *arg, char *why,
                    size_t size)
{
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, spec->topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_AdminOptions_t *options = options_for(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(rk, &resource, 1, options, queue);
    rd_kafka_event_t *event = wait_for(queue, why, size);
    bool good = event && read_answer(event, spec, each, arg, why, size);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
    return good;
}
