/* What a life of the engine reads, writes and shows: files or topics, console, directory or Kafka, metrics and health. */
#include "cli/life.h"

#include "alert/tracker.h"
#include "base/check.h"
#include "base/log.h"
#include "sink/store_console.h"
#include "sink/store_directory.h"
#include "source/source_file.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <stdlib.h>

enum { COMMITTER_LIMIT_MS = 60000 };

static bool source_open(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->source_count && r->config->sources[0].topic)
        return kafka_source(r->config, &r->source);
#endif
    return source_file(r->config, &r->source);
}

static bool store_open(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->kafka) {
        size_t count;
        const struct source_partition *partitions = r->source.ops->partitions(r->source.context, &count);
        return kafka_store(r->config, partitions, count, &r->store);
    }
#endif
    if (!r->config->directory) {
        r->store = store_console(stdout, stderr);
        return true;
    }
    struct problems problems = {.language = language_of_environment()};
    bool good = store_directory(r->config->directory, &r->store, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    return good;
}

void outlets_close(struct run *r)
{
    shard_destroy(&r->shard);
    if (r->store.ops)
        r->store.ops->destroy(r->store.context);
    if (r->source.ops)
        r->source.ops->destroy(r->source.context);
    r->store.ops = NULL;
    r->source.ops = NULL;
}

bool outlets_open(struct run *r)
{
    return (r->source.ops || source_open(r)) && store_open(r);
}

/* ---- metrics and health ---- */

bool outlets_serve(struct run *r)
{
    size_t count;
    const struct source_partition *partitions = r->source.ops->partitions(r->source.context, &count);
    r->metrics = r->active.metrics = shard_metrics(r->config, partitions, count);
    r->health = r->active.health = health_create(NULL);
    health_set(r->health, HEALTH_RULES, true, "%u rules", r->active.rules->count);
    if (!r->config->http_port)
        return true;
    struct problems problems = {.language = language_of_environment()};
    r->http = http_start(r->config->http_host, r->config->http_port, r->metrics, r->health,
                         r->active.control, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (!r->http)
        return false;
    log_line(LOG_INFO, "http", "metrics on http://%s:%u/metrics", r->config->http_host, (unsigned)http_port(r->http));
    return true;
}

void outlets_watch(struct run *r, int64_t *alive_ms)
{
    int64_t alive = committer_alive_ms(shard_committer(r->shard));
    if (alive != *alive_ms)
        health_beat(r->health, HEALTH_COMMITTER, COMMITTER_LIMIT_MS);
    *alive_ms = alive;
    const struct clock *clock = &clock_system;
    int64_t silent_ms = clock_now_ms(clock) - committer_committed_ms(shard_committer(r->shard));
    health_set(r->health, HEALTH_STORE, silent_ms < COMMITTER_LIMIT_MS, "last commit %lld s ago",
               (long long)(silent_ms / 1000));
    unsigned lost = committer_unreachable(shard_committer(r->shard));
    health_set(r->health, HEALTH_SOURCES, lost == 0, "%u partitions are out of reach", lost);
#ifdef GRIDWARN_KAFKA
    if (r->config->source_count && r->config->sources[0].topic) {
        size_t count;
        r->source.ops->partitions(r->source.context, &count);
        for (size_t i = 0; i < count; i++) {
            int64_t lag = kafka_source_lag(&r->source, i);
            if (lag >= 0)
                metric_set(r->metrics, METRIC_LAG, (unsigned)i, lag);
        }
    }
#endif
}
