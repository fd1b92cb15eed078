#include "report/period.h"

#include "base/check.h"
#include "base/civil.h"

#include <stdlib.h>

enum { DAYS_WHOLE = 120 };

/* ---- rows ---- */

static int by_street(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int order = strcmp(a->alert->street, b->alert->street);
    return order ? order : strcmp(a->alert->identity.rule, b->alert->identity.rule);
}

static int by_rule(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int order = strcmp(a->alert->identity.rule, b->alert->identity.rule);
    return order ? order : strcmp(a->alert->street, b->alert->street);
}

/* titles and names may have been others before: the newest alert's */
static void add_row(struct period_figures *p, enum row_kind kind, const struct entry *entries, size_t count)
{
    const struct account *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (!newest || entries[i].alert->identity.opened_at > newest->identity.opened_at)
            newest = entries[i].alert;
    bool ruled = newest && (kind == ROW_RULE || kind == ROW_RULE_STREET);
    bool placed = newest && (kind == ROW_RULE_STREET || kind == ROW_STREET);
    p->rows[p->row_count++] = (struct row){.kind = kind,
                                           .rule = ruled ? newest->identity.rule : "",
                                           .title = ruled ? newest->title : "",
                                           .street = placed ? newest->street : "",
                                           .street_name = placed ? newest->street_name : "",
                                           .figures = figures_of(entries, count)};
}

/* those from `begin` on that the order says are one */
static size_t run_end(const struct entry *entries, size_t begin, size_t count, bool rule, bool street)
{
    const struct account *first = entries[begin].alert;
    size_t end = begin + 1;
    while (end < count && (!rule || strcmp(entries[end].alert->identity.rule, first->identity.rule) == 0) &&
           (!street || strcmp(entries[end].alert->street, first->street) == 0))
        end++;
    return end;
}

static void add_rows(struct period_figures *p, struct entry *entries)
{
    size_t n = p->count;
    p->rows = xcalloc(3 * n + 1, sizeof *p->rows);
    add_row(p, ROW_ALL, entries, n);
    if (n)
        qsort(entries, n, sizeof *entries, by_rule);
    for (size_t i = 0, end; i < n; i = end) {
        end = run_end(entries, i, n, true, false);
        add_row(p, ROW_RULE, entries + i, end - i);
        for (size_t s = i, last; s < end; s = last) {
            last = run_end(entries, s, end, true, true);
            add_row(p, ROW_RULE_STREET, entries + s, last - s);
        }
    }
    if (n)
        qsort(entries, n, sizeof *entries, by_street);
    for (size_t i = 0, end; i < n; i = end) {
        end = run_end(entries, i, n, false, true);
        add_row(p, ROW_STREET, entries + i, end - i);
    }
}

/* ---- units ---- */

struct unit_of {
    const struct account *alert;
    const struct account_unit *unit;
};

static int by_unit(const void *x, const void *y)
{
    return strcmp(((const struct unit_of *)x)->unit->name, ((const struct unit_of *)y)->unit->name);
}

static int by_sent(const void *x, const void *y)
{
    const struct unit_row *a = x, *b = y;
    return a->sent != b->sent ? (a->sent < b->sent ? 1 : -1) : strcmp(a->name, b->name);
}

/* took: what it took those who signed */
static void count_unit(struct unit_row *row, int64_t *took, size_t *count, const struct unit_of *of)
{
    const struct account_unit *u = of->unit;
    bool leads = of->alert->lead >= 0 && u == &of->alert->units[of->alert->lead];
    row->sent++;
    row->signed_by += u->signed_at != ACCOUNT_NEVER;
    row->overdue += u->overdue;
    row->returned += u->returned;
    row->reopened += u->reopened;
    row->closed += u->closed;
    row->verified += leads && account_verified(of->alert);
    row->false_alarms += leads && account_false(of->alert);
    if (of->alert->whole && u->signed_at != ACCOUNT_NEVER && u->since != ACCOUNT_NEVER)
        took[(*count)++] = u->signed_at > u->since ? u->signed_at - u->since : 0;
}

