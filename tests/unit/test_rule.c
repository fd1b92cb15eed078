/* The rule language: what rules compile to, and that every mistake is refused at its place.  The digest is tested
 * hard, since it decides whether open alerts survive a reload. */
#include "rule_world.h"

static const char whole[] = "rules:\n"
                            "  - id: wages\n"
                            "    title: 群体欠薪\n"
                            "    version: 3\n"
                            "    let:\n"
                            "      w: {source: [hotline, petition], category: labour}\n"
                            "      joint: {source: petition, tag: collective, any_tag: [threat, collective]}\n"
                            "    per: [respondent, grid]\n"
                            "    within: 24h\n"
                            "    levels:\n"
                            "      yellow: w.callers >= 3\n"
                            "      orange: w.callers > 4\n"
                            "      red: (w.callers >= 10 or w.involved >= 30) and joint >= 1\n"
                            "    for: 10m\n"
                            "    clear: {after: 12h}\n"
                            "    raise_within: 3h\n"
                            "    send: {lead: 区人力资源局, assist: [街道, 信访局]}\n"
                            "    sign_within: {yellow: 4h, red: 30m}\n"
                            "    close_within: {red: 24h}\n";

START_TEST(whole_rule)
{
    struct rule_set *set = load_good(whole);
    const struct rule *r = &set->rules[0];
    ck_assert_uint_eq(set->count, 1);
    ck_assert_str_eq(set->level_name[4], "red");
    ck_assert_str_eq(r->id, "wages");
    ck_assert_str_eq(r->title, "群体欠薪");
    ck_assert_str_eq(r->version, "3");
    ck_assert_int_eq(r->line, 2);
    ck_assert_uint_eq(r->selection_count, 2);
    ck_assert_uint_eq(r->selections[0].sources, 3);
    ck_assert_uint_eq(r->selections[0].category_count, 1);
    ck_assert_uint_eq(r->selections[0].kinds, 1u << EVENT_CREATED | 1u << EVENT_CALLED_AGAIN | 1u << EVENT_READING);
    ck_assert_uint_eq(r->selections[1].tags_all, 1);
    ck_assert_uint_eq(r->selections[1].tags_any, 3);
    ck_assert_uint_eq(r->per_count, 2);
    ck_assert_int_eq(r->per[0], SUBJECT_RESPONDENT);
    ck_assert_int_eq(r->per[1], SUBJECT_GRID);
    ck_assert_int_eq(r->within_s, 86400);
    ck_assert_int_eq(r->for_s, 600);
    ck_assert_int_eq(r->clear_after_s, 12 * 3600);
    ck_assert_int_eq(r->clear_below, INT64_MIN);
    ck_assert_int_eq(r->raise_within_s, 3 * 3600);
    ck_assert_str_eq(r->lead, "区人力资源局");
    ck_assert_uint_eq(r->assist_count, 2);
    ck_assert_str_eq(r->assist[1], "信访局");
    ck_assert_int_eq(r->sign_within[2].s, 4 * 3600);
    ck_assert_int_eq(r->sign_within[3].s, 0);
    ck_assert_int_eq(r->close_within[4].s, 86400);
    ck_assert_uint_eq(r->level[1].count, 0);
    ck_assert_uint_eq(r->atom_count, 5);
    ck_assert_int_eq(r->atoms[1].threshold, 5);
    ck_assert_int_eq(r->terms[r->atoms[3].term].measure, MEASURE_INVOLVED);
    ck_assert_uint_eq(strlen(set->digest), 71);
    rule_set_destroy(&set);
    ck_assert_ptr_null(set);
}
END_TEST

