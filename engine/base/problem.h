/* What is wrong with the files a person wrote, all of it at once.  Every loader (configuration, registry,
 * categories, mapping, rules) adds to one list and goes on as far as it can; the caller prints the list and
 * refuses to start if it is not empty.  Used by one thread at a time. */
#ifndef GW_BASE_PROBLEM_H
#define GW_BASE_PROBLEM_H

#include <stdbool.h>
#include <stdio.h>

struct problems {
    struct problem *all;
    size_t count, capacity;
};

struct problem {
    char *file;    /* as the user named it */
    int line, col; /* from 1; 0 where there is none */
    char *text;    /* what is wrong and what was expected */
};

/* line and col may be 0.  Beyond 200 problems, further ones are only counted. */
void problem_add(struct problems *, const char *file, int line, int col, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* one line each, `file:line:col: text`, in the order of file, line and col */
void problems_print(struct problems *, FILE *);
void problems_clear(struct problems *);

/* The member of `known` (count of them) nearest to `word` by edit distance, or NULL if none is near enough to
 * be a likely slip; for "did you mean". */
const char *nearest_word(const char *word, const char *const *known, size_t count);

#endif
