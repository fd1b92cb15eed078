#include "world.h"

#include "base/check.h"
#include "world_files.h"

#include <stdlib.h>

enum { SOURCE_HOTLINE, SOURCE_PETITION, SOURCE_SENSOR, SOURCES }; /* then that of dispositions */
enum { BEGINS_AT = 1768176000, HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY, MATTERS = 9, PEOPLE = 8, RESPONDENTS = 3 };

struct making {
    struct world *world;
    struct dice *dice;
    bool plain;
    int64_t begins_at, span_s, burst[4];
    unsigned weeks; /* percent of the events that lie weeks back */
    unsigned named[SOURCES]; /* ids given so far */
};

static const char *const codes[] = {"9111", "9111", "9111", "9112", "9112", "9121", "9211", "9212", "911", "92"};
static const char *const complaints[] = {"labour.wages", "labour.wages", "labour.wages",
                                         "labour.hours", "noise",        "labour"};

static uint32_t any_region(const struct making *m)
{
    return registry_find(m->world->config->registry, str_of(codes[dice_below(m->dice, 10)]));
}

static uint16_t any_category(const struct making *m)
{
    return catalogue_find_category(m->world->config->catalogue, str_of(complaints[dice_below(m->dice, 6)]));
}

static int64_t any_time(const struct making *m)
{
    int64_t at = dice_chance(m->dice, 75) ? m->burst[dice_below(m->dice, 4)] + dice_between(m->dice, -900, 900)
                                          : dice_between(m->dice, 0, m->span_s);
    at = at < 0 ? 0 : at;
    if (m->weeks && dice_chance(m->dice, m->weeks))
        at -= (1 + dice_below(m->dice, 4)) * WEEK;
    if (dice_chance(m->dice, 20))
        at = at / 60 * 60; /* windows are exact to the second: sit on their edges */
    return m->begins_at + at;
}

static void any_matter(const struct making *m, char *out)
{
    snprintf(out, WORLD_TEXT, "M%u", dice_below(m->dice, MATTERS));
}

/* ids of different sources may be alike: they are not the same event */
static void name(struct making *m, struct world_event *e)
{
    unsigned number = m->named[e->source]++;
    if (e->matter[0] && dice_chance(m->dice, 30))
        snprintf(e->id, WORLD_TEXT, "%.8s#%u", e->matter, number);
    else
        snprintf(e->id, WORLD_TEXT, "e%u", number);
}

static void reading(struct making *m, struct world_event *e)
{
    e->source = SOURCE_SENSOR;
    e->kind = EVENT_READING;
    e->region = any_region(m);
    e->category = catalogue_find_category(m->world->config->catalogue, STR("sensor.noise"));
    e->value = dice_between(m->dice, 40, 80) * VALUE_SCALE;
    if (dice_chance(m->dice, 30))
        e->value += 500;
}

static void complaint(struct making *m, struct world_event *e)
{
    e->kind = dice_chance(m->dice, 80) ? EVENT_CREATED : EVENT_CALLED_AGAIN;
    e->region = any_region(m);
    e->category = any_category(m);
    if (e->kind == EVENT_CALLED_AGAIN || dice_chance(m->dice, 85))
        any_matter(m, e->matter);
    if (dice_chance(m->dice, 55))
        snprintf(e->respondent, WORLD_TEXT, "厂%u", dice_below(m->dice, RESPONDENTS));
    unsigned callers = dice_chance(m->dice, 15) ? dice_below(m->dice, EVENT_ACTORS) + 1 : dice_below(m->dice, 5) != 0;
    unsigned first = dice_below(m->dice, PEOPLE);
    for (; e->actor_count < callers; e->actor_count++)
        e->actor[e->actor_count] = first++ % PEOPLE;
    e->involved = dice_chance(m->dice, 40) ? dice_below(m->dice, 25) : 0;
    e->tags = dice_chance(m->dice, 25) ? 1 + dice_below(m->dice, 3) : 0;
}

static void step_of_matter(struct making *m, struct world_event *e)
{
    static const unsigned kinds[] = {EVENT_STATUS, EVENT_STATUS, EVENT_CLOSED, EVENT_REOPENED};
    e->kind = kinds[dice_below(m->dice, 4)];
    any_matter(m, e->matter);
    if (!m->plain && e->kind == EVENT_STATUS && dice_chance(m->dice, 70))
        e->due_at = e->occurred_at + dice_between(m->dice, -600, 3600);
    if (dice_chance(m->dice, 60)) {
        e->region = any_region(m);
        e->category = any_category(m);
    }
}

