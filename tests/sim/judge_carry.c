/* The part of the judge that looks after what expires: all that is still needed of it goes on, and nothing else.
 *
 * The engine judges all of it by the cut before the first of it goes on, the judge by the cut that brings the floor.  These
 * say the same because a world's rests let nothing come between that changes what is open; tests/unit/test_carry.c does. */
#include "judge_priv.h"

bool judge_carried(struct judge *j, size_t number, const struct event *e)
{
    const struct world_event *x = &j->world->events[number];
    struct judged_fact *f = &j->facts[number];
    if (!model_has(j->model, number) || f->gone)
        return judge_fail(j, "the fact %s was carried on, and is not there", x->id);
    if (f->moved_on)
        return judge_fail(j, "the fact %s was carried on twice", x->id);
    if (x->kind != e->kind || x->region != e->region || x->category != e->category || x->tags != e->tags ||
        x->occurred_at != e->occurred_at || x->due_at != e->due_at || !str_eq(e->matter, str_of(x->matter)) ||
        !str_eq(e->target, str_of(x->target)) || e->actor_count || e->involved || e->value || e->respondent.len)
        return judge_fail(j, "the fact %s is not what was carried on", x->id);
    f->moved_on = true;
    f->place_before = j->place[number] ? j->place[number] : x->occurred_at;
    j->place[number] = e->carried_at;
    return true;
}

static void judge_one(struct judge *j, size_t i)
{
    const char *id = j->world->events[i].id;
    struct judged_fact *f = &j->facts[i];
    int64_t place = j->place[i] ? j->place[i] : j->world->events[i].occurred_at;
    bool needed = model_needs(j->model, i, j->floor, j->place);
    f->gone = place < j->floor;
    if (f->gone && needed)
        judge_fail(j, "the fact %s is still needed, and expired at the floor %lld", id, (long long)j->floor);
    if (!f->moved_on || f->place_before >= j->floor) /* if carried on, for a floor that is still to come */
        return;
    if (!needed)
        judge_fail(j, "the fact %s was carried on beyond the floor %lld, and nothing needs it", id,
                   (long long)j->floor);
    f->moved_on = false;
}

bool judge_floor(struct judge *j)
{
    const struct world *w = j->world;
    if (j->floor == j->floor_before)
        return true;
    j->floor_before = j->floor;
    for (size_t i = 0; i < w->event_count; i++)
        if (model_has(j->model, i) && !j->facts[i].gone && w->events[i].kind != EVENT_READING)
            judge_one(j, i);
    for (size_t i = 0; i < w->event_count; i++)
        if (j->facts[i].gone)
            model_forget(j->model, i);
    model_settle(j->model);
    return !j->why[0];
}

bool judge_rested(const struct judge *j, int64_t floor)
{
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct input *input = &j->log->inputs[p];
        if (input->count && j->inputs[p].committed <= input->records[input->count - 1].offset)
            return false;
    }
    return j->floor >= floor;
}
