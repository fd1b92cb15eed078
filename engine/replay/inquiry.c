#include "replay/inquiry.h"

#include "base/check.h"

#include <stdlib.h>

void inquiry_open(struct inquiry *q, const struct judgement *j, unsigned rule, struct subject subject,
                  const char *code, int64_t from)
{
    *q = (struct inquiry){j, &j->rules->rules[rule], j->rules->level_count, NULL};
    q->view = tracker_view(j->tracker, rule, subject, str_of(code), from);
}

void inquiry_close(struct inquiry *q)
{
    view_destroy(&q->view);
}

/* one that has an alert, by what is shown of it: a pseudonym can be taken back no other way */
static bool shown_subject(const struct judgement *j, unsigned rule, const char *text, uint16_t each,
                          struct subject *subject, char **code)
{
    for (size_t i = 0; i < j->count; i++) {
        char shown[PAST_SUBJECT_SIZE], name[PAST_SUBJECT_SIZE];
        const struct past_alert *a = &j->alerts[i];
        past_subject(j, a, true, shown);
        past_subject(j, a, false, name);
        if (a->rule == rule && a->subject.each == each && (strcmp(shown, text) == 0 || strcmp(name, text) == 0)) {
            *subject = a->subject;
            *code = xstrdup(a->code);
            return true;
        }
    }
    return false;
}

static bool region_subject(const struct registry *registry, enum subject_kind kind, const char *text, uint16_t each,
                           struct subject *subject, char **code)
{
    for (uint32_t i = 1; i <= registry_count(registry); i++) {
        const struct region *region = registry_region(registry, i);
        if ((int)region->level != (int)kind || (strcmp(region->code, text) != 0 && strcmp(region->name, text) != 0))
            continue;
        *subject = past_subject_key(kind, str_of(region->code), i, each);
        *code = xstrdup(region->code);
        return true;
    }
    return false;
}

bool inquiry_subject(const struct judgement *j, unsigned rule, const char *text, uint16_t each, struct subject *subject,
                     char **code)
{
    const struct rule *r = &j->rules->rules[rule];
    const struct config *config = past_config(j->past);
    if (shown_subject(j, rule, text, each, subject, code))
        return true;
    for (unsigned i = 0; i < r->per_count; i++)
        if (r->per[i] != SUBJECT_RESPONDENT && r->per[i] != SUBJECT_MATTER &&
            region_subject(config->registry, r->per[i], text, each, subject, code))
            return true;
    for (unsigned i = 0; i < r->per_count; i++) {
        const struct organisation *known =
            r->per[i] == SUBJECT_RESPONDENT ? catalogue_find_organisation(config->catalogue, str_of(text)) : NULL;
        if (r->per[i] != SUBJECT_RESPONDENT && r->per[i] != SUBJECT_MATTER)
            continue;
        *code = xstrdup(known ? known->code : text);
        *subject = past_subject_key(r->per[i], str_of(*code), REGION_NONE, each);
        return true;
    }
    return false;
}

struct machine inquiry_state(const struct inquiry *q, int64_t minute)
{
    struct machine machine;
    struct history ended = {0};
    machine_init(&machine, 0); /* 1970: before any fact */
    machine_run(&machine, q->rule, q->level_count, q->view, minute, true, &ended);
    free(ended.all);
    return machine;
}

int64_t inquiry_reached(const struct inquiry *q, const struct past_alert *a, unsigned level)
{
    int64_t minute = a->opened_minute;
    while (minute < a->ended_minute && condition_level(q->rule, q->level_count, q->view, minute) < level)
        minute = view_next_change(q->view, minute);
    return minute < a->ended_minute ? minute : a->opened_minute;
}

int64_t inquiry_peak(const struct inquiry *q, const struct past_alert *a)
{
    return inquiry_reached(q, a, a->highest);
}

const struct view_entry *inquiry_window(const struct inquiry *q, int64_t minute, size_t *count)
{
    view_move(q->view, minute);
    return view_window(q->view, count);
}

static uint32_t region_at_minute(const struct inquiry *q, int64_t minute, uint32_t so_far)
{
    const struct registry *registry = past_config(q->judgement->past)->registry;
    size_t count;
    const struct view_entry *window = inquiry_window(q, minute, &count);
    for (size_t i = 0; i < count; i++) {
        uint32_t region = ledger_standing(past_ledger(q->judgement->past), window[i].ref).region;
        if (region != REGION_NONE)
            so_far = so_far == REGION_NONE ? region : registry_common(registry, so_far, region);
    }
    return so_far;
}

uint32_t inquiry_region(const struct inquiry *q, const struct past_alert *a)
{
    return region_at_minute(q, inquiry_peak(q, a), region_at_minute(q, a->opened_minute, REGION_NONE));
}
