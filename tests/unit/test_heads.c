/* Heads of chains: whatever was pushed is found, through growth and while others push. */
#include "ledger/heads.h"

#include "core.h"

/* links, by ref, as facts hold them */
static size_t chain(const struct heads *heads, const fact_ref *next, uint64_t subject, fact_ref *out)
{
    size_t count = 0;
    const void *cursor = NULL;
    for (fact_ref ref; (ref = heads_next(heads, subject, &cursor));)
        for (; ref; ref = next[ref])
            out[count++] = ref;
    return count;
}

static int by_number(const void *a, const void *b)
{
    const fact_ref *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

START_TEST(chains_are_sets)
{
    struct dice dice = core_dice();
    enum { FACTS = 20000 };
    fact_ref *next = xcalloc(FACTS + 1, sizeof *next), *found = xcalloc(FACTS + 1, sizeof *found);
    uint64_t *subject = xcalloc(FACTS + 1, sizeof *subject);
    struct heads *heads = heads_create(0);
    size_t small = heads_bytes(heads);
    unsigned subjects = 1 + dice_below(&dice, 5000);
    for (fact_ref ref = 1; ref <= FACTS; ref++) {
        subject[ref] = 8 * (1 + (uint64_t)dice_below(&dice, subjects)) + 1;
        heads_push(heads, subject[ref], ref, &next[ref]);
    }
    size_t all = 0;
    for (uint64_t s = 1; s <= subjects; s++) {
        size_t count = chain(heads, next, 8 * s + 1, found);
        qsort(found, count, sizeof *found, by_number);
        for (size_t i = 0; i < count; i++) {
            EXPECT(subject[found[i]] == 8 * s + 1, "fact %u is in another's chain", found[i]);
            EXPECT(i == 0 || found[i - 1] < found[i], "fact %u stands twice in its chain", found[i]);
        }
        all += count;
    }
    ck_assert_uint_eq(all, FACTS);
    ck_assert_uint_eq(chain(heads, next, 8 * (uint64_t)(subjects + 1) + 1, found), 0);
    ck_assert(subjects < 300 || heads_bytes(heads) > small);
    heads_destroy(&heads);
    ck_assert_ptr_null(heads);
    free(next);
    free(found);
    free(subject);
}
END_TEST

/* ---- threads push; one walks meanwhile ---- */

enum { PUSHERS = 3, EACH = 30000, POPULAR = 4 };

struct crowd {
    struct heads *heads;
    fact_ref next[PUSHERS * EACH + 1];
    _Atomic unsigned done[PUSHERS];
    unsigned spread;
};

struct pusher {
    struct crowd *crowd;
    unsigned number;
};

/* the first POPULAR subjects get half of all, the others make the table grow */
static uint64_t subject_of(unsigned i, unsigned spread)
{
    return 8 * (i % 2 ? 1 + (uint64_t)(i / 2 % POPULAR) : 1000 + (uint64_t)(i / 2 % spread)) + 1;
}

static void *push_all(void *arg)
{
    const struct pusher *p = arg;
    for (unsigned i = 0; i < EACH; i++) {
        fact_ref ref = p->number * EACH + i + 1;
        heads_push(p->crowd->heads, subject_of(i, p->crowd->spread), ref, &p->crowd->next[ref]);
        atomic_store_explicit(&p->crowd->done[p->number], i + 1, memory_order_release);
    }
    return NULL;
}

/* is each fact of the subject that was pushed before the walk began there, and each once? */
static void walk_checked(struct crowd *c, uint64_t subject, unsigned char *seen)
{
    unsigned before[PUSHERS];
    for (unsigned p = 0; p < PUSHERS; p++)
        before[p] = atomic_load_explicit(&c->done[p], memory_order_acquire);
    memset(seen, 0, PUSHERS * EACH + 1);
    const void *cursor = NULL;
    for (fact_ref ref; (ref = heads_next(c->heads, subject, &cursor));)
        for (; ref; ref = c->next[ref]) {
            EXPECT(!seen[ref], "fact %u stands twice in its chain", ref);
            EXPECT(subject_of((ref - 1) % EACH, c->spread) == subject, "fact %u is in another's chain", ref);
            seen[ref] = 1;
        }
    for (unsigned p = 0; p < PUSHERS; p++)
        for (unsigned i = 0; i < before[p]; i++)
            EXPECT(subject_of(i, c->spread) != subject || seen[p * EACH + i + 1], "fact %u of %u is missing", i, p);
}

static void *walk_all(void *arg)
{
    struct crowd *c = arg;
    unsigned char *seen = xcalloc(1, PUSHERS * EACH + 1);
    bool running = true;
    for (unsigned round = 0; running; round++) {
        running = false;
        for (unsigned p = 0; p < PUSHERS; p++)
            running |= atomic_load(&c->done[p]) < EACH;
        walk_checked(c, subject_of(round % 8, c->spread), seen);
    }
    free(seen);
    return NULL;
}

START_TEST(complete_while_others_push)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(6); round < rounds; round++) {
        struct crowd *c = xcalloc(1, sizeof *c);
        c->heads = heads_create(0);
        c->spread = 1 + dice_below(&dice, 4000);
        struct pusher pushers[PUSHERS];
        pthread_t walker;
        for (unsigned i = 0; i < PUSHERS; i++)
            pushers[i] = (struct pusher){c, i};
        CHECK(pthread_create(&walker, NULL, walk_all, c) == 0);
        threads_run(PUSHERS, push_all, pushers, sizeof pushers[0]);
        pthread_join(walker, NULL);
        unsigned char *seen = xcalloc(1, PUSHERS * EACH + 1);
        for (unsigned i = 0; i < 2 * c->spread; i += 1 + c->spread / 50)
            walk_checked(c, subject_of(i, c->spread), seen);
        free(seen);
        heads_destroy(&c->heads);
        free(c);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("heads");
    core_test(s, chains_are_sets);
    core_test(s, complete_while_others_push);
    return core_run(s);
}
