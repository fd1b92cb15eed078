/* One librdkafka handle with the engine's manners: properties in three layers (our defaults, the user's, those that
 * correctness rests on), and a log that says when the brokers go out of reach and when they are back, and nothing
 * in between.  For the files of this folder. */
#ifndef GW_KAFKA_CLIENT_H
#define GW_KAFKA_CLIENT_H

#include "base/log.h"
#include "config/config.h"

#include <librdkafka/rdkafka.h>

#include <stdatomic.h>
#include <stdint.h>

/* The greatest batch that the store sends, which is what its topics must take. */
enum { CLIENT_BATCH_MAX = STORE_RECORD_MAX + 64 * 1024 };

struct client_property {
    const char *name, *value;
};

enum { CLIENT_FAULT_TEXT = 512, CLIENT_FACILITIES = 32 };

struct client {
    const char *role; /* in the log */
    rd_kafka_t *rk;   /* NULL: closed */
    void *owner;      /* whose callbacks these are */
    bool quiet;       /* the owner says itself what is wrong with the connection */
    struct log_condition unreachable;
    int64_t unreachable_since_ms;
    /* the last fault of the connection, until client_reached: written where callbacks are served */
    rd_kafka_resp_err_t fault;
    bool all_down;
    char fault_text[CLIENT_FAULT_TEXT];
    _Atomic int64_t quiet_until_ms[CLIENT_FACILITIES]; /* by facility of librdkafka's own lines */
};

/* Our layers for every handle of one kind end with {NULL, NULL}.  The result still lacks callbacks, which the caller
 * sets; the client must keep its address from here on.  NULL: a property is wrong (logged). */
rd_kafka_conf_t *client_conf(struct client *, const char *role, const struct config *,
                             const struct client_property *defaults, const struct client_property *fixed);
/* takes the conf; false: logged */
bool client_start(struct client *, rd_kafka_type_t, rd_kafka_conf_t *);
/* both of the above, for those who need no callbacks */
bool client_open(struct client *, rd_kafka_type_t, const char *role, const struct config *,
                 const struct client_property *defaults, const struct client_property *fixed);
/* of one that is in no group; a client that was never opened is fine */
void client_close(struct client *);
/* Leaves its group and closes.  gone(arg), which may free the client, is called when nothing of it is left: within this call, or
 * by a thread of its own, if other instances hold the group up for seconds. */
void client_leave(struct client *, void (*gone)(void *arg), void *arg);

/* The brokers answered: ends what the log said about them. */
void client_reached(struct client *);

/* Asks who leads the partitions that were just assigned, since librdkafka by itself looks once a second.  Nothing is lost if
 * the brokers do not say: then it does. */
void client_find_leaders(struct client *);

/* How many partitions `topic` has: > 0; 0: no such topic; -1: not known within timeout_ms, see `fault`.  Stops early
 * at what waiting does not mend (a wrong password); *why says what it was. */
int32_t client_partitions(struct client *, const char *topic, int timeout_ms, rd_kafka_resp_err_t *why);

/* The properties that config->properties may not set; the reason if `name` is one of them, else NULL. */
const char *client_reserved(const char *name);

int64_t client_now_ms(void); /* monotonic */
/* what is left until `deadline_ms`, never below 0 */
int client_left_ms(int64_t deadline_ms);

#endif
