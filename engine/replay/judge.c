#include "replay/judge.h"

#include "base/check.h"
#include "replay/inquiry.h"
#include "shard/backfill.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- collecting ---- */

struct collected {
    struct judgement *judgement;
    size_t capacity;
    char (*ids)[ALERT_ID_SIZE]; /* the tracker's, by alert */
};

static void name_alert(const struct judgement *j, struct past_alert *a)
{
    char text[1024];
    int len = snprintf(text, sizeof text, "%s\n%s\n%.700s\n%lld", j->rules->rules[a->rule].id,
                       subject_kind_word(a->subject.kind), a->code, (long long)a->opened_minute);
    snprintf(a->id, sizeof a->id, "%016llx", (unsigned long long)XXH3_64bits(text, (size_t)len));
}

struct subject past_subject_key(enum subject_kind kind, struct str code, uint32_t region)
{
    if (kind == SUBJECT_RESPONDENT)
        return (struct subject){kind, subject_of_respondent(code), REGION_NONE};
    if (kind == SUBJECT_MATTER)
        return (struct subject){kind, subject_of_matter(matter_key(code)), REGION_NONE};
    return (struct subject){kind, subject_of_region(region), region};
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
    a->subject = past_subject_key(r->subject_kind, r->subject_code, r->subject_region);
    name_alert(j, a);
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

static void find_all(struct judgement *j)
{
    const struct config *config = past_config(j->past);
    struct touched findings = {0};
    backfill_count(&(struct backfill){.generation = j->generation,
                                      .registry = config->registry,
                                      .ledger = past_ledger(j->past),
                                      .reader = past_writer(j->past)},
                   &findings);
    for (size_t i = 0; i < findings.count; i++)
        tracker_find(j->tracker, &findings.all[i]);
    free(findings.all);
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

/* Not the tracker's: it looks at an episode that came as a whole where it last went down, and there is little left. */
static void place_all(struct judgement *j)
{
    for (size_t i = 0; i < j->count; i++) {
        struct past_alert *a = &j->alerts[i];
        struct inquiry q;
        if ((a->region = a->subject.region) != REGION_NONE)
            continue;
        inquiry_open(&q, j, a->rule, a->subject, a->code, a->opened_minute);
        a->region = inquiry_region(&q, a);
        inquiry_close(&q);
    }
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

void judge(struct judgement *j, struct past *past, const struct rule_set *rules)
{
    const struct config *config = past_config(past);
    *j = (struct judgement){.past = past, .rules = rules};
    struct collected collected = {.judgement = j};
    j->generation = generation_create(&(struct generation_inputs){rules, config->registry, config->catalogue,
                                                                  (size_t)config->counters_bytes, 1});
    j->tracker = tracker_create(past_ledger(past), config->registry, config->catalogue, j->generation, config->group,
                                &(struct tracker_outputs){collect, store_nothing, recorded_nothing, &collected});
    find_all(j);
    close_all(j);
    free(collected.ids);
    place_all(j);
    if (j->count)
        qsort_r(j->alerts, j->count, sizeof *j->alerts, by_opening, j);
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

/* ---- showing ---- */

uint32_t past_alert_street(const struct judgement *j, const struct past_alert *a)
{
    const struct registry *registry = past_config(j->past)->registry;
    return a->region == REGION_NONE ? REGION_NONE : registry_region(registry, a->region)->ancestor[REGION_STREET];
}

static uint32_t pseudonym(const struct config *config, const char *code)
{
    static const unsigned char none[crypto_shorthash_KEYBYTES];
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const unsigned char *)code, strlen(code), config->actor_keys ? config->actor_keys : none);
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

void past_subject_of(const struct config *config, struct subject subject, const char *code, bool as_code,
                     char out[PAST_SUBJECT_SIZE])
{
    const char *shown = code;
    if (subject.kind == SUBJECT_RESPONDENT) {
        const struct organisation *known = catalogue_find_organisation(config->catalogue, str_of(code));
        if (!known) {
            uint32_t number = pseudonym(config, code);
            snprintf(out, PAST_SUBJECT_SIZE, as_code ? "pseudonym-%08x" : "某被反映方%08x", (unsigned)number);
            return;
        }
        shown = as_code ? known->code : known->name;
    } else if (subject.region != REGION_NONE && !as_code) {
        shown = registry_region(config->registry, subject.region)->name;
    }
    snprintf(out, PAST_SUBJECT_SIZE, "%s", shown);
}

void past_subject(const struct judgement *j, const struct past_alert *a, bool code, char out[PAST_SUBJECT_SIZE])
{
    past_subject_of(past_config(j->past), a->subject, a->code, code, out);
}
