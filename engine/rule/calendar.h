/* The calendar of a district: which dates are worked although they are weekend, or free although they are not (the
 * State Council announces both for one year at a time), and which named periods are in force, for thresholds that
 * differ then.  A table (registry/csv.h) of
 *   from (起), to (止)   dates, inclusive; an empty `to` is `from`
 *   kind (类型)          holiday (休息日), workday (上班日), period (时期)
 *   name (名称)          of a period, by which rules know it; of the others, for people
 *
 * Days are local days since 1970-01-01.  Immutable once loaded; any thread.  NULL is the calendar of Monday to Friday
 * without periods. */
#ifndef GW_RULE_CALENDAR_H
#define GW_RULE_CALENDAR_H

#include "base/problem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { CALENDAR_PERIODS_MAX = 32 };

struct calendar;

/* NULL if anything is wrong; every mistake is added: no date, `to` before `from`, an unknown kind, a period without a
 * name or one too many, a date both free and worked, one free time of more than a year. */
struct calendar *calendar_load(const char *path, struct problems *);
void calendar_destroy(struct calendar **);

bool calendar_workday(const struct calendar *, int64_t day);

/* Time as working days alone have it, 24 hours each: on free days it stands still.  Seconds are local, days at least 1.
 * before: the last second that lies at least so many working days before another; after: the first that lies at least so
 * many after it.  So s > before(t) where after(s) > t, and nowhere else. */
int64_t calendar_workdays_before(const struct calendar *, int64_t second, unsigned days);
int64_t calendar_workdays_after(const struct calendar *, int64_t second, unsigned days);
/* the most that lies between a second and so many working days before it, wherever that is */
int64_t calendar_workdays_longest(const struct calendar *, unsigned days);

/* Periods are numbered from 0 in the order of their names: calendars with equal names have equal numbers. */
unsigned calendar_period_count(const struct calendar *); /* at most CALENDAR_PERIODS_MAX */
const char *calendar_period_name(const struct calendar *, unsigned period);
int calendar_find_period(const struct calendar *, struct str name); /* -1 if none */

uint32_t calendar_periods(const struct calendar *, int64_t day); /* those in force, as bits */
/* the first later day whose periods differ from the day's; INT64_MAX if none */
int64_t calendar_next_change(const struct calendar *, int64_t day);

/* Does the file say which dates of that day's year are free or worked?  Periods alone do not count. */
bool calendar_covers(const struct calendar *, int64_t day);
int calendar_last_year(const struct calendar *); /* that it covers; 0 if none */

/* equal for calendars that mean the same, whatever their rows are */
uint64_t calendar_digest(const struct calendar *);

#endif
