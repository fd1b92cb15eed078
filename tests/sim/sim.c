/* gridwarn_sim: the engine simulated from seeds, FoundationDB's way.  A failing seed is printed and replays exactly:
 *
 *   gridwarn_sim --seeds 1..3000        all of them; ends at the first failure
 *   gridwarn_sim --seed 42 -v           one, each step in a line
 *   gridwarn_sim --plain --seed 11936   with rules of counts only, see WORLD_PLAIN */
#include "run.h"

#include "base/log.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run_seeds(uint64_t first, uint64_t last, enum world_kind kind, const char *directory, bool keep_going,
                     bool trace)
{
    double begin = seconds();
    struct judge_counts sum = {0};
    uint64_t done = 0, failed = 0, engines = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        struct run_result result = run_seed(seed, kind, directory, trace);
        done++;
        engines += result.engines;
        sum.commits += result.counts.commits;
        sum.facts += result.counts.facts;
        sum.revisions += result.counts.revisions;
        sum.alerts += result.counts.alerts;
        sum.episodes += result.counts.episodes;
        if (result.good)
            continue;
        failed++;
        printf("seed %llu, step %llu: %s\n", (unsigned long long)seed, (unsigned long long)result.steps, result.why);
        fflush(stdout);
        if (!keep_going)
            break;
    }
    double took = seconds() - begin;
    printf("seeds %llu..%llu: %.0f a second; %llu engines, %llu commits, %llu facts, %llu revisions of %llu alerts, "
           "%llu episodes\n",
           (unsigned long long)first, (unsigned long long)(first + done - 1), (double)done / took,
           (unsigned long long)engines, (unsigned long long)sum.commits, (unsigned long long)sum.facts,
           (unsigned long long)sum.revisions, (unsigned long long)sum.alerts, (unsigned long long)sum.episodes);
    if (failed)
        printf("%llu failed\n", (unsigned long long)failed);
    else
        printf("%llu passed\n", (unsigned long long)done);
    return failed != 0;
}

static int usage(void)
{
    fputs("gridwarn_sim [--plain] --seeds A..B [--all] | --seed N [-v]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    unsigned long long first = 1, last = 0;
    bool keep_going = false, trace = false;
    enum world_kind kind = WORLD_ANY;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc &&
            sscanf(argv[i + 1], "%llu..%llu", &first, &last) == 2) {
            i++;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc && sscanf(argv[i + 1], "%llu", &first) == 1) {
            last = first;
            i++;
        } else if (strcmp(argv[i], "--plain") == 0) {
            kind = WORLD_PLAIN;
        } else if (strcmp(argv[i], "--all") == 0) {
            keep_going = true;
        } else if (strcmp(argv[i], "-v") == 0) {
            trace = true;
        } else {
            return usage();
        }
    }
    if (last < first)
        return usage();
    log_level_set(trace ? LOG_INFO : LOG_ERROR);
    /* An engine's tables are large and hardly touched: keep them in pages of the system's, which come zeroed and are
     * only there once they are used, rather than in a heap that is zeroed for each engine. */
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    char directory[512];
    world_directory(directory, sizeof directory);
    int failed = run_seeds(first, last, kind, directory, keep_going, trace);
    if (trace && failed)
        printf("its rules are in %s\n", directory);
    else
        world_directory_remove(directory);
    return failed;
}
