/* Where an author's tool gets its past from: the options that replay, diff and explain share, and the past filled by
 * them.  One thread. */
#ifndef GW_CLI_FILLING_H
#define GW_CLI_FILLING_H

#include "cli/cli.h"
#include "config/config.h"
#include "replay/past.h"

enum {
    FILLING_INPUT = CLI_LONG + 100,
    FILLING_TOPICS,
    FILLING_LEDGER,
    FILLING_SINCE,
    FILLING_UNTIL,
};

/* where the past comes from, */
#define FILLING_PAST_OPTIONS                                                                                           \
    {'c', "config", "FILE", "the engine's configuration: registry, mappings, rules"},                                  \
        {FILLING_INPUT, "input", "SOURCE=FILE", "records of that source, one a line; - is standard input; repeatable"}, \
        {FILLING_TOPICS, "from-topics", NULL, "read the configured input topics from their beginning to their end"},   \
        {FILLING_LEDGER, "from-ledger", NULL, "read what the running engine remembers, from its own topics"}

/* and which part of it is asked for */
#define FILLING_OPTIONS                                                                                                \
    FILLING_PAST_OPTIONS,                                                                                              \
        {FILLING_SINCE, "since", "TIME", "only alerts that opened then or later: 2026-01-12, '2026-01-12 08:00'"},     \
        {FILLING_UNTIL, "until", "TIME", "only events before that"}

#define FILLING_PAST_USAGE "-c FILE [--input SOURCE=FILE]... [--from-topics | --from-ledger]"
#define FILLING_USAGE FILLING_PAST_USAGE " [--since TIME] [--until TIME]"

enum { FILLING_INPUTS_MAX = 64 };

struct filling {
    const char *config_path, *since, *until;
    const char *inputs[FILLING_INPUTS_MAX]; /* SOURCE=FILE */
    unsigned input_count;
    bool from_topics, from_ledger, with_state;
    bool or_ledger; /* where nobody says where from and the sources are topics: the ledger */
    struct config *config;
    struct past *past;
    int64_t since_s; /* INT64_MIN: from the beginning */
    json_t *state;   /* of `with_state`: what the state topic holds, key → value */
};

/* Takes one option that cli_next has returned; false: it is none of these. */
bool filling_take(struct filling *, int option);
/* has any of them said where the past comes from? */
bool filling_says_where(const struct filling *);

/* Reads the configuration and fills the past; what was refused goes to stderr.  CLI_OK, or the command's exit code,
 * all said.  filling_close in either case. */
int filling_open(struct filling *, const struct cli_command *);
void filling_close(struct filling *);

/* After filling_open: what the state topic holds, into `state`, wherever the past came from; nothing where the configuration
 * keeps none.  CLI_OK, or an exit code, all said. */
int filling_read_state(struct filling *);

#endif
