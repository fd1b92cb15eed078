/* When and where a rule counts otherwise than its levels say: thresholds of a street's own, multipliers in a period of the
 * calendar, its validity, its life. */
#include "rule/rule_priv.h"

#include "base/check.h"
#include "base/civil.h"
#include "rule/calendar.h"
#include "rule/date.h"
#include "rule/overrides.h"
#include "rule/texts.h"

#include <stdio.h>
#include <stdlib.h>

enum { MULTIPLIER_MIN = 10, MULTIPLIER_MAX = 100000, THOUSAND = 1000 };

/* ---- overrides ---- */

static void add_override(struct rule *rule, unsigned atom, const struct override *line, int64_t threshold)
{
    rule->overrides = xrealloc(rule->overrides, (rule->override_count + 1) * sizeof *rule->overrides);
    rule->overrides[rule->override_count++] = (struct rule_override){line->region, (uint8_t)atom, threshold, line->line};
}

/* the line of the table on every comparison of its level that compares its measure by >= */
static void apply_override(struct rule *rule, const struct override *line, const char *path,
                           struct problems *problems)
{
    const char *dot = strchr(line->measure, '.');
    size_t len = dot ? (size_t)(dot - line->measure) : strlen(line->measure);
    const struct expression *e = &rule->level[line->level];
    bool found = false;
    for (unsigned i = 0; i < e->count; i++) {
        if (e->steps[i].op != OP_ATOM)
            continue;
        const struct atom *atom = &rule->atoms[e->steps[i].atom];
        const struct term *term = &rule->terms[atom->term];
        if (atom->at_most || atom->fixed || term->kind != TERM_MEASURE)
            continue;
        const char *name = rule->selections[term->selection].name;
        bool measured = dot ? strcmp(dot + 1, measure_word(term->measure)) == 0 ||
                                  strcmp(dot + 1, measure_word_zh(term->measure)) == 0
                            : term->measure == MEASURE_EVENTS;
        if (!measured || strlen(name) != len || strncmp(name, line->measure, len) != 0)
            continue;
        found = true;
        int64_t unit = term_unit(term);
        if (line->threshold * unit % THOUSAND || line->threshold < 1)
            problem_add(problems, path, line->line, 0, "the threshold of %s: expected a whole number above 0",
                        line->measure);
        else
            add_override(rule, e->steps[i].atom, line, line->threshold * unit / THOUSAND + atom->more);
    }
    if (!found)
        problem_add(problems, path, line->line, 0, "the level compares no %s with a threshold by >=", line->measure);
}

/* the least threshold by which the level compares that term; INT64_MAX: by none */
static int64_t level_threshold(const struct rule *rule, unsigned level, unsigned term, const int64_t *thresholds)
{
    int64_t least = INT64_MAX;
    const struct expression *e = &rule->level[level];
    for (unsigned i = 0; i < e->count; i++) {
        unsigned a = e->steps[i].atom;
        if (e->steps[i].op == OP_ATOM && rule->atoms[a].term == term && !rule->atoms[a].at_most && thresholds[a] < least)
            least = thresholds[a];
    }
    return least;
}

/* A level whose threshold in this region is not above that of a lower one hides the lower one there. */
static void check_order(const struct rule *rule, const struct override *line, const char *path,
                        const struct rule_context *context, struct problems *problems)
{
    int64_t thresholds[ATOMS_MAX];
    rule_thresholds(NULL, rule, context->registry, line->region, 0, thresholds);
    for (unsigned term = 0; term < rule->term_count; term++)
        for (unsigned low = 1; low < line->level; low++) {
            int64_t lower = level_threshold(rule, low, term, thresholds);
            int64_t higher = level_threshold(rule, line->level, term, thresholds), unit = term_unit(&rule->terms[term]);
            if (lower != INT64_MAX && higher <= lower)
                problem_warn(problems, path, line->line, 0, "%s: %s %g is not above %s %g",
                             registry_region(context->registry, line->region)->name,
                             context->level_names[line->level - 1], (double)higher / (double)unit,
                             context->level_names[low - 1], (double)lower / (double)unit);
        }
}

