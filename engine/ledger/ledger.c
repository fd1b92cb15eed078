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
#include "base/key.h"
#include "ledger/carry.h"

#include <stdlib.h>

enum { TEXT_VALUE = 1, TEXT_DUE = 2, TEXT_MATTER_OF_ID = 4 };
enum { SEED_MATTER = 1, SEED_RESPONDENT = 2 };
enum { TEXT_USUAL = 40 }; /* bytes of a fact's texts, to begin with the right size of the index */

/* the low bits tell the kinds of subject apart */
uint64_t subject_of_region(uint32_t region)
{
    return (uint64_t)region << 3 | 1;
}

uint64_t subject_of_respondent(struct str respondent)
{
    return (key_of(respondent, SEED_RESPONDENT) & ~7u) | 2;
}

uint64_t subject_of_matter(uint64_t matter)
{
    return (matter & ~7u) | 3;
}

uint64_t subject_of_target(uint64_t key)
{
    return (key & ~7u) | 4;
}

uint64_t matter_key(struct str matter)
{
    return matter.len ? key_of(matter, SEED_MATTER) : 0;
}

static uint64_t event_key(unsigned source, struct str id)
{
    return key_of(id, 0x1000u + source);
}

uint64_t target_key(unsigned kind, unsigned source, struct str target)
{
    return is_modifier(kind) ? event_key(source, target) : matter_key(target);
}

