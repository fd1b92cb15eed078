/* Of how many alerts a street is newly told in a shift, and of how many everybody is in a minute.  What exceeds that is held,
 * and listed in a digest of the shift, or of the minute in which it came: a storm; at its end what still fires competes for
 * the next one.  The highest level is always told, and counts.
 *
 * One thread, the committer. */
#ifndef GW_NOTIFY_BUDGET_H
#define GW_NOTIFY_BUDGET_H

#include "notify/candidate.h"

#include <jansson.h>

enum { DIGEST_LISTED = 200 }; /* alerts that a digest lists; more are counted */

/* what keys of the state topic begin with that are budgets */
#define BUDGET_KEY "budget/"

/* one shift of one street, or one minute: that which began there last */
struct spending {
    enum hold cause;    /* HOLD_BUDGET; HOLD_STORM: of a minute */
    uint32_t region;    /* a street; a district, for what is wider; REGION_NONE: of no region, or a storm's */
    int64_t from, until; /* seconds */
    unsigned budget, told;
    unsigned late; /* of a minute: those among `told` that a storm of an earlier one had held */
    json_t *held;  /* by alert id, what the digest lists, in the order in which they were held; null: it only counts it */
    unsigned more; /* of the latter */
    unsigned revision, earlier; /* of its digest; and when it began */
    bool over;                  /* the last digest is published; a clock that is set back may take it up again */
    int64_t latest; /* of all here that have had a digest, when the latest began; of time that comes again there may be one */
    unsigned most;  /* the highest revision of any digest here, from which those of such time go on */
    unsigned shared, shared_late; /* while it is decided: told and late, and to be */
    bool changed, listed; /* since it was stored; since the last digest */
};

struct budgets {
    struct spending *all;
    size_t count;
    int64_t now_s;
    json_t *digests; /* to be published: {key, told, at, data} */
};

void budgets_init(struct budgets *);
void budgets_free(struct budgets *);
/* Ends the shifts that are over, or whose budget is no more; last: all of them, since nothing more is to come. */
void budgets_turn(struct budgets *, const struct asked *, int64_t now_s, bool last);
/* Holds, of those that nothing holds yet, what exceeds the budgets.  May be asked again, before budgets_spend: what was
 * decided is so. */
void budgets_share(struct budgets *, const struct asked *, struct candidate *all, size_t count);
void budgets_spend(struct budgets *);
int64_t budgets_next(const struct budgets *); /* when a shift ends; INT64_MAX: never */

/* A revision of an alert that a budget or a storm holds, by its message's data; or that is told, and so is listed no more. */
void budgets_list(struct budgets *, const struct asked *, const char *by, const json_t *data);
void budgets_unlist(struct budgets *, const char *alert);
/* after the last revision: what has become of the lists, into `digests` */
void budgets_digest(struct budgets *, const struct asked *);

/* what is to be stored, into `unsaved`: key → state, null where it is no more */
void budgets_save(struct budgets *, const struct asked *, json_t *unsaved);
bool budgets_restore(struct budgets *, const json_t *, const struct asked *); /* false: not understood */

#endif
