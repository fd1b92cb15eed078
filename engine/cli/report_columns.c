/* What a report shows, once for all its forms. */
#include "cli/report_show.h"

#include "cli/cli.h"
#include "cli/show.h"

#include <stddef.h>

#define AT(field) offsetof(struct figures, field)
#define UNIT(field) offsetof(struct unit_row, field)

struct adding {
    struct column *all;
    size_t count;
    enum column_group group;
};

static void add(struct adding *a, const char *key, const char *head, enum cell cell, size_t at, size_t of, bool always)
{
    struct column *c = &a->all[a->count++];
    *c = (struct column){.head = head, .group = a->group, .cell = cell, .at = at, .of = of, .always = always};
    snprintf(c->key, sizeof c->key, "%s", key);
}

static void add_named(struct adding *a, const char *prefix, const char *name, const char *head, size_t at, bool always)
{
    char key[48];
    snprintf(key, sizeof key, "%s_%s", prefix, name);
    add(a, key, head, CELL_COUNT, at, 0, always);
}

static void add_counts(struct adding *a, const struct config *config)
{
    add(a, "alerts", cli_text("alerts", "预警"), CELL_COUNT, AT(alerts), 0, true);
    add(a, "told", cli_text("told", "已告知"), CELL_COUNT, AT(told), 0, true);
    for (int cause = HOLD_NONE + 1; cause < HOLDS; cause++)
        add_named(a, "held", hold_word((enum hold)cause),
                  cli_text(hold_word((enum hold)cause), hold_word_zh((enum hold)cause)),
                  AT(held) + (size_t)cause * sizeof(size_t), false);
    add(a, "held_other", cli_text("held for other causes", "其他原因未告知"), CELL_COUNT, AT(held), 0, false);
    for (unsigned l = 1; l <= config->level_count; l++)
        add_named(a, "highest", config->level_names[l - 1], show_level_named(config->level_names[l - 1]),
                  AT(highest) + l * sizeof(size_t), true);
    add(a, "highest_other", cli_text("other level", "其他级别"), CELL_COUNT, AT(highest), 0, false);
    add(a, "withdrawn", cli_text("withdrawn", "撤回"), CELL_COUNT, AT(withdrawn), 0, false);
    add(a, "open", cli_text("open", "未了"), CELL_COUNT, AT(open), 0, false);
}

static void add_judged(struct adding *a)
{
    add(a, "judged", cli_text("judged", "有结论"), CELL_COUNT, AT(judged), 0, true);
    add(a, "verified", cli_text("verified", "属实"), CELL_COUNT, AT(verified), 0, true);
    add(a, "mediated", cli_text("mediated", "其中已调解"), CELL_COUNT, AT(mediated), 0, false);
    add(a, "false", cli_text("false", "误报"), CELL_COUNT, AT(false_alarms), 0, true);
    add(a, "precision", cli_text("precision", "准确率"), CELL_RATIO, AT(verified), AT(judged), true);
    add(a, "false_not_said", cli_text("no reason", "未说明原因"), CELL_COUNT, AT(reasons), 0, false);
    for (int cause = CAUSE_NONE + 1; cause < CAUSES; cause++)
        add_named(a, "false", cause_word((enum cause)cause),
                  cli_text(cause_word((enum cause)cause), cause_word_zh((enum cause)cause)),
                  AT(reasons) + (size_t)cause * sizeof(size_t), false);
    add(a, "actual_lower", cli_text("deserved lower", "实际较低"), CELL_COUNT, AT(actual_lower), 0, false);
    add(a, "actual_same", cli_text("as warned", "级别相符"), CELL_COUNT, AT(actual_same), 0, false);
    add(a, "actual_higher", cli_text("deserved higher", "实际较高"), CELL_COUNT, AT(actual_higher), 0, false);
    add(a, "actual_unreadable", cli_text("level not known", "级别不明"), CELL_COUNT, AT(actual_unreadable), 0, false);
}

