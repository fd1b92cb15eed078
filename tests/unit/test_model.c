/* The simulation's reference, where seeds cannot be counted on to meet a case: what it says must be carried on. */
#include "model.h"

#include "core.h"

enum { DAY = 86400, EVENTS_MAX = 8 };

/* which of these, all before the floor, are needed; a bit for each */
static unsigned needed(struct world_event *events, size_t count)
{
    struct rule_set rules = {0};
    struct config config = {.rules = &rules};
    struct world world = {.config = &config, .events = events, .event_count = count};
    int64_t place[EVENTS_MAX] = {0};
    struct model *model = model_create(&world);
    for (size_t i = 0; i < count; i++)
        CHECK(model_commit(model, i));
    model_settle(model);
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= (unsigned)model_needs(model, i, DAY, place) << i;
    model_destroy(&model);
    return bits;
}

/* A and C are one through B, of which nothing is known but that. */
START_TEST(one_through_a_third)
{
    struct world_event events[] = {
        {.id = "0", .kind = EVENT_STATUS, .occurred_at = 1, .matter = "A"},
        {.id = "1", .kind = EVENT_MERGED, .occurred_at = 2, .matter = "A", .target = "B"},
        {.id = "2", .kind = EVENT_MERGED, .occurred_at = 3, .matter = "C", .target = "B"},
        {.id = "3", .kind = EVENT_CLOSED, .occurred_at = 4, .matter = "C"},
        {.id = "4", .kind = EVENT_VOIDED, .occurred_at = 5, .target = "2"},
    };
    ck_assert_uint_eq(needed(events, 4), 0);
    ck_assert_uint_eq(needed(events, 5), 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4); /* apart again: A is open, and B */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the reference");
    core_test(suite, one_through_a_third);
    return core_run(suite);
}
