/* What the files of the tracker share. */
#ifndef GW_ALERT_TRACKER_PRIV_H
#define GW_ALERT_TRACKER_PRIV_H

#include "alert/matters.h"
#include "alert/tracker.h"

struct tracked {
    struct tracked *next; /* in its bucket */
    uint16_t rule;
    struct subject subject;
    char *code; /* of the region, respondent or matter */
    struct view *view;
    struct machine machine; /* settled: all its minutes are closed, or precede the first finding */
    struct alert *alerts;   /* in the order of opening; those long over are dropped */
    size_t alert_count;
    int64_t rebuild_from; /* first minute that has to be run again; MINUTE_NEVER: none */
    bool view_missing;    /* restored: the machine stands, the view has yet to be built */
    bool pending;         /* a condition holds, settled or not, that has not held for as long as the rule asks */
    bool uncommitted;     /* the walk met facts of no cut yet: a denied finding may still come true */
    int64_t found;        /* earliest minute of findings for which no walk was made; MINUTE_NEVER: none */
    bool dirty, changed, stored, fresh;
    bool looked;          /* at, in this run */
    bool edited;          /* its rule is another since it was judged last */
    bool corrected;       /* so it is, or facts that it saw were taken back, since it was looked at last */
    uint64_t silent_seen; /* of a rule of silent(): what it was judged by */
    int64_t stored_minute;
    uint64_t named_cut; /* in which its last alert was named, */
    unsigned named;     /* and how many were before in that one */
    int64_t wake;      /* closed minute at which something changes by itself */
    int64_t wake_live; /* likewise, of the clock's minute: a `for` that runs out */
    int64_t limit;     /* second at which the next limit of its alerts passes */
};

/* an open alert of a rule that is gone */
struct orphan {
    char *key;
    struct rule rule;
    enum subject_kind kind;
    char *code;
    uint32_t region;
    struct alert alert;
};

struct tracker {
    const struct ledger *ledger;
    const struct registry *registry;
    const struct catalogue *catalogue;
    const struct generation *generation;
    const struct rule_set *rules;
    char *group;
    struct tracker_outputs out;
    struct tracked **buckets;
    size_t bucket_mask, count;
    struct history history;
    bool *silent; /* by rule: as last shown */
    struct orphan *orphans;
    size_t orphan_count;
    uint64_t denied, shed;
    size_t bytes, bytes_max; /* as last counted; 0: no bound */
    uint64_t cut;
    int64_t now_s;
    bool answers; /* dispositions are read */
    int64_t limits_until;
    struct waiting *waiting; /* dispositions, until the run is over */
    size_t waiting_count, waiting_capacity;
    uint64_t silent_sources; /* bits: what is silent at this moment */
    struct tracked **looked; /* those that this run has looked at and kept */
    size_t looked_count, looked_capacity;
    struct notify *notify; /* NULL: nobody is to be told anything */
    fact_ref *joins; /* merges and links of the cut, until it is run */
    size_t join_count, join_capacity;
    struct before *asked; /* likewise, what others may ask for, see touch.c */
    size_t asked_count, asked_capacity;
    struct matters *matters; /* during a run; NULL otherwise */
    struct news *news;     /* revisions that lack their notice, in order */
    size_t news_count, news_capacity;
    uint64_t holds[HOLDS];
    struct disputes *disputes; /* NULL: there are no incidents */
    size_t published;
};

/* tracked.c */
struct tracked *tracked_lookup(const struct tracker *, unsigned rule, uint64_t subject);
void tracked_link(struct tracker *, struct tracked *); /* into its bucket */
struct tracked *tracked_add(struct tracker *, unsigned rule, struct subject, struct str code, int64_t minute);
void tracked_destroy(struct tracked *); /* once out of it */
/* a view for the subject, by the tracker's generation */
struct view *tracked_view(const struct tracker *, const struct tracked *);
/* it has to be run again from that minute on */
void tracked_again(struct tracked *, int64_t minute);
/* likewise, and what it saw may be no more */
void tracked_correct(struct tracked *, int64_t minute);

/* build.c: the view of a subject, from the ledger; facts that a window from `minute` on can see */
void tracked_build(struct tracker *, struct tracked *, int64_t minute);
/* likewise, as it was last looked at, if it is missing: other rules were loaded since, and it had nothing to say */
void tracked_see(struct tracker *, struct tracked *);
/* The committed facts that a rule sees under a subject, later than that second, in no order and some of them twice; the
 * visitor returns false to stop.  Returns whether facts of no cut yet were met. */
typedef bool tracked_visit(void *arg, const struct view_entry *);
bool tracked_walk(const struct tracker *, const struct tracked *, int64_t from, tracked_visit *, void *arg);
/* the subject that a rule sees the fact under, if its region and category are those; a matter by its root */
struct subject tracked_subject(const struct tracker *, const struct rule *, fact_ref, uint32_t region,
                               uint16_t category, struct roots *);