static void add_times(struct adding *a)
{
    static const char *const missed[] = {"not signed", "nobody arrived", "not closed"};
    add(a, "sign_count", cli_text("signed", "已签收"), CELL_SHARE, AT(sign.count), AT(told), true);
    add(a, "sign_median_s", cli_text("median", "签收中位"), CELL_TIME, AT(sign.median), AT(sign.count), true);
    add(a, "sign_p90_s", cli_text("90th %", "九成以内"), CELL_TIME, AT(sign.p90), AT(sign.count), true);
    add(a, "arrive_count", cli_text("arrived", "已到场"), CELL_SHARE, AT(arrive.count), AT(told), false);
    add(a, "arrive_median_s", cli_text("median", "到场中位"), CELL_TIME, AT(arrive.median), AT(arrive.count), false);
    add(a, "arrive_p90_s", cli_text("90th %", "九成以内"), CELL_TIME, AT(arrive.p90), AT(arrive.count), false);
    add(a, "close_count", cli_text("closed", "已办结"), CELL_SHARE, AT(close.count), AT(told), true);
    add(a, "close_median_s", cli_text("median", "办结中位"), CELL_TIME, AT(close.median), AT(close.count), false);
    add(a, "close_p90_s", cli_text("90th %", "九成以内"), CELL_TIME, AT(close.p90), AT(close.count), false);
    add(a, "overdue", cli_text("overdue", "逾期"), CELL_SHARE, AT(overdue), AT(told), true);
    for (int act = ACT_NOT_SIGNED; act <= ACT_NOT_CLOSED; act++)
        add_named(a, "overdue", act_word((enum act)act), cli_text(missed[act - ACT_NOT_SIGNED], act_word_zh((enum act)act)),
                  AT(limits) + (size_t)(act - ACTS_SAID) * sizeof(size_t), false);
    add(a, "escalated", cli_text("escalated", "督办升级"), CELL_SHARE, AT(escalated), AT(told), false);
    add(a, "returned", cli_text("returned", "退回"), CELL_SHARE, AT(returned), AT(told), false);
    add(a, "reopened", cli_text("reopened", "重开"), CELL_SHARE, AT(reopened), AT(told), false);
    add(a, "raised", cli_text("rises", "升级次数"), CELL_COUNT, AT(raised), 0, false);
    add(a, "lowered", cli_text("falls", "降级次数"), CELL_COUNT, AT(lowered), 0, false);
    add(a, "flaps", cli_text("flaps", "反复次数"), CELL_COUNT, AT(flaps), 0, false);
}

static void add_lead(struct adding *a)
{
    add(a, "lead_count", cli_text("before a petition", "先于信访"), CELL_COUNT, AT(petition.ahead), 0, true);
    add(a, "lead_median_s", cli_text("median", "提前中位"), CELL_TIME, AT(petition.median), AT(petition.ahead), true);
    add(a, "lead_p10_s", cli_text("9 in 10 at least", "九成至少"), CELL_TIME, AT(petition.p10), AT(petition.ahead), true);
    add(a, "lead_petition_first", cli_text("petition was first", "信访在先"), CELL_COUNT, AT(petition.first), 0, true);
    add(a, "lead_none", cli_text("none followed", "未引起信访"), CELL_COUNT, AT(petition.none), 0, true);
    add(a, "lead_unknown", cli_text("not known", "不明"), CELL_COUNT, AT(petition.unknown), 0, false);
    add(a, "collective_lead_count", cli_text("before a collective visit", "先于集体访"), CELL_COUNT, AT(collective.ahead),
        0, false);
    add(a, "collective_lead_median_s", cli_text("median", "提前中位"), CELL_TIME, AT(collective.median),
        AT(collective.ahead), false);
    add(a, "collective_lead_p10_s", cli_text("9 in 10 at least", "九成至少"), CELL_TIME, AT(collective.p10),
        AT(collective.ahead), false);
    add(a, "collective_first", cli_text("collective visit was first", "集体访在先"), CELL_COUNT, AT(collective.first), 0,
        false);
}

size_t report_columns(const struct report *r, struct column all[REPORT_COLUMNS_MAX])
{
    struct adding a = {all, 0, GROUP_COUNT};
    add_counts(&a, r->config);
    a.group = GROUP_JUDGED;
    add_judged(&a);
    a.group = GROUP_TIMES;
    add_times(&a);
    a.group = GROUP_LEAD;
    if (r->petitions)
        add_lead(&a);
    return a.count;
}

