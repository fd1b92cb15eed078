/* The files of a world: a registry, a catalogue, one flat mapping, a configuration; its rules are in world_rules.c. */
#include "world_files.h"

#include "alert/tracker.h"
#include "base/check.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char regions[] = "code,name,level,parent\n"
                              "9,九区,district,\n"
                              "91,一街,street,9\n"
                              "92,二街,street,9\n"
                              "911,甲社区,community,91\n"
                              "912,乙社区,community,91\n"
                              "921,丙社区,community,92\n"
                              "9111,甲一格,grid,911\n"
                              "9112,甲二格,grid,911\n"
                              "9121,乙一格,grid,912\n"
                              "9211,丙一格,grid,921\n"
                              "9212,丙二格,grid,921\n";

static const char categories[] = "path,name\nlabour.wages,欠薪\nlabour.hours,工时\nnoise,噪声\nsensor.noise,噪声计\n";

static const char mapping[] =
    "id: id\noccurred_at: {path: at, formats: [unix_s]}\n"
    "kind: {path: kind, map: {created: created, called_again: called_again, status: status, closed: closed,\n"
    "       reopened: reopened, merged: merged, linked: linked, moved: moved, voided: voided, restored: restored,\n"
    "       reading: reading}}\n"
    "region: region\ncategory: category\nmatter: matter\ntarget: target\nactors: actors\nrespondent: who\n"
    "involved: involved\nvalue: value\ndue_at: {path: due, formats: [unix_s]}\ntags: {threat: threat, joint: joint}\n";

static const char organisations[] = "code,name,aliases\n厂0,厂0,\n厂1,厂1,\n厂2,厂2,\n";

static void write_file(const char *directory, const char *name, const char *text, size_t len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    CHECK(out && fwrite(text, 1, len, out) == len && fclose(out) == 0);
    CHECK(chmod(path, 0600) == 0);
}

/* ---- the configuration ---- */

static void config_text(struct buffer *out, struct dice *dice, const struct world_shape *shape, const char *rules)
{
    static const char *const sources[] = {"hotline", "petition", "sensor"};
    buffer_printf(out,
                  "group: sim\ntime: %s\ntimezone: +00:00\nactor_keys: key\noutput: console\nhttp: {listen: off}\n",
                  shape->event_time ? "event" : "wall");
    buffer_printf(out,
                  "registry: {regions: regions.csv, categories: categories.csv, organisations: "
                  "organisations.csv}\nrules: %s\nsources:\n",
                  rules);
    for (int i = 0; i < 3; i++) {
        int lateness = (int)dice_between(dice, 2, 40), silent = (int)dice_between(dice, 1, lateness);
        buffer_printf(out, "  %s: {file: %s, mapping: mapping.yaml, lateness: %dm, silent_after: %dm, skew: 24h}\n",
                      sources[i], sources[i], lateness, silent);
    }
    buffer_printf(out,
                  "ledger: {keep: %s, memory: 16MiB, readings_memory: 16MiB, readings_keep: 30d}\n"
                  "counters: {memory: 16MiB}\nheartbeat: 30s\n",
                  shape->past ? "2d" : "35d");
}

static struct config *load(const char *directory, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    struct problems problems = {0};
    struct config *config = config_load(path, &problems);
    if (!config)
        problems_print(&problems, stderr);
    problems_clear(&problems);
    CHECK(config);
    return config;
}

static struct config *config_of(struct dice dice, const char *directory, const struct world_shape *shape,
                                unsigned rules)
{
    struct buffer text = {0};
    struct dice for_rules = {dice_next(&dice)};
    char name[32];
    snprintf(name, sizeof name, "rules%u.yaml", rules);
    world_rules(&text, &for_rules, rules, shape);
    write_file(directory, name, text.at, text.len);
    text.len = 0;
    config_text(&text, &dice, shape, name);
    write_file(directory, "gridwarn.yaml", text.at, text.len);
    buffer_free(&text);
    return load(directory, "gridwarn.yaml");
}

void world_files(struct world *world, struct dice *dice, const char *directory, const struct world_shape *shape)
{
    write_file(directory, "regions.csv", regions, sizeof regions - 1);
    write_file(directory, "categories.csv", categories, sizeof categories - 1);
    write_file(directory, "organisations.csv", organisations, sizeof organisations - 1);
    write_file(directory, "mapping.yaml", mapping, sizeof mapping - 1);
    write_file(directory, "key", "000102030405060708090a0b0c0d0e0f\n", 33);
    unsigned rules = 2 + dice_below(dice, 3);
    /* the same dice for both: the second has the same rules and one more */
    struct dice own = {dice_next(dice)};
    world->config = config_of(own, directory, shape, rules);
    world->before = shape->grows ? config_of(own, directory, shape, rules - 1) : NULL;
}

void world_directory(char *path, size_t size)
{
    const char *parent = getenv("TMPDIR");
    snprintf(path, size, "%s/gridwarn_world.XXXXXX", parent && *parent ? parent : "/tmp");
    CHECK(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *where)
{
    (void)about;
    (void)flag;
    (void)where;
    return remove(path);
}

void world_directory_remove(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
