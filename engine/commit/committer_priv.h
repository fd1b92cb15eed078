/* What the committer's files share. */
#ifndef GW_COMMIT_COMMITTER_PRIV_H
#define GW_COMMIT_COMMITTER_PRIV_H

#include "alert/render.h"
#include "commit/committer.h"
#include "commit/cut.h"
#include "ledger/wire.h"

#include <stdatomic.h>

/* a revision in the open cut that lacks what is known at the end of the run */
struct unsettled {
    size_t record; /* its number in the cut */
    json_t *event;
};

#define LATE_NONE INT64_MAX /* no record yet */

struct committer {
    struct committer_inputs in;
    struct tracker *tracker;
    struct wire_encoder *encoder;
    struct watermarks marks;
    struct rule_time *times;     /* by rule */
    int64_t minute;              /* the clock's, when they were reckoned */
    int64_t *watermark_at_commit; /* by source: when the last cut was committed */
    int64_t awake_ms, stepped_ms; /* since when steps have followed one another; the last */
    struct cut cut;
    uint64_t number;             /* of the open cut */
    bool frozen;                 /* the cut is on its way */
    bool lost;
    bool changed;                /* something since the last commit: facts, rejects, offsets, watermarks */
    bool unseen;                 /* what was taken, or the time that has come, was not evaluated yet */
    bool finished;
    size_t revisions;            /* in the open cut */
    int64_t late_ms;             /* how long the newest of its records had lain in its topic; LATE_NONE */
    struct notify *notify;
    struct unsettled *unsettled; /* of the run, in order; the first `settled` of them are done with */
    size_t unsettled_count, unsettled_capacity, settled;
    _Atomic int64_t committed_ms;
    int64_t heartbeat_ms, counted_ms, retry_ms, commit_took_ms;
    char **partition_names;      /* "topic/number" */
    struct render_partition *rendered;
    struct render_source *rendered_sources;
    int64_t *next_offsets;
    struct buffer scratch;
    json_t *parts;               /* of states that are stored in several, see sink/parts.h */
    json_t *known_rules;         /* id → digest, of the generation that committed last; NULL: none */
    uint64_t *handed;            /* by ring: what has to be committed before the ledger may go on */
    uint64_t handed_cut;         /* the first cut that holds none of it; 0: not known yet */
    bool handed_known;
    _Atomic(struct generation_offer *) offer;
    _Atomic(const struct generation *) generation; /* the tracker's */
    uint64_t counters_shed;      /* by its counters, as far as the metric knows */
    _Atomic size_t counters_beside;
    _Atomic int64_t complete_minute;
    _Atomic uint64_t generation_cut; /* with which it began */
    bool noted;                  /* something for others in this cut, who wait for it */
    bool restored;               /* and nothing done since */
    struct finding *backfilled;  /* waiting for the next evaluation */
    size_t backfilled_count, backfilled_capacity;
    struct findings coming;       /* findings for a generation that was not taken up yet */
    _Atomic uint64_t committed;
    _Atomic unsigned unreachable;
    _Atomic int64_t alive_ms;
};

/* committer.c: the fact, and its parties, into the open cut */
void committer_take_fact(struct committer *, fact_ref);
/* carry.c: carries on what is needed of spans that are about to go, a part of it in each call; true: all of it */
bool committer_carry(struct committer *, int64_t now_s);
/* progress.c */
void progress_store(struct committer *);
/* publish.c: outputs of the tracker into the open cut, dead letters, heartbeats */
extern const struct tracker_outputs committer_outputs;
/* what became of the message that was read there: refused, it is a dead letter */
void publish_answer(struct committer *, uint32_t partition, int64_t offset, enum answer);
void publish_reject(struct committer *, const char *text, const struct reject *); /* text: that its places are in */
void publish_digests(struct committer *, json_t *digests); /* as notify_digests has them; empties them */
void publish_heartbeat(struct committer *, int64_t now_ms);
void publish_state(void *committer, const char *key, json_t *state); /* NULL: it is no more */
void render_progress(struct committer *); /* partitions and sources, as they stand */

#endif