START_TEST(chinese_rule_is_the_same_rule)
{
    struct rule_set *english = load_good(whole);
    struct rule_set *chinese =
        load_good("规则:\n"
                  "  - 编号: wages\n"
                  "    标题: 群体欠薪\n"
                  "    版本: 3\n"
                  "    定义:\n"
                  "      联名: {来源: petition, 标签: [collective], 任一标签: [collective, threat]}\n"
                  "      欠薪: {来源: [petition, hotline], 类别: [labour]}\n"
                  "    按: [被投诉方, 网格]\n"
                  "    时间窗: 24小时\n"
                  "    级别:\n"
                  "      红: （欠薪．人数≥１０或欠薪.涉及人数＞＝30）且联名≥1\n"
                  "      黄: 欠薪.人数≥3\n"
                  "      橙: 欠薪.callers ≥ 5\n"
                  "    持续: 10分钟\n"
                  "    解除: {持续: 12h}\n"
                  "    追溯: 3h\n"
                  "    派发: {牵头: 区人力资源局, 协助: [街道, 信访局]}\n"
                  "    签收时限: {黄: 4h, 红: 30m}\n"
                  "    办结时限: {红: 24h}\n");
    ck_assert_uint_eq(chinese->rules[0].digest, english->rules[0].digest);
    ck_assert_str_eq(chinese->rules[0].lead, english->rules[0].lead);
    ck_assert_int_eq(chinese->rules[0].sign_within[4].s, 1800);
    rule_set_destroy(&chinese);
    rule_set_destroy(&english);
}
END_TEST

/* a rule with one thing in it; %s are let's value, levels' value and further keys */
static struct rule_set *load_small(const char *let, const char *levels, const char *more)
{
    char text[1024];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    let: {x: {%s}, y: {tag: threat}}\n    per: grid\n    within: 1h\n"
             "    levels:\n      red: %s\n%s",
             let, levels, more);
    return load(text);
}

static uint64_t digest_of(const char *let, const char *levels, const char *more)
{
    struct rule_set *set = load_small(let, levels, more);
    if (!set)
        problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(set);
    uint64_t digest = set->rules[0].digest;
    rule_set_destroy(&set);
    return digest;
}

START_TEST(digest)
{
    uint64_t base = digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "");
    ck_assert_uint_eq(base, digest_of("source: [petition, hotline]", "x.events > 2 or (y ≥ 1)", "    title: new\n"));
    ck_assert_uint_eq(base, digest_of("kind: [reading, created, called_again], source: [petition, hotline]",
                                      "x >= 3 or y >= 1", "    clear: {after: 30m}\n    raise_within: 360m\n"));
    /* hours, however they are cut and in whatever order */
    uint64_t night = digest_of("hours: \"22:00-06:00\"", "x >= 3 or y >= 1", "");
    static const char *const nights[] = {"hours: [\"22:00-24:00\", \"00:00-06:00\"]", "hours: [\"03:00-06:00\", \"22:00-04:30\"]",
                                         "hours: [\"22:00-06:00\", \"23:00-01:00\", \"22:00-06:00\"]"};
    for (size_t i = 0; i < sizeof nights / sizeof *nights; i++)
        ck_assert_uint_eq(night, digest_of(nights[i], "x >= 3 or y >= 1", ""));
    ck_assert_uint_eq(digest_of("hours: [\"08:00-09:00\", \"18:00-19:00\"]", "x >= 3 or y >= 1", ""),
                      digest_of("hours: [\"18:00-19:00\", \"08:00-09:00\"]", "x >= 3 or y >= 1", ""));
    ck_assert_uint_ne(night, digest_of("hours: [\"22:00-06:00\", \"06:01-06:02\"]", "x >= 3 or y >= 1", ""));
    ck_assert_uint_ne(digest_of("hours: \"08:00-09:00\"", "x >= 3 or y >= 1", ""), digest_of("hours: \"09:00-08:00\"", "x >= 3 or y >= 1", ""));
    const uint64_t others[] = {
        digest_of("source: hotline", "x >= 3 or y >= 1", ""),
        digest_of("", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], category: noise", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], tag: threat", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], any_tag: threat", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], kind: closed", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x >= 4 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x >= 3 and y >= 1", ""),
        digest_of("source: [hotline, petition]", "x.callers >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "      blue: x >= 2\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    for: 1m\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    clear: {after: 31m}\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    raise_within: 1h\n"),
        digest_of("source: [hotline, petition], hours: \"8:00-9:00\"", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], hours: \"8:00-9:01\"", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], days: mon", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], days: workday", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], after: y", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], unless: y", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition], overdue: true", "x >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x <= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x = 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x >= 3 and x <= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x.regions >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x.avg >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "change(x, 1h) >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "change(x, 2h) >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "share(x, y) >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "share(x, y.callers) >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "both(x, y) >= 3 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "anomaly(x) >= 0.003 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "adjacent(x >= 3) >= 1 or y >= 1", ""),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    each: category.1\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    each: category.2\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    life: shadow\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    valid: {from: 2026-01-01}\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    valid: {to: 2026-01-01}\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    clear: {when: x < 2}\n"),
        digest_of("source: [hotline, petition]", "x >= 3 or y >= 1", "    clear: {when: x < 3}\n"),
    };
    size_t count = sizeof others / sizeof *others;
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_ne(others[i], base);
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(others[i], others[k]);
    }
}
END_TEST

