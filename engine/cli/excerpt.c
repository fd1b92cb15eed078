/* The loaders have let go of the file by now, so it is read once more: a person waits for this, no engine.  The caret
 * stands by display width, in which a Chinese character counts two. */
#include "cli/excerpt.h"

#include "alert/columns.h"

#include <stdlib.h>
#include <string.h>

/* in characters: a place further right is shown from a little before it; what comes of the line at most */
enum { FAR = 64, BEFORE = 32, SHOWN = 96, BYTES = 4 * SHOWN + COLUMNS_SIZE_MIN };

/* without its end and a byte order mark; free().  NULL if the file has no such line. */
static char *read_line(const char *path, int number)
{
    static const char mark[] = "\xEF\xBB\xBF";
    char *line = NULL;
    size_t capacity = 0;
    ssize_t len = -1;
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    for (int i = 0; i < number && (i == 0 || len >= 0); i++)
        len = getline(&line, &capacity, in);
    fclose(in);
    if (len < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (number == 1 && strncmp(line, mark, strlen(mark)) == 0)
        memmove(line, line + strlen(mark), strlen(line + strlen(mark)) + 1);
    return line;
}

/* A terminal is seen by others, too. */
static bool may_be_secret(const char *line)
{
    return strcasestr(line, "password") || strcasestr(line, "secret");
}

static char *skip_characters(char *at, int count)
{
    for (; *at && count > 0; count--)
        do
            at++;
        while (((unsigned char)*at & 0xC0) == 0x80);
    return at;
}

/* up to `end` */
static void add_piece(struct columns *c, const char *from, char *end)
{
    char kept = *end;
    *end = '\0';
    columns_text(c, from);
    *end = kept;
}

static void show(FILE *out, const struct problem *problem, char *line)
{
    char text[BYTES];
    int first = problem->col > FAR ? problem->col - BEFORE : 1;
    char *from = skip_characters(line, first - 1), *place = skip_characters(from, problem->col - first);
    char *end = skip_characters(from, SHOWN);
    struct columns c = columns_begin(text, sizeof text, false);
    columns_text(&c, from > line ? "…" : "");
    add_piece(&c, from, place);
    unsigned caret = c.column;
    add_piece(&c, place, end);
    columns_text(&c, *end ? "…" : "");
    fprintf(out, "%7d | %s\n", problem->line, text);
    if (problem->col)
        fprintf(out, "        | %*s^\n", (int)caret, "");
}

void excerpt_print(FILE *out, const struct problem *problem)
{
    char *line = problem->line ? read_line(problem->file, problem->line) : NULL;
    if (line && !may_be_secret(line))
        show(out, problem, line);
    free(line);
}
