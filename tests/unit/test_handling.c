/* The handling of an alert: every (state, act) pair as README.md shows it, journals in any order, limits and who takes over. */
#include "handle/handling.h"

#include "core.h"

static const struct route route = {
    .lead = "人社局", .assist = {"和兴街道"}, .assist_count = 1, .tier = REGION_STREET,
    .above = {[REGION_STREET] = "街道中心", [REGION_DISTRICT] = "区中心"}};
static const struct sent sent = {&route, 1000, 2000, 9000};
static struct journal journal;

static void forget(void)
{
    journal_free(&journal);
}

static struct journal_entry entry_of(enum act act, const char *unit, int64_t at, const char *id)
{
    struct journal_entry s = {.said = {.act = act, .at = at}};
    snprintf(s.said.id, sizeof s.said.id, "%s", id);
    snprintf(s.said.unit, sizeof s.said.unit, "%s", unit);
    return s;
}

static enum answer take(enum act act, const char *unit, int64_t at, const char *id)
{
    struct journal_entry s = entry_of(act, unit, at, id);
    s.arrive_by = act == ACT_SIGNED || act == ACT_DISPATCHED ? at + 500 : 0;
    return journal_take(&journal, &sent, &s);
}

static struct handling now(void)
{
    struct handling h;
    handling_of(&h, &sent, &journal);
    return h;
}

static enum unit_state state_of(const char *unit)
{
    struct handling h = now();
    for (unsigned i = 0; i < h.count; i++)
        if (strcmp(h.units[i].name, unit) == 0)
            return h.units[i].state;
    ck_abort_msg("no unit %s", unit);
}

static const char *lead(void)
{
    static struct handling h;
    h = now();
    return h.units[h.lead].name;
}

/* ---- the table ---- */

