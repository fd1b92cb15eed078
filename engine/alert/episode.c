#include "alert/episode.h"

#include "base/check.h"

void machine_init(struct machine *m, int64_t minute)
{
    *m = (struct machine){.minute = minute};
    for (unsigned l = 0; l <= LEVELS_MAX; l++) {
        m->held[l] = MINUTE_NONE;
        m->low[l] = minute;
    }
}

bool machine_pending(const struct machine *m, const struct rule *rule, unsigned level_count)
{
    return rule->for_s > 0 && m->level < level_count && m->held[m->level + 1] != MINUTE_NONE;
}

void judged_at(struct judged *j, const struct rule *rule, struct view *view, int64_t minute, bool closed)
{
    view_move(view, minute);
    view_values(view, j->values);
    view_thresholds(view, minute, j->thresholds);
    j->valid = rule_valid(rule, minute);
    j->any = !rule->of_nothing || view_sees(view);
    j->closed = closed;
}

static unsigned level_of(const struct rule *rule, unsigned level_count, const struct judged *j)
{
    unsigned level = j->valid && j->any ? level_count : 0;
    while (level > 0 && !expression_holds(&rule->level[level], rule, j->values, j->thresholds, j->closed))
        level--;
    return level;
}

unsigned condition_level(const struct rule *rule, unsigned level_count, struct view *view, int64_t minute)
{
    struct judged j;
    judged_at(&j, rule, view, minute, true);
    return level_of(rule, level_count, &j);
}

/* the level that is kept: hysteresis holds the lowest one down to the clear threshold, or until `when` holds */
static unsigned kept_of(const struct rule *rule, unsigned level_count, const struct judged *j, unsigned level)
{
    if (level > 0 || !j->valid || (rule->clear_below == INT64_MIN && rule->clear_when.count == 0))
        return level;
    unsigned lowest = 1;
    while (lowest < level_count && rule->level[lowest].count == 0)
        lowest++;
    /* as if closed: an end that is provisional is not shown, and two episodes must not look like one */
    if (rule->clear_when.count)
        return expression_holds(&rule->clear_when, rule, j->values, j->thresholds, true) ? 0 : lowest;
    const struct expression *e = &rule->level[lowest];
    return e->count && j->values[rule->atoms[e->steps[0].atom].term] >= rule->clear_below ? lowest : 0;
}

static void since(int64_t *minute, bool holds, int64_t now)
{
    if (!holds)
        *minute = MINUTE_NONE;
    else if (*minute == MINUTE_NONE)
        *minute = now;
}

static bool lasted(int64_t from, int64_t now, int32_t seconds)
{
    return from != MINUTE_NONE && now - from >= seconds / 60;
}

static void set_level(struct machine *m, unsigned level, bool closed)
{
    m->level = m->now.level = level;
    if (level > m->now.highest) {
        m->now.highest = level;
        m->now.highest_minute = m->minute;
    }
    if (closed || level > m->now.shown) {
        m->now.shown = level;
        m->now.shown_minute = m->minute;
    }
}

static void open_episode(struct machine *m, const struct rule *rule, unsigned level_count, struct view *view,
                         unsigned level, const struct judged *j)
{
    m->now = (struct episode){
        .opened_minute = m->minute, .opened_at = m->minute * 60, .ended_minute = MINUTE_NEVER, .alert = -1};
    uint32_t at = 0;
    bool instant = rule->for_s == 0 && rule->monotone;
    if (instant && (m->now.crossed = view_crossing(view, level_count, j->thresholds, &at)))
        m->now.opened_at = at;
    set_level(m, level, j->closed);
}

static void history_add(struct history *h, const struct episode *e)
{
    if (h->count == h->capacity) {
        h->capacity = h->capacity ? h->capacity * 2 : 8;
        h->all = xrealloc(h->all, h->capacity * sizeof *h->all);
    }
    h->all[h->count++] = *e;
}

void machine_show(const struct machine *m, struct history *h)
{
    history_add(h, &m->now);
}

static void step(struct machine *m, const struct rule *rule, unsigned level_count, struct view *view, bool closed,
                 struct history *history)
{
    struct judged j;
    judged_at(&j, rule, view, m->minute, closed);
    unsigned level = level_of(rule, level_count, &j), kept = kept_of(rule, level_count, &j, level);
    unsigned up = 0;
    for (unsigned l = 1; l <= level_count; l++) {
        since(&m->held[l], level >= l, m->minute);
        since(&m->low[l], kept < l, m->minute);
        if (lasted(m->held[l], m->minute, rule->for_s))
            up = l;
    }
    if (m->level == 0) {
        if (up)
            open_episode(m, rule, level_count, view, up, &j);
        return;
    }
    if (up > m->level) {
        set_level(m, up, closed);
        return;
    }
    unsigned down = m->level;
    while (down > 0 && lasted(m->low[down], m->minute, rule->clear_after_s))
        down--;
    if (down == 0) {
        m->now.ended_minute = m->minute;
        m->level = 0;
        history_add(history, &m->now);
    } else if (down < m->level) {
        set_level(m, down, closed);
    }
}

int64_t machine_next(const struct machine *m, const struct rule *rule, unsigned level_count, struct view *view)
{
    int64_t next = view_next_change(view, m->minute), date = view_next_date(view, m->minute);
    if (date < next && (m->level > 0 || view_oldest_minute(view) <= date))
        next = date;
    for (unsigned l = 1; l <= level_count; l++) {
        int64_t timer = MINUTE_NEVER;
        if (l > m->level && m->held[l] != MINUTE_NONE)
            timer = m->held[l] + rule->for_s / 60;
        else if (l <= m->level && m->low[l] != MINUTE_NONE)
            timer = m->low[l] + rule->clear_after_s / 60;
        if (timer > m->minute && timer < next)
            next = timer;
    }
    return next;
}

void machine_step(struct machine *m, const struct rule *rule, unsigned level_count, struct view *view, int64_t minute,
                  struct history *history)
{
    m->minute = minute;
    step(m, rule, level_count, view, true, history);
}

void machine_run(struct machine *m, const struct rule *rule, unsigned level_count, struct view *view, int64_t until,
                 bool closed, struct history *history)
{
    for (int64_t next; (next = machine_next(m, rule, level_count, view)) <= until && next != MINUTE_NEVER;) {
        m->minute = next;
        step(m, rule, level_count, view, closed, history);
    }
    if (until != MINUTE_NEVER && m->minute < until)
        m->minute = until;
}
