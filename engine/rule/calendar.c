/* Look-ups in the calendar.  Loading is calendar_load.c. */
#include "rule/calendar_priv.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/key.h"

#include <stdlib.h>

enum { DAY = 86400 };

void calendar_destroy(struct calendar **calendar)
{
    struct calendar *c = *calendar;
    *calendar = NULL;
    if (!c)
        return;
    for (unsigned i = 0; i < c->period_count; i++)
        free(c->period_name[i]);
    free(c->days);
    free(c);
}

static const struct calendar_day *day_of(const struct calendar *c, int64_t day)
{
    return c && day >= c->first && day < c->end ? &c->days[day - c->first] : NULL;
}

static bool is_weekend(int64_t day)
{
    int64_t weekday = (day % 7 + 7 + 3) % 7; /* 1970-01-01 was a Thursday, Monday is 0 */
    return weekday >= 5;
}

bool calendar_workday(const struct calendar *c, int64_t day)
{
    const struct calendar_day *d = day_of(c, day);
    return d && d->kind != DAY_PLAIN ? d->kind == DAY_WORKDAY : !is_weekend(day);
}

static int64_t day_at(int64_t second)
{
    return second >= 0 ? second / DAY : -((DAY - 1 - second) / DAY);
}

/* so many working days later than a day, or earlier: the step is 1 or -1 */
static int64_t other_workday(const struct calendar *c, int64_t day, unsigned days, int step)
{
    while (days > 0) {
        day += step;
        days -= calendar_workday(c, day);
    }
    return day;
}

int64_t calendar_workdays_before(const struct calendar *c, int64_t second, unsigned days)
{
    int64_t day = day_at(second), into = second - day * DAY;
    if (!calendar_workday(c, day)) {
        /* no time passes until the next one begins */
        day = other_workday(c, day, 1, 1);
        into = 0;
    }
    return other_workday(c, day, days, -1) * DAY + into;
}

int64_t calendar_workdays_after(const struct calendar *c, int64_t second, unsigned days)
{
    int64_t day = day_at(second - 1), into = second - day * DAY; /* the beginning of a day is the end of the one before */
    if (!calendar_workday(c, day)) {
        day = other_workday(c, day, 1, -1);
        into = DAY;
    }
    return other_workday(c, day, days, 1) * DAY + into;
}

int64_t calendar_workdays_longest(const struct calendar *c, unsigned days)
{
    /* from some time of a working day to the same of another; a week beyond the file's dates all is as everywhere */
    int64_t to = other_workday(c, c ? c->end : 0, days + 5, 1), longest = 0;
    int64_t day = other_workday(c, c ? c->first : 0, 1, -1), back = other_workday(c, day, days, -1);
    for (; day <= to; day = other_workday(c, day, 1, 1), back = other_workday(c, back, 1, 1))
        longest = day - back > longest ? day - back : longest;
    return longest * DAY;
}

unsigned calendar_period_count(const struct calendar *c)
{
    return c ? c->period_count : 0;
}

const char *calendar_period_name(const struct calendar *c, unsigned period)
{
    CHECK(c && period < c->period_count);
    return c->period_name[period];
}

int calendar_find_period(const struct calendar *c, struct str name)
{
    for (unsigned i = 0; i < calendar_period_count(c); i++)
        if (str_eq(str_of(c->period_name[i]), name))
            return (int)i;
    return -1;
}

uint32_t calendar_periods(const struct calendar *c, int64_t day)
{
    const struct calendar_day *d = day_of(c, day);
    return d ? d->periods : 0;
}

int64_t calendar_next_change(const struct calendar *c, int64_t day)
{
    if (!c || c->first == c->end || day >= c->end)
        return INT64_MAX;
    if (day >= c->first)
        return c->days[day - c->first].next;
    return c->days[0].periods ? c->first : c->days[0].next;
}

int calendar_year(int64_t day)
{
    unsigned year = 1970 + (unsigned)(day / 366);
    while (civil_days(year + 1, 1, 1) <= day)
        year++;
    return (int)year;
}

bool calendar_covers(const struct calendar *c, int64_t day)
{
    return c && day >= civil_days(DATE_YEAR_FIRST, 1, 1) && day < civil_days(DATE_YEAR_LAST + 1, 1, 1) &&
           c->covered[calendar_year(day) - DATE_YEAR_FIRST];
}

int calendar_last_year(const struct calendar *c)
{
    for (int year = DATE_YEAR_LAST; c && year >= DATE_YEAR_FIRST; year--)
        if (c->covered[year - DATE_YEAR_FIRST])
            return year;
    return 0;
}

uint64_t calendar_digest(const struct calendar *c)
{
    struct buffer text = {0};
    for (unsigned i = 0; i < calendar_period_count(c); i++)
        buffer_put(&text, c->period_name[i], strlen(c->period_name[i]) + 1);
    for (int64_t day = c ? c->first : 0; c && day < c->end; day++) {
        bool moved = calendar_workday(c, day) == is_weekend(day);
        if (moved || calendar_periods(c, day)) {
            buffer_put_u64(&text, (uint64_t)day);
            buffer_put_u32(&text, calendar_periods(c, day));
            buffer_put_u8(&text, moved);
        }
    }
    uint64_t digest = key_of(buffer_str(&text), 0);
    buffer_free(&text);
    return digest;
}
