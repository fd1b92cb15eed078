/* A level's condition, `wages.callers >= 3 or wages.involved >= 30`, into postfix steps over atoms.  Recursive
 * descent over the scalar's own text, so that every mistake has its column.  Only conditions that more events can
 * make true and never false are in the language of this version: that is why `<`, `not` and functions are refused
 * by name.  Whether 且 is an operator or begins a name is decided by where it stands: Chinese has no spaces. */
#include "rule/rule_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 16, THRESHOLD_DIGITS_MAX = 12 };

struct parser {
    const struct yaml_node *node;
    const char *at;
    struct rule *rule;
    struct expression *out;
    struct problems *problems;
    unsigned depth;
    bool failed;
};

static const struct {
    const char *word;
    enum measure measure;
} measures[] = {
#define X(name, word) {word, MEASURE_##name},
    MEASURE_TABLE(X)
#undef X
        {"件数", MEASURE_EVENTS},
    {"人数", MEASURE_CALLERS},
    {"涉及人数", MEASURE_INVOLVED},
    {"合计", MEASURE_SUM},
    {"最大", MEASURE_MAX},
};

static const char *const later_words[] = {"regions", "sources", "avg",   "change", "adjacent", "both",
                                          "silent",  "anomaly", "score", "not",    "非"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

__attribute__((format(printf, 3, 4))) static void fail(struct parser *p, const char *at, const char *format, ...)
{
    va_list args;
    if (p->failed)
        return;
    p->failed = true;
    va_start(args, format);
    problem_vadd(p->problems, false, yaml_name(p->node->file), p->node->line,
                 yaml_column(p->node, (size_t)(at - p->node->text.at)), format, args);
    va_end(args);
}

static void skip_space(struct parser *p)
{
    size_t len;
    for (uint32_t c = rule_peek(p->at, &len); c == ' ' || c == '\t' || c == '\n'; c = rule_peek(p->at, &len))
        p->at += len;
}

static bool take(struct parser *p, uint32_t wanted)
{
    size_t len;
    bool found = rule_peek(p->at, &len) == wanted;
    if (found)
        p->at += len;
    return found;
}

static bool take_text(struct parser *p, const char *text)
{
    bool found = strncmp(p->at, text, strlen(text)) == 0;
    if (found)
        p->at += strlen(text);
    return found;
}

static bool take_operator(struct parser *p, enum op op)
{
    char name[RULE_NAME_MAX + 1];
    skip_space(p);
    if (op == OP_AND ? take_text(p, "并且") || take_text(p, "且") : take_text(p, "或者") || take_text(p, "或"))
        return true;
    const char *after = p->at;
    if (!rule_take_name(&after, name) || strcmp(name, op == OP_AND ? "and" : "or") != 0)
        return false;
    p->at = after;
    return true;
}

static void emit(struct parser *p, enum op op, unsigned atom)
{
    if (p->failed)
        return;
    if (p->out->count == EXPRESSION_MAX)
        fail(p, p->at, "too long: at most %d comparisons and operators", EXPRESSION_MAX);
    else
        p->out->steps[p->out->count++] = (struct step){op, (uint8_t)atom};
}

static bool same_atom(const struct atom *a, const struct atom *b)
{
    return a->selection == b->selection && a->measure == b->measure && a->threshold == b->threshold;
}

static void emit_atom(struct parser *p, struct atom atom)
{
    unsigned i = 0;
    if (p->failed)
        return;
    while (i < p->rule->atom_count && !same_atom(&p->rule->atoms[i], &atom))
        i++;
    if (i == ATOMS_MAX) {
        fail(p, p->at, "too many different comparisons in one rule: at most %d", ATOMS_MAX);
        return;
    }
    if (i == p->rule->atom_count)
        p->rule->atoms[p->rule->atom_count++] = atom;
    emit(p, OP_ATOM, i);
}

static bool is_later_word(const char *word)
{
    for (size_t i = 0; i < COUNT(later_words); i++)
        if (strcmp(word, later_words[i]) == 0)
            return true;
    return false;
}

static unsigned selection_of(struct parser *p, const char *at, const char *name)
{
    const char *known[SELECTIONS_MAX];
    for (unsigned i = 0; i < p->rule->selection_count; i++) {
        known[i] = p->rule->selections[i].name;
        if (strcmp(known[i], name) == 0)
            return i;
    }
    const char *near = nearest_word(name, known, p->rule->selection_count);
    if (is_later_word(name))
        fail(p, at, "%s is not supported by this version", name);
    else if (near)
        fail(p, at, "`let` defines no %s; did you mean %s?", name, near);
    else
        fail(p, at, "`let` defines no %s", name);
    return 0;
}

static enum measure take_measure(struct parser *p)
{
    const char *known[COUNT(measures)], *start = p->at;
    char name[RULE_NAME_MAX + 1];
    if (!rule_take_name(&p->at, name)) {
        fail(p, start, "expected a measure: events, callers, involved, sum or max");
        return MEASURE_EVENTS;
    }
    for (size_t i = 0; i < COUNT(measures); i++) {
        known[i] = measures[i].word;
        if (strcmp(name, known[i]) == 0)
            return measures[i].measure;
    }
    const char *near = nearest_word(name, known, COUNT(measures));
    if (is_later_word(name))
        fail(p, start, "the measure %s is not supported by this version", name);
    else if (near)
        fail(p, start, "unknown measure %s; did you mean %s?", name, near);
    else
        fail(p, start, "unknown measure %s; expected events, callers, involved, sum or max", name);
    return MEASURE_EVENTS;
}

/* `>=` or `>`; true where the threshold itself is not enough */
static bool take_comparison(struct parser *p)
{
    skip_space(p);
    const char *start = p->at;
    size_t len;
    uint32_t c = rule_peek(p->at, &len);
    if (take(p, 0x2265))
        return false;
    if (take(p, '>'))
        return !take(p, '=');
    if (c == '(')
        fail(p, start, "functions are not supported by this version");
    else if (c == '<' || c == '=' || c == '!' || c == 0x2264 || c == 0x2260)
        fail(p, start, "only >= and > are supported by this version");
    else
        fail(p, start, "expected >= or >, and a number");
    return false;
}

static bool is_scaled(enum measure measure)
{
    return measure == MEASURE_SUM || measure == MEASURE_MAX;
}

/* A number in the measure's unit: a whole one, or up to three decimals for values. */
static int64_t take_threshold(struct parser *p, enum measure measure, bool strict)
{
    skip_space(p);
    const char *start = p->at;
    size_t len, digits = 0, decimals = 0;
    int64_t number = 0;
    bool negative = take(p, '-'), scaled = is_scaled(measure);
    for (uint32_t c = rule_peek(p->at, &len); rule_is_digit(c) && digits < THRESHOLD_DIGITS_MAX;
         c = rule_peek(p->at, &len)) {
        number = number * 10 + (int64_t)(c - '0');
        digits++;
        p->at += len;
    }
    bool point = scaled && digits && take(p, '.');
    for (uint32_t c = rule_peek(p->at, &len); point && rule_is_digit(c) && decimals < 3; c = rule_peek(p->at, &len)) {
        number = number * 10 + (int64_t)(c - '0');
        decimals++;
        p->at += len;
    }
    uint32_t next = rule_peek(p->at, &len);
    if (!digits || (point && !decimals) || rule_is_digit(next) || next == '.')
        fail(p, start,
             scaled ? "expected a number, up to %d digits and 3 decimals"
                    : "expected a whole number, up to %d digits",
             THRESHOLD_DIGITS_MAX);
    for (; scaled && decimals < 3; decimals++)
        number *= 10;
    number = (negative ? -number : number) + strict;
    if (measure != MEASURE_MAX && number < 1)
        fail(p, start, "always true: expected a threshold above 0");
    return number;
}

static void alternatives(struct parser *);

static void comparison(struct parser *p)
{
    char name[RULE_NAME_MAX + 1];
    skip_space(p);
    const char *start = p->at;
    if (take(p, '(')) {
        if (p->depth++ == DEPTH_MAX)
            fail(p, start, "parentheses nested too deeply: at most %d", DEPTH_MAX);
        else
            alternatives(p);
        p->depth--;
        skip_space(p);
        if (!p->failed && !take(p, ')'))
            fail(p, p->at, "expected ) or `and`, `or` (且, 或)");
        return;
    }
    if (!rule_take_name(&p->at, name)) {
        fail(p, start, "expected the name of a selection, as in `%s >= 3`",
             p->rule->selection_count ? p->rule->selections[0].name : "calls");
        return;
    }
    struct atom atom = {.selection = (uint8_t)selection_of(p, start, name)};
    atom.measure = take(p, '.') ? take_measure(p) : MEASURE_EVENTS;
    bool strict = !p->failed && take_comparison(p);
    if (!p->failed)
        atom.threshold = take_threshold(p, atom.measure, strict);
    emit_atom(p, atom);
}

static void joined(struct parser *p, enum op op, void (*part)(struct parser *))
{
    part(p);
    while (!p->failed && take_operator(p, op)) {
        part(p);
        emit(p, op, 0);
    }
}

static void conjunction(struct parser *p)
{
    joined(p, OP_AND, comparison);
}

static void alternatives(struct parser *p)
{
    joined(p, OP_OR, conjunction);
}

void rule_read_expression(struct rule *rule, const struct yaml_node *node, struct expression *out,
                          struct problems *problems)
{
    if (node->kind != YAML_SCALAR || yaml_blank(node)) {
        yaml_problem(node, problems, "expected a condition, such as `calls >= 3`");
        return;
    }
    struct parser p = {.node = node, .at = node->text.at, .rule = rule, .out = out, .problems = problems};
    alternatives(&p);
    skip_space(&p);
    if (*p.at)
        fail(&p, p.at, "expected `and`, `or` (且, 或) or the end of the condition");
}

bool rule_read_threshold(const struct yaml_node *node, enum measure measure, int64_t *threshold,
                         struct problems *problems)
{
    if (node->kind != YAML_SCALAR) {
        yaml_problem(node, problems, "expected a number");
        return false;
    }
    struct parser p = {.node = node, .at = node->text.at, .problems = problems};
    *threshold = take_threshold(&p, measure, false);
    skip_space(&p);
    if (*p.at)
        fail(&p, p.at, "expected nothing after the number");
    return !p.failed;
}
