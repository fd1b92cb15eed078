/* Which subject a rule sees a fact under, and what names it. */
#include "count/generation_priv.h"

uint64_t subject_key(uint64_t chain, uint16_t each)
{
    return each == CATEGORY_NONE ? chain : chain ^ (each * UINT64_C(0xd6e8feb86659fd93));
}

static struct subject subject_make(enum subject_kind kind, uint64_t chain, uint32_t region, uint16_t each)
{
    return (struct subject){kind, subject_key(chain, each), chain, region, each};
}

struct subject subject_of_neighbour(const struct subject *subject, uint32_t region)
{
    return subject_make(subject->kind, subject_of_region(region), region, subject->each);
}

struct subject subject_of_root(const struct subject *subject, uint64_t root)
{
    return subject_make(subject->kind, subject_of_matter(root), REGION_NONE, subject->each);
}

static uint64_t respondent_of(struct fact_view *f)
{
    if (!f->respondent_known) {
        struct str respondent = ledger_text(f->ledger, f->ref).respondent;
        f->respondent = respondent.len ? subject_of_respondent(respondent) : 0;
        f->respondent_known = true;
    }
    return f->respondent;
}

struct subject scheme_subject(const struct scheme *s, struct fact_view *f)
{
    uint16_t each = s->category ? s->category[f->category] : CATEGORY_NONE;
    if (s->category && each == CATEGORY_NONE)
        return (struct subject){.kind = SUBJECT_NONE};
    for (unsigned i = 0; i < s->per_count; i++) {
        enum subject_kind kind = s->per[i];
        if (kind == SUBJECT_RESPONDENT && respondent_of(f))
            return subject_make(kind, f->respondent, REGION_NONE, each);
        if (kind == SUBJECT_MATTER && f->matter)
            return subject_make(kind, subject_of_matter(f->matter), REGION_NONE, each);
        uint32_t at = s->region[i] ? s->region[i][f->region] : REGION_NONE;
        if (at != REGION_NONE)
            return subject_make(kind, subject_of_region(at), at, each);
    }
    return (struct subject){.kind = SUBJECT_NONE};
}

struct subject rule_subject(const struct generation *g, const struct rule *rule, const struct ledger *ledger,
                            fact_ref ref, uint32_t region, uint16_t category)
{
    struct fact_view f = {.ledger = ledger, .ref = ref, .region = region, .category = category,
                          .matter = ledger_fact(ledger, ref)->matter};
    return scheme_subject(&g->schemes[g->rules[rule - g->in.rules->rules].scheme], &f);
}
