/* Records into the past: decoded as a worker does it, refused with the same reasons. */
#include "replay/past_priv.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 1024, WAIT_MS = 100, OUT_OF_REACH_S = 15 };

static void refuse(struct past *past, unsigned source, const struct refusal *why, const char *name,
                   const struct source_partition *partition, int64_t offset)
{
    struct past_report *report = &past->report;
    report->refused++;
    for (size_t i = 0; i < report->refusal_count; i++)
        if (past->refusals[i].source == source && past->refusals[i].reason == why->reason) {
            past->refusals[i].count++;
            return;
        }
    past->refusals = xrealloc(past->refusals, (report->refusal_count + 1) * sizeof *past->refusals);
    struct past_refusals *r = &past->refusals[report->refusal_count++];
    *r = (struct past_refusals){.source = source, .reason = why->reason, .count = 1};
    bool topic = past->config->sources[source].topic && strcmp(past->config->sources[source].topic, name) == 0;
    if (topic)
        snprintf(r->first, sizeof r->first, "%.400s/%d:%lld", name, (int)partition->number, (long long)offset);
    else
        snprintf(r->first, sizeof r->first, "%.400s:%lld", name, (long long)offset + 1);
    memcpy(r->place, why->place, sizeof r->place);
    memcpy(r->expected, why->expected, sizeof r->expected);
}

static void take_record(struct past *past, unsigned source, const struct source_partition *partition,
                        const struct record *record)
{
    static const struct refusal ahead = {.reason = DECODE_FUTURE,
                                         .expected = "a time within eleven years of the oldest that is kept"};
    int64_t now_ms = past->config->event_time ? -1 : clock_now_ms(&clock_system);
    const struct event *events;
    struct refusal refusal;
    if (!past->config->sources[source].mapping)
        return; /* dispositions say nothing of what happened */
    if (!past->decoders[source])
        past->decoders[source] = decoder_create(past->config->sources[source].mapping);
    size_t count = decoder_decode(past->decoders[source], record->bytes, record->len, record->padded, now_ms, &events,
                                  &refusal);
    past->report.records++;
    if (refusal.reason != DECODE_OK)
        refuse(past, source, &refusal, partition->name, partition, record->offset);
    else
        past->report.silent += count == 0;
    for (size_t i = 0; i < count; i++)
        if (past_enter(past, &events[i]) == ENTER_AHEAD)
            refuse(past, source, &ahead, partition->name, partition, record->offset);
}

/* ---- a source ---- */

struct reading {
    struct past *past;
    const struct source_partition *partitions;
    size_t count;
    const unsigned *source_of;
    enum record_kind *state; /* by partition */
    double heard_s;
};

static void take_batch(struct reading *r, const struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct source_partition *partition = &r->partitions[records[i].partition];
        enum record_kind *state = &r->state[records[i].partition];
        if (records[i].kind == RECORD_DATA)
            take_record(r->past, r->source_of ? r->source_of[partition->source] : partition->source, partition,
                        &records[i]);
        /* what comes behind the end that it had is of another day */
        if (*state != RECORD_AT_END)
            *state = records[i].kind;
        if (records[i].kind != RECORD_LOST)
            r->heard_s = clock_steady_s();
    }
}

static size_t partitions_in(const struct reading *r, enum record_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += r->state[i] == kind;
    return count;
}

static bool read_all(struct reading *r, const struct source *source)
{
    struct record *records = xcalloc(BATCH, sizeof *records);
    bool reachable = true;
    while (reachable && partitions_in(r, RECORD_AT_END) + partitions_in(r, RECORD_FINISHED) < r->count) {
        size_t count = source->ops->poll(source->context, 0, records, BATCH, WAIT_MS);
        take_batch(r, records, count);
        source->ops->release(source->context, 0);
        reachable = partitions_in(r, RECORD_LOST) == 0 || clock_steady_s() - r->heard_s < OUT_OF_REACH_S;
    }
    free(records);
    return reachable;
}

bool past_read(struct past *past, const struct source *source, const unsigned *source_of)
{
    struct reading r = {.past = past, .source_of = source_of, .heard_s = clock_steady_s()};
    r.partitions = source->ops->partitions(source->context, &r.count);
    r.state = xcalloc(r.count + 1, sizeof *r.state);
    int64_t *offsets = xcalloc(r.count + 1, sizeof *offsets);
    double begin = r.heard_s;
    for (size_t i = 0; i < r.count; i++)
        offsets[i] = -1;
    bool good = source->ops->start(source->context, offsets, 1) && read_all(&r, source);
    past->report.seconds += clock_steady_s() - begin;
    free(offsets);
    free(r.state);
    return good;
}

/* ---- the engine's own log ---- */

static void take_event(void *arg, const struct event *event)
{
    past_enter(arg, event);
}

struct following {
    struct past *past; /* NULL: facts are of no interest */
    json_t *state;     /* NULL: nor is the state */
    uint64_t records;
};

static bool take_log(void *arg, enum store_topic topic, struct str key, struct str value)
{
    struct following *f = arg;
    struct past *past = f->past;
    f->records++;
    if (topic == STORE_STATE && f->state)
        store_state_take(f->state, key, value);
    if (!past || (topic != STORE_LEDGER && topic != STORE_READINGS))
        return true;
    struct wire_names names = {past->config->registry, past->config->catalogue};
    past->report.records++;
    past->report.log_broken += !wire_decode(&names, value, take_event, past, &past->report.log);
    return true;
}

bool past_follow(struct past *past, json_t *state, const struct store *store)
{
    struct following f = {past, state, 0};
    double begin = clock_steady_s(), heard = begin;
    enum store_result result = STORE_OK;
    for (bool at_end = false; !at_end && result == STORE_OK;) {
        uint64_t before = f.records;
        result = store->ops->follow(store->context, take_log, &f, 1000, &at_end);
        if (f.records > before)
            heard = clock_steady_s();
        else if (clock_steady_s() - heard > OUT_OF_REACH_S)
            result = STORE_LOST;
    }
    if (past)
        past->report.seconds += clock_steady_s() - begin;
    return result == STORE_OK;
}
