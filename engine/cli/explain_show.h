/* What `gridwarn explain` says of a subject at a minute, part by part. */
#ifndef GW_CLI_EXPLAIN_SHOW_H
#define GW_CLI_EXPLAIN_SHOW_H

#include "replay/inquiry.h"

void explain_heading(const struct inquiry *, unsigned rule, struct subject, const char *code, int64_t minute);
/* alert: the one that was open then, or NULL */
void explain_state(const struct inquiry *, const struct past_alert *, int64_t minute);
void explain_conditions(const struct inquiry *, int64_t minute);
void explain_next(const struct inquiry *, int64_t minute);
void explain_events(const struct inquiry *, int64_t minute);

#endif
