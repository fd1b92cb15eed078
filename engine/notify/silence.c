#include "notify/silence.h"

#include "base/check.h"
#include "base/log.h"
#include "base/member.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const reasons[][2] = {
#define X(name, word, chinese) {word, chinese},
    SILENCE_REASON_TABLE(X)
#undef X
};

const char *silence_reason_word(enum silence_reason reason)
{
    return reasons[reason][0];
}

const char *silence_reason_word_zh(enum silence_reason reason)
{
    return reasons[reason][1];
}

int silence_reason_parse(struct str word)
{
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (str_eq(word, str_of(reasons[i][0])) || str_eq(word, str_of(reasons[i][1])))
            return (int)i;
    return -1;
}

void silences_free(struct silences *s)
{
    free(s->all);
    *s = (struct silences){0};
}

/* ---- taking ---- */

static struct silence *find(const struct silences *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->all[i].id, id) == 0)
            return &s->all[i];
    return NULL;
}

static struct silence *add(struct silences *s, const struct silence *silence)
{
    s->all = xrealloc(s->all, (s->count + 1) * sizeof *s->all);
    s->all[s->count] = *silence;
    return &s->all[s->count++];
}

/* takes an id off the front; false: there is none left */
static bool next_rule(const char **list, struct str *id)
{
    id->at = *list;
    id->len = strcspn(*list, "\n");
    *list += id->len + ((*list)[id->len] == '\n');
    return id->len > 0;
}

static bool known_rules(const struct rule_set *rules, const char *list)
{
    for (struct str id; next_rule(&list, &id);) {
        unsigned r = 0;
        while (r < rules->count && !str_eq(id, str_of(rules->rules[r].id)))
            r++;
        if (r == rules->count)
            return false;
    }
    return true;
}

static size_t count_of(const struct silences *s, bool early)
{
    size_t found = 0;
    for (size_t i = 0; i < s->count; i++)
        found += s->all[i].early == early;
    return found;
}

/* The same end twice is doubled; another end of what is over changes nothing. */
static enum answer end_early(struct silence *silence, const struct silence *message, const struct silence **stored)
{
    if (strcmp(silence->ends, message->id) == 0)
        return ANSWER_DOUBLED;
    if (message->at >= silence->until)
        return ANSWER_NO_EFFECT;
    silence->until = message->at;
    memcpy(silence->ends, message->id, sizeof silence->ends);
    *stored = silence;
    return silence->early ? ANSWER_NO_EFFECT : ANSWER_TAKEN;
}

/* Two partitions have no order: the silence may be yet to come.  These have a room of their own, so that whoever ends what
 * never was takes no silence's place. */
static enum answer end_unknown(struct silences *s, const struct silence *message, const struct silence **stored)
{
    struct silence end = *message;
    if (count_of(s, true) == EARLY_ENDS_MAX)
        return ANSWER_UNKNOWN_SILENCE;
    memcpy(end.id, message->ends, sizeof end.id);
    memcpy(end.ends, message->id, sizeof end.ends);
    end.from = end.until = message->at;
    end.early = true;
    *stored = add(s, &end);
    return ANSWER_NO_EFFECT;
}

/* it came after its end: what would have been left of it in the other order */
static const struct silence *begin_late(struct silence *end, const struct silence *message)
{
    struct silence silence = *message;
    if (end->until < silence.until) {
        silence.until = end->until;
        memcpy(silence.ends, end->ends, sizeof silence.ends);
    }
    *end = silence;
    return end;
}

enum answer silences_take(struct silences *s, const struct silence *message, const struct rule_set *rules,
                          const struct silence **stored)
{
    struct silence *silence = find(s, *message->ends ? message->ends : message->id);
    *stored = NULL;
    if (*message->ends)
        return silence ? end_early(silence, message, stored) : end_unknown(s, message, stored);
    if (silence && !silence->early)
        return ANSWER_DOUBLED;
    if (!known_rules(rules, message->rules))
        return ANSWER_UNKNOWN_RULE;
    if (count_of(s, false) == SILENCES_MAX)
        return ANSWER_TOO_MANY;
    *stored = silence ? begin_late(silence, message) : add(s, message);
    return ANSWER_TAKEN;
}

/* ---- asking ---- */

static bool of_rule(const char *list, const char *rule)
{
    bool any = !*list;
    for (struct str id; !any && next_rule(&list, &id);)
        any = str_eq(id, str_of(rule));
    return any;
}

static bool holds(const struct silence *s, const struct asked *asked, const struct candidate *c, int64_t now_s)
{
    const unsigned highest = s->level ? s->level : asked->rules->level_count - 1;
    if (now_s < s->from || now_s >= s->until || c->level > highest || !of_rule(s->rules, c->rule->id))
        return false;
    if (!registry_contains(asked->registry, s->region, c->region))
        return false;
    if (*s->subject && !candidate_is_of(asked, c, s->subject))
        return false;
    return catalogue_contains(asked->catalogue, s->category, candidate_category(asked, c));
}

