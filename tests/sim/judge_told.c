/* The part of the judge that looks after who is told, by each alert's notices. */
#include "judge_priv.h"

#include "rule/notify_rules.h"

/* ---- a revision ---- */

static bool is_type(const json_t *event, const char *word)
{
    return strcmp(judge_change_of(event), word) == 0;
}

static bool begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* of the subject, where it is a region: others' may grow between the message and the decision */
static void take_street(struct judged_alert *a, const json_t *data)
{
    size_t i;
    json_t *region;
    const char *kind = judge_text_of(json_object_get(data, "subject"), "kind");
    *a->street = '\0';
    if (strcmp(kind, "respondent") == 0 || strcmp(kind, "matter") == 0)
        return;
    json_array_foreach(json_object_get(data, "region_path"), i, region)
    {
        if (strcmp(judge_text_of(region, "level"), "street") == 0 || !*a->street)
            snprintf(a->street, sizeof a->street, "%s", judge_text_of(region, "code"));
    }
}

static void take_told(const struct judge *j, struct judged_alert *a, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    take_street(a, data);
    a->newly |= !a->told;
    a->told = true;
    a->top |= judge_level_of(j, json_object_get(data, "level")) == j->rules->level_count;
}

/* who was told that it began is told that it ended, and nobody else */
static bool ends_for_whom(struct judge *j, const struct judged_alert *a, const char *state, bool told)
{
    bool over = strcmp(state, "resolved") == 0 || strcmp(state, "withdrawn") == 0;
    if (over && a->revision && told != a->told)
        return judge_fail(j, "alert %s is %s, and that is %s, though nobody or somebody was told that it began", a->id, state,
                          told ? "told" : "held");
    return true;
}

bool judge_notice(struct judge *j, struct judged_alert *a, const json_t *event)
{
    const json_t *data = json_object_get(event, "data"), *notice = json_object_get(data, "notice");
    bool told = json_is_true(json_object_get(notice, "told"));
    const char *state = judge_text_of(data, "state");
    snprintf(a->incident, sizeof a->incident, "%s", judge_text_of(data, "incident_id"));
    a->cause = hold_named(str_of(judge_text_of(notice, "cause")));
    snprintf(a->by, sizeof a->by, "%s", judge_text_of(notice, "by"));
    if (told != (a->cause == HOLD_NONE) || (!told && !*a->by))
        return judge_fail(j, "a notice of alert %s says neither that it is told nor what holds it", a->id);
    if (!told && !j->world->centre)
        return judge_fail(j, "alert %s is held, and nothing is there to hold it", a->id);
    if (is_type(event, "held") && told)
        return judge_fail(j, "alert %s is held, and told", a->id);
    if ((is_type(event, "released") || is_type(event, "escalated")) && !told)
        return judge_fail(j, "alert %s is %s, and held", a->id, judge_change_of(event));
    if ((a->cause == HOLD_BUDGET && !begins_with(a->by, "budget:")) || (a->cause == HOLD_STORM && !begins_with(a->by, "storm:")))
        return judge_fail(j, "alert %s is held by a %s, %s", a->id, hold_word(a->cause), a->by);
    if (!ends_for_whom(j, a, state, told))
        return false;
    if (told)
        take_told(j, a, event);
    if (a->cause == HOLD_BUDGET || a->cause == HOLD_STORM)
        judge_held(j, a);
    return true;
}

/* ---- what holds it ---- */

static bool fires(const struct judged_alert *a)
{
    return a->state == ALERT_STATE_FIRING;
}

static const struct judged_silence *silence_of(const struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->silence_count; i++)
        if (strcmp(j->silences[i].id, id) == 0)
            return &j->silences[i];
    return NULL;
}

/* of an alert that fires and is held */
static bool is_held_by(struct judge *j, const struct judged_alert *a)
{
    const struct judged_alert *by = judge_alert_find(j, a->by);
    const struct judged_silence *silence = silence_of(j, a->by);
    switch (a->cause) {
    case HOLD_SILENCED:
        if (silence && (j->world->config->event_time || silence->until > j->clock_ms / 1000))
            return true;
        return judge_fail(j, "alert %s is held by a silence that nobody said, or that is over, %s", a->id, a->by);
    case HOLD_INHIBITED:
        if (by && fires(by) && by->cause == HOLD_NONE)
            return true;
        return judge_fail(j, "alert %s is inhibited by %s, of which nobody is told", a->id, a->by);
    case HOLD_COVERED: /* by one that is covered by none: a budget or a storm may hold it */
        if (by && fires(by) && (by->cause == HOLD_NONE || by->cause >= HOLD_BUDGET) && by->level >= a->level)
            return true;
        return judge_fail(j, "alert %s is covered by %s, which is over, lower, or held itself", a->id, a->by);
    case HOLD_BUDGET:
    case HOLD_STORM:
        if (!a->told && a->level < j->rules->level_count)
            return true;
        return judge_fail(j, "alert %s, which %s, is held by a %s", a->id, a->told ? "was told" : "is of the highest level",
                          hold_word(a->cause));
    case HOLD_NONE:
    case HOLDS:
        break;
    }
    return true;
}

bool judge_told(struct judge *j)
{
    if (!j->world->centre)
        return true;
    for (size_t k = 0; k < j->alert_count; k++)
        if (fires(&j->alerts[k]) && !is_held_by(j, &j->alerts[k]))
            return false;
    return judge_budgets(j) && judge_digests(j);
}
