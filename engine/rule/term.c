/* What a comparison compares: a measure of a selection, or a function of some.  Each different one becomes a term of the
 * rule, which has one value on a subject at a minute however many comparisons ask for it. */
#include "rule/parser.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { DAY = 86400, DURATION_TEXT_MAX = 48 };

static const struct {
    const char *word;
    enum measure measure;
} measures[] = {
#define X(name, english, chinese) {english, MEASURE_##name}, {chinese, MEASURE_##name},
    MEASURE_TABLE(X)
#undef X
};

static const struct {
    const char *word;
    enum term_kind kind;
} functions[] = {
#define X(name, english, chinese) {english, TERM_##name}, {chinese, TERM_##name},
    TERM_TABLE(X)
#undef X
};

/* ---- terms of the rule ---- */

static bool same_term(const struct term *a, const struct term *b)
{
    return a->kind == b->kind && a->selection == b->selection && a->measure == b->measure && a->other == b->other &&
           a->other_measure == b->other_measure && a->window == b->window && a->earlier == b->earlier &&
           a->source == b->source && a->score == b->score && !a->inner && !b->inner;
}

static unsigned add_term(struct parser *p, const char *at, const struct term *term)
{
    struct rule *rule = p->rule;
    for (unsigned i = 0; i < rule->term_count; i++)
        if (same_term(&rule->terms[i], term))
            return i;
    if (rule->term_count == TERMS_MAX) {
        parser_fail(p, at, "too many different things are counted in one rule: at most %d", TERMS_MAX);
        free(term->inner);
        return 0;
    }
    rule->terms[rule->term_count] = *term;
    return rule->term_count++;
}

static bool same_span(struct span a, struct span b)
{
    return a.s == b.s && a.workdays == b.workdays;
}

unsigned parser_window(struct parser *p, int32_t lag_s)
{
    struct rule *rule = p->rule;
    for (unsigned i = 0; i < rule->window_count; i++)
        if (same_span(rule->windows[i].within, p->within) && rule->windows[i].lag_s == lag_s)
            return i;
    if (rule->window_count == WINDOWS_MAX) {
        parser_fail(p, p->at, "too many different windows in one rule: at most %d", WINDOWS_MAX);
        return 0;
    }
    rule->windows[rule->window_count] = (struct window){p->within, lag_s};
    return rule->window_count++;
}

/* ---- words ---- */

static uint8_t selection_of(struct parser *p, const char *at, const char *name)
{
    const char *known[SELECTIONS_MAX];
    for (unsigned i = p->first; i < p->end; i++) {
        known[i - p->first] = p->rule->selections[i].name;
        if (strcmp(p->rule->selections[i].name, name) == 0)
            return (uint8_t)i;
    }
    const char *near = nearest_word(name, known, p->end - p->first);
    if (near)
        parser_fail(p, at, "`let` defines no %s; did you mean %s?", name, near);
    else
        parser_fail(p, at, "`let` defines no %s", name);
    return 0;
}

static enum measure take_measure(struct parser *p)
{
    const char *known[COUNT(measures)], *start = p->at;
    char name[RULE_NAME_MAX + 1];
    if (!rule_take_name(&p->at, name)) {
        parser_fail(p, start, "expected a measure: events, callers, involved, regions, sources, sum, max or avg");
        return MEASURE_EVENTS;
    }
    for (size_t i = 0; i < COUNT(measures); i++) {
        known[i] = measures[i].word;
        if (strcmp(name, known[i]) == 0)
            return measures[i].measure;
    }
    const char *near = nearest_word(name, known, COUNT(measures));
    if (near)
        parser_fail(p, start, "unknown measure %s; did you mean %s?", name, near);
    else
        parser_fail(p, start,
                    "unknown measure %s; expected events, callers, involved, regions, sources, sum, max or avg", name);
    return MEASURE_EVENTS;
}

static void expect_selection(struct parser *p, char name[RULE_NAME_MAX + 1])
{
    parser_skip_space(p);
    name[0] = '\0';
    if (!p->failed && !rule_take_name(&p->at, name))
        parser_fail(p, p->at, "expected the name of a selection");
}

