/* Characters and names of the rule language.  Authors type with a Chinese input method switched on: what it makes of
 * ASCII (full-width forms, the ideographic space and full stop) is read as the ASCII that was meant. */
#include "rule/rule_priv.h"

#include <string.h>

uint32_t rule_peek(const char *at, size_t *len)
{
    const unsigned char *b = (const unsigned char *)at;
    uint32_t c = b[0];
    *len = c < 0x80 ? c != 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (*len > 1) {
        c &= 0x7Fu >> *len;
        for (size_t i = 1; i < *len; i++)
            c = c << 6 | (b[i] & 0x3Fu);
    }
    if (c >= 0xFF01 && c <= 0xFF5E)
        return c - 0xFEE0;
    return c == 0x3000 ? ' ' : c == 0x3002 ? '.' : c;
}

bool rule_is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool punctuation = c < 0xC0 || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c < 0x2C00) ||
                       (c >= 0x3001 && c < 0x3005) || (c >= 0x3008 && c < 0x3021) || c >= 0xFE00;
    return !punctuation;
}

bool rule_take_name(const char **at, char name[RULE_NAME_MAX + 1])
{
    size_t len, used = 0;
    uint32_t c = rule_peek(*at, &len);
    const char *next = *at;
    if (!is_letter(c))
        return false;
    for (; is_letter(c) || rule_is_digit(c); c = rule_peek(next, &len)) {
        if (used + len > RULE_NAME_MAX) {
            name[0] = '\0';
            return false;
        }
        if (c < 0x80) {
            name[used++] = (char)c;
        } else {
            memcpy(name + used, next, len);
            used += len;
        }
        next += len;
    }
    name[used] = '\0';
    *at = next;
    return true;
}
