/* From the ledger to a view: which facts a rule sees under a subject. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

static bool is_neighbour(const struct tracker *tracker, const struct tracked *t, const struct subject *subject)
{
    if (t->subject.region == REGION_NONE || subject->region == REGION_NONE || t->subject.each != subject->each)
        return false;
    const struct region *own = registry_region(tracker->registry, t->subject.region);
    for (uint32_t i = 0; i < own->neighbour_count; i++)
        if (own->neighbours[i] == subject->region)
            return true;
    return false;
}

struct subject tracked_subject(const struct tracker *tracker, const struct rule *rule, fact_ref ref, uint32_t region,
                               uint16_t category, struct roots *roots)
{
    const struct ledger *ledger = tracker->ledger;
    struct subject subject = rule_subject(tracker->generation, rule, ledger, ref, region, category);
    if (subject.kind != SUBJECT_MATTER)
        return subject;
    return subject_of_root(&subject, roots_find(roots, ledger_fact(ledger, ref)->matter, NULL));
}

bool tracked_entry(const struct tracker *tracker, const struct tracked *t, fact_ref ref, struct matters *matters,
                   struct view_entry *entry)
{
    const struct rule *rule = tracked_rule(tracker, t);
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    if (fact->kind >= EVENT_KINDS || fact->carried)
        return false;
    struct standing standing = ledger_standing(tracker->ledger, ref);
    if (!standing.live)
        return false;
    uint32_t takes = matters_allow(matters, t->rule, rule_takes(tracker->rules, rule, fact, standing.category), ref);
    if (!takes)
        return false;
    struct subject subject = tracked_subject(tracker, rule, ref, standing.region, standing.category, &matters->roots);
    if (subject.kind != t->subject.kind)
        return false;
    bool own = subject.key == t->subject.key;
    if (!own && !(rule->around && is_neighbour(tracker, t, &subject)))
        return false;
    *entry = (struct view_entry){
        .at = fact->occurred_at,
        .ref = ref,
        .involved = fact->involved,
        .region = standing.region,
        .takes = own ? takes : 0,
        .around = own ? 0 : takes,
        .source = fact->source,
        .party = fact->key == 0,
        .actor = fact->actor,
        .matter = rule->involves ? roots_find(&matters->roots, fact->matter, NULL) : 0,
        .value = rule->valued ? ledger_text(tracker->ledger, ref).value : 0,
    };
    return true;
}

struct walk {
    const struct tracker *tracker;
    const struct tracked *tracked;
    int64_t from; /* seconds: later than this */
    tracked_visit *visit;
    void *arg;
    struct matters *matters;
    bool stopped, uncommitted;
};

static void walk_one(struct walk *w, fact_ref ref)
{
    const struct fact *fact = ledger_fact(w->tracker->ledger, ref);
    struct view_entry entry;
    if (w->stopped || (int64_t)fact->occurred_at <= w->from ||
        !tracked_entry(w->tracker, w->tracked, ref, w->matters, &entry))
        return;
    if (fact_committed(fact))
        w->stopped = !w->visit(w->arg, &entry);
    else
        w->uncommitted = true;
}

/* parties have places of their own in the chains of region and respondent, but not in a matter's, and an alias brings
 * its fact's along */
static bool walk_visit(void *arg, fact_ref ref)
{
    struct walk *w = arg;
    const struct ledger *ledger = w->tracker->ledger;
    const struct fact *fact = ledger_fact(ledger, ref);
    bool with_parties = fact->kind == FACT_ALIAS || w->tracked->subject.kind == SUBJECT_MATTER;
    if (fact->kind == FACT_ALIAS && !fact_committed(fact)) {
        /* its move is of no cut yet */
        w->uncommitted = true;
        return true;
    }
    ref = ledger_origin(ledger, ref);
    unsigned parties = with_parties ? ledger_fact(ledger, ref)->parties : 0;
    for (unsigned i = 0; i <= parties; i++)
        walk_one(w, ref + i);
    return !w->stopped;
}

static void walk_matter(void *arg, uint64_t matter)
{
    struct walk *w = arg;
    if (!w->stopped)
        ledger_walk(w->tracker->ledger, subject_of_matter(matter), w->from, INT64_MAX, walk_visit, w);
}

/* A matter that goes by another's name has no facts of its own: of a thousand that were merged into one after they had come
 * to be tracked, each would walk all thousand. */
static void walk_matters(struct walk *w)
{
    uint64_t matter = matter_key(str_of(w->tracked->code));
    struct str text;
    if (roots_find(&w->matters->roots, matter, NULL) == matter)
        ledger_root_of(w->tracker->ledger, matter, &text, walk_matter, w);
}

static void walk_region(struct walk *w, uint32_t subject)
{
    uint32_t last = registry_region(w->tracker->registry, subject)->last;
    if (!w->stopped)
        ledger_walk_regions(w->tracker->ledger, subject, last, w->from, INT64_MAX, walk_visit, w);
}

bool tracked_walk(const struct tracker *tracker, const struct tracked *t, int64_t from, tracked_visit *visit, void *arg)
{
    struct matters alone = matters_begin(tracker->ledger, tracker->rules);
    struct walk w = {tracker, t, from, visit, arg, tracker->matters ? tracker->matters : &alone, false, false};
    if (t->subject.kind == SUBJECT_RESPONDENT) {
        ledger_walk(tracker->ledger, t->subject.chain, from, INT64_MAX, walk_visit, &w);
    } else if (t->subject.kind == SUBJECT_MATTER) {
        walk_matters(&w);
    } else {
        walk_region(&w, t->subject.region);
        const struct region *own = registry_region(tracker->registry, t->subject.region);
        for (uint32_t i = 0; tracked_rule(tracker, t)->around && i < own->neighbour_count; i++)
            walk_region(&w, own->neighbours[i]);
    }
    matters_end(&alone);
    return w.uncommitted;
}

static bool build_visit(void *view, const struct view_entry *entry)
{
    view_append(view, entry);
    return true;
}

void tracked_build(struct tracker *tracker, struct tracked *t, int64_t minute)
{
    int64_t from = minute > INT64_MIN / 120 ? minute * 60 - rule_reach_s(tracked_rule(tracker, t)) : INT64_MIN;
    view_clear(t->view);
    t->uncommitted = tracked_walk(tracker, t, from, build_visit, t->view);
    view_sort(t->view);
    t->view_missing = false;
}

void tracked_see(struct tracker *tracker, struct tracked *t)
{
    if (!t->view_missing)
        return;
    tracked_build(tracker, t, t->machine.minute);
    view_silence(t->view, t->silent_seen);
}

struct view *tracker_view(struct tracker *tracker, unsigned rule, struct subject subject, struct str code,
                          int64_t minute)
{
    struct tracked t = {.rule = (uint16_t)rule, .subject = subject, .code = xstrndup(code.at, code.len)};
    t.view = tracked_view(tracker, &t);
    tracked_build(tracker, &t, minute);
    free(t.code);
    return t.view;
}
