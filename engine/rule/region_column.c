#include "rule/region_column.h"

#include "base/buffer.h"
#include "base/check.h"

#include <stdlib.h>

struct column {
    const struct csv *csv;
    const struct registry *registry;
    struct problems *problems;
};

static void unknown_region(const struct column *c, const struct csv_field *field)
{
    struct buffer codes = {0};
    unsigned bearers = 0, count = 0;
    const char **known = xcalloc(registry_count(c->registry), sizeof *known);
    for (uint32_t i = 1; i <= registry_count(c->registry); i++) {
        const struct region *r = registry_region(c->registry, i);
        if (str_eq(field->text, str_of(r->name)))
            buffer_printf(&codes, "%s%s", bearers++ ? ", " : "", r->code);
        if (r->level <= REGION_COMMUNITY) /* grids are named after these, and are tens of thousands */
            known[count++] = r->name;
    }
    const char *near = nearest_word(field->text.at, known, count);
    if (bearers)
        csv_problem(c->csv, field, c->problems, "%u regions bear the name %s: write the code, one of %s", bearers,
                    field->text.at, codes.at);
    else if (near)
        csv_problem(c->csv, field, c->problems, "unknown region %s; did you mean %s?", field->text.at, near);
    else
        csv_problem(c->csv, field, c->problems, "unknown region %s", field->text.at);
    free(known);
    buffer_free(&codes);
}

static uint32_t find_region(const struct column *c, const struct csv_field *field)
{
    uint32_t region = registry_find(c->registry, field->text);
    if (region == REGION_NONE)
        region = registry_find_name(c->registry, field->text);
    if (region == REGION_NONE)
        unknown_region(c, field);
    return region;
}

/* Other columns that name the region must name the same; a name need not be the only one. */
static bool agrees(const struct column *c, const struct csv_field *field, uint32_t region)
{
    const struct region *r = registry_region(c->registry, region);
    if (field->text.len == 0 || str_eq(field->text, str_of(r->code)) || str_eq(field->text, str_of(r->name)))
        return true;
    csv_problem(c->csv, field, c->problems, "%s is not %s %s, which this line names, too", field->text.at, r->code,
                r->name);
    return false;
}

bool region_column_read(const struct csv *csv, const struct csv_field *const place[3], const struct registry *registry,
                        struct problems *problems, uint32_t *region)
{
    const struct column c = {csv, registry, problems};
    unsigned first = 0;
    *region = REGION_NONE;
    while (first < 2 && place[first]->text.len == 0)
        first++;
    if (place[first]->text.len == 0 || !registry)
        return true;
    *region = find_region(&c, place[first]);
    return *region != REGION_NONE && agrees(&c, place[1], *region) && agrees(&c, place[2], *region);
}
