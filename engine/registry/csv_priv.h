/* Between the files that read tables: bytes to text (csv_text.c), text to lines of fields (csv_line.c), lines to a
 * table (csv.c). */
#ifndef GW_REGISTRY_CSV_PRIV_H
#define GW_REGISTRY_CSV_PRIV_H

#include "registry/csv.h"

enum { CSV_COLUMNS_MAX = 64 };

/* The file as checked UTF-8 without a BOM, terminated, its lines ending in LF; NULL after adding a problem.  free() */
char *csv_text_read(const char *path, size_t *len, struct problems *);

struct csv_reader {
    const char *name; /* of the file, for messages */
    struct problems *problems;
    char *at, *end; /* rewritten in place while it is read */
    int line, col;
    char separator; /* ',', or a tab where the first line has tabs and no comma */
};

struct csv_line {
    struct csv_field fields[CSV_COLUMNS_MAX];
    size_t count;
};

void csv_reader_begin(struct csv_reader *, const char *name, char *text, size_t len, struct problems *);

/* The next line that has anything in it.  false at the end of the file, or if the line is broken, after which nothing
 * can be trusted. */
bool csv_read_line(struct csv_reader *, struct csv_line *);

/* without blanks at either end, those of full width and those that don't break included */
struct str csv_trim(struct str);

#endif
