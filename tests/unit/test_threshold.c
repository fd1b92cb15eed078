/* When and where a rule counts otherwise than its levels say: a street's own thresholds, periods of the calendar,
 * validity, life; and what it judges by itself.  Thresholds are checked against a second way of working them out, on
 * random rules. */
#include "rule_world.h"

#include "rule/calendar.h"

enum { TEXT = 4096, DAY_MINUTES = 1440 };

/* a rule whose levels and further keys are given; no level is named twice */
static struct rule_set *load_rule(const char *per, const char *levels, const char *more)
{
    static char text[2 * TEXT];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    let: {x: {}, y: {tag: threat}}\n    per: %s\n    within: 1h\n    levels: {%s}\n%s",
             per, levels, more);
    return load(text);
}

static void use_calendar(const char *rows)
{
    static char path[160];
    char text[TEXT];
    snprintf(text, sizeof text, "from,to,kind,name\n%s", rows);
    write_file("calendar.csv", text);
    snprintf(path, sizeof path, "%s", in_folder("calendar.csv"));
    context.calendar_path = path;
}

/* minutes since 1970 of a local time in March 2026 */
static int64_t local(int day, int hour, int minute)
{
    return (INT64_C(20513) + day - 1) * DAY_MINUTES + hour * 60 + minute - 8 * 60;
}

static uint32_t region(const char *code)
{
    return *code ? registry_find(registry, str_of(code)) : REGION_NONE;
}

static int64_t threshold_at(const struct rule_set *set, unsigned atom, const char *code, int64_t minute)
{
    int64_t thresholds[ATOMS_MAX];
    rule_thresholds(set, &set->rules[0], registry, region(code), minute, thresholds);
    return thresholds[atom];
}

/* ---- life, validity, each ---- */

START_TEST(life)
{
    static const struct {
        const char *word;
        enum life life;
    } words[] = {{"draft", LIFE_DRAFT}, {"草稿", LIFE_DRAFT},     {"shadow", LIFE_SHADOW},
                 {"试运行", LIFE_SHADOW}, {"active", LIFE_ACTIVE}, {"启用", LIFE_ACTIVE}};
    uint64_t digests[6];
    for (unsigned i = 0; i < 6; i++) {
        char more[64];
        snprintf(more, sizeof more, "    %s: %s\n", i % 2 ? "状态" : "life", words[i].word);
        struct rule_set *set = accepted(load_rule("grid", "red: x >= 3 or y >= 1", more));
        ck_assert_int_eq(set->rules[0].life, words[i].life);
        digests[i] = set->rules[0].digest;
        rule_set_destroy(&set);
    }
    ck_assert(digests[0] == digests[1] && digests[2] == digests[3] && digests[4] == digests[5]);
    ck_assert(digests[0] != digests[2] && digests[2] != digests[4] && digests[0] != digests[4]);
    struct rule_set *set = accepted(load_rule("grid", "red: x >= 3 or y >= 1", ""));
    ck_assert_int_eq(set->rules[0].life, LIFE_ACTIVE);
    rule_set_destroy(&set);
    refused(load_rule("grid", "red: x >= 3 or y >= 1", "    life: dead\n"), "expected draft (草稿)");
}
END_TEST

START_TEST(each)
{
    static const char *const words[] = {"category.1", "category.2", "category.3", "category.4",
                                        "一级",       "二级",       "三级",       "四级"};
    for (unsigned i = 0; i < 8; i++) {
        char more[64];
        snprintf(more, sizeof more, "    %s: %s\n", i % 2 ? "逐类" : "each", words[i]);
        struct rule_set *set = accepted(load_rule("grid", "red: x >= 3 or y >= 1", more));
        ck_assert_uint_eq(set->rules[0].each, i % 4 + 1);
        rule_set_destroy(&set);
    }
    static const char *const wrong[] = {"category", "category.0", "category.5", "street", "2", "[category.1]"};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char more[64];
        problems_clear(&problems);
        snprintf(more, sizeof more, "    each: %s\n", wrong[i]);
        refused(load_rule("grid", "red: x >= 3 or y >= 1", more), "each (逐类): expected category.1");
    }
}
END_TEST

