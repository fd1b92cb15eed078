#include "base/problem.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_OF_FILE = 100, TEXT_BYTES = 1024 };

struct problem_file {
    char *name;
    size_t count[2]; /* errors, warnings */
};

static struct problem_file *file_of(struct problems *p, const char *name)
{
    for (size_t i = p->file_count; i-- > 0;) /* mostly it is the last one */
        if (strcmp(p->files[i].name, name) == 0)
            return &p->files[i];
    p->files = xrealloc(p->files, (p->file_count + 1) * sizeof *p->files);
    p->files[p->file_count] = (struct problem_file){.name = xstrdup(name)};
    return &p->files[p->file_count++];
}

/* The reader's terminal is not to be steered by what stands in a file, and a problem is one line. */
static void clean(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
}

static char *say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static char *say(const char *format, va_list args)
{
    char text[TEXT_BYTES];
    int wanted = vsnprintf(text, sizeof text, format, args);
    size_t len = strlen(text);
    if (wanted >= TEXT_BYTES) { /* the last character may have been cut */
        do
            len--;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80);
        text[len] = '\0';
    }
    clean(text, len);
    return xstrdup(text);
}

__attribute__((format_arg(2))) static const char *format_in(enum language language, const char *format)
{
    const char *chinese = language == LANGUAGE_CHINESE ? language_chinese(format) : NULL;
    return chinese ? chinese : format;
}

void problem_vadd(struct problems *p, bool warning, const char *file, int line, int col, const char *format,
                  va_list args)
{
    struct problem_file *about = file_of(p, file);
    if (warning)
        p->warnings++;
    else
        p->count++;
    if (about->count[warning]++ >= KEPT_OF_FILE)
        return;
    if (p->kept == p->capacity) {
        p->capacity = p->capacity ? p->capacity * 2 : 16;
        p->all = xrealloc(p->all, p->capacity * sizeof *p->all);
    }
    p->all[p->kept++] = (struct problem){about->name, line, col, warning, say(format_in(p->language, format), args)};
}

void problem_add(struct problems *p, const char *file, int line, int col, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(p, false, file, line, col, format, args);
    va_end(args);
}

void problem_warn(struct problems *p, const char *file, int line, int col, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(p, true, file, line, col, format, args);
    va_end(args);
}

const char *problem_word(const struct problems *p, const char *english)
{
    const char *chinese = p->language == LANGUAGE_CHINESE ? language_chinese(english) : NULL;
    return chinese ? chinese : english;
}

static int by_place(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    int files = strcmp(x->file, y->file);
    if (files)
        return files;
    return x->line != y->line ? x->line - y->line : x->col - y->col;
}

static void print_one(const struct problems *p, const struct problem *one, FILE *out)
{
    bool chinese = p->language == LANGUAGE_CHINESE;
    fputs(one->file, out);
    if (one->line)
        fprintf(out, ":%d", one->line);
    if (one->line && one->col)
        fprintf(out, ":%d", one->col);
    fprintf(out, ": %s%s\n", !one->warning ? "" : chinese ? "注意：" : "warning: ", one->text);
}

static void print_rest(struct problems *p, const char *file, FILE *out)
{
    const size_t *count = file_of(p, file)->count;
    size_t more = 0;
    for (int i = 0; i < 2; i++)
        more += count[i] > KEPT_OF_FILE ? count[i] - KEPT_OF_FILE : 0;
    if (more)
        fprintf(out, p->language == LANGUAGE_CHINESE ? "%s: 另有 %zu 处\n" : "%s: and %zu more\n", file, more);
}

void problems_print_each(struct problems *p, FILE *out, void (*after)(FILE *, const struct problem *))
{
    if (p->kept)
        qsort(p->all, p->kept, sizeof *p->all, by_place);
    for (size_t i = 0; i < p->kept; i++) {
        print_one(p, &p->all[i], out);
        if (after)
            after(out, &p->all[i]);
        if (i + 1 == p->kept || p->all[i + 1].file != p->all[i].file)
            print_rest(p, p->all[i].file, out);
    }
}

void problems_print(struct problems *p, FILE *out)
{
    problems_print_each(p, out, NULL);
}

void problems_clear(struct problems *p)
{
    for (size_t i = 0; i < p->kept; i++)
        free(p->all[i].text);
    for (size_t i = 0; i < p->file_count; i++)
        free(p->files[i].name);
    free(p->all);
    free(p->files);
    *p = (struct problems){.language = p->language};
}