const struct silence *silences_hold(const struct silences *s, const struct asked *asked, const struct candidate *c,
                                    int64_t now_s)
{
    const struct silence *first = NULL;
    for (size_t i = 0; i < s->count; i++) {
        if (!holds(&s->all[i], asked, c, now_s))
            continue;
        if (c->before->cause == HOLD_SILENCED && strcmp(c->before->by, s->all[i].id) == 0)
            return &s->all[i];
        first = first ? first : &s->all[i];
    }
    return first;
}

int64_t silences_next(const struct silences *s, int64_t now_s)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        const int64_t edges[] = {s->all[i].from, s->all[i].until, s->all[i].until + SILENCE_KEPT_S};
        for (size_t e = 0; e < COUNT(edges); e++)
            if (edges[e] > now_s && edges[e] < next)
                next = edges[e];
    }
    return next;
}

bool silences_forget(struct silences *s, int64_t now_s, char id[DISPOSITION_TEXT])
{
    size_t i = 0;
    while (i < s->count && s->all[i].until + SILENCE_KEPT_S > now_s)
        i++;
    if (i == s->count)
        return false;
    memcpy(id, s->all[i].id, DISPOSITION_TEXT);
    memmove(&s->all[i], &s->all[i + 1], (s->count - i - 1) * sizeof *s->all);
    s->count--;
    return true;
}

/* ---- keeping ---- */

json_t *silence_json(const struct silence *s, const struct asked *asked)
{
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:s}", "id", s->id, "from", (json_int_t)s->from, "until",
                             (json_int_t)s->until, "at", (json_int_t)s->at, "reason", silence_reason_word(s->reason));
    json_t *rules = json_array();
    CHECK(json && rules);
    const char *list = s->rules;
    for (struct str id; next_rule(&list, &id);)
        json_array_append_new(rules, json_stringn(id.at, id.len));
    if (*s->rules)
        json_object_set(json, "rules", rules);
    json_decref(rules);
    if (s->region)
        member_put_text(json, "region", registry_region(asked->registry, s->region)->code);
    if (s->category)
        member_put_text(json, "category", catalogue_category(asked->catalogue, s->category)->path);
    if (s->level)
        member_put_text(json, "level", asked->rules->level_name[s->level]);
    member_put_text(json, "subject", s->subject);
    member_put_text(json, "by_role", s->by_role);
    member_put_text(json, "unit", s->unit);
    member_put_text(json, "ended_by", s->ends);
    if (s->early)
        json_object_set_new(json, "early", json_true());
    return json;
}

static void put(char *out, size_t size, const json_t *json, const char *name)
{
    snprintf(out, size, "%s", member_text(json, name));
}

static bool rules_restore(struct silence *s, const json_t *rules)
{
    size_t len = 0, i;
    json_t *id;
    json_array_foreach(rules, i, id)
    {
        int put = snprintf(s->rules + len, sizeof s->rules - len, "%s%s", i ? "\n" : "", json_string_value(id));
        if (put < 0 || (len += (size_t)put) >= sizeof s->rules)
            return false;
    }
    return true;
}

static bool names_restore(struct silence *s, const json_t *json, const struct asked *asked)
{
    const char *region = member_text(json, "region"), *category = member_text(json, "category"),
               *level = member_text(json, "level");
    s->region = registry_find(asked->registry, str_of(region));
    s->category = catalogue_find_category(asked->catalogue, str_of(category));
    for (unsigned l = 1; l <= asked->rules->level_count; l++)
        if (strcmp(level, asked->rules->level_name[l]) == 0)
            s->level = l;
    return (!*region || s->region) && (!*category || s->category) && (!*level || s->level);
}

bool silences_restore(struct silences *silences, const json_t *json, const struct asked *asked)
{
    int reason = silence_reason_parse(str_of(member_text(json, "reason")));
    struct silence s = {.from = member_number(json, "from"),
                        .until = member_number(json, "until"),
                        .at = member_number(json, "at"),
                        .early = json_is_true(json_object_get(json, "early"))};
    put(s.id, sizeof s.id, json, "id");
    put(s.ends, sizeof s.ends, json, "ended_by");
    put(s.subject, sizeof s.subject, json, "subject");
    put(s.by_role, sizeof s.by_role, json, "by_role");
    put(s.unit, sizeof s.unit, json, "unit");
    if (!*s.id || reason < 0 || !rules_restore(&s, json_object_get(json, "rules")))
        return false;
    s.reason = (enum silence_reason)reason;
    if (!names_restore(&s, json, asked)) {
        log_line(LOG_WARNING, "recover", "silence %s is of what is not configured any more, and holds nothing", s.id);
        s.from = s.until;
    }
    add(silences, &s);
    return true;
}
