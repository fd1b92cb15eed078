/* Warnings about what no source can ever meet: each cause by itself, at its place; none where one source will do.  And
 * about readings that are forgotten before the rule has done with them. */
#include "rule/rule.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOTLINE, PETITION, SENSOR, SOURCES };

static struct problems problems;
static struct registry *registry;
static struct catalogue *catalogue;
static struct offer offer[SOURCES];
static const struct offer *const offers[SOURCES] = {&offer[HOTLINE], &offer[PETITION], &offer[SENSOR]};
static struct rule_context context;
static char path[] = "/tmp/gridwarn-unmet-XXXXXX";

static const char *file_of(const char *text)
{
    FILE *out = fopen(path, "w");
    fputs(text, out);
    fclose(out);
    return path;
}

static void offer_category(unsigned source, const char *name)
{
    offer_add_category(&offer[source], catalogue_find_category(catalogue, str_of(name)));
}

/* The hotline knows labour's cases and its callers, petitions may be about anything and name a respondent, sensors
 * measure noise. */
static void set_up(void)
{
    static const char *const levels[] = {"yellow", "red"};
    close(mkstemp(path));
    registry = registry_load(file_of("code,name,level,parent,neighbours\n1,区,district,,\n11,街,street,1,12\n"
                                     "12,道,street,1,11\n111,社,community,11,\n"),
                             &problems);
    catalogue = catalogue_create();
    catalogue_load_categories(catalogue, file_of("path,name\nlabour.wages,\nlabour.injury,\nnoise.day,\n"), &problems);
    catalogue_add_source(catalogue, "hotline");
    catalogue_add_source(catalogue, "petition");
    catalogue_add_source(catalogue, "sensor");
    catalogue_add_tag(catalogue, "urgent");
    catalogue_add_tag(catalogue, "collective");
    ck_assert_uint_eq(problems.count, 0);
    offer[HOTLINE] = (struct offer){.kinds = 1u << EVENT_CREATED | 1u << EVENT_CLOSED, .tags = 1, .callers = true,
                                    .matters = true};
    offer[PETITION] = (struct offer){.kinds = 1u << EVENT_CREATED, .tags = 2, .any_category = true,
                                     .respondents = true, .involved = true};
    offer[SENSOR] = (struct offer){.kinds = 1u << EVENT_READING, .values = true};
    offer_category(HOTLINE, "labour.wages");
    offer_category(SENSOR, "noise.day");
    context = (struct rule_context){.registry = registry,
                                    .catalogue = catalogue,
                                    .level_names = levels,
                                    .level_count = 2,
                                    .retention_s = 35 * 86400,
                                    .readings_retention_s = 48 * 3600,
                                    .offers = offers};
}

static void tear_down(void)
{
    unlink(path);
    problems_clear(&problems);
    for (unsigned i = 0; i < SOURCES; i++)
        free(offer[i].categories);
    registry_destroy(&registry);
    catalogue_destroy(&catalogue);
}

/* line 3 is the selections, 4 `per`, 5 yellow, 6 red */
static struct rule_set *load(const char *let, const char *per, const char *yellow, const char *red)
{
    char text[1024];
    snprintf(text, sizeof text,
             "rules:\n  - id: r\n    let: {%s}\n    per: %s\n    levels: {yellow: %s,\n      red: %s}\n"
             "    within: 1h\n",
             let, per, yellow, red);
    return rule_set_load(file_of(text), &context, &problems);
}

