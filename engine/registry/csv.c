/* Fields are unquoted and terminated in place: a table is its file's bytes and one array of fields. */
#include "registry/csv.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 256 << 20, HEADER_MAX = 64 };

struct csv {
    char *name, *text;
    struct csv_field *fields; /* rows × columns */
    size_t columns, rows, capacity;
};

struct reader {
    char *at, *end;
    int line, col;
};

struct line {
    struct csv_field fields[HEADER_MAX];
    size_t count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void advance(struct reader *r)
{
    unsigned char c = (unsigned char)*r->at++;
    if (c == '\n') {
        r->line++;
        r->col = 1;
    } else if ((c & 0xC0) != 0x80) { /* not the continuation of a character */
        r->col++;
    }
}

/* Length of the UTF-8 sequence at `at`, 0 if it is none; neither surrogates nor overlong forms are. */
static size_t utf8_len(const unsigned char *at, const unsigned char *end)
{
    size_t len = *at < 0x80 ? 1 : *at >= 0xC2 && *at < 0xE0 ? 2 : (*at & 0xF0) == 0xE0 ? 3 : 4;
    if (len == 1)
        return 1;
    if (*at < 0xC2 || *at > 0xF4 || (size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F) || (*at == 0xF0 && at[1] < 0x90) ||
        (*at == 0xF4 && at[1] > 0x8F))
        return 0;
    return len;
}

static bool check_text(const struct csv *csv, struct reader r, struct problems *problems)
{
    while (r.at < r.end) {
        size_t len = utf8_len((const unsigned char *)r.at, (const unsigned char *)r.end);
        if (len == 0 || *r.at == '\0') {
            problem_add(problems, csv->name, r.line, r.col,
                        len ? "a NUL byte: this is not text"
                            : "not UTF-8: save the file as UTF-8 (in Excel: \"CSV UTF-8\")");
            return false;
        }
        for (size_t i = 0; i < len; i++)
            advance(&r);
    }
    return true;
}

/* Past the closing quote; *end is where the unquoted text ends.  false if it is never closed. */
static bool read_quoted(struct reader *r, char **end)
{
    char *out = r->at;
    advance(r);
    while (r->at < r->end) {
        if (*r->at == '"') {
            advance(r);
            if (r->at == r->end || *r->at != '"') {
                *end = out;
                return true;
            }
        }
        *out++ = *r->at;
        advance(r);
    }
    return false;
}

/* Reads one field and what ends it: ',' or '\n', '\0' at the end of the file, -1 if the field is broken. */
static int read_field(const struct csv *csv, struct reader *r, struct csv_field *field, struct problems *problems)
{
    while (r->at < r->end && is_blank(*r->at))
        advance(r);
    *field = (struct csv_field){.text = {r->at, 0}, .line = r->line, .col = r->col};
    char *start = r->at, *end = start;
    if (r->at < r->end && *r->at == '"') {
        if (!read_quoted(r, &end)) {
            csv_problem(csv, field, problems, "this quote is never closed");
            return -1;
        }
        while (r->at < r->end && is_blank(*r->at))
            advance(r);
        if (r->at < r->end && *r->at != ',' && *r->at != '\n') {
            problem_add(problems, csv->name, r->line, r->col,
                        "text after the closing quote; a quote inside quotes is written twice");
            return -1;
        }
    } else {
        while (r->at < r->end && *r->at != ',' && *r->at != '\n')
            advance(r);
        for (end = r->at; end > start && is_blank(end[-1]); end--)
            ;
    }
    int delimiter = r->at < r->end ? *r->at : '\0';
    if (r->at < r->end)
        advance(r);
    *end = '\0';
    field->text.len = (size_t)(end - start);
    return delimiter;
}

/* false at the end of the file, or if the line is broken, after which nothing can be trusted */
static bool read_line(const struct csv *csv, struct reader *r, struct line *line, struct problems *problems)
{
    do {
        line->count = 0;
        if (r->at >= r->end)
            return false;
        int delimiter = ',';
        while (delimiter == ',') {
            if (line->count == HEADER_MAX) {
                problem_add(problems, csv->name, r->line, r->col, "more than %d columns", HEADER_MAX);
                return false;
            }
            delimiter = read_field(csv, r, &line->fields[line->count++], problems);
        }
        if (delimiter < 0)
            return false;
    } while (line->count == 1 && line->fields[0].text.len == 0);
    return true;
}

static size_t find_column(const struct line *header, const char *name)
{
    for (size_t i = 0; i < header->count; i++)
        if (str_eq(header->fields[i].text, str_of(name)))
            return i;
    return SIZE_MAX;
}

/* where[i]: which of the file's columns is columns[i] */
static void match_header(const struct csv *csv, const struct line *header, const struct csv_column *columns,
                         size_t where[], struct problems *problems)
{
    const char *absent[HEADER_MAX];
    size_t absent_count = 0;
    for (size_t i = 0; i < csv->columns; i++) {
        where[i] = find_column(header, columns[i].name);
        if (where[i] == SIZE_MAX)
            absent[absent_count++] = columns[i].name;
        if (where[i] == SIZE_MAX && columns[i].required)
            csv_problem(csv, &header->fields[0], problems, "the header has no column %s", columns[i].name);
    }
    for (size_t i = 0; i < header->count; i++) {
        const struct csv_field *name = &header->fields[i];
        if (name->text.len && find_column(header, name->text.at) != i)
            csv_problem(csv, name, problems, "the column %s stands here twice", name->text.at);
        bool wanted = false;
        for (size_t k = 0; k < csv->columns; k++)
            wanted = wanted || where[k] == i;
        const char *near = wanted ? NULL : nearest_word(name->text.at, absent, absent_count);
        if (near)
            csv_problem(csv, name, problems, "unknown column %s; did you mean %s?", name->text.at, near);
    }
}

static void add_row(struct csv *csv, const struct line *line, const size_t where[])
{
    if (csv->rows == csv->capacity) {
        csv->capacity = csv->capacity ? csv->capacity * 2 : 64;
        csv->fields = xrealloc(csv->fields, csv->capacity * csv->columns * sizeof *csv->fields);
    }
    struct csv_field *row = csv->fields + csv->columns * csv->rows++;
    for (size_t i = 0; i < csv->columns; i++)
        row[i] = where[i] != SIZE_MAX
                     ? line->fields[where[i]]
                     : (struct csv_field){.text = STR(""), .line = line->fields[0].line, .col = line->fields[0].col};
}

static void read_table(struct csv *csv, struct reader *r, const struct csv_column *columns, struct problems *problems)
{
    struct line header, line;
    size_t where[HEADER_MAX], before = problems->count;
    if (!read_line(csv, r, &header, problems)) {
        if (problems->count == before)
            problem_add(problems, csv->name, 0, 0, "empty: expected a header line");
        return;
    }
    match_header(csv, &header, columns, where, problems);
    while (read_line(csv, r, &line, problems)) {
        if (line.count == header.count)
            add_row(csv, &line, where);
        else
            csv_problem(csv, &line.fields[0], problems, "%zu fields in this line, %zu in the header", line.count,
                        header.count);
    }
}

static char *read_file(const char *path, size_t *len, struct problems *problems)
{
    FILE *in = fopen(path, "re");
    if (!in) {
        problem_add(problems, path, 0, 0, "can't be opened: %s", problem_word(problems, strerror(errno)));
        return NULL;
    }
    size_t capacity = 1 << 14, got;
    char *text = xmalloc(capacity);
    *len = 0;
    while (*len <= FILE_BYTES_MAX && (got = fread(text + *len, 1, capacity - *len - 1, in)) > 0) {
        *len += got;
        if (*len + 1 == capacity)
            text = xrealloc(text, capacity *= 2);
    }
    bool failed = ferror(in) || *len > FILE_BYTES_MAX;
    if (failed)
        problem_add(problems, path, 0, 0, "can't be read: %s",
                    problem_word(problems, ferror(in) ? strerror(errno) : N_("larger than 256 MiB")));
    fclose(in);
    text[*len] = '\0';
    if (failed)
        free(text);
    return failed ? NULL : text;
}

struct csv *csv_load(const char *path, const struct csv_column *columns, size_t count, struct problems *problems)
{
    CHECK(count >= 1 && count <= HEADER_MAX);
    size_t before = problems->count, len;
    char *text = read_file(path, &len, problems);
    if (!text)
        return NULL;
    struct csv *csv = xcalloc(1, sizeof *csv);
    *csv = (struct csv){.name = xstrdup(path), .text = text, .columns = count};
    struct reader r = {text, text + len, 1, 1};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.at += 3;
    if (check_text(csv, r, problems))
        read_table(csv, &r, columns, problems);
    if (problems->count != before)
        csv_close(&csv);
    return csv;
}

void csv_close(struct csv **csv)
{
    if (!*csv)
        return;
    free((*csv)->name);
    free((*csv)->text);
    free((*csv)->fields);
    free(*csv);
    *csv = NULL;
}

size_t csv_rows(const struct csv *csv)
{
    return csv->rows;
}

const struct csv_field *csv_row(const struct csv *csv, size_t row)
{
    return csv->fields + row * csv->columns;
}

void csv_problem(const struct csv *csv, const struct csv_field *field, struct problems *problems, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(problems, false, csv->name, field->line, field->col, format, args);
    va_end(args);
}

bool csv_next_item(struct str *list, struct str *item)
{
    static const char wide[] = "；";
    while (list->len) {
        size_t len = 0, gap = 0;
        while (len < list->len && gap == 0) {
            if (list->at[len] == ';')
                gap = 1;
            else if (list->len - len >= sizeof wide - 1 && memcmp(list->at + len, wide, sizeof wide - 1) == 0)
                gap = sizeof wide - 1;
            else
                len++;
        }
        *item = (struct str){list->at, len};
        list->at += len + gap;
        list->len -= len + gap;
        while (item->len && is_blank(item->at[0]))
            *item = (struct str){item->at + 1, item->len - 1};
        while (item->len && is_blank(item->at[item->len - 1]))
            item->len--;
        if (item->len)
            return true;
    }
    return false;
}
