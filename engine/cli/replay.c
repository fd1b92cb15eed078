/* gridwarn replay: what the rules would have said of a past.  For an author who wants to know, before anybody is sent
 * anywhere, how often a threshold speaks, where, how loud and for how long. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/filling.h"
#include "cli/replay_show.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPTION_SVG = CLI_LONG, OPTION_JSON, OPTION_CSV };

static const struct cli_option options[] = {
    FILLING_OPTIONS,
    {OPTION_SVG, "svg", "FILE", "draw the alerts over time"},
    {OPTION_JSON, "json", "FILE", "every alert with its evidence, and the sums; - is standard output"},
    {OPTION_CSV, "csv", "FILE", "every alert, for Excel; - is standard output"},
};

static const struct cli_command command = {
    .name = "replay",
    .usage = FILLING_USAGE " [--svg FILE] [--json FILE] [--csv FILE]\n",
    .about = "Shows what the rules would have said of the past: by default of the configuration's own files.  Nothing is "
             "published.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

typedef bool writer(const struct judgement *, const struct summary *, FILE *);

static int write_to(const char *path, writer *write, const struct judgement *j, const struct summary *s)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *out = standard ? stdout : fopen(path, "we");
    bool good = out && write(j, s, out);
    if (out && !standard && fclose(out) != 0)
        good = false;
    if (good)
        return CLI_OK;
    fprintf(stderr, "gridwarn replay: %s: %s\n", path, strerror(errno));
    return CLI_INTERNAL;
}

static void show_speed(const struct past *past, double judged_s)
{
    const struct past_report r = past_report(past);
    double read_s = r.seconds > 0.001 ? r.seconds : 0.001, all_s = read_s + judged_s;
    printf(cli_text("\n%llu records, %llu events in %.2f s, judged in %.2f s: %.0f events/s\n",
                    "\n%llu 条记录，%llu 件事件，读取 %.2f 秒，计算 %.2f 秒：每秒 %.0f 件\n"),
           (unsigned long long)r.records, (unsigned long long)r.events, r.seconds, judged_s, (double)r.events / all_s);
}

struct outputs {
    const char *svg, *json, *csv;
};

static bool on_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static int show(const struct filling *f, const struct outputs *to)
{
    struct judgement judgement;
    struct summary summary;
    int status = CLI_OK;
    double begin = clock_steady_s();
    judge(&judgement, f->past, f->config->rules);
    double judged_s = clock_steady_s() - begin;
    summarise(&summary, &judgement, f->since_s);
    if (to->svg)
        status = write_to(to->svg, replay_svg, &judgement, &summary);
    if (to->json && status == CLI_OK)
        status = write_to(to->json, replay_json, &judgement, &summary);
    if (to->csv && status == CLI_OK)
        status = write_to(to->csv, replay_csv, &judgement, &summary);
    if (!on_stdout(to->svg) && !on_stdout(to->json) && !on_stdout(to->csv)) {
        bool colour = isatty(STDOUT_FILENO) == 1;
        replay_table(&judgement, &summary, colour);
        if (judgement.count)
            replay_picture(&judgement, &summary, colour);
        show_speed(f->past, judged_s);
    }
    summary_clear(&summary);
    judgement_clear(&judgement);
    return status;
}

int command_replay(int argc, char **argv)
{
    struct filling filling = {0};
    struct outputs to = {0};
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == OPTION_SVG)
            to.svg = optarg;
        else if (option == OPTION_JSON)
            to.json = optarg;
        else if (option == OPTION_CSV)
            to.csv = optarg;
        else
            filling_take(&filling, option);
    }
    status = filling_open(&filling, &command);
    if (status == CLI_OK)
        status = show(&filling, &to);
    filling_close(&filling);
    return status;
}
