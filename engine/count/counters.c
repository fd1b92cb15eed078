#include "count/counters.h"

#include "base/check.h"
#include "base/pages.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    INLINE_CELLS = 6,
    STEPS = 16,        /* buckets of a window */
    SLACK_MIN = 240,   /* lateness, and how far apart partitions are read: older buckets give way to newer ones */
    UNIT_CELLS = 32,   /* blocks are of one unit, or of several */
    LARGE_UNITS = 8,
    RING_CELLS = UNIT_CELLS * LARGE_UNITS,
    /* a ring of one unit holds a window and the slack where buckets are so long, in minutes */
    SMALL_RING_STEP = (SLACK_MIN + UNIT_CELLS - STEPS - 3) / (UNIT_CELLS - STEPS - 2),
    PAIR_CELLS = 250,  /* of blocks of pairs; more than that in one window, and the ledger decides alone */
    FIRST_PAIRS = UNIT_CELLS - 1, /* after the name of the block that has the others */
    MORE_PAIRS = PAIR_CELLS - FIRST_PAIRS,
    LINES_LEAST = 64,
    NUMBER_BITS = 26,  /* bucket numbers: minutes since 1970 until the year 2097 */
    AMOUNT_BITS = 64 - NUMBER_BITS,
    PROBES_MAX = 256,
};

#define AMOUNT_MAX ((UINT64_C(1) << AMOUNT_BITS) - 1)
#define LARGE_BLOCK (UINT32_C(1) << 31)

/* bucket number in the high bits, amount or token in the low ones; 0: free */
typedef _Atomic uint64_t cell;

struct line {
    _Atomic uint64_t key;
    cell cells[INLINE_CELLS];
    _Atomic uint32_t block;   /* its overflow block; 0: none */
    _Atomic uint32_t lost;    /* 1 + the newest bucket number of which something was refused or replaced */
};

static_assert(sizeof(struct line) == 64, "a counter is one cache line");
static_assert((UNIT_CELLS & (UNIT_CELLS - 1)) == 0 && (RING_CELLS & (RING_CELLS - 1)) == 0, "see ring_place");

struct unit {
    cell cells[UNIT_CELLS];
};

struct counters {
    struct line *lines;
    size_t mask;
    struct unit *units;
    uint32_t units_max;
    _Atomic uint32_t units_used; /* from 1 */
    _Atomic size_t lines_used;
    _Atomic uint64_t shed;
};

uint32_t counter_step(uint32_t window_min)
{
    return (window_min + STEPS - 1) / STEPS;
}

static size_t lines_bytes(const struct counters *c)
{
    return (c->mask + 1) * sizeof(struct line);
}

static size_t units_bytes(const struct counters *c)
{
    return c->units_max * sizeof(struct unit);
}

struct counters *counters_create(size_t bytes)
{
    struct counters *c = xcalloc(1, sizeof *c);
    size_t lines = LINES_LEAST;
    while (lines * 2 * sizeof(struct line) <= bytes / 2)
        lines *= 2;
    c->mask = lines - 1;
    size_t left = bytes > lines_bytes(c) ? bytes - lines_bytes(c) : 0, units = left / sizeof(struct unit);
    c->units_max = units < 1 + LARGE_UNITS ? 1 + LARGE_UNITS : units < LARGE_BLOCK ? (uint32_t)units : LARGE_BLOCK;
    c->lines = pages_map(lines_bytes(c));
    c->units = pages_map(units_bytes(c));
    atomic_init(&c->units_used, 1);
    return c;
}

void counters_destroy(struct counters **counters)
{
    struct counters *c = *counters;
    if (!c)
        return;
    pages_unmap(c->lines, lines_bytes(c));
    pages_unmap(c->units, units_bytes(c));
    free(c);
    *counters = NULL;
}

static size_t place(const struct counters *c, uint64_t key)
{
    return (key * 0x9e3779b97f4a7c15u >> 24) & c->mask;
}

