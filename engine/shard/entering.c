#include "shard/entering.h"

#include "base/check.h"
#include "shard/backfill.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    STRIDE = 32, /* events whose places in memory are asked for together */
    STRIDE_ACTORS = 2 * EVENT_ACTORS_MAX,
    JOB_BYTES = 1 << 20,
    JOBS_WAITING = 8,
    GROW_EVERY = 1024, /* events */
};

/* records, each with its length before it; by its number it is known which came first */
struct job {
    struct job *next;
    struct buffer records;
    uint64_t number;
};

/* an event that was carried on, with texts of its own */
struct carried {
    uint64_t job, row;
    struct event event;
    char *texts;
};

/* what one thread holds while it enters */
struct hand {
    struct entering *of;
    struct ledger_writer *writer;
    pthread_t thread;
    struct entering_report report;
    struct event events[STRIDE];
    uint64_t actors[STRIDE_ACTORS];
    unsigned count, actor_count, since_grown;
    uint64_t job, row; /* of the event at hand */
    struct carried *carried;
    size_t carried_count, carried_capacity;
};

struct entering {
    struct ledger *ledger;
    const struct wire_names *names;
    unsigned thread_count, running;
    struct hand *hands; /* the threads', then the caller's */
    struct job *filling;
    uint64_t jobs;
    pthread_mutex_t maintaining; /* the ledger is maintained by one at a time */
    pthread_mutex_t lock;        /* of what follows */
    pthread_cond_t changed;
    struct job *first, **last;
    unsigned waiting;
    bool ending;
};

static struct hand *own_hand(struct entering *e)
{
    return &e->hands[e->thread_count];
}

static void maintain(struct hand *h)
{
    pthread_mutex_lock(&h->of->maintaining);
    ledger_maintain(h->of->ledger, h->report.newest);
    pthread_mutex_unlock(&h->of->maintaining);
}

/* sooner than it is full, since nobody else does it now */
static void grow(struct hand *h)
{
    h->since_grown += h->count;
    if (h->since_grown < GROW_EVERY || pthread_mutex_trylock(&h->of->maintaining) != 0)
        return;
    ledger_grow(h->of->ledger);
    pthread_mutex_unlock(&h->of->maintaining);
    h->since_grown = 0;
}

static void enter_stride(struct hand *h)
{
    struct ledger *ledger = h->of->ledger;
    struct event_keys keys[STRIDE];
    struct entered entered;
    ledger_begin(h->writer);
    ledger_prepare(ledger, h->events, keys, h->count);
    for (unsigned i = 0; i < h->count; i++) {
        const struct event *event = &h->events[i];
        if (event->occurred_at > h->report.newest)
            h->report.newest = event->occurred_at;
        enum enter_result result;
        while ((result = ledger_enter_prepared(h->writer, event, &keys[i], &entered)) == ENTER_FULL) {
            ledger_end(h->writer);
            maintain(h);
            ledger_begin(h->writer);
        }
        if (result == ENTER_NEW)
            backfill_mark(ledger, &entered);
    }
    ledger_end(h->writer);
    grow(h);
    h->count = h->actor_count = 0;
}

static struct str copy_text(char **at, struct str text)
{
    char *to = *at;
    if (text.len)
        memcpy(to, text.at, text.len);
    *at += text.len;
    return (struct str){to, text.len};
}

static void put_off(struct hand *h, const struct event *event)
{
    if (h->carried_count == h->carried_capacity) {
        h->carried_capacity = h->carried_capacity ? h->carried_capacity * 2 : 64;
        h->carried = xrealloc(h->carried, h->carried_capacity * sizeof *h->carried);
    }
    struct carried *c = &h->carried[h->carried_count++];
    *c = (struct carried){h->job, h->row, *event, NULL};
    char *at = c->texts = xmalloc(event->id.len + event->matter.len + event->respondent.len + event->target.len + 1);
    c->event.id = copy_text(&at, event->id);
    c->event.matter = copy_text(&at, event->matter);
    c->event.respondent = copy_text(&at, event->respondent);
    c->event.target = copy_text(&at, event->target);
    c->event.actors = NULL;
}

static void take_event(void *arg, const struct event *event)
{
    struct hand *h = arg;
    h->row++;
    if (event->carried_at) {
        CHECK(event->actor_count == 0);
        put_off(h, event);
        return;
    }
    if (h->count == STRIDE || event->actor_count > STRIDE_ACTORS - h->actor_count)
        enter_stride(h);
    struct event *kept = &h->events[h->count++];
    *kept = *event;
    kept->actors = &h->actors[h->actor_count];
    for (unsigned i = 0; i < event->actor_count; i++)
        h->actors[h->actor_count++] = event->actors[i];
}

static void do_job(struct hand *h, const struct job *job)
{
    h->job = job->number;
    h->row = 0;
    for (size_t at = 0; at < job->records.len;) {
        uint32_t len;
        memcpy(&len, job->records.at + at, sizeof len);
        struct str record = {job->records.at + at + sizeof len, len};
        h->report.broken += !wire_decode(h->of->names, record, take_event, h, &h->report.wire);
        at += sizeof len + len;
        enter_stride(h); /* its texts are the record's */
    }
}

