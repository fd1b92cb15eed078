#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

const char *change_word(enum change change)
{
    static const char *const words[] = {
#define X(name, word) word,
        CHANGE_TABLE(X)
#undef X
    };
    return words[change];
}

const char *alert_state_word(enum alert_state state)
{
    static const char *const words[] = {
#define X(name, word) word,
        ALERT_STATE_TABLE(X)
#undef X
    };
    return words[state];
}

struct tracker *tracker_create(const struct ledger *ledger, const struct registry *registry,
                               const struct catalogue *catalogue, const struct generation *generation,
                               const char *group, const struct tracker_outputs *out)
{
    struct tracker *tracker = xcalloc(1, sizeof *tracker);
    tracker->ledger = ledger;
    tracker->registry = registry;
    tracker->catalogue = catalogue;
    tracker->generation = generation;
    tracker->rules = generation_rules(generation);
    tracker->group = xstrdup(group);
    tracker->out = *out;
    tracker->bucket_mask = 1023;
    tracker->buckets = xcalloc(tracker->bucket_mask + 1, sizeof *tracker->buckets);
    tracker->silent = xcalloc(tracker->rules->count + 1, sizeof *tracker->silent);
    return tracker;
}

void tracked_destroy(struct tracked *t)
{
    view_destroy(&t->view);
    for (size_t i = 0; i < t->alert_count; i++)
        alert_clear(&t->alerts[i]);
    free(t->alerts);
    free(t->code);
    free(t);
}

void tracker_destroy(struct tracker **pointer)
{
    struct tracker *tracker = *pointer;
    if (!tracker)
        return;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i], *next; t; t = next) {
            next = t->next;
            tracked_destroy(t);
        }
    for (size_t i = 0; i < tracker->orphan_count; i++)
        orphan_clear(&tracker->orphans[i]);
    free(tracker->orphans);
    free(tracker->buckets);
    free(tracker->history.all);
    free(tracker->silent);
    free(tracker->group);
    free(tracker);
    *pointer = NULL;
}

/* ---- the table ---- */

