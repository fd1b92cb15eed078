/* gridwarn diff: what an edit of the rules would have changed over the last days.  For the author before he loads it,
 * and for a pipeline as a gate. */
#include "cli/cli.h"

#include "cli/active_load.h"
#include "cli/filling.h"
#include "cli/show.h"
#include "replay/comparison.h"
#include "replay/moment.h"

#include <getopt.h>
#include <inttypes.h>
#include <unistd.h>

enum { OPTION_AGAINST = CLI_LONG, OPTION_ACTIVE, OPTION_DAYS, OPTION_MAX_NEW, DAYS_MAX = 4000 };

static const struct cli_option options[] = {
    FILLING_OPTIONS,
    {OPTION_ACTIVE, "active", NULL, "against the rules that are active in the engine; the past is its ledger, unless said otherwise"},
    {OPTION_AGAINST, "against", "PATH", "against other rules: a folder or a file"},
    {OPTION_DAYS, "days", "N", "of alerts that opened in the last N days of the past (default 7; with --since, since then)"},
    {OPTION_MAX_NEW, "max-new", "N", "fail if there are more new alerts than that"},
};

static const struct cli_command command = {
    .name = "diff",
    .usage = FILLING_USAGE " --active [--days N] [--max-new N]\n" FILLING_USAGE " --against PATH [--days N] [--max-new N]\n",
    .about = "Holds the alerts that the configuration's rules would have given against those of the active rules or of others, on "
             "the same past.  By default that is the configuration's own files.  New are alerts that somebody would be told of; "
             "those of rules on trial are listed, and count for nothing.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

struct comparing {
    struct filling filling;
    const char *against; /* NULL: the active rules */
    long days, max_new;  /* days 0: not said; max_new -1: any number */
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
    if (past_alert_on_trial(j, a))
        columns_text(&c, cli_text("  (on trial)", "  （试运行）"));
    puts(line);
}

/* --since alone is meant as it stands */
static int64_t begin_of(const struct comparing *c)
{
    int64_t since_s = c->filling.since_s, days = c->days || since_s != INT64_MIN ? c->days : MAX_NEW_DAYS;
    return comparison_since(c->filling.past, days, since_s);
}

static void show_sums(const struct comparing *c, const struct comparison *found)
{
    char from[MOMENT_SIZE] = "-", to[MOMENT_SIZE] = "-";
    const struct differences *d = &found->differences;
    int64_t newest = past_report(c->filling.past).newest;
    if (found->since_s != INT64_MIN)
        moment_write(found->since_s, c->filling.config->utc_offset_s, true, from);
    if (newest != INT64_MIN)
        moment_write(newest, c->filling.config->utc_offset_s, true, to);
    printf(cli_text("+%zu −%zu alerts (%zu higher, %zu lower, %zu the same), %s to %s\n",
                    "+%zu −%zu 起预警（升级 %zu，降级 %zu，不变 %zu），%s 至 %s\n"),
           d->counts[DIFFERENCE_NEW], d->counts[DIFFERENCE_GONE], d->counts[DIFFERENCE_HIGHER],
           d->counts[DIFFERENCE_LOWER], d->same, from, to);
}

static int compare(const struct comparing *c, const struct rule_set *before)
{
    struct comparison found;
    bool colour = isatty(STDOUT_FILENO) == 1;
    compare_rules(&found, c->filling.past, before, c->filling.config->rules, begin_of(c));
    const struct differences *d = &found.differences;
    show_sums(c, &found);
    for (size_t i = 0; i < d->count; i++)
        show_one(&found.before, &found.after, &d->all[i], colour);
    bool flood = c->max_new >= 0 && d->called > (size_t)c->max_new;
    if (flood)
        fprintf(stderr, cli_text("gridwarn diff: %zu new alerts, more than %ld\n", "gridwarn diff：新增 %zu 起，超过 %ld 起\n"),
                d->called, c->max_new);
    comparison_clear(&found);
    return flood ? CLI_FLOOD : CLI_OK;
}

static int compare_loaded(const struct comparing *c, struct loaded *l)
{
    if (!l->rules)
        problems_print(&l->problems, stderr);
    int status = l->rules ? compare(c, l->rules) : CLI_CONFIG;
    loaded_free(l);
    return status;
}

static int compare_with_active(const struct comparing *c)
{
    struct archive *archive = archive_create();
    archive_restore(archive, c->filling.state);
    const struct kept_generation *active = archive_active(archive);
    int status = CLI_CONFIG;
    if (active) {
        struct loaded l;
        load_kept(c->filling.config, active, language_of_environment(), &l);
        printf(cli_text("against generation %" PRIu64 ", which is active (%.19s)\n", "与生效的第 %" PRIu64 " 代（%.19s）相比\n"),
               active->number, active->digest);
        status = compare_loaded(c, &l);
    } else {
        fputs(cli_text("gridwarn diff: no generation is kept in the state topic: the engine has not run yet\n",
                       "gridwarn diff：状态主题中没有任何一代规则：引擎尚未运行过\n"),
              stderr);
    }
    archive_destroy(&archive);
    return status;
}

static int run(struct comparing *c)
{
    int status = filling_open(&c->filling, &command);
    if (status != CLI_OK)
        return status;
    if (!c->against)
        return compare_with_active(c);
    struct loaded l = {.problems.language = language_of_environment()};
    const struct rule_context context = config_rule_context(c->filling.config);
    l.rules = rule_set_load(c->against, &context, &l.problems);
    return compare_loaded(c, &l);
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
        else if (option == OPTION_ACTIVE)
            c.filling.with_state = true;
        else if (option == OPTION_DAYS && !cli_number(optarg, 1, DAYS_MAX, &c.days))
            return cli_misused(&command, "--days: a number from 1 to %d was expected", DAYS_MAX);
        else if (option == OPTION_MAX_NEW && !cli_number(optarg, 0, INT32_MAX, &c.max_new))
            return cli_misused(&command, "--max-new: a number from 0 was expected");
        else
            filling_take(&c.filling, option);
    }
    if (!c.against == !c.filling.with_state)
        return cli_misused(&command, "one of --active and --against PATH is needed: the rules as they were");
    if (c.filling.with_state && !filling_says_where(&c.filling))
        c.filling.from_ledger = true;
    status = run(&c);
    filling_close(&c.filling);
    return status;
}
