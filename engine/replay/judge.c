#include "replay/judge.h"

#include "base/check.h"
#include "ledger/roots.h"
#include "replay/inquiry.h"
#include "shard/backfill.h"

#include <stdio.h>
#include <stdlib.h>

enum { FINDINGS_A_TRACKER = 1 << 14 };

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- collecting ---- */

struct collected {
    struct judgement *judgement;
    size_t capacity;
    char (*ids)[ALERT_ID_SIZE]; /* the tracker's, by alert */
};

void past_alert_name(const struct judgement *j, struct past_alert *a)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "%s\n%s\n%.700s\n%u\n%lld", j->rules->rules[a->rule].id,
                       subject_kind_word(a->subject.kind), a->code, a->subject.each, (long long)a->opened_minute);
    snprintf(a->id, sizeof a->id, "%016llx", (unsigned long long)XXH3_64bits(text, (size_t)len));
}

/* the one that the revision is of: nearly always the last, since a subject is gone through as a whole */
static struct past_alert *find(const struct collected *c, const char *id)
{
    for (size_t i = c->judgement->count; i > 0; i--)
        if (strcmp(c->ids[i - 1], id) == 0)
            return &c->judgement->alerts[i - 1];
    return NULL;
}

static struct past_alert *add(struct collected *c, const struct revision *r)
{
    struct judgement *j = c->judgement;
    if (j->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 256;
        j->alerts = xrealloc(j->alerts, c->capacity * sizeof *j->alerts);
        c->ids = xrealloc(c->ids, c->capacity * sizeof *c->ids);
    }
    struct past_alert *a = &j->alerts[j->count];
    memcpy(c->ids[j->count++], r->alert->id, ALERT_ID_SIZE);
    *a = (struct past_alert){
        .rule = (unsigned)(r->rule - j->rules->rules),
        .code = xstrndup(r->subject_code.at, r->subject_code.len),
        .opened_minute = r->alert->opened_minute,
        .opened_at = r->alert->opened_at,
        .crossed_at = r->alert->crossed_at,
    };
    if (r->alert->crossed_id) {
        a->crossed_id = xstrdup(r->alert->crossed_id);
        a->crossed_source = xstrdup(r->alert->crossed_source);
    }
    a->subject = past_subject_key(r->subject_kind, r->subject_code, r->subject_region, r->each);
    past_alert_name(j, a);
    return a;
}

static void collect(void *arg, const struct revision *r)
{
    struct collected *c = arg;
    struct past_alert *a = r->alert->revision == 1 ? add(c, r) : find(c, r->alert->id);
    CHECK(a);
    unsigned highest = r->alert->highest > r->alert->level ? r->alert->highest : r->alert->level;
    if (highest > a->highest)
        a->highest = highest;
    a->ended_minute = r->alert->ended_minute;
}

static void store_nothing(void *arg, const char *key, json_t *state)
{
    (void)arg;
    (void)key;
    (void)state;
}

static void recorded_nothing(void *arg, const struct rule *rule, const struct episode *episode)
{
    (void)arg;
    (void)rule;
    (void)episode;
}

/* ---- asking ---- */

static int by_subject(const void *x, const void *y)
{
    const struct finding *a = x, *b = y;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    return (a->subject.key > b->subject.key) - (a->subject.key < b->subject.key);
}

/* What the counters find, each subject's together: matters that have become one are one subject. */
static bool find_all(struct judgement *j, const struct judging *how, struct findings *findings)
{
    const struct config *config = past_config(j->past);
    const struct ledger *ledger = past_ledger(j->past);
    const struct generation_inputs inputs = {.rules = j->rules,
                                             .registry = config->registry,
                                             .catalogue = config->catalogue,
                                             .counters_bytes = (size_t)config->counters_bytes / 2, /* as the live ones */
                                             .number = 1,
                                             .leaves_out = how->leaves_out,
                                             .leaves_out_arg = how->leaves_out_arg};
    j->generation = backfill_generation(&inputs, ledger, NULL, NULL, how->patience, 1, findings);
    if (!j->generation)
        return false;
    struct roots roots = {.ledger = ledger};
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *f = &findings->all[i];
        if (f->subject.kind == SUBJECT_MATTER)
            f->subject = subject_of_root(&f->subject, roots_find(&roots, ledger_fact(ledger, f->fact)->matter, NULL));
    }
    roots_free(&roots);
    if (findings->count)
        qsort(findings->all, findings->count, sizeof *findings->all, by_subject);
    return true;
}

