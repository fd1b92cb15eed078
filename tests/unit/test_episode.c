/* The state machine of episodes against a reference that steps every minute and is written from rules/README.md: random
 * facts and rules, levels that are not nested, `for`, `clear.after`, `clear.below`, `clear.when`, `valid`, levels that
 * more facts make false; run at once, in chunks, with facts that come between them, and provisionally on the way. */
#include "alert/episode.h"

#include "core.h"
#include "made_rule.h"

enum { FACTS_MAX = 60, MINUTES = 400, START = 20000 * 1440, LEVELS = 3, EPISODES_MAX = MINUTES };

struct fact_of_test {
    struct view_entry entry;
    char id[16];
};

struct story {
    struct rule rule;
    struct ledger *ledger;
    struct fact_of_test facts[FACTS_MAX];
    unsigned count;
};

/* ---- the reference ---- */

struct told {
    int64_t opened_minute, opened_at, ended_minute;
    unsigned highest, level;
    fact_ref crossed;
};

struct reference {
    const struct story *story;
    unsigned lv[MINUTES + 1], keep[MINUTES + 1]; /* by minute - START; [0] precedes everything */
    struct told episodes[EPISODES_MAX];
    unsigned count;
};

static bool precedes(const struct fact_of_test *a, const struct fact_of_test *b) /* or is the same */
{
    return a->entry.at != b->entry.at ? a->entry.at < b->entry.at : strcmp(a->id, b->id) <= 0;
}

/* the measures at T over the facts up to `last` (NULL: all) */
static void measures(const struct story *s, int64_t t, const struct fact_of_test *last, int64_t *values)
{
    for (unsigned a = 0; a < s->rule.atom_count; a++) {
        const struct term *term = &s->rule.terms[s->rule.atoms[a].term];
        int64_t events = 0, sum = 0, most = INT64_MIN;
        uint64_t actors = 0;
        for (unsigned i = 0; i < s->count; i++) {
            const struct fact_of_test *f = &s->facts[i];
            if (f->entry.at > t * 60 || f->entry.at <= t * 60 - s->rule.within_s ||
                !(f->entry.takes >> term->selection & 1) || (last && !precedes(f, last)))
                continue;
            events++;
            sum += f->entry.value;
            most = f->entry.value > most ? f->entry.value : most;
            actors |= UINT64_C(1) << f->entry.actor;
        }
        values[a] = term->measure == MEASURE_EVENTS    ? events
                    : term->measure == MEASURE_CALLERS ? __builtin_popcountll(actors)
                    : term->measure == MEASURE_SUM     ? sum
                                                       : most;
    }
}

static unsigned level_at(const struct story *s, int64_t t, const struct fact_of_test *last, bool closed)
{
    int64_t values[TERMS_MAX];
    measures(s, t, last, values);
    unsigned level = 0;
    for (unsigned l = 1; l <= LEVELS; l++)
        if (expression_holds(&s->rule.level[l], &s->rule, values, NULL, closed))
            level = l;
    return level;
}

static unsigned keep_at(const struct story *s, int64_t t, unsigned level)
{
    if (level > 0 || (s->rule.clear_below == INT64_MIN && s->rule.clear_when.count == 0))
        return level;
    unsigned lowest = 1;
    while (s->rule.level[lowest].count == 0)
        lowest++;
    int64_t values[TERMS_MAX];
    measures(s, t, NULL, values);
    if (s->rule.clear_when.count)
        return expression_holds(&s->rule.clear_when, &s->rule, values, NULL, true) ? 0 : lowest;
    return values[s->rule.level[lowest].steps[0].atom] >= s->rule.clear_below ? lowest : 0;
}

/* first minute of the unbroken run up to t on which `at least` / `less than` l holds; -1: it does not hold at t */
static int64_t run_since(const unsigned *of, int64_t t, unsigned l, bool at_least)
{
    int64_t since = -1;
    for (int64_t m = t; m > 0 && (of[m] >= l) == at_least; m--)
        since = m;
    return since;
}

static int64_t crossing(const struct story *s, int64_t t, fact_ref *crossed)
{
    const struct fact_of_test *first = NULL;
    for (unsigned i = 0; i < s->count; i++) {
        const struct fact_of_test *f = &s->facts[i];
        if (f->entry.at <= t * 60 && f->entry.at > t * 60 - s->rule.within_s && level_at(s, t, f, true) > 0 &&
            (!first || precedes(f, first)))
            first = f;
    }
    EXPECT(first != NULL, "nothing crosses");
    *crossed = first->entry.ref;
    return first->entry.at;
}

