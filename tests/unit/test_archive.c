/* Generations that are kept: what is brought back is what was kept, byte for byte, whatever it was and however large. */
#include "commit/archive.h"
#include "core.h"

#include <sys/stat.h>

static char folder[] = "/tmp/gridwarn-archive-XXXXXX";

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(mkdir("rules", 0700), 0);
}

static void tear_down(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
    ck_assert_int_eq(fclose(out), 0);
}

static void ck_same(const char *a, const char *b)
{
    char command[300];
    snprintf(command, sizeof command, "cmp %s %s", a, b);
    ck_assert_msg(system(command) == 0, "%s is not %s", b, a);
}

/* what a state topic would hold */
static void keep(json_t *state, struct archive *a)
{
    size_t count;
    const struct state_note *notes = archive_notes(a, &count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_le(notes[i].value.len, STORE_RECORD_MAX);
        if (notes[i].value.at) {
            json_t *value = json_stringn(notes[i].value.at, notes[i].value.len);
            ck_assert_msg(value != NULL, "%s is no UTF-8", notes[i].key);
            json_object_set_new(state, notes[i].key, value);
        } else {
            ck_assert_int_eq(json_object_del(state, notes[i].key), 0);
        }
    }
}

static void add(struct archive *a, json_t *state, uint64_t origin, const char *passed_over)
{
    struct kept_generation g = {.origin = origin, .since_ms = 5, .rules = 3, .digest = "sha256:d",
                                .texts = rule_texts_create("rules")};
    rule_texts_note(g.texts, TEXT_RULES, "rules/a.yaml");
    strcpy(g.files, rule_texts_digest(g.texts));
    archive_add(a, g, passed_over);
    keep(state, a);
}

START_TEST(test_texts_come_back)
{
    static const char odd[] = "\xb0\xa1,\x00\xff"; /* no UTF-8 */
    size_t large = 2 << 20;
    char *chinese = xmalloc(large + 3);
    for (size_t i = 0; i < large; i += 3)
        memcpy(chinese + i, "规", 3);
    ck_assert_int_eq(mkdir("rules/below", 0700), 0);
    write_file("rules/a.yaml", chinese, large - large % 3);
    write_file("rules/below/t.csv", odd, sizeof odd);
    write_file("rules/empty.yaml", "", 0);
    write_file("calendar.csv", "x\n", 2);
    write_file("outside.csv", "x\n", 2);
    write_file("absolute.csv", "z\n", 2);
    char absolute[100];
    snprintf(absolute, sizeof absolute, "%s/absolute.csv", folder);
    free(chinese);

    struct kept_generation g = {.since_ms = 7, .rules = 2, .digest = "sha256:d", .texts = rule_texts_create("rules/")};
    rule_texts_note(g.texts, TEXT_CALENDAR, "calendar.csv");
    rule_texts_note(g.texts, TEXT_RULES, "rules/a.yaml");
    rule_texts_note(g.texts, TEXT_RULES, "rules/below/t.csv");
    rule_texts_note(g.texts, TEXT_RULES, "rules/below/t.csv");
    rule_texts_note(g.texts, TEXT_RULES, "rules/empty.yaml");
    rule_texts_note(g.texts, TEXT_RULES, "rules/../outside.csv");
    rule_texts_note(g.texts, TEXT_RULES, absolute);
    rule_texts_note(g.texts, TEXT_MODEL, "nowhere/m.json");
    strcpy(g.files, rule_texts_digest(g.texts));
    ck_assert(rule_texts_unchanged(g.texts));

    struct archive *a = archive_create(), *b = archive_create();
    json_t *state = json_object();
    archive_add(a, g, "");
    keep(state, a);
    ck_assert_uint_gt(json_object_size(state), 3); /* in pieces */
    archive_restore(b, state);
    const struct kept_generation *back = archive_active(b);
    ck_assert_ptr_nonnull(back);
    ck_assert_uint_eq(back->number, 1);
    ck_assert_uint_eq(back->origin, 1);
    ck_assert_int_eq(back->since_ms, 7);
    ck_assert_str_eq(back->files, archive_active(a)->files);

    struct text_places places;
    struct problems problems = {0};
    ck_assert_int_eq(mkdir("again", 0700), 0);
    ck_assert(rule_texts_write(back->texts, "again", &places, &problems));
    ck_assert_str_eq(places.rules, "again/rules");
    ck_assert_str_eq(places.calendar, "again/calendar/calendar.csv");
    ck_assert_ptr_null(places.models);
    ck_same("rules/a.yaml", "again/rules/a.yaml");
    ck_same("rules/below/t.csv", "again/rules/below/t.csv");
    ck_same("rules/empty.yaml", "again/rules/empty.yaml");
    ck_same("calendar.csv", places.calendar);
    /* a table that lay outside is nowhere but where it can do no harm, and is found from where it was */
    ck_assert(access("again/outside.csv", F_OK) != 0 && access("again/rules/outside.csv", F_OK) != 0);
    ck_assert_uint_eq(places.moved_count, 2);
    ck_same("outside.csv", text_place(&places, "again/rules/../outside.csv"));
    ck_same("absolute.csv", text_place(&places, absolute));
    ck_assert_str_eq(text_place(&places, "again/rules/a.yaml"), "again/rules/a.yaml");
    ck_assert_str_eq(text_place(NULL, absolute), absolute);
    text_places_free(&places);

    write_file("rules/below/t.csv", "y", 1);
    ck_assert(!rule_texts_unchanged(archive_active(a)->texts));
    json_decref(state);
    archive_destroy(&a);
    archive_destroy(&b);
}
END_TEST

