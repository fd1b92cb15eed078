/* `hours` and `days` of a selection: when an event must have happened, by the clock and the calendar on the wall. */
#include "rule/rule_priv.h"

#include "base/civil.h"
#include "rule/calendar.h"

#include <stdio.h>

enum { DAY_MINUTES = 1440 };

static bool take_two(const char **at, unsigned *number)
{
    unsigned digits = 0;
    size_t len;
    *number = 0;
    for (uint32_t c = rule_peek(*at, &len); rule_is_digit(c) && digits < 2; c = rule_peek(*at, &len)) {
        *number = *number * 10 + (c - '0');
        *at += len;
        digits++;
    }
    return digits > 0;
}

static bool take(const char **at, uint32_t wanted)
{
    size_t len;
    bool found = rule_peek(*at, &len) == wanted;
    if (found)
        *at += len;
    return found;
}

/* 22:00 */
static bool take_time(const char **at, uint16_t *minute)
{
    unsigned hour, minutes;
    if (!take_two(at, &hour) || !take(at, ':') || !take_two(at, &minutes) || minutes > 59 || hour > 24 ||
        (hour == 24 && minutes))
        return false;
    *minute = (uint16_t)(hour * 60 + minutes);
    return true;
}

bool rule_minute_of(const char *text, uint16_t *minute)
{
    return take_time(&text, minute) && *text == '\0';
}

static void read_one_hours(struct selection *s, const struct yaml_node *node, struct problems *problems)
{
    const char *at = node->kind == YAML_SCALAR ? node->text.at : "";
    struct hours hours;
    bool good = take_time(&at, &hours.first) &&
                (take(&at, '-') || take(&at, '~') || take(&at, 0x2013) || take(&at, 0x2014)) &&
                take_time(&at, &hours.end) && *at == '\0' && hours.first != hours.end && hours.first < DAY_MINUTES;
    if (!good)
        yaml_problem(node, problems, "hours (时段): expected a part of the day, such as \"22:00-06:00\"");
    else if (s->hours_count == HOURS_MAX)
        yaml_problem(node, problems, "hours (时段): at most %d parts of the day", HOURS_MAX);
    else
        s->hours[s->hours_count++] = hours;
}

static const struct {
    const char *word;
    uint16_t bit;
} day_words[] = {
    {"workday", DAYS_WORKDAY}, {"工作日", DAYS_WORKDAY}, {"holiday", DAYS_HOLIDAY}, {"休息日", DAYS_HOLIDAY},
    {"mon", 1 << 0},           {"周一", 1 << 0},         {"tue", 1 << 1},           {"周二", 1 << 1},
    {"wed", 1 << 2},           {"周三", 1 << 2},         {"thu", 1 << 3},           {"周四", 1 << 3},
    {"fri", 1 << 4},           {"周五", 1 << 4},         {"sat", 1 << 5},           {"周六", 1 << 5},
    {"sun", 1 << 6},           {"周日", 1 << 6},
};

static void read_one_day(struct selection *s, const struct yaml_node *node, struct problems *problems)
{
    const char *known[sizeof day_words / sizeof *day_words];
    const char *word = node->kind == YAML_SCALAR ? node->text.at : "";
    for (size_t i = 0; i < sizeof day_words / sizeof *day_words; i++) {
        known[i] = day_words[i].word;
        if (strcmp(word, known[i]) == 0) {
            s->days |= day_words[i].bit;
            return;
        }
    }
    const char *near = nearest_word(word, known, sizeof known / sizeof *known);
    if (near)
        yaml_problem(node, problems, "days (日子): unknown %s; did you mean %s?", word, near);
    else
        yaml_problem(node, problems, "days (日子): expected workday, holiday or mon, tue, wed, thu, fri, sat, sun");
}

static void read_each(struct selection *s, const struct yaml_node *node, struct problems *problems,
                      void (*read)(struct selection *, const struct yaml_node *, struct problems *))
{
    if (!node)
        return;
    if (node->kind != YAML_SEQUENCE || node->count == 0)
        read(s, node, problems);
    for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->count; i++)
        read(s, node->items[i], problems);
}

void rule_read_times(struct selection *s, const struct yaml_node *node, struct problems *problems)
{
    read_each(s, rule_get(node, KEY_HOURS, problems), problems, read_one_hours);
    read_each(s, rule_get(node, KEY_DAYS, problems), problems, read_one_day);
}

bool selection_takes_minute(const struct selection *s, unsigned minute)
{
    for (unsigned i = 0; i < s->hours_count; i++) {
        const struct hours *h = &s->hours[i];
        if (h->first < h->end ? minute >= h->first && minute < h->end : minute >= h->first || minute < h->end)
            return true;
    }
    return s->hours_count == 0;
}

bool selection_takes_time(const struct selection *s, const struct rule_set *set, int64_t occurred_at)
{
    if (!s->hours_count && !s->days)
        return true;
    int64_t local = occurred_at + set->utc_offset_s, day = local / 86400;
    unsigned minute = (unsigned)(local % 86400 / 60);
    bool within = selection_takes_minute(s, minute);
    if (!within || !s->days)
        return within;
    /* 1970-01-01 was a Thursday */
    if (s->days >> (day + 3) % 7 & 1)
        return true;
    return s->days & (calendar_workday(set->calendar, day) ? DAYS_WORKDAY : DAYS_HOLIDAY);
}
