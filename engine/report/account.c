#include "report/account.h"

#include "base/check.h"
#include "base/member.h"

#include <stdlib.h>

static void keep_text(char **kept, const char *text)
{
    if (*kept && strcmp(*kept, text) == 0)
        return;
    free(*kept);
    *kept = xstrdup(text);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- units ---- */

static int find_unit(const struct account *a, const char *name)
{
    for (unsigned i = 0; i < a->unit_count; i++)
        if (strcmp(a->units[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int have_unit(struct account *a, const char *name)
{
    int i = find_unit(a, name);
    if (i >= 0)
        return i;
    a->units = xrealloc(a->units, (a->unit_count + 1) * sizeof *a->units);
    a->units[a->unit_count] =
        (struct account_unit){.name = xstrdup(name), .since = ACCOUNT_NEVER, .signed_at = ACCOUNT_NEVER};
    return (int)a->unit_count++;
}

static enum unit_state state_named(const char *word)
{
    int state = 0;
    while (state + 1 < UNIT_STATES && strcmp(word, unit_state_word((enum unit_state)state)) != 0)
        state++;
    return (enum unit_state)state;
}

static bool ended(enum unit_state state)
{
    return state == UNIT_CLOSED || state == UNIT_FALSE_ALARM;
}

/* What the unit in charge has said in the end.  A false alarm is one whatever else was said with it. */
static void take_ending(struct account *a, const json_t *unit)
{
    enum unit_state state = a->units[a->lead].state;
    int outcome = said_outcome_parse(str_of(member_text(unit, "outcome")));
    int reason = cause_parse(str_of(member_text(unit, "reason")));
    a->closed = ended(state);
    a->actual_said &= a->closed;
    if (!a->closed)
        return;
    a->closed_at = member_time(unit, "at");
    a->outcome = state == UNIT_FALSE_ALARM ? SAID_FALSE : outcome < 0 ? SAID_NONE : (enum said_outcome)outcome;
    a->reason = reason < 0 ? CAUSE_NONE : (enum cause)reason;
}

static void take_units(struct account *a, const json_t *units, bool told, int64_t at)
{
    a->lead = -1;
    a->closed = false;
    for (size_t n = 0; n < json_array_size(units); n++) {
        const json_t *unit = json_array_get(units, n);
        int i = have_unit(a, member_text(unit, "unit"));
        a->units[i].state = state_named(member_text(unit, "state"));
        a->units[i].closed |= ended(a->units[i].state);
        if (told)
            a->units[i].since = earlier(a->units[i].since, at);
        if (strcmp(member_text(unit, "role"), "lead") == 0) {
            a->lead = i;
            take_ending(a, unit);
        }
    }
}

/* ---- what was said ---- */

static void take_step(struct account *a, struct account_unit *unit, enum act act, int64_t at)
{
    if (act <= ACT_ARRIVED) {
        unit->signed_at = earlier(unit->signed_at, at);
        a->signed_at = earlier(a->signed_at, at);
    }
    if (act == ACT_ARRIVED)
        a->arrived_at = earlier(a->arrived_at, at);
    unit->returned |= act == ACT_RETURNED;
    a->returned |= act == ACT_RETURNED;
}

/* what the level should have been is said with the ending alone */
static void take_actual(struct account *a, const json_t *last, int64_t at, const struct rule_context *context)
{
    const char *level = member_text(last, "actual_level");
    if (!a->closed || at != a->closed_at)
        return;
    a->actual_said = *level;
    a->actual = *level ? rule_level_named(level, context) : 0;
}

/* before: as the units stood; was_lead: who was in charge, and is meant where no unit is named */
static void take_disposition(struct account *a, const json_t *last, const enum unit_state *before,
                             unsigned before_count, int was_lead, const struct rule_context *context)
{
    int act = act_said(str_of(member_text(last, "action")));
    int64_t at = member_time(last, "at");
    const char *name = member_text(last, "unit");
    int unit = *name ? find_unit(a, name) : was_lead;
    if (act < 0 || at == INT64_MIN)
        return;
    if (unit >= 0)
        take_step(a, &a->units[unit], (enum act)act, at);
    if (act == ACT_REOPENED) {
        a->reopened = true;
        for (unsigned i = 0; i < before_count; i++)
            a->units[i].reopened |= ended(before[i]) && a->units[i].state == UNIT_REOPENED;
    }
    if (act == ACT_FALSE_ALARM || (act == ACT_CLOSED && unit == a->lead))
        take_actual(a, last, at, context);
}

/* ---- what changed by itself ---- */

static void take_change(struct account *a, const char *change, bool first)
{
    a->raised += strcmp(change, "raised") == 0 && !first;
    a->lowered += strcmp(change, "lowered") == 0;
}

/* An alert that begins soon after the one before has that one's flaps, and is one itself. */
static void take_flaps(struct account *a, unsigned flaps, bool first)
{
    if (first)
        a->flaps_before = flaps - (a->whole && flaps > 0);
    a->flaps = flaps > a->flaps_before ? flaps - a->flaps_before : 0;
}

static void take_escalation(struct account *a, const char *reason, int was_lead)
{
    a->escalated = true;
    for (int act = ACT_NOT_SIGNED; act <= ACT_NOT_CLOSED; act++) {
        if (strcmp(reason, act_reason((enum act)act)) != 0)
            continue;
        a->overdue |= 1u << (act - ACTS_SAID);
        if (was_lead >= 0)
            a->units[was_lead].overdue = true;
    }
}

static void take_place(struct account *a, const json_t *data)
{
    const json_t *path = json_object_get(data, "region_path"), *street = NULL;
    for (size_t i = 0; i < json_array_size(path); i++)
        if (strcmp(member_text(json_array_get(path, i), "level"), "street") == 0)
            street = json_array_get(path, i);
    keep_text(&a->street, member_text(street, "code"));
    keep_text(&a->street_name, member_text(street, "name"));
    keep_text(&a->region, member_text(json_array_get(path, json_array_size(path) - 1), "code"));
    keep_text(&a->subject_kind, member_text(json_object_get(data, "subject"), "kind"));
    keep_text(&a->crossed_source, member_text(json_object_get(data, "crossed_by"), "source"));
}

/* An engine that knows of no holding back tells of all. */
static bool take_notice(struct account *a, const json_t *notice, int64_t at)
{
    bool told = !notice || json_is_true(json_object_get(notice, "told"));
    if (!told)
        a->held = hold_named(str_of(member_text(notice, "cause")));
    if (told && !a->told && a->whole)
        a->told_at = at;
    a->told |= told;
    return told;
}

void account_begin(struct account *a)
{
    *a = (struct account){.told_at = ACCOUNT_NEVER,
                          .signed_at = ACCOUNT_NEVER,
                          .arrived_at = ACCOUNT_NEVER,
                          .lead = -1};
}

void account_take(struct account *a, const json_t *message, int64_t at, const struct rule_context *context)
{
    const json_t *data = json_object_get(message, "data"), *handling = json_object_get(data, "handling");
    const char *change = member_text(message, "type") + strlen("gov.risk.alert."), *state = member_text(data, "state");
    bool first = a->revision == 0;
    unsigned before_count = a->unit_count;
    int was_lead = a->lead;
    enum unit_state *before = xcalloc(before_count + 1, sizeof *before);
    for (unsigned i = 0; i < before_count; i++)
        before[i] = a->units[i].state;
    identity_take(&a->identity, message, NULL);
    a->revision = (unsigned)member_number(data, "revision");
    if (first)
        a->whole = a->revision == 1;
    keep_text(&a->title, member_text(data, "title"));
    take_place(a, data);
    a->highest = rule_level_named(member_text(data, "highest_level"), context);
    a->withdrawn = strcmp(state, "withdrawn") == 0;
    a->over = strcmp(state, "firing") != 0 && strcmp(state, "unknown") != 0;
    bool told = take_notice(a, json_object_get(data, "notice"), at);
    take_change(a, change, first);
    take_flaps(a, (unsigned)member_number(data, "flaps"), first);
    if (strcmp(change, "escalated") == 0)
        take_escalation(a, member_text(data, "reason"), was_lead);
    take_units(a, json_object_get(handling, "units"), told, at);
    if (json_object_get(handling, "last"))
        take_disposition(a, json_object_get(handling, "last"), before, before_count, was_lead, context);
    free(before);
}

void account_clear(struct account *a)
{
    for (unsigned u = 0; u < a->unit_count; u++)
        free(a->units[u].name);
    free(a->units);
    free(a->title);
    free(a->street);
    free(a->street_name);
    free(a->region);
    free(a->subject_kind);
    free(a->crossed_source);
}