/* closed_before none: nothing is too old to be raised */
static void close_all(struct judgement *j)
{
    struct rule_time *times = xcalloc(j->rules->count + 1, sizeof *times);
    for (unsigned r = 0; r < j->rules->count; r++)
        times[r] = (struct rule_time){MINUTE_NONE, MINUTE_NEVER, MINUTE_NONE, false};
    tracker_run(j->tracker, times, 1, 0);
    free(times);
}

/* Some subjects at a time, each time with a tracker of its own: of a rule per matter every matter is a subject, and what
 * a tracker keeps of a million would not fit. */
static bool confirm_all(struct judgement *j, const struct judging *how, const struct findings *findings,
                        struct collected *collected)
{
    const struct config *config = past_config(j->past);
    const struct tracker_outputs outputs = {collect, NULL, store_nothing, collect, recorded_nothing, NULL, NULL, NULL, collected};
    size_t at = 0;
    do {
        tracker_destroy(&j->tracker);
        j->tracker = tracker_create(past_ledger(j->past), config->registry, config->catalogue, j->generation,
                                    config->group, &outputs);
        const struct finding *first = &findings->all[at];
        size_t count = 0;
        while (at < findings->count && (count < FINDINGS_A_TRACKER || by_subject(&first[count - 1], &first[count]) == 0)) {
            at++;
            count++;
        }
        tracker_find(j->tracker, first, count);
        close_all(j);
        if (j->count > how->alerts_max || patience_ended(how->patience))
            return false;
    } while (at < findings->count);
    return true;
}

/* Not the tracker's: it looks at an episode that came as a whole where it last went down, and there is little left. */
static bool place_all(struct judgement *j, const struct patience *patience)
{
    for (size_t i = 0; i < j->count; i++) {
        struct past_alert *a = &j->alerts[i];
        struct inquiry q;
        if (patience_ended(patience))
            return false;
        if ((a->region = a->subject.region) != REGION_NONE)
            continue;
        inquiry_open(&q, j, a->rule, a->subject, a->code, a->opened_minute);
        a->region = inquiry_region(&q, a);
        inquiry_close(&q);
    }
    return true;
}

static int by_opening(const void *x, const void *y, void *arg)
{
    const struct past_alert *a = x, *b = y;
    const struct judgement *j = arg;
    if (a->opened_at != b->opened_at)
        return a->opened_at < b->opened_at ? -1 : 1;
    int rules = strcmp(j->rules->rules[a->rule].id, j->rules->rules[b->rule].id);
    return rules ? rules : strcmp(a->code, b->code);
}

bool judge_within(struct judgement *j, struct past *past, const struct rule_set *rules, const struct judging *how)
{
    *j = (struct judgement){.past = past, .rules = rules};
    struct collected collected = {.judgement = j};
    struct findings findings = {0};
    bool whole = find_all(j, how, &findings) && confirm_all(j, how, &findings, &collected) &&
                 place_all(j, how->patience);
    free(findings.all);
    free(collected.ids);
    if (j->count)
        qsort_r(j->alerts, j->count, sizeof *j->alerts, by_opening, j);
    return whole;
}

void judge(struct judgement *j, struct past *past, const struct rule_set *rules)
{
    judge_within(j, past, rules, &(struct judging){.alerts_max = SIZE_MAX});
}

void judgement_clear(struct judgement *j)
{
    for (size_t i = 0; i < j->count; i++) {
        free(j->alerts[i].code);
        free(j->alerts[i].crossed_id);
        free(j->alerts[i].crossed_source);
    }
    free(j->alerts);
    tracker_destroy(&j->tracker);
    generation_destroy(&j->generation);
    *j = (struct judgement){0};
}

const struct past_alert *judgement_find(const struct judgement *j, const char *id)
{
    for (size_t i = 0; i < j->count; i++)
        if (strncmp(j->alerts[i].id, id, strlen(id)) == 0)
            return &j->alerts[i];
    return NULL;
}
