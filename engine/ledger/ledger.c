/* Entering facts.  The order of the steps is what makes it safe:
 *
 *   write the fact → win the index → push it into its chains → (count it, by the caller)
 *
 * A void or a move names another fact, which may come later or at this very moment on another worker.  Both sides
 * write, then look (Dekker): the event wins its index slot, then reads the filter; the modifier pushes itself into the
 * chain by target and sets the filter's bit, then searches the index.  All four are seq_cst, so at least one sees
 * the other.  If both do, the alias that a move needs is claimed by an atomic exchange, so there is one. */
#include "ledger/ledger_priv.h"

#include "base/check.h"
#include "ledger/carry.h"

#include <stdlib.h>

enum { SEED_MATTER = 1, SEED_RESPONDENT = 2 };
enum { TEXT_USUAL = 40 }; /* bytes of a fact's texts, to begin with the right size of the index: at most */
enum { INDEX_FIRST = 1 << 16 };

/* The low bits tell the kinds of subject apart.  Of a width of its own: ~7u would leave a key 29 bits, and a city would have
 * matters that are taken for one another. */
#define SUBJECT_KINDS UINT64_C(7)

uint64_t subject_of_region(uint32_t region)
{
    return (uint64_t)region << 3 | 1;
}

uint64_t subject_of_respondent(struct str respondent)
{
    return (key_of(respondent, SEED_RESPONDENT) & ~SUBJECT_KINDS) | 2;
}

uint64_t subject_of_matter(uint64_t matter)
{
    return (matter & ~SUBJECT_KINDS) | 3;
}

uint64_t subject_of_target(uint64_t key)
{
    return (key & ~SUBJECT_KINDS) | 4;
}

uint64_t matter_key(struct str matter)
{
    return matter.len ? key_of(matter, SEED_MATTER) : 0;
}

uint64_t target_key(unsigned kind, unsigned source, struct str target)
{
    return is_modifier(kind) ? event_key(source, target) : matter_key(target);
}

/* Each part 1/64 further than the one before on its way to the size that follows it: see index.h. */
static void index_begin(struct ledger *ledger, size_t slots)
{
    for (unsigned part = 0; part < INDEX_PARTS; part++)
        atomic_init(&ledger->index[part], index_table_create((slots + slots * part / INDEX_PARTS) / INDEX_PARTS));
}

struct ledger *ledger_create(const struct ledger_limits *limits, unsigned writers)
{
    static const int64_t span_s[SHELVES] = {86400, READING_SPAN_S};
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    size_t facts = 0;
    for (int i = 0; i < SHELVES; i++) {
        struct shelf_state *shelf = &ledger->shelf[i];
        shelf->span_s = span_s[i];
        shelf->keep_s = limits->keep_s[i];
        shelf->bytes_max = limits->bytes[i];
        shelf->ring = SPANS_MAX;
        atomic_init(&shelf->oldest, INT64_MAX);
        atomic_init(&shelf->newest, INT64_MIN);
        CHECK(limits->keep_s[i] / span_s[i] + 2 < shelf->ring);
        shelf->spans = xcalloc(shelf->ring, sizeof *shelf->spans);
        facts += limits->bytes[i] / (sizeof(struct fact) + TEXT_USUAL);
    }
    ledger->segments = xcalloc(SEGMENTS_MAX, sizeof *ledger->segments);
    atomic_init(&ledger->next_segment, 1);
    ledger->texts = xcalloc(TEXTS_MAX, sizeof *ledger->texts);
    atomic_init(&ledger->next_text, 1);
    ledger->pieces = pieces_create(PIECE_BYTES);
    ledger->reading_pieces = pieces_create(READING_PIECE_BYTES);
    pthread_mutex_init(&ledger->days_lock, NULL);
    ledger->followed_floor = LEDGER_LEADS;
    pthread_mutex_init(&ledger->moving, NULL);
    ledger->filter = xcalloc(FILTER_WORDS, sizeof *ledger->filter);
    index_begin(ledger, facts * 2 < INDEX_FIRST ? facts * 2 : INDEX_FIRST);
    ledger->writer_count = writers;
    ledger->writers = xaligned(writers * sizeof *ledger->writers);
    ledger->seen = xcalloc(writers, sizeof *ledger->seen);
    ledger->seen_replacing = xcalloc(writers, sizeof *ledger->seen_replacing);
    for (unsigned w = 0; w < writers; w++) {
        ledger->writers[w].ledger = ledger;
        for (int i = 0; i < SHELVES; i++)
            ledger->writers[w].open[i] = xcalloc(ledger->shelf[i].ring, sizeof(struct opened));
    }
    return ledger;
}