/* *refused: it is not there, and may have found no place: where a free one is met, it would have been taken */
static struct line *line_find(const struct counters *c, uint64_t key, bool *refused)
{
    *refused = false;
    size_t at = place(c, key);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & c->mask) {
        uint64_t there = atomic_load_explicit(&c->lines[at].key, memory_order_acquire);
        if (there == key)
            return &c->lines[at];
        if (there == 0)
            return NULL;
    }
    *refused = true;
    return NULL;
}

static struct line *line_take(struct counters *c, uint64_t key)
{
    size_t at = place(c, key);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & c->mask) {
        struct line *line = &c->lines[at];
        uint64_t there = atomic_load_explicit(&line->key, memory_order_acquire);
        if (there == 0 && atomic_compare_exchange_strong(&line->key, &there, key)) {
            atomic_fetch_add_explicit(&c->lines_used, 1, memory_order_relaxed);
            return line;
        }
        if (there == key)
            return line;
    }
    atomic_fetch_add_explicit(&c->shed, 1, memory_order_relaxed);
    return NULL;
}

static uint64_t number_of(uint64_t value)
{
    return value >> AMOUNT_BITS;
}

static uint64_t amount_of(uint64_t value)
{
    return value & AMOUNT_MAX;
}

static uint64_t combine(enum counter_kind kind, uint64_t a, uint64_t b)
{
    if (kind == COUNTER_MAX)
        return a > b ? a : b;
    return a + b > AMOUNT_MAX ? AMOUNT_MAX : a + b;
}

/* Windows that reach down to this bucket can no longer be told. */
static void lose(struct line *line, uint64_t number)
{
    uint32_t lost = atomic_load(&line->lost), now = (uint32_t)number + 1;
    while (lost < now && !atomic_compare_exchange_weak(&line->lost, &lost, now))
        ;
}

/* Into a cell that holds bucket `number`, or is free, or holds one older than `replace_below`.  false: it holds
 * something else. */
static bool cell_put(struct line *line, cell *at, enum counter_kind kind, uint64_t number, uint64_t amount,
                     uint64_t replace_below)
{
    uint64_t there = atomic_load(at);
    for (;;) {
        uint64_t put;
        if (there != 0 && number_of(there) == number) {
            if (kind == COUNTER_DISTINCT)
                return amount_of(there) == amount;
            put = number << AMOUNT_BITS | combine(kind, amount_of(there), amount);
        } else if (there == 0 || number_of(there) < replace_below) {
            put = number << AMOUNT_BITS | amount;
        } else {
            return false;
        }
        /* said before it is done, so that nobody reads the cell without it and the mark without that */
        if (there != 0 && number_of(there) != number)
            lose(line, number_of(there));
        if (atomic_compare_exchange_weak(at, &there, put))
            return true;
    }
}

/* a block by what its line holds: the number of its first unit, and whether it is of LARGE_UNITS */
static cell *block_at(const struct counters *c, const _Atomic uint32_t *name)
{
    uint32_t at = atomic_load_explicit(name, memory_order_acquire);
    return at ? c->units[at & ~LARGE_BLOCK].cells : NULL;
}

/* where the first block of pairs names the next: at its beginning, which every look reads */
static _Atomic uint32_t *more_of(cell *first)
{
    return (_Atomic uint32_t *)first;
}

static cell *first_pairs(cell *first)
{
    return first + 1;
}

/* The block that is named there, or a new one. */
static cell *block_take(struct counters *c, _Atomic uint32_t *name, bool large)
{
    cell *block = block_at(c, name);
    if (block)
        return block;
    uint32_t units = large ? LARGE_UNITS : 1, fresh = atomic_fetch_add(&c->units_used, units), none = 0;
    if (fresh > c->units_max - units) {
        atomic_fetch_sub(&c->units_used, units);
        atomic_fetch_add_explicit(&c->shed, 1, memory_order_relaxed);
        return NULL;
    }
    /* a block lost in this race stays unused: rare, and bounded by the number of workers */
    atomic_compare_exchange_strong(name, &none, large ? fresh | LARGE_BLOCK : fresh);
    return block_at(c, name);
}

