#include "shard/worker.h"

#include "base/check.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_RECORDS = 1024, LATE_A_BATCH = 8 };

struct tally {
    uint64_t records, gaps, outcome[OUTCOMES];
};

struct worker {
    struct worker_inputs in;
    struct decoder **decoders; /* by source */
    struct record *records;
    size_t record_count, next_record; /* of the batch in hand: a stall leaves a rest */
    struct tally *tally;              /* by source, of one step */
    unsigned late;
    struct generations generations; /* of this batch */
    int64_t progress_ns;            /* when it last had nothing to do or finished a record; 0: not timed */
    _Atomic int64_t longest_ns;
};

struct worker *worker_create(const struct worker_inputs *in)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->in = *in;
    w->decoders = xcalloc(in->config->source_count + 1, sizeof *w->decoders);
    for (unsigned i = 0; i < in->config->source_count; i++)
        w->decoders[i] = decoder_create(in->config->sources[i].mapping);
    w->records = xcalloc(BATCH_RECORDS, sizeof *w->records);
    w->tally = xcalloc(in->config->source_count + 1, sizeof *w->tally);
    return w;
}

void worker_destroy(struct worker **pointer)
{
    struct worker *w = *pointer;
    if (!w)
        return;
    for (unsigned i = 0; i < w->in.config->source_count; i++)
        decoder_destroy(&w->decoders[i]);
    free(w->decoders);
    free(w->records);
    free(w->tally);
    free(w);
    *pointer = NULL;
}

static void refuse(struct worker *w, struct handover *h, const struct record *record, unsigned source,
                   const struct refusal *why)
{
    struct reject *r = handover_add_reject(h);
    r->partition = record->partition;
    r->offset = record->offset;
    r->reason = decode_refusal_word(why->reason);
    r->place_len = (uint32_t)strlen(why->place);
    r->place_at = handover_add_text(h, why->place, r->place_len);
    r->expected_len = (uint32_t)strlen(why->expected);
    r->expected_at = handover_add_text(h, why->expected, r->expected_len);
    if (w->in.config->sources[source].keep_raw && record->bytes) {
        /* base64 must fit a record with the rest of the letter */
        r->raw_len = record->len < STORE_RECORD_MAX / 2 ? (uint32_t)record->len : STORE_RECORD_MAX / 2;
        r->raw_at = handover_add_text(h, record->bytes, r->raw_len);
    }
    w->tally[source].outcome[OUTCOME_REFUSED]++;
}

static void expired(struct worker *w, struct handover *h, const struct record *record, const struct event *event)
{
    w->tally[event->source].outcome[OUTCOME_EXPIRED]++;
    /* a full push of old rows is counted, and only sampled */
    if (w->late++ >= LATE_A_BATCH)
        return;
    struct reject *r = handover_add_reject(h);
    r->late = true;
    r->partition = record->partition;
    r->offset = record->offset;
    r->reason = "expired";
    r->occurred_at = event->occurred_at;
}

static void count_at(struct worker *w, struct handover *h, fact_ref ref, uint32_t region, uint16_t category)
{
    const struct generations *g = &w->generations;
    generation_count(g->current, w->in.ledger, ref, region, category, &h->findings);
    if (g->next)
        generation_count(g->next, w->in.ledger, ref, region, category, &h->next_findings);
}

static void count(struct worker *w, struct handover *h, const struct entered *entered)
{
    const struct fact *fact = ledger_fact(w->in.ledger, entered->ref);
    handover_add_fact(h, entered->ref);
    count_at(w, h, entered->ref, fact->region, fact->category);
    for (unsigned i = 0; i < entered->aliases; i++)
        handover_add_fact(h, entered->alias[i]);
    for (unsigned i = 0; i < entered->places; i++)
        count_at(w, h, entered->moved, entered->place[i].region, entered->place[i].category);
}

/* only where no clock has judged it before */
static void refuse_ahead(struct worker *w, struct handover *h, const struct record *record, const struct event *event)
{
    struct refusal why = {.reason = DECODE_FUTURE, .expected = "a time within eleven years of the oldest that is kept"};
    refuse(w, h, record, event->source, &why);
}

