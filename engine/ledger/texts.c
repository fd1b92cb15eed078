/* Reading and writing one fact: its texts in their piece, its id, and readings that are kept small as the facts they are. */
#include "ledger/ledger_priv.h"

#include "base/check.h"

enum { TEXT_VALUE = 1, TEXT_DUE = 2, TEXT_MATTER_OF_ID = 4 };

static char *text_put(char *at, struct str text)
{
    *at++ = (char)(unsigned char)text.len;
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

size_t text_size(const struct event *e)
{
    return 1 + 16 + 4 + e->id.len + e->matter.len + e->respondent.len + e->target.len;
}

static bool is_prefix(struct str text, struct str of)
{
    return text.len && text.len <= of.len && memcmp(text.at, of.at, text.len) == 0;
}

uint32_t text_write(struct text_piece *piece, const struct event *e)
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

uint32_t text_write_id(struct text_piece *piece, struct str id)
{
    return (uint32_t)(text_put(piece->bytes + piece->used, id) - piece->bytes);
}

uint32_t text_name(const struct text_piece *piece)
{
    return piece->number << TEXT_BITS | piece->used / TEXT_UNIT;
}

void text_keep(struct text_piece *piece, uint32_t end)
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

struct fact_text fact_texts(const struct ledger *ledger, const struct fact *fact, struct str *id)
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
    struct str own = text_get(&at);
    if (id)
        *id = own;
    if (flags & TEXT_MATTER_OF_ID)
        out.matter = (struct str){own.at, (unsigned char)*at++};
    else
        out.matter = text_get(&at);
    out.respondent = text_get(&at);
    out.target = text_get(&at);
    return out;
}

/* ---- readings that are kept small ---- */

static const struct reading *reading_at(const struct segment *segment, fact_ref ref)
{
    return &segment->readings[ref & (SEGMENT_FACTS - 1)];
}

static const struct series *series_at(const struct segment *segment, const struct reading *reading)
{
    return series_get(segment->span->series->set, atomic_load_explicit(&reading->series, memory_order_relaxed));
}

static uint32_t reading_time(const struct segment *segment, uint32_t when)
{
    return (uint32_t)(segment->span->number * READING_SPAN_S) + (when >> READING_CUT_BITS);
}

static uint32_t reading_cut(const struct segment *segment, uint32_t when)
{
    uint32_t counted = when & READING_CUT_MAX;
    return counted <= 1 ? counted : atomic_load_explicit(&segment->cut_base, memory_order_relaxed) + counted - 2;
}

static const struct fact *reading_fact(const struct segment *segment, fact_ref ref, struct fact *room)
{
    const struct reading *reading = reading_at(segment, ref);
    const struct series *series = series_at(segment, reading);
    uint32_t when = atomic_load_explicit(&reading->when, memory_order_relaxed);
    *room = (struct fact){
        .key = READING_KEY,
        .occurred_at = reading_time(segment, when),
        .region = series->region,
        .cut = reading_cut(segment, when),
        .category = series->category,
        .kind = EVENT_READING,
        .source = series->source & 0x7fu,
        .tags = series->tags,
    };
    return room;
}

static struct str id_of(const struct ledger *ledger, const struct segment *segment, const struct reading *reading,
                        const struct series *series, struct id_room *room)
{
    if (series->form == FORM_TEXT) {
        const char *at = text_at(ledger, reading->tail);
        return text_get(&at);
    }
    return (struct str){room->at, series_id(segment->span->series->set, series, reading->tail, room->at)};
}

static struct str reading_id(const struct ledger *ledger, const struct segment *segment, fact_ref ref, struct id_room *room)
{
    const struct reading *reading = reading_at(segment, ref);
    return id_of(ledger, segment, reading, series_at(segment, reading), room);
}

bool reading_is(const struct ledger *ledger, const struct segment *segment, fact_ref ref, unsigned source, struct str id,
                int64_t from)
{
    const struct reading *reading = reading_at(segment, ref);
    uint32_t number = atomic_load_explicit(&reading->series, memory_order_relaxed);
    if (!number)
        return false;
    const struct series *series = series_get(segment->span->series->set, number);
    struct id_room room;
    return (series->source & 0x7fu) == source && str_eq(id_of(ledger, segment, reading, series, &room), id) &&
           reading_time(segment, atomic_load_explicit(&reading->when, memory_order_relaxed)) >= from;
}