static void join(struct making *m, struct world_event *e)
{
    e->kind = m->plain || dice_chance(m->dice, 60) ? EVENT_MERGED : EVENT_LINKED;
    any_matter(m, e->matter);
    any_matter(m, e->target);
}

/* a void, a restoration or a move, of anything there is: of a move or a merge too, and of what is never to come */
static void modifier(struct making *m, struct world_event *e)
{
    static const unsigned kinds[] = {EVENT_VOIDED, EVENT_VOIDED, EVENT_MOVED, EVENT_MOVED, EVENT_RESTORED};
    const struct world *w = m->world;
    const struct world_event *of = &w->events[dice_below(m->dice, (unsigned)w->event_count)];
    e->kind = kinds[dice_below(m->dice, 5)];
    e->source = of->source;
    snprintf(e->target, WORLD_TEXT, "%s", dice_chance(m->dice, 96) ? of->id : "nothing");
    /* often when the windows that held it are over, and nobody looks at its subject any more */
    int64_t latest = m->plain || dice_chance(m->dice, 50) ? 5400 : 4 * 3600;
    e->occurred_at = of->occurred_at + dice_between(m->dice, dice_chance(m->dice, 10) ? -600 : 0, latest);
    if (!m->weeks && e->occurred_at < m->begins_at)
        e->occurred_at = of->occurred_at < m->begins_at ? any_time(m) : m->begins_at;
    if (e->kind != EVENT_MOVED)
        return;
    unsigned what = 1 + dice_below(m->dice, 3);
    if (what & 1)
        e->region = any_region(m);
    if (what & 2)
        e->category = any_category(m);
}

static void make_event(struct making *m)
{
    struct world *w = m->world;
    struct world_event *e = &w->events[w->event_count];
    *e = (struct world_event){.source = dice_chance(m->dice, 70) ? SOURCE_HOTLINE : SOURCE_PETITION};
    unsigned what = dice_below(m->dice, 100);
    e->occurred_at = any_time(m);
    if (what < 20)
        reading(m, e);
    else if (what < 70 || w->event_count == 0)
        complaint(m, e);
    else if (what < 82)
        step_of_matter(m, e);
    else if (what < 86)
        join(m, e);
    else
        modifier(m, e);
    name(m, e);
    w->event_count++;
}

/* ---- arrivals ---- */

static int by_arrival(const void *a, const void *b)
{
    const struct world_record *x = a, *y = b;
    if (x->arrives_at != y->arrives_at)
        return x->arrives_at < y->arrives_at ? -1 : 1;
    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    return (x->partition > y->partition) - (x->partition < y->partition);
}

static uint32_t any_partition(const struct world *w, struct dice *dice, unsigned source)
{
    uint32_t of_source[PARTITIONS_MAX];
    unsigned count = 0;
    for (uint32_t p = 0; p < w->partition_count; p++)
        if (w->partitions[p].source == source)
            of_source[count++] = p;
    return of_source[dice_below(dice, count)];
}

static void arrive(struct world *w, struct dice *dice, int event, unsigned source, int64_t earliest, int64_t latest)
{
    w->records[w->record_count++] =
        (struct world_record){event, any_partition(w, dice, source), dice_between(dice, earliest, latest)};
}

static void partitions(struct world *w, struct dice *dice)
{
    w->partition_count = 0;
    for (unsigned source = 0; source < w->config->source_count; source++)
        for (unsigned n = 0, count = 1 + dice_below(dice, 2); n < count; n++)
            w->partitions[w->partition_count++] =
                (struct source_partition){source, w->config->sources[source].name, (int32_t)n};
}

static void arrivals(struct world *w, struct dice *dice, bool orderly)
{
    w->record_count = 0;
    for (size_t i = 0; i < w->event_count; i++) {
        const struct world_event *e = &w->events[i];
        int64_t lateness = w->config->sources[e->source].lateness_s, at = e->occurred_at;
        if (e->everywhere) {
            for (uint32_t p = 0; p < w->partition_count; p++)
                if (w->partitions[p].source == e->source)
                    w->records[w->record_count++] = (struct world_record){(int)i, p, at};
            continue;
        }
        bool late = !orderly && dice_chance(dice, 8);
        if (at < w->begins_at) /* of weeks ago: it was already there, or is caught up with */
            at = w->begins_at + (dice_chance(dice, 70) ? 0 : 2 * HOUR);
        arrive(w, dice, (int)i, e->source, at, at + (late ? 4 * lateness : lateness));
        if (dice_chance(dice, 15))
            arrive(w, dice, (int)i, e->source, at, at + (orderly ? lateness : 7200));
        if (!orderly && dice_chance(dice, 4))
            arrive(w, dice, -1, e->source, at, at + lateness);
    }
    qsort(w->records, w->record_count, sizeof *w->records, by_arrival);
}

