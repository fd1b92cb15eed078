#include "handle/message.h"

#include "decode/text.h"
#include "decode/time.h"

#include <stdio.h>

enum { ANCIENT_BEFORE_S = 946684800 };

bool message_refuse(const struct message *m, enum decode_refusal reason, const char *place, const char *expected)
{
    m->refusal->reason = reason;
    snprintf(m->refusal->place, sizeof m->refusal->place, "%s", place);
    snprintf(m->refusal->expected, sizeof m->refusal->expected, "%s", expected);
    return false;
}

bool message_open(struct message *m, struct str text)
{
    *m->refusal = (struct refusal){.reason = DECODE_OK};
    m->event = NULL;
    if (!text.at || !text.len)
        return message_refuse(m, DECODE_EMPTY, "", "a JSON object");
    m->event = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(m->event))
        return message_refuse(m, DECODE_NOT_JSON, "", "one JSON object");
    const json_t *data = json_object_get(m->event, "data");
    m->data = json_is_object(data) ? data : m->event;
    return true;
}

void message_close(struct message *m)
{
    json_decref(m->event);
    m->event = NULL;
}

static struct str word_of(const json_t *object, const char *key)
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

struct str message_word(const struct message *m, const char *key)
{
    return word_of(m->data, key);
}

static bool read_text(const struct message *m, const json_t *object, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(object, key);
    struct str text = word_of(object, key);
    if (value && !json_is_string(value) && !json_is_null(value))
        return message_refuse(m, DECODE_BAD_FIELD, key, "a text");
    if (text.len >= size || str_has(text, '\0'))
        return message_refuse(m, DECODE_BAD_FIELD, key,
                              size == MESSAGE_TEXT ? "a text of at most 200 bytes" : "a text of at most 32 bytes");
    if (text.len)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

bool message_text(const struct message *m, const char *key, char *out, size_t size)
{
    return read_text(m, m->data, key, out, size);
}

bool message_id(const struct message *m, char id[MESSAGE_TEXT])
{
    return read_text(m, m->event, "id", id, MESSAGE_TEXT) &&
           (*id || message_refuse(m, DECODE_MISSING_FIELD, "id", "an id that no other message has"));
}

static bool read_time(const struct message *m, const json_t *object, const char *key, int64_t *seconds)
{
    static const struct time_format format = {TIME_RFC3339, NULL};
    struct str text = word_of(object, key);
    if (!text.len)
        return true;
    if (!time_read(&format, text, 0, seconds))
        return message_refuse(m, DECODE_BAD_TIME, key, "a time such as 2026-01-12T09:41:22+08:00");
    return true;
}

bool message_time(const struct message *m, const char *key, int64_t *seconds)
{
    return read_time(m, m->data, key, seconds);
}

bool message_at(const struct message *m, int64_t *seconds)
{
    *seconds = 0;
    if (!read_time(m, m->data, "at", seconds) || (!*seconds && !read_time(m, m->event, "time", seconds)))
        return false;
    if (!*seconds)
        return message_refuse(m, DECODE_MISSING_FIELD, "at", "the time when it was done");
    if (*seconds < ANCIENT_BEFORE_S)
        return message_refuse(m, DECODE_ANCIENT, "at", "a time since the year 2000");
    if (m->now_ms >= 0 && *seconds > m->now_ms / 1000 + m->skew_s)
        return message_refuse(m, DECODE_FUTURE, "at", "a time that is past, or ahead by no more than the skew");
    return true;
}

bool message_unit(const struct message *m, const char *key, char unit[MESSAGE_TEXT])
{
    return message_text(m, key, unit, MESSAGE_TEXT) &&
           (!text_numbered(str_of(unit)) ||
            message_refuse(m, DECODE_BAD_FIELD, key, "a unit's name, without anybody's number"));
}

bool message_role(const struct message *m, char by_role[MESSAGE_WORD])
{
    if (!message_text(m, "by_role", by_role, MESSAGE_WORD))
        return false;
    if (by_role[strspn(by_role, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0' || text_numbered(str_of(by_role)))
        return message_refuse(m, DECODE_BAD_FIELD, "by_role",
                              "a role such as duty_officer: a-z, 0-9, _ and -; never a name nor anybody's number");
    return true;
}
