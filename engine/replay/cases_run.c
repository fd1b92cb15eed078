/* Runs a rule test: its events into a past of their own, its rules asked, what comes of it held against what was
 * expected. */
#include "replay/cases.h"

#include "base/check.h"
#include "replay/inquiry.h"

#include <stdlib.h>

struct running {
    const struct case_file *file;
    const struct rule_case *c;
    const struct case_expectation *expectation;
    struct case_found *found;
    size_t found_count;
    struct judgement judgements[CASE_RULE_SETS_MAX];
    struct case_result *result;
};

static int64_t minute_at(int64_t seconds)
{
    return (seconds + 59) / 60;
}

static void find(struct running *r, const struct judgement *j, const struct past_alert *a, unsigned level)
{
    r->found = xrealloc(r->found, (r->found_count + 1) * sizeof *r->found);
    struct case_found *f = &r->found[r->found_count++];
    *f = (struct case_found){.rule = j->rules->rules[a->rule].id,
                             .ledger_code = a->code,
                             .level = level,
                             .opened_at = a->opened_at,
                             .ended_minute = a->ended_minute};
    past_subject(j, a, true, f->code);
    past_subject(j, a, false, f->name);
}

/* the alert's level at that time; 0: it is not open then */
static unsigned level_at(const struct judgement *j, const struct past_alert *a, int64_t minute)
{
    struct inquiry q;
    if (a->opened_minute > minute || a->ended_minute <= minute)
        return 0;
    inquiry_open(&q, j, a->rule, a->subject, a->code, MINUTE_NONE);
    unsigned level = inquiry_state(&q, minute).level;
    inquiry_close(&q);
    return level;
}

static void find_all(struct running *r, const struct judgement *j)
{
    int64_t at = r->expectation->at;
    for (size_t i = 0; i < j->count; i++) {
        const struct past_alert *a = &j->alerts[i];
        unsigned level = at == CASE_ANY_TIME ? a->highest : level_at(j, a, minute_at(at));
        if (level && (!r->c->rule || strcmp(r->c->rule, j->rules->rules[a->rule].id) == 0))
            find(r, j, a, level);
    }
}

/* ---- comparing ---- */

static bool is_of(const struct case_alert *e, const struct case_found *f)
{
    return (!e->rule || strcmp(e->rule, f->rule) == 0) &&
           (!e->subject || strcmp(e->subject, f->code) == 0 || strcmp(e->subject, f->name) == 0 ||
            strcmp(e->subject, f->ledger_code) == 0);
}

static bool is_as(const struct case_alert *e, const struct case_found *f)
{
    return is_of(e, f) && (!e->level || e->level == f->level) &&
           (e->opened_at == CASE_ANY_TIME || e->opened_at / 60 == f->opened_at / 60) &&
           (e->ended_at == CASE_ANY_TIME || e->ended_at / 60 == f->ended_minute);
}

struct matching {
    const struct case_expectation *expectation;
    const struct case_found *found;
    size_t found_count;
    int *taken_by; /* by found: the expected alert; -1: none */
    bool *seen;
};

/* Kuhn's augmenting path: who says little makes room for who says more */
static bool match(struct matching *m, size_t expected)
{
    for (size_t f = 0; f < m->found_count; f++) {
        if (m->seen[f] || !is_as(&m->expectation->alerts[expected], &m->found[f]))
            continue;
        m->seen[f] = true;
        if (m->taken_by[f] < 0 || match(m, (size_t)m->taken_by[f])) {
            m->taken_by[f] = (int)expected;
            return true;
        }
    }
    return false;
}

static struct case_difference *differ(struct running *r, enum case_verdict verdict)
{
    struct case_result *result = r->result;
    result->all = xrealloc(result->all, (result->count + 1) * sizeof *result->all);
    struct case_difference *d = &result->all[result->count++];
    *d = (struct case_difference){.verdict = verdict, .expectation = r->expectation};
    return d;
}

