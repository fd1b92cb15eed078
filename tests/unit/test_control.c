/* Requests handed to the main thread: each is answered once, by its own answer, or told why not. */
#include "metrics/control.h"
#include "core.h"

enum { ASKERS = 4, ROUNDS = 200 };

struct asker {
    struct control *control;
    uint64_t first;
    unsigned answered, refused;
};

static void *ask(void *arg)
{
    struct asker *a = arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct control_request request = {.verb = CONTROL_ROLLBACK, .to = a->first + i};
        unsigned status;
        char *json = control_ask(a->control, &request, &status), expected[32];
        snprintf(expected, sizeof expected, "%" PRIu64, a->first + i);
        EXPECT(status == 503 || (status == 200 && strcmp(json, expected) == 0), "%u %s", status, json);
        a->answered += status == 200;
        a->refused += status == 503;
        free(json);
    }
    return NULL;
}

static unsigned serve(struct control *c, unsigned wanted)
{
    unsigned served = 0;
    while (served < wanted) {
        struct control_request request;
        if (!control_take(c, &request)) {
            sched_yield();
            continue;
        }
        char text[32];
        snprintf(text, sizeof text, "%" PRIu64, request.to);
        control_answer(c, 200, xstrdup(text));
        served++;
    }
    return served;
}

START_TEST(test_each_gets_its_own_answer)
{
    struct control *c = control_create(20000);
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    control_open(c, true);
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){c, 1000 * (i + 1), 0, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    unsigned served = serve(c, ASKERS * ROUNDS / 2), answered = 0, refused = 0;
    control_open(c, false); /* whoever waits is told */
    for (unsigned i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        answered += askers[i].answered;
        refused += askers[i].refused;
    }
    ck_assert_uint_eq(answered, served);
    ck_assert_uint_eq(answered + refused, ASKERS * ROUNDS);
    control_destroy(&c);
}
END_TEST

START_TEST(test_nobody_waits_for_ever)
{
    struct control *c = control_create(50);
    struct control_request request = {.verb = CONTROL_RELOAD};
    unsigned status;
    free(control_ask(c, &request, &status));
    ck_assert_uint_eq(status, 503); /* nobody is there */
    control_open(c, true);
    free(control_ask(c, &request, &status));
    ck_assert_uint_eq(status, 504);
    ck_assert(!control_take(c, &request)); /* what nobody waits for is not done */
    control_destroy(&c);
}
END_TEST

static void *ask_once(void *arg)
{
    struct control_request request = {.verb = CONTROL_RELOAD};
    unsigned status;
    free(control_ask(arg, &request, &status));
    ck_assert_uint_eq(status, 504);
    return NULL;
}

START_TEST(test_an_answer_that_comes_too_late_is_nobodys)
{
    struct control *c = control_create(50);
    struct control_request request;
    pthread_t thread;
    control_open(c, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_once, c), 0);
    while (!control_take(c, &request))
        sched_yield();
    pthread_join(thread, NULL);
    control_answer(c, 200, xstrdup("late"));
    ck_assert(!control_take(c, &request));
    control_destroy(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control");
    core_test(suite, test_each_gets_its_own_answer);
    core_test(suite, test_nobody_waits_for_ever);
    core_test(suite, test_an_answer_that_comes_too_late_is_nobodys);
    return core_run(suite);
}
