/* The part of the judge that compares what was published with what the model says. */
#include "judge_priv.h"

#include "base/check.h"
#include "base/civil.h"

#include <stdlib.h>

static uint64_t sources_of(const struct rule *rule)
{
    uint64_t sources = 0;
    for (unsigned s = 0; s < rule->selection_count; s++)
        sources |= rule->selections[s].sources;
    return sources;
}

bool judge_silent(const struct judge *j, unsigned rule)
{
    bool silent = false;
    for (unsigned s = 0; s < j->world->config->source_count; s++)
        silent |= sources_of(&j->world->config->rules->rules[rule]) >> s & 1 && j->sources[s].silent;
    return silent;
}

/* the last minute all of whose seconds lie below the watermark */
static int64_t closed_minute(const struct judge *j, unsigned rule)
{
    int64_t least = INT64_MAX;
    for (unsigned s = 0; s < j->world->config->source_count; s++)
        if (sources_of(&j->world->config->rules->rules[rule]) >> s & 1 && j->sources[s].watermark < least)
            least = j->sources[s].watermark;
    return least == INT64_MIN || least == INT64_MAX ? least : (least - 1) / 60;
}

/* up to which minute of the clock the rule's conditions are looked at */
static int64_t horizon_minute(const struct judge *j, unsigned rule)
{
    int64_t least = MODEL_NEVER;
    for (unsigned s = 0; s < j->world->config->source_count; s++)
        if (sources_of(&j->world->config->rules->rules[rule]) >> s & 1 && j->sources[s].horizon < least)
            least = j->sources[s].horizon;
    return least;
}

/* ---- revisions ---- */

static struct judged_alert *alert_of(struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->alert_count; i++)
        if (strcmp(j->alerts[i].id, id) == 0)
            return &j->alerts[i];
    if (j->alert_count == j->alert_capacity) {
        j->alert_capacity = j->alert_capacity ? j->alert_capacity * 2 : 32;
        j->alerts = xrealloc(j->alerts, j->alert_capacity * sizeof *j->alerts);
    }
    struct judged_alert *a = &j->alerts[j->alert_count++];
    *a = (struct judged_alert){0};
    snprintf(a->id, sizeof a->id, "%s", id);
    j->counts.alerts++;
    return a;
}

static unsigned level_of(const struct judge *j, const json_t *word)
{
    const struct rule_set *rules = j->world->config->rules;
    for (unsigned l = 1; json_is_string(word) && l <= rules->level_count; l++)
        if (strcmp(rules->level_name[l], json_string_value(word)) == 0)
            return l;
    return 0;
}

