#include "cli/published.h"

#include "base/check.h"
#include "cli/cli.h"
#include "decode/time.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <jansson.h>
#include <stdlib.h>

struct looking {
    const char *id;
    struct published_alert *found;
    bool any, several;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void take(struct looking *l, struct str message)
{
    static const struct time_format format = {TIME_RFC3339, NULL};
    json_t *event = json_loadb(message.at, message.len, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    struct published_alert *p = l->found;
    if (*text_of(data, "alert_id") && strncmp(text_of(data, "alert_id"), l->id, strlen(l->id)) == 0 &&
        time_read(&format, str_of(text_of(data, "opened_at")), 0, &p->opened_at)) {
        l->several |= l->any && strcmp(p->id, text_of(data, "alert_id")) != 0;
        snprintf(p->id, sizeof p->id, "%s", text_of(data, "alert_id"));
        snprintf(p->rule, sizeof p->rule, "%s", text_of(data, "rule"));
        snprintf(p->subject, sizeof p->subject, "%s", text_of(json_object_get(data, "subject"), "code"));
        snprintf(p->crossed_id, sizeof p->crossed_id, "%s", text_of(json_object_get(data, "crossed_by"), "event_id"));
        l->any = true;
    }
    json_decref(event);
}

static void look_in_directory(struct looking *l, const char *directory)
{
    char *path, *line = NULL;
    size_t room = 0;
    ssize_t len;
    CHECK(asprintf(&path, "%s/alerts.ndjson", directory) >= 0);
    FILE *in = fopen(path, "re");
    while (in && (len = getline(&line, &room, in)) > 0)
        take(l, (struct str){line, (size_t)len});
    if (in)
        fclose(in);
    free(line);
    free(path);
}

#ifdef GRIDWARN_KAFKA
static bool look_in_topic(struct looking *l, const struct config *config)
{
    struct kafka_tail *topic = kafka_tail_open(config, STORE_ALERTS, KAFKA_TAIL_BEGINNING);
    struct kafka_tail_record record;
    enum kafka_tail_result result = topic ? KAFKA_TAIL_TIMEOUT : KAFKA_TAIL_FAILED;
    while (result != KAFKA_TAIL_AT_END && result != KAFKA_TAIL_FAILED) {
        result = kafka_tail_next(topic, &record, 1000);
        if (result == KAFKA_TAIL_RECORD && record.value.at)
            take(l, record.value);
    }
    kafka_tail_close(&topic);
    return result != KAFKA_TAIL_FAILED;
}
#endif

int published_find(const struct config *config, const char *id, struct published_alert *found)
{
    struct looking l = {.id = id, .found = found};
    *found = (struct published_alert){0};
    if (config->directory)
        look_in_directory(&l, config->directory);
#ifdef GRIDWARN_KAFKA
    if (config->kafka && !look_in_topic(&l, config))
        return CLI_BROKER;
#endif
    if (l.any && !l.several)
        return CLI_OK;
    if (l.several) {
        fprintf(stderr, cli_text("gridwarn: several alerts begin with %s: more of the id is needed\n",
                                 "gridwarn：有多起预警的编号以 %s 开头，请多写几位\n"),
                id);
        return CLI_USAGE;
    }
    fprintf(stderr, cli_text("gridwarn: no alert %s in these events, nor among those published\n",
                             "gridwarn：这些事件和已发布的预警中都没有 %s\n"),
            id);
    return CLI_USAGE;
}
