/* What conditions and selections can say, and what is said of mistakes in them: exact constants, comparisons and their
 * negations, functions, times, the past of matters, silence.  test_rule.c has what every rule has. */
#include "rule_world.h"

enum { RED = 4, TEXT = 4096 };

/* a rule on a grid, with two selections; `more` are further keys */
static struct rule_set *load_with(const char *let, const char *condition, const char *more)
{
    static char text[2 * TEXT];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    per: grid\n    within: 1h\n    let: %s\n    levels:\n      red: %s\n%s", let,
             condition, more);
    return load(text);
}

static struct rule_set *load_condition(const char *condition)
{
    return load_with("{x: {}, y: {tag: threat}}", condition, "");
}

static bool holds(const struct rule *rule, int64_t x, int64_t y)
{
    int64_t values[TERMS_MAX];
    for (unsigned t = 0; t < rule->term_count; t++)
        values[t] = rule->terms[t].selection == 0 ? x : y;
    return expression_holds(&rule->level[RED], rule, values, NULL, true);
}

/* ---- constants ---- */

static const struct {
    const char *text;
    int64_t threshold;
} constants[] = {
    {"x >= 2*3", 6},
    {"x >= 2 + 3 * 4", 14},
    {"x >= (2 + 3) * 4", 20},
    {"x >= 17 - 2 - 1", 14},
    {"x >= 12/4/3", 1},
    {"x >= 12/(4/3)", 9},
    {"x >= 1/3*3", 1},
    {"x >= 1/7 + 6/7", 1},
    {"x >= 0.5 * 4", 2},
    {"x >= 0.1/0.1", 1},
    {"x >= -2 * -3", 6},
    {"x >= 3 - -3", 6},
    {"x > 2*3", 7},
    {"x >= 999999999999 / 3 - 333333333332", 1},
    {"x.sum >= 0.1 + 0.2", 300},
    {"x.sum >= 1/8", 125},
    {"x.sum > 1/8", 126},
    {"x.max >= 1/8 - 1", -875},
    {"x ≥ ２×３", 6},
    {"x ≥ （２＋３）×４÷２－１", 9},
    {"x.合计 ≥ ０．５×３", 1500},
};

START_TEST(constant)
{
    char text[128];
    snprintf(text, sizeof text, "%s or y >= 1", constants[_i].text);
    struct rule_set *set = accepted(load_condition(text));
    ck_assert_int_eq(set->rules[0].atoms[0].threshold, constants[_i].threshold);
    rule_set_destroy(&set);
}
END_TEST

/* the column is that of the condition, which begins in 12 */
static const struct {
    const char *text;
    int col;
    const char *problem;
} bad_constants[] = {
    {"x >= 1/2", 17, "expected a whole number"},
    {"x >= 2.5 * 3", 17, "expected a whole number"},
    {"x.sum >= 1/3", 21, "at most 3 decimals"},
    {"x.sum >= 0.01 * 0.01", 21, "at most 3 decimals"},
    {"x >= 1/0", 18, "division by zero"},
    {"x >= 1 + 4 / (2 - 2)", 23, "division by zero"},
    {"x >= 1 +", 20, "expected a number"},
    {"x >= * 2", 17, "expected a number"},
    {"x >= y", 17, "expected a number"},
    {"x >= 1e3", 18, "or the end of the condition"},
    {"x >= 1.2.3", 17, "expected a number"},
    {"x >= 0.0001", 17, "3 decimals"},
    {"x >= (1 + 2", 23, "expected )"},
    {"x >= 1 2", 19, "or the end of the condition"},
    {"x >= 999999999999 + 999999999999", 17, "too large"},
    {"x >= 999999999999 * 999999999999 * 999999999999", 30, "too large"},
    {"x >= (((((((((1)))))))))", 25, "nested too deeply"},
};

START_TEST(constant_mistake)
{
    refused(load_condition(bad_constants[_i].text), bad_constants[_i].problem);
    ck_assert_int_eq(problems.all[0].line, 7);
    ck_assert_int_eq(problems.all[0].col, bad_constants[_i].col);
}
END_TEST

struct fraction {
    int64_t over, under; /* under > 0; 0 after a division by zero, whatever is done with that */
};

