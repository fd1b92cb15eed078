/* Readings that are kept small: nobody who asks can tell.  Ids of every shape come back byte by byte and are admitted once, by
 * one worker or many; cuts, chains, voids and moves are those of any fact. */
#include "core.h"
#include "ledger/series.h"

enum { NOW = 1764403200, DAY = 86400, HOUR = 3600 };

static struct ledger *ledger_of(unsigned writers)
{
    struct ledger_limits limits = {{35 * DAY, 2 * DAY}, {64 << 20, 64 << 20}};
    return ledger_create(&limits, writers);
}

static struct event reading(struct str id, int64_t at, int64_t value)
{
    return (struct event){.id = id, .occurred_at = at, .region = 7, .category = 3, .kind = EVENT_READING, .value = value};
}

static enum enter_result enter(struct ledger *ledger, const struct event *e, fact_ref *ref)
{
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    enum enter_result result = ledger_enter(ledger_writer(ledger, 0), e, &entered);
    ledger_end(ledger_writer(ledger, 0));
    *ref = entered.ref;
    return result;
}

static bool count_visit(void *arg, fact_ref ref)
{
    (void)ref;
    ++*(unsigned *)arg;
    return true;
}

static unsigned in_region(const struct ledger *ledger, uint32_t region)
{
    unsigned count = 0;
    ledger_walk(ledger, subject_of_region(region), INT64_MIN, INT64_MAX, count_visit, &count);
    return count;
}

/* ---- ids ---- */

START_TEST(ids_that_nearly_agree)
{
    static const char *const ids[] = {
        "a1", "a01", "a001", "a10", "1a", "01a", "1", "01", "0", "00", "000000000", "0000000000", "1000000000", "999999999",
        "9999999999999999999999999999", "99999999999999999999999999990", "09999999999999999999999999999", "x", "xy", "-",
        "NS-1:2026-11-29T08:15:00+08:00", "NS-1:2026-11-29T08:15:00-08:00", "NS-1:2026-11-29T08:15:00+08:01",
        "NS-1:2026-11-29T08:15:00Z", "NS-01:2026-11-29T08:15:00+08:00", "NS-10:2026-11-29T08:15:00+08:00",
        "NS-1:2026-11-29T08:15:01+08:00", ":00+08:00", "00+08:00", "123+08:00", "w\xe6\xb0\xb4-7", "w\xe6\xb0\xb4-07",
        "3f9a2b70-1c5d-4e8f-9a0b-123456789abc", "3f9a2b70-1c5d-4e8f-9a0b-123456789abd",
    };
    enum { IDS = sizeof ids / sizeof *ids };
    struct ledger *ledger = ledger_of(1);
    fact_ref refs[IDS], again;
    for (unsigned i = 0; i < IDS; i++) {
        struct event e = reading(str_of(ids[i]), NOW + i, (int64_t)i - 5);
        ck_assert_msg(enter(ledger, &e, &refs[i]) == ENTER_NEW, "%s", ids[i]);
    }
    for (unsigned i = 0; i < IDS; i++) {
        struct event e = reading(str_of(ids[i]), NOW + 7 * HOUR, 99);
        struct id_room room;
        ck_assert_msg(enter(ledger, &e, &again) == ENTER_DUPLICATE, "%s", ids[i]);
        ck_assert_msg(ledger_find(ledger, 0, e.id) == refs[i], "%s", ids[i]);
        ck_assert_msg(str_eq(ledger_id(ledger, refs[i], &room), e.id), "%s", ids[i]);
        ck_assert_uint_eq(ledger_fact(ledger, refs[i])->occurred_at, NOW + i);
        ck_assert_int_eq(ledger_text(ledger, refs[i]).value, (int64_t)i - 5);
    }
    ck_assert_uint_eq(in_region(ledger, 7), IDS);
    ledger_destroy(&ledger);
}
END_TEST

