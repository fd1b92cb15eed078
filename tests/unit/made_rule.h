/* Rules made by hand, for tests of what runs them. */
#ifndef GW_TESTS_MADE_RULE_H
#define GW_TESTS_MADE_RULE_H

#include "rule/rule.h"

/* what every rule has; its windows from within_s */
static inline void made_rule(struct rule *rule)
{
    rule->windows[0] = (struct window){rule->within_s, 0};
    rule->window_count = 1;
    rule->valid_from = INT64_MIN;
    rule->valid_to = INT64_MAX;
    rule->monotone = true;
}

/* one more comparison, `selection.measure >= threshold`, with a term of its own: atom i compares term i */
static inline uint8_t made_atom(struct rule *rule, unsigned selection, enum measure measure, int64_t threshold)
{
    uint8_t i = (uint8_t)rule->atom_count++;
    rule->terms[rule->term_count++] = (struct term){.selection = (uint8_t)selection, .measure = measure};
    rule->atoms[i] = (struct atom){.term = i, .monotone = true, .threshold = threshold};
    rule->used |= UINT32_C(1) << selection;
    return i;
}

#endif
