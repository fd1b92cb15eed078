/* One rule, from its YAML to what the engine runs.  Reading goes on after a mistake, so that an author sees all of
 * them at once. */
#include "rule/rule_priv.h"

#include "base/check.h"
#include "base/key.h"

#include <stdlib.h>

enum {
    MINUTE = 60,
    DAY = 86400,
    CLEAR_AFTER_DEFAULT = 30 * MINUTE,
    RAISE_WITHIN_DEFAULT = 360 * MINUTE,
    TEXT_MAX = 200
};

static char *read_text(const struct yaml_node *node, const char *what, const char *absent, struct problems *problems)
{
    const char *text = yaml_text(node, what, absent, problems);
    if (node && strlen(text) > TEXT_MAX)
        yaml_problem(node, problems, "%s: at most %d bytes", problem_word(problems, what), TEXT_MAX);
    return xstrdup(text);
}

/* The id is part of keys, metrics and alerts' ids, and is typed on command lines. */
static char *read_id(const struct yaml_node *node, struct problems *problems)
{
    const char *id = yaml_text(node, "id (编号)", "", problems);
    bool good = strlen(id) <= RULE_NAME_MAX;
    for (const char *at = id; *at && good; at++)
        good = (unsigned char)*at >= 0x80 || strchr("_-.", *at) || (*at >= '0' && *at <= '9') ||
               (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
    if (node && (!good || yaml_blank(node)))
        yaml_problem(node, problems, "id (编号): expected letters, digits, _ - and . only, at most %d bytes",
                     RULE_NAME_MAX);
    return xstrdup(id);
}

static int32_t read_minutes(const struct yaml_node *node, const char *what, int32_t low, int32_t high, int32_t absent,
                            struct problems *problems)
{
    int64_t seconds = yaml_duration(node, what, low, high, absent, problems);
    if (node && seconds % MINUTE)
        yaml_problem(node, problems, "%s: expected whole minutes", problem_word(problems, what));
    return (int32_t)seconds;
}

static bool has_level(const struct registry *registry, enum region_level level)
{
    for (uint32_t i = 1; i <= registry_count(registry); i++)
        if (registry_region(registry, i)->level == level)
            return true;
    return false;
}

static enum subject_kind subject_of(const struct yaml_node *node, const struct rule_context *context,
                                    struct problems *problems)
{
    static const char *const known[] = {"district", "street", "community", "grid", "micro_grid", "respondent", "matter",
                                        "区",       "街道",   "社区",      "网格", "微网格",     "被投诉方",   "事项"};
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    if (strcmp(word, "respondent") == 0 || strcmp(word, "被投诉方") == 0)
        return SUBJECT_RESPONDENT;
    if (strcmp(word, "matter") == 0 || strcmp(word, "事项") == 0)
        return SUBJECT_MATTER;
    enum region_level level = region_level_parse(str_of(word));
    const char *near = nearest_word(word, known, sizeof known / sizeof *known);
    if (level && (!context->registry || has_level(context->registry, level)))
        return (enum subject_kind)level;
    if (level)
        yaml_problem(node, problems, "the registry has no region of the level %s", word);
    else if (near)
        yaml_problem(node, problems, "per (按): unknown %s; did you mean %s?", word, near);
    else
        yaml_problem(node, problems,
                     "per (按): expected district, street, community, grid, micro_grid, respondent or "
                     "matter");
    return SUBJECT_NONE;
}

static void read_per(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
                     struct problems *problems)
{
    if (!node)
        return;
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    if (count == 0 || count > PER_MAX || node->kind == YAML_MAPPING) {
        yaml_problem(node, problems, "per (按): expected one kind of subject or a list of up to %d", PER_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        enum subject_kind kind = subject_of(item, context, problems);
        for (unsigned k = 0; k < rule->per_count; k++)
            if (kind && rule->per[k] == kind)
                yaml_problem(item, problems, "per (按): %s stands here twice", item->text.at);
        rule->per[rule->per_count++] = kind;
    }
}

static void read_levels(struct rule *rule, const struct yaml_node *node, struct rule_places *places,
                        const struct rule_context *context, struct problems *problems)
{
    if (!yaml_is_mapping(node, "levels (级别)", problems))
        return;
    if (node->count == 0)
        yaml_problem(node, problems, "levels (级别): expected at least one level with its condition");
    for (size_t i = 0; i < node->count; i++) {
        unsigned level = rule_level_of(yaml_key(node, i), context, problems);
        if (!level)
            continue;
        if (places->level[level]) {
            yaml_problem(yaml_key(node, i), problems, "the level %s stands here twice",
                         context->level_names[level - 1]);
            continue;
        }
        places->level[level] = yaml_value(node, i);
        rule_read_expression(rule, yaml_value(node, i), &rule->level[level], context, problems);
    }
}

static void read_clear(struct rule *rule, const struct yaml_node *node, struct rule_places *places,
                       const struct rule_context *context, struct problems *problems)
{
    rule->clear_after_s = CLEAR_AFTER_DEFAULT;
    rule->clear_below = INT64_MIN;
    if (!yaml_is_mapping(node, "clear (解除)", problems))
        return;
    rule_keys_only(node, IN_CLEAR, problems);
    places->below = rule_get(node, KEY_BELOW, problems);
    rule->clear_after_s = read_minutes(rule_get(node, KEY_AFTER, problems), "clear: after (解除: 持续)", 0, 400 * DAY,
                                       CLEAR_AFTER_DEFAULT, problems);
    places->when = rule_get(node, KEY_WHEN, problems);
    if (places->below && rule->atom_count)
        rule_read_number(places->below, term_unit(&rule->terms[rule->atoms[0].term]), &rule->clear_below, problems);
    if (places->when && places->below)
        yaml_problem(places->when, problems, "clear (解除): below and when can't stand together");
    else if (places->when)
        rule_read_expression(rule, places->when, &rule->clear_when, context, problems);
}

static void read_assist(struct rule *rule, const struct yaml_node *node, struct problems *problems)
{
    if (!node)
        return;
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    if (count > ASSIST_MAX) {
        yaml_problem(node, problems, "assist (协助): at most %d units", ASSIST_MAX);
        return;
    }
    const char **units = xcalloc(count + 1, sizeof *units);
    for (size_t i = 0; i < count; i++)
        units[i] = read_text(node->kind == YAML_SEQUENCE ? node->items[i] : node, "assist (协助)", "", problems);
    rule->assist = units;
    rule->assist_count = (unsigned)count;
}

static void read_send(struct rule *rule, const struct yaml_node *node, struct problems *problems)
{
    bool given = yaml_is_mapping(node, "send (派发)", problems);
    rule->lead = read_text(given ? rule_get(node, KEY_LEAD, problems) : NULL, "lead (牵头)", "", problems);
    if (!given)
        return;
    rule_keys_only(node, IN_SEND, problems);
    read_assist(rule, rule_get(node, KEY_ASSIST, problems), problems);
}

static void read_limits(struct span limits[LEVELS_MAX + 1], const struct yaml_node *node, const char *what,
                        const struct rule_context *context, struct problems *problems)
{
    if (!yaml_is_mapping(node, what, problems))
        return;
    for (size_t i = 0; i < node->count; i++) {
        unsigned level = rule_level_of(yaml_key(node, i), context, problems);
        limits[level] = rule_read_span(yaml_value(node, i), what, 400 * DAY, context, problems);
    }
}

static void seal(struct rule *rule, const struct rule_context *context)
{
    char *computed, *said;
    rule_canonical(rule, context, &computed, &said);
    rule->digest = key_of(str_of(computed), 0);
    free(computed);
    free(said);
}

/* `each: category.2` */
static void read_each(struct rule *rule, const struct yaml_node *node, struct problems *problems)
{
    static const char *const words[] = {"category.1", "category.2", "category.3", "category.4",
                                        "一级",       "二级",       "三级",       "四级"};
    if (!node)
        return;
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            rule->each = (uint8_t)(i % 4 + 1);
    if (!rule->each)
        yaml_problem(node, problems, "each (逐类): expected category.1, .2, .3 or .4 (一级, 二级, 三级, 四级)");
}

/* the function, not a selection that is called so */
static bool calls_function(const char *text, const char *name)
{
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        const char *after = at + strlen(name);
        size_t len;
        while (rule_peek(after, &len) == ' ')
            after += len;
        if (rule_peek(after, &len) == '(')
            return true;
    }
    return false;
}

/* are the levels of sources, not of events?  Such a rule selects nothing. */
static bool speaks_of_silence(const struct yaml_node *levels)
{
    for (size_t i = 0; levels && levels->kind == YAML_MAPPING && i < levels->count; i++) {
        const struct yaml_node *condition = yaml_value(levels, i);
        if (condition->kind == YAML_SCALAR && (calls_function(condition->text.at, "silent") ||
                                               calls_function(condition->text.at, "断流")))
            return true;
    }
    return false;
}

/* as far as it is known what sources send */
static bool takes_readings(const struct selection *s, const struct rule_context *context)
{
    bool takes = false;
    for (unsigned i = 0; context->offers && i < catalogue_source_count(context->catalogue); i++)
        takes |= s->sources >> i & 1 && context->offers[i] && context->offers[i]->kinds & s->kinds & 1u << EVENT_READING;
    return takes;
}

static void finish(struct rule *rule, const struct rule_context *context)
{
    for (unsigned i = 0; i < rule->selection_count; i++) {
        rule->sources |= rule->selections[i].sources;
        rule->readings |= takes_readings(&rule->selections[i], context);
    }
    for (unsigned i = 0; i < rule->term_count; i++) {
        const struct term *t = &rule->terms[i];
        rule->involves |= t->measure == MEASURE_INVOLVED || t->other_measure == MEASURE_INVOLVED;
        rule->valued |= measure_of_values(t->measure) || measure_of_values(t->other_measure);
        if (t->kind == TERM_SILENT || t->kind == TERM_SCORE || t->kind == TERM_ADJACENT)
            continue;
        rule->used |= UINT32_C(1) << t->selection;
        if (t->kind == TERM_SHARE || t->kind == TERM_BOTH)
            rule->used |= UINT32_C(1) << t->other;
    }
    rule->monotone = true;
    int64_t values[TERMS_MAX];
    rule_values_of_nothing(rule, values);
    for (int l = 1; l <= LEVELS_MAX; l++) {
        rule->of_nothing |= expression_holds(&rule->level[l], rule, values, NULL, true);
        for (unsigned i = 0; i < rule->level[l].count; i++) {
            const struct step *step = &rule->level[l].steps[i];
            if (step->op != OP_ATOM)
                continue;
            rule->monotone &= rule->atoms[step->atom].monotone;
            rule->standing |= rule->terms[rule->atoms[step->atom].term].kind == TERM_SILENT;
        }
    }
    rule->of_nothing &= !rule->standing;
}

void rule_read(struct rule *rule, const struct yaml_node *node, const struct rule_context *context,
               struct problems *problems)
{
    size_t before = problems->count;
    struct rule_places places = {.rule = node};
    rule->file = xstrdup(yaml_name(node->file));
    rule->line = node->line;
    if (!yaml_is_mapping(node, "a rule", problems))
        return;
    rule_keys_only(node, IN_RULE, problems);
    rule->id = read_id(rule_need(node, KEY_ID, problems), problems);
    rule->title = read_text(rule_get(node, KEY_TITLE, problems), "title (标题)", rule->id, problems);
    rule->version = read_text(rule_get(node, KEY_VERSION, problems), "version (版本)", "", problems);
    const struct yaml_node *levels = rule_need(node, KEY_LEVELS, problems);
    bool standing = speaks_of_silence(levels);
    places.let = standing ? rule_get(node, KEY_LET, problems) : rule_need(node, KEY_LET, problems);
    rule_read_selections(rule, places.let, context, problems);
    rule->let_count = rule->selection_count;
    read_per(rule, rule_need(node, KEY_PER, problems), context, problems);
    read_each(rule, rule_get(node, KEY_EACH, problems), problems);
    places.within = standing ? rule_get(node, KEY_WITHIN, problems) : rule_need(node, KEY_WITHIN, problems);
    struct span within = {0, 0};
    if (!standing)
        within = rule_read_window(places.within, "within (时间窗)", context, problems);
    rule->within_s = within.s;
    rule->windows[rule->window_count++] = (struct window){within, 0};
    read_levels(rule, levels, &places, context, problems);
    read_clear(rule, rule_get(node, KEY_CLEAR, problems), &places, context, problems);
    rule->for_s = read_minutes(rule_get(node, KEY_FOR, problems), "for (持续)", MINUTE, 400 * DAY, 0, problems);
    rule->raise_within_s = read_minutes(rule_get(node, KEY_RAISE_WITHIN, problems), "raise_within (追溯)", MINUTE,
                                        400 * DAY, RAISE_WITHIN_DEFAULT, problems);
    rule_read_circumstances(rule, node, context, problems);
    read_send(rule, rule_get(node, KEY_SEND, problems), problems);
    read_limits(rule->sign_within, rule_get(node, KEY_SIGN_WITHIN, problems), "sign_within (签收时限)", context,
                problems);
    read_limits(rule->close_within, rule_get(node, KEY_CLOSE_WITHIN, problems), "close_within (办结时限)", context,
                problems);
    if (problems->count == before) {
        finish(rule, context);
        rule_check(rule, &places, context, problems);
    }
    if (problems->count == before) {
        rule_warn_unmet(rule, &places, context, problems);
        seal(rule, context);
    }
}
