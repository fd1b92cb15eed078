/* What happened to a matter before each of its facts, against one walk for each fact and selection: matters merged and
 * linked, facts voided and restored, in any order, and copies that were carried on beside their originals. */
#include "alert/matters.h"

#include "core.h"
#include "count/generation.h"
#include "made_rule.h"

enum { EVENTS = 150, MATTERS = 12, DAY = 86400, NOW = 20000 * DAY };
enum { ALL, CALLS, OPENED, OVERDUE, CALLS_UNLESS, SELECTIONS };

struct world {
    struct ledger *ledger;
    struct rule rule;
    struct rule_set set;
    fact_ref all[EVENTS];
    unsigned count;
};

/* ---- one walk for each ---- */

struct plain {
    const struct world *world;
    const struct selection *selection;
    fact_ref of, due, handling;
    bool after, unless;
};

static bool plain_visit(void *arg, fact_ref ref)
{
    struct plain *p = arg;
    const struct ledger *ledger = p->world->ledger;
    const struct fact *fact = ledger_fact(ledger, ref);
    struct standing standing = ledger_standing(ledger, ref);
    if (!fact_committed(fact) || !standing.live || !ledger_before(ledger, ref, p->of) || ledger_same_event(ledger, ref, p->of))
        return true;
    const struct selection *all = p->world->rule.selections, *s = p->selection;
    if (s->after != SELECTION_NONE)
        p->after |= selection_takes(&p->world->set, &all[s->after], fact, standing.category);
    if (s->unless != SELECTION_NONE)
        p->unless |= selection_takes(&p->world->set, &all[s->unless], fact, standing.category);
    if (ledger_text(ledger, ref).due_at && (!p->due || ledger_before(ledger, p->due, ref)))
        p->due = ref;
    if ((fact->kind == EVENT_CLOSED || fact->kind == EVENT_REOPENED) &&
        (!p->handling || ledger_before(ledger, p->handling, ref)))
        p->handling = ref;
    return true;
}

static void plain_matter(void *arg, uint64_t matter)
{
    struct plain *p = arg;
    ledger_walk(p->world->ledger, subject_of_matter(matter), INT64_MIN, INT64_MAX, plain_visit, p);
}

static bool plainly_allowed(const struct world *w, unsigned s, fact_ref of)
{
    const struct fact *fact = ledger_fact(w->ledger, of);
    struct plain p = {.world = w, .selection = &w->rule.selections[s], .of = of};
    if (fact->matter)
        ledger_related(w->ledger, fact->matter, plain_matter, &p);
    return (p.selection->after == SELECTION_NONE || p.after) && (p.selection->unless == SELECTION_NONE || !p.unless) &&
           (!p.selection->overdue || (p.due && ledger_text(w->ledger, p.due).due_at < (int64_t)fact->occurred_at &&
                                      !(p.handling && ledger_fact(w->ledger, p.handling)->kind == EVENT_CLOSED)));
}

/* ---- a world ---- */

static bool enter(struct world *w, struct dice *dice, const struct event *e)
{
    struct entered entered;
    struct ledger_writer *writer = ledger_writer(w->ledger, 0);
    ledger_begin(writer);
    bool new = ledger_enter(writer, e, &entered) == ENTER_NEW;
    if (new)
        w->all[w->count++] = entered.ref;
    if (new && dice_chance(dice, 90))
        ledger_commit(w->ledger, entered.ref, 1);
    ledger_end(writer);
    return new;
}

