/* Reads the registry.  Rows may stand in any order, so everything is first read and checked by row, each check going
 * on past what others found; only a table without a mistake is numbered and becomes a tree. */
#include "registry/registry_priv.h"

#include "base/check.h"
#include "base/civil.h"

#include <math.h>
#include <stdlib.h>

enum column {
    CODE,
    NAME,
    LEVEL,
    PARENT,
    NEIGHBOURS,
    LON,
    LAT,
    POPULATION,
    VALID_FROM,
    VALID_TO,
    SUCCESSORS,
    COLUMNS
};

static const struct csv_column columns[COLUMNS] = {
    [CODE] = {"code", true, NULL},
    [NAME] = {"name", true, NULL},
    [LEVEL] = {"level", true, NULL},
    [PARENT] = {"parent", true, NULL},
    [NEIGHBOURS] = {"neighbours", false, NULL},
    [LON] = {"lon", false, NULL},
    [LAT] = {"lat", false, NULL},
    [POPULATION] = {"population", false, NULL},
    [VALID_FROM] = {"valid_from", false, NULL},
    [VALID_TO] = {"valid_to", false, NULL},
    [SUCCESSORS] = {"successors", false, NULL},
};

#define NO_ROW NAMES_NONE

enum { CHINA_OFFSET_S = 8 * 3600 };

struct row {
    struct region region; /* all but last and ancestor; neighbours are rows until they are numbered */
    uint32_t parent, first_child, next_sibling;
    uint32_t neighbours_at; /* into the pool, which moves while it grows */
    uint32_t number;
    uint32_t visit; /* of the search for circles */
};

struct loader {
    struct csv *csv;
    struct problems *problems;
    struct names *codes;
    struct row *rows;
    uint32_t count;
    uint32_t *pool; /* of neighbours */
    uint32_t pool_count, pool_capacity;
};

static const struct csv_field *field(const struct loader *l, uint32_t row, enum column column)
{
    return &csv_row(l->csv, row)[column];
}

static void read_code(struct loader *l, uint32_t row)
{
    const struct csv_field *code = field(l, row, CODE), *name = field(l, row, NAME);
    l->rows[row].region = (struct region){.code = code->text.at, .name = name->text.at};
    if (name->text.len == 0)
        csv_problem(l->csv, name, l->problems, "a region without a name");
    if (code->text.len == 0) {
        csv_problem(l->csv, code, l->problems, "a region without a code");
        return;
    }
    uint32_t first = names_add(l->codes, code->text, row);
    if (first != row)
        csv_problem(l->csv, code, l->problems, "the code %s stands here twice, first in line %d", code->text.at,
                    field(l, first, CODE)->line);
}

static void read_level(struct loader *l, uint32_t row)
{
    const struct csv_field *level = field(l, row, LEVEL);
    l->rows[row].region.level = region_level_parse(level->text);
    if (!l->rows[row].region.level)
        csv_problem(l->csv, level, l->problems,
                    "unknown level %s; expected district, street, community, grid or micro_grid", level->text.at);
}

/* after all levels are known */
static void read_parent(struct loader *l, uint32_t row)
{
    const struct csv_field *parent = field(l, row, PARENT);
    struct row *r = &l->rows[row];
    r->parent = NO_ROW;
    if (parent->text.len == 0)
        return;
    r->parent = names_find(l->codes, parent->text);
    if (r->parent == NO_ROW) {
        csv_problem(l->csv, parent, l->problems, "the parent %s is not in this file", parent->text.at);
        return;
    }
    enum region_level level = r->region.level, above = l->rows[r->parent].region.level;
    if (level && above && above >= level)
        csv_problem(l->csv, parent, l->problems, "the parent %s is a %s, which is not above a %s", parent->text.at,
                    region_level_name(above), region_level_name(level));
}

/* Each path upwards is followed until it ends or meets a row seen before: by an earlier path, or, in a circle, by
 * this one. */
static void check_circles(struct loader *l)
{
    for (uint32_t row = 0; row < l->count; row++) {
        uint32_t at = row, visit = row + 1;
        while (at != NO_ROW && l->rows[at].visit == 0) {
            l->rows[at].visit = visit;
            at = l->rows[at].parent;
        }
        if (at != NO_ROW && l->rows[at].visit == visit)
            csv_problem(l->csv, field(l, at, PARENT), l->problems, "a circle: %s is its own ancestor",
                        l->rows[at].region.code);
    }
}

