/* What no part of a rule shows by itself.  These are mistakes that an engine could run with for months: a level that
 * can't be reached, a selection that nobody asks for, a window longer than what the ledger remembers. */
#include "rule/rule_priv.h"

/* the least values with which the chosen atoms (bits) hold */
static void least_values(const struct rule *rule, uint64_t chosen, int64_t values[TERMS_MAX])
{
    for (unsigned i = 0; i < rule->term_count; i++)
        values[i] = VALUE_NONE;
    for (unsigned a = 0; a < rule->atom_count; a++)
        if (chosen >> a & 1 && rule->atoms[a].threshold > values[rule->atoms[a].term])
            values[rule->atoms[a].term] = rule->atoms[a].threshold;
}

/* Does `to` hold wherever `from` does?  Where all comparisons are >=, it is enough to look at the least points of
 * `from`: one if it only has `and`, one for each comparison if it only has `or`.  Others are not looked at. */
static bool implies(const struct rule *rule, const struct expression *from, const struct expression *to)
{
    int64_t values[TERMS_MAX];
    uint64_t all = 0;
    bool and = false, or = false;
    for (unsigned i = 0; i < from->count; i++) {
        and = and || from->steps[i].op == OP_AND;
        or = or || from->steps[i].op == OP_OR;
        if (from->steps[i].op == OP_ATOM)
            all |= UINT64_C(1) << from->steps[i].atom;
    }
    for (unsigned i = 0; i < rule->atom_count; i++)
        if (rule->atoms[i].at_most || rule->terms[rule->atoms[i].term].kind == TERM_ADJACENT)
            return false;
    if (and&& or)
        return false;
    for (unsigned i = 0; i < rule->atom_count && or ; i++) {
        least_values(rule, UINT64_C(1) << i, values);
        if (all >> i & 1 && !expression_holds(to, rule, values, NULL, true))
            return false;
    }
    least_values(rule, all, values);
    return or || expression_holds(to, rule, values, NULL, true);
}

static void check_reachable(const struct rule *rule, const struct rule_places *places,
                            const struct rule_context *context, struct problems *problems)
{
    for (unsigned low = 1; low <= context->level_count; low++)
        for (unsigned high = low + 1; high <= context->level_count; high++)
            if (places->level[low] && places->level[high] && implies(rule, &rule->level[low], &rule->level[high])) {
                yaml_warning(places->level[low], problems, "never shown: wherever %s holds, %s holds too (line %d)",
                             context->level_names[low - 1], context->level_names[high - 1],
                             places->level[high]->line);
                break;
            }
}

static void check_used(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    uint32_t used = rule->used;
    for (unsigned i = 0; i < rule->selection_count; i++) {
        if (rule->selections[i].after != SELECTION_NONE)
            used |= UINT32_C(1) << rule->selections[i].after;
        if (rule->selections[i].unless != SELECTION_NONE)
            used |= UINT32_C(1) << rule->selections[i].unless;
    }
    for (unsigned i = 0; places->let && i < places->let->count; i++)
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
        if (rule->atoms[i].term != rule->atoms[0].term || rule->atoms[i].at_most) {
            yaml_problem(places->below, problems,
                         "below (低于) needs levels that all use one measure; write clear: {after: ...} alone");
            return;
        }
        lowest = rule->atoms[i].threshold < lowest ? rule->atoms[i].threshold : lowest;
    }
    if (rule->clear_below < 1 && rule->terms[rule->atoms[0].term].measure != MEASURE_MAX)
        yaml_problem(places->below, problems, "below (低于): expected a threshold above 0");
    if (rule->clear_below > lowest)
        yaml_problem(places->below, problems, "below (低于): expected at most the lowest threshold of the levels");
}

void rule_values_of_nothing(const struct rule *rule, int64_t values[TERMS_MAX])
{
    for (unsigned i = 0; i < rule->term_count; i++) {
        const struct term *t = &rule->terms[i];
        bool none = t->kind == TERM_SHARE || (t->kind == TERM_MEASURE && (t->measure == MEASURE_MAX ||
                                                                          t->measure == MEASURE_AVG));
        values[i] = none ? VALUE_NONE : t->kind == TERM_SCORE ? score_points(&rule->scores[t->score], values) : 0;
    }
}

/* One event is enough for such a level, whatever the author had in mind. */
static void check_nothing(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    int64_t values[TERMS_MAX];
    rule_values_of_nothing(rule, values);
    for (unsigned level = 1; level <= LEVELS_MAX && rule->of_nothing; level++)
        if (places->level[level] && expression_holds(&rule->level[level], rule, values, NULL, true))
            yaml_warning(places->level[level], problems,
                         "holds even of 0, so the first event raises it and it lasts until the last has left: say "
                         "how many there must be, too, such as `%s >= 3 and ...`",
                         rule->selections[0].name);
}

/* Only what happens can end such an alert, and it may never happen: perhaps that is meant. */
static void check_when(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    int64_t values[TERMS_MAX];
    rule_values_of_nothing(rule, values);
    if (places->when && !expression_holds(&rule->clear_when, rule, values, NULL, true))
        yaml_warning(places->when, problems,
                     "when (条件) does not hold where there is nothing left: without such events the alert never ends");
}

/* silent() is of the source as a whole, at this moment: there is no window and nothing to count */
static void check_standing(const struct rule *rule, const struct rule_places *places, struct problems *problems)
{
    if (!rule->standing)
        return;
    for (unsigned i = 0; i < rule->term_count; i++)
        if (rule->terms[i].kind != TERM_SILENT) {
            yaml_problem(places->rule, problems, "silent() (断流) can only stand with silent() in a rule of its own");
            return;
        }
    if (places->let || places->within)
        yaml_problem(places->let ? places->let : places->within, problems,
                     "a rule of silent() (断流) counts nothing: leave out let and within");
    if (rule->per_count != 1 || rule->per[0] != SUBJECT_DISTRICT || rule->each)
        yaml_problem(places->rule, problems, "a rule of silent() (断流) is per: district");
}

static bool reads_only_sensors(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->selection_count; i++)
        if (rule->selections[i].kinds != 1u << EVENT_READING)
            return false;
    return true;
}

int64_t rule_needed_s(const struct rule *rule)
{
    return (int64_t)rule_reach_s(rule) + rule->clear_after_s + rule->raise_within_s;
}

static void check_retention(const struct rule *rule, const struct rule_places *places,
                            const struct rule_context *context, struct problems *problems)
{
    bool sensors = reads_only_sensors(rule);
    int64_t kept = sensors ? context->readings_retention_s : context->retention_s;
    int64_t needed = rule_needed_s(rule);
    if (needed > kept && !rule->standing)
        yaml_problem(places->within, problems,
                     sensors ? "within, how much earlier it looks, clear.after and raise_within make %lld minutes, but "
                               "readings are kept for %lld only"
                             : "within, how much earlier it looks, clear.after and raise_within make %lld minutes, but "
                               "events are kept for %lld only",
                     (long long)needed / 60, (long long)kept / 60);
}

void rule_check(const struct rule *rule, const struct rule_places *places, const struct rule_context *context,
                struct problems *problems)
{
    check_used(rule, places, problems);
    check_reachable(rule, places, context, problems);
    check_below(rule, places, problems);
    check_nothing(rule, places, problems);
    check_when(rule, places, problems);
    check_standing(rule, places, problems);
    check_retention(rule, places, context, problems);
}
