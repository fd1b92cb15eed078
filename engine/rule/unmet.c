/* What no event can ever meet, or is forgotten before the rule has done with it, judged by what the sources' mappings
 * can make.  Only warnings: a mapping may be about to learn what the rule asks for.  Of several reasons the first is
 * told, in the order in which an event fails. */
#include "rule/rule_priv.h"

#include "decode/offer.h"

/* Does the source offer what the selection asks of it? */
typedef bool test_of_offer(const struct rule *, const struct selection *, const struct offer *);

static bool has_kind(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)rule;
    return s->kinds & offer->kinds;
}

static bool has_tags(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)rule;
    return !(s->tags_all & ~offer->tags) && (!s->tags_any || s->tags_any & offer->tags);
}

static bool has_category(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)rule;
    for (unsigned i = 0; i < s->category_count; i++)
        if (offer_has_category(offer, s->category[i].first, s->category[i].last))
            return true;
    return s->category_count == 0;
}

static bool has_subject(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)s;
    for (unsigned i = 0; i < rule->per_count; i++)
        if (rule->per[i] == SUBJECT_RESPONDENT   ? offer->respondents
            : rule->per[i] == SUBJECT_MATTER     ? offer->matters
                                                 : true)
            return true;
    return false;
}

/* to be known by what else happened to it */
static bool has_matter(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)rule;
    (void)s;
    return offer->matters;
}

static bool has_readings(const struct rule *rule, const struct selection *s, const struct offer *offer)
{
    (void)rule;
    return s->kinds & offer->kinds & 1u << EVENT_READING;
}

static uint64_t keep(uint64_t sources, test_of_offer *test, const struct rule *rule, const struct selection *s,
                     const struct rule_context *context)
{
    for (unsigned i = 0; i < SOURCES_MAX; i++)
        if (sources >> i & 1 && !test(rule, s, context->offers[i]))
            sources &= ~(UINT64_C(1) << i);
    return sources;
}

/* the value of the key, or what it stands in */
static const struct yaml_node *place_of(const struct yaml_node *mapping, enum rule_key key, struct problems *problems)
{
    const struct yaml_node *value = rule_get(mapping, key, problems);
    return value ? value : mapping;
}

/* Which sources have events for the selection, what has to come before them aside?  A warning if none has. */
static uint64_t judge_selection(const struct rule *rule, unsigned selection, const struct rule_places *places,
                                const struct rule_context *context, struct problems *problems)
{
    const struct selection *s = &rule->selections[selection];
    const struct yaml_node *node = yaml_value(places->let, selection);
    unsigned count = catalogue_source_count(context->catalogue);
    uint64_t all = count == SOURCES_MAX ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t of_kind = keep(s->sources & all, has_kind, rule, s, context);
    uint64_t tagged = keep(of_kind, has_tags, rule, s, context);
    uint64_t meant = keep(tagged, has_category, rule, s, context);
    bool counted = rule->used >> selection & 1; /* others are only asked for by after and unless, whatever their subject */
    uint64_t left = counted ? keep(meant, has_subject, rule, s, context) : meant;
    if (!of_kind)
        yaml_warning(place_of(node, KEY_KIND, problems), problems,
                     "%s: none of its sources reports events of this kind, so it stays at 0", s->name);
    else if (!tagged)
        yaml_warning(place_of(node, s->tags_all ? KEY_TAG : KEY_ANY_TAG, problems), problems,
                     "%s: none of its sources gives these tags, so it stays at 0", s->name);
    else if (!meant)
        yaml_warning(place_of(node, KEY_CATEGORY, problems), problems,
                     "%s: none of its sources reports this category, so it stays at 0", s->name);
    else if (!left)
        yaml_warning(place_of(places->rule, KEY_PER, problems), problems,
                     "%s: none of its sources names such a subject, so it stays at 0", s->name);
    return left;
}

/* Those of them that can follow what `after` names, or be overdue: both are asked of a matter. */
static uint64_t judge_past(const struct rule *rule, unsigned selection, const uint64_t sources[SELECTIONS_MAX],
                           const struct rule_places *places, const struct rule_context *context,
                           struct problems *problems)
{
    const struct selection *s = &rule->selections[selection];
    const struct yaml_node *node = yaml_value(places->let, selection);
    if (!sources[selection] || (s->after == SELECTION_NONE && !s->overdue))
        return sources[selection];
    enum rule_key key = s->after == SELECTION_NONE ? KEY_OVERDUE : KEY_SEL_AFTER;
    uint64_t left = keep(sources[selection], has_matter, rule, s, context);
    if (!left)
        yaml_warning(place_of(node, key, problems), problems,
                     "%s: none of its sources names a matter, so nothing came before and it stays at 0", s->name);
    if (!left || s->after == SELECTION_NONE ||
        keep(sources[s->after], has_matter, rule, &rule->selections[s->after], context))
        return left;
    if (sources[s->after]) /* else that has been said of it */
        yaml_warning(place_of(node, key, problems), problems,
                     "%s: none of the sources of %s names a matter, so it stays at 0", s->name,
                     rule->selections[s->after].name);
    return 0;
}

