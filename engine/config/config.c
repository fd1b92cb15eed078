/* gridwarn.yaml and all that it names.  Read in one go and checked as a whole: whoever starts an engine, or mends a
 * file at night, gets every mistake at once and not one per attempt. */
#include "config/config.h"

#include "base/check.h"
#include "config/config_priv.h"
#include "rule/texts.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, WORKERS_MAX = 64, WORKERS_DEFAULT_MAX = 8, HTTP_PORT_DEFAULT = 9464 };

static const int64_t mib = INT64_C(1) << 20, gib = INT64_C(1) << 30, tib = INT64_C(1) << 40;

char *config_text(const struct yaml_node *node, const char *what, const char *absent, struct problems *problems)
{
    return xstrdup(yaml_text(node, what, absent, problems));
}

char *config_path(const struct yaml_node *node, const char *what, struct problems *problems)
{
    const char *path = yaml_text(node, what, "", problems);
    if (node && *path == '\0' && node->kind == YAML_SCALAR && node->quoted)
        yaml_problem(node, problems, "%s: expected a path", problem_word(problems, what));
    return *path == '\0' || strcmp(path, "-") == 0 ? xstrdup(path) : yaml_resolve(node->file, path);
}

const struct yaml_node *config_need(const struct yaml_node *mapping, const char *key, struct problems *problems)
{
    const struct yaml_node *value = yaml_get(mapping, key);
    if (!value)
        yaml_problem(mapping, problems, "%s is missing", key);
    return value;
}

/* It becomes part of topics' names, of the transactional id and of the alerts' source. */
static void read_group(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    const struct yaml_node *node = config_need(root, "group", problems);
    c->group = config_text(node, "group", "", problems);
    size_t len = strspn(c->group, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (node && (len == 0 || len > 200 || c->group[len] != '\0'))
        yaml_problem(node, problems, "group: expected ASCII letters, digits, . _ and -, 1 to 200");
}

static void read_time(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    const char *files = c->source_count && c->sources[0].path ? "event" : "wall";
    const char *time = yaml_text(node, "time", files, problems);
    if (strcmp(time, "wall") != 0 && strcmp(time, "event") != 0)
        yaml_problem(node, problems, "time: expected wall (live) or event (files, replay, demo)");
    c->event_time = strcmp(time, "event") == 0;
}

static void read_timezone(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    const char *text = yaml_text(node, "timezone", "+08:00", problems);
    unsigned hours = 0, minutes = 0;
    int end = 0;
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &end) != 2 || end != 5 ||
        text[6] != '\0' || hours > 14 || minutes > 59) {
        yaml_problem(node, problems, "timezone: expected an offset such as +08:00");
        return;
    }
    int32_t offset = (int32_t)(hours * HOUR + minutes * MINUTE);
    c->utc_offset_s = *text == '-' ? -offset : offset;
}

static void read_levels(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    static const char *const standard[] = {"blue", "yellow", "orange", "red"};
    bool list = node && node->kind == YAML_SEQUENCE && node->count >= 1 && node->count <= LEVELS_MAX;
    if (node && !list)
        yaml_problem(node, problems, "levels: expected a list of 1 to %d names, the lowest first", LEVELS_MAX);
    size_t count = list ? node->count : COUNT(standard);
    for (size_t i = 0; i < count; i++) {
        c->level_names[i] = config_text(list ? node->items[i] : NULL, "levels", list ? "" : standard[i], problems);
        c->level_count++;
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->level_names[i], c->level_names[k]) == 0)
                yaml_problem(list ? node->items[i] : node, problems, "levels: %s stands here twice",
                             c->level_names[i]);
    }
}

/* One core is left to the committer, the broker's threads and the system. */
static unsigned workers_default(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long workers = cores - 1;
    return workers < 1 ? 1 : workers > WORKERS_DEFAULT_MAX ? WORKERS_DEFAULT_MAX : (unsigned)workers;
}

