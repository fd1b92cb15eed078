/* Reading the set: chains, what modifiers have made of a fact, and which matters are one.  Whoever reads sees
 * uncommitted facts (cut 0) and says so to nobody but the visitor: standings and roots rest on committed ones. */
#include "ledger/ledger_priv.h"

#include "base/check.h"
#include "base/tally.h"

#include <stdlib.h>

/* the link that this fact has in the chain of that subject */
static enum chain chain_of(uint64_t subject)
{
    switch (subject & 7) {
    case 2:
        return CHAIN_RESPONDENT;
    case 3:
        return CHAIN_MATTER;
    default:
        return CHAIN_REGION;
    }
}

/* A chain may hold a stranger, see heads.h. */
static bool is_member(const struct ledger *ledger, fact_ref ref, uint64_t subject)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    switch (subject & 7) {
    case 1:
        return subject_of_region(fact->region) == subject;
    case 2:
        return subject_of_respondent(ledger_text(ledger, ref).respondent) == subject;
    case 3:
        return subject_of_matter(fact->matter) == subject;
    default:
        return subject_of_target(target_key(fact->kind, fact->source, ledger_text(ledger, ref).target)) == subject;
    }
}

/* Is nothing that lies behind this fact in its chains as new as `from`?  Who finds it committed sees what its segment had
 * reached by then, since its writer has handed it over after that. */
static bool passed(const struct ledger *ledger, fact_ref ref, int64_t from)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    return segment->facts && __atomic_load_n(&segment->facts[ref & (SEGMENT_FACTS - 1)].cut, __ATOMIC_ACQUIRE) != 0 &&
           atomic_load_explicit(&segment->reached, memory_order_relaxed) < from;
}

static bool walk_chains(const struct ledger *ledger, const struct span *span, uint64_t subject, int64_t from,
                        ledger_visit *visit, void *arg)
{
    enum chain chain = chain_of(subject);
    const void *cursor = NULL;
    for (fact_ref ref, next; (ref = heads_next(span->heads, subject, &cursor));)
        for (; ref && !passed(ledger, ref, from); ref = next) {
            next = *ledger_link(ledger, ref, chain);
            if (next)
                ledger_prefetch(ledger, next);
            if (is_member(ledger, ref, subject) && !visit(arg, ref))
                return false;
        }
    return true;
}

enum {
    TOGETHER = 64, /* chains that are fetched at once */
    FETCHED = 64,  /* and so many facts of each: more would be gone again when they are walked */
};

/* Brings chains to the cache, a step in each in turn, since of one by itself each link is waited for.  A hint: of a subject
 * with several chains, the first. */
static void fetch_chains(const struct ledger *ledger, const struct span *span, const uint64_t *subjects, unsigned count,
                         int64_t from)
{
    fact_ref at[TOGETHER];
    unsigned left = 0;
    for (unsigned i = 0; i < count; i++)
        heads_prefetch(span->heads, subjects[i]);
    for (unsigned i = 0; i < count; i++) {
        const void *cursor = NULL;
        at[left] = heads_next(span->heads, subjects[i], &cursor);
        if (at[left])
            ledger_prefetch(ledger, at[left++]);
    }
    enum chain chain = chain_of(subjects[0]);
    for (unsigned step = 1; left && step < FETCHED; step++) {
        unsigned kept = 0;
        for (unsigned i = 0; i < left; i++) {
            fact_ref next = passed(ledger, at[i], from) ? 0 : *ledger_link(ledger, at[i], chain);
            if (!next)
                continue;
            ledger_prefetch(ledger, next);
            at[kept++] = next;
        }
        left = kept;
    }
}

/* a span that has been left is on its way out: whoever kept a ref from it would keep it too long */
static bool span_meets(const struct shelf_state *shelf, const struct span *span, int64_t from, int64_t to)
{
    int64_t begin = span->number * shelf->span_s, end = begin + shelf->span_s;
    return begin <= to && end > from && end > atomic_load(&shelf->walked_from);
}

