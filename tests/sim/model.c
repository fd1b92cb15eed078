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

bool model_has(const struct model *m, size_t event)
{
    return m->committed[event];
}

/* ---- windows ---- */

static bool selects(const struct selection *s, const struct model_fact *f)
{
    return s->kinds >> f->event->kind & 1 && (f->event->tags & s->tags_all) == s->tags_all &&
           (!s->tags_any || f->event->tags & s->tags_any) && selection_covers(s, f->event->source, f->category);
}

static int64_t callers(const struct model_fact *const *facts, size_t count)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < count; i++)
        for (unsigned a = 0; a < facts[i]->event->actor_count; a++)
            seen |= UINT64_C(1) << facts[i]->event->actor[a];
    return __builtin_popcountll(seen);
}

static int64_t involved(const struct model_fact *const *facts, size_t count)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t most = facts[i]->event->involved;
        for (size_t k = 0; k < count && facts[i]->matter[0]; k++) {
            if (k == i || strcmp(facts[k]->matter, facts[i]->matter) != 0)
                continue;
            int64_t other = facts[k]->event->involved;
            if (other > most || (other == most && k < i))
                most = 0; /* it is the other one that counts for the matter */
        }
        total += most;
    }
    return total;
}

static int64_t measure(enum measure measure, const struct model_fact *const *facts, size_t count)
{
    int64_t sum = 0, most = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        sum += facts[i]->event->value;
        most = facts[i]->event->value > most ? facts[i]->event->value : most;
    }
    switch (measure) {
    case MEASURE_EVENTS:
        return (int64_t)count;
    case MEASURE_CALLERS:
        return callers(facts, count);
    case MEASURE_INVOLVED:
        return involved(facts, count);
    case MEASURE_SUM:
        return sum;
    case MEASURE_MAX:
        return most;
    case MEASURE_REGIONS:
    case MEASURE_SOURCES:
    case MEASURE_AVG:
    case MEASURES:
        break;
    }
    CHECK(false);
    return 0;
}

struct looked {
    unsigned level, kept;
};

/* of the facts [first, first + count) of the subject */
static struct looked look(const struct model *m, const struct rule *rule, const struct model_fact *const *facts,
                          size_t count)
{
    int64_t values[TERMS_MAX];
    const struct model_fact **selected = xcalloc(count + 1, sizeof *selected);
    for (unsigned a = 0; a < rule->atom_count; a++) {
        const struct term *term = &rule->terms[rule->atoms[a].term];
        size_t taken = 0;
        for (size_t i = 0; i < count; i++)
            if (selects(&rule->selections[term->selection], facts[i]))
                selected[taken++] = facts[i];
        values[rule->atoms[a].term] = measure(term->measure, selected, taken);
    }
    free(selected);
    struct looked w = {0, 0};
    unsigned lowest = 0;
    for (unsigned l = 1; l <= m->rules->level_count; l++) {
        if (!rule->level[l].count)
            continue;
        lowest = lowest ? lowest : l;
        if (expression_holds(&rule->level[l], rule, values, NULL, true))
            w.level = l;
    }
    w.kept = w.level;
    if (!w.level && rule->clear_below != INT64_MIN && values[0] >= rule->clear_below)
        w.kept = lowest; /* all atoms have one measure, see engine/rule/check.c */
    return w;
}

static struct looked look_at(const struct model *m, const struct model_subject *s, int64_t minute, size_t *first,
                             size_t *count)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    *first = *count = 0;
    for (size_t i = 0; i < s->fact_count; i++) {
        int64_t at = s->facts[i]->event->occurred_at;
        if (at <= minute * 60 - rule->within_s)
            *first = i + 1;
        else if (at <= minute * 60)
            ++*count;
    }
    return look(m, rule, s->facts + *first, *count);
}

/* the fact with which the window came to some level */
static int64_t crossed_at(const struct model *m, const struct model_subject *s, int64_t minute)
{
    size_t first, count;
    look_at(m, s, minute, &first, &count);
    for (size_t i = 1; i <= count; i++)
        if (look(m, &m->rules->rules[s->rule], s->facts + first, i).level)
            return s->facts[first + i - 1]->event->occurred_at;
    CHECK(false);
    return 0;
}

/* ---- episodes ---- */

static int64_t minute_of(int64_t second)
{
    return (second + 59) / 60;
}

static int by_minute(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Minutes at which anything may happen: a fact enters or leaves, or has done so `for` or `after` ago. */
static size_t interesting(const struct model_subject *s, const struct rule *rule, int64_t *minutes)
{
    size_t count = 0;
    for (size_t i = 0; i < s->fact_count; i++) {
        int64_t at = s->facts[i]->event->occurred_at, changes[] = {minute_of(at), minute_of(at + rule->within_s)};
        for (int k = 0; k < 2; k++) {
            minutes[count++] = changes[k];
            minutes[count++] = changes[k] + rule->for_s / 60;
            minutes[count++] = changes[k] + rule->clear_after_s / 60;
        }
    }
    qsort(minutes, count, sizeof *minutes, by_minute);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || minutes[kept - 1] != minutes[i])
            minutes[kept++] = minutes[i];
    return kept;
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
    bool waits = m->rules->rules[s->rule].for_s > 0;
    s->episodes = xrealloc(s->episodes, (s->episode_count + 1) * sizeof *s->episodes);
    s->episodes[s->episode_count++] =
        (struct model_episode){.opened_minute = minute, .opened_at = waits ? minute * 60 : crossed_at(m, s, minute)};
    episode_step(s, minute, level);
}

