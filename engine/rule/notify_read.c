/* `notify`, as it stands in the file.  The rules that it names may stand in files that come later: notify_link.c. */
#include "rule/notify_rules.h"
#include "rule/rule_priv.h"

#include "base/check.h"

#include <stdlib.h>

struct reader {
    const struct rule_context *context;
    struct problems *problems;
};

static void add_rule(struct rule_list *list, const struct yaml_node *node)
{
    list->all = xrealloc(list->all, (list->count + 1) * sizeof *list->all);
    list->all[list->count++] = (struct named_rule){xstrdup(node->text.at), node->line, node->col, 0};
}

static void read_rules(struct rule_list *list, const struct yaml_node *node, const struct reader *r)
{
    if (!node)
        return;
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    bool good = count > 0 && node->kind != YAML_MAPPING;
    for (size_t i = 0; i < count && good; i++) {
        const struct yaml_node *item = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        good = item->kind == YAML_SCALAR && !yaml_blank(item);
        if (good)
            add_rule(list, item);
    }
    if (!good)
        yaml_problem(node, r->problems, "rule (规则): expected the id of a rule, or a list of them");
}

static void read_level(unsigned *level, const struct yaml_node *node, const struct reader *r)
{
    if (node)
        *level = rule_level_of(node, r->context, r->problems);
}

static const char *category_near(const struct catalogue *catalogue, const char *word)
{
    unsigned count = catalogue_category_count(catalogue);
    const char **known = xcalloc(count + 1, sizeof *known);
    for (unsigned i = 0; i < count; i++)
        known[i] = catalogue_category(catalogue, (uint16_t)(i + 1))->path;
    const char *near = nearest_word(word, known, count);
    free(known);
    return near;
}

static void read_category(uint16_t *category, const struct yaml_node *node, const struct reader *r)
{
    const struct catalogue *catalogue = r->context->catalogue;
    if (!node || !catalogue_has_categories(catalogue))
        return;
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    *category = catalogue_find_category(catalogue, str_of(word));
    if (*category != CATEGORY_NONE)
        return;
    const char *near = category_near(catalogue, word);
    if (near)
        yaml_problem(node, r->problems, "unknown %s %s; did you mean %s?", problem_word(r->problems, "category"), word,
                     near);
    else
        yaml_problem(node, r->problems, "unknown category %s", word);
}

static void read_same(struct inhibition *inhibition, const struct yaml_node *node, const struct reader *r)
{
    if (!node)
        return;
    struct str word = node->kind == YAML_SCALAR ? node->text : (struct str){"", 0};
    inhibition->same = region_level_parse(word);
    if (!inhibition->same && !str_eq(word, STR("subject")) && !str_eq(word, STR("对象")))
        yaml_problem(node, r->problems,
                     "same (同一): expected district (区), street (街道), community (社区), grid (网格), micro_grid (微网格) or "
                     "subject (对象)");
}

static void read_when(struct inhibition *inhibition, const struct yaml_node *node, const struct reader *r)
{
    if (!yaml_is_mapping(node, "when (当)", r->problems))
        return;
    rule_keys_only(node, IN_WHEN, r->problems);
    read_rules(&inhibition->when, rule_need(node, KEY_WHEN_RULE, r->problems), r);
    read_level(&inhibition->at_least, rule_get(node, KEY_WHEN_LEVEL, r->problems), r);
}

static void read_holds(struct inhibition *inhibition, const struct yaml_node *node, const struct reader *r)
{
    if (!yaml_is_mapping(node, "holds (压下)", r->problems))
        return;
    rule_keys_only(node, IN_HOLDS, r->problems);
    const struct yaml_node *rule = rule_get(node, KEY_HOLDS_RULE, r->problems),
                           *category = rule_get(node, KEY_HOLDS_CATEGORY, r->problems);
    if (!rule && !category)
        yaml_problem(node, r->problems, "holds (压下): expected rule (规则) or category (类别)");
    read_rules(&inhibition->holds, rule, r);
    read_category(&inhibition->category, category, r);
    read_level(&inhibition->at_most, rule_get(node, KEY_HOLDS_LEVEL, r->problems), r);
}

static void read_inhibition(struct inhibition *inhibition, const struct yaml_node *node, const struct reader *r)
{
    *inhibition = (struct inhibition){.line = node->line, .col = node->col};
    if (!yaml_is_mapping(node, "inhibit (抑制)", r->problems))
        return;
    rule_keys_only(node, IN_INHIBIT, r->problems);
    read_when(inhibition, rule_need(node, KEY_INHIBIT_WHEN, r->problems), r);
    read_holds(inhibition, rule_need(node, KEY_INHIBIT_HOLDS, r->problems), r);
    read_same(inhibition, rule_need(node, KEY_SAME, r->problems), r);
}

static void read_inhibitions(struct notify_rules *n, const struct yaml_node *node, const struct reader *r)
{
    if (!node)
        return;
    if (node->kind != YAML_SEQUENCE || !node->count || node->count > INHIBITIONS_MAX) {
        yaml_problem(node, r->problems, "inhibit (抑制): expected a list of up to %d, each with when, holds and same",
                     INHIBITIONS_MAX);
        return;
    }
    n->inhibit = xcalloc(node->count, sizeof *n->inhibit);
    for (size_t i = 0; i < node->count; i++)
        read_inhibition(&n->inhibit[n->inhibit_count++], node->items[i], r);
}

static void read_shifts(struct notify_rules *n, const struct yaml_node *node, const struct reader *r)
{
    size_t count = node ? node->count : 0;
    bool good = node && node->kind == YAML_SEQUENCE && count > 0 && count <= SHIFTS_MAX;
    for (size_t i = 0; i < count && good; i++) {
        uint16_t *minute = &n->shifts[n->shift_count++];
        good = node->items[i]->kind == YAML_SCALAR && rule_minute_of(node->items[i]->text.at, minute) &&
               *minute < DAY_MIN && (i == 0 || *minute > n->shifts[i - 1]);
    }
    if (node && !good)
        yaml_problem(node, r->problems,
                     "shifts (班次): expected up to %d times of the day, one after another, such as [\"08:00\", \"14:00\", \"20:00\"]",
                     SHIFTS_MAX);
}

static void read_budget(struct notify_rules *n, const struct yaml_node *node, const struct reader *r)
{
    if (!yaml_is_mapping(node, "budget (预算)", r->problems))
        return;
    rule_keys_only(node, IN_BUDGET, r->problems);
    n->budget = (unsigned)yaml_integer(rule_need(node, KEY_STREET, r->problems), "street (街道)", 1, BUDGET_MOST, 1,
                                       r->problems);
    read_shifts(n, rule_need(node, KEY_SHIFTS, r->problems), r);
}

struct notify_rules *notify_rules_read(const struct yaml_node *node, const struct rule_context *context,
                                       struct problems *problems)
{
    const struct reader r = {context, problems};
    struct notify_rules *n = xcalloc(1, sizeof *n);
    n->file = xstrdup(yaml_name(node->file));
    if (!yaml_is_mapping(node, "notify (通知)", problems))
        return n;
    rule_keys_only(node, IN_NOTIFY, problems);
    n->incidents = yaml_bool(rule_get(node, KEY_INCIDENTS, problems), "incidents (事件归并)", false, problems);
    read_inhibitions(n, rule_get(node, KEY_INHIBIT, problems), &r);
    read_budget(n, rule_get(node, KEY_BUDGET, problems), &r);
    n->storm = (unsigned)yaml_integer(rule_get(node, KEY_STORM, problems), "storm (风暴)", 1, BUDGET_MOST, 0, problems);
    return n;
}
