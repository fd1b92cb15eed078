#include "handle/handling.h"

#include "base/check.h"

#include <stdlib.h>

static unsigned bit(enum act act)
{
    return 1U << act;
}

static int find(const struct handling *h, const char *name)
{
    for (unsigned i = 0; i < h->count; i++)
        if (strcmp(h->units[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int find_or_add(struct handling *h, const char *name)
{
    int at = find(h, name);
    if (at >= 0)
        return at;
    CHECK(h->count < UNITS_MAX);
    h->units[h->count] = (struct unit){name, UNIT_UNSIGNED, NULL};
    return (int)h->count++;
}

/* Who is put in charge has it before him, whatever he did as one of those who assist; but what he is doing stands. */
static void put_in_charge(struct handling *h, const char *name)
{
    static const bool done_with[UNIT_STATES] = {[UNIT_CLOSED] = true,      [UNIT_FALSE_ALARM] = true,
                                                [UNIT_RETURNED] = true,    [UNIT_TRANSFERRED] = true,
                                                [UNIT_EXPIRED] = true};
    h->lead = find_or_add(h, name);
    struct unit *u = &h->units[h->lead];
    if (done_with[u->state])
        u->state = UNIT_REOPENED;
    h->late &= ~(bit(ACT_NOT_SIGNED) | bit(ACT_NOT_ARRIVED) | bit(ACT_NOBODY));
    h->arrive_by = 0;
}

/* limits that an earlier entry set are those of an earlier level */
static void set_limits(struct handling *h, const struct sent *sent, const struct journal_entry *entry)
{
    if (entry->said.at < sent->from)
        return;
    h->sign_by = entry->sign_by ? entry->sign_by : h->sign_by;
    h->close_by = entry->close_by ? entry->close_by : h->close_by;
}

static void pass_limit(struct handling *h, const struct sent *sent, const struct journal_entry *entry)
{
    if (h->lead >= 0)
        transition(h->units[h->lead].state, entry->said.act, &h->units[h->lead].state);
    if (entry->tier) {
        h->tier = entry->tier;
        put_in_charge(h, entry->said.unit);
    } else if (entry->said.at >= sent->from) {
        h->late |= bit(entry->said.act);
    }
    set_limits(h, sent, entry);
}

/* of all that still have it; what one of them cannot be any more it is not */
static void set_all(struct handling *h, const struct disposition *d)
{
    enum unit_state next;
    for (unsigned i = 0; i < h->count; i++)
        if (transition(h->units[i].state, d->act, &next) == ANSWER_TAKEN)
            h->units[i] = (struct unit){h->units[i].name, next, d};
}

static void begin_to_arrive(struct handling *h, const struct journal_entry *entry, enum unit_state before)
{
    if (before == UNIT_SIGNED || before == h->units[h->lead].state)
        return; /* it runs already: to set out is no new signature */
    h->arrive_by = entry->arrive_by;
    h->late &= ~(bit(ACT_NOT_SIGNED) | bit(ACT_NOT_ARRIVED));
}

static void transfer(struct handling *h, const struct sent *sent, const struct journal_entry *entry, bool in_charge)
{
    if (!in_charge) {
        find_or_add(h, entry->said.to);
        return;
    }
    put_in_charge(h, entry->said.to);
    set_limits(h, sent, entry);
}

/* what it does beside the state of the unit, which was `before` */
static void set_effects(struct handling *h, const struct sent *sent, const struct journal_entry *entry, int unit,
                        enum unit_state before)
{
    const struct disposition *d = &entry->said;
    bool in_charge = unit == h->lead;
    if (in_charge && (d->act == ACT_SIGNED || d->act == ACT_DISPATCHED))
        begin_to_arrive(h, entry, before);
    else if (in_charge && d->act == ACT_ARRIVED)
        h->late &= ~(bit(ACT_NOT_SIGNED) | bit(ACT_NOT_ARRIVED));
    else if (d->act == ACT_TRANSFERRED && before != UNIT_TRANSFERRED)
        transfer(h, sent, entry, in_charge);
    else if (d->act == ACT_EXTENDED && d->at >= sent->from) {
        h->close_by = d->until;
        h->late &= ~bit(ACT_NOT_CLOSED);
    } else if (d->act == ACT_REOPENED && before != h->units[unit].state) {
        h->late = 0;
        h->arrive_by = 0;
        set_limits(h, sent, entry);
    }
}

/* below ANSWER_REFUSED: as the table has it.  kept: it was taken once, so its unit is one of them, even if the routing names
 * others since. */
static enum answer act_on(struct handling *h, const struct sent *sent, const struct journal_entry *entry, bool kept)
{
    const struct disposition *d = &entry->said;
    int unit = !*d->unit ? h->lead : kept ? find_or_add(h, d->unit) : find(h, d->unit);
    enum unit_state before, next;
    if (unit < 0 && d->act == ACT_ADDED_UNIT) {
        if (handling_over(h))
            return ANSWER_OVER;
        find_or_add(h, d->unit);
        return ANSWER_TAKEN;
    }
    if (unit < 0)
        return ANSWER_WRONG_UNIT;
    before = h->units[unit].state;
    enum answer answer = transition(before, d->act, &next);
    if (answer >= ANSWER_REFUSED)
        return answer;
    if (d->act == ACT_FALSE_ALARM || d->act == ACT_REOPENED)
        set_all(h, d);
    else if (answer == ANSWER_TAKEN)
        h->units[unit] = (struct unit){h->units[unit].name, next, d};
    set_effects(h, sent, entry, unit, before);
    return answer;
}

static void begin(struct handling *h, const struct sent *sent)
{
    const struct route *route = sent->route;
    *h = (struct handling){.lead = -1, .tier = route->tier, .sign_by = sent->sign_by, .close_by = sent->close_by};
    if (*route->lead)
        h->lead = find_or_add(h, route->lead);
    for (unsigned i = 0; i < route->assist_count; i++)
        find_or_add(h, route->assist[i]);
}

static bool on_the_way(const struct handling *h)
{
    enum unit_state state = h->lead < 0 ? UNIT_UNSIGNED : h->units[h->lead].state;
    return state == UNIT_SIGNED || state == UNIT_DISPATCHED;
}

/* `without`: a entry that is left out */
static void fold(struct handling *h, const struct sent *sent, const struct journal_entry *entries, size_t count,
                 const struct journal_entry *without)
{
    begin(h, sent);
    for (size_t i = 0; i < count; i++) {
        const struct journal_entry *entry = &entries[i];
        if (entry == without)
            continue;
        if (entry->said.act < ACTS_SAID)
            act_on(h, sent, entry, true); /* refused by now, since an earlier one came in between: passed over */
        else
            pass_limit(h, sent, entry);
    }
    if (!on_the_way(h))
        h->arrive_by = 0; /* shown while somebody is expected */
}

void handling_of(struct handling *h, const struct sent *sent, const struct journal *journal)
{
    fold(h, sent, journal->entries, journal->count, NULL);
}

static bool handling_differs(const struct handling *a, const struct handling *b)
{
    if (a->count != b->count || a->lead != b->lead || a->tier != b->tier || a->sign_by != b->sign_by ||
        a->arrive_by != b->arrive_by || a->close_by != b->close_by || a->late != b->late)
        return true;
    for (unsigned i = 0; i < a->count; i++)
        if (strcmp(a->units[i].name, b->units[i].name) != 0 || a->units[i].state != b->units[i].state)
            return true;
    return false;
}

bool handling_over(const struct handling *h)
{
    enum unit_state state = h->lead < 0 ? UNIT_UNSIGNED : h->units[h->lead].state;
    return state == UNIT_CLOSED || state == UNIT_FALSE_ALARM;
}

bool handling_nobody(const struct handling *h)
{
    enum unit_state state = h->lead < 0 ? UNIT_UNSIGNED : h->units[h->lead].state;
    return state == UNIT_RETURNED || state == UNIT_TRANSFERRED;
}

static void sooner(const struct handling *h, int64_t limit, enum act act, int64_t *next, int *which)
{
    if (limit && !(h->late & bit(act)) && limit < *next) {
        *next = limit;
        *which = (int)act;
    }
}

int handling_due(const struct handling *h, int64_t now_s, int64_t *next)
{
    int which = -1;
    *next = INT64_MAX;
    if (h->lead < 0 || handling_over(h))
        return -1;
    enum unit_state state = h->units[h->lead].state;
    if (handling_nobody(h))
        sooner(h, 1, ACT_NOBODY, next, &which); /* at once */
    else if (state == UNIT_UNSIGNED || state == UNIT_REOPENED || state == UNIT_EXPIRED)
        sooner(h, h->sign_by, ACT_NOT_SIGNED, next, &which);
    else if (on_the_way(h))
        sooner(h, h->arrive_by, ACT_NOT_ARRIVED, next, &which);
    sooner(h, h->close_by, ACT_NOT_CLOSED, next, &which);
    return *next <= now_s ? which : -1;
}

/* ---- the journal ---- */

static bool before(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->said.at != b->said.at ? a->said.at < b->said.at : strcmp(a->said.id, b->said.id) < 0;
}

static size_t place_of(const struct journal *journal, const struct journal_entry *entry)
{
    size_t at = journal->count;
    while (at > 0 && before(entry, &journal->entries[at - 1]))
        at--;
    return at;
}

static void insert(struct journal *journal, size_t at, const struct journal_entry *entry)
{
    journal->entries = xrealloc(journal->entries, (journal->count + 1) * sizeof *journal->entries);
    memmove(&journal->entries[at + 1], &journal->entries[at], (journal->count - at) * sizeof *journal->entries);
    journal->entries[at] = *entry;
    journal->count++;
}

enum answer journal_take(struct journal *journal, const struct sent *sent, const struct journal_entry *entry)
{
    struct handling without, with;
    unsigned said = 0;
    for (size_t i = 0; i < journal->count; i++) {
        said += journal->entries[i].said.act < ACTS_SAID;
        if (strcmp(journal->entries[i].said.id, entry->said.id) == 0)
            return ANSWER_DOUBLED;
    }
    if (said >= DISPOSITIONS_MAX)
        return ANSWER_TOO_MANY;
    size_t at = place_of(journal, entry);
    fold(&without, sent, journal->entries, at, NULL);
    enum answer answer = act_on(&without, sent, entry, false);
    if (answer >= ANSWER_REFUSED)
        return answer;
    insert(journal, at, entry);
    fold(&without, sent, journal->entries, journal->count, &journal->entries[at]);
    handling_of(&with, sent, journal);
    return handling_differs(&without, &with) ? ANSWER_TAKEN : ANSWER_NO_EFFECT;
}

/* A passed limit that raised nothing only marks that it is late: the newest mark of a kind says all of them. */
void journal_note(struct journal *journal, const struct journal_entry *entry)
{
    for (size_t i = 0; i < journal->count && !entry->tier && entry->said.act >= ACTS_SAID; i++) {
        const struct journal_entry *one = &journal->entries[i];
        if (one->said.act != entry->said.act || one->tier || one->said.act == ACT_NOT_ARRIVED)
            continue;
        memmove(&journal->entries[i], &journal->entries[i + 1], (journal->count - i - 1) * sizeof *journal->entries);
        journal->count--;
        i--;
    }
    insert(journal, place_of(journal, entry), entry);
}

void journal_free(struct journal *journal)
{
    free(journal->entries);
    *journal = (struct journal){0};
}
