/* Something about facts that are in the ledger already has changed: they were voided, moved, merged, or what came before
 * them in their matter has.  Whoever saw them at one of their places, or sees them now, looks again. */
#include "alert/tracker_priv.h"

#include "base/check.h"
#include "base/tally.h"

#include <stdatomic.h>
#include <stdlib.h>

struct touch {
    struct tracker *tracker;
    struct roots *roots;
    fact_ref ref;
    /* Counters never took away what now counts again, or counted it where it is now, and may have been denied since: so
     * no finding will come, and a subject that nobody tracks must be looked at all the same.  What is not monotone may
     * hold for the very reason that a fact is gone. */
    bool track, track_matters;
    bool only_asking; /* rules that ask what else happened to a matter */
    const struct before *before; /* and ask for one of these, which come before it; none: for any */
    size_t before_count;
    uint32_t since; /* only facts from this second on */
    struct names *names; /* NULL: it stood under no others */
};

/* A fact that others may ask for: these see something of it, and it sees nothing of itself. */
struct before {
    uint32_t group; /* of those that one may ask for, as far as they hang together */
    uint32_t at;
    fact_ref ref;
    uint16_t category; /* as it stands */
    bool due;
};

/* Matters that are one, or were, or are linked: each of their facts may have stood under the name of any.  From when on, by
 * rule and category, is found out of all facts first: so each name is looked up once, and not once for each fact. */
struct names {
    uint64_t *matters;
    size_t matter_count, matter_capacity;
    struct standing_since {
        unsigned rule;
        uint16_t each;
        int64_t minute;
    } *since;
    size_t since_count, since_capacity;
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

static void names_since(struct names *names, unsigned rule, uint16_t each, int64_t minute)
{
    for (size_t i = 0; i < names->since_count; i++) {
        struct standing_since *since = &names->since[i];
        if (since->rule == rule && since->each == each) {
            since->minute = minute < since->minute ? minute : since->minute;
            return;
        }
    }
    if (names->since_count == names->since_capacity) {
        names->since_capacity = names->since_capacity ? names->since_capacity * 2 : 8;
        names->since = xrealloc(names->since, names->since_capacity * sizeof *names->since);
    }
    names->since[names->since_count++] = (struct standing_since){rule, each, minute};
}

/* a matter by all the names under which it may be tracked */
static void touch_names(const struct touch *touch, unsigned rule, struct subject subject)
{
    const struct tracker *tracker = touch->tracker;
    const struct fact *fact = ledger_fact(tracker->ledger, touch->ref);
    struct str root;
    subject = subject_of_root(&subject, roots_find(touch->roots, fact->matter, &root));
    if (root.len)
        touch_subject(touch, rule, subject, root);
    if (touch->names)
        names_since(touch->names, rule, subject.each, minute_of(fact->occurred_at));
}

static bool asks(const struct touch *touch, const struct rule *rule, const struct fact *fact, uint16_t category)
{
    const struct tracker *tracker = touch->tracker;
    uint32_t takes = rule->asks_matter ? rule_takes(tracker->rules, rule, fact, category) : 0;
    if (!takes || !touch->before_count)
        return takes;
    for (const struct before *b = touch->before; b < touch->before + touch->before_count && b->at <= fact->occurred_at; b++)
        if (b->ref != touch->ref &&
            rule_asks_for(tracker->rules, rule, takes, ledger_fact(tracker->ledger, b->ref), b->category, b->due))
            return true;
    return false;
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
    if (fact->occurred_at >= touch.since && !fact->carried) /* a carried one is in nobody's window */
        ledger_places(outer->tracker->ledger, ref, touch_place, &touch);
    return true;
}

static void names_add(void *arg, uint64_t matter)
{
    struct names *names = arg;
    if (names->matter_count == names->matter_capacity) {
        names->matter_capacity = names->matter_capacity ? names->matter_capacity * 2 : 16;
        names->matters = xrealloc(names->matters, names->matter_capacity * sizeof *names->matters);
    }
    names->matters[names->matter_count++] = matter;
}

static void names_free(struct names *names)
{
    free(names->matters);
    free(names->since);
}

static void names_correct(const struct names *names, const struct tracker *tracker)
{
    for (size_t i = 0; i < names->since_count; i++)
        for (size_t k = 0; k < names->matter_count; k++) {
            const struct standing_since *since = &names->since[i];
            uint64_t key = subject_key(subject_of_matter(names->matters[k]), since->each);
            struct tracked *t = tracked_lookup(tracker, since->rule, key);
            if (t)
                tracked_correct(t, since->minute);
        }
}

/* every fact of the matters */
static void touch_named(struct touch *touch, struct names *names)
{
    touch->names = names;
    for (size_t i = 0; i < names->matter_count; i++)
        ledger_walk(touch->tracker->ledger, subject_of_matter(names->matters[i]), touch->since, INT64_MAX, touch_visit,
                    touch);
    names_correct(names, touch->tracker);
}

/* every fact of the matter and of what was ever merged with it or linked to it */
static void touch_matter(struct touch *touch, uint64_t matter)
{
    struct names names = {0};
    ledger_matters(touch->tracker->ledger, matter, names_add, &names);
    touch_named(touch, &names);
    names_free(&names);
}

static void touch_undone(struct tracker *tracker, fact_ref merge, struct roots *roots)
{
    bool link = ledger_fact(tracker->ledger, merge)->kind == EVENT_LINKED;
    struct touch touch = {.tracker = tracker, .roots = roots, .ref = merge, .track = !link, .track_matters = true,
                          .only_asking = link};
    if (!link || generation_asks_matters(tracker->generation))
        touch_matter(&touch, ledger_fact(tracker->ledger, merge)->matter);
}

/* ---- merges and links ---- */

static void touch_joins_of(struct tracker *tracker, unsigned kind, struct tally *done, struct roots *roots)
{
    for (size_t i = 0; i < tracker->join_count; i++) {
        const struct fact *fact = ledger_fact(tracker->ledger, tracker->joins[i]);
        if (fact->kind != kind || !tally_add(done, fact->matter))
            continue;
        struct touch touch = {.tracker = tracker, .roots = roots, .track_matters = true,
                              .only_asking = kind == EVENT_LINKED};
        struct names names = {0};
        ledger_matters(tracker->ledger, fact->matter, names_add, &names);
        for (size_t k = 0; k < names.matter_count; k++)
            tally_add(done, names.matters[k]);
        touch_named(&touch, &names);
        names_free(&names);
    }
}

/* What they make one only once: of a thousand orders that are merged into one, each would have all thousand walked.  Merges
 * first, since they make more be looked at than links do. */
static void touch_joins(struct tracker *tracker, struct roots *roots)
{
    struct tally done = {0};
    if (!tracker->join_count)
        return;
    touch_joins_of(tracker, EVENT_MERGED, &done, roots);
    if (generation_asks_matters(tracker->generation))
        touch_joins_of(tracker, EVENT_LINKED, &done, roots);
    tally_free(&done);
}

/* ---- facts that others may ask for ---- */

struct grouping {
    struct tally of; /* by matter: its group, from 1 */
    uint32_t count;
};

static void group_visit(void *arg, uint64_t matter)
{
    struct grouping *groups = arg;
    if (tally_add(&groups->of, matter))
        *tally_at(&groups->of, matter) = groups->count;
}

static uint32_t group_of(struct grouping *groups, const struct ledger *ledger, uint64_t matter)
{
    uint32_t group = *tally_at(&groups->of, matter);
    if (group)
        return group;
    groups->count++;
    ledger_matters(ledger, matter, group_visit, groups);
    return groups->count;
}

static int by_group(const void *x, const void *y)
{
    const struct before *a = x, *b = y;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

void touch_later(struct tracker *tracker, fact_ref ref)
{
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    struct before b = {.at = fact->occurred_at, .ref = ref, .category = ledger_standing(tracker->ledger, ref).category,
                       .due = ledger_text(tracker->ledger, ref).due_at != 0};
    if (!fact->matter || !generation_precedes(tracker->generation, fact, b.category, b.due))
        return;
    if (tracker->asked_count == tracker->asked_capacity) {
        tracker->asked_capacity = tracker->asked_capacity ? tracker->asked_capacity * 2 : 16;
        tracker->asked = xrealloc(tracker->asked, tracker->asked_capacity * sizeof *tracker->asked);
    }
    tracker->asked[tracker->asked_count++] = b;
}

/* Those of matters that hang together at once, or of a thousand facts about what a thousand orders were merged into each
 * would have all thousand walked. */
static void touch_asked(struct tracker *tracker, struct roots *roots)
{
    struct before *all = tracker->asked;
    size_t count = tracker->asked_count;
    struct grouping groups = {0};
    for (size_t i = 0; i < count; i++)
        all[i].group = group_of(&groups, tracker->ledger, ledger_fact(tracker->ledger, all[i].ref)->matter);
    tally_free(&groups.of);
    if (count)
        qsort(all, count, sizeof *all, by_group);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && all[end].group == all[begin].group;)
            end++;
        struct touch touch = {.tracker = tracker, .roots = roots, .track_matters = true, .only_asking = true,
                              .before = &all[begin], .before_count = end - begin, .since = all[begin].at};
        touch_matter(&touch, ledger_fact(tracker->ledger, all[begin].ref)->matter);
    }
}

