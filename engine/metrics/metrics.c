/* One flat array of 64-bit atomics, laid out from the table when the metrics are created: a metric's series stand
 * side by side, a histogram's buckets before its sum.  Workers add once per batch, not per event, so nothing is
 * sharded and the scrape reads what is there.  Relaxed order everywhere: a scrape may catch one counter before
 * another, never a torn or lost amount.  A histogram's count is the total of its buckets, and its sum is in whole
 * nanoseconds: integers add up the same in any order. */
#include "metrics/metrics.h"

#include "base/check.h"
#include "metrics/process.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

struct metric_row {
    enum metric_type type;
    const char *name;
    enum metric_label a, b;
    const char *help;
};

static const struct metric_row table[METRICS] = {
#define X(name, type, text, label_a, label_b, help) [METRIC_##name] = {type, text, label_a, label_b, help},
    METRIC_TABLE(X)
#undef X
};

static const char *const type_names[] = {"counter", "gauge", "histogram"};
static const char *const label_names[LABELS] = {
    [LABEL_SOURCE] = "source", [LABEL_OUTCOME] = "outcome", [LABEL_PARTITION] = "partition",
    [LABEL_LEVEL] = "level",   [LABEL_CHANGE] = "change",   [LABEL_STRUCTURE] = "structure",
    [LABEL_ANSWER] = "answer", [LABEL_CAUSE] = "cause",
};

static const char *const outcome_words[OUTCOMES] = {
#define X(name, word) word,
    OUTCOME_TABLE(X)
#undef X
};
static const char *const structure_words[STRUCTURES] = {
#define X(name, word) word,
    STRUCTURE_TABLE(X)
#undef X
};

/* Upper bounds in seconds, closest around a transaction's usual 10 to 20 ms. */
static const double bounds[] = {0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1,
                                0.2,   0.5,   1,     2,    5,     10,   20,   30,   60};
enum { BOUNDS = sizeof bounds / sizeof *bounds, OVERFLOW_BUCKET = BOUNDS, SUM, HISTOGRAM_CELLS };

struct metrics {
    struct metric_labels labels;
    size_t first[METRICS]; /* cell of the metric's first series */
    _Atomic uint64_t cells[];
};

static unsigned values_of(const struct metrics *m, enum metric_label label)
{
    return label == LABEL_NONE ? 1 : m->labels.count[label];
}

static size_t cells_of(const struct metrics *m, enum metric metric)
{
    const struct metric_row *row = &table[metric];
    size_t series = (size_t)values_of(m, row->a) * values_of(m, row->b);
    return row->type == HISTOGRAM ? series * HISTOGRAM_CELLS : series;
}

static const char *const *texts_copy(const char *const *texts, unsigned count)
{
    char **copy = xcalloc(count + 1, sizeof *copy);
    for (unsigned i = 0; i < count; i++)
        copy[i] = xstrdup(texts[i]);
    return (const char *const *)copy;
}

static void texts_free(const char *const *texts, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free((char *)(uintptr_t)texts[i]);
    free((void *)(uintptr_t)texts);
}

struct metrics *metrics_create(const struct metric_labels *labels)
{
    struct metrics shape = {.labels = *labels};
    shape.labels.values[LABEL_OUTCOME] = outcome_words;
    shape.labels.count[LABEL_OUTCOME] = OUTCOMES;
    shape.labels.values[LABEL_STRUCTURE] = structure_words;
    shape.labels.count[LABEL_STRUCTURE] = STRUCTURES;
    size_t cells = 0;
    for (enum metric i = 0; i < METRICS; i++) {
        shape.first[i] = cells;
        cells += cells_of(&shape, i);
    }
    struct metrics *m = xcalloc(1, sizeof *m + cells * sizeof *m->cells);
    m->labels = shape.labels;
    for (int l = 0; l < LABELS; l++)
        m->labels.values[l] = texts_copy(shape.labels.values[l], shape.labels.count[l]);
    for (enum metric i = 0; i < METRICS; i++)
        m->first[i] = shape.first[i];
    return m;
}

void metrics_destroy(struct metrics **m)
{
    for (int l = 0; *m && l < LABELS; l++)
        texts_free((*m)->labels.values[l], (*m)->labels.count[l]);
    free(*m);
    *m = NULL;
}