struct ledger_writer *ledger_writer(struct ledger *ledger, unsigned number)
{
    CHECK(number < ledger->writer_count);
    return &ledger->writers[number];
}

void ledger_begin(struct ledger_writer *writer)
{
    /* seq_cst: whoever raises the floor or swaps a view of the index and then sees this batch even, is seen by the next one */
    atomic_fetch_add(&writer->batch, 1);
    struct ledger *ledger = writer->ledger;
    for (int i = 0; i < SHELVES; i++)
        writer->floor[i] = atomic_load(&ledger->shelf[i].floor);
}

void ledger_end(struct ledger_writer *writer)
{
    atomic_fetch_add(&writer->batch, 1);
}

uint64_t ledger_batch(const struct ledger_writer *writer)
{
    return atomic_load(&writer->batch);
}

static uint32_t segment_count(const struct segment *segment)
{
    return atomic_load_explicit(&segment->count, memory_order_relaxed);
}

static void segment_advance(struct segment *segment, uint32_t facts)
{
    atomic_store_explicit(&segment->count, segment_count(segment) + facts, memory_order_release);
}

static struct opened *opened_at(struct ledger_writer *writer, enum shelf which, const struct span *span)
{
    struct opened *open = &writer->open[which][(uint64_t)span->number % writer->ledger->shelf[which].ring];
    if (open->span != span->number)
        *open = (struct opened){span->number, NULL, NULL, NULL};
    return open;
}

/* with room for so many bytes */
static struct text_piece *text_for(struct ledger_writer *writer, struct span *span, struct opened *open, size_t bytes)
{
    if (!open->text || open->text->used + bytes > PIECE_BYTES)
        open->text = text_open(writer->ledger, &writer->ledger->shelf[span->shelf], span);
    return open->text;
}

/* with room for so many facts */
static struct segment *segment_for(struct ledger_writer *writer, struct span *span, struct opened *open, unsigned facts)
{
    if (!open->segment || segment_count(open->segment) + facts > SEGMENT_FACTS)
        open->segment = segment_open(writer->ledger, &writer->ledger->shelf[span->shelf], span, false);
    return open->segment;
}

/* see ledger_commit */
static bool cuts_fit(const struct ledger *ledger, const struct segment *segment)
{
    uint32_t base = atomic_load_explicit(&segment->cut_base, memory_order_relaxed);
    uint32_t newest = atomic_load_explicit(&ledger->newest_cut, memory_order_relaxed);
    return !base || newest < base || newest - base < READING_CUT_MAX / 2;
}

static struct segment *readings_for(struct ledger_writer *writer, struct span *span, struct opened *open)
{
    struct segment *segment = open->readings;
    if (!segment || segment_count(segment) == SEGMENT_FACTS || !cuts_fit(writer->ledger, segment))
        open->readings = segment_open(writer->ledger, &writer->ledger->shelf[span->shelf], span, true);
    return open->readings;
}