static void add_units(struct period_figures *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += p->alerts[i]->unit_count;
    struct unit_of *all = xcalloc(n + 1, sizeof *all);
    n = 0;
    for (size_t i = 0; i < p->count; i++)
        for (unsigned u = 0; u < p->alerts[i]->unit_count; u++)
            all[n++] = (struct unit_of){p->alerts[i], &p->alerts[i]->units[u]};
    if (n)
        qsort(all, n, sizeof *all, by_unit);
    p->units = xcalloc(n + 1, sizeof *p->units);
    int64_t *took = xcalloc(n + 1, sizeof *took);
    for (size_t i = 0; i < n;) {
        struct unit_row *row = &p->units[p->unit_count++];
        row->name = all[i].unit->name;
        size_t count = 0;
        do
            count_unit(row, took, &count, &all[i]);
        while (++i < n && strcmp(all[i].unit->name, row->name) == 0);
        row->sign = spread_of(took, count);
    }
    if (p->unit_count)
        qsort(p->units, p->unit_count, sizeof *p->units, by_sent);
    free(took);
    free(all);
}

/* ---- days ---- */

static int64_t day_of(int64_t second, int32_t zone_s)
{
    int64_t local = second + zone_s;
    return local >= 0 ? local / CIVIL_DAY_S : -((CIVIL_DAY_S - 1 - local) / CIVIL_DAY_S);
}

/* Of a long period, from the first alert on: years before there was an engine say nothing. */
static void add_days(struct period_figures *p, int32_t zone_s)
{
    if (!p->count)
        return;
    int64_t opened = p->alerts[0]->identity.opened_at;
    int64_t first = day_of(p->to_s - p->from_s > (int64_t)DAYS_WHOLE * CIVIL_DAY_S ? opened : p->from_s, zone_s);
    p->day_count = (size_t)(day_of(p->to_s - 1, zone_s) - first + 1);
    p->days = xcalloc(p->day_count + 1, sizeof *p->days);
    for (size_t i = 0; i < p->day_count; i++)
        p->days[i].from_s = (first + (int64_t)i) * CIVIL_DAY_S - zone_s;
    for (size_t i = 0; i < p->count; i++)
        p->days[day_of(p->alerts[i]->identity.opened_at, zone_s) - first].highest[p->alerts[i]->highest]++;
}

/* ---- a period ---- */

static int by_opening(const void *x, const void *y)
{
    const struct account *a = *(const struct account *const *)x, *b = *(const struct account *const *)y;
    int64_t opened = a->identity.opened_at, other = b->identity.opened_at;
    return opened != other ? (opened < other ? -1 : 1) : strcmp(a->identity.id, b->identity.id);
}

void period_begin(struct period_figures *p, const struct accounts *accounts, int64_t from_s, int64_t to_s)
{
    *p = (struct period_figures){.from_s = from_s, .to_s = to_s};
    p->alerts = xcalloc(accounts->count + 1, sizeof *p->alerts);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *a = &accounts->all[i];
        if (a->identity.opened_at >= from_s && a->identity.opened_at < to_s)
            p->alerts[p->count++] = a;
    }
    if (!p->count)
        return;
    qsort(p->alerts, p->count, sizeof *p->alerts, by_opening);
    if (from_s == INT64_MIN)
        p->from_s = p->alerts[0]->identity.opened_at;
    if (to_s == INT64_MAX)
        p->to_s = p->alerts[p->count - 1]->identity.opened_at + 1;
}

void period_count(struct period_figures *p, const struct leads *leads, int32_t zone_s)
{
    struct entry *entries = xcalloc(p->count + 1, sizeof *entries);
    p->leads = leads;
    for (size_t i = 0; i < p->count; i++)
        entries[i] = (struct entry){p->alerts[i], leads ? &leads[i] : NULL};
    add_rows(p, entries);
    add_units(p);
    add_days(p, zone_s);
    free(entries);
}

void period_clear(struct period_figures *p)
{
    free(p->alerts);
    free(p->rows);
    free(p->units);
    free(p->days);
    *p = (struct period_figures){0};
}
