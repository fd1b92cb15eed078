/* The calendar in whole numbers, without the C library's time zones and locales: days since 1970-01-01 from year,
 * month and day (proleptic Gregorian).  The year is taken to begin in March, so that the leap day is its last and
 * the months before it have a fixed pattern (Hinnant, chrono-compatible low-level date algorithms). */
#ifndef GW_BASE_CIVIL_H
#define GW_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

enum { CIVIL_DAY_S = 86400 };

static inline bool civil_valid(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month] + (unsigned)(month == 2 && leap);
}

/* of a valid date */
static inline int64_t civil_days(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

#endif
