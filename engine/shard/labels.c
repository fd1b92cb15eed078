/* The words of the metrics' labels: known from the configuration before there is a shard, and the same for each of its
 * lives. */
#include "shard/shard.h"

#include "base/check.h"

#include <stdlib.h>

struct metrics *shard_metrics(const struct config *config, const struct source_partition *partitions, size_t count)
{
    const char *sources[SOURCES_MAX], *levels[LEVELS_MAX + 1] = {"none"}, *changes[CHANGES], *answers[ANSWERS];
    const char *causes[HOLDS];
    for (unsigned i = 0; i < config->source_count; i++)
        sources[i] = config->sources[i].name;
    for (unsigned i = 0; i < config->level_count; i++)
        levels[i + 1] = config->level_names[i];
    for (int i = 0; i < CHANGES; i++)
        changes[i] = change_word((enum change)i);
    for (int i = 0; i < ANSWERS; i++)
        answers[i] = answer_word((enum answer)i);
    for (int i = 0; i < HOLDS; i++)
        causes[i] = hold_word((enum hold)i);
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
    labels.values[LABEL_ANSWER] = answers;
    labels.count[LABEL_ANSWER] = ANSWERS;
    labels.values[LABEL_CAUSE] = causes;
    labels.count[LABEL_CAUSE] = HOLDS;
    labels.values[LABEL_PARTITION] = names;
    labels.count[LABEL_PARTITION] = (unsigned)count;
    struct metrics *metrics = metrics_create(&labels);
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)names[i]);
    free(names);
    return metrics;
}