/* appends a random constant and works it out, unreduced: numbers are small and the tree is shallow */
static struct fraction random_constant(struct dice *dice, char *text, unsigned depth)
{
    if (depth == 0 || dice_chance(dice, 30)) {
        int64_t number = dice_between(dice, 0, 9), half = depth && dice_chance(dice, 20);
        sprintf(text + strlen(text), half ? "%d.5" : "%d", (int)number);
        return half ? (struct fraction){number * 2 + 1, 2} : (struct fraction){number, 1};
    }
    char op = "+-*/"[dice_below(dice, 4)];
    strcat(text, "(");
    struct fraction a = random_constant(dice, text, depth - 1);
    sprintf(text + strlen(text), dice_chance(dice, 50) ? " %c " : "%c", op);
    struct fraction b = random_constant(dice, text, depth - 1);
    strcat(text, ")");
    if (!a.under || !b.under)
        return (struct fraction){0, 0};
    struct fraction f = op == '*'   ? (struct fraction){a.over * b.over, a.under * b.under}
                        : op == '/' ? (struct fraction){a.over * b.under, a.under * b.over}
                                    : (struct fraction){a.over * b.under + (op == '+' ? 1 : -1) * b.over * a.under,
                                                        a.under * b.under};
    return f.under < 0 ? (struct fraction){-f.over, -f.under} : f;
}

START_TEST(constants_are_exact)
{
    struct dice dice = core_dice();
    unsigned good = 0;
    for (unsigned round = 0, rounds = core_effort(1500); round < rounds; round++) {
        char number[512] = "", text[600];
        struct fraction f = random_constant(&dice, number, dice_below(&dice, 4));
        bool decimals = dice_chance(&dice, 50);
        snprintf(text, sizeof text, "%s >= %s or y >= 1", decimals ? "x.max" : "x", number);
        int64_t unit = decimals ? 1000 : 1;
        bool exact = f.under && f.over * unit % f.under == 0, wanted = exact && (decimals || f.over > 0);
        problems_clear(&problems);
        struct rule_set *set = load_condition(text);
        EXPECT((set != NULL) == wanted, "%s", text);
        if (set)
            EXPECT(set->rules[0].atoms[0].threshold == f.over * unit / f.under, "%s: %lld", text,
                   (long long)set->rules[0].atoms[0].threshold);
        good += set != NULL;
        rule_set_destroy(&set);
    }
    ck_assert_uint_gt(good, core_effort(1500) / 10);
}
END_TEST

/* ---- comparisons ---- */

enum comparison { AT_LEAST, MORE, AT_MOST, LESS, EQUAL, UNEQUAL, COMPARISONS };

static const struct {
    const char *sign;
    enum comparison comparison;
} signs[] = {
    {">=", AT_LEAST}, {"≥", AT_LEAST}, {"＞＝", AT_LEAST}, {">", MORE},      {"＞", MORE},     {"<=", AT_MOST},
    {"≤", AT_MOST},   {"＜＝", AT_MOST}, {"<", LESS},      {"＜", LESS},     {"=", EQUAL},     {"==", EQUAL},
    {"＝", EQUAL},    {"!=", UNEQUAL}, {"≠", UNEQUAL},     {"！＝", UNEQUAL}, {"<>", UNEQUAL},
};

static bool compares(enum comparison comparison, int64_t a, int64_t b)
{
    if (a == VALUE_NONE)
        return false;
    const bool outcomes[COMPARISONS] = {[AT_LEAST] = a >= b, [MORE] = a > b,   [AT_MOST] = a <= b,
                                        [LESS] = a < b,      [EQUAL] = a == b, [UNEQUAL] = a != b};
    return outcomes[comparison];
}

static enum comparison negation_of(enum comparison c)
{
    static const enum comparison negations[] = {LESS, AT_MOST, MORE, AT_LEAST, UNEQUAL, EQUAL};
    return negations[c];
}

START_TEST(comparison)
{
    static const struct {
        const char *measured;
        int64_t unit;
    } terms[] = {{"x", 1}, {"x.callers", 1}, {"x.sum", 1000}, {"x.avg", 1000}, {"share(x, y)", 1000}};
    enum comparison c = signs[_i].comparison;
    for (unsigned i = 0; i < sizeof terms / sizeof *terms; i++)
        for (int negated = 0; negated < 2; negated++) {
            char text[128];
            snprintf(text, sizeof text, "'%s(%s %s 2) or y >= 99999'", negated ? "not " : "", terms[i].measured,
                     signs[_i].sign);
            struct rule_set *set = accepted(load_condition(text));
            int64_t unit = terms[i].unit, near[] = {VALUE_NONE, 0,        2 * unit - 1, 2 * unit, 2 * unit + 1,
                                                    3 * unit,   99 * unit};
            for (unsigned k = 0; k < sizeof near / sizeof *near; k++)
                ck_assert_msg(holds(&set->rules[0], near[k], 0) ==
                                  compares(negated ? negation_of(c) : c, near[k], 2 * unit),
                              "%s of %lld", text, (long long)near[k]);
            rule_set_destroy(&set);
        }
}
END_TEST