static void read_memory(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    static const char *const known[] = {"keep", "readings_keep", "memory", "readings_memory"};
    static const char *const counters_known[] = {"memory"};
    const struct yaml_node *ledger = yaml_get(root, "ledger"), *counters = yaml_get(root, "counters");
    if (yaml_is_mapping(ledger, "ledger", problems))
        yaml_only(ledger, known, COUNT(known), problems);
    if (yaml_is_mapping(counters, "counters", problems))
        yaml_only(counters, counters_known, COUNT(counters_known), problems);
    c->retention_s = (int32_t)yaml_duration(yaml_get(ledger, "keep"), "keep", DAY, 400 * DAY, 35 * DAY, problems);
    c->readings_retention_s = (int32_t)yaml_duration(yaml_get(ledger, "readings_keep"), "readings_keep", HOUR,
                                                     35 * DAY, 48 * HOUR, problems);
    c->ledger_bytes = yaml_bytes(yaml_get(ledger, "memory"), "memory", 16 * mib, tib, gib, problems);
    c->readings_bytes =
        yaml_bytes(yaml_get(ledger, "readings_memory"), "readings_memory", 16 * mib, tib, 256 * mib, problems);
    c->counters_bytes = yaml_bytes(yaml_get(counters, "memory"), "memory", 16 * mib, tib, 512 * mib, problems);
    c->tracked_bytes = c->counters_bytes;
    c->uncommitted_bytes = yaml_bytes(yaml_get(root, "uncommitted"), "uncommitted", mib, 4 * gib, 64 * mib, problems);
}

/* host:port, [v6]:port, or off */
static void read_http(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    static const char *const known[] = {"listen"};
    if (yaml_is_mapping(node, "http", problems))
        yaml_only(node, known, COUNT(known), problems);
    const struct yaml_node *listen = yaml_get(node, "listen");
    const char *text = yaml_text(listen, "listen", "127.0.0.1:9464", problems);
    const char *colon = strrchr(text, ':'), *start = text, *stop = colon;
    char *end = NULL;
    if (strcmp(text, "off") == 0) {
        c->http_host = xstrdup("");
        return;
    }
    bool brackets = colon && *text == '[' && colon > text + 1 && colon[-1] == ']';
    if (brackets) {
        start++;
        stop--;
    }
    bool digits = colon && colon[1] >= '0' && colon[1] <= '9';
    unsigned long port = digits ? strtoul(colon + 1, &end, 10) : 0;
    bool good = digits && *end == '\0' && port >= 1 && port <= UINT16_MAX && stop > start &&
                (brackets || !memchr(start, ':', (size_t)(stop - start)));
    if (!good)
        yaml_problem(listen, problems, "listen: expected host:port, such as 127.0.0.1:9464, or off");
    c->http_host = good ? xstrndup(start, (size_t)(stop - start)) : xstrdup("");
    c->http_port = good ? (uint16_t)port : 0;
}

static void load_registry(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    static const char *const known[] = {"regions", "categories", "organisations"};
    if (!yaml_is_mapping(node, "registry", problems))
        return;
    yaml_only(node, known, COUNT(known), problems);
    char *regions = config_path(config_need(node, "regions", problems), "regions", problems);
    char *categories = config_path(config_need(node, "categories", problems), "categories", problems);
    char *organisations = config_path(yaml_get(node, "organisations"), "organisations", problems);
    if (*regions)
        c->registry = registry_load(regions, problems);
    if (*categories)
        catalogue_load_categories(c->catalogue, categories, problems);
    if (*organisations)
        catalogue_load_organisations(c->catalogue, organisations, problems);
    free(regions);
    free(categories);
    free(organisations);
}

static bool has_all_mappings(const struct config *c)
{
    for (unsigned i = 0; i < c->source_count; i++)
        if (!c->offers[i])
            return false;
    return true;
}

const struct config_source *config_dispositions(const struct config *c)
{
    const struct config_source *last = c->source_count ? &c->sources[c->source_count - 1] : NULL;
    return last && !last->mapping ? last : NULL;
}

unsigned config_event_sources(const struct config *c)
{
    return c->source_count - (config_dispositions(c) != NULL);
}

struct rule_context config_rule_context(const struct config *c)
{
    return (struct rule_context){
        .registry = c->registry,
        .catalogue = c->catalogue,
        .level_names = (const char *const *)c->level_names,
        .level_count = c->level_count,
        .retention_s = c->retention_s,
        .readings_retention_s = c->readings_retention_s,
        .calendar_path = c->calendar_path,
        .models_path = c->models_path,
        .utc_offset_s = c->utc_offset_s,
        .offers = has_all_mappings(c) ? c->offers : NULL,
    };
}

static char *path_or_null(const struct yaml_node *node, const char *what, struct problems *problems)
{
    char *path = config_path(node, what, problems);
    if (*path)
        return path;
    free(path);
    return NULL;
}

static bool read_switch(const struct yaml_node *node, const char *what, bool absent, struct problems *problems)
{
    const char *text = yaml_text(node, what, absent ? "on" : "off", problems);
    if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
        yaml_problem(node, problems, "%s: expected on or off", problem_word(problems, what));
    return strcmp(text, "on") == 0;
}

