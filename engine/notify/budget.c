#include "notify/budget_priv.h"

#include "base/check.h"
#include "base/member.h"
#include "notify/notify_priv.h"
#include "rule/notify_rules.h"

#include <stdio.h>
#include <stdlib.h>

void budgets_init(struct budgets *b)
{
    *b = (struct budgets){.digests = json_array()};
}

void budgets_free(struct budgets *b)
{
    for (size_t i = 0; i < b->count; i++)
        json_decref(b->all[i].held);
    free(b->all);
    json_decref(b->digests);
    *b = (struct budgets){0};
}

/* ---- shifts ---- */

/* 0: the rules ask for none */
static unsigned allowed(const struct asked *asked, enum hold cause)
{
    const struct notify_rules *rules = asked->rules->notify;
    if (!rules)
        return 0;
    return cause == HOLD_STORM ? rules->storm : rules->budget;
}

static int64_t begin_of(const struct asked *asked, enum hold cause, int64_t second)
{
    if (cause == HOLD_STORM)
        return second - (second % 60 + 60) % 60;
    return shift_begin(asked->rules->notify, asked->rules->utc_offset_s, second);
}

static int64_t end_of(const struct asked *asked, enum hold cause, int64_t second)
{
    if (cause == HOLD_STORM)
        return begin_of(asked, cause, second) + 60;
    return shift_end(asked->rules->notify, asked->rules->utc_offset_s, second);
}

/* A clock that is set back does not leave what has begun for what was before; unless it is set back by more than that lasts,
 * which else would last for as long. */
static bool goes_on(const struct asked *asked, const struct spending *s, int64_t now_s)
{
    return allowed(asked, s->cause) && now_s < s->until && now_s > s->from - (s->until - s->from) &&
           begin_of(asked, s->cause, now_s) <= s->from;
}

static void end(struct budgets *b, const struct asked *asked, struct spending *s)
{
    if (s->revision > s->earlier)
        spending_digest(b, asked, s, true);
    s->over = s->changed = true;
}

/* another than when it began, where the shifts were edited */
static void reckon_end(const struct asked *asked, struct spending *s, int64_t now_s)
{
    int64_t until = now_s < s->from ? s->until : end_of(asked, s->cause, now_s);
    s->changed |= until != s->until;
    s->until = until;
}

void budgets_turn(struct budgets *b, const struct asked *asked, int64_t now_s, bool last)
{
    b->now_s = now_s;
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        if (s->over)
            continue;
        if (last || !goes_on(asked, s, now_s))
            end(b, asked, s);
        else
            reckon_end(asked, s, now_s);
    }
}

int64_t budgets_next(const struct budgets *b)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < b->count; i++)
        if (!b->all[i].over && b->all[i].until < next)
            next = b->all[i].until;
    return next;
}

static struct spending *add(struct budgets *b, const struct spending *s)
{
    b->all = xrealloc(b->all, (b->count + 1) * sizeof *b->all);
    b->all[b->count] = *s;
    return &b->all[b->count++];
}

/* its street, or the district of what is wider; of a storm: everywhere */
static uint32_t region_of(const struct asked *asked, enum hold cause, const struct candidate *c)
{
    if (cause == HOLD_STORM || c->region == REGION_NONE)
        return REGION_NONE;
    const struct region *r = registry_region(asked->registry, c->region);
    return r->ancestor[REGION_STREET] ? r->ancestor[REGION_STREET] : r->ancestor[REGION_DISTRICT];
}

static void begin(const struct asked *asked, struct spending *s, int64_t now_s)
{
    int64_t from = begin_of(asked, s->cause, now_s);
    /* the same once more, where budgets were taken out of the rules and put back */
    unsigned revision = from == s->from ? s->revision : from > s->latest ? 0 : s->most;
    s->from = from;
    s->until = end_of(asked, s->cause, now_s);
    s->told = s->late = s->more = s->shared = s->shared_late = 0;
    s->revision = s->earlier = revision;
    s->listed = false;
    json_object_clear(s->held);
}

static struct spending *spending_of(struct budgets *b, const struct asked *asked, enum hold cause,
                                    const struct candidate *c)
{
    uint32_t region = region_of(asked, cause, c);
    size_t i = 0;
    while (i < b->count && (b->all[i].cause != cause || b->all[i].region != region))
        i++;
    struct spending *s = i < b->count ? &b->all[i] : add(b, &(struct spending){.cause = cause,
                                                                              .region = region,
                                                                              .until = INT64_MIN,
                                                                              .latest = INT64_MIN,
                                                                              .over = true,
                                                                              .held = json_object()});
    if (!s->over)
        return s;
    if (goes_on(asked, s, b->now_s))
        reckon_end(asked, s, b->now_s);
    else
        begin(asked, s, b->now_s);
    s->over = false;
    s->changed = true;
    return s;
}

/* ---- sharing ---- */

/* nobody was ever told of it, and nothing else holds it */
static bool competes(const struct candidate *c)
{
    return !c->cause && !c->told;
}

