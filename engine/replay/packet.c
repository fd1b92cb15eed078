#include "replay/packet.h"

#include "alert/episode.h"
#include "alert/render.h"
#include "base/check.h"
#include "replay/identity.h"
#include "replay/packet_priv.h"

json_t *packet_time(const struct packing *p, int64_t seconds)
{
    char text[TIME_TEXT_SIZE];
    if (seconds <= INT64_MIN / 2 || seconds >= INT64_MAX / 60)
        return json_null();
    render_time(seconds, p->config->utc_offset_s, text);
    return json_string(text);
}

json_t *packet_number(int64_t value, bool thousandths)
{
    if (value == VALUE_NONE)
        return json_null();
    if (!thousandths || value % VALUE_SCALE == 0)
        return json_integer(thousandths ? value / VALUE_SCALE : value);
    return json_real((double)value / VALUE_SCALE);
}

json_t *packet_region(const struct packing *p, uint32_t number)
{
    if (number == REGION_NONE)
        return json_null();
    const struct region *region = registry_region(p->config->registry, number);
    return json_pack("{s:s, s:s}", "code", region->code, "name", region->name);
}

json_t *packet_buffer(struct buffer *text)
{
    json_t *json = json_stringn(text->at ? text->at : "", text->len);
    buffer_free(text);
    return json;
}

/* ---- the alert ---- */

static json_t *subject_json(const struct packing *p)
{
    char code[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
    past_subject(p->packet->judgement, p->packet->alert, true, code);
    past_subject(p->packet->judgement, p->packet->alert, false, name);
    return json_pack("{s:s, s:s, s:s}", "kind", subject_kind_word(p->packet->alert->subject.kind), "code", code, "name", name);
}

static json_t *each_json(const struct packing *p)
{
    if (p->packet->alert->subject.each == CATEGORY_NONE)
        return json_null();
    const struct category *category = catalogue_category(p->config->catalogue, p->packet->alert->subject.each);
    return json_pack("{s:s, s:s}", "category", category->path, "name", category->name);
}

static json_t *region_path_json(const struct packing *p)
{
    json_t *array = json_array();
    if (p->packet->alert->region == REGION_NONE)
        return array;
    const struct region *region = registry_region(p->config->registry, p->packet->alert->region);
    for (int level = REGION_DISTRICT; level < REGION_LEVELS_END; level++) {
        if (region->ancestor[level] == REGION_NONE)
            continue;
        json_t *one = packet_region(p, region->ancestor[level]);
        json_object_set_new(one, "level", json_string(region_level_name((enum region_level)level)));
        json_array_append_new(array, one);
    }
    return array;
}

static json_t *crossed_json(const struct packing *p)
{
    const struct past_alert *a = p->packet->alert;
    if (!a->crossed_id)
        return json_null();
    return json_pack("{s:s, s:s, s:o}", "source", a->crossed_source, "id", a->crossed_id, "at", packet_time(p, a->crossed_at));
}

static json_t *alert_json(const struct packing *p)
{
    const struct past_alert *a = p->packet->alert;
    int64_t ended = a->ended_minute == MINUTE_NEVER ? INT64_MAX : a->ended_minute * 60;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o}", "id", a->id, "subject", subject_json(p), "each",
                     each_json(p), "region_path", region_path_json(p), "opened_at", packet_time(p, a->opened_at), "ended_at",
                     packet_time(p, ended), "crossed_by", crossed_json(p), "highest_level", p->rules->level_name[a->highest],
                     "level", p->rules->level_name[p->level], "evaluated_at", packet_time(p, p->minute * 60));
}

/* ---- the rule ---- */

static const char *name_in_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* does it ask the calendar? */
static bool asks_calendar(const struct rule *rule)
{
    bool asks = rule->during_count > 0;
    for (unsigned w = 0; w < rule->window_count; w++)
        asks |= rule->windows[w].within.workdays > 0;
    for (unsigned s = 0; s < rule->selection_count; s++)
        asks |= (rule->selections[s].days & (DAYS_WORKDAY | DAYS_HOLIDAY)) != 0;
    return asks;
}

static void add_file(const struct packing *p, json_t *files, enum text_kind kind, const char *name)
{
    json_t *file = rule_texts_file(p->packet->texts, kind, name);
    if (file)
        json_array_append_new(files, file);
}