/* what is always or never so is a slip */
static const struct {
    const char *text, *problem;
} pointless[] = {
    {"x >= 0", "always true"},
    {"x > -1", "always true"},
    {"x.sum >= 0", "always true"},
    {"not (x < 0)", "always true"},
    {"x != -1 or y >= 1", "always true"},
    {"x < 0", "never true"},
    {"x <= -1", "never true"},
    {"not (x >= 0)", "never true"},
    {"x = -1 or y >= 1", "never true"},
};

START_TEST(pointless_comparison)
{
    refused(load_condition(pointless[_i].text), pointless[_i].problem);
}
END_TEST

/* of what may lie below nothing, nothing is no bound */
START_TEST(zero_of_what_may_be_negative)
{
    static const char *const measures[] = {"x.max", "x.avg"};
    for (unsigned i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s = 0 or y >= 99", measures[i]);
        struct rule_set *set = accepted(load_condition(text));
        ck_assert(holds(&set->rules[0], 0, 0));
        ck_assert(!holds(&set->rules[0], -5, 0) && !holds(&set->rules[0], 5, 0));
        rule_set_destroy(&set);
        snprintf(text, sizeof text, "%s != 0 or y >= 99", measures[i]);
        set = accepted(load_condition(text));
        ck_assert(!holds(&set->rules[0], 0, 0));
        ck_assert(holds(&set->rules[0], -5, 0) && holds(&set->rules[0], 5, 0));
        rule_set_destroy(&set);
    }
}
END_TEST

/* ---- and, or, not ---- */

struct condition {
    enum { COMPARE, AND, OR, NOT } kind;
    struct condition *part[2];
    bool of_y;
    enum comparison comparison;
    int64_t number;
};

static struct condition *random_condition(struct dice *dice, char *text, unsigned depth)
{
    static const char *const words[][2] = {[AND] = {" and ", "且"}, [OR] = {" or ", "或"}};
    struct condition *c = xcalloc(1, sizeof *c);
    c->kind = depth == 0 ? COMPARE : dice_below(dice, 4);
    unsigned sign = dice_below(dice, sizeof signs / sizeof *signs);
    switch (c->kind) {
    case COMPARE:
        c->of_y = dice_chance(dice, 50);
        c->comparison = signs[sign].comparison;
        c->number = dice_between(dice, 1, 4);
        sprintf(text + strlen(text), "%s%s%d", c->of_y ? "y.max" : "x.max", signs[sign].sign, (int)c->number);
        break;
    case NOT:
        strcat(text, dice_chance(dice, 50) ? "not (" : "非 （");
        c->part[0] = random_condition(dice, text, depth - 1);
        strcat(text, ")");
        break;
    case AND:
    case OR:
        strcat(text, "(");
        c->part[0] = random_condition(dice, text, depth - 1);
        strcat(text, words[c->kind][dice_below(dice, 2)]);
        c->part[1] = random_condition(dice, text, depth - 1);
        strcat(text, ")");
        break;
    }
    return c;
}

/* negated: pushed inward by definition, since what has no value is neither so nor not so */
static bool condition_holds(const struct condition *c, bool negated, int64_t x, int64_t y)
{
    int64_t value = c->of_y ? y : x, number = c->number * 1000;
    if (c->kind == COMPARE)
        return compares(negated ? negation_of(c->comparison) : c->comparison, value, number);
    if (c->kind == NOT)
        return condition_holds(c->part[0], !negated, x, y);
    bool a = condition_holds(c->part[0], negated, x, y), b = condition_holds(c->part[1], negated, x, y);
    return (c->kind == AND) != negated ? a && b : a || b;
}

static void condition_free(struct condition *c)
{
    if (!c)
        return;
    condition_free(c->part[0]);
    condition_free(c->part[1]);
    free(c);
}

START_TEST(conditions_mean_what_they_say)
{
    struct dice dice = core_dice();
    static const int64_t values[] = {VALUE_NONE, -1000, 1000, 1999, 2000, 2001, 3000, 4000, 4001};
    enum { VALUES = sizeof values / sizeof *values };
    for (unsigned round = 0, rounds = core_effort(600); round < rounds; round++) {
        char text[TEXT] = "'";
        struct condition *c = random_condition(&dice, text, 1 + dice_below(&dice, 4));
        strcat(text, " or x >= 99999 or y >= 99999'"); /* both are to be used */
        struct rule_set *set = accepted(load_condition(text));
        const struct rule *rule = &set->rules[0];
        for (unsigned i = 0; i < VALUES * VALUES; i++) {
            int64_t x = values[i / VALUES], y = values[i % VALUES];
            EXPECT(holds(rule, x, y) == condition_holds(c, false, x, y), "%s of %lld and %lld", text, (long long)x,
                   (long long)y);
        }
        condition_free(c);
        rule_set_destroy(&set);
    }
}
END_TEST