static int64_t time_of(const json_t *text) /* rendered with the offset +00:00 */
{
    unsigned y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0;
    if (json_is_string(text))
        sscanf(json_string_value(text), "%4u-%2u-%2uT%2u:%2u:%2u", &y, &mo, &d, &h, &mi, &s);
    return civil_days(y, mo, d) * CIVIL_DAY_S + h * 3600 + mi * 60 + s;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool take_revision(struct judge *j, const json_t *data)
{
    struct judged_alert *a = alert_of(j, text_of(data, "alert_id"));
    const json_t *subject = json_object_get(data, "subject");
    unsigned revision = (unsigned)json_integer_value(json_object_get(data, "revision")), rule = 0;
    while (rule < j->rules && strcmp(j->world->config->rules->rules[rule].id, text_of(data, "rule")) != 0)
        rule++;
    if (rule == j->rules)
        return judge_fail(j, "an alert of a rule that is not active: %s", text_of(data, "rule"));
    if (revision != a->revision + 1)
        return judge_fail(j, "revision %u of alert %s came after revision %u", revision, a->id, a->revision);
    if (a->revision && a->state == ALERT_STATE_WITHDRAWN)
        return judge_fail(j, "revision %u of alert %s came after it was withdrawn", revision, a->id);
    const char *each = text_of(json_object_get(data, "each"), "category");
    bool same = strcmp(a->code, text_of(subject, "code")) == 0 && strcmp(a->each, each) == 0;
    if (a->revision && (a->rule != rule || !same))
        return judge_fail(j, "alert %s changed its rule or subject", a->id);
    a->revision = revision;
    a->rule = rule;
    snprintf(a->kind, sizeof a->kind, "%s", text_of(subject, "kind"));
    snprintf(a->code, sizeof a->code, "%s", text_of(subject, "code"));
    snprintf(a->each, sizeof a->each, "%s", each);
    const char *state = text_of(data, "state");
    a->state = strcmp(state, "resolved") == 0    ? ALERT_STATE_RESOLVED
               : strcmp(state, "withdrawn") == 0 ? ALERT_STATE_WITHDRAWN
                                                 : ALERT_STATE_FIRING;
    a->unknown = strcmp(state, "unknown") == 0;
    a->level = level_of(j, json_object_get(data, "level"));
    a->highest = level_of(j, json_object_get(data, "highest_level"));
    a->opened_at = time_of(json_object_get(data, "opened_at"));
    a->fresh = true;
    if (j->trace)
        printf("       alert %.6s:%u %s, level %u, %s %s %s %s, opened at %lld\n", a->id, revision, state, a->level,
               text_of(data, "rule"), a->kind, a->code, a->each, (long long)a->opened_at);
    j->counts.revisions++;
    return true;
}

bool judge_revision(struct judge *j, const struct log_entry *e)
{
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
    bool good = json ? take_revision(j, json_object_get(json, "data")) : judge_fail(j, "an alert is not JSON");
    json_decref(json);
    return good;
}

/* ---- alerts against episodes ---- */

static bool is_of(const struct judged_alert *a, const struct model_subject *s)
{
    return a->rule == s->rule && strcmp(a->code, s->code) == 0 && strcmp(a->each, s->each) == 0 &&
           strcmp(a->kind, subject_kind_word(s->kind)) == 0;
}

/* What is longer ago than the ledger keeps: it was judged while it was there, and nobody looks at it any more. */
static bool is_past(const struct judge *j, int64_t opened_at)
{
    return j->newest >= j->world->past_ends && opened_at < j->world->past_ends;
}

/* does the alert show this episode as it stands? */
static bool matches(const struct judged_alert *a, const struct model_episode *e, enum model_shown shown,
                    unsigned level)
{
    if (a->state == ALERT_STATE_WITHDRAWN)
        return false;
    if (a->state == ALERT_STATE_RESOLVED ? shown != MODEL_ENDED : shown != MODEL_FIRING || a->level != level)
        return false;
    /* an alert that nothing was said of since may have been opened earlier, by facts that came late: no revision */
    return !a->fresh ||
           (a->opened_at == e->opened_at && (a->state != ALERT_STATE_RESOLVED || a->highest >= e->highest));
}

static void describe(const struct judge *j, const struct model_subject *s, char *out, size_t size)
{
    int64_t closed = closed_minute(j, s->rule), horizon = horizon_minute(j, s->rule);
    size_t len =
        (size_t)snprintf(out, size, "closed %lld, horizon %lld; episodes:", (long long)closed, (long long)horizon);
    for (size_t i = 0; i < s->episode_count && len < size; i++) {
        const struct model_episode *e = &s->episodes[i];
        unsigned level;
        enum model_shown shown = model_shown(s, e, closed, horizon, &level);
        static const char *const words[] = {"hidden", "firing", "ended"};
        len += (size_t)snprintf(out + len, size - len, " [%lld..%lld at %lld %s %u]", (long long)e->opened_minute,
                                (long long)e->steps[e->step_count - 1].minute, (long long)e->opened_at, words[shown],
                                level);
    }
    for (size_t i = 0; i < j->alert_count && len < size; i++) {
        const struct judged_alert *a = &j->alerts[i];
        static const char *const words[] = {"firing", "resolved", "withdrawn"};
        if (is_of(a, s))
            len += (size_t)snprintf(out + len, size - len, " {%.6s:%u %s %u at %lld%s}", a->id, a->revision,
                                    words[a->state], a->level, (long long)a->opened_at, a->fresh ? " fresh" : "");
    }
    for (size_t i = 0; i < s->fact_count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, " %s@%lld", s->facts[i].fact->event->id,
                                (long long)s->facts[i].fact->event->occurred_at);
}

struct pairing {
    const struct model_episode *episode;
    enum model_shown shown;
    unsigned level;
    bool paired;
};

/* the strongest ties first: what was just said must be exact, and an alert that nothing was said of may be out of
 * date, but rather is not */
static bool ties(const struct judged_alert *a, const struct pairing *p, int pass)
{
    bool strong = pass == 0 ? a->fresh : pass == 1 ? a->opened_at == p->episode->opened_at : true;
    return strong && matches(a, p->episode, p->shown, p->level);
}

/* Every alert of the subject that is not withdrawn shows one episode that is to be seen, and each of those has one.
 */
static bool check_subject(struct judge *j, const struct model_subject *s)
{
    bool *taken = xcalloc(j->alert_count + 1, sizeof *taken), good = true;
    struct pairing *pairs = xcalloc(s->episode_count + 1, sizeof *pairs);
    for (size_t i = 0; i < s->episode_count; i++) {
        pairs[i].episode = &s->episodes[i];
        pairs[i].shown =
            model_shown(s, &s->episodes[i], closed_minute(j, s->rule), horizon_minute(j, s->rule), &pairs[i].level);
        pairs[i].paired = pairs[i].shown == MODEL_HIDDEN || is_past(j, s->episodes[i].opened_at);
    }
    for (size_t k = 0; k < j->alert_count; k++)
        taken[k] = is_past(j, j->alerts[k].opened_at);
    for (int pass = 0; pass < 3; pass++)
        for (size_t k = 0; k < j->alert_count; k++)
            for (size_t i = 0; i < s->episode_count && !taken[k]; i++)
                if (!pairs[i].paired && is_of(&j->alerts[k], s) && ties(&j->alerts[k], &pairs[i], pass))
                    pairs[i].paired = taken[k] = true;
    for (size_t i = 0; i < s->episode_count; i++)
        good = good && pairs[i].paired;
    for (size_t k = 0; k < j->alert_count; k++)
        good = good && (taken[k] || !is_of(&j->alerts[k], s) || j->alerts[k].state == ALERT_STATE_WITHDRAWN);
    free(taken);
    free(pairs);
    if (good)
        return true;
    char text[900];
    describe(j, s, text, sizeof text);
    return judge_fail(j, "rule %s, %s %s %s: alerts are not the episodes: %s",
                      j->world->config->rules->rules[s->rule].id, subject_kind_word(s->kind), s->code, s->each, text);
}

bool judge_alerts(struct judge *j)
{
    size_t count;
    const struct model_subject *subjects = model_subjects(j->model, &count);
    for (size_t i = 0; i < count; i++) {
        if (subjects[i].rule >= j->rules)
            continue;
        model_run(j->model, i, closed_minute(j, subjects[i].rule));
        if (!check_subject(j, &subjects[i]))
            return false;
    }
    for (size_t k = 0; k < j->alert_count; k++) {
        struct judged_alert *a = &j->alerts[k];
        bool known = a->state == ALERT_STATE_WITHDRAWN || is_past(j, a->opened_at);
        for (size_t i = 0; i < count && !known; i++)
            known = is_of(a, &subjects[i]);
        if (!known)
            return judge_fail(j, "alert %s of %s %s has no facts", a->id, a->kind, a->code);
        if (a->state == ALERT_STATE_FIRING && a->unknown != judge_silent(j, a->rule))
            return judge_fail(j, "alert %s is shown as %s", a->id, a->unknown ? "unknown" : "known, in a silence");
        a->fresh = false;
    }
    return true;
}
