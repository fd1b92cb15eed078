/* What facts are kept in: spans of event time, the segments and pieces of text in them, and the series of their readings.  Any
 * worker begins one; what they lie in ends with them (maintain.c). */
#include "ledger/ledger_priv.h"

#include "base/check.h"

#include <stdlib.h>

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

/* A span that is begun as time goes on will have about as many as the one before; one of the past, that few are late for, will not. */
static size_t subjects_expected(const struct shelf_state *shelf, int64_t number)
{
    const struct span *before = shelf_span(shelf, number - 1);
    return before && number == atomic_load(&shelf->newest) ? heads_subjects(before->heads) : 0;
}

/* ---- the series of readings ---- */

static struct series_day *day_find(const struct ledger *ledger, int64_t number)
{
    struct series_day *day = ledger->days;
    while (day && day->number != number)
        day = day->next;
    return day;
}

static struct series_day *series_day_take(struct ledger *ledger, int64_t span)
{
    int64_t number = span / SPANS_A_DAY;
    pthread_mutex_lock(&ledger->days_lock);
    struct series_day *day = day_find(ledger, number);
    if (!day) {
        const struct series_day *before = day_find(ledger, number - 1);
        day = xcalloc(1, sizeof *day);
        day->number = number;
        day->set = series_set_create(&ledger->shelf[SHELF_READINGS].bytes, before ? series_set_count(before->set) : 0);
        day->next = ledger->days;
        ledger->days = day;
    }
    day->spans++;
    pthread_mutex_unlock(&ledger->days_lock);
    return day;
}

void series_day_give(struct ledger *ledger, struct series_day *day)
{
    if (!day)
        return;
    pthread_mutex_lock(&ledger->days_lock);
    struct series_day **at = &ledger->days;
    while (*at != day)
        at = &(*at)->next;
    if (--day->spans == 0) {
        *at = day->next;
        series_set_destroy(&day->set);
        free(day);
    }
    pthread_mutex_unlock(&ledger->days_lock);
}

/* ---- spans ---- */

struct span *span_take(struct ledger *ledger, enum shelf which, int64_t number)
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
        fresh->heads = heads_create(subjects_expected(shelf, number));
        if (which == SHELF_READINGS)
            fresh->series = series_day_take(ledger, number);
        if (atomic_compare_exchange_strong(place, &span, fresh)) {
            span = fresh;
        } else {
            heads_destroy(&fresh->heads);
            series_day_give(ledger, fresh->series);
            free(fresh);
        }
    }
    return span;
}

/* ---- in a span ---- */

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

struct segment *segment_open(struct ledger *ledger, struct shelf_state *shelf, struct span *span, bool small)
{
    struct segment *segment = xcalloc(1, sizeof *segment);
    segment->span = span;
    if (small)
        segment->readings = pieces_take(ledger->reading_pieces);
    else
        segment->facts = pieces_take(ledger->pieces);
    segment->number = number_take(&ledger->next_segment, SEGMENTS_MAX, ledger->segments);
    atomic_store_explicit(&ledger->segments[segment->number], segment, memory_order_release);
    segment->next = atomic_load_explicit(&span->segments, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&span->segments, &segment->next, segment, memory_order_release,
                                                  memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&shelf->bytes, small ? READING_PIECE_BYTES : PIECE_BYTES, memory_order_relaxed);
    return segment;
}

struct text_piece *text_open(struct ledger *ledger, struct shelf_state *shelf, struct span *span)
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

