#include "base/problem.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS_MAX = 200, WORD_MAX = 64 };

void problem_add(struct problems *p, const char *file, int line, int col, const char *format, ...)
{
    if (p->count++ >= PROBLEMS_MAX)
        return;
    if (p->count > p->capacity) {
        p->capacity = p->capacity ? p->capacity * 2 : 16;
        p->all = xrealloc(p->all, p->capacity * sizeof *p->all);
    }
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->all[p->count - 1] = (struct problem){xstrdup(file), line, col, xstrdup(text)};
}

static int by_place(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    int files = strcmp(x->file, y->file);
    if (files)
        return files;
    return x->line != y->line ? x->line - y->line : x->col - y->col;
}

void problems_print(struct problems *p, FILE *out)
{
    size_t kept = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX;
    if (kept)
        qsort(p->all, kept, sizeof *p->all, by_place);
    for (size_t i = 0; i < kept; i++) {
        const struct problem *one = &p->all[i];
        fputs(one->file, out);
        if (one->line)
            fprintf(out, ":%d", one->line);
        if (one->line && one->col)
            fprintf(out, ":%d", one->col);
        fprintf(out, ": %s\n", one->text);
    }
    if (p->count > kept)
        fprintf(out, "... and %zu more\n", p->count - kept);
}

void problems_clear(struct problems *p)
{
    size_t kept = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX;
    for (size_t i = 0; i < kept; i++) {
        free(p->all[i].file);
        free(p->all[i].text);
    }
    free(p->all);
    *p = (struct problems){0};
}

/* Levenshtein's distance, one row at a time */
static size_t distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b), row[WORD_MAX + 1];
    if (m > WORD_MAX || n > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

const char *nearest_word(const char *word, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t limit = strlen(word) / 3 + 1, best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, known[i]);
        if (d < best_distance) {
            best_distance = d;
            best = known[i];
        }
    }
    return best;
}
