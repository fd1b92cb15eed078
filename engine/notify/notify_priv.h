/* What the files that decide share. */
#ifndef GW_NOTIFY_NOTIFY_PRIV_H
#define GW_NOTIFY_NOTIFY_PRIV_H

#include "notify/budget.h"
#include "notify/notify.h"

struct notify {
    struct asked asked;
    struct silences silences;
    struct budgets budgets;
    int64_t now_s, next_s; /* next: when time alone changes an answer */
    bool changed;
    json_t *unsaved; /* key → state, null where it is no more */
};

void hold(struct candidate *, enum hold cause, const char *by);
/* the more urgent first: by level, then by age; for qsort, of pointers to candidates */
int by_urgency(const void *, const void *);

/* inhibit.c: those that nothing holds yet.  idle: by number, those that hold nobody all the same */
void inhibit(const struct asked *, struct candidate *all, size_t count, const bool *idle);

/* decide.c */
void decide(struct notify *, struct candidate *all, size_t count, struct incidents *);

#endif
