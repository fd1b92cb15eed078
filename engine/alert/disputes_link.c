/* Which alerts rest on the same facts.  A subject that was looked at in a run may have come to share facts with others,
 * or to share none any more: its alert is held against those that it is linked with, and against those that may be of
 * the same dispute (incident/near.h).  What is quiet costs nothing.
 *
 * A comparison is a few binary searches, 256 at most (incident/overlap.h).  After so many of them no further alert has
 * its turn in a run; it has it in the next one. */
#include "alert/disputes_priv.h"

enum { COMPARISONS_A_RUN = 16384 };

bool member_window(const struct member *m, struct evidence_window *w)
{
    const struct alert *a = member_alert(m);
    struct tracked *t = m->owner;
    if (!a || t->view_missing)
        return false;
    view_move(t->view, alert_minute(t, a));
    w->facts = view_window(t->view, &w->count);
    return true;
}

/* of two that fire; what cannot be compared stays as it is */
static bool comparable(struct member *a, struct member *b, struct evidence_window *of_a, struct evidence_window *of_b)
{
    return member_window(a, of_a) && member_window(b, of_b);
}

static void check_links(struct disputes *d, struct member *m)
{
    struct evidence_window mine, other;
    for (size_t l = m->links.count; l > 0; l--) {
        struct member *partner = m->links.at[l - 1];
        if (partner->gone || !partner->firing || partner->seen == d->run || !comparable(m, partner, &mine, &other))
            continue;
        d->comparisons -= d->comparisons > 0;
        /* one that goes on by its hold alone, its window empty, says nothing against what was found */
        if (mine.count && other.count && !evidence_touches(mine, other))
            incidents_unlink(d->incidents, m, partner);
    }
}

struct looking {
    struct disputes *disputes;
    struct member *of;
};

static bool look_at(void *arg, struct member *m)
{
    const struct looking *looking = arg;
    struct disputes *d = looking->disputes;
    struct evidence_window mine, other;
    if (m->seen == d->run || members_linked(looking->of, m) || !comparable(looking->of, m, &mine, &other))
        return true;
    d->comparisons -= d->comparisons > 0;
    if (evidence_overlaps(mine, other))
        incidents_link(d->incidents, looking->of, m);
    return true;
}

static void look_for_links(const struct tracker *tracker, struct member *m)
{
    struct disputes *d = tracker->disputes;
    check_links(d, m);
    near_each(&d->near, tracker->registry, tracker->catalogue, m, look_at, &(struct looking){d, m});
    m->seen = d->run;
}

static void wait_for_turn(const struct tracker *tracker)
{
    struct disputes *d = tracker->disputes;
    for (size_t i = 0; i < tracker->looked_count; i++) {
        struct tracked *t = tracker->looked[i];
        for (size_t k = 0; k < t->alert_count; k++) {
            struct member *m = t->alerts[k].member;
            if (!m || t->alerts[k].state != ALERT_FIRING)
                continue;
            member_update(tracker, t, &t->alerts[k]);
            if (!m->waits)
                list_add(&d->waiting, m);
            m->waits = true;
        }
    }
}

void disputes_form(struct tracker *tracker)
{
    struct disputes *d = tracker->disputes;
    if (!d || d->off)
        return;
    wait_for_turn(tracker);
    if (d->stale)
        near_build(&d->near, d->incidents);
    d->stale = false;
    d->run++;
    d->comparisons = COMPARISONS_A_RUN;
    size_t kept = 0;
    for (size_t i = 0; i < d->waiting.count; i++) {
        struct member *m = d->waiting.at[i];
        if (m->gone)
            continue;
        m->waits = d->comparisons == 0;
        if (m->waits)
            d->waiting.at[kept++] = m;
        else if (m->firing)
            look_for_links(tracker, m);
    }
    d->waiting.count = kept;
    d->formed = true;
    incidents_settle(d->incidents);
}