/* what its condition came to when the last of its facts was in */
static void hint(struct running *r, struct case_difference *d)
{
    const char *id = d->expected->rule ? d->expected->rule : r->c->rule;
    for (unsigned s = 0; s < r->file->set_count && id && d->expected->subject && !d->hint; s++) {
        const struct judgement *j = &r->judgements[s];
        unsigned rule = 0, level = d->expected->level;
        while (rule < j->rules->count && strcmp(j->rules->rules[rule].id, id) != 0)
            rule++;
        struct subject subject;
        struct inquiry q;
        char *code;
        if (rule == j->rules->count || !inquiry_subject(j, rule, d->expected->subject, CATEGORY_NONE, &subject, &code))
            continue;
        inquiry_open(&q, j, rule, subject, code, MINUTE_NONE);
        int64_t minute = view_newest_minute(q.view);
        struct buffer text = {0};
        bool written = minute != MINUTE_NONE && level && conditions_write(q.judgement->rules, q.rule, level, q.view, minute, &text);
        for (level = 1; minute != MINUTE_NONE && level <= q.level_count && !written; level++)
            written = conditions_write(q.judgement->rules, q.rule, level, q.view, minute, &text);
        if (written) {
            d->hint = xstrndup(text.at, text.len);
            d->hint_at = minute * 60;
        }
        buffer_free(&text);
        inquiry_close(&q);
        free(code);
    }
}

static void compare(struct running *r)
{
    const struct case_expectation *e = r->expectation;
    struct matching m = {e, r->found, r->found_count, xcalloc(r->found_count + 1, sizeof(int)),
                         xcalloc(r->found_count + 1, sizeof(bool))};
    bool *met = xcalloc(e->count + 1, sizeof *met);
    memset(m.taken_by, -1, r->found_count * sizeof *m.taken_by);
    for (size_t i = 0; i < e->count; i++) {
        memset(m.seen, 0, r->found_count * sizeof *m.seen);
        match(&m, i);
    }
    for (size_t f = 0; f < r->found_count; f++)
        if (m.taken_by[f] >= 0)
            met[m.taken_by[f]] = true;
    for (size_t i = 0; i < e->count; i++) {
        size_t f = 0;
        while (!met[i] && f < r->found_count && (m.taken_by[f] >= 0 || !is_of(&e->alerts[i], &r->found[f])))
            f++;
        if (met[i])
            continue;
        struct case_difference *d = differ(r, f < r->found_count ? CASE_DIFFERENT : CASE_MISSING);
        d->expected = &e->alerts[i];
        if (f < r->found_count) {
            m.taken_by[f] = (int)i;
            d->found = r->found[f];
        } else {
            hint(r, d);
        }
    }
    for (size_t f = 0; f < r->found_count; f++)
        if (m.taken_by[f] < 0)
            differ(r, CASE_UNEXPECTED)->found = r->found[f];
    free(m.taken_by);
    free(m.seen);
    free(met);
}

/* ---- running ---- */

static void run_one(struct running *r)
{
    int64_t at = r->expectation->at;
    struct past *past = past_create(r->file->config, INT64_MIN, at == CASE_ANY_TIME ? INT64_MAX : at + 1);
    for (size_t i = 0; i < r->c->event_count; i++)
        past_enter(past, &r->c->events[i]);
    for (unsigned s = 0; s < r->file->set_count; s++) {
        judge(&r->judgements[s], past, r->file->sets[s]);
        find_all(r, &r->judgements[s]);
    }
    compare(r);
    for (unsigned s = 0; s < r->file->set_count; s++)
        judgement_clear(&r->judgements[s]);
    past_destroy(&past);
    r->found_count = 0;
}

void case_run(const struct case_file *file, const struct rule_case *c, struct case_result *result)
{
    struct running r = {.file = file, .c = c, .result = result};
    *result = (struct case_result){0};
    for (size_t i = 0; i < c->expectation_count; i++) {
        r.expectation = &c->expectations[i];
        run_one(&r);
    }
    free(r.found);
    /* the ledger's own texts are gone with the past */
    for (size_t i = 0; i < result->count; i++)
        result->all[i].found.ledger_code = NULL;
}

void case_result_clear(struct case_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        free(result->all[i].hint);
    free(result->all);
    *result = (struct case_result){0};
}
