/* Petitions are few among all facts: they are gathered once, and each alert looks through them. */
#include "report/lead.h"

#include "base/check.h"
#include "base/civil.h"
#include "rule/routing.h"

#include <stdlib.h>

struct petition {
    int64_t at;
    uint64_t matter, respondent; /* 0: none */
    uint32_t region;
    uint16_t category;
    bool collective;
};

struct petitions {
    struct past *past;
    unsigned source;
    uint32_t collective; /* bits of the tags of a collective visit; 0: the configuration has none */
    struct petition *all; /* by time */
    size_t count, capacity;
};

static uint32_t tag_bit(const struct catalogue *catalogue, struct str name)
{
    int tag = catalogue_find_tag(catalogue, name);
    return tag < 0 ? 0 : UINT32_C(1) << tag;
}

static bool gather(void *arg, fact_ref ref)
{
    struct petitions *p = arg;
    const struct ledger *ledger = past_ledger(p->past);
    const struct fact *fact = ledger_fact(ledger, ref);
    bool received = fact->kind == EVENT_CREATED || fact->kind == EVENT_CALLED_AGAIN;
    if (!received || fact->source != p->source || fact->key == 0 || !fact_committed(fact))
        return true;
    struct standing standing = ledger_standing(ledger, ref);
    if (!standing.live)
        return true;
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 256;
        p->all = xrealloc(p->all, p->capacity * sizeof *p->all);
    }
    struct str respondent = ledger_text(ledger, ref).respondent;
    bool collective = p->collective && (fact->tags & p->collective) == p->collective;
    p->all[p->count++] = (struct petition){.at = fact->occurred_at,
                                           .matter = fact->matter,
                                           .respondent = respondent.len ? subject_of_respondent(respondent) : 0,
                                           .region = standing.region,
                                           .category = standing.category,
                                           .collective = collective};
    return true;
}

static int by_time(const void *x, const void *y)
{
    const struct petition *a = x, *b = y;
    return (a->at > b->at) - (a->at < b->at);
}

/* ---- what an alert is about ---- */

enum { RELATED_MAX = 256 };

struct about {
    enum subject_kind kind;
    uint32_t first, last;  /* regions */
    uint64_t respondent;
    uint64_t matters[RELATED_MAX];
    unsigned matter_count;
    uint16_t category, category_last; /* CATEGORY_NONE: any */
    int64_t from_s;                   /* before it, nothing that the rule looked at */
};

static void add_matter(void *arg, uint64_t matter)
{
    struct about *about = arg;
    if (about->matter_count < RELATED_MAX)
        about->matters[about->matter_count++] = matter;
}

/* One that is not in the register is known by the event that opened the alert alone. */
static uint64_t respondent_of(const struct petitions *p, const struct account *a)
{
    const struct config *config = past_config(p->past);
    const struct ledger *ledger = past_ledger(p->past);
    const struct organisation *known = catalogue_find_organisation(config->catalogue, str_of(a->identity.subject));
    if (known)
        return subject_of_respondent(str_of(known->code));
    int source = catalogue_find_source(config->catalogue, str_of(a->crossed_source));
    fact_ref ref = source < 0 ? 0 : ledger_find(ledger, (unsigned)source, str_of(a->identity.crossed_id));
    struct str respondent = ref ? ledger_text(ledger, ref).respondent : (struct str){0};
    return respondent.len ? subject_of_respondent(respondent) : 0;
}

static bool find_subject(const struct petitions *p, const struct account *a, struct about *about)
{
    const struct config *config = past_config(p->past);
    if (strcmp(a->subject_kind, subject_kind_word(SUBJECT_RESPONDENT)) == 0) {
        about->kind = SUBJECT_RESPONDENT;
        about->respondent = respondent_of(p, a);
        return about->respondent != 0;
    }
    if (strcmp(a->subject_kind, subject_kind_word(SUBJECT_MATTER)) == 0) {
        about->kind = SUBJECT_MATTER;
        ledger_related(past_ledger(p->past), matter_key(str_of(a->identity.subject)), add_matter, about);
        return true;
    }
    about->kind = SUBJECT_DISTRICT;
    about->first = registry_find(config->registry, str_of(a->identity.subject));
    about->last = about->first == REGION_NONE ? 0 : registry_region(config->registry, about->first)->last;
    return about->first != REGION_NONE;
}

