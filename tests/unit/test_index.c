/* The index: a key is won once, whatever the threads and whichever step the replacement of the table has reached, and
 * nothing that was won is ever lost by it. */
#include "ledger/index.h"

#include "core.h"

/* what the index's refs name in these tests: keys, by ref; written before the insertion, as facts are */
struct shelf_of_keys {
    uint64_t *key;
    size_t count;
};

static bool same(void *arg, fact_ref ref, uint64_t key, unsigned source, struct str id)
{
    const struct shelf_of_keys *s = arg;
    (void)source;
    (void)id;
    return s->key[ref] == key;
}

static bool live(void *arg, fact_ref ref)
{
    const struct shelf_of_keys *s = arg;
    return s->key[ref] != 0;
}

static enum index_result put(const struct index_view *view, struct shelf_of_keys *s, uint64_t key, fact_ref ref,
                             fact_ref *known)
{
    s->key[ref] = key;
    return index_insert(view, key, 0, STR("id"), ref, same, s, known);
}

static fact_ref find(const struct index_view *view, struct shelf_of_keys *s, uint64_t key)
{
    return index_find(view, key, 0, STR("id"), same, s);
}

START_TEST(once)
{
    struct shelf_of_keys s = {(uint64_t[8]){0}, 8};
    struct index_view view = {{index_table_create(1), NULL}};
    fact_ref known = 0;
    const uint64_t a = UINT64_C(0x500000001), b = UINT64_C(0x500000002); /* one tag, told apart by the facts */
    ck_assert_uint_eq(find(&view, &s, a), 0);
    ck_assert_int_eq(put(&view, &s, a, 1, &known), INDEX_NEW);
    ck_assert_int_eq(put(&view, &s, b, 2, &known), INDEX_NEW);
    ck_assert_int_eq(put(&view, &s, a, 3, &known), INDEX_KNOWN);
    ck_assert_uint_eq(known, 1);
    ck_assert_uint_eq(find(&view, &s, a), 1);
    ck_assert_uint_eq(find(&view, &s, b), 2);
    ck_assert_uint_eq(find(&view, &s, UINT64_C(0x500000003)), 0);
    ck_assert_uint_eq(index_table_used(view.table[0]), 2);
    index_table_destroy(&view.table[0]);
    ck_assert_ptr_null(view.table[0]);
}
END_TEST

START_TEST(full_says_so)
{
    struct shelf_of_keys s = {xcalloc(8192, sizeof(uint64_t)), 8192};
    struct index_view view = {{index_table_create(1020), NULL}};
    fact_ref known = 0;
    ck_assert_uint_eq(index_table_slots(view.table[0]), 1024);
    for (fact_ref ref = 1; ref <= 1024; ref++)
        ck_assert_int_eq(put(&view, &s, (uint64_t)ref << 32 | ref % 7, ref, &known), INDEX_NEW);
    ck_assert_int_eq(put(&view, &s, UINT64_C(2000) << 32, 2000, &known), INDEX_FULL);
    ck_assert_int_eq(put(&view, &s, UINT64_C(5) << 32 | 5, 2001, &known), INDEX_KNOWN);
    ck_assert_uint_eq(known, 5);
    ck_assert_uint_eq(find(&view, &s, UINT64_C(2000) << 32), 0);
    struct index_table *small = index_table_create(1), *large = index_table_create(2048);
    for (fact_ref ref = 1; ref <= 1024; ref += 2)
        s.key[ref] = 0; /* expired */
    ck_assert(index_copy(view.table[0], large, live, &s));
    ck_assert_uint_eq(index_table_used(large), 512);
    struct index_view after = {{large, NULL}};
    for (fact_ref ref = 1; ref <= 1024; ref++) {
        uint64_t key = (uint64_t)ref << 32 | ref % 7;
        ck_assert_uint_eq(find(&after, &s, key), ref % 2 ? 0 : ref);
    }
    index_table_destroy(&small);
    index_table_destroy(&large);
    index_table_destroy(&view.table[0]);
    free(s.key);
}
END_TEST

