/* What the files of the ledger share: segments, spans, shelves. */
#ifndef GW_LEDGER_LEDGER_PRIV_H
#define GW_LEDGER_LEDGER_PRIV_H

#include "base/key.h"
#include "ledger/heads.h"
#include "ledger/index.h"
#include "ledger/ledger.h"
#include "ledger/pieces.h"
#include "ledger/reading.h"
#include "ledger/series.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    SEGMENT_BITS = 10,
    SEGMENT_FACTS = 1 << SEGMENT_BITS, /* one piece, or one of readings */
    PIECE_BYTES = 64 << 10,
    /* A text is named by where it lies, in units of four bytes: the piece's number and the place in it. */
    TEXT_UNIT = 4,
    TEXT_BITS = 14,
    TEXTS_MAX = 1 << (32 - TEXT_BITS),
    SEGMENTS_MAX = 1 << (32 - SEGMENT_BITS),
    READING_PIECE_BYTES = SEGMENT_FACTS * sizeof(struct reading),
    READING_SPAN_S = 7200,
    SPANS_A_DAY = 86400 / READING_SPAN_S,
    FILTER_WORDS = 1 << 16, /* 4 Mi bits */
    /* Far more spans than are kept: where events are not judged by a clock, partitions may be years apart, and the
     * slowest holds the floor.  What bounds the memory is bytes. */
    SPANS_MAX = 4096,
    SWEEPING_MAX = 64,
};

struct segment {
    struct segment *next; /* of its span */
    struct fact *facts;   /* SEGMENT_FACTS, or NULL and: */
    struct reading *readings;
    const struct span *span;
    /* what the readings' cuts count from; 0: they have none yet.  Written by the committer before the first of them, relaxed */
    _Atomic uint32_t cut_base;
    uint32_t number;
    _Atomic uint32_t count; /* written by its writer, release: facts below it are whole */
    bool left; /* its facts have been carried on, as far as they are needed; the committer's */
    /* What its span had reached when the last of its facts had been entered: whatever came into their chains before
     * them is not newer.  So a walk that wants the last hour of a day turns back where the day had not come that far.
     * Its writer's, relaxed; good for a fact once that is committed. */
    _Atomic int64_t reached;
};

/* texts of a span's facts, one writer's */
struct text_piece {
    struct text_piece *next; /* of its span */
    char *bytes;
    uint32_t number, used;
};

static_assert(SEGMENT_FACTS * sizeof(struct fact) == PIECE_BYTES, "a segment is a piece");
static_assert((int)READING_SPAN_S <= (int)READING_SPAN_MAX, "a reading has room for its time");
static_assert(TEXT_UNIT << TEXT_BITS == PIECE_BYTES, "a text's name reaches all of its piece");

struct span {
    int64_t number; /* event time / span length */
    enum shelf shelf;
    struct heads *heads;
    _Atomic(struct segment *) segments;
    _Atomic(struct text_piece *) texts;
    struct series_day *series; /* of readings */
    _Atomic int64_t reached; /* at least the newest event time in it, in seconds; raised before a fact comes into its chains */
    atomic_bool has_modifiers; /* voids, moves, merges: so that their look-up skips the other spans */
    _Atomic size_t carried_bytes;
};

/* The series of some spans of readings, which go when the last of them does. */
struct series_day {
    struct series_day *next;
    int64_t number;
    unsigned spans;
    struct series_set *set;
};

struct shelf_state {
    int64_t span_s;
    unsigned ring;
    _Atomic(struct span *) *spans;  /* by number modulo ring */
    _Atomic int64_t oldest, newest; /* numbers of spans: all that exist are between */
    _Atomic int64_t floor;          /* seconds, a multiple of span_s: nothing is entered below */
    _Atomic int64_t walked_from;    /* likewise; at most the floor: nothing below is found any more */
    _Atomic size_t bytes;           /* segments, texts, series; heads are added on reading */
    _Atomic uint64_t evictions;
    int64_t keep_s;
    size_t bytes_max;
};

struct ledger_writer {
    struct ledger *ledger;
    /* by span number modulo ring; pointers are to the ring's round before, freed since, where `span` is another */
    struct opened {
        int64_t span;
        struct segment *segment, *readings;
        struct text_piece *text;
    } *open[SHELVES];
    int64_t floor[SHELVES];         /* of this batch */
    _Atomic uint64_t batch;         /* odd: inside one */
} __attribute__((aligned(64)));

enum sweep { SWEEP_IDLE, SWEEP_LEAVE, SWEEP_UNLINK, SWEEP_FREE };
enum replace { REPLACE_IDLE, REPLACE_BOTH, REPLACE_DRAIN };

struct ledger {
    struct shelf_state shelf[SHELVES];
    struct pieces *pieces, *reading_pieces;
    _Atomic uint32_t newest_cut;
    pthread_mutex_t days_lock; /* of the list, and its counts */
    struct series_day *days;
    _Atomic(struct segment *) *segments; /* by number */
    _Atomic(char *) *texts;              /* likewise */
    _Atomic uint32_t next_segment, next_text;
    _Atomic(struct index_table *) index[INDEX_PARTS];
    /* One bit for each key (a modifier's target, a matter that was merged) that may have a chain by target: almost
     * all facts have none, and this says so with one load. */
    _Atomic uint64_t *filter;
    /* Held while a move is applied: of two moves of one fact the second must see the first as applied, so that what they
     * make of it together is counted, and counted once.  Moves are rare; no other path takes a lock. */
    pthread_mutex_t moving;
    unsigned writer_count;
    struct ledger_writer *writers;

