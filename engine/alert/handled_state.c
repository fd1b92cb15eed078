/* An alert's handling in its state: where it was sent, and the journal.  What follows from them is reckoned anew. */
#include "alert/tracker_priv.h"

#include "base/check.h"
#include "base/member.h"

#include <stdio.h>
#include <stdlib.h>

static void put_number(json_t *json, const char *name, int64_t number)
{
    if (number)
        json_object_set_new(json, name, json_integer(number));
}

static json_t *entry_json(const struct journal_entry *e)
{
    const struct disposition *d = &e->said;
    json_t *json = json_pack("{s:s, s:s, s:I}", "id", d->id, "act", act_word(d->act), "at", (json_int_t)d->at);
    CHECK(json);
    member_put_text(json, "unit", d->unit);
    member_put_text(json, "to", d->to);
    member_put_text(json, "by_role", d->by_role);
    member_put_text(json, "actual_level", d->actual_level);
    member_put_text(json, "outcome", said_outcome_word(d->outcome));
    member_put_text(json, "reason", cause_word(d->reason));
    put_number(json, "involved", d->involved);
    put_number(json, "until", d->until);
    put_number(json, "sign_by", e->sign_by);
    put_number(json, "arrive_by", e->arrive_by);
    put_number(json, "close_by", e->close_by);
    put_number(json, "tier", e->tier);
    return json;
}

void handled_store(const struct alert *a, json_t *json)
{
    if (!a->units)
        return;
    json_t *units = json_array(), *journal = json_array();
    for (unsigned i = 0; i < a->unit_count; i++)
        json_array_append_new(units, json_string(a->units[i]));
    for (size_t i = 0; i < a->journal.count; i++)
        json_array_append_new(journal, entry_json(&a->journal.entries[i]));
    json_object_set_new(json, "limits_from", json_integer(a->limits_from));
    json_object_set_new(json, "units", units);
    json_object_set_new(json, "tier", json_integer(a->tier));
    json_object_set_new(json, "journal", journal);
}

/* ---- taking back ---- */

static void take_text(const json_t *json, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s", member_text(json, name));
}

static bool restore_entry(const json_t *json, struct journal *journal)
{
    struct journal_entry e = {.sign_by = member_number(json, "sign_by"),
                      .arrive_by = member_number(json, "arrive_by"),
                      .close_by = member_number(json, "close_by"),
                      .tier = (enum region_level)member_number(json, "tier")};
    struct disposition *d = &e.said;
    int act = 0, outcome = said_outcome_parse(str_of(member_text(json, "outcome"))),
        reason = cause_parse(str_of(member_text(json, "reason")));
    while (act < ACTS && strcmp(act_word((enum act)act), member_text(json, "act")) != 0)
        act++;
    if (act == ACTS || e.tier > REGION_STREET)
        return false;
    d->act = (enum act)act;
    d->outcome = outcome < 0 ? SAID_NONE : (enum said_outcome)outcome;
    d->reason = reason < 0 ? CAUSE_NONE : (enum cause)reason;
    d->involved = (uint32_t)member_number(json, "involved");
    d->at = member_number(json, "at");
    d->until = member_number(json, "until");
    take_text(json, "id", d->id, sizeof d->id);
    take_text(json, "unit", d->unit, sizeof d->unit);
    take_text(json, "to", d->to, sizeof d->to);
    take_text(json, "by_role", d->by_role, sizeof d->by_role);
    take_text(json, "actual_level", d->actual_level, sizeof d->actual_level);
    journal_note(journal, &e);
    return true;
}

bool handled_restore(const json_t *json, struct alert *a)
{
    const json_t *units = json_object_get(json, "units"), *journal = json_object_get(json, "journal");
    size_t count = json_array_size(units);
    a->limits_from = member_number(json, "limits_from");
    if (!count)
        return true;
    a->tier = (enum region_level)member_number(json, "tier");
    if (count > ASSIST_MAX + 1 || a->tier < REGION_DISTRICT || a->tier > REGION_COMMUNITY)
        return false;
    a->units = xcalloc(count, sizeof *a->units);
    for (; a->unit_count < count; a->unit_count++) {
        const char *name = json_string_value(json_array_get(units, a->unit_count));
        a->units[a->unit_count] = xstrdup(name ? name : "");
    }
    for (size_t i = 0; i < json_array_size(journal); i++)
        if (!restore_entry(json_array_get(journal, i), &a->journal))
            return false;
    return true;
}
