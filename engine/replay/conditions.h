/* A rule's conditions on a subject at a minute: what each measures, the thresholds of the levels, what holds, what is
 * missing.  The one file of the tools that knows how conditions are made.
 *
 * Pure but for the view's window, which they move; one thread. */
#ifndef GW_REPLAY_CONDITIONS_H
#define GW_REPLAY_CONDITIONS_H

#include "alert/view.h"
#include "base/buffer.h"

#define THRESHOLD_NONE INT64_MIN

struct condition {
    char name[160];                    /* as the author writes it: wages.callers */
    bool thousandths;                  /* value and thresholds are */
    int64_t value;                     /* VALUE_NONE: there is none, such as the maximum of nothing */
    int64_t threshold[LEVELS_MAX + 1]; /* by level; THRESHOLD_NONE: the level does not ask for it */
};

/* What the rule's levels compare, each once, at that minute; at most TERMS_MAX. */
size_t conditions_measure(const struct rule_set *, const struct rule *, struct view *, int64_t minute,
                          struct condition *all);

/* What a feature of a scorecard gave. */
struct feature_given {
    const char *name;
    bool thousandths; /* the value is */
    int64_t value;    /* VALUE_NONE: there is none */
    int32_t points;
};
/* one for each feature of the rule's score, in its order; returns how many */
size_t conditions_points(const struct rule *, const struct score *, struct view *, int64_t minute,
                         struct feature_given all[FEATURES_MAX]);

/* does that level's own condition hold?  Levels need not be nested. */
bool conditions_hold(const struct rule *, unsigned level, struct view *, int64_t minute);

/* The level's condition at that minute as the author wrote it, each comparison followed by the value found:
 * "wages.callers >= 10 (5) or wages.involved >= 30 (27)".  false, and nothing: the rule has no such level. */
bool conditions_write(const struct rule_set *, const struct rule *, unsigned level, struct view *, int64_t minute,
                      struct buffer *out);

/* the names of the selections that take the fact, "wages, calls" */
void conditions_selections(const struct rule *, const struct view_entry *, struct buffer *out);

/* the amount as it is written; "-" for no maximum */
void conditions_amount(int64_t amount, bool thousandths, char out[32]);

#endif
