/* What no part of a rule shows by itself.  These are mistakes that an engine could run with for months: a level that
 * can't be reached, a selection that nobody asks for, a window longer than what the ledger remembers. */
#include "rule/rule_priv.h"

static bool same_count(const struct atom *a, const struct atom *b)
{
    return a->selection == b->selection && a->measure == b->measure;
}

/* the least values with which the chosen atoms (bits) hold */
static void least_values(const struct rule *rule, uint32_t chosen, int64_t values[ATOMS_MAX])
{
    for (unsigned i = 0; i < rule->atom_count; i++) {
        values[i] = INT64_MIN;
        for (unsigned k = 0; k < rule->atom_count; k++)
            if (chosen >> k & 1 && same_count(&rule->atoms[i], &rule->atoms[k]) &&
                rule->atoms[k].threshold > values[i])
                values[i] = rule->atoms[k].threshold;
    }
}

/* Does `to` hold wherever `from` does?  Conditions are monotone, so it is enough to look at the least points of
 * `from`: one if it only has `and`, one for each comparison if it only has `or`.  Mixed ones are not looked at. */
static bool implies(const struct rule *rule, const struct expression *from, const struct expression *to)
{
    int64_t values[ATOMS_MAX];
    uint32_t all = 0;
    bool and = false, or = false;
    for (unsigned i = 0; i < from->count; i++) {
        and = and || from->steps[i].op == OP_AND;
        or = or || from->steps[i].op == OP_OR;
        if (from->steps[i].op == OP_ATOM)
            all |= 1u << from->steps[i].atom;
    }
    if (and&& or)
        return false;
    for (unsigned i = 0; i < rule->atom_count && or ; i++) {
        least_values(rule, 1u << i, values);
        if (all >> i & 1 && !expression_holds(to, rule, values))
            return false;
    }
    least_values(rule, all, values);
    return or || expression_holds(to, rule, values);
}

static void check_reachable(const struct rule *rule, const struct rule_places *places,
                            const struct rule_context *context, struct problems *problems)
{
    for (unsigned low = 1; low <= context->level_count; low++)
        for (unsigned high = low + 1; high <= context->level_count; high++)
            if (places->level[low] && places->level[high] && implies(rule, &rule->level[low], &rule->level[high])) {
                yaml_problem(places->level[low], problems, "never shown: wherever %s holds, %s holds too (line %d)",
                             context->level_names[low - 1], context->level_names[high - 1],
                             places->level[high]->line);
                break;
            }
}

static void check_used(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    uint32_t used = 0;
    for (unsigned i = 0; i < rule->atom_count; i++)
        used |= 1u << rule->atoms[i].selection;
    for (unsigned i = 0; i < rule->selection_count; i++)
        if (!(used >> i & 1))
            yaml_problem(yaml_key(places->let, i), problems, "no level uses the selection %s",
                         rule->selections[i].name);
}

static void check_below(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    if (!places->below)
        return;
    int64_t lowest = INT64_MAX;
    for (unsigned i = 0; i < rule->atom_count; i++) {
        if (!same_count(&rule->atoms[i], &rule->atoms[0])) {
            yaml_problem(places->below, problems,
                         "below (低于) needs levels that all use one measure; write clear: {after: ...} alone");
            return;
        }
        lowest = rule->atoms[i].threshold < lowest ? rule->atoms[i].threshold : lowest;
    }
    if (rule->clear_below > lowest)
        yaml_problem(places->below, problems, "below (低于): expected at most the lowest threshold of the levels");
}

static bool reads_only_sensors(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->selection_count; i++)
        if (rule->selections[i].kinds != 1u << EVENT_READING)
            return false;
    return true;
}

static void check_retention(const struct rule *rule, const struct rule_places *places,
                            const struct rule_context *context, struct problems *problems)
{
    bool sensors = reads_only_sensors(rule);
    int64_t kept = sensors ? context->readings_retention_s : context->retention_s;
    int64_t needed = (int64_t)rule->within_s + rule->clear_after_s + rule->raise_within_s;
    if (needed > kept)
        yaml_problem(places->within, problems,
                     sensors
                         ? "within + clear.after + raise_within is %lld minutes, but readings are kept for %lld only"
                         : "within + clear.after + raise_within is %lld minutes, but events are kept for %lld only",
                     (long long)needed / 60, (long long)kept / 60);
}

void rule_check(const struct rule *rule, const struct rule_places *places, const struct rule_context *context,
                struct problems *problems)
{
    check_used(rule, places, problems);
    check_reachable(rule, places, context, problems);
    check_below(rule, places, problems);
    check_retention(rule, places, context, problems);
}
