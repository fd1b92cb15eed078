#include "model_priv.h"

#include "base/check.h"

#include <stdlib.h>

static void subject_clear(struct model_subject *s)
{
    for (size_t i = 0; i < s->episode_count; i++)
        free(s->episodes[i].steps);
    free(s->episodes);
    free(s->facts);
    free(s->around);
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
    model_judge_by(m, NULL);
    free(m->subjects);
    free(m->committed);
    free(m->forgotten);
    free(m->live);
    free(m);
    *pointer = NULL;
}

void model_judge_by(struct model *m, const struct rule_set *rules)
{
    for (size_t i = 0; i < m->subject_count; i++)
        subject_clear(&m->subjects[i]);
    m->subject_count = 0;
    m->rules = rules;
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

struct model_subject *model_subject_of(const struct model *m, unsigned rule, enum subject_kind kind, const char *code,
                                       const char *each)
{
    for (size_t i = 0; i < m->subject_count; i++) {
        struct model_subject *s = &m->subjects[i];
        if (s->rule == rule && s->kind == kind && strcmp(s->code, code) == 0 && strcmp(s->each, each) == 0)
            return s;
    }
    return NULL;
}

static struct model_subject *subject_find(struct model *m, unsigned rule, enum subject_kind kind, const char *code,
                                          const char *each)
{
    struct model_subject *there = model_subject_of(m, rule, kind, code, each);
    if (there)
        return there;
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

/* of the rules with adjacent(): those neighbours that have any facts */
static void look_around(struct model *m, struct model_subject *s)
{
    const struct registry *registry = m->world->config->registry;
    s->around_count = 0;
    if (!m->rules->rules[s->rule].around)
        return;
    const struct region *own = registry_region(registry, registry_find(registry, str_of(s->code)));
    s->around = xrealloc(s->around, (own->neighbour_count + 1) * sizeof *s->around);
    for (unsigned i = 0; i < own->neighbour_count; i++) {
        const char *code = registry_region(registry, own->neighbours[i])->code;
        const struct model_subject *there = model_subject_of(m, s->rule, s->kind, code, s->each);
        if (there)
            s->around[s->around_count++] = (size_t)(there - m->subjects);
    }
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
        const struct model_subject *of;
        look_around(m, s);
        s->newest = MODEL_NONE;
        for (size_t n = 0; (of = model_seen(m, s, n)); n++)
            if (of->fact_count && model_minute_of(of->facts[of->fact_count - 1].fact->event->occurred_at) > s->newest)
                s->newest = model_minute_of(of->facts[of->fact_count - 1].fact->event->occurred_at);
    }
}

const struct model_subject *model_subjects(const struct model *m, size_t *count)
{
    *count = m->subject_count;
    return m->subjects;
}

