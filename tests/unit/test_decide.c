/* What holds an alert back, asked of many at once: inhibition, budgets and storms as a pure function, whatever order they come in. */
#include "notify/notify.h"

#include "rule_world.h"

enum { ALERTS_MAX = 60, RULES_OF = 4, NOON = 1768190400 /* 2026-01-12T12:00+08:00 */ };

#define RULES                                                                                                          \
    "rules:\n"                                                                                                         \
    "  - {id: burst, let: {w: {category: labour}}, per: community, within: 24h, levels: {yellow: w >= 1}}\n"           \
    "  - {id: spread, let: {w: {category: noise}}, per: grid, within: 24h, levels: {yellow: w >= 1}}\n"                \
    "  - {id: many, let: {w: {category: noise}}, per: grid, each: category.1, within: 24h, levels: {yellow: w >= 1}}\n" \
    "  - {id: firm, let: {w: {category: labour}}, per: respondent, within: 24h, levels: {yellow: w >= 1}}\n"
#define INHIBIT                                                                                                        \
    "  inhibit:\n"                                                                                                     \
    "    - {when: {rule: spread}, holds: {rule: many}, same: grid}\n"                                                  \
    "    - {when: {rule: burst, level: orange}, holds: {category: noise}, same: community}\n"                          \
    "    - {when: {rule: many}, holds: {rule: firm, level: red}, same: street}\n"

static struct rule_set *set;
static struct notify *notify;
static struct candidate all[ALERTS_MAX];
static struct notice before[ALERTS_MAX];
static char ids[ALERTS_MAX][8];
static size_t count;

static int by_level_and_age(const struct candidate *a, const struct candidate *b)
{
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->opened_at != b->opened_at)
        return a->opened_at < b->opened_at ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void open_with(const char *text)
{
    set = load_good(text);
    notify = notify_create(registry, catalogue, set);
    notify_clock(notify, NOON);
    count = 0;
}

static void close_all(void)
{
    for (size_t i = 0; i < ALERTS_MAX; i++)
        notice_clear(&before[i]);
    notify_destroy(&notify);
    rule_set_destroy(&set);
}

static struct candidate *alert(unsigned rule, const char *region, unsigned level)
{
    struct candidate *c = &all[count];
    snprintf(ids[count], sizeof ids[count], "a%02zu", count);
    *c = (struct candidate){.id = ids[count],
                            .rule = &set->rules[rule],
                            .each = rule == 2 ? catalogue_find_category(catalogue, STR("noise")) : CATEGORY_NONE,
                            .kind = SUBJECT_GRID,
                            .code = str_of(region),
                            .region = registry_find(registry, str_of(region)),
                            .level = level,
                            .opened_at = NOON - (int64_t)count,
                            .fires = true,
                            .before = &before[count]};
    count++;
    return c;
}

static void ask(void)
{
    notify_decide(notify, all, count, NULL);
    json_array_clear(notify_digests(notify));
}

static void expect_hold(size_t number, enum hold cause, const char *by)
{
    ck_assert_str_eq(hold_word(all[number].cause), hold_word(cause));
    ck_assert_str_eq(all[number].by, by);
}

/* ---- inhibition ---- */

START_TEST(what_says_it_already_holds_the_rest)
{
    open_with("notify:\n" INHIBIT RULES);
    alert(0, "111", 2);  /* a00 below the level that holds */
    alert(1, "1111", 2); /* a01 */
    alert(2, "1111", 2); /* a02 held by a01 */
    alert(2, "1112", 2); /* a03 another grid */
    alert(3, "1112", 4); /* a04 held by a03, by its very level */
    ask();
    expect_hold(0, HOLD_NONE, "");
    expect_hold(1, HOLD_NONE, "");
    expect_hold(2, HOLD_INHIBITED, "a01");
    expect_hold(3, HOLD_NONE, "");
    expect_hold(4, HOLD_INHIBITED, "a03");
    all[0].level = 3;
    ask(); /* who is held holds nobody: a03 lets a04 go, a01 is no more a02's */
    expect_hold(1, HOLD_INHIBITED, "a00");
    expect_hold(2, HOLD_INHIBITED, "a00");
    expect_hold(3, HOLD_INHIBITED, "a00");
    expect_hold(4, HOLD_NONE, "");
    all[2].level = 4;
    ask(); /* the highest is held by name only, and so is there to hold the firm */
    expect_hold(2, HOLD_NONE, "");
    expect_hold(4, HOLD_INHIBITED, "a02");
    all[0].fires = false;
    ask();
    expect_hold(1, HOLD_NONE, "");
    close_all();
}
END_TEST

START_TEST(it_stays_with_who_held_it)
{
    open_with("notify:\n" INHIBIT RULES);
    alert(1, "1111", 2);
    alert(1, "1111", 3); /* more urgent, and comes later */
    alert(2, "1111", 2);
    notice_set(&before[2], HOLD_INHIBITED, "a00");
    ask();
    expect_hold(2, HOLD_INHIBITED, "a00");
    all[0].fires = false;
    ask();
    expect_hold(2, HOLD_INHIBITED, "a01");
    close_all();
}
END_TEST

