/* A limit that passes is noted once, whatever the clocks say: of the units that answer, and of the machine. */
#include "notice_world.h"

#define RULES                                                                                                          \
    "rules:\n  - {id: r0, let: {c: {source: hotline}}, per: grid, within: 48h, clear: {after: 5m},\n"                   \
    "     levels: {yellow: c >= 2, red: c >= 5}, send: {lead: 局}, sign_within: {yellow: 4h, red: 1h}}\n"

static struct desk d;

/* the unit in charge, by the last revision of the one alert */
static const char *in_charge(void)
{
    static char unit[100];
    for (size_t i = 0; i < d.log->entry_count; i++) {
        const struct log_entry *e = &d.log->entries[i];
        if (e->topic != STORE_ALERTS || !str_eq(e->key, str_of(desk_ids[0])))
            continue;
        json_t *json = json_loadb(e->value.at, e->value.len, 0, NULL), *one;
        size_t u;
        json_array_foreach(json_object_get(json_object_get(json_object_get(json, "data"), "handling"), "units"), u, one)
        {
            if (strcmp(json_string_value(json_object_get(one, "role")), "lead") == 0)
                snprintf(unit, sizeof unit, "%s", json_string_value(json_object_get(one, "unit")));
        }
        json_decref(json);
    }
    return unit;
}

/* it does not want the alert; its clock is so many seconds ahead of ours */
static void give_back(unsigned number, int64_t ahead)
{
    desk_said(&d);
    desk_say(&d, "{\"id\":\"z%u\",\"alert_id\":\"%s\",\"action\":\"returned\",\"unit\":\"%s\",\"reason\":\"not_ours\",\"at\":\"%s\"}", number,
             desk_ids[0], in_charge(), desk_time(&d, ahead));
}

/* The unit in charge gives it back, then the district, then the district once more.  The machine's clock is set back by so much
 * before they do. */
static void everybody_gives_it_back(int64_t ahead, int64_t set_back)
{
    desk_open(&d, RULES);
    desk_call(&d, "9111", "noise", 2);
    desk_wait(&d, 60);
    d.now_ms -= set_back * 1000;
    for (unsigned i = 0; i < 3; i++) {
        give_back(i, ahead + set_back);
        desk_wait(&d, 20);
    }
    desk_restart(&d);
    desk_wait(&d, 60);
    expect_said(&d, "a raised yellow; a handled yellow; a escalated yellow; a handled yellow; a escalated yellow");
    desk_close(&d);
}

START_TEST(clocks_that_agree)
{
    everybody_gives_it_back(0, 0);
}
END_TEST

START_TEST(units_ahead)
{
    everybody_gives_it_back(300, 0);
}
END_TEST

START_TEST(a_clock_that_was_set_back)
{
    everybody_gives_it_back(0, 400);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {&clocks_that_agree, &units_ahead, &a_clock_that_was_set_back};
    return desk_run("escalation", tests, sizeof tests / sizeof *tests);
}
