/* Look-ups in the registry.  Loading is registry_load.c. */
#include "registry/registry_priv.h"

#include "base/check.h"

#include <stdlib.h>

void registry_destroy(struct registry **registry)
{
    struct registry *r = *registry;
    if (!r)
        return;
    names_destroy(&r->codes);
    names_destroy(&r->names);
    free(r->regions);
    free(r->neighbours);
    csv_close(&r->file);
    free(r);
    *registry = NULL;
}

uint32_t registry_count(const struct registry *r)
{
    return r->count;
}

const struct region *registry_region(const struct registry *r, uint32_t region)
{
    CHECK(region >= 1 && region <= r->count);
    return &r->regions[region];
}

static uint32_t find(const struct names *names, struct str text)
{
    uint32_t number = names_find(names, text);
    return number == NAMES_NONE ? REGION_NONE : number;
}

uint32_t registry_find(const struct registry *r, struct str code)
{
    return find(r->codes, code);
}

void registry_prefetch(const struct registry *r, struct str code)
{
    names_prefetch(r->codes, code);
}

uint32_t registry_find_name(const struct registry *r, struct str name)
{
    return find(r->names, name);
}

bool registry_contains(const struct registry *r, uint32_t wide, uint32_t narrow)
{
    return wide == REGION_NONE || (narrow >= wide && narrow <= registry_region(r, wide)->last);
}

uint32_t registry_common(const struct registry *r, uint32_t a, uint32_t b)
{
    if (a == REGION_NONE || b == REGION_NONE)
        return REGION_NONE;
    const uint32_t *x = registry_region(r, a)->ancestor, *y = registry_region(r, b)->ancestor;
    for (unsigned level = REGION_MICRO_GRID; level >= REGION_DISTRICT; level--)
        if (x[level] != REGION_NONE && x[level] == y[level])
            return x[level];
    return REGION_NONE;
}

static const struct {
    const char *word, *chinese;
} levels[REGION_LEVELS_END] = {
    [REGION_DISTRICT] = {"district", "区"},         [REGION_STREET] = {"street", "街道"},
    [REGION_COMMUNITY] = {"community", "社区"},     [REGION_GRID] = {"grid", "网格"},
    [REGION_MICRO_GRID] = {"micro_grid", "微网格"},
};

const char *region_level_name(enum region_level level)
{
    CHECK(level >= REGION_DISTRICT && level < REGION_LEVELS_END);
    return levels[level].word;
}

enum region_level region_level_parse(struct str text)
{
    for (unsigned level = REGION_DISTRICT; level < REGION_LEVELS_END; level++)
        if (str_eq(text, str_of(levels[level].word)) || str_eq(text, str_of(levels[level].chinese)))
            return (enum region_level)level;
    return (enum region_level)0;
}
