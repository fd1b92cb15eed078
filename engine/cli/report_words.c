/* What a report says in words. */
#include "cli/report_show.h"

#include "cli/cli.h"
#include "cli/show.h"
#include "replay/moment.h"

static bool chinese(void)
{
    return language_of_environment() == LANGUAGE_CHINESE;
}

void report_period(const struct report *r, struct buffer *out)
{
    char from[MOMENT_SIZE] = "-", to[MOMENT_SIZE] = "-";
    const struct figures *all = &r->period->rows[0].figures;
    if (r->period->from_s != INT64_MIN)
        moment_write(r->period->from_s, r->config->utc_offset_s, true, from);
    if (r->period->to_s != INT64_MAX)
        moment_write(r->period->to_s, r->config->utc_offset_s, true, to);
    buffer_printf(out,
                  cli_text("%s to %s: %zu alerts, somebody was told of %zu; %zu judged, %zu verified and %zu false",
                           "%s 至 %s：%zu 起预警，已告知 %zu 起；有结论 %zu 起，属实 %zu 起，误报 %zu 起"),
                  from, to, all->alerts, all->told, all->judged, all->verified, all->false_alarms);
}

/* one sentence after another */
static void apart(struct buffer *out)
{
    if (out->len)
        buffer_printf(out, "%s", cli_text(" ", ""));
}

void report_missing(const struct report *r, struct buffer *out)
{
    const struct accounts *a = r->accounts;
    size_t partial = r->period->rows[0].figures.partial;
    if (partial)
        buffer_printf(out,
                      cli_text("%zu of these alerts began before what the topic still holds: their times are not known.",
                               "%zu 起预警开始得早，主题里已没有最初的消息，时长不计。"),
                      partial);
    if (a->unreadable) {
        apart(out);
        buffer_printf(out, cli_text("Messages that could not be read: %zu.", "%zu 条消息无法读取。"), a->unreadable);
    }
    if (a->doubled) {
        apart(out);
        buffer_printf(out, cli_text("Revisions that came twice and count once: %zu.", "%zu 条重复的消息只计一次。"), a->doubled);
    }
    if (!r->petitions) {
        apart(out);
        buffer_printf(out, "%s",
                      cli_text("Leads are not told: the configuration has no such source of petitions.",
                               "配置中没有该信访来源，提前时间不计。"));
    }
}

const char *const *report_notes(void)
{
    static const char *const english[] = {
        "An alert belongs to the period in which it opened; all that came of it since counts.",
        "Precision: of the alerts that the unit in charge closed with an outcome or called a false alarm, the share "
        "that it closed as verified or mediated; in brackets the interval that holds the true share with 95 % "
        "chance (Wilson). One that was closed without an outcome is not judged.",
        "Times run from when somebody was first told. Signed: the first signature, or the first step that says as "
        "much (set out, arrived), of any unit; closed: what the unit in charge said last. A quantile is the time of "
        "one alert, of those to which it happened; shares are of the alerts that somebody was told of, of units of "
        "those that were sent to them.",
        "Flaps: rises after a fall, ends that were none, and alerts within 24 h of the end of the one before of that rule and "
        "subject.",
        "Lead: from when somebody was told to the first petition of the alert's subject and category within 30 "
        "days. The petition was first: there was one already within the rule's window.",
        NULL};
    static const char *const in_chinese[] = {
        "预警按开始时间归入时段；此后的处置都计入。",
        "准确率：牵头单位办结时写明结果的，以及报为误报的，为有结论；其中办结为属实、已调解的占多少。括号里是 95% 置信区间（Wilson）。"
        "办结而未写结果的，不算有结论。",
        "时长自首次告知起算。签收：任一单位首次签收，或首次报出发、到场；办结：牵头单位最后一次办结。中位、九成取实有的时长，只算已发生的；"
        "占比以已告知的预警为分母，单位的以派到该单位的为分母。",
        "反复次数：降级后又升级，解除后又重开，以及同一规则、同一对象解除后 24 小时内又预警。",
        "比信访早多久：自首次告知，到 30 天内该对象、该类别的第一件信访。信访在先：告知以前，规则的时间窗内已有信访。",
        NULL};
    return chinese() ? in_chinese : english;
}

