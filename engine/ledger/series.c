#include "ledger/series.h"

#include "base/check.h"
#include "base/key.h"
#include "registry/catalogue.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    TAIL_DIGITS = 9,
    UPPER_DIGITS = 19,
    DIGIT = '\0', /* in a form, where one of the digits goes */
    CHUNK_BITS = 10,
    CHUNK = 1 << CHUNK_BITS,
    SERIES_MAX = 1 << 20,
    SLOTS_FIRST = 64,
};

struct form {
    uint8_t len, digits;
    char text[];
};

/* number of a series, by its hash; 0: free */
struct slots {
    struct slots *older; /* who looks in there misses what came later, and then asks under the lock */
    uint32_t mask;
    _Atomic uint32_t number[];
};

struct series_set {
    pthread_mutex_t lock;
    _Atomic size_t *bytes;
    size_t own_bytes;
    uint32_t count;
    _Atomic(struct slots *) slots;
    _Atomic(struct series *) chunks[SERIES_MAX / CHUNK];
    _Atomic(struct form *) forms[SOURCES_MAX][FORMS_MAX];
};

static_assert(sizeof(struct series) == 24, "no padding, which would be hashed");

static void *set_alloc(struct series_set *set, size_t bytes)
{
    set->own_bytes += bytes;
    atomic_fetch_add_explicit(set->bytes, bytes, memory_order_relaxed);
    return xcalloc(1, bytes);
}

static struct slots *slots_create(struct series_set *set, uint32_t size, struct slots *older)
{
    struct slots *slots = set_alloc(set, sizeof *slots + size * sizeof slots->number[0]);
    slots->mask = size - 1;
    slots->older = older;
    return slots;
}

struct series_set *series_set_create(_Atomic size_t *bytes, uint32_t expected)
{
    struct series_set *set = xcalloc(1, sizeof *set);
    pthread_mutex_init(&set->lock, NULL);
    set->bytes = bytes;
    uint32_t size = SLOTS_FIRST;
    while (size / 4 * 3 < expected)
        size *= 2;
    atomic_init(&set->slots, slots_create(set, size, NULL));
    return set;
}

