/* The events of a rule test, as an author writes them: words into numbers. */
#include "replay/cases_priv.h"

#include "base/check.h"
#include "decode/mapping.h"
#include "decode/number.h"

#include <stdlib.h>

enum { TIMES_MAX = 10000, ENTRIES_MAX = 1000 };

static const char *text_of(struct case_entry *e, enum case_key key, const char *what)
{
    return yaml_text(case_get(e->node, key, e->r->problems), what, "", e->r->problems);
}

static void read_source(struct case_entry *e)
{
    const struct config *config = e->r->file->config;
    const struct yaml_node *node = case_get(e->node, CASE_KEY_SOURCE, e->r->problems);
    const char *names[SOURCES_MAX], *word = yaml_text(node, "source", "", e->r->problems);
    unsigned count = config_event_sources(config);
    for (unsigned i = 0; i < count; i++)
        names[i] = config->sources[i].name;
    if (!node && count == 1)
        return;
    int found = catalogue_find_source(config->catalogue, str_of(word));
    if (found >= 0 && (unsigned)found < count)
        e->like.source = (uint8_t)found;
    else if (!node)
        yaml_problem(e->node, e->r->problems, "source (来源) is missing");
    else
        case_unknown(e->r, node, "source", word, names, count);
}

static void read_kind(struct case_entry *e)
{
    bool value = case_get(e->node, CASE_KEY_VALUE, e->r->problems) != NULL;
    const struct yaml_node *node = case_get(e->node, CASE_KEY_KIND, e->r->problems);
    const char *known[EVENT_KINDS], *word = yaml_text(node, "kind", value ? "reading" : "created", e->r->problems);
    int kind = event_kind_said(str_of(word));
    for (int k = 0; k < EVENT_KINDS; k++)
        known[k] = event_kind_word((enum event_kind)k);
    if (kind < 0) {
        case_unknown(e->r, node, "kind of event", word, known, EVENT_KINDS);
        kind = EVENT_CREATED;
    }
    e->like.kind = (uint8_t)kind;
}

static void read_region(struct case_entry *e)
{
    const struct yaml_node *node = case_get(e->node, CASE_KEY_REGION, e->r->problems);
    struct str word = str_of(yaml_text(node, "region", "", e->r->problems));
    const struct registry *registry = e->r->file->config->registry;
    if (!word.len)
        return;
    e->like.region = registry_find(registry, word);
    if (e->like.region == REGION_NONE)
        e->like.region = registry_find_name(registry, word);
    if (e->like.region == REGION_NONE)
        yaml_problem(node, e->r->problems, "no region %s: expected a code of the registry, or a name that only one region bears",
                     word.at);
}

static void unknown_category(struct case_entry *e, const struct yaml_node *node, const char *word)
{
    const struct catalogue *catalogue = e->r->file->config->catalogue;
    unsigned count = catalogue_category_count(catalogue);
    const char **known = xcalloc(count + 1, sizeof *known);
    for (unsigned i = 0; i < count; i++)
        known[i] = catalogue_category(catalogue, (uint16_t)(i + 1))->path;
    case_unknown(e->r, node, "category", word, known, count);
    free(known);
}

static void read_category(struct case_entry *e)
{
    const struct yaml_node *node = case_get(e->node, CASE_KEY_CATEGORY, e->r->problems);
    struct str word = str_of(yaml_text(node, "category", "", e->r->problems));
    const struct catalogue *catalogue = e->r->file->config->catalogue;
    if (!word.len)
        return;
    e->like.category = catalogue_find_category(catalogue, word);
    for (unsigned i = 1; i <= catalogue_category_count(catalogue) && !e->like.category; i++)
        if (strcmp(catalogue_category(catalogue, (uint16_t)i)->name, word.at) == 0)
            e->like.category = (uint16_t)i;
    if (!e->like.category)
        unknown_category(e, node, word.at);
}

static void read_tag(struct case_entry *e, const struct yaml_node *node)
{
    const struct catalogue *catalogue = e->r->file->config->catalogue;
    const char *known[TAGS_MAX], *word = yaml_text(node, "tags", "", e->r->problems);
    int tag = catalogue_find_tag(catalogue, str_of(word));
    if (tag >= 0) {
        e->like.tags |= UINT32_C(1) << tag;
        return;
    }
    for (unsigned i = 0; i < catalogue_tag_count(catalogue); i++)
        known[i] = catalogue_tag(catalogue, i);
    case_unknown(e->r, node, "mapping that sets the tag", word, known, catalogue_tag_count(catalogue));
}

