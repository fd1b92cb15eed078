/* The view against brute force: random entries, windows of several lengths and lags moved forward and back, entries
 * inserted, forgotten and trimmed meanwhile. */
#include "alert/view.h"

#include "base/wide.h"
#include "core.h"
#include "made_rule.h"

#include <math.h>

enum { ENTRIES = 160, BASE = 20000 * 86400, SELECTIONS = 3, WEEKS = 4, WEEK = 7 * 86400 };

/* BASE is a Friday, of which the last five hours are among the ten that have entries */
static const struct rule_set set = {.utc_offset_s = 19 * 3600};

struct brute {
    struct ledger *ledger;
    struct rule rule;
    struct view *view;
    struct view_entry all[ENTRIES]; /* in the order in which they were made */
    char id[ENTRIES][16];
    bool in[ENTRIES];
};

/* what may stand within a function */
static enum measure any_count(struct dice *dice)
{
    return (enum measure)dice_below(dice, MEASURE_SUM + 1);
}

static uint8_t any_selection(struct dice *dice)
{
    return (uint8_t)dice_below(dice, SELECTIONS);
}

/* besides the rule's own: what it looked like earlier, and a scorecard's, which have lengths of their own */
static void random_windows(struct rule *rule, struct dice *dice)
{
    while (rule->window_count < WINDOWS_MAX) {
        bool own = dice_chance(dice, 60);
        rule->windows[rule->window_count++] =
            (struct window){{own ? rule->within_s : 60 * (int32_t)dice_between(dice, 1, 300), 0},
                            dice_chance(dice, 20) ? 0 : 60 * (int32_t)dice_between(dice, 1, 400)};
        if (!own && dice_chance(dice, 30))
            rule->windows[rule->window_count - 1].within = (struct span){WEEK, (uint16_t)dice_between(dice, 1, 5)};
    }
}

static void random_functions(struct rule *rule, struct dice *dice)
{
    for (unsigned n = 0; n < 16; n++) {
        struct term term = {.kind = (enum term_kind)dice_below(dice, TERM_BOTH + 1), .selection = any_selection(dice)};
        term.kind = n == 0 ? TERM_ANOMALY : term.kind;
        term.other = term.kind == TERM_SHARE || term.kind == TERM_BOTH ? any_selection(dice) : 0;
        term.window = (uint8_t)dice_below(dice, rule->window_count);
        term.earlier = (uint8_t)dice_below(dice, rule->window_count - WEEKS);
        term.measure = term.kind == TERM_MEASURE ? (enum measure)dice_below(dice, MEASURES) : any_count(dice);
        term.other_measure = any_count(dice);
        if (term.kind == TERM_ANOMALY && term.measure == MEASURE_SUM)
            term.measure = MEASURE_EVENTS;
        if (term.kind == TERM_BOTH)
            term.measure = term.other_measure = MEASURE_EVENTS;
        made_comparison(rule, &term, false, 1);
    }
}

static struct rule random_rule(struct dice *dice)
{
    struct rule rule = {.within_s = 60 * (int32_t)dice_between(dice, 1, 300), .selection_count = SELECTIONS};
    for (unsigned s = 0; s < SELECTIONS; s++)
        for (unsigned m = 0; m < MEASURES; m++)
            if (dice_chance(dice, 80))
                made_atom(&rule, s, (enum measure)m, dice_between(dice, -5, 40));
    if (rule.atom_count == 0)
        made_atom(&rule, 0, MEASURE_EVENTS, 1);
    made_rule(&rule);
    unsigned plain = rule.atom_count;
    random_windows(&rule, dice);
    random_functions(&rule, dice);
    for (unsigned l = 1; l <= 2; l++) {
        uint8_t a = (uint8_t)dice_below(dice, plain), b = (uint8_t)dice_below(dice, plain);
        rule.level[l] = (struct expression){
            {{OP_ATOM, a}, {OP_ATOM, b}, {dice_chance(dice, 50) ? OP_AND : OP_OR, 0}}, 3};
    }
    return rule;
}