/* ---- of a cut ---- */

void touch_join(struct tracker *tracker, fact_ref join)
{
    if (tracker->join_count == tracker->join_capacity) {
        tracker->join_capacity = tracker->join_capacity ? tracker->join_capacity * 2 : 16;
        tracker->joins = xrealloc(tracker->joins, tracker->join_capacity * sizeof *tracker->joins);
    }
    tracker->joins[tracker->join_count++] = join;
}

void touch_cut(struct tracker *tracker)
{
    if (!tracker->join_count && !tracker->asked_count)
        return;
    /* a worker whose fact is not in its chain yet will see that its matter is merged: see generation_count */
    atomic_thread_fence(memory_order_seq_cst);
    touch_joins(tracker, &tracker->matters->roots);
    touch_asked(tracker, &tracker->matters->roots);
    tracker->join_count = tracker->asked_count = 0;
}

void touch_modified(struct tracker *tracker, fact_ref modifier, struct roots *roots)
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
        touch_undone(tracker, target, roots);
        return;
    }
    struct touch touch = {.tracker = tracker, .roots = roots, .ref = target, .track = kind != EVENT_VOIDED || moved,
                          .track_matters = true};
    touch_visit(&touch, target);
    if (generation_asks_matters(tracker->generation) && ledger_fact(ledger, target)->matter) {
        struct touch later = {.tracker = tracker, .roots = roots, .track_matters = true, .only_asking = true,
                              .since = ledger_fact(ledger, target)->occurred_at};
        touch_matter(&later, ledger_fact(ledger, target)->matter);
    }
}
