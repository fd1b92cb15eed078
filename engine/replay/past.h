/* The past: an engine without outlets, at rest.  A ledger is filled once, from files, topics or the engine's own log, by
 * the code that decodes and enters live records; then rules can be asked what they would have said (judge.h), any
 * number of times.  Since the ledger is a set, neither order nor pace of what is read plays a part.
 *
 * It remembers as far back as the data go, within the configured memory; beyond that the oldest days go first, which
 * past_report tells.  One thread. */
#ifndef GW_REPLAY_PAST_H
#define GW_REPLAY_PAST_H

#include "config/config.h"
#include "ledger/wire.h"
#include "source/source.h"

struct past;

/* Only events of [from_s, until_s), seconds, are taken: what came later had not happened yet.  The configuration is
 * borrowed. */
struct past *past_create(const struct config *, int64_t from_s, int64_t until_s);
/* The past of an engine that runs: its own ledger, borrowed, as it is by now.  It is asked inside one batch (ledger_begin) of
 * a writer that nobody else uses meanwhile, and not filled. */
struct past *past_of(const struct config *, struct ledger *);
void past_destroy(struct past **);

/* Reads all partitions to their end; returns at the last one's.  source_of: by the source's own numbering, which
 * source of the configuration it stands for; NULL: the same.  false: a part is out of reach (logged). */
bool past_read(struct past *, const struct source *, const unsigned *source_of);

/* Takes what the log holds: into the past, the facts of the ledger and readings topics; into `state`, the state topic, key →
 * value.  Either may be NULL: of no interest.  false: it cannot be read (logged). */
bool past_follow(struct past *, json_t *state, const struct store *);

/* one event that somebody made up; the text is copied */
enum enter_result past_enter(struct past *, const struct event *);

/* records of one source that were refused for one reason, and where the first of them stood */
struct past_refusals {
    unsigned source;
    enum decode_refusal reason;
    uint64_t count;
    char first[512], place[96], expected[160]; /* "file:line" or "topic/partition:offset" */
};

struct past_report {
    uint64_t records, events, duplicates;
    uint64_t silent;    /* records that have nothing to say (the mapping's `skip`) */
    uint64_t outside;   /* events of another time than asked for */
    uint64_t forgotten; /* events of days that went early, since memory was short */
    uint64_t evictions; /* such days (of readings, two hours each) */
    uint64_t refused;
    const struct past_refusals *refusals; /* in the order met */
    size_t refusal_count;
    struct wire_report log; /* of past_follow */
    uint64_t log_broken;
    int64_t oldest, newest; /* seconds, of what was taken; INT64_MAX, INT64_MIN: nothing was */
    double seconds;         /* spent reading */
};
/* borrowed until the past is filled further or destroyed */
struct past_report past_report(const struct past *);

const struct config *past_config(const struct past *);
struct ledger *past_ledger(struct past *);

#endif
