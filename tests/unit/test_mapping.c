/* What is wrong with a mapping is said when it is loaded, all of it at once, at its place. */
#include "decode_world.h"

#include "decode/offer.h"

#include <check.h>

static struct world world;

static void set_up(void)
{
    world_create(&world);
}

static void tear_down(void)
{
    world_destroy(&world);
}

static void expect_problem(int line, int col, const char *part)
{
    for (size_t i = 0; i < world.problems.count; i++) {
        const struct problem *p = &world.problems.all[i];
        if (p->line == line && p->col == col && strstr(p->text, part))
            return;
    }
    problems_print(&world.problems, stderr);
    fflush(stderr);
    ck_abort_msg("no problem at %d:%d with \"%s\"", line, col, part);
}

START_TEST(the_three_shapes_are_right)
{
    for (size_t i = 0; i < sizeof world_mappings / sizeof *world_mappings; i++) {
        struct mapping *m = world_mapping(&world, world_mappings[i]);
        ck_assert_ptr_nonnull(m);
        ck_assert_uint_eq(world.problems.count, 0);
        mapping_destroy(&m);
        ck_assert_ptr_null(m);
    }
    ck_assert_int_ge(catalogue_find_tag(world.catalogue, STR("collective")), 0);
}
END_TEST

START_TEST(shows_every_mistake_at_once)
{
    ck_assert_ptr_null(world_mapping(&world,
                                     "ids: id\n"
                                     "kind: {path: type, map: {a: creatd, b: party, c: skip}, default: nothing}\n"
                                     "occurred_at: {path: t, formats: [rfc, '%Y'], zone: 8}\n"
                                     "region: {path: r, by: number, fallback: ancestor, fall: x}\n"
                                     "category: {path: c, map: {a: noise.day}, table: t.csv}\n"
                                     "matter: {prefix: x}\n"
                                     "target: {created: a, vioded: b, voided: ''}\n"
                                     "actors: {path: a, as: phone, hashed: true, split: '--'}\n"
                                     "respondent: a..b\n"
                                     "involved: rows[].n\n"
                                     "value: {path: a, paths: [b]}\n"
                                     "links: [a, 'b[]c']\n"
                                     "due_at: {path: []}\n"
                                     "skip: {equals: 1}\n"
                                     "tags: [a]\n"
                                     "id: {path: id, with: x}\n"));
    expect_problem(1, 1, "did you mean id?");
    expect_problem(2, 29, "did you mean created?");
    expect_problem(2, 40, "the engine makes it itself");
    expect_problem(2, 66, "nothing is no kind of event");
    expect_problem(3, 34, "rfc: expected rfc3339");
    expect_problem(3, 39, "%Y: expected rfc3339");
    expect_problem(3, 52, "zone: expected hours");
    expect_problem(4, 23, "by: expected code or name");
    expect_problem(4, 41, "fallback: expected none or ancestors");
    expect_problem(4, 51, "unknown key fall");
    expect_problem(5, 49, "a map or a table, not both");
    expect_problem(6, 9, "expected `path: ` or `paths: []`");
    expect_problem(7, 10, "created: no kind of event that has a target");
    expect_problem(7, 22, "vioded: no kind of event that has a target");
    expect_problem(7, 41, "is no path");
    expect_problem(8, 9, "not both");
    expect_problem(8, 51, "one ASCII character");
    expect_problem(9, 13, "a..b is no path");
    expect_problem(10, 11, "a list is not expected here");
    expect_problem(11, 25, "have been given already");
    expect_problem(12, 12, "[] stands between two keys");
    expect_problem(13, 16, "path: expected text");
    expect_problem(14, 7, "expected `path: `");
    expect_problem(15, 7, "expected keys with values");
    expect_problem(16, 22, "`with` goes with `join`");
}
END_TEST

START_TEST(needs_what_its_kinds_need)
{
    ck_assert_ptr_null(world_mapping(&world, "id: a\n"));
    expect_problem(1, 1, "a mapping needs kind");
    expect_problem(1, 1, "a mapping needs occurred_at");
    ck_assert_uint_eq(world.problems.count, 2);
    problems_clear(&world.problems);
    ck_assert_ptr_null(world_mapping(&world, "id: a\noccurred_at: b\nlinks: x\n"
                                             "kind: {path: c, map: {a: created, b: merged, c: moved}}\n"));
    expect_problem(1, 1, "created needs region");
    expect_problem(1, 1, "created needs category");
    expect_problem(1, 1, "merged needs target");
    expect_problem(1, 1, "merged needs matter");
    expect_problem(1, 1, "moved needs target");
    expect_problem(1, 1, "moved needs region or category");
    expect_problem(1, 1, "links need matter");
    ck_assert_uint_eq(world.problems.count, 7);
    problems_clear(&world.problems);
    struct mapping *m = world_mapping(&world, "id: a\noccurred_at: b\nkind: created\nregion: c\n"
                                              "category: {default: noise}\n");
    ck_assert_ptr_nonnull(m);
    mapping_destroy(&m);
}
END_TEST

