/* What is wrong with the files a person wrote, all of it at once.  Every loader (configuration, registry,
 * categories, mapping, rules) adds to one list and goes on as far as it can; the caller prints the list and
 * refuses to start if an error is in it.  A warning refuses nothing: it is about what is allowed and hardly meant.
 *
 * Texts stand in English where they are added and are said in the list's language (base/chinese.c has the other).
 * Used by one thread at a time. */
#ifndef GW_BASE_PROBLEM_H
#define GW_BASE_PROBLEM_H

#include "base/language.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct problems {
    enum language language; /* of what is added and printed; set before anything is added, kept by problems_clear */
    size_t count;           /* errors, kept or not: a loader that finds it grown has been given something wrong */
    size_t warnings;
    struct problem *all;
    size_t kept, capacity; /* errors and warnings in `all` */
    struct problem_file *files;
    size_t file_count;
};

struct problem {
    const char *file; /* as the user named it; the list's */
    int line, col;    /* from 1; 0 where there is none */
    bool warning;
    char *text; /* what is wrong and what was expected; one line */
};

/* line and col may be 0.  Beyond 100 errors and 100 warnings of one file, further ones are only counted, so that a
 * file of another encoding hides nothing of the others. */
void problem_add(struct problems *, const char *file, int line, int col, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void problem_warn(struct problems *, const char *file, int line, int col, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* for those that add to a list by a place of their own */
void problem_vadd(struct problems *, bool warning, const char *file, int line, int col, const char *format, va_list)
    __attribute__((format(printf, 6, 0)));

/* Words that are put into a format ("a rule", strerror's), in the list's language as far as it is known. */
const char *problem_word(const struct problems *, const char *english);
/* marks such words where they are kept for later, so that the test of the translations finds them */
#define N_(english) english

/* One line each, `file:line:col: text`, in the order of file, line and column; warnings are marked.  `after`, if any,
 * is called after each line. */
void problems_print(struct problems *, FILE *);
void problems_print_each(struct problems *, FILE *, void (*after)(FILE *, const struct problem *));
void problems_clear(struct problems *);

/* The member of `known` (count of them) nearest to `word`, or NULL if none is near enough to be a likely slip; for
 * "did you mean".  Measured in characters, not bytes, and two that changed places are one slip. */
const char *nearest_word(const char *word, const char *const *known, size_t count);

#endif
