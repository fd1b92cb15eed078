#include "commit/committer_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "ledger/carry.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    COMMIT_EVERY_MS = 1000,   /* when there is nothing to publish */
    /* An alert waits for the commit that is under way, which takes the longer the more is in it.  So a cut that has grown is
     * committed sooner, as long as commits take no more than a fifth of the time. */
    COMMIT_BYTES = 1 << 20,
    COMMIT_REST = 4, /* times as long as the last one took */
    /* What was read late may wait a little longer, one part in so many of what it has waited already: while a backlog is
     * caught up with, one look and one transaction then tell of many alerts. */
    LATE_SHARE = 20,
    LATE_MOST_MS = 250,
    LATE_BYTES = 3 << 20, /* but a finding is sought from the newest fact backwards: the later it is looked at, the further */
    COMMIT_QUIET_MS = 10000,  /* when only watermarks move */
    COUNT_EVERY_MS = 1000,    /* gauges that walk the tracked subjects */
    RETRY_EVERY_MS = 20,
    HANDOVERS_A_STEP = 64,
    AWAKE_GAP_MS = 5000,    /* longer between two steps: it was held up, or the clock was set */
    LIMIT_GRACE_MS = 15000, /* longer than a source needs to tell that a partition is out of reach */
};

static void by_rule_allocate(struct committer *c)
{
    unsigned rules = generation_rules(c->in.generation)->count;
    free(c->times);
    c->times = xcalloc(rules + 1, sizeof *c->times);
}

static void rule_times(struct committer *);

static void remember_watermarks(struct committer *c)
{
    for (size_t i = 0; i < c->marks.source_count; i++)
        c->watermark_at_commit[i] = c->marks.sources[i].watermark;
}

void committer_restored(struct committer *c)
{
    remember_watermarks(c);
    watermarks_update(&c->marks, clock_now_ms(c->in.clock)); /* a source may have been silent before, and still be */
    rule_times(c);
    tracker_stand(c->tracker);
    c->restored = true;
}

struct committer *committer_create(const struct committer_inputs *in)
{
    struct committer *c = xcalloc(1, sizeof *c);
    c->parts = json_object();
    c->in = *in;
    c->late_ms = LATE_NONE;
    const struct config *config = in->config;
    struct tracker_outputs out = committer_outputs;
    out.arg = c;
    c->tracker = tracker_create(in->ledger, config->registry, config->catalogue, in->generation, config->group, &out);
    c->encoder = wire_encoder_create(&(struct wire_names){config->registry, config->catalogue});
    c->notify = notify_create(config->registry, config->catalogue, generation_rules(in->generation));
    tracker_notify(c->tracker, c->notify);
    tracker_limit(c->tracker, (size_t)config->tracked_bytes);
    c->handed = xcalloc(in->ring_count + 1, sizeof *c->handed);
    by_rule_allocate(c);
    atomic_init(&c->generation, in->generation);
    c->number = 1;
    int64_t now = clock_now_ms(in->clock);
    atomic_init(&c->committed_ms, now);
    c->heartbeat_ms = now;