static void run(const struct model *m, struct model_subject *s)
{
    const struct rule *rule = &m->rules->rules[s->rule];
    int64_t held[LEVELS_MAX + 1], low[LEVELS_MAX + 1];
    for (unsigned l = 0; l <= LEVELS_MAX; l++) {
        held[l] = MODEL_NEVER;
        low[l] = 0;
    }
    int64_t *minutes = xcalloc(s->fact_count * 6 + 1, sizeof *minutes);
    size_t minute_count = interesting(s, rule, minutes), first, count;
    unsigned level = 0;
    for (size_t i = 0; i < minute_count; i++) {
        int64_t now = minutes[i];
        struct looked w = look_at(m, s, now, &first, &count);
        unsigned up = 0, down = 0;
        for (unsigned l = 1; l <= m->rules->level_count; l++) {
            held[l] = w.level < l ? MODEL_NEVER : held[l] == MODEL_NEVER ? now : held[l];
            low[l] = w.kept >= l ? MODEL_NEVER : low[l] == MODEL_NEVER ? now : low[l];
            if (held[l] != MODEL_NEVER && now - held[l] >= rule->for_s / 60)
                up = l;
            if (l <= level && !(low[l] != MODEL_NEVER && now - low[l] >= rule->clear_after_s / 60))
                down = l;
        }
        unsigned next = up > level ? up : down;
        if (level == 0 && next > 0)
            episode_open(m, s, now, next);
        else if (next != level)
            episode_step(s, now, next);
        level = next;
    }
    CHECK(level == 0);
    free(minutes);
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

static struct model_subject *subject_find(struct model *m, unsigned rule, enum subject_kind kind, const char *code)
{
    for (size_t i = 0; i < m->subject_count; i++) {
        struct model_subject *s = &m->subjects[i];
        if (s->rule == rule && s->kind == kind && strcmp(s->code, code) == 0)
            return s;
    }
    if (m->subject_count == m->subject_capacity) {
        m->subject_capacity = m->subject_capacity ? m->subject_capacity * 2 : 32;
        m->subjects = xrealloc(m->subjects, m->subject_capacity * sizeof *m->subjects);
    }
    struct model_subject *s = &m->subjects[m->subject_count++];
    *s = (struct model_subject){.rule = rule, .kind = kind};
    snprintf(s->code, sizeof s->code, "%s", code);
    return s;
}

static void subject_add(struct model_subject *s, const struct model_fact *f)
{
    if (s->fact_count == s->fact_capacity) {
        s->fact_capacity = s->fact_capacity ? s->fact_capacity * 2 : 16;
        s->facts = xrealloc(s->facts, s->fact_capacity * sizeof *s->facts);
    }
    s->facts[s->fact_count++] = f;
}

static void hand_out(struct model *m, unsigned number, const struct model_fact *f)
{
    const struct rule *rule = &m->rules->rules[number];
    bool taken = false;
    for (unsigned s = 0; s < rule->selection_count; s++)
        taken = taken || selects(&rule->selections[s], f);
    const char *code;
    enum subject_kind kind = taken ? subject_of(m, rule, f, &code) : SUBJECT_NONE;
    if (kind != SUBJECT_NONE)
        subject_add(subject_find(m, number, kind, code), f);
}

static uint64_t digest_of(const struct model_subject *s)
{
    uint64_t digest = s->fact_count;
    for (size_t i = 0; i < s->fact_count; i++) {
        const struct model_fact *f = s->facts[i];
        uint64_t one = (uint64_t)(uintptr_t)f->event ^ (uint64_t)f->category << 48;
        digest = XXH3_64bits_withSeed(f->matter, strlen(f->matter), digest ^ one);
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
    for (size_t i = 0; i < m->subject_count; i++) {
        struct model_subject *s = &m->subjects[i];
        uint64_t digest = digest_of(s);
        if (digest == s->digest)
            continue;
        s->digest = digest;
        for (size_t k = 0; k < s->episode_count; k++)
            free(s->episodes[k].steps);
        s->episode_count = 0;
        run(m, s);
    }
}

const struct model_subject *model_subjects(const struct model *m, size_t *count)
{
    *count = m->subject_count;
    return m->subjects;
}

enum model_shown model_shown(const struct model_subject *s, const struct model_episode *e, int64_t closed,
                             int64_t horizon, unsigned *level)
{
    int64_t newest = s->fact_count ? minute_of(s->facts[s->fact_count - 1]->event->occurred_at) : MODEL_NONE;
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
