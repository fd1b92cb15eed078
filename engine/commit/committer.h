/* The committer: the one thread that decides.  It gathers what the workers hand over into a cut, confirms findings on
 * exactly the facts of the cuts so far, runs the alerts' life, and commits everything in one step of the store: facts,
 * revisions, states, dead letters, offsets.
 *
 * A cut that is being committed is frozen as bytes and handed over again as it is until it commits; nothing is ever
 * taken back inside the process.  When the store is lost, so is this committer: the shard is rebuilt from the log.
 *
 * committer_step is all there is to its thread, so that a simulation can call it. */
#ifndef GW_COMMIT_COMMITTER_H
#define GW_COMMIT_COMMITTER_H

#include "alert/tracker.h"
#include "base/clock.h"
#include "commit/handover.h"
#include "commit/watermark.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "sink/store.h"

struct committer;

struct committer_inputs {
    const struct config *config;
    const struct clock *clock;
    struct ledger *ledger;
    struct ledger_writer *writer; /* the committer's own */
    struct generation *generation; /* the first */
    struct handover_ring *rings; /* one for each worker */
    unsigned ring_count;
    const struct source_partition *partitions;
    size_t partition_count;
    const struct store *store;
    struct metrics *metrics;
    bool drain; /* a partition read to its end has ended for good */
};

struct committer *committer_create(const struct committer_inputs *);
void committer_destroy(struct committer **);

/* A record of the state topic that is not the committer's own; of a cut. */
struct state_note {
    const char *key;
    struct str value; /* at NULL: deletes it */
};

/* A generation that has been filled from the ledger, and what that found: the committer takes it up at its next step.
 * Borrowed until committer_generation says so. */
struct generation_offer {
    struct generation *generation;
    struct finding *findings;
    size_t count;
    const struct state_note *notes; /* in the cut with which it begins */
    size_t note_count;
};
void committer_offer(struct committer *, struct generation_offer *); /* any thread; NULL: taken back, if it was not taken */
/* the one taken up last; any thread, as long as the caller keeps it */
const struct generation *committer_generation(const struct committer *);
bool committer_generation_committed(const struct committer *);       /* is that in the log?  any thread */
/* Other counters for the same rules, between two steps; an offer of the same rules is as much. */
void committer_renew(struct committer *, struct generation *);
void committer_beside(struct committer *, size_t bytes); /* what counters hold beside the active ones; any thread */

/* What the state topic holds besides the tracker's: offsets, watermarks, cut. */
#define PROGRESS_KEY "progress"
/* the floor of facts that this record tells of: all below has been carried on; 0: of none */
int64_t progress_floor(struct str value);
/* what the state topic holds, texts by key */
void committer_restore(struct committer *, const json_t *state);
void committer_restored(struct committer *); /* after that, and the findings of what was counted */
/* then: where to read on, by partition; -1: from the beginning */
void committer_offsets(const struct committer *, int64_t *offsets);
/* was this rule, by its id, in the generation that committed last? */
bool committer_knows_rule(const struct committer *, const struct rule *);
/* facts of earlier cuts count as committed; the next cut's number is above any before */
void committer_find(struct committer *, const struct finding *); /* from a backfill; before the first step */
void committer_note(struct committer *, const struct state_note *); /* likewise: into the first cut */

enum step_result {
    STEP_IDLE,     /* nothing to do until something is handed over or time passes */
    STEP_PROGRESS, /* call again at once */
    STEP_FINISHED, /* all input has ended, everything is closed and committed */
    STEP_LOST,     /* the store is lost */
};
enum step_result committer_step(struct committer *);
/* commits what there is, however little; for leaving in good order */
enum step_result committer_flush(struct committer *);

/* is everything that was handed over committed? */
bool committer_clean(const struct committer *);

/* has a worker handed over anything that was not taken yet? */
bool committer_waiting(const struct committer *);

uint64_t committer_cut(const struct committer *); /* newest committed */
/* milliseconds of the clock when it last made progress or had nothing to do; any thread */
int64_t committer_alive_ms(const struct committer *);
int64_t committer_committed_ms(const struct committer *); /* when the newest commit ended; any thread */
unsigned committer_unreachable(const struct committer *); /* partitions out of reach; any thread */
int64_t committer_complete_minute(const struct committer *); /* that all sources but silent ones are complete up to; 0: none; any thread */
const struct watermarks *committer_watermarks(const struct committer *); /* committer's thread */
const struct tracker *committer_tracker(const struct committer *);       /* likewise */

#endif