/* false: the ledger has no room for it yet */
static bool enter(struct worker *w, struct handover *h, const struct record *record, const struct event *event)
{
    struct entered entered;
    struct progress *progress = &h->progress[record->partition];
    switch (ledger_enter(w->in.writer, event, &entered)) {
    case ENTER_NEW:
        count(w, h, &entered);
        w->tally[event->source].outcome[OUTCOME_ACCEPTED]++;
        break;
    case ENTER_DUPLICATE:
        w->tally[event->source].outcome[OUTCOME_DUPLICATE]++;
        break;
    case ENTER_EXPIRED:
        expired(w, h, record, event);
        return true; /* it says nothing of how far its source has come */
    case ENTER_AHEAD:
        refuse_ahead(w, h, record, event);
        return true;
    case ENTER_FULL:
        /* room comes when the floor rises, and the floor follows the newest event */
        progress->touched = true;
        if (event->occurred_at > progress->newest)
            progress->newest = event->occurred_at;
        return false;
    }
    if (event->occurred_at > progress->newest)
        progress->newest = event->occurred_at;
    return true;
}

static bool take_data(struct worker *w, struct handover *h, const struct record *record)
{
    unsigned source = w->in.partitions[record->partition].source;
    int64_t now_ms = w->in.config->event_time ? -1 : clock_now_ms(w->in.clock);
    const struct event *events;
    struct refusal refusal;
    size_t n = decoder_decode(w->decoders[source], record->bytes, record->len, record->padded, now_ms, &events,
                              &refusal);
    if (refusal.reason != DECODE_OK) {
        refuse(w, h, record, source, &refusal);
    } else {
        for (size_t i = 0; i < n; i++)
            if (!enter(w, h, record, &events[i]))
                return false;
        w->tally[source].outcome[OUTCOME_SKIPPED] += n == 0;
    }
    w->tally[source].records++;
    w->tally[source].gaps += (uint64_t)record->skipped;
    return true;
}

static bool take_record(struct worker *w, struct handover *h, const struct record *record)
{
    struct progress *progress = &h->progress[record->partition];
    if (record->kind == RECORD_DATA) {
        if (!take_data(w, h, record))
            return false;
        progress->next_offset = record->offset + 1;
        progress->records = true;
    } else if (record->kind != RECORD_LOST && record->offset >= 0) {
        progress->next_offset = record->offset;
    }
    progress->touched = true;
    progress->state = record->kind;
    return true;
}

static void report(struct worker *w)
{
    for (unsigned s = 0; s < w->in.config->source_count; s++) {
        struct tally *t = &w->tally[s];
        if (t->records)
            metric_add(w->in.metrics, METRIC_RECORDS, s, 0, t->records);
        if (t->gaps)
            metric_add(w->in.metrics, METRIC_OFFSET_GAPS, s, 0, t->gaps);
        for (unsigned o = 0; o < OUTCOMES; o++)
            if (t->outcome[o])
                metric_add(w->in.metrics, METRIC_EVENTS, s, o, t->outcome[o]);
        *t = (struct tally){0};
    }
}

static bool timed(const struct worker *w)
{
    return w->in.timing && atomic_load_explicit(w->in.timing, memory_order_relaxed);
}

static int64_t steady_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void progressed(struct worker *w)
{
    int64_t now = steady_ns(), pause = w->progress_ns ? now - w->progress_ns : 0;
    w->progress_ns = now;
    if (pause > atomic_load_explicit(&w->longest_ns, memory_order_relaxed))
        atomic_store_explicit(&w->longest_ns, pause, memory_order_relaxed);
}

int64_t worker_longest_pause_ns(struct worker *w)
{
    return atomic_exchange(&w->longest_ns, 0);
}

enum worker_result worker_step(struct worker *w, int timeout_ms)
{
    struct handover *h = handover_begin(w->in.ring);
    if (!h)
        return WORKER_STALLED;
    if (w->next_record == w->record_count) {
        w->next_record = 0;
        w->record_count =
            w->in.source->ops->poll(w->in.source->context, w->in.number, w->records, BATCH_RECORDS, timeout_ms);
        w->progress_ns = timed(w) ? steady_ns() : 0;
        if (w->record_count == 0)
            return WORKER_IDLE;
    }
    w->late = 0;
    ledger_begin(w->in.writer);
    w->generations = *atomic_load(w->in.generations);
    h->generation = generation_number(w->generations.current);
    bool room = true;
    while (room && w->next_record < w->record_count)
        if ((room = take_record(w, h, &w->records[w->next_record]))) {
            w->next_record++;
            if (w->progress_ns)
                progressed(w);
        }
    generation_evaluate(w->generations.current, &h->findings);
    if (w->generations.next)
        generation_evaluate(w->generations.next, &h->next_findings);
    report(w);
    handover_end(w->in.ring);
    ledger_end(w->in.writer); /* last: who sees the batch over, sees what it handed over */
    if (w->progress_ns)
        progressed(w);
    if (w->next_record == w->record_count)
        w->in.source->ops->release(w->in.source->context, w->in.number);
    return room ? WORKER_DONE : WORKER_STALLED;
}
