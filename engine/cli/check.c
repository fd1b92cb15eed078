/* gridwarn check: what a rule author runs after an edit and a pipeline before a deployment.  Either every mistake, by
 * file, line and column, or what the files mean to the engine, so that an oversight shows. */
#include "cli/cli.h"

#include "base/problem.h"
#include "cli/excerpt.h"
#include "config/config.h"
#include "registry/registry.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { OPTION_REGISTRY = CLI_LONG, OPTION_CONTEXT };

static const struct cli_option options[] = {
    {'c', "config", "FILE", "the engine's configuration, with all that it names"},
    {OPTION_REGISTRY, "registry", "FILE", "a registry of regions by itself"},
    {OPTION_CONTEXT, "context", NULL, "show the line of each problem, as on a terminal"},
};

static const struct cli_command command = {
    "check",
    "-c FILE [--context]\n--registry FILE [--context]\n",
    "Prints every problem and warning to standard error, and if there is no problem a summary of what the files "
    "mean.",
    options,
    sizeof options / sizeof *options,
};

static void print_regions(const struct registry *registry)
{
    const char *const names[REGION_LEVELS_END] = {
        [REGION_DISTRICT] = cli_text("districts", "区"),         [REGION_STREET] = cli_text("streets", "街道"),
        [REGION_COMMUNITY] = cli_text("communities", "社区"),    [REGION_GRID] = cli_text("grids", "网格"),
        [REGION_MICRO_GRID] = cli_text("micro-grids", "微网格"),
    };
    unsigned count[REGION_LEVELS_END] = {0};
    for (uint32_t i = 1; i <= registry_count(registry); i++)
        count[registry_region(registry, i)->level]++;
    printf(cli_text("regions: %u", "区域：%u"), (unsigned)registry_count(registry));
    const char *before = " (";
    for (int i = REGION_DISTRICT; i < REGION_LEVELS_END; i++)
        if (count[i]) {
            printf("%s%s %u", before, names[i], count[i]);
            before = ", ";
        }
    puts(*before == ',' ? ")" : "");
}

static void print_sources(const struct config *config)
{
    printf(cli_text("sources: %u\n", "数据源：%u\n"), config->source_count);
    for (unsigned i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        if (source->topic)
            printf(cli_text("  %-20s topic %s\n", "  %-20s 主题 %s\n"), source->name, source->topic);
        else
            printf(cli_text("  %-20s file %s\n", "  %-20s 文件 %s\n"), source->name, source->path);
    }
}

static void print_rules(const struct rule_set *rules)
{
    printf(cli_text("rules: %u (%s)\n", "规则：%u（%s）\n"), rules->count, rules->digest);
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        printf("  %-32s %s:", rule->id, rule->title);
        for (unsigned level = 1; level <= rules->level_count; level++)
            if (rule->level[level].count)
                printf(" %s", rules->level_name[level]);
        putchar('\n');
    }
}

static void print_summary(const struct config *config)
{
    print_regions(config->registry);
    printf(cli_text("categories: %u\n", "事项分类：%u\n"), catalogue_category_count(config->catalogue));
    print_sources(config);
    print_rules(config->rules);
    puts(cli_text("memory:", "内存："));
    config_explain_memory(config, stdout);
}

/* prints and clears them, and says what follows; the exit code */
static int verdict(const char *path, struct problems *problems, bool context)
{
    size_t errors = problems->count, warnings = problems->warnings;
    problems_print_each(problems, stderr, context ? excerpt_print : NULL);
    problems_clear(problems);
    if (errors && warnings)
        fprintf(stderr, cli_text("%s: problems: %zu, warnings: %zu\n", "%s：%zu 个问题，%zu 处注意\n"), path, errors,
                warnings);
    else if (errors)
        fprintf(stderr, cli_text("%s: problems: %zu\n", "%s：%zu 个问题\n"), path, errors);
    else if (warnings)
        printf(cli_text("%s: correct, warnings: %zu\n", "%s：正确，%zu 处注意\n"), path, warnings);
    else
        printf(cli_text("%s: correct\n", "%s：正确\n"), path);
    return errors ? CLI_CONFIG : CLI_OK;
}

static int check_config(const char *path, bool context)
{
    struct problems problems = {.language = language_of_environment()};
    struct config *config = config_load(path, &problems);
    int status = verdict(path, &problems, context);
    if (status == CLI_OK)
        print_summary(config);
    config_destroy(&config);
    return status;
}

static int check_registry(const char *path, bool context)
{
    struct problems problems = {.language = language_of_environment()};
    struct registry *registry = registry_load(path, &problems);
    int status = verdict(path, &problems, context);
    if (status == CLI_OK)
        print_regions(registry);
    registry_destroy(&registry);
    return status;
}

int command_check(int argc, char **argv)
{
    const char *config = NULL, *registry = NULL;
    bool context = isatty(STDERR_FILENO);
    int status, option;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (option == 'c')
            config = optarg;
        else if (option == OPTION_REGISTRY)
            registry = optarg;
        else
            context = true;
    }
    if (!config == !registry)
        return cli_misused(&command, "one of -c and --registry is needed");
    return config ? check_config(config, context) : check_registry(registry, context);
}