/* One worker still writes both tables, another only the new one: `new` decides, and a search must not be sent to the
 * place that lost. */
START_TEST(lost_in_the_new_table)
{
    struct shelf_of_keys s = {(uint64_t[8]){0}, 8};
    struct index_table *old = index_table_create(1), *new = index_table_create(1);
    const struct index_view behind = {{old, new}}, ahead = {{new, NULL}};
    fact_ref known = 0;
    ck_assert_int_eq(put(&ahead, &s, 77, 1, &known), INDEX_NEW);
    ck_assert_int_eq(put(&behind, &s, 77, 2, &known), INDEX_LOST);
    ck_assert_uint_eq(known, 1);
    ck_assert_int_eq(put(&behind, &s, 77, 3, &known), INDEX_KNOWN);
    ck_assert_uint_eq(find(&ahead, &s, 77), 1);
    ck_assert_uint_eq(find(&behind, &s, 77), 1);
    index_table_destroy(&old);
    index_table_destroy(&new);
}
END_TEST

/* before the copy, the old table decides; the copier may bring a slot over before its own worker does */
START_TEST(before_and_during_the_copy)
{
    struct shelf_of_keys s = {(uint64_t[8]){0}, 8};
    struct index_table *old = index_table_create(1), *new = index_table_create(1);
    const struct index_view behind = {{old, NULL}}, both = {{old, new}}, ahead = {{new, NULL}};
    fact_ref known = 0;
    ck_assert_int_eq(put(&behind, &s, 11, 1, &known), INDEX_NEW);
    ck_assert_int_eq(put(&both, &s, 11, 2, &known), INDEX_KNOWN);
    ck_assert_int_eq(put(&both, &s, 12, 3, &known), INDEX_NEW);
    ck_assert_int_eq(put(&behind, &s, 12, 4, &known), INDEX_KNOWN);
    ck_assert_uint_eq(find(&both, &s, 11), 1);
    ck_assert(index_copy(old, new, live, &s));
    ck_assert(index_copy(old, new, live, &s)); /* finds its own slots */
    ck_assert_uint_eq(index_table_used(new), 2);
    ck_assert_uint_eq(find(&ahead, &s, 11), 1);
    ck_assert_int_eq(put(&ahead, &s, 12, 5, &known), INDEX_KNOWN);
    ck_assert_int_eq(put(&(struct index_view){{new, NULL}}, &s, 12, 3, &known), INDEX_NEW); /* one's own slot */
    index_table_destroy(&old);
    index_table_destroy(&new);
}
END_TEST

/* ---- threads insert the same keys while the table is replaced again and again ---- */

enum { KEYS = 6000, WORKERS = 3, BATCH = 50 };

struct race {
    struct shelf_of_keys keys; /* by ref */
    _Atomic(struct index_table *) table;
    _Atomic uint32_t wins[KEYS], winner[KEYS], lost, running;
    uint64_t key[KEYS];
};

struct worker {
    struct race *race;
    unsigned number;
    struct dice dice;
    _Atomic uint64_t batch; /* odd: inside one */
};

static void insert_one(struct worker *w, const struct index_view *view, unsigned i, fact_ref ref)
{
    struct race *r = w->race;
    fact_ref known = 0;
    switch (put(view, &r->keys, r->key[i], ref, &known)) {
    case INDEX_NEW:
        atomic_fetch_add(&r->wins[i], 1);
        atomic_store(&r->winner[i], ref);
        break;
    case INDEX_LOST:
        atomic_fetch_add(&r->lost, 1);
        CHECK(r->keys.key[known] == r->key[i]);
        break;
    case INDEX_KNOWN:
        CHECK(r->keys.key[known] == r->key[i]);
        break;
    case INDEX_FULL:
        CHECK(!"the tables are large enough");
    }
}

