#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void subject_clear(struct model_subject *s)
{
    for (size_t i = 0; i < s->episode_count; i++)
        free(s->episodes[i].steps);
    free(s->episodes);
    free(s->facts);
}

struct model *model_create(const struct world *world)
{
    struct model *m = xcalloc(1, sizeof *m);
    m->world = world;
    m->rules = world->config->rules;
    m->committed = xcalloc(world->event_count, sizeof *m->committed);
    m->forgotten = xcalloc(world->event_count, sizeof *m->forgotten);
    m->live = xcalloc(world->event_count, sizeof *m->live);
    return m;
}

void model_destroy(struct model **pointer)
{
    struct model *m = *pointer;
    if (!m)
        return;
    for (size_t i = 0; i < m->subject_count; i++)
        subject_clear(&m->subjects[i]);
    free(m->subjects);
    free(m->committed);
    free(m->forgotten);
    free(m->live);
    free(m);
    *pointer = NULL;
}

bool model_commit(struct model *m, size_t event)
{
    bool fresh = !m->committed[event];
    m->committed[event] = true;
    return fresh;
}

void model_forget(struct model *m, size_t event)
{
    m->forgotten[event] = true;
}

bool model_has(const struct model *m, size_t event)
{
    return m->committed[event];
}

/* ---- a minute ---- */

/* can more facts make it true, and never false? */
static bool is_monotone(const struct rule *rule, const struct atom *atom)
{
    const struct term *t = &rule->terms[atom->term];
    bool plain = t->kind == TERM_BOTH || (t->kind == TERM_MEASURE && t->measure != MEASURE_AVG);
    for (int i = 0; i < (t->kind == TERM_BOTH ? 2 : 1); i++) {
        const struct selection *s = &rule->selections[i ? t->other : t->selection];
        plain = plain && s->unless == SELECTION_NONE && !s->overdue;
    }
    return plain && !atom->at_most;
}

static bool rule_monotone(const struct rule *rule)
{
    for (unsigned l = 1; l <= LEVELS_MAX; l++)
        for (unsigned i = 0; i < rule->level[l].count; i++)
            if (rule->level[l].steps[i].op == OP_ATOM && !is_monotone(rule, &rule->atoms[rule->level[l].steps[i].atom]))
                return false;
    return true;
}

static bool compares(const struct rule *rule, const struct atom *atom, const int64_t *values, bool closed)
{
    int64_t value = values[atom->term];
    if (value == VALUE_NONE || !(closed || is_monotone(rule, atom)))
        return false;
    return atom->at_most ? value <= atom->threshold : value >= atom->threshold;
}

static bool holds(const struct rule *rule, const struct expression *e, const int64_t *values, bool closed)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++)
        if (e->steps[i].op == OP_ATOM) {
            stack[top++] = compares(rule, &rule->atoms[e->steps[i].atom], values, closed);
        } else {
            top--;
            stack[top - 1] = e->steps[i].op == OP_AND ? stack[top - 1] & stack[top] : stack[top - 1] | stack[top];
        }
    return top && stack[0];
}

struct looked {
    unsigned level, kept;
};

/* the subject's first `count` facts, at that minute */
static struct looked look(const struct model *m, const struct model_subject *s, size_t count, int64_t minute,
                          bool closed)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    int64_t values[TERMS_MAX];
    model_values(rule, s, count, minute, values);
    struct looked w = {0, 0};
    unsigned lowest = 0;
    for (unsigned l = 1; l <= m->rules->level_count; l++) {
        if (!rule->level[l].count)
            continue;
        lowest = lowest ? lowest : l;
        if (holds(rule, &rule->level[l], values, closed))
            w.level = l;
    }
    w.kept = w.level;
    if (w.level)
        return w;
    /* all atoms have one measure, see engine/rule/check.c */
    if (rule->clear_below != INT64_MIN && values[0] >= rule->clear_below)
        w.kept = lowest;
    if (rule->clear_when.count && !holds(rule, &rule->clear_when, values, true))
        w.kept = lowest;
    return w;
}

/* the fact with which the window came to some level */
static int64_t crossed_at(const struct model *m, const struct model_subject *s, int64_t minute)
{
    for (size_t i = 1; i <= s->fact_count; i++)
        if (look(m, s, i, minute, true).level)
            return s->facts[i - 1].fact->event->occurred_at;
    CHECK(false);
    return 0;
}

/* ---- episodes ---- */

static int64_t minute_of(int64_t second)
{
    return (second + 59) / 60;
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
    for (size_t i = 0; i < s->fact_count; i++)
        for (unsigned w = 0; w < rule->window_count; w++) {
            int64_t at = s->facts[i].fact->event->occurred_at + rule->windows[w].lag_s;
            sooner(&next, minute_of(at), c->minute);
            sooner(&next, minute_of(at + rule->windows[w].within.s), c->minute);
        }
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
    bool at_once = rule->for_s == 0 && rule_monotone(rule);
    s->episodes = xrealloc(s->episodes, (s->episode_count + 1) * sizeof *s->episodes);
    s->episodes[s->episode_count++] =
        (struct model_episode){.opened_minute = minute, .opened_at = at_once ? crossed_at(m, s, minute) : minute * 60};
    episode_step(s, minute, level);
}