/* what more facts can only make truer; `before` a minute is closed nothing else is believed */
static const struct {
    const char *let, *condition;
    bool monotone;
} monotone_cases[] = {
    {"{x: {}}", "x >= 2", true},
    {"{x: {}}", "x.callers > 2", true},
    {"{x: {}}", "x.regions >= 2 and x.sources >= 2 or x.involved >= 3", true},
    {"{x: {}}", "x.sum >= 2 or x.max >= 2", true},
    {"{x: {}}", "not (x < 2)", true},
    {"{x: {}, y: {}}", "'both(x, y) >= 2'", true},
    {"{x: {}}", "'adjacent(x >= 2) >= 2'", true},
    {"{x: {after: y}, y: {}}", "x >= 2", true},
    {"{x: {}}", "x < 2", false},
    {"{x: {}}", "not (x >= 2)", false},
    {"{x: {}}", "x = 2", false},
    {"{x: {}}", "x != 2", false},
    {"{x: {}}", "x >= 2 and x <= 4", false},
    {"{x: {}}", "x.avg >= 2", false},
    {"{x: {}}", "'change(x, 1h) >= 2'", false},
    {"{x: {}, y: {}}", "'share(x, y) >= 0.5'", false},
    {"{x: {}, y: {}}", "'both(x, y) <= 2'", false},
    {"{x: {}}", "'anomaly(x) >= 3'", false},
    {"{x: {unless: y}, y: {}}", "x >= 2", false},
    {"{x: {overdue: true}}", "x >= 2", false},
    {"{x: {unless: y}, y: {}}", "'both(x, y) >= 2'", false},
    {"{x: {}, y: {overdue: true}}", "'both(x, y) >= 2'", false},
    {"{x: {unless: y}, y: {}}", "'adjacent(x >= 2) >= 2'", false},
};

START_TEST(monotone)
{
    struct rule_set *set = accepted(load_with(monotone_cases[_i].let, monotone_cases[_i].condition, ""));
    const struct rule *rule = &set->rules[0];
    ck_assert_msg(rule->monotone == monotone_cases[_i].monotone, "%s", monotone_cases[_i].condition);
    const struct expression *e = &rule->level[RED];
    int64_t values[TERMS_MAX];
    for (int64_t value = 0; value < 6000; value++) {
        for (unsigned t = 0; t < TERMS_MAX; t++)
            values[t] = value;
        ck_assert(!expression_holds(e, rule, values, NULL, false) || expression_holds(e, rule, values, NULL, true));
        ck_assert(!rule->monotone ||
                  expression_holds(e, rule, values, NULL, false) == expression_holds(e, rule, values, NULL, true));
    }
    rule_set_destroy(&set);
}
END_TEST

/* ---- functions ---- */

static bool window_is(const struct rule *rule, unsigned window, int32_t within_s, int32_t lag_s)
{
    return window < rule->window_count && rule->windows[window].within.s == within_s &&
           rule->windows[window].lag_s == lag_s;
}