static void job_free(struct job *job)
{
    buffer_free(&job->records);
    free(job);
}

static struct job *next_job(struct entering *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->first && !e->ending)
        pthread_cond_wait(&e->changed, &e->lock);
    struct job *job = e->first;
    if (job) {
        e->first = job->next;
        e->last = e->first ? e->last : &e->first;
        e->waiting--;
        pthread_cond_broadcast(&e->changed);
    }
    pthread_mutex_unlock(&e->lock);
    return job;
}

static void *work(void *arg)
{
    struct hand *h = arg;
    for (struct job *job; (job = next_job(h->of));) {
        do_job(h, job);
        job_free(job);
    }
    return NULL;
}

static void start_threads(struct entering *e)
{
    for (; e->running < e->thread_count; e->running++)
        CHECK(pthread_create(&e->hands[e->running].thread, NULL, work, &e->hands[e->running]) == 0);
}

static void hand_over(struct entering *e)
{
    start_threads(e);
    pthread_mutex_lock(&e->lock);
    while (e->waiting == JOBS_WAITING)
        pthread_cond_wait(&e->changed, &e->lock);
    *e->last = e->filling;
    e->last = &e->filling->next;
    e->waiting++;
    e->filling = NULL;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

struct entering *entering_begin(struct ledger *ledger, struct ledger_writer *own, const struct wire_names *names,
                                unsigned threads, const struct entering_report *so_far)
{
    CHECK(threads > 0);
    struct entering *e = xcalloc(1, sizeof *e);
    e->ledger = ledger;
    e->names = names;
    e->thread_count = threads;
    e->last = &e->first;
    e->hands = xcalloc(threads + 1, sizeof *e->hands);
    for (unsigned t = 0; t <= threads; t++) {
        e->hands[t].of = e;
        e->hands[t].report.newest = so_far->newest;
        e->hands[t].writer = t < threads ? ledger_writer(ledger, t) : own;
    }
    own_hand(e)->report = *so_far;
    CHECK(pthread_mutex_init(&e->maintaining, NULL) == 0 && pthread_mutex_init(&e->lock, NULL) == 0 &&
          pthread_cond_init(&e->changed, NULL) == 0);
    return e;
}

void entering_record(struct entering *e, struct str record)
{
    uint32_t len = (uint32_t)record.len;
    if (!e->filling) {
        e->filling = xcalloc(1, sizeof *e->filling);
        e->filling->number = e->jobs++;
    }
    buffer_put(&e->filling->records, &len, sizeof len);
    buffer_put(&e->filling->records, record.at, record.len);
    if (e->filling->records.len >= JOB_BYTES)
        hand_over(e);
}

static void finish_jobs(struct entering *e)
{
    if (e->filling) {
        do_job(own_hand(e), e->filling);
        job_free(e->filling);
    }
    pthread_mutex_lock(&e->lock);
    e->ending = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    for (unsigned t = 0; t < e->running; t++)
        pthread_join(e->hands[t].thread, NULL);
}

static void add_report(struct entering_report *sum, const struct entering_report *more)
{
    sum->wire.rows += more->wire.rows;
    sum->wire.unknown_regions += more->wire.unknown_regions;
    sum->wire.unknown_categories += more->wire.unknown_categories;
    sum->wire.unknown_sources += more->wire.unknown_sources;
    sum->broken += more->broken;
    if (more->newest > sum->newest)
        sum->newest = more->newest;
}

static int in_order(const void *a, const void *b)
{
    const struct carried *x = a, *y = b;
    if (x->job != y->job)
        return x->job < y->job ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void enter_carried(struct entering *e)
{
    struct hand *own = own_hand(e);
    for (unsigned t = 0; t < e->thread_count; t++)
        for (size_t i = 0; i < e->hands[t].carried_count; i++) {
            const struct carried *c = &e->hands[t].carried[i];
            own->job = c->job;
            own->row = c->row;
            put_off(own, &c->event);
            free(c->texts);
        }
    if (own->carried_count)
        qsort(own->carried, own->carried_count, sizeof *own->carried, in_order);
    for (size_t i = 0; i < own->carried_count; i++) {
        backfill_enter(e->ledger, own->writer, &own->carried[i].event, &own->report.newest);
        free(own->carried[i].texts);
    }
}

struct entering_report entering_end(struct entering **pointer)
{
    struct entering *e = *pointer;
    *pointer = NULL;
    finish_jobs(e);
    struct entering_report *sum = &own_hand(e)->report;
    for (unsigned t = 0; t < e->thread_count; t++)
        add_report(sum, &e->hands[t].report);
    enter_carried(e);
    struct entering_report report = *sum;
    for (unsigned t = 0; t <= e->thread_count; t++)
        free(e->hands[t].carried);
    pthread_mutex_destroy(&e->maintaining);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    free(e->hands);
    free(e);
    return report;
}
