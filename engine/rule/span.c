/* Lengths of time that may be of working days: how they are read, and where they begin and end.  On free days their time
 * stands still, so that five working days are a week, and longer where a holiday lies in between, but slide like any
 * window: nothing happens all at once at a midnight because a day is dropped. */
#include "rule/rule_priv.h"

#include "rule/calendar.h"

enum { MINUTE = 60, WORKDAYS_MAX = 250 };

int64_t span_before(const struct rule_set *set, struct span span, int64_t second)
{
    if (!span.workdays)
        return second - span.s;
    return calendar_workdays_before(set->calendar, second + set->utc_offset_s, span.workdays) - set->utc_offset_s;
}

int64_t span_after(const struct rule_set *set, struct span span, int64_t second)
{
    if (!span.workdays)
        return second + span.s;
    return calendar_workdays_after(set->calendar, second + set->utc_offset_s, span.workdays) - set->utc_offset_s;
}

static bool is_workdays(const char *text, uint32_t *days)
{
    static const char *const words[] = {"working days", "working day", "workdays", "workday", "个工作日", "工作日"};
    size_t len;
    uint32_t c = rule_peek(text, &len);
    bool digits = rule_is_digit(c);
    for (*days = 0; rule_is_digit(c); c = rule_peek(text, &len)) {
        *days = *days > WORKDAYS_MAX ? *days : *days * 10 + c - '0';
        text += len;
    }
    for (; c == ' '; c = rule_peek(text, &len))
        text += len;
    for (size_t i = 0; digits && i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

enum span_found span_parse(const char *text, int32_t high, const struct rule_context *context, struct span *span)
{
    uint32_t days;
    int64_t seconds;
    if (is_workdays(text, &days)) {
        if (days < 1 || days > WORKDAYS_MAX)
            return SPAN_WRONG;
        if (!context->calendar)
            return SPAN_NO_CALENDAR;
        *span = (struct span){(int32_t)calendar_workdays_longest(context->calendar, days), (uint16_t)days};
        return SPAN_GOOD;
    }
    if (!yaml_duration_text(text, &seconds) || seconds < MINUTE || seconds > high)
        return SPAN_WRONG;
    *span = (struct span){(int32_t)seconds, 0};
    return SPAN_GOOD;
}

struct span rule_read_span(const struct yaml_node *node, const char *what, int32_t high,
                           const struct rule_context *context, struct problems *problems)
{
    uint32_t days;
    struct span span = {MINUTE, 0};
    if (!node || node->kind != YAML_SCALAR || !is_workdays(node->text.at, &days))
        return (struct span){(int32_t)yaml_duration(node, what, MINUTE, high, MINUTE, problems), 0};
    enum span_found found = span_parse(node->text.at, high, context, &span);
    if (found == SPAN_WRONG)
        yaml_problem(node, problems, "%s: expected 1 to %d working days", problem_word(problems, what), WORKDAYS_MAX);
    else if (found == SPAN_NO_CALENDAR && !context->calendar_path) /* one that is wrong has told its own mistakes */
        yaml_problem(node, problems, "%s: working days need a calendar: `calendar: calendar.csv` in the configuration",
                     problem_word(problems, what));
    return span;
}

struct span rule_read_window(const struct yaml_node *node, const char *what, const struct rule_context *context,
                             struct problems *problems)
{
    struct span span = rule_read_span(node, what, context->retention_s, context, problems);
    if (span.s % MINUTE)
        yaml_problem(node, problems, "%s: expected whole minutes", problem_word(problems, what));
    return span;
}
