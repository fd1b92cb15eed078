#include "sink/parts.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

enum { MARK_SIZE = 16 };

size_t part_len(const char *text, size_t left)
{
    size_t len = left < PART_BYTES ? left : PART_BYTES;
    while (len < left && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static unsigned count_of(struct str text)
{
    unsigned count = 0;
    for (size_t at = 0; at < text.len; at += part_len(text.at + at, text.len - at))
        count++;
    return count;
}

static char *further_key(unsigned number, const char *key)
{
    char *name;
    CHECK(asprintf(&name, "+%u/%s", number, key) >= 0);
    return name;
}

static void put_further(unsigned number, const char *key, struct str value, part_put *put, void *arg)
{
    char *name = further_key(number, key);
    put(arg, str_of(name), value);
    free(name);
}

static void put_first(unsigned count, const char *key, struct str part, part_put *put, void *arg)
{
    char mark[MARK_SIZE];
    struct buffer text = {0};
    buffer_put(&text, mark, (size_t)snprintf(mark, sizeof mark, "+%u\n", count));
    buffer_put(&text, part.at, part.len);
    put(arg, str_of(key), buffer_str(&text));
    buffer_free(&text);
}

void parts_put(json_t *known, const char *key, struct str text, part_put *put, void *arg)
{
    unsigned before = (unsigned)json_integer_value(json_object_get(known, key)), count = text.at ? count_of(text) : 0;
    size_t at = 0;
    if (count < 2)
        put(arg, str_of(key), text);
    for (unsigned i = 0; count >= 2 && i < count; i++) {
        struct str part = {text.at + at, part_len(text.at + at, text.len - at)};
        at += part.len;
        if (i)
            put_further(i, key, part, put, arg);
        else
            put_first(count, key, part, put, arg);
    }
    for (unsigned i = count ? count : 1; i < before; i++)
        put_further(i, key, (struct str){0}, put, arg);
    if (count >= 2)
        json_object_set_new(known, key, json_integer(count));
    else if (before)
        json_object_del(known, key);
}

bool parts_further(const char *key)
{
    return key[0] == '+';
}

static bool join_further(const json_t *state, const char *key, unsigned number, struct buffer *text)
{
    char *name = further_key(number, key);
    const json_t *part = json_object_get(state, name);
    free(name);
    if (part)
        buffer_put(text, json_string_value(part), json_string_length(part));
    return part;
}

bool parts_join(const json_t *state, const char *key, json_t *known, struct buffer *text)
{
    const json_t *first = json_object_get(state, key);
    const char *value = json_string_value(first);
    unsigned count = 0;
    int mark = 0;
    if (!value)
        return false;
    bool parts = value[0] == '+' && sscanf(value, "+%u%n", &count, &mark) == 1 && value[mark] == '\n';
    size_t begin = parts ? (size_t)mark + 1 : 0;
    buffer_put(text, value + begin, json_string_length(first) - begin);
    for (unsigned i = 1; parts && i < count; i++)
        if (!join_further(state, key, i, text))
            return false;
    if (parts)
        json_object_set_new(known, key, json_integer(count));
    return true;
}
