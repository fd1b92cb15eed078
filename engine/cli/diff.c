/* gridwarn diff: what an edit of the rules would have changed over the last days.  For the author before he loads it,
 * and for a pipeline as a gate. */
#include "cli/cli.h"

#include "cli/filling.h"
#include "cli/show.h"
#include "replay/difference.h"
#include "replay/moment.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_AGAINST = CLI_LONG, OPTION_DAYS, OPTION_MAX_NEW, DAYS_DEFAULT = 7, DAYS_MAX = 4000, DAY = 86400 };

static const struct cli_option options[] = {
    FILLING_OPTIONS,
    {OPTION_AGAINST, "against", "PATH", "the rules as they were: a folder or a file"},
    {OPTION_DAYS, "days", "N", "of alerts that opened in the last N days of the past (default 7; with --since, since then)"},
    {OPTION_MAX_NEW, "max-new", "N", "fail if there are more new alerts than that"},
};

static const struct cli_command command = {
    .name = "diff",
    .usage = FILLING_USAGE " --against PATH [--days N] [--max-new N]\n",
    .about = "Holds the alerts that the configuration's rules would have given against those of other rules, on the same "
             "past.  By default that is the configuration's own files.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

struct comparing {
    struct filling filling;
    const char *against;
    long days, max_new; /* days 0: not said; max_new -1: any number */
};

static const struct {
    const char *mark, *sgr;
} kinds[DIFFERENCE_KINDS] = {
    [DIFFERENCE_NEW] = {"+", "32"},
    [DIFFERENCE_GONE] = {"−", "31"},
    [DIFFERENCE_HIGHER] = {"↑", "33"},
    [DIFFERENCE_LOWER] = {"↓", "36"},
};

static void show_one(const struct judgement *before, const struct judgement *after, const struct difference *d,
                     bool colour)
{
    enum { COLUMN_LEVEL = 16, COLUMN_RULE = 34, COLUMN_WHERE = 62 };
    char line[2048], when[MOMENT_SIZE], where[WHERE_SIZE];
    const struct judgement *j = d->after ? after : before;
    const struct past_alert *a = d->after ? d->after : d->before;
    struct columns c = columns_begin(line, sizeof line, colour);
    moment_write(a->opened_at, past_config(j->past)->utc_offset_s, false, when);
    columns_colour(&c, kinds[d->kind].sgr);
    columns_text(&c, kinds[d->kind].mark);
    columns_colour(&c, "0");
    columns_text(&c, " ");
    columns_text(&c, when);
    columns_pad(&c, COLUMN_LEVEL);
    if (d->before && d->after) {
        columns_text(&c, show_level(before, d->before->highest));
        columns_text(&c, " → ");
    }
    columns_text(&c, show_level(j, a->highest));
    columns_pad(&c, COLUMN_RULE);
    columns_text(&c, j->rules->rules[a->rule].id);
    columns_pad(&c, COLUMN_WHERE);
    show_where(j, a, where);
    columns_text(&c, where);
    columns_text(&c, "  ");
    columns_text(&c, a->id);
    puts(line);
}

static int64_t begin_of(const struct comparing *c)
{
    const struct past_report report = past_report(c->filling.past);
    /* --since alone is meant as it stands */
    int64_t days = c->days ? c->days : c->filling.since_s == INT64_MIN ? DAYS_DEFAULT : DAYS_MAX;
    int64_t begin = report.newest == INT64_MIN ? INT64_MIN : report.newest - days * DAY;
    return begin > c->filling.since_s ? begin : c->filling.since_s;
}

static int compare(const struct comparing *c, const struct rule_set *before_rules)
{
    struct judgement before, after;
    struct differences d;
    char from[MOMENT_SIZE] = "-", to[MOMENT_SIZE] = "-";
    int64_t since_s = begin_of(c);
    bool colour = isatty(STDOUT_FILENO) == 1;
    judge(&before, c->filling.past, before_rules);
    judge(&after, c->filling.past, c->filling.config->rules);
    differences_find(&d, &before, &after, since_s);
    if (since_s != INT64_MIN)
        moment_write(since_s, c->filling.config->utc_offset_s, true, from);
    if (past_report(c->filling.past).newest != INT64_MIN)
        moment_write(past_report(c->filling.past).newest, c->filling.config->utc_offset_s, true, to);
    printf(cli_text("+%zu −%zu alerts (%zu higher, %zu lower, %zu the same), %s to %s\n",
                    "+%zu −%zu 起预警（升级 %zu，降级 %zu，不变 %zu），%s 至 %s\n"),
           d.counts[DIFFERENCE_NEW], d.counts[DIFFERENCE_GONE], d.counts[DIFFERENCE_HIGHER],
           d.counts[DIFFERENCE_LOWER], d.same, from, to);
    for (size_t i = 0; i < d.count; i++)
        show_one(&before, &after, &d.all[i], colour);
    bool flood = c->max_new >= 0 && d.counts[DIFFERENCE_NEW] > (size_t)c->max_new;
    if (flood)
        fprintf(stderr, cli_text("gridwarn diff: %zu new alerts, more than %ld\n", "gridwarn diff：新增 %zu 起，超过 %ld 起\n"),
                d.counts[DIFFERENCE_NEW], c->max_new);
    differences_clear(&d);
    judgement_clear(&before);
    judgement_clear(&after);
    return flood ? CLI_FLOOD : CLI_OK;
}

static int run(struct comparing *c)
{
    int status = filling_open(&c->filling, &command);
    if (status != CLI_OK)
        return status;
    struct problems problems = {0};
    const struct rule_context context = config_rule_context(c->filling.config);
    struct rule_set *before = rule_set_load(c->against, &context, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    status = before ? compare(c, before) : CLI_CONFIG;
    rule_set_destroy(&before);
    return status;
}

static bool number(const char *text, long least, long most, long *value)
{
    char *end;
    *value = strtol(text, &end, 10);
    return *text && !*end && *value >= least && *value <= most;
}

int command_diff(int argc, char **argv)
{
    struct comparing c = {.max_new = -1};
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == OPTION_AGAINST)
            c.against = optarg;
        else if (option == OPTION_DAYS && !number(optarg, 1, DAYS_MAX, &c.days))
            return cli_misused(&command, "--days: a number from 1 to %d was expected", DAYS_MAX);
        else if (option == OPTION_MAX_NEW && !number(optarg, 0, INT32_MAX, &c.max_new))
            return cli_misused(&command, "--max-new: a number from 0 was expected");
        else
            filling_take(&c.filling, option);
    }
    if (!c.against)
        return cli_misused(&command, "--against PATH is needed: the rules as they were");
    status = run(&c);
    filling_close(&c.filling);
    return status;
}
