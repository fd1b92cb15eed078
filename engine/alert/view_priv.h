/* A view's inside, for its files: view.c keeps the facts, window.c moves the windows, value.c reads them. */
#ifndef GW_ALERT_VIEW_PRIV_H
#define GW_ALERT_VIEW_PRIV_H

#include "base/tally.h"
#include "alert/view.h"

/* what a window holds of a selection; tallies only where a term asks for them */
struct selected {
    int64_t events, sum;
    struct tally callers, regions, sources;
    bool wants_callers, wants_regions, wants_sources;
};

struct cursor {
    size_t low, high; /* the window: [low, high) */
    struct selected *selected; /* by selection */
};

struct view {
    struct view_inputs in;
    struct view_entry *entries;
    size_t count, capacity;
    struct cursor cursors[WINDOWS_MAX]; /* by window of the rule */
    struct tally scratch;
    uint64_t silent;
};

/* window.c: none holds anything; one gains or loses an entry */
void view_reset_windows(struct view *);
void view_change_window(const struct view *, struct cursor *, const struct view_entry *, bool add);
/* Appends an entry and puts it into the rule's own window, wherever that is: for a view that is only a part of another. */
void view_take(struct view *, const struct view_entry *);
/* a region for counting distinct ones: its grid, or itself where it is none and in none */
uint32_t view_grid(const struct view *, uint32_t region);

#endif