START_TEST(functions)
{
    struct rule_set *set = accepted(load_condition("'change(x.callers, 7d) >= 2 and share(y.sum, x) >= 0.25 and "
                                                   "both(y, x) > 2 and anomaly(x) >= 3 and "
                                                   "变化（x。人数，７天）≥1.5 and adjacent(x >= 3 or y.max >= 2) >= 2'"));
    const struct rule *r = &set->rules[0];
    const struct term *t = r->terms;
    ck_assert_uint_eq(r->atom_count, 8);
    const struct term *change = &t[r->atoms[0].term], *share = &t[r->atoms[1].term], *both = &t[r->atoms[2].term],
                      *anomaly = &t[r->atoms[3].term], *adjacent = &t[r->atoms[7].term];
    ck_assert_int_eq(change->kind, TERM_CHANGE);
    ck_assert_int_eq(change->measure, MEASURE_CALLERS);
    ck_assert(window_is(r, change->window, 3600, 0) && window_is(r, change->earlier, 3600, 7 * 86400));
    ck_assert_int_eq(r->atoms[0].threshold, 2000);
    ck_assert_msg(r->atoms[4].term == r->atoms[0].term, "one thing, two terms");
    ck_assert_int_eq(r->atoms[4].threshold, 1500);
    ck_assert_int_eq(share->kind, TERM_SHARE);
    ck_assert_uint_eq(share->selection, 1);
    ck_assert_int_eq(share->measure, MEASURE_SUM);
    ck_assert_uint_eq(share->other, 0);
    ck_assert_int_eq(share->other_measure, MEASURE_EVENTS);
    ck_assert_int_eq(r->atoms[1].threshold, 250);
    ck_assert_int_eq(both->kind, TERM_BOTH);
    ck_assert(both->selection == 1 && both->other == 0);
    ck_assert_int_eq(r->atoms[2].threshold, 3);
    ck_assert_int_eq(anomaly->kind, TERM_ANOMALY);
    for (unsigned week = 0; week < 4; week++)
        ck_assert(window_is(r, anomaly->earlier + week, 3600, (int32_t)(week + 1) * 7 * 86400));
    ck_assert_int_eq(adjacent->kind, TERM_ADJACENT);
    ck_assert_uint_eq(adjacent->inner->count, 3);
    ck_assert_int_eq(r->atoms[7].threshold, 2);
    ck_assert(r->around && !r->monotone && !r->standing);
    ck_assert_int_eq(rule_reach_s(r), 3600 + 28 * 86400);
    ck_assert_uint_eq(r->used, 3);
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *text;
    int col; /* of the condition in its quotes, which begins in 13 */
    const char *problem;
} bad_functions[] = {
    {"change(x) >= 1", 21, "expected ,"},
    {"change(x, 7) >= 1", 23, "expected how much earlier"},
    {"change(x, 90s) >= 1", 23, "in whole minutes"},
    {"change(x, 0m) >= 1", 23, "expected how much earlier"},
    {"change(x, 401d) >= 1", 23, "expected how much earlier"},
    {"change(x, ) >= 1", 23, "expected how much earlier"},
    {"change(x, 7d >= 1", 26, "expected )"},
    {"change(x.max, 7d) >= 1", 20, "max and avg can't stand within a function"},
    {"change(z, 7d) >= 1", 20, "defines no z"},
    {"change(, 7d) >= 1", 20, "expected the name of a selection"},
    {"share(x) >= 1", 20, "expected ,"},
    {"share(x, y.avg) >= 1", 22, "max and avg can't stand within a function"},
    {"both(x.callers, y) >= 1", 19, "expected ,"},
    {"both(x, z) >= 1", 21, "defines no z"},
    {"adjacent(x < 3) >= 2", 22, "within adjacent() only >= and >"},
    {"adjacent(x = 3) >= 2", 22, "within adjacent() only >= and >"},
    {"adjacent(not x >= 3) >= 2", 22, "within adjacent() only >= and >"},
    {"adjacent(x.avg >= 3) >= 2", 22, "within adjacent() avg is not possible"},
    {"adjacent(adjacent(x >= 3) >= 2) >= 2", 22, "can't stand within adjacent()"},
    {"adjacent(x >= 3 >= 2", 29, "expected )"},
    {"adjacent(x) >= 2", 23, "expected a comparison"},
    {"anomaly(x.sum) >= 2", 21, "anomaly() is of counts"},
    {"anomaly(x.max) >= 2", 21, "max and avg can't stand within a function"},
    {"silent(hotlin)", 20, "unknown source hotlin"},
    {"silent(hotline", 27, "expected )"},
    {"score() >= 2", 19, "expected the name of a model"},
    {"chnge(x, 7d) >= 1", 13, "did you mean change?"},
    {"x(1) >= 1", 13, "unknown function x"},
    {"change(x, 7d)", 26, "expected a comparison"},
    {"change (x, 7d) >= 1 and z", 37, "defines no z"},
};

START_TEST(function_mistake)
{
    char text[128];
    snprintf(text, sizeof text, "'%s'", bad_functions[_i].text);
    refused(load_condition(text), bad_functions[_i].problem);
    ck_assert_int_eq(problems.all[0].line, 7);
    ck_assert_int_eq(problems.all[0].col, bad_functions[_i].col);
}
END_TEST

START_TEST(functions_need_their_subjects)
{
    static const char *const per[] = {"respondent", "matter", "[respondent, grid]"};
    for (unsigned i = 0; i < 3; i++) {
        char text[256];
        problems_clear(&problems);
        snprintf(text, sizeof text,
                 "rules:\n  - {id: r, let: {x: {}}, per: %s, within: 1h, levels: {red: 'adjacent(x >= 2) >= 2'}}\n",
                 per[i]);
        refused(load(text), "adjacent() needs regions");
    }
}
END_TEST

