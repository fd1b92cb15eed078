/* Which alerts rest on the same facts.  A subject that was looked at in a run may have come to share facts with others:
 * its alert is held against those that may be of the same dispute (incident/near.h).  One of which facts were taken back
 * may have come to share none: its alert is held against those that it is linked with.  What is quiet costs nothing.
 *
 * The former comparison is a few binary searches, 256 at most (incident/overlap.h).  After so many of them no further
 * alert has its turn in a run; it has it in the next one.  The latter walks the ledger until one fact is found that both
 * have rested on. */
#include "alert/disputes_priv.h"

enum { COMPARISONS_A_RUN = 16384 };

bool member_window(struct tracker *tracker, const struct member *m, struct evidence_window *w)
{
    const struct alert *a = member_alert(m);
    struct tracked *t = m->owner;
    if (!a)
        return false;
    tracked_see(tracker, t);
    view_move(t->view, alert_minute(t, a));
    w->facts = view_window(t->view, &w->count);
    return true;
}

/* of two that fire; what cannot be compared stays as it is */
static bool comparable(struct tracker *tracker, struct member *a, struct member *b, struct evidence_window *of_a,
                       struct evidence_window *of_b)
{
    return member_window(tracker, a, of_a) && member_window(tracker, b, of_b);
}

/* ---- what was taken back ---- */

struct rested { /* on facts of (from, until], seconds, since it opened */
    int64_t from, until;
};

static struct rested rested_on(const struct tracker *tracker, const struct member *m)
{
    const struct tracked *t = m->owner;
    const struct alert *a = member_alert(m);
    return (struct rested){
        span_before(tracker->rules, tracked_rule(tracker, t)->windows[0].within, a->opened_minute * 60),
        a->state == ALERT_FIRING ? INT64_MAX : a->ended_minute * 60,
    };
}

struct sharing {
    const struct tracker *tracker;
    const struct tracked *other;
    int64_t until;
    bool found;
};

static bool is_shared(void *arg, const struct view_entry *fact)
{
    struct sharing *s = arg;
    struct view_entry entry;
    s->found = fact->at <= s->until && tracked_entry(s->tracker, s->other, fact->ref, s->tracker->matters, &entry);
    return !s->found;
}

/* Have they rested on one fact at least that still stands?  Of facts that the ledger has let go of nobody can say that
 * they were taken back. */
static bool still_share(const struct tracker *tracker, const struct member *a, const struct member *b)
{
    const struct tracked *narrow = a->owner, *wide = b->owner;
    struct rested of_a = rested_on(tracker, a), of_b = rested_on(tracker, b);
    int64_t from = of_a.from > of_b.from ? of_a.from : of_b.from;
    if (from < ledger_floor(tracker->ledger, SHELF_FACTS))
        return true;
    if (narrow->subject.kind < wide->subject.kind) { /* either would do: this one has fewer facts to walk */
        narrow = b->owner;
        wide = a->owner;
    }
    struct sharing s = {tracker, wide, of_a.until < of_b.until ? of_a.until : of_b.until, false};
    tracked_walk(tracker, narrow, from, is_shared, &s);
    return s.found;
}

/* A link lasts: that the windows of two alerts have moved on does not make one dispute two. */
static void check_links(const struct tracker *tracker, struct member *m)
{
    for (size_t l = m->links.count; l > 0; l--) {
        struct member *partner = m->links.at[l - 1];
        if (!partner->gone && member_alert(partner) && !still_share(tracker, m, partner))
            incidents_unlink(tracker->disputes->incidents, m, partner);
    }
}

static void check_corrected(const struct tracker *tracker)
{
    for (size_t i = 0; i < tracker->looked_count; i++) {
        const struct tracked *t = tracker->looked[i];
        for (size_t k = 0; t->corrected && k < t->alert_count; k++)
            if (t->alerts[k].member)
                check_links(tracker, t->alerts[k].member);
    }
}

/* ---- what has come to be shared ---- */

struct looking {
    struct tracker *tracker;
    struct member *of;
};

static bool look_at(void *arg, struct member *m)
{
    const struct looking *looking = arg;
    struct disputes *d = looking->tracker->disputes;
    struct evidence_window mine, other;
    if (m->seen == d->run || members_linked(looking->of, m) || !comparable(looking->tracker, looking->of, m, &mine, &other))
        return true;
    d->comparisons -= d->comparisons > 0;
    if (evidence_overlaps(mine, other))
        incidents_link(d->incidents, looking->of, m);
    return true;
}

static void look_for_links(struct tracker *tracker, struct member *m)
{
    struct disputes *d = tracker->disputes;
    near_each(&d->near, tracker->registry, tracker->catalogue, m, look_at, &(struct looking){tracker, m});
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
    check_corrected(tracker);
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
