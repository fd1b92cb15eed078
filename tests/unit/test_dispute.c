/* Disputes by chance, through a whole engine: calls, voids, silences and changes of the rules, and what is said of alerts
 * and of incidents held against each other after every step.  Then the same story with crashes in between, of which
 * nobody hears. */
#include "notice_world.h"

enum { STEPS = 50, HEARD_MAX = 400, LINE = 2000 };

#define RULES                                                                                                          \
    "rules:\n"                                                                                                         \
    "  - {id: grid, let: {c: {source: hotline}}, per: grid, each: category.1, within: 60m, clear: {after: 5m},\n"      \
    "     send: {lead: 甲}, levels: {yellow: c >= 2, orange: c >= 5}, sign_within: {yellow: 4h, orange: 4h}}\n"        \
    "  - {id: community, let: {c: {source: hotline}}, per: community, each: category.1, within: 60m,\n"                \
    "     clear: {after: 5m}, send: {lead: 乙}, levels: {yellow: c >= 4}}\n"                                           \
    "  - {id: street, let: {c: {source: hotline}}, per: street, within: 2h, clear: {after: 5m},\n"                     \
    "     levels: {yellow: c >= 6, red: c >= 12}}\n"                                                                   \
    "  - {id: firm, let: {c: {source: hotline}}, per: respondent, within: 90m, clear: {after: 0m},\n"                  \
    "     levels: {yellow: c >= 2, orange: c >= 6}}\n"                                                                 \
    "  - {id: matter, let: {c: {source: hotline}}, per: matter, within: 2h, clear: {after: 5m},\n"                     \
    "     levels: {yellow: c >= 2}}\n"

static const char with[] = "notify: {incidents: true}\n" RULES, without[] = RULES;

static struct desk d;

/* ---- what was heard ---- */

struct heard {
    char id[33];
    json_t *message; /* the last */
};

struct listener {
    size_t read; /* entries of the log */
    struct heard alerts[HEARD_MAX], incidents[HEARD_MAX];
    size_t alert_count, incident_count;
    char (*lines)[LINE]; /* all that was said; of one cut in no order */
    size_t line_count, settled;
    uint64_t commit;
    unsigned types[INCIDENT_CHANGES];
    bool on;
};

static struct heard *heard_of(struct heard *all, size_t *count, const char *id)
{
    size_t i = 0;
    while (i < *count && strcmp(all[i].id, id) != 0)
        i++;
    CHECK(i < HEARD_MAX);
    if (i == *count) {
        all[i] = (struct heard){0};
        snprintf(all[(*count)++].id, sizeof all[i].id, "%s", id);
    }
    return &all[i];
}