/* random ids and fields, among them what does not fit, so that both kinds lie side by side */
START_TEST(nobody_can_tell)
{
    static const char alphabet[] = "0123456789012345678901234567890123456789-:T+ab";
    struct dice dice = core_dice();
    struct ledger *ledger = ledger_of(1);
    enum { READINGS = 20000 };
    struct made {
        struct event e;
        char id[EVENT_TEXT_MAX];
        fact_ref ref;
    } *all = xcalloc(READINGS, sizeof *all);
    uint64_t actor = 5;
    for (unsigned i = 0; i < READINGS; i++) {
        struct made *m = &all[i];
        size_t len = 8 + dice_below(&dice, dice_chance(&dice, 95) ? 30 : EVENT_TEXT_MAX - 8);
        bool bytes = dice_chance(&dice, 10);
        for (size_t c = 0; c < len; c++)
            m->id[c] = bytes ? (char)dice_below(&dice, 256) : alphabet[dice_below(&dice, sizeof alphabet - 1)];
        char number[9];
        snprintf(number, sizeof number, "%08u", i);
        memcpy(m->id + dice_below(&dice, (unsigned)len - 7), number, 8); /* nearly always unique */
        m->e = reading((struct str){m->id, len}, NOW - dice_between(&dice, 0, 40 * HOUR), dice_between(&dice, -100, 99000));
        m->e.region = dice_below(&dice, 50);
        m->e.category = (uint16_t)dice_below(&dice, 5);
        m->e.source = (uint8_t)dice_below(&dice, 8);
        m->e.tags = dice_below(&dice, 4);
        switch (dice_below(&dice, 20)) {
        case 0:
            m->e.value = (int64_t)INT32_MAX + 1;
            break;
        case 1:
            m->e.actors = &actor;
            m->e.actor_count = 1;
            break;
        case 2:
            m->e.matter = STR("M-1");
            break;
        case 3:
            m->e.due_at = NOW;
            break;
        default:
            break;
        }
        if (enter(ledger, &m->e, &m->ref) == ENTER_DUPLICATE)
            m->ref = 0;
    }
    for (unsigned i = 0; i < READINGS; i++) {
        const struct made *m = &all[i];
        if (!m->ref)
            continue;
        const struct fact *fact = ledger_fact(ledger, m->ref);
        struct id_room room;
        EXPECT(fact->kind == EVENT_READING && fact->occurred_at == m->e.occurred_at && fact->region == m->e.region &&
                   fact->category == m->e.category && fact->source == m->e.source && fact->tags == m->e.tags &&
                   fact->key && !fact->cut && fact->actor == (m->e.actor_count ? actor : 0),
               "reading %u reads differently", i);
        EXPECT(str_eq(ledger_id(ledger, m->ref, &room), m->e.id), "reading %u has another id", i);
        EXPECT(ledger_text(ledger, m->ref).value == m->e.value && ledger_text(ledger, m->ref).due_at == m->e.due_at,
               "reading %u has other figures", i);
        EXPECT(ledger_find(ledger, m->e.source, m->e.id) == m->ref, "reading %u is not found", i);
    }
    ledger_destroy(&ledger);
    free(all);
}
END_TEST

/* ---- what is made of them ---- */