bool ledger_same(void *arg, fact_ref ref, uint64_t key, unsigned source, struct str id)
{
    const struct ledger *ledger = arg;
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment)
        return false; /* expired */
    int64_t left_below = ledger_left_below(ledger, segment->span->shelf);
    if (!segment->facts)
        return reading_is(ledger, segment, ref, source, id, left_below);
    const struct fact *fact = &segment->facts[ref & (SEGMENT_FACTS - 1)];
    struct str own;
    if (fact->key != key || fact->source != source)
        return false;
    fact_texts(ledger, fact, &own);
    return str_eq(own, id) && fact_place(ledger, fact) >= left_below;
}

int64_t fact_place(const struct ledger *ledger, const struct fact *fact)
{
    return fact->carried ? fact_texts(ledger, fact, NULL).value : fact->occurred_at;
}

/* of one that is not kept small */
static struct fact *fact_own(const struct ledger *ledger, fact_ref ref)
{
    return &ledger_segment(ledger, ref)->facts[ref & (SEGMENT_FACTS - 1)];
}

/* up to the end of a minute or so, so that workers seldom write what all of them read */
static void reach(struct span *span, int64_t at)
{
    enum { GRAIN_S = 64 };
    at |= GRAIN_S - 1;
    int64_t reached = atomic_load_explicit(&span->reached, memory_order_relaxed);
    while (reached < at && !atomic_compare_exchange_weak_explicit(&span->reached, &reached, at, memory_order_relaxed,
                                                                  memory_order_relaxed))
        ;
}

/* after a fact of it has come into its chains */
static void segment_reach(struct segment *segment)
{
    atomic_store_explicit(&segment->reached, atomic_load_explicit(&segment->span->reached, memory_order_relaxed),
                          memory_order_relaxed);
}

static void push(struct ledger_writer *writer, struct span *span, uint64_t subject, fact_ref ref, enum chain chain)
{
    heads_push(span->heads, subject, ref, ledger_link(writer->ledger, ref, chain));
}

static void push_chains(struct ledger_writer *writer, struct span *span, const struct event *e,
                        const struct event_keys *keys, fact_ref ref)
{
    struct ledger *ledger = writer->ledger;
    const struct fact *fact = ledger_fact(ledger, ref);
    if (has_target(e->kind)) {
        uint64_t target = target_key(e->kind, e->source, e->target);
        push(writer, span, subject_of_target(target), ref, CHAIN_REGION);
        atomic_store(&span->has_modifiers, true);
        atomic_fetch_or(&ledger->filter[target >> 6 & (FILTER_WORDS - 1)], UINT64_C(1) << (target & 63));
        if (e->kind == EVENT_MERGED || e->kind == EVENT_LINKED)
            atomic_fetch_or(&ledger->filter[fact->matter >> 6 & (FILTER_WORDS - 1)],
                            UINT64_C(1) << (fact->matter & 63));
    } else if (e->region != REGION_NONE && !e->carried_at) {
        push(writer, span, subject_of_region(e->region), ref, CHAIN_REGION);
    }
    if (keys->respondent && !e->carried_at)
        push(writer, span, keys->respondent, ref, CHAIN_RESPONDENT);
    if (fact->matter && fact->key)
        push(writer, span, subject_of_matter(fact->matter), ref, CHAIN_MATTER);
}

/* The place of `target` in the region and category that `moved` gives it; 0 if somebody else made it.  What claims it
 * is the target itself: one that has lost its key meanwhile (INDEX_LOST) must not stand in for the one that won. */