static const json_t *data_of(const struct heard *h)
{
    return json_object_get(h->message, "data");
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void write_line(struct listener *l, uint64_t commit, const json_t *message)
{
    const json_t *data = json_object_get(message, "data"), *alerts = json_object_get(data, "alerts");
    const json_t *notice = json_object_get(data, "notice");
    struct buffer out = {0};
    buffer_printf(&out, "%s %.4s %s %s", strrchr(word(message, "type"), '.'), word(message, "subject"),
                  word(data, "level"), word(data, "state"));
    if (notice)
        buffer_printf(&out, " of %.4s: %s %.4s", word(data, "incident_id"), word(notice, "cause"), word(notice, "by"));
    size_t i;
    json_t *one;
    json_array_foreach(alerts, i, one)
    {
        buffer_printf(&out, ", %.4s %s %s %.4s", word(one, "alert_id"), word(one, "state"), word(one, "level"),
                      word(one, "covered_by"));
    }
    if (alerts)
        buffer_printf(&out, "; %.4s leads, %lld by %lld", word(json_object_get(data, "lead"), "alert_id"),
                      json_integer_value(json_object_get(data, "event_count")),
                      json_integer_value(json_object_get(data, "callers")));
    if (commit != l->commit)
        l->settled = l->line_count;
    l->commit = commit;
    l->lines = xrealloc(l->lines, (l->line_count + 1) * sizeof *l->lines);
    snprintf(l->lines[l->line_count++], LINE, "%.*s", (int)out.len, out.at);
    buffer_free(&out);
    qsort(l->lines + l->settled, l->line_count - l->settled, sizeof *l->lines, by_text);
}

static void hear_incident(struct listener *l, json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    struct heard *h = heard_of(l->incidents, &l->incident_count, word(message, "subject"));
    json_int_t before = h->message ? json_integer_value(json_object_get(data_of(h), "revision")) : 0;
    EXPECT(json_integer_value(json_object_get(data, "revision")) == before + 1, "%s: a revision is missing", h->id);
    EXPECT(*word(data, "title") && *word(data, "sentence") && *word(json_object_get(data, "lead"), "alert_id"),
           "%s says nothing", h->id);
    const char *type = strrchr(word(message, "type"), '.') + 1;
    for (int c = 0; c < INCIDENT_CHANGES; c++)
        l->types[c] += strcmp(type, incident_change_word((enum incident_change)c)) == 0;
    json_decref(h->message);
    h->message = message;
}

static void listen_on(struct listener *l)
{
    for (; l->read < d.log->entry_count; l->read++) {
        const struct log_entry *e = &d.log->entries[l->read];
        bool alert = e->topic == STORE_ALERTS && !str_eq(e->key, STR("heartbeat"));
        if (!alert && e->topic != STORE_INCIDENTS)
            continue;
        json_t *message = json_loadb(e->value.at, e->value.len, 0, NULL);
        write_line(l, e->commit, message);
        if (!alert) {
            hear_incident(l, message);
            continue;
        }
        struct heard *h = heard_of(l->alerts, &l->alert_count, word(message, "subject"));
        json_decref(h->message);
        h->message = message;
    }
}

static void forget(struct listener *l)
{
    for (size_t i = 0; i < l->alert_count; i++)
        json_decref(l->alerts[i].message);
    for (size_t i = 0; i < l->incident_count; i++)
        json_decref(l->incidents[i].message);
    free(l->lines);
}

/* ---- what must be true ---- */

static bool fires(const struct heard *alert)
{
    return alert->message && strcmp(word(data_of(alert), "state"), "firing") == 0;
}

/* the open incident that lists it as firing; never in two of them */
static const struct heard *incident_of(const struct listener *l, const char *alert)
{
    const struct heard *found = NULL;
    for (size_t i = 0; i < l->incident_count; i++) {
        const json_t *data = data_of(&l->incidents[i]);
        size_t k;
        json_t *one;
        json_array_foreach(json_object_get(data, "alerts"), k, one)
        {
            if (strcmp(word(data, "state"), "open") != 0 || strcmp(word(one, "alert_id"), alert) != 0 ||
                strcmp(word(one, "state"), "firing") != 0)
                continue;
            EXPECT(!found, "%s is in two incidents", alert);
            found = &l->incidents[i];
        }
    }
    return found;
}

static unsigned level_of(const json_t *data)
{
    static const char *const levels[] = {"blue", "yellow", "orange", "red"};
    unsigned level = 0;
    while (level < 4 && strcmp(word(data, "level"), levels[level]) != 0)
        level++;
    return level;
}

static void check_alert(struct listener *l, const struct heard *alert)
{
    const json_t *data = data_of(alert), *notice = json_object_get(data, "notice");
    const struct heard *incident = incident_of(l, alert->id);
    EXPECT((incident != NULL) == (l->on && fires(alert)), "%s: %s, and %s", alert->id, word(data, "state"),
           incident ? "listed" : "not listed");
    if (strcmp(word(notice, "cause"), "covered") != 0 || !fires(alert))
        return;
    const struct heard *by = heard_of(l->alerts, &l->alert_count, word(notice, "by"));
    const char *held = word(json_object_get(data_of(by), "notice"), "cause");
    EXPECT(l->on && fires(by) && incident_of(l, by->id) == incident, "%s is covered by %s, of another dispute",
           alert->id, by->id);
    EXPECT(level_of(data_of(by)) >= level_of(data), "%s is covered by a lower one", alert->id);
    EXPECT(!*held, "%s is covered by %s, which is %s", alert->id, by->id, held);
}

static void check(struct listener *l)
{
    listen_on(l);
    for (size_t i = 0; i < l->alert_count; i++)
        check_alert(l, &l->alerts[i]);
    for (size_t i = 0; i < l->incident_count; i++) {
        const json_t *data = data_of(&l->incidents[i]);
        unsigned highest = 0;
        if (strcmp(word(data, "state"), "open") != 0)
            continue;
        for (size_t k = 0; k < l->alert_count; k++)
            if (fires(&l->alerts[k]) && incident_of(l, l->alerts[k].id) == &l->incidents[i]) {
                unsigned level = level_of(data_of(&l->alerts[k]));
                highest = level > highest ? level : highest;
            }
        EXPECT(level_of(data) == highest, "%s: its level is %s", l->incidents[i].id, word(data, "level"));
    }
}

/* ---- a story ---- */

struct complaint {
    long long at;
    const char *grid, *kind;
    unsigned firm, matter, caller;
};

/* its number */
static int complain(struct complaint c)
{
    char text[256];
    int len = snprintf(text, sizeof text,
                       "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"created\",\"region\":\"%s\",\"category\":\"%s\","
                       "\"who\":\"厂%u\",\"matter\":\"m%u\",\"actors\":[\"p%u\"]}",
                       d.events, c.at, c.grid, c.kind, c.firm, c.matter, c.caller);
    memory_log_append(d.log, 0, text, (size_t)len, 0, d.events);
    return d.events++;
}

static void take_back(int complaint)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"id\":\"e%d\",\"at\":\"%lld\",\"kind\":\"voided\",\"target\":\"e%d\"}",
                       d.events, (long long)(d.now_ms / 1000), complaint);
    memory_log_append(d.log, 0, text, (size_t)len, 0, d.events++);
}

