/* The forms in which a report is given: report_table.c for a terminal, report_csv.c for Excel, report_html.c for a
 * reader, with the pictures of report_plots.c.  All show the columns of report_columns.c. */
#ifndef GW_CLI_REPORT_SHOW_H
#define GW_CLI_REPORT_SHOW_H

#include "base/buffer.h"
#include "config/config.h"
#include "report/period.h"
#include "report/suggest.h"

#include <stdio.h>

struct report {
    const struct config *config;
    const struct accounts *accounts;
    const struct period_figures *period;
    const char *petitions; /* the source; NULL: the configuration has no such, nothing is said of leads */
    const struct suggestions *suggestions;
};

bool report_table(const struct report *, bool colour, FILE *);
bool report_csv(const struct report *, FILE *); /* UTF-8 with a BOM */
bool report_html(const struct report *, FILE *);

/* ---- columns ---- */

enum column_group { GROUP_COUNT, GROUP_JUDGED, GROUP_TIMES, GROUP_LEAD, GROUPS };

enum cell {
    CELL_COUNT,
    CELL_SHARE, /* a count, and which share it is of another */
    CELL_TIME,  /* seconds, of so many; none where that is 0 */
    CELL_RATIO, /* of another count, with its interval */
};

struct column {
    char key[48]; /* in CSV */
    const char *head;
    enum column_group group;
    enum cell cell;
    size_t at, of; /* offsets in struct figures or struct unit_row */
    bool always;   /* shown even where all of it is 0 */
};

enum { REPORT_COLUMNS_MAX = 96, UNIT_COLUMNS = 10, CELL_SIZE = 64 };

size_t report_columns(const struct report *, struct column all[REPORT_COLUMNS_MAX]);
const struct column *unit_columns(void); /* UNIT_COLUMNS of them */

/* is there anything in the column, by the row of all? */
bool column_shown(const struct column *, const struct figures *whole);
/* as people read it; "-" for none */
void cell_write(const struct column *, const void *row, char out[CELL_SIZE]);
size_t cell_count(const struct column *, const void *row, bool of);
int64_t cell_time(const struct column *, const void *row);

/* 45s, 12m, 3h05m, 2d4h */
void report_length(int64_t seconds, char out[CELL_SIZE]);
/* what the row is of */
const char *row_label(const struct row *);
const char *group_head(enum column_group);

/* what one has to know to read it: a line each, ended by NULL */
const char *const *report_notes(void);
/* from when to when, and of what; and what was left out, if anything was: empty otherwise */
void report_period(const struct report *, struct buffer *out);
void report_missing(const struct report *, struct buffer *out);

/* the suggestion as a sentence, and as a line of the table */
void suggestion_sentence(const struct report *, const struct suggestion *, struct buffer *out);
void suggestion_line(const struct report *, const struct suggestion *, struct buffer *out);
/* where that line belongs */
void suggestion_place(const struct suggestion *, struct buffer *out);
/* why there are no more */
void suggestions_basis(const struct report *, struct buffer *out);

/* ---- pictures, inline SVG ---- */

void plot_days(const struct report *, FILE *);
void plot_precision(const struct report *, FILE *);
void plot_sign(const struct report *, FILE *);
void plot_lead(const struct report *, FILE *);

#endif
