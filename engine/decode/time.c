/* Each reader takes what it knows off the front of the text and is content only if nothing is left. */
#include "decode/time.h"

#include "base/civil.h"
#include "base/problem.h"

struct moment {
    unsigned year, month, day, hour, minute, second;
    int32_t zone_s;
};

/* Of the text that is left, takes `least` to `most` digits. */
static bool take_digits(struct str *text, size_t least, size_t most, unsigned *number)
{
    size_t i = 0;
    unsigned n = 0;
    while (i < most && i < text->len && text->at[i] >= '0' && text->at[i] <= '9')
        n = n * 10 + (unsigned)(text->at[i++] - '0');
    if (i < least)
        return false;
    *number = n;
    *text = (struct str){text->at + i, text->len - i};
    return true;
}

static bool take_char(struct str *text, char c)
{
    if (text->len == 0 || text->at[0] != c)
        return false;
    *text = (struct str){text->at + 1, text->len - 1};
    return true;
}

static bool take_zone(struct str *text, int32_t *offset_s)
{
    if (take_char(text, 'Z') || take_char(text, 'z')) {
        *offset_s = 0;
        return true;
    }
    bool west = take_char(text, '-');
    unsigned hours, minutes;
    if (!(west || take_char(text, '+')) || !take_digits(text, 2, 2, &hours))
        return false;
    take_char(text, ':');
    if (!take_digits(text, 2, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    int32_t offset = (int32_t)(hours * 3600 + minutes * 60);
    *offset_s = west ? -offset : offset;
    return true;
}

static bool moment_seconds(const struct moment *m, int64_t *seconds)
{
    bool midnight = m->hour == 24 && m->minute == 0 && m->second == 0;
    if (!civil_valid(m->year, m->month, m->day) || (m->hour > 23 && !midnight) || m->minute > 59 || m->second > 60)
        return false;
    *seconds =
        civil_days(m->year, m->month, m->day) * CIVIL_DAY_S + m->hour * 3600 + m->minute * 60 + m->second - m->zone_s;
    return m->second < 60 || *seconds % CIVIL_DAY_S == 0; /* leap seconds end a day of UTC */
}

static bool take_clock(struct str *text, struct moment *m)
{
    return take_digits(text, 2, 2, &m->hour) && take_char(text, ':') && take_digits(text, 2, 2, &m->minute) &&
           take_char(text, ':') && take_digits(text, 2, 2, &m->second);
}

static bool read_rfc3339(struct str text, int64_t *seconds)
{
    struct moment m;
    unsigned digit;
    if (!take_digits(&text, 4, 4, &m.year) || !take_char(&text, '-') || !take_digits(&text, 2, 2, &m.month) ||
        !take_char(&text, '-') || !take_digits(&text, 2, 2, &m.day) ||
        !(take_char(&text, 'T') || take_char(&text, 't')) || !take_clock(&text, &m))
        return false;
    if (take_char(&text, '.')) {
        if (!take_digits(&text, 1, 1, &digit))
            return false;
        while (take_digits(&text, 1, 1, &digit))
            ;
    }
    return take_zone(&text, &m.zone_s) && text.len == 0 && moment_seconds(&m, seconds);
}

/* The ranges of the units do not overlap: seconds below 10^11 (the year 5138), milliseconds up to 10^14 (from 1973),
 * microseconds up to 10^17. */
static bool read_unix(struct str text, int64_t per_second, int64_t least, int64_t limit, int64_t *seconds)
{
    int64_t number = 0;
    size_t i = 0;
    for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        number = number * 10 + (text.at[i] - '0');
        if (number >= limit)
            return false;
    }
    bool whole = i > 0;
    if (i < text.len && text.at[i] == '.')
        for (i++; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
            ;
    *seconds = number / per_second;
    return whole && i == text.len && number >= least;
}

static bool take_field(char field, struct str *text, struct moment *m)
{
    switch (field) {
    case 'Y':
        return take_digits(text, 4, 4, &m->year);
    case 'm':
        return take_digits(text, 1, 2, &m->month);
    case 'd':
        return take_digits(text, 1, 2, &m->day);
    case 'H':
        return take_digits(text, 1, 2, &m->hour);
    case 'M':
        return take_digits(text, 1, 2, &m->minute);
    case 'S':
        return take_digits(text, 1, 2, &m->second);
    case 'z':
        return take_zone(text, &m->zone_s);
    default: /* time_format_parse lets no other through */
        return take_char(text, '%');
    }
}

static bool read_pattern(const char *pattern, struct str text, int32_t zone_s, int64_t *seconds)
{
    struct moment m = {.zone_s = zone_s};
    for (const char *p = pattern; *p; p++) {
        if (*p == '%') {
            if (!take_field(*++p, &text, &m))
                return false;
        } else if (!take_char(&text, *p)) {
            return false;
        } else if (*p == ' ') {
            while (take_char(&text, ' '))
                ;
        }
    }
    return text.len == 0 && moment_seconds(&m, seconds);
}

bool time_read(const struct time_format *format, struct str text, int32_t zone_s, int64_t *seconds)
{
    switch (format->style) {
    case TIME_RFC3339:
        return read_rfc3339(text, seconds);
    case TIME_UNIX_S:
        return read_unix(text, 1, 0, INT64_C(100000000000), seconds);
    case TIME_UNIX_MS:
        return read_unix(text, 1000, INT64_C(100000000000), INT64_C(100000000000000), seconds);
    case TIME_UNIX_US:
        return read_unix(text, 1000000, INT64_C(100000000000000), INT64_C(100000000000000000), seconds);
    case TIME_PATTERN:
        return read_pattern(format->pattern, text, zone_s, seconds);
    }
    return false;
}

bool time_zone_parse(struct str text, int32_t *offset_s)
{
    int32_t offset;
    if (!take_zone(&text, &offset) || text.len != 0)
        return false;
    *offset_s = offset;
    return true;
}

static const char *check_pattern(const char *pattern)
{
    static const char fields[] = "YmdHMSz%";
    unsigned seen = 0;
    for (const char *p = pattern; *p; p++) {
        if (*p != '%')
            continue;
        const char *field = *++p ? strchr(fields, *p) : NULL;
        if (!field)
            return N_("expected one of %Y %m %d %H %M %S %z %% after the percent sign");
        unsigned bit = 1U << (field - fields);
        if (*p != '%' && (seen & bit))
            return N_("a field stands here twice");
        seen |= bit;
    }
    return (seen & 7) == 7 ? NULL : N_("expected rfc3339, unix_s, unix_ms, unix_us or a pattern with %Y, %m and %d");
}

const char *time_format_parse(const char *text, struct time_format *format)
{
    static const char *const words[] = {"rfc3339", "unix_s", "unix_ms", "unix_us"};
    for (unsigned style = 0; style < TIME_PATTERN; style++) {
        if (strcmp(text, words[style]) == 0) {
            *format = (struct time_format){.style = (enum time_style)style};
            return NULL;
        }
    }
    *format = (struct time_format){TIME_PATTERN, text};
    return check_pattern(text);
}
