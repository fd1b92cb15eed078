/* The committer's exact table of one (rule, subject): its live facts in the order (occurred_at, id), and the rule's
 * windows, which slide over them in either direction, so that the level at any minute is a matter of a few steps.  Built
 * by walking the ledger when a finding first names the subject, fed from each cut afterwards: a district with a million
 * facts is walked once, not once a cut.
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
    uint32_t region; /* as it stands */
    uint32_t takes;  /* bits: the selections that take it */
    uint32_t around; /* the same of a neighbour's fact, which only adjacent() sees */
    uint8_t source;
    bool party;
    uint64_t actor, matter; /* matter: its root's key */
    int64_t value;
};

struct view_inputs {
    const struct rule_set *set;
    const struct rule *rule;
    const struct ledger *ledger;
    const struct registry *registry;
    uint32_t region; /* of the subject; REGION_NONE where it is none */
};

struct view;

struct view *view_create(const struct view_inputs *);
void view_destroy(struct view **);
void view_clear(struct view *);
size_t view_bytes(const struct view *);

/* Appends in any order; view_sort puts them in order, drops doubles, and must follow before anything else. */
void view_append(struct view *, const struct view_entry *);
void view_sort(struct view *);
/* One entry into a sorted view; false if it is there already. */
bool view_insert(struct view *, const struct view_entry *);

/* Puts the windows to where they are at that minute. */
void view_move(struct view *, int64_t minute);
/* what the engine holds silent now, bits of sources: for silent() */
void view_silence(struct view *, uint64_t sources);
/* The values of the rule's terms; VALUE_NONE where there is none. */
void view_values(struct view *, int64_t *values);
/* What a measure of a selection comes to in the window of that number, where a term asks for it. */
int64_t view_measure(struct view *, unsigned window, unsigned selection, enum measure);
/* Does the condition of adjacent() hold on that region, by the facts of the rule's own window there? */
bool view_adjacent(struct view *, const struct term *, uint32_t region);
/* The thresholds of its atoms at that minute. */
void view_thresholds(const struct view *, int64_t minute, int64_t *thresholds);
/* First minute after `minute` at which a fact enters or leaves a window; MINUTE_NEVER if none.  Moves the windows
 * to `minute`. */
int64_t view_next_change(struct view *, int64_t minute);
/* First minute after it at which only the date changes what is judged: a period of the calendar, the rule's validity. */
int64_t view_next_date(const struct view *, int64_t minute);
/* first minute that sees the oldest fact; MINUTE_NEVER if the view is empty */
int64_t view_oldest_minute(const struct view *);
/* first minute that sees the newest fact; MINUTE_NONE if the view is empty */
int64_t view_newest_minute(const struct view *);

/* does any window hold a fact of the subject's own? */
bool view_sees(const struct view *);
/* the facts of the rule's own window, in order */
const struct view_entry *view_window(const struct view *, size_t *count);

/* A view over those of its facts that some window sees at that minute and that `keeps` lets through (NULL: all); the
 * caller's.  Moves the windows. */
struct view *view_part(struct view *, int64_t minute, bool (*keeps)(const void *arg, const struct view_entry *),
                       const void *arg);
/* all its facts, in order */
const struct view_entry *view_entries(const struct view *, size_t *count);

/* The first fact of the window with which the facts up to it make some level hold; 0 if none does. */
fact_ref view_crossing(struct view *, unsigned level_count, const int64_t *thresholds, uint32_t *at);

/* Forgets facts older than the ledger's floors: call when a floor rises, before the ledger lets go of them. */
void view_forget(struct view *);

/* forgets what no window from `minute` on can see */
void view_trim(struct view *, int64_t minute);

#endif
