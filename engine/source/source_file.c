/* Lines are handed over where they were read, in a buffer that has the decoder's padding behind it: no copy.  So a
 * buffer is refilled only when it holds no complete line, which is never while one of its records is out.
 *
 * A line is data whatever it holds, NULs included; blank ones are records too (the decoder refuses them, and somebody
 * should know).  Of a line longer than the source's max_record_bytes one byte more than that is kept, which makes
 * the decoder refuse it as too large; the rest is passed over, so memory stays bounded.  A final line without a
 * newline counts; the CR of a CRLF does not.
 *
 * Files are read in step (pace.h), so that what a replay over several of them has to do does not depend on their lengths.
 *
 * A pipe that is empty is at its end as far as anyone can know, and says so on wall time.  On event time it doesn't:
 * how fast a pipe is fed must not change what a replay finds. */
#include "source/source_file.h"

#include "base/check.h"
#include "base/log.h"
#include "source/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1024 * 1024, WAITING_NS = 1000000 };

struct file {
    int fd; /* -1: closed */
    bool regular;      /* its bytes are all there */
    atomic_bool more;  /* there is a backlog: for other workers */
    char *buffer;
    size_t capacity;         /* without the padding */
    size_t start, scan, end; /* unread bytes are [start, end); no newline before scan */
    size_t limit;            /* longest line that is kept whole */
    bool overlong;           /* the line at start is being passed over */
    bool input_ended;        /* no more bytes */
    bool told_end;           /* RECORD_AT_END was the last word */
    enum record_kind last;   /* to tell once input_ended */
    bool told_last;
    int64_t line, from; /* the next line; the first wanted */
};

struct file_source {
    struct source_partition *named;
    struct file *files;
    size_t count;
    unsigned workers;
    bool event_time;
    struct pace *pace;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make_room(struct file *f)
{
    if (f->start > 0) {
        memmove(f->buffer, f->buffer + f->start, f->end - f->start);
        f->end -= f->start;
        f->scan -= f->start;
        f->start = 0;
    }
    if (f->capacity - f->end >= CHUNK / 2)
        return;
    f->capacity = f->end + CHUNK;
    f->buffer = xrealloc(f->buffer, f->capacity + DECODE_PADDING);
}

/* Throws away what came of an overlong line behind the part that is kept. */
static void pass_over(struct file *f)
{
    size_t kept = f->start + f->limit + 1;
    if (f->end <= kept)
        return;
    char *rest = f->buffer + kept, *newline = memchr(rest, '\n', f->end - kept);
    f->overlong = !newline;
    size_t left = newline ? (size_t)(f->buffer + f->end - newline) : 0;
    if (left)
        memmove(rest, newline, left);
    f->end = kept + left;
    f->scan = kept;
}

static void fill(struct file *f, const char *name)
{
    make_room(f);
    ssize_t n = read(f->fd, f->buffer + f->end, f->capacity - f->end);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        f->input_ended = true;
        f->last = n < 0 ? RECORD_LOST : RECORD_FINISHED;
        if (n < 0)
            log_line(LOG_ERROR, "source", "%s: %s", name, strerror(errno));
        return;
    }
    f->end += (size_t)n;
    f->told_end = false;
    if (f->overlong)
        pass_over(f);
}

/* the next line in the buffer; false: there is none that is complete */
static bool next_line(struct file *f, struct str *line)
{
    if (f->start == f->end)
        return false;
    char *at = f->buffer + f->start, *newline = NULL;
    if (f->end > f->scan)
        newline = memchr(f->buffer + f->scan, '\n', f->end - f->scan);
    size_t len = (newline ? (size_t)(newline - f->buffer) : f->end) - f->start;
    if (!newline && len > f->limit) {
        f->overlong = true;
        pass_over(f);
        len = f->end - f->start;
    }
    f->scan = f->end;
    if (!newline && !f->input_ended)
        return false;
    *line = (struct str){at, len};
    if (len && len <= f->limit && at[len - 1] == '\r')
        line->len--;
    f->start += len + (newline != NULL);
    f->scan = f->start;
    f->overlong = false;
    return true;
}

static size_t take_lines(struct file_source *s, size_t index, struct record *records, size_t max)
{
    struct file *f = &s->files[index];
    size_t count = 0;
    struct str line;
    while (count < max && next_line(f, &line)) {
        if (f->line++ < f->from)
            continue;
        records[count++] = (struct record){.kind = RECORD_DATA,
                                           .partition = (uint32_t)index,
                                           .offset = f->line - 1,
                                           .bytes = line.at,
                                           .len = line.len,
                                           .padded = true};
    }
    if (count < max && f->input_ended && f->start == f->end && !f->told_last) {
        f->told_last = true;
        if (f->last == RECORD_FINISHED && f->line < f->from)
            log_line(LOG_WARNING, "source", "%s has %lld lines, fewer than were read of it before (%lld)",
                     s->named[index].name, (long long)f->line, (long long)f->from);
        records[count++] = (struct record){.kind = f->last, .partition = (uint32_t)index, .offset = f->line};
    }
    return count;
}