static void expect_comma(struct parser *p)
{
    parser_skip_space(p);
    if (p->failed || parser_take(p, ',') || parser_take_text(p, "、"))
        return;
    if (*p->at == '\0') /* YAML has cut it off at the comma */
        parser_fail(p, p->at,
                    "expected , and what follows; within {...} put the condition in quotes, or on a line of its own");
    else
        parser_fail(p, p->at, "expected , and what follows");
}

/* ---- functions ---- */

static void take_counted(struct parser *p, uint8_t *selection, enum measure *measure)
{
    char name[RULE_NAME_MAX + 1];
    expect_selection(p, name);
    const char *start = p->at - strlen(name);
    if (p->failed)
        return;
    *selection = selection_of(p, start, name);
    *measure = parser_take(p, '.') ? take_measure(p) : MEASURE_EVENTS;
    if (!p->failed && (*measure == MEASURE_MAX || *measure == MEASURE_AVG))
        parser_fail(p, start, "max and avg can't stand within a function");
}

static void take_change(struct parser *p, struct term *term)
{
    char text[DURATION_TEXT_MAX + 1];
    size_t used = 0, len;
    int64_t lag = 0;
    take_counted(p, &term->selection, &term->measure);
    expect_comma(p);
    parser_skip_space(p);
    const char *start = p->at;
    for (uint32_t c = rule_peek(p->at, &len); c && c != ')' && c != ' ' && used + len < DURATION_TEXT_MAX;
         c = rule_peek(p->at, &len)) {
        memcpy(text + used, p->at, len);
        used += len;
        p->at += len;
    }
    text[used] = '\0';
    if (!p->failed && (!yaml_duration_text(text, &lag) || lag < 60 || lag % 60 || lag > 400 * DAY))
        parser_fail(p, start, "expected how much earlier, in whole minutes, such as 7d");
    if (!p->failed)
        term->earlier = (uint8_t)parser_window(p, (int32_t)lag);
}

/* weeks, so that a Monday is compared with Mondays */
static void take_anomaly(struct parser *p, struct term *term)
{
    const char *start = p->at;
    take_counted(p, &term->selection, &term->measure);
    if (!p->failed && term->measure == MEASURE_SUM)
        parser_fail(p, start, "anomaly() is of counts: events, callers, involved, regions or sources");
    if (p->failed)
        return;
    /* all in a row, even if change() has one of them already */
    struct rule *rule = p->rule;
    for (unsigned i = 0; i < rule->term_count; i++)
        if (rule->terms[i].kind == TERM_ANOMALY && same_span(rule->windows[rule->terms[i].earlier].within, p->within)) {
            term->earlier = rule->terms[i].earlier;
            return;
        }
    term->earlier = (uint8_t)rule->window_count;
    if (rule->window_count + ANOMALY_WEEKS > WINDOWS_MAX) {
        parser_fail(p, p->at, "too many different windows in one rule: at most %d", WINDOWS_MAX);
        return;
    }
    for (int week = 1; week <= ANOMALY_WEEKS; week++)
        rule->windows[rule->window_count++] = (struct window){p->within, week * 7 * DAY};
}

static void take_both(struct parser *p, struct term *term)
{
    char name[RULE_NAME_MAX + 1];
    for (int i = 0; i < 2 && !p->failed; i++) {
        if (i)
            expect_comma(p);
        expect_selection(p, name);
        uint8_t selection = p->failed ? 0 : selection_of(p, p->at - strlen(name), name);
        *(i ? &term->other : &term->selection) = selection;
    }
}

static void take_adjacent(struct parser *p, const char *at, struct term *term)
{
    struct expression *outer = p->out;
    if (!rule_of_regions(p->rule))
        parser_fail(p, at, "adjacent() needs regions: `per` must name nothing else");
    if (p->inner)
        parser_fail(p, at, "adjacent() can't stand within adjacent()");
    term->inner = xcalloc(1, sizeof *term->inner);
    p->out = term->inner;
    p->inner = true;
    if (!p->failed)
        parser_condition(p);
    p->inner = false;
    p->out = outer;
    p->rule->around = true;
}

