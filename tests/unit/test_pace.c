/* Who waits for whom while partitions are caught up with. */
#include "source/pace.h"

#include "core.h"

enum { PARTITIONS = 3, LEAD = PACE_LEAD_S };

static bool more[PARTITIONS];

static bool backlog(void *arg, size_t partition)
{
    (void)arg;
    return more[partition];
}

static struct pace *pace_with_backlogs(int64_t now_ms)
{
    for (int i = 0; i < PARTITIONS; i++)
        more[i] = true;
    struct pace *pace = pace_create(PARTITIONS);
    pace_look(pace, now_ms, backlog, NULL);
    return pace;
}

/* a moment later, so that it looks again */
static void look(struct pace *pace, int64_t *now_ms)
{
    pace_look(pace, *now_ms += 10, backlog, NULL);
}

START_TEST(the_one_ahead_waits)
{
    int64_t now = 1000;
    struct pace *pace = pace_with_backlogs(now);
    for (size_t i = 0; i < PARTITIONS; i++)
        ck_assert(!pace_waits(pace, i));
    pace_came(pace, 0, 100000, now);
    look(pace, &now);
    ck_assert(pace_waits(pace, 0)); /* of the others nothing is known yet */
    ck_assert(!pace_waits(pace, 1));
    pace_came(pace, 1, 100000 - LEAD, now);
    pace_came(pace, 2, 100000 - LEAD - 1, now);
    look(pace, &now);
    ck_assert(pace_waits(pace, 0));
    ck_assert(!pace_waits(pace, 1) && !pace_waits(pace, 2));
    pace_came(pace, 2, 100000 - LEAD, now);
    look(pace, &now);
    ck_assert(!pace_waits(pace, 0));
    pace_destroy(&pace);
}
END_TEST

START_TEST(nobody_waits_for_one_without_a_backlog)
{
    int64_t now = 1000;
    struct pace *pace = pace_with_backlogs(now);
    pace_came(pace, 0, 900000, now);
    pace_came(pace, 1, 100000, now);
    pace_came(pace, 2, 900000, now);
    look(pace, &now);
    ck_assert(pace_waits(pace, 0) && pace_waits(pace, 2));
    more[1] = false;
    look(pace, &now);
    ck_assert(!pace_waits(pace, 0) && !pace_waits(pace, 2));
    pace_destroy(&pace);
}
END_TEST

START_TEST(nobody_waits_long_for_one_that_does_not_advance)
{
    int64_t now = 1000;
    struct pace *pace = pace_with_backlogs(now);
    pace_came(pace, 0, 900000, now);
    pace_came(pace, 1, 100000, now);
    int64_t waited = 0;
    for (look(pace, &now); pace_waits(pace, 0) && waited < 60000; look(pace, &now))
        waited += 10;
    ck_assert_int_ge(waited, 1000);
    ck_assert_int_le(waited, 5000);
    pace_came(pace, 1, 100000, now); /* no further than before */
    look(pace, &now);
    ck_assert(!pace_waits(pace, 0));
    pace_came(pace, 1, 100060, now);
    look(pace, &now);
    ck_assert(pace_waits(pace, 0));
    pace_destroy(&pace);
}
END_TEST

START_TEST(one_alone_never_waits)
{
    struct pace *pace = pace_create(1);
    more[0] = true;
    pace_came(pace, 0, 900000, 1000);
    pace_look(pace, 1000, backlog, NULL);
    ck_assert(!pace_waits(pace, 0));
    pace_destroy(&pace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pace");
    TCase *tests = tcase_create("pace");
    tcase_add_test(tests, the_one_ahead_waits);
    tcase_add_test(tests, nobody_waits_for_one_without_a_backlog);
    tcase_add_test(tests, nobody_waits_long_for_one_that_does_not_advance);
    tcase_add_test(tests, one_alone_never_waits);
    suite_add_tcase(suite, tests);
    return core_run(suite);
}
