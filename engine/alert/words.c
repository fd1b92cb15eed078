/* Made for a duty room's terminal: what has to be seen first (when, how serious, where) stands at fixed columns, the
 * case in its own sentence last.  A message is taken as foreign data: a member that is missing or of another type
 * leaves its place empty, and all text passes through alert/columns.h. */
#include "alert/words.h"

#include "base/member.h"

#include "alert/columns.h"
#include "notify/notice.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN_LEVEL = 12, COLUMN_PLACE = 25, COLUMN_TITLE = 50, COLUMN_SENTENCE = 64 };

static const char alert_prefix[] = "gov.risk.alert.", incident_prefix[] = "gov.risk.incident.",
                  heartbeat_type[] = "gov.risk.heartbeat", digest_type[] = "gov.risk.alert.digest";

/* the usual four, as people say them; other names are shown as they are configured */
static const struct {
    const char *name, *word, *sgr;
} levels[] = {
    {"blue", "蓝色", "34"},
    {"yellow", "黄色", "33"},
    {"orange", "橙色", "38;5;208"},
    {"red", "红色", "1;31"},
};

static const struct {
    const char *type, *word;
} changes[] = {
    {"raised", "升级"},  {"lowered", "降级"}, {"resolved", "解除"}, {"withdrawn", "撤回"},
    {"unknown", "不明"}, {"resumed", "恢复"}, {"reopened", "重开"},
    {"handled", "处置"}, {"escalated", "督办"}, {"held", "暂缓"}, {"released", "通报"},
};

static const struct {
    const char *type, *word;
} incident_changes[] = {
    {"opened", "新事件"},  {"grown", "扩大"},    {"shrunk", "缩小"},    {"raised", "升级"},
    {"lowered", "降级"},   {"merged", "并入"},   {"split", "拆出"},     {"handled", "处置"},
    {"resolved", "解除"},  {"reopened", "重开"}, {"withdrawn", "撤回"}, {"dissolved", "停止归并"},
};

enum alert_message alert_message_kind(const json_t *cloudevent)
{
    const char *type = member_text(cloudevent, "type");
    const json_t *data = json_object_get(cloudevent, "data");
    if (strcmp(type, heartbeat_type) == 0 && json_is_array(json_object_get(data, "sources")))
        return ALERT_HEARTBEAT;
    if (strcmp(type, digest_type) == 0 && json_is_array(json_object_get(data, "held")))
        return ALERT_DIGEST;
    if (strncmp(type, alert_prefix, strlen(alert_prefix)) == 0 && *member_text(data, "alert_id"))
        return ALERT_REVISION;
    if (strncmp(type, incident_prefix, strlen(incident_prefix)) == 0 && *member_text(data, "incident_id"))
        return ALERT_INCIDENT;
    return ALERT_OTHER;
}

static bool notice_held(const json_t *notice)
{
    return json_is_false(json_object_get(notice, "told"));
}

bool alert_message_held(const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data");
    if (alert_message_kind(cloudevent) == ALERT_DIGEST)
        return member_number(data, "revision") > 1 && !json_is_true(json_object_get(data, "over"));
    return notice_held(json_object_get(data, "notice"));
}

/* 2026-01-12T09:41:22+08:00 as 01-12 09:41 */
static void write_time(struct columns *c, const char *time)
{
    char brief[12] = "--";
    if (strlen(time) >= 16)
        snprintf(brief, sizeof brief, "%.5s %.5s", time + 5, time + 11);
    columns_text(c, brief);
}

static void write_level(struct columns *c, const json_t *data)
{
    const char *level = member_text(data, "level"), *word = level, *sgr = "1", *state = member_text(data, "state"),
               *mark = "●";
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(level, levels[i].name) == 0) {
            word = levels[i].word;
            sgr = levels[i].sgr;
        }
    if (*member_text(data, "incident_id") && !*member_text(data, "alert_id")) {
        mark = strcmp(state, "open") == 0 ? "◆" : "◇";
    } else if (strcmp(state, "firing") != 0) {
        mark = strcmp(state, "unknown") == 0 ? "?" : "○";
        sgr = "2";
    } else if (notice_held(json_object_get(data, "notice"))) {
        sgr = "2"; /* so that on a terminal what the command centre is told stands out */
    }
    columns_colour(c, sgr);
    columns_text(c, mark);
    columns_text(c, " ");
    columns_text(c, word);
    columns_colour(c, "0");
}

static void write_change(struct columns *c, const char *type, const json_t *data)
{
    const char *change = type + strlen(alert_prefix), *word = change;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strcmp(change, changes[i].type) == 0)
            word = changes[i].word;
    if (strcmp(change, "raised") == 0 && json_is_null(json_object_get(data, "prev_level")))
        word = "新增";
    columns_text(c, word);
}

