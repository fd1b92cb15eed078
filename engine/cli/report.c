/* gridwarn report: the closed loop.  What was warned of over a period, what came of it, how far ahead of petitions
 * it was, and which thresholds the judged alerts speak for.  Counts only: no alert, and nobody, is named. */
#include "cli/cli.h"

#include "base/civil.h"
#include "cli/filling.h"
#include "cli/published.h"
#include "cli/report_show.h"
#include "replay/moment.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_FROM = CLI_LONG, OPTION_TO, OPTION_DAYS, OPTION_FILE, OPTION_PETITIONS, OPTION_CSV, OPTION_HTML,
       DAYS = 30, DAYS_MAX = 4000 };

static const struct cli_option options[] = {
    FILLING_PAST_OPTIONS,
    {OPTION_DAYS, "days", "N", "alerts that opened in the last N days (default 30)"},
    {OPTION_FROM, "from", "TIME", "alerts that opened then or later: 2026-01-12, '2026-01-12 08:00'"},
    {OPTION_TO, "to", "TIME", "alerts that opened before that; with --days, N days before it"},
    {OPTION_FILE, "file", "PATH", "lines of JSON instead of the alert topic, such as a copy of it"},
    {OPTION_PETITIONS, "petitions", "SOURCE", "the source of petitions, for the lead time (default petition)"},
    {OPTION_CSV, "csv", "FILE", "every figure, for Excel; - is standard output"},
    {OPTION_HTML, "html", "FILE", "one page with pictures, to be read and printed; - is standard output"},
};

static const struct cli_command command = {
    .name = "report",
    .usage = FILLING_PAST_USAGE " [--days N] [--from TIME] [--to TIME] [OPTION...]\n",
    .about = "Sums up the alerts of a period by rule and street: how many, what came of them, how fast units were, "
             "how far ahead of petitions, and which thresholds of a street the judged alerts speak for.  The past, "
             "which the last two need, is the configuration's own files, or the engine's ledger, unless said "
             "otherwise.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

struct reporting {
    struct filling filling;
    const char *from, *to, *file, *petitions, *csv, *html;
    long days; /* 0: not said */
    struct accounts accounts;
};

static int write_to(const char *path, bool (*write)(const struct report *, FILE *), const struct report *r)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *out = standard ? stdout : fopen(path, "we");
    bool good = out && write(r, out);
    if (out && !standard && fclose(out) != 0)
        good = false;
    if (good)
        return CLI_OK;
    fprintf(stderr, "gridwarn report: %s: %s\n", path, strerror(errno));
    return CLI_INTERNAL;
}

static int show(const struct reporting *c, const struct report *r)
{
    int status = CLI_OK;
    if (c->csv)
        status = write_to(c->csv, report_csv, r);
    if (c->html && status == CLI_OK)
        status = write_to(c->html, report_html, r);
    bool taken = (c->csv && strcmp(c->csv, "-") == 0) || (c->html && strcmp(c->html, "-") == 0);
    if (status == CLI_OK && !taken && !report_table(r, isatty(STDOUT_FILENO) == 1, stdout))
        status = CLI_INTERNAL;
    return status;
}

/* ---- what is asked for ---- */

static int read_moment(const struct reporting *c, const char *text, const char *option, int64_t *second)
{
    if (!text || moment_read(str_of(text), c->filling.config->utc_offset_s, second))
        return CLI_OK;
    return cli_misused(&command, "--%s %s: a time such as 2026-01-12 or '2026-01-12 08:00' was expected", option, text);
}

/* the last event, as in `diff`: of an engine that runs, now */
static int64_t last_heard(const struct reporting *c)
{
    int64_t newest = past_report(c->filling.past).newest;
    return newest != INT64_MIN ? newest : c->accounts.newest;
}

static int read_period(const struct reporting *c, int64_t *from_s, int64_t *to_s)
{
    *from_s = INT64_MIN;
    *to_s = INT64_MAX;
    int status = read_moment(c, c->from, "from", from_s);
    if (status == CLI_OK)
        status = read_moment(c, c->to, "to", to_s);
    int64_t end_s = c->to ? *to_s : last_heard(c);
    if (status == CLI_OK && !c->from && end_s != INT64_MIN)
        *from_s = end_s - (c->days ? c->days : DAYS) * CIVIL_DAY_S;
    return status;
}

static int find_petitions(const struct reporting *c, int *source)
{
    const struct config *config = c->filling.config;
    *source = catalogue_find_source(config->catalogue, str_of(c->petitions ? c->petitions : "petition"));
    if (*source >= (int)config_event_sources(config))
        *source = -1;
    if (*source < 0 && c->petitions)
        return cli_misused(&command, "--petitions: no source %s in the configuration", c->petitions);
    return CLI_OK;
}

static int report(struct reporting *c)
{
    const struct config *config = c->filling.config;
    int64_t from_s, to_s;
    int source, status = read_period(c, &from_s, &to_s);
    if (status == CLI_OK)
        status = find_petitions(c, &source);
    if (status != CLI_OK)
        return status;
    struct period_figures period;
    struct suggestions suggestions;
    struct leads *leads = NULL;
    period_begin(&period, &c->accounts, from_s, to_s);
    if (!c->to && last_heard(c) != INT64_MIN && (period.to_s == INT64_MAX || period.to_s <= last_heard(c)))
        period.to_s = last_heard(c) + 1;
    if (source >= 0)
        leads = leads_find(c->filling.past, (unsigned)source, period.alerts, period.count);
    period_count(&period, leads, config->utc_offset_s);
    suggestions_find(&suggestions, c->filling.past, config->rules, period.alerts, period.count);
    status = show(c, &(struct report){.config = config,
                                      .accounts = &c->accounts,
                                      .period = &period,
                                      .petitions = source < 0 ? NULL : config->sources[source].name,
                                      .suggestions = &suggestions});
    suggestions_clear(&suggestions);
    period_clear(&period);
    free(leads);
    return status;
}

static void take(void *arg, json_t *message)
{
    accounts_take(arg, message);
}

static int run(struct reporting *c)
{
    int status = filling_open(&c->filling, &command);
    if (status != CLI_OK)
        return status;
    const struct config *config = c->filling.config;
    if (!c->file && !config->kafka && !config->directory)
        return cli_misused(&command, "this configuration keeps no alerts; use --file with lines of them");
    const struct rule_context context = config_rule_context(config);
    accounts_begin(&c->accounts, &context);
    status = c->file ? published_read_file(c->file, take, &c->accounts) : published_read(config, take, &c->accounts);
    if (status == CLI_OK)
        status = report(c);
    accounts_clear(&c->accounts);
    return status;
}

int command_report(int argc, char **argv)
{
    struct reporting c = {.filling.or_ledger = true};
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == OPTION_FROM)
            c.from = optarg;
        else if (option == OPTION_TO)
            c.to = optarg;
        else if (option == OPTION_DAYS && !cli_number(optarg, 1, DAYS_MAX, &c.days))
            return cli_misused(&command, "--days: a number from 1 to %d was expected", DAYS_MAX);
        else if (option == OPTION_FILE)
            c.file = optarg;
        else if (option == OPTION_PETITIONS)
            c.petitions = optarg;
        else if (option == OPTION_CSV)
            c.csv = optarg;
        else if (option == OPTION_HTML)
            c.html = optarg;
        else
            filling_take(&c.filling, option);
    }
    if (c.from && c.days)
        return cli_misused(&command, "one of --from and --days");
    status = run(&c);
    filling_close(&c.filling);
    return status;
}
