/* A shard: a set of input partitions with its own ledger, counters, workers, committer and place in the log.  Nothing in
 * it is global, so a process may hold several.
 *
 *   follow (as often as wanted: a standby keeps warm)  →  lead  →  start threads, or step by hand  →  destroy
 *
 * When the store is lost the shard is destroyed and made anew from the log. */
#ifndef GW_SHARD_SHARD_H
#define GW_SHARD_SHARD_H

#include "base/clock.h"
#include "base/patience.h"
#include "commit/committer.h"
#include "shard/worker.h"

struct shard;

/* What a generation is made of.  All borrowed: the rules until others have taken their place, the notes until then. */
struct shard_rules {
    const struct rule_set *rules;
    uint64_t number;                /* above 0, and another than the one before */
    const struct state_note *notes; /* go into the cut with which it begins */
    size_t note_count;
};

struct shard_inputs {
    const struct config *config;
    const struct rule_set *rules; /* borrowed, see shard_reload; NULL: the configuration's */
    const struct clock *clock;
    const struct source *source; /* owned by the caller, as is store */
    const struct store *store;
    struct metrics *metrics;
    unsigned workers;
    bool drain;
    /* Asked when the shard is to lead, with all of the state topic and the whole ledger read: the rules to begin with, instead of
     * `rules`, which then have number 1.  NULL: those. */
    struct shard_rules (*choose)(void *arg, struct shard *, const json_t *state);
    void *choose_arg;
};

/* Metrics with the labels that shards of this configuration and these partitions use; the caller's. */
struct metrics *shard_metrics(const struct config *, const struct source_partition *, size_t count);

struct shard *shard_create(const struct shard_inputs *);
void shard_destroy(struct shard **); /* stops the threads first, without committing */

/* Takes in what the log holds by now.  STORE_OK: go on; *at_end: nothing more was there. */
enum store_result shard_follow(struct shard *, int timeout_ms, bool *at_end);

/* Becomes the writer of the log: fences the one before, reads the rest, fills the counters from the ledger, and
 * points the source to where the last commit stood.  false: it can't be (logged). */
bool shard_lead(struct shard *);

/* ---- with threads ---- */
void shard_start(struct shard *);
/* true once the committer has stopped by itself: finished (see drain) or lost */
bool shard_stopped(const struct shard *, enum step_result *why);
/* stops the workers, commits what they have read, stops the committer; STEP_LOST if that commit was lost */
enum step_result shard_stop(struct shard *);

/* Makes these rules the active ones: filled from the ledger aside, then swapped in whole, while the workers run.  Those before
 * are no longer looked at when it returns true.  *longest_pause_s: the longest that a worker had records at hand and finished none
 * meanwhile.  false: the shard stopped first, or the patience ended; both sets of rules are in use until shard_destroy, which is
 * all that may be done then (and shard_stop before).  By hand a store that asks for a retry ends it, too: only the caller can
 * let the time pass.
 *
 * One thread at a time, the committer's and the workers' aside; it is the one whose shard_reader it is. */
bool shard_reload(struct shard *, const struct shard_rules *, const struct patience *, double *longest_pause_s);

/* Renews the counters: others, counted from the ledger, take their place while the workers run; nobody is told.  What no
 * window reaches any more is given back, and a table that is too small gives way to a larger one.  true: it is done.  false:
 * the patience ended, and all is as it was; or the shard stopped first.  Threads as for shard_reload. */
bool shard_renew(struct shard *, const struct patience *);
/* Is it time for that?  To be asked while no reload and no renewal is under way, by the thread that would begin it. */
bool shard_renewal_due(const struct shard *);

/* ---- by hand: simulation, tests ---- */
enum reload_result {
    RELOAD_WAITING, /* for workers or the committer */
    RELOAD_PROGRESS,
    RELOAD_DONE, /* and committed */
    RELOAD_LEFT, /* a renewal that was left off: all is as it was */
};
/* shard_reload in steps that do not wait.  One at a time; rules->rules and notes are borrowed. */
void shard_reload_begin(struct shard *, const struct shard_rules *);
enum reload_result shard_reload_step(struct shard *);
/* shard_renew in the same steps; one of the two at a time.  Once it is left off, its next steps give it up, unless the
 * committer has it already. */
void shard_renew_begin(struct shard *);
void shard_renew_leave(struct shard *);
struct worker *shard_worker(struct shard *, unsigned number);
struct committer *shard_committer(struct shard *);
struct ledger *shard_ledger(struct shard *);
struct generation *shard_generation(struct shard *);
/* of whoever recovers, reloads, or asks what rules would have said; one thread at a time */
struct ledger_writer *shard_reader(struct shard *);

#endif
