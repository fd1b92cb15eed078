/* What random facts in random order have become, against a model that reads rules/README.md: voids, restores, moves and
 * merges before and after what they name, facts of two sources with the same ids. */
#include "ledger/ledger.h"

#include "core.h"

enum { EVENTS = 120, IDS = 40, MATTERS = 8, REGIONS = 5, SOURCES = 2, NOW = 20000 * 86400 };

struct model_event {
    struct event e;
    char id[24], target[24], matter[8], respondent[8];
    fact_ref ref;
    bool fresh; /* the first of its (source, id) */
};

struct model {
    struct ledger *ledger;
    struct model_event all[EVENTS];
};

static void make(struct dice *dice, struct model_event *m)
{
    static const uint8_t kinds[] = {EVENT_CREATED, EVENT_CREATED,  EVENT_CALLED_AGAIN, EVENT_MOVED, EVENT_MOVED,
                                    EVENT_VOIDED,  EVENT_RESTORED, EVENT_MERGED,       EVENT_STATUS};
    struct event *e = &m->e;
    e->kind = kinds[dice_below(dice, sizeof kinds)];
    snprintf(m->id, sizeof m->id, "id%u", dice_below(dice, IDS));
    if (dice_chance(dice, 60))
        snprintf(m->id, sizeof m->id, "id%u.%u", dice_below(dice, IDS), dice_below(dice, 100000));
    snprintf(m->target, sizeof m->target, "id%u", dice_below(dice, IDS));
    snprintf(m->matter, sizeof m->matter, "m%u", dice_below(dice, MATTERS));
    if (e->kind == EVENT_MERGED)
        snprintf(m->target, sizeof m->target, "m%u", dice_below(dice, MATTERS));
    e->id = str_of(m->id);
    e->matter = dice_chance(dice, 80) ? str_of(m->matter) : (struct str){0};
    if (e->kind == EVENT_MOVED || e->kind == EVENT_VOIDED || e->kind == EVENT_RESTORED || e->kind == EVENT_MERGED)
        e->target = str_of(m->target);
    snprintf(m->respondent, sizeof m->respondent, "r%u", dice_below(dice, 3));
    if (dice_chance(dice, 50))
        e->respondent = str_of(m->respondent);
    e->occurred_at = NOW + dice_below(dice, dice_chance(dice, 50) ? 3 : 20 * 86400); /* ties are decided by the id */
    e->region = e->kind == EVENT_MOVED && dice_chance(dice, 30) ? REGION_NONE : 1 + dice_below(dice, REGIONS);
    e->category = (uint16_t)(e->kind == EVENT_MOVED && dice_chance(dice, 50) ? CATEGORY_NONE : 1 + dice_below(dice, 3));
    e->source = (uint8_t)dice_below(dice, SOURCES);
}

static bool names(const struct model_event *modifier, const struct model_event *target)
{
    return modifier->fresh && modifier->e.source == target->e.source && str_eq(modifier->e.target, target->e.id);
}

static bool later(const struct model_event *a, const struct model_event *b)
{
    if (!b || a->e.occurred_at != b->e.occurred_at)
        return !b || a->e.occurred_at > b->e.occurred_at;
    return strcmp(a->id, b->id) > 0;
}

static bool lives(const struct model *m, const struct model_event *it)
{
    const struct model_event *last = NULL;
    for (unsigned i = 0; i < EVENTS; i++)
        if ((m->all[i].e.kind == EVENT_VOIDED || m->all[i].e.kind == EVENT_RESTORED) && names(&m->all[i], it) &&
            later(&m->all[i], last))
            last = &m->all[i];
    return !last || last->e.kind == EVENT_RESTORED;
}

