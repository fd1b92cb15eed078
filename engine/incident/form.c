#include "incident/form.h"

#include "base/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int incident_age(int64_t opened_a, const char *id_a, int64_t opened_b, const char *id_b)
{
    if (opened_a != opened_b)
        return opened_a < opened_b ? -1 : 1;
    return strcmp(id_a, id_b);
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* Numbers the components in the order of their first alerts. */
static size_t number_parts(struct form_alert *alerts, size_t count, const struct form_link *links, size_t link_count)
{
    size_t *parent = xcalloc(count + 1, sizeof *parent), parts = 0;
    for (size_t i = 0; i < count; i++)
        parent[i] = i;
    for (size_t l = 0; l < link_count; l++) {
        size_t a = root_of(parent, links[l].a), b = root_of(parent, links[l].b);
        parent[a > b ? a : b] = a > b ? b : a; /* the root is its part's first, and so is numbered before the rest */
    }
    for (size_t i = 0; i < count; i++) {
        size_t root = root_of(parent, i);
        alerts[i].now = root == i ? (int)parts++ : alerts[root].now;
    }
    free(parent);
    return parts;
}

static bool older_alert(const struct form_alert *a, const struct form_alert *b)
{
    return incident_age(a->opened_at, a->id, b->opened_at, b->id) < 0;
}

/* Where each went: to its founder's part, or to that of the oldest that is left of it. */
static void find_heirs(const struct form_alert *alerts, size_t count, struct form_before *before, size_t before_count)
{
    const struct form_alert **heir = xcalloc(before_count + 1, sizeof(*heir));
    for (size_t i = 0; i < count; i++) {
        const struct form_alert *a = &alerts[i];
        if (a->before == INCIDENT_NONE)
            continue;
        const char *id = before[a->before].id;
        const struct form_alert **so_far = &heir[a->before];
        bool founder_found = *so_far && strcmp((*so_far)->id, id) == 0;
        if (!*so_far || strcmp(a->id, id) == 0 || (!founder_found && older_alert(a, *so_far)))
            *so_far = a;
    }
    for (size_t b = 0; b < before_count; b++)
        before[b].now = heir[b] ? heir[b]->now : INCIDENT_NONE;
    free(heir);
}

static void name_parts(const struct form_alert *alerts, size_t count, const struct form_before *before,
                       size_t before_count, struct form_now *now, size_t parts)
{
    for (size_t p = 0; p < parts; p++)
        now[p] = (struct form_now){.before = INCIDENT_NONE, .from = INCIDENT_NONE};
    for (size_t b = 0; b < before_count; b++) {
        struct form_now *part = before[b].now == INCIDENT_NONE ? NULL : &now[before[b].now];
        if (part && (!part->id || incident_age(before[b].opened_at, before[b].id, part->opened_at, part->id) < 0))
            *part = (struct form_now){before[b].id, before[b].opened_at, (int)b, INCIDENT_NONE};
    }
    for (size_t i = 0; i < count; i++) {
        struct form_now *part = &now[alerts[i].now];
        if (part->before == INCIDENT_NONE &&
            (!part->id || incident_age(alerts[i].opened_at, alerts[i].id, part->opened_at, part->id) < 0))
            *part = (struct form_now){alerts[i].id, alerts[i].opened_at, INCIDENT_NONE, alerts[i].before};
    }
}

size_t incidents_form(struct form_alert *alerts, size_t count, const struct form_link *links, size_t link_count,
                      struct form_before *before, size_t before_count, struct form_now *now)
{
    size_t parts = number_parts(alerts, count, links, link_count);
    find_heirs(alerts, count, before, before_count);
    name_parts(alerts, count, before, before_count, now, parts);
    return parts;
}