    /* the committer's: what ledger_maintain is in the middle of */
    int64_t followed_floor; /* see ledger_follow_floor */
    enum sweep sweep;
    struct span *sweeping[SWEEPING_MAX];
    unsigned sweeping_count;
    enum replace replacing;
    struct replacement {
        unsigned part;
        struct index_table *old, *new;
    } replacements[INDEX_PARTS];
    unsigned replacement_count, full_from; /* where to look for the next that is full */
    /* writers' batches when the sweep's current step began, and when the replacement's did */
    uint64_t *seen, *seen_replacing;
};

static inline struct segment *ledger_segment(const struct ledger *ledger, fact_ref ref)
{
    return atomic_load_explicit(&ledger->segments[ref >> SEGMENT_BITS], memory_order_acquire);
}

static inline struct index_view ledger_index(const struct ledger *ledger, uint64_t key)
{
    return index_view_of(&ledger->index[index_part(key)]);
}

/* texts.c.  Of an event: the most bytes that its texts take, and writing them to the piece, which returns where they end in it
 * (text_keep makes that the piece's end; text_name is what they are named before).  Of a fact that is no alias and is not kept
 * small: its texts; id may be NULL. */
size_t text_size(const struct event *);
uint32_t text_write(struct text_piece *, const struct event *);
uint32_t text_write_id(struct text_piece *, struct str id);
void text_keep(struct text_piece *, uint32_t end);
uint32_t text_name(const struct text_piece *);
struct fact_text fact_texts(const struct ledger *, const struct fact *, struct str *id);

/* the fact's link in that chain, to be pushed */
fact_ref *ledger_link(const struct ledger *, fact_ref, enum chain);
/* a place that was given up before anybody could see it has none */
bool segment_has(const struct segment *, uint32_t place);
/* Is it a reading of that id, at or after `from`?  Asked of one that is being entered, too, or was given up (then it is none). */
bool reading_is(const struct ledger *, const struct segment *, fact_ref, unsigned source, struct str id, int64_t from);
struct span *shelf_span(const struct shelf_state *, int64_t number); /* NULL: there is none */
/* The span of that number, or the one that holds its place in the ring: an older one, not swept yet, or a newer one. */
struct span *span_take(struct ledger *, enum shelf, int64_t number);
struct segment *segment_open(struct ledger *, struct shelf_state *, struct span *, bool small);
struct text_piece *text_open(struct ledger *, struct shelf_state *, struct span *);
void series_day_give(struct ledger *, struct series_day *); /* one span less has it; NULL: nothing */

static inline bool filter_has(const struct ledger *ledger, uint64_t key)
{
    /* seq_cst: the other half of the Dekker pair, see ledger_enter */
    return atomic_load(&ledger->filter[key >> 6 & (FILTER_WORDS - 1)]) >> (key & 63) & 1;
}

/* those places of a fact that it has only through `move`, as far as other moves have been applied to it; one at a time */
void places_new(const struct ledger *, fact_ref origin, fact_ref move, ledger_place_visit *, void *arg);

/* The second that says which span a fact is in that is no alias. */
int64_t fact_place(const struct ledger *, const struct fact *);

/* As of when that cut began, over facts of the cuts before it: is this fact live?  Which matters is this one with, itself
 * among them?  Committer. */
bool fact_lives(const struct ledger *, fact_ref, uint32_t cut);
void matters_merged(const struct ledger *, uint64_t matter, uint32_t cut, ledger_matter_visit *, void *arg);

bool ledger_same(void *ledger, fact_ref, uint64_t key, unsigned source, struct str id);
/* from now on walks and the index pass over what is below the floors */
void ledger_left(struct ledger *);

static inline bool is_modifier(unsigned kind)
{
    return kind == EVENT_VOIDED || kind == EVENT_RESTORED || kind == EVENT_MOVED;
}

static inline bool has_target(unsigned kind)
{
    return is_modifier(kind) || kind == EVENT_MERGED || kind == EVENT_LINKED;
}

uint64_t subject_of_target(uint64_t key);

static inline uint64_t event_key(unsigned source, struct str id)
{
    return key_of(id, 0x1000u + source);
}
/* what the chain by target knows a modifier's, merge's or link's target by */
uint64_t target_key(unsigned kind, unsigned source, struct str target);
/* Every span of the shelf that exists.  One whose fact the caller has heard of is among them: the range grows before
 * anything is entered there. */
#define FOR_EACH_SPAN(span, state)                                                                                     \
    for (int64_t span##_n = atomic_load(&(state)->oldest), span##_last = atomic_load(&(state)->newest);                \
         span##_n <= span##_last; span##_n++)                                                                          \
        for (struct span *span = shelf_span(state, span##_n); span; span = NULL)

#endif