static json_t *files_json(const struct packing *p)
{
    json_t *files = json_array();
    add_file(p, files, TEXT_RULES, name_in_folder(p->rule->file));
    if (p->rule->override_file)
        add_file(p, files, TEXT_RULES, p->rule->override_file);
    if (asks_calendar(p->rule))
        add_file(p, files, TEXT_CALENDAR, NULL);
    for (unsigned s = 0; s < p->rule->score_count; s++) {
        struct buffer name = {0};
        buffer_printf(&name, "%s.json", p->rule->scores[s].model);
        buffer_put_u8(&name, 0);
        add_file(p, files, TEXT_MODEL, name.at);
        buffer_free(&name);
    }
    return files;
}

static json_t *rule_json(const struct packing *p)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "id", p->rule->id, "title", p->rule->title, "version",
                     p->rule->version ? p->rule->version : "", "life", rule_life_word(p->rule), "file", name_in_folder(p->rule->file),
                     "line", p->rule->line);
}

static json_t *generation_json(const struct packing *p)
{
    uint64_t number = p->packet->generation;
    return json_pack("{s:o, s:o, s:s, s:s}", "number", number ? json_integer((json_int_t)number) : json_null(), "since",
                     number ? packet_time(p, p->packet->since_ms / 1000) : json_null(), "rules", p->rules->digest, "files",
                     p->packet->files);
}

static json_t *neighbours_json(const struct packing *p)
{
    json_t *array = json_array();
    uint32_t subject = p->packet->alert->subject.region;
    if (!p->rule->around || subject == REGION_NONE)
        return array;
    const struct region *own = registry_region(p->config->registry, subject);
    for (uint32_t i = 0; i < own->neighbour_count; i++)
        json_array_append_new(array, packet_region(p, own->neighbours[i]));
    return array;
}

/* ---- all ---- */

/* the level in question, as far as the alert has come */
static unsigned level_of(const struct packing *p)
{
    unsigned highest = p->packet->alert->highest;
    for (unsigned l = 1; l <= highest && p->packet->level; l++)
        if (strcmp(p->rules->level_name[l], p->packet->level) == 0)
            return l;
    return highest;
}

static void packing_open(struct packing *p, const struct packet *packet)
{
    const struct past_alert *a = packet->alert;
    *p = (struct packing){.packet = packet,
                          .config = past_config(packet->judgement->past),
                          .rules = packet->judgement->rules,
                          .rule = &packet->judgement->rules->rules[a->rule]};
    p->level = level_of(p);
    if (p->rule->standing) {
        p->minute = member_time(json_object_get(packet->told, "data"), "evaluated_at") / 60;
        p->view = packet_silent_view(p);
        return;
    }
    inquiry_open(&p->inquiry, packet->judgement, a->rule, a->subject, a->code, a->opened_minute);
    p->minute = inquiry_reached(&p->inquiry, a, p->level);
    p->view = view_part(p->inquiry.view, p->minute, NULL, NULL);
}

json_t *packet_json(const struct packet *packet)
{
    struct packing p;
    packing_open(&p, packet);
    json_t *facts = packet_facts(&p);
    json_t *json = json_pack("{s:s, s:o, s:O?, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "format", "gridwarn evidence 1",
                             "alert", alert_json(&p), "published", packet->published, "rule", rule_json(&p), "generation",
                             generation_json(&p), "files", files_json(&p), "windows", packet_windows(&p), "facts", facts, "callers",
                             (json_int_t)p.callers.distinct, "neighbours", neighbours_json(&p), "conditions", packet_conditions(&p),
                             "levels", packet_levels(&p), "counterfactual", packet_counterfactual(&p));
    CHECK(json);
    view_destroy(&p.view);
    inquiry_close(&p.inquiry);
    tally_free(&p.callers);
    return json;
}

void packet_write(const json_t *json, struct buffer *out)
{
    enum { DIGITS = 15 }; /* all of a thousandth, and none of what a binary fraction adds */
    size_t flags = JSON_SORT_KEYS | JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS);
    size_t size = json_dumpb(json, NULL, 0, flags);
    json_dumpb(json, buffer_grow(out, size), size, flags);
    buffer_put_u8(out, '\n');
}
