/* Texts to small numbers: codes of regions, names of organisations, the tables of a mapping.  Filled while files
 * are loaded, then only read, by any thread.  The texts are copied. */
#ifndef GW_REGISTRY_NAMES_H
#define GW_REGISTRY_NAMES_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define NAMES_NONE UINT32_MAX

struct names;

struct names *names_create(void);
void names_destroy(struct names **);

/* The number that `text` has: `number` if it is new, else the one given first, which stays. */
uint32_t names_add(struct names *, struct str text, uint32_t number);
/* like names_add, but the new number replaces the old one */
void names_set(struct names *, struct str text, uint32_t number);
/* NAMES_NONE if it is none of them */
uint32_t names_find(const struct names *, struct str text);
/* asks for the memory that names_find will look at */
void names_prefetch(const struct names *, struct str text);

#endif