void world_shuffle(struct world *w, uint64_t seed)
{
    struct dice dice = {seed};
    partitions(w, &dice);
    arrivals(w, &dice, true);
}

/* ---- a past ---- */

/* as much later as nothing else is: a link of matters that nobody else knows of, which no rule counts */
static void word_of_time(struct making *m, int64_t hours)
{
    for (unsigned source = 0; source < SOURCES; source++) {
        struct world *w = m->world;
        struct world_event *e = &w->events[w->event_count++];
        *e = (struct world_event){.source = source, .kind = EVENT_LINKED, .everywhere = true};
        e->occurred_at = w->begins_at + hours * HOUR;
        snprintf(e->matter, WORLD_TEXT, "at%lld", (long long)hours);
        snprintf(e->target, WORLD_TEXT, "source%u", source);
        name(m, e);
    }
}

static void rest(struct world *w, int64_t after_hours, int64_t floor_days)
{
    size_t i = 0;
    while (i < w->record_count && w->records[i].arrives_at <= w->begins_at + after_hours * HOUR)
        i++;
    w->rests[w->rest_count].before = i;
    w->rests[w->rest_count++].floor = floor_days ? w->begins_at + floor_days * DAY : 0; /* 0: none yet */
}

static void make_events(struct making *m, int64_t begins_at, size_t count)
{
    m->begins_at = begins_at;
    for (int i = 0; i < 4; i++)
        m->burst[i] = dice_between(m->dice, 0, m->span_s);
    for (size_t i = 0; i < count; i++)
        make_event(m);
}

/* With a ledger that keeps two days: a day of events; the word, a day later, that it is over; days later that its span
 * expires, and perhaps that of what was carried on; and then the events of today. */
enum { OVER_AT = 34, EXPIRES_AT = 98, AGAIN_AT = 170, WORDS_MAX = 3 * SOURCES };

static void make_past(struct making *m, size_t events, bool twice)
{
    make_events(m, m->world->begins_at, events);
    word_of_time(m, OVER_AT);
    word_of_time(m, EXPIRES_AT);
    if (twice)
        word_of_time(m, AGAIN_AT);
    m->world->past_ends = m->world->begins_at + EXPIRES_AT * HOUR;
}

static void make_rests(struct world *w, bool twice)
{
    rest(w, OVER_AT, 0);
    rest(w, EXPIRES_AT, 2);
    if (twice)
        rest(w, AGAIN_AT, 5);
}

struct world *world_create(uint64_t seed, enum world_kind kind, const char *directory)
{
    struct dice dice = {seed};
    struct world *w = xcalloc(1, sizeof *w);
    struct world_shape shape = {.plain = kind == WORLD_PLAIN};
    shape.event_time = dice_chance(&dice, 40) || kind == WORLD_ORDERED;
    shape.changes = dice_chance(&dice, shape.plain ? 20 : 60) && kind != WORLD_ORDERED;
    shape.past = kind == WORLD_ANY && dice_chance(&dice, 25);
    bool twice = shape.past && dice_chance(&dice, 40);
    struct dice centre = {~seed};
    w->centre = shape.centre = kind == WORLD_ANY && dice_chance(&centre, 50);
    w->archived = kind == WORLD_ANY;
    world_files(w, &dice, directory, &shape);
    /* tables that are outgrown, and some that are too small for what they should hold */
    if (w->archived && seed % 8 < 2)
        w->config->counters_bytes = seed % 8 ? 16 << 10 : 256 << 10;
    w->begins_at = BEGINS_AT;
    if (kind == WORLD_ANY && !shape.past && dice_chance(&dice, 50))
        w->begins_at += 21 * HOUR; /* so that dates change on the way */
    w->tight = dice_chance(&dice, 35) && kind != WORLD_ORDERED;
    if (w->tight)
        w->config->uncommitted_bytes = dice_between(&dice, 100, 2000);
    partitions(w, &dice);
    size_t events = (size_t)dice_between(&dice, 15, 130);
    w->events = xcalloc(events + WORDS_MAX, sizeof *w->events);
    w->records = xcalloc((events + WORDS_MAX) * 3, sizeof *w->records);
    struct making making = {
        .world = w,
        .dice = &dice,
        .plain = shape.plain,
        .span_s = dice_between(&dice, 3600, kind == WORLD_ORDERED ? 3 * 3600 : 6 * 3600)};
    if (kind == WORLD_ANY && !shape.past && dice_chance(&dice, 30))
        making.weeks = dice_below(&dice, 60);
    size_t past = shape.past ? events / 2 : 0;
    if (shape.past)
        make_past(&making, past, twice);
    int64_t today = !shape.past ? 0 : (twice ? AGAIN_AT : EXPIRES_AT) * HOUR + HOUR;
    make_events(&making, w->begins_at + today, events - past);
    arrivals(w, &dice, kind == WORLD_ORDERED);
    if (shape.past)
        make_rests(w, twice);
    return w;
}

