#include "alert/view.h"

#include "base/check.h"

#include <stdlib.h>

/* key → how many entries of the window have it */
struct tally {
    struct {
        uint64_t key;
        uint32_t count;
    } *slot;
    size_t mask, used; /* used: slots that have a key, with count 0 too */
    uint32_t distinct;
};

struct selected {
    int64_t events, sum;
    struct tally callers;
    bool wants_callers, wants_involved, wants_max;
};

struct view {
    const struct rule *rule;
    const struct ledger *ledger;
    struct view_entry *entries;
    size_t count, capacity;
    size_t low, high; /* the window: [low, high) */
    struct selected selected[SELECTIONS_MAX];
    struct tally scratch;
};

/* ---- tally ---- */

static void tally_free(struct tally *t)
{
    free(t->slot);
    *t = (struct tally){0};
}

static void tally_clear(struct tally *t)
{
    if (t->slot)
        memset(t->slot, 0, (t->mask + 1) * sizeof *t->slot);
    t->used = 0;
    t->distinct = 0;
}

static size_t tally_place(const struct tally *t, uint64_t key)
{
    size_t at = (key * 0x9e3779b97f4a7c15u >> 24) & t->mask;
    while (t->slot[at].key && t->slot[at].key != key)
        at = (at + 1) & t->mask;
    return at;
}

static void tally_grow(struct tally *t)
{
    struct tally old = *t;
    size_t size = 16;
    while (size < (size_t)old.distinct * 4 + 16)
        size *= 2;
    t->slot = xcalloc(size, sizeof *t->slot);
    t->mask = size - 1;
    t->used = 0;
    for (size_t i = 0; old.slot && i <= old.mask; i++)
        if (old.slot[i].count) {
            t->slot[tally_place(t, old.slot[i].key)] = old.slot[i];
            t->used++;
        }
    free(old.slot);
}

/* *count of the key, taken in if need be; key is not 0 */
static uint32_t *tally_at(struct tally *t, uint64_t key)
{
    if (!t->slot || t->used > t->mask / 2)
        tally_grow(t);
    size_t at = tally_place(t, key);
    if (!t->slot[at].key) {
        t->slot[at].key = key;
        t->used++;
    }
    return &t->slot[at].count;
}

static void tally_add(struct tally *t, uint64_t key)
{
    if ((*tally_at(t, key))++ == 0)
        t->distinct++;
}

static void tally_remove(struct tally *t, uint64_t key)
{
    uint32_t *count = tally_at(t, key);
    CHECK(*count > 0);
    if (--*count == 0)
        t->distinct--;
}

/* ---- the window's sums ---- */

struct view *view_create(const struct rule *rule, const struct ledger *ledger)
{
    struct view *v = xcalloc(1, sizeof *v);
    v->rule = rule;
    v->ledger = ledger;
    for (unsigned a = 0; a < rule->atom_count; a++) {
        struct selected *s = &v->selected[rule->atoms[a].selection];
        s->wants_callers |= rule->atoms[a].measure == MEASURE_CALLERS;
        s->wants_involved |= rule->atoms[a].measure == MEASURE_INVOLVED;
        s->wants_max |= rule->atoms[a].measure == MEASURE_MAX;
    }
    return v;
}

void view_destroy(struct view **pointer)
{
    struct view *v = *pointer;
    if (!v)
        return;
    for (int i = 0; i < SELECTIONS_MAX; i++)
        tally_free(&v->selected[i].callers);
    tally_free(&v->scratch);
    free(v->entries);
    free(v);
    *pointer = NULL;
}

static void window_reset(struct view *v)
{
    v->low = v->high = 0;
    for (int i = 0; i < SELECTIONS_MAX; i++) {
        struct selected *s = &v->selected[i];
        s->events = s->sum = 0;
        tally_clear(&s->callers);
    }
}

void view_clear(struct view *v)
{
    v->count = 0;
    window_reset(v);
}

size_t view_bytes(const struct view *v)
{
    size_t bytes = sizeof *v + v->capacity * sizeof *v->entries;
    for (int i = 0; i < SELECTIONS_MAX; i++)
        if (v->selected[i].callers.slot)
            bytes += (v->selected[i].callers.mask + 1) * sizeof *v->selected[i].callers.slot;
    return bytes;
}

