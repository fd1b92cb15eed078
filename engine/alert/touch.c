/* Something about facts that are in the ledger already has changed: they were voided, moved, merged, or what came before
 * them in their matter has.  Whoever saw them at one of their places, or sees them now, looks again. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdatomic.h>
#include <stdlib.h>

struct touch {
    struct tracker *tracker;
    fact_ref ref;
    /* Counters never took away what now counts again, or counted it where it is now, and may have been denied since: so
     * no finding will come, and a subject that nobody tracks must be looked at all the same.  What is not monotone may
     * hold for the very reason that a fact is gone. */
    bool track, track_matters;
    bool only_asking; /* rules that ask what else happened to a matter */
    fact_ref before;  /* and ask for this fact: others see nothing of it but itself; 0: for any */
    uint16_t before_category; /* as it stands */
    bool before_due;
    uint32_t since;   /* only facts from this second on */
    /* of a merge: every matter under whose name the fact may have stood */
    uint64_t *matters;
    size_t matter_count, matter_capacity;
};

static void touch_subject(const struct touch *touch, unsigned rule, struct subject subject, struct str code)
{
    struct tracker *tracker = touch->tracker;
    int64_t minute = minute_of(ledger_fact(tracker->ledger, touch->ref)->occurred_at);
    struct tracked *t = tracked_lookup(tracker, rule, subject.key);
    bool track = touch->track || !tracker->rules->rules[rule].monotone ||
                 (touch->track_matters &&
                  (subject.kind == SUBJECT_MATTER || tracker->rules->rules[rule].asks_matter));
    if (!t && track) {
        t = tracked_add(tracker, rule, subject, code, minute - 1);
        t->fresh = true;
    }
    if (t)
        tracked_correct(t, minute);
}

static void touch_neighbours(const struct touch *touch, unsigned rule, const struct subject *subject)
{
    if (!touch->tracker->rules->rules[rule].around || subject->region == REGION_NONE)
        return;
    const struct region *own = registry_region(touch->tracker->registry, subject->region);
    for (uint32_t i = 0; i < own->neighbour_count; i++) {
        struct subject there = subject_of_neighbour(subject, own->neighbours[i]);
        touch_subject(touch, rule, there, subject_code(touch->tracker, &there, touch->ref));
    }
}

/* a matter by all the names under which it may be tracked */
static void touch_names(const struct touch *touch, unsigned rule, struct subject subject)
{
    const struct tracker *tracker = touch->tracker;
    const struct fact *fact = ledger_fact(tracker->ledger, touch->ref);
    struct str root;
    subject = subject_of_root(&subject, ledger_matter_root(tracker->ledger, fact->matter, &root));
    if (root.len)
        touch_subject(touch, rule, subject, root);
    for (size_t k = 0; k < touch->matter_count; k++) {
        uint64_t key = subject_key(subject_of_matter(touch->matters[k]), subject.each);
        struct tracked *t = tracked_lookup(tracker, rule, key);
        if (t)
            tracked_correct(t, minute_of(fact->occurred_at));
    }
}

static bool asks(const struct touch *touch, const struct rule *rule, const struct fact *fact, uint16_t category)
{
    const struct tracker *tracker = touch->tracker;
    uint32_t takes = rule->asks_matter ? rule_takes(tracker->rules, rule, fact, category) : 0;
    return takes && (!touch->before ||
                     rule_asks_for(tracker->rules, rule, takes, ledger_fact(tracker->ledger, touch->before),
                                   touch->before_category, touch->before_due));
}

static void touch_place(void *arg, uint32_t region, uint16_t category)
{
    struct touch *touch = arg;
    struct tracker *tracker = touch->tracker;
    const struct fact *fact = ledger_fact(tracker->ledger, touch->ref);
    size_t count;
    const uint16_t *rules = generation_concerned(tracker->generation, fact->source, category, &count);
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &tracker->rules->rules[rules[i]];
        if (touch->only_asking && !asks(touch, rule, fact, category))
            continue;
        struct subject subject = rule_subject(tracker->generation, rule, tracker->ledger, touch->ref, region, category);
        if (subject.kind == SUBJECT_NONE)
            continue;
        touch_subject(touch, rules[i], subject, subject_code(tracker, &subject, touch->ref));
        touch_neighbours(touch, rules[i], &subject);
        if (subject.kind == SUBJECT_MATTER)
            touch_names(touch, rules[i], subject);
    }
}

static bool touch_visit(void *arg, fact_ref ref)
{
    struct touch *outer = arg, touch = *outer;
    const struct fact *fact = ledger_fact(outer->tracker->ledger, ref);
    touch.ref = ref;
    if (fact->occurred_at >= touch.since && !fact->carried && ref != touch.before) /* a carried one is in nobody's window */
        ledger_places(outer->tracker->ledger, ref, touch_place, &touch);
    return true;
}

static void touch_collect(void *arg, uint64_t matter)
{
    struct touch *touch = arg;
    if (touch->matter_count == touch->matter_capacity) {
        touch->matter_capacity = touch->matter_capacity ? touch->matter_capacity * 2 : 16;
        touch->matters = xrealloc(touch->matters, touch->matter_capacity * sizeof *touch->matters);
    }
    touch->matters[touch->matter_count++] = matter;
}

