/* getopt_long behind one table per command, so that what is parsed, what --help shows and what "did you mean" offers
 * cannot differ. */
#include "cli/cli.h"

#include "base/check.h"
#include "base/problem.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option help_option = {'h', "help", NULL, "show this"};

/* the command's own, then --help */
static const struct cli_option *option_at(const struct cli_command *command, size_t i)
{
    return i < command->option_count ? &command->options[i] : &help_option;
}

static void print_usage(const struct cli_command *command)
{
    const char *before = "usage:";
    for (const char *line = command->usage; *line;) {
        size_t len = strcspn(line, "\n");
        printf("%s gridwarn %s %.*s\n", before, command->name, (int)len, line);
        before = "      ";
        line += len + (line[len] == '\n');
    }
}

static void print_option(const struct cli_option *option)
{
    char left[64];
    char letter[8] = "    ";
    if (option->value < CLI_LONG)
        snprintf(letter, sizeof letter, "-%c, ", option->value);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    printf("  %-24s %s\n", left, option->help);
}

static void print_help(const struct cli_command *command)
{
    print_usage(command);
    printf("\n%s\n\nOptions:\n", command->about);
    for (size_t i = 0; i <= command->option_count; i++)
        print_option(option_at(command, i));
    printf("\nExit codes:\n");
#define X(name, number, meaning) printf("  %d  %s\n", number, meaning);
    EXIT_TABLE(X)
#undef X
}

int cli_misused(const struct cli_command *command, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "gridwarn %s: %s (see gridwarn %s --help)\n", command->name, text, command->name);
    return CLI_USAGE;
}

/* an option that getopt refused: argv[optind - 1] unless it is one letter of several */
static int refuse(const struct cli_command *command, const char *given)
{
    const char *known[CLI_OPTIONS_MAX + 1];
    for (size_t i = 0; i <= command->option_count; i++) {
        known[i] = option_at(command, i)->name;
        if (optopt == option_at(command, i)->value)
            return cli_misused(command, "option --%s takes no argument", known[i]);
    }
    if (optopt)
        return cli_misused(command, "unknown option -%c", optopt);
    char *word = xstrndup(given, strcspn(given, "="));
    const char *nearest = nearest_word(word + 2, known, command->option_count + 1);
    int status = nearest ? cli_misused(command, "unknown option %s; did you mean --%s?", word, nearest)
                         : cli_misused(command, "unknown option %s", word);
    free(word);
    return status;
}

int cli_next(const struct cli_command *command, int argc, char **argv, int *status)
{
    int value = cli_next_with_arguments(command, argc, argv, status);
    if (value != CLI_END || optind == argc)
        return value;
    *status = cli_misused(command, "unexpected argument '%s'", argv[optind]);
    return CLI_EXIT;
}

int cli_next_with_arguments(const struct cli_command *command, int argc, char **argv, int *status)
{
    CHECK(command->option_count <= CLI_OPTIONS_MAX);
    struct option longs[CLI_OPTIONS_MAX + 2] = {0};
    char shorts[2 * CLI_OPTIONS_MAX + 4] = ":"; /* a missing argument is told from an unknown option */
    size_t letters = 1;
    for (size_t i = 0; i <= command->option_count; i++) {
        const struct cli_option *option = option_at(command, i);
        longs[i] =
            (struct option){option->name, option->argument ? required_argument : no_argument, NULL, option->value};
        if (option->value < CLI_LONG) {
            shorts[letters++] = (char)option->value;
            if (option->argument)
                shorts[letters++] = ':';
        }
    }
    opterr = 0;
    int value = getopt_long(argc, argv, shorts, longs, NULL);
    switch (value) {
    case -1:
        return CLI_END;
    case 'h':
        print_help(command);
        *status = CLI_OK;
        return CLI_EXIT;
    case ':':
        *status = cli_misused(command, "option %s needs an argument", argv[optind - 1]);
        return CLI_EXIT;
    case '?':
        *status = refuse(command, argv[optind - 1]);
        return CLI_EXIT;
    default:
        return value;
    }
}

bool cli_number(const char *text, long least, long most, long *value)
{
    char *end;
    *value = strtol(text, &end, 10);
    return *text && !*end && *value >= least && *value <= most;
}

const char *cli_text(const char *english, const char *chinese)
{
    return language_of_environment() == LANGUAGE_CHINESE ? chinese : english;
}
