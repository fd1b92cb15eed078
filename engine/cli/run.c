/* gridwarn run: the engine.  The phases of its life, and nothing of what happens inside them:
 *
 *   read everything that people wrote → check the topics → serve metrics → (stand by until elected →) lead → run,
 *
 * again from the log whenever the log is lost, until a signal or the end of the input. */
#include "cli/cli.h"

#include "alert/tracker.h"
#include "base/check.h"
#include "base/log.h"
#include "config/config.h"
#include "metrics/http.h"
#include "shard/shard.h"
#include "sink/store_console.h"
#include "sink/store_directory.h"
#include "source/source_file.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

enum { LEAVE_WITHIN_S = 30, REBUILD_PAUSE_MS = 1000, TICK_MS = 100, COMMITTER_LIMIT_MS = 60000, WORKERS_MAX = 64 };

static volatile sig_atomic_t leaving, reloading;

static void on_signal(int number)
{
    (void)number;
    leaving = 1;
    alarm(LEAVE_WITHIN_S);
}

/* a broker that does not answer must not hold us back: what is not committed is read again next time */
static void on_alarm(int number)
{
    (void)number;
    static const char text[] = "gridwarn: the broker did not take the last commit within 30 s; leaving without it\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written < 0 ? CLI_INTERNAL : CLI_BROKER);
}

static void on_hangup(int number)
{
    (void)number;
    reloading = 1;
}

static void signals_install(void)
{
    struct sigaction leave = {.sa_handler = on_signal}, reload = {.sa_handler = on_hangup},
                     give_up = {.sa_handler = on_alarm}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &leave, NULL);
    sigaction(SIGINT, &leave, NULL);
    sigaction(SIGALRM, &give_up, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &reload, NULL); /* a closed terminal is no reason to stop warning, either */
}

struct run {
    const struct config *config;
    const struct rule_set *rules;   /* active */
    struct rule_set *reloaded;      /* the same, if they are not the configuration's own */
    bool drain;
    unsigned workers;
    struct source source;
    struct store store;
    struct metrics *metrics;
    struct health *health;
    struct http *http;
    struct shard *shard;
#ifdef GRIDWARN_KAFKA
    struct election *election;
#endif
};

static void pause_ms(int ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

/* ---- what a run reads and writes ---- */

static bool source_open(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->source_count && r->config->sources[0].topic)
        return kafka_source(r->config, &r->source);
#endif
    return source_file(r->config, &r->source);
}

static bool store_open(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->kafka) {
        size_t count;
        const struct source_partition *partitions = r->source.ops->partitions(r->source.context, &count);
        return kafka_store(r->config, partitions, count, &r->store);
    }
#endif
    if (!r->config->directory) {
        r->store = store_console(stdout, stderr);
        return true;
    }
    struct problems problems = {0};
    bool good = store_directory(r->config->directory, &r->store, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    return good;
}

static void close_all(struct run *r)
{
    shard_destroy(&r->shard);
    if (r->store.ops)
        r->store.ops->destroy(r->store.context);
    if (r->source.ops)
        r->source.ops->destroy(r->source.context);
    r->store.ops = NULL;
    r->source.ops = NULL;
}

/* ---- metrics ---- */

static struct metrics *metrics_open(struct run *r)
{
    const struct config *config = r->config;
    size_t count;
    const struct source_partition *partitions = r->source.ops->partitions(r->source.context, &count);
    const char *sources[SOURCES_MAX], *levels[LEVELS_MAX + 1] = {"none"}, *changes[CHANGES];
    for (unsigned i = 0; i < config->source_count; i++)
        sources[i] = config->sources[i].name;
    for (unsigned i = 0; i < config->level_count; i++)
        levels[i + 1] = config->level_names[i];
    for (int i = 0; i < CHANGES; i++)
        changes[i] = change_word((enum change)i);
    const char **names = xcalloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s/%d", partitions[i].name, (int)partitions[i].number);
        names[i] = xstrdup(name);
    }
    struct metric_labels labels = {0};
    labels.values[LABEL_SOURCE] = sources;
    labels.count[LABEL_SOURCE] = config->source_count;
    labels.values[LABEL_LEVEL] = levels;
    labels.count[LABEL_LEVEL] = config->level_count + 1;
    labels.values[LABEL_CHANGE] = changes;
    labels.count[LABEL_CHANGE] = CHANGES;
    labels.values[LABEL_PARTITION] = names;
    labels.count[LABEL_PARTITION] = (unsigned)count;
    struct metrics *metrics = metrics_create(&labels);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)names[i]);
    free(names);
    return metrics;
}