START_TEST(set_digest_covers_words)
{
    struct rule_set *a = load_small("", "x >= 3 or y >= 1", ""), *b = load_small("", "x >= 3 or y >= 1", ""),
                    *c = load_small("", "x >= 3 or y >= 1", "    title: new\n");
    ck_assert_str_eq(a->digest, b->digest);
    ck_assert_str_ne(a->digest, c->digest);
    ck_assert_uint_eq(a->rules[0].digest, c->rules[0].digest);
    rule_set_destroy(&a);
    rule_set_destroy(&b);
    rule_set_destroy(&c);
}
END_TEST

START_TEST(precedence)
{
    struct rule_set *set = load_small("", "x >= 1 or x >= 2 and y >= 3", "");
    const struct rule *r = &set->rules[0];
    ck_assert_uint_eq(r->atom_count, 3);
    for (int64_t x = 0; x <= 2; x++)
        for (int64_t y = 2; y <= 3; y++) {
            int64_t values[TERMS_MAX] = {x, y};
            ck_assert_int_eq(expression_holds(&r->level[4], r, values, NULL, true), x >= 1 || (x >= 2 && y >= 3));
        }
    rule_set_destroy(&set);
    set = load_small("", "(x >= 1 or x >= 2) and y >= 3", "");
    r = &set->rules[0];
    for (int64_t x = 0; x <= 2; x++)
        for (int64_t y = 2; y <= 3; y++) {
            int64_t values[TERMS_MAX] = {x, y};
            ck_assert_int_eq(expression_holds(&r->level[4], r, values, NULL, true), (x >= 1 || x >= 2) && y >= 3);
            ck_assert(!expression_holds(&r->level[1], r, values, NULL, true));
        }
    rule_set_destroy(&set);
}
END_TEST

