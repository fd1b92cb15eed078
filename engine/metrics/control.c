#include "metrics/control.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum phase { FREE, ASKED, TAKEN, ANSWERED };

struct control {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int wait_ms;
    bool open;
    enum phase phase;
    bool abandoned; /* TAKEN, and nobody waits for the answer any more */
    struct control_request request;
    unsigned status;
    char *json;
};

struct control *control_create(int wait_ms)
{
    struct control *c = xcalloc(1, sizeof *c);
    pthread_condattr_t steady;
    CHECK(pthread_condattr_init(&steady) == 0 && pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_mutex_init(&c->lock, NULL) == 0 && pthread_cond_init(&c->changed, &steady) == 0);
    pthread_condattr_destroy(&steady);
    c->wait_ms = wait_ms;
    return c;
}

void control_destroy(struct control **pointer)
{
    struct control *c = *pointer;
    *pointer = NULL;
    if (!c)
        return;
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c->json);
    free(c);
}

static char *sorry(unsigned *status, unsigned which, const char *why)
{
    *status = which;
    return xstrdup(why);
}

static char *not_open(unsigned *status)
{
    return sorry(status, 503, "{\"error\":\"this instance does not lead, or not yet: ask again, or ask the one that does\"}");
}

static char *too_late(unsigned *status)
{
    return sorry(status, 504, "{\"error\":\"no answer yet; /-/generations and the log tell what became of it\"}");
}

/* with the lock held; false: the time is up */
static bool wait_until(struct control *c, const struct timespec *deadline)
{
    return pthread_cond_timedwait(&c->changed, &c->lock, deadline) == 0;
}

static char *ask(struct control *c, const struct control_request *request, const struct timespec *deadline,
                 unsigned *status)
{
    while (c->open && c->phase != FREE)
        if (!wait_until(c, deadline))
            return too_late(status);
    if (!c->open)
        return not_open(status);
    c->request = *request;
    c->phase = ASKED;
    while (c->phase != ANSWERED && (c->open || c->phase == TAKEN))
        if (!wait_until(c, deadline)) {
            c->abandoned = c->phase == TAKEN;
            c->phase = c->abandoned ? TAKEN : FREE;
            return too_late(status);
        }
    bool answered = c->phase == ANSWERED;
    char *json = c->json;
    c->json = NULL;
    c->phase = FREE;
    *status = c->status;
    return answered ? json : not_open(status);
}

char *control_ask(struct control *c, const struct control_request *request, unsigned *status)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += c->wait_ms / 1000;
    deadline.tv_nsec += c->wait_ms % 1000 * 1000000L;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    pthread_mutex_lock(&c->lock);
    char *json = ask(c, request, &deadline, status);
    pthread_cond_broadcast(&c->changed); /* the next one's turn */
    pthread_mutex_unlock(&c->lock);
    return json;
}

void control_open(struct control *c, bool open)
{
    pthread_mutex_lock(&c->lock);
    c->open = open;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

bool control_take(struct control *c, struct control_request *request)
{
    pthread_mutex_lock(&c->lock);
    bool asked = c->phase == ASKED;
    if (asked) {
        c->phase = TAKEN;
        *request = c->request;
    }
    pthread_mutex_unlock(&c->lock);
    return asked;
}

void control_answer(struct control *c, unsigned status, char *json)
{
    pthread_mutex_lock(&c->lock);
    CHECK(c->phase == TAKEN);
    if (c->abandoned) {
        free(json);
        c->abandoned = false;
        c->phase = FREE;
    } else {
        c->json = json;
        c->status = status;
        c->phase = ANSWERED;
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}
