/* The reference: from the set of committed events, what every rule's episodes are.  Written from rules/README.md
 * ("Episodes") by brute force and sharing nothing with engine/alert, engine/count or engine/ledger: no chains, no
 * counters, no increments.  All windows of a subject are recomputed from the whole list whenever its facts change.
 *
 * What more facts could make false again is believed only of minutes that are closed, so the episodes of a rule that
 * has such comparisons depend on how far that is. */
#ifndef GW_SIM_MODEL_H
#define GW_SIM_MODEL_H

#include "world.h"

#define MODEL_NEVER INT64_MAX /* minutes */
#define MODEL_NONE INT64_MIN

enum { STEPS_MAX = 64 };

struct model_step {
    int64_t minute;
    unsigned level; /* 0: it ends */
};

struct model_episode {
    int64_t opened_minute, opened_at; /* minutes; seconds */
    struct model_step *steps;         /* the first opens it, the last ends it */
    size_t step_count;
    unsigned highest;
};

struct model_fact { /* an event as it stands: with what moves and merges have made of it */
    const struct world_event *event;
    uint32_t region;
    uint16_t category;
    const char *matter;  /* what merges have made of it */
    const char *related; /* and merges and links: where to look for what came before */
};

struct model_taken { /* as a rule sees it */
    const struct model_fact *fact;
    uint32_t takes; /* bits: the selections that take it */
};

struct model_subject {
    unsigned rule;
    enum subject_kind kind;
    char code[WORLD_TEXT];
    char each[WORLD_TEXT]; /* the category that is judged by itself; "": the rule judges all together */
    struct model_taken *facts; /* in the order (occurred_at, id) */
    size_t fact_count, fact_capacity;
    size_t *around;            /* numbers of its neighbours' subjects, whose facts adjacent() looks at */
    size_t around_count;
    int64_t newest;            /* minute of the newest fact that it sees; MODEL_NONE: there is none */
    struct model_episode *episodes;
    size_t episode_count;
    uint64_t digest; /* of the facts that the episodes were computed from */
    int64_t closed;  /* and up to which minute all was believed */
};

struct model;

struct model *model_create(const struct world *);
void model_destroy(struct model **);

/* From now on by these rules, borrowed; as if there had never been others. */
void model_judge_by(struct model *, const struct rule_set *);
/* The level of a rule of silent(), while these sources are; bits. */
unsigned model_silent_level(const struct rule_set *, const struct rule *, uint64_t silent);

/* Takes the event into the set; false: it is there already. */
bool model_commit(struct model *, size_t event);
bool model_has(const struct model *, size_t event);
/* Its span has expired, and it was not carried on. */
void model_forget(struct model *, size_t event);
/* From model_settle: what must be carried on of spans before `floor`, as `place` says where facts are (0: at their
 * own time).  Of readings nothing is. */
bool model_needs(const struct model *, size_t event, int64_t floor, const int64_t *place);
/* After commits: works out subjects and their facts anew. */
void model_settle(struct model *);
const struct model_subject *model_subjects(const struct model *, size_t *count);
/* Works out the subject's episodes, if that is not done, with minutes up to `closed` settled. */
void model_run(struct model *, size_t subject, int64_t closed);

/* Are its rule's conditions such that more facts can only make them true? */
bool model_believes_at_once(const struct model *, const struct model_subject *);

/* What a subscriber should see of an episode, after model_run, when minutes up to `closed` are settled, and up to
 * `horizon` (a clock's minute; or MODEL_NONE) provisional. */
enum model_shown { MODEL_HIDDEN, MODEL_FIRING, MODEL_ENDED };
enum model_shown model_shown(const struct model_subject *, const struct model_episode *, int64_t closed,
                             int64_t horizon, unsigned *level);

#endif
