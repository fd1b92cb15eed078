/* What operators are told of the active rules. */
#include "cli/active_priv.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGEST_SHOWN = 7 + 12 }; /* sha256: and 12 digits: enough to tell two apart */

bool active_disk_differs(const struct active *a)
{
    const struct kept_generation *active = archive_active(a->archive);
    return active && strcmp(active->files, a->disk) != 0;
}

void active_name(const struct active *a, char name[ACTIVE_TEXT])
{
    const struct kept_generation *g = archive_active(a->archive);
    snprintf(name, ACTIVE_TEXT, "generation %" PRIu64 " (%.*s)", g->number, DIGEST_SHOWN, g->digest);
}

static void name_in(const struct active *a, enum language language, char name[ACTIVE_TEXT])
{
    const struct kept_generation *g = archive_active(a->archive);
    if (language == LANGUAGE_CHINESE)
        snprintf(name, ACTIVE_TEXT, "第 %" PRIu64 " 代（%.*s）", g->number, DIGEST_SHOWN, g->digest);
    else
        active_name(a, name);
}

static json_t *problems_json(const struct problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->kept; i++) {
        const struct problem *p = &problems->all[i];
        json_t *text = json_string(p->text); /* NULL if it quotes what is no UTF-8 */
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s, s:o}", "file", p->file, "line", p->line, "column",
                                              p->col, "severity", p->warning ? "warning" : "error", "text",
                                              text ? text : json_string("")));
    }
    return list;
}

static json_t *generation_json(const struct kept_generation *g)
{
    return json_pack("{s:I, s:I, s:s, s:i, s:I}", "generation", (json_int_t)g->number, "origin", (json_int_t)g->origin,
                     "digest", g->digest, "rules", (int)g->rules, "since_ms", (json_int_t)g->since_ms);
}

static json_t *active_json(const struct active *a)
{
    const struct kept_generation *g = archive_active(a->archive);
    json_t *json = g ? generation_json(g) : json_object();
    json_object_set_new(json, "disk_differs", json_boolean(active_disk_differs(a)));
    return json;
}

static char *written(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
    CHECK(text);
    json_decref(json);
    return text;
}

char *answer_active(const struct active *a, enum language language, const struct problems *problems, bool changed,
                    double seconds, double longest_pause_s)
{
    bool chinese = language == LANGUAGE_CHINESE, differs = active_disk_differs(a);
    const struct kept_generation *g = archive_active(a->archive);
    char name[ACTIVE_TEXT], text[2 * ACTIVE_TEXT], again[ACTIVE_TEXT] = "";
    name_in(a, language, name);
    if (g->origin != g->number)
        snprintf(again, sizeof again, chinese ? "，即第 %" PRIu64 " 代的规则" : ", the rules of %" PRIu64 " again",
                 g->origin);
    snprintf(text, sizeof text, chinese ? "%s；%s生效，%u 条规则%s%s" : "%s; %s is active: %u rules%s%s",
             changed ? (chinese ? "已载入" : "loaded") : (chinese ? "没有变化" : "nothing has changed"), name, g->rules,
             again, !differs ? "" : chinese ? "；磁盘上的文件与之不同" : "; the files on disk differ");
    json_t *json = active_json(a);
    json_object_set_new(json, "changed", json_boolean(changed));
    json_object_set_new(json, "seconds", json_real(seconds));
    json_object_set_new(json, "longest_pause_seconds", json_real(longest_pause_s));
    json_object_set_new(json, "problems", problems_json(problems));
    json_object_set_new(json, "text", json_string(text));
    return written(json);
}

char *answer_refused(const struct active *a, enum language language, const struct problems *problems)
{
    char name[ACTIVE_TEXT], text[2 * ACTIVE_TEXT];
    size_t mistakes = problems->count;
    json_t *list = problems_json(problems);
    name_in(a, language, name);
    snprintf(text, sizeof text,
             language == LANGUAGE_CHINESE ? "有 %zu 处错误，未载入；%s继续生效"
                                          : "%zu mistakes, nothing was loaded; %s stays active",
             mistakes, name);
    return written(json_pack("{s:o, s:o, s:s}", "problems", list, "active", active_json(a), "text", text));
}

char *answer_flood(const struct active *a, enum language language, const struct gate_limit *limit,
                   const struct gate_found *found)
{
    char name[ACTIVE_TEXT], text[2 * ACTIVE_TEXT];
    name_in(a, language, name);
    snprintf(text, sizeof text,
             language == LANGUAGE_CHINESE
                 ? "近 %lld 天内会比现行规则多报 %zu 起，超过 %lld 起，未载入；%s继续生效"
                 : "over the last %lld days they would have opened %zu alerts more, above %lld; nothing was loaded; %s stays active",
             (long long)limit->days, found->count, (long long)limit->max_new, name);
    return written(json_pack("{s:{s:I, s:I, s:I, s:O}, s:o, s:s}", "flood", "days", (json_int_t)limit->days, "max_new",
                             (json_int_t)limit->max_new, "new", (json_int_t)found->count, "alerts", found->alerts, "active",
                             active_json(a), "text", text));
}

char *answer_error(const struct active *a, enum language language, const char *error)
{
    char name[ACTIVE_TEXT], text[2 * ACTIVE_TEXT];
    name_in(a, language, name);
    snprintf(text, sizeof text, language == LANGUAGE_CHINESE ? "%s；%s继续生效" : "%s; %s stays active", error, name);
    return written(json_pack("{s:s, s:o, s:s}", "error", error, "active", active_json(a), "text", text));
}

char *answer_generations(const struct active *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < archive_count(a->archive); i++)
        json_array_append_new(list, generation_json(archive_at(a->archive, i)));
    return written(json_pack("{s:o, s:o}", "active", active_json(a), "generations", list));
}

char *answer_leaving(void)
{
    return xstrdup("{\"error\":\"the engine is being rebuilt or is leaving\"}");
}
