/* Thresholds of streets, tried on the past: what suggest.c suggests from.  One thread. */
#ifndef GW_REPORT_TRIAL_H
#define GW_REPORT_TRIAL_H

#include "report/suggest.h"

/* what the judgements say of one of the past's alerts */
enum verdict { UNJUDGED, VERIFIED, FALSE_ALARM };

struct street {
    uint32_t region;
    size_t verified, false_alarms, unjudged;
    bool going;  /* a higher threshold may do better */
    int64_t now; /* as the atom has it */
    int64_t below;
    int line;
    struct suggestion best; /* threshold 0: none */
};

struct trial {
    struct past *past;
    const struct rule_set *rules;
    const struct rule *rule;
    struct judgement before;
    enum verdict *verdicts; /* by alert of `before` */
    struct street *streets;
    size_t street_count;
};

/* the rule's alerts, by a set that it is of, with all other rules left out; judgement_clear */
void trial_judge(const struct trial *, const struct rule_set *, struct judgement *);
/* that of the alert; NULL: none of the trial's */
struct street *trial_street(const struct trial *, const struct judgement *, const struct past_alert *);
/* `before`, verdicts and streets are there: finds each street's best */
void trial_run(struct trial *);

#endif
