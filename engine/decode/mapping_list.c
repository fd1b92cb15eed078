/* Reads the fields that are not one text: lists of actors and links, conditions, tags. */
#include "decode/mapping_load.h"

/* known: path, paths, all, split and what else the field has */
static const struct yaml_node *load_list(struct loader *l, const char *key, const char *const *known, size_t count,
                                         struct list_field *list)
{
    const struct yaml_node *options = load_form(l, yaml_get(l->node, key), known, count, 3, true, &list->pick);
    need_paths(l, options, &list->pick);
    list->all = yaml_get(options, "all") != NULL;
    const struct yaml_node *split = yaml_get(options, "split");
    const char *text = yaml_text(split, "split", NULL, l->problems);
    if (text && strlen(text) != 1)
        yaml_problem(split, l->problems, "split: expected one ASCII character, such as \",\"");
    else if (text)
        list->split = *text;
    return options;
}

void load_actors(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "all", "split", "as", "hashed", "masked"};
    static const char *const as[] = {"text", "phone"}, *const masked[] = {"nobody", "distinct"};
    struct actors_field *field = &l->mapping->actors;
    const struct yaml_node *options = load_list(l, "actors", known, COUNT(known), &field->list);
    field->phone = load_choice(l, options, "as", as) == 1;
    field->masked_distinct = load_choice(l, options, "masked", masked) == 1;
    field->hashed = yaml_bool(yaml_get(options, "hashed"), "hashed", false, l->problems);
    if (field->hashed && field->phone)
        yaml_problem(options, l->problems, "actors: expected phone numbers or tokens (hashed), not both");
}

void load_links(struct loader *l)
{
    static const char *const known[] = {"path", "paths", "all", "split"};
    load_list(l, "links", known, COUNT(known), &l->mapping->links);
}

static void load_condition(struct loader *l, const struct yaml_node *node, struct condition *condition)
{
    static const char *const known[] = {"path", "paths", "equals"};
    const struct yaml_node *options = load_form(l, node, known, COUNT(known), 2, false, &condition->pick);
    need_paths(l, options, &condition->pick);
    const struct yaml_node *equals = yaml_get(options, "equals");
    if (!equals)
        return;
    condition->values = names_create();
    size_t count = equals->kind == YAML_SEQUENCE ? equals->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *value = equals->kind == YAML_SEQUENCE ? equals->items[i] : equals;
        const char *text = yaml_text(value, "equals", NULL, l->problems);
        if (text)
            names_add(condition->values, str_of(text), 1);
    }
}

void load_skips(struct loader *l)
{
    struct mapping *m = l->mapping;
    const struct yaml_node *node = yaml_get(l->node, "skip");
    size_t count = !node ? 0 : node->kind == YAML_SEQUENCE ? node->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *one = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        if (m->skip_count == SKIPS_MAX)
            yaml_problem(one, l->problems, "too many conditions; at most %d", SKIPS_MAX);
        else
            load_condition(l, one, &m->skips[m->skip_count++]);
    }
}

void load_tags(struct loader *l)
{
    struct mapping *m = l->mapping;
    const struct yaml_node *node = yaml_get(l->node, "tags");
    if (!node || !yaml_is_mapping(node, "tags", l->problems))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = yaml_key(node, i);
        int tag = catalogue_add_tag(l->catalogue, key->text.at);
        if (tag < 0 || m->tag_count == TAGS_MAX) {
            yaml_problem(key, l->problems, "too many tags; at most %d in all sources together", TAGS_MAX);
            return;
        }
        struct condition *condition = &m->tags[m->tag_count++];
        condition->tag = 1U << tag;
        load_condition(l, yaml_value(node, i), condition);
    }
}
