/* Members of JSON objects, for those who read and write them by name.  Any thread. */
#ifndef GW_BASE_MEMBER_H
#define GW_BASE_MEMBER_H

#include <jansson.h>
#include <stdint.h>

/* "" where there is no such text; borrowed */
static inline const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* 0 where there is no such whole number */
static inline int64_t member_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* leaves it out where it is empty */
static inline void member_put_text(json_t *object, const char *name, const char *text)
{
    if (*text)
        json_object_set_new(object, name, json_string(text));
}

#endif
