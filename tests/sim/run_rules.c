/* The rules of a run: an author who edits the files on disk, an operator who has them loaded, or goes back to what
 * was active before, and the reload that comes of it, one step at a time among everybody else's; and counters that are
 * renewed by the same steps, at any time, until somebody asks for other rules or does not.  What lies on disk, what the log keeps and what is active are those of an engine as it ships (cli/active.c); only who waits
 * for what is drawn from the seed. */
#include "run_priv.h"

#include "base/check.h"
#include "cli/active_load.h"

void rules_open(struct run *r, struct engine *e)
{
    if (!r->world->archived)
        return;
    active_open(&e->active, r->world->config);
    e->active.metrics = r->metrics;
    e->active.health = r->health;
}

void rules_close(struct engine *e)
{
    if (e->active.config)
        active_close(&e->active);
}

static void edit(struct run *r)
{
    r->on_disk = dice_below(&r->dice, r->world->generation_count);
    world_edit(r->world, r->on_disk);
    run_trace(r, "the rules on disk are the world's %u", r->on_disk);
}

static void begin(struct run *r, struct loaded *l, const struct kept_generation *origin)
{
    struct engine *e = r->leader;
    struct shard_rules rules = active_next(&e->active, l, origin);
    run_trace(r, "engine %u begins to change its rules, to generation %llu", e->number, (unsigned long long)rules.number);
    shard_reload_begin(e->shard, &rules);
    e->changing = true;
}

static void reload(struct run *r)
{
    struct loaded l;
    active_read(&r->leader->active, LANGUAGE_ENGLISH, &l);
    CHECK(l.rules);
    if (active_disk_differs(&r->leader->active))
        begin(r, &l, NULL);
    loaded_free(&l);
}

static void roll_back(struct run *r)
{
    struct active *a = &r->leader->active;
    unsigned any = dice_below(&r->dice, (unsigned)archive_count(a->archive));
    const struct kept_generation *g =
        dice_chance(&r->dice, 50) ? archive_before(a->archive) : archive_at(a->archive, any);
    if (!g || g == archive_active(a->archive))
        return;
    struct kept_generation origin = *g; /* the archive is about to change */
    struct loaded l;
    active_read(a, LANGUAGE_ENGLISH, &l); /* what is passed over */
    loaded_free(&l);
    load_kept(a->config, &origin, LANGUAGE_ENGLISH, &l);
    CHECK(l.rules);
    run_trace(r, "back to generation %llu", (unsigned long long)origin.number);
    begin(r, &l, &origin);
    loaded_free(&l);
}

/* What an operator asks for ends a renewal, which may also come to its end first. */
static bool renew(struct run *r)
{
    struct engine *e = r->leader;
    if (!e->changing) {
        run_trace(r, "engine %u begins to renew its counters", e->number);
        shard_renew_begin(e->shard);
        e->changing = e->renewing = true;
    } else if (e->renewing && dice_chance(&r->dice, 40)) {
        run_trace(r, "engine %u leaves that off", e->number);
        shard_renew_leave(e->shard);
    }
    return true;
}

static bool renewed(struct run *r, struct engine *e)
{
    e->changing = e->renewing = false;
    return generation_number(shard_generation(e->shard)) == archive_active(e->active.archive)->number ||
           run_fail(r, "renewed counters are of another generation");
}

bool rules_change(struct run *r)
{
    unsigned what = dice_below(&r->dice, 100);
    if (dice_chance(&r->dice, 35))
        return renew(r);
    if (r->world->generation_count == 1)
        return true;
    if (what < 70)
        edit(r);
    if (r->leader->changing || (what >= 50 && what < 70)) /* it is found by a reload to come, or by who leads next */
        return true;
    if (what < 80)
        reload(r);
    else
        roll_back(r);
    return true;
}

bool rules_step(struct run *r, struct engine *e)
{
    if (!e->changing)
        return true;
    enum reload_result result = shard_reload_step(e->shard);
    run_trace(r, "engine %u, changing rules: %s", e->number,
              result == RELOAD_WAITING ? "it waits"
              : result == RELOAD_DONE  ? "done"
              : result == RELOAD_LEFT  ? "left off"
                                       : "a step");
    if (result != RELOAD_DONE && result != RELOAD_LEFT)
        return true;
    if (e->renewing)
        return renewed(r, e);
    rule_set_destroy(&e->active.retired);
    e->changing = false;
    bool told_of_what_is = archive_active(e->active.archive)->number <= judge_active_number(r->judge);
    return told_of_what_is || run_fail(r, "somebody is told of a generation that is not in the log");
}
