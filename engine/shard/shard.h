/* A shard: a set of input partitions with its own ledger, counters, workers, committer and place in the log.  Nothing in
 * it is global, so a process may hold several.
 *
 *   follow (as often as wanted: a standby keeps warm)  →  lead  →  start threads, or step by hand  →  destroy
 *
 * When the store is lost the shard is destroyed and made anew from the log. */
#ifndef GW_SHARD_SHARD_H
#define GW_SHARD_SHARD_H

#include "base/clock.h"
#include "commit/committer.h"
#include "shard/worker.h"

struct shard;

struct shard_inputs {
    const struct config *config;
    const struct rule_set *rules; /* borrowed, see shard_reload; NULL: the configuration's */
    const struct clock *clock;
    const struct source *source; /* owned by the caller, as is store */
    const struct store *store;
    struct metrics *metrics;
    unsigned workers;
    bool drain;
};

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

/* Makes these rules the active ones: filled from the ledger aside, then swapped in whole, while the workers run.  They are
 * borrowed; those before are no longer looked at when it returns.  false: the shard stopped first. */
bool shard_reload(struct shard *, const struct rule_set *);

/* ---- by hand: simulation, tests ---- */
struct worker *shard_worker(struct shard *, unsigned number);
struct committer *shard_committer(struct shard *);
struct ledger *shard_ledger(struct shard *);
struct generation *shard_generation(struct shard *);

#endif