static fact_ref alias_make(struct ledger_writer *writer, fact_ref moved, fact_ref target)
{
    struct ledger *ledger = writer->ledger;
    const struct fact *meant = ledger_fact(ledger, target);
    struct fact *move = fact_own(ledger, moved);
    enum shelf which = fact_shelf(meant->kind);
    if (meant->carried || meant->occurred_at < writer->floor[which] ||
        __atomic_exchange_n(&move->involved, target, __ATOMIC_ACQ_REL) == target)
        return 0;
    struct span *span = shelf_span(&ledger->shelf[which], meant->occurred_at / ledger->shelf[which].span_s);
    struct segment *segment = segment_for(writer, span, opened_at(writer, which, span), 1);
    uint32_t place = segment_count(segment);
    fact_ref ref = segment->number << SEGMENT_BITS | place;
    /* field by field: its links, its cut and a move's claim may be changing just now */
    struct fact *alias = &segment->facts[place];
    *alias = (struct fact){
        .actor = meant->actor,
        .matter = meant->matter,
        .occurred_at = meant->occurred_at,
        .region = move->region != REGION_NONE ? move->region : meant->region,
        .involved = meant->kind == EVENT_MOVED ? 0 : meant->involved,
        .text = target,
        .category = move->category != CATEGORY_NONE ? move->category : meant->category,
        .kind = FACT_ALIAS,
        .source = meant->source,
        .tags = meant->tags,
    };
    segment_advance(segment, 1);
    push(writer, span, subject_of_region(alias->region), ref, CHAIN_REGION);
    segment_reach(segment);
    return ref;
}

struct aliasing {
    struct ledger_writer *writer;
    struct entered *entered;
    const struct event *event;
};

static void place_add(void *arg, uint32_t region, uint16_t category)
{
    struct entered *entered = arg;
    CHECK(entered->places < NEW_PLACES_MAX); /* all the places that one fact can have */
    entered->place[entered->places].region = region;
    entered->place[entered->places++].category = category;
}

static void alias_add(const struct aliasing *a, fact_ref moved, fact_ref target)
{
    if (a->entered->aliases == ALIASES_MAX)
        return;
    struct ledger *ledger = a->writer->ledger;
    pthread_mutex_lock(&ledger->moving);
    fact_ref alias = alias_make(a->writer, moved, target);
    if (alias) {
        a->entered->alias[a->entered->aliases++] = alias;
        a->entered->moved = target;
        places_new(ledger, target, moved, place_add, a->entered);
    }
    pthread_mutex_unlock(&ledger->moving);
}

static bool alias_visit(void *arg, fact_ref ref)
{
    const struct aliasing *a = arg;
    const struct fact *fact = ledger_fact(a->writer->ledger, ref);
    /* keys of short ids of different sources may be equal: the texts decide */
    if (fact->kind == EVENT_MOVED && fact->source == a->event->source &&
        str_eq(ledger_text(a->writer->ledger, ref).target, a->event->id))
        alias_add(a, ref, a->entered->ref);
    return true;
}

/* the other side of the Dekker pair may have come first, on another worker */
static void meet_target(struct ledger_writer *writer, const struct event *e, uint64_t key, struct entered *entered)
{
    struct ledger *ledger = writer->ledger;
    struct aliasing a = {writer, entered, e};
    if (e->kind == EVENT_MOVED) {
        fact_ref target = ledger_find(ledger, e->source, e->target);
        if (target)
            alias_add(&a, entered->ref, target);
    } else if (filter_has(ledger, key)) {
        ledger_walk(ledger, subject_of_target(key), INT64_MIN, INT64_MAX, alias_visit, &a);
    }
}

static unsigned party_count(const struct event *e)
{
    if (e->actor_count <= 1 || has_target(e->kind))
        return 0;
    CHECK(e->actor_count <= EVENT_ACTORS_MAX);
    return e->actor_count - 1;
}

static void fill(struct fact *fact, const struct event *e, const struct event_keys *keys, uint32_t text)
{
    *fact = (struct fact){
        .key = keys->id,
        .actor = e->actor_count ? e->actors[0] : 0,
        .matter = keys->matter,
        .occurred_at = (uint32_t)e->occurred_at,
        .region = e->region,
        .involved = e->kind == EVENT_MOVED ? 0 : e->involved,
        .text = text,
        .category = e->category,
        .kind = e->kind,
        .source = e->source & 0x7fu,
        .carried = e->carried_at != 0,
        .tags = e->tags & 0xffffff,
        .parties = party_count(e) & 0xff,
    };
}