/* ---- facts ---- */

const struct fact *ledger_fact_in(const struct ledger *ledger, fact_ref ref, struct fact *room)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    return segment->facts ? &segment->facts[ref & (SEGMENT_FACTS - 1)] : reading_fact(segment, ref, room);
}

fact_ref *ledger_link(const struct ledger *ledger, fact_ref ref, enum chain chain)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    uint32_t place = ref & (SEGMENT_FACTS - 1);
    return segment->facts ? &segment->facts[place].next[chain] : &segment->readings[place].next;
}

bool segment_has(const struct segment *segment, uint32_t place)
{
    if (segment->facts)
        return segment->facts[place].kind <= FACT_ALIAS;
    return atomic_load_explicit(&segment->readings[place].series, memory_order_relaxed) != 0;
}

fact_ref ledger_origin(const struct ledger *ledger, fact_ref ref)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment->facts)
        return ref;
    const struct fact *fact = &segment->facts[ref & (SEGMENT_FACTS - 1)];
    return fact->kind == FACT_ALIAS ? fact->text : ref;
}

struct fact_text ledger_text(const struct ledger *ledger, fact_ref ref)
{
    ref = ledger_origin(ledger, ref);
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment->facts)
        return (struct fact_text){.value = reading_at(segment, ref)->value};
    return fact_texts(ledger, &segment->facts[ref & (SEGMENT_FACTS - 1)], NULL);
}

struct str ledger_id(const struct ledger *ledger, fact_ref ref, struct id_room *room)
{
    ref = ledger_origin(ledger, ref);
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment->facts)
        return reading_id(ledger, segment, ref, room);
    struct str id;
    fact_texts(ledger, &segment->facts[ref & (SEGMENT_FACTS - 1)], &id);
    return id;
}

bool ledger_same_event(const struct ledger *ledger, fact_ref a, fact_ref b)
{
    struct id_room rooms[2];
    return ledger_fact(ledger, a)->source == ledger_fact(ledger, b)->source &&
           str_eq(ledger_id(ledger, a, &rooms[0]), ledger_id(ledger, b, &rooms[1]));
}

void ledger_prefetch(const struct ledger *ledger, fact_ref ref)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    if (segment->facts)
        __builtin_prefetch(&segment->facts[ref & (SEGMENT_FACTS - 1)], 1);
    else
        __builtin_prefetch(reading_at(segment, ref), 1);
}

void ledger_prefetch_text(const struct ledger *ledger, fact_ref ref)
{
    const struct segment *segment = ledger_segment(ledger, ref);
    if (!segment->facts)
        return;
    const struct fact *fact = &segment->facts[ref & (SEGMENT_FACTS - 1)];
    if (fact->kind != FACT_ALIAS)
        __builtin_prefetch(text_at(ledger, fact->text));
}

/* A reading's cut is counted from the first that its segment saw, so that it fits: a writer leaves a segment that has seen half of
 * what fits (cuts_fit), and what it entered before is committed long before the other half is over. */
static void reading_commit(struct segment *segment, struct reading *reading, uint32_t cut)
{
    uint32_t base = atomic_load_explicit(&segment->cut_base, memory_order_relaxed);
    if (cut > 1 && !base) {
        base = cut;
        atomic_store_explicit(&segment->cut_base, base, memory_order_relaxed);
    }
    uint32_t counted = cut > 1 ? cut - base + 2 : cut;
    CHECK(counted <= READING_CUT_MAX);
    uint32_t when = atomic_load_explicit(&reading->when, memory_order_relaxed);
    atomic_store_explicit(&reading->when, (when & ~(uint32_t)READING_CUT_MAX) | counted, memory_order_relaxed);
}

void ledger_commit(struct ledger *ledger, fact_ref ref, uint32_t cut)
{
    struct segment *segment = ledger_segment(ledger, ref);
    uint32_t place = ref & (SEGMENT_FACTS - 1);
    if (atomic_load_explicit(&ledger->newest_cut, memory_order_relaxed) != cut)
        atomic_store_explicit(&ledger->newest_cut, cut, memory_order_relaxed);
    if (segment->facts)
        __atomic_store_n(&segment->facts[place].cut, cut, __ATOMIC_RELEASE); /* for passed(), see walk.c */
    else
        reading_commit(segment, &segment->readings[place], cut);
}