/* ---- both ---- */

static void draw(struct dice *dice)
{
    static const char *const regions[] = {"1", "11", "12", "111", "1111", "1112"};
    count = 0;
    for (size_t n = 1 + dice_below(dice, ALERTS_MAX); n > 0; n--) {
        struct candidate *c = alert((unsigned)dice_below(dice, RULES_OF), regions[dice_below(dice, 6)], 1 + (unsigned)dice_below(dice, 4));
        c->opened_at = NOON - (int64_t)dice_below(dice, 5);
        c->fires = !dice_chance(dice, 10);
        c->told = dice_chance(dice, 20);
    }
}

static void shuffle(struct dice *dice)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = (size_t)dice_below(dice, (unsigned)i);
        struct candidate other = all[i - 1];
        all[i - 1] = all[k];
        all[k] = other;
    }
}

static void remember(struct notice *answers)
{
    for (size_t i = 0; i < count; i++)
        notice_set(&answers[strtoul(all[i].id + 1, NULL, 10)], all[i].cause, all[i].by);
}

/* without a budget the order does not matter, and to ask again changes nothing; whoever holds one is told himself; nothing is
 * told that a told one holds */
START_TEST(inhibition_is_a_function_of_the_alerts)
{
    struct dice dice = core_dice();
    struct notice first[ALERTS_MAX] = {{0}};
    size_t inhibited = 0;
    open_with("notify:\n" INHIBIT RULES);
    for (unsigned round = 0; round < core_effort(3000); round++) {
        for (size_t i = 0; i < ALERTS_MAX; i++)
            notice_clear(&before[i]);
        draw(&dice);
        ask();
        remember(first);
        for (int again = 0; again < 3; again++) {
            if (again == 1)
                shuffle(&dice);
            if (again == 2)
                remember(before);
            ask();
            for (size_t i = 0; i < count; i++) {
                const struct candidate *c = &all[i];
                EXPECT(notice_is(&first[strtoul(c->id + 1, NULL, 10)], c->cause, c->by), "round %u: %s", round, c->id);
                EXPECT(c->cause == HOLD_NONE || (c->cause == HOLD_INHIBITED && c->holder->fires && !c->holder->cause &&
                                                 strcmp(c->holder->id, c->by) == 0 && c->holder->rule != c->rule),
                       "round %u: %s", round, c->id);
                inhibited += c->cause == HOLD_INHIBITED;
            }
        }
    }
    for (size_t i = 0; i < ALERTS_MAX; i++)
        notice_clear(&first[i]);
    ck_assert_uint_gt(inhibited, 1000);
    close_all();
}
END_TEST

/* No more are newly told than the budget has, but for the highest; none is held while a less urgent one of its street is newly
 * told; and who holds one is told himself. */
START_TEST(a_budget_goes_to_the_most_urgent)
{
    struct dice dice = core_dice();
    size_t held = 0;
    for (unsigned round = 0; round < core_effort(1500); round++) {
        open_with("notify:\n" INHIBIT "  budget: {street: 3, shifts: [\"08:00\"]}\n" RULES);
        draw(&dice);
        ask();
        for (int street = 0; street < 3; street++) {
            static const char *const codes[] = {"11", "12", "1"};
            uint32_t number = registry_find(registry, str_of(codes[street]));
            unsigned told = 0, highest = 0;
            const struct candidate *least = NULL, *most = NULL;
            for (size_t i = 0; i < count; i++) {
                const struct candidate *c = &all[i];
                const struct region *r = registry_region(registry, c->region);
                uint32_t own = r->ancestor[REGION_STREET] ? r->ancestor[REGION_STREET] : r->ancestor[REGION_DISTRICT];
                EXPECT(c->cause != HOLD_INHIBITED || !c->holder->cause, "round %u: %s", round, c->id);
                EXPECT(c->cause != HOLD_BUDGET || (!c->told && c->level < 4), "round %u: %s", round, c->id);
                if (own != number || c->told)
                    continue;
                if (c->cause == HOLD_NONE) {
                    told++;
                    highest += c->level == 4;
                    least = c->level < 4 && (!least || by_level_and_age(c, least) > 0) ? c : least;
                } else if (c->cause == HOLD_BUDGET) {
                    most = !most || by_level_and_age(c, most) < 0 ? c : most;
                    held++;
                }
            }
            EXPECT(told <= 3 || told == highest, "round %u: %u told", round, told);
            EXPECT(!most || told >= 3, "round %u: held, and %u told", round, told);
            EXPECT(!most || !least || by_level_and_age(least, most) < 0, "round %u: %s before %s", round, least->id, most->id);
        }
        close_all();
    }
    ck_assert_uint_gt(held, 1000);
}
END_TEST