START_TEST(cuts_are_told)
{
    struct ledger *ledger = ledger_of(1);
    fact_ref refs[6];
    const uint32_t cuts[] = {1, 2, 3, 900, 900 + (1 << 18), 3000000};
    for (unsigned i = 0; i < 6; i++) {
        char id[8];
        snprintf(id, sizeof id, "s-%u", i);
        struct event e = reading(str_of(id), NOW + i, 1);
        ck_assert_int_eq(enter(ledger, &e, &refs[i]), ENTER_NEW);
        ck_assert(!fact_committed(ledger_fact(ledger, refs[i])));
        ledger_commit(ledger, refs[i], cuts[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_uint_eq(ledger_fact(ledger, refs[i])->cut, cuts[i]);
        ck_assert(fact_committed_before(ledger_fact(ledger, refs[i]), cuts[i] + 1));
        ck_assert(!fact_committed_before(ledger_fact(ledger, refs[i]), cuts[i]));
        ck_assert_uint_eq(ledger_fact(ledger, refs[i])->occurred_at, NOW + i);
    }
    ledger_destroy(&ledger);
}
END_TEST

START_TEST(taken_back_and_moved)
{
    struct ledger *ledger = ledger_of(1);
    struct event e = reading(STR("s-7"), NOW, 12000);
    fact_ref ref = core_enter(ledger, 0, &e), alias = 0;
    struct event moved = {.id = STR("m"), .target = STR("s-7"), .occurred_at = NOW + 60, .region = 8,
                          .category = CATEGORY_NONE, .kind = EVENT_MOVED};
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    ck_assert_int_eq(ledger_enter(ledger_writer(ledger, 0), &moved, &entered), ENTER_NEW);
    ledger_end(ledger_writer(ledger, 0));
    ck_assert_uint_eq(entered.aliases, 1);
    alias = entered.alias[0];
    ledger_commit(ledger, entered.ref, 1);
    ledger_commit(ledger, alias, 1);
    struct id_room room;
    ck_assert_uint_eq(ledger_origin(ledger, alias), ref);
    ck_assert(str_eq(ledger_id(ledger, alias, &room), e.id));
    ck_assert_int_eq(ledger_text(ledger, alias).value, 12000);
    ck_assert_uint_eq(ledger_standing(ledger, ref).region, 8);
    ck_assert_uint_eq(in_region(ledger, 7), 1);
    ck_assert_uint_eq(in_region(ledger, 8), 1);
    struct event voided = {.id = STR("v"), .target = STR("s-7"), .occurred_at = NOW + 90, .region = REGION_NONE,
                           .category = CATEGORY_NONE, .kind = EVENT_VOIDED};
    fact_ref modifier = core_enter(ledger, 0, &voided);
    ck_assert_uint_eq(ledger_target(ledger, modifier), ref);
    ck_assert(!ledger_standing(ledger, ref).live);
    ledger_destroy(&ledger);
}
END_TEST

/* what it is all for; and that a day's series go with its last span */
START_TEST(is_small)
{
    struct ledger *ledger = ledger_of(1);
    enum { SENSORS = 200, EACH = 24 * 12, DAYS = 6 };
    size_t empty = ledger_bytes(ledger, SHELF_READINGS), most = 0;
    for (unsigned n = 0; n < DAYS * EACH; n++) {
        int64_t at = NOW + n * 300;
        for (unsigned s = 0; s < SENSORS; s++) {
            char id[40];
            snprintf(id, sizeof id, "NS-%06u:2026-11-%02uT%02u:%02u:00+08:00", s, n / EACH + 1, n / 12 % 24, n % 12 * 5);
            struct event e = reading(str_of(id), at, s * 100);
            e.region = s + 1;
            (void)core_enter(ledger, 0, &e);
        }
        ledger_maintain(ledger, at);
        most = ledger_bytes(ledger, SHELF_READINGS) > most ? ledger_bytes(ledger, SHELF_READINGS) : most;
    }
    ck_assert_uint_le((most - empty) / (SENSORS * (2 * EACH + 24)), 28);
    ledger_destroy(&ledger);
}
END_TEST

/* ---- threads ---- */

enum { RACED = 6000, RACERS = 4 };

struct racer {
    struct ledger *ledger;
    struct gate *gate;
    unsigned number, won;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct dice dice = {r->number + 1};
    struct ledger_writer *writer = ledger_writer(r->ledger, r->number);
    gate_pass(r->gate);
    for (unsigned i = 0; i < RACED; i++) {
        char id[40];
        /* new forms and series all the time, and more than there is room for */
        snprintf(id, sizeof id, "s%.*s-%u-%u", (int)(i / 200), "abcdefghijklmnopqrstuvwxyz0123456789", i % 50, i);
        struct event e = reading(str_of(id), NOW + i, i);
        e.region = i % 50 + 1;
        struct entered entered;
        ledger_begin(writer);
        enum enter_result result = ledger_enter(writer, &e, &entered);
        struct id_room room;
        CHECK(result == ENTER_NEW || result == ENTER_DUPLICATE);
        r->won += result == ENTER_NEW;
        CHECK(str_eq(ledger_id(r->ledger, ledger_find(r->ledger, 0, e.id), &room), e.id));
        ledger_end(writer);
        if (dice_chance(&dice, 5))
            sched_yield();
    }
    return NULL;
}

START_TEST(each_enters_once)
{
    struct ledger *ledger = ledger_of(RACERS);
    struct gate gate = {.threads = RACERS};
    struct racer racers[RACERS];
    unsigned won = 0, found = 0;
    for (unsigned i = 0; i < RACERS; i++)
        racers[i] = (struct racer){ledger, &gate, i, 0};
    threads_run(RACERS, race, racers, sizeof *racers);
    for (unsigned i = 0; i < RACERS; i++)
        won += racers[i].won;
    ck_assert_uint_eq(won, RACED);
    for (uint32_t region = 1; region <= 50; region++)
        found += in_region(ledger, region);
    ck_assert_uint_eq(found, RACED);
    ledger_destroy(&ledger);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reading");
    core_test(suite, ids_that_nearly_agree);
    core_test(suite, nobody_can_tell);
    core_test(suite, cuts_are_told);
    core_test(suite, taken_back_and_moved);
    core_test(suite, is_small);
    core_test(suite, each_enters_once);
    return core_run(suite);
}
