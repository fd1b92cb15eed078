/* A report for Excel and for programs: one table, whose column `of` says what a row is of. */
#include "cli/report_show.h"

#include "cli/markup.h"

static const char *const kinds[] = {
    [ROW_ALL] = "all", [ROW_RULE] = "rule", [ROW_RULE_STREET] = "rule_street", [ROW_STREET] = "street"};

static const char *const suggested[] = {
    "suggest_level",    "suggest_measure", "suggest_now",   "suggest_threshold", "suggest_line",
    "suggest_verified", "suggest_kept",    "suggest_false", "suggest_gone",      "suggest_unjudged",
    "suggest_unjudged_gone", "suggest_new", "suggest_later_s",
};

enum { SUGGESTED = sizeof suggested / sizeof *suggested };

static void write_cell(const struct column *c, const void *row, FILE *out)
{
    double low, high;
    if (c->cell == CELL_COUNT || c->cell == CELL_SHARE) {
        fprintf(out, "%zu,", cell_count(c, row, false));
        return;
    }
    size_t of = cell_count(c, row, true), count = c->cell == CELL_RATIO ? cell_count(c, row, false) : 0;
    if (c->cell == CELL_TIME && of)
        fprintf(out, "%lld", (long long)cell_time(c, row));
    if (c->cell == CELL_RATIO && of) {
        wilson(count, of, &low, &high);
        fprintf(out, "%.4f,%.4f,%.4f", (double)count / (double)of, low, high);
    } else if (c->cell == CELL_RATIO) {
        fputs(",,", out);
    }
    fputc(',', out);
}

static void write_head(const struct column *c, FILE *out)
{
    fprintf(out, "%s,", c->key);
    if (c->cell == CELL_RATIO)
        fprintf(out, "%s_low,%s_high,", c->key, c->key);
}

static void write_empty(const struct column *c, FILE *out)
{
    fputs(c->cell == CELL_RATIO ? ",,," : ",", out);
}

static void write_number(const struct suggestion *s, int64_t threshold, FILE *out)
{
    struct buffer text = {0};
    suggestion_number(s, threshold, &text);
    fprintf(out, "%.*s,", STR_ARG(buffer_str(&text)));
    buffer_free(&text);
}

static const struct suggestion *suggestion_for(const struct report *r, const struct row *row)
{
    for (size_t i = 0; row->kind == ROW_RULE_STREET && i < r->suggestions->count; i++) {
        const struct suggestion *s = &r->suggestions->all[i];
        const char *street = registry_region(r->config->registry, s->street)->code;
        if (strcmp(s->rule->id, row->rule) == 0 && strcmp(street, row->street) == 0)
            return s;
    }
    return NULL;
}

static void write_suggestion(const struct report *r, const struct suggestion *s, FILE *out)
{
    struct buffer measure = {0};
    suggestion_measure(s, false, &measure);
    buffer_put_u8(&measure, 0);
    markup_cell(r->config->level_names[s->level - 1], false, out);
    markup_cell(measure.at, false, out);
    write_number(s, s->now, out);
    write_number(s, s->threshold, out);
    fprintf(out, "%d,%zu,%zu,%zu,%zu,%zu,%zu,%zu,%lld\r\n", s->line, s->verified, s->kept, s->false_alarms, s->gone,
            s->unjudged, s->unjudged_gone, s->appeared, (long long)s->later_s);
    buffer_free(&measure);
}

static void write_row(const struct report *r, const struct row *row, const struct column *all, size_t count, FILE *out)
{
    fprintf(out, "%s,", kinds[row->kind]);
    markup_cell(row->rule, false, out);
    markup_cell(row->title, false, out);
    markup_cell(row->street, false, out);
    markup_cell(row->street_name, false, out);
    fputc(',', out);
    for (size_t i = 0; i < count; i++)
        write_cell(&all[i], &row->figures, out);
    for (size_t i = 0; i < UNIT_COLUMNS; i++)
        write_empty(&unit_columns()[i], out);
    const struct suggestion *s = suggestion_for(r, row);
    if (s)
        write_suggestion(r, s, out);
    else
        fprintf(out, "%.*s\r\n", SUGGESTED - 1, ",,,,,,,,,,,,,,,,,,,,");
}

static void write_unit(const struct unit_row *unit, const struct column *all, size_t count, FILE *out)
{
    fputs("unit,,,,,", out);
    markup_cell(unit->name, false, out);
    for (size_t i = 0; i < count; i++)
        write_empty(&all[i], out);
    for (size_t i = 0; i < UNIT_COLUMNS; i++)
        write_cell(&unit_columns()[i], unit, out);
    fprintf(out, "%.*s\r\n", SUGGESTED - 1, ",,,,,,,,,,,,,,,,,,,,");
}

bool report_csv(const struct report *r, FILE *out)
{
    struct column all[REPORT_COLUMNS_MAX];
    size_t count = report_columns(r, all);
    fputs("\xef\xbb\xbfof,rule,title,street,street_name,unit,", out);
    for (size_t i = 0; i < count; i++)
        write_head(&all[i], out);
    for (size_t i = 0; i < UNIT_COLUMNS; i++)
        write_head(&unit_columns()[i], out);
    for (size_t i = 0; i < SUGGESTED; i++)
        fprintf(out, "%s%s", suggested[i], i + 1 < SUGGESTED ? "," : "\r\n");
    for (size_t i = 0; i < r->period->row_count; i++)
        write_row(r, &r->period->rows[i], all, count, out);
    for (size_t i = 0; i < r->period->unit_count; i++)
        write_unit(&r->period->units[i], all, count, out);
    return !ferror(out);
}