/* of one kind, TOGETHER at most */
static bool walk_subjects(const struct ledger *ledger, const uint64_t *subjects, unsigned count, int64_t from,
                          int64_t to, ledger_visit *visit, void *arg)
{
    bool by_target = (subjects[0] & 7) == 4;
    for (int i = 0; i < SHELVES; i++) {
        const struct shelf_state *shelf = &ledger->shelf[i];
        FOR_EACH_SPAN(span, shelf)
        {
            if (!span_meets(shelf, span, from, to) || (by_target && !atomic_load(&span->has_modifiers)))
                continue;
            if (count > 1)
                fetch_chains(ledger, span, subjects, count, from);
            for (unsigned s = 0; s < count; s++)
                if (!walk_chains(ledger, span, subjects[s], from, visit, arg))
                    return false;
        }
    }
    return true;
}

void ledger_walk(const struct ledger *ledger, uint64_t subject, int64_t from, int64_t to, ledger_visit *visit,
                 void *arg)
{
    walk_subjects(ledger, &subject, 1, from, to, visit, arg);
}

void ledger_walk_regions(const struct ledger *ledger, uint32_t first, uint32_t last, int64_t from, int64_t to,
                         ledger_visit *visit, void *arg)
{
    uint64_t subjects[TOGETHER];
    bool wanted = true;
    for (uint32_t region = first; wanted && region <= last;) {
        unsigned count = 0;
        while (count < TOGETHER && region <= last)
            subjects[count++] = subject_of_region(region++);
        wanted = walk_subjects(ledger, subjects, count, from, to, visit, arg);
    }
}

/* the scan's next segment; NULL: there is none */
static const struct segment *scan_next(const struct shelf_state *shelf, struct ledger_scan *scan)
{
    if (!scan->begun) {
        scan->begun = true;
        scan->span = atomic_load(&shelf->oldest);
        scan->last = atomic_load(&shelf->newest);
    }
    while (!scan->segment && scan->span <= scan->last) {
        const struct span *span = shelf_span(shelf, scan->span++);
        if (span && span_meets(shelf, span, INT64_MIN, INT64_MAX))
            scan->segment = atomic_load_explicit(&span->segments, memory_order_acquire);
    }
    return scan->segment;
}

bool ledger_scan(const struct ledger *ledger, enum shelf which, struct ledger_scan *scan, ledger_visit *visit, void *arg)
{
    const struct segment *s = scan_next(&ledger->shelf[which], scan);
    if (!s)
        return false;
    scan->segment = s->next;
    if (scan->shares && s->number % scan->shares != scan->share)
        return true;
    for (uint32_t i = 0; i < atomic_load_explicit(&s->count, memory_order_acquire); i++)
        if (segment_has(s, i) && !visit(arg, s->number << SEGMENT_BITS | i))
            return false;
    return true;
}

/* ---- standing ---- */

bool ledger_before(const struct ledger *ledger, fact_ref a, fact_ref b)
{
    return ledger_order(ledger, a, b) < 0;
}

static bool later(const struct ledger *ledger, fact_ref a, fact_ref b)
{
    return !b || ledger_order(ledger, a, b) > 0;
}

struct modifiers {
    const struct ledger *ledger;
    unsigned source;
    struct str id;
    uint32_t cut;                    /* only those of cuts before it */
    bool moves;                      /* are they wanted? */
    fact_ref life, region, category; /* the greatest void or restore; the greatest move of each */
};