struct ledger *ledger_create(const struct ledger_limits *limits, unsigned writers)
{
    static const int64_t span_s[SHELVES] = {86400, 7200};
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
    ledger->pieces = pieces_create();
    ledger->followed_floor = LEDGER_LEADS;
    pthread_mutex_init(&ledger->moving, NULL);
    ledger->filter = xcalloc(FILTER_WORDS, sizeof *ledger->filter);
    struct index_view *view = xcalloc(1, sizeof *view);
    view->table[0] = index_table_create(facts * 2 < 1 << 16 ? facts * 2 : 1 << 16);
    atomic_init(&ledger->index, view);
    ledger->writer_count = writers;
    ledger->writers = xaligned(writers * sizeof *ledger->writers);
    ledger->seen = xcalloc(writers, sizeof *ledger->seen);
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
    /* seq_cst: whoever raises the floor or swaps the index and then sees this batch even, is seen by the next one */
    atomic_fetch_add(&writer->batch, 1);
    struct ledger *ledger = writer->ledger;
    writer->index = *atomic_load(&ledger->index);
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

struct span *shelf_span(const struct shelf_state *shelf, int64_t number)
{
    struct span *span =
        atomic_load_explicit(&shelf->spans[(uint64_t)number % shelf->ring], memory_order_acquire);
    return span && span->number == number ? span : NULL;
}

static void range_include(struct shelf_state *shelf, int64_t number)
{
    int64_t edge = atomic_load(&shelf->oldest);
    while (number < edge && !atomic_compare_exchange_weak(&shelf->oldest, &edge, number))
        ;
    edge = atomic_load(&shelf->newest);
    while (number > edge && !atomic_compare_exchange_weak(&shelf->newest, &edge, number))
        ;
}

/* The span of that number, or the one that holds its place in the ring: an older one, not swept yet, or a newer one. */
static struct span *span_take(struct ledger *ledger, enum shelf which, int64_t number)
{
    struct shelf_state *shelf = &ledger->shelf[which];
    _Atomic(struct span *) *place = &shelf->spans[(uint64_t)number % shelf->ring];
    struct span *span = atomic_load_explicit(place, memory_order_acquire);
    if (span && span->number != number)
        return span;
    range_include(shelf, number); /* before anything is entered, see FOR_EACH_SPAN */
    if (!span) {
        struct span *fresh = xcalloc(1, sizeof *fresh);
        fresh->number = number;
        fresh->shelf = which;
        fresh->heads = heads_create();
        if (atomic_compare_exchange_strong(place, &span, fresh)) {
            span = fresh;
        } else {
            heads_destroy(&fresh->heads);
            free(fresh);
        }
    }
    return span;
}

/* Numbers go round; one that is still in use is passed over. */
static uint32_t number_take(_Atomic uint32_t *next, uint32_t limit, void *entries)
{
    _Atomic(void *) *taken = entries;
    uint32_t number;
    do
        number = atomic_fetch_add(next, 1) % limit;
    while (number == 0 || atomic_load_explicit(&taken[number], memory_order_relaxed));
    return number;
}

static struct segment *segment_open(struct ledger *ledger, struct shelf_state *shelf, struct span *span)
{
    struct segment *segment = xcalloc(1, sizeof *segment);
    segment->facts = pieces_take(ledger->pieces);
    segment->number = number_take(&ledger->next_segment, SEGMENTS_MAX, ledger->segments);
    atomic_store_explicit(&ledger->segments[segment->number], segment, memory_order_release);
    segment->next = atomic_load_explicit(&span->segments, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&span->segments, &segment->next, segment, memory_order_release,
                                                  memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&shelf->segments, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&shelf->bytes, PIECE_BYTES, memory_order_relaxed);
    return segment;
}

static struct text_piece *text_open(struct ledger *ledger, struct shelf_state *shelf, struct span *span)
{
    struct text_piece *text = xcalloc(1, sizeof *text);
    text->bytes = pieces_take(ledger->pieces);
    text->number = number_take(&ledger->next_text, TEXTS_MAX, ledger->texts);
    atomic_store_explicit(&ledger->texts[text->number], text->bytes, memory_order_release);
    text->next = atomic_load_explicit(&span->texts, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&span->texts, &text->next, text, memory_order_release,
                                                  memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&shelf->bytes, PIECE_BYTES, memory_order_relaxed);
    return text;
}

static uint32_t segment_count(const struct segment *segment)
{
    return atomic_load_explicit(&segment->count, memory_order_relaxed);
}

static void segment_advance(struct segment *segment, uint32_t facts)
{
    atomic_store_explicit(&segment->count, segment_count(segment) + facts, memory_order_release);
}

/* what the writer has open there, with room for so many facts and bytes of text */
static struct opened *open_for(struct ledger_writer *writer, enum shelf which, struct span *span, unsigned facts,
                               size_t text)
{
    struct shelf_state *shelf = &writer->ledger->shelf[which];
    struct opened *open = &writer->open[which][(uint64_t)span->number % shelf->ring];
    if (open->span != span->number)
        *open = (struct opened){span->number, NULL, NULL};
    if (!open->segment || segment_count(open->segment) + facts > SEGMENT_FACTS)
        open->segment = segment_open(writer->ledger, shelf, span);
    if (text && (!open->text || open->text->used + text > PIECE_BYTES))
        open->text = text_open(writer->ledger, shelf, span);
    return open;
}

static char *text_put(char *at, struct str text)
{
    *at++ = (char)(unsigned char)text.len;
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static size_t text_size(const struct event *e)
{
    return 1 + 16 + 4 + e->id.len + e->matter.len + e->respondent.len + e->target.len;
}

static bool is_prefix(struct str text, struct str of)
{
    return text.len && text.len <= of.len && memcmp(text.at, of.at, text.len) == 0;
}

/* returns where the text ends in the piece */
static uint32_t text_write(struct text_piece *piece, const struct event *e)
{
    char *at = piece->bytes + piece->used, *flags = at++;
    int64_t value = e->carried_at ? e->carried_at : e->value;
    *flags = 0;
    if (value) {
        *flags |= TEXT_VALUE;
        memcpy(at, &value, sizeof value);
        at += sizeof value;
    }
    if (e->due_at) {
        *flags |= TEXT_DUE;
        memcpy(at, &e->due_at, sizeof e->due_at);
        at += sizeof e->due_at;
    }
    at = text_put(at, e->id);
    if (is_prefix(e->matter, e->id)) {
        /* an order's number begins the ids of what happens to it: keep its length only */
        *flags |= TEXT_MATTER_OF_ID;
        *at++ = (char)(unsigned char)e->matter.len;
    } else {
        at = text_put(at, e->matter);
    }
    at = text_put(at, e->respondent);
    at = text_put(at, e->target);
    return (uint32_t)(at - piece->bytes);
}

static uint32_t text_name(const struct text_piece *piece)
{
    return piece->number << TEXT_BITS | piece->used / TEXT_UNIT;
}

static void text_keep(struct text_piece *piece, uint32_t end)
{
    piece->used = (end + TEXT_UNIT - 1) / TEXT_UNIT * TEXT_UNIT;
}

static const char *text_at(const struct ledger *ledger, uint32_t name)
{
    const char *piece = atomic_load_explicit(&ledger->texts[name >> TEXT_BITS], memory_order_acquire);
    return piece + (size_t)(name & ((1u << TEXT_BITS) - 1)) * TEXT_UNIT;
}

static struct str text_get(const char **at)
{
    size_t len = (unsigned char)**at;
    struct str text = {*at + 1, len};
    *at += 1 + len;
    return text;
}

struct fact_text fact_texts(const struct ledger *ledger, const struct fact *fact)
{
    struct fact_text out = {0};
    const char *at = text_at(ledger, fact->text);
    int flags = *at++;
    if (flags & TEXT_VALUE) {
        memcpy(&out.value, at, sizeof out.value);
        at += sizeof out.value;
    }
    if (flags & TEXT_DUE) {
        memcpy(&out.due_at, at, sizeof out.due_at);
        at += sizeof out.due_at;
    }
    out.id = text_get(&at);
    if (flags & TEXT_MATTER_OF_ID)
        out.matter = (struct str){out.id.at, (unsigned char)*at++};
    else
        out.matter = text_get(&at);
    out.respondent = text_get(&at);
    out.target = text_get(&at);
    return out;
}

struct fact *ledger_fact(const struct ledger *ledger, fact_ref ref)
{
    return &ledger_segment(ledger, ref)->facts[ref & (SEGMENT_FACTS - 1)];
}

fact_ref ledger_origin(const struct ledger *ledger, fact_ref ref)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    return fact->kind == FACT_ALIAS ? fact->text : ref;
}

struct fact_text ledger_text(const struct ledger *ledger, fact_ref ref)
{
    return fact_texts(ledger, ledger_fact(ledger, ledger_origin(ledger, ref)));
}

void ledger_prefetch_text(const struct ledger *ledger, fact_ref ref)
{
    const struct fact *fact = ledger_fact(ledger, ref);
    if (fact->kind != FACT_ALIAS)
        __builtin_prefetch(text_at(ledger, fact->text));
}

bool ledger_same(void *arg, fact_ref ref, uint64_t key, unsigned source, struct str id)
{
    const struct ledger *ledger = arg;
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment)
        return false; /* expired */
    const struct fact *fact = &segment->facts[ref & (SEGMENT_FACTS - 1)];
    return fact->key == key && fact->source == source && str_eq(fact_texts(ledger, fact).id, id) &&
           fact_place(ledger, fact) >= ledger_left_below(ledger, fact_shelf(fact->kind));
}

