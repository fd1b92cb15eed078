#include "incident/near.h"

#include "base/check.h"

#include <stdlib.h>

/* regions by their numbers, so that a subtree is a range; respondents above them */
#define RESPONDENTS (UINT64_C(1) << 63)

static uint64_t respondent_key(const struct member *m)
{
    return m->respondent | RESPONDENTS;
}

void near_free(struct near *near)
{
    free(near->entries);
    *near = (struct near){0};
}

static int by_key(const void *left, const void *right)
{
    const struct near_entry *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return strcmp(a->member->id, b->member->id);
}

void near_build(struct near *near, const struct incidents *set)
{
    if (near->capacity < set->members.count * 2) {
        near->capacity = set->members.count * 2;
        near->entries = xrealloc(near->entries, near->capacity * sizeof *near->entries);
    }
    near->count = 0;
    for (size_t i = 0; i < set->members.count; i++) {
        struct member *m = set->members.at[i];
        if (!m->firing || m->gone)
            continue;
        near->entries[near->count++] = (struct near_entry){m->region, m};
        if (m->respondent)
            near->entries[near->count++] = (struct near_entry){respondent_key(m), m};
    }
    if (near->count)
        qsort(near->entries, near->count, sizeof *near->entries, by_key);
}

bool members_alike(const struct registry *registry, const struct catalogue *catalogue, const struct member *a,
                   const struct member *b)
{
    if (a->respondent && a->respondent == b->respondent)
        return true;
    return (registry_contains(registry, a->region, b->region) || registry_contains(registry, b->region, a->region)) &&
           (catalogue_contains(catalogue, a->category, b->category) || catalogue_contains(catalogue, b->category, a->category));
}

struct search {
    const struct near *near;
    const struct registry *registry;
    const struct catalogue *catalogue;
    const struct member *of;
    near_visit *visit;
    void *arg;
    bool stopped;
};

static void search_range(struct search *s, uint64_t first, uint64_t last)
{
    const struct near *near = s->near;
    size_t low = 0, high = near->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (near->entries[middle].key < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < near->count && near->entries[low].key <= last && !s->stopped; low++) {
        struct member *m = near->entries[low].member;
        if (m != s->of && members_alike(s->registry, s->catalogue, s->of, m))
            s->stopped = !s->visit(s->arg, m);
    }
}

void near_each(const struct near *near, const struct registry *registry, const struct catalogue *catalogue,
               const struct member *m, near_visit *visit, void *arg)
{
    struct search s = {near, registry, catalogue, m, visit, arg, false};
    if (m->region == REGION_NONE) {
        search_range(&s, 0, RESPONDENTS - 1);
    } else {
        const struct region *own = registry_region(registry, m->region);
        search_range(&s, m->region, own->last);
        search_range(&s, REGION_NONE, REGION_NONE);
        for (int level = REGION_DISTRICT; level < (int)own->level; level++)
            if (own->ancestor[level] != REGION_NONE)
                search_range(&s, own->ancestor[level], own->ancestor[level]);
    }
    if (m->respondent)
        search_range(&s, respondent_key(m), respondent_key(m));
}