static void take_silent(struct parser *p, struct term *term)
{
    const struct catalogue *catalogue = p->context->catalogue;
    parser_skip_space(p);
    const char *start = p->at;
    size_t len = strcspn(start, " )）");
    int source = catalogue_find_source(catalogue, (struct str){start, len});
    p->at += len;
    if (source < 0)
        parser_fail(p, start, "unknown source %.*s", (int)len, start);
    else
        term->source = (uint8_t)source;
}

static unsigned function(struct parser *p, const char *at, enum term_kind kind)
{
    struct term term = {.kind = kind};
    if (kind != TERM_SILENT && kind != TERM_SCORE)
        term.window = (uint8_t)parser_window(p, 0);
    if (p->inner && kind != TERM_ADJACENT)
        parser_fail(p, at, "functions can't stand within adjacent()");
    if (p->feature && (kind == TERM_ADJACENT || kind == TERM_SILENT || kind == TERM_SCORE))
        parser_fail(p, at, "a feature can't be %s()", term_kind_word(kind));
    switch (kind) {
    case TERM_CHANGE:
        take_change(p, &term);
        break;
    case TERM_SHARE:
        take_counted(p, &term.selection, &term.measure);
        expect_comma(p);
        take_counted(p, &term.other, &term.other_measure);
        break;
    case TERM_BOTH:
        take_both(p, &term);
        break;
    case TERM_ADJACENT:
        take_adjacent(p, at, &term);
        break;
    case TERM_ANOMALY:
        take_anomaly(p, &term);
        break;
    case TERM_SILENT:
        take_silent(p, &term);
        break;
    case TERM_SCORE: {
        char model[RULE_NAME_MAX + 1];
        parser_skip_space(p);
        if (!p->failed && !rule_take_name(&p->at, model))
            parser_fail(p, p->at, "expected the name of a model");
        if (!p->failed)
            parser_score(p, p->at - strlen(model), model, &term);
        break;
    }
    case TERM_MEASURE:
    case TERM_KINDS:
        break;
    }
    parser_skip_space(p);
    if (!p->failed && !parser_take(p, ')'))
        parser_fail(p, p->at, "expected )");
    if (p->failed) {
        free(term.inner);
        return 0;
    }
    return add_term(p, at, &term);
}

static unsigned take_function(struct parser *p, const char *at, const char *name)
{
    const char *known[COUNT(functions)];
    for (size_t i = 0; i < COUNT(functions); i++) {
        known[i] = functions[i].word;
        if (functions[i].word[0] && strcmp(name, functions[i].word) == 0)
            return function(p, at, functions[i].kind);
    }
    const char *near = nearest_word(name, known, COUNT(functions));
    if (near && *near)
        parser_fail(p, at, "unknown function %s; did you mean %s?", name, near);
    else
        parser_fail(p, at,
                    "unknown function %s; expected change, share, both, adjacent, anomaly, silent or score", name);
    return 0;
}

unsigned parser_term(struct parser *p)
{
    char name[RULE_NAME_MAX + 1];
    const char *start = p->at;
    if (!rule_take_name(&p->at, name)) {
        parser_fail(p, start, "expected the name of a selection, as in `%s >= 3`",
                    p->end > p->first ? p->rule->selections[p->first].name : "calls");
        return 0;
    }
    parser_skip_space(p);
    if (parser_take(p, '('))
        return take_function(p, start, name);
    struct term term = {.kind = TERM_MEASURE, .selection = selection_of(p, start, name)};
    term.window = (uint8_t)parser_window(p, 0);
    if (!p->failed && parser_take(p, '.'))
        term.measure = take_measure(p);
    if (!p->failed && p->inner && term.measure == MEASURE_AVG)
        parser_fail(p, start, "within adjacent() avg is not possible");
    return p->failed ? 0 : add_term(p, start, &term);
}
