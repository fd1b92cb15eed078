/* A report as one page: for a deputy director, who reads it on a screen or on paper.  It asks for nothing from
 * anywhere. */
#include "cli/report_show.h"

#include "cli/cli.h"
#include "cli/markup.h"

static const char style[] =
    "body{font:15px/1.5 sans-serif;color:#222;max-width:1240px;margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #ccc}\n"
    ".key{display:grid;grid-template-columns:repeat(auto-fit,minmax(9em,1fr));gap:.8em}\n"
    ".key div{border:1px solid #ccc;padding:.5em 1em}.key b{display:block;font-size:1.5em}\n"
    /* what is too wide scrolls, under a shadow at the side where there is more, and beside the names of its rows */
    ".wide{overflow-x:auto;margin:1.2em 0;background:linear-gradient(90deg,#fff0,#fff 60%) 100%/3em 100% no-repeat local,"
    "linear-gradient(90deg,#0000,#0003) 100%/1em 100% no-repeat}\n"
    "table{border-collapse:collapse;font-size:13px}\n"
    "th,td{padding:.2em .45em;text-align:right;border-bottom:1px solid #e5e5e5;white-space:nowrap}\n"
    "thead th{white-space:normal;text-wrap:balance;vertical-align:bottom;min-width:4.2em}\n"
    "tr>:first-child{text-align:left;position:sticky;left:0;background:#fff}\n"
    "tr.rule td,tr.all td{font-weight:bold}tr.rule_street td:first-child{padding-left:1.8em}\n"
    "figure{margin:1em 0;overflow-x:auto;break-inside:avoid}figcaption{font-weight:bold;margin-bottom:.3em}\n"
    "svg{width:100%;min-width:720px;height:auto}\n"
    "code{background:#f3f3f3;padding:.1em .4em;overflow-wrap:anywhere}.small{font-size:12px;color:#555}\n"
    "@media print{body{margin:0;max-width:none;font-size:11px}table{font-size:9px}th,td{padding:.15em .3em}\n"
    ".wide,figure{overflow:visible;background:none}svg{min-width:0}tr,li{break-inside:avoid}}\n";

static void tagged(const char *tag, const char *text, FILE *out)
{
    fprintf(out, "<%s>", tag);
    markup_text(text, out);
    fprintf(out, "</%s>", tag);
}

static void buffer_text(struct buffer *text, FILE *out)
{
    buffer_put_u8(text, 0);
    markup_text(text->at, out);
    buffer_free(text);
}

/* ---- the first look ---- */

static void key_figure(const char *head, const char *value, const char *below, FILE *out)
{
    fputs("<div>", out);
    tagged("span", head, out);
    tagged("b", value, out);
    tagged("span", below, out);
    fputs("</div>\n", out);
}

static void key_figures(const struct report *r, FILE *out)
{
    const struct figures *f = &r->period->rows[0].figures;
    char value[CELL_SIZE], below[CELL_SIZE];
    double low, high;
    fputs("<div class=\"key\">\n", out);
    snprintf(value, sizeof value, "%zu", f->alerts);
    snprintf(below, sizeof below, cli_text("%zu told", "已告知 %zu"), f->told);
    key_figure(cli_text("alerts", "预警"), value, below, out);
    wilson(f->verified, f->judged, &low, &high);
    snprintf(value, sizeof value, "-");
    if (f->judged)
        snprintf(value, sizeof value, "%.0f%%", 100 * (double)f->verified / (double)f->judged);
    snprintf(below, sizeof below, cli_text("%zu of %zu judged (%.0f-%.0f%%)", "%zu / %zu（%.0f-%.0f%%）"), f->verified,
             f->judged, 100 * low, 100 * high);
    key_figure(cli_text("precision", "准确率"), value, below, out);
    report_length(f->sign.median, value);
    snprintf(below, sizeof below, cli_text("median of %zu", "%zu 起的中位"), f->sign.count);
    key_figure(cli_text("to sign", "签收用时"), f->sign.count ? value : "-", below, out);
    snprintf(value, sizeof value, "%zu", f->overdue);
    snprintf(below, sizeof below, cli_text("escalated: %zu", "督办升级 %zu"), f->escalated);
    key_figure(cli_text("overdue", "逾期"), value, below, out);
    report_length(f->petition.median, value);
    snprintf(below, sizeof below, cli_text("median of %zu; petition first: %zu", "%zu 起的中位；信访在先 %zu"),
             f->petition.ahead, f->petition.first);
    if (r->petitions)
        key_figure(cli_text("ahead of petitions", "比信访早"), f->petition.ahead ? value : "-", below, out);
    fputs("</div>\n", out);
}

/* ---- tables ---- */

