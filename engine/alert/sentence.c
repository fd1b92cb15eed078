/* The case in one sentence, in Chinese, for those who have to go there:
 *   和兴街道兴业社区第一网格“某建设劳务公司”24小时内群体欠薪：反映人5人、涉及27人，达到橙色；再增5人将升为红色。 */
#include "alert/render_priv.h"

static const char *level_words(const char *level)
{
    static const char *const known[][2] = {{"blue", "蓝色"}, {"yellow", "黄色"}, {"orange", "橙色"}, {"red", "红色"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], level) == 0)
            return known[i][1];
    return level;
}

static void words_duration(int64_t seconds, struct buffer *out)
{
    if (seconds % 86400 == 0 && seconds > 86400)
        buffer_printf(out, "%lld天", (long long)(seconds / 86400));
    else if (seconds % 3600 == 0)
        buffer_printf(out, "%lld小时", (long long)(seconds / 3600));
    else
        buffer_printf(out, "%lld分钟", (long long)(seconds / 60));
}

static void words_number(const struct term *t, int64_t value, struct buffer *out)
{
    int64_t unit = term_unit(t);
    if (unit == 1)
        buffer_printf(out, "%lld", (long long)value);
    else
        buffer_printf(out, "%.10g", (double)value / (double)unit);
}

static const char *measure_words(enum measure measure)
{
    static const char *const words[MEASURES] = {
        [MEASURE_EVENTS] = "事件",   [MEASURE_CALLERS] = "反映人", [MEASURE_INVOLVED] = "涉及", [MEASURE_REGIONS] = "涉及网格",
        [MEASURE_SOURCES] = "数据源", [MEASURE_SUM] = "合计",       [MEASURE_MAX] = "最高值",    [MEASURE_AVG] = "平均值"};
    return words[measure];
}

static const char *measure_unit(const struct term *t)
{
    static const char *const words[MEASURES] = {[MEASURE_EVENTS] = "件", [MEASURE_CALLERS] = "人",
                                                [MEASURE_INVOLVED] = "人", [MEASURE_REGIONS] = "个",
                                                [MEASURE_SOURCES] = "个"};
    if (t->kind == TERM_BOTH)
        return "人";
    if (t->kind == TERM_ADJACENT)
        return "个";
    if (t->kind == TERM_SCORE)
        return "分";
    return t->kind == TERM_MEASURE && words[t->measure] ? words[t->measure] : "";
}

/* 反映人5人; 为7天前的2.5倍; 占比35% */
static void words_value(const struct render_context *c, const struct rule *rule, const struct evidence *e,
                        struct buffer *out)
{
    const struct term *t = e->term;
    switch (t->kind) {
    case TERM_MEASURE:
        buffer_printf(out, "%s", measure_words(t->measure));
        break;
    case TERM_CHANGE:
        buffer_printf(out, "%s为", measure_words(t->measure));
        words_duration(rule->windows[t->earlier].lag_s, out);
        buffer_printf(out, "前的");
        words_number(t, e->value, out);
        buffer_printf(out, "倍");
        return;
    case TERM_SHARE:
        buffer_printf(out, "占比%.10g%%", (double)e->value / 10);
        return;
    case TERM_BOTH:
        buffer_printf(out, "两类都有的反映人");
        break;
    case TERM_ADJACENT:
        buffer_printf(out, "连同邻近达到的");
        break;
    case TERM_ANOMALY:
        buffer_printf(out, "异常度");
        break;
    case TERM_SILENT:
        buffer_printf(out, "%s%s", catalogue_source(c->catalogue, t->source), e->value ? "断流" : "正常");
        return;
    case TERM_SCORE:
        buffer_printf(out, "风险评分");
        break;
    case TERM_KINDS:
        break;
    }
    words_number(t, e->value, out);
    buffer_printf(out, "%s", measure_unit(t));
}

/* An organisation in the register has a name; any other respondent may be a person, and gets a pseudonym of this
 * alert. */
void subject_write(const struct render_context *c, const struct revision *r, bool code, struct buffer *out)
{
    if (r->subject_kind == SUBJECT_RESPONDENT) {
        const struct organisation *known = catalogue_find_organisation(c->catalogue, r->subject_code);
        if (known)
            buffer_printf(out, "%s", code ? known->code : known->name);
        else
            buffer_printf(out, code ? "pseudonym-%.8s" : "某被反映方%.4s", r->alert->id);
    } else if (r->subject_kind == SUBJECT_MATTER) {
        buffer_printf(out, "%.*s", STR_ARG(r->subject_code));
    } else if (r->subject_region != REGION_NONE) {
        const struct region *region = registry_region(c->registry, r->subject_region);
        buffer_printf(out, "%s", code ? region->code : region->name);
    } else {
        buffer_printf(out, "%.*s", STR_ARG(r->subject_code));
    }
}

