/* A mutex around a handful of short texts: probes come a few times a minute and a loop beats a few hundred times a
 * second, so nothing cleverer is called for.  Deadlines are judged when somebody asks, not by a timer: a process too
 * stuck to run its timers is just the one that must be found out. */
#include "metrics/health.h"

#include "base/check.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    const char *name;
    enum health_probe probe;
} table[HEALTH_CONDITIONS] = {
#define X(name, word, probe, meaning) {word, HEALTH_##probe},
    HEALTH_TABLE(X)
#undef X
};

struct condition {
    bool ok;
    int64_t beaten_ms, limit_ms; /* limit_ms 0: no beat is awaited */
    char reason[HEALTH_REASON_MAX];
};

struct health {
    pthread_mutex_t lock; /* over `conditions` */
    const struct clock *steady;
    struct condition conditions[HEALTH_CONDITIONS];
};

static int64_t monotonic_ms(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct clock monotonic = {monotonic_ms, NULL};

struct health *health_create(const struct clock *steady)
{
    struct health *h = xcalloc(1, sizeof *h);
    CHECK(pthread_mutex_init(&h->lock, NULL) == 0);
    h->steady = steady ? steady : &monotonic;
    for (int i = 0; i < HEALTH_CONDITIONS; i++)
        health_set(h, (enum health_condition)i, table[i].probe == HEALTH_LIVE, "not started yet");
    return h;
}

void health_destroy(struct health **h)
{
    if (*h)
        pthread_mutex_destroy(&(*h)->lock);
    free(*h);
    *h = NULL;
}

void health_set(struct health *h, enum health_condition which, bool ok, const char *reason, ...)
{
    struct condition new = {.ok = ok};
    va_list args;
    va_start(args, reason);
    vsnprintf(new.reason, sizeof new.reason, reason, args);
    va_end(args);
    pthread_mutex_lock(&h->lock);
    h->conditions[which] = new;
    pthread_mutex_unlock(&h->lock);
}

void health_beat(struct health *h, enum health_condition which, int64_t limit_ms)
{
    CHECK(limit_ms > 0);
    int64_t now_ms = clock_now_ms(h->steady);
    pthread_mutex_lock(&h->lock);
    struct condition *c = &h->conditions[which];
    c->ok = true;
    c->beaten_ms = now_ms;
    c->limit_ms = limit_ms;
    pthread_mutex_unlock(&h->lock);
}

static bool judge(const struct condition *c, int64_t now_ms, char *reason)
{
    if (!c->limit_ms) {
        snprintf(reason, HEALTH_REASON_MAX, "%s", c->reason);
        return c->ok;
    }
    int64_t age_ms = now_ms - c->beaten_ms;
    bool ok = age_ms <= c->limit_ms;
    snprintf(reason, HEALTH_REASON_MAX, "%s %" PRId64 " ms ago, at most %" PRId64 " ms allowed",
             ok ? "made progress" : "no progress since", age_ms, c->limit_ms);
    return ok;
}

char *health_json(struct health *h, enum health_probe probe, bool *ok)
{
    int64_t now_ms = clock_now_ms(h->steady);
    struct condition conditions[HEALTH_CONDITIONS];
    pthread_mutex_lock(&h->lock);
    for (int i = 0; i < HEALTH_CONDITIONS; i++)
        conditions[i] = h->conditions[i];
    pthread_mutex_unlock(&h->lock);

    *ok = true;
    json_t *list = json_array();
    for (int i = 0; i < HEALTH_CONDITIONS; i++) {
        if (probe == HEALTH_LIVE && table[i].probe != HEALTH_LIVE)
            continue;
        char reason[HEALTH_REASON_MAX];
        bool holds = judge(&conditions[i], now_ms, reason);
        *ok = *ok && holds;
        /* a reason cut in the middle of a character is no UTF-8: better none than no answer */
        json_t *text = json_string(reason);
        json_array_append_new(list, json_pack("{s:s, s:b, s:o}", "name", table[i].name, "ok", holds, "reason",
                                              text ? text : json_string("")));
    }
    json_t *body = json_pack("{s:s, s:o}", "status", *ok ? "ok" : "failing", "conditions", list);
    char *text = json_dumps(body, JSON_COMPACT);
    CHECK(text);
    json_decref(body);
    return text;
}
