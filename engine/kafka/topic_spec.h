/* What each of the engine's topics must be like, in one place for the check and for the creation.  For topics*.c. */
#ifndef GW_KAFKA_TOPIC_SPEC_H
#define GW_KAFKA_TOPIC_SPEC_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum setting_test {
    SETTING_IS,       /* the very value */
    SETTING_AT_LEAST, /* a number not below it, or -1, which is no limit */
    SETTING_ADVICE,   /* only for creation: the operator's to change */
};

struct setting {
    const char *name;
    enum setting_test test;
    char value[32];
};

enum { SETTINGS_MAX = 6 };

struct topic_spec {
    const char *topic;
    int partitions; /* exactly; 0: any number */
    int made_with;  /* partitions, when we make it */
    struct setting settings[SETTINGS_MAX];
    size_t setting_count;
};

struct topic_spec topic_spec(const struct config *, enum store_topic);
bool setting_holds(const struct setting *, const char *actual);
/* "a=1,b=2", for kafka-configs' --add-config; `separator` "," or " --config " */
void topic_settings(const struct topic_spec *, const char *separator, char *text, size_t size);

#endif
