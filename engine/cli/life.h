/* The engine of `gridwarn run`, one life after another.  A life begins with the log and ends with a signal, with the end of the
 * input, or with the loss of the log; then the next one begins, from the log again.  One thread. */
#ifndef GW_CLI_LIFE_H
#define GW_CLI_LIFE_H

#include "cli/active.h"
#include "metrics/http.h"
#include "shard/shard.h"

struct run {
    const struct config *config;
    struct active active;
    bool drain;
    unsigned workers;
    struct source source;
    struct store store;
    struct metrics *metrics;
    struct health *health;
    struct http *http;
    struct shard *shard;
    struct election *election; /* NULL: nobody to elect among */
};

/* Until it is over; an exit code. */
int run_lives(struct run *);
void run_clean_up(struct run *);

/* outlets.c: what a life reads and writes, and what it shows.  false: it can't be (said). */
bool outlets_open(struct run *);
void outlets_close(struct run *); /* the shard, too */
bool outlets_serve(struct run *); /* metrics and health, for all lives */
void outlets_watch(struct run *, int64_t *alive_ms);

#endif
