/* What the files of a run share. */
#ifndef GW_SIM_RUN_PRIV_H
#define GW_SIM_RUN_PRIV_H

#include "cli/active.h"
#include "run.h"
#include "shard/shard.h"

enum { MINUTE_MS = 60000 };

struct engine {
    struct log_client *client;
    struct store store;
    struct source source;
    struct active active; /* where generations are archived */
    struct shard *shard;
    unsigned workers, number;
    unsigned starts_with; /* of the world's generations, what lay on the disk */
    bool changing;        /* it is in the middle of a reload */
    bool renewing;        /* which only renews its counters */
    bool lost;            /* its committer has said so */
};

struct run {
    struct world *world;
    struct memory_log *log;
    struct judge *judge;
    struct centre centre;
    struct dice dice;
    struct clock clock;
    int64_t now_ms;
    struct metrics *metrics;
    struct health *health;
    struct engine *leader, *rival, *standby; /* NULL: there is none */
    unsigned on_disk;                        /* of the world's generations */
    size_t delivered, rest; /* the world's next rest */
    unsigned rested;        /* steps in it */
    unsigned weight[16]; /* of each action: seeds differ in what they are made of */
    bool trace, draining;
    bool working;    /* a batch of the leader's is open, and others may go on meanwhile */
    unsigned worker; /* whose */
    struct run_result result;
};

void run_trace(const struct run *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool run_fail(struct run *, const char *why); /* false */
/* One step of the leader's committer, and what must be true after it; *result is what it said. */
bool run_commit(struct run *, bool flush, enum step_result *result);

struct engine *engine_create(struct run *);
void engine_destroy(struct engine **);

/* ---- run_centre.c: the command centre says something, of what it has read ---- */
bool run_speak(struct run *);

/* ---- run_twin.c ---- */
/* All is committed, and the leader has nothing to do: an engine that began now would hold the very same, and have nothing to
 * say.  false: it is not so. */
bool run_twin(struct run *);

/* ---- run_batch.c ---- */
void run_work(struct run *, unsigned worker); /* a batch of the leader's */
int64_t run_clock(void *run);

/* ---- run_rules.c; false: the run has failed ---- */
void rules_open(struct run *, struct engine *);
void rules_close(struct engine *);
bool rules_change(struct run *); /* somebody edits the files, asks for a reload, or for what was active before; or counters are renewed */
bool rules_step(struct run *, struct engine *); /* of the reload that it is in the middle of, if it is */

#endif
