/* Subjects of alerts: how the ledger keys them, and how they may be shown. */
#include "replay/judge.h"

#include <sodium.h>
#include <stdio.h>

struct subject past_subject_key(enum subject_kind kind, struct str code, uint32_t region, uint16_t each)
{
    uint64_t chain = kind == SUBJECT_RESPONDENT ? subject_of_respondent(code)
                     : kind == SUBJECT_MATTER   ? subject_of_matter(matter_key(code))
                                                : subject_of_region(region);
    return (struct subject){kind, subject_key(chain, each), chain, kind > SUBJECT_MICRO_GRID ? REGION_NONE : region,
                            each};
}

uint32_t past_alert_street(const struct judgement *j, const struct past_alert *a)
{
    const struct registry *registry = past_config(j->past)->registry;
    return a->region == REGION_NONE ? REGION_NONE : registry_region(registry, a->region)->ancestor[REGION_STREET];
}

static uint32_t pseudonym(const struct config *config, const char *code)
{
    static const unsigned char none[crypto_shorthash_KEYBYTES];
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const unsigned char *)code, strlen(code), config->actor_keys ? config->actor_keys : none);
    return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

void past_subject_of(const struct config *config, struct subject subject, const char *code, bool as_code,
                     char out[PAST_SUBJECT_SIZE])
{
    const char *shown = code;
    if (subject.kind == SUBJECT_RESPONDENT) {
        const struct organisation *known = catalogue_find_organisation(config->catalogue, str_of(code));
        if (!known) {
            uint32_t number = pseudonym(config, code);
            snprintf(out, PAST_SUBJECT_SIZE, as_code ? "pseudonym-%08x" : "某被反映方%08x", (unsigned)number);
            return;
        }
        shown = as_code ? known->code : known->name;
    } else if (subject.region != REGION_NONE && !as_code) {
        shown = registry_region(config->registry, subject.region)->name;
    }
    snprintf(out, PAST_SUBJECT_SIZE, "%s", shown);
}

void past_subject(const struct judgement *j, const struct past_alert *a, bool code, char out[PAST_SUBJECT_SIZE])
{
    past_subject_of(past_config(j->past), a->subject, a->code, code, out);
}
