/* gridwarn test: rule tests that authors write (replay/cases.h), in the manner of promtool. */
#include "cli/cli.h"

#include "base/buffer.h"
#include "base/check.h"
#include "replay/cases.h"
#include "replay/moment.h"

#include <getopt.h>
#include <stdlib.h>

enum { OPTION_LIST = CLI_LONG };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the configuration, for tests that name none"},
    {OPTION_LIST, "list", NULL, "only list the tests"},
};

static const struct cli_command command = {
    .name = "test",
    .usage = "[-c FILE] [--list] FILE.yaml...\n",
    .about = "Runs tests of rules: events, and the alerts that must come of them.  Without -c and a `config:` in the file "
             "the nearest gridwarn.yaml in its folder or one above says what the words mean.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

struct loaded {
    char *path;
    struct config *config;
};

struct testing {
    const char *config_path;
    bool list;
    struct loaded *configs; /* each once, for all files */
    size_t config_count;
    unsigned passed, failed;
};

static const struct config *configuration(void *arg, const char *path, struct problems *problems)
{
    struct testing *t = arg;
    for (size_t i = 0; i < t->config_count; i++)
        if (strcmp(t->configs[i].path, path) == 0)
            return t->configs[i].config;
    struct config *config = config_load_words(path, problems);
    if (!config)
        return NULL;
    t->configs = xrealloc(t->configs, (t->config_count + 1) * sizeof *t->configs);
    t->configs[t->config_count++] = (struct loaded){xstrdup(path), config};
    return config;
}

/* ---- what differs ---- */

static void write_time(const struct config *config, int64_t seconds, struct buffer *out)
{
    char text[MOMENT_SIZE];
    moment_write(seconds, config->utc_offset_s, false, text);
    buffer_printf(out, "%s", text);
}

static void write_expected(const struct config *config, const struct rule_case *c, const struct case_alert *a,
                           struct buffer *out)
{
    const char *rule = a->rule ? a->rule : c->rule;
    buffer_printf(out, "%s %s", rule ? rule : cli_text("any rule", "任一规则"),
                  a->subject ? a->subject : cli_text("any subject", "任一对象"));
    if (a->level)
        buffer_printf(out, " %s", config->level_names[a->level - 1]);
    if (a->opened_at != CASE_ANY_TIME) {
        buffer_printf(out, "%s", cli_text(" opened ", " 开始 "));
        write_time(config, a->opened_at, out);
    }
    if (a->ended_at != CASE_ANY_TIME) {
        buffer_printf(out, "%s", cli_text(" ended ", " 结束 "));
        write_time(config, a->ended_at, out);
    }
}

static void write_found(const struct config *config, const struct case_found *f, struct buffer *out)
{
    buffer_printf(out, "%s %s %s%s", f->rule, f->code, config->level_names[f->level - 1],
                  cli_text(" opened ", " 开始 "));
    write_time(config, f->opened_at, out);
    if (f->ended_minute != MINUTE_NEVER) {
        buffer_printf(out, "%s", cli_text(" ended ", " 结束 "));
        write_time(config, f->ended_minute * 60, out);
    }
}

static void line(const char *mark, const struct buffer *text)
{
    printf("    %s %.*s\n", mark, STR_ARG(buffer_str(text)));
}

static void show_difference(const struct case_file *file, const struct rule_case *c, const struct case_difference *d)
{
    struct buffer expected = {0}, found = {0}, when = {0};
    if (d->expected)
        write_expected(file->config, c, d->expected, &expected);
    if (d->verdict != CASE_MISSING)
        write_found(file->config, &d->found, &found);
    if (d->expectation->at != CASE_ANY_TIME) {
        write_time(file->config, d->expectation->at, &when);
        printf(cli_text("    at %.*s:\n", "    在 %.*s：\n"), STR_ARG(buffer_str(&when)));
    }
    if (d->expected)
        line(cli_text("- expected:", "- 应报："), &expected);
    if (d->verdict == CASE_MISSING)
        puts(cli_text("      there is none", "      没有报"));
    if (d->verdict == CASE_DIFFERENT)
        line(cli_text("+ found:   ", "+ 实报："), &found);
    if (d->verdict == CASE_UNEXPECTED)
        line(cli_text("+ not expected:", "+ 不应报："), &found);
    if (d->hint) {
        when.len = 0;
        write_time(file->config, d->hint_at, &when);
        printf(cli_text("      at %.*s: %s\n", "      在 %.*s：%s\n"), STR_ARG(buffer_str(&when)), d->hint);
    }
    buffer_free(&expected);
    buffer_free(&found);
    buffer_free(&when);
}

static void run_case(struct testing *t, const struct case_file *file, const struct rule_case *c)
{
    struct case_result result;
    if (t->list) {
        printf("%s:%d: %s\n", file->path, c->line, c->name);
        return;
    }
    case_run(file, c, &result);
    t->passed += result.count == 0;
    t->failed += result.count > 0;
    if (result.count)
        printf(cli_text("FAILED %s:%d: %s\n", "未通过 %s:%d: %s\n"), file->path, c->line, c->name);
    for (size_t i = 0; i < result.count; i++)
        show_difference(file, c, &result.all[i]);
    case_result_clear(&result);
}

static bool run_file(struct testing *t, const char *path)
{
    struct problems problems = {0};
    struct case_file *file = cases_read(path, t->config_path, configuration, t, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    for (size_t i = 0; file && i < file->count; i++)
        run_case(t, file, &file->cases[i]);
    bool good = file != NULL;
    cases_destroy(&file);
    return good;
}

int command_test(int argc, char **argv)
{
    struct testing t = {0};
    int status, option;
    bool good = true;
    while ((option = cli_next_with_arguments(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == 'c')
            t.config_path = optarg;
        else
            t.list = true;
    }
    if (optind == argc)
        return cli_misused(&command, "at least one file of tests is needed");
    for (int i = optind; i < argc; i++)
        good &= run_file(&t, argv[i]);
    for (size_t i = 0; i < t.config_count; i++) {
        free(t.configs[i].path);
        config_destroy(&t.configs[i].config);
    }
    free(t.configs);
    if (!t.list && t.failed)
        printf(cli_text("%u passed, %u failed\n", "通过 %u 项，未通过 %u 项\n"), t.passed, t.failed);
    else if (!t.list && good)
        printf(cli_text("%u passed\n", "通过 %u 项\n"), t.passed);
    return !good ? CLI_CONFIG : t.failed ? CLI_INTERNAL : CLI_OK;
}
