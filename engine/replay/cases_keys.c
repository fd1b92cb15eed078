/* The words of rule tests, in both languages, and their times. */
#include "replay/cases_priv.h"

#include "replay/moment.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct yaml_word keys[] = {
#define X(name, english, chinese, place) {english, chinese, place},
    CASE_KEY_TABLE(X)
#undef X
};

const struct yaml_node *case_get(const struct yaml_node *mapping, enum case_key key, struct problems *problems)
{
    return yaml_get_word(mapping, &keys[key], problems);
}

const struct yaml_node *case_need(const struct yaml_node *mapping, enum case_key key, struct problems *problems)
{
    return yaml_need_word(mapping, &keys[key], problems);
}

void case_keys_only(const struct yaml_node *mapping, int place, struct problems *problems)
{
    yaml_only_words(mapping, keys, COUNT(keys), place, problems);
}

/* the text of a duration behind "+", as yaml_duration reads it */
static bool after(const struct yaml_node *node, struct str text, int64_t *seconds)
{
    struct problems none = {0};
    struct yaml_node duration = *node;
    duration.text = text;
    *seconds = yaml_duration(&duration, "", 0, INT64_C(400) * 86400, -1, &none);
    problems_clear(&none);
    return *seconds >= 0;
}

static bool on_another_day(const struct case_reader *r, const struct yaml_node *node, int64_t *seconds)
{
    char days[24];
    int64_t day, clock;
    const char *text = node->text.at, *space = strchr(text, ' ');
    if (*text != '+' || !space || (size_t)(space - text) >= sizeof days)
        return false;
    memcpy(days, text + 1, (size_t)(space - text) - 1);
    days[space - text - 1] = '\0';
    if (!after(node, str_of(days), &day) || day % 86400 || !moment_read_clock(str_of(space + 1), &clock))
        return false;
    *seconds = r->day_s + day + clock;
    return true;
}

bool case_time(const struct case_reader *r, const struct yaml_node *node, const int64_t *before, int64_t *seconds)
{
    int64_t number;
    bool scalar = node->kind == YAML_SCALAR;
    if (scalar && moment_read_clock(node->text, &number)) {
        *seconds = r->day_s + number;
        return true;
    }
    if (scalar && on_another_day(r, node, seconds))
        return true;
    if (scalar && before && *node->text.at == '+' && after(node, str_of(node->text.at + 1), &number)) {
        *seconds = *before + number;
        return true;
    }
    if (scalar && moment_read(node->text, r->file->config->utc_offset_s, seconds))
        return true;
    if (before)
        yaml_problem(node, r->problems,
                     "expected a time: 08:00, +1d 08:00 (the next day), 2026-01-12 08:00, or +5m (after the event before)");
    else
        yaml_problem(node, r->problems, "expected a time: 08:00, +1d 08:00 (the next day), 2026-01-12 08:00");
    return false;
}

void case_unknown(const struct case_reader *r, const struct yaml_node *node, const char *what, const char *word,
                  const char *const *known, size_t count)
{
    const char *near = nearest_word(word, known, count);
    if (near)
        yaml_problem(node, r->problems, "no %s %s; did you mean %s?", problem_word(r->problems, what), word, near);
    else
        yaml_problem(node, r->problems, "no %s %s", problem_word(r->problems, what), word);
}
