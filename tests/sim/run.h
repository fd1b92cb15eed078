/* One simulated run: a world, a log, engines that come and go, and the judge.  Everything that happens is drawn from
 * the seed; nothing here looks at a real clock or starts a thread. */
#ifndef GW_SIM_RUN_H
#define GW_SIM_RUN_H

#include "judge.h"

struct run_result {
    bool good;
    char why[1024];
    struct judge_counts counts;
    unsigned engines; /* how many led */
    uint64_t steps;
};

/* `directory`: for the world's files.  trace: each step in a line on stdout. */
struct run_result run_seed(uint64_t seed, enum world_kind, const char *directory, bool trace);

#endif
