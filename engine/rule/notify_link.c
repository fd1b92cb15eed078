/* `notify`, once all rules are known: what it names, and whether alerts would hold one another in a circle. */
#include "rule/notify_rules.h"
#include "rule/routing.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/key.h"

#include <stdlib.h>

static void clear_list(struct rule_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->all[i].id);
    free(list->all);
}

void notify_rules_destroy(struct notify_rules **pointer)
{
    struct notify_rules *n = *pointer;
    *pointer = NULL;
    if (!n)
        return;
    for (unsigned i = 0; i < n->inhibit_count; i++) {
        clear_list(&n->inhibit[i].when);
        clear_list(&n->inhibit[i].holds);
    }
    free(n->inhibit);
    free(n->file);
    free(n);
}

bool rule_list_has(const struct rule_list *list, const struct rule_set *set, const struct rule *rule)
{
    for (unsigned i = 0; i < list->count; i++)
        if (&set->rules[list->all[i].rule] == rule)
            return true;
    return false;
}

/* ---- names ---- */

static const char *rule_near(const struct rule_set *set, const char *id)
{
    const char **known = xcalloc(set->count + 1, sizeof *known);
    for (unsigned r = 0; r < set->count; r++)
        known[r] = set->rules[r].id ? set->rules[r].id : "";
    const char *near = nearest_word(id, known, set->count);
    free(known);
    return near;
}

static void link_list(struct rule_list *list, const char *file, const struct rule_set *set, struct problems *problems)
{
    for (unsigned i = 0; i < list->count; i++) {
        struct named_rule *named = &list->all[i];
        unsigned r = 0;
        while (r < set->count && (!set->rules[r].id || strcmp(set->rules[r].id, named->id) != 0))
            r++;
        named->rule = (uint16_t)r;
        if (r < set->count)
            continue;
        const char *near = rule_near(set, named->id);
        if (near)
            problem_add(problems, file, named->line, named->col, "no rule has the id %s; did you mean %s?", named->id,
                        near);
        else
            problem_add(problems, file, named->line, named->col, "no rule has the id %s", named->id);
    }
}

void notify_rules_link(struct notify_rules *n, const struct rule_set *set, struct problems *problems)
{
    for (unsigned i = 0; i < n->inhibit_count; i++) {
        link_list(&n->inhibit[i].when, n->file, set, problems);
        link_list(&n->inhibit[i].holds, n->file, set, problems);
    }
}

/* ---- circles ---- */

/* may an alert of the rule be of the category? */
static bool may_be_of(const struct rule_set *set, const struct rule *rule, uint16_t category)
{
    const uint16_t last = catalogue_category(set->catalogue, category)->last;
    uint16_t common = rule_category(set, rule);
    if (!rule->each)
        return common >= category && common <= last;
    for (unsigned s = 0; s < rule->let_count; s++) {
        const struct selection *selection = &rule->selections[s];
        if (!selection->category_count)
            return true;
        for (unsigned i = 0; i < selection->category_count; i++)
            if (selection->category[i].first <= last && selection->category[i].last >= category)
                return true;
    }
    return false;
}

static bool may_hold(const struct inhibition *inhibition, const struct rule_set *set, const struct rule *rule)
{
    return !rule_list_has(&inhibition->when, set, rule) &&
           (!inhibition->holds.count || rule_list_has(&inhibition->holds, set, rule)) &&
           (inhibition->category == CATEGORY_NONE || may_be_of(set, rule, inhibition->category));
}

static bool leads_to(const struct notify_rules *n, const struct rule_set *set, unsigned from, unsigned to)
{
    const struct rule_list *when = &n->inhibit[to].when;
    for (unsigned i = 0; i < when->count; i++)
        if (may_hold(&n->inhibit[from], set, &set->rules[when->all[i].rule]))
            return true;
    return false;
}

enum colour { UNSEEN, ON_THE_WAY, DONE };

struct search {
    const struct notify_rules *rules;
    const struct rule_set *set;
    enum colour colour[INHIBITIONS_MAX];
    unsigned left; /* places of the order that are free, from its front */
    uint8_t order[INHIBITIONS_MAX];
};