    c->marks.clock = !config->event_time;
    c->marks.partition_count = in->partition_count;
    c->marks.partitions = xcalloc(in->partition_count + 1, sizeof *c->marks.partitions);
    c->partition_names = xcalloc(in->partition_count + 1, sizeof *c->partition_names);
    c->rendered = xcalloc(in->partition_count + 1, sizeof *c->rendered);
    c->rendered_sources = xcalloc(config->source_count + 1, sizeof *c->rendered_sources);
    c->next_offsets = xcalloc(in->partition_count + 1, sizeof *c->next_offsets);
    for (size_t i = 0; i < in->partition_count; i++) {
        c->marks.partitions[i] = (struct partition_progress){
            .source = in->partitions[i].source,
            .next_offset = -1,
            .newest = INT64_MIN,
            .heard_ms = HEARD_NOT_YET, /* a standby hears nothing; the silence that it finds begins when it leads */
            .state = RECORD_DATA,
        };
        char name[512];
        snprintf(name, sizeof name, "%s/%d", in->partitions[i].name, (int)in->partitions[i].number);
        c->partition_names[i] = xstrdup(name);
    }
    c->marks.source_count = config->source_count;
    c->marks.sources = xcalloc(config->source_count + 1, sizeof *c->marks.sources);
    for (unsigned i = 0; i < config->source_count; i++)
        c->marks.sources[i] = (struct source_progress){
            .lateness_s = config->sources[i].lateness_s,
            .silent_after_s = config->sources[i].silent_after_s,
            .heard_ms = HEARD_NOT_YET,
            .thawed_ms = INT64_MIN,
            .horizon = MINUTE_NONE,
            .watermark = WATERMARK_NONE,
            .untimed = !config->sources[i].mapping,
        };
    if (config_dispositions(config))
        tracker_answers(c->tracker);
    for (size_t i = 0; i < in->partition_count; i++)
        c->marks.sources[in->partitions[i].source].seen = !c->marks.sources[in->partitions[i].source].untimed;
    c->watermark_at_commit = xcalloc(config->source_count + 1, sizeof *c->watermark_at_commit);
    remember_watermarks(c);
    rule_times(c);
    return c;
}

void committer_destroy(struct committer **pointer)
{
    struct committer *c = *pointer;
    if (!c)
        return;
    tracker_destroy(&c->tracker);
    notify_destroy(&c->notify);
    free(c->unsettled);
    wire_encoder_destroy(&c->encoder);
    for (size_t i = 0; i < c->in.partition_count; i++)
        free(c->partition_names[i]);
    free(c->partition_names);
    free(c->rendered);
    free(c->rendered_sources);
    free(c->next_offsets);
    free(c->marks.partitions);
    free(c->marks.sources);
    free(c->times);
    free(c->watermark_at_commit);
    free(c->backfilled);
    free(c->coming.all);
    free(c->handed);
    json_decref(c->parts);
    json_decref(c->known_rules);
    buffer_free(&c->scratch);
    cut_free(&c->cut);
    free(c);
    *pointer = NULL;
}

bool committer_waiting(const struct committer *c)
{
    for (unsigned w = 0; w < c->in.ring_count; w++)
        if (handover_take(&c->in.rings[w]))
            return true;
    return false;
}

bool committer_clean(const struct committer *c)
{
    return !committer_waiting(c) && !c->frozen && !c->changed && !c->revisions;
}

uint64_t committer_cut(const struct committer *c)
{
    return atomic_load(&c->committed);
}

int64_t committer_alive_ms(const struct committer *c)
{
    return atomic_load_explicit(&c->alive_ms, memory_order_relaxed);
}

int64_t committer_committed_ms(const struct committer *c)
{
    return atomic_load_explicit(&c->committed_ms, memory_order_relaxed);
}

unsigned committer_unreachable(const struct committer *c)
{
    return atomic_load_explicit(&c->unreachable, memory_order_relaxed);
}

const struct watermarks *committer_watermarks(const struct committer *c)
{
    return &c->marks;
}

const struct tracker *committer_tracker(const struct committer *c)
{
    return c->tracker;
}

void committer_find(struct committer *c, const struct finding *f)
{
    if (c->backfilled_count == c->backfilled_capacity) {
        c->backfilled_capacity = c->backfilled_capacity ? c->backfilled_capacity * 2 : 64;
        c->backfilled = xrealloc(c->backfilled, c->backfilled_capacity * sizeof *c->backfilled);
    }
    c->backfilled[c->backfilled_count++] = *f;
}

void committer_note(struct committer *c, const struct state_note *note)
{
    struct store_record record = {.topic = STORE_STATE, .key = str_of(note->key), .value = note->value};
    cut_add(&c->cut, &record);
    c->changed = c->noted = true;
}

/* ---- gathering ---- */

