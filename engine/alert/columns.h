/* A line for a terminal: text of mixed widths in columns.  Chinese characters take two columns and combining marks
 * none, so neither bytes nor characters align.  What is written is taken apart on the way: a name out of a registry
 * that holds an escape sequence must not steer the reader's terminal, so control and direction characters become
 * spaces and broken UTF-8 becomes U+FFFD. */
#ifndef GW_ALERT_COLUMNS_H
#define GW_ALERT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

struct columns {
    char *out; /* the caller's, terminated at each moment */
    size_t size, len;
    unsigned column; /* where the next character goes */
    bool colour;     /* false: columns_colour does nothing */
    bool cut;        /* it did not fit: the line ends in "…" and takes no more */
};

enum { COLUMNS_SIZE_MIN = 64 };

struct columns columns_begin(char *out, size_t size, bool colour); /* size >= COLUMNS_SIZE_MIN */
void columns_text(struct columns *, const char *text);
/* spaces up to `column`, and at least one */
void columns_pad(struct columns *, unsigned column);
/* the parameters of an SGR escape ("31", "1;33"), or "0" for back to normal; no column.  The line is back to normal
 * at its end if the last one was "0". */
void columns_colour(struct columns *, const char *sgr);

#endif
