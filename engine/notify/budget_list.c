/* What exceeds a budget, or came in a storm, as digests list it; and by what names they are known. */
#include "notify/budget_priv.h"

#include "alert/render.h"
#include "base/check.h"
#include "base/member.h"

#include <stdio.h>

/* ---- names ---- */

const char *spending_place(const struct asked *asked, const struct spending *s)
{
    if (s->cause == HOLD_STORM)
        return hold_word(HOLD_STORM);
    return s->region == REGION_NONE ? "-" : registry_region(asked->registry, s->region)->code;
}

/* 990101003/2026-01-12T08:00 */
static void name_of(const struct asked *asked, const struct spending *s, char out[NOTICE_BY])
{
    char from[TIME_TEXT_SIZE];
    render_time(s->from, asked->rules->utc_offset_s, from);
    snprintf(out, NOTICE_BY, "%.200s/%.16s", spending_place(asked, s), from);
}

void spending_by(const struct asked *asked, const struct spending *s, char out[NOTICE_BY])
{
    char name[NOTICE_BY];
    name_of(asked, s, name);
    if (s->cause == HOLD_STORM)
        snprintf(out, NOTICE_BY, "storm:%.16s", strrchr(name, '/') + 1);
    else
        snprintf(out, NOTICE_BY, "budget:%.240s", name);
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
    json_object_foreach(s->held, alert, entry) if (!json_is_null(entry)) json_array_append(array, entry);
    return array;
}

/* The first is told, and the last; what comes in between is there for those who look. */
void spending_digest(struct budgets *b, const struct asked *asked, struct spending *s, bool last)
{
    char name[NOTICE_BY], key[NOTICE_BY + 8];
    name_of(asked, s, name);
    snprintf(key, sizeof key, "digest/%s", name);
    s->revision++;
    s->most = s->revision > s->most ? s->revision : s->most;
    s->latest = s->from > s->latest ? s->from : s->latest;
    bool told = s->revision == s->earlier + 1 || (last && (s->listed || s->cause != HOLD_STORM));
    json_t *data = json_pack("{s:s, s:o, s:{s:o, s:o}, s:b, s:i, s:i, s:o, s:i, s:i}", "cause", hold_word(s->cause), "street",
                             street_json(asked, s->region), "shift", "from", time_json(asked, s->from), "until",
                             time_json(asked, s->until), "over", last, "budget", (int)s->budget, "told", (int)s->told,
                             "held", held_json(s), "more", (int)s->more, "revision", (int)s->revision);
    json_array_append_new(b->digests, json_pack("{s:s, s:b, s:I, s:o}", "key", key, "told", told, "at",
                                               (json_int_t)b->now_s, "data", data));
    s->changed = true;
    s->listed = false;
}

/* In a storm each cut may hold some more: those are told of when the minute is over. */
void budgets_digest(struct budgets *b, const struct asked *asked)
{
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        bool now = s->cause != HOLD_STORM || s->revision == s->earlier;
        if (s->listed && now && !s->over)
            spending_digest(b, asked, s, false);
    }
}

/* ---- lists ---- */

/* Those beyond the limit by their ids alone, so that each is counted once, whatever becomes of it. */
static void list(struct spending *s, const json_t *data)
{
    static const char *const shown[] = {"alert_id", "rule", "title", "level", "subject", "sentence", "opened_at"};
    const char *alert = member_text(data, "alert_id");
    const json_t *before = json_object_get(s->held, alert);
    bool room = json_object_size(s->held) - s->more < DIGEST_LISTED;
    json_t *entry = room || json_is_object(before) ? json_object() : json_null();
    for (size_t f = 0; json_is_object(entry) && f < sizeof shown / sizeof *shown; f++)
        json_object_set(entry, shown[f], json_object_get(data, shown[f]));
    s->more += json_is_null(entry);
    s->more -= json_is_null(before);
    json_object_set_new(s->held, alert, entry);
    s->changed = s->listed = true;
}

void budgets_list(struct budgets *b, const struct asked *asked, const char *by, const json_t *data)
{
    char name[NOTICE_BY];
    for (size_t i = 0; i < b->count; i++) {
        spending_by(asked, &b->all[i], name);
        if (!b->all[i].over && strcmp(by, name) == 0)
            list(&b->all[i], data);
    }
}

void budgets_unlist(struct budgets *b, const char *alert)
{
    for (size_t i = 0; i < b->count; i++) {
        struct spending *s = &b->all[i];
        const json_t *entry = json_object_get(s->held, alert);
        if (!entry)
            continue;
        s->more -= json_is_null(entry);
        json_object_del(s->held, alert);
        s->changed = s->listed = true;
    }
}
