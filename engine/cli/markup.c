#include "cli/markup.h"

#include <string.h>

void markup_text(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else if ((unsigned char)*text >= ' ')
            fputc(*text, out);
}

void markup_cell(const char *text, bool last, FILE *out)
{
    /* what begins like a formula would be one in Excel */
    fprintf(out, "\"%s", strchr("=+-@", *text) && *text ? "'" : "");
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputs(last ? "\"\r\n" : "\",", out);
}
