/* librdkafka's callbacks and settings, for all handles alike.
 *
 * A broker that is down makes librdkafka write a line per broker, handle and attempt.  So its own lines go to the
 * debug level where a condition of ours says the same (connections), and at most one a minute per handle and kind
 * otherwise.  Conditions begin with error_cb and end when the owner has heard from a broker: client_reached. */
#include "kafka/client.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUIET_MS = 60000, METADATA_SLICE_MS = 500, LEAVE_MS = 3000 };

int64_t client_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int client_left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - client_now_ms();
    return left > 0 ? (int)left : 0;
}

static bool is_quiet(struct client *c, const char *facility)
{
    size_t slot = 0;
    for (const char *at = facility; *at; at++)
        slot = slot * 31 + (unsigned char)*at;
    _Atomic int64_t *until = &c->quiet_until_ms[slot % CLIENT_FACILITIES];
    int64_t now = client_now_ms(), was = atomic_load(until);
    return now < was || !atomic_compare_exchange_strong(until, &was, now + QUIET_MS);
}

/* from librdkafka's threads */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    static const char *const told[] = {"FAIL",  "ERROR",   "REQTMOUT", "CONFWARN", "TXNERR",
                                       "FATAL", "PIDFAIL", "GETPID",   "ADDPARTS"};
    struct client *c = rd_kafka_opaque(rk);
    bool ours = level > 4; /* syslog's warning */
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        ours = ours || strcmp(facility, told[i]) == 0;
    if (ours)
        log_line(LOG_DEBUG, "kafka", "%s: %s: %s", c->role, facility, text);
    else if (!is_quiet(c, facility))
        log_line(level < 4 ? LOG_ERROR : LOG_WARNING, "kafka", "%s: %s", c->role, text);
}

/* does waiting leave it as it is? */
static bool is_lasting(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL ||
           error == RD_KAFKA_RESP_ERR__RESOLVE;
}

/* from whichever call of ours serves the handle */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct client *c = opaque;
    rd_kafka_resp_err_t error = (rd_kafka_resp_err_t)code;
    (void)rk;
    if (!is_lasting(error) && error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        log_line(LOG_DEBUG, "kafka", "%s: %s", c->role, reason);
        return;
    }
    c->all_down = c->all_down || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (is_lasting(error) || c->fault == RD_KAFKA_RESP_ERR_NO_ERROR) {
        c->fault = error;
        snprintf(c->fault_text, sizeof c->fault_text, "%s", reason);
    }
    if (!c->quiet && log_condition_set(&c->unreachable, true)) {
        c->unreachable_since_ms = client_now_ms();
        log_line(LOG_WARNING, "kafka", "%s: cannot reach the brokers: %s; trying again until they answer", c->role,
                 c->fault_text);
    }
}

void client_reached(struct client *c)
{
    c->fault = RD_KAFKA_RESP_ERR_NO_ERROR;
    c->all_down = false;
    if (log_condition_set(&c->unreachable, false))
        log_line(LOG_INFO, "kafka", "%s: the brokers answer again, after %lld s", c->role,
                 (long long)((client_now_ms() - c->unreachable_since_ms) / 1000));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[512];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    log_line(LOG_ERROR, "kafka", "%s", text);
    return false;
}