START_TEST(too_much)
{
    char text[TEXT] = "'x >= 1";
    for (int i = 1; i <= 16; i++)
        sprintf(text + strlen(text), " and change(x, %dm) >= 2", i);
    strcat(text, "'");
    refused(load_with("{x: {}}", text, ""), "too many different windows");
    problems_clear(&problems);
    strcpy(text, "'x >= 1");
    for (int i = 2; i <= 40; i++)
        sprintf(text + strlen(text), " and x != %d", i);
    strcat(text, "'");
    refused(load_with("{x: {}}", text, ""), "at most 64");
    problems_clear(&problems);
    refused(load_with("{x: {}}", "'change(x, 35d) >= 2'", ""), "but events are kept for");
}
END_TEST

/* ---- selections by time ---- */

static int64_t at(int day, int hour, int minute, int second) /* local, of March 2026; the 1st is a Sunday */
{
    return (20513 + day - 1) * INT64_C(86400) + hour * 3600 + minute * 60 + second - 8 * 3600;
}

static const struct {
    const char *hours;
    unsigned from, to; /* minutes of the day */
} hours_cases[] = {
    {"\"22:00-06:00\"", 1320, 360}, {"\"08:30-12:00\"", 510, 720},   {"\"0:00-24:00\"", 0, 1440},
    {"\"８：３０～１２：００\"", 510, 720}, {"\"23:59-00:00\"", 1439, 0}, {"\"08:00–09:00\"", 480, 540},
    {"\"8:5-9:00\"", 485, 540},
};

START_TEST(hours)
{
    char let[128];
    snprintf(let, sizeof let, "{x: {hours: %s}}", hours_cases[_i].hours);
    struct rule_set *set = accepted(load_with(let, "x >= 1", ""));
    const struct selection *s = &set->rules[0].selections[0];
    unsigned from = hours_cases[_i].from, to = hours_cases[_i].to;
    ck_assert_uint_eq(s->hours_count, 1);
    ck_assert(s->hours[0].first == from && s->hours[0].end == to);
    for (unsigned minute = 0; minute < 1440; minute++) {
        bool in = from < to ? minute >= from && minute < to : minute >= from || minute < to;
        for (int second = 0; second < 60; second += 59)
            EXPECT(selection_takes_time(s, set, at(3, 0, 0, 0) + minute * 60 + second) == in, "%u:%u", minute / 60,
                   minute % 60);
    }
    rule_set_destroy(&set);
}
END_TEST

START_TEST(days)
{
    write_file("calendar.csv", "from,to,kind,name\n2026-03-02,,holiday,a\n2026-03-07,2026-03-08,workday,b\n");
    char *calendar = xstrdup(in_folder("calendar.csv"));
    /* from Sunday the 1st on: the Monday is free, Saturday and the next Sunday are worked */
    static const struct {
        const char *days;
        bool plain[9], with_calendar[9];
    } cases[] = {
        {"workday", {0, 1, 1, 1, 1, 1, 0, 0, 1}, {0, 0, 1, 1, 1, 1, 1, 1, 1}},
        {"休息日", {1, 0, 0, 0, 0, 0, 1, 1, 0}, {1, 1, 0, 0, 0, 0, 0, 0, 0}},
        {"[mon, 周六]", {0, 1, 0, 0, 0, 0, 1, 0, 1}, {0, 1, 0, 0, 0, 0, 1, 0, 1}},
        {"[sun, workday]", {1, 1, 1, 1, 1, 1, 0, 1, 1}, {1, 0, 1, 1, 1, 1, 1, 1, 1}},
        {"[tue, wed, thu, fri, sat]", {0, 0, 1, 1, 1, 1, 1, 0, 0}, {0, 0, 1, 1, 1, 1, 1, 0, 0}},
    };
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        char let[128];
        context.calendar_path = i % 2 ? calendar : NULL;
        snprintf(let, sizeof let, "{x: {days: %s}}", cases[i / 2].days);
        struct rule_set *set = accepted(load_with(let, "x >= 1", ""));
        const struct selection *s = &set->rules[0].selections[0];
        for (int day = 0; day < 9; day++) {
            bool in = (i % 2 ? cases[i / 2].with_calendar : cases[i / 2].plain)[day];
            int64_t begins = at(day + 1, 0, 0, 0), ends = at(day + 1, 23, 59, 59);
            ck_assert_msg(selection_takes_time(s, set, begins) == in, "%s, begin of day %d", let, day + 1);
            ck_assert_msg(selection_takes_time(s, set, ends) == in, "%s, end of day %d", let, day + 1);
        }
        rule_set_destroy(&set);
    }
    free(calendar);
}
END_TEST