/* ---- suggestions ---- */

void suggestion_line(const struct report *r, const struct suggestion *s, struct buffer *out)
{
    const char *level = r->config->level_names[s->level - 1];
    buffer_printf(out, "%s,%s,", suggestion_street(s, r->config->registry),
                  chinese() ? show_level_named(level) : level);
    suggestion_measure(s, chinese(), out);
    buffer_printf(out, ",");
    suggestion_number(s, s->threshold, out);
}

void suggestion_place(const struct suggestion *s, struct buffer *out)
{
    if (s->line)
        buffer_printf(out, cli_text("in %s, in place of line %d", "%s 中，替换第 %d 行"), s->rule->override_file, s->line);
    else if (s->rule->override_file)
        buffer_printf(out, cli_text("in %s", "加入 %s"), s->rule->override_file);
    else
        buffer_printf(out, "%s",
                      cli_text("in a table that the rule names under `overrides`, below region,level,measure,threshold",
                               "写入规则用 `分街道阈值` 指明的表，首行为 区域,级别,计数,阈值"));
}

void suggestion_sentence(const struct report *r, const struct suggestion *s, struct buffer *out)
{
    struct buffer measure = {0}, now = {0}, then = {0};
    char later[CELL_SIZE];
    const char *street = registry_region(r->config->registry, s->street)->name;
    const char *level = show_level_named(r->config->level_names[s->level - 1]);
    suggestion_measure(s, chinese(), &measure);
    suggestion_number(s, s->now, &now);
    suggestion_number(s, s->threshold, &then);
    report_length(s->later_s, later);
    buffer_printf(out,
                  cli_text("%s at %s: %s for %.*s at %.*s instead of %.*s", "%s，%s：%s，%.*s 改为 %.*s（现为 %.*s）"),
                  s->rule->id, street, level, STR_ARG(buffer_str(&measure)), STR_ARG(buffer_str(&then)),
                  STR_ARG(buffer_str(&now)));
    buffer_printf(out,
                  cli_text(" would have kept %zu of %zu verified alerts (opening at most %s later); %zu of %zu false "
                           "ones would not have come (%.0f%% fewer); of %zu that nobody judged %zu would not have "
                           "come either; %zu new.",
                           "，属实的 %zu 起（共 %zu 起）保留，最多晚 %s 报出；误报少 %zu 起（共 %zu 起，少 %.0f%%）；尚无结论的 %zu 起中少 %zu "
                           "起；新增 %zu 起。"),
                  s->kept, s->verified, later, s->gone, s->false_alarms,
                  100 * (double)s->gone / (double)s->false_alarms, s->unjudged, s->unjudged_gone, s->appeared);
    buffer_free(&measure);
    buffer_free(&now);
    buffer_free(&then);
}

void suggestions_basis(const struct report *r, struct buffer *out)
{
    buffer_printf(out,
                  cli_text("Of %zu judged alerts of rules that can have thresholds by street, the facts at hand "
                           "still make %zu. A threshold is suggested where at least %d of them are of one rule in "
                           "one street and it keeps all that were verified; it was tried on those facts by the "
                           "engine's own code. Nothing is applied by itself.",
                           "可分街道设阈值的规则中有结论的预警 %zu 起，其中 %zu 起用手头的事件仍能算出。一条规则在一个街道至少有 %d 起，且属实的"
                           "全部保留，才提建议；建议已用引擎自己的代码在这些事件上试算过，不会自动生效。"),
                  r->suggestions->judged, r->suggestions->made, SUPPORT_MIN);
}
