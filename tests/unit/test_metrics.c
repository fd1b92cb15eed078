/* Metrics, health and the HTTP server that shows them, through their public faces: what a scraper and a probe get. */
#include "base/clock.h"
#include "metrics/health.h"
#include "metrics/http.h"
#include "metrics/metrics.h"

#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *const sources[] = {"12345热线", "quote\"back\\slash\nline"};
static const char *const partitions[] = {"hotline/0", "hotline/1", "petition/0"};
static const char *const levels[] = {"none", "blue", "yellow"};
static const char *const changes[] = {"raised", "resolved"};

static struct metrics *example(void)
{
    return metrics_create(&(struct metric_labels){
        .values = {[LABEL_SOURCE] = sources,
                   [LABEL_PARTITION] = partitions,
                   [LABEL_LEVEL] = levels,
                   [LABEL_CHANGE] = changes},
        .count = {[LABEL_SOURCE] = 2, [LABEL_PARTITION] = 3, [LABEL_LEVEL] = 3, [LABEL_CHANGE] = 2},
    });
}

static char *text_of(const struct metrics *m)
{
    size_t len;
    char *text = metrics_text(m, &len);
    ck_assert_uint_eq(len, strlen(text));
    return text;
}

static void ck_has_line(const char *text, const char *line)
{
    char *framed = NULL;
    ck_assert_int_gt(asprintf(&framed, "\n%s\n", line), 0);
    ck_assert_msg(strstr(text, framed) != NULL, "no line `%s` in\n%s", line, text);
    free(framed);
}

START_TEST(test_values_by_label)
{
    struct metrics *m = example();
    metric_add(m, METRIC_EVENTS, 0, OUTCOME_ACCEPTED, 40);
    metric_add(m, METRIC_EVENTS, 0, OUTCOME_ACCEPTED, 2);
    metric_add(m, METRIC_EVENTS, 1, OUTCOME_SKIPPED, 7);
    metric_set(m, METRIC_LAG, 2, 9);
    metric_set(m, METRIC_LAG, 2, -1);
    metric_set(m, METRIC_USED, STRUCTURE_UNCOMMITTED, (int64_t)1 << 40);
    ck_assert_int_eq(metric_value(m, METRIC_EVENTS, 0, OUTCOME_ACCEPTED), 42);
    ck_assert_int_eq(metric_value(m, METRIC_EVENTS, 1, OUTCOME_ACCEPTED), 0);
    char *text = text_of(m);
    ck_has_line(text, "gridwarn_events_total{source=\"12345热线\",outcome=\"accepted\"} 42");
    ck_has_line(text, "gridwarn_events_total{source=\"quote\\\"back\\\\slash\\nline\",outcome=\"skipped\"} 7");
    ck_has_line(text, "gridwarn_source_lag_records{partition=\"petition/0\"} -1");
    ck_has_line(text, "gridwarn_used_bytes{structure=\"uncommitted\"} 1099511627776");
    ck_has_line(text, "gridwarn_leader 0");
    free(text);
    metrics_destroy(&m);
    ck_assert_ptr_null(m);
}
END_TEST

START_TEST(test_every_metric_is_described)
{
    static const char *const names[] = {
#define X(name, type, text, a, b, help) text,
        METRIC_TABLE(X)
#undef X
    };
    struct metrics *m = example();
    char *text = text_of(m);
    for (int i = 0; i < METRICS; i++) {
        char want[128];
        snprintf(want, sizeof want, "# HELP %s ", names[i]);
        ck_assert_msg(strstr(text, want) != NULL, "%s", want);
        snprintf(want, sizeof want, "# TYPE %s ", names[i]);
        ck_assert_msg(strstr(text, want) != NULL, "%s", want);
    }
    free(text);
    metrics_destroy(&m);
}
END_TEST

START_TEST(test_histogram)
{
    struct metrics *m = example();
    static const double seconds[] = {0.0005, 0.001, 0.012, 0.25, 60, 61, -1};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        metric_observe(m, METRIC_COMMIT_SECONDS, seconds[i]);
    char *text = text_of(m);
    ck_has_line(text, "gridwarn_commit_seconds_bucket{le=\"0.001\"} 3");
    ck_has_line(text, "gridwarn_commit_seconds_bucket{le=\"0.01\"} 3");
    ck_has_line(text, "gridwarn_commit_seconds_bucket{le=\"0.015\"} 4");
    ck_has_line(text, "gridwarn_commit_seconds_bucket{le=\"60\"} 6");
    ck_has_line(text, "gridwarn_commit_seconds_bucket{le=\"+Inf\"} 7");
    ck_has_line(text, "gridwarn_commit_seconds_sum 121.263500000");
    ck_has_line(text, "gridwarn_commit_seconds_count 7");
    ck_assert_int_eq(metric_value(m, METRIC_COMMIT_SECONDS, 0, 0), 7);
    free(text);
    metrics_destroy(&m);
}
END_TEST