/* the street, since it is what people go by, and the innermost region */
static void write_place(struct columns *c, const json_t *path)
{
    size_t count = json_array_size(path);
    for (size_t i = 0; i < count; i++) {
        const json_t *region = json_array_get(path, i);
        bool innermost = i + 1 == count;
        if (!innermost && strcmp(member_text(region, "level"), "street") != 0)
            continue;
        columns_text(c, member_text(region, "name"));
        if (!innermost)
            columns_text(c, " ");
    }
}

/* who has it, by the message; NULL: nobody is named */
static const json_t *lead_of(const json_t *handling)
{
    const json_t *units = json_object_get(handling, "units");
    for (size_t i = 0; i < json_array_size(units); i++)
        if (strcmp(member_text(json_array_get(units, i), "role"), "lead") == 0)
            return json_array_get(units, i);
    return NULL;
}

/* What the sentence says of the handling, in English, for those who read no Chinese: [区人力资源局 signed], [not signed in time: now
 * with 区综治中心] */
static void write_handling(struct columns *c, const char *type, const json_t *data)
{
    const char *change = type + strlen(alert_prefix);
    const json_t *handling = json_object_get(data, "handling"), *last = json_object_get(handling, "last");
    bool escalated = strcmp(change, "escalated") == 0;
    if (!escalated && strcmp(change, "handled") != 0)
        return;
    const char *unit = *member_text(last, "unit") ? member_text(last, "unit") : member_text(lead_of(handling), "unit");
    columns_text(c, "  [");
    columns_text(c, escalated ? member_text(data, "reason") : unit);
    columns_text(c, escalated ? ": now with " : " ");
    columns_text(c, escalated ? unit : member_text(last, "action"));
    if (*member_text(last, "to")) {
        columns_text(c, " to ");
        columns_text(c, member_text(last, "to"));
    }
    columns_text(c, "]");
}

/* [not told 静默: silenced by S20260112-01] */
static void write_notice(struct columns *c, const json_t *notice)
{
    const char *cause = member_text(notice, "cause");
    if (!notice_held(notice))
        return;
    enum hold hold = hold_named(str_of(cause));
    columns_text(c, "  [not told ");
    columns_text(c, hold ? hold_word_zh(hold) : "");
    columns_text(c, ": ");
    columns_text(c, cause);
    columns_text(c, " by ");
    columns_text(c, member_text(notice, "by"));
    columns_text(c, "]");
}

static void write_flaps(struct columns *c, const json_t *data)
{
    char text[48];
    if (member_number(data, "flaps") <= 0)
        return;
    snprintf(text, sizeof text, "  [反复 %lld 次]", (long long)member_number(data, "flaps"));
    columns_text(c, text);
}

static void write_revision(struct columns *c, const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data");
    write_time(c, member_text(cloudevent, "time"));
    columns_pad(c, COLUMN_LEVEL);
    write_level(c, data);
    columns_text(c, " ");
    write_change(c, member_text(cloudevent, "type"), data);
    columns_pad(c, COLUMN_PLACE);
    write_place(c, json_object_get(data, "region_path"));
    columns_pad(c, COLUMN_TITLE);
    columns_text(c, member_text(data, "title"));
    columns_pad(c, COLUMN_SENTENCE);
    if (json_is_true(json_object_get(data, "drill")))
        columns_text(c, "【演练】");
    columns_text(c, member_text(data, "sentence"));
    write_handling(c, member_text(cloudevent, "type"), data);
    write_notice(c, json_object_get(data, "notice"));
    write_flaps(c, data);
    char id[64];
    snprintf(id, sizeof id, "  (alert %.8s rev %lld)", member_text(data, "alert_id"),
             (long long)json_integer_value(json_object_get(data, "revision")));
    columns_colour(c, "2");
    columns_text(c, id);
    columns_colour(c, "0");
}

/* [lead 牵头 区人力资源局: signed] */
static void write_lead(struct columns *c, const json_t *lead)
{
    if (!lead)
        return;
    columns_text(c, "  [lead 牵头 ");
    columns_text(c, member_text(lead, "unit"));
    columns_text(c, ": ");
    columns_text(c, member_text(lead, "state"));
    columns_text(c, "]");
}