static const struct {
    const char *selection, *problem;
} bad_selections[] = {
    {"hours: \"22-06\"", "expected a part of the day"},
    {"hours: \"22:00\"", "expected a part of the day"},
    {"hours: \"22:00-25:00\"", "expected a part of the day"},
    {"hours: \"24:00-06:00\"", "expected a part of the day"},
    {"hours: \"08:60-09:00\"", "expected a part of the day"},
    {"hours: \"08:00-24:30\"", "expected a part of the day"},
    {"hours: \"08:00-08:00\"", "expected a part of the day"},
    {"hours: \"08:00-09:00 \"", "expected a part of the day"},
    {"hours: {a: b}", "expected a part of the day"},
    {"hours: [\"1:00-2:00\", \"3:00-4:00\", \"5:00-6:00\", \"7:00-8:00\", \"9:00-10:00\"]",
     "at most 4 parts of the day"},
    {"days: workdy", "did you mean workday?"},
    {"days: quarter", "expected workday, holiday or mon"},
    {"days: [mon, [tue]]", "expected workday, holiday or mon"},
    {"after: z", "expected the name of another selection"},
    {"after: x", "expected the name of another selection"},
    {"after: [y]", "expected the name of another selection"},
    {"unless: yy", "did you mean y?"},
    {"unless: q", "q has after, unless or overdue itself"},
    {"after: q", "q has after, unless or overdue itself"},
    {"after: o", "o has after, unless or overdue itself"},
    {"overdue: perhaps", "overdue (超期): expected"},
    {"after: y, 先有: y", "the same key"},
};

START_TEST(selection_mistake)
{
    char let[256];
    snprintf(let, sizeof let, "{x: {%s}, y: {}, q: {unless: y}, o: {overdue: true}}", bad_selections[_i].selection);
    refused(load_with(let, "x >= 1 or q >= 1 or o >= 1 or y >= 1", ""), bad_selections[_i].problem);
    ck_assert_int_eq(problems.all[0].line, 5);
}
END_TEST

START_TEST(past_of_matters)
{
    struct rule_set *set = accepted(load_with("{again: {kind: called_again, after: closed}, 未办: {未有: closed, 超期: true},"
                                              " closed: {kind: closed}}",
                                              "again >= 1 or 未办 >= 1", ""));
    const struct rule *r = &set->rules[0];
    const struct selection *again = &r->selections[0], *open = &r->selections[1], *closed = &r->selections[2];
    ck_assert(again->after == 2 && again->unless == SELECTION_NONE && !again->overdue);
    ck_assert(open->after == SELECTION_NONE && open->unless == 2 && open->overdue);
    ck_assert(closed->after == SELECTION_NONE && closed->unless == SELECTION_NONE && !closed->overdue);
    ck_assert(selection_asks_matter(again) && selection_asks_matter(open) && !selection_asks_matter(closed));
    ck_assert(r->asks_matter);
    ck_assert_msg(r->used == 3, "what is only asked for is not counted");
    rule_set_destroy(&set);
}
END_TEST

/* ---- clear.when ---- */

START_TEST(clear_when)
{
    struct rule_set *set =
        accepted(load_with("{x: {}, y: {}}", "x >= 3", "    clear: {when: x < 2 and y < 1, after: 5m}\n"));
    const struct rule *r = &set->rules[0];
    ck_assert_int_eq(r->clear_below, INT64_MIN);
    ck_assert_uint_eq(r->clear_when.count, 3);
    ck_assert_msg(r->monotone, "how it ends does not tell how it begins");
    ck_assert_uint_eq(r->used, 3);
    for (int64_t x = 0; x < 4; x++)
        for (int64_t y = 0; y < 2; y++) {
            int64_t values[TERMS_MAX] = {x, y};
            ck_assert_int_eq(expression_holds(&r->clear_when, r, values, NULL, true), x < 2 && y < 1);
        }
    rule_set_destroy(&set);
    refused(load_with("{x: {}}", "x >= 3", "    clear: {when: x < 2, below: 2}\n"), "can't stand together");
    problems_clear(&problems);
    refused(load_with("{x: {}}", "x >= 3", "    clear: {when: z < 2}\n"), "defines no z");
    ck_assert_int_eq(problems.all[0].line, 8);
    ck_assert_int_eq(problems.all[0].col, 19);
}
END_TEST

/* ---- silent() ---- */

#define SILENT_RULE(per, levels, more) "rules:\n  - {id: r, per: " per ", levels: {" levels "}" more "}\n"

