/* "Did you mean": the distance of two words as typing goes wrong, a character left out, added, changed, or two that
 * changed places (Damerau's, each place touched once). */
#include "base/problem.h"

#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 64 };

/* its characters; more than WORD_MAX if it is longer.  Bytes that are not UTF-8 count as they come. */
static size_t characters(const char *word, uint32_t out[WORD_MAX])
{
    size_t count = 0;
    for (const unsigned char *at = (const unsigned char *)word; *at; count++) {
        if (count == WORD_MAX)
            return WORD_MAX + 1;
        for (out[count] = *at++; (*at & 0xC0) == 0x80; at++)
            out[count] = out[count] << 8 | *at;
    }
    return count;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* `limit` for whatever is not below it: most words are far off, which their lengths or their first characters tell.  The
 * least of a row is never below that of the row before. */
static size_t distance(const uint32_t *a, size_t m, const uint32_t *b, size_t n, size_t limit)
{
    size_t rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
    if ((m > n ? m - n : n - m) >= limit)
        return limit;
    for (size_t j = 0; j <= n; j++)
        last[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t low = row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
            low = least(low, row[j]);
        }
        if (low >= limit)
            return limit;
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[n];
}

const char *nearest_word(const char *word, const char *const *known, size_t count)
{
    uint32_t wanted[WORD_MAX], other[WORD_MAX];
    size_t len = characters(word, wanted), best_distance = len / 3 + 2;
    const char *best = NULL;
    for (size_t i = 0; i < count && len <= WORD_MAX; i++) {
        size_t known_len = characters(known[i], other);
        if (known_len > WORD_MAX)
            continue;
        size_t d = distance(wanted, len, other, known_len, best_distance);
        if (d < best_distance && d < (len > known_len ? len : known_len)) { /* something of it is there */
            best_distance = d;
            best = known[i];
        }
    }
    return best;
}
