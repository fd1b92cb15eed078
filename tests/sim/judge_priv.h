/* What the judge's files share. */
#ifndef GW_SIM_JUDGE_PRIV_H
#define GW_SIM_JUDGE_PRIV_H

#include "judge.h"

#include "notify/notice.h"

#include <jansson.h>

enum { FRESH_FACTS = 4096, UNITS_SHOWN = 8, UNIT_TEXT = 64, ID_TEXT = 40, JUDGED_KEY = 64 };

enum alert_seen { ALERT_STATE_FIRING, ALERT_STATE_RESOLVED, ALERT_STATE_WITHDRAWN };

struct judged_alert { /* its latest revision */
    char id[40], kind[16], code[WORLD_TEXT], each[WORLD_TEXT], rule_id[16];
    int rule; /* number among the active ones; -1: it is none of them any more */
    unsigned revision, level, highest;
    enum alert_seen state;
    bool unknown, fresh; /* fresh: of the commit that is being judged */
    bool heard;          /* likewise, or only of what was done about it, or of who is told */
    bool born;           /* likewise: raised in it */
    bool was_firing;     /* before that commit */
    bool edited;         /* with that commit its rule has become another */
    bool dated;          /* over, long ago or of a rule as it was before an edit: nothing is expected of it any more */
    int64_t opened_at;
    int64_t from, until; /* minutes that its episode is known to cover, as of the commit before; from > until: none */
    /* who is told */
    enum hold cause; /* by its latest revision */
    char by[256];
    bool told;      /* somebody was, then or before */
    bool newly;     /* in the commit that is being judged for the first time */
    bool top;       /* it was at the highest level in it */
    char street[WORLD_TEXT]; /* of its subject, or the district's; "": that is no region */
    int64_t waited; /* before that commit: since which minute of a storm; INT64_MIN: it did not */
    char incident[ID_TEXT], units[UNITS_SHOWN][UNIT_TEXT];
    unsigned unit_count;
};

struct judged_incident { /* its latest message */
    char id[ID_TEXT], merged_into[ID_TEXT];
    unsigned revision, level;
    int64_t opened_at;
    bool open, fresh; /* fresh: of the commit that is being judged */
    char (*firing)[ID_TEXT];
    size_t firing_count;
};

struct judged_silence {
    char id[SAID_ID];
    int64_t until;
    bool fresh;
};

struct judged_shift { /* of a street; or a minute */
    char street[WORLD_TEXT];
    int64_t from, until, latest; /* latest: that it has ever begun */
    unsigned told, late; /* late: of these, what waited since an earlier minute */
    bool over;
};

struct judged_hold { /* by a budget or a storm */
    size_t alert; /* its number */
    char key[JUDGED_KEY]; /* of the digest */
    uint64_t commit;
    bool listed; /* in a last one */
};

struct judged_digest { /* its latest revision */
    char key[JUDGED_KEY];
    unsigned revision;
    bool over;
};

struct judged_input {
    int64_t committed, taken; /* offsets; taken: by the committer, if not committed yet */
    size_t checked;
    unsigned char *dead; /* by record: dead letters seen */
    size_t dead_capacity;
};

struct judged_source {
    int64_t before; /* the watermark as of the commit before */
    int64_t heard_ms, stored_heard_ms; /* since when it may be silent: as now, and as committed; */
    int64_t heard_before_ms;           /* and before this step */
    int64_t watermark;
    int64_t allowed; /* the watermark may be at most this */
    int64_t least;   /* and must be at least this */
    bool silent, stored_silent;
    int64_t horizon, stored_horizon; /* minutes: newest of the clock while it was not silent; and as committed */
};

struct judged_fact {
    bool moved_on;        /* carried on from a span that was not seen to expire yet */
    int64_t place_before; /* in that */
    bool gone;
};

