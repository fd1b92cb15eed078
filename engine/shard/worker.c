#include "shard/worker.h"

#include "base/check.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_RECORDS = 1024, LATE_A_BATCH = 8 };

/* Some records' events at once: all are decoded, then all entered, then all counted, and each step begins with asking for
 * what it will touch, so that memory is waited for once and not each time. */
enum { STRIDE = 32, STRIDE_TEXT = STRIDE * 4 * EVENT_TEXT_MAX };
struct stride {
    unsigned count;
    struct event events[STRIDE];
    struct event_keys keys[STRIDE];
    uint64_t actors[STRIDE * 4];
    char text[STRIDE_TEXT];
    size_t actor_count, text_len;
    unsigned records;
    unsigned events_of[STRIDE]; /* by record */
};

struct tally {
    uint64_t records, gaps, outcome[OUTCOMES];
};

struct worker {
    struct worker_inputs in;
    struct decoder **decoders; /* by source */
    struct record *records;
    size_t record_count, next_record; /* of the batch in hand: a stall leaves a rest */
    struct tally *tally;              /* by source, of one step */
    int64_t *came;                    /* by partition: the newest event's time of one step, whatever became of it */
    unsigned late;
    struct generations generations; /* of this batch */
    int64_t now_ms;                 /* of this stride, against which its events' times are judged; -1: by no clock */
    struct stride stride;
    struct touched touched, next_touched; /* by the facts of a stride; of the generation to come */
    int64_t progress_ns;            /* when it last had nothing to do or finished a record; 0: not timed */
    _Atomic int64_t longest_ns;
};

struct worker *worker_create(const struct worker_inputs *in)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->in = *in;
    w->decoders = xcalloc(in->config->source_count + 1, sizeof *w->decoders);
    for (unsigned i = 0; i < in->config->source_count; i++)
        if (in->config->sources[i].mapping)
            w->decoders[i] = decoder_create(in->config->sources[i].mapping);
    w->records = xcalloc(BATCH_RECORDS, sizeof *w->records);
    w->tally = xcalloc(in->config->source_count + 1, sizeof *w->tally);
    w->came = xcalloc(in->partition_count + 1, sizeof *w->came);
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
    touched_free(&w->touched);
    touched_free(&w->next_touched);
    free(w->records);
    free(w->tally);
    free(w->came);
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

static void touch_at(struct worker *w, fact_ref ref, uint32_t region, uint16_t category)
{
    const struct generations *g = &w->generations;
    generation_touch(g->current, w->in.ledger, ref, region, category, &w->touched);
    if (g->next)
        generation_touch(g->next, w->in.ledger, ref, region, category, &w->next_touched);
}

static void touch(struct worker *w, struct handover *h, const struct event *event, const struct entered *entered)
{
    handover_add_fact(h, entered->ref);
    touch_at(w, entered->ref, event->region, event->category);
    for (unsigned i = 0; i < entered->aliases; i++)
        handover_add_fact(h, entered->alias[i]);
    for (unsigned i = 0; i < entered->places; i++)
        touch_at(w, entered->moved, entered->place[i].region, entered->place[i].category);
}

static void count(struct worker *w, struct handover *h)
{
    const struct generations *g = &w->generations;
    generation_count(g->current, w->in.ledger, &w->touched, &h->findings);
    if (g->next)
        generation_count(g->next, w->in.ledger, &w->next_touched, &h->next_findings);
}

/* only where no clock has judged it before */
static void refuse_ahead(struct worker *w, struct handover *h, const struct record *record, const struct event *event)
{
    struct refusal why = {.reason = DECODE_FUTURE, .expected = "a time within eleven years of the oldest that is kept"};
    refuse(w, h, record, event->source, &why);
}