static void call(struct dice *dice)
{
    static const char *const grids[] = {"9111", "9112", "9121", "9211"};
    static const char *const kinds[] = {"labour.wages", "labour.hours", "noise"};
    for (unsigned n = 1 + dice_below(dice, 3); n > 0; n--) {
        bool late = dice_chance(dice, 10); /* what was over may turn out not to be */
        struct complaint c = {.at = d.now_ms / 1000 - dice_below(dice, late ? 7200 : 50)};
        c.grid = grids[dice_below(dice, 4)];
        c.kind = kinds[dice_below(dice, 3)];
        c.firm = dice_below(dice, 6);
        c.matter = dice_below(dice, 20);
        c.caller = dice_below(dice, 9);
        complain(c);
    }
}

static void take_one_back(struct dice *dice)
{
    unsigned newest = (unsigned)(d.events < 20 ? d.events : 20);
    if (newest)
        take_back(d.events - 1 - (int)dice_below(dice, newest));
}

static void silence(struct dice *dice, unsigned step)
{
    static const char *const rules[] = {"grid", "community", "street", "firm"};
    const char *rule = rules[dice_below(dice, 4)];
    desk_say(&d,
             "{\"id\":\"S%u\",\"silence\":{\"rule\":\"%s\"},\"by_role\":\"duty\",\"unit\":\"中心\",\"reason\":\"known\","
             "\"until\":\"%s\",\"at\":\"%s\"}",
             step, rule, desk_time(&d, 600 + dice_below(dice, 3600)), desk_time(&d, 0));
}

static void tell_story(uint64_t seed, bool crashes, struct listener *l)
{
    struct dice story = {seed}, chance = {seed + 1};
    *l = (struct listener){.on = true};
    desk_open(&d, with);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = dice_below(&story, 100);
        if (what < 55)
            call(&story);
        else if (what < 70)
            take_one_back(&story);
        else if (what < 92)
            desk_wait(&d, dice_between(&story, 60, 2400));
        else if (what < 97)
            silence(&story, step);
        else
            desk_reload(&d, (l->on = !l->on) ? with : without);
        desk_settle(&d);
        if (dice_chance(&chance, 40)) {
            if (crashes)
                desk_restart(&d);
            desk_settle(&d); /* as many cuts either way: ids are made of their numbers */
        }
        check(l);
    }
    desk_close(&d);
}

START_TEST(nobody_hears_of_a_crash)
{
    struct dice dice = core_dice();
    unsigned types[INCIDENT_CHANGES] = {0};
    static struct listener calm, crashing;
    for (unsigned round = 0, rounds = core_effort(12); round < rounds; round++) {
        uint64_t seed = dice_next(&dice);
        tell_story(seed, false, &calm);
        tell_story(seed, true, &crashing);
        for (size_t i = 0; i < calm.line_count && i < crashing.line_count; i++)
            EXPECT(strcmp(calm.lines[i], crashing.lines[i]) == 0, "round %u, message %zu:\n%s\nwith crashes:\n%s",
                   round, i, calm.lines[i], crashing.lines[i]);
        EXPECT(calm.line_count == crashing.line_count, "round %u: %zu messages, with crashes %zu", round,
               calm.line_count, crashing.line_count);
        for (int c = 0; c < INCIDENT_CHANGES; c++)
            types[c] += calm.types[c];
        forget(&calm);
        forget(&crashing);
    }
    /* that all the others come about, too, is for test_incident.c, which has more rounds */
    ck_assert(types[INCIDENT_OPENED] && types[INCIDENT_GROWN]);
}
END_TEST