static void take_progress(struct committer *c, const struct handover *h, int64_t now_ms)
{
    for (size_t i = 0; i < c->in.partition_count; i++) {
        const struct progress *from = &h->progress[i];
        struct partition_progress *to = &c->marks.partitions[i];
        if (!from->touched)
            continue;
        if (from->next_offset >= 0 && from->next_offset != to->next_offset) {
            to->next_offset = from->next_offset;
            c->changed = true;
        }
        if (from->newest > to->newest)
            to->newest = from->newest;
        if (from->records) {
            watermarks_hear(&c->marks, to, now_ms);
            int64_t late_ms = from->stamped_ms ? now_ms - from->stamped_ms : 0;
            c->late_ms = late_ms < c->late_ms ? late_ms : c->late_ms;
        }
        to->state = from->state == RECORD_AT_END && c->in.drain ? RECORD_FINISHED : from->state;
    }
}

void committer_take_fact(struct committer *c, fact_ref ref)
{
    const struct fact *fact = ledger_fact(c->in.ledger, ref);
    CHECK(!fact_committed(fact));
    for (unsigned p = 0; p <= fact->parties; p++)
        ledger_commit(c->in.ledger, ref + p, (uint32_t)c->number);
    if (fact->kind != FACT_ALIAS)
        cut_add_fact(&c->cut, fact_shelf(fact->kind), ref);
    c->changed = true;
}

static void find_all(struct committer *c, const struct findings *now)
{
    tracker_find(c->tracker, now->all, now->count);
    metric_add(c->in.metrics, METRIC_FINDINGS, 0, 0, now->count);
}

/* The worker may have been a generation behind, or counting for the one to come as well.  Where that has the same rules,
 * for which counters are renewed, both speak of them: of two facts that cross a threshold together, one may see it in the
 * counters before and the other in those to come. */
static void take_findings(struct committer *c, const struct handover *h)
{
    const struct rule_set *mine = generation_rules(c->in.generation);
    if (h->rules == mine)
        find_all(c, &h->findings);
    if (h->next_rules == mine)
        find_all(c, &h->next_findings);
    for (size_t i = 0; h->rules == mine && h->next_rules != mine && i < h->next_findings.count; i++)
        findings_add(&c->coming, &h->next_findings.all[i]);
}

/* Facts first, all of them, then what rests on them: a fact may concern one that stands later in the same unit. */
static void take_handover(struct committer *c, const struct handover *h, int64_t now_ms)
{
    take_progress(c, h, now_ms);
    for (size_t i = 0; i < h->fact_count; i++)
        committer_take_fact(c, h->facts[i]);
    tracker_feed(c->tracker, h->facts, h->fact_count);
    take_findings(c, h);
    for (size_t i = 0; i < h->disposition_count; i++)
        tracker_dispose(c->tracker, &h->dispositions[i]);
    for (size_t i = 0; i < h->silence_count; i++)
        publish_answer(c, h->silences[i].partition, h->silences[i].offset, notify_take(c->notify, &h->silences[i]));
    for (size_t i = 0; i < h->reject_count; i++) {
        publish_reject(c, h->text.at, &h->rejects[i]);
        c->changed = true;
    }
}

static size_t pending_bytes(const struct committer *c)
{
    return c->cut.bytes.len + (c->cut.fact_count[SHELF_FACTS] + c->cut.fact_count[SHELF_READINGS]) * 128;
}

static bool is_large(const struct committer *c)
{
    return pending_bytes(c) > (size_t)c->in.config->uncommitted_bytes / 2;
}

static bool gather(struct committer *c, int64_t now_ms)
{
    bool any = false;
    for (unsigned w = 0; w < c->in.ring_count; w++)
        for (int i = 0; i < HANDOVERS_A_STEP; i++) {
            if (pending_bytes(c) > (size_t)c->in.config->uncommitted_bytes)
                return any;
            struct handover *h = handover_take(&c->in.rings[w]);
            if (!h)
                break;
            take_handover(c, h, now_ms);
            handover_release(&c->in.rings[w]);
            any = true;
        }
    return any;
}

/* ---- time ---- */

