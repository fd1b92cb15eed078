#include "notify/budget.h"

#include "alert/render.h"
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

/* ---- names ---- */

static const char *code_of(const struct asked *asked, uint32_t region)
{
    return region == REGION_NONE ? "-" : registry_region(asked->registry, region)->code;
}

/* 990101003/2026-01-12T08:00 */
static void name_of(const struct asked *asked, const struct spending *s, char out[NOTICE_BY])
{
    char from[TIME_TEXT_SIZE];
    render_time(s->from, asked->rules->utc_offset_s, from);
    snprintf(out, NOTICE_BY, "%.200s/%.16s", code_of(asked, s->region), from);
}

static void digest_key(const struct asked *asked, const struct spending *s, char out[NOTICE_BY + 8])
{
    char name[NOTICE_BY];
    name_of(asked, s, name);
    snprintf(out, NOTICE_BY + 8, "digest/%s", name);
}

/* ---- digests ---- */

static json_t *time_json(const struct asked *asked, int64_t second)
{
    char text[TIME_TEXT_SIZE];
    render_time(second, asked->rules->utc_offset_s, text);
    return json_string(text);
}

static json_t *street_json(const struct asked *asked, uint32_t region)
{
    if (region == REGION_NONE)
        return json_null();
    const struct region *r = registry_region(asked->registry, region);
    return json_pack("{s:s, s:s, s:s}", "level", region_level_name(r->level), "code", r->code, "name", r->name);
}

static json_t *held_json(const struct spending *s)
{
    json_t *array = json_array(), *entry;
    const char *alert;
    json_object_foreach(s->held, alert, entry) json_array_append(array, entry);
    return array;
}

/* The first is told, and the last; what comes in between is there for those who look. */
static void add_digest(struct budgets *b, const struct asked *asked, struct spending *s, bool last)
{
    char key[NOTICE_BY + 8];
    digest_key(asked, s, key);
    s->revision++;
    json_t *data = json_pack("{s:o, s:{s:o, s:o}, s:b, s:i, s:i, s:o, s:i, s:i}", "street",
                             street_json(asked, s->region), "shift", "from", time_json(asked, s->from), "until",
                             time_json(asked, s->until), "over", last, "budget", (int)s->budget, "told", (int)s->told,
                             "held", held_json(s), "more", (int)s->more, "revision", (int)s->revision);
    json_array_append_new(b->digests, json_pack("{s:s, s:b, s:I, s:o}", "key", key, "told", last || s->revision == 1,
                                               "at", (json_int_t)b->now_s, "data", data));
    s->changed = true;
    s->listed = false;
}

void budgets_digest(struct budgets *b, const struct asked *asked)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->all[i].listed)
            add_digest(b, asked, &b->all[i], false);
}

/* ---- shifts ---- */

static void drop(struct budgets *b, size_t i)
{
    json_decref(b->all[i].held);
    b->all[i] = b->all[--b->count];
}

/* A clock that is set back does not begin a shift again. */
void budgets_turn(struct budgets *b, const struct asked *asked, int64_t now_s)
{
    const struct notify_rules *rules = asked->rules->notify;
    b->now_s = now_s;
    for (size_t i = b->count; i-- > 0;) {
        struct spending *s = &b->all[i];
        if (rules && rules->budget && now_s < s->until &&
            shift_begin(rules, asked->rules->utc_offset_s, now_s) <= s->from)
            continue;
        if (s->revision)
            add_digest(b, asked, s, true);
        s->until = INT64_MIN; /* for budgets_save */
        s->changed = true;
    }
}

int64_t budgets_next(const struct budgets *b)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < b->count; i++)
        if (b->all[i].until > b->now_s && b->all[i].until < next)
            next = b->all[i].until;
    return next;
}

static struct spending *add(struct budgets *b, const struct spending *s)
{
    b->all = xrealloc(b->all, (b->count + 1) * sizeof *b->all);
    b->all[b->count] = *s;
    return &b->all[b->count++];
}

static struct spending *spending_of(struct budgets *b, const struct asked *asked, const struct candidate *c)
{
    const struct notify_rules *rules = asked->rules->notify;
    uint32_t region = REGION_NONE;
    if (c->region != REGION_NONE) {
        const struct region *r = registry_region(asked->registry, c->region);
        region = r->ancestor[REGION_STREET] ? r->ancestor[REGION_STREET] : r->ancestor[REGION_DISTRICT];
    }
    for (size_t i = 0; i < b->count; i++)
        if (b->all[i].region == region && b->all[i].until > b->now_s)
            return &b->all[i];
    return add(b, &(struct spending){.region = region,
                                     .from = shift_begin(rules, asked->rules->utc_offset_s, b->now_s),
                                     .until = shift_end(rules, asked->rules->utc_offset_s, b->now_s),
                                     .held = json_object()});
}

