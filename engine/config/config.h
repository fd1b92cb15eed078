/* gridwarn.yaml, read and checked as a whole together with what it names: registry, catalogue, mappings, rules.
 * Immutable once loaded; any thread. */
#ifndef GW_CONFIG_CONFIG_H
#define GW_CONFIG_CONFIG_H

#include "base/problem.h"
#include "decode/decode.h"
#include "registry/catalogue.h"
#include "registry/registry.h"
#include "rule/rule.h"
#include "sink/store.h"

#include <stdbool.h>
#include <stdint.h>

struct config_property { /* of librdkafka, as the user gave it */
    char *name, *value;
};

/* days that an edit is held against the active rules over, in words and at most */
enum { MAX_NEW_DAYS = 7, MAX_NEW_DAYS_MAX = 400 };

struct config_source {
    char *name;
    char *topic; /* NULL: a file */
    char *path;  /* NULL: a topic; "-" is standard input */
    struct mapping *mapping; /* NULL: its records are dispositions, see handle/disposition.h; of one source at most, the last */
    int32_t lateness_s, silent_after_s, skew_s;
    int64_t max_record_bytes;
    bool keep_raw; /* dead letters of this source carry the record's bytes */
};

struct config {
    bool words_only; /* see config_load_words */
    char *group;     /* names the shard: transactional id, election, alerts' source */
    bool event_time; /* time: event; wall otherwise */
    char *level_names[LEVELS_MAX];
    unsigned level_count;
    unsigned workers;

    struct config_property *properties;
    unsigned property_count;
    char *topic[STORE_TOPICS]; /* names */
    bool kafka; /* alerts and state go to Kafka; false: to `directory`, or to the console where that is NULL */
    char *directory;

    struct config_source *sources; /* by catalogue number */
    unsigned source_count;
    const struct offer *offers[SOURCES_MAX]; /* likewise; the mappings' */

    unsigned char *actor_keys; /* 16 bytes each, the first one hashes; never shown anywhere */
    unsigned actor_key_count;

    struct registry *registry;
    struct catalogue *catalogue;
    char *rules_path;
    char *calendar_path, *models_path; /* NULL: none */
    bool rules_watch;                  /* a change of those files loads them */
    int32_t max_new;                   /* alerts more that an edit may give over the last days; -1: any number */
    int32_t max_new_days;
    struct rule_set *rules;
    struct rule_texts *texts; /* what `rules` was made of */

    int32_t retention_s, readings_retention_s;
    int64_t ledger_bytes, readings_bytes; /* most memory of each */
    int64_t counters_bytes, tracked_bytes; /* both of counters.memory */
    int64_t uncommitted_bytes; /* workers wait while more than this has not been committed */
    int32_t heartbeat_s;
    int32_t utc_offset_s; /* of the times that alerts show; default +08:00 */

    char *http_host;    /* loopback unless configured */
    uint16_t http_port; /* 0: none */
};

/* NULL, with every mistake added, if anything is wrong */
struct config *config_load(const char *path, struct problems *);
void config_destroy(struct config **);

/* For tests of rules, wherever they run: what gives words their meaning (regions, categories, sources, tags, levels), and
 * nothing that is secret or elsewhere.  Keys and passwords are not read (callers are hashed with a key of this run), nor
 * are the rules: `rules` is NULL. */
struct config *config_load_words(const char *path, struct problems *);

/* the source of dispositions; NULL: none are read */
const struct config_source *config_dispositions(const struct config *);
/* the first so many sources are of events */
unsigned config_event_sources(const struct config *);

/* What rule_set_load needs to read config->rules_path again (a reload); borrows from the configuration. */
struct rule_context config_rule_context(const struct config *);

/* Memory that the configured bounds allow at most, and for how many tickets and readings that serves; for
 * `gridwarn check`.  Written to `out`. */
void config_explain_memory(const struct config *, FILE *out);

#endif