static double sample(const struct metrics *m, const char *name)
{
    char *text = text_of(m), line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    ck_assert_msg(at != NULL, "no %s", name);
    double value = strtod(at + strlen(line), NULL);
    free(text);
    return value;
}

START_TEST(test_process)
{
    struct metrics *m = example();
    double age = (double)time(NULL) - sample(m, "process_start_time_seconds");
    ck_assert(age > -2 && age < 600);
    ck_assert(sample(m, "process_resident_memory_bytes") > 1e5);
    ck_assert(sample(m, "process_virtual_memory_bytes") > sample(m, "process_resident_memory_bytes"));
    double before = sample(m, "process_open_fds");
    int fd = dup(STDOUT_FILENO);
    ck_assert(sample(m, "process_open_fds") - before > 0.5);
    close(fd);
    ck_assert(sample(m, "process_max_fds") > before);
    double cpu = sample(m, "process_cpu_seconds_total");
    for (clock_t start = clock(); clock() - start < CLOCKS_PER_SEC / 50;)
        continue;
    ck_assert(sample(m, "process_cpu_seconds_total") > cpu);
    metrics_destroy(&m);
}
END_TEST

static void *add_many(void *arg)
{
    for (int i = 0; i < 100000; i++)
        metric_add(arg, METRIC_RECORDS, 1, 0, 1);
    return NULL;
}

START_TEST(test_threads_lose_nothing)
{
    struct metrics *m = example();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, m), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(metric_value(m, METRIC_RECORDS, 1, 0), 400000);
    metrics_destroy(&m);
}
END_TEST

START_TEST(test_promtool_accepts)
{
    if (system("command -v promtool >/dev/null") != 0) {
        fprintf(stderr, "test_promtool_accepts: skipped, promtool (Debian's prometheus) is not installed\n");
        return;
    }
    struct metrics *m = example();
    metric_observe(m, METRIC_COMMIT_SECONDS, 0.5);
    char *text = text_of(m);
    FILE *promtool = popen("promtool check metrics", "w");
    ck_assert_ptr_nonnull(promtool);
    fputs(text, promtool);
    ck_assert_int_eq(pclose(promtool), 0);
    free(text);
    metrics_destroy(&m);
}
END_TEST

static int64_t held_ms(void *context)
{
    return *(int64_t *)context;
}

static void ck_health(struct health *h, enum health_probe probe, bool want, const char *part)
{
    bool ok;
    char *json = health_json(h, probe, &ok);
    ck_assert_int_eq(ok, want);
    ck_assert_msg(strstr(json, part) != NULL, "no %s in %s", part, json);
    free(json);
}

static void set_all_ready(struct health *h)
{
    for (int i = 0; i < HEALTH_CONDITIONS; i++)
        health_set(h, (enum health_condition)i, true, "fine");
}

START_TEST(test_health)
{
    int64_t now_ms = 1000;
    struct health *h = health_create(&(struct clock){held_ms, &now_ms});
    ck_health(h, HEALTH_LIVE, true, "{\"status\":\"ok\",\"conditions\":[{\"name\":\"committer\",\"ok\":true,");
    ck_health(h, HEALTH_READY, false, "{\"name\":\"recovery\",\"ok\":false,\"reason\":\"not started yet\"}");

    set_all_ready(h);
    ck_health(h, HEALTH_READY, true, "\"reason\":\"fine\"");
    health_set(h, HEALTH_RULES, false, "line %d of \"%s\" is wrong", 3, "规则.yaml");
    ck_health(h, HEALTH_READY, false, "\"ok\":false,\"reason\":\"line 3 of \\\"规则.yaml\\\" is wrong\"");
    ck_health(h, HEALTH_LIVE, true, "\"status\":\"ok\"");
    health_destroy(&h);
    ck_assert_ptr_null(h);
}
END_TEST

START_TEST(test_health_of_a_stuck_committer)
{
    int64_t now_ms = 1000;
    struct clock clock = {held_ms, &now_ms};
    struct health *h = health_create(&clock);
    health_beat(h, HEALTH_COMMITTER, 500);
    now_ms = 1500;
    ck_health(h, HEALTH_LIVE, true, "made progress 500 ms ago");
    now_ms = 1501;
    ck_health(h, HEALTH_LIVE, false, "no progress since 501 ms ago");
    ck_health(h, HEALTH_READY, false, "\"status\":\"failing\"");
    health_beat(h, HEALTH_COMMITTER, 500);
    ck_health(h, HEALTH_LIVE, true, "\"status\":\"ok\"");
    health_set(h, HEALTH_COMMITTER, true, "stopped");
    now_ms = 99000;
    ck_health(h, HEALTH_LIVE, true, "stopped");
    health_destroy(&h);
}
END_TEST

START_TEST(test_health_reason_cut_in_a_character)
{
    struct health *h = health_create(NULL);
    char reason[3 * HEALTH_REASON_MAX + 1] = "";
    for (int i = 0; i < HEALTH_REASON_MAX; i++)
        memcpy(reason + 3 * i, "断", 4);
    health_set(h, HEALTH_STORE, false, "%s", reason);
    ck_health(h, HEALTH_READY, false, "\"name\":\"store\",\"ok\":false");
    health_destroy(&h);
}
END_TEST

