/* An alert that an engine has published, found again among those of a replay, where its id is another. */
#ifndef GW_REPLAY_IDENTITY_H
#define GW_REPLAY_IDENTITY_H

#include "replay/judge.h"

#include <jansson.h>

struct alert_identity {
    char id[33];
    char rule[128], subject[PAST_SUBJECT_SIZE], each[256]; /* each: a category's path, or empty */
    char crossed_id[EVENT_TEXT_MAX + 1];                   /* empty: time crossed the line */
    int64_t opened_at;
    /* of the revision with which it came to its highest level so far: the minute of which it speaks, in seconds,
     * and what had opened the alert as it was known then */
    int64_t reached_at;
    char reached_crossed[EVENT_TEXT_MAX + 1];
    char reached_level[64];
};

/* Takes in one more revision of the alert, in their order; zero before the first.  *reaches, if wanted: it is the
 * one that `reached` is of from now on.  false: it is no revision of an alert. */
bool identity_take(struct alert_identity *, const json_t *message, bool *reaches);

/* Which of the judgement's alerts it is: by its rule, its subject and what opened it, or, where later facts or an
 * edit have moved that, the one that was open when it came to its highest level.  NULL: none. */
const struct past_alert *identity_among(const struct judgement *, const struct alert_identity *);

/* a time of a message, in seconds; INT64_MIN: there is none */
int64_t member_time(const json_t *object, const char *key);

#endif