/* a street with two grids and a micro-grid in the second */
static struct registry *registry;
enum { STREET = 2, GRID = 3, OTHER_GRID = 4, MICRO_GRID = 5 };

static void make_registry(void)
{
    struct problems problems = {0};
    FILE *file = fopen("view_regions.csv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("code,name,level,parent\n1,a,district,\n11,b,street,1\n111,c,grid,11\n112,d,grid,11\n1121,e,micro_grid,112\n",
          file);
    ck_assert_int_eq(fclose(file), 0);
    registry = registry_load("view_regions.csv", &problems);
    problems_print(&problems, stderr);
    remove("view_regions.csv");
    ck_assert_ptr_nonnull(registry);
}

static struct brute *brute_create(struct dice *dice)
{
    if (!registry)
        make_registry();
    struct brute *b = xcalloc(1, sizeof *b);
    b->ledger = ledger_create(&(struct ledger_limits){{2 * 86400, 7200}, {64 << 20, 16 << 20}}, 1);
    b->rule = random_rule(dice);
    b->view = view_create(&(struct view_inputs){.set = &set, .rule = &b->rule, .ledger = b->ledger, .registry = registry});
    for (unsigned i = 0; i < ENTRIES; i++) {
        /* few seconds and ids that sort in another order than they came */
        int64_t at = BASE + (dice_chance(dice, 30) ? 60 * dice_below(dice, 600) : dice_below(dice, 36000));
        snprintf(b->id[i], sizeof b->id[i], "%04x%u", dice_below(dice, 0x10000), i);
        struct event e = {.id = str_of(b->id[i]), .occurred_at = at, .region = 1, .kind = EVENT_CREATED};
        b->all[i] = (struct view_entry){
            .at = (uint32_t)at,
            .ref = core_enter(b->ledger, 0, &e),
            .involved = dice_chance(dice, 50) ? 0 : dice_below(dice, 20),
            .region = (uint32_t)dice_between(dice, STREET, MICRO_GRID),
            .source = (uint8_t)dice_below(dice, 3),
            .takes = 1 + dice_below(dice, (1 << SELECTIONS) - 1),
            .party = dice_chance(dice, 20),
            .actor = dice_chance(dice, 20) ? 0 : 1 + dice_below(dice, 12),
            .matter = dice_chance(dice, 30) ? 0 : 1 + dice_below(dice, 6),
            .value = dice_chance(dice, 90) ? dice_between(dice, -50, 50) : INT64_MAX - (int64_t)i,
        };
    }
    return b;
}

static void brute_destroy(struct brute *b)
{
    view_destroy(&b->view);
    ck_assert_ptr_null(b->view);
    ledger_destroy(&b->ledger);
    free(b);
}

/* is entry i before k, or k itself? */
static bool upto(const struct brute *b, unsigned i, unsigned k)
{
    if (b->all[i].at != b->all[k].at)
        return b->all[i].at < b->all[k].at;
    return strcmp(b->id[i], b->id[k]) <= 0;
}

/* when entry i is in the window no more, its lag aside; of working days, day after day as each is worked or not */
static int64_t leaves(const struct brute *b, unsigned window, unsigned i)
{
    struct span within = b->rule.windows[window].within;
    int64_t at = (int64_t)b->all[i].at + set.utc_offset_s, left = within.workdays * INT64_C(86400);
    if (!within.workdays)
        return (int64_t)b->all[i].at + within.s;
    while (left > 0) {
        bool worked = (at / 86400 + 3) % 7 < 5; /* 1970-01-01 was a Thursday */
        int64_t rest = 86400 - at % 86400, step = worked && left < rest ? left : rest;
        at += step;
        left -= worked ? step : 0;
    }
    return at - set.utc_offset_s;
}

static bool in_window(const struct brute *b, unsigned window, unsigned i, int64_t minute)
{
    int64_t to = minute * 60 - b->rule.windows[window].lag_s;
    return b->in[i] && b->all[i].at <= to && leaves(b, window, i) > to;
}