static size_t bucket_of(const struct tracker *tracker, unsigned rule, uint64_t subject)
{
    return ((subject ^ rule * UINT64_C(0xff51afd7ed558ccd)) * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
           tracker->bucket_mask;
}

struct tracked *tracked_lookup(const struct tracker *tracker, unsigned rule, uint64_t subject)
{
    struct tracked *t = tracker->buckets[bucket_of(tracker, rule, subject)];
    while (t && (t->rule != rule || t->subject.key != subject))
        t = t->next;
    return t;
}

void tracked_link(struct tracker *tracker, struct tracked *t)
{
    size_t at = bucket_of(tracker, t->rule, t->subject.key);
    t->next = tracker->buckets[at];
    tracker->buckets[at] = t;
}

static void grow(struct tracker *tracker)
{
    size_t old_mask = tracker->bucket_mask;
    struct tracked **old = tracker->buckets;
    tracker->bucket_mask = (old_mask + 1) * 4 - 1;
    tracker->buckets = xcalloc(tracker->bucket_mask + 1, sizeof *tracker->buckets);
    for (size_t i = 0; i <= old_mask; i++)
        for (struct tracked *t = old[i], *next; t; t = next) {
            next = t->next;
            tracked_link(tracker, t);
        }
    free(old);
}

struct tracked *tracked_add(struct tracker *tracker, unsigned rule, struct subject subject, struct str code,
                            int64_t minute)
{
    if (tracker->count > tracker->bucket_mask)
        grow(tracker);
    struct tracked *t = xcalloc(1, sizeof *t);
    t->rule = (uint16_t)rule;
    t->subject = subject;
    t->code = xstrndup(code.at, code.len);
    t->view = tracked_view(tracker, t);
    t->rebuild_from = MINUTE_NEVER;
    t->wake = t->wake_live = MINUTE_NEVER;
    machine_init(&t->machine, minute);
    tracked_link(tracker, t);
    tracker->count++;
    return t;
}

struct view *tracked_view(const struct tracker *tracker, const struct tracked *t)
{
    return view_create(&(struct view_inputs){tracker->rules, tracked_rule(tracker, t), tracker->ledger,
                                             tracker->registry, t->subject.region});
}

void tracked_again(struct tracked *t, int64_t minute)
{
    if (minute < t->rebuild_from)
        t->rebuild_from = minute;
    t->dirty = true;
}

/* ---- feeding ---- */

struct str subject_code(const struct tracker *tracker, const struct subject *subject, fact_ref ref)
{
    if (subject->region != REGION_NONE)
        return str_of(registry_region(tracker->registry, subject->region)->code);
    struct fact_text text = ledger_text(tracker->ledger, ref);
    return subject->kind == SUBJECT_RESPONDENT ? text.respondent : text.matter;
}

static void feed_subject(struct tracker *tracker, unsigned number, uint64_t subject, fact_ref ref)
{
    struct tracked *t = tracked_lookup(tracker, number, subject);
    struct view_entry entry;
    if (!t || !tracked_entry(tracker, t, ref, &entry))
        return;
    int64_t minute = minute_of(entry.at);
    t->dirty = true;
    if (t->rebuild_from != MINUTE_NEVER || t->uncommitted || minute <= t->machine.minute)
        tracked_again(t, minute);
    else if (!t->view_missing)
        view_insert(t->view, &entry);
}

static void feed_rule(struct tracker *tracker, unsigned number, fact_ref ref, struct standing standing)
{
    const struct rule *rule = &tracker->rules->rules[number];
    struct subject subject = tracked_subject(tracker, rule, ref, standing.region, standing.category);
    if (subject.kind == SUBJECT_NONE)
        return;
    feed_subject(tracker, number, subject.key, ref);
    if (!rule->around || subject.region == REGION_NONE)
        return;
    const struct region *own = registry_region(tracker->registry, subject.region);
    for (uint32_t i = 0; i < own->neighbour_count; i++)
        feed_subject(tracker, number, subject_of_neighbour(&subject, own->neighbours[i]).key, ref);
}

static void feed_fact(struct tracker *tracker, fact_ref ref)
{
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    struct standing standing = ledger_standing(tracker->ledger, ref);
    if (!standing.live || !fact->cut)
        return;
    size_t count;
    const uint16_t *rules = generation_concerned(tracker->generation, fact->source, standing.category, &count);
    for (size_t i = 0; i < count; i++)
        for (unsigned party = 0; party <= fact->parties; party++)
            feed_rule(tracker, rules[i], ref + party, standing);
}

void tracker_feed(struct tracker *tracker, fact_ref ref)
{
    switch (ledger_fact(tracker->ledger, ref)->kind) {
    case EVENT_VOIDED:
    case EVENT_RESTORED:
    case EVENT_MOVED:
        touch_modified(tracker, ref);
        break;
    case EVENT_MERGED:
    case EVENT_LINKED:
        touch_merge(tracker, ref, false);
        break;
    case FACT_ALIAS:
        feed_fact(tracker, ledger_origin(tracker->ledger, ref));
        break;
    default:
        if (tracker->count > 0)
            feed_fact(tracker, ref);
        if (generation_asks_matters(tracker->generation))
            touch_later(tracker, ref);
    }
}

/* ---- findings ---- */

void tracker_find(struct tracker *tracker, const struct finding *f)
{
    struct finding found = *f;
    struct str code = subject_code(tracker, &f->subject, f->fact), root;
    if (found.subject.kind == SUBJECT_MATTER) {
        found.subject = subject_of_root(&f->subject, ledger_matter_root(tracker->ledger, matter_key(code), &root));
        if (root.len)
            code = root;
    }
    struct tracked *t = tracked_lookup(tracker, f->rule, found.subject.key);
    if (!t && tracker->bytes_max && tracker->bytes > tracker->bytes_max) {
        tracker->shed++;
    } else if (!t) {
        t = tracked_add(tracker, f->rule, found.subject, code, f->minute - 1);
        t->fresh = true;
        tracked_again(t, f->minute);
    } else if (f->minute <= t->machine.minute) {
        tracked_again(t, f->minute);
    } else {
        t->dirty = true;
    }
}

/* ---- running ---- */

static bool due(const struct tracker *tracker, const struct tracked *t, const struct rule_time *time)
{
    if (tracked_rule(tracker, t)->standing)
        return time->closed != MINUTE_NONE &&
               (t->dirty || t->silent_seen != tracker->silent_sources || t->wake <= time->closed);
    return t->dirty || t->wake <= time->closed || t->wake_live <= time->horizon;
}

bool tracker_due(const struct tracker *tracker, const struct rule_time *times)
{
    if (tracker->orphan_count)
        return true;
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (const struct tracked *t = tracker->buckets[i]; t; t = t->next)
            if (due(tracker, t, &times[t->rule]) || tracker->silent[t->rule] != times[t->rule].silent)
                return true;
    return false;
}

static void orphans_withdraw(struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->orphan_count; i++) {
        struct orphan *o = &tracker->orphans[i];
        o->alert.state = ALERT_WITHDRAWN;
        o->alert.unknown = false;
        o->alert.revision++;
        struct revision r = {
            .rule = &o->rule,
            .change = CHANGE_WITHDRAWN,
            .alert = &o->alert,
            .subject_kind = o->kind,
            .subject_code = str_of(o->code),
            .subject_region = o->region,
            .minute = o->alert.opened_minute,
            .reason = "the rule was removed",
        };
        tracker->out.publish(tracker->out.arg, &r);
        tracker->published++;
        tracker->out.store(tracker->out.arg, o->key, NULL);
        orphan_clear(o);
    }
    tracker->orphan_count = 0;
}