/* every fact of the matters collected */
static void touch_collected(struct touch *touch)
{
    for (size_t i = 0; i < touch->matter_count; i++)
        ledger_walk(touch->tracker->ledger, subject_of_matter(touch->matters[i]), touch->since, INT64_MAX, touch_visit,
                    touch);
    free(touch->matters);
}

/* every fact of the matter and of what was ever merged with it or linked to it */
static void touch_matter(struct touch *touch, uint64_t matter)
{
    ledger_matters(touch->tracker->ledger, matter, touch_collect, touch);
    touch_collected(touch);
}

static void touch_undone(struct tracker *tracker, fact_ref merge)
{
    bool link = ledger_fact(tracker->ledger, merge)->kind == EVENT_LINKED;
    struct touch touch = {.tracker = tracker, .ref = merge, .track = !link, .track_matters = true, .only_asking = link};
    if (!link || generation_asks_matters(tracker->generation))
        touch_matter(&touch, ledger_fact(tracker->ledger, merge)->matter);
}

/* ---- merges and links ---- */

void touch_join(struct tracker *tracker, fact_ref join)
{
    if (tracker->join_count == tracker->join_capacity) {
        tracker->join_capacity = tracker->join_capacity ? tracker->join_capacity * 2 : 16;
        tracker->joins = xrealloc(tracker->joins, tracker->join_capacity * sizeof *tracker->joins);
    }
    tracker->joins[tracker->join_count++] = join;
}

/* the matters that were touched already; open addressing, 0: free */
struct matter_set {
    uint64_t *matter;
    size_t mask, count;
};

static bool set_add(struct matter_set *set, uint64_t matter);

static void set_grow(struct matter_set *set)
{
    struct matter_set larger = {.mask = set->matter ? set->mask * 2 + 1 : 63};
    larger.matter = xcalloc(larger.mask + 1, sizeof *larger.matter);
    for (size_t i = 0; set->matter && i <= set->mask; i++)
        if (set->matter[i])
            set_add(&larger, set->matter[i]);
    free(set->matter);
    *set = larger;
}

/* false: it was there */
static bool set_add(struct matter_set *set, uint64_t matter)
{
    if (set->count * 2 >= set->mask)
        set_grow(set);
    size_t at = matter & set->mask;
    for (; set->matter[at]; at = (at + 1) & set->mask)
        if (set->matter[at] == matter)
            return false;
    set->matter[at] = matter;
    set->count++;
    return true;
}

static void touch_joins_of(struct tracker *tracker, unsigned kind, struct matter_set *done)
{
    for (size_t i = 0; i < tracker->join_count; i++) {
        const struct fact *fact = ledger_fact(tracker->ledger, tracker->joins[i]);
        if (fact->kind != kind || !set_add(done, fact->matter))
            continue;
        struct touch touch = {.tracker = tracker, .track_matters = true, .only_asking = kind == EVENT_LINKED};
        ledger_matters(tracker->ledger, fact->matter, touch_collect, &touch);
        for (size_t k = 0; k < touch.matter_count; k++)
            set_add(done, touch.matters[k]);
        touch_collected(&touch);
    }
}

/* All of a cut at once, and what they make one only once: of a thousand orders that are merged into one, each would have
 * all thousand walked.  Merges first, since they make more be looked at than links do. */
void touch_joins(struct tracker *tracker)
{
    struct matter_set done = {0};
    if (!tracker->join_count)
        return;
    /* a worker whose fact is not in its chain yet will see that its matter is merged: see generation_count */
    atomic_thread_fence(memory_order_seq_cst);
    touch_joins_of(tracker, EVENT_MERGED, &done);
    if (generation_asks_matters(tracker->generation))
        touch_joins_of(tracker, EVENT_LINKED, &done);
    free(done.matter);
    tracker->join_count = 0;
}

void touch_later(struct tracker *tracker, fact_ref ref)
{
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    uint16_t category = ledger_standing(tracker->ledger, ref).category;
    bool due = ledger_text(tracker->ledger, ref).due_at != 0;
    if (!fact->matter || !generation_precedes(tracker->generation, fact, category, due))
        return;
    struct touch touch = {.tracker = tracker, .track_matters = true, .only_asking = true, .since = fact->occurred_at,
                          .before = ref, .before_category = category, .before_due = due};
    touch_matter(&touch, fact->matter);
}

void touch_modified(struct tracker *tracker, fact_ref modifier)
{
    const struct ledger *ledger = tracker->ledger;
    unsigned kind = ledger_fact(ledger, modifier)->kind;
    fact_ref target = ledger_target(ledger, modifier);
    bool moved = target && ledger_fact(ledger, target)->kind == EVENT_MOVED;
    if (moved)
        target = ledger_target(ledger, target); /* a move is taken back, or counts again */
    if (!target)
        return;
    unsigned of = ledger_fact(ledger, target)->kind;
    if (of == EVENT_MERGED || of == EVENT_LINKED) {
        touch_undone(tracker, target);
        return;
    }
    struct touch touch = {
        .tracker = tracker, .ref = target, .track = kind != EVENT_VOIDED || moved, .track_matters = true};
    touch_visit(&touch, target);
    if (generation_asks_matters(tracker->generation) && ledger_fact(ledger, target)->matter) {
        struct touch later = {.tracker = tracker, .track_matters = true, .only_asking = true,
                              .since = ledger_fact(ledger, target)->occurred_at};
        touch_matter(&later, ledger_fact(ledger, target)->matter);
    }
}