/* one measure over a window, up to entry `last` in the order of facts (-1: all) */
static int64_t measure(const struct brute *b, unsigned window, unsigned selection, enum measure of, int64_t minute,
                       int last)
{
    int64_t events = 0, most = INT64_MIN, involved = 0;
    uint64_t sum = 0, actors = 0, regions = 0, sources = 0;
    uint32_t largest[8] = {0};
    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct view_entry *e = &b->all[i];
        if (!in_window(b, window, i, minute) || !(e->takes >> selection & 1) ||
            (last >= 0 && !upto(b, i, (unsigned)last)))
            continue;
        if (e->actor)
            actors |= UINT64_C(1) << e->actor;
        if (e->party)
            continue;
        events++;
        sum += (uint64_t)e->value;
        regions |= UINT64_C(1) << (e->region == MICRO_GRID ? OTHER_GRID : e->region);
        sources |= UINT64_C(1) << e->source;
        most = e->value > most ? e->value : most;
        if (!e->matter)
            involved += e->involved;
        else if (e->involved > largest[e->matter])
            largest[e->matter] = e->involved;
    }
    for (unsigned i = 0; i < 8; i++)
        involved += largest[i];
    /* divided downward, also below zero */
    int64_t average = events ? (int64_t)sum / events - ((int64_t)sum % events < 0) : VALUE_NONE;
    const int64_t values[MEASURES] = {[MEASURE_REGIONS] = __builtin_popcountll(regions),
                                      [MEASURE_SOURCES] = __builtin_popcountll(sources),
                                      [MEASURE_AVG] = average,
                                      [MEASURE_EVENTS] = events,
                                      [MEASURE_CALLERS] = __builtin_popcountll(actors),
                                      [MEASURE_INVOLVED] = involved,
                                      [MEASURE_SUM] = (int64_t)sum,
                                      [MEASURE_MAX] = most};
    return values[of];
}

static uint64_t actors(const struct brute *b, unsigned window, unsigned selection, int64_t minute, int last)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (in_window(b, window, i, minute) && b->all[i].takes >> selection & 1 && b->all[i].actor &&
            (last < 0 || upto(b, i, (unsigned)last)))
            seen |= UINT64_C(1) << b->all[i].actor;
    return seen;
}

/* in thousandths, rounded down, as far as there is room */
static int64_t ratio(int128 over, int128 under)
{
    int128 exact = over * VALUE_SCALE / under;
    exact -= exact * under > over * VALUE_SCALE;
    return exact > INT64_MAX ? INT64_MAX : exact <= VALUE_NONE ? VALUE_NONE + 1 : (int64_t)exact;
}

static int64_t unit_of(enum measure measure)
{
    return measure == MEASURE_SUM ? VALUE_SCALE : 1;
}

/* P(X >= y) from the front: what is left when the chances of less are taken away, or the tail where that is nothing */
static long double chance_of(int64_t y, long double r)
{
    long double member = powl(0.8L, r), less = 0, tail = 0;
    for (int64_t k = 0; k < y + 4000; k++) {
        *(k < y ? &less : &tail) += member;
        member *= ((long double)k + r) / (long double)(k + 1) * 0.2L;
    }
    return tail > 1e-3L ? 1 - less : tail;
}

static int64_t anomaly(const struct brute *b, const struct term *t, int64_t minute, int64_t got)
{
    int64_t now = measure(b, t->window, t->selection, t->measure, minute, -1), past = 0;
    for (unsigned week = 0; week < WEEKS; week++)
        past += measure(b, t->earlier + week, t->selection, t->measure, minute, -1);
    if (now == 0)
        return 0;
    long double exact = -1000 * log10l(chance_of(now, (long double)past + 0.5L));
    exact = exact < 0 ? 0 : exact > 99999 ? 99999 : exact;
    /* on an edge of a thousandth either side will do */
    return fabsl(exact - (long double)got) < 1.000001L && (long double)got < exact + 1e-6L ? got : (int64_t)exact;
}

