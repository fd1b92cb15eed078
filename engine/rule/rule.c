/* Compiled rules: their words, what a selection covers, when an expression holds, and their end. */
#include "rule/rule.h"

#include "base/check.h"

#include <stdlib.h>

static const char *const measure_words[] = {
#define X(name, word) word,
    MEASURE_TABLE(X)
#undef X
};

const char *measure_word(enum measure measure)
{
    CHECK(measure < MEASURES);
    return measure_words[measure];
}

const char *subject_kind_word(enum subject_kind kind)
{
    if (kind == SUBJECT_RESPONDENT)
        return "respondent";
    return kind == SUBJECT_MATTER ? "matter" : region_level_name((enum region_level)kind);
}

bool selection_covers(const struct selection *s, unsigned source, uint16_t category)
{
    if (!(s->sources >> source & 1))
        return false;
    for (unsigned i = 0; i < s->category_count; i++)
        if (category >= s->category[i].first && category <= s->category[i].last)
            return true;
    return s->category_count == 0;
}

bool expression_holds(const struct expression *e, const struct rule *rule, const int64_t *values)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++) {
        const struct step *step = &e->steps[i];
        if (step->op == OP_ATOM) {
            stack[top++] = values[step->atom] >= rule->atoms[step->atom].threshold;
        } else {
            DEBUG_CHECK(top >= 2);
            top--;
            stack[top - 1] = step->op == OP_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
        }
    }
    DEBUG_CHECK(top == (e->count > 0));
    return top && stack[0];
}

static void drop(const void *owned)
{
    free((void *)(uintptr_t)owned);
}

static void clear_rule(struct rule *rule)
{
    for (unsigned i = 0; i < rule->selection_count; i++) {
        drop(rule->selections[i].name);
        free(rule->selections[i].category);
    }
    for (unsigned i = 0; i < rule->assist_count; i++)
        drop(rule->assist[i]);
    free(rule->selections);
    drop(rule->assist);
    drop(rule->id);
    drop(rule->title);
    drop(rule->version);
    drop(rule->lead);
    drop(rule->file);
}

void rule_set_destroy(struct rule_set **set)
{
    struct rule_set *s = *set;
    *set = NULL;
    if (!s)
        return;
    for (unsigned i = 0; i < s->count; i++)
        clear_rule(&s->rules[i]);
    for (unsigned i = 0; i <= s->level_count; i++)
        drop(s->level_name[i]);
    free(s->rules);
    free(s);
}
