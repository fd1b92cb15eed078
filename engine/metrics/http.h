/* What the engine answers to those who watch it, over HTTP/1.1: GET or HEAD of
 *   /metrics   Prometheus's exposition format 0.0.4
 *   /healthz   200 or 503 and health_json: should this process be killed and started again?
 *   /readyz    200 or 503 and health_json: may it be relied upon?
 * Read-only and without authentication, hence on the loopback unless configured otherwise.  Connections are few, slow
 * ones are dropped, and one thread of its own serves them all, so a scraper cannot hold up the stream. */
#ifndef GW_METRICS_HTTP_H
#define GW_METRICS_HTTP_H

#include "base/problem.h"
#include "metrics/health.h"
#include "metrics/metrics.h"

#include <stdint.h>

struct http;

/* Listens on host (a name or an address, v4 or v6) and port (0: any free one).  metrics and health are borrowed until
 * http_stop.  NULL, with a problem added, if it can't. */
struct http *http_start(const char *host, uint16_t port, const struct metrics *, struct health *, struct problems *);
uint16_t http_port(const struct http *); /* the one it listens on */
void http_stop(struct http **);          /* waits for the requests in progress; NULL inside is fine */

#endif
