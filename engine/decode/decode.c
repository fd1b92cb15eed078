/* From a record to its events: parse, walk, then one event after another.  A record is taken or refused as a whole,
 * so the first refusal ends it. */
#include "decode/decode.h"

#include "base/check.h"
#include "decode/decoder_priv.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)DECODE_PADDING >= (int)JSON_PADDING, "records are handed to the parser as they are");

enum { ANCIENT_BEFORE_S = 946684800 }; /* 2000-01-01T00:00:00Z */

struct decoder *decoder_create(const struct mapping *mapping)
{
    struct decoder *d = xcalloc(1, sizeof *d);
    d->mapping = mapping;
    d->json = json_create();
    CHECK(d->json);
    return d;
}

void decoder_destroy(struct decoder **decoder)
{
    struct decoder *d = *decoder;
    if (!d)
        return;
    json_destroy(&d->json);
    scratch_free(&d->scratch);
    free(d->events);
    free(d->copy);
    free(d);
    *decoder = NULL;
}

bool refuse_field(struct decoder *d, enum decode_refusal reason, const char *field, const char *expected)
{
    struct refusal *r = d->refusal;
    r->reason = reason;
    snprintf(r->place, sizeof r->place, "%s", field);
    snprintf(r->expected, sizeof r->expected, "%s", expected);
    return false;
}

/* the element's place, as in data.rows[3] */
static int element_path(const struct decoder *d, char *path, size_t size)
{
    const struct mapping *m = d->mapping;
    const char *rows = m->each < 0 ? "" : m->places[m->each].path;
    return d->row < 0 ? snprintf(path, size, "%s", rows) : snprintf(path, size, "%s[%lld]", rows, (long long)d->row);
}

bool refuse(struct decoder *d, enum decode_refusal reason, uint8_t place, const char *expected)
{
    const struct place *p = &d->mapping->places[place];
    char path[sizeof d->refusal->place] = "";
    int len = p->in_record ? 0 : element_path(d, path, sizeof path);
    if (len >= 0 && (size_t)len < sizeof path)
        snprintf(path + len, sizeof path - (size_t)len, "%s%s", len ? "." : "", p->path);
    return refuse_field(d, reason, path, expected);
}

static bool refuse_element(struct decoder *d)
{
    char path[sizeof d->refusal->place];
    element_path(d, path, sizeof path);
    return refuse_field(d, DECODE_BAD_FIELD, path, "a JSON object");
}

static bool parse(struct decoder *d, struct str record)
{
    switch (json_parse(d->json, record.at, record.len, &d->tape)) {
    case JSON_OK:
        return true;
    case JSON_EMPTY:
        return refuse_field(d, DECODE_EMPTY, "", "a JSON object");
    case JSON_NOT_UTF8:
        return refuse_field(d, DECODE_NOT_UTF8, "", "UTF-8");
    case JSON_BAD_NUMBER:
        return refuse_field(d, DECODE_BAD_NUMBER, "", "JSON numbers of at most 64 bits");
    case JSON_TOO_DEEP:
        return refuse_field(d, DECODE_NOT_JSON, "", "at most 1024 levels of nesting");
    case JSON_BROKEN:
        return refuse_field(d, DECODE_NOT_JSON, "", "one complete JSON value");
    case JSON_NO_MEMORY:
        break;
    }
    check_failed("memory for the parser", __FILE__, __LINE__);
}

/* The record as the parser wants it: padded, without a BOM. */
static struct str prepare(struct decoder *d, struct str record, bool padded)
{
    if (record.len >= 3 && memcmp(record.at, "\xEF\xBB\xBF", 3) == 0)
        record = (struct str){record.at + 3, record.len - 3};
    if (padded)
        return record;
    if (d->copy_capacity < record.len + DECODE_PADDING) {
        d->copy_capacity = 2 * (record.len + DECODE_PADDING);
        free(d->copy);
        d->copy = xcalloc(1, d->copy_capacity);
    }
    memcpy(d->copy, record.at, record.len);
    return (struct str){d->copy, record.len};
}

