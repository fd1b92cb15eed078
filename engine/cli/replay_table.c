/* A replay for a terminal: per rule how many alerts, how long, how high, and where; then when. */
#include "cli/replay_show.h"

#include "cli/cli.h"
#include "cli/show.h"
#include "replay/moment.h"

enum {
    COLUMN_ALERTS = 44,
    COLUMN_PER_DAY = 52,
    COLUMN_MEDIAN = 61,
    COLUMN_LEVELS = 63,
    LEVEL_WIDTH = 13,
    LINE_BYTES = 1024,
    PICTURE_LABEL = 28,
    PICTURE_BINS = 72,
};

static void heading(const struct judgement *j)
{
    char line[LINE_BYTES];
    struct columns c = columns_begin(line, sizeof line, false);
    columns_text(&c, cli_text("rule", "规则"));
    columns_pad(&c, COLUMN_ALERTS - (unsigned)strlen(cli_text("alerts", "1234")));
    columns_text(&c, cli_text("alerts", "预警"));
    columns_pad(&c, COLUMN_PER_DAY - (unsigned)strlen(cli_text("a day", "1234")));
    columns_text(&c, cli_text("a day", "每天"));
    columns_pad(&c, COLUMN_MEDIAN - (unsigned)strlen(cli_text("median", "12345678")));
    columns_text(&c, cli_text("median", "持续中位"));
    for (unsigned l = 1; l <= j->rules->level_count; l++) {
        columns_pad(&c, COLUMN_LEVELS + (l - 1) * LEVEL_WIDTH + 2);
        columns_text(&c, show_level(j, l));
    }
    puts(line);
}

/* how many got so far and no further, and in brackets which share reached it */
static void level_cells(const struct judgement *j, const struct summary_row *row, struct columns *c)
{
    for (unsigned l = 1; l <= j->rules->level_count; l++) {
        char cell[48];
        unsigned at = COLUMN_LEVELS + (l - 1) * LEVEL_WIDTH;
        bool used = j->rules->rules[row->rule].level[l].count > 0;
        if (!used || (!row->whole && !row->highest[l]))
            continue;
        snprintf(cell, sizeof cell, "%zu", row->highest[l]);
        show_right(c, at + 5, cell);
        if (!row->whole || !row->count)
            continue;
        snprintf(cell, sizeof cell, " (%.0f%%)", 100 * summary_share(row, l));
        columns_text(c, cell);
    }
}

static void show_row(const struct judgement *j, const struct summary *s, const struct summary_row *row, bool colour)
{
    const struct rule *rule = &j->rules->rules[row->rule];
    char line[LINE_BYTES], cell[LENGTH_SIZE];
    struct columns c = columns_begin(line, sizeof line, colour);
    columns_colour(&c, row->whole ? "1" : "0");
    columns_text(&c, row->whole ? rule->id : "  ");
    columns_colour(&c, "0");
    if (!row->whole)
        columns_text(&c, show_street(j, row->street));
    snprintf(cell, sizeof cell, "%zu", row->count);
    show_right(&c, COLUMN_ALERTS, cell);
    snprintf(cell, sizeof cell, "%.1f", (double)row->count / s->days);
    show_right(&c, COLUMN_PER_DAY, cell);
    show_length(row->median_min, cell);
    show_right(&c, COLUMN_MEDIAN, row->count ? cell : "");
    level_cells(j, row, &c);
    puts(line);
    if (row->whole && strcmp(rule->id, rule->title) != 0) {
        c = columns_begin(line, sizeof line, false);
        columns_text(&c, "  ");
        columns_text(&c, rule->title);
        puts(line);
    }
}

void replay_table(const struct judgement *j, const struct summary *s, bool colour)
{
    char from[MOMENT_SIZE], to[MOMENT_SIZE];
    int32_t zone_s = past_config(j->past)->utc_offset_s;
    moment_write(s->from_s, zone_s, true, from);
    moment_write(s->to_s, zone_s, true, to);
    printf(cli_text("%s to %s: %zu alerts of %u rules, %.1f a day\n\n",
                    "%s 至 %s：%zu 起预警，%u 条规则，每天 %.1f 起\n\n"),
           from, to, s->alerts, j->rules->count,
           (double)s->alerts / s->days);
    heading(j);
    for (size_t i = 0; i < s->count; i++)
        show_row(j, s, &s->rows[i], colour);
}

/* ---- over time ---- */

static const char *block(const struct timeline *t, const struct timeline_bin *bin)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!bin->opened)
        return bin->open ? "─" : "·";
    return blocks[t->most_opened <= 8 ? bin->opened - 1 : (bin->opened * 8 - 1) / t->most_opened];
}

static unsigned highest_in(const struct judgement *j, const struct timeline_bin *bin)
{
    unsigned level = j->rules->level_count;
    while (level > 0 && !bin->levels[level])
        level--;
    return level;
}

static void picture_row(const struct judgement *j, const struct timeline *t, unsigned rule, bool colour)
{
    char line[4 * LINE_BYTES];
    struct columns c = columns_begin(line, sizeof line, colour);
    const char *now = "0";
    columns_text(&c, j->rules->rules[rule].id);
    columns_pad(&c, PICTURE_LABEL);
    for (size_t b = 0; b < t->bins; b++) {
        const struct timeline_bin *bin = &t->all[rule * t->bins + b];
        const char *sgr = bin->opened ? show_level_sgr(j, highest_in(j, bin)) : "0";
        if (strcmp(sgr, now) != 0)
            columns_colour(&c, sgr);
        now = sgr;
        columns_text(&c, block(t, bin));
    }
    if (strcmp(now, "0") != 0)
        columns_colour(&c, "0");
    puts(line);
}

void replay_picture(const struct judgement *j, const struct summary *s, bool colour)
{
    struct timeline t;
    char from[MOMENT_SIZE], to[MOMENT_SIZE], step[LENGTH_SIZE], line[LINE_BYTES];
    int32_t zone_s = past_config(j->past)->utc_offset_s;
    timeline_make(&t, j, s, PICTURE_BINS);
    moment_write(t.from_s, zone_s, false, from);
    moment_write(s->to_s, zone_s, false, to);
    show_length(t.step_s / 60, step);
    printf(cli_text("\nopened, by %s (the highest block: %u); ─ still open\n",
                    "\n按 %s 统计新增（最高一格：%u 起）；─ 仍未解除\n"),
           step, (unsigned)t.most_opened);
    for (unsigned r = 0; r < j->rules->count; r++)
        picture_row(j, &t, r, colour);
    struct columns c = columns_begin(line, sizeof line, false);
    columns_pad(&c, PICTURE_LABEL);
    columns_text(&c, from);
    columns_pad(&c, PICTURE_LABEL + (t.bins > 24 ? (unsigned)t.bins - 11 : 13));
    columns_text(&c, to);
    puts(line);
    timeline_clear(&t);
}
