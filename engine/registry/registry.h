/* The registry of regions: the one authority on the tree district › street › community › grid › micro-grid, its
 * names and its neighbours.  The hierarchy is never parsed out of a code.  Immutable once loaded; any thread.
 *
 * A table (registry/csv.h) with a header line; columns by name, in any order:
 *   code, name, level, parent            required (parent empty for a root)
 *   neighbours (codes split by ';'), lon, lat, population, valid_from, valid_to (dates), successors   optional
 *
 * Regions are numbered depth first from 1, so that a region and all below it are the range first..last:
 * a subtree is two comparisons.  0 is no region. */
#ifndef GW_REGISTRY_REGISTRY_H
#define GW_REGISTRY_REGISTRY_H

#include "base/problem.h"
#include "base/str.h"

#include <stdint.h>

enum { REGION_NONE = 0 };

enum region_level {
    REGION_DISTRICT = 1,
    REGION_STREET,
    REGION_COMMUNITY,
    REGION_GRID,
    REGION_MICRO_GRID,
    REGION_LEVELS_END
};

struct region {
    const char *code, *name;
    enum region_level level;
    uint32_t last;                        /* the subtree is [own number, last] */
    uint32_t ancestor[REGION_LEVELS_END]; /* by level, itself included; REGION_NONE where the path has none */
    const uint32_t *neighbours;           /* of its own level */
    uint32_t neighbour_count;
    double lon, lat;     /* NAN where not given */
    uint32_t population; /* 0 where not given */
    int64_t valid_from, valid_to; /* seconds since 1970, local midnight; 0 where not given */
    const char *successors;       /* codes split by ';', or "" */
};

struct registry;

/* NULL if anything is wrong; every mistake of the file is added: unknown level, parent missing, parent not of a
 * higher level, a circle, a code twice, an unknown or one-sided neighbour, a bad number or date. */
struct registry *registry_load(const char *path, struct problems *);
void registry_destroy(struct registry **);

uint32_t registry_count(const struct registry *); /* regions are numbered 1..count */
uint32_t registry_find(const struct registry *, struct str code); /* REGION_NONE if none */
/* asks for the memory that registry_find will look at */
void registry_prefetch(const struct registry *, struct str code);
/* by name; REGION_NONE if none or several bear it */
uint32_t registry_find_name(const struct registry *, struct str name);
const struct region *registry_region(const struct registry *, uint32_t region);

/* is `narrow` in `wide`, or the same?  REGION_NONE contains all */
bool registry_contains(const struct registry *, uint32_t wide, uint32_t narrow);
/* lowest region that contains both; REGION_NONE if they share no root or one is REGION_NONE */
uint32_t registry_common(const struct registry *, uint32_t a, uint32_t b);

static inline uint32_t region_at(const struct region *r, enum region_level level)
{
    return r->ancestor[level];
}

/* "district", "street", ...; and back, 0 if it is none (Chinese names 区 街道 社区 网格 微网格 are understood too) */
const char *region_level_name(enum region_level);
enum region_level region_level_parse(struct str);

#endif
