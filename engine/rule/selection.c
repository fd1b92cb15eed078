/* `let`: the named selections of a rule, from the words of the catalogue to its numbers.  A selection that is wrong
 * is kept under its name: the author is told of that mistake alone, not of every place where the name is used. */
#include "rule/rule_priv.h"

#include "base/check.h"

#include <stdlib.h>

static const uint32_t kinds_default = 1u << EVENT_CREATED | 1u << EVENT_CALLED_AGAIN | 1u << EVENT_READING;
/* the others are facts about facts, and are counted through these */
static const uint32_t kinds_countable = 1u << EVENT_CREATED | 1u << EVENT_CALLED_AGAIN | 1u << EVENT_READING |
                                        1u << EVENT_STATUS | 1u << EVENT_CLOSED | 1u << EVENT_REOPENED;

struct reader {
    struct selection *selection;
    const struct catalogue *catalogue;
    struct problems *problems;
};

/* the words of a catalogue, for "did you mean" */
static void unknown(const struct yaml_node *node, const char *what,
                    const char *(*word)(const struct catalogue *, unsigned), unsigned count, const struct reader *r)
{
    const char **known = xcalloc(count + 1, sizeof *known);
    for (unsigned i = 0; i < count; i++)
        known[i] = word(r->catalogue, i);
    const char *near = nearest_word(node->text.at, known, count);
    what = problem_word(r->problems, what);
    if (near)
        yaml_problem(node, r->problems, "unknown %s %s; did you mean %s?", what, node->text.at, near);
    else
        yaml_problem(node, r->problems, "unknown %s %s", what, node->text.at);
    free(known);
}

static const char *category_word(const struct catalogue *catalogue, unsigned i)
{
    return catalogue_category(catalogue, (uint16_t)(i + 1))->path;
}

static const char *countable_kind_word(const struct catalogue *catalogue, unsigned i)
{
    (void)catalogue;
    return kinds_countable >> i & 1 ? event_kind_word((enum event_kind)i) : "";
}

static void read_source(const struct yaml_node *node, struct reader *r)
{
    int source = catalogue_find_source(r->catalogue, node->text);
    if (source < 0)
        unknown(node, "source", catalogue_source, catalogue_source_count(r->catalogue), r);
    else
        r->selection->sources |= UINT64_C(1) << source;
}

static void read_category(const struct yaml_node *node, struct reader *r)
{
    struct selection *s = r->selection;
    uint16_t first = catalogue_find_category(r->catalogue, node->text);
    if (!catalogue_has_categories(r->catalogue))
        return;
    if (first == CATEGORY_NONE) {
        unknown(node, "category", category_word, catalogue_category_count(r->catalogue), r);
        return;
    }
    s->category = xrealloc(s->category, (s->category_count + 1) * sizeof *s->category);
    s->category[s->category_count++] = (struct category_range){first, catalogue_category(r->catalogue, first)->last};
}

static uint32_t tag_bit(const struct yaml_node *node, struct reader *r)
{
    int tag = catalogue_find_tag(r->catalogue, node->text);
    if (tag < 0)
        unknown(node, "tag", catalogue_tag, catalogue_tag_count(r->catalogue), r);
    return tag < 0 ? 0 : 1u << tag;
}

static void read_tag_all(const struct yaml_node *node, struct reader *r)
{
    r->selection->tags_all |= tag_bit(node, r);
}

static void read_tag_any(const struct yaml_node *node, struct reader *r)
{
    r->selection->tags_any |= tag_bit(node, r);
}

static void read_kind(const struct yaml_node *node, struct reader *r)
{
    int kind = event_kind_said(node->text);
    if (kind < 0)
        unknown(node, "kind of event", countable_kind_word, EVENT_KINDS, r);
    else if (!(kinds_countable >> kind & 1))
        yaml_problem(node, r->problems, "events of the kind %s can't be counted", node->text.at);
    else
        r->selection->kinds |= 1u << kind;
}

/* one value or a list of them */
static bool read_words(const struct yaml_node *mapping, enum rule_key key,
                       void (*read)(const struct yaml_node *, struct reader *), struct reader *r)
{
    const struct yaml_node *node = rule_get(mapping, key, r->problems);
    if (!node)
        return false;
    if (yaml_blank(node) || node->kind == YAML_MAPPING) {
        yaml_problem(node, r->problems, "expected a word or a list of words");
        return true;
    }
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        if (item->kind == YAML_SCALAR && !yaml_blank(item))
            read(item, r);
        else
            yaml_problem(item, r->problems, "expected a word");
    }
    return true;
}