START_TEST(thresholds)
{
    static const struct {
        const char *text;
        int64_t threshold;
    } cases[] = {
        {"x.sum >= 2.5", 2500},
        {"x.sum > 2.5", 2501},
        {"x.max >= -3", -3000},
        {"x.max > 60", 60001},
        {"x.max > 0.001", 2},
        {"x.callers > 4", 5},
        {"x.involved >= 30", 30},
        {"x > 0", 1},
        {"x≥１２", 12},
        {"x.最大 ＞ 62．４", 62401},
        {"x.sum>=999999999999.999", 999999999999999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s or y >= 1", cases[i].text);
        struct rule_set *set = load_small("", text, "");
        if (!set)
            problems_print(&problems, stderr);
        ck_assert_ptr_nonnull(set);
        ck_assert_int_eq(set->rules[0].atoms[0].threshold, cases[i].threshold);
        rule_set_destroy(&set);
    }
}
END_TEST

/* columns are those of the expression itself, which begins in column 12 */
static const struct {
    const char *levels;
    int col;
    const char *problem;
} bad_expressions[] = {
    {"x >= ", 16, "expected a number"},
    {"x >= 1.5", 17, "expected a whole number"},
    {"x >= 1/2", 17, "expected a whole number"},
    {"x >= 3 / (2 - 2)", 19, "division by zero"},
    {"x >= (1 + 2", 23, "expected )"},
    {"x >= 999999999999 * 999999999999 * 999999999999", 30, "too large"},
    {"x.sum >= 1/3", 21, "at most 3 decimals"},
    {"x.sum >= 1.2345", 21, "3 decimals"},
    {"x.sum >= 1.", 21, "3 decimals"},
    {"x >= 1234567890123", 17, "up to 12 digits"},
    {"x >= 0", 12, "always true"},
    {"x > -1", 12, "always true"},
    {"x.sum >= 0", 12, "always true"},
    {"x < 0", 12, "never true"},
    {"z >= 1", 12, "defines no z"},
    {"x >= 1 and\\u0020z >= 1", 12, "defines no z"},
    {"x >= 1 且 甲乙 >= 1", 21, "defines no 甲乙"},
    {"x.caller >= 3", 14, "did you mean callers?"},
    {"x.averag >= 3", 14, "unknown measure"},
    {"x. >= 3", 14, "expected a measure"},
    {"x 3", 14, "expected a comparison"},
    {"change(nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn, 7d) >= 1", 19, "expected the name"},
    {"x", 13, "expected a comparison"},
    {"3 <= x", 12, "expected the name of a selection, as in `x >= 3`"},
    {"(x >= 1", 19, "expected )"},
    {"x >= 1)", 18, "or the end of the condition"},
    {"x >= 1 y >= 1", 19, "or the end of the condition"},
    {"x >= 1 and", 22, "expected the name of a selection"},
    {"x >= 1 and and y >= 1", 23, "defines no and"},
    {"change(x) >= 1", 20, "expected ,"},
    {"change(x, 7) >= 1", 22, "expected how much earlier"},
    {"change(x, 90s) >= 1", 22, "in whole minutes"},
    {"change(x.max, 7d) >= 1", 19, "max and avg can't stand within a function"},
    {"share(x, z) >= 1", 21, "defines no z"},
    {"both(x) >= 1", 18, "expected ,"},
    {"adjacent(x < 3) >= 2", 21, "within adjacent() only >= and >"},
    {"adjacent(both(x, y) >= 3) >= 2", 21, "can't stand within adjacent()"},
    {"anomaly(x.sum) >= 2", 20, "anomaly() is of counts"},
    {"silent(hotlin)", 19, "unknown source hotlin"},
    {"score(risk) >= 2", 18, "names no folder of models"},
    {"chance(x, 7d) >= 1", 12, "unknown function chance; did you mean change?"},
    {"x(1) >= 1", 12, "unknown function x"},
    {"((((((((((((((((((x >= 1))))))))))))))))))", 28, "nested too deeply"},
    {"'甲 >= 1'", 13, "defines no 甲"},
    {"3", 12, "expected the name of a selection"},
    {"[x]", 12, "expected a condition"},
    {"", 11, "expected a condition"},
};

START_TEST(expression_places)
{
    char quoted[256];
    const char *levels = bad_expressions[_i].levels;
    if (strstr(levels, "\\u")) { /* in double quotes with an escape, no place within it can be shown */
        snprintf(quoted, sizeof quoted, "\"%s\"", levels);
        levels = quoted;
    }
    ck_assert_ptr_null(load_small("", levels, ""));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, bad_expressions[_i].problem) != NULL, "%s: %s", levels,
                  problems.all[0].text);
    ck_assert_int_eq(problems.all[0].line, 7);
    ck_assert_int_eq(problems.all[0].col, bad_expressions[_i].col);
}
END_TEST