static bool any_skip(struct decoder *d, bool in_record, bool *skip)
{
    const struct mapping *m = d->mapping;
    *skip = false;
    for (unsigned i = 0; i < m->skip_count && !*skip; i++)
        if (m->places[m->skips[i].pick.place[0]].in_record == in_record && !read_condition(d, &m->skips[i], skip))
            return false;
    return true;
}

static bool check_time(struct decoder *d, int64_t occurred_at)
{
    const struct mapping *m = d->mapping;
    if (occurred_at < ANCIENT_BEFORE_S)
        return refuse(d, DECODE_ANCIENT, m->occurred_at.pick.place[0], "a time since the year 2000");
    if (d->now_ms >= 0 && occurred_at > d->now_ms / 1000 + m->skew_s)
        return refuse(d, DECODE_FUTURE, m->occurred_at.pick.place[0],
                      "a time that is past, or ahead by no more than the source's skew");
    return true;
}

static bool missing(struct decoder *d, const struct pick *pick, const char *field)
{
    static const char expected[] = "a value that is not blank";
    return pick->count ? refuse(d, DECODE_MISSING_FIELD, pick->place[0], expected)
                       : refuse_field(d, DECODE_MISSING_FIELD, field, expected);
}

static bool check_needs(struct decoder *d, const struct event *e, unsigned needs)
{
    const struct mapping *m = d->mapping;
    bool either = e->region == REGION_NONE && e->category == CATEGORY_NONE;
    if (e->region == REGION_NONE && ((needs & NEED_REGION) || ((needs & NEED_EITHER) && either)))
        return missing(d, &m->region.pick, "region");
    if (e->category == CATEGORY_NONE && (needs & NEED_CATEGORY))
        return missing(d, &m->category.pick, "category");
    if (e->target.len == 0 && (needs & NEED_TARGET))
        return missing(d, &mapping_target(m, e->kind)->pick, "target");
    if (e->matter.len == 0 && (needs & NEED_MATTER))
        return missing(d, &m->matter.pick, "matter");
    return true;
}

static bool read_tags(struct decoder *d, struct event *e)
{
    for (unsigned i = 0; i < d->mapping->tag_count; i++) {
        bool holds = false;
        if (!read_condition(d, &d->mapping->tags[i], &holds))
            return false;
        e->tags |= holds ? d->mapping->tags[i].tag : 0;
    }
    return true;
}

static bool read_event(struct decoder *d, struct event *e)
{
    const struct mapping *m = d->mapping;
    unsigned needs = mapping_needs((enum event_kind)e->kind);
    bool given;
    if (!read_text(d, &m->id, false, &e->id) || !read_time(d, &m->occurred_at, &e->occurred_at, &given))
        return false;
    if (e->id.len == 0)
        return missing(d, &m->id.pick, "id");
    if (!given)
        return missing(d, &m->occurred_at.pick, "occurred_at");
    return check_time(d, e->occurred_at) && read_region(d, &e->region) &&
           read_category(d, needs & NEED_CATEGORY, &e->category) && read_text(d, &m->matter, true, &e->matter) &&
           (!(needs & NEED_TARGET) || read_text(d, mapping_target(m, e->kind), true, &e->target)) &&
           read_respondent(d, &e->respondent) && read_involved(d, &e->involved) && read_value(d, &e->value) &&
           read_time(d, &m->due_at, &e->due_at, &given) && read_tags(d, e) && read_actors(d, e) &&
           check_needs(d, e, needs);
}

static struct event *add_event(struct decoder *d)
{
    if (d->event_count == d->event_capacity) {
        d->event_capacity = d->event_capacity ? 2 * d->event_capacity : 16;
        d->events = xrealloc(d->events, d->event_capacity * sizeof *d->events);
    }
    struct event *e = &d->events[d->event_count++];
    *e = (struct event){.source = d->mapping->source};
    return e;
}

