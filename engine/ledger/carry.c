#include "ledger/carry.h"

#include "base/check.h"
#include "ledger/ledger_priv.h"

enum { CARRIED_SHARE = 4 }; /* of the shelf's bytes, one in so many */

/* ---- is it needed? ---- */

/* in a span that is about to go */
static bool leaves(const struct ledger *ledger, fact_ref ref)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    return fact_place(ledger, fact) < ledger_floor(ledger, fact_shelf(fact->kind));
}

struct course { /* of a matter, and all that it is one with, when that cut began */
    const struct ledger *ledger;
    uint32_t cut;
    fact_ref last; /* that opened or closed it */
    bool remains;  /* more than what closes it and what it is joined by was carried on before, and stays */
};

static bool course_visit(void *arg, fact_ref ref)
{
    struct course *c = arg;
    const struct fact *fact = ledger_fact(c->ledger, ref);
    if (!fact_committed_before(fact, c->cut))
        return true;
    bool turns = fact->kind == EVENT_CREATED || fact->kind == EVENT_REOPENED || fact->kind == EVENT_CLOSED;
    if (turns && (!c->last || ledger_before(c->ledger, c->last, ref)) && fact_lives(c->ledger, ref, c->cut))
        c->last = ref;
    c->remains |= fact->carried && fact->kind != EVENT_CLOSED && !has_target(fact->kind) && !leaves(c->ledger, ref);
    return true;
}

static void course_matter(void *arg, uint64_t matter)
{
    struct course *c = arg;
    ledger_walk(c->ledger, subject_of_matter(matter), INT64_MIN, INT64_MAX, course_visit, c);
}

static struct course course_of(const struct ledger *ledger, uint64_t matter, uint32_t cut)
{
    struct course c = {ledger, cut, 0, false};
    matters_merged(ledger, matter, cut, course_matter, &c);
    return c;
}

static bool course_open(const struct course *c)
{
    return !c->last || ledger_fact(c->ledger, c->last)->kind != EVENT_CLOSED;
}

bool ledger_matter_open(const struct ledger *ledger, uint64_t matter, uint32_t cut)
{
    struct course c = course_of(ledger, matter, cut);
    return course_open(&c);
}

/* what is kept of a course, for each of the matters that are one */
enum { JUDGED = 1, JUDGED_OPEN = 2, JUDGED_REMAINS = 4 };

struct judging {
    struct tally *judged;
    uint32_t as;
};

static void judge_matter(void *arg, uint64_t matter)
{
    const struct judging *j = arg;
    if (tally_add(j->judged, matter))
        *tally_at(j->judged, matter) = j->as;
}

static uint32_t judge(const struct ledger *ledger, uint64_t matter, uint32_t cut, struct tally *judged)
{
    uint32_t known = *tally_at(judged, matter);
    if (known)
        return known;
    struct course c = course_of(ledger, matter, cut);
    struct judging j = {judged, JUDGED | (course_open(&c) ? JUDGED_OPEN : 0u) | (c.remains ? JUDGED_REMAINS : 0u)};
    matters_merged(ledger, matter, cut, judge_matter, &j);
    return j.as;
}

/* A copy may outlive later facts of its matter, which lie where they happened: what closes it must not go before. */
static bool matter_needs(const struct ledger *ledger, uint64_t matter, unsigned kind, uint32_t cut, struct tally *judged)
{
    uint32_t as = judge(ledger, matter, cut, judged);
    return as & JUDGED_OPEN || (as & JUDGED_REMAINS && (kind == EVENT_CLOSED || kind == EVENT_MERGED));
}

static bool needed(const struct ledger *, fact_ref, uint32_t cut, struct tally *judged);

static bool modifier_needed(const struct ledger *ledger, fact_ref ref, uint32_t cut, struct tally *judged)
{
    fact_ref target = ledger_target(ledger, ref);
    if (!target)
        return false;
    const struct fact *meant = ledger_fact(ledger, target);
    unsigned kind = ledger_fact(ledger, ref)->kind, of = meant->kind;
    if (!meant->carried && !fact_committed_before(meant, cut)) /* it came later; a carried one has been there before */
        return false;
    /* of these only a move can be taken back, and nothing moves a move: so it ends, even for one that means itself */
    if (is_modifier(of) && (of != EVENT_MOVED || kind == EVENT_MOVED))
        return false;
    return !leaves(ledger, target) || needed(ledger, target, cut, judged);
}