static const struct {
    const char *let, *levels, *more;
    int line;
    const char *problem;
} bad_rules[] = {
    {"source: hotlin", "x >= 1 or y >= 1", "", 3, "unknown source hotlin; did you mean hotline?"},
    {"category: labor", "x >= 1 or y >= 1", "", 3, "unknown category labor; did you mean labour?"},
    {"category: labour.wage", "x >= 1 or y >= 1", "", 3, "unknown category labour.wage"},
    {"tag: collectiv", "x >= 1 or y >= 1", "", 3, "unknown tag collectiv; did you mean collective?"},
    {"kind: opened", "x >= 1 or y >= 1", "", 3, "unknown kind of event opened; did you mean reopened?"},
    {"kind: voided", "x >= 1 or y >= 1", "", 3, "voided can't be counted"},
    {"source: []", "x >= 1 or y >= 1", "", 3, "expected a word"},
    {"source: ", "x >= 1 or y >= 1", "", 3, "expected a word"},
    {"after: z", "x >= 1 or y >= 1", "", 3, "expected the name of another selection"},
    {"after: x", "x >= 1 or y >= 1", "", 3, "expected the name of another selection"},
    {"overdue: perhaps", "x >= 1 or y >= 1", "", 3, "overdue (超期): expected"},
    {"hours: \"22-06\"", "x >= 1 or y >= 1", "", 3, "expected a part of the day"},
    {"hours: \"08:00-08:00\"", "x >= 1 or y >= 1", "", 3, "expected a part of the day"},
    {"days: workdy", "x >= 1 or y >= 1", "", 3, "did you mean workday?"},
    {"sources: hotline", "x >= 1 or y >= 1", "", 3, "did you mean source?"},
    {"source: hotline, 来源: hotline", "x >= 1 or y >= 1", "", 3, "the same key"},
    {"", "x >= 1", "", 3, "no level uses the selection y"},
    {"", "x >= 1 or y >= 1", "    each: category.7\n", 8, "each (逐类): expected category.1"},
    {"", "x >= 1 or y >= 1", "    overrides: a.csv\n", 0, "can't be"},
    {"", "x >= 1 or y >= 1", "    life: dead\n", 8, "expected draft (草稿)"},
    {"", "x >= 1 or y >= 1", "    valid: {from: 2026-02-30}\n", 8, "expected a date"},
    {"", "x >= 1 or y >= 1", "    valid: {from: 2026-03-01, to: 2026-02-01}\n", 8, "ends before it begins"},
    {"", "x >= 1 or y >= 1", "    during: {harvest: 0.5}\n", 8, "the calendar has no period harvest"},
    {"", "x >= 1 or y >= 1", "    raise_withn: 1h\n", 8, "did you mean raise_within?"},
    {"", "x >= 1 or y >= 1", "      purple: x >= 9\n", 8,
     "unknown level purple; the levels are blue, yellow, orange, red"},
    {"", "x >= 1 or y >= 1", "      红: x >= 9\n", 8, "the level red stands here twice"},
    {"", "x >= 1 or y >= 1", "    for: 30s\n", 8, "for (持续): expected a duration"},
    {"", "x >= 1 or y >= 1", "    for: 90s\n", 8, "expected whole minutes"},
    {"", "x >= 1 or y >= 1", "    for: 5\n", 8, "with its unit"},
    {"", "x >= 1 or y >= 1", "    clear: {below: 1}\n", 8, "all use one measure"},
    {"", "x >= 1 or y >= 1", "    clear: {when: y}\n", 8, "expected a comparison"},
    {"", "x >= 1", "    clear: {below: 1, when: y < 1}\n", 8, "can't stand together"},
    {"", "x >= 1 or y >= 1", "    clear: 12h\n", 8, "expected keys with values"},
    {"", "x >= 1 or y >= 1", "    send: {led: a}\n", 8, "did you mean lead?"},
    {"", "x >= 1 or y >= 1", "    sign_within: {pink: 1h}\n", 8, "unknown level pink"},
    {"", "x >= 1 or y >= 1", "    raise_within: 35d\n", 5, "but events are kept"},
};

/* they load, with a warning */
static const struct {
    const char *levels, *more, *warning;
} shadowed_levels[] = {
    {"x >= 3 and y >= 1", "      orange: x >= 3 and y >= 1\n", "never shown"},
    {"x >= 3 or y >= 1", "      orange: x >= 3\n", "wherever orange holds, red holds too (line 7)"},
    {"x >= 3 or y >= 1", "      yellow: x >= 5 and y >= 1\n", "never shown"},
    {"x >= 3 or y >= 1", "      yellow: x >= 5 or y >= 1\n", "never shown"},
};

START_TEST(never_shown)
{
    struct rule_set *set = load_small("", shadowed_levels[_i].levels, shadowed_levels[_i].more);
    ck_assert_ptr_nonnull(set);
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_eq(problems.warnings, 1);
    ck_assert_msg(strstr(problems.all[0].text, shadowed_levels[_i].warning) != NULL, "%s", problems.all[0].text);
    rule_set_destroy(&set);
}
END_TEST