/* ---- how long a link lasts ---- */

#define SHORT_AND_LONG                                                                                                 \
    "notify: {incidents: true}\n"                                                                                      \
    "rules:\n"                                                                                                         \
    "  - {id: grid, let: {c: {source: hotline}}, per: grid, within: 1h, clear: {after: 5m}, levels: {yellow: c >= 2}}\n" \
    "  - {id: firm, let: {c: {source: hotline}}, per: respondent, within: 24h, clear: {after: 5m},\n"                  \
    "     levels: {yellow: c >= 2}}\n"

enum { OF_THE_FIRM = 1, FIRST_OF_OTHERS = 100 };

static int complain_of(unsigned firm, const char *grid)
{
    return complain((struct complaint){d.now_ms / 1000, grid, "noise", firm, (unsigned)d.events, (unsigned)d.events});
}

/* two go on in the grid, of whoever it is, and the firm's next is elsewhere; returns one of the two */
static int go_on(void)
{
    static const char *const elsewhere[] = {"9112", "9121", "9211"}; /* one at a time is nothing there */
    desk_wait(&d, 50 * 60);
    complain_of(FIRST_OF_OTHERS + (unsigned)d.events, "9111");
    complain_of(OF_THE_FIRM, elsewhere[d.events / 3 % 3]);
    int last = complain_of(FIRST_OF_OTHERS + (unsigned)d.events, "9111");
    desk_settle(&d);
    return last;
}

/* how many are open, and the alerts of the largest */
static void expect_disputes(struct listener *l, size_t open, size_t alerts)
{
    size_t found = 0, largest = 0;
    desk_restart(&d);
    desk_settle(&d);
    check(l);
    for (size_t i = 0; i < l->incident_count; i++) {
        size_t count = json_array_size(json_object_get(data_of(&l->incidents[i]), "alerts"));
        bool is_open = strcmp(word(data_of(&l->incidents[i]), "state"), "open") == 0;
        found += is_open;
        largest = is_open && count > largest ? count : largest;
    }
    EXPECT(found == open && largest == alerts, "%zu disputes, of %zu alerts at most: not %zu, of %zu", found, largest, open,
           alerts);
}

START_TEST(time_alone_makes_no_two_of_one)
{
    static struct listener l;
    l = (struct listener){.on = true};
    desk_open(&d, SHORT_AND_LONG);
    int shared[] = {complain_of(OF_THE_FIRM, "9111"), complain_of(OF_THE_FIRM, "9111")};
    desk_settle(&d);
    expect_disputes(&l, 1, 2);
    int last = 0;
    for (int i = 0; i < 30; i++) /* the windows are about other things by and by */
        last = go_on();
    expect_disputes(&l, 1, 2);
    take_back(last);
    expect_disputes(&l, 1, 2);
    take_back(shared[0]);
    expect_disputes(&l, 1, 2);
    take_back(shared[1]); /* the last that they had in common */
    expect_disputes(&l, 2, 1);
    ck_assert_uint_eq(l.types[INCIDENT_SPLIT], 1);
    desk_close(&d);
    forget(&l);
}
END_TEST

START_TEST(what_the_ledger_let_go_of_was_not_taken_back)
{
    static struct listener l;
    l = (struct listener){.on = true};
    desk_open(&d, SHORT_AND_LONG);
    d.world->config->retention_s = 2 * 86400;
    desk_restart(&d);
    complain_of(OF_THE_FIRM, "9111");
    complain_of(OF_THE_FIRM, "9111");
    desk_settle(&d);
    for (int i = 0; i < 90; i++)
        go_on();
    take_back(go_on());
    expect_disputes(&l, 1, 2);
    desk_close(&d);
    forget(&l);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {&nobody_hears_of_a_crash, &time_alone_makes_no_two_of_one,
                                                &what_the_ledger_let_go_of_was_not_taken_back};
    return desk_run("dispute", tests, sizeof tests / sizeof *tests);
}
