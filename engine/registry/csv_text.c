/* From the bytes of a file to text.  Tables come from Excel and WPS in Chinese: "CSV" is then GB18030, "CSV UTF-8" has
 * a BOM, "Unicode text" is UTF-16, and what a Mac saves may end its lines in CR alone.  Conversion keeps characters and
 * lines, so that places stay those that the author sees.  What is no text at all is named for what it is. */
#include "registry/csv_priv.h"

#include "base/check.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 256 << 20 };

static char *read_file(const char *path, size_t *len, struct problems *problems)
{
    FILE *in = fopen(path, "re");
    if (!in) {
        problem_add(problems, path, 0, 0, "can't be opened: %s", problem_word(problems, strerror(errno)));
        return NULL;
    }
    size_t capacity = 1 << 14, got;
    char *text = xmalloc(capacity);
    *len = 0;
    while (*len <= FILE_BYTES_MAX && (got = fread(text + *len, 1, capacity - *len - 1, in)) > 0) {
        *len += got;
        if (*len + 1 == capacity)
            text = xrealloc(text, capacity *= 2);
    }
    bool failed = ferror(in) || *len > FILE_BYTES_MAX;
    if (failed)
        problem_add(problems, path, 0, 0, "can't be read: %s",
                    problem_word(problems, ferror(in) ? strerror(errno) : N_("larger than 256 MiB")));
    fclose(in);
    text[*len] = '\0';
    if (failed)
        free(text);
    return failed ? NULL : text;
}

/* Length of the UTF-8 sequence at `at`, 0 if it is none; neither surrogates nor overlong forms are. */
static size_t utf8_len(const unsigned char *at, const unsigned char *end)
{
    size_t len = *at < 0x80 ? 1 : *at >= 0xC2 && *at < 0xE0 ? 2 : (*at & 0xF0) == 0xE0 ? 3 : 4;
    if (len == 1)
        return 1;
    if (*at < 0xC2 || *at > 0xF4 || (size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F) || (*at == 0xF0 && at[1] < 0x90) ||
        (*at == 0xF4 && at[1] > 0x8F))
        return 0;
    return len;
}

struct survey {
    size_t first_broken; /* where the text stops being UTF-8; its length if it does not */
    size_t broken, wide; /* bytes that belong to no sequence; sequences of three bytes and more */
};

static struct survey survey_utf8(const char *text, size_t len)
{
    struct survey s = {.first_broken = len};
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        size_t sequence = utf8_len(bytes + i, bytes + len);
        if (sequence == 0 && s.broken++ == 0)
            s.first_broken = i;
        s.wide += sequence >= 3;
        i += sequence ? sequence : 1;
    }
    return s;
}

/* NULL if the bytes are not wholly of that encoding, or if this machine can't convert it.  Neither encoding takes less
 * than two bytes for a character that takes three in UTF-8. */
static char *convert(const char *encoding, char *bytes, size_t len, size_t *converted)
{
    iconv_t conversion = iconv_open("UTF-8", encoding);
    if (conversion == (iconv_t)-1)
        return NULL;
    size_t room = 2 * len;
    char *text = xmalloc(room + 1), *out = text;
    bool whole = iconv(conversion, &bytes, &len, &out, &room) != (size_t)-1;
    iconv_close(conversion);
    *out = '\0';
    *converted = (size_t)(out - text);
    if (!whole)
        free(text);
    return whole ? text : NULL;
}

static void problem_at(const char *path, const char *text, size_t offset, struct problems *problems, const char *what)
{
    int line = 1, col = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            col = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) { /* not the continuation of a character */
            col++;
        }
    }
    problem_add(problems, path, line, col, "%s", problem_word(problems, what));
}

static bool begins(const char *text, size_t len, const char *with, size_t with_len)
{
    return len >= with_len && memcmp(text, with, with_len) == 0;
}

/* UTF-8 text made of `bytes`, which are freed or returned; NULL after adding a problem */
static char *decode(const char *path, char *bytes, size_t *len, struct problems *problems)
{
    bool little = begins(bytes, *len, "\xFF\xFE", 2), bom = begins(bytes, *len, "\xEF\xBB\xBF", 3);
    char *text = NULL;
    if (begins(bytes, *len, "PK\x03\x04", 4) || begins(bytes, *len, "\xD0\xCF\x11\xE0", 4)) {
        problem_add(problems, path, 0, 0, "an Excel workbook, not a table of text: save it as \"CSV UTF-8\"");
    } else if (little || begins(bytes, *len, "\xFE\xFF", 2)) {
        text = convert(little ? "UTF-16LE" : "UTF-16BE", bytes + 2, *len - 2, len);
        if (!text)
            problem_add(problems, path, 0, 0, "broken UTF-16: save the file as UTF-8 (in Excel: \"CSV UTF-8\")");
    } else {
        if (bom) {
            *len -= 3;
            memmove(bytes, bytes + 3, *len + 1);
        }
        struct survey s = survey_utf8(bytes, *len);
        if (s.broken == 0)
            return bytes;
        /* UTF-8 with a damaged place may happen to be GB18030, of nonsense; but GB18030 is hardly ever UTF-8 */
        if (!bom && s.wide <= s.broken)
            text = convert("GB18030", bytes, *len, len);
        if (!text)
            problem_at(path, bytes, s.first_broken, problems,
                       "neither UTF-8 nor GB18030: save the file as UTF-8 (in Excel: \"CSV UTF-8\")");
    }
    free(bytes);
    return text;
}

char *csv_text_read(const char *path, size_t *len, struct problems *problems)
{
    char *text = read_file(path, len, problems);
    if (text)
        text = decode(path, text, len, problems);
    if (!text)
        return NULL;
    const char *nul = memchr(text, '\0', *len);
    if (nul) {
        problem_at(path, text, (size_t)(nul - text), problems, "a NUL byte: this is not text");
        free(text);
        return NULL;
    }
    if (!strchr(text, '\n'))
        for (char *cr = strchr(text, '\r'); cr; cr = strchr(cr, '\r'))
            *cr = '\n';
    return text;
}
