/* The sources: what is read, how late and how far ahead it may be, and by which mapping it becomes events. */
#include "config/config_priv.h"

#include "base/check.h"

#include <stdlib.h>

enum {
    MINUTE = 60,
    HOUR = 3600,
    LATENESS_DEFAULT = 45 * MINUTE,
    DISPOSITION_MAX = 64 << 10,
    SILENT_AFTER_DEFAULT = 30 * MINUTE,
    SKEW_DEFAULT = 10 * MINUTE,
    RECORD_DEFAULT = 1 << 20,
    RECORD_LEAST = 1 << 10,
    RECORD_MOST = 64 << 20,
    NAME_MAX_LEN = 64
};

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len > 0 && text[len] == '\0' && len <= NAME_MAX_LEN;
}

static void read_place(struct config_source *s, const struct yaml_node *node, struct problems *problems)
{
    const struct yaml_node *topic = yaml_get(node, "topic"), *file = yaml_get(node, "file");
    if (!topic == !file)
        yaml_problem(file ? file : node, problems, "source %s: expected either a topic or a file", s->name);
    if (topic)
        s->topic = config_text(topic, "topic", "", problems);
    else if (file)
        s->path = config_path(file, "file", problems);
}

static void read_times(struct config_source *s, const struct yaml_node *node, struct problems *problems)
{
    const struct yaml_node *silent = yaml_get(node, "silent_after");
    s->lateness_s =
        (int32_t)yaml_duration(yaml_get(node, "lateness"), "lateness", 1, 7 * 24 * HOUR, LATENESS_DEFAULT, problems);
    int32_t absent = s->lateness_s < SILENT_AFTER_DEFAULT ? s->lateness_s : SILENT_AFTER_DEFAULT;
    s->silent_after_s = (int32_t)yaml_duration(silent, "silent_after", 1, 7 * 24 * HOUR, absent, problems);
    if (silent && s->silent_after_s > s->lateness_s)
        yaml_problem(silent, problems,
                     "silent_after: expected at most the lateness: until then an idle source counts "
                     "as read up to clock - lateness");
    s->skew_s = (int32_t)yaml_duration(yaml_get(node, "skew"), "skew", 1, 24 * HOUR, SKEW_DEFAULT, problems);
}

static void read_source(struct config *c, const struct yaml_node *key, const struct yaml_node *node,
                        struct problems *problems)
{
    static const char *const known[] = {"topic",        "file", "mapping",    "lateness",
                                        "silent_after", "skew", "max_record", "keep_raw"};
    struct config_source *s = &c->sources[c->source_count++];
    const char *name = yaml_text(key, "a source's name", "", problems);
    if (!is_name(name))
        yaml_problem(key, problems, "a source's name is ASCII letters, digits, _ and -, at most %d", NAME_MAX_LEN);
    s->name = xstrdup(name);
    CHECK(catalogue_add_source(c->catalogue, name) >= 0);
    if (!yaml_is_mapping(node, name, problems))
        return;
    yaml_only(node, known, COUNT(known), problems);
    read_place(s, node, problems);
    read_times(s, node, problems);
    config_need(node, "mapping", problems);
    s->max_record_bytes =
        yaml_bytes(yaml_get(node, "max_record"), "max_record", RECORD_LEAST, RECORD_MOST, RECORD_DEFAULT, problems);
    s->keep_raw = yaml_bool(yaml_get(node, "keep_raw"), "keep_raw", false, problems);
}

