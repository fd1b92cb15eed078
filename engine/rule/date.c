#include "rule/date.h"

#include "base/civil.h"
#include "rule/rule_priv.h"

/* how many digits there were */
static unsigned take_digits(const char **at, unsigned *number)
{
    size_t len;
    unsigned digits = 0;
    *number = 0;
    for (uint32_t c = rule_peek(*at, &len); rule_is_digit(c) && digits <= 8; c = rule_peek(*at, &len)) {
        *number = *number * 10 + (c - '0');
        *at += len;
        digits++;
    }
    return digits;
}

static bool take(const char **at, uint32_t expected)
{
    size_t len;
    if (rule_peek(*at, &len) != expected)
        return false;
    *at += len;
    return true;
}

/* -, / and . stand twice; 年 is followed by 月, and 日 at the end may be missing */
static bool take_rest(const char **at, unsigned *month, unsigned *day)
{
    size_t len;
    uint32_t separator = rule_peek(*at, &len);
    bool chinese = separator == U'年';
    if (!chinese && separator != '-' && separator != '/' && separator != '.')
        return false;
    *at += len;
    unsigned month_digits = take_digits(at, month);
    if (!take(at, chinese ? U'月' : separator))
        return false;
    unsigned day_digits = take_digits(at, day);
    if (chinese)
        take(at, U'日');
    return month_digits >= 1 && month_digits <= 2 && day_digits >= 1 && day_digits <= 2;
}

bool date_parse(const char *text, int64_t *date)
{
    unsigned year, month, day, digits = take_digits(&text, &year);
    if (digits == 8) {
        day = year % 100;
        month = year / 100 % 100;
        year /= 10000;
    } else if (digits != 4 || !take_rest(&text, &month, &day)) {
        return false;
    }
    if (*text || year < DATE_YEAR_FIRST || year > DATE_YEAR_LAST || !civil_valid(year, month, day))
        return false;
    *date = civil_days(year, month, day);
    return true;
}