START_TEST(valid)
{
    static const struct {
        const char *valid;
        int from, to; /* days of March, the first and the last; 0: not given */
    } cases[] = {{"{from: 2026-03-02, to: 2026-03-05}", 2, 5},
                 {"{起: 2026-03-02, 止: 2026-03-02}", 2, 2},
                 {"{from: 2026-03-02}", 2, 0},
                 {"{to: 2026-03-05}", 0, 5}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[96];
        snprintf(more, sizeof more, "    valid: %s\n", cases[i].valid);
        struct rule_set *set = accepted(load_rule("grid", "red: x >= 3 or y >= 1", more));
        const struct rule *r = &set->rules[0];
        int from = cases[i].from, to = cases[i].to;
        for (int day = 1; day < 9; day++) {
            bool within = day >= from && (!to || day <= to);
            ck_assert_msg(rule_valid(r, local(day, 0, 0)) == within, "%s: begin of day %d", cases[i].valid, day);
            ck_assert_msg(rule_valid(r, local(day, 23, 59)) == within, "%s: end of day %d", cases[i].valid, day);
        }
        int64_t edges[3], count = 0;
        if (from)
            edges[count++] = local(from, 0, 0);
        if (to)
            edges[count++] = local(to + 1, 0, 0);
        edges[count] = INT64_MAX;
        ck_assert_int_eq(rule_next_date(set, r, local(1, 12, 0)), edges[0]);
        for (int k = 0; k < count; k++) {
            ck_assert_int_eq(rule_next_date(set, r, edges[k] - 1), edges[k]);
            ck_assert_int_eq(rule_next_date(set, r, edges[k]), edges[k + 1]);
        }
        rule_set_destroy(&set);
    }
}
END_TEST

static const struct {
    const char *more, *problem;
} bad_circumstances[] = {
    {"valid: {from: 2026-02-30}", "expected a date"},
    {"valid: {from: 2026-3-1x}", "expected a date"},
    {"valid: {from: tomorrow}", "expected a date"},
    {"valid: {from: 2026-03-01, to: 2026-02-28}", "ends before it begins"},
    {"valid: {since: 2026-03-01}", "unknown key since"},
    {"valid: 2026-03-01", "expected keys with values"},
    {"during: {harvest: 0.5}", "the calendar has no period harvest"},
    {"during: {exams: 0.009}", "from 0.01 to 100"},
    {"during: {exams: 100.001}", "from 0.01 to 100"},
    {"during: {exams: 0}", "from 0.01 to 100"},
    {"during: {exams: -1}", "from 0.01 to 100"},
    {"during: {exams: 0.5001}", "decimals"},
    {"during: {exams: half}", "expected a number"},
    {"during: {exams: [1]}", "expected a number"},
    {"during: exams", "expected keys with values"},
    {"during: {a: 1, b: 1, c: 1, d: 1, exams: 1, year_end: 1}", "at most 5 periods"},
};

START_TEST(mistake)
{
    char more[160];
    use_calendar("2026-06-07,2026-06-10,period,exams\n2026-12-01,2026-12-31,period,year_end\n"
                 "2026-01-01,,period,a\n2026-01-01,,period,b\n2026-01-01,,period,c\n2026-01-01,,period,d\n");
    snprintf(more, sizeof more, "    %s\n", bad_circumstances[_i].more);
    refused(load_rule("grid", "red: x >= 3 or y >= 1", more), bad_circumstances[_i].problem);
    ck_assert_int_eq(problems.all[0].line, 7);
}
END_TEST

/* ---- overrides ---- */

#define WITH_TABLE "    overrides: t.csv\n"

