/* A small world from a seed: a district with its registry, catalogue and rules, loaded by the engine's own loaders
 * from files that are written for it; a few hours of events, of every kind that means something to the engine; and
 * the records in which they arrive: late, twice, in another partition, broken. */
#ifndef GW_SIM_WORLD_H
#define GW_SIM_WORLD_H

#include "config/config.h"
#include "dice.h"
#include "metrics/metrics.h"
#include "source/source.h"

#include <stddef.h>

enum { EVENT_ACTORS = 6, PARTITIONS_MAX = 8, WORLD_TEXT = 32 };

struct world_event { /* as the engine should come to know it */
    char id[WORLD_TEXT], target[WORLD_TEXT], matter[WORLD_TEXT], respondent[WORLD_TEXT];
    unsigned kind, source;
    uint32_t region;   /* registry number */
    uint16_t category; /* catalogue number */
    uint32_t tags;     /* bits by catalogue number */
    unsigned actor[EVENT_ACTORS], actor_count;
    uint32_t involved;
    int64_t occurred_at, due_at, value;
    bool everywhere; /* arrives in each partition of its source: a word of how late it is */
};

struct world_record {
    int event; /* -1: broken, a dead letter */
    uint32_t partition;
    int64_t arrives_at; /* seconds */
};

enum { GENERATIONS_MAX = 5, DIGEST_TEXT = 72 };

/* what lies on the author's disk at some time */
struct world_generation {
    char *text;              /* of the file of rules; what it refers to stays as it is */
    struct rule_set *rules;
    char files[DIGEST_TEXT]; /* as rule_texts_digest says it */
};

struct world {
    struct config *config; /* with the rules of generation 0 */
    struct world_generation generations[GENERATIONS_MAX]; /* each made of the one before */
    unsigned generation_count;
    bool archived; /* generations are kept in the state topic, as in life; else who leads says which is active */
    char rules_path[512];
    struct source_partition partitions[PARTITIONS_MAX];
    size_t partition_count;
    struct world_event *events;
    size_t event_count;
    struct world_record *records; /* in the order of arrival */
    size_t record_count;
    int64_t begins_at; /* seconds */
    /* Some worlds have a past: it begins days before all else, and is longer ago than the ledger keeps once that comes.
     * At each rest nothing more arrives until all is committed, and the floor of the facts is this. */
    struct {
        size_t before; /* which record */
        int64_t floor;
    } rests[3];
    size_t rest_count;
    int64_t past_ends; /* seconds; 0: there is none */
    bool tight;        /* a cut holds a few facts only, so that the ledger often has some that are of no cut yet */
    bool centre;       /* there is a command centre: dispositions are read, and rules say who is told and who is sent */
};

enum world_kind {
    WORLD_ANY,    /* for the simulation: whatever the seed says */
    WORLD_PLAIN,  /* likewise, with counts only, no links, and rules that change in restarts only: as worlds were when the
                     language had no more, so that seeds that failed then still mean what they did */
    WORLD_ORDERED /* for test_order: time: event, nothing broken or late, no longer than a ring of counters */
};

/* A new directory of its own for a world's files, below TMPDIR; and its removal with all that is in it. */
void world_directory(char *path, size_t size);
void world_directory_remove(const char *path);

/* `directory` for the generated files, which must exist; they are left there.  Aborts if the engine's loaders refuse
 * what was generated. */
struct world *world_create(uint64_t seed, enum world_kind, const char *directory);
void world_destroy(struct world **);

/* Puts the generation's rules where the engine reads them. */
void world_edit(const struct world *, unsigned generation);

/* The record's bytes, as a flat JSON object.  Returns their length. */
size_t world_render(const struct world *, const struct world_record *, char *out, size_t size);

/* Arrivals of the same events in another order inside the lateness, over other partitions, some of them twice. */
void world_shuffle(struct world *, uint64_t seed);

#endif
