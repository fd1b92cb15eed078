/* `notify` in the rule files: what it says is in the digest, every mistake at its place, circles are seen; and the shifts. */
#include "rule/notify_rules.h"

#include "rule_world.h"

#define RULES                                                                                                          \
    "rules:\n"                                                                                                         \
    "  - {id: burst, let: {w: {category: labour}}, per: community, within: 24h, levels: {yellow: w >= 1}}\n"           \
    "  - {id: spread, let: {w: {category: noise}}, per: grid, each: category.1, within: 24h, levels: {yellow: w >= 1}}\n" \
    "  - {id: many, let: {w: {}}, per: grid, within: 24h, levels: {yellow: w >= 1}}\n"

static const char section[] = "notify:\n  incidents: true\n  inhibit:\n"
                              "    - {when: {rule: burst, level: orange}, holds: {rule: [spread, many], level: yellow}, same: community}\n"
                              "    - {当: {规则: spread}, 压下: {类别: noise}, 同一: 对象}\n"
                              "  budget: {street: 6, shifts: [\"08:00\", \"14:00\", \"20:00\"]}\n  storm: 20\n" RULES;

static struct rule_set *edited(const char *from, const char *to)
{
    static char text[sizeof section + 200];
    const char *at = strstr(section, from);
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - section), section, to, at + strlen(from));
    return load(text);
}

START_TEST(it_is_read)
{
    struct rule_set *set = load_good(section);
    const struct notify_rules *n = set->notify;
    ck_assert(n->incidents);
    ck_assert_uint_eq(n->inhibit_count, 2);
    const struct inhibition *i = n->inhibit;
    ck_assert_uint_eq(i[0].at_least, 3);
    ck_assert_uint_eq(i[0].at_most, 2);
    ck_assert_int_eq(i[0].same, REGION_COMMUNITY);
    ck_assert(rule_list_has(&i[0].holds, set, &set->rules[2]) && !rule_list_has(&i[0].holds, set, &set->rules[0]));
    ck_assert_int_eq(i[1].same, 0);
    ck_assert_uint_eq(i[1].category, catalogue_find_category(catalogue, STR("noise")));
    ck_assert_uint_eq(n->budget, 6);
    ck_assert_uint_eq(n->storm, 20);
    rule_set_destroy(&set);
    set = load_good(RULES);
    ck_assert_ptr_null(set->notify);
    rule_set_destroy(&set);
}
END_TEST

/* what is edited is another generation */
START_TEST(all_of_it_is_in_the_digest)
{
    static const char *const edits[][2] = {{"incidents: true", "incidents: false"}, {"rule: burst", "rule: [burst]"},
                                           {"level: orange", "level: red"},         {"same: community", "same: street"},
                                           {"spread, many", "spread"},              {"street: 6", "street: 7"},
                                           {"\"14:00\"", "\"14:01\""},              {"类别: noise", "类别: noise, 级别: 黄"},
                                           {"level: yellow}, same", "level: blue}, same"}, {"storm: 20", "风暴: 21"}};
    char digest[72];
    struct rule_set *set = load_good(section);
    memcpy(digest, set->digest, sizeof digest);
    rule_set_destroy(&set);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        set = accepted(edited(edits[i][0], edits[i][1]));
        ck_assert_msg((strcmp(set->digest, digest) == 0) == (i == 1), "%s", edits[i][1]); /* a list of one is that one */
        rule_set_destroy(&set);
    }
}
END_TEST

static const struct {
    const char *from, *to, *problem;
    int line, col;
} mistakes[] = {
    {"rule: burst", "rule: brust", "no rule has the id brust; did you mean burst?", 4, 21},
    {"rule: [spread, many]", "rule: [spread, xyzxyz]", "no rule has the id xyzxyz", 4, 67},
    {"类别: noise", "类别: nose", "unknown category nose; did you mean noise?", 5, 34},
    {"level: orange", "level: ornage", "unknown level ornage; did you mean orange?", 4, 35},
    {"same: community", "same: planet", "same (同一): expected", 4, 0},
    {"[spread, many]", "[spread, burst]", "rule burst can't hold back itself", 4, 0},
    {"{规则: spread}", "{规则: many}", "no circle", 0, 0},
    {"类别: noise", "类别: labour", "a circle", 5, 7},
    {"压下: {类别: noise}", "压下: {规则: burst}", "a circle", 0, 0},
    {"street: 6", "street: 0", "street (街道): expected a whole number from 1 to 1000", 6, 20},
    {"\"14:00\"", "\"07:00\"", "shifts (班次)", 6, 0},
    {"storm: 20", "storm: many", "storm (风暴): expected a whole number from 1 to 1000", 7, 10},
    {"incidents:", "incident:", "unknown key incident; did you mean incidents?", 2, 3},
};

START_TEST(every_mistake_is_told)
{
    struct rule_set *set = edited(mistakes[_i].from, mistakes[_i].to);
    if (strcmp(mistakes[_i].problem, "no circle") == 0) {
        accepted(set);
        rule_set_destroy(&set);
        return;
    }
    refused(set, mistakes[_i].problem);
    ck_assert(!mistakes[_i].line || problems.all[0].line == mistakes[_i].line);
    ck_assert_msg(!mistakes[_i].col || problems.all[0].col == mistakes[_i].col, "%d", problems.all[0].col);
}
END_TEST

START_TEST(there_is_one)
{
    write_file("q.yaml", section);
    refused(load("notify: {}\nrules: [{id: other, let: {w: {}}, per: grid, within: 24h, levels: {yellow: w >= 1}}]\n"),
            "another file of the rules has it already");
}
END_TEST

/* whoever asks, in the shift or at its edges, is told the same ones; they follow one another */
START_TEST(a_day_is_its_shifts)
{
    static const int zone = 8 * 3600;
    struct notify_rules n = {.shifts = {8 * 60, 14 * 60, 20 * 60}, .shift_count = 3};
    struct dice dice = core_dice();
    ck_assert_int_eq(shift_begin(&n, zone, 1768176000), 1768176000); /* 08:00 there */
    ck_assert_int_eq(shift_end(&n, zone, 1768176000), 1768176000 + 6 * 3600);
    ck_assert_int_eq(shift_begin(&n, zone, 1768176000 - 1), 1768176000 - 12 * 3600);
    for (unsigned i = 0; i < core_effort(20000); i++) {
        n.shift_count = 1 + (unsigned)dice_below(&dice, 4);
        for (unsigned s = 0; s < n.shift_count; s++)
            n.shifts[s] = (uint16_t)(s * 360 + dice_below(&dice, 360));
        int64_t at = dice_between(&dice, -1000000, 2000000000), begin = shift_begin(&n, zone, at), end = shift_end(&n, zone, at);
        EXPECT(begin <= at && at < end && end - begin <= 86400, "%lld", (long long)at);
        EXPECT(shift_begin(&n, zone, end) == end && shift_end(&n, zone, begin) == end && shift_begin(&n, zone, end - 1) == begin, "%lld",
               (long long)at);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("notify_rules");
    tcase_add_test(tests, it_is_read);
    tcase_add_test(tests, all_of_it_is_in_the_digest);
    tcase_add_loop_test(tests, every_mistake_is_told, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, there_is_one);
    tcase_add_test(tests, a_day_is_its_shifts);
    return rule_world_run("notify_rules", tests);
}