START_TEST(the_deepest_region_decides)
{
    /* in an order that tells nothing */
    write_file("t.csv", "region,level,measure,threshold\n111,red,x,4\n1,red,x.events,10\n街,红,x,7\n1112,red,x.件数,1\n"
                        "12,yellow,x,9\n");
    struct rule_set *set =
        accepted(load_rule("[grid, street]", "yellow: x >= 3, red: x >= 20 and y.callers >= 2 or x > 30", WITH_TABLE));
    static const struct {
        const char *region;
        int64_t red;
    } cases[] = {{"", 20}, {"1", 10}, {"12", 10}, {"11", 7}, {"111", 4}, {"1111", 4}, {"1112", 1}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool none = !*cases[i].region;
        ck_assert_int_eq(threshold_at(set, 1, cases[i].region, 0), cases[i].red);
        /* both that compare it; what is to be exceeded is one more */
        ck_assert_int_eq(threshold_at(set, 3, cases[i].region, 0), none ? 31 : cases[i].red + 1);
        ck_assert_int_eq(threshold_at(set, 2, cases[i].region, 0), 2);
        ck_assert_int_eq(threshold_at(set, 0, cases[i].region, 0), strcmp(cases[i].region, "12") == 0 ? 9 : 3);
    }
    int64_t least[ATOMS_MAX];
    rule_least_thresholds(&set->rules[0], least);
    ck_assert(least[0] == 3 && least[1] == 1 && least[2] == 2 && least[3] == 2);
    rule_set_destroy(&set);
}
END_TEST

START_TEST(what_a_table_replaces)
{
    write_file("t.csv", "region,level,measure,threshold\n11,red,x.合计,2.5\n11,red,y,2\n");
    struct rule_set *set = accepted(
        load_rule("grid", "'red': 'x.sum >= 9 and y >= 4 and y <= 8 and y != 6 and share(y, x) >= 0.5'", WITH_TABLE));
    int64_t own[ATOMS_MAX], there[ATOMS_MAX];
    rule_thresholds(set, &set->rules[0], registry, region("12"), 0, own);
    rule_thresholds(set, &set->rules[0], registry, region("1111"), 0, there);
    ck_assert_int_eq(there[0], 2500);
    ck_assert_int_eq(there[1], 2);
    for (unsigned a = 2; a < set->rules[0].atom_count; a++)
        ck_assert_int_eq(there[a], own[a]);
    rule_set_destroy(&set);
}
END_TEST

static const struct {
    const char *per, *levels, *rows, *problem;
    int line; /* of the table; 0: of the rule */
} bad_tables[] = {
    {"respondent", "red: x >= 3 or y >= 1", "11,red,x,2\n", "need regions", 0},
    {"[grid, matter]", "red: x >= 3 or y >= 1", "11,red,x,2\n", "need regions", 0},
    {"grid", "red: x >= 3 or y >= 1", "11,red,z,2\n", "compares no z", 2},
    {"grid", "red: x >= 3 or y >= 1", "11,red,x.callers,2\n", "compares no x.callers", 2},
    {"grid", "red: x.callers >= 3 or y >= 1", "11,red,x,2\n", "compares no x with", 2},
    {"grid", "red: x >= 3 or y >= 1", "11,orange,x,2\n", "compares no x with", 2},
    {"grid", "red: x <= 3 and y >= 1", "11,red,x,2\n", "compares no x with", 2},
    {"grid", "red: x = 3 or y >= 1", "11,red,x,2\n", "compares no x with", 2},
    {"grid", "'red': 'adjacent(x >= 3) >= 2 or y >= 1'", "11,red,x,2\n", "compares no x with", 2},
    {"grid", "red: x >= 3 or y >= 1", "12,red,y,1\n11,red,x,2.5\n", "expected a whole number above 0", 3},
    {"grid", "red: x >= 3 or y >= 1", "11,red,x,0\n", "expected a whole number above 0", 2},
    {"grid", "red: x >= 3 or y >= 1", "11,red,x,-2\n", "expected a whole number above 0", 2},
    {"grid", "red: x >= 3 or y >= 1", "13,red,x,2\n", "unknown region 13", 2},
    {"grid", "red: x >= 3 or y >= 1", "11,pink,x,2\n", "unknown level pink", 2},
};