static void place_words(const struct render_context *c, const struct revision *r, struct buffer *out)
{
    if (r->alert->region == REGION_NONE)
        return;
    const struct region *region = registry_region(c->registry, r->alert->region);
    for (int level = REGION_STREET; level <= (int)region->level; level++) {
        if (region->ancestor[level] == REGION_NONE)
            continue;
        const char *name = registry_region(c->registry, region->ancestor[level])->name;
        /* a grid is often named after its community: 兴业社区第一网格 */
        uint32_t below = level < (int)region->level ? region->ancestor[level + 1] : REGION_NONE;
        if (below == REGION_NONE || strncmp(registry_region(c->registry, below)->name, name, strlen(name)) != 0)
            buffer_printf(out, "%s", name);
    }
    if (region->level == REGION_DISTRICT)
        buffer_printf(out, "%s", region->name);
}

static const char *lead_words(const struct handling *h)
{
    return h->lead < 0 ? "" : h->units[h->lead].name;
}

/* 区人力资源局签收; 区人力资源局退回（非本单位职责）; 区人力资源局转派区住建局 */
static void handled_words(const struct revision *r, struct buffer *out)
{
    const struct disposition *d = &r->entry->said;
    buffer_printf(out, "，%s%s%s", *d->unit ? d->unit : lead_words(r->handling), act_word_zh(d->act), d->to);
    if (d->reason)
        buffer_printf(out, "（%s）", cause_word_zh(d->reason));
}

/* 逾期未签收，升级由示例区牵头; where there is no higher tier: 逾期未签收 */
static void escalated_words(const struct revision *r, struct buffer *out)
{
    buffer_printf(out, "，%s", act_word_zh(r->entry->said.act));
    if (r->entry->tier)
        buffer_printf(out, "，升级由%s牵头", lead_words(r->handling));
}

void sentence_write(const struct render_context *c, const struct revision *r, const struct evidence *evidence,
                     size_t count, struct buffer *out)
{
    place_words(c, r, out);
    if (r->subject_kind == SUBJECT_RESPONDENT || r->subject_kind == SUBJECT_MATTER) {
        buffer_printf(out, "“");
        subject_write(c, r, false, out);
        buffer_printf(out, "”");
    }
    struct span within = r->rule->windows[0].within;
    if (within.workdays)
        buffer_printf(out, "%u个工作日", within.workdays);
    else if (within.s)
        words_duration(within.s, out);
    if (within.s)
        buffer_printf(out, "内");
    buffer_printf(out, "%s", r->rule->title);
    if (r->each != CATEGORY_NONE)
        buffer_printf(out, "（%s）", catalogue_category(c->catalogue, r->each)->name);
    buffer_printf(out, "：");
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (evidence[i].value == VALUE_NONE)
            continue;
        buffer_printf(out, "%s", first ? "" : "、");
        words_value(c, r->rule, &evidence[i], out);
        first = false;
    }
    const char *level = level_words(c->rules->level_name[r->alert->level]);
    switch (r->change) {
    case CHANGE_RAISED:
        buffer_printf(out, "，达到%s", level);
        break;
    case CHANGE_LOWERED:
        buffer_printf(out, "，降为%s", level);
        break;
    case CHANGE_RESOLVED:
        buffer_printf(out, "，已解除");
        break;
    case CHANGE_WITHDRAWN:
        buffer_printf(out, "，预警撤回");
        break;
    case CHANGE_UNKNOWN:
        buffer_printf(out, "，数据中断，状态未知（此前为%s）", level);
        break;
    case CHANGE_RESUMED:
        buffer_printf(out, "，数据恢复，仍为%s", level);
        break;
    case CHANGE_REOPENED:
        buffer_printf(out, "，补到的数据显示并未结束，仍为%s", level);
        break;
    case CHANGE_HANDLED:
        handled_words(r, out);
        break;
    case CHANGE_ESCALATED:
        escalated_words(r, out);
        break;
    case CHANGE_HELD:
        buffer_printf(out, "，仍为%s，暂不通报（%s）", level, hold_word_zh(r->alert->notice.cause));
        break;
    case CHANGE_RELEASED:
        buffer_printf(out, "，仍为%s，恢复通报", level);
        break;
    case CHANGES:
        break;
    }
    for (size_t i = 0; i < count && r->alert->state == ALERT_FIRING; i++)
        if (evidence[i].next_level) {
            buffer_printf(out, "；再增");
            words_number(evidence[i].term, evidence[i].missing, out);
            buffer_printf(out, "%s", measure_unit(evidence[i].term));
            buffer_printf(out, "将升为%s", level_words(c->rules->level_name[evidence[i].next_level]));
            break;
        }
    buffer_printf(out, "。");
}