static void head_row(const char *label, const struct column *const *columns, size_t count, FILE *out)
{
    fputs("<div class=\"wide\"><table>\n<thead><tr>", out);
    tagged("th", label, out);
    for (size_t i = 0; i < count; i++)
        tagged("th", columns[i]->head, out);
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void body_row(const char *class, const char *label, const char *more, const struct column *const *columns,
                     size_t count, const void *row, FILE *out)
{
    char cell[CELL_SIZE];
    fprintf(out, "<tr class=\"%s\"><td>", class);
    markup_text(label, out);
    if (*more) {
        fputs(" <span class=\"small\">", out);
        markup_text(more, out);
        fputs("</span>", out);
    }
    fputs("</td>", out);
    for (size_t i = 0; i < count; i++) {
        cell_write(columns[i], row, cell);
        tagged("td", cell, out);
    }
    fputs("</tr>\n", out);
}

static void group_table(const struct report *r, const struct column *all, size_t count, enum column_group group,
                        bool streets, FILE *out)
{
    static const char *const classes[] = {
        [ROW_ALL] = "all", [ROW_RULE] = "rule", [ROW_RULE_STREET] = "rule_street", [ROW_STREET] = "street"};
    const struct period_figures *p = r->period;
    const struct column *shown[REPORT_COLUMNS_MAX];
    size_t shown_count = 0;
    for (size_t i = 0; i < count; i++)
        if (all[i].group == group && column_shown(&all[i], &p->rows[0].figures))
            shown[shown_count++] = &all[i];
    head_row(streets ? cli_text("street", "街道") : cli_text("rule", "规则"), shown, shown_count, out);
    for (size_t i = 0; i < p->row_count; i++) {
        const struct row *row = &p->rows[i];
        bool titled = row->kind == ROW_RULE && *row->title;
        if (row->kind == ROW_ALL || (row->kind == ROW_STREET) == streets)
            body_row(classes[row->kind], titled ? row->title : row_label(row), titled ? row->rule : "", shown,
                     shown_count, &row->figures, out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void groups(const struct report *r, FILE *out)
{
    struct column all[REPORT_COLUMNS_MAX];
    size_t count = report_columns(r, all);
    for (int group = 0; group < GROUPS; group++) {
        if (group == GROUP_LEAD && !r->petitions)
            continue;
        tagged("h2", group_head((enum column_group)group), out);
        fputc('\n', out);
        if (group == GROUP_COUNT)
            plot_days(r, out);
        else if (group == GROUP_JUDGED)
            plot_precision(r, out);
        else if (group == GROUP_TIMES)
            plot_sign(r, out);
        else
            plot_lead(r, out);
        group_table(r, all, count, (enum column_group)group, true, out);
        group_table(r, all, count, (enum column_group)group, false, out);
    }
}

static void units(const struct report *r, FILE *out)
{
    const struct column *shown[UNIT_COLUMNS];
    for (size_t i = 0; i < UNIT_COLUMNS; i++)
        shown[i] = &unit_columns()[i];
    tagged("h2", cli_text("How units do", "各单位"), out);
    head_row(cli_text("unit", "单位"), shown, UNIT_COLUMNS, out);
    for (size_t i = 0; i < r->period->unit_count; i++)
        body_row("unit", r->period->units[i].name, "", shown, UNIT_COLUMNS, &r->period->units[i], out);
    fputs("</tbody></table></div>\n", out);
}

/* ---- words ---- */

static void suggestions(const struct report *r, FILE *out)
{
    struct buffer text = {0};
    tagged("h2", cli_text("Thresholds to try", "阈值建议"), out);
    suggestions_basis(r, &text);
    fputs("\n<p>", out);
    buffer_text(&text, out);
    fputs("</p>\n<ul>\n", out);
    for (size_t i = 0; i < r->suggestions->count; i++) {
        const struct suggestion *s = &r->suggestions->all[i];
        struct buffer sentence = {0}, line = {0}, place = {0};
        suggestion_sentence(r, s, &sentence);
        suggestion_line(r, s, &line);
        suggestion_place(s, &place);
        fputs("<li>", out);
        buffer_text(&sentence, out);
        fputs("<br/><code>", out);
        buffer_text(&line, out);
        fputs("</code> <span class=\"small\">", out);
        buffer_text(&place, out);
        fputs("</span></li>\n", out);
    }
    fputs("</ul>\n", out);
    if (!r->suggestions->count)
        tagged("p", cli_text("None.", "暂无。"), out);
}

static void notes(FILE *out)
{
    tagged("h2", cli_text("What the figures mean", "数字说明"), out);
    fputs("\n<ul class=\"small\">\n", out);
    for (const char *const *note = report_notes(); *note; note++) {
        tagged("li", *note, out);
        fputc('\n', out);
    }
    fputs("</ul>\n", out);
}

static void paragraph(void (*write)(const struct report *, struct buffer *), const struct report *r, FILE *out)
{
    struct buffer text = {0};
    write(r, &text);
    if (!text.len)
        return;
    fputs("<p>", out);
    buffer_text(&text, out);
    fputs("</p>\n", out);
}

bool report_html(const struct report *r, FILE *out)
{
    const char *title = cli_text("Dispute-risk alerts: report", "纠纷风险预警：运行报告");
    fprintf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                 "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>",
            cli_text("en", "zh-CN"));
    markup_text(title, out);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
    tagged("h1", title, out);
    paragraph(report_period, r, out);
    paragraph(report_missing, r, out);
    key_figures(r, out);
    groups(r, out);
    units(r, out);
    suggestions(r, out);
    notes(out);
    fputs("</body>\n</html>\n", out);
    return !ferror(out);
}
