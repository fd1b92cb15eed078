#include "replay/moment.h"

#include "decode/time.h"

#include <stdio.h>
#include <time.h>

bool moment_read(struct str text, int32_t zone_s, int64_t *seconds)
{
    static const struct time_format formats[] = {
        {TIME_PATTERN, "%Y-%m-%d"},          {TIME_PATTERN, "%Y-%m-%d %H:%M"},
        {TIME_PATTERN, "%Y-%m-%dT%H:%M"},    {TIME_PATTERN, "%Y-%m-%d %H:%M:%S"},
        {TIME_PATTERN, "%Y-%m-%dT%H:%M:%S"}, {TIME_RFC3339, NULL},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (time_read(&formats[i], text, zone_s, seconds))
            return true;
    return false;
}

bool moment_read_clock(struct str text, int64_t *seconds)
{
    static const struct time_format formats[] = {
        {TIME_PATTERN, "%Y-%m-%d %H:%M"},
        {TIME_PATTERN, "%Y-%m-%d %H:%M:%S"},
    };
    char whole[32];
    int len = snprintf(whole, sizeof whole, "1970-01-01 %.*s", STR_ARG(text));
    for (size_t i = 0; i < sizeof formats / sizeof *formats && len < (int)sizeof whole; i++)
        if (time_read(&formats[i], (struct str){whole, (size_t)len}, 0, seconds))
            return true;
    return false;
}

void moment_write(int64_t seconds, int32_t zone_s, bool year, char out[MOMENT_SIZE])
{
    time_t shifted = (time_t)(seconds + zone_s);
    struct tm tm;
    gmtime_r(&shifted, &tm);
    strftime(out, MOMENT_SIZE, year ? "%Y-%m-%d %H:%M" : "%m-%d %H:%M", &tm);
}