static double read_degrees(const struct loader *l, uint32_t row, enum column column, double limit)
{
    const struct csv_field *f = field(l, row, column);
    if (f->text.len == 0)
        return (double)NAN;
    char *end;
    double degrees = strtod(f->text.at, &end);
    if (*end == '\0' && degrees >= -limit && degrees <= limit)
        return degrees;
    csv_problem(l->csv, f, l->problems, "expected degrees from -%.0f to %.0f", limit, limit);
    return (double)NAN;
}

static void read_place(struct loader *l, uint32_t row)
{
    struct region *r = &l->rows[row].region;
    r->lon = read_degrees(l, row, LON, 180);
    r->lat = read_degrees(l, row, LAT, 90);
    if ((field(l, row, LON)->text.len == 0) != (field(l, row, LAT)->text.len == 0))
        csv_problem(l->csv, field(l, row, LON), l->problems, "lon and lat: expected both or neither");
}

static void read_population(struct loader *l, uint32_t row)
{
    const struct csv_field *f = field(l, row, POPULATION);
    uint64_t population = 0;
    for (size_t i = 0; i < f->text.len; i++) {
        char c = f->text.at[i];
        population = c >= '0' && c <= '9' ? population * 10 + (uint64_t)(c - '0') : UINT64_MAX;
        if (population > UINT32_MAX) {
            csv_problem(l->csv, f, l->problems, "expected a whole number of people");
            return;
        }
    }
    l->rows[row].region.population = (uint32_t)population;
}

static bool read_digits(const char *at, size_t count, unsigned *number)
{
    for (*number = 0; count > 0; at++, count--) {
        if (*at < '0' || *at > '9')
            return false;
        *number = *number * 10 + (unsigned)(*at - '0');
    }
    return true;
}

static int64_t read_date(const struct loader *l, uint32_t row, enum column column)
{
    const struct csv_field *f = field(l, row, column);
    const char *at = f->text.at;
    unsigned year, month, day;
    if (f->text.len == 0)
        return 0;
    if (f->text.len == strlen("2026-01-31") && at[4] == '-' && at[7] == '-' && read_digits(at, 4, &year) &&
        read_digits(at + 5, 2, &month) && read_digits(at + 8, 2, &day) && civil_valid(year, month, day))
        return civil_days(year, month, day) * CIVIL_DAY_S - CHINA_OFFSET_S;
    csv_problem(l->csv, f, l->problems, "expected a date such as 2026-01-31");
    return 0;
}

static void read_validity(struct loader *l, uint32_t row)
{
    struct region *r = &l->rows[row].region;
    r->valid_from = read_date(l, row, VALID_FROM);
    r->valid_to = read_date(l, row, VALID_TO);
    if (r->valid_from && r->valid_to && r->valid_to <= r->valid_from)
        csv_problem(l->csv, field(l, row, VALID_TO), l->problems, "valid_to is not after valid_from");
    const struct csv_field *f = field(l, row, SUCCESSORS);
    r->successors = f->text.at;
    struct str list = f->text, code;
    while (csv_next_item(&list, &code))
        if (names_find(l->codes, code) == NO_ROW)
            csv_problem(l->csv, f, l->problems, "the successor %.*s is not in this file", STR_ARG(code));
}

/* Who walks neighbours may rely on it that they are of the region's own level. */
static bool is_beside(const struct loader *l, uint32_t row, uint32_t other)
{
    enum region_level own = l->rows[row].region.level, level = l->rows[other].region.level;
    bool beside = own == level || !own || !level; /* one that is unknown has been told */
    if (!beside)
        csv_warning(l->csv, field(l, row, NEIGHBOURS), l->problems,
                    "the neighbour %s is of another level: adjacent() (邻近) does not look there",
                    l->rows[other].region.code);
    return beside;
}

static bool has_neighbour(const struct loader *l, uint32_t row, uint32_t other)
{
    const struct row *r = &l->rows[row];
    for (uint32_t i = 0; i < r->region.neighbour_count; i++)
        if (l->pool[r->neighbours_at + i] == other)
            return true;
    return false;
}

static void read_neighbours(struct loader *l, uint32_t row)
{
    const struct csv_field *f = field(l, row, NEIGHBOURS);
    struct str list = f->text, code;
    struct row *r = &l->rows[row];
    r->neighbours_at = l->pool_count;
    while (csv_next_item(&list, &code)) {
        uint32_t other = names_find(l->codes, code);
        if (other == NO_ROW || other == row || has_neighbour(l, row, other)) {
            csv_problem(l->csv, f, l->problems,
                        other == NO_ROW ? "the neighbour %.*s is not in this file"
                        : other == row  ? "the neighbour %.*s is the region itself"
                                        : "the neighbour %.*s stands here twice",
                        STR_ARG(code));
            continue;
        }
        if (!is_beside(l, row, other))
            continue;
        if (l->pool_count == l->pool_capacity) {
            l->pool_capacity = l->pool_capacity ? l->pool_capacity * 2 : 256;
            l->pool = xrealloc(l->pool, l->pool_capacity * sizeof *l->pool);
        }
        l->pool[l->pool_count++] = other;
        r->region.neighbour_count++;
    }
}

