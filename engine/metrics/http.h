/* What the engine answers to those who watch and operate it, over HTTP/1.1:
 *   GET /metrics              Prometheus's exposition format 0.0.4
 *   GET /healthz              200 or 503 and health_json: should this process be killed and started again?
 *   GET /readyz               200 or 503 and health_json: may it be relied upon?
 *   GET /-/generations        the rules that are active and those that can be rolled back to
 *   POST /-/reload            load the rules on disk
 *   POST /-/rollback[?to=N]   make an earlier generation's rules the active ones
 * Without authentication, hence on the loopback unless configured otherwise; and what changes anything is refused to callers
 * from other machines, and to web pages, whatever is configured.  Connections are few, slow ones are dropped, and each has a
 * thread of its own, so that neither a scraper holds up the stream nor a reload a probe. */
#ifndef GW_METRICS_HTTP_H
#define GW_METRICS_HTTP_H

#include "base/problem.h"
#include "metrics/control.h"
#include "metrics/health.h"
#include "metrics/metrics.h"

#include <stdint.h>

struct http;

/* Listens on host (a name or an address, v4 or v6) and port (0: any free one).  metrics, health and control are borrowed
 * until http_stop.  NULL, with a problem added, if it can't. */
struct http *http_start(const char *host, uint16_t port, const struct metrics *, struct health *, struct control *,
                        struct problems *);
uint16_t http_port(const struct http *); /* the one it listens on */
void http_stop(struct http **);          /* waits for the requests in progress; NULL inside is fine */

#endif
