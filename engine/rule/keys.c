/* The words of the rule language, English and Chinese, in one table, so that no loader knows of synonyms. */
#include "rule/rule_priv.h"

#include "base/str.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *english, *chinese;
    int place;
} keys[] = {
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
    return yaml_either(mapping, keys[key].english, keys[key].chinese, problems);
}

const struct yaml_node *rule_need(const struct yaml_node *mapping, enum rule_key key, struct problems *problems)
{
    const struct yaml_node *value = rule_get(mapping, key, problems);
    if (!value)
        yaml_problem(mapping, problems, "%s (%s) is missing", keys[key].english, keys[key].chinese);
    return value;
}

static bool is_key(const char *word, int place)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (keys[i].place == place && (strcmp(word, keys[i].english) == 0 || strcmp(word, keys[i].chinese) == 0))
            return true;
    return false;
}

void rule_keys_only(const struct yaml_node *mapping, int place, struct problems *problems)
{
    const char *known[2 * COUNT(keys)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(keys); i++)
        if (keys[i].place == place) {
            known[count++] = keys[i].english;
            known[count++] = keys[i].chinese;
        }
    for (size_t i = 0; i < mapping->count; i++) {
        const struct yaml_node *key = yaml_key(mapping, i);
        if (key->kind != YAML_SCALAR || is_key(key->text.at, place))
            continue;
        const char *near = nearest_word(key->text.at, known, count);
        if (near)
            yaml_problem(key, problems, "unknown key %s; did you mean %s?", key->text.at, near);
        else
            yaml_problem(key, problems, "unknown key %s", key->text.at);
    }
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