static void reference_run(struct reference *r, const struct story *s, int64_t minutes)
{
    *r = (struct reference){.story = s};
    struct told *now = NULL;
    for (int64_t t = 1; t <= minutes; t++) {
        bool valid = START + t >= s->rule.valid_from && START + t < s->rule.valid_to;
        r->lv[t] = valid ? level_at(s, START + t, NULL, true) : 0;
        r->keep[t] = valid ? keep_at(s, START + t, r->lv[t]) : 0;
        unsigned up = 0;
        for (unsigned l = 1; l <= LEVELS; l++) {
            int64_t held = run_since(r->lv, t, l, true);
            if (held >= 0 && t - held >= s->rule.for_s / 60)
                up = l;
        }
        if (!now) {
            if (!up)
                continue;
            now = &r->episodes[r->count++];
            *now = (struct told){START + t, (START + t) * 60, MINUTE_NEVER, up, up, 0};
            if (s->rule.for_s == 0 && s->rule.monotone)
                now->opened_at = crossing(s, START + t, &now->crossed);
            continue;
        }
        if (up > now->level) {
            now->level = up;
            now->highest = up > now->highest ? up : now->highest;
            continue;
        }
        unsigned down = 0;
        for (unsigned l = 1; l <= now->level; l++) {
            int64_t low = run_since(r->keep, t, l, false);
            if (!(low >= 0 && t - low >= s->rule.clear_after_s / 60))
                down = l;
        }
        if (down == 0) {
            now->ended_minute = START + t;
            now = NULL;
        } else {
            now->level = down;
        }
    }
}

/* ---- random stories ---- */

static void random_levels(struct rule *rule, struct dice *dice, bool one_measure)
{
    static const enum measure measures_used[] = {MEASURE_EVENTS, MEASURE_CALLERS, MEASURE_SUM, MEASURE_MAX};
    enum measure only = measures_used[dice_below(dice, 4)];
    for (unsigned l = 1; l <= LEVELS; l++) {
        if (l < LEVELS && dice_chance(dice, 25))
            continue; /* not every level is defined */
        unsigned terms = one_measure ? 1 : 1 + dice_below(dice, 2);
        for (unsigned k = 0; k < terms; k++) {
            enum measure m = one_measure ? only : measures_used[dice_below(dice, 4)];
            struct expression *e = &rule->level[l];
            uint8_t atom = made_atom(
                rule, one_measure ? 0 : dice_below(dice, 2), m,
                one_measure ? (int64_t)l * 3 + dice_below(dice, 3) : 1 + dice_below(dice, m == MEASURE_SUM ? 30 : 8));
            e->steps[e->count++] = (struct step){OP_ATOM, atom};
            if (k)
                e->steps[e->count++] = (struct step){dice_chance(dice, 50) ? OP_AND : OP_OR, 0};
        }
    }
}

static uint8_t random_bound(struct rule *rule, struct dice *dice)
{
    struct term term = {.selection = (uint8_t)dice_below(dice, 2), .measure = MEASURE_EVENTS};
    term.measure = dice_chance(dice, 30) ? MEASURE_CALLERS : MEASURE_EVENTS;
    return made_comparison(rule, &term, true, dice_below(dice, 5));
}

/* some levels also want less than so many of something */
static void random_bounds(struct rule *rule, struct dice *dice)
{
    for (unsigned l = 1; l <= LEVELS; l++) {
        struct expression *e = &rule->level[l];
        if (e->count == 0 || dice_chance(dice, 40))
            continue;
        e->steps[e->count++] = (struct step){OP_ATOM, random_bound(rule, dice)};
        e->steps[e->count++] = (struct step){OP_AND, 0};
        rule->monotone = false;
    }
}

/* it clears when there are few; or else, when there is one of another kind */
static void random_when(struct rule *rule, struct dice *dice)
{
    struct expression *e = &rule->clear_when;
    e->steps[e->count++] = (struct step){OP_ATOM, random_bound(rule, dice)};
    if (dice_chance(dice, 50))
        return;
    e->steps[e->count++] = (struct step){OP_ATOM, made_atom(rule, dice_below(dice, 2), MEASURE_EVENTS, 1)};
    e->steps[e->count++] = (struct step){OP_OR, 0};
}

static void random_validity(struct rule *rule, struct dice *dice)
{
    if (dice_chance(dice, 70))
        rule->valid_from = START + dice_below(dice, MINUTES);
    if (dice_chance(dice, 70))
        rule->valid_to = START + dice_below(dice, MINUTES);
}

