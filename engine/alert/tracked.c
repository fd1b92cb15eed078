/* The table of tracked subjects, by rule and subject: a subject comes with its first finding and stays until its alerts
 * are long over. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

void tracked_destroy(struct tracked *t)
{
    view_destroy(&t->view);
    for (size_t i = 0; i < t->alert_count; i++)
        alert_clear(&t->alerts[i]);
    free(t->alerts);
    free(t->code);
    free(t);
}

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
    t->rebuild_from = t->found = MINUTE_NEVER;
    t->wake = t->wake_live = MINUTE_NEVER;
    t->limit = INT64_MAX;
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

void tracked_correct(struct tracked *t, int64_t minute)
{
    tracked_again(t, minute);
    t->corrected = true;
}
