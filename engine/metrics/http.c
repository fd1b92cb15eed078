/* libmicrohttpd with its bounds set, a thread for each connection.  The listening socket is opened here rather than by the library, which would
 * hide why it failed and, for port 0, which port it got. */
#include "metrics/http.h"

#include "base/check.h"
#include "config/config.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 32, IDLE_S = 10, CONNECTION_BYTES = 16 * 1024 };

struct http {
    struct MHD_Daemon *daemon;
    const struct metrics *metrics;
    struct health *health;
    struct control *control;
    uint16_t port;
};

/* takes over `body`, which is malloc()ed, or NULL for none; allow: methods, or NULL */
static enum MHD_Result answer_allowing(struct MHD_Connection *connection, unsigned status, const char *type, char *body,
                                       size_t len, const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(body ? len : 0, body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, char *body,
                              size_t len)
{
    return answer_allowing(connection, status, type, body, len, NULL);
}

static enum MHD_Result answer_method(struct MHD_Connection *connection, bool post)
{
    const char *text = post ? "only POST\n" : "only GET and HEAD\n";
    return answer_allowing(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", xstrdup(text),
                           strlen(text), post ? "POST" : "GET, HEAD");
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    return answer(connection, status, "text/plain; charset=utf-8", xstrdup(text), strlen(text));
}

static enum MHD_Result answer_health(struct MHD_Connection *connection, struct health *health,
                                     enum health_probe probe)
{
    bool ok;
    char *body = health_json(health, probe, &ok);
    return answer(connection, ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "application/json", body,
                  strlen(body));
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection, const struct metrics *metrics)
{
    size_t len;
    char *text = metrics_text(metrics, &len);
    return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

/* ---- what changes something ---- */

static bool is_loopback(const struct sockaddr *any)
{
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    if (any->sa_family == AF_INET) {
        memcpy(&at.v4, any, sizeof at.v4);
        return ntohl(at.v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (any->sa_family != AF_INET6)
        return false;
    memcpy(&at.v6, any, sizeof at.v6);
    const unsigned char *bytes = at.v6.sin6_addr.s6_addr;
    return IN6_IS_ADDR_LOOPBACK(&at.v6.sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&at.v6.sin6_addr) && bytes[12] == 127);
}

/* A page in the browser of somebody who sits at this machine can post here, but not without saying where it is from. */
static bool may_change(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *caller = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return caller && is_loopback(caller->client_addr) &&
           !MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
}

/* an argument of the request that is a whole number, if it is there; false: it is another thing, or out of its range */
static bool number_of(struct MHD_Connection *connection, const char *name, uint64_t low, uint64_t high, uint64_t *number)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number >= low && *number <= high;
}

/* what stands behind the ?; NULL: all is as it should be, else what was expected */
static const char *read_arguments(struct MHD_Connection *connection, struct control_request *request)
{
    uint64_t max_new = 0, days = 0;
    request->max_new = -1;
    if (request->verb == CONTROL_ROLLBACK)
        return number_of(connection, "to", 1, INT64_MAX, &request->to) ? NULL : "to: the number of a generation was expected\n";
    if (request->verb != CONTROL_RELOAD)
        return NULL;
    if (!number_of(connection, "max_new", 0, INT32_MAX, &max_new))
        return "max_new: a number of alerts from 0 was expected\n";
    if (!number_of(connection, "days", 1, MAX_NEW_DAYS_MAX, &days))
        return "days: a number from 1 to 400 was expected\n";
    if (MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "max_new"))
        request->max_new = (int64_t)max_new;
    request->days = (int64_t)days;
    const char *force = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "force");
    request->force = force && strcmp(force, "yes") == 0;
    return force && !request->force ? "force: only yes is understood\n" : NULL;
}

static enum MHD_Result answer_control(struct MHD_Connection *connection, struct control *control,
                                      enum control_verb verb)
{
    const char *language = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_LANGUAGE);
    struct control_request request = {.verb = verb, .language = language_of_environment()};
    if (language)
        request.language = strncmp(language, "zh", 2) == 0 ? LANGUAGE_CHINESE : LANGUAGE_ENGLISH;
    if (verb != CONTROL_GENERATIONS && !may_change(connection))
        return answer_text(connection, MHD_HTTP_FORBIDDEN, "only for callers on this machine\n");
    const char *wrong = read_arguments(connection, &request);
    if (wrong)
        return answer_text(connection, MHD_HTTP_BAD_REQUEST, wrong);
    unsigned status;
    char *json = control_ask(control, &request, &status);
    return answer(connection, status, "application/json", json, strlen(json));
}

