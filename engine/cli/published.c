#include "cli/published.h"

#include "base/check.h"
#include "base/member.h"
#include "cli/cli.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static const json_t *data_of(const json_t *message)
{
    return json_object_get(message, "data");
}

/* ---- all of them ---- */

struct reading {
    published_take *take;
    void *arg;
};

static void take_text(const struct reading *r, struct str text)
{
    json_t *message = json_loadb(text.at, text.len, 0, NULL);
    r->take(r->arg, message);
    json_decref(message);
}

static bool read_lines(const struct reading *r, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&line, &room, in)) > 0)
        if (strspn(line, " \t\r\n") < (size_t)len)
            take_text(r, (struct str){line, (size_t)len});
    free(line);
    return !ferror(in);
}

int published_read_file(const char *path, published_take *take, void *arg)
{
    const struct reading r = {take, arg};
    bool standard = strcmp(path, "-") == 0;
    FILE *in = standard ? stdin : fopen(path, "re");
    bool good = in && read_lines(&r, in);
    if (!good)
        fprintf(stderr, "gridwarn: %s: %s\n", path, strerror(errno));
    if (in && !standard)
        fclose(in);
    return good ? CLI_OK : CLI_INPUT;
}

/* an engine that has published nothing yet has not made the file */
static int read_directory(const char *directory, published_take *take, void *arg)
{
    char *path;
    CHECK(asprintf(&path, "%s/alerts.ndjson", directory) >= 0);
    int status = access(path, F_OK) == 0 ? published_read_file(path, take, arg) : CLI_OK;
    free(path);
    return status;
}

#ifdef GRIDWARN_KAFKA
static bool read_topic(const struct reading *r, const struct config *config)
{
    struct kafka_tail *topic = kafka_tail_open(config, STORE_ALERTS, KAFKA_TAIL_BEGINNING);
    struct kafka_tail_record record;
    enum kafka_tail_result result = topic ? KAFKA_TAIL_TIMEOUT : KAFKA_TAIL_FAILED;
    while (result != KAFKA_TAIL_AT_END && result != KAFKA_TAIL_FAILED) {
        result = kafka_tail_next(topic, &record, 1000);
        if (result == KAFKA_TAIL_RECORD && record.value.at)
            take_text(r, record.value);
    }
    kafka_tail_close(&topic);
    return result != KAFKA_TAIL_FAILED;
}
#endif

int published_read(const struct config *config, published_take *take, void *arg)
{
#ifdef GRIDWARN_KAFKA
    if (config->kafka && !read_topic(&(struct reading){take, arg}, config))
        return CLI_BROKER;
#endif
    return config->directory ? read_directory(config->directory, take, arg) : CLI_OK;
}

/* ---- one of them ---- */

struct looking {
    const char *id;
    struct published_alert *found;
    bool any, several;
};

static void keep(json_t **kept, json_t *message)
{
    json_decref(*kept);
    *kept = json_incref(message);
}

static void look(void *arg, json_t *message)
{
    struct looking *l = arg;
    struct published_alert *p = l->found;
    const char *id = member_text(data_of(message), "alert_id");
    bool reaches;
    if (strncmp(id, l->id, strlen(l->id)) != 0)
        return;
    l->several |= l->any && strcmp(p->identity.id, id) != 0;
    if (!identity_take(&p->identity, message, &reaches))
        return;
    if (reaches)
        keep(&p->reached, message);
    keep(&p->last, message);
    l->any = true;
}

int published_find(const struct config *config, const char *id, struct published_alert *found)
{
    struct looking l = {.id = id, .found = found};
    *found = (struct published_alert){0};
    int status = published_read(config, look, &l);
    if (status != CLI_OK)
        return status;
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

/* ---- what it said ---- */

const char *published_generation(const json_t *message)
{
    return member_text(json_object_get(data_of(message), "provenance"), "generation");
}

int64_t published_at(const json_t *message)
{
    return member_time(message, "time");
}

static json_t *some_of(const json_t *message, const char *const *keys)
{
    json_t *some = json_pack("{s:O?}", "time", json_object_get(message, "time"));
    for (; *keys; keys++)
        json_object_set(some, *keys, json_object_get(data_of(message), *keys));
    return some;
}

/* of a rule of silent(): what each source was judged by, in the end */
static void add_conditions(json_t *json, const json_t *message)
{
    json_t *conditions = json_array(), *entry;
    size_t i;
    json_array_foreach(json_object_get(data_of(message), "evidence"), i, entry)
    {
        json_t *heard = json_object_get(entry, "heard");
        if (heard)
            json_array_append_new(conditions, json_pack("{s:O, s:O, s:O}", "condition", json_object_get(entry, "condition"), "value",
                                                        json_object_get(entry, "value"), "heard", heard));
    }
    if (json_array_size(conditions))
        json_object_set(json, "conditions", conditions);
    json_decref(conditions);
}

json_t *published_json(const struct published_alert *p)
{
    static const char *const reached[] = {"revision", "level", "opened_at", "evaluated_at", "sentence", "provenance", NULL};
    static const char *const last[] = {"revision", "state", "level", "highest_level", "ended_at", NULL};
    json_t *json = json_pack("{s:s, s:o, s:o}", "alert_id", member_text(data_of(p->last), "alert_id"), "reached", some_of(p->reached, reached),
                             "last", some_of(p->last, last));
    add_conditions(json_object_get(json, "last"), p->last);
    return json;
}
