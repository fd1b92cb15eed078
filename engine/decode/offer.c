#include "decode/offer.h"

#include "base/check.h"
#include "decode/mapping.h"

bool offer_has_category(const struct offer *o, uint16_t first, uint16_t last)
{
    if (o->any_category)
        return true;
    for (unsigned category = first; o->categories && category <= last; category++)
        if (o->categories[category / 8] >> category % 8 & 1)
            return true;
    return false;
}

void offer_add_category(struct offer *o, uint16_t category)
{
    if (!o->categories)
        o->categories = xcalloc(CATEGORIES_MAX / 8 + 1, 1);
    o->categories[category / 8] |= (uint8_t)(1u << category % 8);
}

const struct offer *mapping_offer(const struct mapping *m)
{
    return &m->offer;
}
