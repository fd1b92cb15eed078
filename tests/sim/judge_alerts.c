/* The part of the judge that compares what was published with what the model says. */
#include "judge_priv.h"

#include "base/check.h"

#include <stdlib.h>

static bool is_of(const struct judged_alert *a, const struct model_subject *s)
{
    return a->rule == (int)s->rule && strcmp(a->code, s->code) == 0 && strcmp(a->each, s->each) == 0 &&
           strcmp(a->kind, subject_kind_word(s->kind)) == 0;
}

/* What is longer ago than the ledger keeps, or may rest on what is: it was judged while that was there, and stays. */
static bool is_past(const struct judge *j, int number, int64_t opened_at)
{
    if (j->newest >= j->world->past_ends && opened_at < j->world->past_ends)
        return true;
    if (number < 0)
        return false;
    const struct rule *rule = &j->rules->rules[number];
    int64_t floor = j->floor, of_readings = j->newest - j->world->config->readings_retention_s;
    if (rule->readings && of_readings > floor)
        floor = of_readings;
    return opened_at - rule_reach_s(rule) < floor;
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
    int64_t closed = judge_closed(j, s->rule), horizon = judge_horizon(j, s->rule);
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

static int64_t end_of(const struct model_episode *e)
{
    return e->steps[e->step_count - 1].minute;
}

struct pairing {
    const struct model_episode *episode;
    enum model_shown shown;
    unsigned level;
    struct judged_alert *alert; /* NULL: none shows it */
};

/* The strongest ties first: what was just said must be exact; an alert that nothing was said of may be out of
 * date, but rather is not; one of which nothing is expected comes after those of which something is, and so does an episode
 * that need not be shown. */
enum tie { TIE_SAID, TIE_OPENED, TIE_OVERLAPS, TIE_DATED_OVERLAPS, TIE_EXPECTED, TIE_ANY, TIES };

static bool ties(const struct judged_alert *a, const struct pairing *p, enum tie tie)
{
    bool overlaps = a->from <= end_of(p->episode) && a->until >= p->episode->opened_minute, strong = false;
    switch (tie) {
    case TIE_SAID:
        strong = a->fresh;
        break;
    case TIE_OPENED:
        strong = !a->dated && a->opened_at == p->episode->opened_at;
        break;
    case TIE_OVERLAPS:
        strong = !a->dated && overlaps;
        break;
    case TIE_DATED_OVERLAPS:
        strong = overlaps;
        break;
    case TIE_EXPECTED:
    case TIE_ANY:
    case TIES:
        strong = true;
        break;
    }
    return strong && matches(a, p->episode, p->shown, p->level);
}

/* was it over so long before it became known that it is only recorded? */
static bool is_old_news(const struct judge *j, const struct model_subject *s, const struct pairing *p)
{
    int64_t before = judge_closed_before(j, s->rule);
    return p->shown == MODEL_ENDED && before != INT64_MIN &&
           end_of(p->episode) <= before - j->rules->rules[s->rule].raise_within_s / 60;
}

static void pair_up(struct judge *j, const struct model_subject *s, struct pairing *pairs, bool *taken)
{
    for (enum tie tie = TIE_SAID; tie < TIES; tie++)
        for (size_t k = 0; k < j->alert_count; k++)
            for (size_t i = 0; i < s->episode_count && !taken[k]; i++) {
                struct judged_alert *a = &j->alerts[k];
                if (pairs[i].alert || pairs[i].shown == MODEL_HIDDEN || !is_of(a, s) || !ties(a, &pairs[i], tie) ||
                    (tie == TIE_EXPECTED && is_old_news(j, s, &pairs[i])))
                    continue;
                pairs[i].alert = a;
                taken[k] = true;
            }
}

static bool has_modifiers(const struct judge *j)
{
    for (size_t i = 0; i < j->fresh_facts && i < FRESH_FACTS; i++) {
        unsigned kind = j->world->events[j->fresh_fact[i]].kind;
        if (kind == EVENT_VOIDED || kind == EVENT_RESTORED || kind == EVENT_MOVED || kind == EVENT_MERGED ||
            kind == EVENT_LINKED)
            return true;
    }
    return false;
}

/* Every alert of the subject that is not withdrawn shows one episode that is to be seen, and each of those has one.
 */
static bool is_shown(const struct judge *j, const struct model_subject *s, const struct pairing *pairs, const bool *taken)
{
    bool good = true;
    for (size_t i = 0; i < s->episode_count; i++) {
        const struct pairing *p = &pairs[i];
        good = good && (p->alert || p->shown == MODEL_HIDDEN || is_old_news(j, s, p));
        /* a cut that was looked at twice may have held less the first time */
        if (p->alert && p->alert->born && is_old_news(j, s, p) && !j->world->tight && !has_modifiers(j) &&
            model_believes_at_once(j->model, s))
            good = false;
    }
    for (size_t k = 0; k < j->alert_count; k++) {
        const struct judged_alert *a = &j->alerts[k];
        good = good && (taken[k] || !is_of(a, s) || a->state == ALERT_STATE_WITHDRAWN || a->dated);
    }
    return good;
}

/* of the episodes that are shown firing the only one; NULL: there are none, or several */
static const struct pairing *only_firing(const struct model_subject *s, const struct pairing *pairs)
{
    const struct pairing *only = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < s->episode_count; i++)
        if (pairs[i].shown == MODEL_FIRING) {
            only = &pairs[i];
            count++;
        }
    return count == 1 ? only : NULL;
}