/* false: the ledger has no room for it yet */
static bool enter(struct worker *w, struct handover *h, const struct record *record, const struct event *event,
                  const struct event_keys *keys)
{
    struct entered entered;
    struct progress *progress = &h->progress[record->partition];
    if (event->occurred_at > w->came[record->partition])
        w->came[record->partition] = event->occurred_at;
    switch (ledger_enter_prepared(w->in.writer, event, keys, &entered)) {
    case ENTER_NEW:
        touch(w, h, event, &entered);
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

struct decoded {
    const struct event *events;
    size_t count;
    struct refusal refusal;
};

static void decode(struct worker *w, const struct record *record, struct decoded *out)
{
    struct decoder *decoder = w->decoders[w->in.partitions[record->partition].source];
    out->count = decoder_decode(decoder, record->bytes, record->len, record->padded, w->now_ms, &out->events, &out->refusal);
}

/* A record is done with, its events entered. */
static void took(struct worker *w, struct handover *h, const struct record *record)
{
    struct progress *progress = &h->progress[record->partition];
    struct tally *tally = &w->tally[w->in.partitions[record->partition].source];
    tally->records++;
    tally->gaps += (uint64_t)record->skipped;
    progress->next_offset = record->offset + 1;
    progress->stamped_ms = record->stamped_ms;
    progress->records = progress->touched = true;
    progress->state = RECORD_DATA;
    w->next_record++;
}

static bool take_data(struct worker *w, struct handover *h, const struct record *record, const struct decoded *decoded)
{
    unsigned source = w->in.partitions[record->partition].source;
    bool room = true;
    if (decoded->refusal.reason != DECODE_OK)
        refuse(w, h, record, source, &decoded->refusal);
    else
        w->tally[source].outcome[OUTCOME_SKIPPED] += decoded->count == 0;
    for (size_t i = 0; i < decoded->count && room; i++) {
        struct event_keys keys;
        ledger_prepare(w->in.ledger, &decoded->events[i], &keys, 1);
        room = enter(w, h, record, &decoded->events[i], &keys);
        if (i % STRIDE == STRIDE - 1)
            count(w, h);
    }
    count(w, h);
    if (room)
        took(w, h, record);
    return room;
}

/* a disposition, or what is said of silences */
static bool read_said(const struct worker *w, struct handover *h, const struct record *record,
                      const struct config_source *s, struct refusal *refusal)
{
    struct str text = {record->bytes, record->len};
    struct rule_context words = config_rule_context(w->in.config);
    struct silence silence;
    struct disposition d;
    switch (silence_read(text, w->now_ms, s->skew_s, &words, &silence, refusal)) {
    case SILENCE_WRONG:
        return false;
    case SILENCE_SAID:
        silence.partition = record->partition;
        silence.offset = record->offset;
        handover_add_silence(h, &silence);
        return true;
    case SILENCE_NONE:
        break;
    }
    if (!disposition_read(text, w->now_ms, s->skew_s, &words, &d, refusal))
        return false;
    d.partition = record->partition;
    d.offset = record->offset;
    handover_add_disposition(h, &d);
    return true;
}

/* It is no event: it goes to the committer as it is. */
static void take_disposition(struct worker *w, struct handover *h, const struct record *record)
{
    unsigned source = w->in.partitions[record->partition].source;
    const struct config_source *s = &w->in.config->sources[source];
    struct refusal refusal = {.reason = DECODE_TOO_LARGE, .expected = "no more bytes than a disposition has"};
    if (record->len <= (size_t)s->max_record_bytes && read_said(w, h, record, s, &refusal))
        w->tally[source].outcome[OUTCOME_ACCEPTED]++;
    else
        refuse(w, h, record, source, &refusal);
    took(w, h, record);
}

static bool is_disposition(const struct worker *w, const struct record *record)
{
    return record->kind == RECORD_DATA && !w->decoders[w->in.partitions[record->partition].source];
}

static void take_mark(struct worker *w, struct handover *h, const struct record *record)
{
    struct progress *progress = &h->progress[record->partition];
    if (record->kind != RECORD_LOST && record->offset >= 0)
        progress->next_offset = record->offset;
    progress->touched = true;
    progress->state = record->kind;
    w->next_record++;
}

static struct str keep_text(struct stride *s, struct str text)
{
    char *at = s->text + s->text_len;
    if (text.len)
        memcpy(at, text.at, text.len);
    s->text_len += text.len;
    return (struct str){at, text.len};
}

/* false: no room for the record's events */
static bool keep(struct worker *w, const struct decoded *decoded)
{
    struct stride *s = &w->stride;
    size_t actors = s->actor_count;
    for (size_t i = 0; i < decoded->count; i++)
        actors += decoded->events[i].actor_count;
    if (decoded->count > STRIDE - s->count || actors > sizeof s->actors / sizeof *s->actors)
        return false;
    for (size_t i = 0; i < decoded->count; i++) {
        struct event *e = &s->events[s->count];
        *e = decoded->events[i];
        e->id = keep_text(s, e->id);
        e->target = keep_text(s, e->target);
        e->matter = keep_text(s, e->matter);
        e->respondent = keep_text(s, e->respondent);
        for (uint32_t k = 0; k < e->actor_count; k++)
            s->actors[s->actor_count + k] = e->actors[k];
        e->actors = &s->actors[s->actor_count];
        s->actor_count += e->actor_count;
        s->count++;
        generation_prefetch(w->generations.current, e->region);
    }
    s->events_of[s->records++] = (unsigned)decoded->count;
    return true;
}

static bool enter_stride(struct worker *w, struct handover *h)
{
    struct stride *s = &w->stride;
    unsigned at = 0;
    bool room = true;
    ledger_prepare(w->in.ledger, s->events, s->keys, s->count);
    for (unsigned r = 0; r < s->records && room; r++) {
        const struct record *record = &w->records[w->next_record];
        for (unsigned end = at + s->events_of[r]; at < end && room; at++)
            room = enter(w, h, record, &s->events[at], &s->keys[at]);
        if (room) {
            w->tally[w->in.partitions[record->partition].source].outcome[OUTCOME_SKIPPED] += s->events_of[r] == 0;
            took(w, h, record);
        }
    }
    count(w, h);
    return room;
}

/* Takes the next records, one at least.  What does not fit into a stride (marks, refusals, many events) is taken by itself,
 * in its order.  false: the ledger has no room for the next one yet. */
static bool take_stride(struct worker *w, struct handover *h)
{
    struct stride *s = &w->stride;
    struct decoded decoded = {0};
    s->count = s->records = 0;
    s->actor_count = s->text_len = 0;
    w->now_ms = w->in.config->event_time ? -1 : clock_now_ms(w->in.clock);
    size_t at = w->next_record;
    while (at < w->record_count && s->records < STRIDE && w->records[at].kind == RECORD_DATA &&
           !is_disposition(w, &w->records[at])) {
        decode(w, &w->records[at], &decoded);
        if (decoded.refusal.reason != DECODE_OK || !keep(w, &decoded))
            break;
        at++;
    }
    const struct record *record = &w->records[w->next_record];
    if (s->records)
        return enter_stride(w, h);
    if (is_disposition(w, record))
        take_disposition(w, h, record);
    else if (record->kind == RECORD_DATA)
        return take_data(w, h, record, &decoded);
    else
        take_mark(w, h, record);
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

static void tell_pace(struct worker *w)
{
    const struct source *source = w->in.source;
    for (size_t p = 0; source->ops->came && p < w->in.partition_count; p++) {
        if (w->came[p])
            source->ops->came(source->context, (uint32_t)p, w->came[p]);
        w->came[p] = 0;
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
    h->rules = generation_rules(w->generations.current);
    h->next_rules = w->generations.next ? generation_rules(w->generations.next) : NULL;
    bool room = true;
    while (room && w->next_record < w->record_count) {
        room = take_stride(w, h);
        if (w->progress_ns)
            progressed(w);
    }
    findings_settle(&h->findings);
    findings_settle(&h->next_findings);
    report(w);
    tell_pace(w);
    handover_end(w->in.ring);
    ledger_end(w->in.writer); /* last: who sees the batch over, sees what it handed over */
    if (w->progress_ns)
        progressed(w);
    if (w->next_record == w->record_count)
        w->in.source->ops->release(w->in.source->context, w->in.number);
    return room ? WORKER_DONE : WORKER_STALLED;
}
