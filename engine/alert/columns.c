/* The width table is Unicode 15's East Asian Width W and F in ranges coarse enough to read, and of width nothing the
 * marks that occur in practice.  wcwidth() would want a locale, and in the C locale of a service knows no Chinese.
 * Characters of ambiguous width (●, …) are taken as one column. */
#include "alert/columns.h"

#include "base/check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct range {
    uint32_t first, last;
} wide[] = {{0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
            {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
            {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}},
  narrow_none[] = {{0x0300, 0x036f}, {0x200b, 0x200d}, {0xfe00, 0xfe0f}},
  unprintable[] = {{0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f},
                   {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}};

#define AMONG(ranges, character) among(ranges, sizeof(ranges) / sizeof *(ranges), character)

static bool among(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

enum { REPLACEMENT = 0xfffd, CHARACTER_MAX = 4 };

/* the character at *text, which is moved past it; REPLACEMENT for a byte that begins none */
static uint32_t next_character(const char **text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)*text;
    unsigned len = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
    *text += 1;
    if (len == 1)
        return at[0];
    if (len == 0 || at[0] > 0xf4)
        return REPLACEMENT;
    uint32_t character = at[0] & (0x7fu >> len);
    for (unsigned i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) /* also at the terminating 0 */
            return REPLACEMENT;
        character = character << 6 | (at[i] & 0x3fu);
    }
    if (character < least[len] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        return REPLACEMENT;
    *text += len - 1;
    return character;
}

static unsigned width_of(uint32_t character)
{
    return AMONG(wide, character) ? 2 : AMONG(narrow_none, character) ? 0 : 1;
}

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80u | (c & 0x3fu));
    out[0] = (char)(lead[len] | c);
    return len;
}

/* always left free for how a cut line ends */
static const char ending[] = "…\033[0m";

struct columns columns_begin(char *out, size_t size, bool colour)
{
    CHECK(size >= COLUMNS_SIZE_MIN);
    out[0] = '\0';
    return (struct columns){.out = out, .size = size, .colour = colour};
}

static bool append(struct columns *c, const char *bytes, size_t len)
{
    if (c->cut)
        return false;
    if (c->len + len + sizeof ending > c->size) {
        c->cut = true;
        bytes = ending;
        len = c->colour ? sizeof ending - 1 : strlen("…");
    }
    memcpy(c->out + c->len, bytes, len);
    c->len += len;
    c->out[c->len] = '\0';
    return !c->cut;
}

void columns_text(struct columns *c, const char *text)
{
    while (*text) {
        uint32_t character = next_character(&text);
        if (AMONG(unprintable, character))
            character = ' ';
        char bytes[CHARACTER_MAX];
        if (!append(c, bytes, encode(character, bytes)))
            return;
        c->column += width_of(character);
    }
}

void columns_pad(struct columns *c, unsigned column)
{
    do
        columns_text(c, " ");
    while (c->column < column && !c->cut);
}

void columns_colour(struct columns *c, const char *sgr)
{
    if (!c->colour)
        return;
    char escape[16];
    int len = snprintf(escape, sizeof escape, "\033[%sm", sgr);
    CHECK(len > 0 && (size_t)len < sizeof escape);
    append(c, escape, (size_t)len);
}
