/* The calendar's inside, shared by what loads it and what looks things up: one entry for each date from the first to
 * the last that the file names, so that a look-up is an index. */
#ifndef GW_RULE_CALENDAR_PRIV_H
#define GW_RULE_CALENDAR_PRIV_H

#include "rule/calendar.h"
#include "rule/date.h"

enum day_kind { DAY_PLAIN, DAY_HOLIDAY, DAY_WORKDAY }; /* plain: as its weekday is */

struct calendar_day {
    int64_t next; /* day on which the periods change */
    uint32_t periods;
    enum day_kind kind;
};

struct calendar {
    char *period_name[CALENDAR_PERIODS_MAX]; /* sorted */
    unsigned period_count;
    struct calendar_day *days; /* [0] is `first` */
    int64_t first, end;        /* equal if the file names no date */
    bool covered[DATE_YEAR_LAST - DATE_YEAR_FIRST + 1];
};

int calendar_year(int64_t day); /* of a day from DATE_YEAR_FIRST on */

#endif
