#include "replay/identity.h"

#include "base/member.h"
#include "decode/time.h"

#include <stdio.h>

int64_t member_time(const json_t *object, const char *key)
{
    static const struct time_format format = {TIME_RFC3339, NULL};
    int64_t seconds;
    return time_read(&format, str_of(member_text(object, key)), 0, &seconds) ? seconds : INT64_MIN;
}

static const char *crossed_by(const json_t *data)
{
    return member_text(json_object_get(data, "crossed_by"), "event_id");
}

bool identity_take(struct alert_identity *p, const json_t *message, bool *reaches)
{
    const json_t *data = json_object_get(message, "data");
    const char *id = member_text(data, "alert_id");
    int64_t opened_at = member_time(data, "opened_at");
    if (!*id || opened_at == INT64_MIN)
        return false;
    const char *level = member_text(data, "level"), *highest = member_text(data, "highest_level");
    bool reached = strcmp(p->id, id) != 0 || (strcmp(level, highest) == 0 && strcmp(p->reached_level, highest) != 0);
    snprintf(p->id, sizeof p->id, "%s", id);
    snprintf(p->rule, sizeof p->rule, "%s", member_text(data, "rule"));
    snprintf(p->subject, sizeof p->subject, "%s", member_text(json_object_get(data, "subject"), "code"));
    snprintf(p->each, sizeof p->each, "%s", member_text(json_object_get(data, "each"), "category"));
    snprintf(p->crossed_id, sizeof p->crossed_id, "%s", crossed_by(data));
    p->opened_at = opened_at;
    if (reached) {
        snprintf(p->reached_level, sizeof p->reached_level, "%s", level);
        p->reached_at = member_time(data, "evaluated_at");
        snprintf(p->reached_crossed, sizeof p->reached_crossed, "%s", crossed_by(data));
    }
    if (reaches)
        *reaches = reached;
    return true;
}

/* ---- which it is among those of a replay ---- */

static bool is_of(const struct judgement *j, const struct past_alert *a, const struct alert_identity *p)
{
    char code[PAST_SUBJECT_SIZE];
    const struct catalogue *catalogue = past_config(j->past)->catalogue;
    past_subject(j, a, true, code);
    const char *each = a->subject.each == CATEGORY_NONE ? "" : catalogue_category(catalogue, a->subject.each)->path;
    bool subject = strcmp(code, p->subject) == 0 || strncmp(p->subject, "pseudonym-", strlen("pseudonym-")) == 0;
    return strcmp(j->rules->rules[a->rule].id, p->rule) == 0 && subject && strcmp(each, p->each) == 0;
}

/* a pseudonym is the alert's own: there only the event tells which it is */
static bool was_crossed_by(const struct past_alert *a, const char *id)
{
    return !*id || (a->crossed_id && strcmp(a->crossed_id, id) == 0);
}

static bool was_open(const struct past_alert *a, const struct alert_identity *p)
{
    int64_t at = p->reached_at;
    bool hidden = strncmp(p->subject, "pseudonym-", strlen("pseudonym-")) == 0;
    const char *crossed = p->reached_crossed;
    return at != INT64_MIN && a->opened_minute <= at / 60 && at / 60 < a->ended_minute &&
           (!hidden || (*crossed && was_crossed_by(a, crossed)));
}

const struct past_alert *identity_among(const struct judgement *j, const struct alert_identity *p)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->alerts[i].opened_at == p->opened_at && is_of(j, &j->alerts[i], p) &&
            was_crossed_by(&j->alerts[i], p->crossed_id))
            return &j->alerts[i];
    for (size_t i = 0; i < j->count; i++)
        if (was_open(&j->alerts[i], p) && is_of(j, &j->alerts[i], p))
            return &j->alerts[i];
    return NULL;
}