static void *insert_all(void *arg)
{
    struct worker *w = arg;
    unsigned *order = xcalloc(KEYS, sizeof *order);
    for (unsigned i = 0; i < KEYS; i++) /* nearly the same order in all threads, so that they meet */
        order[i] = i;
    for (unsigned i = 0; i + 8 < KEYS; i++) {
        unsigned k = i + dice_below(&w->dice, 8), swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    for (unsigned begin = 0; begin < KEYS; begin += BATCH) {
        atomic_fetch_add(&w->batch, 1);
        for (unsigned i = begin; i < begin + BATCH && i < KEYS; i++) {
            const struct index_view view = index_view_of(&w->race->table);
            insert_one(w, &view, order[i], w->number * KEYS + order[i] + 1);
        }
        atomic_fetch_add(&w->batch, 1);
    }
    free(order);
    atomic_fetch_sub(&w->race->running, 1);
    return NULL;
}

static void wait_for_batches(struct worker *workers)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        uint64_t seen = atomic_load(&workers[i].batch);
        while (seen & 1 && atomic_load(&workers[i].batch) == seen)
            sched_yield();
    }
}

/* the committer's part, see maintain.c; returns how often it replaced the table */
static unsigned replace_while_running(struct race *r, struct worker *workers)
{
    unsigned times = 0;
    while (atomic_load(&r->running)) {
        struct index_table *old = atomic_load(&r->table), *new = index_table_create(KEYS * 3);
        index_table_succeed(old, new);
        wait_for_batches(workers);
        CHECK(index_copy(old, new, live, &r->keys));
        atomic_store(&r->table, new);
        wait_for_batches(workers);
        index_table_destroy(&old);
        times++;
    }
    return times;
}

START_TEST(won_once_while_replaced)
{
    struct dice dice = core_dice();
    unsigned replaced = 0, lost = 0;
    for (unsigned round = 0, rounds = core_effort(30); round < rounds; round++) {
        struct race *r = xcalloc(1, sizeof *r);
        r->keys = (struct shelf_of_keys){xcalloc(WORKERS * KEYS + 1, sizeof(uint64_t)), WORKERS * KEYS + 1};
        atomic_init(&r->table, index_table_create(KEYS * 3));
        for (unsigned i = 0; i < KEYS; i++) /* few tags and few places: collisions of both */
            r->key[i] = (uint64_t)dice_below(&dice, 64) << 52 | (dice_next(&dice) & 0xfffff) << 12 | i % 4096;
        for (unsigned i = 0; i < KEYS; i++)
            r->key[i] = (r->key[i] & ~UINT64_C(0x1fff)) | i | UINT64_C(1) << 40;
        struct worker workers[WORKERS] = {0};
        pthread_t thread[WORKERS];
        atomic_init(&r->running, WORKERS);
        for (unsigned i = 0; i < WORKERS; i++) {
            workers[i].race = r;
            workers[i].number = i;
            workers[i].dice = (struct dice){dice_next(&dice)};
            CHECK(pthread_create(&thread[i], NULL, insert_all, &workers[i]) == 0);
        }
        replaced += replace_while_running(r, workers);
        for (unsigned i = 0; i < WORKERS; i++)
            pthread_join(thread[i], NULL);
        struct index_table *table = atomic_load(&r->table);
        const struct index_view view = {{table, NULL}};
        for (unsigned i = 0; i < KEYS; i++) {
            EXPECT(r->wins[i] == 1, "key %u was won %u times", i, r->wins[i]);
            EXPECT(find(&view, &r->keys, r->key[i]) == r->winner[i], "key %u does not lead to its winner", i);
        }
        lost += r->lost;
        index_table_destroy(&table);
        free(r->keys.key);
        free(r);
    }
    printf("index: replaced %u times, lost in the new table %u times\n", replaced, lost);
    ck_assert_uint_gt(replaced, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("index");
    core_test(s, once);
    core_test(s, full_says_so);
    core_test(s, lost_in_the_new_table);
    core_test(s, before_and_during_the_copy);
    core_test(s, won_once_while_replaced);
    return core_run(s);
}
