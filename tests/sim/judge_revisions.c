/* The part of the judge that follows each alert's revisions: none is left out, none says what was said. */
#include "judge_priv.h"

#include "base/check.h"
#include "base/civil.h"

#include <stdlib.h>

struct judged_alert *judge_alert_find(const struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->alert_count; i++)
        if (strcmp(j->alerts[i].id, id) == 0)
            return &j->alerts[i];
    return NULL;
}

static struct judged_alert *alert_of(struct judge *j, const char *id)
{
    struct judged_alert *there = judge_alert_find(j, id);
    if (there)
        return there;
    if (j->alert_count == j->alert_capacity) {
        j->alert_capacity = j->alert_capacity ? j->alert_capacity * 2 : 32;
        j->alerts = xrealloc(j->alerts, j->alert_capacity * sizeof *j->alerts);
    }
    struct judged_alert *a = &j->alerts[j->alert_count++];
    *a = (struct judged_alert){.waited = INT64_MIN};
    snprintf(a->id, sizeof a->id, "%s", id);
    j->counts.alerts++;
    return a;
}

unsigned judge_level_of(const struct judge *j, const json_t *word)
{
    const struct rule_set *rules = j->world->generations[0].rules;
    for (unsigned l = 1; json_is_string(word) && l <= rules->level_count; l++)
        if (strcmp(rules->level_name[l], json_string_value(word)) == 0)
            return l;
    return 0;
}

int64_t judge_time_in(const char *text)
{
    unsigned y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0;
    sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u", &y, &mo, &d, &h, &mi, &s);
    return civil_days(y, mo, d) * CIVIL_DAY_S + h * 3600 + mi * 60 + s;
}

int64_t judge_time_of(const json_t *text)
{
    return judge_time_in(json_is_string(text) ? json_string_value(text) : "");
}

const char *judge_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

const char *judge_change_of(const json_t *event)
{
    const char *last = strrchr(judge_text_of(event, "type"), '.');
    return last ? last + 1 : "";
}

static bool is_gone(const struct judged_alert *a, const char *state, const char *reason)
{
    return a->rule < 0 && a->revision && strcmp(state, "withdrawn") == 0 && strcmp(reason, "the rule was removed") == 0;
}

/* of rules as they are from this commit on */
static bool find_rule(struct judge *j, const struct judged_alert *a, const json_t *data, int *number)
{
    const char *id = judge_text_of(data, "rule"), *state = judge_text_of(data, "state"), *reason = judge_text_of(data, "reason");
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

/* does it say what was done about it, or who is told of it? */
static bool of_people(const struct judge *j, const json_t *event)
{
    static const char *const types[] = {"handled", "escalated", "held", "released"};
    bool found = false;
    for (size_t i = 0; i < sizeof types / sizeof *types && j->world->centre; i++)
        found |= strcmp(judge_change_of(event), types[i]) == 0;
    return found;
}

static bool follows(struct judge *j, const struct judged_alert *a, const json_t *event, unsigned revision)
{
    const json_t *data = json_object_get(event, "data");
    const json_t *subject = json_object_get(data, "subject");
    const char *each = judge_text_of(json_object_get(data, "each"), "category"), *state = judge_text_of(data, "state");
    bool same = strcmp(a->code, judge_text_of(subject, "code")) == 0 && strcmp(a->each, each) == 0 &&
                strcmp(a->rule_id, judge_text_of(data, "rule")) == 0;
    bool news = a->state != state_of(state) || a->unknown != (strcmp(state, "unknown") == 0) ||
                a->level != judge_level_of(j, json_object_get(data, "level"));
    if (revision != a->revision + 1)
        return judge_fail(j, "revision %u of alert %s came after revision %u", revision, a->id, a->revision);
    if (a->revision && a->state == ALERT_STATE_WITHDRAWN)
        return judge_fail(j, "revision %u of alert %s came after it was withdrawn", revision, a->id);
    /* of a rule that is gone the category is not told any more */
    if (a->revision && !same && a->rule >= 0)
        return judge_fail(j, "alert %s changed its rule or subject", a->id);
    if (a->revision && !news && !of_people(j, event))
        return judge_fail(j, "revision %u of alert %s says nothing new", revision, a->id);
    return true;
}

static void take_units(struct judged_alert *a, const json_t *units)
{
    size_t i;
    json_t *unit;
    a->unit_count = 0;
    json_array_foreach(units, i, unit)
    {
        if (a->unit_count < UNITS_SHOWN)
            snprintf(a->units[a->unit_count++], UNIT_TEXT, "%s", judge_text_of(unit, "unit"));
    }
}

static bool take_revision(struct judge *j, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    struct judged_alert *a = alert_of(j, judge_text_of(data, "alert_id"));
    const json_t *subject = json_object_get(data, "subject");
    unsigned revision = (unsigned)json_integer_value(json_object_get(data, "revision"));
    const char *state = judge_text_of(data, "state");
    int rule;
    if (!find_rule(j, a, data, &rule) || !follows(j, a, event, revision) || !judge_notice(j, a, event) ||
        !judge_heard(j, json_object_get(data, "evidence")))
        return false;
    take_units(a, json_object_get(json_object_get(data, "handling"), "units"));
    a->born |= !a->revision;
    a->revision = revision;
    a->rule = rule;
    if (rule >= 0) {
        snprintf(a->rule_id, sizeof a->rule_id, "%s", judge_text_of(data, "rule"));
        snprintf(a->kind, sizeof a->kind, "%s", judge_text_of(subject, "kind"));
        snprintf(a->code, sizeof a->code, "%s", judge_text_of(subject, "code"));
        snprintf(a->each, sizeof a->each, "%s", judge_text_of(json_object_get(data, "each"), "category"));
    }
    a->state = state_of(state);
    a->unknown = strcmp(state, "unknown") == 0;
    a->level = judge_level_of(j, json_object_get(data, "level"));
    a->highest = judge_level_of(j, json_object_get(data, "highest_level"));
    a->opened_at = judge_time_of(json_object_get(data, "opened_at"));
    a->heard = true;
    if (!of_people(j, event)) {
        a->fresh = true;
        a->dated = false;
    }
    if (j->trace)
        printf("       alert %.6s:%u %s %s, level %u, %s %s %s %s, opened at %lld, %s %.12s, of %.6s\n", a->id, revision,
               judge_change_of(event), state, a->level, judge_text_of(data, "rule"), a->kind,
               a->code, a->each, (long long)a->opened_at, hold_word(a->cause), a->by, a->incident);
    j->counts.revisions++;
    return true;
}

bool judge_revision(struct judge *j, const struct log_entry *e)
{
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    bool good = json ? take_revision(j, json) : judge_fail(j, "an alert is not JSON");
    json_decref(json);
    return good;
}

bool judge_addressed(const struct judge *j, struct dice *dice, struct addressed *to)
{
    if (!j->alert_count)
        return false;
    /* rather of late */
    unsigned back = dice_below(dice, (unsigned)j->alert_count);
    back = dice_chance(dice, 60) ? back % 8 : back;
    const struct judged_alert *a = &j->alerts[j->alert_count - 1 - back];
    *to = (struct addressed){.id = a->id, .unit_count = a->unit_count};
    for (unsigned i = 0; i < a->unit_count; i++)
        to->units[i] = a->units[i];
    return true;
}