/* The page and the code are one table: `| unsigned 未签收 | signed | … |`, "=" where nothing changes, a refusal in italics. */
START_TEST(the_page_shows_every_pair)
{
    char *page = NULL, row[2048];
    size_t size = 0;
    FILE *in = fopen("engine/handle/README.md", "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_int_gt(getdelim(&page, &size, '\0', in), 0);
    fclose(in);
    unsigned pairs = 0;
    for (int first = 0; first < ACTS; first += ACTS_SAID) {
        int last = first ? ACTS : ACTS_SAID;
        int len = snprintf(row, sizeof row, "| |");
        for (int act = first; act < last; act++)
            len += snprintf(row + len, sizeof row - (size_t)len, " %s %s |", act_word(act), act_word_zh(act));
        ck_assert_msg(strstr(page, row) != NULL, "README.md lacks: %s", row);
        for (int state = 0; state < UNIT_STATES; state++) {
            len = snprintf(row, sizeof row, "| %s %s |", unit_state_word(state), unit_state_word_zh(state));
            for (int act = first; act < last; act++, pairs++) {
                enum unit_state next;
                enum answer answer = transition(state, act, &next);
                ck_assert(answer == ANSWER_TAKEN ? (int)next != state : (int)next == state);
                const char *cell = answer == ANSWER_TAKEN ? unit_state_word(next) : answer_word(answer);
                len += snprintf(row + len, sizeof row - (size_t)len,
                                answer == ANSWER_NO_EFFECT ? " = |" : answer == ANSWER_TAKEN ? " %s |" : " *%s* |", cell);
            }
            ck_assert_msg(strstr(page, row) != NULL, "README.md lacks: %s", row);
        }
    }
    ck_assert_uint_eq(pairs, UNIT_STATES * ACTS);
    for (int answer = 0; answer < ANSWERS; answer++) {
        snprintf(row, sizeof row, "| `%s` | %s |", answer_word(answer), answer_meaning(answer));
        ck_assert_msg(strstr(page, row) != NULL, "README.md lacks: %s", row);
    }
    free(page);
}
END_TEST

/* ---- dispositions ---- */

START_TEST(a_unit_goes_its_way)
{
    struct handling h = now();
    ck_assert_uint_eq(h.count, 2);
    ck_assert_int_eq(h.lead, 0);
    ck_assert_int_eq(take(ACT_SIGNED, "人社局", 1100, "1"), ANSWER_TAKEN);
    ck_assert_int_eq(now().arrive_by, 1600);
    ck_assert_int_eq(take(ACT_ARRIVED, "人社局", 1200, "2"), ANSWER_TAKEN);
    ck_assert_int_eq(take(ACT_SIGNED, "和兴街道", 1300, "3"), ANSWER_TAKEN);
    ck_assert_int_eq(state_of("人社局"), UNIT_ARRIVED);
    ck_assert_int_eq(take(ACT_CLOSED, "人社局", 1400, "4"), ANSWER_TAKEN);
    h = now();
    ck_assert(handling_over(&h));
    ck_assert_int_eq(take(ACT_ARRIVED, "人社局", 1500, "5"), ANSWER_OVER);
    ck_assert_int_eq(take(ACT_ADDED_UNIT, "派出所", 1500, "6"), ANSWER_OVER);
    ck_assert_int_eq(take(ACT_REOPENED, "", 1600, "7"), ANSWER_TAKEN);
    ck_assert_int_eq(state_of("人社局"), UNIT_REOPENED);
    ck_assert_int_eq(state_of("和兴街道"), UNIT_SIGNED);
    ck_assert_int_eq(take(ACT_ADDED_UNIT, "派出所", 1700, "8"), ANSWER_TAKEN);
    ck_assert_int_eq(state_of("派出所"), UNIT_UNSIGNED);
    ck_assert_int_eq(take(ACT_FALSE_ALARM, "", 1800, "9"), ANSWER_TAKEN);
    ck_assert_int_eq(state_of("派出所"), UNIT_FALSE_ALARM);
}
END_TEST

START_TEST(what_is_doubled_late_or_foreign_spoils_nothing)
{
    ck_assert_int_eq(take(ACT_ARRIVED, "人社局", 1200, "2"), ANSWER_TAKEN);
    ck_assert_int_eq(take(ACT_ARRIVED, "人社局", 1200, "2"), ANSWER_DOUBLED);
    ck_assert_int_eq(take(ACT_SIGNED, "人社局", 1100, "1"), ANSWER_NO_EFFECT); /* came late */
    ck_assert_int_eq(take(ACT_SIGNED, "人社局", 1300, "3"), ANSWER_NO_EFFECT); /* is dated late */
    ck_assert_int_eq(state_of("人社局"), UNIT_ARRIVED);
    ck_assert_int_eq(take(ACT_SIGNED, "城管局", 1300, "4"), ANSWER_WRONG_UNIT);
    ck_assert_int_eq(take(ACT_REOPENED, "", 2000, "5"), ANSWER_NO_EFFECT); /* of what is still to come: */
    ck_assert_int_eq(take(ACT_CLOSED, "人社局", 1900, "6"), ANSWER_TAKEN);
    ck_assert_int_eq(state_of("人社局"), UNIT_REOPENED);
    ck_assert_uint_eq(journal.count, 5);
}
END_TEST

START_TEST(there_is_a_bound)
{
    char id[16];
    for (int i = 0; i < DISPOSITIONS_MAX; i++) {
        snprintf(id, sizeof id, "%03d", i);
        struct journal_entry s = entry_of(ACT_EXTENDED, "", 1100 + i, id);
        s.said.until = 10000 + i;
        ck_assert_int_eq(journal_take(&journal, &sent, &s), ANSWER_TAKEN);
    }
    ck_assert_int_eq(now().close_by, 10000 + DISPOSITIONS_MAX - 1);
    ck_assert_int_eq(take(ACT_CLOSED, "人社局", 5000, "more"), ANSWER_TOO_MANY);
    ck_assert_int_eq(take(ACT_EXTENDED, "", 1100, "000"), ANSWER_DOUBLED);
}
END_TEST

START_TEST(who_transfers_it_gives_it_away)
{
    struct journal_entry s = entry_of(ACT_TRANSFERRED, "人社局", 1100, "1");
    snprintf(s.said.to, sizeof s.said.to, "住建局");
    s.sign_by = 3000;
    ck_assert_int_eq(journal_take(&journal, &sent, &s), ANSWER_TAKEN);
    ck_assert_str_eq(lead(), "住建局");
    ck_assert_int_eq(now().sign_by, 3000);
    ck_assert_int_eq(take(ACT_SIGNED, "人社局", 1200, "2"), ANSWER_GONE);
    ck_assert_int_eq(take(ACT_SIGNED, "住建局", 1200, "3"), ANSWER_TAKEN);
}
END_TEST

/* ---- any order ---- */

/* Whatever happened, told in another order and some of it twice, gives the same handling, as long as nothing is refused. */
START_TEST(the_order_of_arrival_does_not_matter)
{
    static const char *const units[] = {"人社局", "和兴街道"};
    static const enum act acts[] = {ACT_SIGNED, ACT_DISPATCHED, ACT_ARRIVED, ACT_RETURNED, ACT_EXTENDED, ACT_REOPENED};
    struct dice dice = core_dice();
    for (unsigned round = 0; round < core_effort(3000); round++) {
        struct journal_entry steps[8];
        char id[8];
        unsigned count = 1 + (unsigned)dice_below(&dice, 8);
        for (unsigned i = 0; i < count; i++) {
            snprintf(id, sizeof id, "%u", i);
            steps[i] = entry_of(acts[dice_below(&dice, 6)], units[dice_below(&dice, 2)], 1000 + (int64_t)dice_below(&dice, 5), id);
            steps[i].said.until = steps[i].said.act == ACT_EXTENDED ? 9100 + i : 0;
            steps[i].arrive_by = steps[i].said.at + 50;
            steps[i].sign_by = steps[i].said.act == ACT_REOPENED ? steps[i].said.at + 70 : 0;
        }
        struct journal first = {0};
        for (unsigned i = 0; i < count; i++)
            EXPECT(journal_take(&first, &sent, &steps[i]) < ANSWER_REFUSED, "refused");
        for (unsigned i = 0; i < count * 2; i++)
            journal_take(&journal, &sent, &steps[dice_below(&dice, count)]);
        for (unsigned i = count; i-- > 0;)
            journal_take(&journal, &sent, &steps[i]);
        struct handling a, b;
        handling_of(&a, &sent, &first);
        handling_of(&b, &sent, &journal);
        EXPECT(a.count == b.count && a.lead == b.lead && a.sign_by == b.sign_by && a.arrive_by == b.arrive_by &&
                   a.close_by == b.close_by && a.late == b.late,
               "round %u differs", round);
        for (unsigned i = 0; i < a.count; i++)
            EXPECT(a.units[i].state == b.units[i].state, "round %u differs", round);
        journal_free(&first);
        journal_free(&journal);
    }
}
END_TEST

/* ---- limits ---- */

static int due(int64_t at)
{
    int64_t next;
    struct handling h = now();
    return handling_due(&h, at, &next);
}

static void note(enum act act, int64_t at, enum region_level tier, const char *unit)
{
    char id[32];
    snprintf(id, sizeof id, "gridwarn:%d", (int)at);
    struct journal_entry s = entry_of(act, unit, at, id);
    s.tier = tier;
    s.sign_by = at + 500;
    journal_note(&journal, &s);
}

START_TEST(a_limit_that_passes_goes_up)
{
    int64_t next;
    struct handling h = now();
    ck_assert_int_eq(handling_due(&h, 1999, &next), -1);
    ck_assert_int_eq(next, 2000);
    ck_assert_int_eq(due(2000), ACT_NOT_SIGNED);
    note(ACT_NOT_SIGNED, 2000, REGION_DISTRICT, "区中心");
    ck_assert_str_eq(lead(), "区中心");
    ck_assert_int_eq(now().tier, REGION_DISTRICT);
    ck_assert_int_eq(due(2499), -1);
    ck_assert_int_eq(due(2500), ACT_NOT_SIGNED);
    note(ACT_NOT_SIGNED, 2500, 0, ""); /* nobody above: it is late, and that is said once */
    ck_assert_int_eq(due(8999), -1);
    ck_assert_uint_eq(now().late, 1U << ACT_NOT_SIGNED);
    ck_assert_int_eq(due(9000), ACT_NOT_CLOSED);
    ck_assert_int_eq(take(ACT_SIGNED, "区中心", 2600, "1"), ANSWER_TAKEN);
    ck_assert_uint_eq(now().late, 0);
}
END_TEST

START_TEST(who_signs_and_does_not_come_has_not_signed)
{
    take(ACT_SIGNED, "人社局", 1100, "1");
    ck_assert_int_eq(due(1599), -1);
    ck_assert_int_eq(due(1600), ACT_NOT_ARRIVED);
    note(ACT_NOT_ARRIVED, 1600, REGION_DISTRICT, "区中心");
    ck_assert_int_eq(state_of("人社局"), UNIT_EXPIRED);
    ck_assert_int_eq(take(ACT_ARRIVED, "人社局", 1550, "2"), ANSWER_TAKEN); /* it had, and that came late */
    ck_assert_int_eq(state_of("人社局"), UNIT_ARRIVED);
    ck_assert_str_eq(lead(), "区中心"); /* what was told stays told */
}
END_TEST

START_TEST(what_is_given_back_goes_up_at_once)
{
    take(ACT_RETURNED, "人社局", 1100, "1");
    struct handling h = now();
    ck_assert(handling_nobody(&h));
    ck_assert_int_eq(due(1100), ACT_NOBODY);
    note(ACT_NOBODY, 1101, REGION_DISTRICT, "区中心");
    ck_assert_int_eq(due(1102), -1);
    take(ACT_RETURNED, "区中心", 1200, "2");
    ck_assert_int_eq(due(1201), ACT_NOBODY);
    note(ACT_NOBODY, 1201, 0, "");
    ck_assert_int_eq(due(1202), -1);
}
END_TEST

START_TEST(marks_do_not_pile_up)
{
    for (int i = 0; i < 100; i++)
        note(ACT_NOT_SIGNED, 2000 + i, 0, "");
    ck_assert_uint_eq(journal.count, 1);
}
END_TEST

START_TEST(a_higher_level_begins_its_own_limits)
{
    note(ACT_NOT_SIGNED, 2000, REGION_DISTRICT, "区中心");
    struct sent raised = {&route, 2100, 2200, 5000};
    struct handling h;
    handling_of(&h, &raised, &journal);
    ck_assert_int_eq(h.sign_by, 2200);
    ck_assert_int_eq(h.close_by, 5000);
    ck_assert_int_eq(h.tier, REGION_DISTRICT);
}
END_TEST

/* ---- the message ---- */

static enum decode_refusal read_it(const char *text, struct disposition *d)
{
    struct refusal refusal;
    static const char *const names[] = {"blue", "yellow", "high"};
    const struct rule_context levels = {.level_names = names, .level_count = 3};
    bool good = disposition_read(str_of(text), 1768187000000, 600, &levels, d, &refusal); /* 2026-01-12T11:03:20+08:00 */
    ck_assert(good == (refusal.reason == DECODE_OK));
    return refusal.reason;
}

#define ALERT "\"alert_id\":\"7f3a09c1d4e85b6277f0a1b2c3d4e5f6\""
#define REST ALERT ",\"unit\":\" 人社局 \",\"at\":\"2026-01-12T09:41:22+08:00\""

START_TEST(a_message_is_read)
{
    struct disposition d;
    ck_assert_int_eq(read_it("{\"id\":\"a\",\"action\":\"closed\",\"outcome\":\"属实\",\"involved\":5,\"by_role\":\"duty_officer\"," REST "}", &d),
                     DECODE_OK);
    ck_assert_str_eq(d.id, "a");
    ck_assert_str_eq(d.unit, "人社局");
    ck_assert_int_eq(d.act, ACT_CLOSED);
    ck_assert_int_eq(d.outcome, SAID_VERIFIED);
    ck_assert_uint_eq(d.involved, 5);
    ck_assert_int_eq(d.at, 1768182082);
    ck_assert_int_eq(read_it("{\"id\":\"a\",\"time\":\"2026-01-12T09:41:22+08:00\",\"data\":{\"action\":\"签收\",\"unit\":\"x\"," ALERT "}}", &d),
                     DECODE_OK);
    ck_assert_int_eq(d.act, ACT_SIGNED);
    ck_assert_int_eq(d.at, 1768182082);
    ck_assert_int_eq(read_it("{\"id\":\"a\",\"action\":\"transferred\",\"actual_level\":\"黄\",\"to\":\"12345 专班 110\"," REST "}", &d),
                     DECODE_OK);
    ck_assert_int_eq(read_it("{\"id\":\"a\",\"action\":\"closed\",\"actual_level\":\"high\"," REST "}", &d), DECODE_OK);
}
END_TEST

START_TEST(what_is_no_message_is_refused)
{
    static const struct {
        const char *text;
        enum decode_refusal reason;
    } cases[] = {
        {"", DECODE_EMPTY},
        {"[1]", DECODE_NOT_JSON},
        {"{\"action\":\"signed\"," REST "}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"signed\",\"unit\":\"x\",\"at\":\"2026-01-12T09:41:22+08:00\"}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"signed\",\"alert_id\":\"7F\",\"unit\":\"x\"}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\"," REST "}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"not_signed\"," REST "}", DECODE_UNKNOWN_KIND},
        {"{\"id\":\"a\",\"action\":\"signed\"," ALERT ",\"at\":\"2026-01-12T09:41:22+08:00\"}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"signed\",\"unit\":\"x\"," ALERT "}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"signed\",\"unit\":\"x\",\"at\":\"soon\"," ALERT "}", DECODE_BAD_TIME},
        {"{\"id\":\"a\",\"action\":\"signed\",\"unit\":\"x\",\"at\":\"1999-01-12T09:41:22+08:00\"," ALERT "}", DECODE_ANCIENT},
        {"{\"id\":\"a\",\"action\":\"signed\",\"unit\":\"x\",\"at\":\"2026-01-12T13:41:22+08:00\"," ALERT "}", DECODE_FUTURE},
        {"{\"id\":\"a\",\"action\":\"transferred\"," REST "}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"transferred\",\"to\":\"人社局\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"extended\"," REST "}", DECODE_MISSING_FIELD},
        {"{\"id\":\"a\",\"action\":\"extended\",\"until\":\"2026-01-12T08:41:22+08:00\"," REST "}", DECODE_BAD_TIME},
        {"{\"id\":\"a\",\"action\":\"returned\",\"reason\":\"bored\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"closed\",\"outcome\":\"bored\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"closed\",\"involved\":\"5\"," REST "}", DECODE_BAD_NUMBER},
        {"{\"id\":\"a\",\"action\":\"closed\",\"by_role\":\"张三\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"closed\",\"by_role\":\"13800138000\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"closed\",\"actual_level\":\"张三\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"closed\",\"actual_level\":\"red\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"transferred\",\"to\":\"某队 138-0013-8000\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"transferred\",\"to\":\"某队１３８****8000\"," REST "}", DECODE_BAD_FIELD},
        {"{\"id\":\"a\",\"action\":\"added_unit\",\"unit\":\"某队11010519491231002X\"," ALERT ",\"at\":\"2026-01-12T09:41:22+08:00\"}",
         DECODE_BAD_FIELD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct disposition d;
        ck_assert_msg(read_it(cases[i].text, &d) == cases[i].reason, "%s", cases[i].text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handling");
    TCase *all = tcase_create("all");
    static const TTest *const *tests[] = {
        &the_page_shows_every_pair, &a_unit_goes_its_way, &what_is_doubled_late_or_foreign_spoils_nothing,
        &there_is_a_bound, &who_transfers_it_gives_it_away, &the_order_of_arrival_does_not_matter,
        &a_limit_that_passes_goes_up, &who_signs_and_does_not_come_has_not_signed,
        &what_is_given_back_goes_up_at_once, &marks_do_not_pile_up, &a_higher_level_begins_its_own_limits,
        &a_message_is_read, &what_is_no_message_is_refused};
    tcase_add_checked_fixture(all, NULL, forget);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(all, *tests[i]);
    suite_add_tcase(suite, all);
    return core_run(suite);
}