static size_t cell_at(const struct metrics *m, enum metric metric, enum metric_type type, unsigned a, unsigned b)
{
    const struct metric_row *row = &table[metric];
    CHECK(row->type == type && a < values_of(m, row->a) && b < values_of(m, row->b));
    return m->first[metric] + (size_t)a * values_of(m, row->b) + b;
}

void metric_add(struct metrics *m, enum metric metric, unsigned a, unsigned b, uint64_t amount)
{
    size_t cell = cell_at(m, metric, COUNTER, a, b);
    atomic_fetch_add_explicit(&m->cells[cell], amount, memory_order_relaxed);
}

void metric_set(struct metrics *m, enum metric metric, unsigned a, int64_t value)
{
    size_t cell = cell_at(m, metric, GAUGE, a, 0);
    atomic_store_explicit(&m->cells[cell], (uint64_t)value, memory_order_relaxed);
}

void metric_observe(struct metrics *m, enum metric metric, double seconds)
{
    size_t first = cell_at(m, metric, HISTOGRAM, 0, 0), bucket = 0;
    if (!(seconds > 0)) /* a clock that went back, or NAN */
        seconds = 0;
    if (seconds > 1e9) /* its nanoseconds must fit */
        seconds = 1e9;
    while (bucket < BOUNDS && seconds > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&m->cells[first + bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->cells[first + SUM], (uint64_t)(seconds * 1e9), memory_order_relaxed);
}

static uint64_t cell(const struct metrics *m, size_t at)
{
    return atomic_load_explicit(&m->cells[at], memory_order_relaxed);
}

int64_t metric_value(const struct metrics *m, enum metric metric, unsigned a, unsigned b)
{
    enum metric_type type = table[metric].type;
    size_t first = cell_at(m, metric, type, a, b);
    if (type != HISTOGRAM)
        return (int64_t)cell(m, first);
    uint64_t count = 0;
    for (size_t i = 0; i <= OVERFLOW_BUCKET; i++)
        count += cell(m, first + i);
    return (int64_t)count;
}

static void write_label(FILE *out, char before, const struct metrics *m, enum metric_label label, unsigned value)
{
    fprintf(out, "%c%s=\"", before, label_names[label]);
    for (const char *c = m->labels.values[label][value]; *c; c++) {
        if (*c == '\n')
            fputs("\\n", out);
        else if (*c == '\\' || *c == '"')
            fprintf(out, "\\%c", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void write_series(FILE *out, const struct metrics *m, enum metric metric, unsigned a, unsigned b)
{
    const struct metric_row *row = &table[metric];
    fputs(row->name, out);
    if (row->a != LABEL_NONE)
        write_label(out, '{', m, row->a, a);
    if (row->b != LABEL_NONE)
        write_label(out, ',', m, row->b, b);
    int64_t value = metric_value(m, metric, a, b);
    fputs(row->a != LABEL_NONE ? "} " : " ", out);
    if (row->type == COUNTER)
        fprintf(out, "%" PRIu64 "\n", (uint64_t)value);
    else
        fprintf(out, "%" PRId64 "\n", value);
}

static void write_histogram(FILE *out, const struct metrics *m, enum metric metric)
{
    const char *name = table[metric].name;
    size_t first = m->first[metric];
    uint64_t count = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        count += cell(m, first + i);
        fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[i], count);
    }
    count += cell(m, first + OVERFLOW_BUCKET);
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    uint64_t sum = cell(m, first + SUM), second = 1000000000;
    fprintf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, sum / second, sum % second);
    fprintf(out, "%s_count %" PRIu64 "\n", name, count);
}

char *metrics_text(const struct metrics *m, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    CHECK(out);
    for (enum metric i = 0; i < METRICS; i++) {
        const struct metric_row *row = &table[i];
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, type_names[row->type]);
        if (row->type == HISTOGRAM) {
            write_histogram(out, m, i);
            continue;
        }
        for (unsigned a = 0; a < values_of(m, row->a); a++)
            for (unsigned b = 0; b < values_of(m, row->b); b++)
                write_series(out, m, i, a, b);
    }
    process_metrics_write(out);
    CHECK(fclose(out) == 0);
    return text;
}