/* The ring has another span there: one that is being swept, which will be gone soon, or one so far away that the two
 * cannot be kept together. */
static enum enter_result no_place(const struct shelf_state *shelf, const struct span *other, int64_t number)
{
    if (other->number > number)
        return ENTER_EXPIRED;
    return (other->number + 1) * shelf->span_s <= atomic_load(&shelf->floor) ? ENTER_FULL : ENTER_AHEAD;
}

/* before the index has the event, since a move on another worker may find it there and count its parties at once */
static void fill_parties(struct fact *fact, const struct event *e, unsigned parties)
{
    for (unsigned i = 1; i <= parties; i++) {
        struct fact *party = fact + i;
        *party = *fact;
        party->key = 0;
        party->actor = e->actors[i];
        party->involved = 0;
        party->parties = 0;
    }
}

/* the time whose span it is in */
static int64_t event_place(const struct event *e)
{
    return e->carried_at ? e->carried_at : e->occurred_at;
}

static struct event_keys keys_of(const struct event *e)
{
    return (struct event_keys){event_key(e->source, e->id), matter_key(e->matter),
                               e->respondent.len ? subject_of_respondent(e->respondent) : 0};
}

static void prefetch_heads(const struct ledger *ledger, const struct event *e, const struct event_keys *keys)
{
    const struct shelf_state *shelf = &ledger->shelf[fact_shelf(e->kind)];
    const struct span *span = shelf_span(shelf, event_place(e) / shelf->span_s);
    if (!span)
        return;
    if (e->region != REGION_NONE)
        heads_prefetch(span->heads, subject_of_region(e->region));
    if (keys->respondent)
        heads_prefetch(span->heads, keys->respondent);
    if (keys->matter)
        heads_prefetch(span->heads, subject_of_matter(keys->matter));
}

void ledger_prepare(const struct ledger *ledger, const struct event *events, struct event_keys *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keys[i] = keys_of(&events[i]);
    for (size_t i = 0; i < count; i++) {
        const struct index_view view = ledger_index(ledger, keys[i].id);
        index_prefetch(&view, keys[i].id);
    }
    for (size_t i = 0; i < count; i++)
        prefetch_heads(ledger, &events[i], &keys[i]);
}

static enum index_result index_win(struct ledger_writer *writer, const struct event *e, uint64_t key, fact_ref ref)
{
    struct ledger *ledger = writer->ledger;
    const struct index_view view = ledger_index(ledger, key);
    fact_ref known;
    return e->carried_at ? index_replace(&view, key, e->source, e->id, ref, ledger_same, ledger)
                         : index_insert(&view, key, e->source, e->id, ref, ledger_same, ledger, &known);
}

enum enter_result ledger_enter(struct ledger_writer *writer, const struct event *e, struct entered *entered)
{
    struct event_keys keys = keys_of(e);
    return ledger_enter_prepared(writer, e, &keys, entered);
}

/* a place in a segment, written, that nobody knows of yet */
struct place {
    struct segment *segment;
    fact_ref ref;
    unsigned parties;
    struct text_piece *text; /* NULL: it has none, or the one that it has ends at: */
    uint32_t text_begin, text_end;
};

static struct place place_of(struct segment *segment)
{
    return (struct place){.segment = segment, .ref = segment->number << SEGMENT_BITS | segment_count(segment)};
}

static struct place write_fact(struct ledger_writer *writer, struct span *span, const struct event *e,
                               const struct event_keys *keys)
{
    struct opened *open = opened_at(writer, span->shelf, span);
    unsigned parties = party_count(e);
    struct place p = place_of(segment_for(writer, span, open, 1 + parties));
    p.parties = parties;
    p.text = text_for(writer, span, open, text_size(e));
    p.text_begin = p.text->used;
    p.text_end = text_write(p.text, e);
    struct fact *fact = fact_own(writer->ledger, p.ref);
    fill(fact, e, keys, text_name(p.text));
    fill_parties(fact, e, parties);
    return p;
}

