/* Lists of pointers, as incidents and members keep them of each other.  Where a list is kept by id, what it holds
 * begins with its id, a text. */
#ifndef GW_INCIDENT_LIST_H
#define GW_INCIDENT_LIST_H

#include "base/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct list {
    void **at;
    size_t count, capacity;
};

static inline void list_insert(struct list *list, size_t place, void *one)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 4;
        list->at = xrealloc(list->at, list->capacity * sizeof *list->at);
    }
    memmove(list->at + place + 1, list->at + place, (list->count++ - place) * sizeof *list->at);
    list->at[place] = one;
}

static inline void list_add(struct list *list, void *one)
{
    list_insert(list, list->count, one);
}

static inline void list_remove(struct list *list, size_t place)
{
    memmove(list->at + place, list->at + place + 1, (--list->count - place) * sizeof *list->at);
}

static inline void list_free(struct list *list)
{
    free(list->at);
    *list = (struct list){0};
}

/* where that pointer stands; `count` if nowhere */
static inline size_t list_place(const struct list *list, const void *one)
{
    size_t place = 0;
    while (place < list->count && list->at[place] != one)
        place++;
    return place;
}

/* of a list by id: where that one stands or would, and whether it does */
static inline bool list_find(const struct list *list, const char *id, size_t *place)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(list->at[middle], id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *place = low;
    return low < list->count && strcmp(list->at[low], id) == 0;
}

#endif