rd_kafka_conf_t *client_conf(struct client *c, const char *role, const struct config *config,
                             const struct client_property *defaults, const struct client_property *fixed)
{
    *c = (struct client){.role = role};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = set(conf, "client.id", "gridwarn") && set(conf, "socket.keepalive.enable", "true") &&
                set(conf, "socket.nagle.disable", "true") && set(conf, "reconnect.backoff.max.ms", "2000");
    for (const struct client_property *p = defaults; good && p->name; p++)
        good = set(conf, p->name, p->value);
    for (unsigned i = 0; good && i < config->property_count; i++)
        good = set(conf, config->properties[i].name, config->properties[i].value);
    for (const struct client_property *p = fixed; good && p->name; p++)
        good = set(conf, p->name, p->value);
    if (!good) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

bool client_start(struct client *c, rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char text[512];
    if (!conf)
        return false;
    c->rk = rd_kafka_new(type, conf, text, sizeof text);
    if (c->rk)
        return true;
    log_line(LOG_ERROR, "kafka", "%s: %s", c->role, text);
    rd_kafka_conf_destroy(conf);
    return false;
}

bool client_open(struct client *c, rd_kafka_type_t type, const char *role, const struct config *config,
                 const struct client_property *defaults, const struct client_property *fixed)
{
    return client_start(c, type, client_conf(c, role, config, defaults, fixed));
}

/* A handle that is being closed, out of its group if it is in one. */
struct leaving {
    struct client *client;
    rd_kafka_queue_t *queue;
    void (*gone)(void *arg);
    void *arg;
};

/* Serves callbacks and what had been fetched; returns whether it has left. */
static bool leave_until(const struct leaving *l, int64_t deadline)
{
    while (!rd_kafka_consumer_closed(l->client->rk) && client_left_ms(deadline) > 0) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(l->queue, 100);
        if (m)
            rd_kafka_message_destroy(m);
    }
    return rd_kafka_consumer_closed(l->client->rk);
}

/* false: it takes longer */
static bool leave_soon(struct leaving *l)
{
    l->queue = rd_kafka_queue_new(l->client->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(l->client->rk, l->queue);
    bool left = error || leave_until(l, client_now_ms() + LEAVE_MS);
    rd_kafka_error_destroy(error);
    return left;
}

static void destroy(struct leaving *l)
{
    if (l->queue)
        rd_kafka_queue_destroy(l->queue);
    rd_kafka_destroy_flags(l->client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    l->client->rk = NULL;
}

static void end_leaving(struct leaving *l)
{
    destroy(l);
    l->gone(l->arg);
    free(l);
}

static void *leave_late(void *arg)
{
    while (!leave_until(arg, client_now_ms() + LEAVE_MS)) {
    }
    end_leaving(arg);
    return NULL;
}

/* librdkafka waits without limit for a rebalance that another instance holds up, in rd_kafka_consumer_close and, if nobody
 * serves the queue any more, in rd_kafka_destroy as well. */
void client_leave(struct client *c, void (*gone)(void *arg), void *arg)
{
    struct leaving *l = xcalloc(1, sizeof *l);
    *l = (struct leaving){.client = c, .gone = gone, .arg = arg};
    pthread_t thread;
    if (leave_soon(l) || pthread_create(&thread, NULL, leave_late, l) != 0)
        end_leaving(l);
    else
        pthread_detach(thread);
}

void client_close(struct client *c)
{
    struct leaving l = {.client = c};
    if (!c->rk)
        return;
    if (rd_kafka_type(c->rk) == RD_KAFKA_CONSUMER)
        leave_soon(&l);
    destroy(&l);
}

/* for a topic of which the brokers know; 0: they don't */
static int32_t count_of(const struct rd_kafka_metadata *metadata, rd_kafka_resp_err_t *why)
{
    const struct rd_kafka_metadata_topic *t = &metadata->topics[0];
    *why = metadata->topic_cnt == 1 ? t->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    return *why ? 0 : t->partition_cnt;
}

void client_find_leaders(struct client *c)
{
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(c->rk, 0, NULL, &metadata, METADATA_SLICE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
}

int32_t client_partitions(struct client *c, const char *topic, int timeout_ms, rd_kafka_resp_err_t *why)
{
    int64_t deadline = client_now_ms() + timeout_ms;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(c->rk, topic, NULL);
    int32_t count = -1;
    *why = rd_kafka_last_error();
    while (handle && count < 0) {
        const struct rd_kafka_metadata *metadata;
        *why = rd_kafka_metadata(c->rk, 0, handle, &metadata, METADATA_SLICE_MS);
        if (!*why) {
            count = count_of(metadata, why);
            rd_kafka_metadata_destroy(metadata);
            client_reached(c);
            continue;
        }
        rd_kafka_poll(c->rk, 0); /* on_error */
        bool settled = c->all_down && is_lasting(c->fault);
        if (settled || client_left_ms(deadline) == 0)
            break;
    }
    if (handle)
        rd_kafka_topic_destroy(handle);
    return count;
}