static void read_selection(struct reader *r, const struct yaml_node *node)
{
    if (!yaml_is_mapping(node, "a selection", r->problems))
        return;
    rule_keys_only(node, IN_SELECTION, r->problems);
    if (!read_words(node, KEY_SOURCE, read_source, r))
        r->selection->sources = UINT64_MAX;
    if (!read_words(node, KEY_KIND, read_kind, r))
        r->selection->kinds = kinds_default;
    read_words(node, KEY_CATEGORY, read_category, r);
    read_words(node, KEY_TAG, read_tag_all, r);
    read_words(node, KEY_ANY_TAG, read_tag_any, r);
    rule_read_times(r->selection, node, r->problems);
    r->selection->overdue = yaml_bool(rule_get(node, KEY_OVERDUE, r->problems), "overdue (超期)", false, r->problems);
}

/* the selection that `after` or `unless` names */
static uint8_t read_other(const struct rule *rule, unsigned first, unsigned number, const struct yaml_node *node,
                          struct problems *problems)
{
    const char *known[SELECTIONS_MAX];
    if (!node)
        return SELECTION_NONE;
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    for (unsigned i = first; i < rule->selection_count; i++) {
        known[i - first] = rule->selections[i].name;
        if (i != number && strcmp(rule->selections[i].name, word) == 0)
            return (uint8_t)i;
    }
    const char *near = nearest_word(word, known, rule->selection_count - first);
    if (near)
        yaml_problem(node, problems, "expected the name of another selection; did you mean %s?", near);
    else
        yaml_problem(node, problems, "expected the name of another selection");
    return SELECTION_NONE;
}

static void check_other(const struct rule *rule, uint8_t other, const struct yaml_node *node,
                        struct problems *problems)
{
    if (other != SELECTION_NONE && selection_asks_matter(&rule->selections[other]))
        yaml_problem(node, problems, "%s has after, unless or overdue itself: name one that has none",
                     rule->selections[other].name);
}

/* once all are known by name */
static void read_others(struct rule *rule, unsigned first, const struct yaml_node *let, struct problems *problems)
{
    const struct yaml_node *after[SELECTIONS_MAX] = {0}, *unless[SELECTIONS_MAX] = {0};
    for (unsigned i = first; i < rule->selection_count; i++) {
        const struct yaml_node *node = yaml_value(let, i - first);
        if (node->kind != YAML_MAPPING)
            continue;
        struct selection *s = &rule->selections[i];
        after[i] = rule_get(node, KEY_SEL_AFTER, problems);
        unless[i] = rule_get(node, KEY_UNLESS, problems);
        s->after = read_other(rule, first, i, after[i], problems);
        s->unless = read_other(rule, first, i, unless[i], problems);
        rule->asks_matter |= selection_asks_matter(s);
    }
    for (unsigned i = first; i < rule->selection_count; i++) {
        check_other(rule, rule->selections[i].after, after[i], problems);
        check_other(rule, rule->selections[i].unless, unless[i], problems);
    }
}

static bool is_operator(const char *name)
{
    return strcmp(name, "and") == 0 || strcmp(name, "or") == 0 || strcmp(name, "not") == 0 || strcmp(name, "非") == 0;
}

void rule_read_selections(struct rule *rule, const struct yaml_node *let, const struct rule_context *context,
                          struct problems *problems)
{
    if (!yaml_is_mapping(let, "let (定义)", problems))
        return;
    unsigned first = rule->selection_count, room = SELECTIONS_MAX - first;
    if (let->count == 0 || let->count > room)
        yaml_problem(let, problems, "let (定义): expected 1 to %u selections", room);
    unsigned count = let->count < room ? (unsigned)let->count : room;
    rule->selections = xrealloc(rule->selections, (first + count + 1) * sizeof *rule->selections);
    for (unsigned i = 0; i < count; i++) {
        const struct yaml_node *key = yaml_key(let, i);
        char name[RULE_NAME_MAX + 1] = "";
        const char *after = key->kind == YAML_SCALAR ? key->text.at : "";
        if (!rule_take_name(&after, name) || *after || is_operator(name))
            yaml_problem(key, problems, "a selection's name is letters, digits and _, at most %d bytes, no operator",
                         RULE_NAME_MAX);
        struct reader r = {&rule->selections[rule->selection_count++], context->catalogue, problems};
        *r.selection = (struct selection){0};
        r.selection->name = xstrdup(name);
        r.selection->after = r.selection->unless = SELECTION_NONE;
        read_selection(&r, yaml_value(let, i));
    }
    read_others(rule, first, let, problems);
}
