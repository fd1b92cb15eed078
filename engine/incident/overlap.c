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

bool evidence_overlaps(struct evidence_window a, struct evidence_window b)
{
    if (a.count > b.count)
        return evidence_overlaps(b, a);
    size_t looked_for = a.count < OVERLAP_FACTS_MAX ? a.count : OVERLAP_FACTS_MAX;
    size_t wanted = (looked_for + 1) / 2, found = 0;
    for (size_t i = 0; i < looked_for && found < wanted && found + looked_for - i >= wanted; i++)
        found += has(b, &a.facts[a.count - 1 - i]);
    return looked_for && found >= wanted;
}
