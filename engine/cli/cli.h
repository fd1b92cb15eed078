/* The command line: its commands, what they promise to scripts, and the parsing that they share.  Each command is a
 * file of this folder, `int command_<name>(int argc, char **argv)` with argv[0] the command's own name; it returns
 * one of the exit codes below.  One thread: getopt has one state for the process. */
#ifndef GW_CLI_CLI_H
#define GW_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_TABLE(X)                                                                                             \
    X(run, "read the inputs and publish warnings")                                                                   \
    X(check, "say what is wrong with a configuration, or what it means")                                             \
    X(replay, "show what the rules would have said of the past")                                                     \
    X(test, "run an author's tests of rules")                                                                        \
    X(diff, "show what an edit of the rules would have changed")                                                     \
    X(explain, "say why there is an alert, or none")                                                                 \
    X(evidence, "write down all that an alert rests on")                                                             \
    X(reload, "have the running engine load the rules on disk")                                                      \
    X(generations, "list the rules that the running engine can go back to")                                          \
    X(rollback, "have the running engine go back to earlier rules")                                                  \
    X(ack, "tell the engine what was done about an alert")                                                           \
    X(silence, "have some alerts held back for a time")                                                              \
    X(report, "sum up a period: alerts, what came of them, thresholds to try")                                       \
    X(tail, "follow the alerts in words")                                                                            \
    X(token, "make a key for callers' tokens, or compute tokens")

#define X(name, help) int command_##name(int argc, char **argv);
COMMAND_TABLE(X)
#undef X

/* the same for all commands; never renumber */
#define EXIT_TABLE(X)                                                                                                \
    X(OK, 0, "done")                                                                                                 \
    X(INTERNAL, 1, "internal failure, a test of a rule failed, or the output could not be written")                  \
    X(USAGE, 2, "wrong options or arguments")                                                                        \
    X(CONFIG, 3, "configuration, registry, rules or key wrong")                                                      \
    X(BROKER, 4, "broker unreachable, access refused, or topics not as needed")                                      \
    X(INPUT, 5, "input cannot be read")                                                                              \
    X(FLOOD, 6, "more new alerts than allowed (diff --max-new, reload)")

enum cli_exit {
#define X(name, number, meaning) CLI_##name = number,
    EXIT_TABLE(X)
#undef X
};

struct cli_option {
    int value;        /* a letter is the short form, too; from CLI_LONG on there is none; 'h' is taken for --help */
    const char *name; /* without dashes */
    const char *argument; /* what stands for it in the help; NULL: takes none */
    const char *help;
};

enum { CLI_LONG = 256, CLI_OPTIONS_MAX = 24 };

struct cli_command {
    const char *name;
    const char *usage; /* what follows the name, one line per way to use it */
    const char *about; /* a sentence or two */
    const struct cli_option *options;
    size_t option_count;
};

/* The next option's value, its argument in getopt's `optarg`; CLI_END after the last; CLI_EXIT if the command is to
 * end with *status: help was asked for and printed, or there was a mistake and one line about it went to stderr. */
enum { CLI_END = -1, CLI_EXIT = -2 };
int cli_next(const struct cli_command *, int argc, char **argv, int *status);
/* likewise, of a command that takes arguments: after CLI_END they begin at argv[optind] */
int cli_next_with_arguments(const struct cli_command *, int argc, char **argv, int *status);

/* a mistake in how the command was called: one line on stderr; returns CLI_USAGE */
int cli_misused(const struct cli_command *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* a whole number from `least` to `most`, and nothing else */
bool cli_number(const char *text, long least, long most, long *value);

/* the text in the language of the user's environment (base/language.h) */
const char *cli_text(const char *english, const char *chinese) __attribute__((format_arg(1), format_arg(2)));

#endif
