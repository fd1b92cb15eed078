#include "replay/difference.h"

#include "base/check.h"

#include <stdlib.h>

struct side {
    const struct judgement *judgement;
    const struct past_alert **alerts; /* by rule, subject and opening */
    size_t count, at;
};

static const char *rule_id(const struct judgement *j, const struct past_alert *a)
{
    return j->rules->rules[a->rule].id;
}

static int compare_subjects(const struct judgement *x, const struct past_alert *a, const struct judgement *y,
                            const struct past_alert *b)
{
    int rules = strcmp(rule_id(x, a), rule_id(y, b));
    if (rules)
        return rules;
    if (a->subject.kind != b->subject.kind)
        return a->subject.kind < b->subject.kind ? -1 : 1;
    if (a->subject.each != b->subject.each)
        return a->subject.each < b->subject.each ? -1 : 1;
    return strcmp(a->code, b->code);
}

static int by_subject(const void *x, const void *y, void *judgement)
{
    const struct past_alert *const *a = x, *const *b = y;
    int order = compare_subjects(judgement, *a, judgement, *b);
    return order ? order : ((*a)->opened_minute > (*b)->opened_minute) - ((*a)->opened_minute < (*b)->opened_minute);
}

static struct side side_of(const struct judgement *j)
{
    struct side s = {.judgement = j, .count = j->count};
    s.alerts = xcalloc(j->count + 1, sizeof *s.alerts);
    for (size_t i = 0; i < j->count; i++)
        s.alerts[i] = &j->alerts[i];
    qsort_r(s.alerts, s.count, sizeof *s.alerts, by_subject, (void *)(uintptr_t)j);
    return s;
}

static void add(struct differences *d, enum difference_kind kind, const struct past_alert *before,
                const struct past_alert *after)
{
    if (d->count % 64 == 0)
        d->all = xrealloc(d->all, (d->count + 64) * sizeof *d->all);
    d->all[d->count++] = (struct difference){kind, before, after};
    d->counts[kind]++;
}

static void pair(struct differences *d, struct side *b, struct side *a, int64_t since_s)
{
    const struct past_alert *before = b->alerts[b->at++], *after = a->alerts[a->at++];
    bool was_on_trial = past_alert_on_trial(b->judgement, before), is_on_trial = past_alert_on_trial(a->judgement, after);
    if (before->opened_at < since_s && after->opened_at < since_s)
        return;
    if (was_on_trial && !is_on_trial)
        add(d, DIFFERENCE_NEW, NULL, after);
    else if (!was_on_trial && is_on_trial)
        add(d, DIFFERENCE_GONE, before, NULL);
    else if (before->highest == after->highest)
        d->same++;
    else
        add(d, before->highest < after->highest ? DIFFERENCE_HIGHER : DIFFERENCE_LOWER, before, after);
}

/* negative: the first of `before` has no partner; positive: the first of `after`; 0: they are one */
static int compare_alerts(const struct side *before, const struct side *after)
{
    if (before->at == before->count)
        return 1;
    if (after->at == after->count)
        return -1;
    const struct past_alert *b = before->alerts[before->at], *a = after->alerts[after->at];
    int order = compare_subjects(before->judgement, b, after->judgement, a);
    if (order)
        return order;
    return b->ended_minute < a->opened_minute ? -1 : a->ended_minute < b->opened_minute;
}

static const struct past_alert *either(const struct difference *d)
{
    return d->after ? d->after : d->before;
}

static int by_opening(const void *x, const void *y)
{
    const struct past_alert *a = either(x), *b = either(y);
    if (a->opened_at != b->opened_at)
        return a->opened_at < b->opened_at ? -1 : 1;
    return strcmp(a->code, b->code);
}

void differences_find(struct differences *d, const struct judgement *before, const struct judgement *after,
                      int64_t since_s)
{
    struct side b = side_of(before), a = side_of(after);
    *d = (struct differences){0};
    while (b.at < b.count || a.at < a.count) {
        int order = compare_alerts(&b, &a);
        if (order < 0 && b.alerts[b.at++]->opened_at >= since_s)
            add(d, DIFFERENCE_GONE, b.alerts[b.at - 1], NULL);
        else if (order > 0 && a.alerts[a.at++]->opened_at >= since_s)
            add(d, DIFFERENCE_NEW, NULL, a.alerts[a.at - 1]);
        else if (order == 0)
            pair(d, &b, &a, since_s);
    }
    for (size_t i = 0; i < d->count; i++)
        d->called += d->all[i].kind == DIFFERENCE_NEW && !past_alert_on_trial(after, d->all[i].after);
    if (d->count)
        qsort(d->all, d->count, sizeof *d->all, by_opening);
    free(b.alerts);
    free(a.alerts);
}

void differences_clear(struct differences *d)
{
    free(d->all);
    *d = (struct differences){0};
}
