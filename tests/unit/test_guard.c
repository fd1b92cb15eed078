/* Of matters, workers find what their counters saw reach a threshold, and of a matter that may be one with others whatever happens
 * to it: no counter knows those together. */
#include "count/generation.h"

#include "core.h"
#include "made_rule.h"

enum { BASE = 20000 * 86400, THRESHOLD = 3 };

struct guarded {
    struct names names;
    struct ledger *ledger;
    struct rule rule;
    struct selection selection;
    struct rule_set set;
    struct generation *generation;
    struct touched touched;
    struct findings findings;
    unsigned entered;
};

/* per: matter, levels: {lowest: s.events >= THRESHOLD} */
static void guarded_create(struct guarded *g)
{
    *g = (struct guarded){.names = names_create("code,name,level,parent\n1,a,district,\n", "path,name\nx,x\n")};
    catalogue_add_source(g->names.catalogue, "hotline");
    g->ledger = ledger_create(&(struct ledger_limits){{2 * 86400, 7200}, {64 << 20, 16 << 20}}, 1);
    g->selection = (struct selection){.sources = UINT64_MAX, .kinds = 1u << EVENT_CREATED | 1u << EVENT_CALLED_AGAIN,
                                      .days = 0, .after = SELECTION_NONE, .unless = SELECTION_NONE};
    g->rule = (struct rule){.within_s = 86400, .selections = &g->selection, .selection_count = 1,
                            .per = {SUBJECT_MATTER}, .per_count = 1, .clear_below = INT64_MIN};
    made_rule(&g->rule);
    g->rule.level[1] = (struct expression){{{OP_ATOM, made_atom(&g->rule, 0, MEASURE_EVENTS, THRESHOLD)}}, 1};
    g->set = (struct rule_set){.rules = &g->rule, .count = 1, .level_count = 1, .catalogue = g->names.catalogue};
    g->generation = generation_create(&(struct generation_inputs){
        .rules = &g->set, .registry = g->names.registry, .catalogue = g->names.catalogue, .counters_bytes = 1 << 20});
}

static void guarded_destroy(struct guarded *g)
{
    free(g->findings.all);
    touched_free(&g->touched);
    generation_destroy(&g->generation);
    ledger_destroy(&g->ledger);
    names_destroy(&g->names);
}

/* how many findings it makes */
static size_t happens(struct guarded *g, enum event_kind kind, const char *matter, const char *target)
{
    char id[16];
    snprintf(id, sizeof id, "%u", g->entered++);
    struct event e = {.id = str_of(id), .occurred_at = BASE + g->entered, .kind = kind, .matter = str_of(matter),
                      .target = str_of(target), .region = REGION_NONE};
    size_t before = g->findings.count;
    fact_ref ref = core_enter(g->ledger, 0, &e);
    generation_touch(g->generation, g->ledger, ref, e.region, e.category, &g->touched);
    generation_count(g->generation, g->ledger, &g->touched, &g->findings);
    return g->findings.count - before;
}

START_TEST(a_matter_is_found_when_its_counter_says_so)
{
    struct guarded g;
    guarded_create(&g);
    ck_assert_uint_eq(happens(&g, EVENT_CREATED, "A", ""), 0);
    ck_assert_uint_eq(happens(&g, EVENT_CREATED, "B", ""), 0);
    ck_assert_uint_eq(happens(&g, EVENT_CALLED_AGAIN, "A", ""), 0);
    ck_assert_uint_eq(happens(&g, EVENT_CALLED_AGAIN, "A", ""), 1);
    ck_assert_uint_eq(happens(&g, EVENT_CALLED_AGAIN, "B", ""), 0);
    guarded_destroy(&g);
}
END_TEST

START_TEST(a_matter_of_several_is_always_found)
{
    struct guarded g;
    guarded_create(&g);
    ck_assert_uint_eq(happens(&g, EVENT_CREATED, "A", ""), 0);
    ck_assert_uint_eq(happens(&g, EVENT_MERGED, "A", "B"), 1);
    ck_assert_uint_eq(happens(&g, EVENT_CREATED, "B", ""), 1);
    ck_assert_uint_eq(happens(&g, EVENT_CALLED_AGAIN, "A", ""), 1);
    ck_assert_uint_eq(happens(&g, EVENT_CREATED, "C", ""), 0);
    guarded_destroy(&g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard");
    core_test(s, a_matter_is_found_when_its_counter_says_so);
    core_test(s, a_matter_of_several_is_always_found);
    return core_run(s);
}