/* Cells are taken in their order and never given back, so the first free one ends a search. */
static bool cells_put(struct line *line, cell *cells, unsigned count, enum counter_kind kind, uint64_t number,
                      uint64_t amount, uint64_t replace_below)
{
    unsigned old = count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t there = atomic_load(&cells[i]);
        if (there != 0 && number_of(there) < replace_below && old == count)
            old = i;
        /* where the bucket may be already, so that two adds of one bucket meet */
        if ((there == 0 || number_of(there) == number) && cell_put(line, &cells[i], kind, number, amount, 0))
            return true;
    }
    for (unsigned i = old; i < count; i++)
        if (cell_put(line, &cells[i], kind, number, amount, replace_below))
            return true;
    return false;
}

static bool pairs_put(struct counters *c, struct line *line, uint64_t number, uint64_t token, uint64_t replace_below)
{
    cell *first = block_take(c, &line->block, false);
    if (!first)
        return false;
    if (cells_put(line, first_pairs(first), FIRST_PAIRS, COUNTER_DISTINCT, number, token, replace_below))
        return true;
    cell *more = block_take(c, more_of(first), true);
    return more && cells_put(line, more, MORE_PAIRS, COUNTER_DISTINCT, number, token, replace_below);
}

static unsigned ring_cells(const struct counter_shape *shape)
{
    return shape->step_min >= SMALL_RING_STEP ? UNIT_CELLS : RING_CELLS;
}

/* a bucket's; `cells` is a power of two, and a division is what a look would spend its time on */
static unsigned ring_place(uint64_t number, unsigned cells)
{
    return (unsigned)number & (cells - 1);
}

/* a ring: the bucket's place is its number, the newer round replaces */
static bool ring_put(struct counters *c, struct line *line, const struct counter_shape *shape, uint64_t number,
                     uint64_t amount)
{
    unsigned cells = ring_cells(shape);
    cell *ring = block_take(c, &line->block, cells == RING_CELLS);
    return ring && cell_put(line, &ring[ring_place(number, cells)], shape->kind, number, amount, number);
}

/* into a cell of that bucket, if one has it */
static bool cells_join(struct line *line, cell *cells, unsigned count, enum counter_kind kind, uint64_t number,
                       uint64_t amount)
{
    for (unsigned i = 0; i < count; i++)
        if (number_of(atomic_load(&cells[i])) == number && cell_put(line, &cells[i], kind, number, amount, 0))
            return true;
    return false;
}

/* Buckets below this may be replaced in a line or among pairs: no window that is still asked for reaches them. */
static uint64_t replaceable(const struct counter_shape *shape, uint64_t number)
{
    uint64_t kept = STEPS + 1 + (SLACK_MIN + shape->step_min - 1) / shape->step_min;
    return number > kept ? number - kept : 0;
}

void counters_add(struct counters *c, const struct counter_shape *shape, uint64_t key, int64_t minute,
                  uint64_t amount)
{
    uint64_t number = (uint32_t)minute / shape->step_min;
    struct line *line = number < shape->from ? NULL : line_take(c, key);
    if (!line)
        return;
    uint64_t replace_below = replaceable(shape, number);
    amount = amount > AMOUNT_MAX && shape->kind != COUNTER_DISTINCT ? AMOUNT_MAX : amount & AMOUNT_MAX;
    if (shape->kind == COUNTER_DISTINCT && amount == 0)
        amount = 1;
    /* a sum that has its ring takes no more cells of its line */
    if (block_at(c, &line->block) && shape->kind != COUNTER_DISTINCT
            ? cells_join(line, line->cells, INLINE_CELLS, shape->kind, number, amount)
            : cells_put(line, line->cells, INLINE_CELLS, shape->kind, number, amount, replace_below))
        return;
    if (shape->kind == COUNTER_DISTINCT ? !pairs_put(c, line, number, amount, replace_below)
                                        : !ring_put(c, line, shape, number, amount))
        lose(line, number);
}

