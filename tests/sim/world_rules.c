/* The rules of a world, drawn from a few shapes whose numbers are small enough that thresholds are crossed by
 * chance, and from both sides: what the language can say of counts and of what came before.  The rest is in
 * world_language.c.  No level holds where there is nothing at all: every episode must end. */
#include "world_files.h"

static int minutes(struct dice *dice, int low, int high)
{
    return (int)dice_between(dice, low, high);
}

void rule_head(struct buffer *out, unsigned number, const char *let)
{
    buffer_printf(out, "  - id: r%u\n    let: %s\n", number, let);
}

void rule_times(struct buffer *out, const struct hand *hand, const char *below)
{
    struct dice *dice = hand->amount;
    buffer_printf(out, "    within: %dm\n", minutes(dice, 5, dice_chance(dice, 30) ? 240 : 60));
    buffer_printf(out, "    clear: {%safter: %dm}\n", below, dice_chance(dice, 25) ? 0 : minutes(dice, 1, 40));
    if (dice_chance(dice, 30))
        buffer_printf(out, "    for: %dm\n", minutes(dice, 1, 12));
    /* within a run, where some of what is over is raised and some only recorded; or longer than that, and no longer than the
     * ledger keeps */
    if (!hand->shape->plain && dice_chance(dice, 40))
        buffer_printf(out, "    raise_within: %dm\n", minutes(dice, 5, 240));
    else
        buffer_printf(out, "    raise_within: %s\n", hand->shape->past ? "40h" : "20d");
}

static void rule_people(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    int yellow = minutes(amount, 2, 3), red = yellow + minutes(amount, 1, 2), involved = minutes(amount, 12, 30);
    rule_head(out, hand->number, "{w: {source: [hotline, petition], category: labour}}");
    buffer_printf(out, "    per: %s\n", dice_chance(what, 60) ? "[respondent, grid]" : "respondent");
    buffer_printf(out, "    levels: {yellow: w.callers >= %d, red: w.callers >= %d or w.involved >= %d}\n", yellow,
                  red, involved);
    rule_times(out, hand, "");
}

static void rule_place(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    static const char *const per[] = {"grid", "community", "street", "district"};
    static const char *const let[] = {"{c: {source: hotline}}", "{c: {category: [noise, labour.hours]}}",
                                      "{c: {any_tag: [threat, joint]}}", "{c: {}}"};
    int yellow = minutes(amount, 2, 5), orange = yellow + minutes(amount, 1, 4);
    const char *measure = dice_chance(what, 30) ? ".callers" : "";
    char below[32] = "";
    if (dice_chance(what, 40))
        snprintf(below, sizeof below, "below: %d, ", minutes(amount, 1, yellow));
    rule_head(out, hand->number, let[dice_below(what, 4)]);
    buffer_printf(out, "    per: %s\n    levels: {yellow: c%s >= %d, orange: c%s >= %d}\n", per[dice_below(what, 4)],
                  measure, yellow, measure, orange);
    rule_times(out, hand, below);
}

static void rule_matter(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    rule_head(out, hand->number,
              dice_chance(what, 60) ? "{a: {kind: [called_again, reopened]}, o: {}}"
                                    : "{a: {kind: [status, closed]}, o: {kind: created}}");
    buffer_printf(out, "    per: matter\n    levels: {blue: a >= %d, yellow: a >= %d and o >= 2}\n",
                  minutes(amount, 1, 2), minutes(amount, 2, 3));
    rule_times(out, hand, "");
}

static void rule_sensor(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    rule_head(out, hand->number, "{s: {source: sensor}, c: {source: hotline}}");
    buffer_printf(out, "    per: %s\n    levels: {blue: s.max >= %d, orange: s.sum >= %d and c >= %d}\n",
                  dice_chance(what, 50) ? "grid" : "community", minutes(amount, 55, 75), minutes(amount, 120, 200),
                  minutes(amount, 1, 3));
    rule_times(out, hand, "");
}

static void rule_involved(struct buffer *out, const struct hand *hand)
{
    struct dice *amount = hand->amount;
    rule_head(out, hand->number, "{w: {category: [labour, noise]}}");
    buffer_printf(out, "    per: community\n    levels: {yellow: w.involved >= %d, orange: w.involved >= %d}\n",
                  minutes(amount, 10, 20), minutes(amount, 21, 40));
    rule_times(out, hand, "");
}

/* ---- what else the language has ---- */

/* what came before in the matter */
static void rule_past(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    static const char *const let[] = {
        "{a: {kind: [created, called_again], after: z}, z: {kind: closed}}",
        "{a: {kind: [created, called_again, status], unless: z}, z: {kind: [closed, called_again]}}",
        "{a: {kind: [created, called_again, reopened], overdue: true}}",
        "{a: {source: hotline, after: z}, z: {source: petition, category: labour}}",
        "{a: {category: [labour, noise], unless: z}, z: {kind: status}}",
        "{a: {after: z, unless: y}, z: {kind: created}, y: {kind: closed}}",
    };
    static const char *const per[] = {"matter", "matter", "grid", "community", "[respondent, grid]"};
    const char *measure = dice_chance(what, 30) ? ".callers" : "";
    int blue = minutes(amount, 1, 2);
    rule_head(out, hand->number, let[dice_below(what, 6)]);
    buffer_printf(out, "    per: %s\n    levels: {blue: a%s >= %d, yellow: a%s >= %d}\n", per[dice_below(what, 5)],
                  measure, blue, measure, blue + minutes(amount, 1, 2));
    rule_times(out, hand, "");
}

