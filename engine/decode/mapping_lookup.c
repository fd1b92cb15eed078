/* Reads the fields that turn words into numbers: the kind of event and the category, by a map written in place, a
 * table that people edit in Excel, or the engine's own words.  What a table names must exist: found now, not when the
 * first such record comes. */
#include "decode/mapping_load.h"

#include "base/check.h"
#include "registry/csv.h"

#include <stdlib.h>

/* what a word of a table stands for; -1 after adding a problem */
typedef int meaning_of(struct loader *, const struct yaml_node *);

static void no_kind(struct loader *l, const struct yaml_node *node, const char *word)
{
    const char *known[EVENT_KINDS];
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        known[kind] = event_kind_word((enum event_kind)kind);
    const char *near = nearest_word(word, known, EVENT_KINDS);
    if (near)
        yaml_problem(node, l->problems, "%s is no kind of event; did you mean %s?", word, near);
    else
        yaml_problem(node, l->problems, "%s is no kind of event, nor skip", word);
}

static int kind_meaning(struct loader *l, const struct yaml_node *node)
{
    const char *word = yaml_text(node, "kind", NULL, l->problems);
    if (!word)
        return -1;
    if (strcmp(word, "skip") == 0)
        return KIND_SKIP;
    int kind = event_kind_parse(str_of(word));
    if (kind < 0) {
        no_kind(l, node, word);
    } else if (kind == EVENT_PARTY || kind == EVENT_CARRIED) {
        yaml_problem(node, l->problems, "no source reports the kind %s: the engine makes it itself", word);
        return -1;
    } else {
        l->kinds |= 1U << kind;
    }
    return kind;
}

static int category_meaning(struct loader *l, const struct yaml_node *node)
{
    const char *path = yaml_text(node, "category", NULL, l->problems);
    if (!path)
        return -1;
    uint16_t category = catalogue_find_category(l->catalogue, str_of(path));
    if (category == CATEGORY_NONE && catalogue_has_categories(l->catalogue))
        yaml_problem(node, l->problems, "there is no category %s", path);
    offer_add_category(&l->mapping->offer, category);
    return category;
}

static void load_map(struct loader *l, const struct yaml_node *map, meaning_of *meaning, struct lookup_field *field)
{
    if (!map || !yaml_is_mapping(map, "map", l->problems))
        return;
    field->table = names_create();
    for (size_t i = 0; i < map->count; i++) {
        int number = meaning(l, yaml_value(map, i));
        if (number >= 0)
            names_add(field->table, yaml_key(map, i)->text, (uint32_t)number);
    }
}

static void load_otherwise(struct loader *l, const struct yaml_node *options, meaning_of *meaning,
                           struct lookup_field *field)
{
    const struct yaml_node *otherwise = yaml_get(options, "default");
    field->otherwise = otherwise ? meaning(l, otherwise) : -1;
}

void load_kind(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "map", "default"};
    struct lookup_field *field = &l->mapping->kind;
    const struct yaml_node *node = yaml_get(l->node, "kind");
    field->otherwise = -1;
    if (node && node->kind != YAML_MAPPING) { /* a constant: no path is read */
        field->otherwise = kind_meaning(l, node);
        return;
    }
    const struct yaml_node *options = load_form(l, node, known, COUNT(known), 2, false, &field->pick);
    need_paths(l, options, &field->pick);
    load_map(l, yaml_get(options, "map"), kind_meaning, field);
    load_otherwise(l, options, kind_meaning, field);
}

static void load_table(struct loader *l, const struct yaml_node *node, struct lookup_field *field)
{
    static const struct csv_column columns[] = {{"code", true, NULL}, {"category", true, NULL}};
    const char *name = yaml_text(node, "table", NULL, l->problems);
    if (!name)
        return;
    char *path = yaml_resolve(node->file, name);
    struct csv *csv = csv_load(path, columns, COUNT(columns), l->problems);
    free(path);
    field->table = names_create();
    for (size_t row = 0; csv && row < csv_rows(csv); row++) {
        const struct csv_field *code = &csv_row(csv, row)[0], *category = &csv_row(csv, row)[1];
        uint16_t number = catalogue_find_category(l->catalogue, category->text);
        if (number == CATEGORY_NONE && catalogue_has_categories(l->catalogue))
            csv_problem(csv, category, l->problems, "there is no category %s", category->text.at);
        if (code->text.len == 0)
            csv_problem(csv, code, l->problems, "a line without a code");
        else if (names_find(field->table, code->text) != NAMES_NONE)
            csv_problem(csv, code, l->problems, "the code %s stands here twice", code->text.at);
        names_add(field->table, code->text, number);
        offer_add_category(&l->mapping->offer, number);
    }
    csv_close(&csv);
}

void load_category(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "map", "table", "default"};
    struct lookup_field *field = &l->mapping->category;
    const struct yaml_node *options =
        load_form(l, yaml_get(l->node, "category"), known, COUNT(known), 2, false, &field->pick);
    const struct yaml_node *map = yaml_get(options, "map"), *table = yaml_get(options, "table");
    load_otherwise(l, options, category_meaning, field);
    if (options && !yaml_get(options, "default")) /* one category for all needs no path */
        need_paths(l, options, &field->pick);
    if (map && table)
        yaml_problem(table, l->problems, "expected a map or a table, not both");
    else if (table)
        load_table(l, table, field);
    else
        load_map(l, map, category_meaning, field);
}