/* got: what the view says, for what can't be compared exactly */
static int64_t value_of(const struct brute *b, const struct term *t, int64_t minute, int last, int64_t got)
{
    int64_t now = measure(b, t->window, t->selection, t->measure, minute, last), unit = unit_of(t->measure);
    if (t->kind == TERM_CHANGE) {
        int64_t earlier = measure(b, t->earlier, t->selection, t->measure, minute, last);
        return ratio(now, earlier < unit ? unit : earlier);
    }
    if (t->kind == TERM_SHARE) {
        int64_t whole = measure(b, t->window, t->other, t->other_measure, minute, last);
        return whole <= 0 ? VALUE_NONE : ratio((int128)now * unit_of(t->other_measure), (int128)whole * unit);
    }
    if (t->kind == TERM_BOTH)
        return __builtin_popcountll(actors(b, t->window, t->selection, minute, last) &
                                    actors(b, t->window, t->other, minute, last));
    return t->kind == TERM_ANOMALY ? anomaly(b, t, minute, got) : now;
}

static void check_window(struct brute *b, int64_t minute)
{
    int64_t values[TERMS_MAX];
    view_move(b->view, minute);
    view_values(b->view, values);
    for (unsigned a = 0; a < b->rule.atom_count; a++) {
        const struct term *t = &b->rule.terms[a];
        int64_t expected = value_of(b, t, minute, -1, values[a]);
        EXPECT(values[a] == expected, "minute %lld, %s %s in window %u: %lld, not %lld", (long long)minute,
               term_kind_word(t->kind), measure_word(t->measure), t->window, (long long)values[a], (long long)expected);
    }
    size_t count, expected = 0;
    const struct view_entry *window = view_window(b->view, &count);
    for (unsigned i = 0; i < ENTRIES; i++)
        expected += in_window(b, 0, i, minute);
    EXPECT(count == expected, "%zu in the window, not %zu", count, expected);
    for (size_t i = 1; i < count; i++)
        EXPECT(window[i - 1].at <= window[i].at, "out of order");
}

static int64_t minute_up(int64_t second)
{
    return (second + 59) / 60;
}

static void check_changes(struct brute *b, int64_t minute)
{
    int64_t next = MINUTE_NEVER, newest = MINUTE_NONE;
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (!b->in[i])
            continue;
        newest = minute_up(b->all[i].at) > newest ? minute_up(b->all[i].at) : newest;
        for (unsigned w = 0; w < b->rule.window_count; w++) {
            int64_t at = (int64_t)b->all[i].at + b->rule.windows[w].lag_s;
            int64_t enters = minute_up(at), over = minute_up(leaves(b, w, i) + b->rule.windows[w].lag_s);
            if (enters > minute && enters < next)
                next = enters;
            if (over > minute && over < next)
                next = over;
        }
    }
    EXPECT(view_next_change(b->view, minute) == next, "from %lld: the next change is not at %lld", (long long)minute,
           (long long)next);
    EXPECT(view_newest_minute(b->view) == newest, "newest is not %lld", (long long)newest);
}

static void check_crossing(struct brute *b, int64_t minute)
{
    int crossing = -1;
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (!in_window(b, 0, i, minute) || (crossing >= 0 && !upto(b, i, (unsigned)crossing)))
            continue;
        int64_t values[TERMS_MAX];
        for (unsigned a = 0; a < b->rule.atom_count; a++) /* levels compare only what is of the rule's own window */
            values[a] = b->rule.terms[a].kind == TERM_MEASURE && b->rule.terms[a].window == 0
                            ? value_of(b, &b->rule.terms[a], minute, (int)i, 0)
                            : VALUE_NONE;
        if (expression_holds(&b->rule.level[1], &b->rule, values, NULL, true) ||
            expression_holds(&b->rule.level[2], &b->rule, values, NULL, true))
            crossing = (int)i;
    }
    uint32_t at = 0;
    view_move(b->view, minute);
    fact_ref found = view_crossing(b->view, 2, NULL, &at);
    EXPECT(found == (crossing < 0 ? 0 : b->all[crossing].ref), "minute %lld: another fact crosses", (long long)minute);
    EXPECT(crossing < 0 || at == b->all[crossing].at, "it crosses at another second");
}

static int64_t any_minute(struct dice *dice)
{
    return BASE / 60 + dice_between(dice, -10, dice_chance(dice, 70) ? 1000 : 10 * 1440);
}