static int serve(struct run *r)
{
    r->metrics = metrics_open(r);
    r->health = health_create(NULL);
    health_set(r->health, HEALTH_RULES, true, "%u rules", r->config->rules->count);
    if (!r->config->http_port)
        return CLI_OK;
    struct problems problems = {0};
    r->http = http_start(r->config->http_host, r->config->http_port, r->metrics, r->health, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (!r->http)
        return CLI_CONFIG;
    log_line(LOG_INFO, "http", "metrics on http://%s:%u/metrics", r->config->http_host, (unsigned)http_port(r->http));
    return CLI_OK;
}

static void watch(struct run *r, int64_t *alive_ms)
{
    int64_t alive = committer_alive_ms(shard_committer(r->shard));
    if (alive != *alive_ms)
        health_beat(r->health, HEALTH_COMMITTER, COMMITTER_LIMIT_MS);
    *alive_ms = alive;
    const struct clock *clock = &clock_system;
    int64_t silent_ms = clock_now_ms(clock) - committer_committed_ms(shard_committer(r->shard));
    health_set(r->health, HEALTH_STORE, silent_ms < COMMITTER_LIMIT_MS, "last commit %lld s ago",
               (long long)(silent_ms / 1000));
    unsigned lost = committer_unreachable(shard_committer(r->shard));
    health_set(r->health, HEALTH_SOURCES, lost == 0, "%u partitions are out of reach", lost);
#ifdef GRIDWARN_KAFKA
    if (r->config->source_count && r->config->sources[0].topic) {
        size_t count;
        r->source.ops->partitions(r->source.context, &count);
        for (size_t i = 0; i < count; i++) {
            int64_t lag = kafka_source_lag(&r->source, i);
            if (lag >= 0)
                metric_set(r->metrics, METRIC_LAG, (unsigned)i, lag);
        }
    }
#endif
}

/* All of the rules on disk, or none. */
static void reload(struct run *r)
{
    reloading = 0;
    struct problems problems = {0};
    struct rule_context context = config_rule_context(r->config);
    struct rule_set *rules = rule_set_load(r->config->rules_path, &context, &problems);
    problems_print(&problems, stderr);
    size_t wrong = problems.count;
    problems_clear(&problems);
    if (!rules) {
        log_line(LOG_ERROR, "rules", "the rules on disk have %zu mistakes: the %u active ones stay", wrong,
                 r->rules->count);
        health_set(r->health, HEALTH_RULES, false, "the rules on disk have %zu mistakes; those before are active",
                   wrong);
        return;
    }
    shard_reload(r->shard, rules);
    rule_set_destroy(&r->reloaded);
    r->rules = r->reloaded = rules;
    health_set(r->health, HEALTH_RULES, true, "%u rules", rules->count);
}

/* ---- one life of the engine ---- */

enum outcome_of_life { LIFE_ENDED, LIFE_LOST, LIFE_FAILED };

/* Reads the log while another instance leads; true once this one is to. */
static enum store_result stand_by(struct run *r, bool *leads)
{
    *leads = true;
#ifdef GRIDWARN_KAFKA
    if (!r->config->kafka)
        return STORE_OK;
    bool announced = false;
    while (!leaving && !election_poll(r->election, TICK_MS)) {
        bool at_end;
        enum store_result result = shard_follow(r->shard, TICK_MS, &at_end);
        if (result != STORE_OK)
            return result;
        if (at_end && !announced) {
            log_line(LOG_INFO, "standby", "another instance leads; ready to take over");
            health_set(r->health, HEALTH_RECOVERY, false, "standing by");
            announced = true;
        }
    }
    *leads = election_is_leader(r->election);
#else
    (void)r;
#endif
    return STORE_OK;
}

static void stay_elected(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->config->kafka) {
        election_poll(r->election, TICK_MS);
        return;
    }
#endif
    (void)r;
    pause_ms(TICK_MS);
}

