/* UTF-8 is compared bytewise; the only characters looked into are the full-width ones, three bytes each. */
#include "decode/text.h"

#include <strings.h>

enum { PERSONAL_DIGITS = 7 }; /* a telephone without its area code */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_wide_space(const char *at)
{
    return memcmp(at, "\xE3\x80\x80", 3) == 0;
}

struct str text_trim(struct str t)
{
    /* most texts have neither; a full-width blank begins with E3 and ends with 80 */
    if (t.len && (unsigned char)t.at[0] > ' ' && (unsigned char)t.at[0] != 0xE3 && (unsigned char)t.at[t.len - 1] > ' ' &&
        (unsigned char)t.at[t.len - 1] != 0x80)
        return t;
    for (;;) {
        size_t skip = t.len && is_space(t.at[0]) ? 1 : t.len >= 3 && is_wide_space(t.at) ? 3 : 0;
        if (skip == 0)
            break;
        t = (struct str){t.at + skip, t.len - skip};
    }
    for (;;) {
        size_t skip = t.len && is_space(t.at[t.len - 1]) ? 1 : t.len >= 3 && is_wide_space(t.at + t.len - 3) ? 3 : 0;
        if (skip == 0)
            return t;
        t.len -= skip;
    }
}

bool text_blank(struct str t)
{
    switch (t.len) {
    case 0:
        return true;
    case 1:
        return t.at[0] == '-';
    case 2:
        return memcmp(t.at, "\\N", 2) == 0;
    case 3:
        return memcmp(t.at, "无", 3) == 0;
    case 4:
        return memcmp(t.at, "null", 4) == 0 || memcmp(t.at, "NULL", 4) == 0;
    case 6:
        return memcmp(t.at, "不详", 6) == 0;
    default:
        return false;
    }
}

bool text_true(struct str t)
{
    static const struct str words[] = {{"true", 4}, {"1", 1}, {"yes", 3}, {"y", 1}, {"是", 3}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (t.len == words[i].len && strncasecmp(t.at, words[i].at, t.len) == 0)
            return true;
    return false;
}

/* U+FF01..FF5E are ASCII 0x21..0x7E, U+3000 is the blank; 0 if it is none of them */
static char narrow_char(const unsigned char *at, size_t len)
{
    if (len < 3)
        return 0;
    if (at[0] == 0xEF && at[1] == 0xBC && at[2] >= 0x81 && at[2] <= 0xBF)
        return (char)(at[2] - 0x60);
    if (at[0] == 0xEF && at[1] == 0xBD && at[2] >= 0x80 && at[2] <= 0x9E)
        return (char)(at[2] - 0x20);
    return is_wide_space((const char *)at) ? ' ' : 0;
}

struct str text_narrow(struct str t, char *buffer, size_t size)
{
    if (t.len > size || (!str_has(t, (char)0xEF) && !str_has(t, (char)0xE3)))
        return t;
    size_t len = 0;
    for (size_t i = 0; i < t.len;) {
        char c = narrow_char((const unsigned char *)t.at + i, t.len - i);
        buffer[len++] = c ? c : t.at[i];
        i += c ? 3 : 1;
    }
    return (struct str){buffer, len};
}

bool text_masked(struct str t)
{
    return str_has(t, '*') || (str_has(t, (char)0xEF) && memmem(t.at, t.len, "＊", strlen("＊")));
}

bool text_numbered(struct str t)
{
    char narrow[256];
    size_t row = 0;
    t = text_narrow(t, narrow, sizeof narrow);
    for (size_t i = 0; i < t.len && row < PERSONAL_DIGITS; i++) {
        if ((t.at[i] >= '0' && t.at[i] <= '9') || t.at[i] == '*')
            row++;
        else if (t.at[i] != ' ' && t.at[i] != '-')
            row = 0;
    }
    return row == PERSONAL_DIGITS;
}

/* Can nothing but an extension, or a second number, follow?  A mobile number, a landline with its area code, one
 * without. */
static bool is_whole(const char *digits, size_t count)
{
    return digits[0] == '1' ? count == 11 : digits[0] == '0' ? count >= 10 : count == 7 || count == 8;
}

struct str text_phone(struct str t, char buffer[PHONE_DIGITS_MAX])
{
    char wide[96];
    size_t count = 0, skip = 0;
    t = text_narrow(t, wide, sizeof wide);
    bool plus = t.len && t.at[0] == '+', abroad = plus || (t.len >= 4 && memcmp(t.at, "0086", 4) == 0);
    for (size_t i = plus; i < t.len && count < PHONE_DIGITS_MAX; i++) {
        if (t.at[i] >= '0' && t.at[i] <= '9')
            buffer[count++] = t.at[i];
        else if (!strchr(" -().", t.at[i]) || (count && !abroad && is_whole(buffer, count)))
            break;
    }
    if (plus && count > 2 && memcmp(buffer, "86", 2) == 0)
        skip = 2;
    else if (abroad && !plus)
        skip = 4;
    else if (count == 13 && memcmp(buffer, "861", 3) == 0)
        skip = 2;
    if (count - skip > 11 && buffer[skip] == '1')
        count = skip + 11; /* +86 138 1234 5678-801 */
    return count - skip >= 7 ? (struct str){buffer + skip, count - skip} : (struct str){buffer, 0};
}
