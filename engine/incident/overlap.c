#include "incident/overlap.h"

static bool has(struct evidence_window w, const struct view_entry *fact)
{
    size_t low = 0, high = w.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w.facts[middle].at < fact->at)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < w.count && w.facts[low].at == fact->at; low++)
        if (w.facts[low].ref == fact->ref)
            return true;
    return false;
}

/* are at least so many of the newest of a in b? */
static bool shares(struct evidence_window a, struct evidence_window b, size_t looked_for, size_t wanted)
{
    size_t found = 0;
    for (size_t i = 0; i < looked_for && found < wanted && found + looked_for - i >= wanted; i++)
        found += has(b, &a.facts[a.count - 1 - i]);
    return found >= wanted;
}

static bool looked_into(struct evidence_window a, struct evidence_window b, bool half)
{
    if (a.count > b.count) {
        struct evidence_window fewer = b;
        b = a;
        a = fewer;
    }
    size_t looked_for = a.count < OVERLAP_FACTS_MAX ? a.count : OVERLAP_FACTS_MAX;
    return looked_for && shares(a, b, looked_for, half ? (looked_for + 1) / 2 : 1);
}

bool evidence_overlaps(struct evidence_window a, struct evidence_window b)
{
    return looked_into(a, b, true);
}

bool evidence_touches(struct evidence_window a, struct evidence_window b)
{
    return looked_into(a, b, false);
}
