/* Text that others wrote, put into what a browser or Excel reads. */
#ifndef GW_CLI_MARKUP_H
#define GW_CLI_MARKUP_H

#include <stdbool.h>
#include <stdio.h>

/* into SVG or HTML, outside of tags or within quotes */
void markup_text(const char *text, FILE *out);

/* a cell of a CSV file, with the comma or, after the last, the line's end */
void markup_cell(const char *text, bool last, FILE *out);

#endif
