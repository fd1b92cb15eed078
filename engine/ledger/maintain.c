/* What keeps the ledger bounded: spans expire below the floor, and a table of the index is replaced when it fills up with slots
 * of facts that are gone.
 *
 * Freeing needs proof that nobody looks: a worker looks only inside a batch (ledger_begin..ledger_end), so a
 * step is over once every worker has been outside of one since the step began.  ledger_maintain is called again and
 * again by the committer and goes one step further when that holds; it never waits.
 *
 *   sweep:    raise the floor → (all batches over: nothing more is entered there) carry on, leave: nothing there is found
 *             any more → (all over: nobody has found anything) unlink → (all over) free
 *   replace:  name the new one in the old: {old, new} → (all over) copy what is live, put new in its place: {new} → (all
 *             over) free old */
#include "ledger/ledger_priv.h"

#include "base/check.h"
#include "ledger/carry.h"

#include <stdlib.h>

static void take_seen(const struct ledger *ledger, uint64_t *seen)
{
    for (unsigned w = 0; w < ledger->writer_count; w++)
        seen[w] = atomic_load(&ledger->writers[w].batch);
}

static bool all_over(const struct ledger *ledger, const uint64_t *seen)
{
    for (unsigned w = 0; w < ledger->writer_count; w++)
        if ((seen[w] & 1) && atomic_load(&ledger->writers[w].batch) == seen[w])
            return false;
    return true;
}

bool ledger_quiet(const struct ledger *ledger)
{
    return all_over(ledger, ledger->seen);
}

bool ledger_sweeping(const struct ledger *ledger)
{
    return ledger->sweep != SWEEP_IDLE;
}

static void span_free(struct ledger *ledger, struct span *span)
{
    struct shelf_state *shelf = &ledger->shelf[span->shelf];
    size_t bytes = 0;
    for (struct segment *s = span->segments, *next; s; s = next) {
        next = s->next;
        bytes += s->facts ? PIECE_BYTES : READING_PIECE_BYTES;
        if (s->facts)
            pieces_give(ledger->pieces, s->facts);
        else
            pieces_give(ledger->reading_pieces, s->readings);
        free(s);
    }
    for (struct text_piece *t = span->texts, *next; t; t = next, bytes += PIECE_BYTES) {
        next = t->next;
        /* not sooner: who has found a fact before its segment was unlinked reads its texts */
        atomic_store_explicit(&ledger->texts[t->number], NULL, memory_order_release);
        pieces_give(ledger->pieces, t->bytes);
        free(t);
    }
    atomic_fetch_sub_explicit(&shelf->bytes, bytes, memory_order_relaxed);
    series_day_give(ledger, span->series);
    heads_destroy(&span->heads);
    free(span);
}

size_t ledger_bytes(const struct ledger *ledger, enum shelf which)
{
    const struct shelf_state *shelf = &ledger->shelf[which];
    size_t bytes = atomic_load_explicit(&shelf->bytes, memory_order_relaxed);
    FOR_EACH_SPAN(span, shelf)
    {
        bytes += heads_bytes(span->heads);
    }
    return bytes;
}

size_t ledger_index_bytes(const struct ledger *ledger)
{
    size_t slots = 0;
    for (unsigned part = 0; part < INDEX_PARTS; part++) {
        struct index_view view = index_view_of(&ledger->index[part]);
        slots += index_table_slots(view.table[0]) + (view.table[1] ? index_table_slots(view.table[1]) : 0);
    }
    return slots * sizeof(uint64_t);
}

int64_t ledger_floor(const struct ledger *ledger, enum shelf which)
{
    return atomic_load_explicit(&ledger->shelf[which].floor, memory_order_relaxed);
}

uint64_t ledger_evictions(const struct ledger *ledger, enum shelf which)
{
    return atomic_load_explicit(&ledger->shelf[which].evictions, memory_order_relaxed);
}

/* the oldest span's end, so that raising the floor to it frees that span */
static int64_t oldest_end(const struct shelf_state *shelf)
{
    int64_t oldest = INT64_MAX;
    FOR_EACH_SPAN(span, shelf)
    {
        if (span->number < oldest)
            oldest = span->number;
    }
    return oldest == INT64_MAX ? 0 : (oldest + 1) * shelf->span_s;
}

