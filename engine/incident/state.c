/* An incident as JSON in the state topic (incident/<id>): its alerts and the links between them, by number, and what
 * was told of it. Who covers whom follows from the alerts. */
#include "incident/incidents_priv.h"

#include "base/member.h"

#include <stdio.h>

json_t *incident_state(struct incident *i)
{
    json_t *members = json_array(), *links = json_array();
    for (size_t m = 0; m < i->members.count; m++) {
        struct member *member = i->members.at[m];
        member->number = m;
        json_array_append_new(members, json_pack("[s, I, b]", member->id, (json_int_t)member->opened_at, member->told));
    }
    for (size_t m = 0; m < i->members.count; m++) {
        const struct member *member = i->members.at[m];
        for (size_t l = 0; l < member->links.count; l++) {
            const struct member *other = member->links.at[l];
            if (other->number > m)
                json_array_append_new(links, json_pack("[I, I]", (json_int_t)m, (json_int_t)other->number));
        }
    }
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:O*, s:o, s:o}", "state",
                             incident_state_word(i->state), "opened_at", (json_int_t)i->opened_at, "revision",
                             (json_int_t)i->revision, "level", (json_int_t)i->level, "highest", (json_int_t)i->highest,
                             "events", (json_int_t)i->events, "callers", (json_int_t)i->callers, "at_least", i->at_least,
                             "face", i->face, "members", members, "links", links);
    CHECK(json);
    member_put_text(json, "merged_into", i->merged_into);
    member_put_text(json, "split_from", i->split_from);
    return json;
}

static bool restore_members(struct incidents *set, struct incident *i, const json_t *members)
{
    size_t index;
    json_t *one;
    json_array_foreach(members, index, one)
    {
        const char *id = json_string_value(json_array_get(one, 0));
        if (!id || strlen(id) != INCIDENT_ID_SIZE - 1 || incidents_find(set, id))
            return false;
        struct member *m = member_add(set, id, json_integer_value(json_array_get(one, 1)));
        m->told = json_is_true(json_array_get(one, 2));
        i->told_firing += m->told;
        m->incident = i;
        list_add(&i->members, m);
    }
    return true;
}

static bool restore_links(struct incident *i, const json_t *links)
{
    size_t index;
    json_t *one;
    json_array_foreach(links, index, one)
    {
        json_int_t a = json_integer_value(json_array_get(one, 0)), b = json_integer_value(json_array_get(one, 1));
        if (a < 0 || b <= a || (size_t)b >= i->members.count)
            return false;
        struct member *from = i->members.at[a], *to = i->members.at[b];
        list_add(&from->links, to);
        list_add(&to->links, from);
        i->links++;
    }
    return true;
}

bool incident_restore(struct incidents *set, const char *id, const json_t *json)
{
    const char *state = member_text(json, "state");
    int number = 0;
    while (number < INCIDENT_STATES && strcmp(state, incident_state_word((enum incident_state)number)) != 0)
        number++;
    if (number == INCIDENT_STATES || strlen(id) != INCIDENT_ID_SIZE - 1 || incident_find(set, id))
        return false;
    struct incident *i = incident_add(set, id, member_number(json, "opened_at"));
    i->state = (enum incident_state)number;
    i->revision = (unsigned)member_number(json, "revision");
    i->level = (unsigned)member_number(json, "level");
    i->highest = (unsigned)member_number(json, "highest");
    i->events = member_number(json, "events");
    i->callers = member_number(json, "callers");
    i->at_least = json_is_true(json_object_get(json, "at_least"));
    i->face = json_incref(json_object_get(json, "face"));
    snprintf(i->merged_into, sizeof i->merged_into, "%s", member_text(json, "merged_into"));
    snprintf(i->split_from, sizeof i->split_from, "%s", member_text(json, "split_from"));
    return restore_members(set, i, json_object_get(json, "members")) &&
           restore_links(i, json_object_get(json, "links"));
}
