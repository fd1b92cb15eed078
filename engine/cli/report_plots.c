/* A report's pictures, as SVG inside of the page: nothing is fetched from anywhere, and they print as they show. */
#include "cli/report_show.h"

#include "base/civil.h"
#include "cli/cli.h"
#include "cli/markup.h"
#include "cli/show.h"
#include "replay/moment.h"


enum { WIDTH = 960, LEFT = 48, RIGHT = 16, TOP = 28, HEIGHT = 200, BOTTOM = 28, TICKS = 8 };

static const char ink[] = "#444444", grid[] = "#dddddd", plain[] = "#3b6ea5", mild[] = "#9aa5b1";

/* ---- drawing ---- */

static void begin(const char *head, int height, FILE *out)
{
    fputs("<figure>\n<figcaption>", out);
    markup_text(head, out);
    fprintf(out, "</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" ", WIDTH, height);
    fputs("font-family=\"sans-serif\" font-size=\"12\">\n", out);
}

static void end(FILE *out)
{
    fputs("</svg>\n</figure>\n", out);
}

static void label(double x, double y, const char *anchor, const char *text, FILE *out)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor, ink);
    markup_text(text, out);
    fputs("</text>\n", out);
}

static void line(double x1, double y1, double x2, double y2, const char *colour, double width, FILE *out)
{
    fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" ", x1, y1, x2, y2);
    fprintf(out, "stroke=\"%s\" stroke-width=\"%.1f\"/>\n", colour, width);
}

/* what it shows is said in words, for who points at it and for who cannot see it */
static void bar(double x, double y, double width, double height, const char *colour, const char *said, FILE *out)
{
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>", x, y, width, height,
            colour);
    markup_text(said, out);
    fputs("</title></rect>\n", out);
}

/* lines at a quarter, a half, three quarters and all of a count, where these are whole */
static void counts_axis(size_t most, double bottom, FILE *out)
{
    for (size_t quarter = 0; quarter <= 4; quarter++) {
        char text[32];
        if (most * quarter % 4)
            continue;
        double y = bottom - (double)HEIGHT * (double)quarter / 4;
        line(LEFT, y, WIDTH - RIGHT, y, grid, 1, out);
        snprintf(text, sizeof text, "%zu", most * quarter / 4);
        label(LEFT - 6, y + 4, "end", text, out);
    }
}

/* ---- alerts a day ---- */

static size_t count_of_day(const struct day *day)
{
    size_t count = 0;
    for (unsigned l = 0; l <= LEVELS_MAX; l++)
        count += day->highest[l];
    return count;
}

static const char *level_of(const struct config *config, unsigned level)
{
    return level ? show_level_named(config->level_names[level - 1]) : cli_text("other level", "其他级别");
}

static void day_bars(const struct report *r, const struct day *day, double x, double width, size_t most, FILE *out)
{
    double y = TOP + HEIGHT;
    char when[MOMENT_SIZE], said[128];
    moment_write(day->from_s, r->config->utc_offset_s, true, when);
    for (unsigned l = 0; l <= r->config->level_count; l++) {
        if (!day->highest[l])
            continue;
        double height = (double)HEIGHT * day->highest[l] / (double)most;
        y -= height;
        snprintf(said, sizeof said, "%.10s %s: %u", when, level_of(r->config, l), (unsigned)day->highest[l]);
        bar(x, y, width > 3 ? width - 1 : width, height, show_level_colour(r->config->rules, l), said, out);
    }
}

void plot_days(const struct report *r, FILE *out)
{
    const struct period_figures *p = r->period;
    size_t most = 1;
    for (size_t i = 0; i < p->day_count; i++)
        if (count_of_day(&p->days[i]) > most)
            most = count_of_day(&p->days[i]);
    begin(cli_text("Alerts a day, by highest level", "每天的预警，按最高级别"), TOP + HEIGHT + BOTTOM, out);
    counts_axis(most, TOP + HEIGHT, out);
    double x = LEFT, width = (double)(WIDTH - LEFT - RIGHT) / (double)(p->day_count ? p->day_count : 1);
    for (unsigned l = 1; l <= r->config->level_count; l++, x += 90) {
        fprintf(out, "<rect x=\"%.1f\" y=\"4\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x,
                show_level_colour(r->config->rules, l));
        label(x + 18, 14, "start", level_of(r->config, l), out);
    }
    size_t every = p->day_count / TICKS + 1;
    for (size_t i = 0; i < p->day_count; i++) {
        char when[MOMENT_SIZE];
        day_bars(r, &p->days[i], LEFT + (double)i * width, width, most, out);
        moment_write(p->days[i].from_s, r->config->utc_offset_s, false, when);
        when[5] = '\0';
        if (i % every == 0)
            label(LEFT + ((double)i + 0.5) * width, TOP + HEIGHT + 18, "middle", when, out);
    }
    end(out);
}

/* ---- precision ---- */

static void precision_row(const struct row *row, double y, FILE *out)
{
    enum { BEGIN = 300, END = 700 };
    const struct figures *f = &row->figures;
    double low, high, share = (double)f->verified / (double)f->judged;
    char text[128];
    wilson(f->verified, f->judged, &low, &high);
    label(BEGIN - 12, y + 4, "end", *row->title ? row->title : row_label(row), out);
    line(BEGIN + (END - BEGIN) * low, y, BEGIN + (END - BEGIN) * high, y, mild, 3, out);
    fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", BEGIN + (END - BEGIN) * share, y, plain);
    snprintf(text, sizeof text, "%zu / %zu = %.0f%% (%.0f-%.0f%%)", f->verified, f->judged, 100 * share, 100 * low,
             100 * high);
    label(END + 24, y + 4, "start", text, out);
}

