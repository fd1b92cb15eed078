/* Which alerts may be one dispute, and whether they rest on the same facts, against brute force. */
#include "incident/near.h"
#include "incident/overlap.h"

#include "core.h"

/* ---- the same facts ---- */

enum { FACTS = 1000 };

/* some of the facts, in order; many are of one second, as where a day's tickets are entered at once */
static size_t draw(struct dice *dice, const struct view_entry *all, struct view_entry *out)
{
    size_t count = 0;
    unsigned percent = dice_below(dice, 3) ? dice_below(dice, 101) : dice_below(dice, 3);
    unsigned first = dice_below(dice, FACTS);
    unsigned last = first + dice_below(dice, FACTS - first);
    for (unsigned i = first; i <= last && i < FACTS; i++)
        if (dice_chance(dice, percent))
            out[count++] = all[i];
    return count;
}

static bool brute_force(struct evidence_window a, struct evidence_window b)
{
    if (a.count > b.count)
        return brute_force(b, a);
    size_t looked_for = a.count < OVERLAP_FACTS_MAX ? a.count : OVERLAP_FACTS_MAX, found = 0;
    for (size_t i = a.count - looked_for; i < a.count; i++)
        for (size_t k = 0; k < b.count; k++)
            found += a.facts[i].ref == b.facts[k].ref;
    return looked_for && found * 2 >= looked_for;
}

START_TEST(overlaps)
{
    struct dice dice = core_dice();
    static struct view_entry all[FACTS], a[FACTS], b[FACTS];
    unsigned seen[2] = {0};
    for (unsigned round = 0, rounds = core_effort(400); round < rounds; round++) {
        uint32_t at = 1000;
        for (unsigned i = 0; i < FACTS; i++) {
            at += dice_chance(&dice, 40);
            all[i] = (struct view_entry){.at = at, .ref = (i * 7919 + 1) % 65536};
        }
        struct evidence_window left = {a, draw(&dice, all, a)}, right = {b, draw(&dice, all, b)};
        /* of equal windows either may be looked into */
        bool equal = left.count == right.count;
        bool half = brute_force(left, right);
        EXPECT(evidence_overlaps(left, right) == half, "half of the facts");
        EXPECT(equal || evidence_overlaps(right, left) == half, "turned round");
        seen[half]++;
    }
    ck_assert(seen[0] && seen[1]);
}
END_TEST

START_TEST(nothing_overlaps_with_nothing)
{
    struct view_entry one = {.at = 1, .ref = 1};
    struct evidence_window none = {NULL, 0}, some = {&one, 1};
    ck_assert(!evidence_overlaps(none, none) && !evidence_overlaps(none, some));
    ck_assert(evidence_overlaps(some, some));
}
END_TEST

/* ---- who is near ---- */

enum { MEMBERS = 30 };

static const char regions[] = "code,name,level,parent\n1,a,district,\n11,b,street,1\n111,c,community,11\n1111,d,grid,111\n"
                              "1112,e,grid,111\n12,f,street,1\n121,g,community,12\n2,h,district,\n";
static const char categories[] = "path,name\nlabour.wage_arrears,a\nlabour.injury,b\nnoise,c\n";

struct met {
    const struct member *of;
    const struct names *names;
    unsigned times[MEMBERS];
    struct member *all[MEMBERS];
};

static bool meet(void *arg, struct member *m)
{
    struct met *met = arg;
    for (unsigned i = 0; i < MEMBERS; i++)
        met->times[i] += met->all[i] == m;
    return true;
}

static bool below(const struct names *n, uint32_t wide, uint32_t narrow)
{
    for (uint32_t r = narrow; r != REGION_NONE;) {
        if (r == wide)
            return true;
        const struct region *own = registry_region(n->registry, r);
        uint32_t above = REGION_NONE;
        for (int level = REGION_DISTRICT; level < (int)own->level; level++)
            above = own->ancestor[level] ? own->ancestor[level] : above;
        r = above;
    }
    return wide == REGION_NONE;
}

static bool within(const struct names *n, uint16_t wide, uint16_t narrow)
{
    const char *path = wide ? catalogue_category(n->catalogue, wide)->path : "";
    size_t len = strlen(path);
    const char *own = narrow ? catalogue_category(n->catalogue, narrow)->path : "";
    return strncmp(own, path, len) == 0 && (!len || own[len] == '\0' || own[len] == '.');
}

static bool alike(const struct names *n, const struct member *a, const struct member *b)
{
    bool place = below(n, a->region, b->region) || below(n, b->region, a->region);
    bool kind = within(n, a->category, b->category) || within(n, b->category, a->category);
    return (a->respondent && a->respondent == b->respondent) || (place && kind);
}

START_TEST(who_is_near)
{
    struct dice dice = core_dice();
    struct names names = names_create(regions, categories);
    struct near near = {0};
    unsigned met_some = 0, met_none = 0;
    for (unsigned round = 0, rounds = core_effort(200); round < rounds; round++) {
        struct incidents *set = incidents_create(names.registry);
        struct met met = {.names = &names};
        for (unsigned i = 0; i < MEMBERS; i++) {
            char id[33];
            snprintf(id, sizeof id, "%032x", i);
            struct member *m = met.all[i] = incidents_join(set, id, i);
            m->firing = dice_chance(&dice, 80);
            m->region = dice_below(&dice, registry_count(names.registry) + 1);
            m->category = (uint16_t)dice_below(&dice, catalogue_category_count(names.catalogue) + 1);
            m->respondent = dice_chance(&dice, 30) ? dice_next(&dice) << 2 | (uint64_t)dice_below(&dice, 2) : 0;
            if (i > 0 && dice_chance(&dice, 20))
                m->respondent = met.all[dice_below(&dice, i)]->respondent;
        }
        near_build(&near, set);
        for (unsigned i = 0; i < MEMBERS; i++) {
            met.of = met.all[i];
            memset(met.times, 0, sizeof met.times);
            near_each(&near, names.registry, names.catalogue, met.of, meet, &met);
            for (unsigned k = 0; k < MEMBERS; k++) {
                bool wanted = k != i && met.all[k]->firing && alike(&names, met.of, met.all[k]);
                EXPECT((met.times[k] > 0) == wanted && met.times[k] <= 2, "%u and %u: %u times, %s", i, k, met.times[k],
                       wanted ? "wanted" : "not wanted");
                met_some += wanted;
                met_none += !wanted;
            }
        }
        incidents_destroy(&set);
    }
    ck_assert(met_some && met_none);
    near_free(&near);
    names_destroy(&names);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("overlap");
    core_test(s, overlaps);
    core_test(s, nothing_overlaps_with_nothing);
    core_test(s, who_is_near);
    return core_run(s);
}