/* as far as time goes */
static int64_t floor_due(const struct ledger *ledger, enum shelf which, int64_t now_s)
{
    const struct shelf_state *shelf = &ledger->shelf[which];
    bool followed = which == SHELF_FACTS && ledger->followed_floor != LEDGER_LEADS;
    int64_t due = followed ? ledger->followed_floor : now_s - shelf->keep_s;
    return due > 0 ? due / shelf->span_s * shelf->span_s : 0;
}

static bool floor_raise(struct ledger *ledger, enum shelf which, int64_t now_s)
{
    struct shelf_state *shelf = &ledger->shelf[which];
    int64_t floor = ledger_floor(ledger, which), target = floor_due(ledger, which, now_s);
    if (target <= floor && ledger_bytes(ledger, which) > shelf->bytes_max) {
        target = oldest_end(shelf);
        /* the newest span always stays */
        if (target > atomic_load(&shelf->newest) * shelf->span_s)
            target = floor;
        if (target > floor)
            atomic_fetch_add_explicit(&shelf->evictions, 1, memory_order_relaxed);
    }
    if (target <= floor)
        return false;
    atomic_store(&shelf->floor, target);
    return true;
}

void ledger_left(struct ledger *ledger)
{
    for (int i = 0; i < SHELVES; i++)
        atomic_store(&ledger->shelf[i].walked_from, atomic_load(&ledger->shelf[i].floor));
}

static void unlink_below(struct ledger *ledger)
{
    for (int i = 0; i < SHELVES; i++) {
        struct shelf_state *shelf = &ledger->shelf[i];
        int64_t floor = ledger_floor(ledger, (enum shelf)i), oldest = floor / shelf->span_s;
        FOR_EACH_SPAN(span, shelf)
        {
            if (span->number >= oldest)
                break;
            if (ledger->sweeping_count == SWEEPING_MAX) {
                oldest = span->number;
                break;
            }
            for (struct segment *g = atomic_load_explicit(&span->segments, memory_order_acquire); g; g = g->next)
                atomic_store(&ledger->segments[g->number], NULL);
            atomic_store(&shelf->spans[(uint64_t)span->number % shelf->ring], NULL);
            ledger->sweeping[ledger->sweeping_count++] = span;
        }
        /* every batch that is open now has this floor: nothing is entered below it any more */
        int64_t before = atomic_load(&shelf->oldest);
        while (before < oldest && !atomic_compare_exchange_weak(&shelf->oldest, &before, oldest))
            ;
    }
}

static void sweep_step(struct ledger *ledger, int64_t now_s)
{
    switch (ledger->sweep) {
    case SWEEP_IDLE: {
        bool raised = floor_raise(ledger, SHELF_FACTS, now_s);
        raised |= floor_raise(ledger, SHELF_READINGS, now_s);
        if (raised)
            ledger->sweep = SWEEP_LEAVE;
        break;
    }
    case SWEEP_LEAVE:
        ledger_left(ledger);
        ledger->sweep = SWEEP_UNLINK;
        break;
    case SWEEP_UNLINK:
        unlink_below(ledger);
        ledger->sweep = ledger->sweeping_count ? SWEEP_FREE : SWEEP_IDLE;
        break;
    case SWEEP_FREE:
        for (unsigned i = 0; i < ledger->sweeping_count; i++)
            span_free(ledger, ledger->sweeping[i]);
        ledger->sweeping_count = 0;
        ledger->sweep = SWEEP_UNLINK; /* there may have been more than fitted */
        break;
    }
}

static bool is_live(void *arg, fact_ref ref)
{
    return ledger_segment(arg, ref) != NULL;
}

/* A small table may be full before the next is ready; a large one is worth its bytes, and cheap to copy. */
static bool is_large(size_t slots)
{
    return slots >= 1 << 13;
}

/* filled within the time that a few batches take: one step, then, and not a dozen */
static bool is_small(size_t slots)
{
    return slots < 1 << 10;
}

static bool is_full(const struct index_table *table)
{
    size_t slots = index_table_slots(table);
    return index_table_used(table) >= slots / 8 * (is_large(slots) ? 7 : 5);
}

/* What is live decides, not what has ever been: otherwise the table would grow for as long as the engine runs.  But until it is
 * copied, whatever still comes into the old one has to find a place in the new one as well. */