static void check_all(struct brute *b, struct dice *dice)
{
    check_window(b, any_minute(dice));
    check_changes(b, any_minute(dice));
    check_crossing(b, any_minute(dice));
}

START_TEST(inserted_and_moved)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(150); round < rounds; round++) {
        struct brute *b = brute_create(&dice);
        unsigned built = dice_below(&dice, ENTRIES); /* by a walk, with doubles; the rest by cuts */
        for (unsigned i = 0; i < built; i++) {
            b->in[i] = true;
            for (unsigned n = 1 + dice_below(&dice, 2); n > 0; n--)
                view_append(b->view, &b->all[i]);
        }
        view_sort(b->view);
        for (unsigned i = built; i < ENTRIES; i++) {
            if (dice_chance(&dice, 30))
                check_all(b, &dice);
            EXPECT(view_insert(b->view, &b->all[i]), "it is not there yet");
            b->in[i] = true;
            unsigned again = dice_below(&dice, i + 1);
            EXPECT(!view_insert(b->view, &b->all[again]), "it is there already");
        }
        for (unsigned i = 0; i < 10; i++)
            check_all(b, &dice);
        view_clear(b->view);
        memset(b->in, 0, sizeof b->in);
        check_all(b, &dice);
        brute_destroy(b);
    }
}
END_TEST

/* what is trimmed can be seen by no later window, and nothing else is missing */
START_TEST(trimmed_and_forgotten)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(80); round < rounds; round++) {
        struct brute *b = brute_create(&dice);
        for (unsigned i = 0; i < ENTRIES; i++) {
            b->in[i] = true;
            view_append(b->view, &b->all[i]);
        }
        view_sort(b->view);
        int64_t minute = BASE / 60;
        for (unsigned step = 0; step < 12; step++) {
            minute += dice_below(&dice, 90);
            if (dice_chance(&dice, 50))
                view_trim(b->view, minute);
            check_window(b, minute + dice_below(&dice, 50));
            check_crossing(b, minute + dice_below(&dice, 50));
        }
        ledger_maintain(b->ledger, BASE + 2 * 86400 + 86400); /* raises the floor to the day after all of these */
        ck_assert_int_gt(ledger_floor(b->ledger, SHELF_FACTS), BASE + 36000);
        view_forget(b->view);
        memset(b->in, 0, sizeof b->in);
        check_all(b, &dice);
        brute_destroy(b);
    }
}
END_TEST

/* a floor that rises through the middle of a view takes just what lies below it */
START_TEST(forgets_below_the_floor)
{
    struct ledger *ledger = ledger_create(&(struct ledger_limits){{2 * 86400, 7200}, {64 << 20, 16 << 20}}, 1);
    struct rule rule = {.within_s = 86400 * 2, .selection_count = 1};
    made_rule(&rule);
    made_atom(&rule, 0, MEASURE_SUM, 1);
    struct view *view = view_create(&(struct view_inputs){.rule = &rule, .ledger = ledger});
    for (unsigned i = 0; i < 40; i++) {
        char id[8];
        snprintf(id, sizeof id, "%u", i);
        struct event e = {.id = str_of(id), .occurred_at = BASE + i * 3600, .region = 1, .kind = EVENT_CREATED};
        view_append(view, &(struct view_entry){
                              .at = BASE + i * 3600, .ref = core_enter(ledger, 0, &e), .takes = 1, .value = 1});
    }
    view_sort(view);
    int64_t value, minute = (BASE + 40 * 3600) / 60;
    view_move(view, minute);
    ledger_maintain(ledger, BASE + 3 * 86400);
    ck_assert_int_eq(ledger_floor(ledger, SHELF_FACTS), BASE + 86400);
    view_forget(view);
    view_move(view, minute);
    view_values(view, &value);
    ck_assert_int_eq(value, 16);
    view_destroy(&view);
    ledger_destroy(&ledger);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("view");
    core_test(s, inserted_and_moved);
    core_test(s, trimmed_and_forgotten);
    core_test(s, forgets_below_the_floor);
    return core_run(s);
}