static bool modifier_visit(void *arg, fact_ref ref)
{
    struct modifiers *m = arg;
    const struct fact *fact = ledger_fact(m->ledger, ref);
    if (!fact_committed_before(fact, m->cut) || fact->source != m->source ||
        !str_eq(ledger_text(m->ledger, ref).target, m->id))
        return true;
    if ((fact->kind == EVENT_VOIDED || fact->kind == EVENT_RESTORED) && later(m->ledger, ref, m->life))
        m->life = ref;
    /* a move may be voided, a void may not */
    if (fact->kind != EVENT_MOVED || !m->moves || !fact_lives(m->ledger, ref, m->cut))
        return true;
    if (fact->region != REGION_NONE && later(m->ledger, ref, m->region))
        m->region = ref;
    if (fact->category != CATEGORY_NONE && later(m->ledger, ref, m->category))
        m->category = ref;
    return true;
}

/* May there be modifiers of the event, and by what do they name it?  Nearly all have none, and of a fact that has its key that is
 * known without a look at its id. */
static bool named(const struct ledger *ledger, fact_ref ref, const struct fact *fact, struct str *id, struct id_room *room,
                  uint64_t *key)
{
    if (fact->key > READING_KEY && !filter_has(ledger, fact->key))
        return false;
    *id = ledger_id(ledger, ref, room); /* of a party, its event's */
    *key = event_key(fact->source, *id);
    return filter_has(ledger, *key);
}

static struct modifiers modifiers_of(const struct ledger *ledger, fact_ref ref, uint32_t cut, bool moves)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    struct id_room room;
    uint64_t key;
    struct modifiers m = {.ledger = ledger, .source = fact->source, .cut = cut, .moves = moves};
    if (named(ledger, ref, fact, &m.id, &room, &key))
        ledger_walk(ledger, subject_of_target(key), INT64_MIN, INT64_MAX, modifier_visit, &m);
    return m;
}

bool fact_lives(const struct ledger *ledger, fact_ref ref, uint32_t cut)
{
    struct modifiers m = modifiers_of(ledger, ref, cut, false);
    return !m.life || ledger_fact(ledger, m.life)->kind == EVENT_RESTORED;
}

struct standing ledger_standing(const struct ledger *ledger, fact_ref ref)
{
    ref = ledger_origin(ledger, ref);
    const struct fact *fact = ledger_fact(ledger, ref);
    struct standing standing = {true, fact->region, fact->category};
    struct modifiers m = modifiers_of(ledger, ref, CUT_NEWEST, true);
    if (m.life)
        standing.live = ledger_fact(ledger, m.life)->kind == EVENT_RESTORED;
    if (m.region)
        standing.region = ledger_fact(ledger, m.region)->region;
    if (m.category)
        standing.category = ledger_fact(ledger, m.category)->category;
    return standing;
}

enum { PLACES_MAX = 16 };

struct places {
    const struct ledger *ledger;
    unsigned source;
    struct str id;
    fact_ref applied_to; /* only moves that have been applied to this fact; 0: all that name it */
    fact_ref without;    /* and not this one */
    uint32_t region[PLACES_MAX];
    uint16_t category[PLACES_MAX];
    unsigned regions, categories;
};

static bool has_region(const struct places *p, uint32_t region)
{
    for (unsigned i = 0; i < p->regions; i++)
        if (p->region[i] == region)
            return true;
    return false;
}

static bool has_category(const struct places *p, uint16_t category)
{
    for (unsigned i = 0; i < p->categories; i++)
        if (p->category[i] == category)
            return true;
    return false;
}

static void places_include(struct places *p, const struct fact *fact)
{
    if (fact->region != REGION_NONE && !has_region(p, fact->region) && p->regions < PLACES_MAX)
        p->region[p->regions++] = fact->region;
    if (fact->category != CATEGORY_NONE && !has_category(p, fact->category) && p->categories < PLACES_MAX)
        p->category[p->categories++] = fact->category;
}

