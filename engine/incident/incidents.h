/* All incidents of a tracker: the alerts that are members of them, the links between those, and what was last told of
 * each.
 *
 * Members come and go, links are made and broken; then incidents_settle() says which incidents there are
 * (incident/form.h) and incidents_cover() who stands for each (incident/cover.h).  Only what was touched since is
 * looked at: an incident costs nothing while nothing happens to it.  One thread, the committer. */
#ifndef GW_INCIDENT_INCIDENTS_H
#define GW_INCIDENT_INCIDENTS_H

#include "base/str.h"
#include "incident/cover.h"
#include "incident/form.h"
#include "incident/list.h"
#include "registry/catalogue.h"

#include <jansson.h>

/* what an incident's message says has happened; the word is the last part of the CloudEvents type */
#define INCIDENT_CHANGE_TABLE(X)                                                                                       \
    X(OPENED, "opened")                                                                                                \
    X(GROWN, "grown")         /* an alert joined, or fires again */                                                    \
    X(SHRUNK, "shrunk")       /* an alert left, or ended */                                                            \
    X(RAISED, "raised")       /* its highest alert rose, or a higher one joined */                                     \
    X(LOWERED, "lowered")                                                                                              \
    X(MERGED, "merged")       /* it is part of an older one now, and ends */                                           \
    X(SPLIT, "split")         /* it came out of another */                                                             \
    X(HANDLED, "handled")     /* another unit is in charge, or that is further */                                      \
    X(RESOLVED, "resolved")   /* none of its alerts fires any more */                                                  \
    X(REOPENED, "reopened")   /* one does again */                                                                     \
    X(WITHDRAWN, "withdrawn") /* all of its alerts were withdrawn: it never was */                                     \
    X(DISSOLVED, "dissolved") /* the rules ask for no incidents any more: each alert stands by itself again */

enum incident_change {
#define X(name, word) INCIDENT_##name,
    INCIDENT_CHANGE_TABLE(X)
#undef X
        INCIDENT_CHANGES,
    INCIDENT_UNCHANGED = INCIDENT_CHANGES
};

#define INCIDENT_STATE_TABLE(X)                                                                                        \
    X(OPEN, "open")                                                                                                    \
    X(OVER, "resolved")                                                                                                \
    X(JOINED, "merged")                                                                                                \
    X(NEVER, "withdrawn")                                                                                              \
    X(APART, "dissolved")

enum incident_state {
#define X(name, word) INCIDENT_IS_##name,
    INCIDENT_STATE_TABLE(X)
#undef X
        INCIDENT_STATES
};

const char *incident_change_word(enum incident_change);
const char *incident_state_word(enum incident_state);

/* Beyond these a further link is not made, and counted: what an incident is must fit into one record. */
enum { INCIDENT_MEMBERS_MAX = 1024, INCIDENT_LINKS_MAX = 8192 };

struct incident;

/* An alert, as far as incidents go.  It stays where it is in memory until it has left. */
struct member {
    char id[INCIDENT_ID_SIZE];
    int64_t opened_at; /* as it was first told */
    bool firing;
    unsigned level, rank; /* rank: its rule's place among the rules */
    uint32_t region;
    uint16_t category;   /* CATEGORY_NONE: of any */
    uint64_t respondent; /* 0: none */
    bool matter;         /* its subject is one */
    bool barred;         /* a silence or an inhibition holds it: it covers nobody */
    void *owner;         /* the caller's; NULL: there is nobody to ask about its facts */
    const struct member *covered_by; /* NULL: by none */
    struct incident *incident;
    struct list links; /* of members */
    bool waits;    /* to be looked at */
    uint64_t seen; /* the run in which it was */
    bool told;     /* by its incident's last message it fires */
    bool gone;
    size_t number; /* while it is being settled */
};

struct incident {
    char id[INCIDENT_ID_SIZE];
    int64_t opened_at; /* its founder's */
    unsigned revision;
    enum incident_state state; /* as last told, as are the next ones */
    unsigned level, highest;
    size_t told_firing;
    json_t *face;             /* what was told of its lead: title, sentence, handling...; NULL: nothing yet */
    int64_t events, callers;  /* distinct ones */
    bool at_least;            /* there may be more of them */
    char merged_into[INCIDENT_ID_SIZE], split_from[INCIDENT_ID_SIZE]; /* "": none */
    struct list members;
    const struct member *lead; /* since incidents_cover; NULL: none of its alerts fires */
    size_t links;
    struct incident *joined; /* while links are made: to which it belongs by them; NULL: to itself */
    size_t bulk, bulk_links; /* of all that belongs to it */
    bool touched, changed;   /* to be settled; to be stored */
    bool withdrew;           /* a member was withdrawn */
    bool split;              /* it has just come out of another */
    bool merged;             /* it has just become part of another */
};

struct incidents {
    const struct registry *registry;
    struct list members, all; /* by id */
    struct list touched;      /* incidents */
    struct list leaving;      /* members */
    uint64_t shed;            /* links that were not made */
};

struct incidents *incidents_create(const struct registry *);
void incidents_destroy(struct incidents **);

struct member *incidents_find(const struct incidents *, const char *id); /* NULL: none */
struct incident *incident_find(const struct incidents *, const char *id);
/* By itself at first.  If it once founded an incident that was dissolved, it founds it anew. */
struct member *incidents_join(struct incidents *, const char *id, int64_t opened_at);
/* Not to be used any more: the next incidents_settle frees it. */
void incidents_leave(struct incidents *, struct member *, bool withdrawn);
/* what is known of it is another */
void incidents_touch(struct incidents *, struct incident *);

bool members_linked(const struct member *, const struct member *);
/* false: a bound was met, and it is counted */
bool incidents_link(struct incidents *, struct member *, struct member *);
void incidents_unlink(struct incidents *, struct member *, struct member *);

void incidents_settle(struct incidents *);
void incidents_cover(struct incidents *);

/* Then, of each that is touched (the oldest first): what is to be told.  face: what would be told of its lead now,
 * taken over; NULL: as before. */
void incidents_begin_telling(struct incidents *);
enum incident_change incident_tell(struct incident *, json_t *face);
/* After the last: forgets those that are over for good, handing over each that is to be stored or (NULL) to be no more.
 */
typedef void incident_store(void *arg, const char *id, json_t *state);
void incidents_told(struct incidents *, incident_store *, void *arg);

/* Instead of all that: there are to be no incidents any more.  What is told of one is remembered, for its revisions to
 * go on from; members are no more.  Calls back for each that has to be told of, then stores all. */
typedef void incident_teller(void *arg, const struct incident *);
void incidents_dissolve(struct incidents *, incident_teller *, incident_store *, void *arg);
/* What was merged or dissolved, and whose founder nobody knows any more (a list by id, of what begins with its id), is
 * of no more use. */
void incidents_purge(struct incidents *, const struct list *known, incident_store *, void *arg);

size_t incidents_open(const struct incidents *); /* that fire */

/* state.c: for the state topic, and back; false: not understood */
json_t *incident_state(struct incident *);
bool incident_restore(struct incidents *, const char *id, const json_t *state);

#endif
