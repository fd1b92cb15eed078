/* Where it all goes: Kafka with its properties and topics, a directory, or the console. */
#include "config/config_priv.h"

#include "base/check.h"

#include <stdlib.h>

enum { TOPIC_LEN_MAX = 249 };

static void read_properties(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    if (!yaml_is_mapping(node, "kafka: properties", problems) || c->words_only)
        return;
    c->properties = xcalloc(node->count + 1, sizeof *c->properties);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = yaml_key(node, i);
        if (key->kind != YAML_SCALAR)
            continue;
        char *value = config_secret(yaml_value(node, i), key->text.at, problems);
        if (value)
            c->properties[c->property_count++] = (struct config_property){xstrdup(key->text.at), value};
    }
}

static void check_topic(const char *name, const struct yaml_node *node, struct problems *problems)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (name[len] != '\0' || len == 0 || len > TOPIC_LEN_MAX)
        yaml_problem(node, problems, "a topic's name is ASCII letters, digits, . _ and -, 1 to %d", TOPIC_LEN_MAX);
}

/* An engine that reads what it writes would feed on itself. */
static void check_distinct(const struct config *c, unsigned topic, const struct yaml_node *node,
                           struct problems *problems)
{
    for (unsigned i = 0; i < topic; i++)
        if (strcmp(c->topic[i], c->topic[topic]) == 0)
            yaml_problem(node, problems, "topics: %s and %s would be the same topic", store_topic_word(i),
                         store_topic_word(topic));
    for (unsigned i = 0; i < c->source_count; i++)
        if (c->sources[i].topic && strcmp(c->sources[i].topic, c->topic[topic]) == 0)
            yaml_problem(node, problems, "topics: %s is the topic of the source %s", store_topic_word(topic),
                         c->sources[i].name);
}

static void read_topics(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    const struct yaml_node *topics = yaml_get(yaml_get(root, "kafka"), "topics");
    const char *known[STORE_TOPICS];
    for (unsigned i = 0; i < STORE_TOPICS; i++) {
        known[i] = store_topic_word(i);
        const struct yaml_node *node = yaml_get(topics, known[i]);
        if (node)
            c->topic[i] = config_text(node, known[i], "", problems);
        else
            CHECK(asprintf(&c->topic[i], "%s-%s", c->group, known[i]) >= 0);
        if (node)
            check_topic(c->topic[i], node, problems);
        check_distinct(c, i, node ? node : root, problems);
    }
    if (yaml_is_mapping(topics, "kafka: topics", problems))
        yaml_only(topics, known, STORE_TOPICS, problems);
    for (unsigned i = 0; i < c->source_count; i++)
        if (c->sources[i].topic) {
            const struct yaml_node *sources = yaml_get(root, "sources");
            const struct yaml_node *node = i < sources->count ? yaml_value(sources, i) : yaml_get(root, "dispositions");
            check_topic(c->sources[i].topic, yaml_get(node, "topic"), problems);
        }
}

static void read_choice(struct config *c, const struct yaml_node *node, bool topics, struct problems *problems)
{
    static const char *const known[] = {"directory"};
    c->kafka = topics && !node;
    if (!node)
        return;
    if (node->kind == YAML_MAPPING) {
        yaml_only(node, known, COUNT(known), problems);
        c->directory = config_path(config_need(node, "directory", problems), "directory", problems);
    } else if (node->kind == YAML_SCALAR && strcmp(node->text.at, "kafka") == 0) {
        c->kafka = true;
    } else if (node->kind != YAML_SCALAR || strcmp(node->text.at, "console") != 0) {
        yaml_problem(node, problems, "output: expected kafka, console or {directory: path}");
    }
}

static bool has_property(const struct config *c, const char *name)
{
    for (unsigned i = 0; i < c->property_count; i++)
        if (strcmp(c->properties[i].name, name) == 0)
            return true;
    return false;
}

void config_read_output(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    static const char *const known[] = {"properties", "topics"};
    const struct yaml_node *kafka = yaml_get(root, "kafka");
    bool topics = c->source_count > 0 && c->sources[0].topic;
    read_choice(c, yaml_get(root, "output"), topics, problems);
    if (yaml_is_mapping(kafka, "kafka", problems)) {
        yaml_only(kafka, known, COUNT(known), problems);
        read_properties(c, yaml_get(kafka, "properties"), problems);
    }
    read_topics(c, root, problems);
    if ((topics || c->kafka) && !c->words_only && !has_property(c, "bootstrap.servers") && !has_property(c, "metadata.broker.list"))
        yaml_problem(kafka ? kafka : root, problems, "kafka: expected properties with bootstrap.servers");
}
