/* From lines to a table: the header's columns are found, each row is put in their order.  A table is its file's text
 * and one array of fields. */
#include "registry/csv_priv.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#define NOWHERE SIZE_MAX

struct csv {
    char *name, *text;
    struct csv_field *fields; /* rows × columns */
    size_t columns, rows, capacity;
    size_t where[CSV_COLUMNS_MAX]; /* which of the file's columns each is; NOWHERE if absent */
};

struct loader {
    struct csv *csv;
    const struct csv_column *columns;
    struct csv_line header, line;
    struct problems *problems;
};

static bool is_column(const struct csv_field *header, const struct csv_column *column)
{
    return str_eq(header->text, str_of(column->name)) ||
           (column->chinese && str_eq(header->text, str_of(column->chinese)));
}

static size_t find_column(const struct loader *l, const struct csv_column *column)
{
    for (size_t at = 0; at < l->header.count; at++)
        if (is_column(&l->header.fields[at], column))
            return at;
    return NOWHERE;
}

static void check_column(const struct loader *l, size_t i)
{
    const struct csv_column *column = &l->columns[i];
    bool absent = l->csv->where[i] == NOWHERE && column->required;
    if (absent && column->chinese)
        csv_problem(l->csv, &l->header.fields[0], l->problems, "the header has no column %s (%s)", column->name,
                    column->chinese);
    else if (absent)
        csv_problem(l->csv, &l->header.fields[0], l->problems, "the header has no column %s", column->name);
    for (size_t at = l->csv->where[i]; at < l->header.count; at++) {
        const struct csv_field *field = &l->header.fields[at];
        if (at != l->csv->where[i] && is_column(field, column))
            csv_problem(l->csv, field, l->problems, "the column %s stands here twice", field->text.at);
    }
}

/* A header that is none of the columns is the author's own, unless it looks like one that is absent. */
static void check_header(const struct loader *l, const struct csv_field *field)
{
    const char *absent[2 * CSV_COLUMNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < l->csv->columns; i++) {
        if (is_column(field, &l->columns[i]))
            return;
        if (l->csv->where[i] == NOWHERE)
            absent[count++] = l->columns[i].name;
        if (l->csv->where[i] == NOWHERE && l->columns[i].chinese)
            absent[count++] = l->columns[i].chinese;
    }
    const char *near = nearest_word(field->text.at, absent, count);
    if (near)
        csv_problem(l->csv, field, l->problems, "unknown column %s; did you mean %s?", field->text.at, near);
}

/* the field in which one stands, NULL if there is none */
static const struct csv_field *wide_comma(const struct csv_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        if (strstr(line->fields[i].text.at, "，"))
            return &line->fields[i];
    return NULL;
}

/* false if the columns can't be told apart */
static bool read_header(struct loader *l)
{
    bool complete = true;
    while (l->header.fields[l->header.count - 1].text.len == 0) /* Excel's; a line has something in it */
        l->header.count--;
    for (size_t i = 0; i < l->csv->columns; i++) {
        l->csv->where[i] = find_column(l, &l->columns[i]);
        complete = complete && (l->csv->where[i] != NOWHERE || !l->columns[i].required);
    }
    const struct csv_field *comma = wide_comma(&l->header);
    if (comma && !complete) {
        csv_problem(l->csv, comma, l->problems,
                    "a full-width comma (，) does not separate columns: write ,");
        return false;
    }
    for (size_t i = 0; i < l->csv->columns; i++)
        check_column(l, i);
    for (size_t i = 0; i < l->header.count; i++)
        check_header(l, &l->header.fields[i]);
    return true;
}

/* Excel leaves empty fields behind a line, and takes away those of optional columns. */
static bool fits_header(const struct loader *l)
{
    for (size_t i = l->header.count; i < l->line.count; i++)
        if (l->line.fields[i].text.len)
            return false;
    for (size_t i = 0; i < l->csv->columns; i++)
        if (l->columns[i].required && l->csv->where[i] != NOWHERE && l->csv->where[i] >= l->line.count)
            return false;
    return true;
}

/* 9.90101E+14: what Excel shows, and saves, instead of a number of more than eleven digits */
static bool is_scientific(const char *text)
{
    static const char digits[] = "0123456789";
    size_t whole = strspn(text, digits), fraction = text[whole] == '.' ? 1 + strspn(text + whole + 1, digits) : 0;
    const char *power = text + whole + fraction;
    size_t exponent = whole && (*power == 'E' || *power == 'e') && power[1] == '+' ? strspn(power + 2, digits) : 0;
    return exponent && power[2 + exponent] == '\0';
}

static void add_row(struct loader *l)
{
    struct csv *csv = l->csv;
    if (csv->rows == csv->capacity) {
        csv->capacity = csv->capacity ? csv->capacity * 2 : 64;
        csv->fields = xrealloc(csv->fields, csv->capacity * csv->columns * sizeof *csv->fields);
    }
    struct csv_field *row = csv->fields + csv->columns * csv->rows++;
    for (size_t i = 0; i < csv->columns; i++) {
        row[i] = csv->where[i] < l->line.count ? l->line.fields[csv->where[i]]
                                               : (struct csv_field){.text = STR(""),
                                                                    .line = l->line.fields[0].line,
                                                                    .col = l->line.fields[0].col};
        if (is_scientific(row[i].text.at))
            csv_problem(csv, &row[i], l->problems,
                        "Excel turned this code into a number, digits are lost: format the column as text, enter it "
                        "again");
    }
}

static void read_table(struct loader *l, struct csv_reader *reader)
{
    size_t before = l->problems->count;
    if (!csv_read_line(reader, &l->header)) {
        if (l->problems->count == before)
            problem_add(l->problems, l->csv->name, 0, 0, "empty: expected a header line");
        return;
    }
    if (!read_header(l))
        return;
    while (csv_read_line(reader, &l->line)) {
        if (fits_header(l))
            add_row(l);
        else
            csv_problem(l->csv, &l->line.fields[0], l->problems,
                        wide_comma(&l->line)
                            ? "%zu fields in this line, %zu in the header; a full-width comma (，) does not separate "
                              "fields"
                            : "%zu fields in this line, %zu in the header",
                        l->line.count, l->header.count);
    }
}

struct csv *csv_load(const char *path, const struct csv_column *columns, size_t count, struct problems *problems)
{
    CHECK(count >= 1 && count <= CSV_COLUMNS_MAX);
    size_t before = problems->count, len;
    char *text = csv_text_read(path, &len, problems);
    if (!text)
        return NULL;
    struct csv *csv = xcalloc(1, sizeof *csv);
    *csv = (struct csv){.name = xstrdup(path), .text = text, .columns = count};
    struct loader l = {.csv = csv, .columns = columns, .problems = problems};
    struct csv_reader reader;
    csv_reader_begin(&reader, csv->name, text, len, problems);
    read_table(&l, &reader);
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

bool csv_has(const struct csv *csv, size_t column)
{
    return csv->where[column] != NOWHERE;
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

void csv_warning(const struct csv *csv, const struct csv_field *field, struct problems *problems, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(problems, true, csv->name, field->line, field->col, format, args);
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
        *item = csv_trim(*item);
        if (item->len)
            return true;
    }
    return false;
}
