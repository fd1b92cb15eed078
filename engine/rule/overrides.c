/* Reads thresholds of single regions. */
#include "rule/overrides.h"

#include "base/buffer.h"
#include "base/check.h"
#include "registry/csv.h"
#include "registry/names.h"
#include "rule/region_column.h"
#include "rule/rule_priv.h"

#include <stdlib.h>

enum column { REGION, LEVEL, MEASURE, THRESHOLD, CODE, NAME, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
    [REGION] = {"region", false, "区域"},      [LEVEL] = {"level", true, "级别"}, [MEASURE] = {"measure", true, "计数"},
    [THRESHOLD] = {"threshold", true, "阈值"}, [CODE] = {"code", false, "编码"},  [NAME] = {"name", false, "名称"},
};

enum { DIGITS_MAX = 12, DECIMALS = 3 };

struct loader {
    struct csv *csv;
    const struct rule_context *context;
    struct problems *problems;
    struct overrides *overrides;
    struct names *seen; /* region, level and measure */
};

static bool read_region(struct loader *l, const struct csv_field *row, struct override *override)
{
    const struct csv_field *const place[] = {&row[CODE], &row[REGION], &row[NAME]};
    const struct csv_field *field = row[CODE].text.len     ? &row[CODE]
                                    : row[REGION].text.len ? &row[REGION]
                                                           : &row[NAME];
    override->col[OVERRIDE_REGION] = field->col;
    if (field->text.len == 0) {
        csv_problem(l->csv, field, l->problems, "a line without a region");
        return false;
    }
    return region_column_read(l->csv, place, l->context->registry, l->problems, &override->region);
}

static bool read_level(struct loader *l, const struct csv_field *field, struct override *override)
{
    char list[RULE_LEVEL_LIST];
    const char *near = rule_level_near(field->text.at, l->context);
    override->level = rule_level_named(field->text.at, l->context);
    override->col[OVERRIDE_LEVEL] = field->col;
    if (override->level == 0 && near)
        csv_problem(l->csv, field, l->problems, "unknown level %s; did you mean %s?", field->text.at, near);
    else if (override->level == 0)
        csv_problem(l->csv, field, l->problems, "unknown level %s; the levels are %s", field->text.at,
                    rule_level_list(l->context, list));
    return override->level != 0;
}

static bool read_measure(struct loader *l, const struct csv_field *field, struct override *override)
{
    override->col[OVERRIDE_MEASURE] = field->col;
    if (field->text.len == 0)
        csv_problem(l->csv, field, l->problems, "a line without a measure; expected one of the rule's levels");
    return field->text.len != 0;
}

/* at most `limit` digits, put behind those of the number; how many there were */
static unsigned take_digits(const char **at, unsigned limit, int64_t *number)
{
    size_t len;
    unsigned digits = 0;
    for (uint32_t c = rule_peek(*at, &len); rule_is_digit(c) && digits < limit; c = rule_peek(*at, &len)) {
        *number = *number * 10 + (int64_t)(c - '0');
        *at += len;
        digits++;
    }
    return digits;
}

static bool read_threshold(struct loader *l, const struct csv_field *field, struct override *override)
{
    const char *at = field->text.at;
    size_t len;
    int64_t number = 0;
    bool negative = rule_peek(at, &len) == '-';
    at += negative ? len : 0;
    unsigned digits = take_digits(&at, DIGITS_MAX, &number), decimals = 0;
    bool point = rule_peek(at, &len) == '.';
    if (point) {
        at += len;
        decimals = take_digits(&at, DECIMALS, &number);
    }
    bool good = digits && point == (decimals > 0) && *at == '\0';
    for (; decimals < DECIMALS; decimals++)
        number *= 10;
    override->threshold = negative ? -number : number;
    override->col[OVERRIDE_THRESHOLD] = field->col;
    if (!good)
        csv_problem(l->csv, field, l->problems, "expected a number, up to %d digits and %d decimals", DIGITS_MAX,
                    DECIMALS);
    return good;
}

/* false if the file has it already; regions that could not be judged are not told apart */
static bool is_new(struct loader *l, const struct csv_field *measure, const struct override *override)
{
    struct buffer key = {0};
    buffer_printf(&key, "%u %u %s", override->region, override->level, measure->text.at);
    uint32_t first = names_add(l->seen, buffer_str(&key), l->overrides->count);
    buffer_free(&key);
    if (override->region == REGION_NONE || first == l->overrides->count)
        return true;
    csv_problem(l->csv, measure, l->problems,
                "the same region, level and measure as in line %d: one threshold too many",
                l->overrides->all[first].line);
    return false;
}

static void add(struct loader *l, const struct csv_field *measure, const struct override *override)
{
    struct overrides *o = l->overrides;
    o->all[o->count] = *override;
    o->all[o->count++].measure = xstrdup(measure->text.at);
}

static void read_row(struct loader *l, const struct csv_field *row)
{
    struct override override = {.line = row[LEVEL].line};
    bool region = read_region(l, row, &override), level = read_level(l, &row[LEVEL], &override);
    bool measure = read_measure(l, &row[MEASURE], &override);
    bool threshold = read_threshold(l, &row[THRESHOLD], &override);
    if (region && level && measure && threshold && is_new(l, &row[MEASURE], &override))
        add(l, &row[MEASURE], &override);
}

static void read_rows(struct loader *l)
{
    size_t rows = csv_rows(l->csv);
    l->overrides->all = xcalloc(rows + 1, sizeof *l->overrides->all);
    if (!csv_has(l->csv, REGION) && !csv_has(l->csv, CODE) && !csv_has(l->csv, NAME)) {
        problem_add(l->problems, l->overrides->file, 1, 1, "the header has no column region (区域)");
        return;
    }
    for (size_t row = 0; row < rows; row++)
        read_row(l, csv_row(l->csv, row));
}

struct overrides *overrides_load(const char *path, const struct rule_context *context, struct problems *problems)
{
    size_t before = problems->count;
    struct csv *csv = csv_load(path, columns, COLUMNS, problems);
    if (!csv)
        return NULL;
    struct loader l = {csv, context, problems, xcalloc(1, sizeof *l.overrides), names_create()};
    l.overrides->file = xstrdup(path);
    read_rows(&l);
    if (problems->count != before)
        overrides_destroy(&l.overrides);
    names_destroy(&l.seen);
    csv_close(&csv);
    return l.overrides;
}

void overrides_destroy(struct overrides **overrides)
{
    struct overrides *o = *overrides;
    *overrides = NULL;
    if (!o)
        return;
    for (unsigned i = 0; i < o->count; i++)
        free(o->all[i].measure);
    free(o->all);
    free(o->file);
    free(o);
}