void world_destroy(struct world **pointer)
{
    struct world *w = *pointer;
    if (!w)
        return;
    for (unsigned g = 0; g < w->generation_count; g++) {
        rule_set_destroy(&w->generations[g].rules);
        free(w->generations[g].text);
    }
    config_destroy(&w->config);
    free(w->events);
    free(w->records);
    free(w);
    *pointer = NULL;
}

/* ---- bytes ---- */

static size_t render_broken(const struct world *w, const struct world_record *r, char *out, size_t size)
{
    long long at = (long long)r->arrives_at;
    switch (r->arrives_at % 4) {
    case 0:
        return (size_t)snprintf(out, size, "{\"id\": \"x\", \"at\": %lld", at);
    case 1:
        return (size_t)snprintf(out, size, "{\"at\":\"%lld\",\"kind\":\"created\"}", at);
    case 2: /* a broken clock, which must not close everybody's windows */
        if (!w->config->event_time)
            return (size_t)snprintf(out, size,
                                    "{\"id\":\"x%lld\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"9111\","
                                    "\"category\":\"noise\"}",
                                    at, at + 90 * 86400);
        __attribute__((fallthrough));
    default:
        return (size_t)snprintf(out, size,
                                "{\"id\":\"x%lld\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"7\","
                                "\"category\":\"noise\"}",
                                at, at);
    }
}

size_t world_render(const struct world *w, const struct world_record *r, char *out, size_t size)
{
    if (r->event < 0)
        return render_broken(w, r, out, size);
    const struct world_event *e = &w->events[r->event];
    const struct config *c = w->config;
    int len = snprintf(out, size, "{\"id\":\"%s\",\"at\":\"%lld\",\"kind\":\"%s\"", e->id, (long long)e->occurred_at,
                       event_kind_word((enum event_kind)e->kind));
#define ADD(...) len += snprintf(out + len, size - (size_t)len, __VA_ARGS__)
    if (e->region != REGION_NONE)
        ADD(",\"region\":\"%s\"", registry_region(c->registry, e->region)->code);
    if (e->category != CATEGORY_NONE)
        ADD(",\"category\":\"%s\"", catalogue_category(c->catalogue, e->category)->path);
    if (e->matter[0])
        ADD(",\"matter\":\"%s\"", e->matter);
    if (e->target[0])
        ADD(",\"target\":\"%s\"", e->target);
    if (e->respondent[0])
        ADD(",\"who\":\"%s\"", e->respondent);
    for (unsigned i = 0; i < e->actor_count; i++)
        ADD("%s\"p%u\"%s", i ? "," : ",\"actors\":[", e->actor[i], i + 1 == e->actor_count ? "]" : "");
    if (e->due_at)
        ADD(",\"due\":\"%lld\"", (long long)e->due_at);
    if (e->involved)
        ADD(",\"involved\":%u", e->involved);
    if (e->value)
        ADD(",\"value\":%lld.%03lld", (long long)(e->value / VALUE_SCALE), (long long)(e->value % VALUE_SCALE));
    for (unsigned i = 0; i < catalogue_tag_count(c->catalogue); i++)
        if (e->tags >> i & 1)
            ADD(",\"%s\":true", catalogue_tag(c->catalogue, i));
    ADD("}");
#undef ADD
    CHECK((size_t)len < size);
    return (size_t)len;
}
