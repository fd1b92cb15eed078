/* The files of a world: a registry, a catalogue, one flat mapping, a configuration; its rules are in world_rules.c. */
#include "world_files.h"

#include "base/check.h"
#include "rule/texts.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char regions[] = "code,name,level,parent,neighbours\n"
                              "9,九区,district,,\n"
                              "91,一街,street,9,92\n"
                              "92,二街,street,9,91\n"
                              "911,甲社区,community,91,912\n"
                              "912,乙社区,community,91,911;921\n"
                              "921,丙社区,community,92,912\n"
                              "9111,甲一格,grid,911,9112;9121\n"
                              "9112,甲二格,grid,911,9111\n"
                              "9121,乙一格,grid,912,9111;9211\n"
                              "9211,丙一格,grid,921,9121;9212\n"
                              "9212,丙二格,grid,921,9211\n";

static const char categories[] = "path,name\nlabour.wages,欠薪\nlabour.hours,工时\nnoise,噪声\nsensor.noise,噪声计\n";

static const char mapping[] =
    "id: id\noccurred_at: {path: at, formats: [unix_s]}\n"
    "kind: {path: kind, map: {created: created, called_again: called_again, status: status, closed: closed,\n"
    "       reopened: reopened, merged: merged, linked: linked, moved: moved, voided: voided, restored: restored,\n"
    "       reading: reading}}\n"
    "region: region\ncategory: category\nmatter: matter\ntarget: target\nactors: actors\nrespondent: who\n"
    "involved: involved\nvalue: value\ndue_at: {path: due, formats: [unix_s]}\ntags: {threat: threat, joint: joint}\n";

static const char organisations[] = "code,name,aliases\n厂0,厂0,\n厂1,厂1,\n厂2,厂2,\n";

void world_write(const char *directory, const char *name, const char *text, size_t len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "w");
    CHECK(out && fwrite(text, 1, len, out) == len && fclose(out) == 0);
    CHECK(chmod(path, 0600) == 0);
}

/* ---- the configuration ---- */

static void config_text(struct buffer *out, struct dice *dice, const struct world_shape *shape)
{
    static const char *const sources[] = {"hotline", "petition", "sensor"};
    buffer_printf(out,
                  "group: sim\ntime: %s\ntimezone: +00:00\nactor_keys: key\noutput: console\nhttp: {listen: off}\n",
                  shape->event_time ? "event" : "wall");
    buffer_printf(out,
                  "registry: {regions: regions.csv, categories: categories.csv, organisations: "
                  "organisations.csv}\nrules: rules.yaml\nrules_watch: off\n%ssources:\n",
                  shape->plain ? "" : "calendar: calendar.csv\nmodels: models\n");
    for (int i = 0; i < 3; i++) {
        int lateness = (int)dice_between(dice, 2, 40), silent = (int)dice_between(dice, 1, lateness);
        buffer_printf(out, "  %s: {file: %s, mapping: mapping.yaml, lateness: %dm, silent_after: %dm, skew: 24h}\n",
                      sources[i], sources[i], lateness, silent);
    }
    if (shape->centre)
        buffer_printf(out, "dispositions: {file: dispositions}\n");
    buffer_printf(out,
                  "ledger: {keep: %s, memory: 16MiB, readings_memory: 16MiB, readings_keep: 30d}\n"
                  "counters: {memory: 16MiB}\nheartbeat: 30s\n",
                  shape->past ? "2d" : "35d");
}

static void check(bool good, struct problems *problems)
{
    if (!good)
        problems_print(problems, stderr);
    problems_clear(problems);
    CHECK(good);
}

static struct config *load_config(const char *directory)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/gridwarn.yaml", directory);
    struct problems problems = {0};
    struct config *config = config_load(path, &problems);
    check(config != NULL, &problems);
    return config;
}

void world_edit(const struct world *w, unsigned generation)
{
    const char *text = w->generations[generation].text;
    FILE *out = fopen(w->rules_path, "w");
    CHECK(out && fwrite(text, 1, strlen(text), out) == strlen(text) && fclose(out) == 0);
}

static void load_generation(struct world *w, unsigned number)
{
    struct world_generation *g = &w->generations[number];
    struct rule_context context = config_rule_context(w->config);
    struct problems problems = {0};
    world_edit(w, number);
    context.texts = rule_texts_create(w->rules_path);
    g->rules = rule_set_load(w->rules_path, &context, &problems);
    check(g->rules != NULL, &problems);
    snprintf(g->files, sizeof g->files, "%s", rule_texts_digest(context.texts));
    rule_texts_destroy(&context.texts);
}

/* with one rule less, and with all; the same dice for both */
static unsigned plain_rules(struct dice *dice, const struct world_shape *shape, unsigned count, char *text[GENERATIONS_MAX])
{
    unsigned made = 0;
    for (unsigned n = shape->changes ? count - 1 : count; n <= count; n++) {
        struct dice own = *dice;
        struct buffer out = {0};
        buffer_printf(&out, "rules:\n");
        for (unsigned i = 0; i < n; i++)
            world_rule(&out, &(struct hand){.number = i, .what = &own, .amount = &own, .shape = shape});
        text[made++] = xstrndup(out.at, out.len);
        buffer_free(&out);
    }
    return made;
}

static void make_rules(struct world *w, struct dice *dice, const char *directory, const struct world_shape *shape)
{
    char *text[GENERATIONS_MAX];
    unsigned rules = shape->plain ? 2 + dice_below(dice, 3) : 0;
    struct dice own = {dice_next(dice)}, for_rules = {dice_next(&own)}, centre = {own.state ^ 0x5bd1e995};
    w->generation_count = shape->plain ? plain_rules(&for_rules, shape, rules, text)
                                       : world_changes(&for_rules, &centre, directory, shape, text);
    for (unsigned g = 0; g < w->generation_count; g++)
        w->generations[g].text = text[g];
    world_edit(w, 0);
    struct buffer out = {0};
    config_text(&out, &own, shape);
    world_write(directory, "gridwarn.yaml", out.at, out.len);
    buffer_free(&out);
    w->config = load_config(directory);
    for (unsigned g = 0; g < w->generation_count; g++)
        load_generation(w, g);
    world_edit(w, 0);
}

void world_files(struct world *world, struct dice *dice, const char *directory, const struct world_shape *shape)
{
    world_write(directory, "regions.csv", regions, sizeof regions - 1);
    world_write(directory, "categories.csv", categories, sizeof categories - 1);
    world_write(directory, "organisations.csv", organisations, sizeof organisations - 1);
    world_write(directory, "mapping.yaml", mapping, sizeof mapping - 1);
    world_write(directory, "key", "000102030405060708090a0b0c0d0e0f\n", 33);
    if (!shape->plain)
        world_language_files(dice, directory);
    if (shape->centre)
        world_centre_files(directory);
    snprintf(world->rules_path, sizeof world->rules_path, "%s/rules.yaml", directory);
    make_rules(world, dice, directory, shape);
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