static enum outcome_of_life lead(struct run *r)
{
    if (!shard_lead(r->shard))
        return LIFE_LOST;
    metric_set(r->metrics, METRIC_LEADER, 0, 1);
    health_set(r->health, HEALTH_RECOVERY, true, "read back");
    shard_start(r->shard);
    log_line(LOG_INFO, "run", "live, from cut %llu",
             (unsigned long long)committer_cut(shard_committer(r->shard)) + 1);
    enum step_result why = STEP_PROGRESS;
    int64_t alive_ms = 0;
    while (!leaving && !shard_stopped(r->shard, &why)) {
        stay_elected(r);
        watch(r, &alive_ms);
        if (reloading)
            reload(r);
    }
    if (why != STEP_LOST)
        why = shard_stop(r->shard);
    metric_set(r->metrics, METRIC_LEADER, 0, 0);
    if (why == STEP_LOST)
        return LIFE_LOST;
    log_line(LOG_INFO, "run", "%s; everything read is committed, up to cut %llu",
             leaving ? "asked to leave" : "the input has ended",
             (unsigned long long)committer_cut(shard_committer(r->shard)));
    return LIFE_ENDED;
}

static enum outcome_of_life live(struct run *r)
{
    if (!r->source.ops && !source_open(r))
        return LIFE_FAILED;
    if (!store_open(r))
        return LIFE_FAILED;
    if (!r->metrics && serve(r) != CLI_OK)
        return LIFE_FAILED;
    r->shard = shard_create(&(struct shard_inputs){r->config, r->rules, &clock_system, &r->source, &r->store, r->metrics,
                                                   r->workers, r->drain});
    bool leads;
    if (stand_by(r, &leads) != STORE_OK)
        return LIFE_LOST;
    return leads ? lead(r) : LIFE_ENDED;
}

static int run(struct run *r)
{
    for (;;) {
        enum outcome_of_life outcome = live(r);
        close_all(r);
        if (outcome == LIFE_ENDED)
            return CLI_OK;
        if (outcome == LIFE_FAILED)
            return r->config->kafka ? CLI_BROKER : CLI_INPUT;
        if (leaving)
            return CLI_OK;
        if (!r->config->kafka)
            return CLI_INTERNAL; /* nothing to rebuild from: the output could not be written */
        log_line(LOG_WARNING, "run", "rebuilding from the log");
        metric_add(r->metrics, METRIC_REBUILDS, 0, 0, 1);
        health_set(r->health, HEALTH_RECOVERY, false, "rebuilding from the log");
        pause_ms(REBUILD_PAUSE_MS);
    }
}

static int prepare(struct run *r, const char *path, bool create)
{
    (void)create;
    (void)path;
#ifdef GRIDWARN_KAFKA
    bool from_kafka = r->config->source_count && r->config->sources[0].topic;
    if (!from_kafka && !r->config->kafka)
        return CLI_OK;
    struct problems problems = {0};
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

static void clean_up(struct run *r)
{
#ifdef GRIDWARN_KAFKA
    if (r->election)
        election_destroy(&r->election);
#endif
    http_stop(&r->http);
    health_destroy(&r->health);
    metrics_destroy(&r->metrics);
    rule_set_destroy(&r->reloaded);
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
            char *end;
            long n = strtol(optarg, &end, 10);
            if (*end || n < 1 || n > WORKERS_MAX)
                return cli_misused(&command, "--workers: a number from 1 to %d was expected", WORKERS_MAX);
            r.workers = (unsigned)n;
        }
    }
    if (!path)
        return cli_misused(&command, "-c FILE is needed");
    struct problems problems = {0};
    struct config *config = config_load(path, &problems);
    problems_print(&problems, stderr);
    problems_clear(&problems);
    if (!config)
        return CLI_CONFIG;
    r.config = config;
    r.rules = config->rules;
    if (!r.workers)
        r.workers = config->workers;
    signals_install();
    status = prepare(&r, path, create);
    if (status == CLI_OK)
        status = run(&r);
    clean_up(&r);
    config_destroy(&config);
    return status;
}