/* by the marks of the sources that it reads; a rule of silent() by the clock */
static struct rule_time rule_time(const struct committer *c, const struct rule *rule)
{
    if (rule->standing)
        return (struct rule_time){MINUTE_NONE, c->marks.clock ? c->minute : MINUTE_NONE, MINUTE_NONE, false};
    int64_t watermark = WATERMARK_ALL, before = WATERMARK_ALL, horizon = MINUTE_NEVER;
    bool silent = false, any = false;
    for (size_t i = 0; i < c->marks.source_count; i++) {
        const struct source_progress *source = &c->marks.sources[i];
        if (!(rule->sources >> i & 1) || !source->seen)
            continue;
        any = true;
        silent |= source->silent;
        if (source->watermark < watermark)
            watermark = source->watermark;
        if (c->watermark_at_commit[i] < before)
            before = c->watermark_at_commit[i];
        if (source->horizon < horizon)
            horizon = source->horizon;
    }
    if (!any)
        return (struct rule_time){MINUTE_NONE, MINUTE_NONE, MINUTE_NONE, silent};
    return (struct rule_time){watermark_minute(before), watermark_minute(watermark), horizon, silent};
}

/* Of those that are not silent, if there are any: one that will never be heard again must not hold up the others. */
static int64_t complete_minute(const struct committer *c)
{
    int64_t least = WATERMARK_ALL, heard = WATERMARK_ALL;
    for (size_t i = 0; i < c->marks.source_count; i++) {
        const struct source_progress *s = &c->marks.sources[i];
        if (s->seen && s->watermark < least)
            least = s->watermark;
        if (s->seen && !s->silent && s->watermark < heard)
            heard = s->watermark;
    }
    least = heard == WATERMARK_ALL ? least : heard;
    return least == WATERMARK_ALL || least <= 0 ? 0 : watermark_minute(least);
}

/* Which minutes are closed, and were when the last cut was committed: reckoned when one of them has moved. */
static void rule_times(struct committer *c)
{
    const struct rule_set *rules = generation_rules(c->in.generation);
    uint64_t silent_sources = 0;
    c->minute = clock_now_ms(c->in.clock) / 60000;
    for (size_t i = 0; i < c->marks.source_count; i++)
        silent_sources |= (uint64_t)c->marks.sources[i].silent << i;
    tracker_silence(c->tracker, silent_sources);
    atomic_store_explicit(&c->complete_minute, complete_minute(c), memory_order_relaxed);
    for (unsigned r = 0; r < rules->count; r++)
        c->times[r] = rule_time(c, &rules->rules[r]);
}

/* of all that was read */
static int64_t newest_event(const struct committer *c)
{
    int64_t newest = 0;
    for (size_t i = 0; i < c->marks.partition_count; i++) {
        const struct partition_progress *p = &c->marks.partitions[i];
        if (!c->marks.sources[p->source].untimed && p->newest > newest)
            newest = p->newest;
    }
    return newest;
}

/* Event time by which the ledger's floor is set.  With a clock, which has judged every event, the newest.  Without one
 * events may be far apart, and the slowest partition that is still being read holds the floor; one at its end does not,
 * or an empty partition would stop a long replay. */
static int64_t ledger_now(const struct committer *c)
{
    int64_t newest = newest_event(c), least = INT64_MAX;
    for (size_t i = 0; i < c->marks.partition_count; i++) {
        const struct partition_progress *p = &c->marks.partitions[i];
        if (c->marks.sources[p->source].untimed)
            continue;
        int64_t here = p->newest == INT64_MIN ? 0 : p->newest - c->marks.sources[p->source].lateness_s;
        if (p->state != RECORD_AT_END && p->state != RECORD_FINISHED && here < least)
            least = here;
    }
    return c->marks.clock || least == INT64_MAX ? newest : least > 0 ? least : 0;
}

/* Up to when limits may be judged: all dispositions that were made by then have been read.  A partition at its end is
 * known to be so, by whoever has been awake for long enough to be told that it is out of reach. */