struct share {
    unsigned told, highest;
    const struct candidate *least, *most; /* least urgent of those told, most urgent of those held */
};

static void take_share(struct share *share, const struct candidate *c)
{
    if (c->cause == HOLD_STORM) {
        share->most = !share->most || by_level_and_age(c, share->most) < 0 ? c : share->most;
        return;
    }
    share->told++;
    share->highest += c->level == 4;
    share->least = c->level < 4 && (!share->least || by_level_and_age(c, share->least) > 0) ? c : share->least;
}

/* In a minute no more are newly told than the cap, but for the highest; no more than half of them are such as waited before,
 * each kind the more urgent first; and what a budget holds takes no place of the minute. */
START_TEST(a_minute_goes_to_the_most_urgent_of_each_kind)
{
    enum { CAP = 5, HALF = 3 };
    struct dice dice = core_dice();
    size_t held[2] = {0};
    for (unsigned round = 0; round < core_effort(1500); round++) {
        open_with("notify:\n  storm: 5\n  budget: {street: 4, shifts: [\"08:00\"]}\n" RULES);
        draw(&dice);
        for (size_t i = 0; i < count; i++)
            if (dice_chance(&dice, 50))
                notice_set(&before[i], HOLD_STORM, "storm:2026-01-12T11:58");
        ask();
        struct share shares[2] = {{0}};
        for (size_t i = 0; i < count; i++) {
            const struct candidate *c = &all[i];
            bool waited = c->before->cause == HOLD_STORM;
            EXPECT(c->cause != HOLD_STORM || strcmp(c->by, waited ? "storm:2026-01-12T11:58" : "storm:2026-01-12T12:00") == 0, "round %u: %s",
                   round, c->by);
            EXPECT(c->cause == HOLD_NONE || (!c->told && c->level < 4), "round %u: %s", round, c->id);
            held[waited] += c->cause == HOLD_STORM;
            if (!c->told && c->cause != HOLD_BUDGET)
                take_share(&shares[waited], c);
        }
        unsigned told = shares[0].told + shares[1].told, highest = shares[0].highest + shares[1].highest;
        EXPECT(told <= (highest > CAP ? highest : CAP), "round %u: %u told, %u of them highest", round, told, highest);
        EXPECT(!shares[0].most || told >= CAP, "round %u: a new one is held, and %u told", round, told);
        EXPECT(!shares[1].most || told >= CAP || shares[1].told >= HALF, "round %u: one waits, and %u told", round, told);
        EXPECT(shares[1].told <= (shares[1].highest > HALF ? shares[1].highest : HALF), "round %u: %u waited", round, shares[1].told);
        for (int kind = 0; kind < 2; kind++)
            EXPECT(!shares[kind].most || !shares[kind].least || by_level_and_age(shares[kind].least, shares[kind].most) < 0, "round %u", round);
        for (size_t i = 0; i < count; i++)
            notice_clear(&before[i]);
        close_all();
    }
    ck_assert(held[0] > 1000 && held[1] > 1000);
}
END_TEST

/* What its budget holds takes no place of the minute, what the storm holds none of its budget; where both would hold one, it is
 * the budget. */
START_TEST(a_budget_is_asked_before_the_storm)
{
    static const char shift[] = "budget:11/2026-01-12T08:00";
    open_with("notify:\n  storm: 2\n  budget: {street: 1, shifts: [\"08:00\"]}\n" RULES);
    alert(1, "1111", 3); /* a00 the younger of two in one street */
    alert(1, "1112", 3); /* a01 */
    alert(1, "12", 2);   /* a02 takes the second place of the minute */
    alert(1, "1111", 1); /* a03 held by both */
    alert(1, "1", 1);    /* a04 only the minute has no room */
    ask();
    expect_hold(0, HOLD_BUDGET, shift);
    expect_hold(1, HOLD_NONE, "");
    expect_hold(2, HOLD_NONE, "");
    expect_hold(3, HOLD_BUDGET, shift);
    expect_hold(4, HOLD_STORM, "storm:2026-01-12T12:00");
    for (size_t i = 0; i < count; i++) {
        notice_set(&before[i], all[i].cause, all[i].by);
        all[i].told = !all[i].cause;
    }
    notify_clock(notify, NOON + 60);
    ask();
    expect_hold(0, HOLD_BUDGET, shift);
    expect_hold(3, HOLD_BUDGET, shift);
    expect_hold(4, HOLD_NONE, ""); /* the one that its district may be told of */
    close_all();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("decide");
    tcase_add_test(tests, what_says_it_already_holds_the_rest);
    tcase_add_test(tests, it_stays_with_who_held_it);
    tcase_add_test(tests, inhibition_is_a_function_of_the_alerts);
    tcase_add_test(tests, a_budget_goes_to_the_most_urgent);
    tcase_add_test(tests, a_minute_goes_to_the_most_urgent_of_each_kind);
    tcase_add_test(tests, a_budget_is_asked_before_the_storm);
    return rule_world_run("decide", tests);
}
