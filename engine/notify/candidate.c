#include "notify/candidate.h"

#include "rule/routing.h"

uint16_t candidate_category(const struct asked *asked, const struct candidate *c)
{
    return c->each != CATEGORY_NONE ? c->each : rule_category(asked->rules, c->rule);
}

bool candidate_is_of(const struct asked *asked, const struct candidate *c, const char *code)
{
    static const char pseudonym[] = "pseudonym-"; /* as alert/sentence.c makes it: of the alert's first 8 characters */
    if (c->kind != SUBJECT_RESPONDENT)
        return str_eq(c->code, str_of(code));
    const struct organisation *known = catalogue_find_organisation(asked->catalogue, c->code);
    if (known)
        return strcmp(known->code, code) == 0;
    size_t prefix = sizeof pseudonym - 1;
    return strlen(code) == prefix + 8 && memcmp(code, pseudonym, prefix) == 0 && memcmp(code + prefix, c->id, 8) == 0;
}
