#include "sink/store.h"

#include "base/check.h"

#include <stdlib.h>

const char *store_topic_word(enum store_topic topic)
{
    static const char *const words[] = {
#define X(name, word) word,
        STORE_TOPIC_TABLE(X)
#undef X
    };
    return words[topic];
}

void store_state_take(json_t *state, struct str key, struct str value)
{
    char *name = xstrndup(key.at, key.len);
    if (value.at && value.len)
        json_object_set_new(state, name, json_stringn(value.at, value.len));
    else
        json_object_del(state, name);
    free(name);
}

enum store_result store_follow_nothing(void *context, store_handler *handler, void *arg, int timeout_ms, bool *at_end)
{
    (void)context;
    (void)handler;
    (void)arg;
    (void)timeout_ms;
    *at_end = true;
    return STORE_OK;
}

enum store_result store_lead_alone(void *context)
{
    (void)context;
    return STORE_OK;
}
