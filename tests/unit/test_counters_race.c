/* Counters under threads: nothing that was added before a reading is missing from it, the order of adding leaves no
 * trace, and of two workers whose facts together cross a threshold at least one sees it crossed (the claim for which
 * adds and reads are seq_cst). */
#include "count/counters.h"

#include "core.h"

static const struct counter_shape shapes[] = {
    {COUNTER_ADD, 60, 4, 0}, {COUNTER_ADD, 1440, 90, 0}, {COUNTER_MAX, 120, 8, 0}, {COUNTER_DISTINCT, 1440, 90, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ---- litmus: add, then read ---- */

enum where { NEW_LINE, INLINE, NEW_BLOCK, BLOCK, REFUSED, WHERES };
static const char *const where_words[] = {"a new line", "the line", "a new block", "the block", "refused"};

struct litmus {
    struct counters *counters;
    struct gate gate;
    unsigned rounds;
    struct dice dice;
    _Atomic unsigned saw[3]; /* rounds by how many of the two saw it */
    _Atomic unsigned seen;   /* in this round */
    enum where where;
    const struct counter_shape *shape;
};

struct half {
    struct litmus *litmus;
    unsigned number;
};

/* what stands in the counter already, so that the add goes where it is wanted: later buckets, which give way to nothing and
 * are in no window that is asked for */
static void prepare(struct litmus *l, uint64_t key, int64_t minute)
{
    static const unsigned buckets[] = {0, 1, 6, 12, 12};
    for (unsigned i = 0; i < buckets[l->where]; i++)
        counters_add(l->counters, l->shape, key, minute + 2 * (int64_t)l->shape->window_min + i * l->shape->step_min, 1);
    if (l->where == REFUSED) /* what comes now is older than what holds its place in the ring */
        counters_add(l->counters, l->shape, key, minute + 256 * (int64_t)l->shape->step_min, 1);
}

static void *add_and_read(void *arg)
{
    const struct half *h = arg;
    struct litmus *l = h->litmus;
    const int64_t minute = 29000000;
    for (unsigned round = 0; round < l->rounds; round++) {
        uint64_t key = (round % 800 + 1) * UINT64_C(0x9e3779b97f4a7c15);
        int64_t now = minute + (int64_t)(round / 800) * 1000 * l->shape->step_min;
        if (h->number == 0) {
            atomic_store(&l->seen, 0);
            prepare(l, key, now);
        }
        gate_pass(&l->gate);
        counters_add(l->counters, l->shape, key, now, l->shape->kind == COUNTER_DISTINCT ? h->number + 1 : 1);
        if (counters_upper(l->counters, l->shape, key, now, 2) >= 2)
            atomic_fetch_add(&l->seen, 1);
        gate_pass(&l->gate);
        if (h->number == 0)
            atomic_fetch_add(&l->saw[atomic_load(&l->seen)], 1);
    }
    return NULL;
}

START_TEST(one_of_two_sees_both)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        if (shapes[shape].kind == COUNTER_MAX)
            continue;
        for (unsigned where = 0; where < WHERES; where++) {
            struct litmus l = {.counters = counters_create(4 << 20),
                               .gate = {0, 2},
                               .rounds = core_effort(800),
                               .where = (enum where)where,
                               .shape = &shapes[shape]};
            for (unsigned repeat = 0; repeat < 4; repeat++) { /* a new table, so that lines and blocks are new */
                struct half halves[2] = {{&l, 0}, {&l, 1}};
                threads_run(2, add_and_read, halves, sizeof halves[0]);
                counters_destroy(&l.counters);
                l.counters = counters_create(4 << 20);
            }
            counters_destroy(&l.counters);
            EXPECT(l.saw[0] == 0, "shape %u, %s: in %u rounds nobody saw it", shape, where_words[where], l.saw[0]);
            printf("litmus: shape %u, %-11s one saw it %u times, both %u\n", shape, where_words[where], l.saw[1],
                   l.saw[2]);
        }
    }
}
END_TEST

/* ---- many adds ---- */

enum { KEYS = 12, ADDS = 3000 };

struct add {
    uint64_t key, amount;
    int64_t minute;
    unsigned shape;
};

struct adder {
    struct counters *counters;
    struct add adds[ADDS];
    bool verify;
};

