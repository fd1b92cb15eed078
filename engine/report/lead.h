/* How long before a petition somebody was told of what it was about: what alerts are for.  One thread.
 *
 * A petition is an event (received, or called again) of the petitions' source that still stands, where and as what
 * it was moved to: of an alert, one of its subject (in its region; against its respondent; of its matter, or of
 * one merged with it or linked to it) and of its category, which is that of `each`, else what the rule's
 * selections have in common, else any.  A collective visit is one that bears the tags `collective` and `visit`, as
 * far as the configuration has them. */
#ifndef GW_REPORT_LEAD_H
#define GW_REPORT_LEAD_H

#include "replay/past.h"
#include "report/account.h"

enum lead_kind {
    LEAD_UNKNOWN, /* the facts do not reach so far back, or the rule or the subject is not known any more */
    LEAD_FIRST,   /* a petition was there before: within the rule's window up to the minute that somebody was told */
    LEAD_AHEAD,   /* so long before the first that followed within LEAD_DAYS */
    LEAD_NONE,    /* none followed in that time, or none has so far */
};

enum { LEAD_DAYS = 30 };

struct lead {
    enum lead_kind kind;
    int64_t s;
};

struct leads {
    struct lead petition, collective;
};

/* One for each alert; free()'d by the caller.  source: of the petitions. */
struct leads *leads_find(struct past *, unsigned source, const struct account *const *alerts, size_t count);

#endif
