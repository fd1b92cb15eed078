/* The part of the judge that looks after who is told: by each alert's notices, and the budgets of streets. */
#include "judge_priv.h"

#include "base/check.h"
#include "rule/notify_rules.h"

#include <stdlib.h>

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
    a->told_at = judge_time_of(json_object_get(event, "time"));
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
    if (a->cause == HOLD_BUDGET && !begins_with(a->by, "budget:"))
        return judge_fail(j, "alert %s is held by a budget, %s", a->id, a->by);
    if (!ends_for_whom(j, a, state, told))
        return false;
    if (told)
        take_told(j, a, event);
    return true;
}

bool judge_digest(struct judge *j, const struct log_entry *e)
{
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    const json_t *data = json_object_get(json, "data");
    const json_t *held = json_object_get(data, "held");
    size_t i;
    json_t *one;
    json_array_foreach(held, i, one)
    {
        const struct judged_alert *a = judge_alert_find(j, judge_text_of(one, "alert_id"));
        if (!a)
            judge_fail(j, "a digest lists an alert that was never published");
    }
    if (!j->world->centre || !json_is_array(held))
        judge_fail(j, "a digest of nothing");
    json_decref(json);
    return !j->why[0];
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
    case HOLD_COVERED: /* by one that is covered by none: a budget may hold it */
        if (by && fires(by) && (by->cause == HOLD_NONE || by->cause == HOLD_BUDGET) && by->level >= a->level)
            return true;
        return judge_fail(j, "alert %s is covered by %s, which is over, lower, or held itself", a->id, a->by);
    case HOLD_BUDGET:
    case HOLD_STORM:
        if (!a->told && a->level < j->rules->level_count)
            return true;
        return judge_fail(j, "alert %s, which %s, is held by a budget", a->id, a->told ? "was told" : "is of the highest level");
    case HOLD_NONE:
    case HOLDS:
        break;
    }
    return true;
}

/* ---- budgets ---- */

void judge_new_notify(struct judge *j)
{
    j->shift_count = 0; /* budgets may be others, or have been none */
}

void judge_spent(struct judge *j, struct str street, const json_t *state)
{
    int64_t from = json_integer_value(json_object_get(state, "from"));
    unsigned told = (unsigned)json_integer_value(json_object_get(state, "told"));
    size_t i = 0;
    if (j->trace)
        printf("       budget %.*s from %lld: %u told%s\n", STR_ARG(street), (long long)from, told, state ? "" : ", over");
    while (i < j->spent_count && !str_eq(street, str_of(j->spent[i].street)))
        i++;
    if (i == j->spent_count) {
        j->spent = xrealloc(j->spent, (j->spent_count + 1) * sizeof *j->spent);
        j->spent[j->spent_count++] = (struct judged_shift){.from = from};
        snprintf(j->spent[i].street, WORLD_TEXT, "%.*s", STR_ARG(street));
    }
    j->turned |= !state || j->spent[i].from != from;
    j->spending += told - j->spent[i].told;
    j->spent[i].from = from;
    j->spent[i].told = told;
}

/* Every alert that is newly told is counted once, whichever street it is of. */
static bool is_counted(struct judge *j)
{
    const struct notify_rules *rules = j->rules->notify;
    unsigned newly = 0, spent = j->spending;
    bool known = !j->turned && !j->switched && rules && rules->budget;
    for (size_t k = 0; k < j->alert_count; k++)
        newly += j->alerts[k].newly;
    j->spending = 0;
    j->turned = false;
    return !known || newly == spent ||
           judge_fail(j, "%u alerts are newly told, and budgets count %u more", newly, spent);
}

static struct judged_shift *shift_of(struct judge *j, const struct judged_alert *a)
{
    const struct notify_rules *rules = j->rules->notify;
    int64_t from = shift_begin(rules, 0, a->told_at);
    size_t i = 0;
    while (i < j->shift_count && strcmp(j->shifts[i].street, a->street) != 0)
        i++;
    if (i == j->shift_count) {
        j->shifts = xrealloc(j->shifts, (j->shift_count + 1) * sizeof *j->shifts);
        j->shifts[j->shift_count++] = (struct judged_shift){.from = INT64_MIN};
        snprintf(j->shifts[i].street, sizeof j->shifts[i].street, "%s", a->street);
    }
    if (j->shifts[i].from != from) {
        j->shifts[i].from = from;
        j->shifts[i].told = 0;
    }
    return &j->shifts[i];
}

/* Of those of the highest level it is told however many there are, so they are counted last. */
static bool within_budgets(struct judge *j)
{
    const struct notify_rules *rules = j->rules->notify;
    if (!rules || !rules->budget || j->world->config->event_time || j->switched)
        return true;
    for (int top = 0; top < 2; top++)
        for (size_t k = 0; k < j->alert_count; k++) {
            const struct judged_alert *a = &j->alerts[k];
            if (!a->newly || a->top != (bool)top || !*a->street)
                continue;
            struct judged_shift *shift = shift_of(j, a);
            if (shift->told++ >= rules->budget && !top)
                return judge_fail(j, "alert %s is told, and %s has been told of %u in this shift, of %u", a->id, a->street,
                                  shift->told - 1, rules->budget);
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
    return within_budgets(j) && is_counted(j);
}