/* what more facts can make false again */
static void rule_less(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    static const char *const levels[] = {
        "c >= 2 and d <= 1", "c >= 2 and not (d >= 2)",     "c = 3 or d = 2",
        "c >= 3 and d != 1", "c != 2 and c >= 1 and d < 3", "not (c <= 1 or d > 1)",
    };
    static const char *const when[] = {"", "", "when: c < 2, ", "when: d >= 1 or c < 1, "};
    int red = minutes(amount, 4, 8);
    rule_head(out, hand->number, "{c: {source: [hotline, petition]}, d: {category: noise}}");
    buffer_printf(out, "    per: %s\n    levels: {yellow: %s, red: c >= %d%s}\n",
                  dice_chance(what, 50) ? "community" : "[respondent, grid]", levels[dice_below(what, 6)], red,
                  dice_chance(what, 40) ? " and d < 3" : "");
    rule_times(out, hand, when[dice_below(what, 4)]);
}

static void rule_function(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what;
    static const struct {
        const char *let, *levels;
    } shapes[] = {
        {"{c: {source: [hotline, petition]}}", "yellow: 'change(c, 20m) >= 2 and c >= 2', red: 'change(c, 70m) >= 4'"},
        {"{c: {}}", "yellow: 'change(c.callers, 40m) >= 1.5', red: c.callers >= 5"},
        {"{c: {source: [hotline, petition]}, d: {source: petition}}",
         "yellow: 'share(d, c) >= 0.5 and c >= 2', red: 'share(d.callers, c.callers) >= 1 - 1/4 and c >= 4'"},
        {"{c: {source: hotline}, d: {category: labour}}", "yellow: 'both(c, d) >= 2', red: 'both(d, c) >= 4'"},
        {"{c: {}}", "yellow: c.regions >= 2, red: c.regions >= 3 and c.sources >= 2"},
        {"{s: {source: sensor}}", "yellow: s.avg >= 60, red: s.avg > 62.5 and s >= 2"},
        {"{s: {source: sensor}}", "yellow: 'change(s.sum, 30m) > 1', red: 's.sum = 120 or s.max >= 78'"},
        {"{c: {source: [hotline, petition]}}", "yellow: 'share(c.callers, c) <= 0.6 and c >= 2'"},
    };
    static const char *const per[] = {"grid", "community", "street", "district"};
    unsigned shape = dice_below(what, 8);
    rule_head(out, hand->number, shapes[shape].let);
    buffer_printf(out, "    per: %s\n    levels: {%s}\n", per[dice_below(what, 4)], shapes[shape].levels);
    rule_times(out, hand, "");
}

static void rule_each(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    static const char *const per[] = {"grid", "community", "[respondent, street]", "district", "matter"};
    int yellow = minutes(amount, 1, 3);
    rule_head(out, hand->number,
              dice_chance(what, 50) ? "{c: {}}" : "{c: {category: labour, kind: [created, status]}}");
    buffer_printf(out, "    per: %s\n    each: category.%d\n", per[dice_below(what, 5)], minutes(amount, 1, 3));
    buffer_printf(out, "    levels: {yellow: c >= %d, red: c.callers >= %d}\n", yellow, yellow + minutes(amount, 1, 2));
    rule_times(out, hand, "");
}

static void rule_hours(struct buffer *out, const struct hand *hand)
{
    struct dice *what = hand->what, *amount = hand->amount;
    static const char *const hours[] = {"\"01:00-03:30\"", "[\"23:00-00:40\", \"02:10-04:00\"]", "\"03:00-24:00\""};
    buffer_printf(out, "  - id: r%u\n    let: {c: {hours: %s}}\n", hand->number, hours[dice_below(what, 3)]);
    buffer_printf(out, "    per: %s\n    levels: {yellow: c >= 2, red: c >= %d}\n",
                  dice_chance(what, 50) ? "grid" : "community", minutes(amount, 3, 5));
    rule_times(out, hand, "");
}

void world_rule(struct buffer *out, const struct hand *hand)
{
    static void (*const shapes[])(struct buffer *, const struct hand *) = {
        rule_people, rule_place, rule_matter,   rule_sensor,   rule_involved, /* those of a plain world */
        rule_past,   rule_past,  rule_function, rule_function, rule_less,     rule_less, rule_each, rule_hours};
    enum { PLAIN = 5, SHAPES = sizeof shapes / sizeof *shapes };
    unsigned language = hand->shape->past ? LANGUAGE_SHAPES - 1 : LANGUAGE_SHAPES; /* there are no weeks before */
    unsigned shape = dice_below(hand->what, hand->shape->plain ? PLAIN : SHAPES + language);
    if (shape < SHAPES)
        shapes[shape](out, hand);
    else
        world_language_rule(out, hand, shape - SHAPES);
}
