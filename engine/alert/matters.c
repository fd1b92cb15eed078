#include "alert/matters.h"

#include "base/check.h"
#include "count/generation.h"

#include <stdlib.h>

struct refs {
    fact_ref *at;
    size_t count, capacity;
};

/* of a matter, and all that it is one with or linked to */
struct course {
    fact_ref first[SELECTIONS_MAX]; /* by selection that others ask for: the first of the facts that it takes */
    struct refs due, handling;      /* in order: what has a due time; what closed or reopened it */
};

/* Beyond it what is known is forgotten: several times as many matters as can be one, so that what is forgotten was worth its
 * while. */
enum { KNOWN_MAX = 1 << 15 };

struct rule_courses {
    const struct ledger *ledger;
    const struct rule_set *rules;
    const struct rule *rule;
    uint32_t asked; /* selections (bits) that others ask for */
    bool overdue;
    struct tally known; /* by matter: the number of its course, from 1 */
    struct course *all;
    size_t count, capacity;
};

struct matters matters_begin(const struct ledger *ledger, const struct rule_set *rules)
{
    return (struct matters){.rules = rules, .roots = {.ledger = ledger}};
}

static void courses_forget(struct rule_courses *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->all[i].due.at);
        free(p->all[i].handling.at);
    }
    free(p->all);
    tally_free(&p->known);
    free(p);
}

static void matters_forget(struct matters *matters)
{
    for (unsigned r = 0; matters->of_rule && r < matters->rules->count; r++)
        if (matters->of_rule[r])
            courses_forget(matters->of_rule[r]);
    free(matters->of_rule);
    matters->of_rule = NULL;
    matters->known = 0;
}

void matters_end(struct matters *matters)
{
    roots_free(&matters->roots);
    matters_forget(matters);
}

static struct rule_courses *rule_courses(struct matters *matters, unsigned number)
{
    if (!matters->of_rule)
        matters->of_rule = xcalloc(matters->rules->count, sizeof *matters->of_rule);
    if (matters->of_rule[number])
        return matters->of_rule[number];
    const struct rule *rule = &matters->rules->rules[number];
    struct rule_courses *p = matters->of_rule[number] = xcalloc(1, sizeof *p);
    *p = (struct rule_courses){.ledger = matters->roots.ledger, .rules = matters->rules, .rule = rule};
    for (unsigned s = 0; s < rule->selection_count; s++) {
        const struct selection *selection = &rule->selections[s];
        if (selection->after != SELECTION_NONE)
            p->asked |= UINT32_C(1) << selection->after;
        if (selection->unless != SELECTION_NONE)
            p->asked |= UINT32_C(1) << selection->unless;
        p->overdue |= selection->overdue;
    }
    return p;
}

/* ---- what happened to the matter ---- */

static void refs_add(struct refs *refs, fact_ref ref)
{
    if (refs->count == refs->capacity) {
        refs->capacity = refs->capacity ? refs->capacity * 2 : 4;
        refs->at = xrealloc(refs->at, refs->capacity * sizeof *refs->at);
    }
    refs->at[refs->count++] = ref;
}

static int in_order(const void *x, const void *y, void *ledger)
{
    return ledger_order(ledger, *(const fact_ref *)x, *(const fact_ref *)y);
}

static void refs_sort(struct refs *refs, const struct ledger *ledger)
{
    if (refs->count > 1)
        qsort_r(refs->at, refs->count, sizeof *refs->at, in_order, (void *)(uintptr_t)ledger);
}

