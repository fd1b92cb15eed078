/* From text to lines of fields, which are unquoted and terminated in place: RFC 4180, and what Excel and hands make of
 * it.  A code is guarded from Excel by '990101003 or ="990101003"; both mean what they show. */
#include "registry/csv_priv.h"

static const char wide_blank[] = "\u3000", fixed_blank[] = "\u00A0";

/* bytes of the blank with which the text begins */
static size_t blank_ahead(struct str t)
{
    if (t.len && (t.at[0] == ' ' || t.at[0] == '\t' || t.at[0] == '\r'))
        return 1;
    if (t.len >= sizeof fixed_blank - 1 && memcmp(t.at, fixed_blank, sizeof fixed_blank - 1) == 0)
        return sizeof fixed_blank - 1;
    if (t.len >= sizeof wide_blank - 1 && memcmp(t.at, wide_blank, sizeof wide_blank - 1) == 0)
        return sizeof wide_blank - 1;
    return 0;
}

/* and with which it ends: no character's bytes are the end of another's */
static size_t blank_behind(struct str t)
{
    for (size_t size = 1; size <= 3 && size <= t.len; size++)
        if (blank_ahead((struct str){t.at + t.len - size, size}) == size)
            return size;
    return 0;
}

struct str csv_trim(struct str t)
{
    for (size_t blank; (blank = blank_ahead(t)) > 0; t.at += blank)
        t.len -= blank;
    for (size_t blank; (blank = blank_behind(t)) > 0;)
        t.len -= blank;
    return t;
}

static void advance(struct csv_reader *r)
{
    unsigned char c = (unsigned char)*r->at++;
    if (c == '\n') {
        r->line++;
        r->col = 1;
    } else if ((c & 0xC0) != 0x80) { /* not the continuation of a character */
        r->col++;
    }
}

static bool ends_field(const struct csv_reader *r)
{
    return r->at == r->end || *r->at == r->separator || *r->at == '\n';
}

static void skip_blanks(struct csv_reader *r)
{
    while (!ends_field(r)) {
        const char *after = r->at + blank_ahead((struct str){r->at, (size_t)(r->end - r->at)});
        if (after == r->at)
            return;
        while (r->at < after)
            advance(r);
    }
}

/* Past the closing quote; *end is where the unquoted text ends.  false if it is never closed. */
static bool read_quoted(struct csv_reader *r, char **end)
{
    char *out = r->at;
    advance(r);
    while (r->at < r->end) {
        if (*r->at == '"') {
            advance(r);
            if (r->at == r->end || *r->at != '"') {
                *end = out;
                return true;
            }
        }
        *out++ = *r->at;
        advance(r);
    }
    return false;
}

/* takes off what keeps Excel from reading a code as a number */
static struct str unguarded(struct str t)
{
    if (t.len > 1 && t.at[0] == '\'' && !memchr(t.at + 1, '\'', t.len - 1))
        return (struct str){t.at + 1, t.len - 1};
    if (t.len >= 3 && memcmp(t.at, "=\"", 2) == 0 && t.at[t.len - 1] == '"')
        return (struct str){t.at + 2, t.len - 3};
    return t;
}

/* Reads one field and what ends it: the separator or '\n', '\0' at the end of the file, -1 if the field is broken. */
static int read_field(struct csv_reader *r, struct csv_field *field)
{
    skip_blanks(r);
    *field = (struct csv_field){.text = {r->at, 0}, .line = r->line, .col = r->col};
    char *start = r->at, *end = start;
    if (!ends_field(r) && *r->at == '"') {
        if (!read_quoted(r, &end)) {
            problem_add(r->problems, r->name, field->line, field->col, "this quote is never closed");
            return -1;
        }
        skip_blanks(r);
        if (!ends_field(r)) {
            problem_add(r->problems, r->name, r->line, r->col,
                        "text after the closing quote; a quote inside quotes is written twice");
            return -1;
        }
    } else {
        while (!ends_field(r))
            advance(r);
        end = start + csv_trim((struct str){start, (size_t)(r->at - start)}).len;
    }
    int delimiter = r->at < r->end ? *r->at : '\0';
    if (r->at < r->end)
        advance(r);
    field->text = unguarded((struct str){start, (size_t)(end - start)});
    start[(size_t)(field->text.at - start) + field->text.len] = '\0';
    return delimiter;
}

/* false if the line is broken */
static bool read_fields(struct csv_reader *r, struct csv_line *line, bool *blank)
{
    int delimiter = r->separator;
    line->count = 0;
    *blank = true;
    while (delimiter == r->separator) {
        struct csv_field field;
        delimiter = read_field(r, &field);
        if (delimiter < 0)
            return false;
        *blank = *blank && field.text.len == 0;
        if (line->count < CSV_COLUMNS_MAX) {
            line->fields[line->count++] = field;
        } else if (field.text.len) { /* Excel may leave thousands of columns that are empty */
            problem_add(r->problems, r->name, field.line, field.col, "more than %d columns", CSV_COLUMNS_MAX);
            return false;
        }
    }
    return true;
}

bool csv_read_line(struct csv_reader *r, struct csv_line *line)
{
    bool blank = true;
    while (blank)
        if (r->at == r->end || !read_fields(r, line, &blank))
            return false;
    return true;
}

void csv_reader_begin(struct csv_reader *r, const char *name, char *text, size_t len, struct problems *problems)
{
    *r = (struct csv_reader){name, problems, text, text + len, 1, 1, ','};
    size_t first = strspn(text, " \r\n"), header = strcspn(text + first, "\n");
    if (!memchr(text + first, ',', header) && memchr(text + first, '\t', header))
        r->separator = '\t';
}