static void enter_random(struct world *w, struct dice *dice)
{
    static const uint8_t kinds[] = {EVENT_CREATED, EVENT_CALLED_AGAIN, EVENT_CALLED_AGAIN, EVENT_CLOSED, EVENT_REOPENED,
                                    EVENT_VOIDED,  EVENT_RESTORED,     EVENT_MERGED,       EVENT_LINKED};
    char id[16], target[16], matter[16];
    struct event e = {.kind = kinds[dice_below(dice, sizeof kinds)], .region = 1, .category = 1};
    bool joins = e.kind == EVENT_MERGED || e.kind == EVENT_LINKED;
    bool modifies = e.kind == EVENT_VOIDED || e.kind == EVENT_RESTORED;
    snprintf(id, sizeof id, "id%u", dice_below(dice, EVENTS));
    snprintf(target, sizeof target, joins ? "m%u" : "id%u", dice_below(dice, joins ? MATTERS : EVENTS));
    snprintf(matter, sizeof matter, "m%u", dice_below(dice, MATTERS));
    e.id = str_of(id);
    e.matter = dice_chance(dice, 90) ? str_of(matter) : (struct str){0};
    e.target = joins || modifies ? str_of(target) : (struct str){0};
    e.source = (uint8_t)dice_below(dice, 2);
    /* ties are decided by the id */
    e.occurred_at = NOW + dice_below(dice, dice_chance(dice, 40) ? 3 : 10 * DAY);
    e.due_at = dice_chance(dice, 30) ? e.occurred_at + (int64_t)dice_below(dice, 3 * DAY) : 0;
    bool new = enter(w, dice, &e);
    e.carried_at = NOW + 20 * DAY;
    if (new && dice_chance(dice, 10))
        enter(w, dice, &e);
}

static void make_rule(struct rule *rule, struct selection selections[SELECTIONS])
{
    const struct selection any = {.sources = ~UINT64_C(0), .kinds = ~UINT32_C(0), .after = SELECTION_NONE,
                                  .unless = SELECTION_NONE};
    for (unsigned s = 0; s < SELECTIONS; s++)
        selections[s] = any;
    selections[CALLS].kinds = UINT32_C(1) << EVENT_CALLED_AGAIN;
    selections[OPENED].kinds = UINT32_C(1) << EVENT_CREATED;
    selections[OPENED].sources = 1;
    selections[CALLS].after = OPENED;
    selections[OVERDUE].overdue = true;
    selections[CALLS_UNLESS].unless = OPENED;
    selections[CALLS_UNLESS].after = ALL;
    *rule = (struct rule){.within_s = 3600, .selections = selections, .selection_count = SELECTIONS};
    made_rule(rule);
}

static void check_fact(const struct world *w, struct matters *matters, fact_ref of, unsigned round)
{
    const uint32_t every = (UINT32_C(1) << SELECTIONS) - 1;
    uint32_t allowed = matters_allow(matters, 0, every, of);
    for (unsigned s = 0; s < SELECTIONS; s++)
        EXPECT((allowed >> s & 1) == plainly_allowed(w, s, of), "round %u, fact %u, selection %u: %u", round, of, s,
               (unsigned)(allowed >> s & 1));
    uint64_t matter = ledger_fact(w->ledger, of)->matter;
    struct str text, plain;
    uint64_t root = roots_find(&matters->roots, matter, &text);
    EXPECT(root == ledger_matter_root(w->ledger, matter, &plain), "round %u, fact %u: another root", round, of);
    EXPECT(str_eq(text, plain), "round %u, fact %u: another text", round, of);
}

START_TEST(what_came_before)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(200); round < rounds; round++) {
        struct selection selections[SELECTIONS];
        struct world w = {.ledger = ledger_create(&(struct ledger_limits){{35 * DAY, 2 * DAY}, {64 << 20, 64 << 20}}, 1)};
        make_rule(&w.rule, selections);
        w.set = (struct rule_set){.rules = &w.rule, .count = 1};
        while (w.count < EVENTS - 1 && dice_chance(&dice, 99))
            enter_random(&w, &dice);
        struct matters matters = matters_begin(w.ledger, &w.set);
        for (unsigned i = 0; i < w.count; i++)
            check_fact(&w, &matters, w.all[dice_below(&dice, w.count)], round);
        matters_end(&matters);
        ledger_destroy(&w.ledger);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("matters");
    core_test(s, what_came_before);
    return core_run(s);
}
