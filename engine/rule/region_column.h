/* A region as tables name it.  Officials know streets by name, and Excel spoils codes: either will do, and where both stand
 * they guard each other. */
#ifndef GW_RULE_REGION_COLUMN_H
#define GW_RULE_REGION_COLUMN_H

#include "registry/csv.h"
#include "registry/registry.h"

/* The first of three fields of a line (code, region, name) that is not empty names it; the others must agree.  REGION_NONE,
 * without a problem, where all are empty or there is no registry.  false: a problem was added. */
bool region_column_read(const struct csv *, const struct csv_field *const place[3], const struct registry *,
                        struct problems *, uint32_t *region);

#endif
