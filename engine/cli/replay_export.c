/* A replay for programs and for Excel: every alert, and in JSON the sums too. */
#include "cli/replay_show.h"

#include "alert/render.h"
#include "cli/markup.h"
#include "cli/show.h"
#include "replay/inquiry.h"

#include <jansson.h>

enum { EVENT_IDS_MAX = 20 };

static json_t *time_json(const struct judgement *j, int64_t seconds)
{
    char text[TIME_TEXT_SIZE];
    render_time(seconds, past_config(j->past)->utc_offset_s, text);
    return json_string(text);
}

static json_t *region_json(const struct judgement *j, uint32_t region)
{
    return region == REGION_NONE ? json_null()
                                 : json_string(registry_region(past_config(j->past)->registry, region)->code);
}

static json_t *amount_json(int64_t amount, bool thousandths)
{
    if (amount == INT64_MIN)
        return json_null();
    return thousandths ? json_real((double)amount / VALUE_SCALE) : json_integer(amount);
}

/* as it was when its highest level was reached */
static json_t *evidence_json(const struct inquiry *q, const struct past_alert *a, int64_t minute)
{
    struct condition all[TERMS_MAX];
    size_t count = conditions_measure(q->judgement->rules, q->rule, q->view, minute, all);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:o}", "condition", all[i].name, "value",
                                        amount_json(all[i].value, all[i].thousandths), "threshold",
                                        amount_json(all[i].threshold[a->highest], all[i].thousandths)));
    return array;
}

static json_t *events_json(const struct inquiry *q, int64_t minute)
{
    const struct judgement *j = q->judgement;
    const struct ledger *ledger = past_ledger(j->past);
    size_t count;
    const struct view_entry *window = inquiry_window(q, minute, &count);
    json_t *array = json_array();
    for (size_t i = count; i > 0 && json_array_size(array) < EVENT_IDS_MAX; i--) {
        if (window[i - 1].party)
            continue;
        struct id_room room;
        struct str id = ledger_id(ledger, window[i - 1].ref, &room);
        const char *source = catalogue_source(past_config(j->past)->catalogue,
                                              ledger_fact(ledger, window[i - 1].ref)->source);
        json_array_insert_new(array, 0, json_pack("{s:s, s:s%}", "source", source, "id", id.at, id.len));
    }
    return array;
}

/* as in a published alert */
static json_t *each_json(const struct judgement *j, const struct past_alert *a)
{
    if (a->subject.each == CATEGORY_NONE)
        return json_null();
    const struct category *each = catalogue_category(past_config(j->past)->catalogue, a->subject.each);
    return json_pack("{s:s, s:s}", "category", each->path, "name", each->name);
}

static json_t *alert_json(const struct judgement *j, const struct past_alert *a)
{
    const struct rule *rule = &j->rules->rules[a->rule];
    char code[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
    struct inquiry q;
    past_subject(j, a, true, code);
    past_subject(j, a, false, name);
    inquiry_open(&q, j, a->rule, a->subject, a->code, a->opened_minute);
    int64_t peak = inquiry_peak(&q, a);
    json_t *crossed = json_null(), *ended = json_null();
    if (a->crossed_id)
        crossed = json_pack("{s:s, s:s, s:o}", "event_id", a->crossed_id, "source", a->crossed_source, "occurred_at",
                            time_json(j, a->crossed_at));
    if (a->ended_minute != MINUTE_NEVER)
        ended = time_json(j, a->ended_minute * 60);
    json_t *json = json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id", a->id, "rule", rule->id,
        "subject", "kind", subject_kind_word(a->subject.kind), "code", code, "name", name, "each", each_json(j, a), "street",
        region_json(j, past_alert_street(j, a)), "region", region_json(j, a->region), "highest_level",
        j->rules->level_name[a->highest], "opened_at", time_json(j, a->opened_at), "ended_at", ended, "crossed_by",
        crossed, "peak_at", time_json(j, peak * 60), "evidence", evidence_json(&q, a, peak), "event_ids",
        events_json(&q, peak));
    inquiry_close(&q);
    return json;
}

