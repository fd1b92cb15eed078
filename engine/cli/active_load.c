#include "cli/active_load.h"

#include "base/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READINGS_MAX = 5, OPEN_FOLDERS = 8 };

void loaded_free(struct loaded *l)
{
    rule_set_destroy(&l->rules);
    rule_texts_destroy(&l->texts);
    problems_clear(&l->problems);
}

/* Again where the files changed while they were read: half of one edit and half of another may be free of mistakes. */
void load_disk(const struct config *config, enum language language, struct loaded *l)
{
    *l = (struct loaded){.problems.language = language};
    for (int i = 0; i < READINGS_MAX; i++) {
        loaded_free(l);
        struct rule_context context = config_rule_context(config);
        context.texts = l->texts = rule_texts_create(config->rules_path);
        l->rules = rule_set_load(config->rules_path, &context, &l->problems);
        if (rule_texts_unchanged(l->texts))
            return;
    }
    rule_set_destroy(&l->rules);
    problem_add(&l->problems, config->rules_path, 0, 0, "keeps changing while it is read: load it again afterwards");
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

static void load_texts(const struct config *config, const struct rule_texts *texts, enum language language,
                       struct loaded *l)
{
    *l = (struct loaded){.problems.language = language};
    const char *where = getenv("TMPDIR");
    char *folder;
    CHECK(asprintf(&folder, "%s/gridwarn-rules-XXXXXX", where && *where ? where : "/tmp") >= 0);
    if (mkdtemp(folder)) {
        struct text_places places;
        struct rule_context context = config_rule_context(config);
        if (rule_texts_write(texts, folder, &places, &l->problems)) {
            context.calendar_path = places.calendar;
            context.models_path = places.models;
            context.places = &places;
            l->rules = rule_set_load(places.rules, &context, &l->problems);
        }
        text_places_free(&places);
        nftw(folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    } else {
        problem_add(&l->problems, folder, 0, 0, "can't be written: %s", problem_word(&l->problems, strerror(errno)));
    }
    free(folder);
    json_t *json = rule_texts_json(texts); /* a copy */
    l->texts = rule_texts_from_json(json);
    json_decref(json);
}

void load_kept(const struct config *config, const struct kept_generation *kept, enum language language,
               struct loaded *l)
{
    load_texts(config, kept->texts, language, l);
}

void load_configured(const struct config *config, struct loaded *l)
{
    loaded_free(l);
    load_texts(config, config->texts, language_of_environment(), l);
    CHECK(l->rules); /* as it was loaded before */
}
