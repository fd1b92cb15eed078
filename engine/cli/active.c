#include "cli/active_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "cli/signals.h"
#include "cli/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTROL_WAIT_MS = 60000 };

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

void active_show(struct active *a)
{
    if (a->unsure)
        return;
    const struct kept_generation *g = archive_active(a->archive);
    char name[ACTIVE_TEXT];
    active_name(a, name);
    metric_set(a->metrics, METRIC_DISK_DIFFERS, 0, active_disk_differs(a));
    if (a->mistakes)
        health_set(a->health, HEALTH_RULES, false, "the rules on disk have %zu mistakes; %s stays active", a->mistakes,
                   name);
    else if (a->held)
        health_set(a->health, HEALTH_RULES, false, "the rules on disk were refused for the alerts that they would open; %s stays active", name);
    else if (active_disk_differs(a))
        health_set(a->health, HEALTH_RULES, true, "%s is active, rolled back to; the files on disk differ", name);
    else
        health_set(a->health, HEALTH_RULES, true, "%s is active: %u rules", name, g->rules);
}

bool active_read(struct active *a, enum language language, struct loaded *l)
{
    load_disk(a->config, language, l);
    bool other = strcmp(a->disk, rule_texts_digest(l->texts)) != 0;
    snprintf(a->disk, sizeof a->disk, "%s", rule_texts_digest(l->texts));
    a->mistakes = l->problems.count;
    a->held = a->held && !other;
    watch_files(a, l->texts);
    return other;
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
    a->held = false;
    struct shard_rules next = {.rules = a->rules, .number = archive_active(a->archive)->number};
    next.notes = archive_notes(a->archive, &next.note_count);
    return next;
}

/* Would the files on disk open more than may be?  Those who made them are told when they ask again. */
static bool floods(struct active *a, struct shard *shard, const struct rule_set *last, const struct loaded *disk)
{
    const struct gate_limit limit = {a->config->max_new, a->config->max_new_days};
    struct gate_found found = {0};
    a->held = gate_ask(a, shard, last, disk->rules, &limit, &found) != GATE_OPEN;
    json_decref(found.alerts);
    return a->held;
}

/* The last generation goes on if the disk has its files, those that were passed over for it, mistakes, or what would open too
 * many alerts.  true: `l`, what is on disk, has become that generation's. */
static bool goes_on(struct active *a, struct shard *shard, const struct kept_generation *last, struct loaded *l)
{
    bool same = strcmp(last->files, a->disk) == 0,
         passed_over = strcmp(archive_passed_over(a->archive), a->disk) == 0;
    if (same && l->rules)
        return true;
    if (l->rules && !passed_over && a->config->max_new < 0)
        return false;
    struct loaded kept;
    load_kept(a->config, last, language_of_environment(), &kept);
    bool good = kept.rules && (!l->rules || passed_over || floods(a, shard, kept.rules, l));
    if (!kept.rules) {
        problems_print(&kept.problems, stderr);
        log_line(LOG_ERROR, "rules", "generation %" PRIu64 " was active last and can't be loaded any more", last->number);
    }
    if (good) {
        loaded_free(l);
        *l = kept;
    } else {
        loaded_free(&kept);
    }
    return good;
}

struct shard_rules active_choose(void *arg, struct shard *shard, const json_t *state)
{
    struct active *a = arg;
    atomic_store(&a->leaving, false);
    archive_restore(a->archive, state);
    const struct kept_generation *last = archive_active(a->archive);
    struct loaded l;
    a->held = a->unsure = false;
    active_read(a, language_of_environment(), &l);
    problems_print(&l.problems, stderr);
    struct shard_rules chosen;
    rule_set_destroy(&a->retired);
    if (last && goes_on(a, shard, last, &l)) {
        own(a, &l);
        chosen = (struct shard_rules){.rules = a->rules, .number = archive_active(a->archive)->number};
    } else {
        if (!l.rules)
            load_configured(a->config, &l); /* mistakes were made since it was read */
        chosen = active_next(a, &l, NULL);
    }
    loaded_free(&l);
    active_show(a);
    return chosen;
}

/* ---- changes ---- */

static void start(struct active *a, void *(*run)(void *), const struct rule_change *change)
{
    struct rule_change *c = xcalloc(1, sizeof *c);
    *c = *change;
    atomic_store(&a->changed, false);
    CHECK(pthread_create(&a->changer, NULL, run, c) == 0);
    a->changing = true;
}

static void start_change(struct active *a, struct shard *shard)
{
    struct rule_change c = {.active = a, .shard = shard, .edited = a->asked == ASKED_BY_EDIT, .requested = a->asked == ASKED_OVER_HTTP};
    c.request = c.requested ? a->request
                            : (struct control_request){.verb = CONTROL_RELOAD, .max_new = -1, .language = language_of_environment()};
    a->asked = ASKED_NOTHING;
    start(a, change_run, &c);
}

static void start_renewal(struct active *a, struct shard *shard)
{
    atomic_store(&a->renewed_enough, false);
    a->renewing = true;
    start(a, renewal_run, &(struct rule_change){.active = a, .shard = shard});
}

static void end_change(struct active *a)
{
    if (a->changing)
        pthread_join(a->changer, NULL);
    a->changing = a->renewing = false;
}

void active_leave(struct active *a)
{
    atomic_store(&a->leaving, true);
    atomic_store(&a->renewed_enough, true);
    end_change(a);
    if (a->asked == ASKED_OVER_HTTP) {
        a->asked = ASKED_NOTHING;
        control_answer(a->control, 503, answer_leaving());
    }
}

static void look_for_wishes(struct active *a)
{
    if (a->asked)
        return;
    if (signals_reloading())
        a->asked = ASKED_BY_SIGNAL;
    else if (a->watch && watch_changed(a->watch, (int64_t)(clock_steady_s() * 1000)))
        a->asked = ASKED_BY_EDIT;
    else if (control_take(a->control, &a->request))
        a->asked = ASKED_OVER_HTTP;
}

void active_serve(struct active *a, struct shard *shard)
{
    bool busy = a->changing && !atomic_load(&a->changed);
    if (busy && !a->renewing)
        return;
    if (!busy)
        end_change(a);
    if (a->unsure) /* whoever asks waits for the next life, or for its time to be up */
        return;
    look_for_wishes(a);
    if (a->asked == ASKED_OVER_HTTP && a->request.verb == CONTROL_GENERATIONS) {
        a->asked = ASKED_NOTHING;
        control_answer(a->control, 200, answer_generations(a));
    } else if (a->asked && busy) {
        atomic_store(&a->renewed_enough, true); /* other rules have counters of their own */
    } else if (a->asked) {
        start_change(a, shard);
    } else if (!busy && shard_renewal_due(shard)) {
        start_renewal(a, shard);
    }
}
