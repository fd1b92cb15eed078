/* What tests of loaders share that read one file: the file, gone again after each test, and the problems that it has. */
#ifndef GW_TESTS_ONE_FILE_H
#define GW_TESTS_ONE_FILE_H

#include "core.h"

#include "base/problem.h"

static struct problems problems;
static char path[64];

static inline void one_file_begin(void)
{
    core_file(path, "");
}

static inline void one_file_end(void)
{
    problems_clear(&problems);
    unlink(path);
}

/* as the file, and no problems known of it */
static inline void one_file_write(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
    problems_clear(&problems);
}

/* at that place, among others */
static inline void expect_problem(int line, int col, const char *part)
{
    for (size_t i = 0; i < problems.kept; i++) /* warnings are kept, too */
        if (problems.all[i].line == line && problems.all[i].col == col && strstr(problems.all[i].text, part))
            return;
    problems_print(&problems, stderr);
    ck_abort_msg("no problem at %d:%d with \"%s\"", line, col, part);
}

#endif