static int64_t limits_until(struct committer *c, int64_t now_ms)
{
    bool read = c->marks.clock && !committer_waiting(c);
    if (now_ms < c->stepped_ms || now_ms > c->stepped_ms + AWAKE_GAP_MS)
        c->awake_ms = now_ms;
    c->stepped_ms = now_ms;
    for (size_t i = 0; i < c->marks.partition_count; i++) {
        const struct partition_progress *p = &c->marks.partitions[i];
        read &= !c->marks.sources[p->source].untimed || p->state == RECORD_AT_END || p->state == RECORD_FINISHED;
    }
    return read && now_ms >= c->awake_ms + LIMIT_GRACE_MS ? (now_ms - LIMIT_GRACE_MS) / 1000 : INT64_MIN;
}

static bool handed_taken(const struct committer *c)
{
    for (unsigned w = 0; w < c->in.ring_count; w++)
        if (atomic_load_explicit(&c->in.rings[w].taken, memory_order_relaxed) < c->handed[w])
            return false;
    return true;
}

/* The ledger frees what nobody can see: not a batch that is open, and not a fact that is handed over and not yet
 * committed.  So between two of its steps all batches must end, then all that they handed over be committed.  true: there
 * is more to do at once. */
static bool maintain(struct committer *c)
{
    if (!c->handed_known) {
        if (!ledger_quiet(c->in.ledger))
            return false;
        for (unsigned w = 0; w < c->in.ring_count; w++)
            c->handed[w] = atomic_load_explicit(&c->in.rings[w].filled, memory_order_acquire);
        c->handed_known = true;
        c->handed_cut = 0;
    }
    if (!c->handed_cut) {
        if (!handed_taken(c))
            return false;
        bool empty = c->cut.fact_count[SHELF_FACTS] == 0 && c->cut.fact_count[SHELF_READINGS] == 0;
        c->handed_cut = empty ? c->number : c->number + 1;
    }
    if (c->number < c->handed_cut)
        return false;
    int64_t now_s = ledger_now(c);
    if (!committer_carry(c, now_s))
        return true;
    c->handed_known = false;
    ledger_maintain(c->in.ledger, now_s);
    return false;
}

/* ---- committing ---- */

static void encode_facts(struct committer *c)
{
    static const enum store_topic topics[SHELVES] = {STORE_LEDGER, STORE_READINGS};
    for (int i = 0; i < SHELVES; i++)
        for (size_t done = 0; done < c->cut.fact_count[i];) {
            c->scratch.len = 0;
            done += wire_encode(c->encoder, c->in.ledger, c->cut.facts[i] + done, c->cut.fact_count[i] - done,
                                STORE_RECORD_MAX, &c->scratch);
            struct store_record record = {.topic = topics[i], .value = buffer_str(&c->scratch)};
            cut_add(&c->cut, &record);
        }
}

static void freeze(struct committer *c, int64_t now_ms)
{
    if (now_ms - c->heartbeat_ms >= (int64_t)c->in.config->heartbeat_s * 1000 || now_ms < c->heartbeat_ms)
        publish_heartbeat(c, now_ms);
    encode_facts(c);
    progress_store(c);
    cut_freeze(&c->cut);
    for (size_t i = 0; i < c->in.partition_count; i++)
        c->next_offsets[i] = c->marks.partitions[i].next_offset;
    c->frozen = true;
}

static enum step_result commit(struct committer *c)
{
    int64_t begin = clock_now_ms(c->in.clock);
    enum store_result result = c->in.store->ops->commit(c->in.store->context, c->cut.frozen, c->cut.record_count,
                                                        c->next_offsets, c->in.partition_count);
    int64_t end = clock_now_ms(c->in.clock);
    atomic_store_explicit(&c->alive_ms, end, memory_order_relaxed);
    if (result != STORE_OK)
        metric_add(c->in.metrics, METRIC_COMMIT_FAILURES, 0, 0, 1);
    if (result == STORE_RETRY) {
        c->retry_ms = end + RETRY_EVERY_MS;
        return STEP_IDLE;
    }
    if (result == STORE_LOST) {
        c->lost = true;
        return STEP_LOST;
    }
    c->commit_took_ms = end > begin ? end - begin : 0;
    metric_observe(c->in.metrics, METRIC_COMMIT_SECONDS, (double)c->commit_took_ms / 1000);
    metric_set(c->in.metrics, METRIC_CUT, 0, (int64_t)c->number);
    metric_set(c->in.metrics, METRIC_COMMITTED_AT, 0, end / 1000);
    atomic_store(&c->committed, c->number);
    c->number++;
    atomic_store_explicit(&c->committed_ms, end, memory_order_relaxed);
    c->frozen = c->changed = c->noted = false;
    c->revisions = 0;
    c->late_ms = LATE_NONE;
    cut_clear(&c->cut);
    remember_watermarks(c);
    rule_times(c);
    return STEP_PROGRESS;
}