static bool needed(const struct ledger *ledger, fact_ref ref, uint32_t cut, struct tally *judged)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    if (is_modifier(fact->kind))
        return modifier_needed(ledger, ref, cut, judged);
    if (has_target(fact->kind) &&
        matter_needs(ledger, matter_key(ledger_text(ledger, ref).target), fact->kind, cut, judged))
        return true;
    return fact->matter && matter_needs(ledger, fact->matter, fact->kind, cut, judged);
}

/* ---- into a later span ---- */

size_t ledger_carried_bytes(const struct ledger *ledger)
{
    const struct shelf_state *shelf = &ledger->shelf[SHELF_FACTS];
    int64_t oldest = ledger_floor(ledger, SHELF_FACTS) / shelf->span_s;
    size_t bytes = 0;
    FOR_EACH_SPAN(span, shelf)
    {
        if (span->number >= oldest)
            bytes += atomic_load_explicit(&span->carried_bytes, memory_order_relaxed);
    }
    return bytes;
}

size_t ledger_carried_bound(const struct ledger *ledger)
{
    return ledger->shelf[SHELF_FACTS].bytes_max / CARRIED_SHARE;
}

enum carry_result ledger_carry(struct ledger_writer *writer, fact_ref ref, int64_t at, uint32_t cut,
                               struct tally *judged, struct entered *entered)
{
    const struct ledger *ledger = writer->ledger;
    const struct fact *fact = ledger_fact(ledger, ref);
    if (!fact->key || !fact_committed(fact)) /* a party, an alias; not meant to be kept */
        return CARRY_NOT;
    const struct fact_text text = ledger_text(ledger, ref);
    /* whose place in the index another has taken, has been carried on already, or was read back so from the log */
    struct id_room room;
    const struct str id = ledger_id(ledger, ref, &room);
    if (ledger_find(ledger, fact->source, id) != ref || !needed(ledger, ref, cut, judged))
        return CARRY_NOT;
    size_t bound = ledger_carried_bound(ledger);
    if (ledger_carried_bytes(ledger) >= (fact->carried ? bound / 2 : bound))
        return CARRY_FULL;
    struct event e = {
        .id = id,
        .target = text.target,
        .matter = text.matter,
        .occurred_at = fact->occurred_at,
        .due_at = text.due_at,
        .carried_at = at,
        .region = fact->region,
        .tags = fact->tags,
        .category = fact->category,
        .kind = fact->kind,
        .source = fact->source,
    };
    return ledger_enter(writer, &e, entered) == ENTER_NEW ? CARRY_DONE : CARRY_FULL;
}

/* ---- spans that go ---- */

bool ledger_leaving(const struct ledger *ledger)
{
    return ledger->sweep == SWEEP_LEAVE;
}

static struct segment *next_leaving(const struct ledger *ledger)
{
    const struct shelf_state *shelf = &ledger->shelf[SHELF_FACTS];
    int64_t floor = ledger_floor(ledger, SHELF_FACTS);
    FOR_EACH_SPAN(span, shelf)
    {
        if (span->number >= floor / shelf->span_s)
            break;
        for (struct segment *s = atomic_load_explicit(&span->segments, memory_order_acquire); s; s = s->next)
            if (!s->left)
                return s;
    }
    return NULL;
}

bool ledger_leave(struct ledger *ledger, ledger_visit *visit, void *arg)
{
    struct segment *segment = next_leaving(ledger);
    if (!segment) {
        ledger_left(ledger);
        return false;
    }
    segment->left = true;
    for (uint32_t i = 0; i < atomic_load_explicit(&segment->count, memory_order_acquire); i++)
        if (segment->facts[i].kind < EVENT_KINDS && !visit(arg, segment->number << SEGMENT_BITS | i))
            break;
    return true;
}

void ledger_follow_floor(struct ledger *ledger, int64_t floor)
{
    ledger->followed_floor = floor;
}

int64_t ledger_left_below(const struct ledger *ledger, enum shelf which)
{
    return atomic_load(&ledger->shelf[which].walked_from);
}