struct server {
    struct metrics *metrics;
    struct health *health;
    struct control *control;
    struct http *http;
};

static struct server serve(void)
{
    struct server s = {.metrics = example(), .health = health_create(NULL), .control = control_create(200)};
    struct problems problems = {0};
    s.http = http_start("127.0.0.1", 0, s.metrics, s.health, s.control, &problems);
    ck_assert_ptr_nonnull(s.http);
    ck_assert_uint_ne(http_port(s.http), 0);
    return s;
}

static void stop(struct server *s)
{
    http_stop(&s->http);
    ck_assert_ptr_null(s->http);
    control_destroy(&s->control);
    health_destroy(&s->health);
    metrics_destroy(&s->metrics);
}

/* sends a request and returns the whole answer; static: one test at a time */
static const char *ask(const struct server *s, const char *method, const char *path)
{
    static char text[65536];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(http_port(s->http)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    union {
        const struct sockaddr_in *v4;
        const struct sockaddr *any;
    } address = {&at};
    ck_assert_int_eq(connect(fd, address.any, sizeof at), 0);
    int len = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", method, path);
    ck_assert_int_eq(write(fd, text, (size_t)len), len);
    size_t got = 0;
    for (ssize_t n; (n = read(fd, text + got, sizeof text - 1 - got)) > 0;)
        got += (size_t)n;
    text[got] = '\0';
    close(fd);
    return text;
}

static void ck_answer(const char *answer, const char *status, const char *part)
{
    ck_assert_msg(strncmp(answer, status, strlen(status)) == 0, "not %s: %s", status, answer);
    ck_assert_msg(strstr(answer, part) != NULL, "no %s in %s", part, answer);
}

START_TEST(test_http_pages)
{
    struct server s = serve();
    metric_set(s.metrics, METRIC_CUT, 0, 77);
    ck_answer(ask(&s, "GET", "/metrics"), "HTTP/1.1 200", "\ngridwarn_cut 77\n");
    ck_answer(ask(&s, "GET", "/metrics"), "HTTP/1.1 200", "text/plain; version=0.0.4");
    ck_answer(ask(&s, "GET", "/healthz"), "HTTP/1.1 200", "\"status\":\"ok\"");
    ck_answer(ask(&s, "GET", "/readyz"), "HTTP/1.1 503", "\"status\":\"failing\"");
    set_all_ready(s.health);
    ck_answer(ask(&s, "GET", "/readyz"), "HTTP/1.1 200", "\"status\":\"ok\"");
    health_set(s.health, HEALTH_COMMITTER, false, "stuck");
    ck_answer(ask(&s, "GET", "/healthz"), "HTTP/1.1 503", "\"reason\":\"stuck\"");
    stop(&s);
}
END_TEST

START_TEST(test_http_refuses)
{
    struct server s = serve();
    ck_answer(ask(&s, "GET", "/"), "HTTP/1.1 404", "/metrics");
    ck_answer(ask(&s, "GET", "/metrics/"), "HTTP/1.1 404", "");
    ck_answer(ask(&s, "POST", "/metrics"), "HTTP/1.1 405", "Allow: GET, HEAD");
    ck_answer(ask(&s, "DELETE", "/nowhere"), "HTTP/1.1 405", "");
    const char *head = ask(&s, "HEAD", "/metrics");
    ck_answer(head, "HTTP/1.1 200", "Content-Length: ");
    ck_assert_str_eq(strstr(head, "\r\n\r\n"), "\r\n\r\n");
    stop(&s);
}
END_TEST

START_TEST(test_http_start_failures)
{
    struct server s = serve();
    struct problems problems = {0};
    ck_assert_ptr_null(http_start("127.0.0.1", http_port(s.http), s.metrics, s.health, s.control, &problems));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_str_eq(problems.all[0].text, "cannot listen: Address already in use");
    ck_assert_ptr_null(http_start("256.0.0.1", 0, s.metrics, s.health, s.control, &problems));
    ck_assert_uint_eq(problems.count, 2);
    problems_clear(&problems);
    stop(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    tcase_set_timeout(tests, 30);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, test_values_by_label);
    tcase_add_test(tests, test_every_metric_is_described);
    tcase_add_test(tests, test_histogram);
    tcase_add_test(tests, test_process);
    tcase_add_test(tests, test_threads_lose_nothing);
    tcase_add_test(tests, test_promtool_accepts);
    tcase_add_test(tests, test_health);
    tcase_add_test(tests, test_health_of_a_stuck_committer);
    tcase_add_test(tests, test_health_reason_cut_in_a_character);
    tcase_add_test(tests, test_http_pages);
    tcase_add_test(tests, test_http_refuses);
    tcase_add_test(tests, test_http_start_failures);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