START_TEST(rule_mistakes)
{
    ck_assert_ptr_null(load_small(bad_rules[_i].let, bad_rules[_i].levels, bad_rules[_i].more));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_msg(strstr(problems.all[0].text, bad_rules[_i].problem) != NULL, "%s", problems.all[0].text);
    ck_assert_int_eq(problems.all[0].line, bad_rules[_i].line);
}
END_TEST

#define RULE_AROUND(per, within, more)                                                                               \
    "rules:\n  - {id: r, let: {x: {}}, per: " per ", within: " within ", levels: {red: x.callers >= 5}" more "}\n"

static const struct {
    const char *text, *problem; /* NULL: it is good */
} files[] = {
    {RULE_AROUND("grid", "1h", ""), NULL},
    {RULE_AROUND("[网格, 街道]", "1小时", ""), NULL},
    {RULE_AROUND("grid", "1h", ", clear: {below: 5}"), NULL},
    {RULE_AROUND("grid", "1h", ", clear: {below: 6}"), "at most the lowest threshold"},
    {RULE_AROUND("grid", "1h", ", clear: {below: 0}"), "above 0"},
    {RULE_AROUND("grid", "1h", ", clear: {below: some}"), "expected a number"},
    {RULE_AROUND("micro_grid", "1h", ""), "no region of the level micro_grid"},
    {RULE_AROUND("grids", "1h", ""), "did you mean grid?"},
    {RULE_AROUND("[grid, grid]", "1h", ""), "twice"},
    {RULE_AROUND("[]", "1h", ""), "expected one kind of subject"},
    {RULE_AROUND("grid", "30s", ""), "from 1m"},
    {RULE_AROUND("grid", "90s", ""), "expected whole minutes"},
    {RULE_AROUND("grid", "36d", ""), "to 35d"},
    {RULE_AROUND("grid", "34d", ""), NULL},
    {RULE_AROUND("grid", "34d", ", raise_within: 1d"), "but events are kept"},
    {"rules:\n  - {id: r, let: {x: {kind: reading}}, per: grid, within: 42h, levels: {red: x >= 5}}\n",
     "but readings are kept"},
    {"rules:\n  - {id: r, let: {x: {kind: reading}}, per: grid, within: 41h30m, levels: {red: x >= 5}}\n", NULL},
    {"rules:\n  - {id: a b, let: {x: {}}, per: grid, within: 1h, levels: {red: x >= 5}}\n", "id (编号)"},
    {"rules:\n  - {let: {x: {}}, per: grid, within: 1h, levels: {red: x >= 5}}\n", "id (编号) is missing"},
    {"rules:\n  - {id: r, per: grid, within: 1h, levels: {red: x >= 5}}\n", "let (定义) is missing"},
    {"rules:\n  - {id: r, let: {x: {}}, within: 1h, levels: {red: x >= 5}}\n", "per (按) is missing"},
    {"rules:\n  - {id: r, let: {x: {}}, per: grid, levels: {red: x >= 5}}\n", "within (时间窗) is missing"},
    {"rules:\n  - {id: r, let: {x: {}}, per: grid, within: 1h}\n", "levels (级别) is missing"},
    {"rules:\n  - {id: r, let: {or: {}}, per: grid, within: 1h, levels: {red: x >= 5}}\n", "a selection's name"},
    {"rules:\n  - {id: r, let: {a-b: {}}, per: grid, within: 1h, levels: {red: x >= 5}}\n", "a selection's name"},
    {"rules: {id: r}\n", "expected a list of rules"},
    {"rule: []\n", "did you mean rules?"},
    {"rules: []\n", "no rule here"},
    {"notify: {storm: 20}\n", "no rule here"},
    {"{}\n", "rules (规则) is missing"},
    {"- id: r\n", "expected keys with values"},
};

START_TEST(whole_files)
{
    struct rule_set *set = load(files[_i].text);
    if (problems.count && !files[_i].problem)
        problems_print(&problems, stderr);
    ck_assert_int_eq(set == NULL, files[_i].problem != NULL);
    if (files[_i].problem)
        ck_assert_msg(strstr(problems.all[0].text, files[_i].problem) != NULL, "%s", problems.all[0].text);
    rule_set_destroy(&set);
}
END_TEST