static void window_change(struct view *v, const struct view_entry *e, bool add)
{
    for (unsigned i = 0; i < v->rule->selection_count; i++) {
        if (!(e->takes >> i & 1))
            continue;
        struct selected *s = &v->selected[i];
        if (!e->party) {
            s->events += add ? 1 : -1;
            /* sums of any order and sign are exact in two's complement */
            s->sum = (int64_t)((uint64_t)s->sum + (add ? (uint64_t)e->value : 0 - (uint64_t)e->value));
        }
        if (s->wants_callers && e->actor) {
            if (add)
                tally_add(&s->callers, e->actor);
            else
                tally_remove(&s->callers, e->actor);
        }
    }
}

void view_move(struct view *v, int64_t minute)
{
    int64_t to = minute > INT64_MAX / 60 ? INT64_MAX : minute * 60;
    const struct view_entry *e = v->entries;
    /* outward first, so that low <= high all the way */
    while (v->high < v->count && e[v->high].at <= to)
        window_change(v, &e[v->high++], true);
    while (v->low > 0 && e[v->low - 1].at + (int64_t)v->rule->within_s > to)
        window_change(v, &e[--v->low], true);
    while (v->low < v->high && e[v->low].at + (int64_t)v->rule->within_s <= to)
        window_change(v, &e[v->low++], false);
    while (v->high > v->low && e[v->high - 1].at > to)
        window_change(v, &e[--v->high], false);
}

/* each matter's largest figure, summed */
static int64_t involved(struct view *v, unsigned selection)
{
    tally_clear(&v->scratch);
    int64_t total = 0;
    for (size_t i = v->low; i < v->high; i++) {
        const struct view_entry *e = &v->entries[i];
        if (e->party || !(e->takes >> selection & 1) || !e->involved)
            continue;
        uint32_t *largest = tally_at(&v->scratch, e->matter ? e->matter : UINT64_C(1) << 63 | e->ref);
        if (e->involved > *largest) {
            if (*largest == 0)
                v->scratch.distinct++;
            total += e->involved - *largest;
            *largest = e->involved;
        }
    }
    return total;
}

static int64_t maximum(const struct view *v, unsigned selection)
{
    int64_t most = INT64_MIN;
    for (size_t i = v->low; i < v->high; i++) {
        const struct view_entry *e = &v->entries[i];
        if (!e->party && (e->takes >> selection & 1) && e->value > most)
            most = e->value;
    }
    return most;
}

static int64_t measure_value(struct view *v, const struct atom *atom)
{
    const struct selected *s = &v->selected[atom->selection];
    switch (atom->measure) {
    case MEASURE_EVENTS:
        return s->events;
    case MEASURE_CALLERS:
        return s->callers.distinct;
    case MEASURE_INVOLVED:
        return involved(v, atom->selection);
    case MEASURE_SUM:
        return s->sum;
    case MEASURE_MAX:
        return maximum(v, atom->selection);
    case MEASURES:
        break;
    }
    CHECK(false);
    return 0;
}

void view_values(struct view *v, int64_t *values)
{
    for (unsigned a = 0; a < v->rule->atom_count; a++) {
        unsigned same = 0;
        while (same < a && (v->rule->atoms[same].selection != v->rule->atoms[a].selection ||
                            v->rule->atoms[same].measure != v->rule->atoms[a].measure))
            same++;
        values[a] = same < a ? values[same] : measure_value(v, &v->rule->atoms[a]);
    }
}

int64_t view_next_change(struct view *v, int64_t minute)
{
    view_move(v, minute);
    int64_t next = MINUTE_NEVER;
    if (v->high < v->count)
        next = ((int64_t)v->entries[v->high].at + 59) / 60;
    if (v->low < v->high) {
        int64_t leaves = ((int64_t)v->entries[v->low].at + v->rule->within_s + 59) / 60;
        if (leaves < next)
            next = leaves;
    }
    return next;
}

int64_t view_newest_minute(const struct view *v)
{
    return v->count ? ((int64_t)v->entries[v->count - 1].at + 59) / 60 : MINUTE_NONE;
}

