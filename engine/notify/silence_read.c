#include "handle/message.h"
#include "notify/silence.h"

#include <stdio.h>

static const char matchers[] = "rule, region, category, subject or level, one at least, and nothing else";

/* An unknown one is refused: without it the silence would hold more than was meant. */
static bool check_matchers(const struct message *m, const json_t *what)
{
    static const char *const known[] = {"rule", "region", "category", "subject", "level"};
    size_t given = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        given += json_object_get(what, known[i]) != NULL;
    if (!json_is_object(what) || !given || given != json_object_size(what))
        return message_refuse(m, DECODE_BAD_FIELD, "silence", matchers);
    return true;
}

static bool add_rule(struct silence *s, const json_t *rule)
{
    const char *id = json_string_value(rule);
    size_t len = strlen(s->rules), more = json_string_length(rule);
    if (!id || !more || strlen(id) != more || strchr(id, '\n') || len + more + 2 > sizeof s->rules)
        return false;
    snprintf(s->rules + len, sizeof s->rules - len, "%s%s", len ? "\n" : "", id);
    return true;
}

static bool read_rules(const struct message *m, const json_t *rule, struct silence *s)
{
    bool good = !json_is_array(rule) || json_array_size(rule) > 0;
    size_t i;
    json_t *one;
    json_array_foreach(rule, i, one) good = good && add_rule(s, one);
    if (rule && !json_is_array(rule))
        good = add_rule(s, rule);
    return good || message_refuse(m, DECODE_BAD_FIELD, "silence.rule",
                                  "the id of a rule, or a list of them, of 1000 bytes at most");
}

static bool read_region(const struct message *m, const json_t *region, const struct registry *registry, struct silence *s)
{
    struct str text = {json_string_value(region), json_string_length(region)};
    if (!region)
        return true;
    if (text.len)
        s->region = registry_find(registry, text);
    if (text.len && !s->region)
        s->region = registry_find_name(registry, text);
    return s->region || message_refuse(m, DECODE_UNKNOWN_REGION, "silence.region",
                                       "the code of a region, or a name that no other has");
}

static bool read_category(const struct message *m, const json_t *category, const struct catalogue *catalogue,
                          struct silence *s)
{
    struct str text = {json_string_value(category), json_string_length(category)};
    if (!category)
        return true;
    if (text.len)
        s->category = catalogue_find_category(catalogue, text);
    return s->category || message_refuse(m, DECODE_UNKNOWN_CATEGORY, "silence.category",
                                         "the path of a category, such as labour or labour.wage_arrears");
}

static bool read_level(const struct message *m, const json_t *level, const struct rule_context *words, struct silence *s)
{
    if (!level)
        return true;
    const char *word = json_string_value(level);
    s->level = word ? rule_level_named(word, words) : 0;
    return s->level || message_refuse(m, DECODE_BAD_FIELD, "silence.level", "the name of a level, such as orange");
}

static bool read_what(const struct message *m, const struct rule_context *words, struct silence *s)
{
    const json_t *what = json_object_get(m->data, "silence");
    struct message within = {.event = m->event, .data = what, .refusal = m->refusal};
    return check_matchers(m, what) && read_rules(m, json_object_get(what, "rule"), s) &&
           read_region(m, json_object_get(what, "region"), words->registry, s) &&
           read_category(m, json_object_get(what, "category"), words->catalogue, s) &&
           message_text(&within, "subject", s->subject, sizeof s->subject) &&
           (*s->subject || !json_object_get(what, "subject") ||
            message_refuse(m, DECODE_BAD_FIELD, "silence.subject", "the code of a subject, as an alert says it")) &&
           read_level(m, json_object_get(what, "level"), words, s);
}

static bool read_author(const struct message *m, struct silence *s)
{
    if (!message_role(m, s->by_role) || !message_unit(m, "unit", s->unit) || !message_at(m, &s->at))
        return false;
    if (!*s->by_role || !*s->unit)
        return message_refuse(m, DECODE_MISSING_FIELD, *s->unit ? "by_role" : "unit", "who says so: by_role and unit");
    return true;
}

static bool read_reason(const struct message *m, struct silence *s)
{
    int reason = silence_reason_parse(message_word(m, "reason"));
    if (reason < 0)
        return message_refuse(m, message_word(m, "reason").len ? DECODE_BAD_FIELD : DECODE_MISSING_FIELD, "reason",
                              "planned, known, maintenance, drill, duplicate or other");
    s->reason = (enum silence_reason)reason;
    return true;
}

static bool read_times(const struct message *m, struct silence *s)
{
    s->from = s->at;
    if (!message_time(m, "from", &s->from) || !message_time(m, "until", &s->until))
        return false;
    if (!s->until)
        return message_refuse(m, DECODE_MISSING_FIELD, "until", "when it ends");
    if (s->until <= s->from || s->until <= s->at || s->until - s->from > SILENCE_LONGEST_S)
        return message_refuse(m, DECODE_BAD_TIME, "until", "a time after `from` and `at`, by 30 days at most");
    return true;
}

static bool read_end(const struct message *m, struct silence *s)
{
    return message_text(m, "silence_end", s->ends, sizeof s->ends) &&
           (*s->ends || message_refuse(m, DECODE_MISSING_FIELD, "silence_end", "the id of a silence"));
}

enum silence_found silence_read(struct str text, int64_t now_ms, int64_t skew_s, const struct rule_context *words,
                                struct silence *s, struct refusal *refusal)
{
    struct message opened = {.now_ms = now_ms, .skew_s = skew_s, .refusal = refusal}, *m = &opened;
    enum silence_found found = SILENCE_NONE;
    *s = (struct silence){0};
    if (message_open(m, text)) {
        bool ends = json_object_get(m->data, "silence_end") != NULL;
        const char *type = json_string_value(json_object_get(m->event, "type"));
        if (ends || json_object_get(m->data, "silence") || (type && strcmp(type, "gov.risk.silence") == 0)) {
            bool good = message_id(m, s->id) && read_author(m, s);
            good = good && (ends ? read_end(m, s) : read_what(m, words, s) && read_reason(m, s) && read_times(m, s));
            found = good ? SILENCE_SAID : SILENCE_WRONG;
        }
    }
    message_close(m);
    return found;
}
