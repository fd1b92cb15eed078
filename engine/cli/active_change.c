/* One change of the rules, from the files to the cut with which the new generation begins, or to what is wrong.  On a thread
 * that the main one has begun and joins; nobody else touches the active rules meanwhile. */
#include "cli/active_priv.h"

#include "base/check.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct turn {
    struct active *active;
    struct shard *shard;
    const struct control_request *request;
    struct gate_limit limit;
    unsigned status; /* of HTTP */
    char *answer;
};

static bool in_chinese(const struct turn *t)
{
    return t->request->language == LANGUAGE_CHINESE;
}

static void refuse(struct turn *t, const struct loaded *l)
{
    struct active *a = t->active;
    char name[ACTIVE_TEXT];
    size_t mistakes = l->problems.count;
    active_name(a, name);
    log_line(LOG_ERROR, "rules", "%zu mistakes, nothing was loaded; %s stays active", mistakes, name);
    metric_add(a->metrics, METRIC_RELOADS_REFUSED, 0, 0, 1);
    t->status = 422;
    t->answer = answer_refused(a, t->request->language, &l->problems);
}

static void unchanged(struct turn *t, const struct loaded *l)
{
    struct active *a = t->active;
    char name[ACTIVE_TEXT];
    active_name(a, name);
    log_line(LOG_INFO, "rules", "nothing has changed; %s stays active", name);
    t->answer = answer_active(a, t->request->language, &l->problems, false, 0, 0);
}

/* which generation is active is for the next life to say */
static void leave(struct turn *t)
{
    t->status = 503;
    t->answer = answer_leaving();
}

static void activate(struct turn *t, struct loaded *l, const struct kept_generation *origin)
{
    struct active *a = t->active;
    char name[ACTIVE_TEXT];
    double begin_s = clock_steady_s(), pause_s;
    struct shard_rules rules = active_next(a, l, origin);
    if (!shard_reload(t->shard, &rules, &(struct patience){.over = &a->leaving}, &pause_s)) {
        leave(t); /* the next life finds what was committed, and lets go of what is retired */
        a->unsure = true;
        return;
    }
    rule_set_destroy(&a->retired);
    metric_add(a->metrics, METRIC_RELOADS, 0, 0, 1);
    metric_observe(a->metrics, METRIC_WORKER_PAUSE, pause_s);
    double seconds = clock_steady_s() - begin_s;
    active_name(a, name);
    log_line(LOG_INFO, "rules", "%s is active: %u rules%s; filled and taken up in %.3f s, longest pause of a worker %.1f ms",
             name, a->rules->count, active_disk_differs(a) ? "; the files on disk differ" : "", seconds, pause_s * 1000);
    t->answer = answer_active(a, t->request->language, &l->problems, true, seconds, pause_s);
}

/* ---- the gate ---- */

static void hold(struct turn *t, enum gate gate, const struct gate_found *found)
{
    struct active *a = t->active;
    if (atomic_load(&a->leaving)) {
        leave(t);
        return;
    }
    a->held = true;
    metric_add(a->metrics, METRIC_RELOADS_REFUSED, 0, 0, 1);
    t->status = 409;
    t->answer = gate == GATE_FLOOD ? answer_flood(a, t->request->language, &t->limit, found)
                                   : answer_error(a, t->request->language,
                                                  in_chinese(t) ? "会多报多少起，一时数不出来，或太多"
                                                                : "how many alerts they would open takes too long to tell, or is too many");
}

static bool let_in(struct turn *t, const struct loaded *l)
{
    struct gate_found found = {0};
    if (t->request->force) {
        log_line(LOG_WARNING, "rules", "loaded by force: nobody asked how many alerts they open");
        return true;
    }
    enum gate gate = gate_ask(t->active, t->shard, t->active->rules, l->rules, &t->limit, &found);
    if (gate != GATE_OPEN)
        hold(t, gate, &found);
    json_decref(found.alerts);
    return gate == GATE_OPEN;
}

/* ---- the ways to other rules ---- */

static void reload(struct turn *t, bool edited)
{
    struct active *a = t->active;
    struct loaded l;
    if (!active_read(a, t->request->language, &l) && edited) { /* touched, or written again as it was */
        loaded_free(&l);
        return;
    }
    problems_print(&l.problems, stderr);
    if (!l.rules)
        refuse(t, &l);
    else if (!active_disk_differs(a))
        unchanged(t, &l);
    else if (let_in(t, &l))
        activate(t, &l, NULL);
    active_show(a);
    loaded_free(&l);
}

/* Past the gate: who goes back wants to be rid of something, and what he goes back to was active once. */
static void roll_back_to(struct turn *t, const struct kept_generation *g)
{
    struct active *a = t->active;
    struct loaded disk, l;
    active_read(a, t->request->language, &disk); /* what is passed over */
    loaded_free(&disk);
    load_kept(a->config, g, t->request->language, &l);
    problems_print(&l.problems, stderr);
    if (!l.rules)
        refuse(t, &l);
    else if (g == archive_active(a->archive))
        unchanged(t, &l);
    else
        activate(t, &l, g);
    active_show(a);
    loaded_free(&l);
}

static void roll_back(struct turn *t, uint64_t to)
{
    struct active *a = t->active;
    const struct kept_generation *g = to ? archive_find(a->archive, to) : archive_before(a->archive);
    if (g) {
        struct kept_generation copy = *g; /* the archive is about to change */
        roll_back_to(t, g == archive_active(a->archive) ? g : &copy);
        return;
    }
    char text[ACTIVE_TEXT];
    if (to)
        snprintf(text, sizeof text,
                 in_chinese(t) ? "没有保留第 %" PRIu64 " 代（见 generations）" : "generation %" PRIu64 " is not kept (see generations)",
                 to);
    else
        snprintf(text, sizeof text, "%s", in_chinese(t) ? "没有保留更早的一代" : "no generation before it is kept");
    t->status = 404;
    t->answer = answer_error(a, t->request->language, text);
}

void *renewal_run(void *arg)
{
    struct rule_change *c = arg;
    struct active *a = c->active;
    shard_renew(c->shard, &(struct patience){.over = &a->renewed_enough});
    free(c);
    atomic_store(&a->changed, true);
    return NULL;
}

void *change_run(void *arg)
{
    struct rule_change *c = arg;
    struct active *a = c->active;
    struct turn t = {.active = a, .shard = c->shard, .request = &c->request, .status = 200};
    t.limit.max_new = c->request.max_new >= 0 ? c->request.max_new : a->config->max_new;
    t.limit.days = c->request.days ? c->request.days : a->config->max_new_days;
    if (c->request.verb == CONTROL_ROLLBACK)
        roll_back(&t, c->request.to);
    else
        reload(&t, c->edited);
    if (c->requested)
        control_answer(a->control, t.status, t.answer);
    else
        free(t.answer);
    free(c);
    atomic_store(&a->changed, true);
    return NULL;
}
