/* adjacent() against brute force: a view holds its neighbours' facts too, which nothing else in it may see. */
#include "alert/view.h"

#include "core.h"
#include "made_rule.h"

enum { ENTRIES = 160, BASE = 20000 * 86400 };

static const char regions[] = "code,name,level,parent,neighbours\n1,a,district,,\n11,b,street,1,111\n"
                                     "111,c,grid,11,112;113;11\n112,d,grid,11,111\n1121,e,micro_grid,112,\n"
                                     "113,f,grid,11,111\n114,g,grid,11,\n1111,h,micro_grid,111,\n";

struct around {
    struct names names;
    struct ledger *ledger;
    struct rule rule;
    struct expression inner;
    struct view_entry all[ENTRIES];
};

/* adjacent(s0.a >= p and/or s1.b >= q), and the two measures by themselves */
static void around_create(struct around *a, struct dice *dice)
{
    a->names = names_create(regions, "path,name\nx,x\n");
    a->ledger = ledger_create(&(struct ledger_limits){{2 * 86400, 7200}, {64 << 20, 16 << 20}}, 1);
    a->rule = (struct rule){
        .within_s = 60 * (int32_t)dice_between(dice, 20, 300), .selection_count = 2, .around = true};
    made_rule(&a->rule);
    made_atom(&a->rule, 0, dice_chance(dice, 50) ? MEASURE_EVENTS : MEASURE_CALLERS, dice_between(dice, 1, 4));
    made_atom(&a->rule, 1, dice_chance(dice, 50) ? MEASURE_INVOLVED : MEASURE_REGIONS, dice_between(dice, 1, 3));
    a->inner = (struct expression){{{OP_ATOM, 0}, {OP_ATOM, 1}, {dice_chance(dice, 50) ? OP_AND : OP_OR, 0}}, 3};
    made_comparison(&a->rule, &(struct term){.kind = TERM_ADJACENT, .inner = &a->inner}, false, 1);
    static const char *const own[] = {"111", "1111"}, *const near[] = {"112", "1121", "113"};
    for (unsigned i = 0; i < ENTRIES; i++) {
        bool mine = dice_chance(dice, 40);
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        int64_t at = BASE + dice_below(dice, 36000);
        struct event e = {.id = str_of(id), .occurred_at = at, .region = 1, .kind = EVENT_CREATED};
        unsigned takes = 1 + dice_below(dice, 3);
        const char *code = mine ? own[dice_below(dice, 2)] : near[dice_below(dice, 3)];
        a->all[i] = (struct view_entry){
            .at = (uint32_t)at,
            .ref = core_enter(a->ledger, 0, &e),
            .region = registry_find(a->names.registry, str_of(code)),
            .takes = mine ? takes : 0,
            .around = mine ? 0 : takes,
            .party = dice_chance(dice, 20),
            .actor = 1 + dice_below(dice, 6),
            .involved = dice_below(dice, 3),
        };
    }
}

static void around_destroy(struct around *a)
{
    ledger_destroy(&a->ledger);
    names_destroy(&a->names);
}

/* of one grid; what the subject itself sees where that is its own */
static int64_t of_grid(const struct around *a, const struct term *t, const char *code, int64_t minute)
{
    uint32_t grid = registry_find(a->names.registry, str_of(code));
    int64_t events = 0, involved = 0;
    uint64_t seen = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct view_entry *e = &a->all[i];
        if (e->at > minute * 60 || e->at <= minute * 60 - a->rule.within_s ||
            !((e->takes | e->around) >> t->selection & 1) ||
            region_at(registry_region(a->names.registry, e->region), REGION_GRID) != grid)
            continue;
        seen |= UINT64_C(1) << e->actor;
        events += !e->party;
        involved += e->party ? 0 : e->involved;
    }
    const int64_t values[MEASURES] = {[MEASURE_EVENTS] = events,
                                      [MEASURE_CALLERS] = __builtin_popcountll(seen),
                                      [MEASURE_INVOLVED] = involved,
                                      [MEASURE_REGIONS] = events > 0};
    return values[t->measure];
}

static bool holds_on(const struct around *a, const char *code, int64_t minute)
{
    bool first = of_grid(a, &a->rule.terms[0], code, minute) >= a->rule.atoms[0].threshold;
    bool second = of_grid(a, &a->rule.terms[1], code, minute) >= a->rule.atoms[1].threshold;
    return a->inner.steps[2].op == OP_AND ? first && second : first || second;
}

START_TEST(neighbours)
{
    struct dice dice = core_dice();
    unsigned seen[4] = {0};
    for (unsigned round = 0, rounds = core_effort(60); round < rounds; round++) {
        struct around a;
        around_create(&a, &dice);
        struct view *view = view_create(&(struct view_inputs){.rule = &a.rule,
                                                              .ledger = a.ledger,
                                                              .registry = a.names.registry,
                                                              .region = registry_find(a.names.registry, STR("111"))});
        for (unsigned i = 0; i < ENTRIES; i++)
            view_append(view, &a.all[i]);
        view_sort(view);
        for (unsigned n = 0; n < 60; n++) {
            int64_t minute = BASE / 60 + dice_between(&dice, -10, 1000), values[TERMS_MAX];
            view_move(view, minute);
            view_values(view, values);
            for (unsigned t = 0; t < 2; t++)
                EXPECT(values[t] == of_grid(&a, &a.rule.terms[t], "111", minute), "it sees its neighbours' facts");
            bool own = holds_on(&a, "111", minute);
            int64_t expected = own ? 1 + holds_on(&a, "112", minute) + holds_on(&a, "113", minute) : 0;
            EXPECT(values[2] == expected, "minute %lld: %lld of the neighbourhood, not %lld", (long long)minute,
                   (long long)values[2], (long long)expected);
            seen[expected]++;
        }
        view_destroy(&view);
        around_destroy(&a);
    }
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_gt(seen[i], 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("neighbours");
    core_test(s, neighbours);
    return core_run(s);
}