static const struct rule *rule_of(const struct rule_set *rules, const char *id)
{
    for (unsigned r = 0; r < rules->count; r++)
        if (strcmp(rules->rules[r].id, id) == 0)
            return &rules->rules[r];
    return NULL;
}

/* false: it is not known what to look for */
static bool find_about(const struct petitions *p, const struct account *a, struct about *about)
{
    const struct config *config = past_config(p->past);
    const struct rule *rule = rule_of(config->rules, a->identity.rule);
    *about = (struct about){0};
    if (!rule || rule->standing || a->told_at == ACCOUNT_NEVER)
        return false;
    about->category = *a->identity.each ? catalogue_find_category(config->catalogue, str_of(a->identity.each))
                                        : rule_category(config->rules, rule);
    if (*a->identity.each && about->category == CATEGORY_NONE)
        return false;
    about->category_last = about->category ? catalogue_category(config->catalogue, about->category)->last : 0;
    about->from_s = span_before(config->rules, rule->windows[0].within, a->told_at);
    return a->told_at >= past_report(p->past).oldest && find_subject(p, a, about);
}

static bool is_about(const struct petition *petition, const struct about *about)
{
    if (about->category && (petition->category < about->category || petition->category > about->category_last))
        return false;
    if (about->kind == SUBJECT_RESPONDENT)
        return petition->respondent == about->respondent;
    if (about->kind != SUBJECT_MATTER)
        return petition->region >= about->first && petition->region <= about->last;
    for (unsigned i = 0; petition->matter && i < about->matter_count; i++)
        if (petition->matter == about->matters[i])
            return true;
    return false;
}

/* ---- the first of them ---- */

static struct lead lead_to(int64_t at, int64_t told_at)
{
    return at <= told_at ? (struct lead){LEAD_FIRST, 0} : (struct lead){LEAD_AHEAD, at - told_at};
}

static struct leads leads_of(const struct petitions *p, const struct account *a)
{
    struct about about;
    struct leads leads = {{LEAD_NONE, 0}, {p->collective ? LEAD_NONE : LEAD_UNKNOWN, 0}};
    if (!find_about(p, a, &about))
        return (struct leads){{LEAD_UNKNOWN, 0}, {LEAD_UNKNOWN, 0}};
    for (size_t i = 0; i < p->count && p->all[i].at <= a->told_at + (int64_t)LEAD_DAYS * CIVIL_DAY_S; i++) {
        const struct petition *petition = &p->all[i];
        if (petition->at <= about.from_s || !is_about(petition, &about))
            continue;
        if (leads.petition.kind == LEAD_NONE)
            leads.petition = lead_to(petition->at, a->told_at);
        if (leads.collective.kind == LEAD_NONE && petition->collective)
            leads.collective = lead_to(petition->at, a->told_at);
    }
    return leads;
}

struct leads *leads_find(struct past *past, unsigned source, const struct account *const *alerts, size_t count)
{
    const struct catalogue *catalogue = past_config(past)->catalogue;
    struct petitions p = {.past = past, .source = source};
    if (tag_bit(catalogue, STR("collective")))
        p.collective = tag_bit(catalogue, STR("collective")) | tag_bit(catalogue, STR("visit"));
    for (struct ledger_scan scan = {0}; ledger_scan(past_ledger(past), SHELF_FACTS, &scan, gather, &p);)
        ;
    if (p.count)
        qsort(p.all, p.count, sizeof *p.all, by_time);
    struct leads *leads = xcalloc(count + 1, sizeof *leads);
    for (size_t i = 0; i < count; i++)
        leads[i] = leads_of(&p, alerts[i]);
    free(p.all);
    return leads;
}