/* ---- sharing ---- */

/* nobody was ever told of it, and nothing else holds it */
static bool competes(const struct candidate *c)
{
    return !c->cause && !c->told;
}

static void share_one(struct budgets *b, const struct asked *asked, struct candidate *c)
{
    struct spending *s = spending_of(b, asked, c);
    s->budget = asked->rules->notify->budget;
    if (c->level == asked->rules->level_count || s->shared < s->budget) {
        s->shared++;
        return;
    }
    s->holding++;
    char name[NOTICE_BY], by[NOTICE_BY + 8];
    name_of(asked, s, name);
    snprintf(by, sizeof by, "budget:%s", name);
    hold(c, HOLD_BUDGET, by);
}

void budgets_share(struct budgets *b, const struct asked *asked, struct candidate *all, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < b->count; i++) {
        b->all[i].shared = b->all[i].told;
        b->all[i].holding = 0;
    }
    if (!asked->rules->notify || !asked->rules->notify->budget)
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
        if (s->holding > DIGEST_LISTED + s->more)
            s->more = s->holding - DIGEST_LISTED;
    }
}

/* ---- lists ---- */

void budgets_list(struct budgets *b, const struct asked *asked, const char *by, const json_t *data)
{
    static const char *const shown[] = {"alert_id", "rule", "title", "level", "subject", "sentence", "opened_at"};
    char name[NOTICE_BY];
    const char *alert = member_text(data, "alert_id");
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        name_of(asked, s, name);
        if (s->until <= b->now_s || strcmp(by + strlen("budget:"), name) != 0)
            continue;
        s->changed = s->listed = true;
        if (json_object_size(s->held) == DIGEST_LISTED && !json_object_get(s->held, alert))
            return;
        json_t *entry = json_object();
        for (size_t f = 0; f < sizeof shown / sizeof *shown; f++)
            json_object_set(entry, shown[f], json_object_get(data, shown[f]));
        json_object_set_new(s->held, alert, entry);
        return;
    }
}

void budgets_unlist(struct budgets *b, const char *alert)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->all[i].until > b->now_s && json_object_del(b->all[i].held, alert) == 0)
            b->all[i].changed = b->all[i].listed = true;
}

/* ---- keeping ---- */

static json_t *spending_json(const struct asked *asked, const struct spending *s)
{
    return json_pack("{s:s, s:I, s:I, s:i, s:i, s:O, s:i, s:i}", "street", code_of(asked, s->region), "from",
                     (json_int_t)s->from, "until", (json_int_t)s->until, "budget", (int)s->budget, "told", (int)s->told,
                     "held", s->held, "more", (int)s->more, "revision", (int)s->revision);
}

void budgets_save(struct budgets *b, const struct asked *asked, json_t *unsaved)
{
    for (size_t i = b->count; i-- > 0;) {
        struct spending *s = &b->all[i];
        char key[sizeof BUDGET_KEY + NOTICE_BY];
        if (!s->changed)
            continue;
        snprintf(key, sizeof key, BUDGET_KEY "%.200s", code_of(asked, s->region));
        s->changed = false;
        if (s->until > b->now_s) {
            json_object_set_new(unsaved, key, spending_json(asked, s));
            continue;
        }
        if (!json_object_get(unsaved, key)) /* the next shift of the street has it already */
            json_object_set_new(unsaved, key, json_null());
        drop(b, i);
    }
}

bool budgets_restore(struct budgets *b, const json_t *json, const struct asked *asked)
{
    const char *code = member_text(json, "street");
    json_t *held = json_object_get(json, "held");
    uint32_t region = registry_find(asked->registry, str_of(code));
    if (!json_is_object(held) || (!region && strcmp(code, "-") != 0))
        return false;
    add(b, &(struct spending){.region = region,
                              .from = member_number(json, "from"),
                              .until = member_number(json, "until"),
                              .budget = (unsigned)member_number(json, "budget"),
                              .told = (unsigned)member_number(json, "told"),
                              .held = json_deep_copy(held),
                              .more = (unsigned)member_number(json, "more"),
                              .revision = (unsigned)member_number(json, "revision")});
    return true;
}
