#include "sink/store.h"

const char *store_topic_word(enum store_topic topic)
{
    static const char *const words[] = {
#define X(name, word) word,
        STORE_TOPIC_TABLE(X)
#undef X
    };
    return words[topic];
}
