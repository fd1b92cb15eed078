/* What the events of a source can be at most, as its mapping says: to tell an author of a condition that nothing can
 * ever meet, before a month without warnings does.  Immutable once the mapping is loaded; any thread. */
#ifndef GW_DECODE_OFFER_H
#define GW_DECODE_OFFER_H

#include <stdbool.h>
#include <stdint.h>

struct offer {
    uint32_t kinds, tags; /* bits */
    bool any_category;    /* the records hold the catalogue's own paths */
    uint8_t *categories;  /* bits by number; NULL: none by a table */
    bool callers, respondents, matters, involved, values;
};

/* any of the categories first..last? */
bool offer_has_category(const struct offer *, uint16_t first, uint16_t last);
void offer_add_category(struct offer *, uint16_t category);

struct mapping;
const struct offer *mapping_offer(const struct mapping *); /* the mapping's */

#endif