/* does it wait since a storm of an earlier minute? */
static bool waits(const struct asked *asked, const struct spending *s, const struct candidate *c)
{
    char by[NOTICE_BY];
    if (s->cause != HOLD_STORM || c->before->cause != HOLD_STORM)
        return false;
    spending_by(asked, s, by);
    return strcmp(c->before->by, by) != 0;
}

/* Of a minute, half is kept for what is new, so that it is not held up by what a storm has left. */
static bool has_room(const struct spending *s, bool waiting)
{
    return s->shared < s->budget && !(waiting && s->shared_late >= (s->budget + 1) / 2);
}

/* It stays with the minute that held it first. */
static void hold_by(const struct asked *asked, const struct spending *s, struct candidate *c, bool waiting)
{
    char by[NOTICE_BY];
    spending_by(asked, s, by);
    hold(c, s->cause, waiting ? c->before->by : by);
}

/* What its budget holds takes no place of the minute, nor what the storm holds one of its budget. */
static void share_one(struct budgets *b, const struct asked *asked, struct candidate *c)
{
    static const enum hold causes[] = {HOLD_BUDGET, HOLD_STORM};
    for (unsigned i = 0; i < 2; i++) {
        if (!allowed(asked, causes[i]))
            continue;
        struct spending *s = spending_of(b, asked, causes[i], c);
        bool waiting = waits(asked, s, c);
        s->budget = allowed(asked, causes[i]);
        if (c->level < asked->rules->level_count && !has_room(s, waiting)) {
            hold_by(asked, s, c, waiting);
            return;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!allowed(asked, causes[i]))
            continue;
        struct spending *s = spending_of(b, asked, causes[i], c);
        s->shared++;
        s->shared_late += waits(asked, s, c);
    }
}

void budgets_share(struct budgets *b, const struct asked *asked, struct candidate *all, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < b->count; i++) {
        b->all[i].shared = b->all[i].told;
        b->all[i].shared_late = b->all[i].late;
    }
    if (!allowed(asked, HOLD_BUDGET) && !allowed(asked, HOLD_STORM))
        return;
    struct candidate **competing = xcalloc(count + 1, sizeof *competing);
    for (struct candidate *c = all; c < all + count; c++)
        if (competes(c))
            competing[found++] = c;
    qsort(competing, found, sizeof *competing, by_urgency);
    for (size_t i = 0; i < found; i++)
        share_one(b, asked, competing[i]);
    free(competing);
}

void budgets_spend(struct budgets *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        s->changed |= s->told != s->shared;
        s->told = s->shared;
        s->late = s->shared_late;
    }
}

/* ---- keeping ---- */

static json_t *spending_json(const struct asked *asked, const struct spending *s)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:O, s:b, s:b, s:i, s:i, s:I, s:i}", "cause", hold_word(s->cause),
                     "street", spending_place(asked, s), "from", (json_int_t)s->from, "until", (json_int_t)s->until,
                     "budget", (int)s->budget, "told", (int)s->told, "late", (int)s->late, "held", s->held, "listed",
                     s->listed, "over", s->over, "revision", (int)s->revision, "earlier", (int)s->earlier, "latest",
                     (json_int_t)s->latest, "most", (int)s->most);
}

void budgets_save(struct budgets *b, const struct asked *asked, json_t *unsaved)
{
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        char key[sizeof BUDGET_KEY + NOTICE_BY];
        if (!s->changed)
            continue;
        snprintf(key, sizeof key, BUDGET_KEY "%.200s", spending_place(asked, s));
        s->changed = false;
        json_object_set_new(unsaved, key, spending_json(asked, s));
    }
}

static unsigned only_counted(const json_t *held)
{
    unsigned more = 0;
    const char *alert;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)held, alert, entry) more += json_is_null(entry);
    return more;
}

bool budgets_restore(struct budgets *b, const json_t *json, const struct asked *asked)
{
    const char *code = member_text(json, "street");
    json_t *held = json_object_get(json, "held");
    bool storm = hold_named(str_of(member_text(json, "cause"))) == HOLD_STORM;
    bool over = json_is_true(json_object_get(json, "over"));
    uint32_t region = storm ? REGION_NONE : registry_find(asked->registry, str_of(code));
    if (!json_is_object(held))
        return false;
    if (!region && !storm && strcmp(code, "-") != 0)
        return over; /* a street that is no more needs none */
    add(b, &(struct spending){.cause = storm ? HOLD_STORM : HOLD_BUDGET,
                              .region = region,
                              .from = member_number(json, "from"),
                              .until = member_number(json, "until"),
                              .budget = (unsigned)member_number(json, "budget"),
                              .told = (unsigned)member_number(json, "told"),
                              .late = (unsigned)member_number(json, "late"),
                              .held = json_deep_copy(held),
                              .listed = json_is_true(json_object_get(json, "listed")),
                              .over = over,
                              .more = only_counted(held),
                              .revision = (unsigned)member_number(json, "revision"),
                              .earlier = (unsigned)member_number(json, "earlier"),
                              .latest = member_number(json, "latest"),
                              .most = (unsigned)member_number(json, "most")});
    return true;
}