void plot_precision(const struct report *r, FILE *out)
{
    enum { ROW = 24, BEGIN = 300, END = 700 };
    const struct period_figures *p = r->period;
    int rows = 0;
    for (size_t i = 0; i < p->row_count; i++)
        rows += p->rows[i].kind <= ROW_RULE && p->rows[i].figures.judged;
    begin(cli_text("Precision by rule, with its 95 % interval", "各规则的准确率和 95% 置信区间"), TOP + rows * ROW + BOTTOM, out);
    for (int quarter = 0; quarter <= 4; quarter++) {
        char text[8];
        double x = BEGIN + (END - BEGIN) * quarter / 4.0;
        line(x, TOP - 8, x, TOP + rows * ROW, grid, 1, out);
        snprintf(text, sizeof text, "%d%%", quarter * 25);
        label(x, TOP + rows * ROW + 18, "middle", text, out);
    }
    double y = TOP + ROW / 2.0 - 4;
    for (size_t i = 0; i < p->row_count; i++)
        if (p->rows[i].kind <= ROW_RULE && p->rows[i].figures.judged) {
            precision_row(&p->rows[i], y, out);
            y += ROW;
        }
    end(out);
}

/* ---- how times are spread ---- */

struct bucket {
    const char *head;
    size_t count;
    const char *colour;
};

static void plot_buckets(const char *head, const struct bucket *buckets, size_t count, FILE *out)
{
    size_t most = 1;
    for (size_t i = 0; i < count; i++)
        if (buckets[i].count > most)
            most = buckets[i].count;
    begin(head, TOP + HEIGHT + BOTTOM, out);
    counts_axis(most, TOP + HEIGHT, out);
    double width = (double)(WIDTH - LEFT - RIGHT) / (double)count;
    for (size_t i = 0; i < count; i++) {
        double x = LEFT + (double)i * width, height = (double)HEIGHT * (double)buckets[i].count / (double)most;
        char said[128], number[24];
        snprintf(said, sizeof said, "%s: %zu", buckets[i].head, buckets[i].count);
        snprintf(number, sizeof number, "%zu", buckets[i].count);
        bar(x + 6, TOP + HEIGHT - height, width - 12, height, buckets[i].colour, said, out);
        if (buckets[i].count)
            label(x + width / 2, TOP + HEIGHT - height - 5, "middle", number, out);
        label(x + width / 2, TOP + HEIGHT + 18, "middle", buckets[i].head, out);
    }
    end(out);
}

enum { HOUR = 3600 };

static size_t bucket_of(const int64_t *bounds, size_t count, int64_t time)
{
    size_t i = 0;
    while (i < count && time > bounds[i])
        i++;
    return i;
}

void plot_sign(const struct report *r, FILE *out)
{
    static const int64_t bounds[] = {300, 900, 1800, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, CIVIL_DAY_S};
    enum { BOUNDS = sizeof bounds / sizeof *bounds, NEVER = BOUNDS + 1, BUCKETS };
    struct bucket buckets[BUCKETS] = {{"≤ 5m", 0, plain}, {"≤ 15m", 0, plain}, {"≤ 30m", 0, plain},
                                      {"≤ 1h", 0, plain}, {"≤ 2h", 0, plain},  {"≤ 4h", 0, plain},
                                      {"≤ 8h", 0, plain}, {"≤ 24h", 0, plain}, {"> 24h", 0, plain}};
    buckets[NEVER] = (struct bucket){cli_text("not signed", "未签收"), 0, mild};
    for (size_t i = 0; i < r->period->count; i++) {
        const struct account *a = r->period->alerts[i];
        int64_t time = since_told(a, a->signed_at);
        if (time != ACCOUNT_NEVER)
            buckets[bucket_of(bounds, BOUNDS, time)].count++;
        else
            buckets[NEVER].count += a->told_at != ACCOUNT_NEVER;
    }
    plot_buckets(cli_text("From when somebody was told to the first signature", "自告知到首次签收"), buckets, BUCKETS, out);
}

void plot_lead(const struct report *r, FILE *out)
{
    static const int64_t bounds[] = {HOUR, 6 * HOUR, CIVIL_DAY_S, 3 * CIVIL_DAY_S, 7 * CIVIL_DAY_S};
    enum { FIRST, AHEAD, BOUNDS = sizeof bounds / sizeof *bounds, NONE = AHEAD + BOUNDS + 1, UNKNOWN, BUCKETS };
    struct bucket buckets[BUCKETS] = {[AHEAD] = {"≤ 1h", 0, plain}, {"≤ 6h", 0, plain}, {"≤ 1d", 0, plain},
                                      {"≤ 3d", 0, plain},           {"≤ 7d", 0, plain}, {"≤ 30d", 0, plain}};
    buckets[FIRST] = (struct bucket){cli_text("petition first", "信访在先"), 0, mild};
    buckets[NONE] = (struct bucket){cli_text("none followed", "未引起信访"), 0, mild};
    buckets[UNKNOWN] = (struct bucket){cli_text("not known", "不明"), 0, mild};
    for (size_t i = 0; i < r->period->count; i++) {
        const struct lead *lead = &r->period->leads[i].petition;
        if (!r->period->alerts[i]->told)
            continue;
        buckets[lead->kind == LEAD_FIRST     ? FIRST
                : lead->kind == LEAD_NONE    ? NONE
                : lead->kind == LEAD_UNKNOWN ? UNKNOWN
                                             : AHEAD + bucket_of(bounds, BOUNDS, lead->s)]
            .count++;
    }
    plot_buckets(cli_text("How long before the first petition somebody was told", "比首件信访早多久告知"), buckets, BUCKETS, out);
}
