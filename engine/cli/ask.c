#include "cli/ask.h"

#include "base/buffer.h"
#include "base/check.h"
#include "cli/show.h"
#include "config/config.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WAIT_S = 70, ANSWER_MAX = 64 << 20 }; /* longer than the engine lets anyone wait */

static int connect_to(const struct config *config)
{
    char service[8];
    snprintf(service, sizeof service, "%u", config->http_port);
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo(config->http_host, service, &hints, &found), fd = -1, why = 0;
    if (failure) {
        fprintf(stderr, "gridwarn: %s: %s\n", config->http_host, gai_strerror(failure));
        return -1;
    }
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            why = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    if (fd < 0)
        fprintf(stderr, cli_text("gridwarn: no engine answers at %s:%s: %s\n", "gridwarn：%s:%s 没有引擎应答：%s\n"),
                config->http_host, service, strerror(why));
    return fd;
}

static bool exchange(int fd, const char *host, const char *method, const char *path, struct buffer *answer)
{
    struct timeval wait = {.tv_sec = WAIT_S};
    struct buffer request = {0};
    buffer_printf(&request,
                  "%s %s HTTP/1.0\r\nHost: %s\r\nAccept-Language: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method,
                  path, host, language_of_environment() == LANGUAGE_CHINESE ? "zh" : "en");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    bool good = send(fd, request.at, request.len, MSG_NOSIGNAL) == (ssize_t)request.len;
    buffer_free(&request);
    enum { CHUNK = 1 << 14 };
    for (ssize_t got = 1; good && got > 0 && answer->len < ANSWER_MAX;) {
        got = recv(fd, buffer_grow(answer, CHUNK), CHUNK, 0);
        answer->len -= CHUNK - (size_t)(got > 0 ? got : 0);
        good = got >= 0;
    }
    return good;
}

/* the body, if it is JSON; *code: of HTTP */
static json_t *body_of(struct buffer *answer, int *code)
{
    buffer_put(answer, "", 1);
    const char *body = strstr(answer->at, "\r\n\r\n");
    if (sscanf(answer->at, "HTTP/1.%*d %d", code) != 1 || !body)
        return NULL;
    json_t *json = json_loads(body + 4, 0, NULL);
    if (!json)
        fprintf(stderr, "gridwarn: %.200s", body + 4);
    return json;
}

static int status_of(int code)
{
    return code == 200 ? CLI_OK : code == 422 ? CLI_CONFIG : code == 409 ? CLI_FLOOD : code == 404 || code == 400 ? CLI_USAGE : CLI_BROKER;
}

json_t *ask_engine(const char *config_path, const char *method, const char *path, int *status)
{
    struct problems problems = {.language = language_of_environment()};
    struct config *config = config_load_words(config_path, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    *status = CLI_CONFIG;
    if (!config)
        return NULL;
    json_t *json = NULL;
    if (config->http_port == 0) {
        fprintf(stderr, "%s", cli_text("gridwarn: the configuration has `http: {listen: off}`: send SIGHUP instead\n",
                                       "gridwarn：配置中 `http: {listen: off}`：请改发 SIGHUP\n"));
    } else {
        int fd = connect_to(config), code = 0;
        struct buffer answer = {0};
        bool heard = fd >= 0 && exchange(fd, config->http_host, method, path, &answer);
        if (fd >= 0)
            close(fd);
        json = heard ? body_of(&answer, &code) : NULL;
        if (fd >= 0 && !heard)
            fprintf(stderr, "%s", cli_text("gridwarn: the engine gave no answer\n", "gridwarn：引擎没有应答\n"));
        *status = status_of(code);
        buffer_free(&answer);
    }
    config_destroy(&config);
    return json;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

void ask_show(const json_t *answer)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(answer, "problems"), i, one)
    {
        bool warning = strcmp(text(one, "severity"), "warning") == 0;
        long long line = json_integer_value(json_object_get(one, "line")),
                  column = json_integer_value(json_object_get(one, "column"));
        fputs(text(one, "file"), stderr);
        if (line)
            fprintf(stderr, ":%lld", line);
        if (line && column)
            fprintf(stderr, ":%lld", column);
        fprintf(stderr, ": %s%s\n", warning ? cli_text("warning: ", "注意：") : "", text(one, "text"));
    }
    json_array_foreach(json_object_get(json_object_get(answer, "flood"), "alerts"), i, one)
        fprintf(stderr, "+ %s %s %s  %s\n", text(one, "opened_at"), show_level_named(text(one, "level")), text(one, "rule"),
                text(one, "where"));
    const char *last = *text(answer, "text") ? text(answer, "text") : text(answer, "error");
    fprintf(json_object_get(answer, "changed") ? stdout : stderr, "%s\n", last);
}

bool ask_options(const struct cli_command *command, int argc, char **argv, const char **config_path, int *status)
{
    int option;
    while ((option = cli_next(command, argc, argv, status)) != CLI_END) {
        if (option == CLI_EXIT)
            return false;
        *config_path = optarg;
    }
    if (!*config_path)
        *status = cli_misused(command, "-c FILE is needed");
    return *config_path != NULL;
}
