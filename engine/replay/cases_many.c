/* One entry of a rule test, many events: they differ in time, in id, and in what `{n}` stands for. */
#include "replay/cases_priv.h"

#include "base/check.h"
#include "base/key.h"

#include <stdio.h>
#include <stdlib.h>

/* the text with `{n}` replaced by the repetition's number */
static struct str numbered(struct case_entry *e, const char *text, unsigned n)
{
    struct buffer out = {0};
    const char *hole;
    if (!strstr(text, "{n}"))
        return str_of(text);
    for (; (hole = strstr(text, "{n}")); text = hole + 3)
        buffer_printf(&out, "%.*s%u", (int)(hole - text), text, n);
    buffer_printf(&out, "%s", text);
    struct str kept = str_of(case_keep(e->r->file, xstrndup(out.at, out.len)));
    buffer_free(&out);
    return kept;
}

static struct str id_of(struct case_entry *e, unsigned n)
{
    char text[80];
    if (*e->id && (e->times == 1 || strstr(e->id, "{n}")))
        return numbered(e, e->id, n);
    if (*e->id)
        snprintf(text, sizeof text, "%.60s-%u", e->id, n);
    else
        snprintf(text, sizeof text, "event %zu", e->c->event_count + 1);
    return str_of(case_keep(e->r->file, xstrdup(text)));
}

static void take_actors(struct case_entry *e, struct event *event, unsigned n)
{
    size_t count = !e->actors ? 0 : e->actors->kind == YAML_SEQUENCE ? e->actors->count : 1;
    uint64_t *actors = count ? xcalloc(count, sizeof *actors) : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *node = e->actors->kind == YAML_SEQUENCE ? e->actors->items[i] : e->actors;
        actors[i] = key_of(numbered(e, yaml_text(node, "actors", "", e->r->problems), n), 1);
    }
    if (count > EVENT_ACTORS_MAX)
        yaml_problem(e->actors, e->r->problems, "actors: %d at most", EVENT_ACTORS_MAX);
    event->actors = actors;
    event->actor_count = count > EVENT_ACTORS_MAX ? 0 : (uint32_t)count;
    if (actors)
        case_keep(e->r->file, (char *)actors);
}

void case_add_event(struct case_entry *e, unsigned n)
{
    struct event event = e->like;
    event.occurred_at = e->at + e->every_s * (n - 1);
    event.id = id_of(e, n);
    event.matter = numbered(e, e->matter, n);
    event.target = numbered(e, e->target, n);
    event.respondent = numbered(e, e->respondent, n);
    const struct organisation *known =
        event.respondent.len ? catalogue_find_organisation(e->r->file->config->catalogue, event.respondent) : NULL;
    if (known)
        event.respondent = str_of(known->code);
    if (event.id.len > EVENT_TEXT_MAX || event.matter.len > EVENT_TEXT_MAX || event.target.len > EVENT_TEXT_MAX ||
        event.respondent.len > EVENT_TEXT_MAX)
        yaml_problem(e->node, e->r->problems, "texts of an event have at most %d bytes", EVENT_TEXT_MAX);
    take_actors(e, &event, n);
    e->c->events = xrealloc(e->c->events, (e->c->event_count + 1) * sizeof *e->c->events);
    e->c->events[e->c->event_count++] = event;
}
