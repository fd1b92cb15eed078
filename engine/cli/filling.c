#include "cli/filling.h"

#include "base/check.h"
#include "replay/moment.h"
#include "source/source_file.h"
#ifdef GRIDWARN_KAFKA
#include "kafka/kafka.h"
#endif

#include <getopt.h>
#include <stdlib.h>

bool filling_take(struct filling *f, int option)
{
    switch (option) {
    case 'c':
        f->config_path = optarg;
        return true;
    case FILLING_INPUT:
        if (f->input_count < FILLING_INPUTS_MAX)
            f->inputs[f->input_count] = optarg;
        f->input_count++;
        return true;
    case FILLING_TOPICS:
        f->from_topics = true;
        return true;
    case FILLING_LEDGER:
        f->from_ledger = true;
        return true;
    case FILLING_SINCE:
        f->since = optarg;
        return true;
    case FILLING_UNTIL:
        f->until = optarg;
        return true;
    default:
        return false;
    }
}

bool filling_says_where(const struct filling *f)
{
    return f->input_count || f->from_topics || f->from_ledger;
}

/* ---- files ---- */

static int read_files(struct filling *f, const struct config *files, const unsigned *source_of)
{
    struct source source;
    if (!source_file(files, &source))
        return CLI_INPUT;
    bool good = past_read(f->past, &source, source_of);
    source.ops->destroy(source.context);
    return good ? CLI_OK : CLI_INPUT;
}

/* the source that SOURCE=FILE names; -1 after a line on stderr */
static int source_named(const struct filling *f, const struct cli_command *command, const char *input)
{
    const char *names[SOURCES_MAX], *equals = strchr(input, '=');
    if (!equals || !equals[1]) {
        cli_misused(command, "--input %s: SOURCE=FILE was expected", input);
        return -1;
    }
    char *name = xstrndup(input, (size_t)(equals - input));
    int found = catalogue_find_source(f->config->catalogue, str_of(name));
    unsigned count = config_event_sources(f->config);
    found = found < (int)count ? found : -1;
    for (unsigned i = 0; i < count; i++)
        names[i] = f->config->sources[i].name;
    const char *near = found < 0 ? nearest_word(name, names, count) : NULL;
    if (near)
        cli_misused(command, "no source %s; did you mean %s?", name, near);
    else if (found < 0)
        cli_misused(command, "no source %s in the configuration", name);
    free(name);
    return found;
}

/* The file source reads what a configuration names: one that names these files. */
static int read_inputs(struct filling *f, const struct cli_command *command)
{
    struct config_source sources[FILLING_INPUTS_MAX];
    unsigned source_of[FILLING_INPUTS_MAX];
    if (f->input_count > FILLING_INPUTS_MAX)
        return cli_misused(command, "--input: %d at most", FILLING_INPUTS_MAX);
    for (unsigned i = 0; i < f->input_count; i++) {
        int number = source_named(f, command, f->inputs[i]);
        if (number < 0)
            return CLI_USAGE;
        source_of[i] = (unsigned)number;
        sources[i] = f->config->sources[number];
        sources[i].topic = NULL;
        sources[i].path = strchr(f->inputs[i], '=') + 1;
    }
    struct config files = *f->config;
    files.sources = sources;
    files.source_count = f->input_count;
    files.event_time = true; /* an empty pipe is not at its end */
    return read_files(f, &files, source_of);
}

/* ---- Kafka ---- */

#ifdef GRIDWARN_KAFKA
static int check_kafka(const struct filling *f)
{
    struct problems problems = {0};
    kafka_properties_check(f->config, f->config_path, &problems);
    size_t wrong = problems.count;
    problems_print(&problems, stderr);
    problems_clear(&problems);
    return wrong ? CLI_CONFIG : CLI_OK;
}

/* only looks on: who leads is not disturbed */
static bool follow(const struct filling *f, struct past *past)
{
    struct store store = {0};
    bool good = kafka_store(f->config, NULL, 0, &store) && past_follow(past, f->state, &store);
    if (store.ops)
        store.ops->destroy(store.context);
    return good;
}

static int read_kafka(struct filling *f, const struct cli_command *command)
{
    bool topics = f->config->source_count && f->config->sources[0].topic, good = true;
    if (f->from_topics && !topics)
        return cli_misused(command, "--from-topics: the sources of this configuration are files");
    if (f->from_ledger && !f->config->kafka)
        return cli_misused(command, "--from-ledger: this configuration keeps nothing in Kafka");
    if (f->with_state && !f->config->kafka)
        return cli_misused(command, "--active: this configuration keeps nothing in Kafka");
    int status = check_kafka(f);
    struct source source;
    if (status != CLI_OK)
        return status;
    if (f->from_topics && (good = kafka_source(f->config, &source))) {
        good = past_read(f->past, &source, NULL);
        source.ops->destroy(source.context);
    }
    if (good && (f->from_ledger || f->with_state))
        good = follow(f, f->from_ledger ? f->past : NULL);
    return good ? CLI_OK : CLI_BROKER;
}

int filling_read_state(struct filling *f)
{
    if (f->state)
        return CLI_OK;
    f->state = json_object();
    return !f->config->kafka || follow(f, NULL) ? CLI_OK : CLI_BROKER;
}
#else
static int read_kafka(struct filling *f, const struct cli_command *command)
{
    (void)f;
    return cli_misused(command, "this gridwarn was built without Kafka; use --input");
}

