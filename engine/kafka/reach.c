/* A partition is within reach while the connection to the broker that leads it is up, and that broker answers what
 * it is asked: a fetch is answered within fetch.wait.max.ms even when there is nothing, so a request that waits for
 * longer than IDLE_US is a broker that hangs. */
#include "kafka/reach.h"

#include "base/member.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>

enum { IDLE_US = 10 * 1000 * 1000 };

static bool text_is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcmp(value, text) == 0;
}

static bool answers(const json_t *broker)
{
    bool up = text_is(broker, "state", "UP") || text_is(broker, "state", "UPDATE");
    return up && (member_number(broker, "waitresp_cnt") == 0 || member_number(broker, "rxidle") < IDLE_US);
}

/* A group's coordinator is listed once more, as "logical", with a connection that carries no records. */
static bool broker_answers(json_t *brokers, json_int_t id)
{
    const char *name;
    json_t *broker;
    json_object_foreach(brokers, name, broker)
    {
        if (id >= 0 && member_number(broker, "nodeid") == id && !text_is(broker, "source", "logical") && answers(broker))
            return true;
    }
    return false;
}

static bool within_reach(const json_t *root, const struct source_partition *p)
{
    char number[16];
    snprintf(number, sizeof number, "%d", p->number);
    const json_t *topic = json_object_get(json_object_get(root, "topics"), p->name);
    const json_t *partition = json_object_get(json_object_get(topic, "partitions"), number);
    return partition && member_number(partition, "leader") >= 0 &&
           broker_answers(json_object_get(root, "brokers"), member_number(partition, "broker"));
}

/* librdkafka lists partition -1, for what has none yet, too */
static size_t partitions_of(const json_t *root, const char *topic_name)
{
    const json_t *topic = json_object_get(json_object_get(root, "topics"), topic_name);
    json_t *partitions = json_object_get(topic, "partitions");
    return json_object_size(partitions) - (json_object_get(partitions, "-1") != NULL);
}

bool reach_update(const char *json, size_t len, const struct source_partition *partitions, size_t count,
                  atomic_bool *lost, struct reach *reach)
{
    json_t *root = json_loadb(json, len, 0, NULL);
    bool good = json_is_object(json_object_get(root, "topics")) && json_is_object(json_object_get(root, "brokers"));
    size_t known = 0;
    if (good)
        *reach = (struct reach){0};
    for (size_t i = 0; good && i < count; i++) {
        bool is_lost = !within_reach(root, &partitions[i]);
        atomic_store(&lost[i], is_lost);
        reach->lost += is_lost;
        if (i == 0 || strcmp(partitions[i].name, partitions[i - 1].name) != 0)
            known += partitions_of(root, partitions[i].name);
    }
    if (good)
        reach->unread = known > count ? known - count : 0;
    json_decref(root);
    return good;
}
