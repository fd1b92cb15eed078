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

static void words_amount(enum measure measure, int64_t value, struct buffer *out)
{
    if (!measure_in_thousandths(measure))
        buffer_printf(out, "%lld%s", (long long)value, measure == MEASURE_EVENTS ? "件" : "人");
    else
        buffer_printf(out, "%.10g", (double)value / VALUE_SCALE);
}

static const char *measure_words(enum measure measure)
{
    switch (measure) {
    case MEASURE_EVENTS:
        return "事件";
    case MEASURE_CALLERS:
        return "反映人";
    case MEASURE_INVOLVED:
        return "涉及";
    case MEASURE_SUM:
        return "合计";
    case MEASURE_MAX:
        return "最高值";
    case MEASURES:
        break;
    }
    return "";
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

void sentence_write(const struct render_context *c, const struct revision *r, const struct evidence *evidence,
                     size_t count, struct buffer *out)
{
    place_words(c, r, out);
    if (r->subject_kind == SUBJECT_RESPONDENT || r->subject_kind == SUBJECT_MATTER) {
        buffer_printf(out, "“");
        subject_write(c, r, false, out);
        buffer_printf(out, "”");
    }
    if (r->rule->within_s) {
        words_duration(r->rule->within_s, out);
        buffer_printf(out, "内");
    }
    buffer_printf(out, "%s：", r->rule->title);
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (evidence[i].value == INT64_MIN)
            continue;
        buffer_printf(out, "%s%s", first ? "" : "、", measure_words(evidence[i].atom->measure));
        words_amount(evidence[i].atom->measure, evidence[i].value, out);
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
    case CHANGES:
        break;
    }
    for (size_t i = 0; i < count && r->alert->state == ALERT_FIRING; i++)
        if (evidence[i].next_level) {
            buffer_printf(out, "；再增");
            words_amount(evidence[i].atom->measure, evidence[i].missing, out);
            buffer_printf(out, "将升为%s", level_words(c->rules->level_name[evidence[i].next_level]));
            break;
        }
    buffer_printf(out, "。");
}