/* of what came since the last commit, from that commit on */
static int64_t may_wait_ms(const struct committer *c)
{
    if (c->late_ms == LATE_NONE || c->late_ms < 0)
        return 0;
    return c->late_ms < (int64_t)LATE_SHARE * LATE_MOST_MS ? c->late_ms / LATE_SHARE : LATE_MOST_MS;
}

static bool may_rest(const struct committer *c, int64_t now_ms)
{
    int64_t since = now_ms - committer_committed_ms(c);
    /* each step of a sweep waits for commits, while a backlog goes on filling days */
    size_t most = ledger_sweeping(c->in.ledger) ? COMMIT_BYTES : LATE_BYTES;
    return since >= 0 && since < may_wait_ms(c) && !c->noted && pending_bytes(c) < most && !is_large(c);
}

static bool worth_committing(const struct committer *c, int64_t now_ms)
{
    if (c->noted || c->revisions > 0 || is_large(c))
        return true;
    /* a clock that was set back must not hold a commit back */
    int64_t since = now_ms - committer_committed_ms(c);
    if (since < 0 || (c->changed && since >= COMMIT_EVERY_MS))
        return true;
    if (pending_bytes(c) >= COMMIT_BYTES && since >= COMMIT_REST * c->commit_took_ms)
        return true;
    int64_t beat = now_ms - c->heartbeat_ms;
    return beat >= (int64_t)c->in.config->heartbeat_s * 1000 || since >= COMMIT_QUIET_MS;
}

static bool all_finished(const struct committer *c)
{
    for (size_t i = 0; i < c->marks.partition_count; i++)
        if (c->marks.partitions[i].state != RECORD_FINISHED)
            return false;
    return c->marks.partition_count > 0;
}

/* a counter that is kept elsewhere */
static void count_to(struct metrics *m, enum metric metric, unsigned a, uint64_t total)
{
    uint64_t counted = (uint64_t)metric_value(m, metric, a, 0);
    if (total > counted)
        metric_add(m, metric, a, 0, total - counted);
}

static void count_shed(struct committer *c)
{
    uint64_t shed = counters_shed(generation_counters(c->in.generation));
    metric_add(c->in.metrics, METRIC_SHED, STRUCTURE_COUNTERS, 0, shed - c->counters_shed);
    c->counters_shed = shed;
}

