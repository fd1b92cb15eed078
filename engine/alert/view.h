/* The committer's exact table of one (rule, subject): its live facts in the order (occurred_at, id), and a window that
 * slides over them in either direction, so that the level at any minute is a matter of a few steps.  Built by walking
 * the ledger when a finding first names the subject, fed from each cut afterwards: a district with a million facts is
 * walked once, not once a cut.
 *
 * One thread, the committer. */
#ifndef GW_ALERT_VIEW_H
#define GW_ALERT_VIEW_H

#include "ledger/ledger.h"
#include "rule/rule.h"

#include <stdbool.h>
#include <stddef.h>

#define MINUTE_NONE INT64_MIN
#define MINUTE_NEVER INT64_MAX

struct view_entry {
    uint32_t at; /* seconds */
    fact_ref ref;
    uint32_t involved;
    uint16_t takes; /* bits: the selections that take it */
    bool party;
    uint64_t actor, matter; /* matter: its root's key */
    int64_t value;
};

struct view;

struct view *view_create(const struct rule *, const struct ledger *);
void view_destroy(struct view **);
void view_clear(struct view *);
size_t view_bytes(const struct view *);

/* Appends in any order; view_sort puts them in order, drops doubles, and must follow before anything else. */
void view_append(struct view *, const struct view_entry *);
void view_sort(struct view *);
/* One entry into a sorted view; false if it is there already. */
bool view_insert(struct view *, const struct view_entry *);

/* Puts the window to (minute * 60 - within, minute * 60]. */
void view_move(struct view *, int64_t minute);
/* The measures of the rule's atoms, by atom; INT64_MIN where there is no maximum. */
void view_values(struct view *, int64_t *values);
/* First minute after `minute` at which a fact enters or leaves the window; MINUTE_NEVER if none.  Moves the window
 * to `minute`. */
int64_t view_next_change(struct view *, int64_t minute);
/* first minute that sees the newest fact; MINUTE_NONE if the view is empty */
int64_t view_newest_minute(const struct view *);

/* the facts of the window, in order */
const struct view_entry *view_window(const struct view *, size_t *count);

/* The first fact of the window with which the facts up to it make some level hold; 0 if none does. */
fact_ref view_crossing(struct view *, unsigned level_count, uint32_t *at);

/* Forgets facts older than the ledger's floors: call when a floor rises, before the ledger lets go of them. */
void view_forget(struct view *);

/* forgets what no window from `minute` on can see */
void view_trim(struct view *, int64_t minute);

#endif
