/* gridwarn run: the engine.  The phases of its life, and nothing of what happens inside them:
 *
 *   read everything that people wrote → check the topics → serve metrics → (stand by until elected →) lead → run,
 *
 * again from the log whenever the log is lost, until a signal or the end of the input. */
#include "cli/cli.h"

#include "cli/life.h"
#include "cli/signals.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <getopt.h>

enum { OPTION_CREATE = CLI_LONG, OPTION_DRAIN, OPTION_WORKERS };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration"},
    {OPTION_CREATE, "create-topics", NULL, "make those of the engine's own topics that are missing"},
    {OPTION_DRAIN, "drain", NULL, "end once every partition has been read to its end; closes all windows"},
    {OPTION_WORKERS, "workers", "N", "threads that decode and count, instead of the configured number"},
};

static const struct cli_command command = {
    "run",
    "-c FILE [--create-topics] [--drain] [--workers N]\n",
    "Reads the inputs and publishes warnings until SIGTERM or SIGINT, which commit and leave.  Started twice with the "
    "same group, the second one stands by and takes over.",
    options,
    sizeof options / sizeof *options,
};

enum { WORKERS_MAX = 64 };

static int prepare(struct run *r, const char *path, bool create)
{
    (void)create;
    (void)path;
#ifdef GRIDWARN_KAFKA
    bool from_kafka = r->config->source_count && r->config->sources[0].topic;
    if (!from_kafka && !r->config->kafka)
        return CLI_OK;
    struct problems problems = {.language = language_of_environment()};
    kafka_properties_check(r->config, path, &problems);
    size_t wrong = problems.count;
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (wrong)
        return CLI_CONFIG;
    if (kafka_topics_check(r->config, create, stderr) > 0)
        return CLI_BROKER;
    if (r->config->kafka && !(r->election = election_create(r->config)))
        return CLI_BROKER;
#else
    if (r->config->kafka) {
        fprintf(stderr, "gridwarn: this program was built without Kafka\n");
        return CLI_CONFIG;
    }
#endif
    return CLI_OK;
}

int command_run(int argc, char **argv)
{
    struct run r = {0};
    const char *path = NULL;
    bool create = false;
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == 'c') {
            path = optarg;
        } else if (option == OPTION_CREATE) {
            create = true;
        } else if (option == OPTION_DRAIN) {
            r.drain = true;
        } else {
            long n;
            if (!cli_number(optarg, 1, WORKERS_MAX, &n))
                return cli_misused(&command, "--workers: a number from 1 to %d was expected", WORKERS_MAX);
            r.workers = (unsigned)n;
        }
    }
    if (!path)
        return cli_misused(&command, "-c FILE is needed");
    struct problems problems = {.language = language_of_environment()};
    struct config *config = config_load(path, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (!config)
        return CLI_CONFIG;
    r.config = config;
    active_open(&r.active, config);
    if (!r.workers)
        r.workers = config->workers;
    signals_install();
    status = prepare(&r, path, create);
    if (status == CLI_OK)
        status = run_lives(&r);
    run_clean_up(&r);
    config_destroy(&config);
    return status;
}
