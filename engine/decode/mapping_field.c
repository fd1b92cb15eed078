/* Reads the forms that a field of a mapping can have: a path, a list of paths, or keys with `path` or `paths` and
 * options. */
#include "decode/mapping_load.h"

#include "base/check.h"

static void add_place(struct loader *l, const struct yaml_node *node, bool list, struct pick *pick)
{
    if (pick->count == PICK_MAX)
        yaml_problem(node, l->problems, "too many paths; at most %d", PICK_MAX);
    else
        pick->place[pick->count++] = load_place(l, node, list);
}

void load_places(struct loader *l, const struct yaml_node *node, bool list, struct pick *pick)
{
    if (node->kind == YAML_SEQUENCE && node->count)
        for (size_t i = 0; i < node->count; i++)
            add_place(l, node->items[i], list, pick);
    else
        add_place(l, node, list, pick);
}

const struct yaml_node *load_form(struct loader *l, const struct yaml_node *node, const char *const *known,
                                  size_t known_count, size_t forms, bool list, struct pick *pick)
{
    if (!node)
        return NULL;
    if (node->kind != YAML_MAPPING) {
        load_places(l, node, list, pick);
        return NULL;
    }
    yaml_only(node, known, known_count, l->problems);
    for (size_t i = 0; i < forms; i++) {
        const struct yaml_node *paths = yaml_get(node, known[i]);
        if (paths && pick->count)
            yaml_problem(paths, l->problems, "%s: its paths have been given already", known[i]);
        else if (paths)
            load_places(l, paths, list, pick);
    }
    return node;
}

void need_paths(struct loader *l, const struct yaml_node *node, const struct pick *pick)
{
    if (node && pick->count == 0)
        yaml_problem(node, l->problems, "expected `path: ` or `paths: []`");
}

void load_pick(struct loader *l, const char *key, struct pick *pick)
{
    static const char *const known[] = {"path", "paths"};
    need_paths(l, load_form(l, yaml_get(l->node, key), known, COUNT(known), 2, false, pick), pick);
}

static char *load_word(struct loader *l, const struct yaml_node *options, const char *key)
{
    const char *text = yaml_text(yaml_get(options, key), key, NULL, l->problems);
    return text ? xstrdup(text) : NULL;
}

static void load_text_node(struct loader *l, const struct yaml_node *node, struct text_field *field)
{
    static const char *const known[] = {"path", "paths", "join", "with", "prefix", "suffix"};
    const struct yaml_node *options = load_form(l, node, known, COUNT(known), 3, false, &field->pick);
    need_paths(l, options, &field->pick);
    field->joined = yaml_get(options, "join") != NULL;
    field->with = load_word(l, options, "with");
    field->prefix = load_word(l, options, "prefix");
    field->suffix = load_word(l, options, "suffix");
    if (field->with && !field->joined)
        yaml_problem(yaml_get(options, "with"), l->problems, "`with` goes with `join`");
}

void load_text(struct loader *l, const char *key, struct text_field *field)
{
    load_text_node(l, yaml_get(l->node, key), field);
}

/* one for all kinds, or by kind */
void load_target(struct loader *l)
{
    const struct yaml_node *node = yaml_get(l->node, "target");
    bool by_kind =
        node && node->kind == YAML_MAPPING && node->count && event_kind_parse(yaml_key(node, 0)->text) >= 0;
    if (!by_kind) {
        load_text_node(l, node, &l->mapping->target);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = yaml_key(node, i);
        int kind = event_kind_parse(key->text);
        if (kind < 0 || !(mapping_needs((enum event_kind)kind) & NEED_TARGET))
            yaml_problem(key, l->problems, "%s: no kind of event that has a target", key->text.at);
        else
            load_text_node(l, yaml_value(node, i), &l->mapping->target_of[kind]);
    }
}

size_t load_choice(struct loader *l, const struct yaml_node *options, const char *key, const char *const words[2])
{
    const struct yaml_node *node = yaml_get(options, key);
    const char *word = yaml_text(node, key, NULL, l->problems);
    for (size_t i = 0; word && i < 2; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    if (word)
        yaml_problem(node, l->problems, "%s: expected %s or %s", key, words[0], words[1]);
    return 0;
}

void load_region(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "by", "fallback"};
    static const char *const by[] = {"code", "name"}, *const fallback[] = {"none", "ancestors"};
    struct region_field *field = &l->mapping->region;
    const struct yaml_node *options =
        load_form(l, yaml_get(l->node, "region"), known, COUNT(known), 2, false, &field->pick);
    need_paths(l, options, &field->pick);
    field->by_name = load_choice(l, options, "by", by) == 1;
    field->or_ancestor = load_choice(l, options, "fallback", fallback) == 1;
}

static void add_format(struct loader *l, const struct yaml_node *node, struct time_field *field)
{
    const char *text = yaml_text(node, "formats", NULL, l->problems);
    if (!text)
        return;
    if (field->format_count == TIME_FORMATS_MAX) {
        yaml_problem(node, l->problems, "too many formats; at most %d", TIME_FORMATS_MAX);
        return;
    }
    char *copy = field->patterns[field->format_count] = xstrdup(text);
    const char *wrong = time_format_parse(copy, &field->formats[field->format_count++]);
    if (wrong)
        yaml_problem(node, l->problems, "%s: %s", text, problem_word(l->problems, wrong));
}

void load_time(struct loader *l, const char *key, struct time_field *field)
{
    static const char *const known[] = {"path", "paths", "formats", "zone"};
    const struct yaml_node *options =
        load_form(l, yaml_get(l->node, key), known, COUNT(known), 2, false, &field->pick);
    need_paths(l, options, &field->pick);
    const struct yaml_node *formats = yaml_get(options, "formats"), *zone = yaml_get(options, "zone");
    if (formats && formats->kind == YAML_SEQUENCE)
        for (size_t i = 0; i < formats->count; i++)
            add_format(l, formats->items[i], field);
    else if (formats)
        add_format(l, formats, field);
    if (field->format_count == 0)
        field->format_count = 1; /* rfc3339, which is 0 */
    field->zone_s = 8 * 3600;
    const char *text = yaml_text(zone, "zone", NULL, l->problems);
    if (text && !time_zone_parse(str_of(text), &field->zone_s))
        yaml_problem(zone, l->problems, "zone: expected hours and minutes east of UTC, such as \"+08:00\"");
    if (field->formats[0].style == TIME_PATTERN)
        snprintf(field->expected, sizeof field->expected, "a time written as %s", field->formats[0].pattern);
    else
        snprintf(field->expected, sizeof field->expected, "%s",
                 field->formats[0].style == TIME_RFC3339
                     ? "a time such as 2026-01-12T09:41:22+08:00"
                     : "a time in seconds, milliseconds or microseconds since 1970");
}

void load_respondent(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "names"};
    const struct yaml_node *options =
        load_form(l, yaml_get(l->node, "respondent"), known, COUNT(known), 2, false, &l->mapping->respondent);
    const struct yaml_node *names = yaml_get(options, "names");
    if (names)
        load_places(l, names, false, &l->mapping->respondent_name);
    else
        need_paths(l, options, &l->mapping->respondent);
}