START_TEST(table_mistake)
{
    char text[256];
    snprintf(text, sizeof text, "region,level,measure,threshold\n%s", bad_tables[_i].rows);
    write_file("t.csv", text);
    refused(load_rule(bad_tables[_i].per, bad_tables[_i].levels, WITH_TABLE), bad_tables[_i].problem);
    ck_assert_int_eq(problems.all[0].line, bad_tables[_i].line ? bad_tables[_i].line : 7);
    ck_assert((strstr(problems.all[0].file, "t.csv") != NULL) == (bad_tables[_i].line > 0));
}
END_TEST

/* ---- periods ---- */

START_TEST(periods)
{
    use_calendar("2026-03-02,2026-03-04,period,dry\n2026-03-04,2026-03-05,period,cold\n2026-03-07,,period,other\n");
    struct rule_set *set = accepted(load_rule(
        "grid",
        "'red': 'x >= 10 and x.callers > 4 and x.involved >= 7 and x.sum >= 10 and x.regions >= 5 and x <= 50 and y = 8'",
        "    during: {dry: 0.6, cold: 0.25}\n"));
    /* ten; more than four, which is five; seven */
    static const struct {
        int day;
        int64_t x, callers, involved;
    } cases[] = {{1, 10, 5, 7}, {2, 6, 3, 5}, {3, 6, 3, 5}, {4, 2, 1, 2}, {5, 3, 2, 2}, {6, 10, 5, 7}, {7, 10, 5, 7}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int64_t minute = 0; minute < DAY_MINUTES; minute += DAY_MINUTES - 1) {
            int64_t t[ATOMS_MAX];
            rule_thresholds(set, &set->rules[0], registry, region("1111"), local(cases[i].day, 0, 0) + minute, t);
            ck_assert_msg(t[0] == cases[i].x && t[1] == cases[i].callers && t[2] == cases[i].involved,
                          "day %d: %lld, %lld, %lld", cases[i].day, (long long)t[0], (long long)t[1], (long long)t[2]);
            ck_assert(t[3] == 10000 && t[4] == 5 && t[5] == 50 && t[6] == 8 && t[7] == 8);
        }
    int64_t least[ATOMS_MAX];
    rule_least_thresholds(&set->rules[0], least);
    ck_assert(least[0] == 2 && least[1] == 1 && least[2] == 2 && least[3] == 10000);
    /* only its own: day 4 is of both, day 7 of neither */
    ck_assert_int_eq(__builtin_popcount(rule_periods(set, &set->rules[0], local(4, 12, 0))), 2);
    ck_assert_int_eq(__builtin_popcount(rule_periods(set, &set->rules[0], local(3, 12, 0))), 1);
    ck_assert_uint_eq(rule_periods(set, &set->rules[0], local(7, 12, 0)), 0);
    ck_assert_int_eq(rule_next_date(set, &set->rules[0], local(1, 12, 0)), local(2, 0, 0));
    ck_assert_int_eq(rule_next_date(set, &set->rules[0], local(2, 0, 0)), local(4, 0, 0));
    ck_assert_int_eq(rule_next_date(set, &set->rules[0], local(4, 23, 59)), local(5, 0, 0));
    rule_set_destroy(&set);
}
END_TEST

START_TEST(rounded_up_and_never_nothing)
{
    use_calendar("2026-03-02,,period,p\n2026-03-02,,period,q\n2026-03-02,,period,r\n2026-03-02,,period,s\n"
                 "2026-03-02,,period,t\n");
    static const struct {
        const char *levels, *during;
        int64_t threshold;
    } cases[] = {
        {"red: x >= 5 or y >= 1", "{p: 0.6}", 3},
        {"red: x >= 5 or y >= 1", "{p: 0.601}", 4},
        {"red: x >= 1 or y >= 1", "{p: 0.01}", 1},
        {"red: x >= 3 or y >= 1", "{p: 0.01, q: 0.01}", 1},
        {"red: x >= 10 or y >= 1", "{p: 0.1, q: 3}", 3},   /* not rounded on the way */
        {"red: x >= 1 or y >= 1", "{p: 0.5, q: 2}", 1},
        {"red: x >= 3 or y >= 1", "{p: 1}", 3},
        {"red: x >= 1000 or y >= 1", "{p: 1.001}", 1001},
        {"red: x >= 1 or y >= 1", "{p: 1.001}", 2},
        {"red: x >= 7 or y >= 1", "{p: 100, q: 100, r: 100, s: 100, t: 100}", INT64_C(70000000000)},
        {"red: x >= 999999999999 or y >= 1", "{p: 0.999, q: 100}", INT64_C(99899999999901)},
        {"red: x >= 999999999999 or y >= 1", "{p: 100, q: 100, r: 100, s: 100, t: 100}", INT64_MAX / 2},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[128];
        snprintf(more, sizeof more, "    during: %s\n", cases[i].during);
        struct rule_set *set = accepted(load_rule("grid", cases[i].levels, more));
        ck_assert_msg(threshold_at(set, 0, "1111", local(2, 12, 0)) == cases[i].threshold, "%s, %s: %lld",
                      cases[i].levels, cases[i].during, (long long)threshold_at(set, 0, "1111", local(2, 12, 0)));
        ck_assert_int_eq(threshold_at(set, 0, "1111", local(3, 0, 0)), set->rules[0].atoms[0].threshold);
        rule_set_destroy(&set);
    }
}
END_TEST

