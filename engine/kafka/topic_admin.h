/* The two administrative requests that the engine makes, each waited for.  For topics.c. */
#ifndef GW_KAFKA_TOPIC_ADMIN_H
#define GW_KAFKA_TOPIC_ADMIN_H

#include "kafka/topic_spec.h"

#include <librdkafka/rdkafka.h>

/* false: not made, and `why` (of `size` bytes) says why */
bool topic_create(rd_kafka_t *, const struct topic_spec *, char *why, size_t size);

/* calls `each` for every setting of the spec with the value that the broker has; false as above */
typedef void topic_setting_handler(void *arg, const struct setting *, const struct topic_spec *, const char *actual);
bool topic_describe(rd_kafka_t *, const struct topic_spec *, topic_setting_handler *each, void *arg, char *why,
                    size_t size);

#endif
