/* The file source: what it makes of bytes, and that it hands over at once what a slow pipe has. */
#include "source/source_file.h"

#include "base/check.h"
#include "base/clock.h"
#include "decode/decode.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 1000, BATCH = 64 };

/* records copied out of their batches; a data record's text is its own */
struct read_back {
    struct record all[130000];
    size_t count;
};

static char path[] = "/tmp/gridwarn-source-XXXXXX";

static void write_file(const char *bytes, size_t len)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static struct source open_one(char *name, bool event_time, int64_t from)
{
    static struct config_source one;
    static struct config config;
    one = (struct config_source){.name = name, .path = name, .max_record_bytes = LIMIT};
    config = (struct config){.sources = &one, .source_count = 1, .event_time = event_time};
    struct source s;
    size_t count;
    ck_assert(source_file(&config, &s));
    ck_assert_str_eq(s.ops->partitions(s.context, &count)->name, name);
    ck_assert_uint_eq(count, 1);
    ck_assert(s.ops->start(s.context, &from, 1));
    return s;
}

static void keep(struct read_back *back, const struct record *r)
{
    CHECK(back->count < sizeof back->all / sizeof *back->all);
    struct record *copy = &back->all[back->count++];
    *copy = *r;
    if (r->kind != RECORD_DATA)
        return;
    ck_assert(r->padded);
    char *bytes = xmalloc(r->len + DECODE_PADDING);
    memcpy(bytes, r->bytes, r->len + DECODE_PADDING); /* AddressSanitizer sees whether the padding is there */
    copy->bytes = bytes;
}

static void read_all(struct source *s, struct read_back *back, size_t max)
{
    struct record records[BATCH];
    bool finished = false;
    while (!finished) {
        size_t n = s->ops->poll(s->context, 0, records, max, 2000);
        ck_assert_uint_gt(n, 0);
        for (size_t i = 0; i < n; i++)
            keep(back, &records[i]);
        finished = records[n - 1].kind != RECORD_DATA;
        s->ops->release(s->context, 0);
    }
}

static struct read_back *read_bytes(const char *bytes, size_t len, int64_t from, size_t max)
{
    struct read_back *back = xcalloc(1, sizeof *back);
    write_file(bytes, len);
    struct source s = open_one(path, false, from);
    read_all(&s, back, max);
    s.ops->destroy(s.context);
    unlink(path);
    return back;
}

static void drop(struct read_back *back)
{
    for (size_t i = 0; i < back->count; i++)
        if (back->all[i].kind == RECORD_DATA)
            free((void *)(uintptr_t)back->all[i].bytes);
    free(back);
}

static void expect(const struct read_back *back, size_t i, int64_t offset, const char *bytes, size_t len)
{
    ck_assert_uint_lt(i, back->count);
    ck_assert_int_eq(back->all[i].kind, RECORD_DATA);
    ck_assert_int_eq(back->all[i].offset, offset);
    ck_assert_uint_eq(back->all[i].len, len);
    ck_assert_mem_eq(back->all[i].bytes, bytes, len);
}

static void expect_finished(const struct read_back *back, size_t count, int64_t offset)
{
    ck_assert_uint_eq(back->count, count + 1);
    ck_assert_int_eq(back->all[count].kind, RECORD_FINISHED);
    ck_assert_int_eq(back->all[count].offset, offset);
}

START_TEST(lines_are_records)
{
    static const char bytes[] = "{\"a\":1}\n\n{\"b\":\0}\r\n \nlast";
    struct read_back *back = read_bytes(bytes, sizeof bytes - 1, -1, BATCH);
    expect(back, 0, 0, "{\"a\":1}", 7);
    expect(back, 1, 1, "", 0);
    expect(back, 2, 2, "{\"b\":\0}", 7);
    expect(back, 3, 3, " ", 1);
    expect(back, 4, 4, "last", 4);
    expect_finished(back, 5, 5);
    drop(back);
}
END_TEST

START_TEST(empty_file_is_finished)
{
    struct read_back *back = read_bytes("", 0, -1, BATCH);
    expect_finished(back, 0, 0);
    drop(back);
}
END_TEST

START_TEST(reading_resumes_at_a_line)
{
    struct read_back *back = read_bytes("a\nb\nc\n", 6, 2, 1);
    expect(back, 0, 2, "c", 1);
    expect_finished(back, 1, 3);
    drop(back);
    back = read_bytes("a\nb\nc\n", 6, 9, BATCH); /* the file has become shorter */
    expect_finished(back, 0, 3);
    drop(back);
}
END_TEST

