/* The part of the judge that counts: of how many alerts a street is newly told in a shift, and everybody in a minute; and that
 * no storm holds one for which there is room. */
#include "judge_priv.h"

#include "base/check.h"
#include "rule/notify_rules.h"

#include <stdlib.h>

/* ---- the clock of who is told ---- */

/* where no clock runs: of the events that were read */
static int64_t newest_read(const struct judge *j)
{
    int64_t newest = 0;
    for (size_t p = 0; p < j->world->partition_count; p++) {
        const struct input *input = &j->log->inputs[p];
        for (size_t i = 0; i < input->count && input->records[i].offset < j->inputs[p].committed; i++) {
            int event = input->records[i].tag;
            if (event >= 0 && j->world->events[event].occurred_at > newest)
                newest = j->world->events[event].occurred_at;
        }
    }
    return newest;
}

static int64_t now_of(const struct judge *j)
{
    return j->world->config->event_time ? newest_read(j) : j->clock_ms / 1000;
}

/* What has begun is not left for what was before it, unless the clock is set back by more than that lasts. */
static bool goes_on(const struct judged_shift *s, int64_t now)
{
    return now < s->until && now > s->from - (s->until - s->from);
}

static void turn(struct judged_shift *s, int64_t now, int64_t from, int64_t until)
{
    if (goes_on(s, now))
        return;
    s->from = from;
    s->until = until;
    s->told = s->late = 0;
}

/* ---- by streets ---- */

void judge_new_notify(struct judge *j)
{
    j->shift_count = 0; /* budgets may be others, or have been none */
}

struct judged_shift *judge_spending(const struct judge *j, struct str street)
{
    for (size_t i = 0; i < j->spent_count; i++)
        if (str_eq(street, str_of(j->spent[i].street)))
            return &j->spent[i];
    return NULL;
}

void judge_spent(struct judge *j, struct str street, const json_t *state)
{
    int64_t from = json_integer_value(json_object_get(state, "from"));
    unsigned told = (unsigned)json_integer_value(json_object_get(state, "told"));
    bool over = json_is_true(json_object_get(state, "over"));
    struct judged_shift *spent = judge_spending(j, street);
    if (j->trace)
        printf("       budget %.*s from %lld: %u told%s\n", STR_ARG(street), (long long)from, told, over ? ", over" : "");
    if (!spent) {
        j->spent = xrealloc(j->spent, (j->spent_count + 1) * sizeof *j->spent);
        spent = &j->spent[j->spent_count++];
        *spent = (struct judged_shift){.from = from};
        snprintf(spent->street, WORLD_TEXT, "%.*s", STR_ARG(street));
    }
    /* by other shifts one that was over may begin again, at the same time as before */
    j->turned |= spent->from != from || (spent->over && !over);
    if (!str_eq(street, STR("storm")))
        j->spending += told - spent->told;
    else if (from != spent->from)
        j->minute = (struct judged_shift){0}; /* a clock that is set back and forth may come to one again */
    spent->from = from;
    spent->latest = from > spent->latest ? from : spent->latest;
    spent->told = told;
    spent->over = over;
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

static struct judged_shift *shift_of(struct judge *j, const struct judged_alert *a, int64_t now)
{
    const struct notify_rules *rules = j->rules->notify;
    size_t i = 0;
    while (i < j->shift_count && strcmp(j->shifts[i].street, a->street) != 0)
        i++;
    if (i == j->shift_count) {
        j->shifts = xrealloc(j->shifts, (j->shift_count + 1) * sizeof *j->shifts);
        j->shifts[j->shift_count++] = (struct judged_shift){.until = INT64_MIN};
        snprintf(j->shifts[i].street, sizeof j->shifts[i].street, "%s", a->street);
    }
    turn(&j->shifts[i], now, shift_begin(rules, 0, now), shift_end(rules, 0, now));
    return &j->shifts[i];
}

/* Of those of the highest level it is told however many there are, so they are counted last. */
static bool within_budgets(struct judge *j, int64_t now)
{
    const struct notify_rules *rules = j->rules->notify;
    if (!rules || !rules->budget || j->switched)
        return true;
    for (int top = 0; top < 2; top++)
        for (size_t k = 0; k < j->alert_count; k++) {
            const struct judged_alert *a = &j->alerts[k];
            if (!a->newly || a->top != (bool)top || !*a->street)
                continue;
            struct judged_shift *shift = shift_of(j, a, now);
            if (shift->told++ >= rules->budget && !top)
                return judge_fail(j, "alert %s is told, and %s has been told of %u in this shift, of %u", a->id, a->street,
                                  shift->told - 1, rules->budget);
        }
    return true;
}

/* ---- by minutes ---- */

/* of storm:2026-01-12T00:03 */
static int64_t minute_of(const char *by)
{
    return judge_time_in(by + strlen("storm:"));
}

void judge_before_told(struct judged_alert *a)
{
    a->waited = a->cause == HOLD_STORM ? minute_of(a->by) : INT64_MIN;
}

/* Those that waited since an earlier minute have half of it. */
static bool has_room(const struct judged_shift *minute, unsigned storm, bool waits)
{
    return minute->told < storm && !(waits && minute->late >= (storm + 1) / 2);
}

/* those of the highest level are counted last, as in shifts */
static bool within_minute(struct judge *j, unsigned storm, int64_t now)
{
    struct judged_shift *m = &j->minute;
    unsigned newly = 0, late = 0, highest[2] = {0}; /* of all; of the late */
    for (size_t k = 0; k < j->alert_count; k++) {
        const struct judged_alert *a = &j->alerts[k];
        if (!a->newly)
            continue;
        turn(m, now, now - now % 60, now - now % 60 + 60);
        bool waited = a->waited != INT64_MIN && a->waited != m->from;
        newly++;
        late += waited;
        highest[0] += a->top;
        highest[1] += a->top && waited;
    }
    m->told += newly;
    m->late += late;
    if ((newly > highest[0] && m->told - highest[0] > storm) || (late > highest[1] && m->late - highest[1] > (storm + 1) / 2))
        return judge_fail(j, "%u alerts are newly told in a minute, %u of which waited, of %u", m->told, m->late, storm);
    return true;
}

/* and of the right minute */
static bool waits_for_room(struct judge *j, unsigned storm, int64_t now)
{
    const struct judged_shift *m = &j->minute;
    for (size_t k = 0; k < j->alert_count; k++) {
        const struct judged_alert *a = &j->alerts[k];
        if (a->state != ALERT_STATE_FIRING || a->cause != HOLD_STORM)
            continue;
        int64_t since = minute_of(a->by);
        if (!storm || !goes_on(m, now) || has_room(m, storm, since != m->from))
            return judge_fail(j, "alert %s is held by %s, and %u are told in this minute, of %u", a->id, a->by,
                              goes_on(m, now) ? m->told : 0, storm);
        if (since != m->from && since != a->waited)
            return judge_fail(j, "alert %s is newly held by %s", a->id, a->by);
    }
    return true;
}

bool judge_budgets(struct judge *j)
{
    unsigned storm = j->rules->notify ? j->rules->notify->storm : 0;
    int64_t now = now_of(j);
    return within_budgets(j, now) && is_counted(j) && (!storm || within_minute(j, storm, now)) && waits_for_room(j, storm, now);
}
