/* Times as sources write them.  Not strptime: that takes 31 February, knows locales, and leaves what it did not find
 * as it was. */
#ifndef GW_DECODE_TIME_H
#define GW_DECODE_TIME_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum time_style {
    TIME_RFC3339, /* 2026-01-12T09:41:22+08:00; fractions are dropped; Z and +0800 too */
    TIME_UNIX_S,  /* since 1970; each takes only what is plausible in its unit, so several can stand in one list */
    TIME_UNIX_MS,
    TIME_UNIX_US,
    TIME_PATTERN, /* %Y %m %d %H %M %S %z %%, a blank for one or more blanks, everything else as it stands */
};

struct time_format {
    enum time_style style;
    const char *pattern; /* of TIME_PATTERN; borrowed */
};

/* `text` is rfc3339, unix_s, unix_ms, unix_us or a pattern, which must have %Y, %m and %d; NULL if it is right, else
 * what is wrong with it */
const char *time_format_parse(const char *text, struct time_format *);

/* seconds east of UTC from +08:00, +0800 or Z */
bool time_zone_parse(struct str text, int32_t *offset_s);

/* Seconds since 1970; false if the text is not of this format or there is no such day or time.  24:00:00 is the next
 * day's beginning.  zone_s is used where the format has no zone. */
bool time_read(const struct time_format *, struct str text, int32_t zone_s, int64_t *seconds);

#endif