/* longer than the limit, at every place relative to what one read brings, and without an end */
START_TEST(overlong_lines_are_cut_and_disturb_nothing)
{
    static const size_t lengths[] = {LIMIT,           LIMIT + 1,       3 * 1024 * 1024,
                                     1024 * 1024 - 2, 1024 * 1024 - 1, 1024 * 1024};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t len = lengths[k], total = len + 3 + len;
        char *bytes = xmalloc(total);
        memset(bytes, 'x', total);
        bytes[len] = '\n';
        bytes[len + 1] = 'y';
        bytes[len + 2] = '\n';
        struct read_back *back = read_bytes(bytes, total, -1, BATCH);
        ck_assert_uint_eq(back->count, 4);
        ck_assert(len == LIMIT ? back->all[0].len == LIMIT : back->all[0].len > LIMIT);
        expect(back, 1, 1, "y", 1);
        ck_assert_int_eq(back->all[2].offset, 2);
        ck_assert(len == LIMIT ? back->all[2].len == LIMIT : back->all[2].len > LIMIT);
        expect_finished(back, 3, 3);
        drop(back);
        free(bytes);
    }
}
END_TEST

/* lines of random lengths, some overlong, against a plain split of the same bytes */
START_TEST(any_file_splits_as_it_should)
{
    unsigned seed = (unsigned)time(NULL);
    if (getenv("GRIDWARN_TEST_SEED"))
        seed = (unsigned)atoi(getenv("GRIDWARN_TEST_SEED"));
    printf("any_file_splits_as_it_should: seed %u\n", seed);
    enum { TOTAL = 5 * 1024 * 1024 };
    char *bytes = xmalloc(TOTAL);
    for (int round = 0; round < 6; round++) {
        int mean = (int[]){3, 50, 300, 900, 2000, 400000}[round];
        for (size_t i = 0; i < TOTAL; i++)
            bytes[i] = (char)(rand_r(&seed) % mean == 0 ? '\n' : 'a' + rand_r(&seed) % 26);
        size_t len = round ? TOTAL : TOTAL / 64;
        struct read_back *back = read_bytes(bytes, len, -1, 1 + (size_t)rand_r(&seed) % BATCH);
        size_t start = 0, n = 0;
        for (; start < len; n++) {
            const char *newline = memchr(bytes + start, '\n', len - start);
            size_t line = newline ? (size_t)(newline - bytes) - start : len - start;
            if (line <= LIMIT)
                expect(back, n, (int64_t)n, bytes + start, line);
            else
                ck_assert_uint_gt(back->all[n].len, LIMIT);
            start += line + 1;
        }
        expect_finished(back, n, (int64_t)n);
        drop(back);
    }
    free(bytes);
}
END_TEST

struct slow_writer {
    const char *path;
    int lines;
};

static void *write_slowly(void *arg)
{
    const struct slow_writer *w = arg;
    int fd = open(w->path, O_WRONLY);
    for (int i = 0; i < w->lines; i++) {
        ck_assert_int_eq(write(fd, "hal", 3), 3);
        nanosleep(&(struct timespec){0, 30000000}, NULL);
        ck_assert_int_eq(write(fd, "f\n", 2), 2);
        nanosleep(&(struct timespec){0, 60000000}, NULL);
    }
    close(fd);
    return NULL;
}

static void read_slow_pipe(bool event_time, size_t *data, size_t *ends, int64_t *slowest_ms)
{
    char fifo[] = "/tmp/gridwarn-fifo-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(fifo));
    char name[64];
    snprintf(name, sizeof name, "%s/pipe", fifo);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    pthread_t thread;
    struct slow_writer writer = {name, 5};
    pthread_create(&thread, NULL, write_slowly, &writer);
    struct source s = open_one(name, event_time, -1);
    struct record records[BATCH];
    bool finished = false;
    *data = *ends = 0;
    *slowest_ms = 0;
    while (!finished) {
        int64_t began = clock_now_ms(&clock_system);
        size_t n = s.ops->poll(s.context, 0, records, BATCH, 5000);
        int64_t took = clock_now_ms(&clock_system) - began;
        *slowest_ms = took > *slowest_ms ? took : *slowest_ms;
        ck_assert_uint_gt(n, 0);
        for (size_t i = 0; i < n; i++) {
            *data += records[i].kind == RECORD_DATA;
            *ends += records[i].kind == RECORD_AT_END;
            finished = records[i].kind == RECORD_FINISHED;
            if (records[i].kind == RECORD_DATA)
                ck_assert_mem_eq(records[i].bytes, "half", 4);
        }
        s.ops->release(s.context, 0);
    }
    pthread_join(thread, NULL);
    s.ops->destroy(s.context);
    unlink(name);
    rmdir(fifo);
}