/* one fact as the rule sees it; false if it does not see it under this subject (or it is not live) */
bool tracked_entry(const struct tracker *, const struct tracked *, fact_ref, struct matters *, struct view_entry *);

/* reconcile.c: evaluates the subject; true if it may be forgotten */
bool tracked_evaluate(struct tracker *, struct tracked *, const struct rule_time *);
void tracker_publish(struct tracker *, struct tracked *, struct alert *, enum change, int64_t minute, const char *reason);
void tracker_publish_entry(struct tracker *, struct tracked *, struct alert *, enum change, int64_t minute,
                           const char *reason, const struct journal_entry *);
/* the smallest region that holds what it held so far, and the newest facts of the window as that stands */
uint32_t evidence_region(const struct tracker *, const struct tracked *, uint32_t so_far, size_t newest);
/* what a revision of it would show at that minute, as far as that fits nowhere else */
struct shown {
    int64_t values[TERMS_MAX], thresholds[ATOMS_MAX];
    struct handling handling;
};
struct revision alert_shown(const struct tracker *, const struct tracked *, const struct alert *, enum change, int64_t minute,
                            struct shown *room);
void alert_clear(struct alert *);

/* flaps.c: a revision is about to be published, not yet numbered */
void flaps_count(const struct tracked *, struct alert *, enum change);

/* handled.c */
void alert_handling(const struct tracker *, const struct rule *, uint16_t each, const struct alert *, struct handling *);
/* it was raised, in its region: units and limits */
void alert_send(const struct tracker *, const struct tracked *, struct alert *);
void alert_forget_units(struct alert *);
/* its limits begin anew, for those who were asked before */
void alert_ask_again(const struct tracker *, const struct tracked *, struct alert *);
/* the minute that a revision speaks of which no evaluation led to */
int64_t alert_minute(const struct tracked *, const struct alert *);
/* what waits for the subject's alerts; then, once it is known who is told, their limits */
void tracked_handle(struct tracker *, struct tracked *);
void tracked_limits(struct tracker *, struct tracked *);
/* around a run */
void handled_begin(struct tracker *);
bool handled_waits(const struct tracker *, const struct tracked *);
void handled_end(struct tracker *);

/* tracker.c: this run looks at it */
void tracked_look(struct tracker *, struct tracked *);

/* notices.c: a revision was published; decides, once all have been evaluated; then all that were published have their notice */
void news_add(struct tracker *, const struct tracked *, struct alert *);
void news_add_orphan(struct tracker *, const struct alert *);
void notices_decide(struct tracker *);
void news_settle(struct tracker *);
void notice_store(const struct alert *, json_t *);
void notice_restore(const json_t *, struct alert *);

/* disputes.c: a revision of it is published; it is of no more use */
void disputes_hear(struct tracker *, struct tracked *, struct alert *);
void disputes_forget(const struct tracker *, struct alert *, bool withdrawn);
/* the rules are others, or all that was stored has been taken back */
void disputes_begin(struct tracker *);
bool disputes_restore(struct tracker *, struct str key, const json_t *);
void disputes_destroy(struct tracker *);
/* once all subjects have been evaluated: which incidents there are; then, once it is known who is told, what to tell of them */
void disputes_form(struct tracker *);
void disputes_tell(struct tracker *);
bool disputes_due(const struct tracker *);
void disputes_count(const struct tracker *, struct tracker_counts *);
struct incidents *disputes_incidents(const struct tracker *); /* NULL: there are none, or will be none */

/* handled_state.c: into the alert's state, and back; false: not understood */
void handled_store(const struct alert *, json_t *);
bool handled_restore(const json_t *, struct alert *);

/* touch.c */
void touch_modified(struct tracker *, fact_ref modifier, struct roots *);
/* what touch_cut sees to, before the cut is run: a merge or a link; a fact that others' `after`, `unless` or `overdue` may ask
 * for */
void touch_join(struct tracker *, fact_ref);
void touch_later(struct tracker *, fact_ref);
void touch_cut(struct tracker *);

/* feed.c: what the subject is called: a region's code, or the text in that fact */
struct str subject_code(const struct tracker *, const struct subject *, fact_ref);

/* state.c */
void orphan_clear(struct orphan *);
void tracked_store(struct tracker *, struct tracked *);
void tracked_unstore(struct tracker *, struct tracked *);
void orphan_add(struct tracker *, const char *key, const char *rule_id, const char *title, enum subject_kind,
                const char *code, struct alert *); /* takes the alert over */
void state_key(const struct tracker *, const struct tracked *, char *key, size_t size);
bool tracker_find_rule(const struct rule_set *, const char *id, unsigned *rule);
/* the rule was edited: what is open is judged by the new text */
void tracked_rejudge(struct tracked *);

static inline const struct rule *tracked_rule(const struct tracker *tracker, const struct tracked *t)
{
    return &tracker->rules->rules[t->rule];
}

#endif
