/* The right side of a comparison: numbers, + - * / and parentheses, exact as fractions, since a threshold that is off by
 * a rounding is another threshold. */
#include "rule/parser.h"

#include "base/check.h"
#include "base/wide.h"

enum { DIGITS_MAX = 12, DECIMALS_MAX = 3, DEPTH_MAX = 8 };

struct fraction {
    int128 over, under; /* under > 0 */
};

static int128 common_divisor(int128 a, int128 b)
{
    a = a < 0 ? -a : a;
    while (b) {
        int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a ? a : 1;
}

static struct fraction reduced(struct parser *p, const char *at, int128 over, int128 under)
{
    if (under < 0) {
        over = -over;
        under = -under;
    }
    int128 common = common_divisor(over, under);
    struct fraction f = {over / common, under / common};
    int128 bound = (int128)1 << 60; /* two such multiply within 128 bits */
    if (f.over > bound || f.over < -bound || f.under > bound) {
        parser_fail(p, at, "the number is too large");
        return (struct fraction){0, 1};
    }
    return f;
}

static struct fraction number(struct parser *p)
{
    const char *start = p->at;
    size_t len;
    unsigned digits = 0, decimals = 0;
    int64_t value = 0, under = 1;
    for (uint32_t c = rule_peek(p->at, &len); rule_is_digit(c) && digits < DIGITS_MAX; c = rule_peek(p->at, &len)) {
        value = value * 10 + (int64_t)(c - '0');
        digits++;
        p->at += len;
    }
    bool point = digits && parser_take(p, '.');
    for (uint32_t c = rule_peek(p->at, &len); point && rule_is_digit(c) && decimals < DECIMALS_MAX;
         c = rule_peek(p->at, &len)) {
        value = value * 10 + (int64_t)(c - '0');
        under *= 10;
        decimals++;
        p->at += len;
    }
    uint32_t next = rule_peek(p->at, &len);
    if (!digits || (point && !decimals) || rule_is_digit(next) || next == '.')
        parser_fail(p, start, "expected a number, up to %d digits and %d decimals", DIGITS_MAX, DECIMALS_MAX);
    return reduced(p, start, value, under);
}

static struct fraction sum(struct parser *);

static struct fraction factor(struct parser *p)
{
    parser_skip_space(p);
    const char *start = p->at;
    if (parser_take(p, '-')) {
        struct fraction f = factor(p);
        return (struct fraction){-f.over, f.under};
    }
    if (!parser_take(p, '('))
        return number(p);
    if (p->depth++ == DEPTH_MAX)
        parser_fail(p, start, "parentheses nested too deeply: at most %d", DEPTH_MAX);
    struct fraction f = p->failed ? (struct fraction){0, 1} : sum(p);
    p->depth--;
    parser_skip_space(p);
    if (!p->failed && !parser_take(p, ')'))
        parser_fail(p, p->at, "expected )");
    return f;
}

static struct fraction product(struct parser *p)
{
    struct fraction f = factor(p);
    for (;;) {
        parser_skip_space(p);
        const char *start = p->at;
        bool times = parser_take(p, '*') || parser_take(p, 0xD7);
        if (p->failed || (!times && !parser_take(p, '/') && !parser_take(p, 0xF7)))
            return f;
        struct fraction g = factor(p);
        if (!times && g.over == 0)
            parser_fail(p, start, "division by zero");
        if (p->failed)
            return f;
        f = times ? reduced(p, start, f.over * g.over, f.under * g.under)
                  : reduced(p, start, f.over * g.under, f.under * g.over);
    }
}

static struct fraction sum(struct parser *p)
{
    struct fraction f = product(p);
    for (;;) {
        parser_skip_space(p);
        const char *start = p->at;
        bool plus = parser_take(p, '+');
        if (p->failed || (!plus && !parser_take(p, '-')))
            return f;
        struct fraction g = product(p);
        if (!p->failed)
            f = reduced(p, start, f.over * g.under + (plus ? g.over : -g.over) * f.under, f.under * g.under);
    }
}

int64_t parser_constant(struct parser *p, int64_t unit)
{
    parser_skip_space(p);
    const char *start = p->at;
    struct fraction f = sum(p);
    int128 scaled = f.over * unit;
    if (!p->failed && scaled % f.under) {
        if (unit == 1)
            parser_fail(p, start, "expected a whole number");
        else
            parser_fail(p, start, "expected a number with at most %d decimals", DECIMALS_MAX);
    }
    int128 value = scaled / f.under, most = (int128)1000000000000 * unit;
    if (!p->failed && (value > most || value < -most))
        parser_fail(p, start, "the number is too large");
    return p->failed ? 1 : (int64_t)value;
}