START_TEST(slow_pipe_is_read_line_by_line)
{
    size_t data, ends;
    int64_t slowest_ms;
    read_slow_pipe(false, &data, &ends, &slowest_ms);
    ck_assert_uint_eq(data, 5);
    ck_assert_uint_ge(ends, 4); /* empty between lines, and never in the middle of one */
    ck_assert_uint_le(ends, 6);
    ck_assert_int_lt(slowest_ms, 2000); /* it does not wait for a full batch, nor for its timeout */
    read_slow_pipe(true, &data, &ends, &slowest_ms);
    ck_assert_uint_eq(data, 5);
    ck_assert_uint_eq(ends, 0);
}
END_TEST

START_TEST(nothing_comes_within_the_timeout)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    char name[32];
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    struct source s = open_one(name, true, -1);
    struct record r;
    int64_t began = clock_now_ms(&clock_system);
    ck_assert_uint_eq(s.ops->poll(s.context, 0, &r, 1, 100), 0);
    ck_assert_int_ge(clock_now_ms(&clock_system) - began, 90);
    ck_assert_int_eq(write(ends[1], "x\n", 2), 2);
    ck_assert_uint_eq(s.ops->poll(s.context, 0, &r, 1, 0), 1);
    s.ops->destroy(s.context);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(files_are_spread_over_workers)
{
    char a[] = "/tmp/gridwarn-a-XXXXXX", b[] = "/tmp/gridwarn-b-XXXXXX", c[] = "/tmp/gridwarn-c-XXXXXX";
    char *names[] = {a, b, c};
    struct config_source sources[3];
    for (int i = 0; i < 3; i++) {
        int fd = mkstemp(names[i]);
        ck_assert_int_eq(write(fd, "1\n2\n", 4), 4);
        close(fd);
        sources[i] = (struct config_source){.name = names[i], .path = names[i], .max_record_bytes = LIMIT};
    }
    struct config config = {.sources = sources, .source_count = 3};
    struct source s;
    ck_assert(source_file(&config, &s));
    ck_assert(s.ops->start(s.context, (int64_t[]){-1, -1, 1}, 2));
    size_t data[3] = {0};
    for (int round = 0; round < 10; round++)
        for (unsigned w = 0; w < 2; w++) {
            struct record records[BATCH];
            size_t n = s.ops->poll(s.context, w, records, BATCH, 0);
            for (size_t i = 0; i < n; i++) {
                ck_assert_uint_eq(records[i].partition % 2, w);
                data[records[i].partition] += records[i].kind == RECORD_DATA;
            }
            s.ops->release(s.context, w);
        }
    ck_assert_uint_eq(data[0], 2);
    ck_assert_uint_eq(data[1], 2);
    ck_assert_uint_eq(data[2], 1);
    s.ops->destroy(s.context);
    for (int i = 0; i < 3; i++)
        unlink(names[i]);
}
END_TEST

START_TEST(what_cannot_be_opened_is_refused)
{
    static char missing[] = "/tmp/gridwarn-no-such-file", directory[] = "/tmp";
    char *const paths[] = {missing, directory};
    for (int i = 0; i < 2; i++) {
        struct config_source one = {.name = paths[i], .path = paths[i], .max_record_bytes = LIMIT};
        struct config config = {.sources = &one, .source_count = 1};
        struct source s;
        ck_assert(!source_file(&config, &s));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source_file");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, lines_are_records);
    tcase_add_test(c, empty_file_is_finished);
    tcase_add_test(c, reading_resumes_at_a_line);
    tcase_add_test(c, overlong_lines_are_cut_and_disturb_nothing);
    tcase_add_test(c, any_file_splits_as_it_should);
    tcase_add_test(c, slow_pipe_is_read_line_by_line);
    tcase_add_test(c, nothing_comes_within_the_timeout);
    tcase_add_test(c, files_are_spread_over_workers);
    tcase_add_test(c, what_cannot_be_opened_is_refused);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