static bool holds_line(const struct file *f)
{
    return f->end > f->scan && memchr(f->buffer + f->scan, '\n', f->end - f->scan);
}

static bool is_empty_pipe(const struct file_source *s, const struct file *f)
{
    return !s->event_time && !f->input_ended && !f->told_end && f->start == f->end;
}

/* Reads what is there, without waiting.  Sets *busy if something was, so that looking again is of use. */
static size_t take_file(struct file_source *s, size_t index, struct record *records, size_t max, bool *busy)
{
    struct file *f = &s->files[index];
    struct pollfd ready = {.fd = f->fd, .events = POLLIN};
    if (!f->input_ended && !holds_line(f)) {
        if (poll(&ready, 1, 0) > 0) {
            fill(f, s->named[index].name);
            *busy = true;
        } else if (is_empty_pipe(s, f)) {
            f->told_end = true;
            *records = (struct record){.kind = RECORD_AT_END, .partition = (uint32_t)index, .offset = f->line};
            return 1;
        }
    }
    size_t count = take_lines(s, index, records, max);
    atomic_store_explicit(&f->more, !f->told_last && (f->regular || holds_line(f)), memory_order_relaxed);
    return count;
}

static void wait_for_input(const struct file_source *s, unsigned worker, int timeout_ms)
{
    struct pollfd *ready = xcalloc(s->count + 1, sizeof *ready);
    nfds_t count = 0;
    for (size_t i = worker; i < s->count; i += s->workers)
        if (!s->files[i].input_ended)
            ready[count++] = (struct pollfd){.fd = s->files[i].fd, .events = POLLIN};
    poll(ready, count, timeout_ms);
    free(ready);
}

static bool has_backlog(void *arg, size_t index)
{
    return atomic_load_explicit(&((const struct file_source *)arg)->files[index].more, memory_order_relaxed);
}

static void came(void *context, uint32_t partition, int64_t time_s)
{
    pace_came(((struct file_source *)context)->pace, partition, time_s, now_ms());
}

static size_t file_poll(void *context, unsigned worker, struct record *records, size_t max, int timeout_ms)
{
    struct file_source *s = context;
    int64_t deadline = now_ms() + timeout_ms;
    for (;;) {
        size_t count = 0;
        bool busy = false, waiting = false;
        pace_look(s->pace, now_ms(), has_backlog, s);
        for (size_t i = worker; i < s->count && count < max; i += s->workers) {
            bool waits = pace_waits(s->pace, i);
            waiting |= waits;
            if (!waits)
                count += take_file(s, i, records + count, max - count, &busy);
        }
        int64_t left = deadline - now_ms();
        if (count || left <= 0)
            return count;
        if (waiting)
            nanosleep(&(struct timespec){0, WAITING_NS}, NULL);
        else if (!busy)
            wait_for_input(s, worker, (int)left);
    }
}

/* Lines stay where they are until their buffer is filled again, in the next poll. */
static void release(void *context, unsigned worker)
{
    (void)context;
    (void)worker;
}

static const struct source_partition *partitions(void *context, size_t *count)
{
    const struct file_source *s = context;
    *count = s->count;
    return s->named;
}

static bool start(void *context, const int64_t *offsets, unsigned workers)
{
    struct file_source *s = context;
    CHECK(workers > 0);
    s->workers = workers;
    for (size_t i = 0; i < s->count; i++)
        s->files[i].from = offsets[i] > 0 ? offsets[i] : 0;
    return true;
}

static void destroy(void *context)
{
    struct file_source *s = context;
    for (size_t i = 0; i < s->count; i++) {
        if (s->files[i].fd > STDIN_FILENO)
            close(s->files[i].fd);
        free(s->files[i].buffer);
    }
    pace_destroy(&s->pace);
    free(s->files);
    free(s->named);
    free(s);
}

static bool open_file(struct file *f, const char *path)
{
    struct stat status;
    bool standard = strcmp(path, "-") == 0;
    f->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool known = f->fd >= 0 && fstat(f->fd, &status) == 0;
    if (known && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
    } else if (f->fd >= 0) {
        f->regular = known && S_ISREG(status.st_mode);
        atomic_init(&f->more, f->regular);
        return true;
    }
    log_line(LOG_ERROR, "source", "%s: %s", path, strerror(errno));
    return false;
}

bool source_file(const struct config *config, struct source *out)
{
    static const struct source_ops ops = {partitions, start, file_poll, release, came, destroy};
    struct file_source *s = xcalloc(1, sizeof *s);
    s->named = xcalloc(config->source_count + 1, sizeof *s->named);
    s->files = xcalloc(config->source_count + 1, sizeof *s->files);
    s->event_time = config->event_time;
    for (unsigned i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        if (!source->path)
            continue;
        struct file *f = &s->files[s->count];
        s->named[s->count++] = (struct source_partition){.source = i, .name = source->path};
        f->limit = (size_t)source->max_record_bytes;
        if (!open_file(f, source->path)) {
            destroy(s);
            return false;
        }
    }
    s->pace = pace_create(s->count);
    *out = (struct source){&ops, s};
    return true;
}
