/* Counters filter, so the one thing they must never do is read less than the truth: checked against brute force over
 * windows, orders, memory that runs out, and threads.  And of two workers whose facts together cross a threshold at
 * least one must see it crossed. */
#include "count/counters.h"

#include "core.h"

enum { ADDS_MAX = 400 };

static const uint32_t windows[] = {1, 2, 60, 120, 121, 1440, 7 * 1440, 35 * 1440};

static struct counter_shape any_shape(struct dice *dice)
{
    uint32_t window = windows[dice_below(dice, sizeof windows / sizeof *windows)];
    return (struct counter_shape){(enum counter_kind)dice_below(dice, 3), window, counter_step(window), 0};
}

struct add {
    int64_t minute;
    uint64_t amount;
};

struct adds {
    struct add all[ADDS_MAX];
    unsigned count;
};

/* the measure over the facts of the window that ends at minute t */
static uint64_t truth_at(const struct counter_shape *shape, const struct adds *adds, int64_t t)
{
    uint64_t total = 0, seen[ADDS_MAX];
    unsigned tokens = 0;
    for (unsigned i = 0; i < adds->count; i++) {
        const struct add *a = &adds->all[i];
        if (a->minute > t || a->minute <= t - (int64_t)shape->window_min)
            continue;
        if (shape->kind == COUNTER_ADD) {
            total += a->amount;
        } else if (shape->kind == COUNTER_MAX) {
            total = a->amount > total ? a->amount : total;
        } else {
            unsigned k = 0;
            while (k < tokens && seen[k] != a->amount)
                k++;
            if (k == tokens)
                seen[tokens++] = a->amount;
        }
    }
    return shape->kind == COUNTER_DISTINCT ? tokens : total;
}

/* the most over all windows that contain `minute`: it can change only where a fact enters */
static uint64_t truth(const struct counter_shape *shape, const struct adds *adds, int64_t minute)
{
    uint64_t most = truth_at(shape, adds, minute);
    for (unsigned i = 0; i < adds->count; i++) {
        int64_t t = adds->all[i].minute;
        if (t > minute && t < minute + (int64_t)shape->window_min) {
            uint64_t one = truth_at(shape, adds, t);
            most = one > most ? one : most;
        }
    }
    return most;
}

static void check(const struct counters *c, const struct counter_shape *shape, uint64_t key, const struct adds *adds,
                  int64_t minute, int64_t enough)
{
    int64_t upper = counters_upper(c, shape, key, minute, enough);
    uint64_t exact = truth(shape, adds, minute);
    EXPECT(upper >= 0 && ((uint64_t)upper >= exact || upper >= enough),
           "kind %d, window %u: %lld, but the truth at %lld is %llu", (int)shape->kind, shape->window_min,
           (long long)upper, (long long)minute, (unsigned long long)exact);
}

enum order { ORDERED, JITTER, FAR, JUMPS, SCATTERED, ORDERS };

static int64_t next_minute(struct dice *dice, enum order order, const struct counter_shape *shape, int64_t *now)
{
    int64_t window = shape->window_min;
    switch (order) {
    case ORDERED:
        return *now += dice_below(dice, 1 + shape->window_min / 8);
    case JITTER: /* inside the ring */
        *now += dice_below(dice, 1 + shape->window_min / 16);
        return *now - dice_between(dice, 0, window / 2);
    case FAR: /* and far older than it */
        *now += dice_below(dice, 1 + shape->window_min / 16);
        return *now - (dice_chance(dice, 10) ? dice_between(dice, 0, 20 * window + 1000) : 0);
    case JUMPS:
        *now += dice_chance(dice, 5) ? dice_between(dice, 0, 300 * (int64_t)shape->step_min * 3) : 1;
        return *now - dice_between(dice, 0, 2);
    case SCATTERED:
    case ORDERS:
        break;
    }
    return dice_between(dice, 1, 60000000);
}

static uint64_t any_amount(struct dice *dice, enum counter_kind kind)
{
    if (kind == COUNTER_DISTINCT)
        return dice_chance(dice, 50) ? 1 + dice_below(dice, 8) : dice_next(dice) | 1;
    static const uint64_t most[] = {1, 20, 100000, UINT64_C(1) << 38, UINT64_C(1) << 45};
    return 1 + dice_next(dice) % most[dice_below(dice, sizeof most / sizeof *most)];
}

static void one_history(struct dice *dice, struct counters *c, uint64_t key)
{
    struct counter_shape shape = any_shape(dice);
    enum order order = (enum order)dice_below(dice, ORDERS);
    struct adds adds = {.count = 0};
    int64_t now = 29000000;
    unsigned count = 1 + dice_below(dice, dice_chance(dice, 20) ? ADDS_MAX : 40);
    while (adds.count < count) {
        struct add a = {next_minute(dice, order, &shape, &now), any_amount(dice, shape.kind)};
        adds.all[adds.count++] = a;
        counters_add(c, &shape, key, a.minute, a.amount);
        if (dice_chance(dice, 20))
            check(c, &shape, key, &adds, a.minute, dice_chance(dice, 50) ? INT64_MAX : 1 + dice_below(dice, 12));
    }
    for (unsigned i = 0; i < 20; i++)
        check(c, &shape, key, &adds, adds.all[dice_below(dice, count)].minute, INT64_MAX);
}

