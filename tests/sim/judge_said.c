/* The part of the judge that looks after what the command centre said: each of it is applied, by what the state topic holds, or
 * a dead letter; what was sent twice is applied once. */
#include "judge_priv.h"

#include "base/check.h"

#include <stdlib.h>

static bool *applied_of(struct judge *j, size_t number)
{
    if (j->said_count < j->centre->count) {
        j->applied = xrealloc(j->applied, j->centre->capacity * sizeof *j->applied);
        memset(j->applied + j->said_count, 0, j->centre->capacity - j->said_count);
        j->said_count = j->centre->capacity;
    }
    return &j->applied[number];
}

static struct judged_silence *silence_of(const struct judge *j, const char *id)
{
    for (size_t i = 0; i < j->silence_count; i++)
        if (strcmp(j->silences[i].id, id) == 0)
            return &j->silences[i];
    return NULL;
}

bool judge_refused(struct judge *j, size_t number, const char *reason)
{
    const struct said *s = &j->centre->all[number];
    const struct judged_alert *a = *s->alert ? judge_alert_find(j, s->alert) : NULL;
    const struct judged_silence *ends = *s->silence ? silence_of(j, s->silence) : NULL;
    if (strcmp(reason, "unknown_alert") == 0 && a && a->was_firing && a->state == ALERT_STATE_FIRING)
        return judge_fail(j, "the alert of %s, %s, is called unknown, and fires", s->id, s->alert);
    if (strcmp(reason, "withdrawn") == 0 && (!a || a->was_firing) && !(a && a->state == ALERT_STATE_WITHDRAWN))
        return judge_fail(j, "the alert of %s, %s, is called withdrawn, and is not", s->id, s->alert);
    if (strcmp(reason, "unknown_silence") == 0 && ends && !ends->fresh)
        return judge_fail(j, "the silence that %s ends, %s, is called unknown, and is not", s->id, s->silence);
    return true;
}

static bool same(const struct said *s, const char *id, const char *alert)
{
    return strcmp(s->id, id) == 0 && strcmp(s->alert, alert) == 0;
}

static void apply(struct judge *j, const char *id, const char *alert)
{
    for (size_t i = 0; i < j->centre->count; i++)
        if (same(&j->centre->all[i], id, alert))
            *applied_of(j, i) = true;
}

/* that record, or one with the same id that came before */
static bool is_applied(struct judge *j, const struct said *s)
{
    bool applied = false;
    for (size_t i = 0; i < j->centre->count; i++)
        applied |= same(&j->centre->all[i], s->id, s->alert) && *applied_of(j, i);
    return applied;
}

/* ---- the state topic ---- */

static bool take_journal(struct judge *j, const json_t *alert)
{
    size_t i, k;
    json_t *entry;
    const json_t *journal = json_object_get(alert, "journal");
    json_array_foreach(journal, i, entry)
    {
        for (k = 0; k < i; k++)
            if (strcmp(judge_text_of(json_array_get(journal, k), "id"), judge_text_of(entry, "id")) == 0)
                return judge_fail(j, "the disposition %s was applied twice", judge_text_of(entry, "id"));
        apply(j, judge_text_of(entry, "id"), judge_text_of(alert, "id"));
    }
    return true;
}

static bool take_subject(struct judge *j, const json_t *state)
{
    size_t i;
    json_t *alert;
    json_array_foreach(json_object_get(state, "alerts"), i, alert)
    {
        if (!take_journal(j, alert))
            return false;
    }
    return true;
}

static bool take_silence(struct judge *j, const json_t *state)
{
    const char *id = judge_text_of(state, "id");
    struct judged_silence *s = silence_of(j, id);
    if (!s) {
        j->silences = xrealloc(j->silences, (j->silence_count + 1) * sizeof *j->silences);
        s = &j->silences[j->silence_count++];
        *s = (struct judged_silence){.fresh = true, .until = INT64_MAX};
        snprintf(s->id, sizeof s->id, "%s", id);
    }
    int64_t until = json_integer_value(json_object_get(state, "until"));
    if (until > s->until)
        return judge_fail(j, "the silence %s lasts longer than before", id);
    s->until = until;
    if (!json_is_true(json_object_get(state, "early"))) /* else its end came first */
        apply(j, id, "");
    return true;
}

static bool is_key(const struct log_entry *e, const char *prefix)
{
    size_t len = strlen(prefix);
    return e->key.len > len && memcmp(e->key.at, prefix, len) == 0;
}

static bool take_kept(struct judge *j, const struct log_entry *e, const json_t *state)
{
    if (is_key(e, "budget/"))
        judge_spent(j, (struct str){e->key.at + 7, e->key.len - 7}, state);
    return !state || (is_key(e, "subject/")    ? take_subject(j, state)
                      : is_key(e, "silence/")  ? take_silence(j, state)
                      : is_key(e, "incident/") ? judge_hangs_together(j, state)
                                               : true);
}

bool judge_kept(struct judge *j, const struct log_entry *e)
{
    if (!j->world->centre)
        return true;
    json_t *json = e->value.at ? json_loadb(e->value.at, e->value.len, JSON_DECODE_ANY, NULL) : NULL;
    bool good = (json || !e->value.at) && take_kept(j, e, json);
    json_decref(json);
    return good || judge_fail(j, "what is kept under %.*s is not JSON", STR_ARG(e->key));
}

/* ---- after a commit ---- */

/* The end of a silence that is known is applied, whether it comes before others or after: it is over by then. */
static bool is_over(const struct judge *j, const struct said *s)
{
    const struct judged_silence *ends = silence_of(j, s->silence);
    return ends && ends->until <= s->at;
}

static bool is_answered(struct judge *j, const struct input_record *record, bool dead)
{
    size_t number = said_number(record->tag);
    const struct said *s = &j->centre->all[number];
    bool applied = *s->silence ? is_over(j, s) : is_applied(j, s);
    if (!dead && !applied)
        return judge_fail(j, "%s was read, and has no answer: %s", s->id, s->text);
    if (!dead || *s->silence || !applied)
        return true;
    for (size_t i = 0; i < j->centre->count; i++) /* another record of it was */
        if (same(&j->centre->all[i], s->id, s->alert) && i != number)
            return true;
    return judge_fail(j, "%s was applied, and is a dead letter: %s", s->id, s->text);
}

bool judge_said(struct judge *j)
{
    for (size_t p = 0; p < j->world->partition_count && j->world->centre; p++) {
        const struct input *input = &j->log->inputs[p];
        for (size_t i = 0; i < input->count && input->records[i].offset < j->inputs[p].committed; i++)
            if (input->records[i].tag < -1 &&
                !is_answered(j, &input->records[i], i < j->inputs[p].dead_capacity && j->inputs[p].dead[i]))
                return false;
    }
    for (size_t i = 0; i < j->silence_count; i++)
        j->silences[i].fresh = false;
    return true;
}
