/* What a set of rules says about a past: every episode there was, from its opening to its end, by the code that finds
 * and confirms them live (counters, findings, the tracker).  All minutes are closed and every window runs out, as at the
 * end of `gridwarn run --drain`; raise_within is no bound: what a late engine would only record is an episode too.
 *
 * One thread. */
#ifndef GW_REPLAY_JUDGE_H
#define GW_REPLAY_JUDGE_H

#include "alert/tracker.h"
#include "base/patience.h"
#include "replay/past.h"

enum { PAST_ID_SIZE = 17 };

/* An alert as it would have been, in the end. */
struct past_alert {
    char id[PAST_ID_SIZE]; /* of rule, subject and opening: the same in each replay of the same past */
    unsigned rule;         /* in the rule set */
    struct subject subject;
    char *code;            /* of the subject as the ledger has it: an unregistered respondent's is his name, never shown */
    unsigned highest;      /* level */
    int64_t opened_minute, opened_at, ended_minute; /* MINUTE_NEVER: it does not end by itself */
    char *crossed_id, *crossed_source; /* NULL: time crossed the line, not an event */
    int64_t crossed_at;
    uint32_t region; /* smallest that holds its evidence; REGION_NONE: none */
};

struct judgement {
    struct past *past;
    const struct rule_set *rules;
    struct generation *generation;
    struct tracker *tracker;
    struct past_alert *alerts; /* by opening, then rule and subject */
    size_t count;
};

/* Past and rules are borrowed; the past must not be filled further while the judgement is in use. */
void judge(struct judgement *, struct past *, const struct rule_set *);

/* Likewise, for who has other work to do: rules that are left out have no alerts, and it ends without having said all (false) when
 * there are more alerts than that, or when the patience does.  judgement_clear in any case. */
struct judging {
    bool (*leaves_out)(const void *arg, const struct rule *); /* NULL: none */
    const void *leaves_out_arg;
    size_t alerts_max;
    const struct patience *patience; /* NULL: without end */
};
bool judge_within(struct judgement *, struct past *, const struct rule_set *, const struct judging *);
void judgement_clear(struct judgement *);

/* the alert whose id begins so; NULL: none */
const struct past_alert *judgement_find(const struct judgement *, const char *id);

/* the first level (above 0) is 1: did the alert reach `level`? */
static inline bool past_alert_reached(const struct past_alert *a, unsigned level)
{
    return a->highest >= level;
}

/* fills in its id, once the rest is there */
void past_alert_name(const struct judgement *, struct past_alert *);

/* the street that it is in; REGION_NONE: of the whole district, or of none */
uint32_t past_alert_street(const struct judgement *, const struct past_alert *);

/* a subject as the ledger keys it; region: of a region's */
struct subject past_subject_key(enum subject_kind, struct str code, uint32_t region, uint16_t each);

/* How the subject is shown, by code or by name.  A respondent outside the register may be a person: he gets a pseudonym,
 * which is the same for as long as the configured actor key is. */
enum { PAST_SUBJECT_SIZE = 320 };
void past_subject(const struct judgement *, const struct past_alert *, bool code, char out[PAST_SUBJECT_SIZE]);
void past_subject_of(const struct config *, struct subject, const char *code, bool as_code, char out[PAST_SUBJECT_SIZE]);

#endif
