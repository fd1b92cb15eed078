#include "handle/disposition.h"

#include "handle/message.h"

enum { INVOLVED_MAX = 1000000 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const outcomes[][2] = {
#define X(name, word, chinese) {word, chinese},
    OUTCOME_TABLE_SAID(X)
#undef X
};
static const char *const causes[][2] = {
#define X(name, word, chinese) {word, chinese},
    CAUSE_TABLE(X)
#undef X
};

const char *said_outcome_word(enum said_outcome outcome)
{
    return outcomes[outcome][0];
}

const char *cause_word(enum cause cause)
{
    return causes[cause][0];
}

const char *cause_word_zh(enum cause cause)
{
    return causes[cause][1];
}

static int find(struct str word, const char *const words[][2], size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (str_eq(word, str_of(words[i][0])) || str_eq(word, str_of(words[i][1])))
            return (int)i;
    return -1;
}

int said_outcome_parse(struct str word)
{
    return find(word, outcomes, COUNT(outcomes));
}

int cause_parse(struct str word)
{
    return find(word, causes, COUNT(causes));
}

bool act_names_unit(enum act act)
{
    return act != ACT_EXTENDED && act != ACT_FALSE_ALARM && act != ACT_REOPENED;
}

/* ---- the message ---- */

static bool read_alert(const struct message *m, struct disposition *d)
{
    if (!message_text(m, "alert_id", d->alert, sizeof d->alert))
        return false;
    if (!*d->alert)
        return message_refuse(m, DECODE_MISSING_FIELD, "alert_id", "the id of an alert");
    if (strlen(d->alert) != DISPOSITION_ALERT - 1 || strspn(d->alert, "0123456789abcdef") != DISPOSITION_ALERT - 1)
        return message_refuse(m, DECODE_BAD_FIELD, "alert_id", "32 hexadecimal digits");
    return true;
}

static bool read_act(const struct message *m, struct disposition *d)
{
    struct str word = message_word(m, "action");
    int act = act_said(word);
    if (!word.len)
        return message_refuse(m, DECODE_MISSING_FIELD, "action", "what was done, such as signed");
    if (act < 0)
        return message_refuse(m, DECODE_UNKNOWN_KIND, "action",
                              "signed, dispatched, arrived, returned, transferred, added_unit, extended, closed, "
                              "false_alarm or reopened");
    d->act = (enum act)act;
    return true;
}

static bool read_words(const struct message *m, struct disposition *d)
{
    struct str outcome = message_word(m, "outcome"), reason = message_word(m, "reason");
    int said = outcome.len ? said_outcome_parse(outcome) : SAID_NONE, cause = reason.len ? cause_parse(reason) : CAUSE_NONE;
    if (said < 0)
        return message_refuse(m, DECODE_BAD_FIELD, "outcome", "verified, false or mediated");
    if (cause < 0)
        return message_refuse(m, DECODE_BAD_FIELD, "reason",
                              "not_ours, duplicate, misclassified, wrong_grid, already_known, test_data or "
                              "below_concern");
    d->outcome = (enum said_outcome)said;
    d->reason = (enum cause)cause;
    return true;
}

static bool read_level(const struct message *m, const struct rule_context *levels, struct disposition *d)
{
    return message_text(m, "actual_level", d->actual_level, sizeof d->actual_level) &&
           (!*d->actual_level || rule_level_named(d->actual_level, levels) ||
            message_refuse(m, DECODE_BAD_FIELD, "actual_level", "the name of a level, such as orange"));
}

static bool read_involved(const struct message *m, struct disposition *d)
{
    const json_t *value = json_object_get(m->data, "involved");
    json_int_t number = json_integer_value(value);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value) || number < 0 || number > INVOLVED_MAX)
        return message_refuse(m, DECODE_BAD_NUMBER, "involved", "a number of people");
    d->involved = (uint32_t)number;
    return true;
}

/* what only some acts need */
static bool check(const struct message *m, const struct disposition *d)
{
    if (act_names_unit(d->act) && !*d->unit)
        return message_refuse(m, DECODE_MISSING_FIELD, "unit", "the unit that did it");
    if (d->act == ACT_TRANSFERRED && !*d->to)
        return message_refuse(m, DECODE_MISSING_FIELD, "to", "the unit that it was transferred to");
    if (d->act == ACT_TRANSFERRED && strcmp(d->to, d->unit) == 0)
        return message_refuse(m, DECODE_BAD_FIELD, "to", "another unit");
    if (d->act == ACT_EXTENDED && d->until <= d->at)
        return message_refuse(m, d->until ? DECODE_BAD_TIME : DECODE_MISSING_FIELD, "until",
                              "the new limit for closing, after `at`");
    return true;
}

bool disposition_read(struct str text, int64_t now_ms, int64_t skew_s, const struct rule_context *levels, struct disposition *out,
                      struct refusal *refusal)
{
    struct message opened = {.now_ms = now_ms, .skew_s = skew_s, .refusal = refusal}, *m = &opened;
    *out = (struct disposition){0};
    bool good = message_open(m, text) && message_id(m, out->id) && read_alert(m, out) && read_act(m, out) &&
                message_unit(m, "unit", out->unit) && message_unit(m, "to", out->to) && message_role(m, out->by_role) &&
                read_words(m, out) && read_level(m, levels, out) && read_involved(m, out) &&
                message_at(m, &out->at) && message_time(m, "until", &out->until) && check(m, out);
    message_close(m);
    return good;
}