static unsigned level_after(const struct model *m, const struct model_subject *s, struct course *c, bool closed)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    struct looked w = look(m, s, s->fact_count, c->minute, closed);
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

/* ---- subjects ---- */

static enum subject_kind subject_of(const struct model *m, const struct rule *rule, const struct model_fact *f,
                                    const char **code)
{
    for (unsigned i = 0; i < rule->per_count; i++) {
        enum subject_kind kind = rule->per[i];
        *code = "";
        if (kind == SUBJECT_RESPONDENT)
            *code = f->event->respondent;
        else if (kind == SUBJECT_MATTER)
            *code = f->matter;
        else if (f->region != REGION_NONE) {
            const struct registry *registry = m->world->config->registry;
            uint32_t at = registry_region(registry, f->region)->ancestor[kind];
            *code = at == REGION_NONE ? "" : registry_region(registry, at)->code;
        }
        if (**code)
            return kind;
    }
    return SUBJECT_NONE;
}

static struct model_subject *subject_find(struct model *m, unsigned rule, enum subject_kind kind, const char *code,
                                          const char *each)
{
    for (size_t i = 0; i < m->subject_count; i++) {
        struct model_subject *s = &m->subjects[i];
        if (s->rule == rule && s->kind == kind && strcmp(s->code, code) == 0 && strcmp(s->each, each) == 0)
            return s;
    }
    if (m->subject_count == m->subject_capacity) {
        m->subject_capacity = m->subject_capacity ? m->subject_capacity * 2 : 32;
        m->subjects = xrealloc(m->subjects, m->subject_capacity * sizeof *m->subjects);
    }
    struct model_subject *s = &m->subjects[m->subject_count++];
    *s = (struct model_subject){.rule = rule, .kind = kind};
    snprintf(s->code, sizeof s->code, "%s", code);
    snprintf(s->each, sizeof s->each, "%s", each);
    return s;
}

static void subject_add(struct model_subject *s, const struct model_fact *f, uint32_t takes)
{
    if (s->fact_count == s->fact_capacity) {
        s->fact_capacity = s->fact_capacity ? s->fact_capacity * 2 : 16;
        s->facts = xrealloc(s->facts, s->fact_capacity * sizeof *s->facts);
    }
    s->facts[s->fact_count++] = (struct model_taken){f, takes};
}

/* the first segments of its category's path; false if it has none */
static bool each_of(const struct model *m, const struct rule *rule, const struct model_fact *f, char *each)
{
    each[0] = '\0';
    if (!rule->each)
        return true;
    if (f->category == CATEGORY_NONE)
        return false;
    snprintf(each, WORLD_TEXT, "%s", catalogue_category(m->world->config->catalogue, f->category)->path);
    char *end = each;
    for (unsigned segments = 1; (end = strchr(end, '.')) && segments < rule->each; segments++)
        end++;
    if (end)
        *end = '\0';
    return true;
}

static void hand_out(struct model *m, unsigned number, const struct model_fact *f)
{
    const struct rule *rule = &m->rules->rules[number];
    uint32_t takes = model_takes(m, rule, f);
    const char *code;
    char each[WORLD_TEXT];
    enum subject_kind kind = takes && each_of(m, rule, f, each) ? subject_of(m, rule, f, &code) : SUBJECT_NONE;
    if (kind != SUBJECT_NONE)
        subject_add(subject_find(m, number, kind, code, each), f, takes);
}

static uint64_t digest_of(const struct model_subject *s)
{
    uint64_t digest = s->fact_count;
    for (size_t i = 0; i < s->fact_count; i++) {
        const struct model_fact *f = s->facts[i].fact;
        uint64_t one[] = {(uintptr_t)f->event, s->facts[i].takes, f->region, f->category};
        digest = XXH3_64bits_withSeed(one, sizeof one, digest);
        digest = XXH3_64bits_withSeed(f->matter, strlen(f->matter), digest);
    }
    return digest;
}

void model_settle(struct model *m)
{
    model_settle_facts(m);
    for (size_t i = 0; i < m->subject_count; i++)
        m->subjects[i].fact_count = 0;
    for (size_t i = 0; i < m->live_count; i++)
        for (unsigned r = 0; r < m->rules->count; r++)
            hand_out(m, r, &m->live[i]);
}

void model_run(struct model *m, size_t subject, int64_t closed)
{
    struct model_subject *s = &m->subjects[subject];
    uint64_t digest = digest_of(s);
    if (rule_monotone(&m->rules->rules[s->rule]))
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

const struct model_subject *model_subjects(const struct model *m, size_t *count)
{
    *count = m->subject_count;
    return m->subjects;
}

enum model_shown model_shown(const struct model_subject *s, const struct model_episode *e, int64_t closed,
                             int64_t horizon, unsigned *level)
{
    int64_t newest = s->fact_count ? minute_of(s->facts[s->fact_count - 1].fact->event->occurred_at) : MODEL_NONE;
    if (newest > horizon)
        horizon = newest;
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
