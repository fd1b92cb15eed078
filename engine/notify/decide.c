/* The order in which it is asked what holds an alert back, and what follows where who holds one is held himself. */
#include "notify/notify_priv.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void hold(struct candidate *c, enum hold cause, const char *by)
{
    c->cause = cause;
    c->holder = NULL;
    snprintf(c->by, sizeof c->by, "%s", by);
}

int by_urgency(const void *left, const void *right)
{
    const struct candidate *a = *(const struct candidate *const *)left, *b = *(const struct candidate *const *)right;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->opened_at != b->opened_at)
        return a->opened_at < b->opened_at ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void silence(const struct notify *n, struct candidate *all, size_t count)
{
    for (struct candidate *c = all; c < all + count; c++) {
        const struct silence *silence = silences_hold(&n->silences, &n->asked, c, n->now_s);
        if (silence)
            hold(c, HOLD_SILENCED, silence->id);
    }
}

/* Who is held by what people said, or by an inhibition, covers nobody. */
static void cover(struct incidents *incidents, struct candidate *all, size_t count)
{
    for (struct candidate *c = all; c < all + count; c++) {
        bool barred = c->cause != HOLD_NONE;
        if (!c->member || c->member->barred == barred)
            continue;
        c->member->barred = barred;
        incidents_touch(incidents, c->member->incident);
    }
    incidents_cover(incidents);
    for (struct candidate *c = all; c < all + count; c++)
        if (!c->cause && c->member && c->member->covered_by)
            hold(c, HOLD_COVERED, c->member->covered_by->id);
}

/* An inhibitor that turned out to be held, of which nobody would be told, neither of it nor of what it inhibits. */
static bool find_idle(const struct candidate *all, size_t count, bool *idle)
{
    bool found = false;
    for (const struct candidate *c = all; c < all + count; c++) {
        if (c->cause != HOLD_INHIBITED || !c->holder->cause)
            continue;
        idle[c->holder - all] = true;
        found = true;
    }
    return found;
}

/* With each round one more inhibitor is idle at least, so it ends. */
void decide(struct notify *n, struct candidate *all, size_t count, struct incidents *incidents)
{
    bool *idle = xcalloc(count + 1, sizeof *idle);
    do {
        for (struct candidate *c = all; c < all + count; c++)
            hold(c, HOLD_NONE, "");
        silence(n, all, count);
        inhibit(&n->asked, all, count, idle);
        if (incidents)
            cover(incidents, all, count);
        budgets_share(&n->budgets, &n->asked, all, count);
    } while (find_idle(all, count, idle));
    free(idle);
    budgets_spend(&n->budgets);
}