/* Under a name that no other source has; what they say of its times does not apply. */
static void read_dispositions(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    static const char *const known[] = {"topic", "file"};
    static const struct offer nothing;
    if (!node)
        return;
    struct config_source *s = &c->sources[c->source_count];
    s->name = xstrdup("dispositions");
    if (catalogue_find_source(c->catalogue, STR("dispositions")) >= 0)
        yaml_problem(node, problems, "dispositions: a source has that name");
    else
        CHECK(catalogue_add_source(c->catalogue, "dispositions") == (int)c->source_count);
    c->offers[c->source_count++] = &nothing; /* rules see none of it */
    if (yaml_is_mapping(node, "dispositions", problems)) {
        yaml_only(node, known, COUNT(known), problems);
        read_place(s, node, problems);
    }
    s->skew_s = SKEW_DEFAULT;
    s->max_record_bytes = DISPOSITION_MAX;
}

/* Two sources that read one place would count each of its events twice. */
static void check_places(const struct config *c, const struct yaml_node *node, struct problems *problems)
{
    bool topics = false, files = false;
    for (unsigned i = 0; i < c->source_count; i++) {
        const struct config_source *s = &c->sources[i];
        topics = topics || s->topic;
        files = files || s->path;
        for (unsigned k = 0; k < i; k++) {
            const struct config_source *other = &c->sources[k];
            if ((s->topic && other->topic && strcmp(s->topic, other->topic) == 0) ||
                (s->path && other->path && strcmp(s->path, other->path) == 0))
                yaml_problem(i < node->count ? yaml_key(node, i) : node, problems, "source %s reads the same as %s",
                             s->name, other->name);
        }
    }
    if (topics && files)
        yaml_problem(node, problems,
                     "sources: expected either topics or files, not both: files end, topics don't, and "
                     "only topics can be resumed");
}

void config_read_sources(struct config *c, const struct yaml_node *node, const struct yaml_node *dispositions,
                         struct problems *problems)
{
    if (!yaml_is_mapping(node, "sources", problems))
        return;
    unsigned most = SOURCES_MAX - (dispositions != NULL);
    if (node->count == 0 || node->count > most) {
        yaml_problem(node, problems, "sources: expected 1 to %u", most);
        return;
    }
    c->sources = xcalloc(node->count + 1, sizeof *c->sources);
    for (size_t i = 0; i < node->count; i++)
        read_source(c, yaml_key(node, i), yaml_value(node, i), problems);
    read_dispositions(c, dispositions, problems);
    check_places(c, node, problems);
}

/* A mapping without actors has no use for a key; one with actors must not do with a key that everybody knows. */
static struct mapping_context mapping_context_of(const struct config *c, const struct yaml_node *mapping,
                                                 struct problems *problems)
{
    static const unsigned char unused[ACTOR_KEY_BYTES];
    const struct yaml_node *actors = yaml_get(mapping, "actors");
    if (actors && !c->actor_keys)
        yaml_problem(actors, problems,
                     "actors need actor_keys in the configuration: a file that `gridwarn token "
                     "--new-key` writes, or `ephemeral` for files");
    bool keyed = c->actor_key_count > 0;
    return (struct mapping_context){c->registry, c->catalogue, keyed ? c->actor_keys : unused,
                                    keyed ? c->actor_key_count : 1};
}

static void load_mapping(struct config *c, unsigned number, const struct yaml_node *node, struct problems *problems)
{
    struct config_source *s = &c->sources[number];
    char *path = config_path(node, "mapping", problems);
    struct yaml_file *file = *path ? yaml_read(path, problems) : NULL;
    if (file) {
        const struct mapping_context context = mapping_context_of(c, yaml_root(file), problems);
        s->mapping = mapping_load(yaml_root(file), number, &context, problems);
        if (s->mapping) {
            mapping_limits(s->mapping, s->skew_s, s->max_record_bytes);
            c->offers[number] = mapping_offer(s->mapping);
        }
    }
    yaml_close(&file);
    free(path);
}

void config_load_mappings(struct config *c, const struct yaml_node *sources, struct problems *problems)
{
    for (unsigned i = 0; sources && i < c->source_count && i < sources->count; i++) {
        const struct yaml_node *node = yaml_get(yaml_value(sources, i), "mapping");
        if (node)
            load_mapping(c, i, node, problems);
    }
}
