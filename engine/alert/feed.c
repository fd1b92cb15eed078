/* What a cut brings to the tracker: facts, for those who look at their subjects already, and findings, which make it
 * look at further ones. */
#include "alert/tracker_priv.h"

struct str subject_code(const struct tracker *tracker, const struct subject *subject, fact_ref ref)
{
    if (subject->region != REGION_NONE)
        return str_of(registry_region(tracker->registry, subject->region)->code);
    struct fact_text text = ledger_text(tracker->ledger, ref);
    return subject->kind == SUBJECT_RESPONDENT ? text.respondent : text.matter;
}

static void feed_subject(struct tracker *tracker, unsigned number, uint64_t subject, fact_ref ref, struct matters *matters)
{
    struct tracked *t = tracked_lookup(tracker, number, subject);
    struct view_entry entry;
    if (!t || !tracked_entry(tracker, t, ref, matters, &entry))
        return;
    int64_t minute = minute_of(entry.at);
    t->dirty = true;
    if (t->rebuild_from != MINUTE_NEVER || t->uncommitted || minute <= t->machine.minute)
        tracked_again(t, minute);
    else if (!t->view_missing)
        view_insert(t->view, &entry);
}

static void feed_rule(struct tracker *tracker, unsigned number, fact_ref ref, struct standing standing, struct matters *matters)
{
    const struct rule *rule = &tracker->rules->rules[number];
    struct subject subject =
        tracked_subject(tracker, rule, ref, standing.region, standing.category, &matters->roots);
    if (subject.kind == SUBJECT_NONE)
        return;
    feed_subject(tracker, number, subject.key, ref, matters);
    if (!rule->around || subject.region == REGION_NONE)
        return;
    const struct region *own = registry_region(tracker->registry, subject.region);
    for (uint32_t i = 0; i < own->neighbour_count; i++)
        feed_subject(tracker, number, subject_of_neighbour(&subject, own->neighbours[i]).key, ref, matters);
}

static void feed_fact(struct tracker *tracker, fact_ref ref, struct matters *matters)
{
    const struct fact *fact = ledger_fact(tracker->ledger, ref);
    struct standing standing = ledger_standing(tracker->ledger, ref);
    if (!standing.live || !fact_committed(fact))
        return;
    size_t count;
    const uint16_t *rules = generation_concerned(tracker->generation, fact->source, standing.category, &count);
    for (size_t i = 0; i < count; i++)
        for (unsigned party = 0; party <= fact->parties; party++)
            feed_rule(tracker, rules[i], ref + party, standing, matters);
}

static void feed_one(struct tracker *tracker, fact_ref ref, struct matters *matters)
{
    switch (ledger_fact(tracker->ledger, ref)->kind) {
    case EVENT_VOIDED:
    case EVENT_RESTORED:
    case EVENT_MOVED:
        touch_modified(tracker, ref, &matters->roots);
        break;
    case EVENT_MERGED:
    case EVENT_LINKED:
        touch_join(tracker, ref);
        break;
    case FACT_ALIAS:
        feed_fact(tracker, ledger_origin(tracker->ledger, ref), matters);
        break;
    default:
        if (tracker->count > 0)
            feed_fact(tracker, ref, matters);
        if (generation_asks_matters(tracker->generation))
            touch_later(tracker, ref);
    }
}

void tracker_feed(struct tracker *tracker, const fact_ref *facts, size_t count)
{
    struct matters matters = matters_begin(tracker->ledger, tracker->rules);
    for (size_t i = 0; i < count; i++)
        feed_one(tracker, facts[i], &matters);
    matters_end(&matters);
}

/* ---- findings ---- */

static void find_one(struct tracker *tracker, const struct finding *f, struct roots *roots)
{
    struct finding found = *f;
    struct str code = subject_code(tracker, &f->subject, f->fact), root;
    if (found.subject.kind == SUBJECT_MATTER) {
        found.subject = subject_of_root(&f->subject, roots_find(roots, matter_key(code), &root));
        if (root.len)
            code = root;
    }
    struct tracked *t = tracked_lookup(tracker, f->rule, found.subject.key);
    if (!t && tracker->bytes_max && tracker->bytes > tracker->bytes_max) {
        tracker->shed++;
    } else if (!t) {
        t = tracked_add(tracker, f->rule, found.subject, code, f->minute - 1);
        t->fresh = true;
        tracked_again(t, f->minute);
    } else if (f->minute <= t->machine.minute) {
        tracked_again(t, f->minute);
    } else {
        t->dirty = true;
        if (f->minute < t->found)
            t->found = f->minute;
    }
}

void tracker_find(struct tracker *tracker, const struct finding *found, size_t count)
{
    struct roots roots = {.ledger = tracker->ledger};
    for (size_t i = 0; i < count; i++)
        find_one(tracker, &found[i], &roots);
    roots_free(&roots);
}