/* a fact belongs to the course that was begun last */
static bool gather_fact(void *arg, fact_ref ref)
{
    struct rule_courses *p = arg;
    struct course *course = &p->all[p->count - 1];
    const struct fact *fact = ledger_fact(p->ledger, ref);
    if (fact->kind >= EVENT_KINDS || !fact_committed(fact))
        return true;
    struct standing standing = ledger_standing(p->ledger, ref);
    if (!standing.live)
        return true;
    for (uint32_t left = p->asked; left; left &= left - 1) {
        unsigned s = (unsigned)__builtin_ctz(left);
        if (selection_takes(p->rules, &p->rule->selections[s], fact, standing.category) &&
            (!course->first[s] || ledger_before(p->ledger, ref, course->first[s])))
            course->first[s] = ref;
    }
    if (p->overdue && ledger_text(p->ledger, ref).due_at)
        refs_add(&course->due, ref);
    if (p->overdue && (fact->kind == EVENT_CLOSED || fact->kind == EVENT_REOPENED))
        refs_add(&course->handling, ref);
    return true;
}

static void gather_matter(void *arg, uint64_t matter)
{
    struct rule_courses *p = arg;
    if (tally_add(&p->known, matter))
        *tally_at(&p->known, matter) = (uint32_t)p->count;
    /* to the end: what was carried on is in a later span than it is of */
    ledger_walk(p->ledger, subject_of_matter(matter), INT64_MIN, INT64_MAX, gather_fact, p);
}

static const struct course *course_of(struct matters *matters, unsigned rule, uint64_t matter)
{
    if (matters->known >= KNOWN_MAX)
        matters_forget(matters);
    struct rule_courses *p = rule_courses(matters, rule);
    uint32_t number = *tally_at(&p->known, matter), known = p->known.distinct;
    if (number)
        return &p->all[number - 1];
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? p->capacity * 2 : 4;
        p->all = xrealloc(p->all, p->capacity * sizeof *p->all);
    }
    struct course *course = &p->all[p->count++];
    *course = (struct course){0};
    ledger_related(p->ledger, matter, gather_matter, p);
    refs_sort(&course->due, p->ledger);
    refs_sort(&course->handling, p->ledger);
    matters->known += p->known.distinct - known;
    return course;
}

/* ---- what of it comes before a fact ---- */

/* Facts of one event stand side by side in the order, so if the first that was taken is of the fact's own event, none is
 * earlier. */
static bool precedes(const struct ledger *ledger, fact_ref ref, fact_ref of)
{
    return ref && ledger_before(ledger, ref, of) && !ledger_same_event(ledger, ref, of);
}

static fact_ref last_before(const struct ledger *ledger, const struct refs *refs, fact_ref of)
{
    size_t low = 0, high = refs->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (precedes(ledger, refs->at[middle], of))
            low = middle + 1;
        else
            high = middle;
    }
    return low ? refs->at[low - 1] : 0;
}

static bool is_overdue(const struct ledger *ledger, const struct course *course, fact_ref of)
{
    fact_ref due = last_before(ledger, &course->due, of), handling = last_before(ledger, &course->handling, of);
    return due && ledger_text(ledger, due).due_at < (int64_t)ledger_fact(ledger, of)->occurred_at &&
           !(handling && ledger_fact(ledger, handling)->kind == EVENT_CLOSED);
}

static bool selection_allows(const struct ledger *ledger, const struct course *course, const struct selection *s, fact_ref of)
{
    return (s->after == SELECTION_NONE || precedes(ledger, course->first[s->after], of)) &&
           (s->unless == SELECTION_NONE || !precedes(ledger, course->first[s->unless], of)) &&
           (!s->overdue || is_overdue(ledger, course, of));
}

uint32_t matters_allow(struct matters *matters, unsigned rule, uint32_t takes, fact_ref of)
{
    static const struct course nothing;
    const struct ledger *ledger = matters->roots.ledger;
    const struct course *course = NULL;
    uint64_t matter = ledger_fact(ledger, of)->matter;
    uint32_t allowed = takes;
    for (uint32_t left = takes; left; left &= left - 1) {
        unsigned s = (unsigned)__builtin_ctz(left);
        const struct selection *selection = &matters->rules->rules[rule].selections[s];
        if (!selection_asks_matter(selection))
            continue;
        if (!course)
            course = matter ? course_of(matters, rule, matter) : &nothing;
        if (!selection_allows(ledger, course, selection, of))
            allowed &= ~(UINT32_C(1) << s);
    }
    return allowed;
}