const struct column *unit_columns(void)
{
    static struct column all[UNIT_COLUMNS];
    struct adding a = {all, 0, GROUP_TIMES};
    add(&a, "unit_sent", cli_text("sent", "派到"), CELL_COUNT, UNIT(sent), 0, true);
    add(&a, "unit_signed", cli_text("signed", "已签收"), CELL_SHARE, UNIT(signed_by), UNIT(sent), true);
    add(&a, "unit_sign_median_s", cli_text("median", "签收中位"), CELL_TIME, UNIT(sign.median), UNIT(sign.count), true);
    add(&a, "unit_sign_p90_s", cli_text("90th %", "九成以内"), CELL_TIME, UNIT(sign.p90), UNIT(sign.count), true);
    add(&a, "unit_overdue", cli_text("overdue", "逾期"), CELL_SHARE, UNIT(overdue), UNIT(sent), true);
    add(&a, "unit_returned", cli_text("returned", "退回"), CELL_SHARE, UNIT(returned), UNIT(sent), true);
    add(&a, "unit_reopened", cli_text("reopened", "重开"), CELL_SHARE, UNIT(reopened), UNIT(sent), true);
    add(&a, "unit_closed", cli_text("closed", "已办结"), CELL_SHARE, UNIT(closed), UNIT(sent), true);
    add(&a, "unit_verified", cli_text("verified", "属实"), CELL_COUNT, UNIT(verified), 0, true);
    add(&a, "unit_false", cli_text("false", "误报"), CELL_COUNT, UNIT(false_alarms), 0, true);
    return all;
}

/* ---- cells ---- */

size_t cell_count(const struct column *c, const void *row, bool of)
{
    return *(const size_t *)(const void *)((const char *)row + (of ? c->of : c->at));
}

int64_t cell_time(const struct column *c, const void *row)
{
    return *(const int64_t *)(const void *)((const char *)row + c->at);
}

bool column_shown(const struct column *c, const struct figures *whole)
{
    return c->always || cell_count(c, whole, c->cell == CELL_TIME) > 0;
}

void report_length(int64_t seconds, char out[CELL_SIZE])
{
    char minutes[LENGTH_SIZE];
    show_length(seconds / 60, minutes);
    if (seconds < 60)
        snprintf(out, CELL_SIZE, "%llds", (long long)seconds);
    else
        snprintf(out, CELL_SIZE, "%s", minutes);
}

void cell_write(const struct column *c, const void *row, char out[CELL_SIZE])
{
    size_t of = c->cell == CELL_COUNT ? 0 : cell_count(c, row, true);
    double low, high;
    if (c->cell == CELL_TIME && of) {
        report_length(cell_time(c, row), out);
        return;
    }
    size_t count = c->cell == CELL_TIME ? 0 : cell_count(c, row, false);
    if (c->cell == CELL_COUNT || (c->cell == CELL_SHARE && !of)) {
        snprintf(out, CELL_SIZE, "%zu", count);
    } else if (!of) {
        snprintf(out, CELL_SIZE, "-");
    } else if (c->cell == CELL_SHARE) {
        snprintf(out, CELL_SIZE, "%zu (%.0f%%)", count, 100 * (double)count / (double)of);
    } else {
        wilson(count, of, &low, &high);
        snprintf(out, CELL_SIZE, "%.0f%% (%.0f-%.0f%%)", 100 * (double)count / (double)of, 100 * low, 100 * high);
    }
}

const char *row_label(const struct row *row)
{
    if (row->kind == ROW_ALL)
        return cli_text("all", "合计");
    if (row->kind == ROW_RULE)
        return row->rule;
    return *row->street ? row->street_name : cli_text("(wider than a street)", "（跨街道）");
}

const char *group_head(enum column_group group)
{
    static const char *const heads[GROUPS][2] = {
        {"How many, and how serious at most", "多少起，最高几级"},
        {"How right", "准不准"},
        {"How fast", "快不快"},
        {"How far ahead of petitions", "比信访早多久"},
    };
    return cli_text(heads[group][0], heads[group][1]);
}
