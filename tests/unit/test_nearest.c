/* The nearest word, against a search that measures every distance in full: what is passed over early is never the
 * nearest, nor are two equally near words taken in another order. */
#include "core.h"

#include "base/problem.h"

#include <string.h>

enum { ROUNDS = 3000, WORDS = 12, LENGTH_MAX = 12 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* as it is defined, from the ends of both words */
static size_t distance(const char *a, size_t m, const char *b, size_t n)
{
    size_t table[LENGTH_MAX + 1][LENGTH_MAX + 1];
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            table[i][j] = i + j;
            if (i && j) {
                size_t one = least(table[i - 1][j], table[i][j - 1]) + 1;
                table[i][j] = least(one, table[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            }
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = least(table[i][j], table[i - 2][j - 2] + 1);
        }
    return table[m][n];
}

static const char *search(const char *word, const char *const *known, size_t count)
{
    size_t len = strlen(word), best = len / 3 + 2;
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, len, known[i], strlen(known[i]));
        if (d < best && d < (len > strlen(known[i]) ? len : strlen(known[i]))) {
            best = d;
            found = known[i];
        }
    }
    return found;
}

static void make_word(struct dice *dice, char word[LENGTH_MAX + 1])
{
    unsigned len = dice_below(dice, LENGTH_MAX + 1), letters = dice_chance(dice, 50) ? 2 : 4;
    for (unsigned i = 0; i < len; i++)
        word[i] = (char)('a' + dice_below(dice, letters));
    word[len] = '\0';
}

START_TEST(as_a_search_of_all)
{
    struct dice dice = core_dice();
    unsigned found = 0;
    for (unsigned round = 0; round < core_effort(ROUNDS); round++) {
        char word[LENGTH_MAX + 1], words[WORDS][LENGTH_MAX + 1];
        const char *known[WORDS];
        make_word(&dice, word);
        for (unsigned i = 0; i < WORDS; i++) {
            make_word(&dice, words[i]);
            known[i] = words[i];
        }
        const char *near = nearest_word(word, known, WORDS), *expected = search(word, known, WORDS);
        EXPECT(near == expected, "round %u, %s: %s, expected %s", round, word, near ? near : "none",
               expected ? expected : "none");
        found += near != NULL;
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nearest");
    core_test(suite, as_a_search_of_all);
    return core_run(suite);
}
