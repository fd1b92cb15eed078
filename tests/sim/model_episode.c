/* From minute to minute: what has held for how long, and the episodes that come of it. */
#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static bool sees(const struct model *m, const struct model_subject *s, const struct model_fact *f)
{
    const struct model_subject *of;
    for (size_t n = 0; (of = model_seen(m, s, n)); n++)
        for (size_t i = 0; i < of->fact_count; i++)
            if (of->facts[i].fact == f)
                return true;
    return false;
}

/* the fact with which the window came to some level */
static int64_t crossed_at(const struct model *m, const struct model_subject *s, int64_t minute)
{
    for (size_t i = 0; i < m->live_count; i++)
        if (sees(m, s, &m->live[i]) && model_look(m, s, &m->live[i], minute, true).level)
            return m->live[i].event->occurred_at;
    CHECK(false);
    return 0;
}

/* what has happened to a subject up to some minute */
struct course {
    int64_t minute;
    unsigned level;
    int64_t held[LEVELS_MAX + 1], low[LEVELS_MAX + 1]; /* since when; MODEL_NEVER: it isn't so */
};

static void sooner(int64_t *next, int64_t minute, int64_t now)
{
    if (minute > now && minute < *next)
        *next = minute;
}

/* The next minute at which anything may happen: a fact enters or leaves a window, what holds has held long enough. */
static int64_t next_minute(const struct model *m, const struct model_subject *s, const struct course *c)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    int64_t next = MODEL_NEVER;
    int64_t last = MODEL_NONE; /* when the last fact leaves the last window */
    const struct model_subject *of;
    for (size_t n = 0; (of = model_seen(m, s, n)); n++)
        for (size_t i = 0; i < of->fact_count; i++)
            for (unsigned w = 0; w < rule->window_count; w++) {
                int64_t at = of->facts[i].fact->event->occurred_at + rule->windows[w].lag_s;
                int64_t leaves = model_minute_of(at + rule->windows[w].within.s);
                sooner(&next, model_minute_of(at), c->minute);
                sooner(&next, leaves, c->minute);
                last = leaves > last ? leaves : last;
            }
    int64_t midnight = (c->minute / 1440 + 1) * 1440;
    if (model_has_dates(rule) && c->minute > 0 && midnight < last)
        sooner(&next, midnight, c->minute);
    for (unsigned l = 1; l <= m->rules->level_count; l++) {
        if (l > c->level && c->held[l] != MODEL_NEVER)
            sooner(&next, c->held[l] + rule->for_s / 60, c->minute);
        if (l <= c->level && c->low[l] != MODEL_NEVER)
            sooner(&next, c->low[l] + rule->clear_after_s / 60, c->minute);
    }
    return next;
}

static void episode_step(struct model_subject *s, int64_t minute, unsigned level)
{
    struct model_episode *e = &s->episodes[s->episode_count - 1];
    e->steps = xrealloc(e->steps, (e->step_count + 1) * sizeof *e->steps);
    e->steps[e->step_count++] = (struct model_step){minute, level};
    e->highest = level > e->highest ? level : e->highest;
}

static void episode_open(const struct model *m, struct model_subject *s, int64_t minute, unsigned level)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    bool at_once = rule->for_s == 0 && model_monotone(rule);
    s->episodes = xrealloc(s->episodes, (s->episode_count + 1) * sizeof *s->episodes);
    s->episodes[s->episode_count++] =
        (struct model_episode){.opened_minute = minute, .opened_at = at_once ? crossed_at(m, s, minute) : minute * 60};
    episode_step(s, minute, level);
}

static unsigned level_after(const struct model *m, const struct model_subject *s, struct course *c, bool closed)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    struct looked w = model_look(m, s, NULL, c->minute, closed);
    unsigned up = 0, down = 0;
    for (unsigned l = 1; l <= m->rules->level_count; l++) {
        c->held[l] = w.level < l ? MODEL_NEVER : c->held[l] == MODEL_NEVER ? c->minute : c->held[l];
        c->low[l] = w.kept >= l ? MODEL_NEVER : c->low[l] == MODEL_NEVER ? c->minute : c->low[l];
        if (c->held[l] != MODEL_NEVER && c->minute - c->held[l] >= rule->for_s / 60)
            up = l;
        if (l <= c->level && !(c->low[l] != MODEL_NEVER && c->minute - c->low[l] >= rule->clear_after_s / 60))
            down = l;
    }
    return up > c->level ? up : down;
}

static void run(const struct model *m, struct model_subject *s)
{
    struct course c = {0};
    for (unsigned l = 0; l <= LEVELS_MAX; l++)
        c.held[l] = MODEL_NEVER;
    while ((c.minute = next_minute(m, s, &c)) != MODEL_NEVER) {
        unsigned next = level_after(m, s, &c, c.minute <= s->closed);
        if (c.level == 0 && next > 0)
            episode_open(m, s, c.minute, next);
        else if (next != c.level)
            episode_step(s, c.minute, next);
        c.level = next;
    }
    CHECK(c.level == 0);
}

static uint64_t digest_of(const struct model *m, const struct model_subject *s)
{
    uint64_t digest = 0;
    const struct model_subject *of;
    for (size_t n = 0; (of = model_seen(m, s, n)); n++) {
        digest = XXH3_64bits_withSeed(&of->fact_count, sizeof of->fact_count, digest);
        for (size_t i = 0; i < of->fact_count; i++) {
            const struct model_fact *f = of->facts[i].fact;
            uint64_t one[] = {(uintptr_t)f->event, of->facts[i].takes, f->region, f->category};
            digest = XXH3_64bits_withSeed(one, sizeof one, digest);
            digest = XXH3_64bits_withSeed(f->matter, strlen(f->matter), digest);
        }
    }
    return digest;
}

void model_run(struct model *m, size_t subject, int64_t closed)
{
    struct model_subject *s = &m->subjects[subject];
    uint64_t digest = digest_of(m, s);
    if (model_monotone(&m->rules->rules[s->rule]))
        closed = MODEL_NEVER;
    if (digest == s->digest && closed == s->closed)
        return;
    s->digest = digest;
    s->closed = closed;
    for (size_t k = 0; k < s->episode_count; k++)
        free(s->episodes[k].steps);
    s->episode_count = 0;
    run(m, s);
}

bool model_believes_at_once(const struct model *m, const struct model_subject *s)
{
    return model_monotone(&m->rules->rules[s->rule]);
}

enum model_shown model_shown(const struct model_subject *s, const struct model_episode *e, int64_t closed,
                             int64_t horizon, unsigned *level)
{
    if (s->newest > horizon)
        horizon = s->newest;
    *level = 0;
    for (size_t i = 0; i < e->step_count; i++) {
        const struct model_step *step = &e->steps[i];
        if (step->minute <= closed) {
            *level = step->level;
            if (!step->level)
                return MODEL_ENDED;
        } else if (step->minute <= horizon && step->level > *level) {
            *level = step->level;
        }
    }
    return *level ? MODEL_FIRING : MODEL_HIDDEN;
}