/* returns whether the subject is still tracked */
static bool run_one(struct tracker *tracker, struct tracked *t, const struct rule_time *time)
{
    bool over = tracked_evaluate(tracker, t, time);
    t->dirty = false;
    if (over) {
        tracker->denied += t->fresh;
        if (t->stored)
            tracked_unstore(tracker, t);
        return false;
    }
    t->fresh = false;
    /* what is pending is stored too: its finding has been made and no other will come */
    bool lasting = t->alert_count > 0 || t->machine.level > 0 || t->pending;
    if (!lasting && t->stored)
        tracked_unstore(tracker, t);
    else if (lasting && (t->changed || !t->stored || t->machine.minute > t->stored_minute + 1440))
        tracked_store(tracker, t);
    t->changed = false;
    return true;
}

size_t tracker_run(struct tracker *tracker, const struct rule_time *times, uint64_t cut, int64_t now_s)
{
    if (tracker->cut != cut)
        tracker->ids = 0;
    tracker->cut = cut;
    tracker->now_s = now_s;
    tracker->published = 0;
    orphans_withdraw(tracker);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked **at = &tracker->buckets[i]; *at;) {
            struct tracked *t = *at;
            bool hushed = tracker->silent[t->rule] != times[t->rule].silent;
            if ((due(tracker, t, &times[t->rule]) || hushed) && !run_one(tracker, t, &times[t->rule])) {
                *at = t->next;
                tracked_destroy(t);
                tracker->count--;
                continue;
            }
            at = &t->next;
        }
    for (unsigned r = 0; r < tracker->rules->count; r++)
        tracker->silent[r] = times[r].silent;
    return tracker->published;
}

void tracker_silence(struct tracker *tracker, uint64_t sources)
{
    tracker->silent_sources = sources;
}

void tracker_stand(struct tracker *tracker)
{
    for (unsigned r = 0; r < tracker->rules->count; r++) {
        const struct rule *rule = &tracker->rules->rules[r];
        for (uint32_t region = 1; rule->standing && rule->life != LIFE_DRAFT && region <= registry_count(tracker->registry);
             region++) {
            struct subject subject = {SUBJECT_DISTRICT, subject_of_region(region), subject_of_region(region), region,
                                      CATEGORY_NONE};
            if (registry_region(tracker->registry, region)->level == REGION_DISTRICT &&
                !tracked_lookup(tracker, r, subject.key))
                tracked_add(tracker, r, subject, subject_code(tracker, &subject, 0), 0)->dirty = true;
        }
    }
}

void tracker_limit(struct tracker *tracker, size_t bytes)
{
    tracker->bytes_max = bytes;
}

void tracker_forget(struct tracker *tracker)
{
    int64_t floor = ledger_floor(tracker->ledger, SHELF_FACTS);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = tracker->buckets[i]; t; t = t->next) {
            view_forget(t->view);
            if (t->machine.level > 0 && t->machine.now.opened_at < floor)
                t->machine.now.crossed = 0;
        }
}

void tracker_counts(struct tracker *tracker, struct tracker_counts *counts)
{
    *counts = (struct tracker_counts){
        .subjects = tracker->count, .denied = tracker->denied, .shed = tracker->shed};
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (const struct tracked *t = tracker->buckets[i]; t; t = t->next) {
            counts->bytes += sizeof *t + view_bytes(t->view) + t->alert_count * sizeof *t->alerts;
            for (size_t a = 0; a < t->alert_count; a++)
                if (t->alerts[a].state == ALERT_FIRING)
                    counts->open[t->alerts[a].level]++;
            counts->pending += machine_pending(&t->machine, tracked_rule(tracker, t), tracker->rules->level_count);
        }
    tracker->bytes = counts->bytes;
}
