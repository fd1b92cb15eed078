/* The routing table: read whole, then asked line by line, as people read it. */
#include "rule/routing.h"

#include "base/check.h"
#include "base/key.h"
#include "registry/csv.h"
#include "rule/region_column.h"
#include "rule/rule_priv.h"

#include <stdlib.h>

enum column { CATEGORY, LEVEL, REGION, CODE, NAME, LEAD, ASSIST, TIER, STREET_UNIT, DISTRICT_UNIT, SIGN, ARRIVE, CLOSE, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
    [CATEGORY] = {"category", false, "类别"},          [LEVEL] = {"level", false, "级别"},
    [REGION] = {"region", false, "区域"},              [CODE] = {"code", false, "编码"},
    [NAME] = {"name", false, "名称"},                  [LEAD] = {"lead", true, "牵头"},
    [ASSIST] = {"assist", false, "协助"},              [TIER] = {"tier", false, "层级"},
    [STREET_UNIT] = {"street_unit", false, "街道单位"}, [DISTRICT_UNIT] = {"district_unit", false, "区级单位"},
    [SIGN] = {"sign_within", false, "签收时限"},       [ARRIVE] = {"arrive_within", false, "到场时限"},
    [CLOSE] = {"close_within", false, "办结时限"},
};

enum { UNIT_BYTES = 200, LIMIT_MAX_S = 400 * 86400 };

struct line {
    uint16_t category; /* CATEGORY_NONE: any */
    unsigned level;                   /* 0: any */
    uint32_t region;                  /* REGION_NONE: any */
    char *lead, *assist[ASSIST_MAX];
    unsigned assist_count;
    enum region_level tier; /* 0: not said */
    char *above[REGION_STREET + 1]; /* by tier */
    struct span sign, arrive, close;
    int number;
};

struct routing {
    struct line *lines;
    size_t count;
    uint64_t digest;
};

struct loader {
    struct csv *csv;
    const struct rule_context *context;
    struct problems *problems;
};

/* ---- reading ---- */

static void read_category(struct loader *l, const struct csv_field *field, struct line *line)
{
    const struct catalogue *catalogue = l->context->catalogue;
    if (!field->text.len || !catalogue_has_categories(catalogue))
        return;
    line->category = catalogue_find_category(catalogue, field->text);
    if (line->category == CATEGORY_NONE)
        csv_problem(l->csv, field, l->problems, "unknown category %s", field->text.at);
}

static void read_level(struct loader *l, const struct csv_field *field, struct line *line)
{
    char list[RULE_LEVEL_LIST];
    if (!field->text.len)
        return;
    line->level = rule_level_named(field->text.at, l->context);
    if (!line->level)
        csv_problem(l->csv, field, l->problems, "unknown level %s; the levels are %s", field->text.at,
                    rule_level_list(l->context, list));
}

static char *read_unit(struct loader *l, const struct csv_field *field, struct str text)
{
    if (text.len > UNIT_BYTES)
        csv_problem(l->csv, field, l->problems, "a unit's name of at most %d bytes was expected", UNIT_BYTES);
    return text.len ? xstrndup(text.at, text.len) : NULL;
}

static void read_assist(struct loader *l, const struct csv_field *field, struct line *line)
{
    struct str list = field->text, item;
    while (csv_next_item(&list, &item)) {
        if (line->assist_count == ASSIST_MAX) {
            csv_problem(l->csv, field, l->problems, "assist (协助): at most %d units", ASSIST_MAX);
            return;
        }
        line->assist[line->assist_count++] = read_unit(l, field, item);
    }
}

static void read_tier(struct loader *l, const struct csv_field *field, struct line *line)
{
    if (!field->text.len)
        return;
    line->tier = region_level_parse(field->text);
    if (line->tier < REGION_DISTRICT || line->tier > REGION_COMMUNITY)
        csv_problem(l->csv, field, l->problems,
                    "%s is no tier: expected community (社区), street (街道) or district (区)", field->text.at);
}

