/* What the files of the active rules share. */
#ifndef GW_CLI_ACTIVE_PRIV_H
#define GW_CLI_ACTIVE_PRIV_H

#include "cli/active.h"
#include "cli/active_load.h"

/* ---- active.c ---- */

/* to who watches health and metrics */
void active_show(struct active *);

/* ---- active_change.c: one change, on its own thread ---- */

struct rule_change {
    struct active *active;
    struct shard *shard;
    bool edited;    /* nobody asked: the files changed */
    bool requested; /* over HTTP: an answer is waited for */
    struct control_request request;
};

/* from the beginning to the answer; the change is free()d */
void *change_run(void *change);
/* of which nobody has asked for anything: the counters are renewed */
void *renewal_run(void *change);

/* ---- active_gate.c ---- */

enum gate { GATE_OPEN, GATE_FLOOD, GATE_UNKNOWN };

struct gate_limit {
    int64_t max_new; /* -1: any number */
    int64_t days;
};

/* what was found beyond the limit */
struct gate_found {
    size_t count;
    json_t *alerts; /* the first of them; owned by the caller */
};

/* May these rules take the place of those?  *found: where it says GATE_FLOOD. */
enum gate gate_ask(struct active *, struct shard *, const struct rule_set *now, const struct rule_set *edited,
                   const struct gate_limit *, struct gate_found *);

/* ---- active_answer.c: JSON, malloc()ed, and words; what comes last says which generation is active ---- */

enum { ACTIVE_TEXT = 320 };
void active_name(const struct active *, char name[ACTIVE_TEXT]); /* generation 12 (sha256:5afef7bc41d6) */
char *answer_active(const struct active *, enum language, const struct problems *, bool changed, double seconds,
                    double longest_pause_s);
char *answer_refused(const struct active *, enum language, const struct problems *);
char *answer_flood(const struct active *, enum language, const struct gate_limit *, const struct gate_found *);
char *answer_error(const struct active *, enum language, const char *text); /* in that language */
char *answer_generations(const struct active *);
char *answer_leaving(void);

#endif