int64_t fact_place(const struct ledger *ledger, const struct fact *fact)
{
    return fact->carried ? fact_texts(ledger, fact).value : fact->occurred_at;
}

static void push(struct ledger_writer *writer, struct span *span, uint64_t subject, fact_ref ref, enum chain chain)
{
    heads_push(span->heads, subject, ref, &ledger_fact(writer->ledger, ref)->next[chain]);
}

static void push_chains(struct ledger_writer *writer, struct span *span, const struct event *e,
                        const struct event_keys *keys, fact_ref ref)
{
    struct ledger *ledger = writer->ledger;
    struct fact *fact = ledger_fact(ledger, ref);
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
    struct fact *move = ledger_fact(ledger, moved);
    enum shelf which = fact_shelf(meant->kind);
    if (meant->carried || meant->occurred_at < writer->floor[which] ||
        __atomic_exchange_n(&move->involved, target, __ATOMIC_ACQ_REL) == target)
        return 0;
    struct span *span = shelf_span(&ledger->shelf[which], meant->occurred_at / ledger->shelf[which].span_s);
    struct segment *segment = open_for(writer, which, span, 1, 0)->segment;
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
        fact_ref target = index_find(&writer->index, event_key(e->source, e->target), e->source, e->target,
                                     ledger_same, ledger);
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

struct event_keys ledger_prepare(const struct ledger_writer *writer, const struct event *e)
{
    struct event_keys keys = {event_key(e->source, e->id), matter_key(e->matter),
                              e->respondent.len ? subject_of_respondent(e->respondent) : 0};
    const struct shelf_state *shelf = &writer->ledger->shelf[fact_shelf(e->kind)];
    const struct span *span = shelf_span(shelf, event_place(e) / shelf->span_s);
    index_prefetch(&writer->index, keys.id);
    if (!span)
        return keys;
    if (e->region != REGION_NONE)
        heads_prefetch(span->heads, subject_of_region(e->region));
    if (keys.respondent)
        heads_prefetch(span->heads, keys.respondent);
    if (keys.matter)
        heads_prefetch(span->heads, subject_of_matter(keys.matter));
    return keys;
}

static enum index_result index_win(struct ledger_writer *writer, const struct event *e, uint64_t key, fact_ref ref)
{
    struct ledger *ledger = writer->ledger;
    fact_ref known;
    return e->carried_at ? index_replace(&writer->index, key, e->source, e->id, ref, ledger_same, ledger)
                         : index_insert(&writer->index, key, e->source, e->id, ref, ledger_same, ledger, &known);
}

enum enter_result ledger_enter(struct ledger_writer *writer, const struct event *e, struct entered *entered)
{
    struct event_keys keys = ledger_prepare(writer, e);
    return ledger_enter_prepared(writer, e, &keys, entered);
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
    unsigned parties = party_count(e);
    struct opened *open = open_for(writer, which, span, 1 + parties, text_size(e));
    struct segment *segment = open->segment;
    uint32_t place = segment_count(segment);
    fact_ref ref = segment->number << SEGMENT_BITS | place;
    uint32_t text_begin = open->text->used, text_end = text_write(open->text, e);
    struct fact *fact = &segment->facts[place];
    fill(fact, e, keys, text_name(open->text));
    fill_parties(fact, e, parties);

    enum index_result won = index_win(writer, e, keys->id, ref);
    if (won == INDEX_KNOWN || won == INDEX_FULL)
        return won == INDEX_KNOWN ? ENTER_DUPLICATE : ENTER_FULL;
    text_keep(open->text, text_end);
    if (won == INDEX_LOST) {
        fact->kind = EVENT_KINDS + 1; /* a place that nothing refers to but a table on its way out */
        segment_advance(segment, 1);
        return ENTER_DUPLICATE;
    }
    segment_advance(segment, 1 + parties);
    if (e->carried_at)
        atomic_fetch_add_explicit(&span->carried_bytes, sizeof *fact + text_end - text_begin,
                                  memory_order_relaxed);
    for (unsigned i = 0; i <= parties; i++)
        push_chains(writer, span, e, keys, ref + i);
    entered->ref = ref;
    meet_target(writer, e, keys->id, entered);
    return ENTER_NEW;
}