int filling_read_state(struct filling *f)
{
    if (!f->state)
        f->state = json_object();
    return CLI_OK;
}
#endif

/* ---- what could not be taken ---- */

static void report(const struct filling *f)
{
    const struct past_report r = past_report(f->past);
    if (r.refused)
        fprintf(stderr, cli_text("dead letters: %llu\n", "死信：%llu 条\n"), (unsigned long long)r.refused);
    for (size_t i = 0; i < r.refusal_count; i++) {
        const struct past_refusals *one = &r.refusals[i];
        fprintf(stderr, cli_text("  %s %s: %llu, first at %s", "  %s %s：%llu 条，首条在 %s"),
                f->config->sources[one->source].name, decode_refusal_word(one->reason),
                (unsigned long long)one->count, one->first);
        if (*one->place)
            fprintf(stderr, " (%s)", one->place);
        fprintf(stderr, *one->expected ? cli_text("; expected %s\n", "；应为 %s\n") : "\n", one->expected);
    }
    if (r.log_broken || r.log.unknown_regions || r.log.unknown_categories || r.log.unknown_sources)
        fprintf(stderr,
                cli_text("of the log: %llu records not readable; facts of %llu regions, %llu categories, %llu sources "
                         "not configured any more\n",
                         "台账：%llu 条记录无法读取；%llu 件的区域、%llu 件的类别、%llu 件的来源已不在配置中\n"),
                (unsigned long long)r.log_broken, (unsigned long long)r.log.unknown_regions,
                (unsigned long long)r.log.unknown_categories, (unsigned long long)r.log.unknown_sources);
    if (r.evictions || r.forgotten)
        fprintf(stderr,
                cli_text("memory was short: the oldest days are missing (%llu events came too late for them); raise "
                         "ledger.memory\n",
                         "内存不足：最早的日期已缺失（其后另有 %llu 件到得太晚）；请调大 ledger.memory\n"),
                (unsigned long long)r.forgotten);
    if (!r.events)
        fputs(cli_text("no events\n", "没有事件\n"), stderr);
}

static int read_times(struct filling *f, const struct cli_command *command, int64_t *until_s)
{
    f->since_s = INT64_MIN;
    *until_s = INT64_MAX;
    if (f->since && !moment_read(str_of(f->since), f->config->utc_offset_s, &f->since_s))
        return cli_misused(command, "--since %s: a time such as 2026-01-12 or '2026-01-12 08:00' was expected", f->since);
    if (f->until && !moment_read(str_of(f->until), f->config->utc_offset_s, until_s))
        return cli_misused(command, "--until %s: a time such as 2026-01-12 or '2026-01-12 08:00' was expected", f->until);
    return CLI_OK;
}

static int fill(struct filling *f, const struct cli_command *command)
{
    int status = CLI_OK;
    if (f->input_count)
        status = read_inputs(f, command);
    else if (!filling_says_where(f))
        status = read_files(f, f->config, NULL);
    if (status == CLI_OK && (f->from_topics || f->from_ledger || f->with_state))
        status = read_kafka(f, command);
    return status;
}

/* A configuration with mistakes is of no use, and all are told.  What its rules' author has been warned of by `check` is not said
 * again each time that he asks something else. */
static struct config *load(const char *path)
{
    struct problems problems = {.language = language_of_environment()};
    struct config *config = config_load(path, &problems);
    size_t warnings = problems.warnings;
    if (!config)
        problems_print(&problems, stderr);
    else if (warnings)
        fprintf(stderr, cli_text("%s: warnings: %zu (gridwarn check says which)\n", "%s：%zu 处注意（详见 gridwarn check）\n"), path,
                warnings);
    problems_clear(&problems);
    return config;
}

int filling_open(struct filling *f, const struct cli_command *command)
{
    if (!f->config_path)
        return cli_misused(command, "-c FILE is needed");
    if ((f->input_count > 0) + f->from_topics + f->from_ledger > 1)
        return cli_misused(command, "one of --input, --from-topics and --from-ledger");
    f->config = load(f->config_path);
    if (!f->config)
        return CLI_CONFIG;
    int64_t until_s;
    int status = read_times(f, command, &until_s);
    bool topics = f->config->source_count && f->config->sources[0].topic;
    if (f->or_ledger && topics && !filling_says_where(f) && f->config->kafka)
        f->from_ledger = true;
    if (status == CLI_OK && topics && !filling_says_where(f))
        status = cli_misused(command, "the sources are topics: one of --input, --from-topics and --from-ledger is needed");
    if (status != CLI_OK)
        return status;
    /* no window that is open at `since` reaches further back than the engine remembers */
    int64_t from_s = f->since_s == INT64_MIN ? INT64_MIN : f->since_s - f->config->retention_s;
    f->past = past_create(f->config, from_s, until_s);
    f->state = f->with_state ? json_object() : NULL;
    status = fill(f, command);
    if (status == CLI_OK)
        report(f);
    return status;
}

void filling_close(struct filling *f)
{
    json_decref(f->state);
    past_destroy(&f->past);
    config_destroy(&f->config);
}
