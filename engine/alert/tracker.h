/* The tracker: every (rule, subject) that the committer has an eye on, from the first finding until its alerts are
 * long over.  It confirms findings exactly on the committed facts, runs the episodes, and turns what differs from what
 * was published into revisions.
 *
 * One thread, the committer.  It depends on nothing but the ledger, the rules and what it is told, so the same facts
 * give the same episodes however they came. */
#ifndef GW_ALERT_TRACKER_H
#define GW_ALERT_TRACKER_H

#include "alert/episode.h"
#include "count/generation.h"
#include "handle/handling.h"
#include "incident/incidents.h"
#include "notify/notify.h"

#include <jansson.h>

/* what a revision says has happened; the word is the last part of the CloudEvents type and the metric's label */
#define CHANGE_TABLE(X)                                                                                                \
    X(RAISED, "raised")       /* opened, or to a higher level */                                                       \
    X(LOWERED, "lowered")                                                                                              \
    X(RESOLVED, "resolved")   /* below the clear condition for as long as the rule asks */                             \
    X(WITHDRAWN, "withdrawn") /* it should never have been: facts were taken back, or its rule is gone */              \
    X(UNKNOWN, "unknown")     /* a source that it rests on is silent */                                                \
    X(RESUMED, "resumed")     /* that source is heard again, and it still fires */                                     \
    X(REOPENED, "reopened")   /* late facts show that it had not ended */                                              \
    X(HANDLED, "handled")     /* a disposition changed how it is handled */                                            \
    X(ESCALATED, "escalated") /* a limit passed, or nobody has it: the next tier is in charge, or it is marked as late */   \
    X(HELD, "held")           /* it goes on, but nobody is told of it any more; or it is held by another thing than before */ \
    X(RELEASED, "released")   /* it goes on, and is held no more */

enum change {
#define X(name, word) CHANGE_##name,
    CHANGE_TABLE(X)
#undef X
        CHANGES
};

#define ALERT_STATE_TABLE(X)                                                                                           \
    X(FIRING, "firing")                                                                                                \
    X(RESOLVED, "resolved")                                                                                            \
    X(WITHDRAWN, "withdrawn")                                                                                          \
    X(RECORDED, "recorded") /* nobody was told, see raise_within; late facts may still make it one that is raised */

enum alert_state {
#define X(name, word) ALERT_##name,
    ALERT_STATE_TABLE(X)
#undef X
        ALERT_STATES
};

const char *change_word(enum change);
const char *alert_state_word(enum alert_state);

enum { ALERT_ID_SIZE = 33 };

struct alert {
    char id[ALERT_ID_SIZE];
    enum alert_state state;
    bool unknown; /* shown as unknown while firing */
    bool shadow;  /* of a rule on trial: never published */
    unsigned revision;
    unsigned level, prev_level, highest; /* level: the last that was published */
    unsigned flaps; /* how often it rose after a fall, was reopened, or began within a day of the end of the one before, whose
                       flaps it takes over */
    bool down;      /* it was lowered, and has not risen since */
    int64_t opened_minute, opened_at, ended_minute; /* ended: MINUTE_NEVER while it lasts, as far as was published */
    int64_t lasted_minute; /* up to where the facts so far say that it lasted; its end there may not be closed yet */
    char *crossed_id;                               /* event id and source of the crossing fact; NULL: not known */
    char *crossed_source;
    int64_t crossed_at;
    int64_t limits_from;       /* when it was last raised */
    int64_t sign_by, close_by; /* seconds; 0: no limit.  Its own: those that run now are its handling's */
    char **units; /* that it was sent to then, the one in charge first; NULL: no dispositions are read */
    unsigned unit_count;
    enum region_level tier;
    struct journal journal; /* of its handling */
    uint32_t region; /* smallest region that has held all evidence so far; it only grows */
    struct notice notice; /* as decided last; while it fires and is held, no limit runs */
    bool told;            /* somebody was told of it, then or now */
    bool news;            /* revisions of this run, whose notice is to be decided */
    struct member *member;    /* of an incident; NULL: of none */
    char left[ALERT_ID_SIZE]; /* the incident that it was of when it was withdrawn; "": none */
};

/* the id of the incident that it is of: its own where there are none */
const char *alert_incident(const struct alert *);

/* one revision, as handed to the publisher; borrowed for the call */
struct revision {
    const struct rule *rule;
    enum change change;
    const struct alert *alert;
    enum subject_kind subject_kind;
    struct str subject_code;
    uint32_t subject_region;
    uint16_t each;               /* category; CATEGORY_NONE where the rule has no `each` */
    int64_t minute;              /* the one evaluated */
    const int64_t *values;       /* by term; NULL: not known any more */
    const int64_t *thresholds;   /* by atom */
    uint32_t periods;            /* of the calendar, that changed them */
    const struct view_entry *evidence; /* the window's facts, in order */
    size_t evidence_count;
    const char *reason; /* of a withdrawal, of an escalation; or NULL */
    const struct handling *handling;
    const struct journal_entry *entry; /* of its journal, that this revision tells; or NULL */
};

/* what keys of the state topic begin with that are the tracker's */
#define TRACKER_KEY "subject/"
#define INCIDENT_KEY "incident/"

/* what is known of a revision only when all subjects have been evaluated */
struct telling {
    const struct notice *notice;
    bool unlimited; /* it is held, or was: its limits do not run */
    const char *incident;
};

