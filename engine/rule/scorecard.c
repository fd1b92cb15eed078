/* A scorecard: a file of the models' folder in which features (what rules count, each within a time of its own) give
 * points by bins.  It is compiled into the rule that asks for it, its features as terms of the rule, so that views,
 * reloads, evidence and the retention's check know of nothing new.  A model of another kind would be another such
 * compilation: features to terms, values to a number.
 *
 *   name, version, kind: scorecard, title, let, base, features: [{name, value, within, bins: [{below, points}], none}] */
#include "rule/parser.h"

#include "base/check.h"
#include "rule/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { BINS_MAX = 16, POINTS_MAX = 1000000, MINUTE = 60 };

struct card {
    struct rule *rule;
    struct score *score;
    const struct rule_context *context;
    struct problems *problems;
    unsigned first; /* of the rule's selections that are the card's */
};

static const struct yaml_node *need(const struct yaml_node *node, const char *key, struct problems *problems)
{
    const struct yaml_node *value = yaml_get(node, key);
    if (!value)
        yaml_problem(node, problems, "%s is missing", key);
    return value;
}

static int32_t read_points(const struct yaml_node *node, const char *what, struct problems *problems)
{
    return (int32_t)yaml_integer(node, what, -POINTS_MAX, POINTS_MAX, 0, problems);
}

static void read_bin(struct feature *f, const struct yaml_node *node, bool last, int64_t unit, struct card *card)
{
    static const char *const known[] = {"below", "points"};
    struct bin bin = {.below = INT64_MAX};
    if (!yaml_is_mapping(node, "a bin", card->problems))
        return;
    yaml_only(node, known, COUNT(known), card->problems);
    const struct yaml_node *below = yaml_get(node, "below");
    if (last && below)
        yaml_problem(below, card->problems, "the last bin takes all that is left: it has no `below`");
    else if (!last && !below)
        yaml_problem(node, card->problems, "below is missing: only the last bin has none");
    else if (below)
        rule_read_number(below, unit, &bin.below, card->problems);
    bin.points = read_points(need(node, "points", card->problems), "points", card->problems);
    if (below && f->bin_count && bin.below <= f->bins[f->bin_count - 1].below)
        yaml_problem(below, card->problems, "the bins must rise");
    f->bins[f->bin_count++] = bin;
}

static void read_feature(struct card *card, const struct yaml_node *node)
{
    static const char *const known[] = {"name", "value", "within", "bins", "none"};
    struct problems *problems = card->problems;
    if (!yaml_is_mapping(node, "a feature", problems))
        return;
    yaml_only(node, known, COUNT(known), problems);
    struct feature *f = &card->score->features[card->score->feature_count++];
    const struct yaml_node *value = need(node, "value", problems), *bins = need(node, "bins", problems);
    f->name = xstrdup(yaml_text(need(node, "name", problems), "name", "", problems));
    struct span within = rule_read_window(need(node, "within", problems), "within", card->context, problems);
    int term = value ? rule_read_term(card->rule, value, card->first, within, card->context, problems) : -1;
    f->term = term < 0 ? 0 : (uint8_t)term;
    f->none = read_points(yaml_get(node, "none"), "none", problems);
    if (!bins || bins->kind != YAML_SEQUENCE || bins->count == 0 || bins->count > BINS_MAX) {
        if (bins)
            yaml_problem(bins, problems, "bins: expected a list of 1 to %d", BINS_MAX);
        f->bins = xcalloc(1, sizeof *f->bins);
        f->bin_count = 1;
        return;
    }
    f->bins = xcalloc(bins->count, sizeof *f->bins);
    int64_t unit = term < 0 ? 1 : term_unit(&card->rule->terms[term]);
    for (size_t i = 0; i < bins->count; i++)
        read_bin(f, bins->items[i], i + 1 == bins->count, unit, card);
    if (!f->bin_count)
        f->bin_count = 1;
}

static void read_card(struct card *card, const struct yaml_node *root, const char *name)
{
    static const char *const known[] = {"name", "title", "version", "kind", "let", "base", "features", "note"};
    struct problems *problems = card->problems;
    if (!yaml_is_mapping(root, "a model", problems))
        return;
    yaml_only(root, known, COUNT(known), problems);
    const struct yaml_node *own = need(root, "name", problems), *kind = need(root, "kind", problems);
    if (own && strcmp(yaml_text(own, "name", "", problems), name) != 0)
        yaml_problem(own, problems, "name: expected %s, as the file is called", name);
    if (kind && strcmp(yaml_text(kind, "kind", "", problems), "scorecard") != 0)
        yaml_problem(kind, problems, "kind: expected scorecard");
    free((char *)(uintptr_t)card->score->version);
    card->score->version = xstrdup(yaml_text(yaml_get(root, "version"), "version", "", problems));
    card->score->base = read_points(yaml_get(root, "base"), "base", problems);
    rule_read_selections(card->rule, need(root, "let", problems), card->context, problems);
    const struct yaml_node *features = need(root, "features", problems);
    if (!features)
        return;
    if (features->kind != YAML_SEQUENCE || features->count == 0 || features->count > FEATURES_MAX) {
        yaml_problem(features, problems, "features: expected a list of 1 to %d", FEATURES_MAX);
        return;
    }
    card->score->features = xcalloc(features->count, sizeof *card->score->features);
    for (size_t i = 0; i < features->count; i++)
        read_feature(card, features->items[i]);
}

void parser_score(struct parser *p, const char *at, const char *model, struct term *term)
{
    struct rule *rule = p->rule;
    char *path = NULL;
    for (unsigned i = 0; i < rule->score_count; i++)
        if (strcmp(rule->scores[i].model, model) == 0) {
            term->score = (uint8_t)i;
            return;
        }
    if (!p->context || !p->context->models_path) {
        parser_fail(p, at, "score(): the configuration names no folder of models (`models: models/`)");
        return;
    }
    rule->scores = xrealloc(rule->scores, (rule->score_count + 1) * sizeof *rule->scores);
    struct score *score = &rule->scores[rule->score_count];
    *score = (struct score){.model = xstrdup(model), .version = xstrdup("")};
    term->score = (uint8_t)rule->score_count++;
    CHECK(asprintf(&path, "%s/%s.json", p->context->models_path, model) >= 0);
    if (p->context->texts)
        rule_texts_note(p->context->texts, TEXT_MODEL, path);
    size_t before = p->problems->count;
    struct yaml_file *file = yaml_read(path, p->problems);
    if (file) {
        struct card card = {rule, score, p->context, p->problems, rule->selection_count};
        read_card(&card, yaml_root(file), model);
    }
    yaml_close(&file);
    if (p->problems->count != before)
        parser_fail(p, at, "the model %s can't be used", model);
    free(path);
}
