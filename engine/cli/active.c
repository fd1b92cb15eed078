#include "cli/active.h"

#include "base/check.h"
#include "base/log.h"
#include "cli/signals.h"
#include "cli/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONTROL_WAIT_MS = 60000 };
enum why { WHY_ASKED, WHY_EDITED };

static double steady_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void watch_files(struct active *a, const struct rule_texts *texts)
{
    for (size_t i = 0; a->watch && i < rule_texts_count(texts); i++)
        watch_path(a->watch, rule_texts_path(texts, i));
}

void active_open(struct active *a, const struct config *config)
{
    *a = (struct active){.config = config,
                         .rules = config->rules,
                         .archive = archive_create(),
                         .control = control_create(CONTROL_WAIT_MS)};
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
    archive_destroy(&a->archive);
    control_destroy(&a->control);
    rule_set_destroy(&a->own);
    rule_set_destroy(&a->retired);
}

/* to who watches */
static void show(struct active *a)
{
    const struct kept_generation *g = archive_active(a->archive);
    char name[ACTIVE_TEXT];
    active_name(a, name);
    metric_set(a->metrics, METRIC_DISK_DIFFERS, 0, active_disk_differs(a));
    if (a->mistakes)
        health_set(a->health, HEALTH_RULES, false, "the rules on disk have %zu mistakes; %s stays active", a->mistakes,
                   name);
    else if (active_disk_differs(a))
        health_set(a->health, HEALTH_RULES, true, "%s is active, rolled back to; the files on disk differ", name);
    else
        health_set(a->health, HEALTH_RULES, true, "%s is active: %u rules", name, g->rules);
}

void active_read(struct active *a, enum language language, struct loaded *l)
{
    load_disk(a->config, language, l);
    snprintf(a->disk, sizeof a->disk, "%s", rule_texts_digest(l->texts));
    a->mistakes = l->problems.count;
    watch_files(a, l->texts);
}

/* the archive's next; takes the texts over */
static void archive(struct active *a, struct loaded *l, const struct kept_generation *origin)
{
    struct kept_generation g = {
        .origin = origin ? origin->origin : 0,
        .since_ms = clock_now_ms(&clock_system),
        .rules = l->rules->count,
        .texts = l->texts,
    };
    strcpy(g.digest, l->rules->digest);
    strcpy(g.files, origin ? origin->files : rule_texts_digest(l->texts));
    l->texts = NULL;
    bool differs = strcmp(g.files, a->disk) != 0;
    archive_add(a->archive, g, differs ? a->disk : "");
}

static void own(struct active *a, struct loaded *l)
{
    a->retired = a->own;
    a->rules = a->own = l->rules;
    l->rules = NULL;
}

struct shard_rules active_next(struct active *a, struct loaded *l, const struct kept_generation *origin)
{
    archive(a, l, origin);
    own(a, l);
    struct shard_rules next = {.rules = a->rules, .number = archive_active(a->archive)->number};
    next.notes = archive_notes(a->archive, &next.note_count);
    return next;
}

/* The last generation goes on if the disk has its files, those that were passed over for it, or mistakes.  true: `l`, what is on
 * disk, has become that generation's. */
static bool goes_on(struct active *a, const struct kept_generation *last, struct loaded *l)
{
    bool same = strcmp(last->files, a->disk) == 0,
         passed_over = strcmp(archive_passed_over(a->archive), a->disk) == 0;
    if (same && l->rules)
        return true;
    if (l->rules && !passed_over)
        return false;
    struct loaded kept;
    load_kept(a->config, last, language_of_environment(), &kept);
    bool good = kept.rules != NULL;
    if (good) {
        loaded_free(l);
        *l = kept;
    } else {
        problems_print(&kept.problems, stderr);
        log_line(LOG_ERROR, "rules", "generation %" PRIu64 " was active last and can't be loaded any more", last->number);
        loaded_free(&kept);
    }
    return good;
}

struct shard_rules active_choose(void *arg, const json_t *state)
{
    struct active *a = arg;
    archive_restore(a->archive, state);
    const struct kept_generation *last = archive_active(a->archive);
    struct loaded l;
    active_read(a, language_of_environment(), &l);
    problems_print(&l.problems, stderr);
    struct shard_rules chosen;
    rule_set_destroy(&a->retired);
    if (last && goes_on(a, last, &l)) {
        own(a, &l);
        chosen = (struct shard_rules){.rules = a->rules, .number = archive_active(a->archive)->number};
    } else {
        if (!l.rules)
            load_configured(a->config, &l); /* mistakes were made since it was read */
        chosen = active_next(a, &l, NULL);
    }
    loaded_free(&l);
    show(a);
    return chosen;
}

/* ---- while it runs ---- */

struct turn {
    enum language language;
    unsigned status;
    char *answer;
};

