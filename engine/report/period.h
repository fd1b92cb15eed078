/* A period's alerts, and what they came to: all of them, by rule, by street, by both, by unit and by day.  The
 * same accounts give the same rows in the same order.  One thread. */
#ifndef GW_REPORT_PERIOD_H
#define GW_REPORT_PERIOD_H

#include "report/accounts.h"
#include "report/figures.h"

enum row_kind { ROW_ALL, ROW_RULE, ROW_RULE_STREET, ROW_STREET };

struct row {
    enum row_kind kind;
    const char *rule, *title, *street, *street_name; /* "": of all; street "" of a ROW_*STREET: wider than one */
    struct figures figures;
};

struct unit_row {
    const char *name;
    size_t sent, signed_by, overdue, returned, reopened, closed, verified, false_alarms;
    struct spread sign;
};

/* alerts of a local day by highest level */
struct day {
    int64_t from_s;
    uint32_t highest[LEVELS_MAX + 1];
};

struct period_figures {
    int64_t from_s, to_s; /* alerts that opened in [from, to) */
    const struct account **alerts; /* those; in the order of opening, then id */
    const struct leads *leads;     /* by alert, likewise; NULL: not known */
    size_t count;
    struct row *rows; /* all; of each rule the whole, then its streets; then the streets */
    size_t row_count;
    struct unit_row *units; /* who was sent most first */
    size_t unit_count;
    struct day *days; /* every one of the period, of a long one from the first alert on */
    size_t day_count;
};

/* The alerts of a period, from INT64_MIN or to INT64_MAX without a bound; the figures follow when the leads are
 * known.  Accounts are borrowed. */
void period_begin(struct period_figures *, const struct accounts *, int64_t from_s, int64_t to_s);
void period_count(struct period_figures *, const struct leads *, int32_t zone_s);
void period_clear(struct period_figures *);

#endif
