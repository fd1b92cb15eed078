#include "report/trial.h"

#include "base/buffer.h"
#include "base/check.h"

#include <stdlib.h>

enum { THOUSAND = 1000 };

/* ---- what was judged ---- */

static bool is_judged(const struct account *a)
{
    return account_verified(a) || account_false(a);
}

static void take_verdicts(struct trial *t, struct suggestions *found, const struct account *const *alerts, size_t count)
{
    t->verdicts = xcalloc(t->before.count + 1, sizeof *t->verdicts);
    for (size_t i = 0; i < count; i++) {
        if (!is_judged(alerts[i]) || strcmp(alerts[i]->identity.rule, t->rule->id) != 0)
            continue;
        const struct past_alert *a = identity_among(&t->before, &alerts[i]->identity);
        found->made += a != NULL;
        /* of two that are one in the past, what was verified stays so */
        if (a && t->verdicts[a - t->before.alerts] != VERIFIED)
            t->verdicts[a - t->before.alerts] = account_verified(alerts[i]) ? VERIFIED : FALSE_ALARM;
    }
}

static int by_region(const void *x, const void *y)
{
    const struct street *a = x, *b = y;
    return (a->region > b->region) - (a->region < b->region);
}

static void find_streets(struct trial *t)
{
    t->streets = xcalloc(t->before.count + 1, sizeof *t->streets);
    for (size_t i = 0; i < t->before.count; i++) {
        uint32_t region = past_alert_street(&t->before, &t->before.alerts[i]);
        struct street *s = trial_street(t, &t->before, &t->before.alerts[i]);
        if (region == REGION_NONE)
            continue;
        if (!s) {
            s = &t->streets[t->street_count++];
            s->region = region;
        }
        s->verified += t->verdicts[i] == VERIFIED;
        s->false_alarms += t->verdicts[i] == FALSE_ALARM;
        s->unjudged += t->verdicts[i] == UNJUDGED;
    }
    size_t supported = 0;
    for (size_t i = 0; i < t->street_count; i++)
        if (t->streets[i].false_alarms && t->streets[i].verified + t->streets[i].false_alarms >= SUPPORT_MIN)
            t->streets[supported++] = t->streets[i];
    t->street_count = supported;
    if (supported)
        qsort(t->streets, supported, sizeof *t->streets, by_region);
}

static void suggest_for(struct suggestions *found, struct past *past, const struct rule_set *rules,
                        const struct rule *rule, const struct account *const *alerts, size_t count)
{
    struct trial t = {.past = past, .rules = rules, .rule = rule};
    trial_judge(&t, rules, &t.before);
    take_verdicts(&t, found, alerts, count);
    find_streets(&t);
    if (t.street_count)
        trial_run(&t);
    for (size_t i = 0; i < t.street_count; i++) {
        if (!t.streets[i].best.gone)
            continue;
        found->all = xrealloc(found->all, (found->count + 1) * sizeof *found->all);
        found->all[found->count++] = t.streets[i].best;
    }
    free(t.streets);
    free(t.verdicts);
    judgement_clear(&t.before);
}

static size_t judged_of(const struct rule *rule, const struct account *const *alerts, size_t count)
{
    size_t judged = 0;
    for (size_t i = 0; i < count; i++)
        judged += is_judged(alerts[i]) && strcmp(alerts[i]->identity.rule, rule->id) == 0;
    return judged;
}

void suggestions_find(struct suggestions *found, struct past *past, const struct rule_set *rules,
                      const struct account *const *alerts, size_t count)
{
    *found = (struct suggestions){0};
    for (unsigned r = 0; r < rules->count; r++) {
        const struct rule *rule = &rules->rules[r];
        size_t judged = judged_of(rule, alerts, count);
        if (rule->life != LIFE_ACTIVE || !rule_of_regions(rule) || rule->standing)
            continue;
        found->judged += judged;
        if (judged)
            suggest_for(found, past, rules, rule, alerts, count);
    }
}

void suggestions_clear(struct suggestions *found)
{
    free(found->all);
    *found = (struct suggestions){0};
}

/* ---- as a line of the table ---- */

void suggestion_measure(const struct suggestion *s, bool chinese, struct buffer *out)
{
    const struct term *term = &s->rule->terms[s->rule->atoms[s->atom].term];
    buffer_printf(out, "%s.%s", s->rule->selections[term->selection].name,
                  chinese ? measure_word_zh(term->measure) : measure_word(term->measure));
}

void suggestion_number(const struct suggestion *s, int64_t threshold, struct buffer *out)
{
    int64_t thousandths = threshold * THOUSAND / term_unit(&s->rule->terms[s->rule->atoms[s->atom].term]);
    buffer_printf(out, "%lld", (long long)(thousandths / THOUSAND));
    int rest = (int)(thousandths % THOUSAND), digits = 3;
    for (; rest && rest % 10 == 0; rest /= 10)
        digits--;
    if (rest)
        buffer_printf(out, ".%0*d", digits, rest);
}

const char *suggestion_street(const struct suggestion *s, const struct registry *registry)
{
    const struct region *street = registry_region(registry, s->street);
    return registry_find_name(registry, str_of(street->name)) == s->street ? street->name : street->code;
}
