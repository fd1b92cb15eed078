#include "handle/disposition.h"

#include "decode/time.h"

#include <jansson.h>
#include <stdio.h>

enum { ANCIENT_BEFORE_S = 946684800, INVOLVED_MAX = 1000000 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const outcomes[][2] = {
#define X(name, word, chinese) {word, chinese},
    OUTCOME_TABLE_SAID(X)
#undef X
};
static const char *const causes[][2] = {
#define X(name, word, chinese) {word, chinese},
    CAUSE_TABLE(X)
#undef X
};

const char *said_outcome_word(enum said_outcome outcome)
{
    return outcomes[outcome][0];
}

const char *cause_word(enum cause cause)
{
    return causes[cause][0];
}

const char *cause_word_zh(enum cause cause)
{
    return causes[cause][1];
}

static int find(struct str word, const char *const words[][2], size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (str_eq(word, str_of(words[i][0])) || str_eq(word, str_of(words[i][1])))
            return (int)i;
    return -1;
}

int said_outcome_parse(struct str word)
{
    return find(word, outcomes, COUNT(outcomes));
}

int cause_parse(struct str word)
{
    return find(word, causes, COUNT(causes));
}

bool act_names_unit(enum act act)
{
    return act != ACT_EXTENDED && act != ACT_FALSE_ALARM && act != ACT_REOPENED;
}

/* ---- the message ---- */

struct reader {
    const json_t *data;
    int64_t now_ms, skew_s;
    struct refusal *refusal;
};

static bool refuse(const struct reader *r, enum decode_refusal reason, const char *place, const char *expected)
{
    r->refusal->reason = reason;
    snprintf(r->refusal->place, sizeof r->refusal->place, "%s", place);
    snprintf(r->refusal->expected, sizeof r->refusal->expected, "%s", expected);
    return false;
}

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    struct str text = {json_string_value(value), json_string_length(value)};
    while (text.len && (unsigned char)text.at[text.len - 1] <= ' ')
        text.len--;
    while (text.len && (unsigned char)*text.at <= ' ') {
        text.at++;
        text.len--;
    }
    return text;
}