static void gauges(struct committer *c, int64_t now_ms)
{
    if (now_ms - c->counted_ms < COUNT_EVERY_MS && now_ms >= c->counted_ms)
        return;
    c->counted_ms = now_ms;
    struct metrics *m = c->in.metrics;
    struct tracker_counts counts;
    tracker_counts(c->tracker, &counts);
    for (unsigned l = 1; l <= generation_rules(c->in.generation)->level_count; l++)
        metric_set(m, METRIC_ALERTS_OPEN, l, (int64_t)counts.open[l]);
    metric_set(m, METRIC_ALERTS_PENDING, 0, (int64_t)counts.pending);
    count_to(m, METRIC_DENIED, 0, counts.denied);
    for (unsigned hold = HOLD_NONE + 1; hold < HOLDS; hold++)
        count_to(m, METRIC_HOLDS, hold, counts.holds[hold]);
    metric_set(m, METRIC_INCIDENTS_OPEN, 0, (int64_t)counts.incidents);
    count_to(m, METRIC_SHED, STRUCTURE_INCIDENTS, counts.unlinked);
    metric_set(m, METRIC_USED, STRUCTURE_TRACKED, (int64_t)counts.bytes);
    count_to(m, METRIC_SHED, STRUCTURE_TRACKED, counts.shed);
    metric_set(m, METRIC_USED, STRUCTURE_LEDGER, (int64_t)ledger_bytes(c->in.ledger, SHELF_FACTS));
    metric_set(m, METRIC_USED, STRUCTURE_READINGS, (int64_t)ledger_bytes(c->in.ledger, SHELF_READINGS));
    metric_set(m, METRIC_USED, STRUCTURE_CARRIED, (int64_t)ledger_carried_bytes(c->in.ledger));
    metric_set(m, METRIC_USED, STRUCTURE_INDEX, (int64_t)ledger_index_bytes(c->in.ledger));
    const struct counters *counters = generation_counters(c->in.generation);
    metric_set(m, METRIC_USED, STRUCTURE_COUNTERS, (int64_t)(counters_held(counters) + atomic_load_explicit(&c->counters_beside, memory_order_relaxed)));
    metric_set(m, METRIC_COUNTERS_FULL, 0, (int64_t)(counters_full(counters) * 100));
    metric_set(m, METRIC_USED, STRUCTURE_UNCOMMITTED, (int64_t)pending_bytes(c));
    count_shed(c);
    count_to(m, METRIC_SHED, STRUCTURE_LEDGER, ledger_evictions(c->in.ledger, SHELF_FACTS));
    count_to(m, METRIC_SHED, STRUCTURE_READINGS, ledger_evictions(c->in.ledger, SHELF_READINGS));
    unsigned unreachable = 0;
    for (size_t i = 0; i < c->marks.partition_count; i++)
        unreachable += c->marks.partitions[i].state == RECORD_LOST;
    atomic_store_explicit(&c->unreachable, unreachable, memory_order_relaxed);
    for (size_t i = 0; i < c->marks.source_count; i++) {
        int64_t watermark = c->marks.sources[i].watermark;
        if (watermark != WATERMARK_NONE && watermark != WATERMARK_ALL)
            metric_set(m, METRIC_WATERMARK, (unsigned)i, watermark);
        metric_set(m, METRIC_FROZEN, (unsigned)i, c->marks.sources[i].silent);
    }
}

void committer_offer(struct committer *c, struct generation_offer *offer)
{
    atomic_store(&c->offer, offer);
}

const struct generation *committer_generation(const struct committer *c)
{
    return atomic_load(&c->generation);
}

bool committer_generation_committed(const struct committer *c)
{
    return atomic_load(&c->committed) >= atomic_load(&c->generation_cut);
}

void committer_beside(struct committer *c, size_t bytes)
{
    atomic_store_explicit(&c->counters_beside, bytes, memory_order_relaxed);
}

int64_t committer_complete_minute(const struct committer *c)
{
    return atomic_load_explicit(&c->complete_minute, memory_order_relaxed);
}

static void take_backfilled(struct committer *c)
{
    tracker_find(c->tracker, c->backfilled, c->backfilled_count);
    c->backfilled_count = 0;
}

static void go_over_to(struct committer *c, struct generation *generation)
{
    count_shed(c);
    c->counters_shed = 0;
    c->in.generation = generation;
}

void committer_renew(struct committer *c, struct generation *generation)
{
    go_over_to(c, generation);
    tracker_renew(c->tracker, generation);
    atomic_store(&c->generation, generation);
}