/* Readings may be kept for a shorter time than other facts: a rule that takes both finds tickets alone before that. */
static void judge_readings(const struct rule *rule, unsigned selection, uint64_t sources,
                           const struct rule_places *places, const struct rule_context *context,
                           struct problems *problems)
{
    const struct selection *s = &rule->selections[selection];
    int64_t kept = context->readings_retention_s, needed = rule_needed_s(rule);
    if (needed > kept && keep(sources, has_readings, rule, s, context))
        yaml_warning(yaml_key(places->let, selection), problems,
                     "%s takes readings, which are kept for %lld minutes only: within, how much earlier it looks, "
                     "clear.after and raise_within make %lld",
                     s->name, (long long)kept / 60, (long long)needed / 60);
}

static bool has_measure(const struct rule_context *context, uint64_t sources, enum measure measure)
{
    for (unsigned i = 0; i < SOURCES_MAX; i++) {
        const struct offer *offer = sources >> i & 1 ? context->offers[i] : NULL;
        if (offer && (measure == MEASURE_CALLERS      ? offer->callers
                      : measure == MEASURE_INVOLVED   ? offer->involved
                      : measure_of_values(measure)    ? offer->values
                                                      : true))
            return true;
    }
    return false;
}

/* the most regions that adjacent() can find: the subject's and its neighbours */
static unsigned most_around(const struct rule *rule, const struct registry *registry)
{
    unsigned most = 0;
    for (uint32_t i = 1; i <= registry_count(registry); i++) {
        const struct region *region = registry_region(registry, i);
        for (unsigned k = 0; k < rule->per_count; k++)
            if ((enum subject_kind)region->level == rule->per[k] && region->neighbour_count + 1 > most)
                most = region->neighbour_count + 1;
    }
    return most;
}

/* may adjacent() reach its threshold? */
static bool judge_adjacent(const struct rule *rule, unsigned atom, const struct rule_places *places,
                           const struct rule_context *context, struct problems *problems)
{
    unsigned most = most_around(rule, context->registry);
    if (rule->atoms[atom].threshold <= most)
        return true;
    for (unsigned level = 1; level <= context->level_count; level++)
        for (unsigned i = 0; i < rule->level[level].count; i++)
            if (rule->level[level].steps[i].op == OP_ATOM && rule->level[level].steps[i].atom == atom)
                yaml_warning(places->level[level], problems,
                             "adjacent() (邻近) is %u at most: no region of this level has more neighbours in the registry",
                             most);
    return false;
}

static bool can_hold(const struct expression *, uint64_t met);

/* Bits of the atoms that may hold: all but those that some event would have to raise and none can. */
static uint64_t judge_atoms(const struct rule *rule, const uint64_t sources[SELECTIONS_MAX],
                            const struct rule_places *places, const struct rule_context *context,
                            struct problems *problems)
{
    uint64_t met = 0;
    uint32_t said = 0;
    for (unsigned i = 0; i < rule->atom_count; i++) {
        const struct atom *atom = &rule->atoms[i];
        const struct term *term = &rule->terms[atom->term];
        uint32_t selection = UINT32_C(1) << term->selection;
        bool free = atom->at_most || term->kind == TERM_SCORE || term->kind == TERM_SILENT ||
                    term->selection >= rule->let_count;
        if (!free && term->kind == TERM_ADJACENT) { /* its own atoms come before it */
            bool met_around = judge_adjacent(rule, i, places, context, problems) && can_hold(term->inner, met);
            met |= (uint64_t)met_around << i;
        } else if (!free && (term->kind == TERM_BOTH || term->kind == TERM_SHARE) && !sources[term->other]) {
            continue; /* and that has been said */
        } else if (free || has_measure(context, sources[term->selection], term->measure)) {
            met |= UINT64_C(1) << i;
        } else if (sources[term->selection] && !(said & selection)) {
            said |= selection;
            yaml_warning(yaml_key(places->let, term->selection), problems,
                         "%s.%s: none of its sources gives what this counts, so it stays at 0",
                         rule->selections[term->selection].name, measure_word(term->measure));
        }
    }
    return met;
}

static bool can_hold(const struct expression *e, uint64_t met)
{
    bool stack[EXPRESSION_MAX];
    unsigned top = 0;
    for (unsigned i = 0; i < e->count; i++) {
        const struct step *step = &e->steps[i];
        if (step->op == OP_ATOM) {
            stack[top++] = met >> step->atom & 1;
        } else {
            top--;
            stack[top - 1] = step->op == OP_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
        }
    }
    return top && stack[0];
}

void rule_warn_unmet(const struct rule *rule, const struct rule_places *places, const struct rule_context *context,
                     struct problems *problems)
{
    uint64_t sources[SELECTIONS_MAX], left[SELECTIONS_MAX];
    bool any = false, holds[LEVELS_MAX + 1] = {false};
    if (!context->offers || !context->registry || rule->standing)
        return;
    for (unsigned i = 0; i < rule->let_count; i++)
        sources[i] = judge_selection(rule, i, places, context, problems);
    for (unsigned i = 0; i < rule->let_count; i++)
        left[i] = judge_past(rule, i, sources, places, context, problems);
    for (unsigned i = 0; i < rule->let_count; i++)
        judge_readings(rule, i, left[i], places, context, problems);
    uint64_t met = judge_atoms(rule, left, places, context, problems);
    for (unsigned level = 1; level <= context->level_count; level++)
        any |= holds[level] = can_hold(&rule->level[level], met);
    if (!any) {
        yaml_warning(places->rule, problems, "the rule %s can never fire", rule->id);
        return;
    }
    for (unsigned level = 1; level <= context->level_count; level++)
        if (places->level[level] && !holds[level])
            yaml_warning(places->level[level], problems, "the level %s can never be reached",
                         context->level_names[level - 1]);
}
