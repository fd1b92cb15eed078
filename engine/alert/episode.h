/* Episodes: the pure function (rule, facts, minutes) → state that both engine and oracle follow; rules/README.md says
 * it in words.  It knows nothing of alerts, publication or clocks.
 *
 * The state machine is stepped only at minutes at which something can change: a fact enters or leaves the
 * window, or a hold or a `for` runs out. */
#ifndef GW_ALERT_EPISODE_H
#define GW_ALERT_EPISODE_H

#include "alert/view.h"

struct episode {
    int64_t opened_minute;
    int64_t opened_at;    /* second: of the crossing fact, or of the opening minute where the rule says `for` */
    fact_ref crossed;     /* 0: none, or no longer known */
    int64_t ended_minute; /* MINUTE_NEVER while it lasts */
    unsigned level;       /* now, or last */
    unsigned shown;       /* what a reader is to see: as level, but never lowered by minutes that are not closed */
    int64_t shown_minute; /* when it came to that */
    unsigned highest;
    int64_t highest_minute; /* when it came to that; not kept over a restart */
    int alert;            /* the caller's link; -1: none */
};

struct machine {
    int64_t minute; /* stepped up to and including this one */
    unsigned level; /* 0: idle */
    int64_t held[LEVELS_MAX + 1]; /* since when the level's condition, or a higher one's, has held; MINUTE_NONE: it doesn't */
    int64_t low[LEVELS_MAX + 1];  /* since when less than the level has been kept; MINUTE_NONE: it is kept */
    struct episode now;           /* while level > 0 */
};

/* idle, as if nothing had held before or at `minute` */
void machine_init(struct machine *, int64_t minute);

/* Is a condition holding that has not yet held for as long as the rule asks? */
bool machine_pending(const struct machine *, const struct rule *, unsigned level_count);

/* What a minute is judged by. */
struct judged {
    int64_t values[TERMS_MAX], thresholds[ATOMS_MAX]; /* by term, by atom */
    bool valid;                                       /* the rule is in force */
    bool any;                                         /* something is counted at all */
    bool closed;
};
void judged_at(struct judged *, const struct rule *, struct view *, int64_t minute, bool closed); /* moves the windows */

/* The highest level whose condition holds at that minute, taken as closed; 0: none.  Moves the windows. */
unsigned condition_level(const struct rule *, unsigned level_count, struct view *, int64_t minute);

/* Episodes that ended, in order. */
struct history {
    struct episode *all;
    size_t count, capacity;
};

/* Steps the machine to `until`.  closed: these minutes are settled; otherwise they may still change, and an episode's
 * `shown` only rises.  An episode that ends is appended to the history. */
void machine_run(struct machine *, const struct rule *, unsigned level_count, struct view *, int64_t until, bool closed,
                 struct history *);

/* One step at that minute, which is closed, whether or not a fact comes or goes then: what is judged is not of facts. */
void machine_step(struct machine *, const struct rule *, unsigned level_count, struct view *, int64_t minute,
                  struct history *);

/* Appends the episode that is going on. */
void machine_show(const struct machine *, struct history *);

/* The next minute after machine->minute at which something changes if no fact comes. */
int64_t machine_next(const struct machine *, const struct rule *, unsigned level_count, struct view *);

#endif
