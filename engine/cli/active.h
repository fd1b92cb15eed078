/* The rules that are active: which they are, where they come from, and how others take their place while the
 * engine runs (all of them or none).  Asked for by a signal, by an edit, over HTTP; main thread. */
#ifndef GW_CLI_ACTIVE_H
#define GW_CLI_ACTIVE_H

#include "commit/archive.h"
#include "config/config.h"
#include "metrics/control.h"
#include "metrics/health.h"
#include "shard/shard.h"

struct active {
    const struct config *config;
    struct metrics *metrics; /* filled in once there are any, as is health */
    struct health *health;
    struct control *control;
    const struct rule_set *rules;
    struct rule_set *own;     /* the same, unless they are the configuration's */
    struct rule_set *retired; /* what a shard that begins has yet to let go of */
    struct archive *archive;
    struct watch *watch; /* NULL: nobody watches */
    char disk[72];       /* digest of the files on disk as they were read last */
    size_t mistakes;     /* that they had */
};

void active_open(struct active *, const struct config *);
void active_close(struct active *);

/* For shard_inputs.choose: the generation that was active last, if the files on disk are its, or are those that
 * were passed over when it was rolled back to, or have mistakes; else a new one. */
struct shard_rules active_choose(void *active, const json_t *state);

/* Does what has been asked for since the last call. */
void active_serve(struct active *, struct shard *);

/* ---- what these are made of ---- */

struct loaded;
/* Reads the disk, and remembers what it holds. */
void active_read(struct active *, enum language, struct loaded *);
/* The next generation, of what was loaded, which it takes over; origin: rolled back to; NULL: from the disk.  The
 * rules before it are `retired`, the caller's to destroy when nobody looks at them any more. */
struct shard_rules active_next(struct active *, struct loaded *, const struct kept_generation *origin);

/* ---- active_load.c ---- */

struct loaded {
    struct rule_set *rules; /* NULL: problems has mistakes */
    struct rule_texts *texts;
    struct problems problems;
};

void loaded_free(struct loaded *);
void load_disk(const struct config *, enum language, struct loaded *);
/* what the process began with */
void load_configured(const struct config *, struct loaded *);
/* from a private folder that is gone afterwards */
void load_kept(const struct config *, const struct kept_generation *, enum language, struct loaded *);

/* ---- active_answer.c: JSON, malloc()ed, and words; what comes last says which generation is active ---- */

enum { ACTIVE_TEXT = 320 };
bool active_disk_differs(const struct active *);
void active_name(const struct active *, char name[ACTIVE_TEXT]); /* generation 12 (sha256:5afef7bc41d6) */
char *answer_active(const struct active *, enum language, const struct problems *, bool changed, double seconds,
                    double longest_pause_s);
char *answer_refused(const struct active *, enum language, const struct problems *);
char *answer_error(const struct active *, const char *text);
char *answer_generations(const struct active *);

#endif