/* A link is the same fact whichever event tells of it, so its id is made of what it links. */
static bool add_link(struct decoder *d, struct str target, uint8_t place, void *arg)
{
    const struct event *from = &d->events[*(const size_t *)arg];
    struct event link = {.kind = EVENT_LINKED,
                         .source = from->source,
                         .occurred_at = from->occurred_at,
                         .region = from->region,
                         .category = from->category,
                         .matter = from->matter,
                         .target = target};
    if (str_eq(target, from->matter))
        return true;
    char *id = scratch_take(&d->scratch, EVENT_TEXT_MAX + 1);
    int len = snprintf(id, EVENT_TEXT_MAX + 1, "link:%.*s>%.*s", STR_ARG(from->matter), STR_ARG(target));
    if (len > EVENT_TEXT_MAX)
        return refuse(d, DECODE_BAD_FIELD, place, "an order number of at most 100 bytes");
    link.id = (struct str){id, (size_t)len};
    *add_event(d) = link;
    return true;
}

/* the events of one element */
static bool decode_element(struct decoder *d, uint32_t element)
{
    const struct mapping *m = d->mapping;
    bool skip;
    unsigned kind;
    if (json_type(&d->tape, element) != '{')
        return refuse_element(d);
    memcpy(d->slots, d->record_slots, m->place_count * sizeof *d->slots);
    paths_find(m->element, &d->tape, element, d->slots);
    prefetch_region(d);
    if (!any_skip(d, false, &skip) || (!skip && !read_kind(d, &kind)))
        return false;
    if (skip || kind == KIND_SKIP)
        return true;
    size_t index = d->event_count;
    struct event *e = add_event(d);
    e->kind = (uint8_t)kind;
    if (!read_event(d, e))
        return false;
    bool links = e->matter.len && !(mapping_needs((enum event_kind)kind) & NEED_TARGET);
    return !links || read_list(d, &m->links, add_link, &index);
}

static bool decode_elements(struct decoder *d, uint32_t array)
{
    uint32_t end = json_end(&d->tape, array);
    d->row = 0;
    for (uint32_t at = json_first(array); at < end; at = json_next(&d->tape, at), d->row++)
        if (!decode_element(d, at))
            return false;
    return true;
}

static bool decode_record(struct decoder *d)
{
    const struct mapping *m = d->mapping;
    char type = json_type(&d->tape, JSON_ROOT);
    memset(d->record_slots, 0, m->place_count * sizeof *d->record_slots);
    d->row = -1;
    if (m->each < 0)
        return type == '[' ? decode_elements(d, JSON_ROOT) : decode_element(d, JSON_ROOT);
    if (type != '{')
        return refuse_field(d, DECODE_BAD_FIELD, "", "a JSON object");
    bool skip;
    paths_find(m->record, &d->tape, JSON_ROOT, d->record_slots);
    memcpy(d->slots, d->record_slots, m->place_count * sizeof *d->slots);
    if (!any_skip(d, true, &skip))
        return false;
    if (skip)
        return true;
    uint32_t rows = d->slots[m->places[m->each].slot];
    char rows_type = rows ? json_type(&d->tape, rows) : 'n';
    if (rows_type == 'n')
        return refuse(d, DECODE_MISSING_FIELD, (uint8_t)m->each, "an array, or an object");
    return rows_type == '[' ? decode_elements(d, rows) : decode_element(d, rows);
}

size_t decoder_decode(struct decoder *d, const void *bytes, size_t len, bool padded, int64_t now_ms,
                      const struct event **events, struct refusal *refusal)
{
    refusal->reason = DECODE_OK;
    refusal->place[0] = refusal->expected[0] = '\0';
    d->refusal = refusal;
    d->now_ms = now_ms;
    d->event_count = 0;
    scratch_reset(&d->scratch);
    bool accepted = false;
    if (!bytes || len == 0)
        refuse_field(d, DECODE_EMPTY, "", "a JSON object");
    else if ((uint64_t)len > (uint64_t)d->mapping->max_record_bytes)
        refuse_field(d, DECODE_TOO_LARGE, "", "no more bytes than the source's max_record_bytes");
    else
        accepted = parse(d, prepare(d, (struct str){bytes, len}, padded)) && decode_record(d);
    *events = d->events;
    return accepted ? d->event_count : 0;
}