static bool place_visit(void *arg, fact_ref ref)
{
    struct places *p = arg;
    const struct fact *fact = ledger_fact(p->ledger, ref);
    if (fact->kind == EVENT_MOVED && ref != p->without && fact->source == p->source &&
        str_eq(ledger_text(p->ledger, ref).target, p->id) &&
        (!p->applied_to || __atomic_load_n(&fact->involved, __ATOMIC_ACQUIRE) == p->applied_to))
        places_include(p, fact);
    return true;
}

/* *room is the id's, and has to last as long as *p */
static void places_find(struct places *p, fact_ref origin, struct id_room *room)
{
    const struct fact *fact = ledger_fact(p->ledger, origin);
    uint64_t key;
    p->source = fact->source;
    /* its own, even if it is none: not every kind needs one */
    p->region[p->regions++] = fact->region;
    p->category[p->categories++] = fact->category;
    if (named(p->ledger, origin, fact, &p->id, room, &key))
        ledger_walk(p->ledger, subject_of_target(key), INT64_MIN, INT64_MAX, place_visit, p);
}

void ledger_places(const struct ledger *ledger, fact_ref ref, ledger_place_visit *visit, void *arg)
{
    struct places p = {.ledger = ledger};
    struct id_room room;
    places_find(&p, ledger_origin(ledger, ref), &room);
    for (unsigned r = 0; r < p.regions; r++)
        for (unsigned c = 0; c < p.categories; c++)
            visit(arg, p.region[r], p.category[c]);
}

void places_new(const struct ledger *ledger, fact_ref origin, fact_ref move, ledger_place_visit *visit, void *arg)
{
    struct places before = {.ledger = ledger, .applied_to = origin, .without = move};
    struct id_room room;
    places_find(&before, origin, &room);
    struct places now = before;
    places_include(&now, ledger_fact(ledger, move));
    for (unsigned r = 0; r < now.regions; r++)
        for (unsigned c = 0; c < now.categories; c++)
            if (!has_region(&before, now.region[r]) || !has_category(&before, now.category[c]))
                visit(arg, now.region[r], now.category[c]);
}

fact_ref ledger_find(const struct ledger *ledger, unsigned source, struct str id)
{
    uint64_t key = event_key(source, id);
    const struct index_view view = ledger_index(ledger, key);
    void *self = (void *)(uintptr_t)ledger; /* index_same takes what it is given */
    return index_find(&view, key, source, id, ledger_same, self);
}

fact_ref ledger_target(const struct ledger *ledger, fact_ref modifier)
{
    return ledger_find(ledger, ledger_fact(ledger, modifier)->source, ledger_text(ledger, modifier).target);
}

/* ---- matters that were merged ---- */

enum { COMPONENT_MAX = 4096 };

struct component {
    const struct ledger *ledger;
    uint32_t cut; /* by merges of cuts before it */
    bool ever;  /* merges that were taken back, or are of no cut yet, too */
    bool links; /* and links */
    struct tally known;
    uint64_t *matter; /* the same, as they were found */
    size_t count, capacity;
    uint64_t root;
    struct str root_text;
};

/* The matter that the search began with comes first, without its text, and with it once a merge names it. */
static void component_add(struct component *c, uint64_t matter, struct str text)
{
    if (!matter)
        return;
    if (c->count == COMPONENT_MAX && !*tally_at(&c->known, matter))
        return;
    if (tally_add(&c->known, matter)) {
        if (c->count == c->capacity) {
            c->capacity = c->capacity ? c->capacity * 2 : 16;
            c->matter = xrealloc(c->matter, c->capacity * sizeof *c->matter);
        }
        c->matter[c->count++] = matter;
    }
    if (!text.len)
        return;
    size_t shorter = text.len < c->root_text.len ? text.len : c->root_text.len;
    int order = memcmp(text.at, c->root_text.at ? c->root_text.at : "", shorter);
    if (!c->root_text.len || order < 0 || (order == 0 && text.len < c->root_text.len)) {
        c->root = matter;
        c->root_text = text;
    }
}