static void load_rules(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    c->rules_path = config_path(config_need(root, "rules", problems), "rules", problems);
    c->calendar_path = path_or_null(yaml_get(root, "calendar"), "calendar", problems);
    c->models_path = path_or_null(yaml_get(root, "models"), "models", problems);
    c->rules_watch = read_switch(yaml_get(root, "rules_watch"), "rules_watch", true, problems);
    c->max_new = (int32_t)yaml_integer(yaml_get(root, "rules_max_new"), "rules_max_new", 0, INT32_MAX, -1, problems);
    c->max_new_days = (int32_t)yaml_integer(yaml_get(root, "rules_max_new_days"), "rules_max_new_days", 1,
                                            MAX_NEW_DAYS_MAX, MAX_NEW_DAYS, problems);
    struct rule_context context = config_rule_context(c);
    if (!*c->rules_path || c->words_only)
        return;
    context.texts = c->texts = rule_texts_create(c->rules_path);
    c->rules = rule_set_load(c->rules_path, &context, problems);
}

static void read_all(struct config *c, const struct yaml_node *root, struct problems *problems)
{
    static const char *const known[] = {"group",      "time",    "timezone",  "levels",     "workers", "registry",
                                        "rules",      "sources", "kafka",     "output",     "ledger",  "counters",
                                        "actor_keys", "http",    "heartbeat", "uncommitted", "calendar", "models",
                                        "rules_watch", "rules_max_new", "rules_max_new_days", "dispositions"};
    if (!yaml_is_mapping(root, "the configuration", problems))
        return;
    yaml_only(root, known, COUNT(known), problems);
    const struct yaml_node *sources = config_need(root, "sources", problems);
    read_group(c, root, problems);
    config_read_sources(c, sources, yaml_get(root, "dispositions"), problems);
    config_read_output(c, root, problems);
    config_read_actor_keys(c, yaml_get(root, "actor_keys"), problems);
    read_time(c, yaml_get(root, "time"), problems);
    read_timezone(c, yaml_get(root, "timezone"), problems);
    read_levels(c, yaml_get(root, "levels"), problems);
    c->workers =
        (unsigned)yaml_integer(yaml_get(root, "workers"), "workers", 1, WORKERS_MAX, workers_default(), problems);
    c->heartbeat_s = (int32_t)yaml_duration(yaml_get(root, "heartbeat"), "heartbeat", 1, HOUR, 30, problems);
    read_memory(c, root, problems);
    read_http(c, yaml_get(root, "http"), problems);
    load_registry(c, config_need(root, "registry", problems), problems);
    config_load_mappings(c, sources, problems);
    load_rules(c, root, problems);
}

static struct config *load(const char *path, bool words_only, struct problems *problems)
{
    size_t before = problems->count;
    struct yaml_file *file = yaml_read(path, problems);
    if (!file)
        return NULL;
    struct config *c = xcalloc(1, sizeof *c);
    c->words_only = words_only;
    c->catalogue = catalogue_create();
    read_all(c, yaml_root(file), problems);
    yaml_close(&file);
    if (problems->count != before)
        config_destroy(&c);
    return c;
}

struct config *config_load(const char *path, struct problems *problems)
{
    return load(path, false, problems);
}

struct config *config_load_words(const char *path, struct problems *problems)
{
    return load(path, true, problems);
}

static void drop_source(struct config_source *s)
{
    free(s->name);
    free(s->topic);
    free(s->path);
    mapping_destroy(&s->mapping);
}

void config_destroy(struct config **config)
{
    struct config *c = *config;
    *config = NULL;
    if (!c)
        return;
    for (unsigned i = 0; i < c->property_count; i++) {
        sodium_memzero(c->properties[i].value, strlen(c->properties[i].value));
        free(c->properties[i].value);
        free(c->properties[i].name);
    }
    for (unsigned i = 0; i < c->source_count; i++)
        drop_source(&c->sources[i]);
    for (unsigned i = 0; i < c->level_count; i++)
        free(c->level_names[i]);
    for (unsigned i = 0; i < STORE_TOPICS; i++)
        free(c->topic[i]);
    if (c->actor_keys)
        sodium_memzero(c->actor_keys, (size_t)ACTOR_KEY_BYTES * c->actor_key_count);
    rule_set_destroy(&c->rules);
    rule_texts_destroy(&c->texts);
    registry_destroy(&c->registry);
    catalogue_destroy(&c->catalogue);
    free(c->actor_keys);
    free(c->properties);
    free(c->sources);
    free(c->directory);
    free(c->group);
    free(c->rules_path);
    free(c->calendar_path);
    free(c->models_path);
    free(c->http_host);
    free(c);
}
