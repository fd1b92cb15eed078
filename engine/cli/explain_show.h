/* What `gridwarn explain` says of a subject at a minute, part by part. */
#ifndef GW_CLI_EXPLAIN_SHOW_H
#define GW_CLI_EXPLAIN_SHOW_H

#include "replay/inquiry.h"

#include <jansson.h>

void explain_subject(const struct inquiry *, struct subject, const char *code);
void explain_window(const struct inquiry *, int64_t minute);
/* alert: the one that was open then, or NULL */
void explain_state(const struct inquiry *, const struct past_alert *, int64_t minute);
void explain_conditions(const struct inquiry *, int64_t minute);
void explain_next(const struct inquiry *, int64_t minute);
void explain_events(const struct inquiry *, int64_t minute);

/* Instead of all these but the first, of a rule of silent(), by what the state topic holds: of each source how far it is from silence. */
void explain_heard(const struct inquiry *, const char *code, const json_t *state, int64_t now_ms);

#endif
