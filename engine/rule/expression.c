/* A level's condition, `wages.callers >= 3 or wages.involved >= 30`, into postfix steps over atoms.  `not` is pushed
 * inward as it is read, so that what runs knows only comparisons, and, or; what the counters may filter by can be read
 * off them.  Whether 且 is an operator or begins a name is decided by where it stands: Chinese has no spaces. */
#include "rule/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

enum comparison { AT_LEAST, MORE, AT_MOST, LESS, EQUAL, UNEQUAL };

void parser_fail(struct parser *p, const char *at, const char *format, ...)
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

void parser_skip_space(struct parser *p)
{
    size_t len;
    for (uint32_t c = rule_peek(p->at, &len); c == ' ' || c == '\t' || c == '\n'; c = rule_peek(p->at, &len))
        p->at += len;
}

bool parser_take(struct parser *p, uint32_t wanted)
{
    size_t len;
    bool found = rule_peek(p->at, &len) == wanted;
    if (found)
        p->at += len;
    return found;
}

bool parser_take_text(struct parser *p, const char *text)
{
    bool found = strncmp(p->at, text, strlen(text)) == 0;
    if (found)
        p->at += strlen(text);
    return found;
}

static bool take_word(struct parser *p, const char *word)
{
    char name[RULE_NAME_MAX + 1];
    const char *after = p->at;
    if (!rule_take_name(&after, name) || strcmp(name, word) != 0)
        return false;
    p->at = after;
    return true;
}

static bool take_operator(struct parser *p, enum op op)
{
    parser_skip_space(p);
    if (op == OP_AND)
        return parser_take_text(p, "并且") || parser_take_text(p, "且") || take_word(p, "and");
    return parser_take_text(p, "或者") || parser_take_text(p, "或") || take_word(p, "or");
}

static bool take_not(struct parser *p)
{
    parser_skip_space(p);
    return take_word(p, "not") || take_word(p, "非");
}

static void emit(struct parser *p, enum op op, unsigned atom)
{
    if (p->failed)
        return;
    if (p->out->count == EXPRESSION_MAX)
        parser_fail(p, p->at, "too long: at most %d comparisons and operators", EXPRESSION_MAX);
    else
        p->out->steps[p->out->count++] = (struct step){op, (uint8_t)atom};
}

static bool is_monotone(const struct rule *rule, const struct term *term, bool at_most)
{
    const struct selection *s = rule->selections;
    switch (term->kind) {
    case TERM_MEASURE:
        return !at_most && term->measure != MEASURE_AVG && s[term->selection].unless == SELECTION_NONE &&
               !s[term->selection].overdue;
    case TERM_BOTH:
        return !at_most && s[term->selection].unless == SELECTION_NONE && !s[term->selection].overdue &&
               s[term->other].unless == SELECTION_NONE && !s[term->other].overdue;
    case TERM_ADJACENT:
        for (unsigned i = 0; i < term->inner->count; i++)
            if (term->inner->steps[i].op == OP_ATOM && !rule->atoms[term->inner->steps[i].atom].monotone)
                return false;
        return !at_most;
    case TERM_CHANGE:
    case TERM_SHARE:
    case TERM_ANOMALY:
    case TERM_SILENT:
    case TERM_SCORE:
    case TERM_KINDS:
        break;
    }
    return false;
}

static void emit_atom(struct parser *p, unsigned term, bool at_most, bool more, int64_t threshold)
{
    struct rule *rule = p->rule;
    if (p->failed)
        return;
    if (rule->atom_count == ATOMS_MAX) {
        parser_fail(p, p->at, "too many comparisons in one rule: at most %d", ATOMS_MAX);
        return;
    }
    rule->atoms[rule->atom_count] = (struct atom){
        .term = (uint8_t)term,
        .at_most = at_most,
        .more = more,
        .monotone = is_monotone(rule, &rule->terms[term], at_most),
        .fixed = p->inner,
        .threshold = threshold,
    };
    emit(p, OP_ATOM, rule->atom_count++);
}

static enum comparison take_comparison(struct parser *p)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } known[] = {{">=", AT_LEAST}, {"≥", AT_LEAST}, {"＞＝", AT_LEAST}, {">", MORE},    {"＞", MORE},
                 {"<=", AT_MOST},  {"≤", AT_MOST},  {"＜＝", AT_MOST},  {"<>", UNEQUAL}, {"<", LESS},
                 {"＜", LESS},     {"!=", UNEQUAL}, {"≠", UNEQUAL},     {"！＝", UNEQUAL}, {"==", EQUAL},
                 {"=", EQUAL},     {"＝", EQUAL}};
    parser_skip_space(p);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (parser_take_text(p, known[i].text))
            return known[i].comparison;
    parser_fail(p, p->at, "expected a comparison (>= > <= < = !=) and a number");
    return AT_LEAST;
}

/* is its least value 0? */
static bool is_count(const struct term *term)
{
    return term->kind != TERM_SCORE &&
           !(term->kind == TERM_MEASURE && (term->measure == MEASURE_MAX || term->measure == MEASURE_AVG));
}

/* What is always true would raise an alert on everything that is ever touched. */
static void check_threshold(struct parser *p, const char *at, const struct term *term, bool at_most, int64_t threshold)
{
    if (is_count(term) && !at_most && threshold < 1)
        parser_fail(p, at, "always true: expected a threshold above 0");
    else if (is_count(term) && at_most && threshold < 0)
        parser_fail(p, at, "never true: this is not below 0");
}

