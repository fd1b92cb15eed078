/* The words of the rule language, English and Chinese, in one table, so that no loader knows of synonyms. */
#include "rule/rule_priv.h"

#include "base/str.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct yaml_word keys[] = {
#define X(name, english, chinese, place) {english, chinese, place},
    RULE_KEY_TABLE(X)
#undef X
};

static const struct {
    const char *word, *level;
} level_synonyms[] = {
    {"蓝", "blue"},   {"黄", "yellow"},   {"橙", "orange"},   {"红", "red"},
    {"蓝色", "blue"}, {"黄色", "yellow"}, {"橙色", "orange"}, {"红色", "red"},
};

const struct yaml_node *rule_get(const struct yaml_node *mapping, enum rule_key key, struct problems *problems)
{
    return yaml_get_word(mapping, &keys[key], problems);
}

const struct yaml_node *rule_need(const struct yaml_node *mapping, enum rule_key key, struct problems *problems)
{
    return yaml_need_word(mapping, &keys[key], problems);
}

void rule_keys_only(const struct yaml_node *mapping, int place, struct problems *problems)
{
    yaml_only_words(mapping, keys, COUNT(keys), place, problems);
}

unsigned rule_level_named(const char *word, const struct rule_context *context)
{
    for (size_t i = 0; i < COUNT(level_synonyms); i++)
        for (unsigned l = 0; l < context->level_count; l++)
            if (strcmp(word, context->level_names[l]) == 0 ||
                (strcmp(word, level_synonyms[i].word) == 0 &&
                 strcmp(context->level_names[l], level_synonyms[i].level) == 0))
                return l + 1;
    return 0;
}

const char *rule_level_near(const char *word, const struct rule_context *context)
{
    const char *known[LEVELS_MAX + COUNT(level_synonyms)];
    size_t count = 0;
    for (unsigned l = 0; l < context->level_count; l++)
        known[count++] = context->level_names[l];
    for (size_t i = 0; i < COUNT(level_synonyms); i++)
        if (rule_level_named(level_synonyms[i].word, context))
            known[count++] = level_synonyms[i].word;
    return nearest_word(word, known, count);
}

const char *rule_level_list(const struct rule_context *context, char list[RULE_LEVEL_LIST])
{
    list[0] = '\0';
    for (unsigned l = 0; l < context->level_count; l++) {
        size_t used = strlen(list);
        snprintf(list + used, RULE_LEVEL_LIST - used, "%s%s", l ? ", " : "", context->level_names[l]);
    }
    return list;
}

unsigned rule_level_of(const struct yaml_node *node, const struct rule_context *context, struct problems *problems)
{
    char list[RULE_LEVEL_LIST];
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    unsigned level = rule_level_named(word, context);
    const char *near = level ? NULL : rule_level_near(word, context);
    if (near)
        yaml_problem(node, problems, "unknown level %s; did you mean %s?", word, near);
    else if (!level)
        yaml_problem(node, problems, "unknown level %s; the levels are %s", word, rule_level_list(context, list));
    return level;
}
