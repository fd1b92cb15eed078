/* What some alerts came to: counts, shares and times.  Pure functions; any thread. */
#ifndef GW_REPORT_FIGURES_H
#define GW_REPORT_FIGURES_H

#include "report/account.h"
#include "report/lead.h"
#include "report/spread.h"

struct lead_figures {
    size_t ahead, first, none, unknown; /* by lead_kind; together the alerts that somebody was told of */
    int64_t median, p10;                /* of `ahead`: nine in ten had p10 at least */
};

struct figures {
    size_t alerts, partial, told, held[HOLDS], highest[LEVELS_MAX + 1];
    size_t verified, mediated, false_alarms, judged; /* verified: mediated are among them */
    size_t reasons[CAUSES];                         /* of false alarms */
    size_t actual_lower, actual_same, actual_higher, actual_unreadable; /* than the highest level warned of */
    struct spread sign, arrive, close;
    size_t overdue, limits[ACT_NOBODY - ACTS_SAID]; /* by which limit passed */
    size_t escalated, returned, reopened, raised, lowered, flaps, withdrawn, open;
    struct lead_figures petition, collective;
};

struct entry {
    const struct account *alert;
    const struct leads *leads; /* NULL: not known */
};

struct figures figures_of(const struct entry *, size_t count);

/* how long from when somebody was told; ACCOUNT_NEVER: it was not, or has not been done.  What is dated before it
 * took no time. */
int64_t since_told(const struct account *, int64_t at);

#endif
