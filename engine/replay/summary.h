/* Alerts of a judgement, counted by rule and street. */
#ifndef GW_REPLAY_SUMMARY_H
#define GW_REPLAY_SUMMARY_H

#include "replay/judge.h"

struct summary_row {
    unsigned rule;
    uint32_t street;                /* REGION_NONE: in none, the alert is wider */
    bool whole;                     /* all streets of the rule together */
    size_t count;
    size_t highest[LEVELS_MAX + 1]; /* by level: alerts that got so far and no further */
    int64_t median_min;             /* of their lengths; MINUTE_NEVER: half of them do not end */
};

struct summary {
    struct summary_row *rows; /* by rule, of each first the whole (of count 0 too), then its streets */
    size_t count;
    int64_t from_s, to_s; /* from the first event, or what was asked for, to the last */
    double days;          /* at least one */
    size_t alerts;
};

/* since_s: alerts that opened earlier are left out; INT64_MIN: none are.  summary_clear. */
void summarise(struct summary *, const struct judgement *, int64_t since_s);
void summary_clear(struct summary *);

/* share of the row's alerts that reached the level */
double summary_share(const struct summary_row *, unsigned level);

/* Alerts over time: bins of a whole number of hours, at most `most` of them. */
struct timeline {
    int64_t from_s, step_s; /* bins begin at the local day's hours */
    size_t bins;
    struct timeline_bin {
        uint32_t opened, open;            /* opened in it; going on in it, those included */
        uint32_t levels[LEVELS_MAX + 1]; /* of those opened, by highest level */
    } *all;                               /* rule * bins + bin */
    uint32_t most_opened;
};
void timeline_make(struct timeline *, const struct judgement *, const struct summary *, size_t most);
void timeline_clear(struct timeline *);

#endif
