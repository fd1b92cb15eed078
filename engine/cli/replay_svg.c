/* A replay as a picture for a report: a row for each rule, a column for each stretch of time, bars by level. */
#include "cli/replay_show.h"

#include "cli/cli.h"
#include "cli/markup.h"
#include "cli/show.h"
#include "replay/moment.h"

enum { LEFT = 240, TOP = 56, ROW = 44, BAR_MAX = 30, BAR_LEAST = 3, WIDTH = 1200, BINS = 160, TICKS = 8 };

static const char going_on[] = "#bbbbbb";

static void label(double x, double y, const char *anchor, const char *style, const char *text, FILE *out)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" style=\"%s\">", x, y, anchor, style);
    markup_text(text, out);
    fputs("</text>\n", out);
}

struct drawing {
    const struct judgement *j;
    struct timeline t;
    double bin_width;
    int32_t zone_s;
    FILE *out;
};

static void bar(const struct drawing *d, unsigned rule, size_t bin, double base)
{
    const struct timeline_bin *b = &d->t.all[rule * d->t.bins + bin];
    char when[MOMENT_SIZE];
    double x = LEFT + (double)bin * d->bin_width, y = base;
    if (b->open)
        fprintf(d->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"2\" fill=\"%s\"/>\n", x, base - 2,
                d->bin_width, going_on);
    moment_write(d->t.from_s + (int64_t)bin * d->t.step_s, d->zone_s, false, when);
    for (unsigned l = 1; l <= d->j->rules->level_count; l++) {
        if (!b->levels[l])
            continue;
        double height = (double)BAR_MAX * b->levels[l] / d->t.most_opened;
        height = height > BAR_LEAST ? height : BAR_LEAST; /* a single one is seen beside the busiest day */
        y -= height;
        fprintf(d->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%s ", x, y,
                d->bin_width > 3 ? d->bin_width - 1 : d->bin_width, height, show_level_rgb(d->j, l), when);
        markup_text(show_level(d->j, l), d->out);
        fprintf(d->out, ": %u</title></rect>\n", (unsigned)b->levels[l]);
    }
}

static void axis(const struct drawing *d, double bottom)
{
    for (size_t tick = 0; tick <= TICKS; tick++) {
        size_t bin = tick * d->t.bins / TICKS;
        double x = LEFT + (double)bin * d->bin_width;
        char when[MOMENT_SIZE];
        moment_write(d->t.from_s + (int64_t)bin * d->t.step_s, d->zone_s, false, when);
        fprintf(d->out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>\n", x, TOP, x, bottom);
        label(x, bottom + 16, tick == TICKS ? "end" : "middle", "fill:#666666", when, d->out);
    }
}

static void key(double x, const char *colour, const char *text, FILE *out)
{
    fprintf(out, "<rect x=\"%.0f\" y=\"18\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, colour);
    label(x + 18, 28, "start", "", text, out);
}

static void keys(const struct drawing *d)
{
    char tallest[64];
    double x = LEFT;
    for (unsigned l = 1; l <= d->j->rules->level_count; l++, x += 90)
        key(x, show_level_rgb(d->j, l), show_level(d->j, l), d->out);
    key(x, going_on, cli_text("going on", "未解除"), d->out);
    snprintf(tallest, sizeof tallest, cli_text("tallest bar: %u alerts", "最高的一格 %u 起"), (unsigned)d->t.most_opened);
    label(WIDTH - 20, 28, "end", "fill:#666666", tallest, d->out);
}

bool replay_svg(const struct judgement *j, const struct summary *s, FILE *out)
{
    struct drawing d = {.j = j, .zone_s = past_config(j->past)->utc_offset_s, .out = out};
    timeline_make(&d.t, j, s, BINS);
    d.bin_width = (double)(WIDTH - LEFT - 20) / (double)d.t.bins;
    double bottom = TOP + (double)ROW * j->rules->count;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" "
            "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
            WIDTH, bottom + 32, WIDTH, bottom + 32);
    keys(&d);
    axis(&d, bottom);
    for (unsigned r = 0; r < j->rules->count; r++) {
        double base = TOP + (double)ROW * (r + 1) - 4;
        label(12, base - 18, "start", "font-weight:bold", j->rules->rules[r].id, out);
        label(12, base - 4, "start", "fill:#444444", j->rules->rules[r].title, out);
        for (size_t b = 0; b < d.t.bins; b++)
            bar(&d, r, b, base);
    }
    fputs("</svg>\n", out);
    timeline_clear(&d.t);
    return !ferror(out);
}
