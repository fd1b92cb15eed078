/* The part of the judge that knows which rules are active.  The log says so: a generation is archived in the cut
 * with which it begins, so from that commit on, and not before, all is judged by it. */
#include "judge_priv.h"

#include "base/check.h"

#include <stdlib.h>

/* Does the rule still speak of that subject, and to the same people? */
static bool still_judges(const struct rule *before, const struct rule *now, const struct judged_alert *a)
{
    bool kind = false;
    for (unsigned i = 0; i < now->per_count; i++)
        kind |= strcmp(subject_kind_word(now->per[i]), a->kind) == 0;
    return kind && (now->each != 0) == (before->each != 0) && now->standing == before->standing && judge_publishes(now);
}

static void renumber(struct judged_alert *a, const struct rule_set *old, const struct rule_set *rules)
{
    const struct rule *before = &old->rules[a->rule];
    a->rule = -1;
    for (unsigned r = 0; r < rules->count; r++) {
        const struct rule *now = &rules->rules[r];
        if (strcmp(now->id, a->rule_id) != 0 || !still_judges(before, now, a))
            continue;
        a->rule = (int)r;
        a->edited = now->digest != before->digest;
        /* what is over was judged by the rule as it was */
        a->dated |= a->state == ALERT_STATE_RESOLVED && a->edited;
    }
}

void judge_use(struct judge *j, unsigned generation)
{
    const struct rule_set *rules = j->world->generations[generation].rules;
    for (size_t k = 0; k < j->alert_count; k++)
        if (j->alerts[k].rule >= 0)
            renumber(&j->alerts[k], j->rules, rules);
    j->rules = rules;
    j->generation = generation;
    judge_new_notify(j);
    model_judge_by(j->model, rules);
}

/* ---- the log ---- */

/* what the commit leaves under that key: two generations may begin in one cut */
static json_t *state_of(const struct judge *j, uint64_t commit, const char *key)
{
    const struct log_entry *last = NULL;
    for (size_t i = j->read; i < j->log->entry_count && j->log->entries[i].commit == commit; i++)
        if (j->log->entries[i].topic == STORE_STATE && str_eq(j->log->entries[i].key, str_of(key)))
            last = &j->log->entries[i];
    return last ? json_loadb(last->value.at, last->value.len, 0, NULL) : NULL;
}

static bool take_generation(struct judge *j, const json_t *active, const json_t *kept)
{
    const char *files = json_string_value(json_object_get(kept, "files_digest"));
    uint64_t number = (uint64_t)json_integer_value(json_object_get(active, "number"));
    for (unsigned g = 0; files && g < j->world->generation_count; g++) {
        if (strcmp(j->world->generations[g].files, files) != 0)
            continue;
        if (number <= j->number)
            return judge_fail(j, "generation %llu begins after generation %llu", (unsigned long long)number,
                              (unsigned long long)j->number);
        judge_use(j, g);
        j->number = number;
        j->switched = true;
        snprintf(j->passed_over, sizeof j->passed_over, "%s",
                 json_string_value(json_object_get(active, "passed_over")));
        if (j->trace)
            printf("       generation %llu: the world's %u\n", (unsigned long long)number, g);
        return true;
    }
    return judge_fail(j, "generation %llu is of files that nobody wrote", (unsigned long long)number);
}

bool judge_generation(struct judge *j, uint64_t commit)
{
    char key[64];
    json_t *active = state_of(j, commit, "generation/active");
    json_int_t number = json_integer_value(json_object_get(active, "number"));
    snprintf(key, sizeof key, "generation/%llu", (unsigned long long)number);
    json_t *kept = active ? state_of(j, commit, key) : NULL;
    j->switched = false;
    bool good = !active || take_generation(j, active, kept);
    json_decref(active);
    json_decref(kept);
    return good && (j->rules || judge_fail(j, "a commit, and no generation has begun"));
}

unsigned judge_chosen(const struct judge *j, unsigned on_disk)
{
    bool goes_on = j->number && (on_disk == j->generation ||
                                 strcmp(j->world->generations[on_disk].files, j->passed_over) == 0);
    return goes_on ? j->generation : on_disk;
}

uint64_t judge_active_number(const struct judge *j)
{
    return j->number;
}

/* ---- alerts that are of no episode ---- */

bool judge_gone(struct judge *j)
{
    for (size_t k = 0; k < j->alert_count; k++)
        if (j->alerts[k].rule < 0 && j->alerts[k].state == ALERT_STATE_FIRING)
            return judge_fail(j, "alert %s still fires, and rule %s is gone", j->alerts[k].id, j->alerts[k].rule_id);
    return true;
}

/* Such a rule has one subject, the district, and no past. */
bool judge_standing(struct judge *j)
{
    uint64_t silent = 0;
    for (unsigned s = 0; s < config_event_sources(j->world->config); s++)
        silent |= (uint64_t)j->sources[s].silent << s;
    for (unsigned r = 0; r < j->rules->count; r++) {
        const struct rule *rule = &j->rules->rules[r];
        if (!rule->standing || !judge_publishes(rule))
            continue;
        unsigned shown = 0, level = model_silent_level(j->rules, rule, silent), firing = 0;
        for (size_t k = 0; k < j->alert_count; k++)
            if (j->alerts[k].rule == (int)r && j->alerts[k].state == ALERT_STATE_FIRING) {
                shown = j->alerts[k].level;
                firing++;
            }
        if (shown != level || firing > 1)
            return judge_fail(j, "rule %s shows level %u with %u alerts, and it is level %u", rule->id, shown,
                              firing, level);
    }
    return true;
}