static void refuse(struct active *a, struct turn *c, const struct loaded *l, unsigned status)
{
    char name[ACTIVE_TEXT];
    size_t mistakes = l->problems.count;
    active_name(a, name);
    log_line(LOG_ERROR, "rules", "%zu mistakes, nothing was loaded; %s stays active", mistakes, name);
    metric_add(a->metrics, METRIC_RELOADS_REFUSED, 0, 0, 1);
    c->status = status;
    c->answer = answer_refused(a, c->language, &l->problems);
}

static void unchanged(struct active *a, struct turn *c, const struct loaded *l)
{
    char name[ACTIVE_TEXT];
    active_name(a, name);
    log_line(LOG_INFO, "rules", "nothing has changed; %s stays active", name);
    c->answer = answer_active(a, c->language, &l->problems, false, 0, 0);
}

static void activate(struct active *a, struct shard *shard, struct turn *c, struct loaded *l,
                     const struct kept_generation *origin)
{
    char name[ACTIVE_TEXT];
    double begin_s = steady_s(), pause_s;
    struct shard_rules rules = active_next(a, l, origin);
    if (!shard_reload(shard, &rules, &pause_s)) { /* this life is over; the next one finds what was committed */
        c->status = 503;
        c->answer = answer_error(a, "the engine is being rebuilt or is leaving");
        return;
    }
    rule_set_destroy(&a->retired);
    metric_add(a->metrics, METRIC_RELOADS, 0, 0, 1);
    metric_observe(a->metrics, METRIC_WORKER_PAUSE, pause_s);
    double seconds = steady_s() - begin_s;
    active_name(a, name);
    log_line(LOG_INFO, "rules", "%s is active: %u rules%s; filled and taken up in %.3f s, longest pause of a worker %.1f ms",
             name, a->rules->count, active_disk_differs(a) ? "; the files on disk differ" : "", seconds, pause_s * 1000);
    c->answer = answer_active(a, c->language, &l->problems, true, seconds, pause_s);
}

static void reload(struct active *a, struct shard *shard, struct turn *c, enum why why)
{
    char before[sizeof a->disk];
    struct loaded l;
    strcpy(before, a->disk);
    active_read(a, c->language, &l);
    if (why == WHY_EDITED && strcmp(before, a->disk) == 0) { /* touched, or written again as it was */
        loaded_free(&l);
        return;
    }
    problems_print(&l.problems, stderr);
    if (!l.rules)
        refuse(a, c, &l, 422);
    else if (!active_disk_differs(a))
        unchanged(a, c, &l);
    else
        activate(a, shard, c, &l, NULL);
    show(a);
    loaded_free(&l);
}

static void roll_back_to(struct active *a, struct shard *shard, struct turn *c, const struct kept_generation *g)
{
    struct loaded disk, l;
    active_read(a, c->language, &disk); /* what is passed over */
    loaded_free(&disk);
    load_kept(a->config, g, c->language, &l);
    problems_print(&l.problems, stderr);
    if (!l.rules)
        refuse(a, c, &l, 422);
    else if (g == archive_active(a->archive))
        unchanged(a, c, &l);
    else
        activate(a, shard, c, &l, g);
    show(a);
    loaded_free(&l);
}

static void roll_back(struct active *a, struct shard *shard, struct turn *c, uint64_t to)
{
    const struct kept_generation *g = to ? archive_find(a->archive, to) : archive_before(a->archive);
    if (g) {
        struct kept_generation copy = *g; /* the archive is about to change */
        roll_back_to(a, shard, c, g == archive_active(a->archive) ? g : &copy);
        return;
    }
    char text[ACTIVE_TEXT];
    snprintf(text, sizeof text, to ? "generation %" PRIu64 " is not kept (see generations)" : "no generation before it is kept",
             to);
    c->status = 404;
    c->answer = answer_error(a, text);
}

static void serve_request(struct active *a, struct shard *shard, const struct control_request *request)
{
    struct turn c = {.language = request->language, .status = 200};
    switch (request->verb) {
    case CONTROL_RELOAD:
        reload(a, shard, &c, WHY_ASKED);
        break;
    case CONTROL_ROLLBACK:
        roll_back(a, shard, &c, request->to);
        break;
    case CONTROL_GENERATIONS:
        c.answer = answer_generations(a);
        break;
    }
    control_answer(a->control, c.status, c.answer);
}

void active_serve(struct active *a, struct shard *shard)
{
    struct turn unheard = {.language = language_of_environment()};
    struct control_request request;
    if (signals_reloading())
        reload(a, shard, &unheard, WHY_ASKED);
    else if (a->watch && watch_changed(a->watch, (int64_t)(steady_s() * 1000)))
        reload(a, shard, &unheard, WHY_EDITED);
    free(unheard.answer);
    if (control_take(a->control, &request))
        serve_request(a, shard, &request);
}
