/* From the ledger to a view: which facts a rule sees under a subject. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

static bool wants_matters(const struct rule *rule)
{
    for (unsigned a = 0; a < rule->atom_count; a++)
        if (rule->atoms[a].measure == MEASURE_INVOLVED)
            return true;
    return false;
}

bool tracked_entry(const struct tracker *tracker, const struct tracked *t, fact_ref ref, struct view_entry *entry)
{
    const struct rule *rule = tracked_rule(tracker, t);
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    if (fact->kind >= EVENT_KINDS)
        return false;
    uint16_t takes = 0;
    struct standing standing = ledger_standing(tracker->ledger, ref);
    if (!standing.live)
        return false;
    for (unsigned s = 0; s < rule->selection_count; s++)
        if (selection_takes(&rule->selections[s], fact, standing.category))
            takes |= (uint16_t)(1u << s);
    if (!takes)
        return false;
    struct subject subject = rule_subject(rule, tracker->registry, tracker->ledger, ref, standing.region);
    if (subject.kind == SUBJECT_MATTER)
        subject.key = subject_of_matter(ledger_matter_root(tracker->ledger, fact->matter, NULL));
    if (subject.kind != t->subject.kind || subject.key != t->subject.key)
        return false;
    *entry = (struct view_entry){
        .at = fact->occurred_at,
        .ref = ref,
        .involved = fact->involved,
        .takes = takes,
        .party = fact->key == 0,
        .actor = fact->actor,
        .matter = wants_matters(rule) ? ledger_matter_root(tracker->ledger, fact->matter, NULL) : 0,
        .value = ledger_text(tracker->ledger, ref).value,
    };
    return true;
}

struct build {
    struct tracker *tracker;
    struct tracked *tracked;
    int64_t from; /* seconds: later than this */
};

static void build_one(struct build *b, fact_ref ref)
{
    const struct fact *fact = ledger_fact(b->tracker->ledger, ref);
    struct view_entry entry;
    if ((int64_t)fact->occurred_at <= b->from || !tracked_entry(b->tracker, b->tracked, ref, &entry))
        return;
    if (fact->cut)
        view_append(b->tracked->view, &entry);
    else
        b->tracked->uncommitted = true;
}

/* parties have places of their own in the chains of region and respondent, but not in a matter's, and an alias brings
 * its fact's along */
static bool build_visit(void *arg, fact_ref ref)
{
    struct build *b = arg;
    const struct ledger *ledger = b->tracker->ledger;
    const struct fact *fact = ledger_fact(ledger, ref);
    bool with_parties = fact->kind == FACT_ALIAS || b->tracked->subject.kind == SUBJECT_MATTER;
    if (fact->kind == FACT_ALIAS && !fact->cut) {
        /* its move is of no cut yet */
        b->tracked->uncommitted = true;
        return true;
    }
    ref = ledger_origin(ledger, ref);
    unsigned parties = with_parties ? ledger_fact(ledger, ref)->parties : 0;
    for (unsigned i = 0; i <= parties; i++)
        build_one(b, ref + i);
    return true;
}

static void build_matter(void *arg, uint64_t matter)
{
    struct build *b = arg;
    ledger_walk(b->tracker->ledger, subject_of_matter(matter), b->from, INT64_MAX, build_visit, b);
}

void tracked_build(struct tracker *tracker, struct tracked *t, int64_t minute)
{
    const struct rule *rule = tracked_rule(tracker, t);
    struct build b = {tracker, t, minute > INT64_MIN / 120 ? minute * 60 - rule->within_s : INT64_MIN};
    view_clear(t->view);
    t->uncommitted = false;
    if (t->subject.kind == SUBJECT_RESPONDENT) {
        ledger_walk(tracker->ledger, t->subject.key, b.from, INT64_MAX, build_visit, &b);
    } else if (t->subject.kind == SUBJECT_MATTER) {
        ledger_matters(tracker->ledger, matter_key(str_of(t->code)), build_matter, &b);
    } else {
        uint32_t last = registry_region(tracker->registry, t->subject.region)->last;
        for (uint32_t region = t->subject.region; region <= last; region++)
            ledger_walk(tracker->ledger, subject_of_region(region), b.from, INT64_MAX, build_visit, &b);
    }
    view_sort(t->view);
    t->view_missing = false;
}

struct view *tracker_view(struct tracker *tracker, unsigned rule, struct subject subject, struct str code,
                          int64_t minute)
{
    struct tracked t = {.rule = (uint16_t)rule, .subject = subject, .code = xstrndup(code.at, code.len)};
    t.view = view_create(&tracker->rules->rules[rule], tracker->ledger);
    tracked_build(tracker, &t, minute);
    free(t.code);
    return t.view;
}