/* the inhibition that closes a circle; -1: none does */
static int circle_from(struct search *s, unsigned at)
{
    s->colour[at] = ON_THE_WAY;
    for (unsigned to = 0; to < s->rules->inhibit_count; to++) {
        if (s->colour[to] == DONE || !leads_to(s->rules, s->set, at, to))
            continue;
        if (s->colour[to] == ON_THE_WAY)
            return (int)at;
        int found = circle_from(s, to);
        if (found >= 0)
            return found;
    }
    s->colour[at] = DONE;
    s->order[--s->left] = (uint8_t)at;
    return -1;
}

/* puts them in order, unless they go round in a circle */
static void put_in_order(struct notify_rules *n, const struct rule_set *set, struct problems *problems)
{
    struct search s = {.rules = n, .set = set, .left = n->inhibit_count};
    for (unsigned i = 0; i < n->inhibit_count; i++) {
        int found = s.colour[i] == UNSEEN ? circle_from(&s, i) : -1;
        if (found < 0)
            continue;
        problem_add(problems, n->file, n->inhibit[found].line, n->inhibit[found].col,
                    "a circle: what this holds back would hold back, in the end, what it waits for");
        return;
    }
    memcpy(n->order, s.order, sizeof n->order);
}

static void refuse_itself(const struct notify_rules *n, const struct inhibition *inhibition, const struct rule_set *set,
                          struct problems *problems)
{
    for (unsigned i = 0; i < inhibition->holds.count; i++) {
        const struct named_rule *named = &inhibition->holds.all[i];
        if (rule_list_has(&inhibition->when, set, &set->rules[named->rule]))
            problem_add(problems, n->file, named->line, named->col, "rule %s can't hold back itself", named->id);
    }
}

void notify_rules_check(struct notify_rules *n, const struct rule_set *set, struct problems *problems)
{
    size_t before = problems->count;
    for (unsigned i = 0; i < n->inhibit_count; i++)
        refuse_itself(n, &n->inhibit[i], set, problems);
    if (problems->count == before)
        put_in_order(n, set, problems);
}

/* ---- shifts ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t shift_begin(const struct notify_rules *n, int32_t utc_offset_s, int64_t second)
{
    int64_t local = second + utc_offset_s, day = floor_div(local, 86400), minute = (local - day * 86400) / 60;
    unsigned i = n->shift_count;
    while (i > 0 && n->shifts[i - 1] > minute)
        i--;
    int64_t began = i > 0 ? day * DAY_MIN + n->shifts[i - 1] : (day - 1) * DAY_MIN + n->shifts[n->shift_count - 1];
    return began * 60 - utc_offset_s;
}

int64_t shift_end(const struct notify_rules *n, int32_t utc_offset_s, int64_t second)
{
    int64_t local = second + utc_offset_s, day = floor_div(local, 86400), minute = (local - day * 86400) / 60;
    unsigned i = 0;
    while (i < n->shift_count && n->shifts[i] <= minute)
        i++;
    int64_t ends = i < n->shift_count ? day * DAY_MIN + n->shifts[i] : (day + 1) * DAY_MIN + n->shifts[0];
    return ends * 60 - utc_offset_s;
}

/* ---- what it says ---- */

static void write_list(struct buffer *out, const char *what, const struct rule_list *list)
{
    buffer_printf(out, " %s", what);
    for (unsigned i = 0; i < list->count; i++)
        buffer_printf(out, " %s", list->all[i].id);
}

uint64_t notify_rules_digest(const struct notify_rules *n, const struct rule_set *set)
{
    struct buffer text = {0};
    if (!n)
        return 0;
    buffer_printf(&text, "incidents %d\n", n->incidents);
    for (unsigned i = 0; i < n->inhibit_count; i++) {
        const struct inhibition *inhibition = &n->inhibit[i];
        write_list(&text, "when", &inhibition->when);
        write_list(&text, "holds", &inhibition->holds);
        buffer_printf(&text, " category %s levels %u %u same %d\n",
                      inhibition->category ? catalogue_category(set->catalogue, inhibition->category)->path : "",
                      inhibition->at_least, inhibition->at_most, (int)inhibition->same);
    }
    buffer_printf(&text, "storm %u\nbudget %u", n->storm, n->budget);
    for (unsigned i = 0; i < n->shift_count; i++)
        buffer_printf(&text, " %u", n->shifts[i]);
    uint64_t digest = key_of(buffer_str(&text), 0);
    buffer_free(&text);
    return digest;
}
