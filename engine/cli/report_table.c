/* A report for a terminal. */
#include "cli/report_show.h"

#include "alert/columns.h"
#include "cli/cli.h"

#include <string.h>

enum { LABEL = 30, LINE_BYTES = 2048, GAP = 2 };

/* columns that a text takes on a terminal: as columns_text goes */
static unsigned width_of(const char *text)
{
    char line[LINE_BYTES];
    struct columns c = columns_begin(line, sizeof line, false);
    columns_text(&c, text);
    return c.column;
}

/* so that it ends before `column` */
static void right(struct columns *line, unsigned column, const char *text)
{
    unsigned width = width_of(text);
    columns_pad(line, column > width ? column - width : 0);
    columns_text(line, text);
}

struct table {
    const struct column *columns[REPORT_COLUMNS_MAX];
    unsigned ends[REPORT_COLUMNS_MAX];
    size_t count;
};

static void begin_line(struct columns *c, char *line, const char *label, bool bold, bool colour)
{
    *c = columns_begin(line, LINE_BYTES, colour);
    columns_colour(c, bold ? "1" : "0");
    columns_text(c, label);
    columns_colour(c, "0");
}

static void show_head(const struct table *t, const char *label, FILE *out)
{
    char line[LINE_BYTES];
    struct columns c;
    begin_line(&c, line, label, false, false);
    for (size_t i = 0; i < t->count; i++)
        right(&c, t->ends[i], t->columns[i]->head);
    fprintf(out, "%s\n", line);
}

static void show_row(const struct table *t, const char *label, const void *row, bool bold, bool colour, FILE *out)
{
    char line[LINE_BYTES], cell[CELL_SIZE];
    struct columns c;
    begin_line(&c, line, label, bold, colour);
    for (size_t i = 0; i < t->count; i++) {
        cell_write(t->columns[i], row, cell);
        right(&c, t->ends[i], cell);
    }
    fprintf(out, "%s\n", line);
}

/* wide enough for what is in it */
static void add_column(struct table *t, const struct column *column, const void *rows, size_t row_size, size_t count)
{
    unsigned width = width_of(column->head), end = t->count ? t->ends[t->count - 1] : LABEL;
    char cell[CELL_SIZE];
    for (size_t i = 0; i < count; i++) {
        cell_write(column, (const char *)rows + i * row_size, cell);
        if (width_of(cell) > width)
            width = width_of(cell);
    }
    t->columns[t->count] = column;
    t->ends[t->count++] = end + GAP + width;
}

static void show_group(const struct report *r, const struct column *all, size_t count, enum column_group group,
                       bool colour, FILE *out)
{
    const struct period_figures *p = r->period;
    struct table t = {.count = 0};
    for (size_t i = 0; i < count; i++)
        if (all[i].group == group && column_shown(&all[i], &p->rows[0].figures))
            add_column(&t, &all[i], &p->rows[0].figures, sizeof *p->rows, p->row_count);
    if (!t.count)
        return;
    fputc('\n', out);
    show_head(&t, group_head(group), out);
    for (size_t i = 0; i < p->row_count; i++) {
        char label[512];
        bool placed = p->rows[i].kind == ROW_RULE_STREET || p->rows[i].kind == ROW_STREET;
        if (p->rows[i].kind == ROW_STREET && p->rows[i - 1].kind != ROW_STREET)
            fprintf(out, "%s\n", cli_text("streets", "各街道"));
        snprintf(label, sizeof label, "%s%s", placed ? "  " : "", row_label(&p->rows[i]));
        show_row(&t, label, &p->rows[i].figures, p->rows[i].kind == ROW_RULE, colour, out);
    }
}

static void show_units(const struct report *r, FILE *out)
{
    const struct period_figures *p = r->period;
    struct table t = {.count = 0};
    if (!p->unit_count)
        return;
    for (size_t i = 0; i < UNIT_COLUMNS; i++)
        add_column(&t, &unit_columns()[i], p->units, sizeof *p->units, p->unit_count);
    fputc('\n', out);
    show_head(&t, cli_text("How units do", "各单位"), out);
    for (size_t i = 0; i < p->unit_count; i++)
        show_row(&t, p->units[i].name, &p->units[i], false, false, out);
}

static void show_suggestions(const struct report *r, FILE *out)
{
    struct buffer text = {0};
    suggestions_basis(r, &text);
    fprintf(out, "\n%s\n%.*s\n", cli_text("Thresholds to try", "阈值建议"), STR_ARG(buffer_str(&text)));
    for (size_t i = 0; i < r->suggestions->count; i++) {
        const struct suggestion *s = &r->suggestions->all[i];
        struct buffer line = {0}, place = {0};
        text.len = 0;
        suggestion_sentence(r, s, &text);
        suggestion_line(r, s, &line);
        suggestion_place(s, &place);
        fprintf(out, "- %.*s\n    %.*s    (%.*s)\n", STR_ARG(buffer_str(&text)), STR_ARG(buffer_str(&line)),
                STR_ARG(buffer_str(&place)));
        buffer_free(&line);
        buffer_free(&place);
    }
    if (!r->suggestions->count)
        fprintf(out, "%s\n", cli_text("None.", "暂无。"));
    buffer_free(&text);
}

bool report_table(const struct report *r, bool colour, FILE *out)
{
    struct column all[REPORT_COLUMNS_MAX];
    size_t count = report_columns(r, all);
    struct buffer text = {0};
    report_period(r, &text);
    fprintf(out, "%.*s\n", STR_ARG(buffer_str(&text)));
    text.len = 0;
    report_missing(r, &text);
    if (text.len)
        fprintf(out, "%.*s\n", STR_ARG(buffer_str(&text)));
    buffer_free(&text);
    for (int group = 0; group < GROUPS; group++)
        show_group(r, all, count, (enum column_group)group, colour, out);
    show_units(r, out);
    show_suggestions(r, out);
    fputc('\n', out);
    for (const char *const *note = report_notes(); *note; note++)
        fprintf(out, "%s\n", *note);
    return !ferror(out);
}