static struct rule_texts *texts_named(const char *kind, const char *name)
{
    json_t *json = json_pack("{s:[{s:s, s:s, s:s}]}", "files", "kind", kind, "name", name, "text", "x");
    struct rule_texts *texts = rule_texts_from_json(json);
    json_decref(json);
    return texts;
}

START_TEST(test_a_text_goes_nowhere_else)
{
    static const char *const names[] = {"../a", "/a", "a/../../b", "b/../c", "../../rules/a", "a\nb"};
    struct problems problems = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct text_places places;
        struct rule_texts *texts = texts_named("rules", names[i]);
        ck_assert_msg(texts != NULL, "%s", names[i]);
        ck_assert_int_eq(mkdir("private", 0700), 0);
        ck_assert(rule_texts_write(texts, "private", &places, &problems));
        ck_assert_msg(system("test \"$(find . -type f)\" = ./private/outside/0 && rm -r private") == 0, "%s", names[i]);
        ck_assert_uint_eq(places.moved_count, 1);
        text_places_free(&places);
        rule_texts_destroy(&texts);
        ck_assert_msg(texts_named("calendar", names[i]) == NULL && texts_named("models", names[i]) == NULL, "%s is taken", names[i]);
    }
    ck_assert_ptr_null(texts_named("rules", ""));
}
END_TEST

START_TEST(test_the_last_ten_and_never_a_number_twice)
{
    struct archive *a = archive_create();
    json_t *state = json_object();
    archive_restore(a, state);
    ck_assert_ptr_null(archive_active(a));
    ck_assert_ptr_null(archive_before(a));
    ck_assert_uint_eq(archive_next_number(a), 1);
    for (int i = 0; i < 14; i++) {
        char text[20];
        int len = snprintf(text, sizeof text, "%d", i);
        write_file("rules/a.yaml", text, (size_t)len);
        add(a, state, 0, "");
    }
    for (int restarted = 0; restarted < 2; restarted++) {
        ck_assert_uint_eq(archive_count(a), 11);
        ck_assert_uint_eq(archive_at(a, 0)->number, 4);
        ck_assert_uint_eq(archive_active(a)->number, 14);
        ck_assert_uint_eq(archive_before(a)->number, 13);
        ck_assert_ptr_null(archive_find(a, 3));
        ck_assert_uint_eq(archive_find(a, 4)->number, 4);
        archive_restore(a, state);
    }
    ck_assert_uint_eq(json_object_size(state), 12);

    /* rolled back: what comes before is what came before the origin */
    add(a, state, 13, "sha256:disk");
    archive_restore(a, state);
    ck_assert_uint_eq(archive_active(a)->number, 15);
    ck_assert_uint_eq(archive_active(a)->origin, 13);
    ck_assert_uint_eq(archive_before(a)->number, 12);
    ck_assert_str_eq(archive_passed_over(a), "sha256:disk");
    add(a, state, 0, "");
    ck_assert_str_eq(archive_passed_over(a), "");

    /* one that is not readable is left out, and its number is not given again */
    json_object_set_new(state, "generation/30", json_string("{"));
    json_object_set_new(state, "generation/x", json_string("{}"));
    archive_restore(a, state);
    ck_assert_uint_eq(archive_next_number(a), 31);
    ck_assert_uint_eq(archive_active(a)->number, 16);
    json_decref(state);
    archive_destroy(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("archive");
    TCase *tests = tcase_create("archive");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, test_texts_come_back);
    tcase_add_test(tests, test_a_text_goes_nowhere_else);
    tcase_add_test(tests, test_the_last_ten_and_never_a_number_twice);
    return core_run(suite);
}