static struct standing standing(const struct model *m, const struct model_event *it)
{
    struct standing s = {lives(m, it), it->e.region, it->e.category};
    const struct model_event *region = NULL, *category = NULL;
    for (unsigned i = 0; i < EVENTS; i++) {
        const struct model_event *move = &m->all[i];
        if (move->e.kind != EVENT_MOVED || !names(move, it) || !lives(m, move))
            continue;
        if (move->e.region != REGION_NONE && later(move, region))
            region = move;
        if (move->e.category != CATEGORY_NONE && later(move, category))
            category = move;
    }
    if (region)
        s.region = region->e.region;
    if (category)
        s.category = category->e.category;
    return s;
}

/* the smallest name that the matter is merged with, by spreading labels */
static void roots(const struct model *m, unsigned root[MATTERS])
{
    for (unsigned i = 0; i < MATTERS; i++)
        root[i] = i;
    for (unsigned round = 0; round < MATTERS; round++)
        for (unsigned i = 0; i < EVENTS; i++) {
            const struct model_event *merge = &m->all[i];
            if (merge->e.kind != EVENT_MERGED || !merge->fresh || !merge->e.matter.len || !lives(m, merge))
                continue;
            unsigned a = (unsigned)(merge->matter[1] - '0'), b = (unsigned)(merge->target[1] - '0');
            unsigned least = root[a] < root[b] ? root[a] : root[b];
            root[a] = root[b] = least;
        }
}

static void enter_all(struct model *m, struct dice *dice)
{
    unsigned aliases = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        struct entered entered;
        struct ledger_writer *writer = ledger_writer(m->ledger, dice_below(dice, 2));
        struct model_event *it = &m->all[i];
        it->fresh = true;
        for (unsigned k = 0; k < i; k++)
            it->fresh &= !(m->all[k].e.source == it->e.source && str_eq(m->all[k].e.id, it->e.id));
        ledger_begin(writer);
        enum enter_result result = ledger_enter(writer, &it->e, &entered);
        ledger_end(writer);
        EXPECT(result == (it->fresh ? ENTER_NEW : ENTER_DUPLICATE), "event %u: %d", i, (int)result);
        if (!it->fresh)
            continue;
        it->ref = entered.ref;
        ledger_commit(m->ledger, it->ref, 1);
        for (unsigned a = 0; a < entered.aliases; a++) {
            ledger_commit(m->ledger, entered.alias[a], 1);
            aliases += ledger_fact(m->ledger, ledger_origin(m->ledger, entered.alias[a]))->kind != EVENT_MOVED;
        }
    }
    /* each move that found its target, whichever came first, made one (a move has no place, so it cannot be moved) */
    unsigned expected = 0;
    for (unsigned i = 0; i < EVENTS; i++)
        for (unsigned k = 0; k < EVENTS; k++)
            expected += m->all[i].e.kind == EVENT_MOVED && m->all[k].fresh && m->all[k].e.kind != EVENT_MOVED &&
                        names(&m->all[i], &m->all[k]);
    EXPECT(aliases == expected, "%u aliases, not %u", aliases, expected);
}

struct found {
    const struct model *model;
    unsigned char seen[EVENTS];
};

static bool found_visit(void *arg, fact_ref ref)
{
    struct found *f = arg;
    for (unsigned i = 0; i < EVENTS; i++)
        if (f->model->all[i].fresh && f->model->all[i].ref == ledger_origin(f->model->ledger, ref))
            f->seen[i]++;
    return true;
}

static bool targets(unsigned kind)
{
    return kind == EVENT_MOVED || kind == EVENT_VOIDED || kind == EVENT_RESTORED || kind == EVENT_MERGED;
}

/* a chain may hold more than the region does; never less */
static void check_region(const struct model *m, uint32_t region, int64_t from)
{
    struct found f = {m, {0}};
    ledger_walk(m->ledger, subject_of_region(region), from, NOW + 21 * 86400, found_visit, &f);
    for (unsigned i = 0; i < EVENTS; i++)
        EXPECT(!m->all[i].fresh || targets(m->all[i].e.kind) || m->all[i].e.occurred_at < from ||
                   standing(m, &m->all[i]).region != region || f.seen[i],
               "event %u is not in its region's chain, from %lld on", i, (long long)(from - NOW));
}

