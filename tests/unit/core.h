/* What the tests of the core share: chance from a seed that is printed and can be given again, threads that start
 * together, and a small registry and catalogue.
 *
 *   GRIDWARN_SEED=<number>   replays; a run's seed is printed first
 *   GRIDWARN_EFFORT=<number> percent of the usual number of rounds */
#ifndef GW_TESTS_CORE_H
#define GW_TESTS_CORE_H

#include "../sim/dice.h"
#include "base/check.h"
#include "ledger/ledger.h"

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* For loops: Check reports each of its assertions to another process, which costs far more than what is tested. */
#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/* the same in all tests of a program: Check runs each in a process of its own */
static inline struct dice core_dice(void)
{
    return (struct dice){strtoull(getenv("GRIDWARN_SEED"), NULL, 10)};
}

static inline unsigned core_effort(unsigned rounds)
{
    const char *percent = getenv("GRIDWARN_EFFORT");
    return percent ? (unsigned)(rounds * strtoul(percent, NULL, 10) / 100 + 1) : rounds;
}

/* runs the suite; what main() returns */
static inline int core_run(Suite *suite)
{
    char seed[32];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(seed, sizeof seed, "%" PRIu64, (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec);
    setenv("GRIDWARN_SEED", seed, 0);
    printf("GRIDWARN_SEED=%s\n", getenv("GRIDWARN_SEED"));
    fflush(stdout);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

static inline void core_test(Suite *suite, const TTest *test)
{
    TCase *tc = tcase_create(test->name);
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, test);
    suite_add_tcase(suite, tc);
}

/* ---- threads ---- */

/* all threads of a round meet here; spins, so that they leave it as nearly together as can be */
struct gate {
    _Atomic unsigned arrived;
    unsigned threads;
};

static inline void gate_pass(struct gate *g)
{
    unsigned round = atomic_fetch_add(&g->arrived, 1) / g->threads + 1;
    for (unsigned spins = 0; atomic_load(&g->arrived) < round * g->threads; spins++)
        if (spins > 200)
            sched_yield();
}

enum { THREADS_MAX = 4 };

static inline void threads_run(unsigned count, void *(*run)(void *), void *args, size_t size)
{
    pthread_t thread[THREADS_MAX];
    CHECK(count <= THREADS_MAX);
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_create(&thread[i], NULL, run, (char *)args + i * size) == 0);
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
}

/* ---- a registry and a catalogue, by the engine's own loaders ---- */

struct names {
    struct registry *registry;
    struct catalogue *catalogue;
};

static inline void core_file(char path[40], const char *text)
{
    strcpy(path, "/tmp/gridwarn-core-XXXXXX");
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && close(file) == 0);
}

static inline struct names names_create(const char *regions, const char *categories)
{
    struct names n = {NULL, catalogue_create()};
    struct problems problems = {0};
    char path[40];
    core_file(path, regions);
    n.registry = registry_load(path, &problems);
    unlink(path);
    core_file(path, categories);
    catalogue_load_categories(n.catalogue, path, &problems);
    unlink(path);
    problems_print(&problems, stderr);
    CHECK(n.registry && problems.count == 0);
    problems_clear(&problems);
    return n;
}

static inline void names_destroy(struct names *n)
{
    registry_destroy(&n->registry);
    catalogue_destroy(&n->catalogue);
}

/* ---- facts ---- */

static inline fact_ref core_enter(struct ledger *ledger, unsigned writer, const struct event *e)
{
    struct entered entered;
    ledger_begin(ledger_writer(ledger, writer));
    enum enter_result result = ledger_enter(ledger_writer(ledger, writer), e, &entered);
    ledger_end(ledger_writer(ledger, writer));
    ck_assert_int_eq(result, ENTER_NEW);
    for (unsigned i = 0; i <= ledger_fact(ledger, entered.ref)->parties; i++)
        ledger_commit(ledger, entered.ref + i, 1);
    for (unsigned i = 0; i < entered.aliases; i++)
        ledger_commit(ledger, entered.alias[i], 1);
    return entered.ref;
}

#endif
