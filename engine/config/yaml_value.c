/* Values of a YAML tree: what the loaders of configuration, mappings and rules ask of it.  YAML's own idea of types
 * (`no` is false, 010 is eight, 1:30 is ninety) is not used: each reader says what it expects, and whatever does not
 * look just like it is a problem. */
#include "config/yaml.h"

#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

const struct yaml_node *yaml_key(const struct yaml_node *mapping, size_t pair)
{
    return mapping->items[2 * pair];
}

const struct yaml_node *yaml_value(const struct yaml_node *mapping, size_t pair)
{
    return mapping->items[2 * pair + 1];
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    if (!mapping || mapping->kind != YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (yaml_key(mapping, i)->kind == YAML_SCALAR && strcmp(yaml_key(mapping, i)->text.at, key) == 0)
            return yaml_value(mapping, i);
    return NULL;
}

bool yaml_is_mapping(const struct yaml_node *node, const char *what, struct problems *problems)
{
    if (node && node->kind == YAML_MAPPING)
        return true;
    if (node)
        yaml_problem(node, problems,
                     node->kind == YAML_SCALAR && strstr(node->text.at, "：")
                         ? "%s: expected keys with values (`key: value`); a full-width ： does not separate them"
                         : "%s: expected keys with values (`key: value`)",
                     problem_word(problems, what));
    return false;
}

void yaml_only(const struct yaml_node *mapping, const char *const *known, size_t count, struct problems *problems)
{
    for (size_t i = 0; i < mapping->count; i++) {
        const struct yaml_node *key = yaml_key(mapping, i);
        bool found = key->kind != YAML_SCALAR; /* has been reported */
        for (size_t k = 0; k < count && !found; k++)
            found = strcmp(key->text.at, known[k]) == 0;
        if (found)
            continue;
        const char *near = nearest_word(key->text.at, known, count);
        if (near)
            yaml_problem(key, problems, "unknown key %s; did you mean %s?", key->text.at, near);
        else
            yaml_problem(key, problems, "unknown key %s", key->text.at);
    }
}

const struct yaml_node *yaml_get_word(const struct yaml_node *mapping, const struct yaml_word *word,
                                      struct problems *problems)
{
    return yaml_either(mapping, word->english, word->chinese, problems);
}

const struct yaml_node *yaml_need_word(const struct yaml_node *mapping, const struct yaml_word *word,
                                       struct problems *problems)
{
    const struct yaml_node *value = yaml_get_word(mapping, word, problems);
    if (!value)
        yaml_problem(mapping, problems, "%s (%s) is missing", word->english, word->chinese);
    return value;
}

void yaml_only_words(const struct yaml_node *mapping, const struct yaml_word *words, size_t count, int place,
                     struct problems *problems)
{
    const char **known = xcalloc(2 * count, sizeof *known);
    size_t here = 0;
    for (size_t i = 0; i < count; i++)
        if (words[i].places & place) {
            known[here++] = words[i].english;
            known[here++] = words[i].chinese;
        }
    yaml_only(mapping, known, here, problems);
    free(known);
}

bool yaml_blank(const struct yaml_node *node)
{
    if (!node)
        return true;
    if (node->kind != YAML_SCALAR)
        return node->count == 0;
    if (node->quoted)
        return node->text.len == 0;
    return node->text.len == 0 || strcmp(node->text.at, "~") == 0 || strcmp(node->text.at, "null") == 0;
}

const char *yaml_text(const struct yaml_node *node, const char *what, const char *absent, struct problems *problems)
{
    if (!node)
        return absent;
    if (node->kind == YAML_SCALAR && (node->quoted || !yaml_blank(node)))
        return node->text.at;
    yaml_problem(node, problems, "%s: expected text", problem_word(problems, what));
    return absent;
}

/* Takes a digit, ASCII or full-width (U+FF10..FF19), off the front; -1 if there is none. */
static int take_digit(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    if (*p >= '0' && *p <= '9') {
        *at += 1;
        return *p - '0';
    }
    if (p[0] == 0xEF && p[1] == 0xBC && p[2] >= 0x90 && p[2] <= 0x99) {
        *at += 3;
        return p[2] - 0x90;
    }
    return -1;
}

static bool take_number(const char **at, int64_t *number)
{
    int digit = take_digit(at);
    bool fits = digit >= 0;
    for (*number = 0; digit >= 0; digit = take_digit(at))
        fits =
            fits && !__builtin_mul_overflow(*number, 10, number) && !__builtin_add_overflow(*number, digit, number);
    return fits;
}

int64_t yaml_integer(const struct yaml_node *node, const char *what, int64_t low, int64_t high, int64_t absent,
                     struct problems *problems)
{
    if (!node)
        return absent;
    if (node->kind == YAML_SCALAR && !node->quoted) {
        const char *at = node->text.at;
        int64_t number;
        bool negative = *at == '-';
        at += negative;
        bool whole = take_number(&at, &number) && *at == '\0';
        number = negative ? -number : number;
        if (whole && number >= low && number <= high)
            return number;
    }
    if (high == INT64_MAX)
        yaml_problem(node, problems, "%s: expected a whole number, at least %lld", problem_word(problems, what),
                     (long long)low);
    else
        yaml_problem(node, problems, "%s: expected a whole number from %lld to %lld", problem_word(problems, what),
                     (long long)low, (long long)high);
    return absent;
}

bool yaml_bool(const struct yaml_node *node, const char *what, bool absent, struct problems *problems)
{
    if (!node)
        return absent;
    if (node->kind == YAML_SCALAR && !node->quoted) {
        if (strcmp(node->text.at, "true") == 0 || strcmp(node->text.at, "是") == 0)
            return true;
        if (strcmp(node->text.at, "false") == 0 || strcmp(node->text.at, "否") == 0)
            return false;
    }
    yaml_problem(node, problems, "%s: expected true or false", problem_word(problems, what));
    return absent;
}

/* longest first where one begins like another; the first of a size is the one shown, in Chinese from 天 on */
struct unit {
    const char *word;
    int64_t size;
};

static const struct unit duration_units[] = {
    {"d", 86400},   {"h", 3600},  {"m", 60},    {"s", 1},   {"天", 86400}, {"日", 86400},
    {"小时", 3600}, {"时", 3600}, {"分钟", 60}, {"分", 60}, {"秒", 1},
};

enum { DURATIONS_CHINESE = 4 };

static const struct unit byte_units[] = {
    {"TiB", INT64_C(1) << 40}, {"GiB", INT64_C(1) << 30}, {"MiB", INT64_C(1) << 20}, {"KiB", 1024}, {"B", 1},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int64_t take_unit(const char **at, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(units[i].word);
        if (strncmp(*at, units[i].word, len) == 0) {
            *at += len;
            return units[i].size;
        }
    }
    return 0;
}

/* numbers with units, the units falling: 1h30m */
static bool parse_quantity(const char *at, const struct unit *units, size_t count, int64_t *total)
{
    int64_t last_size = INT64_MAX;
    *total = 0;
    do {
        int64_t number, size;
        if (!take_number(&at, &number) || (size = take_unit(&at, units, count)) == 0 || size >= last_size ||
            __builtin_mul_overflow(number, size, &number) || __builtin_add_overflow(*total, number, total))
            return false;
        last_size = size;
    } while (*at);
    return true;
}

/* in the largest unit that divides it, of those from `units` on */
static const char *show_quantity(int64_t amount, const struct unit *units, char shown[32])
{
    while (amount % units->size != 0 || amount < units->size) {
        if (units->size == 1)
            break;
        units++;
    }
    snprintf(shown, 32, "%lld%s", (long long)(amount / units->size), units->word);
    return shown;
}

bool yaml_duration_text(const char *text, int64_t *seconds)
{
    return parse_quantity(text, duration_units, COUNT(duration_units), seconds);
}

int64_t yaml_duration(const struct yaml_node *node, const char *what, int64_t low, int64_t high, int64_t absent,
                      struct problems *problems)
{
    int64_t seconds;
    if (!node)
        return absent;
    if (node->kind == YAML_SCALAR && parse_quantity(node->text.at, duration_units, COUNT(duration_units), &seconds) &&
        seconds >= low && seconds <= high)
        return seconds;
    char least[32], most[32];
    const struct unit *units = duration_units + (problems->language == LANGUAGE_CHINESE ? DURATIONS_CHINESE : 0);
    yaml_problem(node, problems,
                 "%s: expected a duration with its unit, such as 90s, 45m, 12h, 1h30m or 35d, from %s to %s",
                 problem_word(problems, what), show_quantity(low, units, least), show_quantity(high, units, most));
    return absent;
}

int64_t yaml_bytes(const struct yaml_node *node, const char *what, int64_t low, int64_t high, int64_t absent,
                   struct problems *problems)
{
    if (!node)
        return absent;
    if (node->kind == YAML_SCALAR) {
        int64_t bytes;
        const char *at = node->text.at;
        bool bare = take_number(&at, &bytes) && *at == '\0';
        if ((bare || parse_quantity(node->text.at, byte_units, COUNT(byte_units), &bytes)) && bytes >= low &&
            bytes <= high)
            return bytes;
    }
    char least[32], most[32];
    yaml_problem(node, problems, "%s: expected a size such as 64MiB or 1GiB (KiB, MiB, GiB, TiB), from %s to %s",
                 problem_word(problems, what), show_quantity(low, byte_units, least),
                 show_quantity(high, byte_units, most));
    return absent;
}

char *yaml_resolve(const struct yaml_file *file, const char *path)
{
    const char *slash = strrchr(yaml_name(file), '/');
    char *resolved;
    if (path[0] == '/' || !slash)
        return xstrdup(path);
    CHECK(asprintf(&resolved, "%.*s/%s", (int)(slash - yaml_name(file)), yaml_name(file), path) >= 0);
    return resolved;
}

const struct yaml_node *yaml_either(const struct yaml_node *mapping, const char *english, const char *chinese,
                                    struct problems *problems)
{
    const struct yaml_node *value = yaml_get(mapping, english), *other = yaml_get(mapping, chinese);
    if (value && other)
        yaml_problem(other, problems, "%s and %s are the same key: write one of them", english, chinese);
    return value ? value : other;
}
