#include "report/trial.h"

#include "base/check.h"
#include "replay/difference.h"

#include <stdlib.h>

/* ---- rules with other thresholds ---- */

static bool same_place(const struct rule_override *a, const struct rule_override *b)
{
    return a->region == b->region && a->atom == b->atom;
}

struct rule_set *rule_set_with(const struct rule_set *rules, const struct rule *rule, const struct rule_override *more,
                               unsigned count)
{
    size_t set_size = sizeof(struct rule_set), rules_size = rules->count * sizeof(struct rule);
    unsigned kept = 0;
    struct rule_set *set = xmalloc(set_size + rules_size + (rule->override_count + count) * sizeof *more);
    struct rule *copies = (struct rule *)(void *)((char *)set + set_size), *edited = &copies[rule - rules->rules];
    struct rule_override *overrides = (struct rule_override *)(void *)((char *)copies + rules_size);
    *set = *rules;
    memcpy(copies, rules->rules, rules_size);
    for (unsigned i = 0; i < rule->override_count; i++) {
        bool replaced = false;
        for (unsigned m = 0; m < count; m++)
            replaced |= same_place(&rule->overrides[i], &more[m]);
        if (!replaced)
            overrides[kept++] = rule->overrides[i];
    }
    memcpy(overrides + kept, more, count * sizeof *more);
    set->rules = copies;
    edited->overrides = overrides;
    edited->override_count = kept + count;
    return set;
}

static bool is_another(const void *arg, const struct rule *rule)
{
    return strcmp(((const struct rule *)arg)->id, rule->id) != 0;
}

void trial_judge(const struct trial *t, const struct rule_set *rules, struct judgement *j)
{
    const struct judging how = {.leaves_out = is_another, .leaves_out_arg = t->rule, .alerts_max = SIZE_MAX};
    judge_within(j, t->past, rules, &how);
}

/* ---- what the thresholds are ---- */

static int64_t atom_step(int64_t now, int64_t unit)
{
    int64_t tenth = now / 10 / unit * unit;
    return tenth > unit ? tenth : unit;
}

/* the least threshold on the same term of a level above; INT64_MAX: there is none */
static int64_t next_level(const struct rule *rule, unsigned level, const struct atom *atom, const int64_t *thresholds)
{
    int64_t least = INT64_MAX;
    for (unsigned l = level + 1; l <= LEVELS_MAX; l++)
        for (unsigned i = 0; i < rule->level[l].count; i++) {
            unsigned a = rule->level[l].steps[i].atom;
            if (rule->level[l].steps[i].op == OP_ATOM && rule->atoms[a].term == atom->term && !rule->atoms[a].at_most &&
                thresholds[a] < least)
                least = thresholds[a];
        }
    return least;
}

static void stand(const struct trial *t, unsigned level, uint8_t atom, struct street *s)
{
    const struct registry *registry = past_config(t->past)->registry;
    int64_t thresholds[ATOMS_MAX];
    int lines[ATOMS_MAX];
    rule_overrides_on(t->rule, registry, s->region, lines);
    for (unsigned a = 0; a < t->rule->atom_count; a++)
        thresholds[a] = lines[a] >= 0 ? t->rule->overrides[lines[a]].threshold : t->rule->atoms[a].threshold;
    s->now = thresholds[atom];
    s->below = next_level(t->rule, level, &t->rule->atoms[atom], thresholds);
    s->line = 0;
    if (lines[atom] >= 0 && t->rule->overrides[lines[atom]].region == s->region)
        s->line = t->rule->overrides[lines[atom]].line;
}

/* ---- trying ---- */

struct street *trial_street(const struct trial *t, const struct judgement *j, const struct past_alert *a)
{
    uint32_t region = past_alert_street(j, a);
    for (size_t i = 0; i < t->street_count; i++)
        if (region != REGION_NONE && t->streets[i].region == region)
            return &t->streets[i];
    return NULL;
}

struct tally {
    size_t verified_gone, gone, unjudged_gone, appeared;
    int64_t later_s;
};

static bool is_same(const struct past_alert *a, const struct past_alert *b)
{
    return a->subject.kind == b->subject.kind && a->subject.each == b->subject.each && strcmp(a->code, b->code) == 0 &&
           a->opened_minute <= b->ended_minute && b->opened_minute <= a->ended_minute;
}

/* by how much the verified ones would have opened later, at most */
static void tally_delays(const struct trial *t, const struct judgement *after, struct tally *tallies)
{
    for (size_t i = 0; i < t->before.count; i++) {
        const struct past_alert *b = &t->before.alerts[i];
        const struct street *s = t->verdicts[i] == VERIFIED ? trial_street(t, &t->before, b) : NULL;
        size_t n = 0;
        while (s && n < after->count && !is_same(b, &after->alerts[n]))
            n++;
        if (s && n < after->count && after->alerts[n].opened_at - b->opened_at > tallies[s - t->streets].later_s)
            tallies[s - t->streets].later_s = after->alerts[n].opened_at - b->opened_at;
    }
}