static bool merge_visit(void *arg, fact_ref ref)
{
    struct component *c = arg;
    const struct fact *fact = ledger_fact(c->ledger, ref);
    bool joins = fact->kind == EVENT_MERGED || (c->links && fact->kind == EVENT_LINKED);
    if (!joins || (!c->ever && (!fact_committed_before(fact, c->cut) || !fact_lives(c->ledger, ref, c->cut))))
        return true;
    struct fact_text text = ledger_text(c->ledger, ref);
    component_add(c, fact->matter, text.matter);
    component_add(c, matter_key(text.target), text.target);
    return true;
}

static void component_find(struct component *c, uint64_t matter)
{
    component_add(c, matter, (struct str){0});
    for (size_t i = 0; i < c->count; i++) {
        if (!filter_has(c->ledger, c->matter[i]))
            continue;
        ledger_walk(c->ledger, subject_of_matter(c->matter[i]), INT64_MIN, INT64_MAX, merge_visit, c);
        ledger_walk(c->ledger, subject_of_target(c->matter[i]), INT64_MIN, INT64_MAX, merge_visit, c);
    }
    tally_free(&c->known);
}

bool ledger_joined(const struct ledger *ledger, uint64_t matter)
{
    return filter_has(ledger, matter);
}

static void visit_nothing(void *arg, uint64_t matter)
{
    (void)arg;
    (void)matter;
}

static void component_visit(struct component *c, uint64_t matter, ledger_matter_visit *visit, void *arg)
{
    if (!filter_has(c->ledger, matter)) { /* nearly all have never been merged nor linked */
        if (matter)
            visit(arg, matter);
        return;
    }
    component_find(c, matter);
    for (size_t i = 0; i < c->count; i++)
        visit(arg, c->matter[i]);
    free(c->matter);
}

uint64_t ledger_root_of(const struct ledger *ledger, uint64_t matter, struct str *text, ledger_matter_visit *visit,
                        void *arg)
{
    struct component c = {.ledger = ledger, .cut = CUT_NEWEST, .root = matter};
    component_visit(&c, matter, visit, arg);
    *text = c.root_text;
    return c.root;
}

uint64_t ledger_matter_root(const struct ledger *ledger, uint64_t matter, struct str *text)
{
    struct str room;
    return ledger_root_of(ledger, matter, text ? text : &room, visit_nothing, NULL);
}

void ledger_matters(const struct ledger *ledger, uint64_t matter, ledger_matter_visit *visit, void *arg)
{
    struct component c = {.ledger = ledger, .ever = true, .links = true, .root = matter};
    component_visit(&c, matter, visit, arg);
}

void matters_merged(const struct ledger *ledger, uint64_t matter, uint32_t cut, ledger_matter_visit *visit, void *arg)
{
    struct component c = {.ledger = ledger, .cut = cut, .root = matter};
    component_visit(&c, matter, visit, arg);
}

void ledger_related(const struct ledger *ledger, uint64_t matter, ledger_matter_visit *visit, void *arg)
{
    struct component c = {.ledger = ledger, .cut = CUT_NEWEST, .links = true, .root = matter};
    component_visit(&c, matter, visit, arg);
}

int ledger_order(const struct ledger *ledger, fact_ref a, fact_ref b)
{
    const struct fact *one = ledger_fact(ledger, a), *other = ledger_fact(ledger, b);
    if (one->occurred_at != other->occurred_at)
        return one->occurred_at < other->occurred_at ? -1 : 1;
    struct id_room rooms[2];
    struct str x = ledger_id(ledger, a, &rooms[0]), y = ledger_id(ledger, b, &rooms[1]);
    int texts = memcmp(x.at, y.at, x.len < y.len ? x.len : y.len);
    if (texts)
        return texts;
    if (x.len != y.len)
        return x.len < y.len ? -1 : 1;
    if (one->source != other->source)
        return one->source < other->source ? -1 : 1;
    return a < b ? -1 : a > b;
}