static const struct {
    const char *condition;
    bool nothing; /* holds of nothing */
} nothings[] = {
    {"x <= 3", true},
    {"not x >= 3", true},
    {"x = 0", true},
    {"x >= 3 or x.callers < 2", true},
    {"'change(x, 1h) < 1'", true},
    {"x >= 1 and x <= 3", false},
    {"x.avg < 3", false},
    {"'share(x, x) <= 0.5'", false},
    {"x.max < 3 and x != 0", false},
};

START_TEST(what_holds_of_nothing)
{
    char text[512];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    let: {x: {}}\n    per: grid\n    within: 1h\n    levels: {red: %s}\n",
             nothings[_i].condition);
    struct rule_set *set = load_good(text);
    ck_assert(set->rules[0].of_nothing == nothings[_i].nothing);
    ck_assert_uint_eq(problems.warnings, nothings[_i].nothing);
    ck_assert(!problems.warnings || strstr(problems.all[0].text, "such as `x >= 3 and ...`"));
    rule_set_destroy(&set);
}
END_TEST

START_TEST(silent_rules)
{
    struct rule_set *set = accepted(
        load(SILENT_RULE("district", "yellow: silent(sensor) or 断流（hotline）, red: silent(hotline)", "")));
    const struct rule *r = &set->rules[0];
    ck_assert(r->standing && !r->monotone);
    ck_assert_uint_eq(r->selection_count, 0);
    ck_assert_uint_eq(r->term_count, 2);
    ck_assert_int_eq(r->terms[0].kind, TERM_SILENT);
    ck_assert(r->terms[0].source == 2 && r->terms[1].source == 0);
    int64_t values[TERMS_MAX] = {1, 0};
    ck_assert(expression_holds(&r->level[2], r, values, NULL, true));
    ck_assert(!expression_holds(&r->level[4], r, values, NULL, true));
    rule_set_destroy(&set);
    set = accepted(load(SILENT_RULE("district", "red: silent(sensor) and not silent(hotline)", "")));
    ck_assert(expression_holds(&set->rules[0].level[4], &set->rules[0], values, NULL, true));
    values[1] = 1;
    ck_assert(!expression_holds(&set->rules[0].level[4], &set->rules[0], values, NULL, true));
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *text, *problem;
} bad_silent[] = {
    {SILENT_RULE("grid", "red: silent(sensor)", ""), "is per: district"},
    {SILENT_RULE("[district, grid]", "red: silent(sensor)", ""), "is per: district"},
    {SILENT_RULE("district", "red: silent(sensor)", ", within: 1h"), "leave out let and within"},
    {SILENT_RULE("district", "red: silent(sensor)", ", let: {x: {}}"), "no level uses the selection x"},
    {SILENT_RULE("district", "red: silent(sensor)", ", each: category.1"), "is per: district"},
    {SILENT_RULE("district", "red: silent(sensor) or x >= 1", ", let: {x: {}}, within: 1h"), "in a rule of its own"},
    {SILENT_RULE("district", "red: silent(sensor) >= 1", ""), "or the end of the condition"},
};

START_TEST(silent_mistake)
{
    ck_assert_ptr_null(load(bad_silent[_i].text));
    ck_assert_uint_ge(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, bad_silent[_i].problem) != NULL, "%s", problems.all[0].text);
}
END_TEST

/* ---- */

#define LOOP(test, table) tcase_add_loop_test(tests, test, 0, sizeof(table) / sizeof *(table))

int main(void)
{
    TCase *tests = tcase_create("language");
    LOOP(constant, constants);
    LOOP(constant_mistake, bad_constants);
    tcase_add_test(tests, constants_are_exact);
    LOOP(comparison, signs);
    LOOP(pointless_comparison, pointless);
    tcase_add_test(tests, zero_of_what_may_be_negative);
    tcase_add_test(tests, conditions_mean_what_they_say);
    LOOP(monotone, monotone_cases);
    tcase_add_test(tests, functions);
    LOOP(function_mistake, bad_functions);
    tcase_add_test(tests, functions_need_their_subjects);
    tcase_add_test(tests, too_much);
    LOOP(hours, hours_cases);
    tcase_add_test(tests, days);
    LOOP(selection_mistake, bad_selections);
    tcase_add_test(tests, past_of_matters);
    tcase_add_test(tests, clear_when);
    tcase_add_loop_test(tests, what_holds_of_nothing, 0, sizeof nothings / sizeof *nothings);
    tcase_add_test(tests, silent_rules);
    LOOP(silent_mistake, bad_silent);
    return rule_world_run("language", tests);
}
