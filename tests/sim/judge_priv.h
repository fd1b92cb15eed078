/* What the judge's files share. */
#ifndef GW_SIM_JUDGE_PRIV_H
#define GW_SIM_JUDGE_PRIV_H

#include "judge.h"

#include <jansson.h>

enum { FRESH_FACTS = 4096 };

enum alert_seen { ALERT_STATE_FIRING, ALERT_STATE_RESOLVED, ALERT_STATE_WITHDRAWN };

struct judged_alert { /* its latest revision */
    char id[40], kind[16], code[WORLD_TEXT], each[WORLD_TEXT];
    unsigned rule, revision, level, highest;
    enum alert_seen state;
    bool unknown, fresh; /* fresh: of the commit that is being judged */
    int64_t opened_at;
};

struct judged_input {
    int64_t committed, taken; /* offsets; taken: by the committer, if not committed yet */
    size_t checked;
    unsigned char *dead; /* by record: dead letters seen */
    size_t dead_capacity;
};

struct judged_source {
    int64_t heard_ms, stored_heard_ms; /* since when it may be silent: as now, and as committed */
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
    struct judged_alert *alerts;
    size_t alert_count, alert_capacity;
    uint64_t cut;
    unsigned rules; /* how many of the world's are active */
    bool draining;
    int64_t newest;              /* of the committed facts, seconds */
    int64_t floor, floor_before; /* of facts, as committed; and as judged */
    struct judged_fact *facts;   /* by event */
    int64_t *place;              /* by event: where its fact is, once it was carried on; 0: at its own time */
};

bool judge_fail(struct judge *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* judge_carry.c */
bool judge_carried(struct judge *, size_t number, const struct event *);
bool judge_floor(struct judge *); /* after a commit */

/* judge_input.c */
bool judge_facts(struct judge *, struct str value);
bool judge_dead_letter(struct judge *, struct str value);
bool judge_input(struct judge *); /* after a commit */

/* judge_time.c */
bool judge_progress(struct judge *, struct str value);

/* judge_alerts.c */
bool judge_silent(const struct judge *, unsigned rule); /* is a source that it reads? */
bool judge_revision(struct judge *, const struct log_entry *);
bool judge_alerts(struct judge *);

#endif
