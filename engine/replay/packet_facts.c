/* The facts that an alert rests on: who called is a number, what they said is not known to the engine at all. */
#include "replay/packet_priv.h"

#include "base/check.h"

#include <stdlib.h>

/* ---- callers ---- */

static unsigned caller_number(struct packing *p, uint64_t actor)
{
    uint32_t *number = tally_at(&p->callers, actor);
    if (!*number)
        *number = ++p->callers.distinct;
    return *number;
}

/* ---- what else happened to the matter ---- */

struct before {
    const struct packing *packing;
    fact_ref of, *all;
    size_t count;
};

static bool take_before(void *arg, fact_ref ref)
{
    struct before *b = arg;
    const struct ledger *ledger = past_ledger(b->packing->packet->judgement->past);
    const struct fact *fact = ledger_fact(ledger, ref);
    if (fact->kind >= EVENT_KINDS || fact->key == 0 || !ledger_standing(ledger, ref).live || !ledger_before(ledger, ref, b->of))
        return true;
    if (ledger_same_event(ledger, ref, b->of))
        return true;
    for (size_t i = 0; i < b->count; i++) /* a fact that was carried on may be there beside its copy */
        if (ledger_same_event(ledger, b->all[i], ref))
            return true;
    b->all = xrealloc(b->all, (b->count + 1) * sizeof *b->all);
    b->all[b->count++] = ref;
    return true;
}

static void take_matter(void *arg, uint64_t matter)
{
    const struct before *b = arg;
    ledger_walk(past_ledger(b->packing->packet->judgement->past), subject_of_matter(matter), INT64_MIN, INT64_MAX, take_before, arg);
}

static int in_order(const void *x, const void *y, void *ledger)
{
    return ledger_order(ledger, *(const fact_ref *)x, *(const fact_ref *)y);
}

static json_t *tags_json(const struct packing *p, uint32_t tags)
{
    json_t *array = json_array();
    for (unsigned t = 0; t < catalogue_tag_count(p->config->catalogue); t++)
        if (tags >> t & 1)
            json_array_append_new(array, json_string(catalogue_tag(p->config->catalogue, t)));
    return array;
}

static json_t *category_json(const struct packing *p, uint16_t category)
{
    return category == CATEGORY_NONE ? json_null() : json_string(catalogue_category(p->config->catalogue, category)->path);
}

json_t *packet_fact_name(const struct packing *p, fact_ref ref)
{
    const struct ledger *ledger = past_ledger(p->packet->judgement->past);
    struct id_room room;
    struct str id = ledger_id(ledger, ref, &room);
    return json_pack("{s:s, s:s%}", "source", catalogue_source(p->config->catalogue, ledger_fact(ledger, ref)->source), "id", id.at,
                     id.len);
}

/* what selections with after, unless or overdue looked at */
static json_t *before_json(const struct packing *p, fact_ref ref)
{
    struct ledger *ledger = past_ledger(p->packet->judgement->past);
    struct before b = {.packing = p, .of = ref};
    json_t *array = json_array();
    ledger_related(ledger, ledger_fact(ledger, ref)->matter, take_matter, &b);
    if (b.count)
        qsort_r(b.all, b.count, sizeof *b.all, in_order, ledger);
    for (size_t i = 0; i < b.count; i++) {
        const struct fact *fact = ledger_fact(ledger, b.all[i]);
        int64_t due_at = ledger_text(ledger, b.all[i]).due_at;
        json_t *one = packet_fact_name(p, b.all[i]);
        json_object_set_new(one, "at", packet_time(p, fact->occurred_at));
        json_object_set_new(one, "kind", json_string(event_kind_word((enum event_kind)fact->kind)));
        json_object_set_new(one, "category", category_json(p, ledger_standing(ledger, b.all[i]).category));
        json_object_set_new(one, "tags", tags_json(p, fact->tags));
        json_object_set_new(one, "due_at", due_at ? packet_time(p, due_at) : json_null());
        json_array_append_new(array, one);
    }
    free(b.all);
    return array;
}

/* ---- facts ---- */

static json_t *selections_json(const struct packing *p, uint32_t takes)
{
    json_t *array = json_array();
    for (unsigned s = 0; s < p->rule->selection_count; s++)
        if (takes >> s & 1)
            json_array_append_new(array, json_string(p->rule->selections[s].name));
    return array;
}

static void add_matter(const struct packing *p, json_t *one, fact_ref ref)
{
    const struct ledger *ledger = past_ledger(p->packet->judgement->past);
    struct str matter = ledger_text(ledger, ref).matter, root = {0};
    if (!matter.len) {
        json_object_set_new(one, "matter", json_null());
        return;
    }
    ledger_matter_root(ledger, matter_key(matter), &root);
    json_object_set_new(one, "matter", json_stringn(matter.at, matter.len));
    if (root.len && !str_eq(root, matter))
        json_object_set_new(one, "merged_into", json_stringn(root.at, root.len));
    if (p->rule->asks_matter)
        json_object_set_new(one, "before", before_json(p, ref));
}

static json_t *fact_json(const struct packing *p, const struct view_entry *e)
{
    const struct ledger *ledger = past_ledger(p->packet->judgement->past);
    const struct fact *fact = ledger_fact(ledger, e->ref);
    struct standing standing = ledger_standing(ledger, e->ref);
    json_t *one = packet_fact_name(p, e->ref);
    json_object_set_new(one, "at", packet_time(p, e->at));
    json_object_set_new(one, "kind", json_string(event_kind_word((enum event_kind)fact->kind)));
    json_object_set_new(one, "region", packet_region(p, standing.region));
    if (fact->region != standing.region)
        json_object_set_new(one, "reported_region", packet_region(p, fact->region));
    json_object_set_new(one, "category", category_json(p, standing.category));
    if (fact->category != standing.category)
        json_object_set_new(one, "reported_category", category_json(p, fact->category));
    json_object_set_new(one, "tags", tags_json(p, fact->tags));
    json_object_set_new(one, "involved", json_integer(e->involved));
    if (fact->kind == EVENT_READING)
        json_object_set_new(one, "value", packet_number(e->value, true));
    json_object_set_new(one, "takes", selections_json(p, e->takes));
    if (e->around)
        json_object_set_new(one, "takes_nearby", selections_json(p, e->around));
    json_object_set_new(one, "callers", json_array());
    add_matter(p, one, e->ref);
    return one;
}

json_t *packet_facts(struct packing *p)
{
    json_t *facts = json_array(), *one = NULL;
    size_t count;
    const struct view_entry *all = view_entries(p->view, &count);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].party) {
            one = fact_json(p, &all[i]);
            json_array_append_new(facts, one);
        }
        CHECK(one); /* parties follow their event */
        if (all[i].actor)
            json_array_append_new(json_object_get(one, "callers"), json_integer(caller_number(p, all[i].actor)));
    }
    return facts;
}
