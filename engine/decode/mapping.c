/* Puts a mapping together and takes it apart.  A mistake in one field does not hide those of the others: loading goes
 * on with what there is and gives the mapping up at the end. */
#include "decode/mapping_load.h"

#include "base/check.h"

#include <stdlib.h>

enum { SKEW_DEFAULT_S = 300, RECORD_DEFAULT_BYTES = 1 << 20 };

unsigned mapping_needs(enum event_kind kind)
{
    static const uint8_t needs[EVENT_KINDS] = {
        [EVENT_CREATED] = NEED_REGION | NEED_CATEGORY,
        [EVENT_CALLED_AGAIN] = NEED_REGION | NEED_CATEGORY,
        [EVENT_READING] = NEED_REGION | NEED_CATEGORY,
        [EVENT_MOVED] = NEED_EITHER | NEED_TARGET,
        [EVENT_VOIDED] = NEED_TARGET,
        [EVENT_RESTORED] = NEED_TARGET,
        [EVENT_MERGED] = NEED_TARGET | NEED_MATTER,
        [EVENT_LINKED] = NEED_TARGET | NEED_MATTER,
        [EVENT_STATUS] = NEED_MATTER,
        [EVENT_CLOSED] = NEED_MATTER,
        [EVENT_REOPENED] = NEED_MATTER,
    };
    return needs[kind];
}

static int add_path(struct loader *l, const struct yaml_node *node, struct str keys, bool in_record)
{
    struct mapping *m = l->mapping;
    int slot = m->place_count == PLACES_MAX ? PATHS_TOO_MANY
                                            : paths_add(in_record ? m->record : m->element, keys, m->place_count);
    if (slot == PATHS_TOO_MANY)
        yaml_problem(node, l->problems, "too many paths: at most %d in all and 64 keys of one object", PLACES_MAX);
    else if (slot < 0)
        yaml_problem(node, l->problems, "%s is no path: expected keys joined by '.', such as data.grid.code",
                     node->text.at);
    return slot;
}

uint8_t load_place(struct loader *l, const struct yaml_node *node, bool list)
{
    struct mapping *m = l->mapping;
    const char *path = yaml_text(node, "path", NULL, l->problems);
    if (!path)
        return 0;
    bool from_record = strncmp(path, "$.", 2) == 0, in_record = from_record && m->each >= 0;
    const char *keys = from_record ? path + 2 : path, *array = strstr(keys, "[]");
    if (array && (!list || (array[2] != '\0' && array[2] != '.'))) {
        yaml_problem(node, l->problems,
                     list ? "[] stands between two keys, as in rows[].name"
                          : "a list is not expected here; each: reads one event per element");
        return 0;
    }
    int slot = add_path(l, node, (struct str){keys, array ? (size_t)(array - keys) : strlen(keys)}, in_record);
    if (slot < 0)
        return 0;
    const char *rest = array ? array + 2 + (array[2] == '.') : NULL;
    m->places[m->place_count] = (struct place){xstrdup(path), rest ? xstrdup(rest) : NULL, (uint8_t)slot, in_record};
    return (uint8_t)m->place_count++;
}

static void load_each(struct loader *l)
{
    struct mapping *m = l->mapping;
    const struct yaml_node *node = yaml_get(l->node, "each");
    m->element = paths_create();
    m->each = -1;
    if (!node)
        return;
    m->record = m->element; /* while the one path that begins there anyway is read */
    m->each = load_place(l, node, false);
    m->element = paths_create();
    m->places[m->each].in_record = true;
}

static void require(const struct loader *l, unsigned kind, bool given, const char *field)
{
    if (!given)
        yaml_problem(l->node, l->problems, "an event of the kind %s needs %s, which this mapping does not give",
                     event_kind_word((enum event_kind)kind), field);
}

/* what every event of a kind lacks is better said now than in each record's dead letter */
static void check_needs(const struct loader *l)
{
    const struct mapping *m = l->mapping;
    bool region = m->region.pick.count, category = m->category.pick.count || m->category.otherwise >= 0;
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
        unsigned needs = l->kinds & (1U << kind) ? mapping_needs((enum event_kind)kind) : 0;
        require(l, kind, !(needs & NEED_REGION) || region, "region");
        require(l, kind, !(needs & NEED_CATEGORY) || category, "category");
        if ((needs & NEED_EITHER) && !region && !category)
            yaml_problem(l->node, l->problems,
                         "an event of the kind %s needs region or category, which this mapping does not give",
                         event_kind_word((enum event_kind)kind));
        require(l, kind, !(needs & NEED_TARGET) || mapping_target(m, kind)->pick.count, "target");
        require(l, kind, !(needs & NEED_MATTER) || m->matter.pick.count, "matter");
    }
    if (m->links.pick.count && !m->matter.pick.count)
        yaml_problem(l->node, l->problems, "links need matter: it is what they lead from");
}