static void tally_all(const struct trial *t, const struct judgement *after, struct tally *tallies)
{
    struct differences d;
    differences_find(&d, &t->before, after, INT64_MIN);
    for (size_t i = 0; i < d.count; i++) {
        bool gone = d.all[i].kind == DIFFERENCE_GONE;
        if (!gone && d.all[i].kind != DIFFERENCE_NEW)
            continue;
        const struct street *s =
            gone ? trial_street(t, &t->before, d.all[i].before) : trial_street(t, after, d.all[i].after);
        if (!s)
            continue;
        struct tally *tally = &tallies[s - t->streets];
        enum verdict verdict = gone ? t->verdicts[d.all[i].before - t->before.alerts] : UNJUDGED;
        tally->appeared += !gone;
        tally->verified_gone += gone && verdict == VERIFIED;
        tally->gone += gone && verdict == FALSE_ALARM;
        tally->unjudged_gone += gone && verdict == UNJUDGED;
    }
    differences_clear(&d);
}

static void weigh(const struct trial *t, struct street *s, const struct tally *tally, unsigned level, uint8_t atom,
                  int64_t threshold)
{
    int64_t more = t->rule->atoms[atom].more;
    s->going &= tally->verified_gone == 0; /* what is gone does not come back as the threshold rises */
    if (!s->going || tally->gone <= s->best.gone)
        return;
    s->best = (struct suggestion){.rule = t->rule,
                                  .street = s->region,
                                  .level = level,
                                  .atom = atom,
                                  .now = s->now - more,
                                  .threshold = threshold - more,
                                  .line = s->line,
                                  .verified = s->verified,
                                  .kept = s->verified,
                                  .false_alarms = s->false_alarms,
                                  .gone = tally->gone,
                                  .unjudged = s->unjudged,
                                  .unjudged_gone = tally->unjudged_gone,
                                  .appeared = tally->appeared,
                                  .later_s = tally->later_s};
}

/* All streets in one replay: what one has for a threshold changes nothing in another.  false: none goes any further. */
static bool try_step(struct trial *t, unsigned level, uint8_t atom, int step)
{
    struct rule_override *more = xcalloc(t->street_count + 1, sizeof *more);
    struct tally *tallies = xcalloc(t->street_count + 1, sizeof *tallies);
    int64_t unit = term_unit(&t->rule->terms[t->rule->atoms[atom].term]);
    unsigned count = 0;
    for (size_t i = 0; i < t->street_count; i++) {
        struct street *s = &t->streets[i];
        int64_t threshold = s->now + step * atom_step(s->now, unit);
        s->going &= threshold < s->below;
        if (s->going)
            more[count++] = (struct rule_override){s->region, atom, threshold, 0};
    }
    if (count) {
        struct rule_set *rules = rule_set_with(t->rules, t->rule, more, count);
        struct judgement after;
        trial_judge(t, rules, &after);
        tally_all(t, &after, tallies);
        tally_delays(t, &after, tallies);
        judgement_clear(&after);
        free(rules);
    }
    for (unsigned m = 0; m < count; m++)
        for (size_t i = 0; i < t->street_count; i++)
            if (t->streets[i].region == more[m].region)
                weigh(t, &t->streets[i], &tallies[i], level, atom, more[m].threshold);
    free(tallies);
    free(more);
    return count > 0;
}

static bool can_differ(const struct rule *rule, uint8_t atom)
{
    const struct atom *a = &rule->atoms[atom];
    return !a->at_most && !a->fixed && rule->terms[a->term].kind == TERM_MEASURE;
}

/* a line of the table is of all comparisons of the level with its measure: of one alone, or it would say more than
 * was tried */
static bool is_alone(const struct rule *rule, const struct expression *e, uint8_t atom)
{
    unsigned same = 0;
    for (unsigned i = 0; i < e->count; i++) {
        uint8_t other = e->steps[i].atom;
        if (e->steps[i].op != OP_ATOM || !can_differ(rule, other))
            continue;
        const struct term *x = &rule->terms[rule->atoms[atom].term], *y = &rule->terms[rule->atoms[other].term];
        same += x->selection == y->selection && x->measure == y->measure;
    }
    return same == 1;
}

void trial_run(struct trial *t)
{
    unsigned level = 1;
    while (level < LEVELS_MAX && !t->rule->level[level].count)
        level++;
    const struct expression *e = &t->rule->level[level];
    for (unsigned i = 0; i < e->count; i++) {
        uint8_t atom = e->steps[i].atom;
        if (e->steps[i].op != OP_ATOM || !can_differ(t->rule, atom) || !is_alone(t->rule, e, atom))
            continue;
        for (size_t s = 0; s < t->street_count; s++) {
            stand(t, level, atom, &t->streets[s]);
            t->streets[s].going = true;
        }
        for (int step = 1; step <= STEPS_MAX && try_step(t, level, atom, step); step++)
            ;
    }
}
