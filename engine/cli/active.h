/* The rules that are active: which they are, where they come from, and how others take their place while the engine runs (all
 * of them or none).  Asked for by a signal, by an edit, over HTTP.
 *
 * The main thread watches and asks; a change itself may take long (millions of facts are counted), and has a thread of its own
 * as long as it lasts, so that signals, election and health go on.  There is one change at a time; what belongs to it is
 * untouched by the main thread meanwhile. */
#ifndef GW_CLI_ACTIVE_H
#define GW_CLI_ACTIVE_H

#include "commit/archive.h"
#include "config/config.h"
#include "metrics/control.h"
#include "metrics/health.h"
#include "shard/shard.h"

#include <pthread.h>

struct active {
    const struct config *config;
    struct metrics *metrics; /* filled in once there are any, as is health */
    struct health *health;
    struct control *control;
    const struct rule_set *rules;
    struct rule_set *own;     /* the same, unless they are the configuration's */
    struct rule_set *retired; /* what a shard that begins, or a change that is through, lets go of */
    struct archive *archive;
    struct watch *watch; /* NULL: nobody watches */
    char disk[72];       /* digest of the files on disk as they were read last */
    size_t mistakes;     /* that they had */
    bool held;           /* they were refused for the alerts that they would open */
    bool unsure;         /* a change ended half-way, with the shard: whether it is active the next life finds out */

    enum { ASKED_NOTHING, ASKED_BY_SIGNAL, ASKED_BY_EDIT, ASKED_OVER_HTTP } asked; /* and not begun yet */
    struct control_request request;

    pthread_t changer;
    bool changing;       /* there is such a thread, to be joined */
    bool renewing;       /* and it renews the counters: what is asked for ends that */
    atomic_bool changed; /* it has nothing more to do */
    atomic_bool leaving; /* no change is wanted any more */
    atomic_bool renewed_enough; /* no renewal is */
};

void active_open(struct active *, const struct config *);
void active_close(struct active *);

/* For shard_inputs.choose: the generation that was active last, if the files on disk are its, or are those that were passed
 * over when it was rolled back to, or have mistakes, or would open more alerts than may be; else a new one. */
struct shard_rules active_choose(void *active, struct shard *, const json_t *state);

/* Begins what has been asked for since the last call, or a renewal of the counters if that is due; does not wait for it. */
void active_serve(struct active *, struct shard *);
/* Ends a change that is under way, in good order: before the shard is stopped. */
void active_leave(struct active *);

/* ---- what a change is made of: active_change.c; the simulation, one step at a time ---- */

struct loaded;
/* Reads the disk, and remembers what it holds.  false: the same as before. */
bool active_read(struct active *, enum language, struct loaded *);
bool active_disk_differs(const struct active *);
/* The next generation, of what was loaded, which it takes over; origin: the one that it is again; NULL: none.  The rules before
 * it are `retired`, the caller's to destroy when nobody looks at them any more. */
struct shard_rules active_next(struct active *, struct loaded *, const struct kept_generation *origin);

#endif
