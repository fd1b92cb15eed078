/* What the command centre is told.  Of every alert that fires it is asked, after all subjects of a run have been evaluated,
 * whether the centre is told of it; what holds one back is asked in the order of HOLD_TABLE, and the first that does counts.
 *
 * It keeps what the answer rests on besides the alerts and the rules: silences, and what of the budgets is used.  All of that
 * is in the state topic, in the cut of what led to it.  One thread, the committer. */
#ifndef GW_NOTIFY_NOTIFY_H
#define GW_NOTIFY_NOTIFY_H

#include "incident/incidents.h"
#include "notify/candidate.h"
#include "notify/silence.h"

struct notify;

struct notify *notify_create(const struct registry *, const struct catalogue *, const struct rule_set *);
void notify_destroy(struct notify **);
/* another generation of rules */
void notify_switch(struct notify *, const struct rule_set *);

/* A message of the topic of dispositions that speaks of silences. */
enum answer notify_take(struct notify *, const struct silence *);

/* The clock against which times are held: of the machine, or of the events where there is none.  Seconds. */
void notify_clock(struct notify *, int64_t now_s);
/* has anything changed since it was last asked, the alerts aside? */
bool notify_due(const struct notify *);
/* Answers for all of them, in their `cause` and `by`.  These are all that fire, and those of which nobody was asked yet.  Of
 * incidents it is decided who covers whom; NULL: there are none. */
void notify_decide(struct notify *, struct candidate *all, size_t count, struct incidents *);

/* A revision, by its message's data, has this notice; after all of them, what is to be told besides: digests, {key, told, at, data}
 * each.  Whoever publishes them empties the array. */
void notify_revision(struct notify *, const struct notice *, const json_t *data);
json_t *notify_digests(struct notify *);

/* The input is over, and no clock will end the shifts and minutes of this run: their digests are to be told now. */
void notify_end(struct notify *);

/* What has changed of what it keeps, to be stored under `key`; NULL: it is no more. */
typedef void notify_store(void *arg, const char *key, json_t *state);
void notify_save(struct notify *, notify_store *, void *arg);
/* does the key of the state topic belong to it?  then takes it back; *good: it was understood */
bool notify_restore(struct notify *, struct str key, struct str state, bool *good);

const struct silences *notify_silences(const struct notify *);

#endif
