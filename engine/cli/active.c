#include "cli/active.h"

#include "base/log.h"
#include "cli/watch.h"
#include "rule/texts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { READINGS_MAX = 5 };

static void watch_files(struct active *a, const struct rule_texts *texts)
{
    for (size_t i = 0; a->watch && i < rule_texts_count(texts); i++)
        watch_path(a->watch, rule_texts_path(texts, i));
}

void active_open(struct active *a, const struct config *config)
{
    *a = (struct active){.config = config, .rules = config->rules};
    snprintf(a->disk, sizeof a->disk, "%s", rule_texts_digest(config->texts));
    a->watch = config->rules_watch ? watch_create() : NULL;
    if (!a->watch)
        return;
    watch_path(a->watch, config->rules_path);
    if (config->models_path)
        watch_path(a->watch, config->models_path);
    watch_files(a, config->texts);
}

void active_close(struct active *a)
{
    watch_destroy(&a->watch);
    rule_set_destroy(&a->own);
}

/* Again where the files changed while they were read: half of one edit and half of another may be free of mistakes. */
static struct rule_set *load(const struct active *a, struct rule_texts **texts, struct problems *problems)
{
    struct rule_set *rules = NULL;
    for (int i = 0; i < READINGS_MAX; i++) {
        struct rule_context context = config_rule_context(a->config);
        context.texts = *texts = rule_texts_create(a->config->rules_path);
        rules = rule_set_load(a->config->rules_path, &context, problems);
        if (rule_texts_unchanged(*texts))
            return rules;
        rule_texts_destroy(texts);
        rule_set_destroy(&rules);
        problems_clear(problems);
    }
    problem_add(problems, a->config->rules_path, 0, 0, "keeps changing while it is read: load it again afterwards");
    return NULL;
}

static void refuse(struct active *a, size_t mistakes)
{
    log_line(LOG_ERROR, "rules", "the rules on disk have %zu mistakes: the %u active ones stay", mistakes,
             a->rules->count);
    health_set(a->health, HEALTH_RULES, false, "the rules on disk have %zu mistakes; those before are active",
               mistakes);
}

static void take(struct active *a, struct shard *shard, struct rule_set *rules)
{
    shard_reload(shard, rules);
    rule_set_destroy(&a->own);
    a->rules = a->own = rules;
    health_set(a->health, HEALTH_RULES, true, "%u rules", rules->count);
}

static void reload(struct active *a, struct shard *shard, bool edited)
{
    struct problems problems = {.language = language_of_environment()};
    struct rule_texts *texts = NULL;
    struct rule_set *rules = load(a, &texts, &problems);
    const char *digest = texts ? rule_texts_digest(texts) : "";
    bool same = edited && strcmp(digest, a->disk) == 0;
    snprintf(a->disk, sizeof a->disk, "%s", digest);
    if (texts)
        watch_files(a, texts);
    if (same) { /* touched, or written again as it was */
        rule_set_destroy(&rules);
    } else {
        problems_print(&problems, stderr);
        if (rules)
            take(a, shard, rules);
        else
            refuse(a, problems.count);
    }
    rule_texts_destroy(&texts);
    problems_clear(&problems);
}

void active_reload(struct active *a, struct shard *shard)
{
    reload(a, shard, false);
}

void active_look(struct active *a, struct shard *shard)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (a->watch && watch_changed(a->watch, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000))
        reload(a, shard, true);
}