/* what is replaced there is multiplied then */
START_TEST(periods_and_tables)
{
    use_calendar("2026-03-02,,period,p\n");
    write_file("t.csv", "region,level,measure,threshold\n11,red,x,5\n");
    struct rule_set *set = accepted(load_rule("grid", "red: x >= 20 or y >= 4", WITH_TABLE "    during: {p: 0.5}\n"));
    ck_assert_int_eq(threshold_at(set, 0, "1111", local(2, 0, 0)), 3);
    ck_assert_int_eq(threshold_at(set, 0, "12", local(2, 0, 0)), 10);
    ck_assert_int_eq(threshold_at(set, 0, "1111", local(3, 0, 0)), 5);
    ck_assert_int_eq(threshold_at(set, 1, "1111", local(2, 0, 0)), 2);
    rule_set_destroy(&set);
}
END_TEST

/* ---- random ones, worked out a second time ---- */

enum { LINES_MAX = 8, PERIODS = 4, DAYS = 14, COMPARED = 3 };

struct case_of {
    int64_t base[COMPARED]; /* of x, x.callers, y.sum */
    unsigned line_count;
    struct {
        unsigned compared;
        uint32_t region;
        int64_t threshold;
    } lines[LINES_MAX];
    int from[PERIODS], to[PERIODS], multiplier[PERIODS]; /* days of March; thousandths, 0: not of the rule */
};

static const char *const compared[] = {"x", "x.callers", "y.sum"};

static bool has_line(const struct case_of *c, unsigned what, uint32_t where)
{
    for (unsigned i = 0; i < c->line_count; i++)
        if (c->lines[i].compared == what && c->lines[i].region == where)
            return true;
    return false;
}

static struct rule_set *random_case(struct dice *dice, struct case_of *c)
{
    char rows[TEXT] = "", table[TEXT] = "region,level,measure,threshold\n", more[512] = "", levels[256] = "red: ";
    *c = (struct case_of){0};
    for (unsigned i = 0; i < COMPARED; i++) {
        c->base[i] = dice_between(dice, 1, 40);
        sprintf(levels + strlen(levels), "%s%s >= %d", i ? " or " : "", compared[i], (int)c->base[i]);
    }
    for (unsigned n = dice_below(dice, LINES_MAX + 1); n > 0; n--) {
        unsigned what = dice_below(dice, COMPARED);
        uint32_t where = 1 + dice_below(dice, registry_count(registry));
        int64_t threshold = dice_between(dice, 1, 40);
        if (has_line(c, what, where))
            continue;
        sprintf(table + strlen(table), "%s,red,%s,%d\n", registry_region(registry, where)->code, compared[what],
                (int)threshold);
        c->lines[c->line_count].compared = what;
        c->lines[c->line_count].region = where;
        c->lines[c->line_count++].threshold = threshold;
    }
    write_file("t.csv", table);
    for (unsigned p = 0; p < PERIODS; p++) {
        c->from[p] = (int)dice_between(dice, 1, DAYS);
        c->to[p] = (int)dice_between(dice, c->from[p], DAYS);
        c->multiplier[p] = dice_chance(dice, 25) ? 0 : (int)dice_between(dice, 10, dice_chance(dice, 50) ? 1000 : 5000);
        sprintf(rows + strlen(rows), "2026-03-%02d,2026-03-%02d,period,p%u\n", c->from[p], c->to[p], p);
        if (c->multiplier[p])
            sprintf(more + strlen(more), "%sp%u: %d.%03d", *more ? ", " : "", p, c->multiplier[p] / 1000,
                    c->multiplier[p] % 1000);
    }
    use_calendar(rows);
    char keys[640];
    snprintf(keys, sizeof keys, "    overrides: t.csv\n    during: {%s}\n", more);
    return accepted(load_rule("[grid, street]", levels, keys));
}