const struct view_entry *view_window(const struct view *v, size_t *count)
{
    *count = v->high - v->low;
    return v->entries + v->low;
}

fact_ref view_crossing(struct view *v, unsigned level_count, uint32_t *at)
{
    /* a view of its own over the window's facts, one more at a time */
    struct view *prefix = view_create(v->rule, v->ledger);
    prefix->entries = v->entries + v->low;
    fact_ref found = 0;
    for (size_t i = 0, count = v->high - v->low; i < count && !found; i++) {
        window_change(prefix, &prefix->entries[i], true);
        prefix->high = prefix->count = i + 1;
        int64_t values[ATOMS_MAX];
        view_values(prefix, values);
        for (unsigned level = 1; level <= level_count && !found; level++)
            if (expression_holds(&v->rule->level[level], v->rule, values)) {
                found = prefix->entries[i].ref;
                *at = prefix->entries[i].at;
            }
    }
    prefix->entries = NULL;
    view_destroy(&prefix);
    return found;
}

/* ---- entries ---- */

static int order(const struct view *v, const struct view_entry *a, const struct view_entry *b)
{
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->ref == b->ref)
        return 0;
    struct str x = ledger_text(v->ledger, a->ref).id, y = ledger_text(v->ledger, b->ref).id;
    int texts = memcmp(x.at, y.at, x.len < y.len ? x.len : y.len);
    if (texts)
        return texts;
    if (x.len != y.len)
        return x.len < y.len ? -1 : 1;
    uint8_t source_a = ledger_fact(v->ledger, a->ref)->source, source_b = ledger_fact(v->ledger, b->ref)->source;
    if (source_a != source_b)
        return source_a < source_b ? -1 : 1;
    return a->ref < b->ref ? -1 : 1; /* an event and its parties */
}

static void reserve(struct view *v)
{
    if (v->count == v->capacity) {
        v->capacity = v->capacity ? v->capacity * 2 : 16;
        v->entries = xrealloc(v->entries, v->capacity * sizeof *v->entries);
    }
}

void view_append(struct view *v, const struct view_entry *e)
{
    reserve(v);
    v->entries[v->count++] = *e;
}

static int order_of(const void *a, const void *b, void *view)
{
    return order(view, a, b);
}

void view_sort(struct view *v)
{
    window_reset(v);
    if (!v->count)
        return;
    qsort_r(v->entries, v->count, sizeof *v->entries, order_of, v);
    size_t kept = 1;
    for (size_t i = 1; i < v->count; i++)
        if (v->entries[i].ref != v->entries[kept - 1].ref)
            v->entries[kept++] = v->entries[i];
    v->count = kept;
}

bool view_insert(struct view *v, const struct view_entry *e)
{
    size_t at = v->count;
    while (at > 0 && order(v, &v->entries[at - 1], e) >= 0)
        at--;
    if (at < v->count && v->entries[at].ref == e->ref)
        return false;
    reserve(v);
    memmove(v->entries + at + 1, v->entries + at, (v->count - at) * sizeof *v->entries);
    v->entries[at] = *e;
    v->count++;
    if (at < v->low) {
        v->low++;
        v->high++;
    } else if (at < v->high) {
        v->high++;
        window_change(v, e, true);
    }
    return true;
}

void view_trim(struct view *v, int64_t minute)
{
    view_move(v, minute);
    /* when half of it is of no more use, so that the cost is a constant an entry */
    if (v->low < 64 || v->low < v->count / 2)
        return;
    memmove(v->entries, v->entries + v->low, (v->count - v->low) * sizeof *v->entries);
    v->count -= v->low;
    v->high -= v->low;
    v->low = 0;
}

void view_forget(struct view *v)
{
    if (!v->count)
        return;
    int64_t low = ledger_floor(v->ledger, SHELF_FACTS), other = ledger_floor(v->ledger, SHELF_READINGS);
    if (v->entries[0].at >= low && v->entries[0].at >= other)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct fact *fact = ledger_fact(v->ledger, v->entries[i].ref);
        if (v->entries[i].at >= ledger_floor(v->ledger, fact_shelf(fact->kind)))
            v->entries[kept++] = v->entries[i];
    }
    v->count = kept;
    window_reset(v);
}
