/* The tracker's side of a change of rules.  Everything it holds speaks of rules by number, and numbers change with the
 * generation; what identifies a rule is its id, and what makes it the same is its digest. */
#include "alert/tracker_priv.h"

#include "base/check.h"

#include <stdlib.h>

/* of the same subjects, and for the same eyes */
static bool still_judges(const struct rule *before, const struct rule *rule, const struct tracked *t)
{
    if (rule->life != before->life || (rule->each != 0) != (before->each != 0) || rule->standing != before->standing)
        return false;
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] == t->subject.kind)
            return true;
    return false;
}

/* open alerts of a rule that is gone, or speaks of other subjects now */
static void orphan(struct tracker *tracker, struct tracked *t)
{
    const struct rule *rule = tracked_rule(tracker, t);
    char key[1024];
    state_key(tracker, t, key, sizeof key);
    for (size_t i = 0; i < t->alert_count; i++)
        if (t->alerts[i].state == ALERT_FIRING && !t->alerts[i].shadow)
            orphan_add(tracker, key, rule->id, rule->title, t->subject.kind, t->code, &t->alerts[i]);
    if (t->stored)
        tracked_unstore(tracker, t);
}

/* what was last shown of each rule's silence, by its new number: nobody looks at a subject again whose alerts show
 * what is so */
static bool *silence_shown(const struct tracker *tracker, const struct rule_set *rules)
{
    bool *shown = xcalloc(rules->count + 1, sizeof *shown);
    unsigned before;
    for (unsigned r = 0; r < rules->count; r++)
        if (tracker_find_rule(tracker->rules, rules->rules[r].id, &before))
            shown[r] = tracker->silent[before];
    return shown;
}

void tracker_renew(struct tracker *tracker, const struct generation *generation)
{
    CHECK(generation_rules(generation) == tracker->rules);
    tracker->generation = generation;
}

void tracker_switch(struct tracker *tracker, const struct generation *generation)
{
    const struct rule_set *rules = generation_rules(generation);
    struct tracked **old = tracker->buckets;
    tracker->buckets = xcalloc(tracker->bucket_mask + 1, sizeof *tracker->buckets);
    for (size_t i = 0; i <= tracker->bucket_mask; i++)
        for (struct tracked *t = old[i], *next; t; t = next) {
            next = t->next;
            const struct rule *before = tracked_rule(tracker, t);
            unsigned number;
            if (!tracker_find_rule(rules, before->id, &number) || !still_judges(before, &rules->rules[number], t)) {
                orphan(tracker, t);
                tracked_destroy(t);
                tracker->count--;
                continue;
            }
            if (rules->rules[number].digest != before->digest) {
                tracked_rejudge(t);
                t->dirty = true;
            }
            t->rule = (uint16_t)number;
            view_destroy(&t->view);
            t->view = view_create(&(struct view_inputs){rules, &rules->rules[number], tracker->ledger,
                                                        tracker->registry, t->subject.region});
            t->view_missing = true; /* built when it is next looked at: a rule that is the same has nothing to say now */
            tracked_link(tracker, t);
        }
    free(old);
    bool *silent = silence_shown(tracker, rules);
    free(tracker->silent);
    tracker->silent = silent;
    tracker->generation = generation;
    tracker->rules = rules;
    tracker_stand(tracker);
}
