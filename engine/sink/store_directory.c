/* Plain appending through stdio.  A write that fails ends the engine (STORE_LOST): what part of the cut is already in
 * the files is not known, so handing it over again would double alerts. */
#include "sink/store_directory.h"

#include "base/check.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct directory {
    FILE *files[STORE_TOPICS]; /* NULL: a topic that is not kept */
};

static const char *const names[STORE_TOPICS] = {
    [STORE_ALERTS] = "alerts.ndjson",
    [STORE_INCIDENTS] = "incidents.ndjson",
    [STORE_DEAD_LETTER] = "dead-letter.ndjson",
    [STORE_LATE] = "late.ndjson",
};

/* a message on one line: in JSON, a line's end can only be white space */
static void append(FILE *file, struct str message)
{
    for (size_t i = 0; i < message.len; i++)
        putc_unlocked(message.at[i] == '\n' ? ' ' : message.at[i], file);
    putc_unlocked('\n', file);
}

static enum store_result commit(void *context, const struct store_record *records, size_t count,
                                const int64_t *progress, size_t progress_count)
{
    (void)progress;
    (void)progress_count;
    struct directory *d = context;
    for (size_t i = 0; i < count; i++)
        if (d->files[records[i].topic])
            append(d->files[records[i].topic], records[i].value);
    for (size_t i = 0; i < STORE_TOPICS; i++)
        if (d->files[i] && (fflush(d->files[i]) != 0 || ferror(d->files[i]))) {
            log_line(LOG_ERROR, "store", "cannot write %s: %s", names[i], strerror(errno));
            return STORE_LOST;
        }
    return STORE_OK;
}

static void destroy(void *context)
{
    struct directory *d = context;
    for (size_t i = 0; i < STORE_TOPICS; i++)
        if (d->files[i])
            fclose(d->files[i]);
    free(d);
}

static FILE *open_in(const char *path, const char *name, struct problems *problems)
{
    char *whole = NULL;
    CHECK(asprintf(&whole, "%s/%s", path, name) > 0);
    FILE *file = fopen(whole, "ae");
    if (!file)
        problem_add(problems, whole, 0, 0, "cannot append: %s", problem_word(problems, strerror(errno)));
    free(whole);
    return file;
}

bool store_directory(const char *path, struct store *store, struct problems *problems)
{
    static const struct store_ops ops = {store_follow_nothing, store_lead_alone, commit, destroy};
    if (mkdir(path, 0750) != 0 && errno != EEXIST) {
        problem_add(problems, path, 0, 0, "cannot make the directory: %s", problem_word(problems, strerror(errno)));
        return false;
    }
    struct directory *d = xcalloc(1, sizeof *d);
    for (size_t i = 0; i < STORE_TOPICS; i++)
        if (names[i] && !(d->files[i] = open_in(path, names[i], problems))) {
            destroy(d);
            return false;
        }
    *store = (struct store){&ops, d};
    return true;
}
