/* Rules of a world that need more than events: neighbours, the weeks before, dates, silence, a model, a table of
 * thresholds. What they refer to is the same throughout a world, but for tables, which bear the name of what they
 * were drawn from. */
#include "world_files.h"

#include "base/check.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Worlds begin on the twelfth of January, or in the evening of that day. */
static const char calendar[] = "from,to,kind,name\n2026-01-13,2026-01-13,period,busy\n"
                               "2025-12-01,2026-01-12,period,quiet\n"
                               "2026-01-13,2026-01-14,period,quiet\n2026-01-12,,holiday,rest\n";

static int minutes(struct dice *dice, int low, int high)
{
    return (int)dice_between(dice, low, high);
}

void world_language_files(struct dice *dice, const char *directory)
{
    struct buffer out = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/models", directory);
    mkdir(path, 0700); /* of an earlier seed, it may be there */
    buffer_printf(&out,
                  "{\"name\": \"card\", \"title\": \"x\", \"version\": \"1\", \"kind\": \"scorecard\",\n"
                  "\"let\": {\"c\": {\"source\": [\"hotline\", \"petition\"]}, \"z\": {\"kind\": \"closed\"},\n"
                  "          \"u\": {\"after\": \"z\"}, \"s\": {\"source\": \"sensor\"}}, \"base\": %d,\n"
                  "\"features\": [\n",
                  minutes(dice, -3, 3));
    buffer_printf(&out,
                  "{\"name\": \"callers\", \"value\": \"c.callers\", \"within\": \"%dm\",\n"
                  " \"bins\": [{\"below\": 2, \"points\": 0}, {\"below\": 4, \"points\": %d}, {\"points\": %d}]},\n",
                  minutes(dice, 10, 90), minutes(dice, 1, 6), minutes(dice, 4, 12));
    buffer_printf(&out,
                  "{\"name\": \"loud\", \"value\": \"s.max\", \"within\": \"%dm\", \"none\": %d,\n"
                  " \"bins\": [{\"below\": 60.5, \"points\": 0}, {\"points\": %d}]},\n",
                  minutes(dice, 5, 40), minutes(dice, -2, 0), minutes(dice, 2, 6));
    buffer_printf(&out,
                  "{\"name\": \"again\", \"value\": \"u\", \"within\": \"%dm\",\n"
                  " \"bins\": [{\"below\": 1, \"points\": 0}, {\"points\": %d}]},\n"
                  "{\"name\": \"growth\", \"value\": \"change(c, 30m)\", \"within\": \"20m\",\n"
                  " \"bins\": [{\"below\": 1.5, \"points\": 0}, {\"points\": %d}]}]}\n",
                  minutes(dice, 20, 60), minutes(dice, 2, 6), minutes(dice, 1, 4));
    world_write(directory, "models/card.json", out.at, out.len);
    buffer_free(&out);
    world_write(directory, "calendar.csv", calendar, sizeof calendar - 1);
}

static const char *region_kind(struct dice *what)
{
    static const char *const per[] = {"grid", "grid", "community", "street"};
    return per[dice_below(what, 4)];
}

static void rule_adjacent(struct buffer *out, const struct hand *hand)
{
    static const char *const measure[] = {"c", "c.callers", "c", "c"};
    static const char *const more[] = {"", "", " or d >= 1", " and d.sources >= 1"};
    struct dice *what = hand->what, *amount = hand->amount;
    rule_head(out, hand->number, dice_chance(what, 70) ? "{c: {source: [hotline, petition]}, d: {source: sensor}}"
                                                       : "{c: {kind: [created, status], unless: d}, d: {kind: closed}}");
    const char *per = region_kind(what);
    int around = strcmp(per, "street") == 0 ? 1 : 2; /* no region has more neighbours */
    buffer_printf(out, "    per: %s\n", per);
    if (dice_chance(what, 25))
        buffer_printf(out, "    each: category.1\n");
    unsigned shape = dice_below(what, 4);
    int least = minutes(amount, 1, 2);
    bool own = dice_chance(what, 40);
    const char *others = own ? " or c >= 6 or d >= 7" : *more[shape] ? "" : " or d >= 7";
    buffer_printf(out, "    levels:\n      yellow: adjacent(%s >= %d%s) >= %d\n", measure[shape], least, more[shape],
                  around);
    buffer_printf(out, "      red: adjacent(%s >= %d%s) >= %d%s\n", measure[shape], least + 1, more[shape], around, others);
    rule_times(out, hand, "");
}

static void rule_anomaly(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    const char *measure = dice_chance(what, 40) ? "c.callers" : "c";
    rule_head(out, hand->number, dice_chance(what, 50) ? "{c: {source: [hotline, petition]}}" : "{c: {}}");
    buffer_printf(out, "    per: %s\n    levels: {yellow: '%s >= 2 and anomaly(%s) >= %d.%d'%s}\n", region_kind(what),
                  measure, measure, minutes(amount, 0, 1), minutes(amount, 2, 9),
                  dice_chance(what, 50) ? ", red: anomaly(c) >= 2.5" : "");
    /* it looks four weeks back, and no more than five are kept */
    buffer_printf(out, "    within: %dm\n    clear: {after: %dm}\n    raise_within: 5d\n", minutes(amount, 10, 120),
                  minutes(amount, 0, 30));
}