/* The swap: between two handovers, all at once. */
static void take_offer(struct committer *c)
{
    struct generation_offer *offer = atomic_exchange(&c->offer, NULL);
    if (!offer)
        return;
    if (generation_rules(offer->generation) == generation_rules(c->in.generation)) {
        committer_renew(c, offer->generation);
        return;
    }
    CHECK(c->backfilled_count == 0); /* what the start found speaks of its own rules by number: is_up_to_date has looked at it */
    go_over_to(c, offer->generation);
    tracker_switch(c->tracker, offer->generation);
    notify_switch(c->notify, generation_rules(offer->generation));
    by_rule_allocate(c);
    rule_times(c);
    for (size_t i = 0; i < offer->count; i++)
        committer_find(c, &offer->findings[i]);
    for (size_t i = 0; i < c->coming.count; i++)
        committer_find(c, &c->coming.all[i]);
    c->coming.count = 0;
    for (size_t i = 0; i < offer->note_count; i++)
        committer_note(c, &offer->notes[i]);
    c->changed = true;
    metric_set(c->in.metrics, METRIC_GENERATION, 0, (int64_t)generation_number(offer->generation));
    metric_set(c->in.metrics, METRIC_RULES, 0, generation_rules(offer->generation)->count);
    atomic_store(&c->generation_cut, c->number);
    atomic_store(&c->generation, offer->generation); /* last: the offer is the caller's again */
}

/* of the events where no clock runs: the newest that was read */
static void set_notify_clock(struct committer *c, int64_t now_ms)
{
    notify_clock(c->notify, c->marks.clock ? now_ms / 1000 : newest_event(c));
}

static void publish_notify(struct committer *c)
{
    publish_digests(c, notify_digests(c->notify));
    notify_save(c->notify, publish_state, c);
}

static void evaluate(struct committer *c, int64_t now_ms)
{
    set_notify_clock(c, now_ms);
    take_backfilled(c);
    render_progress(c);
    tracker_run(c->tracker, c->times, c->number, now_ms / 1000);
    publish_notify(c);
    c->unseen = false;
}

/* State was stored when something was last said.  What has lasted since is found out before anything new is taken, which
 * may be that it never was: it is with what it had come to that the news is compared.  false: that is to be told first. */
static bool is_up_to_date(struct committer *c, int64_t now_ms)
{
    if (c->restored)
        evaluate(c, now_ms);
    c->restored = false;
    return c->revisions == 0;
}

/* No offer before what the start has noted is committed: a rule that was gone in the one generation and is back in the next
 * would be new, to a log that knows nothing of the first.  Nor before what was taken by the rules so far is judged by them. */
static bool take_news(struct committer *c, int64_t now_ms)
{
    if (!c->noted && !c->unseen)
        take_offer(c);
    return gather(c, now_ms);
}

static enum step_result step(struct committer *c, bool flush)
{
    if (c->lost)
        return STEP_LOST;
    int64_t now_ms = clock_now_ms(c->in.clock);
    atomic_store_explicit(&c->alive_ms, now_ms, memory_order_relaxed);
    if (c->frozen)
        return now_ms < c->retry_ms && now_ms > c->retry_ms - RETRY_EVERY_MS ? STEP_IDLE : commit(c);
    bool any = is_up_to_date(c, now_ms) && take_news(c, now_ms);
    bool moved = watermarks_update(&c->marks, now_ms);
    tracker_limits(c->tracker, limits_until(c, now_ms));
    set_notify_clock(c, now_ms);
    if (any || moved || now_ms / 60000 != c->minute)
        rule_times(c);
    c->unseen |= any || moved;
    ledger_grow(c->in.ledger); /* workers fill its tables, whether anything rests or not */
    if (!flush && may_rest(c, now_ms))
        return any ? STEP_PROGRESS : STEP_IDLE;
    if (c->unseen || c->backfilled_count || tracker_due(c->tracker, c->times) || notify_due(c->notify))
        evaluate(c, now_ms);
    any |= maintain(c);
    gauges(c, now_ms);
    bool finished = all_finished(c) && !any;
    if (finished && !c->changed && !c->revisions && c->finished)
        return STEP_FINISHED;
    if (finished) {
        notify_end(c->notify);
        publish_notify(c);
    }
    if (flush || finished || worth_committing(c, now_ms)) {
        c->finished = finished;
        freeze(c, now_ms);
        return commit(c);
    }
    return any ? STEP_PROGRESS : STEP_IDLE;
}

enum step_result committer_step(struct committer *c)
{
    return step(c, false);
}

enum step_result committer_flush(struct committer *c)
{
    return step(c, true);
}