/* likewise of its alerts, before this commit; and that it has no other */
static const struct judged_alert *only_fired(const struct judge *j, const struct model_subject *s)
{
    const struct judged_alert *only = NULL;
    unsigned count = 0;
    for (size_t k = 0; k < j->alert_count; k++) {
        const struct judged_alert *a = &j->alerts[k];
        if (!is_of(a, s) || a->born || (a->state == ALERT_STATE_WITHDRAWN && !a->was_firing))
            continue;
        only = a;
        count++;
    }
    return count == 1 && only->was_firing ? only : NULL;
}

/* An episode is the alert whose known time it overlaps.  Told where there can be no two minds about it. */
static bool goes_on(const struct judge *j, const struct model_subject *s, const struct pairing *pairs)
{
    const struct pairing *p = only_firing(s, pairs);
    const struct judged_alert *a = only_fired(j, s);
    int64_t before = judge_closed_before(j, s->rule);
    if (!p || !a || before == INT64_MIN || before == INT64_MAX)
        return true;
    int64_t minute = a->until < before ? a->until : before; /* both have seen it closed */
    for (size_t i = 0; i < s->episode_count; i++)
        if (pairs[i].alert == a) /* it may have ended sooner, and another begun */
            return true;
    return a->from > minute || p->episode->opened_minute > minute;
}

/* For the next commit: what the alert is known to cover; and what nobody looks at any more. */
static void remember(struct judge *j, const struct model_subject *s, const struct pairing *pairs)
{
    const struct rule *rule = &j->rules->rules[s->rule];
    int64_t closed = judge_closed(j, s->rule);
    int64_t reach = (rule->raise_within_s + rule->within_s + rule->clear_after_s) / 60 + 1440;
    for (size_t i = 0; i < s->episode_count; i++) {
        struct judged_alert *a = pairs[i].alert;
        if (!a)
            continue;
        a->from = pairs[i].episode->opened_minute;
        a->until = end_of(pairs[i].episode) < closed ? end_of(pairs[i].episode) : closed;
        if (pairs[i].shown == MODEL_ENDED && closed != INT64_MAX && end_of(pairs[i].episode) < closed - reach)
            a->dated = true;
    }
}

static bool check_subject(struct judge *j, const struct model_subject *s)
{
    bool *taken = xcalloc(j->alert_count + 1, sizeof *taken);
    struct pairing *pairs = xcalloc(s->episode_count + 1, sizeof *pairs);
    for (size_t i = 0; i < s->episode_count; i++) {
        pairs[i].episode = &s->episodes[i];
        pairs[i].shown =
            model_shown(s, &s->episodes[i], judge_closed(j, s->rule), judge_horizon(j, s->rule), &pairs[i].level);
        if (is_past(j, (int)s->rule, s->episodes[i].opened_at))
            pairs[i].shown = MODEL_HIDDEN;
    }
    for (size_t k = 0; k < j->alert_count; k++)
        taken[k] = is_past(j, j->alerts[k].rule, j->alerts[k].opened_at);
    pair_up(j, s, pairs, taken);
    bool shown = is_shown(j, s, pairs, taken), good = shown && goes_on(j, s, pairs);
    remember(j, s, pairs);
    free(taken);
    free(pairs);
    if (good)
        return true;
    char text[900];
    describe(j, s, text, sizeof text);
    return judge_fail(j, "rule %s, %s %s %s: %s: %s", j->rules->rules[s->rule].id, subject_kind_word(s->kind), s->code,
                      s->each, shown ? "what goes on is not the same alert" : "alerts are not the episodes", text);
}

bool judge_alerts(struct judge *j)
{
    size_t count;
    const struct model_subject *subjects = model_subjects(j->model, &count);
    for (size_t i = 0; i < count; i++) {
        if (!judge_publishes(&j->rules->rules[subjects[i].rule]))
            continue;
        model_run(j->model, i, judge_closed(j, subjects[i].rule));
        if (!check_subject(j, &subjects[i]))
            return false;
    }
    for (size_t k = 0; k < j->alert_count; k++) {
        struct judged_alert *a = &j->alerts[k];
        if (a->rule < 0 || j->rules->rules[a->rule].standing)
            continue;
        bool known = a->state == ALERT_STATE_WITHDRAWN || a->dated || is_past(j, a->rule, a->opened_at);
        for (size_t i = 0; i < count && !known; i++)
            known = is_of(a, &subjects[i]);
        if (!known)
            return judge_fail(j, "alert %s of %s %s has no facts", a->id, a->kind, a->code);
        if (a->state == ALERT_STATE_FIRING && a->unknown != judge_silent(j, (unsigned)a->rule))
            return judge_fail(j, "alert %s is shown as %s", a->id, a->unknown ? "unknown" : "known, in a silence");
    }
    return true;
}