struct judge {
    const struct world *world;
    const struct memory_log *log;
    struct model *model;
    size_t read; /* entries of the log */
    bool trace;
    char why[1024];
    struct judge_counts counts;
    struct judged_input inputs[PARTITIONS_MAX];
    struct judged_source sources[SOURCES_MAX];
    size_t fresh_fact[FRESH_FACTS], fresh_facts;
    bool brings_facts; /* the commit that is looked at */
    struct judged_alert *alerts;
    size_t alert_count, alert_capacity;
    uint64_t cut;
    const struct rule_set *rules; /* that are active as of the commit that is judged; NULL: none yet */
    unsigned generation;          /* of the world's */
    uint64_t number;              /* as the log numbers it; 0: it does not */
    char passed_over[DIGEST_TEXT];
    bool switched;                /* it has begun with this commit */
    bool draining;
    int64_t newest;              /* of the committed facts, seconds */
    int64_t floor, floor_before; /* of facts, as committed; and as judged */
    struct judged_fact *facts;   /* by event */
    int64_t *place;              /* by event: where its fact is, once it was carried on; 0: at its own time */
    /* where there is a command centre */
    const struct centre *centre;
    struct judged_incident *incidents;
    size_t incident_count;
    struct judged_silence *silences;
    size_t silence_count;
    bool *applied; /* by the number of what was said */
    size_t said_count;
    struct judged_shift *shifts, *spent; /* by what was told; by the state topic */
    size_t shift_count, spent_count;
    struct judged_shift minute; /* everywhere */
    struct judged_hold *holds;
    struct judged_digest *digests;
    size_t hold_count, digest_count;
    unsigned spending; /* by the state topic, in this commit */
    bool turned;       /* a shift or a budget began in it */
    int64_t clock_ms; /* as the engine saw it last */
};

bool judge_fail(struct judge *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* judge_carry.c */
bool judge_carried(struct judge *, size_t number, const struct event *);
bool judge_floor(struct judge *); /* after a commit */

/* judge_input.c */
bool judge_facts(struct judge *, struct str value);
bool judge_dead_letter(struct judge *, struct str value);
bool judge_input(struct judge *); /* after a commit */

/* judge_rules.c */
bool judge_generation(struct judge *, uint64_t commit); /* before the entries of the commit */
void judge_use(struct judge *, unsigned generation);
bool judge_gone(struct judge *);   /* after a commit: of rules that are gone nothing fires */
bool judge_standing(struct judge *); /* likewise: rules of silent() */
static inline bool judge_publishes(const struct rule *rule)
{
    return rule->life == LIFE_ACTIVE;
}

/* judge_time.c */
/* the last minute all of whose seconds lie below the watermark of all sources that the rule reads; as of the
 * commit before */
int64_t judge_closed(const struct judge *, unsigned rule);
int64_t judge_closed_before(const struct judge *, unsigned rule);
/* up to which minute of the clock the rule's conditions are looked at */
int64_t judge_horizon(const struct judge *, unsigned rule);
bool judge_silent(const struct judge *, unsigned rule); /* is a source that it reads? */
bool judge_progress(struct judge *, struct str value);
/* of a revision, before the rest of its commit: are sources told as heard when they were, over crashes and a clock that is set back? */
bool judge_heard(struct judge *, const json_t *evidence);

/* judge_revisions.c */
bool judge_revision(struct judge *, const struct log_entry *);

struct judged_alert *judge_alert_find(const struct judge *, const char *id); /* NULL: none */
int64_t judge_time_in(const char *text); /* rendered with the offset +00:00; or of a shift or minute, with none */
int64_t judge_time_of(const json_t *text);
unsigned judge_level_of(const struct judge *, const json_t *word); /* 0: none */
const char *judge_text_of(const json_t *object, const char *name);
const char *judge_change_of(const json_t *event); /* the last word of its type */

/* judge_told.c: of a revision, before it is taken for the alert's latest; after a commit */
bool judge_notice(struct judge *, struct judged_alert *, const json_t *event);
bool judge_told(struct judge *);

/* judge_budgets.c: before a commit; after it; what the state topic says was spent; another generation */
void judge_before_told(struct judged_alert *);
bool judge_budgets(struct judge *);
void judge_spent(struct judge *, struct str street, const json_t *state);
struct judged_shift *judge_spending(const struct judge *, struct str street); /* as last stored; NULL: never */
void judge_new_notify(struct judge *);

/* judge_digests.c: a budget or a storm holds it; a digest; after a commit; after all of them */
void judge_held(struct judge *, const struct judged_alert *);
bool judge_digest(struct judge *, const struct log_entry *);
bool judge_digests(struct judge *);
bool judge_digests_end(struct judge *);

/* judge_incidents.c: a message; after a commit */
bool judge_incident(struct judge *, const struct log_entry *);
bool judge_incidents(struct judge *);
bool judge_hangs_together(struct judge *, const json_t *state);
void judge_incidents_free(struct judge *);

/* judge_said.c: dead letters of what was said; its state; after a commit */
bool judge_refused(struct judge *, size_t number, const char *reason);
bool judge_kept(struct judge *, const struct log_entry *);
bool judge_said(struct judge *);

/* judge_alerts.c */
bool judge_alerts(struct judge *);

#endif
