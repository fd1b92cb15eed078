/* Finds the command and gives way to it.  What a command printed must have arrived somewhere: a full disk or a closed
 * pipe under the output is a failure, not a success with nothing to show. */
#include "base/problem.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#ifndef GRIDWARN_VERSION
#define GRIDWARN_VERSION "unversioned"
#endif

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
#define X(name, help) {#name, command_##name, help},
    COMMAND_TABLE(X)
#undef X
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fprintf(out, "usage: gridwarn COMMAND [OPTION...]\n       gridwarn COMMAND --help\n       gridwarn --version\n\n"
                 "Warns a district before a dispute boils over.\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\nExit codes:\n");
#define X(name, number, meaning) fprintf(out, "  %d  %s\n", number, meaning);
    EXIT_TABLE(X)
#undef X
}

static int refuse(const char *word)
{
    const char *known[COMMANDS + 2] = {[COMMANDS] = "--help", [COMMANDS + 1] = "--version"};
    for (size_t i = 0; i < COMMANDS; i++)
        known[i] = commands[i].name;
    const char *nearest = nearest_word(word, known, COMMANDS + 2), *what = *word == '-' ? "option" : "command";
    if (nearest)
        fprintf(stderr, "gridwarn: unknown %s %s; did you mean %s?\n", what, word, nearest);
    else
        fprintf(stderr, "gridwarn: unknown %s %s (see gridwarn --help)\n", what, word);
    return CLI_USAGE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        print_help(stdout);
    else if (strcmp(argv[1], "--version") == 0)
        printf("gridwarn %s\n", GRIDWARN_VERSION);
    else
        return refuse(argv[1]);
    return CLI_OK;
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) {
        perror("gridwarn: cannot write the output");
        return CLI_INTERNAL;
    }
    return status;
}