/* one revision of an incident, as handed to the publisher; borrowed for the call */
struct incident_revision {
    const struct incident *incident;
    enum incident_change change;
    const struct incident_alert {
        const struct alert *alert;
        const char *rule;
        const char *covered_by; /* an alert's id; NULL: by none */
    } *alerts;
    size_t alert_count;
    int64_t minute; /* that is told of its lead; MINUTE_NONE: nothing new is */
};

struct tracker_outputs {
    void (*publish)(void *arg, const struct revision *);
    /* the rest of the oldest one that lacks it; before tracker_run returns all have it.  Only with tracker_notify. */
    void (*settle)(void *arg, const struct telling *);
    /* the subject's state, to be stored under `key`, borrowed; NULL: it is no more */
    void (*store)(void *arg, const char *key, json_t *state);
    /* a revision of a rule on trial: recorded, never published */
    void (*shadowed)(void *arg, const struct revision *);
    /* an episode that was only recorded, see raise_within */
    void (*recorded)(void *arg, const struct rule *, const struct episode *);
    /* what became of a disposition; never called where there are none */
    void (*answer)(void *arg, const struct disposition *, enum answer);
    /* what an incident is to say of the alert that leads it, as that stands, in a region; and the incident.  NULL: nobody asks
     * for incidents */
    json_t *(*face)(void *arg, const struct revision *lead, uint32_t region);
    void (*incident)(void *arg, const struct incident_revision *);
    void *arg;
};

/* event times that a cut sees, in minutes; of each rule, since it depends on the sources it reads */
struct rule_time {
    int64_t closed_before; /* the watermark before this cut */
    int64_t closed;        /* and now: all minutes up to it are closed */
    int64_t horizon;       /* minute of the clock: provisional minutes run up to it; MINUTE_NONE: only to the facts */
    bool silent;
};

struct tracker;

struct tracker *tracker_create(const struct ledger *, const struct registry *, const struct catalogue *,
                               const struct generation *, const char *group, const struct tracker_outputs *);
void tracker_destroy(struct tracker **);

/* Takes back what tracker_outputs.store was given before, or has it deleted: a rule that is gone leaves nothing
 * that it could go on from if it came again.  false: not understood (logged). */
bool tracker_restore(struct tracker *, struct str key, struct str state);
/* after the last: subjects of rules that are gone are withdrawn by the next tracker_run, edited ones evaluated anew */

/* Another generation: subjects of rules that are the same go on untouched, edited rules are judged by their new text,
 * those of rules that are gone are withdrawn by the next tracker_run. */
void tracker_switch(struct tracker *, const struct generation *);
/* The same rules with other counters: nothing that is tracked changes. */
void tracker_renew(struct tracker *, const struct generation *);

/* What is silent now, bits of sources: for rules of silent(). */
void tracker_silence(struct tracker *, uint64_t sources);
/* Begins to track what no event brings up: rules of silent().  After tracker_create's restoring, and tracker_switch. */
void tracker_stand(struct tracker *);
/* The facts that a rule sees under a subject, tracked or not, as far as windows from `minute` on can see: for
 * tools that ask about the past.  The caller's; view_destroy. */
struct view *tracker_view(struct tracker *, unsigned rule, struct subject, struct str code, int64_t minute);

/* Within a cut, in this order: its facts, its findings, then one run.  Of either as many at a time as there are, all facts
 * committed by then: what is found out about a matter for one of them serves for the next. */
void tracker_feed(struct tracker *, const fact_ref *, size_t count);
void tracker_find(struct tracker *, const struct finding *, size_t count);
/* A disposition; copied, and answered by the next tracker_run. */
void tracker_dispose(struct tracker *, const struct disposition *);
/* Evaluates what changed and what a closed minute changes by itself.  times: by rule.  cut: its number, from which
 * the ids of new alerts are made, once per cut for each tracker_run.  now_s: from when time limits run.  Returns
 * how many revisions were published. */
size_t tracker_run(struct tracker *, const struct rule_time *times, uint64_t cut, int64_t now_s);

/* Of each alert it is decided whether anybody is told of it; borrowed.  After tracker_create. */
void tracker_notify(struct tracker *, struct notify *);
/* Dispositions are read: who is asked can answer.  After tracker_create. */
void tracker_answers(struct tracker *);
/* All dispositions that there were have been read, so limits that passed by then (seconds) may be judged by the next
 * tracker_run; INT64_MIN, as at first: none may. */
void tracker_limits(struct tracker *, int64_t until_s);

/* is anything due once these minutes are closed? */
bool tracker_due(const struct tracker *, const struct rule_time *times);

/* Lets go of facts below the ledger's floors; call when one has risen, before the next ledger_maintain. */
void tracker_forget(struct tracker *);
/* Most memory; a finding for a further subject is then refused, and counted. */
void tracker_limit(struct tracker *, size_t bytes);

struct tracker_counts {
    size_t subjects, bytes;
    size_t open[LEVELS_MAX + 1], pending;
    uint64_t denied, shed;
    uint64_t holds[HOLDS]; /* times that an alert came to be held, by cause */
    size_t incidents;      /* that fire */
    uint64_t unlinked;     /* links of alerts that would have made an incident too large */
};
void tracker_counts(struct tracker *, struct tracker_counts *);

#endif