static size_t index_slots(struct ledger *ledger, const struct index_table *table)
{
    size_t slots = index_table_slots(table), used = index_table_used(table), room = slots > used ? slots - used : 0;
    size_t live = index_count(table, is_live, ledger), least = (live + room) / 7 * 8;
    size_t wanted = is_large(live) ? live / 3 * 4 : is_small(live) ? live * 4 : live * 2;
    return wanted > least ? wanted : least;
}

/* half of what was left has gone: there was a batch that stayed open for long */
static bool is_urgent(const struct index_table *table)
{
    return index_table_used(table) >= index_table_slots(table) / 16 * 15;
}

/* Those that are full, as far as a step may go: a few milliseconds, since the committer has alerts waiting. */
static void replace_begin(struct ledger *ledger)
{
    enum { SLOTS_A_STEP = 1 << 18 };
    size_t slots = 0;
    for (unsigned n = 0; n < INDEX_PARTS; n++, ledger->full_from++) {
        unsigned part = ledger->full_from % INDEX_PARTS;
        struct index_table *table = atomic_load(&ledger->index[part]);
        if (!is_full(table) || (slots >= SLOTS_A_STEP && !is_urgent(table)))
            continue;
        struct replacement r = {part, table, index_table_create(index_slots(ledger, table))};
        index_table_succeed(table, r.new);
        ledger->replacements[ledger->replacement_count++] = r;
        slots += index_table_slots(table);
    }
}

static void replace_copy(struct ledger *ledger, const struct replacement *r)
{
    CHECK(index_copy(r->old, r->new, is_live, ledger));
    atomic_store(&ledger->index[r->part], r->new);
}

static void replace_step(struct ledger *ledger)
{
    if (ledger->replacing == REPLACE_BOTH) {
        for (unsigned i = 0; i < ledger->replacement_count; i++)
            replace_copy(ledger, &ledger->replacements[i]);
        ledger->replacing = REPLACE_DRAIN;
        return;
    }
    for (unsigned i = 0; i < ledger->replacement_count; i++)
        index_table_destroy(&ledger->replacements[i].old);
    ledger->replacement_count = 0;
    replace_begin(ledger);
    ledger->replacing = ledger->replacement_count ? REPLACE_BOTH : REPLACE_IDLE;
}

void ledger_grow(struct ledger *ledger)
{
    if (ledger->replacing != REPLACE_IDLE && !all_over(ledger, ledger->seen_replacing))
        return;
    replace_step(ledger);
    take_seen(ledger, ledger->seen_replacing);
}

void ledger_maintain(struct ledger *ledger, int64_t now_s)
{
    ledger_grow(ledger);
    if (ledger->sweep != SWEEP_IDLE && !ledger_quiet(ledger))
        return;
    sweep_step(ledger, now_s);
    take_seen(ledger, ledger->seen);
}

void ledger_destroy(struct ledger **pointer)
{
    struct ledger *ledger = *pointer;
    if (!ledger)
        return;
    for (unsigned i = 0; i < ledger->sweeping_count; i++)
        span_free(ledger, ledger->sweeping[i]);
    for (int i = 0; i < SHELVES; i++) {
        struct shelf_state *shelf = &ledger->shelf[i];
        for (unsigned s = 0; s < shelf->ring; s++)
            if (shelf->spans[s])
                span_free(ledger, shelf->spans[s]);
        free(shelf->spans);
    }
    for (unsigned i = 0; i < ledger->replacement_count; i++) {
        struct replacement *r = &ledger->replacements[i];
        index_table_destroy(ledger->replacing == REPLACE_BOTH ? &r->new : &r->old);
    }
    for (unsigned part = 0; part < INDEX_PARTS; part++) {
        struct index_table *table = ledger->index[part];
        index_table_destroy(&table);
    }
    for (unsigned w = 0; w < ledger->writer_count; w++)
        for (int i = 0; i < SHELVES; i++)
            free(ledger->writers[w].open[i]);
    pthread_mutex_destroy(&ledger->moving);
    pthread_mutex_destroy(&ledger->days_lock);
    free(ledger->writers);
    free(ledger->seen);
    free(ledger->seen_replacing);
    pieces_destroy(&ledger->pieces);
    pieces_destroy(&ledger->reading_pieces);
    free(ledger->segments);
    free(ledger->texts);
    free(ledger->filter);
    free(ledger);
    *pointer = NULL;
}