static void read_amounts(struct case_entry *e)
{
    struct problems *problems = e->r->problems;
    const struct yaml_node *value = case_get(e->node, CASE_KEY_VALUE, problems);
    const struct yaml_node *tags = case_get(e->node, CASE_KEY_TAGS, problems);
    const struct yaml_node *due = case_get(e->node, CASE_KEY_DUE, problems);
    e->like.involved = (uint32_t)yaml_integer(case_get(e->node, CASE_KEY_INVOLVED, problems), "involved", 0, UINT32_MAX, 0,
                                              problems);
    if (value && (value->kind != YAML_SCALAR || !number_thousandths(value->text, &e->like.value)))
        yaml_problem(value, problems, "value: expected a number, with at most three decimals");
    if (tags && tags->kind == YAML_SEQUENCE)
        for (size_t i = 0; i < tags->count; i++)
            read_tag(e, tags->items[i]);
    else if (tags)
        read_tag(e, tags);
    if (due)
        case_time(e->r, due, &e->at, &e->like.due_at);
}

static void read_repeat(struct case_entry *e)
{
    struct problems *problems = e->r->problems;
    const struct yaml_node *node = case_get(e->node, CASE_KEY_REPEAT, problems);
    e->times = 1;
    if (!node || !yaml_is_mapping(node, "repeat", problems))
        return;
    case_keys_only(node, IN_CASE_REPEAT, problems);
    e->times = (unsigned)yaml_integer(case_need(node, CASE_KEY_TIMES, problems), "times", 1, TIMES_MAX, 1, problems);
    e->every_s = yaml_duration(case_get(node, CASE_KEY_EVERY, problems), "every", 0, INT64_C(400) * 86400, 0, problems);
}

static void need(struct case_entry *e, bool there, const char *what)
{
    if (!there)
        yaml_problem(e->node, e->r->problems, "%s is missing: an event of the kind %s has one", what,
                     event_kind_word((enum event_kind)e->like.kind));
}

static void check_needs(struct case_entry *e)
{
    unsigned needs = mapping_needs((enum event_kind)e->like.kind);
    bool region = case_get(e->node, CASE_KEY_REGION, e->r->problems), category = case_get(e->node, CASE_KEY_CATEGORY, e->r->problems);
    need(e, !(needs & NEED_REGION) || region, "region (区域)");
    need(e, !(needs & NEED_CATEGORY) || category, "category (类别)");
    need(e, !(needs & NEED_EITHER) || region || category, "region or category (区域或类别)");
    need(e, !(needs & NEED_TARGET) || *e->target, "target (所指)");
    need(e, !(needs & NEED_MATTER) || *e->matter, "matter (事项)");
}

static void read_entry(struct case_reader *r, const struct yaml_node *node, struct rule_case *c, int64_t *before)
{
    struct case_entry e = {.r = r, .node = node, .c = c, .at = *before};
    if (!yaml_is_mapping(node, "an event", r->problems))
        return;
    case_keys_only(node, IN_CASE_EVENT, r->problems);
    const struct yaml_node *at = case_need(node, CASE_KEY_AT, r->problems);
    if (at && case_time(r, at, before, &e.at) && e.at < 0)
        yaml_problem(at, r->problems, "expected a time after 1970");
    read_source(&e);
    read_kind(&e);
    read_region(&e);
    read_category(&e);
    read_amounts(&e);
    read_repeat(&e);
    e.id = text_of(&e, CASE_KEY_ID, "id");
    e.matter = text_of(&e, CASE_KEY_MATTER, "matter");
    e.respondent = text_of(&e, CASE_KEY_RESPONDENT, "respondent");
    e.target = text_of(&e, CASE_KEY_TARGET, "target");
    e.actors = case_get(node, CASE_KEY_ACTORS, r->problems);
    check_needs(&e);
    for (unsigned n = 1; n <= e.times && r->problems->count < 200; n++)
        case_add_event(&e, n);
    *before = e.at + e.every_s * (e.times - 1);
}

void case_read_events(struct case_reader *r, const struct yaml_node *list, struct rule_case *c)
{
    int64_t before = r->day_s;
    if (list->kind != YAML_SEQUENCE || list->count > ENTRIES_MAX) {
        if (!yaml_blank(list))
            yaml_problem(list, r->problems, "events: expected a list of at most %d", ENTRIES_MAX);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        read_entry(r, list->items[i], c, &before);
}