struct sum {
    enum counter_kind kind;
    uint64_t low, high;
    uint64_t total; /* of AMOUNT_MAX at most in each cell: no overflow */
    bool full;      /* a cell holds that or more */
    unsigned pairs;
    uint64_t pair[INLINE_CELLS + PAIR_CELLS];
};

static void sum_cell(struct sum *s, uint64_t there)
{
    if (number_of(there) < s->low || number_of(there) > s->high)
        return;
    uint64_t amount = amount_of(there);
    if (s->kind == COUNTER_DISTINCT)
        s->pair[s->pairs++] = amount;
    else if (s->kind == COUNTER_ADD)
        s->total += amount;
    else if (amount > s->total)
        s->total = amount;
    s->full |= s->kind != COUNTER_DISTINCT && amount == AMOUNT_MAX;
}

static void sum_cells(struct sum *s, const cell *cells, unsigned count)
{
    uint64_t there;
    for (unsigned i = 0; i < count && (there = atomic_load(&cells[i])) != 0; i++)
        sum_cell(s, there);
}

static void sum_ring(struct sum *s, const cell *ring, unsigned cells)
{
    uint64_t sum = 0, most = 0;
    for (uint64_t number = s->low; number <= s->high; number++) {
        uint64_t there = atomic_load(&ring[ring_place(number, cells)]);
        /* without a branch: which buckets are of another round is anybody's guess */
        uint64_t amount = number_of(there) == number ? amount_of(there) : 0;
        sum += amount;
        most = amount > most ? amount : most;
    }
    s->full |= most == AMOUNT_MAX;
    if (s->kind == COUNTER_ADD)
        s->total += sum;
    else if (most > s->total)
        s->total = most;
}

static void sum_pairs(const struct counters *c, struct sum *s, cell *first)
{
    sum_cells(s, first_pairs(first), FIRST_PAIRS);
    const cell *more = block_at(c, more_of(first));
    if (more)
        sum_cells(s, more, MORE_PAIRS);
}

static int64_t distinct(struct sum *s, int64_t enough)
{
    if ((int64_t)s->pairs < enough)
        return s->pairs; /* an upper bound is all that is asked for */
    int64_t found = 0;
    for (unsigned i = 0; i < s->pairs; i++) {
        bool seen = false;
        for (unsigned k = 0; k < i && !seen; k++)
            seen = s->pair[k] == s->pair[i];
        found += !seen;
        if (found >= enough)
            break;
    }
    return found;
}

int64_t counters_upper(const struct counters *c, const struct counter_shape *shape, uint64_t key, int64_t minute,
                       int64_t enough)
{
    struct sum s;
    s.kind = shape->kind;
    s.total = 0;
    s.full = false;
    s.pairs = 0;
    int64_t low = minute - (int64_t)shape->window_min;
    s.low = low > 0 ? (uint32_t)low / shape->step_min : 0;
    s.high = ((uint32_t)minute + shape->window_min) / shape->step_min;
    if (s.low < shape->from)
        return COUNTER_UNKNOWN;
    bool refused;
    const struct line *line = line_find(c, key, &refused);
    if (!line)
        return refused ? COUNTER_UNKNOWN : 0;
    sum_cells(&s, line->cells, INLINE_CELLS);
    cell *block = block_at(c, &line->block);
    if (block && shape->kind == COUNTER_DISTINCT)
        sum_pairs(c, &s, block);
    else if (block)
        sum_ring(&s, block, ring_cells(shape));
    if (s.full || atomic_load(&line->lost) > s.low)
        return COUNTER_UNKNOWN;
    return shape->kind == COUNTER_DISTINCT ? distinct(&s, enough) : (int64_t)s.total;
}