static void check_walks(const struct model *m, struct dice *dice)
{
    for (uint32_t region = 1; region <= REGIONS; region++) {
        check_region(m, region, NOW);
        check_region(m, region, NOW + dice_below(dice, 3));
        check_region(m, region, NOW + dice_below(dice, 20 * 86400));
        check_region(m, region, m->all[dice_below(dice, EVENTS)].e.occurred_at);
    }
    struct found each = {m, {0}}, together = {m, {0}};
    for (uint32_t region = 1; region <= REGIONS; region++)
        ledger_walk(m->ledger, subject_of_region(region), NOW + 86400, INT64_MAX, found_visit, &each);
    ledger_walk_regions(m->ledger, 1, REGIONS, NOW + 86400, INT64_MAX, found_visit, &together);
    EXPECT(memcmp(each.seen, together.seen, sizeof each.seen) == 0,
           "regions walked together are not those walked by themselves");
    struct str respondent = STR("r1");
    struct found f = {m, {0}};
    ledger_walk(m->ledger, subject_of_respondent(respondent), INT64_MIN, INT64_MAX, found_visit, &f);
    for (unsigned i = 0; i < EVENTS; i++)
        EXPECT(!m->all[i].fresh || f.seen[i] == str_eq(m->all[i].e.respondent, respondent),
               "event %u and its respondent's chain", i);
    struct found all = {m, {0}}, shares = {m, {0}};
    for (struct ledger_scan scan = {0}; ledger_scan(m->ledger, SHELF_FACTS, &scan, found_visit, &all);)
        ;
    for (unsigned share = 0; share < 3; share++)
        for (struct ledger_scan scan = {.share = share, .shares = 3};
             ledger_scan(m->ledger, SHELF_FACTS, &scan, found_visit, &shares);)
            ;
    for (unsigned i = 0; i < EVENTS; i++)
        EXPECT(!m->all[i].fresh || (all.seen[i] >= 1 && shares.seen[i] == all.seen[i]),
               "event %u is met %u times by a scan, %u times by three", i, (unsigned)all.seen[i], (unsigned)shares.seen[i]);
}

static void check_matters(const struct model *m)
{
    unsigned root[MATTERS];
    roots(m, root);
    for (unsigned i = 0; i < MATTERS; i++) {
        char name[8], expected[8];
        snprintf(name, sizeof name, "m%u", i);
        snprintf(expected, sizeof expected, "m%u", root[i]);
        struct str text;
        uint64_t got = ledger_matter_root(m->ledger, matter_key(str_of(name)), &text);
        EXPECT(got == matter_key(str_of(expected)), "%s does not lead to %s", name, expected);
        EXPECT(text.len == 0 || str_eq(text, str_of(expected)), "%s: the root's text", name);
        EXPECT(text.len || root[i] == i, "%s: a root without a text", name);
    }
}

START_TEST(standing_walks_and_roots)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(150); round < rounds; round++) {
        struct model *m = xcalloc(1, sizeof *m);
        m->ledger = ledger_create(&(struct ledger_limits){{35 * 86400, 2 * 86400}, {64 << 20, 64 << 20}}, 2);
        for (unsigned i = 0; i < EVENTS; i++)
            make(&dice, &m->all[i]);
        enter_all(m, &dice);
        for (unsigned i = 0; i < EVENTS; i++) {
            if (!m->all[i].fresh)
                continue;
            struct standing got = ledger_standing(m->ledger, m->all[i].ref), want = standing(m, &m->all[i]);
            EXPECT(got.live == want.live && got.region == want.region && got.category == want.category,
                   "round %u, event %u (%s): %d %u %u, not %d %u %u", round, i, m->all[i].id, (int)got.live, got.region,
                   (unsigned)got.category, (int)want.live, want.region, (unsigned)want.category);
        }
        check_walks(m, &dice);
        check_matters(m);
        ledger_destroy(&m->ledger);
        free(m);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ledger against a model");
    core_test(s, standing_walks_and_roots);
    return core_run(s);
}
