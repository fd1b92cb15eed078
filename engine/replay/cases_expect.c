/* What a rule test expects. */
#include "replay/cases_priv.h"

#include "base/check.h"
#include "rule/rule_priv.h" /* the levels' names and their synonyms */

#include <stdlib.h>

static bool is_rule(const struct case_file *file, const char *id)
{
    for (unsigned s = 0; s < file->set_count; s++)
        for (unsigned number = 0; number < file->sets[s]->count; number++)
            if (strcmp(file->sets[s]->rules[number].id, id) == 0)
                return true;
    return false;
}

static void unknown_rule(struct case_reader *r, const struct yaml_node *node, const char *id)
{
    size_t count = 0;
    const char **known = NULL;
    for (unsigned s = 0; s < r->file->set_count; s++) {
        const struct rule_set *set = r->file->sets[s];
        known = xrealloc(known, (count + set->count) * sizeof *known);
        for (unsigned i = 0; i < set->count; i++)
            known[count++] = set->rules[i].id;
    }
    case_unknown(r, node, "rule", id, known, count);
    free(known);
}

const char *case_rule(struct case_reader *r, const struct yaml_node *node)
{
    const char *id = yaml_text(node, "rule", NULL, r->problems);
    if (id && !is_rule(r->file, id))
        unknown_rule(r, node, id);
    return id;
}

static int64_t read_minute(struct case_reader *r, const struct yaml_node *node)
{
    int64_t seconds;
    return node && case_time(r, node, NULL, &seconds) ? seconds / 60 * 60 : CASE_ANY_TIME;
}

static void read_alert(struct case_reader *r, const struct yaml_node *node, struct case_alert *a)
{
    const struct rule_context context = config_rule_context(r->file->config);
    *a = (struct case_alert){.opened_at = CASE_ANY_TIME, .ended_at = CASE_ANY_TIME, .line = node->line};
    if (!yaml_is_mapping(node, "an alert", r->problems))
        return;
    case_keys_only(node, IN_CASE_ALERT, r->problems);
    const struct yaml_node *rule = case_get(node, CASE_KEY_RULE, r->problems);
    const struct yaml_node *level = case_get(node, CASE_KEY_LEVEL, r->problems);
    if (rule)
        a->rule = case_rule(r, rule);
    a->subject = yaml_text(case_get(node, CASE_KEY_SUBJECT, r->problems), "subject", NULL, r->problems);
    if (level)
        a->level = rule_level_of(level, &context, r->problems);
    a->opened_at = read_minute(r, case_get(node, CASE_KEY_OPENED, r->problems));
    a->ended_at = read_minute(r, case_get(node, CASE_KEY_ENDED, r->problems));
}

void case_read_expectation(struct case_reader *r, const struct yaml_node *list, int64_t at, struct rule_case *c)
{
    c->expectations = xrealloc(c->expectations, (c->expectation_count + 1) * sizeof *c->expectations);
    struct case_expectation *e = &c->expectations[c->expectation_count++];
    *e = (struct case_expectation){.at = at, .line = list->line};
    if (list->kind != YAML_SEQUENCE) {
        yaml_problem(list, r->problems, "expected a list of alerts; [] where there must be none");
        return;
    }
    e->alerts = xcalloc(list->count + 1, sizeof *e->alerts);
    e->count = list->count;
    for (size_t i = 0; i < list->count; i++)
        read_alert(r, list->items[i], &e->alerts[i]);
}

void case_read_moments(struct case_reader *r, const struct yaml_node *list, struct rule_case *c)
{
    if (list->kind != YAML_SEQUENCE) {
        yaml_problem(list, r->problems, "expect_at (届时应报): expected a list of `{at: 09:00, alerts: [...]}`");
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *node = list->items[i];
        if (!yaml_is_mapping(node, "expect_at", r->problems))
            continue;
        case_keys_only(node, IN_CASE_MOMENT, r->problems);
        const struct yaml_node *at = case_need(node, CASE_KEY_AT, r->problems);
        const struct yaml_node *alerts = case_need(node, CASE_KEY_ALERTS, r->problems);
        int64_t seconds;
        if (at && alerts && case_time(r, at, NULL, &seconds))
            case_read_expectation(r, alerts, seconds, c);
    }
}