static void read_span(struct loader *l, const struct csv_field *field, struct span *span)
{
    if (!field->text.len)
        return;
    switch (span_parse(field->text.at, LIMIT_MAX_S, l->context, span)) {
    case SPAN_GOOD:
        break;
    case SPAN_NO_CALENDAR:
        if (!l->context->calendar_path)
            csv_problem(l->csv, field, l->problems,
                        "working days need a calendar: `calendar: calendar.csv` in the configuration");
        break;
    case SPAN_WRONG:
        csv_problem(l->csv, field, l->problems,
                    "expected a time such as 30m, 4h, 2d or 5 working days, from a minute to 400 days");
        break;
    }
}

static void read_line(struct loader *l, const struct csv_field *row, struct line *line)
{
    const struct csv_field *const place[] = {&row[CODE], &row[REGION], &row[NAME]};
    line->number = row[LEAD].line;
    read_category(l, &row[CATEGORY], line);
    read_level(l, &row[LEVEL], line);
    region_column_read(l->csv, place, l->context->registry, l->problems, &line->region);
    line->lead = read_unit(l, &row[LEAD], row[LEAD].text);
    read_assist(l, &row[ASSIST], line);
    read_tier(l, &row[TIER], line);
    line->above[REGION_STREET] = read_unit(l, &row[STREET_UNIT], row[STREET_UNIT].text);
    line->above[REGION_DISTRICT] = read_unit(l, &row[DISTRICT_UNIT], row[DISTRICT_UNIT].text);
    read_span(l, &row[SIGN], &line->sign);
    read_span(l, &row[ARRIVE], &line->arrive);
    read_span(l, &row[CLOSE], &line->close);
}

static bool covers(const struct loader *l, const struct line *wide, const struct line *narrow)
{
    return registry_contains(l->context->registry, wide->region, narrow->region) &&
           (!wide->level || wide->level == narrow->level) &&
           catalogue_contains(l->context->catalogue, wide->category, narrow->category);
}

/* The first that fits counts: below a line that takes all of it another is never asked. */
static void check_reached(struct loader *l, const struct routing *r, const struct csv_field *row, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (covers(l, &r->lines[i], &r->lines[number])) {
            csv_problem(l->csv, &row[LEAD], l->problems,
                        "never asked: line %d takes all that this one would; the narrow lines stand first",
                        r->lines[i].number);
            return;
        }
}

static uint64_t digest_of(struct loader *l)
{
    uint64_t digest = 0;
    for (size_t row = 0; row < csv_rows(l->csv); row++)
        for (int c = 0; c < COLUMNS; c++)
            digest = key_of(csv_row(l->csv, row)[c].text, digest);
    return digest;
}

struct routing *routing_load(const char *file, const char *path, const struct rule_context *context,
                             struct problems *problems)
{
    size_t before = problems->count;
    struct loader l = {csv_load(path, columns, COLUMNS, problems), context, problems};
    if (!l.csv)
        return NULL;
    struct routing *r = xcalloc(1, sizeof *r);
    size_t rows = csv_rows(l.csv);
    r->lines = xcalloc(rows + 1, sizeof *r->lines);
    if (!rows)
        problem_add(problems, file, 1, 1, "a routing table without a line");
    for (; r->count < rows; r->count++) {
        size_t so_far = problems->count;
        const struct csv_field *row = csv_row(l.csv, r->count);
        read_line(&l, row, &r->lines[r->count]);
        if (problems->count == so_far && context->registry)
            check_reached(&l, r, row, r->count);
    }
    r->digest = digest_of(&l);
    csv_close(&l.csv);
    if (problems->count != before)
        routing_destroy(&r);
    return r;
}

void routing_destroy(struct routing **routing)
{
    struct routing *r = *routing;
    *routing = NULL;
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        struct line *line = &r->lines[i];
        free(line->lead);
        free(line->above[REGION_STREET]);
        free(line->above[REGION_DISTRICT]);
        for (unsigned k = 0; k < line->assist_count; k++)
            free(line->assist[k]);
    }
    free(r->lines);
    free(r);
}

uint64_t routing_digest(const struct routing *r)
{
    return r ? r->digest : 0;
}

/* ---- asking ---- */