static struct story *story_create(struct dice *dice)
{
    struct story *s = xcalloc(1, sizeof *s);
    bool hysteresis = dice_chance(dice, 40);
    s->rule = (struct rule){
        .within_s = 60 * (int32_t)dice_between(dice, 1, 60),
        .selection_count = 2,
        .for_s = dice_chance(dice, 50) ? 0 : 60 * (int32_t)dice_below(dice, 15),
        .clear_after_s = 60 * (int32_t)dice_below(dice, 30),
        .clear_below = INT64_MIN,
    };
    made_rule(&s->rule);
    random_levels(&s->rule, dice, hysteresis);
    if (hysteresis)
        s->rule.clear_below = dice_between(dice, 0, 3);
    else if (dice_chance(dice, 40))
        random_when(&s->rule, dice);
    if (dice_chance(dice, 30))
        random_bounds(&s->rule, dice);
    if (dice_chance(dice, 25))
        random_validity(&s->rule, dice);
    s->ledger = ledger_create(&(struct ledger_limits){{3 * 86400, 7200}, {16 << 20, 16 << 20}}, 1);
    s->count = dice_below(dice, FACTS_MAX + 1);
    for (unsigned i = 0; i < s->count; i++) {
        struct fact_of_test *f = &s->facts[i];
        int64_t minute = START + 1 + dice_below(dice, MINUTES - 80);
        if (i && dice_chance(dice, 70)) /* bursts */
            minute = (s->facts[i - 1].entry.at + 59) / 60 + dice_below(dice, 4);
        if (minute > START + MINUTES)
            minute = START + MINUTES;
        snprintf(f->id, sizeof f->id, "%02x%u", dice_below(dice, 256), i);
        f->entry = (struct view_entry){
            .at = (uint32_t)(minute * 60 - (dice_chance(dice, 30) ? 0 : dice_below(dice, 60))),
            .takes = (uint16_t)(1 + dice_below(dice, 3)),
            .actor = 1 + dice_below(dice, 10),
            .value = dice_below(dice, 9),
        };
        struct event e = {.id = str_of(f->id), .occurred_at = f->entry.at, .region = 1, .kind = EVENT_CREATED};
        f->entry.ref = core_enter(s->ledger, 0, &e);
    }
    return s;
}

static void story_destroy(struct story *s)
{
    ledger_destroy(&s->ledger);
    free(s);
}

/* ---- comparing ---- */

static void compare(const struct reference *r, const struct history *history, const struct machine *m, const char *how)
{
    struct history all = {0};
    for (size_t i = 0; i < history->count; i++) {
        all.all = xrealloc(all.all, (all.count + 2) * sizeof *all.all);
        all.all[all.count++] = history->all[i];
    }
    if (m->level) {
        all.capacity = all.count;
        machine_show(m, &all);
    }
    EXPECT(all.count == r->count, "%s: %zu episodes, not %u", how, all.count, r->count);
    for (unsigned i = 0; i < r->count; i++) {
        const struct episode *e = &all.all[i];
        const struct told *t = &r->episodes[i];
        EXPECT(e->opened_minute == t->opened_minute && e->ended_minute == t->ended_minute && e->highest == t->highest &&
                   e->level == t->level && e->opened_at == t->opened_at && e->crossed == t->crossed,
               "%s, episode %u: [%lld %lld) level %u of %u, at %lld; not [%lld %lld) level %u of %u, at %lld", how, i,
               (long long)e->opened_minute - START, (long long)e->ended_minute - START, e->level, e->highest,
               (long long)e->opened_at, (long long)t->opened_minute - START, (long long)t->ended_minute - START,
               t->level, t->highest, (long long)t->opened_at);
        EXPECT(e->shown >= e->level && e->shown <= e->highest, "%s, episode %u: shown as %u", how, i, e->shown);
    }
    free(all.all);
}

static struct view *view_of(const struct story *s)
{
    struct view *view = view_create(&(struct view_inputs){.rule = &s->rule, .ledger = s->ledger});
    for (unsigned i = 0; i < s->count; i++)
        view_append(view, &s->facts[i].entry);
    view_sort(view);
    return view;
}

