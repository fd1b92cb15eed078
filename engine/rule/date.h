/* Dates as rule authors and Excel write them. */
#ifndef GW_RULE_DATE_H
#define GW_RULE_DATE_H

#include <stdbool.h>
#include <stdint.h>

enum { DATE_YEAR_FIRST = 2000, DATE_YEAR_LAST = 2099 };

/* what an error says was expected */
#define DATE_FORMS "expected a date such as 2026-02-15, 2026/2/15, 20260215 or 2026年2月15日"

/* Days since 1970-01-01 of such a date (full-width forms too) of the years above; false if the text is none.  `text` is
 * UTF-8, terminated. */
bool date_parse(const char *text, int64_t *day);

#endif
