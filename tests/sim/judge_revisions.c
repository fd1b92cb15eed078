/* The part of the judge that follows each alert's revisions: none is left out, none says what was said. */
#include "judge_priv.h"

#include "base/check.h"
#include "base/civil.h"

#include <stdlib.h>

static struct judged_alert *alert_of(struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->alert_count; i++)
        if (strcmp(j->alerts[i].id, id) == 0)
            return &j->alerts[i];
    if (j->alert_count == j->alert_capacity) {
        j->alert_capacity = j->alert_capacity ? j->alert_capacity * 2 : 32;
        j->alerts = xrealloc(j->alerts, j->alert_capacity * sizeof *j->alerts);
    }
    struct judged_alert *a = &j->alerts[j->alert_count++];
    *a = (struct judged_alert){0};
    snprintf(a->id, sizeof a->id, "%s", id);
    j->counts.alerts++;
    return a;
}

static unsigned level_of(const struct judge *j, const json_t *word)
{
    const struct rule_set *rules = j->world->generations[0].rules;
    for (unsigned l = 1; json_is_string(word) && l <= rules->level_count; l++)
        if (strcmp(rules->level_name[l], json_string_value(word)) == 0)
            return l;
    return 0;
}

static int64_t time_of(const json_t *text) /* rendered with the offset +00:00 */
{
    unsigned y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0;
    if (json_is_string(text))
        sscanf(json_string_value(text), "%4u-%2u-%2uT%2u:%2u:%2u", &y, &mo, &d, &h, &mi, &s);
    return civil_days(y, mo, d) * CIVIL_DAY_S + h * 3600 + mi * 60 + s;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is_gone(const struct judged_alert *a, const char *state, const char *reason)
{
    return a->rule < 0 && a->revision && strcmp(state, "withdrawn") == 0 && strcmp(reason, "the rule was removed") == 0;
}

/* of rules as they are from this commit on */
static bool find_rule(struct judge *j, const struct judged_alert *a, const json_t *data, int *number)
{
    const char *id = text_of(data, "rule"), *state = text_of(data, "state"), *reason = text_of(data, "reason");
    *number = -1;
    for (unsigned r = 0; j->rules && r < j->rules->count && !(a->revision && a->rule < 0); r++)
        if (strcmp(j->rules->rules[r].id, id) == 0 && judge_publishes(&j->rules->rules[r]))
            *number = (int)r;
    if (*number < 0 && !is_gone(a, state, reason))
        return judge_fail(j, "alert %s of rule %s, which is not active, is %s: %s", a->id, id, state, reason);
    if (*number >= 0 && strcmp(reason, "the rule was removed") == 0)
        return judge_fail(j, "alert %s is withdrawn with rule %s, which is there", a->id, id);
    bool for_the_edit = strcmp(reason, "the rule was changed") == 0;
    bool either = a->edited && j->brings_facts; /* it may have stood by the new rule until they came */
    if (strcmp(state, "withdrawn") == 0 && *number >= 0 && for_the_edit != a->edited && !either)
        return judge_fail(j, "alert %s of rule %s, which was %s, is withdrawn: %s", a->id, id,
                          a->edited ? "edited" : "left alone", reason);
    return true;
}

static enum alert_seen state_of(const char *state)
{
    return strcmp(state, "resolved") == 0    ? ALERT_STATE_RESOLVED
           : strcmp(state, "withdrawn") == 0 ? ALERT_STATE_WITHDRAWN
                                             : ALERT_STATE_FIRING;
}

static bool follows(struct judge *j, const struct judged_alert *a, const json_t *data, unsigned revision)
{
    const json_t *subject = json_object_get(data, "subject");
    const char *each = text_of(json_object_get(data, "each"), "category"), *state = text_of(data, "state");
    bool same = strcmp(a->code, text_of(subject, "code")) == 0 && strcmp(a->each, each) == 0 &&
                strcmp(a->rule_id, text_of(data, "rule")) == 0;
    bool news = a->state != state_of(state) || a->unknown != (strcmp(state, "unknown") == 0) ||
                a->level != level_of(j, json_object_get(data, "level"));
    if (revision != a->revision + 1)
        return judge_fail(j, "revision %u of alert %s came after revision %u", revision, a->id, a->revision);
    if (a->revision && a->state == ALERT_STATE_WITHDRAWN)
        return judge_fail(j, "revision %u of alert %s came after it was withdrawn", revision, a->id);
    /* of a rule that is gone the category is not told any more */
    if (a->revision && !same && a->rule >= 0)
        return judge_fail(j, "alert %s changed its rule or subject", a->id);
    if (a->revision && !news)
        return judge_fail(j, "revision %u of alert %s says nothing new", revision, a->id);
    return true;
}

static bool take_revision(struct judge *j, const json_t *data)
{
    struct judged_alert *a = alert_of(j, text_of(data, "alert_id"));
    const json_t *subject = json_object_get(data, "subject");
    unsigned revision = (unsigned)json_integer_value(json_object_get(data, "revision"));
    const char *state = text_of(data, "state");
    int rule;
    if (!find_rule(j, a, data, &rule) || !follows(j, a, data, revision))
        return false;
    if (!json_is_true(json_object_get(json_object_get(data, "notice"), "told")))
        return judge_fail(j, "revision %u of alert %s is held, and nothing is there to hold it", revision, a->id);
    a->born |= !a->revision;
    a->revision = revision;
    a->rule = rule;
    if (rule >= 0) {
        snprintf(a->rule_id, sizeof a->rule_id, "%s", text_of(data, "rule"));
        snprintf(a->kind, sizeof a->kind, "%s", text_of(subject, "kind"));
        snprintf(a->code, sizeof a->code, "%s", text_of(subject, "code"));
        snprintf(a->each, sizeof a->each, "%s", text_of(json_object_get(data, "each"), "category"));
    }
    a->state = state_of(state);
    a->unknown = strcmp(state, "unknown") == 0;
    a->level = level_of(j, json_object_get(data, "level"));
    a->highest = level_of(j, json_object_get(data, "highest_level"));
    a->opened_at = time_of(json_object_get(data, "opened_at"));
    a->fresh = true;
    a->dated = false;
    if (j->trace)
        printf("       alert %.6s:%u %s, level %u, %s %s %s %s, opened at %lld\n", a->id, revision, state, a->level,
               text_of(data, "rule"), a->kind, a->code, a->each, (long long)a->opened_at);
    j->counts.revisions++;
    return true;
}

bool judge_revision(struct judge *j, const struct log_entry *e)
{
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    bool good = json ? take_revision(j, json_object_get(json, "data")) : judge_fail(j, "an alert is not JSON");
    json_decref(json);
    return good;
}