static json_t *row_json(const struct judgement *j, const struct summary *s, const struct summary_row *row)
{
    json_t *levels = json_object();
    for (unsigned l = 1; l <= j->rules->level_count; l++)
        json_object_set_new(levels, j->rules->level_name[l],
                            json_pack("{s:I, s:f}", "highest", (json_int_t)row->highest[l], "reached",
                                      summary_share(row, l)));
    json_t *json = json_pack("{s:I, s:f, s:o, s:o}", "alerts", (json_int_t)row->count, "per_day",
                             (double)row->count / s->days, "median_minutes",
                             row->count && row->median_min != MINUTE_NEVER ? json_integer(row->median_min) : json_null(),
                             "levels", levels);
    return json;
}

static json_t *rules_json(const struct judgement *j, const struct summary *s)
{
    json_t *rules = json_array();
    json_t *streets = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct summary_row *row = &s->rows[i];
        json_t *json = row_json(j, s, row);
        if (!row->whole) {
            json_object_set_new(json, "street", region_json(j, row->street));
            json_array_append_new(streets, json);
            continue;
        }
        json_object_set_new(json, "rule", json_string(j->rules->rules[row->rule].id));
        json_object_set_new(json, "title", json_string(j->rules->rules[row->rule].title));
        json_object_set_new(json, "streets", streets = json_array());
        json_array_append_new(rules, json);
    }
    return rules;
}

bool replay_json(const struct judgement *j, const struct summary *s, FILE *out)
{
    const struct past_report r = past_report(j->past);
    json_t *refused = json_object();
    for (size_t i = 0; i < r.refusal_count; i++) {
        const char *reason = decode_refusal_word(r.refusals[i].reason);
        json_int_t before = json_integer_value(json_object_get(refused, reason));
        json_object_set_new(refused, reason, json_integer(before + (json_int_t)r.refusals[i].count));
    }
    json_t *alerts = json_array();
    for (size_t i = 0; i < j->count; i++)
        if (j->alerts[i].opened_at >= s->from_s)
            json_array_append_new(alerts, alert_json(j, &j->alerts[i]));
    json_t *json = json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:s, s:o, s:o}", "from", time_json(j, s->from_s), "to",
                             time_json(j, s->to_s), "records", (json_int_t)r.records, "events", (json_int_t)r.events,
                             "duplicates", (json_int_t)r.duplicates, "refused", refused, "rules_digest",
                             j->rules->digest, "rules", rules_json(j, s), "alerts", alerts);
    bool good = json_dumpf(json, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF;
    json_decref(json);
    return good;
}

/* ---- CSV ---- */

bool replay_csv(const struct judgement *j, const struct summary *s, FILE *out)
{
    fputs("\xef\xbb\xbfid,rule,title,street,kind,code,name,each,highest_level,opened_at,ended_at,minutes,crossed_by\r\n", out);
    for (size_t i = 0; i < j->count; i++) {
        const struct past_alert *a = &j->alerts[i];
        const struct rule *rule = &j->rules->rules[a->rule];
        char text[PAST_SUBJECT_SIZE];
        uint32_t street = past_alert_street(j, a);
        if (a->opened_at < s->from_s)
            continue;
        markup_cell(a->id, false, out);
        markup_cell(rule->id, false, out);
        markup_cell(rule->title, false, out);
        markup_cell(street == REGION_NONE ? "" : show_street(j, street), false, out);
        markup_cell(subject_kind_word(a->subject.kind), false, out);
        past_subject(j, a, true, text);
        markup_cell(text, false, out);
        past_subject(j, a, false, text);
        markup_cell(text, false, out);
        markup_cell(a->subject.each == CATEGORY_NONE
                 ? ""
                 : catalogue_category(past_config(j->past)->catalogue, a->subject.each)->path,
             false, out);
        markup_cell(show_level(j, a->highest), false, out);
        render_time(a->opened_at, past_config(j->past)->utc_offset_s, text);
        markup_cell(text, false, out);
        if (a->ended_minute == MINUTE_NEVER) {
            fputs(",,", out);
        } else {
            render_time(a->ended_minute * 60, past_config(j->past)->utc_offset_s, text);
            markup_cell(text, false, out);
            fprintf(out, "%lld,", (long long)(a->ended_minute - a->opened_minute));
        }
        markup_cell(a->crossed_id ? a->crossed_id : "", true, out);
    }
    return !ferror(out);
}
