/* The handling of one alert as a pure function of what it was sent to and what happened since: its journal, in the order of
 * (time, id).  Nothing but the journal is kept, so dispositions may come doubled and in any order, and the same ones give the
 * same handling. */
#ifndef GW_HANDLE_HANDLING_H
#define GW_HANDLE_HANDLING_H

#include "handle/disposition.h"
#include "rule/routing.h"

/* dispositions of one alert that are kept; beyond them they are refused */
enum { DISPOSITIONS_MAX = 64, UNITS_MAX = 2 + ASSIST_MAX + 2 * DISPOSITIONS_MAX };

/* One line of the journal: a disposition, or what the engine notes itself (id "gridwarn:<revision>"; unit: who takes over at
 * the higher tier).  Limits that begin with it are reckoned when it is taken: the calendar may be another later. */
struct journal_entry {
    struct disposition said;
    int64_t sign_by, arrive_by, close_by; /* 0: none, or as before */
    enum region_level tier;               /* a passed limit raised it to this one; 0: there is no higher */
};

struct journal {
    struct journal_entry *entries;
    size_t count;
};

/* What an alert's handling begins with: where it was sent, and its own limits, which run from the last time that it was
 * raised. */
struct sent {
    const struct route *route;
    int64_t from, sign_by, close_by; /* 0: no limit */
};

struct unit {
    const char *name; /* borrowed from the route or the journal */
    enum unit_state state;
    const struct disposition *last; /* that made its state; NULL: none */
};

struct handling {
    struct unit units[UNITS_MAX];
    unsigned count;
    int lead; /* index of the one in charge; -1: there is none */
    enum region_level tier;
    int64_t sign_by, arrive_by, close_by; /* 0: no limit */
    unsigned late; /* bits of acts: limits that passed, and no tier was left to raise it to */
};

void handling_of(struct handling *, const struct sent *, const struct journal *);
bool handling_over(const struct handling *);   /* closed, or a false alarm, by the unit in charge */
bool handling_nobody(const struct handling *); /* whoever was in charge gave it back */

/* The limit that has passed by `now_s`; -1: none.  *next: when one will, if nothing happens; INT64_MAX: none runs. */
int handling_due(const struct handling *, int64_t now_s, int64_t *next);

/* Takes a disposition into the journal, unless it is refused.  The entry's limits are the caller's.  Handlings borrow from the
 * journal: make them anew. */
enum answer journal_take(struct journal *, const struct sent *, const struct journal_entry *);
/* what the engine notes itself */
void journal_note(struct journal *, const struct journal_entry *);
void journal_free(struct journal *);

#endif
