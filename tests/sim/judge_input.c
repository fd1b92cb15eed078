/* The part of the judge that looks after facts and records: none twice, none lost. */
#include "judge_priv.h"

#include "base/check.h"
#include "ledger/wire.h"

#include <stdlib.h>

static void fact(void *arg, const struct event *e)
{
    struct judge *j = arg;
    const struct world *w = j->world;
    for (size_t i = 0; i < w->event_count; i++) {
        const struct world_event *x = &w->events[i];
        if (x->source != e->source || !str_eq(e->id, str_of(x->id)))
            continue;
        if (e->carried_at) {
            judge_carried(j, i, e);
            return;
        }
        if (x->occurred_at > j->newest)
            j->newest = x->occurred_at;
        j->counts.facts++;
        if (!model_commit(j->model, i))
            judge_fail(j, "the fact %s was committed twice", x->id);
        if (x->kind != e->kind || x->region != e->region || x->category != e->category || x->tags != e->tags ||
            x->actor_count != e->actor_count || x->involved != e->involved || x->occurred_at != e->occurred_at ||
            x->value != e->value || x->due_at != e->due_at || !str_eq(e->matter, str_of(x->matter)) ||
            !str_eq(e->target, str_of(x->target)) || !str_eq(e->respondent, str_of(x->respondent)))
            judge_fail(j, "the fact %s is not what was sent", x->id);
        j->fresh_fact[j->fresh_facts++ % FRESH_FACTS] = i;
        return;
    }
    judge_fail(j, "a fact %.*s that nobody sent", STR_ARG(e->id));
}

bool judge_facts(struct judge *j, struct str value)
{
    struct wire_names names = {j->world->config->registry, j->world->config->catalogue};
    struct wire_report report = {0};
    if (!wire_decode(&names, value, fact, j, &report) || report.unknown_sources || report.unknown_regions)
        return judge_fail(j, "a record of facts is not readable");
    return !j->why[0];
}

bool judge_dead_letter(struct judge *j, struct str value)
{
    json_t *json = json_loadb(value.at, value.len, 0, NULL);
    const char *topic = json_string_value(json_object_get(json, "topic"));
    json_int_t number = json_integer_value(json_object_get(json, "partition"));
    json_int_t offset = json_integer_value(json_object_get(json, "offset"));
    bool found = false;
    for (size_t p = 0; topic && p < j->world->partition_count && !j->why[0]; p++) {
        const struct input *input = &j->log->inputs[p];
        struct judged_input *judged = &j->inputs[p];
        if (strcmp(input->partition.name, topic) != 0 || input->partition.number != number)
            continue;
        for (size_t i = 0; i < input->count; i++) {
            if (input->records[i].offset != offset)
                continue;
            found = true;
            if (judged->dead_capacity < input->count) {
                judged->dead = xrealloc(judged->dead, input->count * 2);
                memset(judged->dead + judged->dead_capacity, 0, input->count * 2 - judged->dead_capacity);
                judged->dead_capacity = input->count * 2;
            }
            if (input->records[i].tag < -1)
                judge_refused(j, said_number(input->records[i].tag), json_string_value(json_object_get(json, "reason")));
            if (input->records[i].tag >= 0)
                judge_fail(j, "a good record became a dead letter: %s/%d offset %lld", topic, (int)number,
                           (long long)offset);
            if (judged->dead[i]++)
                judge_fail(j, "a dead letter twice: %s/%d offset %lld", topic, (int)number, (long long)offset);
        }
    }
    json_decref(json);
    return found ? !j->why[0] : judge_fail(j, "a dead letter of a record that never was");
}

/* is the event in a record that is still to be read? */
static bool yet_to_come(const struct judge *j, int event)
{
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct input *input = &j->log->inputs[p];
        for (size_t i = 0; i < input->count; i++)
            if (input->records[i].tag == event && input->records[i].offset >= j->inputs[p].committed)
                return true;
    }
    return false;
}

static bool was_read(const struct judge *j, int event)
{
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct input *input = &j->log->inputs[p];
        for (size_t i = 0; i < input->count && input->records[i].offset < j->inputs[p].committed; i++)
            if (input->records[i].tag == event)
                return true;
    }
    return false;
}

bool judge_input(struct judge *j)
{
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct input *input = &j->log->inputs[p];
        struct judged_input *judged = &j->inputs[p];
        for (; judged->checked < input->count; judged->checked++) {
            size_t i = judged->checked;
            int event = input->records[i].tag;
            bool read = input->records[i].offset < judged->committed;
            bool dead = i < judged->dead_capacity && judged->dead[i];
            if (!read && dead)
                return judge_fail(j, "a dead letter beyond the committed offset of partition %zu", p);
            if (!read)
                break;
            if (event == -1 && !dead)
                return judge_fail(j, "a broken record of partition %zu vanished", p);
            if (event >= 0 && !model_has(j->model, (size_t)event) && !yet_to_come(j, event))
                return judge_fail(j, "lost: record %zu of partition %zu, event %s", i, p, j->world->events[event].id);
        }
    }
    for (size_t i = 0; i < j->fresh_facts && i < FRESH_FACTS; i++)
        if (!was_read(j, (int)j->fresh_fact[i]))
            return judge_fail(j, "the fact %s was committed without its offset",
                              j->world->events[j->fresh_fact[i]].id);
    return true;
}
