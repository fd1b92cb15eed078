/* What a rule's thresholds are on a subject at a minute: its table's, then the periods of the calendar; and when
 * it is in force. Worlds are at +00:00, so that a date changes where a minute is a multiple of 1440. */
#include "model_priv.h"

enum { DAY = 1440 };

/* worlds' only periods, see world_language.c, by the bits that the calendar gives them: in the order of their names */
static bool in_period(unsigned bit, int64_t day)
{
    const int64_t twelfth = 20465; /* of January 2026 */
    return bit == 0 ? day == twelfth + 1 : day >= twelfth - 42 && day <= twelfth + 2;
}

/* the smallest region of the table that the subject is, or lies in */
static int64_t from_table(const struct model *m, const struct rule *rule, const struct model_subject *s, unsigned atom)
{
    const struct registry *registry = m->world->config->registry;
    int64_t threshold = rule->atoms[atom].threshold;
    unsigned deepest = 0;
    for (unsigned i = 0; i < rule->override_count; i++) {
        const struct rule_override *o = &rule->overrides[i];
        const char *code = registry_region(registry, o->region)->code;
        /* codes of worlds are those of what they lie in and a digit more */
        unsigned depth = (unsigned)strlen(code);
        if (o->atom == atom && strncmp(s->code, code, depth) == 0 && depth > deepest) {
            deepest = depth;
            threshold = o->threshold;
        }
    }
    return threshold;
}

static bool is_multiplied(const struct rule *rule, const struct atom *atom)
{
    const struct term *t = &rule->terms[atom->term];
    return !atom->at_most && !atom->fixed && t->kind == TERM_MEASURE &&
           (t->measure == MEASURE_EVENTS || t->measure == MEASURE_CALLERS || t->measure == MEASURE_INVOLVED);
}

/* worlds' thresholds and multipliers are small */
static int64_t in_periods(const struct rule *rule, int64_t threshold, int64_t day)
{
    int64_t under = 1;
    for (unsigned i = 0; i < rule->during_count; i++)
        for (unsigned bit = 0; bit < 2; bit++)
            if (rule->during[i].periods >> bit & 1 && in_period(bit, day)) {
                threshold *= rule->during[i].multiplier;
                under *= 1000;
            }
    if (under == 1)
        return threshold;
    int64_t up = (threshold + under - 1) / under;
    return up < 1 ? 1 : up;
}

void model_thresholds(const struct model *m, const struct rule *rule, const struct model_subject *s, int64_t minute,
                      int64_t *thresholds)
{
    for (unsigned a = 0; a < rule->atom_count; a++) {
        thresholds[a] = from_table(m, rule, s, a);
        if (is_multiplied(rule, &rule->atoms[a]))
            thresholds[a] = in_periods(rule, thresholds[a], minute / DAY);
    }
}

bool model_in_force(const struct rule *rule, int64_t minute)
{
    return minute >= rule->valid_from && minute < rule->valid_to;
}

bool model_has_dates(const struct rule *rule)
{
    return rule->during_count || rule->valid_from != INT64_MIN || rule->valid_to != INT64_MAX;
}
