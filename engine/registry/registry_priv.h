/* The registry's insides, shared by what loads it and what looks things up. */
#ifndef GW_REGISTRY_REGISTRY_PRIV_H
#define GW_REGISTRY_REGISTRY_PRIV_H

#include "registry/csv.h"
#include "registry/names.h"
#include "registry/registry.h"

struct registry {
    struct csv *file;       /* owns the texts */
    struct region *regions; /* by number; [0] is none */
    uint32_t count;
    struct names *codes, *names; /* names: REGION_NONE for one that several bear */
    uint32_t *neighbours;        /* all lists, one after another */
};

#endif