void counters_prefetch(const struct counters *c, uint64_t key)
{
    __builtin_prefetch(&c->lines[place(c, key)], 1);
}

void counters_prefetch_block(const struct counters *c, const struct counter_shape *shape, uint64_t key, int64_t minute)
{
    enum { CELLS_A_LINE = GW_CACHE_LINE / sizeof(cell), PAIR_LINES = 2 /* as most counters need that need any */ };
    const struct line *line = &c->lines[place(c, key)];
    const cell *block = block_at(c, &line->block);
    if (!block)
        return;
    if (shape->kind == COUNTER_DISTINCT) {
        for (unsigned i = 0; i < PAIR_LINES; i++)
            __builtin_prefetch(&block[i * CELLS_A_LINE], 1);
        return;
    }
    unsigned cells = ring_cells(shape);
    uint64_t first = (uint32_t)minute / shape->step_min - STEPS;
    for (uint64_t i = 0; i <= 2 * STEPS; i += CELLS_A_LINE)
        __builtin_prefetch(&block[ring_place(first + i, cells)], 1);
}

static size_t units_used(const struct counters *c)
{
    return atomic_load_explicit(&c->units_used, memory_order_relaxed) - 1;
}

size_t counters_bytes(const struct counters *c)
{
    return counters_lines(c) * sizeof(struct line) + units_used(c) * sizeof(struct unit);
}

size_t counters_held(const struct counters *c)
{
    return lines_bytes(c) + units_bytes(c);
}

double counters_full(const struct counters *c)
{
    double lines = (double)counters_lines(c) / (double)(c->mask + 1), units = (double)units_used(c) / (double)c->units_max;
    return lines > units ? lines : units;
}

size_t counters_lines(const struct counters *c)
{
    return atomic_load_explicit(&c->lines_used, memory_order_relaxed);
}

uint64_t counters_shed(const struct counters *c)
{
    return atomic_load_explicit(&c->shed, memory_order_relaxed);
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    a ^= b * 0x9e3779b97f4a7c15u;
    a = (a ^ a >> 31) * 0xbf58476d1ce4e5b9u;
    return a ^ a >> 29;
}

static unsigned block_values(const struct counters *c, const _Atomic uint32_t *name, uint64_t *values)
{
    bool large = atomic_load(name) & LARGE_BLOCK;
    cell *block = block_at(c, name);
    unsigned count = 0;
    for (unsigned most = large ? RING_CELLS : UNIT_CELLS; block && count < most; count++)
        values[count] = atomic_load(&block[count]);
    /* where pairs go on: a block's name is no bucket's value */
    if (block && !large && values[0] && number_of(values[0]) == 0) {
        values[0] = 0;
        count += block_values(c, more_of(block), values + count);
    }
    return count;
}

static unsigned line_values(const struct counters *c, const struct line *line, uint64_t *values)
{
    unsigned count = 0;
    while (count < INLINE_CELLS) {
        values[count] = atomic_load(&line->cells[count]);
        count++;
    }
    count += block_values(c, &line->block, values + count);
    qsort(values, count, sizeof *values, by_value);
    return count;
}

uint64_t counters_fingerprint(const struct counters *c)
{
    uint64_t print = 0, values[INLINE_CELLS + UNIT_CELLS + RING_CELLS];
    for (size_t i = 0; i <= c->mask; i++) {
        uint64_t key = atomic_load(&c->lines[i].key);
        unsigned count = key ? line_values(c, &c->lines[i], values) : 0;
        for (unsigned k = 0; k < count; k++)
            /* what is older than the newest window may have given way, or not */
            if (values[k] && number_of(values[k]) + STEPS >= number_of(values[count - 1]) &&
                (k == 0 || values[k] != values[k - 1]))
                print += mix(key, values[k]);
    }
    return print;
}
