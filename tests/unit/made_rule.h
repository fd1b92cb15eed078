/* Rules made by hand, for tests of what runs them. */
#ifndef GW_TESTS_MADE_RULE_H
#define GW_TESTS_MADE_RULE_H

#include "rule/rule.h"

/* what every rule has; its windows from within_s */
static inline void made_rule(struct rule *rule)
{
    rule->windows[0] = (struct window){{rule->within_s, 0}, 0};
    rule->window_count = 1;
    rule->valid_from = INT64_MIN;
    rule->valid_to = INT64_MAX;
    rule->monotone = true;
}

/* one more comparison, with a term of its own: atom i compares term i */
static inline uint8_t made_comparison(struct rule *rule, const struct term *term, bool at_most, int64_t threshold)
{
    uint8_t i = (uint8_t)rule->atom_count++;
    bool monotone = !at_most && (term->kind == TERM_MEASURE || term->kind == TERM_BOTH) && term->measure != MEASURE_AVG;
    rule->terms[rule->term_count++] = *term;
    rule->atoms[i] = (struct atom){.term = i, .at_most = at_most, .monotone = monotone, .threshold = threshold};
    rule->used |= UINT32_C(1) << term->selection | UINT32_C(1) << term->other;
    return i;
}

/* `selection.measure >= threshold` */
static inline uint8_t made_atom(struct rule *rule, unsigned selection, enum measure measure, int64_t threshold)
{
    struct term term = {.selection = (uint8_t)selection, .other = (uint8_t)selection, .measure = measure};
    return made_comparison(rule, &term, false, threshold);
}

#endif
