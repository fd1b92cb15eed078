#include "replay/summary.h"

#include "base/check.h"

#include <stdlib.h>

enum { HOUR = 3600, DAY = 86400 };

struct entry {
    const struct past_alert *alert;
    uint32_t street;
};

static int by_rule_and_street(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    if (a->alert->rule != b->alert->rule)
        return a->alert->rule < b->alert->rule ? -1 : 1;
    return (a->street > b->street) - (a->street < b->street);
}

static int64_t length_min(const struct past_alert *a)
{
    return a->ended_minute == MINUTE_NEVER ? MINUTE_NEVER : a->ended_minute - a->opened_minute;
}

static int by_length(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static struct summary_row row_of(const struct entry *entries, size_t count, unsigned rule, bool whole)
{
    struct summary_row row = {.rule = rule, .whole = whole, .count = count};
    int64_t *lengths = xcalloc(count + 1, sizeof *lengths);
    for (size_t i = 0; i < count; i++) {
        lengths[i] = length_min(entries[i].alert);
        row.highest[entries[i].alert->highest]++;
    }
    if (count) {
        qsort(lengths, count, sizeof *lengths, by_length);
        row.median_min = lengths[count / 2];
        row.street = whole ? REGION_NONE : entries[0].street;
    }
    free(lengths);
    return row;
}

static void add_rule(struct summary *s, const struct entry *entries, size_t count, unsigned rule)
{
    s->rows[s->count++] = row_of(entries, count, rule, true);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && entries[end].street == entries[i].street;)
            end++;
        s->rows[s->count++] = row_of(entries + i, end - i, rule, false);
    }
}

void summarise(struct summary *s, const struct judgement *j, int64_t since_s)
{
    const struct past_report report = past_report(j->past);
    struct entry *entries = xcalloc(j->count + 1, sizeof *entries);
    *s = (struct summary){.from_s = report.oldest, .to_s = report.newest};
    if (report.oldest == INT64_MAX)
        s->from_s = s->to_s = since_s == INT64_MIN ? 0 : since_s;
    if (since_s > s->from_s)
        s->from_s = since_s;
    s->days = (double)(s->to_s - s->from_s) / DAY;
    if (s->days < 1)
        s->days = 1;
    for (size_t i = 0; i < j->count; i++)
        if (j->alerts[i].opened_at >= since_s)
            entries[s->alerts++] = (struct entry){&j->alerts[i], past_alert_street(j, &j->alerts[i])};
    qsort(entries, s->alerts, sizeof *entries, by_rule_and_street);
    s->rows = xcalloc(s->alerts + j->rules->count + 1, sizeof *s->rows);
    size_t at = 0;
    for (unsigned r = 0; r < j->rules->count; r++) {
        size_t end = at;
        while (end < s->alerts && entries[end].alert->rule == r)
            end++;
        add_rule(s, entries + at, end - at, r);
        at = end;
    }
    free(entries);
}

void summary_clear(struct summary *s)
{
    free(s->rows);
    *s = (struct summary){0};
}

double summary_share(const struct summary_row *row, unsigned level)
{
    size_t reached = 0;
    for (unsigned l = level; l <= LEVELS_MAX; l++)
        reached += row->highest[l];
    return row->count ? (double)reached / (double)row->count : 0;
}

/* ---- over time ---- */

static int64_t step_for(int64_t length_s, size_t most)
{
    static const int64_t steps[] = {HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof *steps && length_s / steps[i] + 2 > (int64_t)most)
        i++;
    int64_t step = steps[i];
    while (length_s / step + 2 > (int64_t)most)
        step *= 2;
    return step;
}

static void place(struct timeline *t, const struct past_alert *a)
{
    struct timeline_bin *row = t->all + a->rule * t->bins;
    int64_t last = (int64_t)t->bins - 1, opened = (a->opened_at - t->from_s) / t->step_s;
    int64_t ended = a->ended_minute == MINUTE_NEVER ? last : (a->ended_minute * 60 - t->from_s) / t->step_s;
    if (opened < 0 || opened > last)
        return;
    row[opened].opened++;
    row[opened].levels[a->highest]++;
    if (row[opened].opened > t->most_opened)
        t->most_opened = row[opened].opened;
    for (int64_t bin = opened; bin <= ended && bin <= last; bin++)
        row[bin].open++;
}

void timeline_make(struct timeline *t, const struct judgement *j, const struct summary *s, size_t most)
{
    int64_t zone_s = past_config(j->past)->utc_offset_s;
    int64_t step = step_for(s->to_s - s->from_s, most), unit = step < DAY ? step : DAY;
    int64_t from = (s->from_s + zone_s) / unit * unit - zone_s;
    *t = (struct timeline){.from_s = from, .step_s = step};
    t->bins = (size_t)((s->to_s - from) / step + 1);
    t->all = xcalloc(t->bins * j->rules->count + 1, sizeof *t->all);
    for (size_t i = 0; i < j->count; i++)
        if (j->alerts[i].opened_at >= s->from_s)
            place(t, &j->alerts[i]);
}

void timeline_clear(struct timeline *t)
{
    free(t->all);
    *t = (struct timeline){0};
}
