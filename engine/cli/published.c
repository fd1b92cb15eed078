#include "cli/published.h"

#include "base/check.h"
#include "base/member.h"
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

static int64_t time_of(const json_t *object, const char *key)
{
    static const struct time_format format = {TIME_RFC3339, NULL};
    int64_t seconds;
    return time_read(&format, str_of(member_text(object, key)), 0, &seconds) ? seconds : INT64_MIN;
}

static const json_t *data_of(const json_t *message)
{
    return json_object_get(message, "data");
}

static void keep(json_t **kept, json_t *message)
{
    json_decref(*kept);
    *kept = json_incref(message);
}

/* is this the revision with which the alert came to its highest level so far? */
static bool reaches(const struct published_alert *p, const json_t *data)
{
    const char *highest = member_text(data, "highest_level");
    return !p->reached || strcmp(member_text(data_of(p->reached), "alert_id"), member_text(data, "alert_id")) != 0 ||
           (strcmp(member_text(data, "level"), highest) == 0 && strcmp(member_text(data_of(p->reached), "level"), highest) != 0);
}

static void take(struct looking *l, struct str message)
{
    json_t *event = json_loadb(message.at, message.len, 0, NULL);
    const json_t *data = data_of(event);
    struct published_alert *p = l->found;
    int64_t opened_at = time_of(data, "opened_at");
    if (*member_text(data, "alert_id") && strncmp(member_text(data, "alert_id"), l->id, strlen(l->id)) == 0 && opened_at != INT64_MIN) {
        l->several |= l->any && strcmp(p->id, member_text(data, "alert_id")) != 0;
        snprintf(p->id, sizeof p->id, "%s", member_text(data, "alert_id"));
        snprintf(p->rule, sizeof p->rule, "%s", member_text(data, "rule"));
        snprintf(p->subject, sizeof p->subject, "%s", member_text(json_object_get(data, "subject"), "code"));
        snprintf(p->each, sizeof p->each, "%s", member_text(json_object_get(data, "each"), "category"));
        snprintf(p->crossed_id, sizeof p->crossed_id, "%s", member_text(json_object_get(data, "crossed_by"), "event_id"));
        p->opened_at = opened_at;
        if (reaches(p, data))
            keep(&p->reached, event);
        keep(&p->last, event);
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

void published_clear(struct published_alert *p)
{
    json_decref(p->reached);
    json_decref(p->last);
    *p = (struct published_alert){0};
}

/* ---- which it is among those of a replay ---- */

static bool is_of(const struct judgement *j, const struct past_alert *a, const struct published_alert *p)
{
    char code[PAST_SUBJECT_SIZE];
    const struct catalogue *catalogue = past_config(j->past)->catalogue;
    past_subject(j, a, true, code);
    const char *each = a->subject.each == CATEGORY_NONE ? "" : catalogue_category(catalogue, a->subject.each)->path;
    bool subject = strcmp(code, p->subject) == 0 || strncmp(p->subject, "pseudonym-", strlen("pseudonym-")) == 0;
    return strcmp(j->rules->rules[a->rule].id, p->rule) == 0 && subject && strcmp(each, p->each) == 0;
}

/* a pseudonym is the alert's own: there only the event tells which it is */
static bool was_crossed_by(const struct past_alert *a, const char *id)
{
    return !*id || (a->crossed_id && strcmp(a->crossed_id, id) == 0);
}

static bool was_open(const struct past_alert *a, const struct published_alert *p)
{
    const json_t *data = data_of(p->reached);
    int64_t at = time_of(data, "evaluated_at");
    bool hidden = strncmp(p->subject, "pseudonym-", strlen("pseudonym-")) == 0;
    const char *crossed = member_text(json_object_get(data, "crossed_by"), "event_id");
    return at != INT64_MIN && a->opened_minute <= at / 60 && at / 60 < a->ended_minute &&
           (!hidden || (*crossed && was_crossed_by(a, crossed)));
}

const struct past_alert *published_among(const struct judgement *j, const struct published_alert *p)
{
    for (size_t i = 0; i < j->count; i++)
        if (is_of(j, &j->alerts[i], p) && was_crossed_by(&j->alerts[i], p->crossed_id) && j->alerts[i].opened_at == p->opened_at)
            return &j->alerts[i];
    for (size_t i = 0; i < j->count; i++)
        if (is_of(j, &j->alerts[i], p) && was_open(&j->alerts[i], p))
            return &j->alerts[i];
    return NULL;
}

/* ---- what it said ---- */

const char *published_generation(const json_t *message)
{
    return member_text(json_object_get(data_of(message), "provenance"), "generation");
}

int64_t published_at(const json_t *message)
{
    return time_of(message, "time");
}

static json_t *some_of(const json_t *message, const char *const *keys)
{
    json_t *some = json_pack("{s:O?}", "time", json_object_get(message, "time"));
    for (; *keys; keys++)
        json_object_set(some, *keys, json_object_get(data_of(message), *keys));
    return some;
}

json_t *published_json(const struct published_alert *p)
{
    static const char *const reached[] = {"revision", "level", "opened_at", "evaluated_at", "sentence", "provenance", NULL};
    static const char *const last[] = {"revision", "state", "level", "highest_level", "ended_at", NULL};
    return json_pack("{s:s, s:o, s:o}", "alert_id", member_text(data_of(p->last), "alert_id"), "reached", some_of(p->reached, reached), "last",
                     some_of(p->last, last));
}