START_TEST(never_less_than_the_truth)
{
    struct dice dice = core_dice();
    struct counters *c = counters_create(64 << 20);
    for (uint64_t key = 1; key <= core_effort(6000); key++)
        one_history(&dice, c, key);
    ck_assert_uint_eq(counters_shed(c), 0);
    counters_destroy(&c);
    ck_assert_ptr_null(c);
}
END_TEST

START_TEST(nor_when_memory_runs_out)
{
    struct dice dice = core_dice();
    struct counters *c = counters_create(0);
    for (uint64_t key = 1; key <= core_effort(3000); key++)
        one_history(&dice, c, key * UINT64_C(0x9e3779b97f4a7c15));
    ck_assert_uint_gt(counters_shed(c), 0);
    ck_assert_uint_le(counters_lines(c), 1024);
    counters_destroy(&c);
}
END_TEST

/* an upper bound that is always "cannot tell" would pass all of the above */
START_TEST(exact_where_it_can_be)
{
    struct dice dice = core_dice();
    struct counters *c = counters_create(16 << 20);
    for (uint64_t key = 1; key <= core_effort(2000); key++) {
        struct counter_shape shape = any_shape(&dice);
        struct adds adds = {.count = 0};
        int64_t base = dice_between(&dice, 20000000, 40000000) / shape.step_min * shape.step_min;
        while (adds.count < 200) {
            struct add a = {base + dice_below(&dice, shape.window_min), 1 + dice_below(&dice, 50)};
            adds.all[adds.count++] = a;
            counters_add(c, &shape, key, a.minute, a.amount);
        }
        int64_t last = base + shape.window_min - 1; /* its window holds all, and nothing else is there */
        int64_t exact = (int64_t)truth_at(&shape, &adds, last), upper = counters_upper(c, &shape, key, last, exact + 1);
        EXPECT(upper == exact, "kind %d window %u: %lld, not %lld", (int)shape.kind, shape.window_min, (long long)upper,
               (long long)exact);
        /* what is two windows away is not counted */
        int64_t far = base + 3 * (int64_t)shape.window_min + 2 * (int64_t)shape.step_min;
        EXPECT(counters_upper(c, &shape, key, far, INT64_MAX) == 0, "it does not pass");
    }
    ck_assert_int_eq(counters_upper(c, &(struct counter_shape){COUNTER_ADD, 60, 1, 0}, UINT64_MAX, 1, 5), 0);
    counters_destroy(&c);
}
END_TEST

START_TEST(large_sums_do_not_stop_short)
{
    struct counters *c = counters_create(1 << 20);
    const struct counter_shape sum = {COUNTER_ADD, 60, 1, 0}, most = {COUNTER_MAX, 60, 1, 0};
    const int64_t large = INT64_C(300000000000); /* 300 million, in thousandths: more than a cell holds */
    for (int i = 0; i < 3; i++)
        counters_add(c, &sum, 1, 1000 + i, (uint64_t)large / 3);
    ck_assert_int_ge(counters_upper(c, &sum, 1, 1002, large), large);
    counters_add(c, &sum, 2, 1000, (uint64_t)large);
    ck_assert_int_ge(counters_upper(c, &sum, 2, 1000, large), large);
    counters_add(c, &most, 3, 1000, (uint64_t)large);
    ck_assert_int_ge(counters_upper(c, &most, 3, 1000, large), large);
    counters_destroy(&c);
}
END_TEST

START_TEST(enough_is_where_counting_stops)
{
    struct counters *c = counters_create(1 << 20);
    const struct counter_shape shape = {COUNTER_DISTINCT, 60, 1, 0};
    for (uint64_t token = 1; token <= 5; token++)
        for (int i = 0; i < 4; i++)
            counters_add(c, &shape, 7, 1000 + i, token);
    ck_assert_int_eq(counters_upper(c, &shape, 7, 1003, INT64_MAX - 1), 20); /* pairs: a bound that costs nothing */
    ck_assert_int_eq(counters_upper(c, &shape, 7, 1003, 20), 5);
    ck_assert_int_eq(counters_upper(c, &shape, 7, 1003, 6), 5);
    ck_assert_int_eq(counters_upper(c, &shape, 7, 1003, 5), 5);
    ck_assert_int_eq(counters_upper(c, &shape, 7, 1003, 3), 3);
    counters_destroy(&c);
}
END_TEST

START_TEST(steps)
{
    ck_assert_uint_eq(counter_step(1), 1);
    ck_assert_uint_eq(counter_step(16), 1);
    ck_assert_uint_eq(counter_step(17), 2);
    ck_assert_uint_eq(counter_step(60), 4);
    ck_assert_uint_eq(counter_step(1440), 90);
    ck_assert_uint_eq(counter_step(35 * 1440), 3150);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("counters");
    core_test(s, never_less_than_the_truth);
    core_test(s, nor_when_memory_runs_out);
    core_test(s, exact_where_it_can_be);
    core_test(s, large_sums_do_not_stop_short);
    core_test(s, enough_is_where_counting_stops);
    core_test(s, steps);
    return core_run(s);
}