static void rule_silent(struct buffer *out, const struct hand *hand)
{
    static const char *const levels[] = {
        "{yellow: silent(hotline)}", "{orange: silent(sensor), red: silent(petition)}",
        "{yellow: silent(sensor) or silent(hotline), red: silent(sensor) and silent(petition)}"};
    buffer_printf(out, "  - id: r%u\n    per: district\n    levels: %s\n    clear: {after: 0m}\n", hand->number,
                  levels[dice_below(hand->what, 3)]);
}

static void rule_score(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    int yellow = minutes(amount, 3, 8);
    rule_head(out, hand->number, "{c: {source: [hotline, petition]}}");
    buffer_printf(out, "    per: %s\n    levels:\n", dice_chance(what, 50) ? "community" : "[respondent, grid]");
    buffer_printf(out, "      yellow: c >= 1 and score(card) >= %d\n      red: c >= 2 and score(card) >= %d\n", yellow,
                  yellow + minutes(amount, 1, 6));
    rule_times(out, hand, "");
}

/* by the date */
static void rule_dates(struct buffer *out, const struct hand *hand)
{
    static const char *const during[] = {"{busy: 0.6}", "{busy: 0.5, quiet: 0.8}", "{quiet: 1.5}",
                                         "{busy: 2, quiet: 0.4}"};
    static const char *const valid[] = {"{from: 2026-01-13}", "{to: 2026-01-12}", "{from: 2026-01-12, to: 2026-01-13}"};
    struct dice *what = hand->what, *amount = hand->amount;
    int yellow = minutes(amount, 2, 5);
    const char *measure = dice_chance(what, 40) ? ".callers" : dice_chance(what, 20) ? ".involved" : "";
    bool less = dice_chance(what, 30);
    rule_head(out, hand->number,
              less ? "{c: {source: [hotline, petition]}, d: {category: noise}}" : "{c: {source: [hotline, petition]}}");
    buffer_printf(out, "    per: %s\n    levels: {yellow: c%s >= %d, red: c%s > %d%s}\n",
                  dice_chance(what, 60) ? region_kind(what) : "respondent", measure, yellow, measure,
                  yellow + minutes(amount, 1, 3), less ? " and d <= 2" : "");
    unsigned dates = 1 + dice_below(what, 3);
    if (dates & 1)
        buffer_printf(out, "    during: %s\n", during[dice_below(amount, 4)]);
    if (dates & 2)
        buffer_printf(out, "    valid: %s\n", valid[dice_below(amount, 3)]);
    rule_times(out, hand, "");
}

/* a table of its own, and the calendar as well */
static void rule_table(struct buffer *out, const struct hand *hand)
{
    static const char *const where[] = {"9", "91", "92", "911", "912", "9111", "9211"};
    struct dice *what = hand->what, *amount = hand->amount;
    const char *measure = dice_chance(what, 40) ? "c.callers" : "c";
    struct buffer table = {0};
    char name[64];
    int yellow = minutes(amount, 2, 4), red = yellow + minutes(amount, 1, 3);
    /* of what it is, too: an edit may keep the amounts and ask for another measure */
    snprintf(name, sizeof name, "table%u_%016llx_%s.csv", hand->number, (unsigned long long)amount->state, measure);
    buffer_printf(&table, "region,level,measure,threshold\n");
    for (unsigned i = 0, at = dice_below(amount, 4); i < 3 && at < 7; i++, at += 1 + dice_below(amount, 2))
        buffer_printf(&table, "%s,%s,%s,%d\n", where[at], i % 2 ? "red" : "yellow", measure,
                      i % 2 ? minutes(amount, red, red + 4) : minutes(amount, 1, red - 1));
    world_write(hand->directory, name, table.at, table.len);
    buffer_free(&table);
    rule_head(out, hand->number, "{c: {source: [hotline, petition]}, d: {source: sensor}}");
    buffer_printf(out, "    per: %s\n    levels: {yellow: %s >= %d, red: %s > %d or d >= 6}\n    overrides: %s\n",
                  region_kind(what), measure, yellow, measure, red, name);
    if (dice_chance(what, 40))
        buffer_printf(out, "    during: {busy: 0.5}\n");
    rule_times(out, hand, "");
}

void world_language_rule(struct buffer *out, const struct hand *hand, unsigned shape)
{
    static void (*const shapes[LANGUAGE_SHAPES])(struct buffer *, const struct hand *) = {
        rule_adjacent, rule_silent, rule_score, rule_dates, rule_table, rule_anomaly};
    shapes[shape](out, hand);
}