START_TEST(folders)
{
    write_file("b.json", "{\"rules\": [{\"id\": \"b\", \"let\": {\"x\": {}}, \"per\": \"grid\", \"within\": \"1h\", "
                         "\"levels\": {\"red\": \"x >= 5\"}}]}");
    write_file("a.yml", RULE_AROUND("grid", "1h", ""));
    write_file("for_all.yaml", "notify: {storm: 20}\n"); /* and no rule */
    write_file(".r.yaml", "not a rule");
    write_file("readme.md", "not a rule");
    struct rule_set *set = rule_set_load(folder, &context, &problems);
    ck_assert_ptr_nonnull(set);
    ck_assert_ptr_nonnull(set->notify);
    ck_assert_uint_eq(set->count, 2);
    ck_assert_str_eq(set->rules[0].id, "r");
    ck_assert_str_eq(set->rules[1].id, "b");
    rule_set_destroy(&set);
    ck_assert_ptr_null(load(RULE_AROUND("grid", "1h", "")));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_ptr_nonnull(strstr(problems.all[0].text, "a rule with the id r stands in"));
    ck_assert_ptr_nonnull(strstr(problems.all[0].text, "a.yml:2 already"));
    remove_file("b.json");
    remove_file("a.yml");
    remove_file("for_all.yaml");
    remove_file(".r.yaml");
    remove_file("readme.md");
    ck_assert_ptr_null(rule_set_load("/no/such/folder", &context, &problems));
}
END_TEST

START_TEST(all_mistakes_at_once)
{
    ck_assert_ptr_null(load("rules:\n"
                            "  - id: a\n"
                            "    let: {x: {source: nowhere}}\n"
                            "    per: planet\n"
                            "    within: soon\n"
                            "    levels: {red: z >= 1}\n"
                            "  - id: a\n"
                            "    let: {x: {}}\n"
                            "    per: grid\n"
                            "    within: 1h\n"
                            "    levels: {red: x <= }\n"));
    ck_assert_uint_eq(problems.count, 6);
}
END_TEST

START_TEST(covering)
{
    struct rule_set *set = load_small("source: petition, category: [labour, noise]", "x >= 1 or y >= 1", "");
    const struct selection *x = &set->rules[0].selections[0], *y = &set->rules[0].selections[1];
    uint16_t injury = catalogue_find_category(catalogue, STR("labour.injury")),
             noise = catalogue_find_category(catalogue, STR("noise"));
    ck_assert(selection_covers(x, 1, injury));
    ck_assert(selection_covers(x, 1, noise));
    ck_assert(!selection_covers(x, 0, injury));
    ck_assert(!selection_covers(x, 1, CATEGORY_NONE));
    ck_assert(selection_covers(y, 2, injury) && selection_covers(y, 63, CATEGORY_NONE));
    rule_set_destroy(&set);
    set = load_small("category: labour.injury", "x >= 1 or y >= 1", "");
    ck_assert(!selection_covers(&set->rules[0].selections[0], 0, catalogue_find_category(catalogue, STR("labour"))));
    rule_set_destroy(&set);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("rule");
    tcase_add_test(tests, whole_rule);
    tcase_add_test(tests, chinese_rule_is_the_same_rule);
    tcase_add_test(tests, digest);
    tcase_add_test(tests, set_digest_covers_words);
    tcase_add_test(tests, precedence);
    tcase_add_test(tests, thresholds);
    tcase_add_loop_test(tests, expression_places, 0, sizeof bad_expressions / sizeof *bad_expressions);
    tcase_add_loop_test(tests, rule_mistakes, 0, sizeof bad_rules / sizeof *bad_rules);
    tcase_add_loop_test(tests, never_shown, 0, sizeof shadowed_levels / sizeof *shadowed_levels);
    tcase_add_loop_test(tests, whole_files, 0, sizeof files / sizeof *files);
    tcase_add_test(tests, folders);
    tcase_add_test(tests, all_mistakes_at_once);
    tcase_add_test(tests, covering);
    return rule_world_run("rule", tests);
}