START_TEST(tables_of_categories)
{
    char folder[] = "/tmp/gridwarn-test-XXXXXX", table[64], name[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(table, sizeof table, "%s/codes.csv", folder);
    snprintf(name, sizeof name, "%s/mapping.yaml", folder);
    static const char text[] =
        "id: id\nkind: created\noccurred_at: t\nregion: r\ncategory: {path: c, table: codes.csv}\n";
    static const unsigned char key[16];
    const struct mapping_context context = {world.registry, world.catalogue, key, 1};
    struct yaml_file *yaml = yaml_parse(name, STR(text), &world.problems);
    FILE *file = fopen(table, "w");
    ck_assert_ptr_nonnull(file);
    fputs("category,code\nnoise,01\nnoise.night,拖欠\n", file);
    fclose(file);
    struct mapping *m = mapping_load(yaml_root(yaml), 0, &context, &world.problems);
    ck_assert_ptr_nonnull(m);
    uint16_t noise = catalogue_find_category(world.catalogue, STR("noise")),
             night = catalogue_find_category(world.catalogue, STR("noise.night"));
    ck_assert(offer_has_category(mapping_offer(m), noise, noise) && offer_has_category(mapping_offer(m), night, night));
    ck_assert(!offer_has_category(mapping_offer(m), 1, (uint16_t)(noise - 1)));
    mapping_destroy(&m);
    file = fopen(table, "w");
    ck_assert_ptr_nonnull(file);
    fputs("category,code\nnois,01\nnoise,01\nnoise,\n", file);
    fclose(file);
    ck_assert_ptr_null(mapping_load(yaml_root(yaml), 0, &context, &world.problems));
    expect_problem(2, 1, "there is no category nois");
    expect_problem(3, 7, "the code 01 stands here twice");
    expect_problem(4, 7, "a line without a code");
    ck_assert_uint_eq(world.problems.count, 3);
    ck_assert_str_eq(world.problems.all[0].file, table);
    yaml_close(&yaml);
    unlink(table);
    rmdir(folder);
}
END_TEST

START_TEST(bounds_paths_and_tags)
{
    char text[8192];
    int len = snprintf(text, sizeof text,
                       "id: [a,b,c,d,e,f,g,h,i]\nkind: created\noccurred_at: t\nregion: r\n"
                       "category: c\ntags:\n");
    for (int i = 0; i <= TAGS_MAX; i++) /* and more paths than there may be */
        len +=
            snprintf(text + len, sizeof text - (size_t)len, "  t%d: [x.a%d, y.b%d, z.c%d, x.a%d]\n", i, i, i, i, i);
    ck_assert_ptr_null(world_mapping(&world, text));
    expect_problem(1, 22, "too many paths; at most 8");
    expect_problem(28, 16, "at most 96 in all");
    expect_problem(31, 3, "too many tags; at most 24");
}
END_TEST

static struct offer offer_of(const char *more)
{
    char text[2048];
    snprintf(text, sizeof text, "id: a\noccurred_at: t\nregion: r\nmatter: m\n%s", more);
    struct mapping *m = world_mapping(&world, text);
    problems_print(&world.problems, stderr);
    ck_assert_ptr_nonnull(m);
    struct offer o = *mapping_offer(m);
    bool named[] = {o.callers, o.respondents, o.involved, o.values};
    for (unsigned i = 0; i < sizeof named / sizeof *named; i++)
        ck_assert_int_eq(named[i], strstr(more, "actors") != NULL);
    ck_assert(o.matters);
    o.categories = NULL; /* the mapping's, asked below */
    mapping_destroy(&m);
    return o;
}

START_TEST(offers)
{
    const uint32_t created = 1U << EVENT_CREATED, closed = 1U << EVENT_CLOSED;
    ck_assert_uint_eq(offer_of("kind: created\ncategory: c\n").kinds, created);
    ck_assert_uint_eq(offer_of("kind: {path: k, map: {a: created, b: skip}, default: closed}\ncategory: c\n").kinds,
                      created | closed);
    struct offer words = offer_of("kind: {path: k}\ncategory: c\n"); /* the engine's own words */
    ck_assert(words.kinds & created && words.kinds & closed && words.any_category);
    struct offer full = offer_of("kind: created\ncategory: {path: c, map: {a: noise}}\nactors: a\nrespondent: b\n"
                                 "involved: i\nvalue: v\ntags: {offered: x}\n");
    ck_assert(!full.any_category);
    ck_assert_uint_eq(full.tags, 1U << catalogue_find_tag(world.catalogue, STR("offered")));
}
END_TEST

START_TEST(offered_categories)
{
    uint16_t noise = catalogue_find_category(world.catalogue, STR("noise")),
             wages = catalogue_find_category(world.catalogue, STR("labour.wage_arrears"));
    struct mapping *m = world_mapping(&world, "id: a\nkind: created\noccurred_at: t\nregion: r\n"
                                              "category: {path: c, map: {n: noise}}\n");
    ck_assert(offer_has_category(mapping_offer(m), noise, noise));
    ck_assert(!offer_has_category(mapping_offer(m), wages, wages));
    mapping_destroy(&m);
    m = world_mapping(&world, "id: a\nkind: created\noccurred_at: t\nregion: r\n"
                              "category: {path: c, map: {n: noise}, default: labour.wage_arrears}\n");
    ck_assert(offer_has_category(mapping_offer(m), noise, noise));
    ck_assert(offer_has_category(mapping_offer(m), wages, wages));
    mapping_destroy(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mapping");
    TCase *one = tcase_create("mapping");
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_add_test(one, the_three_shapes_are_right);
    tcase_add_test(one, shows_every_mistake_at_once);
    tcase_add_test(one, needs_what_its_kinds_need);
    tcase_add_test(one, tables_of_categories);
    tcase_add_test(one, bounds_paths_and_tags);
    tcase_add_test(one, offers);
    tcase_add_test(one, offered_categories);
    suite_add_tcase(suite, one);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