uint16_t rule_category(const struct rule_set *set, const struct rule *rule)
{
    uint16_t common = CATEGORY_NONE;
    bool first = true;
    for (unsigned s = 0; s < rule->let_count; s++) {
        const struct selection *selection = &rule->selections[s];
        if (!selection->category_count)
            return CATEGORY_NONE;
        for (unsigned i = 0; i < selection->category_count; i++) {
            uint16_t category = selection->category[i].first;
            common = first ? category : common;
            first = false;
            while (!catalogue_contains(set->catalogue, common, category))
                common = catalogue_category(set->catalogue, common)->parent;
        }
    }
    return common;
}

static const struct line *find_line(const struct rule_set *set, const struct rule *rule, uint16_t each, unsigned level,
                                    const struct registry *registry, uint32_t region)
{
    const struct routing *r = set->routing;
    uint16_t category = !r ? CATEGORY_NONE : each != CATEGORY_NONE ? each : rule_category(set, rule);
    for (size_t i = 0; r && i < r->count; i++) {
        const struct line *line = &r->lines[i];
        if (registry_contains(registry, line->region, region) && (!line->level || line->level == level) &&
            catalogue_contains(set->catalogue, line->category, category))
            return line;
    }
    return NULL;
}

/* the name of the alert's own region at a level; NULL: it has none */
static const char *own(const struct registry *registry, uint32_t region, enum region_level level)
{
    uint32_t at = region == REGION_NONE ? REGION_NONE : registry_region(registry, region)->ancestor[level];
    return at == REGION_NONE ? NULL : registry_region(registry, at)->name;
}

/* a unit of the table, which may stand for the alert's own street and the like; NULL: there is none */
static const char *unit_of(const char *unit, const struct registry *registry, uint32_t region)
{
    static const struct {
        const char *english, *chinese;
        enum region_level level;
    } words[] = {{"street", "街道", REGION_STREET}, {"community", "社区", REGION_COMMUNITY}, {"district", "区", REGION_DISTRICT}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(unit, words[i].english) == 0 || strcmp(unit, words[i].chinese) == 0)
            return own(registry, region, words[i].level);
    return unit;
}

static void assist_by(struct route *route, const char *unit)
{
    if (unit && route->assist_count < ASSIST_MAX)
        route->assist[route->assist_count++] = unit;
}

static void by_rule(const struct rule *rule, const struct registry *registry, unsigned level, uint32_t region,
                    struct route *route)
{
    const char *street = own(registry, region, REGION_STREET);
    route->lead = rule->lead ? rule->lead : "";
    for (unsigned i = 0; i < rule->assist_count; i++)
        assist_by(route, strcmp(rule->assist[i], "street") == 0 ? street : rule->assist[i]);
    route->tier = street ? REGION_STREET : REGION_DISTRICT;
    for (int tier = REGION_DISTRICT; tier <= REGION_COMMUNITY; tier++) {
        const char *name = own(registry, region, (enum region_level)tier);
        route->above[tier] = name ? name : "";
    }
    route->sign_within = rule->sign_within[level];
    route->close_within = rule->close_within[level];
}

void route_of(const struct rule_set *set, const struct rule *rule, const struct registry *registry, uint16_t each,
              unsigned level, uint32_t region, struct route *route)
{
    *route = (struct route){0};
    by_rule(rule, registry, level, region, route);
    const struct line *line = find_line(set, rule, each, level, registry, region);
    if (!line)
        return;
    const char *lead = line->lead ? unit_of(line->lead, registry, region) : NULL;
    route->lead = lead ? lead : route->lead;
    if (line->assist_count)
        route->assist_count = 0;
    for (unsigned i = 0; i < line->assist_count; i++)
        assist_by(route, unit_of(line->assist[i], registry, region));
    for (enum region_level tier = line->tier; tier; tier--)
        if (own(registry, region, tier)) {
            route->tier = tier;
            break;
        }
    for (int tier = REGION_DISTRICT; tier <= REGION_STREET; tier++)
        if (line->above[tier])
            route->above[tier] = line->above[tier];
    route->sign_within = line->sign.s ? line->sign : route->sign_within;
    route->arrive_within = line->arrive;
    route->close_within = line->close.s ? line->close : route->close_within;
}