/* all but the categories, which are added as the tables are read */
static void make_offer(struct loader *l)
{
    struct mapping *m = l->mapping;
    struct offer *o = &m->offer;
    o->kinds = m->kind.pick.count && !m->kind.table ? (1U << EVENT_KINDS) - 1 : l->kinds;
    for (unsigned i = 0; i < m->tag_count; i++)
        o->tags |= m->tags[i].tag;
    o->any_category = m->category.pick.count && !m->category.table;
    o->callers = m->actors.list.pick.count;
    o->respondents = m->respondent.count || m->respondent_name.count;
    o->matters = m->matter.pick.count;
    o->involved = m->involved.count;
    o->values = m->value.count;
}

static void load_fields(struct loader *l)
{
    static const char *const known[] = {"each",   "skip",       "id",       "kind",  "occurred_at", "region",
                                        "actors", "respondent", "involved", "value", "due_at",      "category",
                                        "matter", "target",     "links",    "tags"};
    static const char *const required[] = {"id", "kind", "occurred_at"};
    struct mapping *m = l->mapping;
    yaml_only(l->node, known, COUNT(known), l->problems);
    for (size_t i = 0; i < COUNT(required); i++)
        if (!yaml_get(l->node, required[i]))
            yaml_problem(l->node, l->problems, "a mapping needs %s", required[i]);
    load_each(l);
    load_skips(l);
    load_text(l, "id", &m->id);
    load_text(l, "matter", &m->matter);
    load_target(l);
    load_kind(l);
    load_time(l, "occurred_at", &m->occurred_at);
    load_time(l, "due_at", &m->due_at);
    load_region(l);
    load_category(l);
    load_actors(l);
    load_links(l);
    load_respondent(l);
    load_pick(l, "involved", &m->involved);
    load_pick(l, "value", &m->value);
    load_tags(l);
    check_needs(l);
    make_offer(l);
}

struct mapping *mapping_load(const struct yaml_node *node, unsigned source, const struct mapping_context *context,
                             struct problems *problems)
{
    size_t before = problems->count;
    CHECK(source < SOURCES_MAX && context->actor_key_count >= 1);
    if (!yaml_is_mapping(node, "mapping", problems)) {
        if (!node)
            problem_add(problems, "mapping", 0, 0, "a source without a mapping");
        return NULL;
    }
    struct mapping *m = xcalloc(1, sizeof *m);
    m->source = (uint8_t)source;
    m->registry = context->registry;
    m->catalogue = context->catalogue;
    memcpy(m->actor_key, context->actor_keys, ACTOR_KEY_BYTES);
    mapping_limits(m, SKEW_DEFAULT_S, RECORD_DEFAULT_BYTES);
    struct loader l = {.node = node, .mapping = m, .catalogue = context->catalogue, .problems = problems};
    load_fields(&l);
    if (problems->count != before)
        mapping_destroy(&m);
    return m;
}

void mapping_limits(struct mapping *m, int64_t skew_s, int64_t max_record_bytes)
{
    m->skew_s = skew_s;
    m->max_record_bytes = max_record_bytes;
}

static void free_text(struct text_field *t)
{
    free(t->with);
    free(t->prefix);
    free(t->suffix);
}

static void free_time(struct time_field *t)
{
    for (unsigned i = 0; i < t->format_count; i++)
        free(t->patterns[i]);
}

void mapping_destroy(struct mapping **mapping)
{
    struct mapping *m = *mapping;
    if (!m)
        return;
    for (unsigned i = 0; i < m->place_count; i++) {
        free(m->places[i].path);
        free(m->places[i].rest);
    }
    paths_destroy(&m->record);
    paths_destroy(&m->element);
    free_text(&m->id);
    free_text(&m->matter);
    free_text(&m->target);
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        free_text(&m->target_of[kind]);
    free_time(&m->occurred_at);
    free_time(&m->due_at);
    names_destroy(&m->kind.table);
    names_destroy(&m->category.table);
    free(m->offer.categories);
    for (unsigned i = 0; i < m->skip_count; i++)
        names_destroy(&m->skips[i].values);
    for (unsigned i = 0; i < m->tag_count; i++)
        names_destroy(&m->tags[i].values);
    free(m);
    *mapping = NULL;
}
