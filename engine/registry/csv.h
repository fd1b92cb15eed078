/* CSV tables that people edit in Excel, WPS or by hand: RFC 4180 with quotes, a header line whose columns stand in any
 * order.  UTF-8 with or without a BOM, GB18030 (what is not UTF-8), UTF-16 with a BOM; LF, CRLF or CR; tabs instead of
 * commas.  Blanks around a field are dropped unless they are quoted; blank lines, empty columns and the apostrophe or
 * ="..." that keep Excel from reading a code as a number are understood; a code that it did read so is a problem.
 * Every field remembers its place, so that whoever reads it can show a mistake as file:line:column. */
#ifndef GW_REGISTRY_CSV_H
#define GW_REGISTRY_CSV_H

#include "base/problem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct csv_column {
    const char *name;
    bool required;       /* the header must have it */
    const char *chinese; /* what the header may say instead, or NULL */
};

struct csv_field {
    struct str text; /* terminated, too; empty where the column is absent */
    int line, col;   /* from 1; columns count characters, not bytes */
};

struct csv;

/* The whole file, its columns put in the order of `columns` (count of them); others are ignored.  NULL, with problems
 * added, if it can't be read or any of its lines is broken.  Texts live until csv_close. */
struct csv *csv_load(const char *path, const struct csv_column *columns, size_t count, struct problems *);
void csv_close(struct csv **);

size_t csv_rows(const struct csv *); /* without the header */
bool csv_has(const struct csv *, size_t column); /* does the header have it? */
const struct csv_field *csv_row(const struct csv *, size_t row);

/* a problem at the field's place; a warning there */
void csv_problem(const struct csv *, const struct csv_field *, struct problems *, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void csv_warning(const struct csv *, const struct csv_field *, struct problems *, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Takes the next item off a list split by ';' (or the full-width one); blank items are skipped.  false at the end. */
bool csv_next_item(struct str *list, struct str *item);

#endif
