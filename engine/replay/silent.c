#include "replay/silent.h"

#include "base/check.h"
#include "base/member.h"
#include "replay/identity.h"

const struct rule *silent_rule(const struct rule_set *rules, const char *id)
{
    for (unsigned r = 0; r < rules->count; r++)
        if (rules->rules[r].standing && strcmp(rules->rules[r].id, id) == 0)
            return &rules->rules[r];
    return NULL;
}

static const json_t *evidence_of(const json_t *message)
{
    return json_object_get(json_object_get(message, "data"), "evidence");
}

json_t *silent_told(const json_t *message, const char *source)
{
    size_t i;
    json_t *entry;
    json_array_foreach(evidence_of(message), i, entry)
    {
        json_t *heard = json_object_get(entry, "heard");
        if (heard && strcmp(member_text(heard, "source"), source) == 0)
            return heard;
    }
    return NULL;
}

uint64_t silent_sources(const struct catalogue *catalogue, const json_t *message)
{
    uint64_t silent = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(evidence_of(message), i, entry)
    {
        int source = catalogue_find_source(catalogue, str_of(member_text(json_object_get(entry, "heard"), "source")));
        if (source >= 0 && member_number(entry, "value"))
            silent |= UINT64_C(1) << source;
    }
    return silent;
}

static bool is_told(const struct rule *rule, const struct catalogue *catalogue, const json_t *message)
{
    for (unsigned t = 0; t < rule->term_count; t++)
        if (!silent_told(message, catalogue_source(catalogue, rule->terms[t].source)))
            return false;
    return true;
}

static unsigned level_named(const struct rule_set *rules, const char *name)
{
    unsigned level = rules->level_count;
    while (level > 0 && strcmp(rules->level_name[level], name) != 0)
        level--;
    return level;
}

bool silent_judge(struct judgement *j, struct past *past, const struct rule_set *rules, const json_t *reached, const json_t *last)
{
    const struct config *config = past_config(past);
    const json_t *data = json_object_get(reached, "data"), *end = json_object_get(last, "data");
    const struct rule *rule = silent_rule(rules, member_text(data, "rule"));
    struct str code = str_of(member_text(json_object_get(data, "subject"), "code"));
    uint32_t region = registry_find(config->registry, code);
    unsigned level = level_named(rules, member_text(data, "level"));
    int64_t opened = member_time(data, "opened_at"), ended = member_time(end, "ended_at");
    *j = (struct judgement){.past = past, .rules = rules};
    if (!rule || region == REGION_NONE || !level || opened == INT64_MIN || !is_told(rule, config->catalogue, reached))
        return false;
    j->alerts = xcalloc(1, sizeof *j->alerts);
    j->count = 1;
    j->alerts[0] = (struct past_alert){
        .rule = (unsigned)(rule - rules->rules),
        .subject = past_subject_key(SUBJECT_DISTRICT, code, region, CATEGORY_NONE),
        .code = xstrndup(code.at, code.len),
        .highest = level,
        .opened_minute = opened / 60,
        .opened_at = opened,
        .ended_minute = ended == INT64_MIN ? MINUTE_NEVER : ended / 60,
        .region = region,
    };
    past_alert_name(j, &j->alerts[0]);
    return true;
}