/* at least what this thread alone has added in the window that ends at its newest minute */
static void verify(const struct adder *a, unsigned upto)
{
    const struct add *last = &a->adds[upto];
    const struct counter_shape *shape = &shapes[last->shape];
    uint64_t total = 0;
    uint64_t tokens = 0;
    for (unsigned i = 0; i <= upto; i++) {
        const struct add *b = &a->adds[i];
        if (b->key != last->key || b->minute > last->minute || b->minute <= last->minute - (int64_t)shape->window_min)
            continue;
        total = shape->kind == COUNTER_ADD ? total + b->amount : b->amount > total ? b->amount : total;
        tokens |= UINT64_C(1) << b->amount % 64;
    }
    if (shape->kind == COUNTER_DISTINCT)
        total = (uint64_t)__builtin_popcountll(tokens);
    int64_t upper = counters_upper(a->counters, shape, last->key, last->minute, INT64_MAX);
    EXPECT((uint64_t)upper >= total, "shape %u: %lld, but this thread alone added %llu", last->shape,
           (long long)upper, (unsigned long long)total);
}

static void *add_all(void *arg)
{
    const struct adder *a = arg;
    for (unsigned i = 0; i < ADDS; i++) {
        const struct add *b = &a->adds[i];
        counters_add(a->counters, &shapes[b->shape], b->key, b->minute, b->amount);
        if (a->verify && i % 16 == 0)
            verify(a, i);
    }
    return NULL;
}

/* spread: how many buckets apart they may lie */
static struct add any_add(struct dice *dice, int64_t spread)
{
    struct add a = {.shape = dice_below(dice, SHAPES)};
    a.key = (1 + dice_below(dice, KEYS)) * SHAPES + a.shape;
    a.minute = 29000000 + dice_between(dice, 0, spread - 1) * shapes[a.shape].step_min;
    a.amount = 1 + dice_below(dice, 40);
    return a;
}

START_TEST(nothing_added_is_missing)
{
    struct dice dice = core_dice();
    struct adder *adders = xcalloc(3, sizeof *adders);
    for (unsigned round = 0, rounds = core_effort(40); round < rounds; round++) {
        struct counters *c = counters_create(round % 4 ? 1 << 20 : 0);
        int64_t spread = round % 3 == 0 ? 20 : round % 3 == 1 ? 250 : 2000;
        for (unsigned t = 0; t < 3; t++) {
            adders[t].counters = c;
            adders[t].verify = true;
            for (unsigned i = 0; i < ADDS; i++)
                adders[t].adds[i] = any_add(&dice, spread);
        }
        threads_run(3, add_all, adders, sizeof adders[0]);
        for (unsigned t = 0; t < 3; t++)
            for (unsigned i = 0; i < ADDS; i += 97)
                verify(&adders[t], i);
        counters_destroy(&c);
    }
    free(adders);
}
END_TEST

START_TEST(order_leaves_no_trace)
{
    struct dice dice = core_dice();
    struct adder *adders = xcalloc(3, sizeof *adders);
    for (unsigned round = 0, rounds = core_effort(30); round < rounds; round++) {
        uint64_t print[2] = {0};
        for (unsigned t = 0; t < 3; t++)
            for (unsigned i = 0; i < ADDS; i++) {
                adders[t].adds[i] = any_add(&dice, 256);
                if (shapes[adders[t].adds[i].shape].kind == COUNTER_DISTINCT) /* one pair a bucket: they just fit */
                    adders[t].adds[i].amount = 1 + (uint64_t)(adders[t].adds[i].minute / shapes[3].step_min % 256);
            }
        for (unsigned order = 0; order < 2; order++) {
            struct counters *c = counters_create(4 << 20);
            for (unsigned t = 0; t < 3; t++) {
                adders[t].counters = c;
                adders[t].verify = false;
            }
            if (order == 0) /* by one thread, the other way round */
                for (unsigned i = 3 * ADDS; i-- > 0;) {
                    const struct add *a = &adders[i / ADDS].adds[i % ADDS];
                    counters_add(c, &shapes[a->shape], a->key, a->minute, a->amount);
                }
            else
                threads_run(3, add_all, adders, sizeof adders[0]);
            print[order] = counters_fingerprint(c);
            if (order == 1) {
                counters_add(c, &shapes[0], SHAPES, 29000000 + 255 * shapes[0].step_min, 1);
                ck_assert_uint_ne(counters_fingerprint(c), print[1]);
            }
            counters_destroy(&c);
        }
        EXPECT(print[0] == print[1], "round %u: two orders, two prints", round);
    }
    free(adders);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("counters under threads");
    core_test(s, one_of_two_sees_both);
    core_test(s, nothing_added_is_missing);
    core_test(s, order_leaves_no_trace);
    return core_run(s);
}