static void emit_comparison(struct parser *p, const char *at, unsigned number, enum comparison comparison,
                            int64_t threshold, bool negated)
{
    const struct term *term = &p->rule->terms[number];
    static const enum comparison negation[] = {LESS, AT_MOST, MORE, AT_LEAST, UNEQUAL, EQUAL};
    if (negated)
        comparison = negation[comparison];
    bool two = comparison == EQUAL || comparison == UNEQUAL;
    if (p->inner && comparison != AT_LEAST && comparison != MORE)
        parser_fail(p, at, "within adjacent() only >= and > are possible");
    if (!two) {
        bool at_most = comparison == AT_MOST || comparison == LESS;
        threshold += comparison == MORE ? 1 : comparison == LESS ? -1 : 0;
        check_threshold(p, at, term, at_most, threshold);
        emit_atom(p, number, at_most, comparison == MORE, threshold);
        return;
    }
    check_threshold(p, at, term, comparison == EQUAL, comparison == EQUAL ? threshold : threshold + 1);
    /* = 0 is at most 0: what is at least 0 always is would only confuse */
    if (threshold == 0 && is_count(term)) {
        emit_atom(p, number, comparison == EQUAL, false, comparison == EQUAL ? 0 : 1);
        if (!p->failed)
            p->rule->atoms[p->rule->atom_count - 1].fixed = true;
        return;
    }
    emit_atom(p, number, false, false, comparison == EQUAL ? threshold : threshold + 1);
    emit_atom(p, number, true, false, comparison == EQUAL ? threshold : threshold - 1);
    emit(p, comparison == EQUAL ? OP_AND : OP_OR, 0);
    if (!p->failed)
        p->rule->atoms[p->rule->atom_count - 1].fixed = p->rule->atoms[p->rule->atom_count - 2].fixed = true;
}

static void alternatives(struct parser *, bool negated);

static void primary(struct parser *p, bool negated)
{
    parser_skip_space(p);
    const char *start = p->at;
    if (parser_take(p, '(')) {
        if (p->depth++ == DEPTH_MAX)
            parser_fail(p, start, "parentheses nested too deeply: at most %d", DEPTH_MAX);
        else
            alternatives(p, negated);
        p->depth--;
        parser_skip_space(p);
        if (!p->failed && !parser_take(p, ')'))
            parser_fail(p, p->at, "expected ) or `and`, `or` (且, 或)");
        return;
    }
    unsigned term = parser_term(p);
    if (p->failed)
        return;
    if (p->rule->terms[term].kind == TERM_SILENT) {
        emit_atom(p, term, negated, false, negated ? 0 : 1);
        return;
    }
    enum comparison comparison = take_comparison(p);
    int64_t threshold = p->failed ? 1 : parser_constant(p, term_unit(&p->rule->terms[term]));
    if (!p->failed)
        emit_comparison(p, start, term, comparison, threshold, negated);
}

static void negation(struct parser *p, bool negated)
{
    const char *start = p->at;
    while (!p->failed && take_not(p)) {
        if (p->inner)
            parser_fail(p, start, "within adjacent() only >= and > are possible");
        negated = !negated;
    }
    primary(p, negated);
}

/* of what is negated, and becomes or */
static void joined(struct parser *p, enum op op, bool negated, void (*part)(struct parser *, bool))
{
    part(p, negated);
    while (!p->failed && take_operator(p, op)) {
        part(p, negated);
        emit(p, negated == (op == OP_AND) ? OP_OR : OP_AND, 0);
    }
}

static void conjunction(struct parser *p, bool negated)
{
    joined(p, OP_AND, negated, negation);
}

static void alternatives(struct parser *p, bool negated)
{
    joined(p, OP_OR, negated, conjunction);
}

void parser_condition(struct parser *p)
{
    alternatives(p, false);
}

/* is there anything left? */
static bool ends(struct parser *p)
{
    parser_skip_space(p);
    return *p->at == '\0';
}

void rule_read_expression(struct rule *rule, const struct yaml_node *node, struct expression *out,
                          const struct rule_context *context, struct problems *problems)
{
    if (node->kind != YAML_SCALAR || yaml_blank(node)) {
        yaml_problem(node, problems, "expected a condition, such as `calls >= 3`");
        return;
    }
    struct parser p = {.node = node,
                       .at = node->text.at,
                       .rule = rule,
                       .context = context,
                       .out = out,
                       .problems = problems,
                       .end = rule->let_count,
                       .within = rule->windows[0].within};
    parser_condition(&p);
    if (!ends(&p))
        parser_fail(&p, p.at, "expected `and`, `or` (且, 或) or the end of the condition");
}

bool rule_read_number(const struct yaml_node *node, int64_t unit, int64_t *number, struct problems *problems)
{
    if (node->kind != YAML_SCALAR) {
        yaml_problem(node, problems, "expected a number");
        return false;
    }
    struct parser p = {.node = node, .at = node->text.at, .problems = problems};
    *number = parser_constant(&p, unit);
    if (!ends(&p))
        parser_fail(&p, p.at, "expected nothing after the number");
    return !p.failed;
}

int rule_read_term(struct rule *rule, const struct yaml_node *node, unsigned first, struct span within,
                   const struct rule_context *context, struct problems *problems)
{
    if (node->kind != YAML_SCALAR || yaml_blank(node)) {
        yaml_problem(node, problems, "expected what is counted, such as `calls.callers`");
        return -1;
    }
    struct parser p = {.node = node,
                       .at = node->text.at,
                       .rule = rule,
                       .context = context,
                       .problems = problems,
                       .first = first,
                       .end = rule->selection_count,
                       .within = within,
                       .feature = true};
    parser_skip_space(&p);
    unsigned term = parser_term(&p);
    if (!ends(&p))
        parser_fail(&p, p.at, "expected nothing after what is counted");
    return p.failed ? -1 : (int)term;
}