static const struct {
    const char *let, *per, *yellow, *red;
    int line;
    const char *warning;
    int more_line; /* 0: no second one */
    const char *more;
} cases[] = {
    /* the first of its reasons, and what follows for the levels */
    {"x: {source: hotline, kind: reopened}", "district", "x >= 1", "x >= 2", 3, "x: none of its sources reports", 2,
     "r can never fire"},
    {"x: {source: sensor, kind: created}", "district", "x >= 1", "x >= 2", 3, "events of this kind", 2, "never fire"},
    {"x: {source: [hotline, sensor], tag: collective}", "district", "x >= 1", "x >= 2", 3, "gives these tags", 2,
     "never fire"},
    {"x: {tag: [urgent, collective]}", "district", "x >= 1", "x >= 2", 3, "gives these tags", 2, "never fire"},
    {"x: {source: sensor, any_tag: [urgent, collective]}", "district", "x >= 1", "x >= 2", 3, "gives these tags", 2,
     "never fire"},
    {"x: {source: hotline, category: [labour.injury, noise]}", "district", "x >= 1", "x >= 2", 3,
     "reports this category", 2, "never fire"},
    {"x: {source: sensor, category: labour}", "district", "x >= 1", "x >= 2", 3, "this category", 2, "never fire"},
    {"x: {source: [hotline, sensor]}", "respondent", "x >= 1", "x >= 2", 4, "names such a subject", 2, "never fire"},
    {"x: {source: [petition, sensor]}", "matter", "x >= 1", "x >= 2", 4, "names such a subject", 2, "never fire"},
    {"x: {source: petition}", "district", "x.callers >= 1", "x.callers >= 2", 3, "x.callers: none", 2, "never fire"},
    {"x: {source: hotline}", "district", "x.involved >= 1", "x >= 2", 3, "x.involved: none", 5,
     "the level yellow can never"},
    {"x: {source: [hotline, petition]}", "district", "x >= 1", "x.sum >= 2 or x.max >= 3", 3, "x.sum: none", 6,
     "the level red can never"},
    {"x: {source: sensor, tag: urgent}, y: {}", "district", "x >= 1 or y >= 1", "y >= 2 and x >= 1", 3, "these tags", 6,
     "the level red can never"},
    {"x: {source: sensor, tag: urgent}, y: {}", "district", "x >= 1 or y >= 1", "y >= 2", 3, "these tags", 0, NULL},
    /* one source will do, one of several kinds, categories, tags, subjects too */
    {"x: {}", "district", "x.callers >= 1", "x.involved >= 2 and x.max >= 1", 0, NULL, 0, NULL},
    {"x: {source: [hotline, sensor], kind: [reading, reopened]}", "district", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
    {"x: {category: [labour.injury]}", "district", "x >= 1", "x >= 2", 0, NULL, 0, NULL}, /* a petition may be */
    {"x: {source: hotline, category: labour, tag: urgent}", "matter", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
    /* what has to come before it */
    {"x: {source: hotline, after: y}, y: {source: hotline, kind: reopened}", "district", "x >= 1", "x >= 2", 3,
     "y: none of its sources reports", 2, "never fire"},
    {"x: {source: hotline, after: y}, y: {source: petition}", "district", "x >= 1", "x >= 2", 3,
     "x: none of the sources of y names a matter", 2, "never fire"},
    {"x: {source: petition, after: y}, y: {source: hotline}", "district", "x >= 1", "x >= 2", 3,
     "x: none of its sources names a matter", 2, "never fire"},
    {"x: {source: [petition, sensor], overdue: true}, y: {}", "district", "x >= 1 or y >= 1", "x >= 2", 3,
     "x: none of its sources names a matter", 6, "the level red"},
    {"x: {source: hotline, unless: y}, y: {source: petition}", "district", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
    {"x: {source: [hotline, petition], after: y}, y: {}", "[respondent, matter]", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
    /* regions around */
    {"x: {}", "community", "adjacent(x >= 1) >= 2", "x >= 2", 5, "adjacent() (邻近) is 1 at most", 5, "the level yellow"},
    {"x: {}", "street", "adjacent(x >= 1) >= 2", "adjacent(x >= 2) > 2", 6, "adjacent() (邻近) is 2 at most", 6,
     "the level red"},
    {"x: {}", "[community, street]", "adjacent(x >= 1) >= 2", "x >= 3", 0, NULL, 0, NULL},
    {"x: {}, y: {source: hotline, kind: reopened}", "street", "adjacent(y >= 1) >= 2", "x >= 2", 3, "reports", 5,
     "the level yellow"},
    {"x: {}, y: {source: hotline, kind: reopened}", "street", "'both(x, y) >= 2'", "'x >= 2 or share(x, y) >= 1'", 3,
     "reports", 5, "the level yellow"},
    {"x: {source: sensor}", "[respondent, district]", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
    {"x: {source: petition, any_tag: [urgent, collective]}", "respondent", "x >= 1", "x >= 2", 0, NULL, 0, NULL},
};

static bool has(int line, const char *part)
{
    for (size_t i = 0; i < problems.kept; i++)
        if (problems.all[i].line == line && problems.all[i].warning && strstr(problems.all[i].text, part))
            return true;
    return false;
}

START_TEST(warnings)
{
    struct rule_set *set = load(cases[_i].let, cases[_i].per, cases[_i].yellow, cases[_i].red);
    size_t expected = cases[_i].more ? 2 : cases[_i].warning ? 1 : 0;
    if (problems.warnings != expected || problems.count)
        problems_print(&problems, stderr);
    ck_assert_ptr_nonnull(set); /* they refuse nothing */
    ck_assert_uint_eq(problems.count, 0);
    ck_assert_uint_eq(problems.warnings, expected);
    ck_assert(!cases[_i].warning || has(cases[_i].line, cases[_i].warning));
    ck_assert(!cases[_i].more || has(cases[_i].more_line, cases[_i].more));
    rule_set_destroy(&set);
}
END_TEST

/* what the mappings offer is not known while one of them is wrong; and a wrong rule is not judged */
START_TEST(silent)
{
    context.offers = NULL;
    struct rule_set *set = load("x: {source: sensor, kind: created}", "district", "x >= 1", "x >= 2");
    ck_assert_ptr_nonnull(set);
    ck_assert_uint_eq(problems.warnings, 0);
    rule_set_destroy(&set);
    context.offers = offers;
    ck_assert_ptr_null(load("x: {source: sensor, kind: created}", "district", "x >= 1", "z >= 2"));
    ck_assert_uint_eq(problems.count, 1);
    ck_assert_uint_eq(problems.warnings, 0);
}
END_TEST

/* the rule of line 3 needs an hour and more */
START_TEST(forgotten)
{
    static const struct {
        const char *let;
        bool warned; /* where readings are kept for an hour, not where for two days */
        const char *red;
    } lets[] = {
        {"x: {source: sensor}", true, "x >= 2"},
        {"x: {source: [hotline, sensor], category: noise}", true, "x >= 2"},
        {"x: {}", true, "x >= 2"},
        {"x: {source: [hotline, petition]}", false, "x >= 2"},
        {"x: {source: sensor, kind: [created, reading]}, y: {source: hotline}", true, "y >= 2"},
        {"x: {source: [hotline, sensor], kind: created}", false, "x >= 2"},
        {"x: {source: [hotline, sensor], category: labour}", false, "x >= 2"},
        {"x: {source: [petition, sensor], tag: collective}", false, "x >= 2"},
    };
    for (size_t i = 0; i < sizeof lets / sizeof *lets; i++)
        for (int hours = 1; hours <= 48; hours += 47) {
            context.readings_retention_s = hours * 3600;
            struct rule_set *set = load(lets[i].let, "district", "x >= 1", lets[i].red);
            bool warned = lets[i].warned && hours == 1;
            if (!set)
                problems_print(&problems, stderr);
            ck_assert_msg(set && problems.warnings == warned, "%s: %zu warnings", lets[i].let, problems.warnings);
            ck_assert(!warned || has(3, "x takes readings, which are kept for 60 minutes only"));
            rule_set_destroy(&set);
            problems_clear(&problems);
        }
}
END_TEST

START_TEST(categories)
{
    struct offer o = {0};
    ck_assert(!offer_has_category(&o, 1, CATEGORIES_MAX));
    offer_add_category(&o, 8);
    offer_add_category(&o, CATEGORIES_MAX);
    ck_assert(offer_has_category(&o, 8, 8) && offer_has_category(&o, 1, 8) && offer_has_category(&o, 8, 9));
    ck_assert(!offer_has_category(&o, 1, 7) && !offer_has_category(&o, 9, CATEGORIES_MAX - 1));
    ck_assert(offer_has_category(&o, CATEGORIES_MAX, CATEGORIES_MAX));
    free(o.categories);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("unmet");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, warnings, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, silent);
    tcase_add_test(tests, forgotten);
    tcase_add_test(tests, categories);
    Suite *suite = suite_create("unmet");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