static void write_incident(struct columns *c, const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data");
    const char *change = member_text(cloudevent, "type") + strlen(incident_prefix), *word = change;
    for (size_t i = 0; i < sizeof incident_changes / sizeof *incident_changes; i++)
        if (strcmp(change, incident_changes[i].type) == 0)
            word = incident_changes[i].word;
    write_time(c, member_text(cloudevent, "time"));
    columns_pad(c, COLUMN_LEVEL);
    write_level(c, data);
    columns_text(c, " ");
    columns_text(c, word);
    columns_pad(c, COLUMN_PLACE);
    write_place(c, json_object_get(data, "region_path"));
    columns_pad(c, COLUMN_TITLE);
    columns_text(c, member_text(data, "title"));
    columns_pad(c, COLUMN_SENTENCE);
    columns_text(c, member_text(data, "sentence"));
    write_lead(c, lead_of(json_object_get(data, "handling")));
    char more[128], into[32] = "";
    if (*member_text(data, "merged_into"))
        snprintf(into, sizeof into, " into %.8s", member_text(data, "merged_into"));
    snprintf(more, sizeof more, "  (incident %.8s rev %lld: %zu alerts, %s%s)", member_text(data, "incident_id"),
             (long long)json_integer_value(json_object_get(data, "revision")), json_array_size(json_object_get(data, "alerts")),
             change, into);
    columns_colour(c, "2");
    columns_text(c, more);
    columns_colour(c, "0");
}

/* up to when all partitions are complete: the least of their watermarks, which share one offset and so compare as
 * text; "" if one has none yet */
static const char *complete_until(const json_t *sources)
{
    const char *least = "";
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const char *watermark = member_text(json_array_get(sources, i), "watermark");
        if (!*watermark)
            return "";
        if (!*least || strcmp(watermark, least) < 0)
            least = watermark;
    }
    return least;
}

static void write_heartbeat(struct columns *c, const json_t *cloudevent)
{
    const json_t *sources = json_object_get(json_object_get(cloudevent, "data"), "sources");
    const char *until = complete_until(sources);
    size_t count = json_array_size(sources), silent = 0;
    for (size_t i = 0; i < count; i++)
        silent += json_is_true(json_object_get(json_array_get(sources, i), "silent"));

    char text[64];
    write_time(c, member_text(cloudevent, "time"));
    columns_pad(c, COLUMN_LEVEL);
    columns_text(c, "· 心跳  数据完整至 ");
    if (*until)
        write_time(c, until);
    else
        columns_text(c, "(未定)");
    snprintf(text, sizeof text, silent ? "  %zu 个分区中 %zu 个断流:" : "  %zu 个分区均正常", count, silent);
    columns_colour(c, silent ? "1;31" : "2");
    columns_text(c, text);
    columns_colour(c, "0");
    for (size_t i = 0; i < count; i++) {
        const json_t *source = json_array_get(sources, i);
        if (!json_is_true(json_object_get(source, "silent")))
            continue;
        columns_text(c, " ");
        columns_text(c, member_text(source, "source"));
        columns_text(c, "(");
        columns_text(c, member_text(source, "partition"));
        columns_text(c, ")");
    }
}

/* what a street was not told of in a shift, or nobody in a minute, since as many were told as can be taken */
static void write_digest(struct columns *c, const json_t *cloudevent)
{
    const json_t *data = json_object_get(cloudevent, "data"), *shift = json_object_get(data, "shift");
    bool storm = hold_named(str_of(member_text(data, "cause"))) == HOLD_STORM;
    char text[160];
    write_time(c, member_text(cloudevent, "time"));
    columns_pad(c, COLUMN_LEVEL);
    columns_text(c, "· 摘要");
    columns_pad(c, COLUMN_PLACE);
    columns_text(c, storm ? "全区" : member_text(json_object_get(data, "street"), "name"));
    columns_pad(c, COLUMN_TITLE);
    columns_text(c, storm ? "预警风暴 " : "班次 ");
    write_time(c, member_text(shift, "from"));
    columns_text(c, " 至 ");
    write_time(c, member_text(shift, "until"));
    snprintf(text, sizeof text, "  已通报 %lld 起，%s未通报 %lld 起%s  (rev %lld)", (long long)member_number(data, "told"),
             storm ? "暂" : "超出预算",
             (long long)json_array_size(json_object_get(data, "held")) + (long long)member_number(data, "more"),
             !json_is_true(json_object_get(data, "over")) ? "" : storm ? "，本分钟结束" : "，班次结束",
             (long long)member_number(data, "revision"));
    columns_text(c, text);
}

bool alert_words(const json_t *cloudevent, bool colour, char *out, size_t size)
{
    struct columns c = columns_begin(out, size, colour);
    enum alert_message kind = alert_message_kind(cloudevent);
    if (kind == ALERT_REVISION)
        write_revision(&c, cloudevent);
    else if (kind == ALERT_HEARTBEAT)
        write_heartbeat(&c, cloudevent);
    else if (kind == ALERT_DIGEST)
        write_digest(&c, cloudevent);
    else if (kind == ALERT_INCIDENT)
        write_incident(&c, cloudevent);
    return kind != ALERT_OTHER;
}
