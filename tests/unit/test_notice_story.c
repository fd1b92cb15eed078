/* A story drawn from a seed (calls, silences, their ends, edits of who is told, hours that pass) told twice: once without, once
 * with engines that crash in the middle of it.  Both publish the same of each alert, with the same notices, and the same of
 * each digest at each turn of a shift. */
#include "notice_world.h"

enum { MOMENTS = 40, LINES = 4000, LINE = 400 };

#define RULES                                                                                                          \
    "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 3h, clear: {after: 5m},\n"                   \
    "     levels: {yellow: c >= 2, orange: c >= 4, red: c >= 7}}\n"                                                    \
    "  - {id: r1, let: {c: {source: hotline}}, per: community, within: 3h, clear: {after: 5m},\n"                      \
    "     levels: {yellow: c >= 3, orange: c >= 5}}\n"

static const char *const editions[] = {
    RULES,
    "notify: {budget: {street: 2, shifts: [\"01:00\", \"04:00\", \"06:30\"]}}\n" RULES,
    "notify: {budget: {street: 1, shifts: [\"02:00\"]}, inhibit: [{when: {rule: r1, level: orange}, holds: {rule: r0}, same: community}]}\n" RULES,
    "notify: {storm: 1, inhibit: [{when: {rule: r0, level: orange}, holds: {rule: r1, level: red}, same: community}]}\n" RULES,
};

static struct desk d;

/* ---- what was told, by alert ---- */

struct told {
    char (*lines)[LINE]; /* "subject since: change level notice", in the order of the topic */
    size_t count;
};

static int by_subject(const void *left, const void *right)
{
    const char *a = left, *b = right;
    size_t n = strcspn(a, "|"), m = strcspn(b, "|");
    int order = memcmp(a, b, n < m ? n : m);
    if (!order && n != m)
        order = n < m ? -1 : 1;
    return order ? order : strcmp(a + strlen(a) + 1, b + strlen(b) + 1); /* their places, behind the text */
}

/* by its rule, its subject and when it began: ids depend on the number of the cut */
static void name_alert(const json_t *data, char *out, size_t size)
{
    snprintf(out, size, "%s %s %s", json_string_value(json_object_get(data, "rule")),
             json_string_value(json_object_get(json_object_get(data, "subject"), "code")),
             json_string_value(json_object_get(data, "opened_at")));
}

static void name_holder(const struct memory_log *log, const char *by, char *out, size_t size)
{
    snprintf(out, size, "%s", by);
    for (size_t i = 0; strlen(by) == 32 && i < log->entry_count; i++) {
        const struct log_entry *e = &log->entries[i];
        if (e->topic != STORE_ALERTS || !str_eq(e->key, str_of(by)))
            continue;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL);
        name_alert(json_object_get(json, "data"), out, size);
        json_decref(json);
        return;
    }
}

static void take(struct told *told, const struct memory_log *log, const struct log_entry *e)
{
    char *line = told->lines[told->count], place[16], by[100] = "";
    json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL), *data = json_object_get(json, "data");
    const json_t *notice = json_object_get(data, "notice");
    ck_assert_uint_lt(told->count, LINES);
    if (notice) {
        char name[100];
        name_alert(data, name, sizeof name);
        if (json_object_get(notice, "by"))
            name_holder(log, json_string_value(json_object_get(notice, "by")), by, sizeof by);
        snprintf(line, LINE - sizeof place, "%s| %s %s %s %s", name, strrchr(json_string_value(json_object_get(json, "type")), '.') + 1,
                 json_string_value(json_object_get(data, "level")),
                 json_object_get(notice, "cause") ? json_string_value(json_object_get(notice, "cause")) : "told", by);
    } else {
        char text[600];
        desk_digest(data, text, sizeof text);
        if (!json_is_true(json_object_get(data, "over"))) { /* how many revisions of it there are depends on the cuts */
            json_decref(json);
            return;
        }
        size_t held = json_array_size(json_object_get(data, "held"));
        snprintf(line, LINE - sizeof place, "%.*s| over, told %d, held %zu", (int)e->key.len, e->key.at,
                 (int)json_integer_value(json_object_get(data, "told")), held);
    }
    snprintf(place, sizeof place, "%08zu", told->count++);
    memcpy(line + strlen(line) + 1, place, strlen(place) + 1);
    json_decref(json);
}

