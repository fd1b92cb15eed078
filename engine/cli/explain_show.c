#include "cli/explain_show.h"

#include "base/check.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "replay/moment.h"

#include <stdlib.h>

enum { LINE_BYTES = 2048, EVENTS_SHOWN = 40, COLUMN_VALUE = 40, COLUMN_POINTS = 48, COLUMN_LEVELS = 44, LEVEL_WIDTH = 18 };

static const char *moment(const struct inquiry *q, int64_t minute, char out[MOMENT_SIZE])
{
    moment_write(minute * 60, past_config(q->judgement->past)->utc_offset_s, false, out);
    return out;
}

void explain_subject(const struct inquiry *q, struct subject subject, const char *code)
{
    const struct config *config = past_config(q->judgement->past);
    char shown[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
    past_subject_of(config, subject, code, true, shown);
    past_subject_of(config, subject, code, false, name);
    printf("%s  %s\n", q->rule->id, q->rule->title);
    printf("%s %s%s%s\n", subject_kind_word(subject.kind), shown, strcmp(shown, name) == 0 ? "" : "  ",
           strcmp(shown, name) == 0 ? "" : name);
}

void explain_window(const struct inquiry *q, int64_t minute)
{
    const struct config *config = past_config(q->judgement->past);
    char at[MOMENT_SIZE], from[MOMENT_SIZE], within[LENGTH_SIZE];
    show_span(q->rule->windows[0].within, within);
    moment_write(minute * 60, config->utc_offset_s, true, at);
    int64_t begin = span_before(q->judgement->rules, q->rule->windows[0].within, minute * 60);
    moment_write(begin, config->utc_offset_s, true, from);
    printf(cli_text("at %s, over %s: from %s\n", "截至 %s，统计 %s：自 %s 起\n"), at, within, from);
}

/* ---- the state ---- */

/* a level that has been left, and is kept for a while */
static void show_falling(const struct inquiry *q, const struct machine *m)
{
    unsigned level = m->level;
    char since[MOMENT_SIZE], until[MOMENT_SIZE];
    if (m->low[level] == MINUTE_NONE)
        return;
    int64_t falls = m->low[level] + q->rule->clear_after_s / 60;
    printf(cli_text("  below %s since %s: it goes down, or ends, at %s if it stays so\n",
                    "  不足%s，始于 %s：如不再上升，将于 %s 降级或解除\n"),
           show_level(q->judgement, level), moment(q, m->low[level], since), moment(q, falls, until));
}

static void show_pending(const struct inquiry *q, const struct machine *m)
{
    char since[MOMENT_SIZE], wait[LENGTH_SIZE];
    if (!machine_pending(m, q->rule, q->level_count))
        return;
    show_length(q->rule->for_s / 60, wait);
    printf(cli_text("  pending: a higher condition has held since %s and must hold for %s\n",
                    "  待定：更高一级的条件自 %s 起成立，须持续 %s\n"),
           moment(q, m->held[m->level + 1], since), wait);
}

static void show_alert(const struct inquiry *q, const struct past_alert *a, int64_t minute)
{
    char opened[MOMENT_SIZE], ended[MOMENT_SIZE];
    moment_write(a->opened_at, past_config(q->judgement->past)->utc_offset_s, false, opened);
    printf(cli_text("  alert %s opened %s", "  预警 %s 始于 %s"), a->id, opened);
    if (a->crossed_id)
        printf(cli_text(" by %s %s", "，由 %s %s 触发"), a->crossed_source, a->crossed_id);
    printf(cli_text(", highest %s", "，最高%s"), show_level(q->judgement, a->highest));
    if (a->ended_minute == MINUTE_NEVER)
        puts("");
    else if (a->ended_minute <= minute)
        printf(cli_text(", ended %s\n", "，已于 %s 解除\n"), moment(q, a->ended_minute, ended));
    else
        printf(cli_text(", ends %s by the events read\n", "，按已读事件将于 %s 解除\n"), moment(q, a->ended_minute, ended));
}

void explain_state(const struct inquiry *q, const struct past_alert *alert, int64_t minute)
{
    struct machine m = inquiry_state(q, minute);
    printf(m.level ? cli_text("state: %s\n", "状态：%s\n") : cli_text("state: no alert\n", "状态：无预警\n"),
           show_level(q->judgement, m.level));
    if (alert)
        show_alert(q, alert, minute);
    show_pending(q, &m);
    if (m.level)
        show_falling(q, &m);
}

/* ---- conditions ---- */

/* columns are for the levels that the rule has */
static unsigned column_of(const struct inquiry *q, unsigned level)
{
    unsigned before = 0;
    for (unsigned l = 1; l < level; l++)
        before += q->rule->level[l].count > 0;
    return COLUMN_LEVELS + before * LEVEL_WIDTH;
}

static void show_heading(const struct inquiry *q)
{
    char line[LINE_BYTES];
    struct columns c = columns_begin(line, sizeof line, false);
    columns_text(&c, cli_text("measure", "计数"));
    columns_pad(&c, COLUMN_VALUE - 5);
    columns_text(&c, cli_text("value", "数值"));
    for (unsigned l = 1; l <= q->level_count; l++) {
        if (!q->rule->level[l].count)
            continue;
        columns_pad(&c, column_of(q, l));
        columns_text(&c, show_level(q->judgement, l));
    }
    printf("\n%s\n", line);
}

static bool reached(const struct condition *condition, unsigned level)
{
    return condition->value != INT64_MIN && condition->value >= condition->threshold[level];
}

static void show_condition(const struct inquiry *q, const struct condition *condition)
{
    char line[LINE_BYTES], amount[32], cell[96];
    struct columns c = columns_begin(line, sizeof line, false);
    columns_text(&c, condition->name);
    conditions_amount(condition->value, condition->thousandths, amount);
    show_right(&c, COLUMN_VALUE, amount);
    for (unsigned l = 1; l <= q->level_count; l++) {
        if (condition->threshold[l] == THRESHOLD_NONE)
            continue;
        conditions_amount(condition->threshold[l], condition->thousandths, amount);
        snprintf(cell, sizeof cell, "≥ %s %s", amount, reached(condition, l) ? "✓" : "");
        columns_pad(&c, column_of(q, l));
        columns_text(&c, cell);
        if (reached(condition, l) || condition->value == INT64_MIN)
            continue;
        conditions_amount(condition->threshold[l] - condition->value, condition->thousandths, amount);
        snprintf(cell, sizeof cell, cli_text("(%s more)", "（差 %s）"), amount);
        columns_text(&c, cell);
    }
    puts(line);
}

/* what made the score: each feature's value and points */
static void show_score(const struct inquiry *q, const struct score *score, int64_t minute)
{
    struct feature_given all[FEATURES_MAX];
    size_t count = conditions_points(q->rule, score, q->view, minute, all);
    printf(cli_text("\npoints of %s (version %s), from %d\n", "\n%s 得分（版本 %s），起始 %d 分\n"), score->model, score->version,
           (int)score->base);
    for (size_t f = 0; f < count; f++) {
        char line[LINE_BYTES], value[32], points[32];
        struct columns c = columns_begin(line, sizeof line, false);
        conditions_amount(all[f].value, all[f].thousandths, value);
        snprintf(points, sizeof points, "%+d", (int)all[f].points);
        columns_text(&c, "  ");
        columns_text(&c, all[f].name);
        show_right(&c, COLUMN_VALUE, value);
        show_right(&c, COLUMN_POINTS, points);
        puts(line);
    }
}

void explain_conditions(const struct inquiry *q, int64_t minute)
{
    struct condition all[TERMS_MAX];
    size_t count = conditions_measure(q->judgement->rules, q->rule, q->view, minute, all);
    show_heading(q);
    for (size_t i = 0; i < count; i++)
        show_condition(q, &all[i]);
    for (unsigned s = 0; s < q->rule->score_count; s++)
        show_score(q, &q->rule->scores[s], minute);
    puts("");
    for (unsigned l = 1; l <= q->level_count; l++) {
        struct buffer text = {0};
        if (conditions_write(q->judgement->rules, q->rule, l, q->view, minute, &text))
            printf("%s %s: %.*s\n", conditions_hold(q->rule, l, q->view, minute) ? "✓" : "✗", show_level(q->judgement, l),
                   STR_ARG(buffer_str(&text)));
        buffer_free(&text);
    }
}

/* the level to come: what each of its conditions still lacks */
void explain_next(const struct inquiry *q, int64_t minute)
{
    struct condition all[TERMS_MAX];
    size_t count = conditions_measure(q->judgement->rules, q->rule, q->view, minute, all);
    unsigned next = condition_level(q->rule, q->level_count, q->view, minute) + 1;
    const char *before = "";
    while (next <= q->level_count && !q->rule->level[next].count)
        next++;
    if (next > q->level_count) {
        puts(cli_text("\nthere is no higher level", "\n已是最高级别"));
        return;
    }
    printf(cli_text("\nto %s: ", "\n距%s："), show_level(q->judgement, next));
    for (size_t i = 0; i < count; i++) {
        char missing[32];
        if (all[i].threshold[next] == THRESHOLD_NONE || reached(&all[i], next))
            continue;
        if (all[i].value == INT64_MIN)
            snprintf(missing, sizeof missing, "%s", cli_text("any", "任一"));
        else
            conditions_amount(all[i].threshold[next] - all[i].value, all[i].thousandths, missing);
        printf(cli_text("%s%s %s more", "%s%s 差 %s"), before, all[i].name, missing);
        before = cli_text(", ", "，");
    }
    puts("");
}

/* ---- events ---- */

static void show_event(const struct inquiry *q, const struct view_entry *entry)
{
    const struct config *config = past_config(q->judgement->past);
    const struct ledger *ledger = past_ledger(q->judgement->past);
    const struct fact *fact = ledger_fact(ledger, entry->ref);
    struct id_room room;
    struct str id = ledger_id(ledger, entry->ref, &room);
    struct standing standing = ledger_standing(ledger, entry->ref);
    struct buffer takes = {0};
    char when[MOMENT_SIZE], value[32];
    conditions_selections(q->rule, entry, &takes);
    moment_write(entry->at, config->utc_offset_s, false, when);
    printf("  %s  %s %.*s  %s  %s", when, catalogue_source(config->catalogue, fact->source), STR_ARG(id),
           standing.region == REGION_NONE ? "-" : registry_region(config->registry, standing.region)->name,
           event_kind_word((enum event_kind)fact->kind));
    if (entry->involved)
        printf(cli_text("  involved %u", "  涉及 %u 人"), (unsigned)entry->involved);
    if (fact->kind == EVENT_READING) {
        conditions_amount(entry->value, true, value);
        printf(cli_text("  value %s", "  读数 %s"), value);
    }
    printf("  [%.*s]\n", STR_ARG(buffer_str(&takes)));
    buffer_free(&takes);
}

void explain_events(const struct inquiry *q, int64_t minute)
{
    size_t count, events = 0, shown = 0;
    const struct view_entry *window = inquiry_window(q, minute, &count);
    for (size_t i = 0; i < count; i++)
        events += !window[i].party;
    printf(cli_text("\nevents in the window: %zu\n", "\n窗口内事件：%zu 件\n"), events);
    if (events > EVENTS_SHOWN)
        printf(cli_text("  (the newest %d of them)\n", "  （最新 %d 件）\n"), EVENTS_SHOWN);
    for (size_t i = 0; i < count; i++)
        if (!window[i].party && ++shown + EVENTS_SHOWN > events)
            show_event(q, &window[i]);
}