static int64_t expected(const struct case_of *c, unsigned what, uint32_t where, int day)
{
    int64_t threshold = c->base[what], over, under = 1;
    /* from the district down: the last that has one */
    for (enum region_level level = REGION_DISTRICT; level <= REGION_MICRO_GRID; level++)
        for (unsigned i = 0; i < c->line_count; i++)
            if (c->lines[i].compared == what &&
                region_at(registry_region(registry, where), level) == c->lines[i].region)
                threshold = c->lines[i].threshold;
    over = threshold;
    for (unsigned p = 0; p < PERIODS && what < 2; p++)
        if (day >= c->from[p] && day <= c->to[p] && c->multiplier[p]) {
            over *= c->multiplier[p];
            under *= 1000;
        }
    int64_t up = over / under + (over % under > 0);
    return what == 2 ? threshold * 1000 : up < 1 ? 1 : up;
}

START_TEST(random_thresholds)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(150); round < rounds; round++) {
        struct case_of c;
        struct rule_set *set = random_case(&dice, &c);
        const struct rule *rule = &set->rules[0];
        int64_t here[ATOMS_MAX], least[ATOMS_MAX];
        rule_least_thresholds(rule, least);
        for (uint32_t where = 1; where <= registry_count(registry); where++)
            for (int day = 0; day <= DAYS + 1; day++) {
                int64_t minute = local(day, 0, 0) + dice_below(&dice, DAY_MINUTES);
                rule_thresholds(set, rule, registry, where, minute, here);
                for (unsigned a = 0; a < COMPARED; a++) {
                    int64_t wanted = expected(&c, a, where, day);
                    EXPECT(here[a] == wanted, "%s in %s on day %d: %lld, not %lld", compared[a],
                           registry_region(registry, where)->code, day, (long long)here[a], (long long)wanted);
                    EXPECT(least[a] <= here[a], "%s in %s on day %d: %lld, below the least, %lld", compared[a],
                           registry_region(registry, where)->code, day, (long long)here[a], (long long)least[a]);
                }
                /* nothing changes before the next date */
                int64_t next = rule_next_date(set, rule, minute), until[ATOMS_MAX];
                int64_t last = next == INT64_MAX ? local(DAYS + 5, 0, 0) : next - 1;
                rule_thresholds(set, rule, registry, where, last, until);
                EXPECT(next > minute && memcmp(here, until, rule->atom_count * sizeof *here) == 0,
                       "a threshold changed before %lld", (long long)next);
            }
        rule_set_destroy(&set);
    }
}
END_TEST

#define LOOP(test, table) tcase_add_loop_test(tests, test, 0, sizeof(table) / sizeof *(table))

int main(void)
{
    TCase *tests = tcase_create("threshold");
    tcase_add_test(tests, life);
    tcase_add_test(tests, each);
    tcase_add_test(tests, valid);
    LOOP(mistake, bad_circumstances);
    tcase_add_test(tests, the_deepest_region_decides);
    tcase_add_test(tests, what_a_table_replaces);
    LOOP(table_mistake, bad_tables);
    tcase_add_test(tests, periods);
    tcase_add_test(tests, rounded_up_and_never_nothing);
    tcase_add_test(tests, periods_and_tables);
    tcase_add_test(tests, random_thresholds);
    return rule_world_run("threshold", tests);
}