static void check_neighbours(const struct loader *l, uint32_t row)
{
    const struct row *r = &l->rows[row];
    for (uint32_t i = 0; i < r->region.neighbour_count; i++) {
        uint32_t other = l->pool[r->neighbours_at + i];
        if (!has_neighbour(l, other, row))
            csv_problem(l->csv, field(l, row, NEIGHBOURS), l->problems,
                        "%s names %s as a neighbour, which does not name it (line %d)", r->region.code,
                        l->rows[other].region.code, field(l, other, CODE)->line);
    }
}

static void read_rows(struct loader *l)
{
    for (uint32_t row = 0; row < l->count; row++)
        read_code(l, row);
    for (uint32_t row = 0; row < l->count; row++)
        read_level(l, row);
    for (uint32_t row = 0; row < l->count; row++) {
        read_parent(l, row);
        read_place(l, row);
        read_population(l, row);
        read_validity(l, row);
        read_neighbours(l, row);
    }
    check_circles(l);
    for (uint32_t row = 0; row < l->count; row++)
        check_neighbours(l, row);
}

/* Depth is bounded: every parent has been found to be of a higher level. */
static uint32_t number_subtree(struct loader *l, struct registry *registry, uint32_t row, uint32_t number)
{
    struct row *r = &l->rows[row];
    struct region *region = &registry->regions[number];
    r->number = number;
    *region = r->region;
    if (r->parent != NO_ROW)
        memcpy(region->ancestor, registry->regions[l->rows[r->parent].number].ancestor, sizeof region->ancestor);
    region->ancestor[region->level] = number;
    uint32_t last = number;
    for (uint32_t child = r->first_child; child != NO_ROW; child = l->rows[child].next_sibling)
        last = number_subtree(l, registry, child, last + 1);
    region->last = last;
    return last;
}

static void number_rows(struct loader *l, struct registry *registry)
{
    uint32_t first_root = NO_ROW, number = 0;
    for (uint32_t row = 0; row < l->count; row++)
        l->rows[row].first_child = NO_ROW;
    for (uint32_t row = l->count; row-- > 0;) { /* backwards, so that siblings come in the order of the file */
        struct row *r = &l->rows[row];
        uint32_t *head = r->parent == NO_ROW ? &first_root : &l->rows[r->parent].first_child;
        r->next_sibling = *head;
        *head = row;
    }
    for (uint32_t root = first_root; root != NO_ROW; root = l->rows[root].next_sibling)
        number = number_subtree(l, registry, root, number + 1);
    CHECK(number == l->count);
}

static struct registry *build(struct loader *l)
{
    struct registry *r = xcalloc(1, sizeof *r);
    r->count = l->count;
    r->regions = xcalloc((size_t)l->count + 1, sizeof *r->regions);
    number_rows(l, r);
    r->codes = names_create();
    r->names = names_create();
    r->neighbours = l->pool;
    for (uint32_t i = 0; i < l->pool_count; i++)
        r->neighbours[i] = l->rows[l->pool[i]].number;
    for (uint32_t row = 0; row < l->count; row++) {
        uint32_t number = l->rows[row].number;
        if (l->pool_count)
            r->regions[number].neighbours = r->neighbours + l->rows[row].neighbours_at;
        names_add(r->codes, field(l, row, CODE)->text, number);
        if (names_add(r->names, field(l, row, NAME)->text, number) != number)
            names_set(r->names, field(l, row, NAME)->text, REGION_NONE);
    }
    r->file = l->csv;
    return r;
}

struct registry *registry_load(const char *path, struct problems *problems)
{
    size_t before = problems->count;
    struct csv *csv = csv_load(path, columns, COLUMNS, problems);
    if (!csv)
        return NULL;
    CHECK(csv_rows(csv) < NO_ROW);
    struct loader l = {.csv = csv, .problems = problems, .count = (uint32_t)csv_rows(csv), .codes = names_create()};
    l.rows = xcalloc((size_t)l.count + 1, sizeof *l.rows);
    read_rows(&l);
    if (l.count == 0)
        problem_add(problems, path, 0, 0, "no regions in this file");
    struct registry *registry = NULL;
    if (problems->count == before) {
        registry = build(&l);
    } else {
        free(l.pool);
        csv_close(&l.csv);
    }
    names_destroy(&l.codes);
    free(l.rows);
    return registry;
}