static void read_overrides(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
                           struct problems *problems)
{
    if (!node)
        return;
    const char *name = yaml_text(node, "overrides (分街道阈值)", "", problems);
    if (!rule_of_regions(rule)) {
        yaml_problem(node, problems, "overrides (分街道阈值) need regions: `per` must name nothing else");
        return;
    }
    if (!*name)
        yaml_problem(node, problems, "overrides (分街道阈值): expected the name of a CSV file");
    if (!*name || !context->registry)
        return;
    char *path = yaml_resolve(node->file, name);
    rule->override_file = xstrdup(name);
    if (context->texts)
        rule_texts_note(context->texts, TEXT_RULES, path);
    struct overrides *table = overrides_load(text_place(context->places, path), context, problems);
    for (size_t i = 0; table && i < table->count; i++)
        apply_override(rule, &table->all[i], path, problems);
    for (size_t i = 0; table && i < table->count; i++)
        check_order(rule, &table->all[i], path, context, problems);
    overrides_destroy(&table);
    free(path);
}

/* ---- during ---- */

static void read_during(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
                        struct problems *problems)
{
    if (!yaml_is_mapping(node, "during (时期)", problems))
        return;
    if (node->count > DURING_MAX)
        yaml_problem(node, problems, "during (时期): at most %d periods", DURING_MAX);
    for (size_t i = 0; i < node->count && i < DURING_MAX; i++) {
        const struct yaml_node *key = yaml_key(node, i);
        int period = calendar_find_period(context->calendar, key->text);
        int64_t multiplier = THOUSAND;
        bool good = rule_read_number(yaml_value(node, i), THOUSAND, &multiplier, problems);
        if (period < 0)
            yaml_problem(key, problems, "the calendar has no period %s", key->text.at);
        else if (!good)
            continue;
        else if (multiplier < MULTIPLIER_MIN || multiplier > MULTIPLIER_MAX)
            yaml_problem(yaml_value(node, i), problems, "during (时期): expected a multiplier from 0.01 to 100");
        else
            rule->during[rule->during_count++] = (struct during){UINT32_C(1) << period, (int32_t)multiplier};
    }
}

/* ---- life ---- */

static const char *const lives[][2] = {
    [LIFE_ACTIVE] = {"active", "启用"}, [LIFE_SHADOW] = {"shadow", "试运行"}, [LIFE_DRAFT] = {"draft", "草稿"}};

const char *rule_life_word(const struct rule *rule)
{
    return lives[rule->life][0];
}

static void read_life(struct rule *rule, const struct yaml_node *node, struct problems *problems)
{
    const char *word = yaml_text(node, "life (状态)", "active", problems);
    for (int i = LIFE_ACTIVE; i <= LIFE_DRAFT; i++)
        if (strcmp(word, lives[i][0]) == 0 || strcmp(word, lives[i][1]) == 0) {
            rule->life = (enum life)i;
            return;
        }
    yaml_problem(node, problems, "life (状态): expected draft (草稿), shadow (试运行) or active (启用)");
}

/* minutes since 1970 of the local midnight that begins it; INT64_MIN after a problem */
static int64_t read_date(const struct yaml_node *node, const struct rule_context *context, struct problems *problems)
{
    int64_t day;
    if (node->kind != YAML_SCALAR || !date_parse(node->text.at, &day)) {
        yaml_problem(node, problems, DATE_FORMS);
        return INT64_MIN;
    }
    return (day * CIVIL_DAY_S - context->utc_offset_s) / 60;
}

static void read_valid(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
                       struct problems *problems)
{
    rule->valid_from = INT64_MIN;
    rule->valid_to = INT64_MAX;
    if (!yaml_is_mapping(node, "valid (有效期)", problems))
        return;
    rule_keys_only(node, IN_VALID, problems);
    const struct yaml_node *from = rule_get(node, KEY_FROM, problems), *to = rule_get(node, KEY_TO, problems);
    if (from)
        rule->valid_from = read_date(from, context, problems);
    if (to) {
        int64_t last = read_date(to, context, problems);
        rule->valid_to = last == INT64_MIN ? INT64_MAX : last + CIVIL_DAY_S / 60;
    }
    if (rule->valid_to <= rule->valid_from)
        yaml_problem(node, problems, "valid (有效期): ends before it begins");
}

void rule_read_circumstances(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
                             struct problems *problems)
{
    read_overrides(rule, rule_get(node, KEY_OVERRIDES, problems), context, problems);
    read_during(rule, rule_get(node, KEY_DURING, problems), context, problems);
    read_life(rule, rule_get(node, KEY_LIFE, problems), problems);
    read_valid(rule, rule_get(node, KEY_VALID, problems), context, problems);
}