/* empty where it is absent */
static bool read_text(const struct reader *r, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(r->data, key);
    struct str text = text_of(r->data, key);
    if (value && !json_is_string(value) && !json_is_null(value))
        return refuse(r, DECODE_BAD_FIELD, key, "a text");
    if (text.len >= size || str_has(text, '\0'))
        return refuse(r, DECODE_BAD_FIELD, key, size == DISPOSITION_TEXT ? "a text of at most 200 bytes"
                                                                         : "a text of at most 32 bytes");
    if (text.len)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

/* Who acted is said by a word for a role.  It is stored and published, so no name may stand there. */
static bool read_role(const struct reader *r, struct disposition *d)
{
    if (!read_text(r, "by_role", d->by_role, sizeof d->by_role))
        return false;
    if (d->by_role[strspn(d->by_role, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
        return refuse(r, DECODE_BAD_FIELD, "by_role", "a role such as duty_officer: a-z, 0-9, _ and -; never a name");
    return true;
}

static bool read_time(const struct reader *r, const json_t *object, const char *key, int64_t *seconds)
{
    static const struct time_format format = {TIME_RFC3339, NULL};
    struct str text = text_of(object, key);
    if (!text.len)
        return true;
    if (!time_read(&format, text, 0, seconds))
        return refuse(r, DECODE_BAD_TIME, key, "a time such as 2026-01-12T09:41:22+08:00");
    return true;
}

static bool read_at(const struct reader *r, const json_t *event, struct disposition *d)
{
    if (!read_time(r, r->data, "at", &d->at) || (!d->at && !read_time(r, event, "time", &d->at)))
        return false;
    if (!d->at)
        return refuse(r, DECODE_MISSING_FIELD, "at", "the time when it was done");
    if (d->at < ANCIENT_BEFORE_S)
        return refuse(r, DECODE_ANCIENT, "at", "a time since the year 2000");
    if (r->now_ms >= 0 && d->at > r->now_ms / 1000 + r->skew_s)
        return refuse(r, DECODE_FUTURE, "at", "a time that is past, or ahead by no more than the skew");
    return true;
}

static bool read_alert(const struct reader *r, struct disposition *d)
{
    if (!read_text(r, "alert_id", d->alert, sizeof d->alert))
        return false;
    if (!*d->alert)
        return refuse(r, DECODE_MISSING_FIELD, "alert_id", "the id of an alert");
    if (strlen(d->alert) != DISPOSITION_ALERT - 1 || strspn(d->alert, "0123456789abcdef") != DISPOSITION_ALERT - 1)
        return refuse(r, DECODE_BAD_FIELD, "alert_id", "32 hexadecimal digits");
    return true;
}

static bool read_act(const struct reader *r, struct disposition *d)
{
    struct str word = text_of(r->data, "action");
    int act = act_said(word);
    if (!word.len)
        return refuse(r, DECODE_MISSING_FIELD, "action", "what was done, such as signed");
    if (act < 0)
        return refuse(r, DECODE_UNKNOWN_KIND, "action",
                      "signed, dispatched, arrived, returned, transferred, added_unit, extended, closed, false_alarm or reopened");
    d->act = (enum act)act;
    return true;
}

static bool read_words(const struct reader *r, struct disposition *d)
{
    struct str outcome = text_of(r->data, "outcome"), reason = text_of(r->data, "reason");
    int said = outcome.len ? said_outcome_parse(outcome) : SAID_NONE, cause = reason.len ? cause_parse(reason) : CAUSE_NONE;
    if (said < 0)
        return refuse(r, DECODE_BAD_FIELD, "outcome", "verified, false or mediated");
    if (cause < 0)
        return refuse(r, DECODE_BAD_FIELD, "reason",
                      "not_ours, duplicate, misclassified, wrong_grid, already_known, test_data or below_concern");
    d->outcome = (enum said_outcome)said;
    d->reason = (enum cause)cause;
    return true;
}

static bool read_involved(const struct reader *r, struct disposition *d)
{
    const json_t *value = json_object_get(r->data, "involved");
    json_int_t number = json_integer_value(value);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || number < 0 || number > INVOLVED_MAX)
        return refuse(r, DECODE_BAD_NUMBER, "involved", "a number of people");
    d->involved = (uint32_t)number;
    return true;
}

/* what only some acts need */
static bool check(const struct reader *r, const struct disposition *d)
{
    if (act_names_unit(d->act) && !*d->unit)
        return refuse(r, DECODE_MISSING_FIELD, "unit", "the unit that did it");
    if (d->act == ACT_TRANSFERRED && !*d->to)
        return refuse(r, DECODE_MISSING_FIELD, "to", "the unit that it was transferred to");
    if (d->act == ACT_TRANSFERRED && strcmp(d->to, d->unit) == 0)
        return refuse(r, DECODE_BAD_FIELD, "to", "another unit");
    if (d->act == ACT_EXTENDED && d->until <= d->at)
        return refuse(r, d->until ? DECODE_BAD_TIME : DECODE_MISSING_FIELD, "until", "the new limit for closing, after `at`");
    return true;
}

bool disposition_read(struct str message, int64_t now_ms, int64_t skew_s, struct disposition *out,
                      struct refusal *refusal)
{
    struct reader r = {.now_ms = now_ms, .skew_s = skew_s, .refusal = refusal};
    *out = (struct disposition){0};
    *refusal = (struct refusal){.reason = DECODE_OK};
    if (!message.at || !message.len)
        return refuse(&r, DECODE_EMPTY, "", "a JSON object");
    json_t *event = json_loadb(message.at, message.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(event)) {
        json_decref(event);
        return refuse(&r, DECODE_NOT_JSON, "", "one JSON object");
    }
    const json_t *data = json_object_get(event, "data");
    r.data = event; /* the id is the envelope's */
    bool good = read_text(&r, "id", out->id, sizeof out->id) &&
                (*out->id || refuse(&r, DECODE_MISSING_FIELD, "id", "an id that no other disposition has"));
    r.data = json_is_object(data) ? data : event;
    good = good && read_alert(&r, out) && read_act(&r, out) && read_text(&r, "unit", out->unit, sizeof out->unit) &&
           read_text(&r, "to", out->to, sizeof out->to) && read_role(&r, out) && read_words(&r, out) &&
           read_text(&r, "actual_level", out->actual_level, sizeof out->actual_level) && read_involved(&r, out) &&
           read_at(&r, event, out) && read_time(&r, r.data, "until", &out->until) && check(&r, out);
    json_decref(event);
    return good;
}