static struct told all_told(void)
{
    struct told told = {xcalloc(LINES, LINE), 0};
    for (size_t i = 0; i < d.log->entry_count; i++) {
        const struct log_entry *e = &d.log->entries[i];
        if (e->topic == STORE_ALERTS && !str_eq(e->key, STR("heartbeat")))
            take(&told, d.log, e);
    }
    qsort(told.lines, told.count, LINE, by_subject);
    return told;
}

/* ---- the story ---- */

static void crash(struct dice *chance)
{
    if (!chance || !dice_chance(chance, 40))
        return;
    for (unsigned i = (unsigned)dice_below(chance, 4); i > 0; i--)
        worker_step(shard_worker(d.shard, 0), 0);
    if (dice_chance(chance, 50))
        committer_step(shard_committer(d.shard));
    desk_restart(&d);
}

static void moment(struct dice *dice, unsigned number)
{
    static const char *const regions[] = {"9111", "9112", "9121", "9211", "9212"};
    static const char *const what[] = {"\"region\":\"91\"", "\"rule\":\"r1\"", "\"subject\":\"9111\",\"level\":\"red\"",
                                       "\"region\":\"9\",\"level\":\"yellow\""};
    unsigned kind = (unsigned)dice_below(dice, 10), choice = (unsigned)dice_below(dice, 4);
    const char *region = regions[dice_below(dice, 5)];
    int64_t from = (int64_t)dice_below(dice, 1200), until = from + 60 + (int64_t)dice_below(dice, 9000), pass = (int64_t)dice_below(dice, 5000);
    int count = 1 + (int)dice_below(dice, 3);
    if (kind < 5)
        desk_call(&d, region, "noise", count);
    else if (kind < 7)
        desk_say(&d,
                 "{\"id\":\"S%u\",\"silence\":{%s},\"by_role\":\"duty\",\"unit\":\"中心\",\"reason\":\"drill\",\"from\":\"%s\",\"until\":\"%s\","
                 "\"at\":\"%s\"}",
                 number, what[choice], desk_time(&d, from), desk_time(&d, until), desk_time(&d, 0));
    else if (kind == 7)
        desk_say(&d, "{\"id\":\"E%u\",\"silence_end\":\"S%u\",\"by_role\":\"duty\",\"unit\":\"中心\",\"at\":\"%s\"}", number,
                 (unsigned)dice_below(dice, number + 1), desk_time(&d, 0));
    else if (kind == 8)
        desk_reload(&d, editions[choice]);
    else
        d.now_ms += pass * 1000;
    d.now_ms += 1000;
    desk_settle(&d);
}

static struct told tell(uint64_t seed, struct dice *chance)
{
    struct dice dice = {seed};
    desk_open(&d, editions[dice_below(&dice, 4)]);
    for (unsigned i = 0; i < MOMENTS; i++) {
        moment(&dice, i);
        crash(chance);
        desk_settle(&d);
    }
    struct told told = all_told();
    desk_close(&d);
    return told;
}

START_TEST(a_crash_changes_nothing_of_what_is_told)
{
    struct dice dice = core_dice();
    size_t lines = 0, held = 0;
    for (unsigned round = 0; round < core_effort(60); round++) {
        uint64_t seed = dice_next(&dice);
        struct told without = tell(seed, NULL), with = tell(seed, &dice);
        for (size_t i = 0; i < without.count && i < with.count; i++) {
            EXPECT(strcmp(without.lines[i], with.lines[i]) == 0, "round %u:\n  %s\n  %s", round, without.lines[i], with.lines[i]);
            held += strstr(with.lines[i], "told ") == NULL;
        }
        EXPECT(without.count == with.count, "round %u: %zu and %zu", round, without.count, with.count);
        lines += with.count;
        free(without.lines);
        free(with.lines);
    }
    printf("notice_story: %zu revisions, %zu of them held\n", lines, held);
    ck_assert_uint_gt(held, lines / 10);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {&a_crash_changes_nothing_of_what_is_told};
    return desk_run("notice_story", tests, sizeof tests / sizeof *tests);
}