void series_set_destroy(struct series_set **pointer)
{
    struct series_set *set = *pointer;
    *pointer = NULL;
    if (!set)
        return;
    atomic_fetch_sub_explicit(set->bytes, set->own_bytes, memory_order_relaxed);
    for (struct slots *slots = set->slots, *older; slots; slots = older) {
        older = slots->older;
        free(slots);
    }
    for (unsigned i = 0; i < SERIES_MAX / CHUNK; i++)
        free(set->chunks[i]);
    for (unsigned s = 0; s < SOURCES_MAX; s++)
        for (unsigned i = 0; i < FORMS_MAX; i++)
            free(set->forms[s][i]);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

uint32_t series_set_count(struct series_set *set)
{
    pthread_mutex_lock(&set->lock);
    uint32_t count = set->count;
    pthread_mutex_unlock(&set->lock);
    return count;
}

/* ---- forms ---- */

struct taken_apart {
    char form[EVENT_TEXT_MAX];
    unsigned digits;
    uint64_t upper;
    uint32_t tail;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* the length of a zone behind a time at the end: ":00+08:00" */
static size_t zone_len(struct str id)
{
    enum { ZONE = 6, SECONDS = 3 };
    if (id.len < ZONE + SECONDS)
        return 0;
    const char *zone = id.at + id.len - ZONE;
    bool is = (zone[0] == '+' || zone[0] == '-') && is_digit(zone[1]) && is_digit(zone[2]) && zone[3] == ':' &&
              is_digit(zone[4]) && is_digit(zone[5]) && zone[-SECONDS] == ':';
    return is ? ZONE : 0;
}

/* false: it has a byte in it that stands for a digit in a form */
static bool take_apart(struct str id, struct taken_apart *t)
{
    uint64_t scale = 1;
    t->digits = 0;
    t->upper = t->tail = 0;
    memcpy(t->form, id.at, id.len);
    if (memchr(id.at, DIGIT, id.len))
        return false;
    for (size_t i = id.len - zone_len(id); i > 0 && t->digits < TAIL_DIGITS + UPPER_DIGITS; i--) {
        if (!is_digit(id.at[i - 1]))
            continue;
        if (t->digits == TAIL_DIGITS)
            scale = 1;
        uint64_t part = (uint64_t)(id.at[i - 1] - '0') * scale;
        if (t->digits++ < TAIL_DIGITS)
            t->tail += (uint32_t)part;
        else
            t->upper += part;
        scale *= 10;
        t->form[i - 1] = DIGIT;
    }
    return true;
}

size_t series_id(const struct series_set *set, const struct series *series, uint32_t tail, char *id)
{
    const struct form *form =
        atomic_load_explicit(&set->forms[series->source][series->form], memory_order_acquire);
    uint64_t rest = tail;
    unsigned digits = 0;
    memcpy(id, form->text, form->len);
    for (size_t i = form->len; i > 0 && digits < form->digits; i--) {
        if (id[i - 1] != DIGIT)
            continue;
        if (digits++ == TAIL_DIGITS)
            rest = series->upper;
        id[i - 1] = (char)('0' + rest % 10);
        rest /= 10;
    }
    return form->len;
}

static uint8_t form_find(const struct series_set *set, unsigned source, const struct taken_apart *t, size_t len)
{
    uint8_t i = 0;
    for (; i < FORMS_MAX; i++) {
        const struct form *form = atomic_load_explicit(&set->forms[source][i], memory_order_acquire);
        if (!form || (form->len == len && memcmp(form->text, t->form, len) == 0))
            break;
    }
    return i;
}

static uint8_t form_of(struct series_set *set, unsigned source, const struct taken_apart *t, size_t len)
{
    uint8_t i = form_find(set, source, t, len);
    if (i == FORMS_MAX || atomic_load_explicit(&set->forms[source][i], memory_order_relaxed))
        return i == FORMS_MAX ? FORM_TEXT : i;
    pthread_mutex_lock(&set->lock);
    i = form_find(set, source, t, len);
    if (i < FORMS_MAX && !atomic_load_explicit(&set->forms[source][i], memory_order_relaxed)) {
        struct form *form = set_alloc(set, sizeof *form + len);
        form->len = (uint8_t)len;
        form->digits = (uint8_t)t->digits;
        memcpy(form->text, t->form, len);
        atomic_store_explicit(&set->forms[source][i], form, memory_order_release);
    }
    pthread_mutex_unlock(&set->lock);
    return i == FORMS_MAX ? FORM_TEXT : i;
}

/* ---- series ---- */

const struct series *series_get(const struct series_set *set, uint32_t number)
{
    const struct series *chunk = atomic_load_explicit(&set->chunks[number >> CHUNK_BITS], memory_order_acquire);
    return &chunk[number & (CHUNK - 1)];
}

static uint64_t hash_of(const struct series *series)
{
    return XXH3_64bits(series, sizeof *series);
}

/* *at: where it was found, or would go */
static uint32_t find(const struct series_set *set, const struct slots *slots, const struct series *wanted, uint32_t *at)
{
    *at = (uint32_t)hash_of(wanted) & slots->mask;
    for (uint32_t number; (number = atomic_load_explicit(&slots->number[*at], memory_order_acquire));
         *at = (*at + 1) & slots->mask)
        if (memcmp(series_get(set, number), wanted, sizeof *wanted) == 0)
            return number;
    return 0;
}

static void grow(struct series_set *set, struct slots *full)
{
    struct slots *larger = slots_create(set, (full->mask + 1) * 2, full);
    uint32_t at;
    for (uint32_t number = 1; number <= set->count; number++) {
        find(set, larger, series_get(set, number), &at);
        atomic_store_explicit(&larger->number[at], number, memory_order_relaxed);
    }
    atomic_store_explicit(&set->slots, larger, memory_order_release);
}

/* under the lock */
static uint32_t add(struct series_set *set, const struct series *series)
{
    struct slots *slots = atomic_load_explicit(&set->slots, memory_order_relaxed);
    uint32_t at, number = find(set, slots, series, &at);
    if (number || set->count + 1 == SERIES_MAX)
        return number;
    number = set->count + 1;
    _Atomic(struct series *) *chunk = &set->chunks[number >> CHUNK_BITS];
    if (!atomic_load_explicit(chunk, memory_order_relaxed))
        atomic_store_explicit(chunk, set_alloc(set, CHUNK * sizeof *series), memory_order_release);
    atomic_load_explicit(chunk, memory_order_relaxed)[number & (CHUNK - 1)] = *series;
    set->count = number;
    atomic_store_explicit(&slots->number[at], number, memory_order_release);
    if (number > slots->mask / 4 * 3)
        grow(set, slots);
    return number;
}

uint32_t series_of(struct series_set *set, const struct event *e, uint32_t *tail, bool *text)
{
    struct taken_apart t;
    struct series series = {.region = e->region, .tags = e->tags & 0xffffff, .source = e->source,
                            .category = e->category, .form = FORM_TEXT};
    if (take_apart(e->id, &t))
        series.form = form_of(set, e->source, &t, e->id.len);
    *text = series.form == FORM_TEXT;
    series.upper = *text ? 0 : t.upper;
    *tail = t.tail;
    uint32_t at, number = find(set, atomic_load_explicit(&set->slots, memory_order_acquire), &series, &at);
    if (number)
        return number;
    pthread_mutex_lock(&set->lock);
    number = add(set, &series);
    pthread_mutex_unlock(&set->lock);
    return number;
}