/* does it say no more than a reading that is kept small can? */
static bool is_small(const struct event *e)
{
    return e->kind == EVENT_READING && !e->actor_count && !e->involved && !e->matter.len && !e->respondent.len &&
           !e->target.len && !e->due_at && !e->carried_at && e->value >= INT32_MIN && e->value <= INT32_MAX;
}

/* false: it cannot be kept so */
static bool write_reading(struct ledger_writer *writer, struct span *span, const struct event *e, struct place *p)
{
    uint32_t tail;
    bool text;
    uint32_t series = is_small(e) ? series_of(span->series->set, e, &tail, &text) : 0;
    if (!series)
        return false;
    struct opened *open = opened_at(writer, span->shelf, span);
    *p = place_of(readings_for(writer, span, open));
    if (text) {
        p->text = text_for(writer, span, open, 1 + e->id.len);
        p->text_end = text_write_id(p->text, e->id);
        tail = text_name(p->text);
    }
    struct reading *reading = &p->segment->readings[p->ref & (SEGMENT_FACTS - 1)];
    atomic_store_explicit(&reading->series, series, memory_order_relaxed);
    reading->tail = tail;
    reading->value = (int32_t)e->value;
    reading->next = 0;
    atomic_store_explicit(&reading->when, (uint32_t)(e->occurred_at % READING_SPAN_S) << READING_CUT_BITS,
                          memory_order_relaxed);
    return true;
}

/* nothing refers to it but a table on its way out */
static void give_up(const struct place *p)
{
    uint32_t at = p->ref & (SEGMENT_FACTS - 1);
    if (p->segment->facts)
        p->segment->facts[at].kind = EVENT_KINDS + 1;
    else
        atomic_store_explicit(&p->segment->readings[at].series, 0, memory_order_relaxed);
    segment_advance(p->segment, 1);
}

enum enter_result ledger_enter_prepared(struct ledger_writer *writer, const struct event *e,
                                        const struct event_keys *keys, struct entered *entered)
{
    struct ledger *ledger = writer->ledger;
    enum shelf which = fact_shelf(e->kind);
    int64_t at = event_place(e);
    entered->ref = 0;
    entered->aliases = entered->places = 0;
    if (at < writer->floor[which] || at < 0)
        return ENTER_EXPIRED;
    int64_t number = at / ledger->shelf[which].span_s;
    struct span *span = span_take(ledger, which, number);
    if (span->number != number)
        return no_place(&ledger->shelf[which], span, number);
    struct place place;
    if (which != SHELF_READINGS || !write_reading(writer, span, e, &place))
        place = write_fact(writer, span, e, keys);

    reach(span, at); /* before a move on another worker can find it and bring it into a chain */
    enum index_result won = index_win(writer, e, keys->id, place.ref);
    if (won == INDEX_KNOWN || won == INDEX_FULL)
        return won == INDEX_KNOWN ? ENTER_DUPLICATE : ENTER_FULL;
    if (place.text)
        text_keep(place.text, place.text_end);
    if (won == INDEX_LOST) {
        give_up(&place);
        return ENTER_DUPLICATE;
    }
    segment_advance(place.segment, 1 + place.parties);
    if (e->carried_at)
        atomic_fetch_add_explicit(&span->carried_bytes, sizeof(struct fact) + place.text_end - place.text_begin,
                                  memory_order_relaxed);
    for (unsigned i = 0; i <= place.parties; i++)
        push_chains(writer, span, e, keys, place.ref + i);
    segment_reach(place.segment);
    entered->ref = place.ref;
    meet_target(writer, e, keys->id, entered);
    return ENTER_NEW;
}