/* ---- requests ---- */

enum page { PAGE_METRICS, PAGE_HEALTHZ, PAGE_READYZ, PAGE_GENERATIONS, PAGE_RELOAD, PAGE_ROLLBACK, PAGES };

static const struct {
    const char *path;
    bool post; /* else GET and HEAD */
} pages[PAGES] = {
    [PAGE_METRICS] = {"/metrics", false},    [PAGE_HEALTHZ] = {"/healthz", false},
    [PAGE_READYZ] = {"/readyz", false},      [PAGE_GENERATIONS] = {"/-/generations", false},
    [PAGE_RELOAD] = {"/-/reload", true},     [PAGE_ROLLBACK] = {"/-/rollback", true},
};

static enum MHD_Result answer_page(struct http *http, struct MHD_Connection *connection, enum page page)
{
    switch (page) {
    case PAGE_METRICS:
        return answer_metrics(connection, http->metrics);
    case PAGE_HEALTHZ:
        return answer_health(connection, http->health, HEALTH_LIVE);
    case PAGE_READYZ:
        return answer_health(connection, http->health, HEALTH_READY);
    case PAGE_GENERATIONS:
        return answer_control(connection, http->control, CONTROL_GENERATIONS);
    case PAGE_RELOAD:
        return answer_control(connection, http->control, CONTROL_RELOAD);
    case PAGE_ROLLBACK:
        return answer_control(connection, http->control, CONTROL_ROLLBACK);
    case PAGES:
        break;
    }
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "try /metrics, /healthz or /readyz\n");
}

static bool method_fits(const char *method, bool post)
{
    bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    return post ? strcmp(method, MHD_HTTP_METHOD_POST) == 0 : get;
}

/* `state` is NULL at the first of the library's calls for a request, before any body has been read.  A body says nothing
 * here and is passed over. */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_len, void **state)
{
    (void)version;
    (void)upload;
    struct http *http = arg;
    enum page page = 0;
    while (page < PAGES && strcmp(path, pages[page].path) != 0)
        page++;
    bool post = page < PAGES && pages[page].post;
    if (!method_fits(method, post))
        return answer_method(connection, post);
    if (!*state || *upload_len) {
        *state = http;
        *upload_len = 0;
        return MHD_YES;
    }
    return answer_page(http, connection, page);
}

static int listen_at(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, CONNECTIONS_MAX) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int listen_on(const char *host, uint16_t port, struct problems *problems)
{
    char service[8], name[300];
    snprintf(service, sizeof service, "%u", port);
    snprintf(name, sizeof name, "http %.255s:%u", host, port);
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo(host, service, &hints, &found);
    if (failure) {
        problem_add(problems, name, 0, 0, "no such address: %s", gai_strerror(failure));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next)
        fd = listen_at(one);
    if (fd < 0)
        problem_add(problems, name, 0, 0, "cannot listen: %s", problem_word(problems, strerror(errno)));
    freeaddrinfo(found);
    return fd;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } address;
    socklen_t len = sizeof address;
    CHECK(getsockname(fd, &address.any, &len) == 0);
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

struct http *http_start(const char *host, uint16_t port, const struct metrics *metrics, struct health *health,
                        struct control *control, struct problems *problems)
{
    int fd = listen_on(host, port, problems);
    if (fd < 0)
        return NULL;
    struct http *http = xcalloc(1, sizeof *http);
    http->metrics = metrics;
    http->health = health;
    http->control = control;
    http->port = port_of(fd);

    /* the library's threads inherit the mask: signals are the control thread's business */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    http->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD |
                                        MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, handle, http,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!http->daemon) {
        /* the socket may be closed already: the library owns it once it was asked */
        problem_add(problems, "http", 0, 0, "the server did not start");
        free(http);
        return NULL;
    }
    return http;
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

void http_stop(struct http **http)
{
    if (*http)
        MHD_stop_daemon((*http)->daemon);
    free(*http);
    *http = NULL;
}