START_TEST(at_once)
{
    struct dice dice = core_dice();
    unsigned episodes = 0;
    for (unsigned round = 0, rounds = core_effort(400); round < rounds; round++) {
        struct story *s = story_create(&dice);
        struct reference *r = xcalloc(1, sizeof *r);
        struct view *view = view_of(s);
        struct history history = {0};
        struct machine m;
        reference_run(r, s, MINUTES);
        machine_init(&m, START);
        machine_run(&m, &s->rule, LEVELS, view, START + MINUTES, true, &history);
        ck_assert_int_eq(m.minute, START + MINUTES);
        compare(r, &history, &m, "at once");
        for (size_t i = 0; i < history.count; i++)
            EXPECT(history.all[i].shown == history.all[i].level, "settled, but shown otherwise");
        episodes += r->count;
        free(history.all);
        view_destroy(&view);
        free(r);
        story_destroy(s);
    }
    printf("episode: %u episodes\n", episodes);
    ck_assert_uint_gt(episodes, 100);
}
END_TEST

/* a look ahead, as the committer does with minutes that are not closed; it leaves no trace */
static void look_ahead(const struct machine *settled, const struct story *known, struct view *view, int64_t until,
                       const struct history *history, struct reference *r)
{
    struct machine m = *settled;
    struct history live = {0};
    for (size_t i = 0; i < history->count; i++) {
        live.all = xrealloc(live.all, (i + 1) * sizeof *live.all);
        live.all[live.count++] = history->all[i];
    }
    live.capacity = live.count;
    unsigned shown = m.level ? m.now.shown : 0;
    machine_run(&m, &known->rule, LEVELS, view, until, false, &live);
    /* What is not believed of an open minute is only looked at when something happens there, so that until then what was
     * last known goes on: the reference, which looks every minute, can't tell how it would go on. */
    if (known->rule.monotone) {
        reference_run(r, known, until - START);
        compare(r, &live, &m, "ahead");
    }
    /* what opens only then rests on what more facts can't take back */
    for (size_t i = history->count; i < live.count; i++) {
        int64_t opened = live.all[i].opened_minute;
        EXPECT(opened <= settled->minute || level_at(known, opened, NULL, false) > 0, "opened by what may still change");
    }
    const struct episode *same = settled->level ? (live.count > history->count ? &live.all[history->count] : &m.now) : NULL;
    EXPECT(!same || same->shown >= shown, "lowered by a minute that is not closed");
    free(live.all);
}

START_TEST(in_chunks_with_late_facts)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(150); round < rounds; round++) {
        struct story *s = story_create(&dice), known = *s;
        struct reference *r = xcalloc(1, sizeof *r);
        struct view *view = view_create(&(struct view_inputs){.rule = &s->rule, .ledger = s->ledger});
        struct history history = {0};
        struct machine m;
        bool in[FACTS_MAX] = {false};
        known.count = 0;
        machine_init(&m, START);
        for (int64_t closed = START; closed < START + MINUTES;) {
            closed += 1 + dice_below(&dice, dice_chance(&dice, 50) ? 10 : 120);
            closed = closed > START + MINUTES ? START + MINUTES : closed;
            /* what must have come by now, and some of what comes later, in no order */
            for (unsigned i = 0; i < s->count; i++) {
                if (in[i] || (s->facts[i].entry.at > closed * 60 && !dice_chance(&dice, 20)))
                    continue;
                in[i] = true;
                view_insert(view, &s->facts[i].entry);
                known.facts[known.count++] = s->facts[i];
            }
            machine_run(&m, &s->rule, LEVELS, view, closed, true, &history);
            if (dice_chance(&dice, 40))
                look_ahead(&m, &known, view, closed + dice_below(&dice, (unsigned)(START + MINUTES - closed) + 1),
                           &history, r);
            if (dice_chance(&dice, 30))
                view_trim(view, m.minute + 1);
        }
        reference_run(r, s, MINUTES);
        compare(r, &history, &m, "in chunks");
        free(history.all);
        view_destroy(&view);
        free(r);
        story_destroy(s);
    }
}
END_TEST

/* to the end of all time: every episode ends by itself */
START_TEST(everything_ends)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(200); round < rounds; round++) {
        struct story *s = story_create(&dice);
        struct view *view = view_of(s);
        struct history history = {0};
        struct machine m;
        machine_init(&m, START);
        machine_run(&m, &s->rule, LEVELS, view, MINUTE_NEVER, true, &history);
        EXPECT(m.level == 0 || s->rule.clear_below <= 0, "an episode that never ends");
        EXPECT(m.level > 0 || machine_next(&m, &s->rule, LEVELS, view) == MINUTE_NEVER, "something is still to come");
        EXPECT(m.level > 0 || !machine_pending(&m, &s->rule, LEVELS), "something is pending for ever");
        free(history.all);
        view_destroy(&view);
        story_destroy(s);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("episode");
    core_test(s, at_once);
    core_test(s, in_chunks_with_late_facts);
    core_test(s, everything_ends);
    return core_run(s);
}
