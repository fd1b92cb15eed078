/* Watching files: each way in which people and systems change them is seen, and what lies beside them is not. */
#include "cli/watch.h"
#include "core.h"

#include <sys/stat.h>

static char folder[] = "/tmp/gridwarn-watch-XXXXXX";
static int64_t now_ms = 1;

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(system("mkdir -p rules models; echo 1 >rules/a.yaml; echo 1 >calendar.csv"), 0);
}

static void tear_down(void)
{
    char command[100];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
    ck_assert_int_eq(system(command), 0);
}

/* all that has happened until now, and no more; the clock is the test's */
static bool seen(struct watch *w)
{
    if (watch_changed(w, now_ms))
        return true;
    now_ms += 600;
    return watch_changed(w, now_ms);
}

static void ck_run(struct watch *w, const char *command, bool expected)
{
    ck_assert_int_eq(system(command), 0);
    bool told = seen(w);
    ck_assert_msg(told == expected, "%s: %s", command, told ? "seen" : "not seen");
    ck_assert_msg(!seen(w), "%s: seen twice", command);
}

static struct watch *watch_all(void)
{
    struct watch *w = watch_create();
    ck_assert_ptr_nonnull(w);
    watch_path(w, "rules/"); /* relative to where we are */
    watch_path(w, "models");
    watch_path(w, "calendar.csv");
    ck_assert(!seen(w));
    return w;
}

START_TEST(test_edits_are_seen)
{
    struct watch *w = watch_all();
    ck_run(w, "echo 2 >rules/a.yaml", true);
    ck_run(w, "echo 3 >rules/.new && mv rules/.new rules/a.yaml", true);
    ck_run(w, "echo 3 >rules/b.yml", true);
    ck_run(w, "echo 3 >rules/t.csv", true);
    ck_run(w, "ln rules/t.csv rules/u.csv", true);
    ck_run(w, "rm rules/b.yml", true);
    ck_run(w, "mv rules/t.csv t.csv", true);
    ck_run(w, "echo 2 >calendar.csv", true);
    ck_run(w, "echo 2 >c && mv c calendar.csv", true);
    ck_run(w, "rm calendar.csv", true);
    ck_run(w, "echo 2 >calendar.csv", true);
    ck_run(w, "echo '{}' >models/m.json", true);
    watch_destroy(&w);
    ck_assert_ptr_null(w);
}
END_TEST

START_TEST(test_what_lies_beside_is_not)
{
    struct watch *w = watch_all();
    ck_run(w, "echo 1 >rules/.a.yaml.swp; echo 1 >rules/4913; rm rules/4913; echo 1 >'rules/a.yaml~'", false);
    ck_run(w, "echo 1 >'rules/#a.yaml#'; ln -s x 'rules/.#a.yaml'; echo 1 >rules/a.yaml.tmp; echo 1 >rules/notes.txt", false);
    ck_run(w, "echo 1 >other.csv; mkdir elsewhere; echo 1 >elsewhere/a.yaml", false);
    ck_run(w, "cat rules/a.yaml calendar.csv >/dev/null", false);
    watch_destroy(&w);
}
END_TEST

START_TEST(test_folders_come_and_go)
{
    struct watch *w = watch_all();
    ck_run(w, "rm -r rules", true);
    ck_run(w, "mkdir rules", true);
    ck_run(w, "echo 1 >rules/a.yaml", true);
    ck_run(w, "mv rules old && mkdir rules && echo 2 >rules/a.yaml", true);
    ck_run(w, "echo 3 >old/a.yaml", false);
    ck_run(w, "echo 3 >rules/a.yaml", true);
    watch_destroy(&w);
}
END_TEST

/* as Kubernetes mounts a ConfigMap, and replaces it */
START_TEST(test_links_are_swapped)
{
    ck_assert_int_eq(system("mkdir -p mount/..1 mount/..2 && echo 1 >mount/..1/a.yaml && echo 2 >mount/..2/a.yaml && "
                            "ln -s ..1 mount/..data && ln -s ..data/a.yaml mount/a.yaml && ln -s mount linked"),
                     0);
    struct watch *w = watch_all();
    watch_path(w, "linked");
    watch_path(w, "linked/a.yaml");
    ck_assert(!seen(w));
    ck_run(w, "ln -s ..2 mount/..tmp && mv -T mount/..tmp mount/..data", true);
    ck_run(w, "echo 3 >mount/..2/a.yaml", true);
    ck_run(w, "echo 3 >mount/..1/a.yaml", false);
    ck_run(w, "mkdir there && rm linked && ln -s there linked", true);
    ck_run(w, "echo 1 >there/b.yaml", true);
    ck_run(w, "rm linked && ln -s linked linked", true); /* round and round */
    watch_destroy(&w);
}
END_TEST

START_TEST(test_it_settles)
{
    struct watch *w = watch_all();
    for (int i = 0; i < 8; i++) { /* each within half a second of the one before */
        ck_assert_int_eq(system("echo 2 >rules/a.yaml"), 0);
        now_ms += 400;
        ck_assert(!watch_changed(w, now_ms));
    }
    now_ms += 499;
    ck_assert(!watch_changed(w, now_ms));
    now_ms += 1;
    ck_assert(watch_changed(w, now_ms));
    /* and without an end */
    int rounds = 0;
    do {
        ck_assert_int_eq(system("echo 2 >rules/a.yaml"), 0);
        now_ms += 400;
    } while (!watch_changed(w, now_ms) && ++rounds < 100);
    ck_assert_int_eq(rounds, 13);
    watch_destroy(&w);
}
END_TEST

START_TEST(test_a_file_is_not_taken_half_written)
{
    struct watch *w = watch_all();
    FILE *out = fopen("rules/slow.yaml", "w");
    ck_assert_ptr_nonnull(out);
    ck_assert(!seen(w));
    fputs("rules:\n", out);
    fflush(out);
    ck_assert(!seen(w));
    fclose(out);
    ck_assert(seen(w));
    watch_destroy(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, test_edits_are_seen);
    tcase_add_test(tests, test_what_lies_beside_is_not);
    tcase_add_test(tests, test_folders_come_and_go);
    tcase_add_test(tests, test_links_are_swapped);
    tcase_add_test(tests, test_it_settles);
    tcase_add_test(tests, test_a_file_is_not_taken_half_written);
    return core_run(suite);
}
