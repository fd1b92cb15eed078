/* Carrying on, at the ledger: what outlives its span and what does not, what a carried fact still means and what it does
 * not count for, twice over, read back from the log, and within its bound. */
#include "ledger/carry.h"

#include "core.h"
#include "ledger/wire.h"

enum { DAY = 86400, NOW = 20000 * DAY, KEEP = 2 };

static struct ledger *ledger_of(size_t kib)
{
    return ledger_create(&(struct ledger_limits){{KEEP * DAY, DAY}, {kib << 10, 64 << 20}}, 1);
}

static fact_ref add(struct ledger *ledger, unsigned kind, const char *id, const char *matter, int64_t at)
{
    struct event e = {.id = str_of(id),
                      .matter = str_of(matter),
                      .occurred_at = at,
                      .region = 1,
                      .category = 2,
                      .respondent = STR("ORG"),
                      .involved = 9,
                      .kind = (uint8_t)kind};
    return core_enter(ledger, 0, &e);
}

/* of ids: of void, restoration, move; of matters: of merge and link */
static fact_ref about(struct ledger *ledger, unsigned kind, const char *id, const char *matter, const char *target,
                      int64_t at)
{
    struct event e = {.id = str_of(id), .matter = str_of(matter), .target = str_of(target), .occurred_at = at,
                      .category = kind == EVENT_MOVED ? 3 : 0, .kind = (uint8_t)kind};
    return core_enter(ledger, 0, &e);
}

struct carrying {
    struct ledger *ledger;
    int64_t at;
    uint32_t cut;
    void (*meanwhile)(struct ledger *, fact_ref); /* what comes after a fact was visited; NULL: nothing does */
    unsigned done, full;
    struct tally judged;
};

static bool carry_visit(void *arg, fact_ref ref)
{
    struct carrying *c = arg;
    struct entered entered;
    enum carry_result result = ledger_carry(ledger_writer(c->ledger, 0), ref, c->at, c->cut, &c->judged, &entered);
    if (result == CARRY_DONE)
        ledger_commit(c->ledger, entered.ref, 2);
    c->done += result == CARRY_DONE;
    c->full += result == CARRY_FULL;
    if (c->meanwhile)
        c->meanwhile(c->ledger, ref);
    return true;
}

/* as the committer does it: until all spans that this time makes too old are gone */
static struct carrying expire_while(struct ledger *ledger, int64_t now, uint32_t cut,
                                    void (*meanwhile)(struct ledger *, fact_ref))
{
    struct carrying c = {ledger, now, cut, meanwhile, 0, 0, {0}};
    for (int i = 0; i < 8; i++) {
        if (ledger_leaving(ledger)) {
            ledger_begin(ledger_writer(ledger, 0));
            while (ledger_leave(ledger, carry_visit, &c))
                ;
            ledger_end(ledger_writer(ledger, 0));
            tally_free(&c.judged);
        }
        ledger_maintain(ledger, now);
    }
    return c;
}

static struct carrying expire(struct ledger *ledger, int64_t now)
{
    return expire_while(ledger, now, CUT_NEWEST, NULL);
}

static bool has(const struct ledger *ledger, const char *id)
{
    return ledger_find(ledger, 0, str_of(id)) != 0;
}

static bool count_visit(void *arg, fact_ref ref)
{
    (void)ref;
    ++*(unsigned *)arg;
    return true;
}

static unsigned walk_count(const struct ledger *ledger, uint64_t subject)
{
    unsigned count = 0;
    ledger_walk(ledger, subject, INT64_MIN, INT64_MAX, count_visit, &count);
    return count;
}

static unsigned matter_count(const struct ledger *ledger, const char *matter)
{
    return walk_count(ledger, subject_of_matter(matter_key(str_of(matter))));
}

START_TEST(open_matters_go_on)
{
    struct ledger *ledger = ledger_of(65536);
    add(ledger, EVENT_CREATED, "open", "A", NOW);
    add(ledger, EVENT_STATUS, "open2", "A", NOW + 9);
    add(ledger, EVENT_CREATED, "shut", "B", NOW);
    add(ledger, EVENT_CLOSED, "shut2", "B", NOW + 3 * DAY); /* later, and not expired itself */
    add(ledger, EVENT_CREATED, "again", "C", NOW);
    add(ledger, EVENT_CLOSED, "again2", "C", NOW + 1);
    add(ledger, EVENT_REOPENED, "again3", "C", NOW + 2);
    add(ledger, EVENT_CREATED, "none", "", NOW);
    struct carrying c = expire(ledger, NOW + 4 * DAY);
    ck_assert_uint_eq(c.done, 5);
    ck_assert_uint_eq(c.full, 0);
    ck_assert(has(ledger, "open") && has(ledger, "open2") && has(ledger, "again") && has(ledger, "again2"));
    ck_assert(!has(ledger, "shut") && !has(ledger, "none") && has(ledger, "shut2"));

    fact_ref ref = ledger_find(ledger, 0, STR("open"));
    const struct fact *fact = ledger_fact(ledger, ref);
    ck_assert(fact->carried && fact->kind == EVENT_CREATED && fact->occurred_at == NOW);
    ck_assert(fact->region == 1 && fact->category == 2 && !fact->actor && !fact->involved);
    /* known to its matter and to nobody else */
    ck_assert_uint_eq(matter_count(ledger, "A"), 2);
    ck_assert_uint_eq(matter_count(ledger, "C"), 3);
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), 1); /* shut2 */
    ck_assert_uint_eq(walk_count(ledger, subject_of_respondent(STR("ORG"))), 1);
    /* the original, sent again, is too old */
    struct event e = {.id = STR("open"), .matter = STR("A"), .occurred_at = NOW, .region = 1, .kind = EVENT_CREATED};
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    ck_assert_int_eq(ledger_enter(ledger_writer(ledger, 0), &e, &entered), ENTER_EXPIRED);
    ledger_end(ledger_writer(ledger, 0));

    /* days later the span that they went to expires too: C has been closed by then */
    add(ledger, EVENT_CLOSED, "again4", "C", NOW + 5 * DAY);
    c = expire(ledger, NOW + 7 * DAY);
    ck_assert_uint_eq(c.done, 2);
    ck_assert(has(ledger, "open") && has(ledger, "open2") && !has(ledger, "again"));
    ck_assert_uint_eq(ledger_fact(ledger, ledger_find(ledger, 0, STR("open")))->occurred_at, NOW);
    ck_assert_uint_eq(matter_count(ledger, "A"), 2);
    ledger_destroy(&ledger);
}
END_TEST

START_TEST(what_is_said_of_them_goes_along)
{
    struct ledger *ledger = ledger_of(65536);
    add(ledger, EVENT_CREATED, "a", "A", NOW);
    add(ledger, EVENT_CREATED, "b", "B", NOW);
    about(ledger, EVENT_MERGED, "merge", "A", "B", NOW + 5);
    about(ledger, EVENT_MOVED, "move", "", "b", NOW + 6);
    add(ledger, EVENT_CLOSED, "closed", "C", NOW);
    about(ledger, EVENT_VOIDED, "void", "", "closed", NOW + 7); /* what closed it is taken back: it is open */
    add(ledger, EVENT_CREATED, "d", "D", NOW);
    add(ledger, EVENT_CLOSED, "closed2", "D", NOW + 1);
    about(ledger, EVENT_VOIDED, "void2", "", "d", NOW + 2);
    about(ledger, EVENT_LINKED, "link", "D", "A", NOW + 3);
    add(ledger, EVENT_CREATED, "late", "", NOW + 3 * DAY);
    about(ledger, EVENT_VOIDED, "early", "", "late", NOW); /* by a clock that was slow */
    about(ledger, EVENT_VOIDED, "nothing", "", "nowhere", NOW);
    expire(ledger, NOW + 4 * DAY);
    ck_assert(has(ledger, "merge") && has(ledger, "move") && has(ledger, "void") && has(ledger, "link"));
    ck_assert(!has(ledger, "d") && !has(ledger, "void2") && !has(ledger, "nothing"));
    /* and all of it means what it meant */
    ck_assert_uint_eq(ledger_matter_root(ledger, matter_key(STR("B")), NULL), matter_key(STR("A")));
    ck_assert_uint_eq(ledger_standing(ledger, ledger_find(ledger, 0, STR("b"))).category, 3);
    ck_assert(!ledger_standing(ledger, ledger_find(ledger, 0, STR("closed"))).live);
    ck_assert(!ledger_standing(ledger, ledger_find(ledger, 0, STR("late"))).live);
    ck_assert(ledger_matter_open(ledger, matter_key(STR("C")), CUT_NEWEST));
    /* closing one that is merged closes both; the merge taken back, the other is open as before */
    add(ledger, EVENT_CLOSED, "end", "A", NOW + 4 * DAY);
    ck_assert(!ledger_matter_open(ledger, matter_key(STR("B")), CUT_NEWEST));
    about(ledger, EVENT_VOIDED, "undone", "", "merge", NOW + 4 * DAY);
    ck_assert(ledger_matter_open(ledger, matter_key(STR("B")), CUT_NEWEST));
    /* what moves a carried fact is counted nowhere: it is in no window */
    struct event e = {.id = STR("move2"), .target = STR("b"), .occurred_at = NOW + 4 * DAY, .region = 2,
                      .kind = EVENT_MOVED};
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    ck_assert_int_eq(ledger_enter(ledger_writer(ledger, 0), &e, &entered), ENTER_NEW);
    ledger_end(ledger_writer(ledger, 0));
    ck_assert_uint_eq(entered.aliases, 0);
    ck_assert_uint_eq(entered.places, 0);
    ledger_destroy(&ledger);
}
END_TEST

/* ---- what comes while it goes, and after ---- */

enum { BEFORE = 2, DURING = 2 }; /* cuts: the facts of `add` are of the one before */

static void commit_during(struct ledger *ledger, fact_ref ref)
{
    ledger_commit(ledger, ref, DURING);
}

static bool visited(const struct ledger *ledger, fact_ref ref, const char *id)
{
    struct id_room room;
    return str_eq(ledger_id(ledger, ref, &room), str_of(id));
}

/* Each of these changes what is open, between two facts of the matter that it changes. */
static void change_meanwhile(struct ledger *ledger, fact_ref ref)
{
    const int64_t at = NOW + 4 * DAY;
    if (visited(ledger, ref, "o1")) /* no closing stays behind its created, nor goes before it */
        commit_during(ledger, about(ledger, EVENT_VOIDED, "shuts", "", "o3", at));
    if (visited(ledger, ref, "s1"))
        commit_during(ledger, add(ledger, EVENT_REOPENED, "opens", "S", at));
    if (visited(ledger, ref, "m1"))
        commit_during(ledger, about(ledger, EVENT_MERGED, "joins", "M", "O", at));
    if (visited(ledger, ref, "v1"))
        commit_during(ledger, about(ledger, EVENT_VOIDED, "undoes", "", "v2", at));
    if (visited(ledger, ref, "p1"))
        commit_during(ledger, about(ledger, EVENT_VOIDED, "parts", "", "pq", at));
    if (visited(ledger, ref, "t2")) /* what restores it has gone: what voids it goes too */
        commit_during(ledger, add(ledger, EVENT_CREATED, "t", "T", at));
}

START_TEST(goes_at_one_moment)
{
    struct ledger *ledger = ledger_of(65536);
    add(ledger, EVENT_CREATED, "o1", "O", NOW);
    add(ledger, EVENT_CLOSED, "o2", "O", NOW + 1);
    add(ledger, EVENT_REOPENED, "o3", "O", NOW + 2);
    add(ledger, EVENT_CREATED, "s1", "S", NOW);
    add(ledger, EVENT_CLOSED, "s2", "S", NOW + 1);
    add(ledger, EVENT_CREATED, "m1", "M", NOW);
    add(ledger, EVENT_CLOSED, "m2", "M", NOW + 1);
    add(ledger, EVENT_CREATED, "v1", "V", NOW);
    add(ledger, EVENT_CLOSED, "v2", "V", NOW + 1);
    add(ledger, EVENT_CREATED, "p1", "P", NOW);
    add(ledger, EVENT_CREATED, "q1", "Q", NOW);
    about(ledger, EVENT_MERGED, "pq", "P", "Q", NOW + 1);
    add(ledger, EVENT_CLOSED, "p2", "P", NOW + 2);
    add(ledger, EVENT_CREATED, "q2", "Q", NOW + 1);
    about(ledger, EVENT_RESTORED, "t2", "", "t", NOW + 2);
    about(ledger, EVENT_VOIDED, "t1", "", "t", NOW + 1);
    struct carrying c = expire_while(ledger, NOW + 4 * DAY, BEFORE, change_meanwhile);
    ck_assert_uint_eq(c.done, 3);
    /* open when it began: all of it has gone on, and what has come since says that it is closed */
    ck_assert(has(ledger, "o1") && has(ledger, "o2") && has(ledger, "o3"));
    ck_assert(!ledger_matter_open(ledger, matter_key(STR("O")), CUT_NEWEST));
    /* closed when it began: none of it has */
    ck_assert(!has(ledger, "s1") && !has(ledger, "s2") && has(ledger, "opens"));
    ck_assert(!has(ledger, "m1") && !has(ledger, "m2") && has(ledger, "joins"));
    ck_assert(!has(ledger, "v1") && !has(ledger, "v2") && has(ledger, "undoes"));
    ck_assert(!has(ledger, "p1") && !has(ledger, "p2") && !has(ledger, "pq"));
    ck_assert(!has(ledger, "q1") && !has(ledger, "q2") && has(ledger, "parts"));
    ck_assert(!has(ledger, "t1") && !has(ledger, "t2") && has(ledger, "t"));
    ledger_destroy(&ledger);
}
END_TEST

/* What was carried on lies in a later span than what has closed it since, at a time before. */
START_TEST(closed_stays_closed)
{
    struct ledger *ledger = ledger_of(65536);
    add(ledger, EVENT_CREATED, "a", "A", NOW);
    add(ledger, EVENT_CREATED, "b", "B", NOW);
    ck_assert_uint_eq(expire(ledger, NOW + 4 * DAY).done, 2);
    add(ledger, EVENT_CLOSED, "late", "B", NOW + 2 * DAY);
    about(ledger, EVENT_MERGED, "one", "A", "B", NOW + 2 * DAY);
    about(ledger, EVENT_LINKED, "link", "A", "D", NOW + 2 * DAY);
    add(ledger, EVENT_STATUS, "later", "A", NOW + 2 * DAY);
    add(ledger, EVENT_CREATED, "d", "D", NOW + 2 * DAY);
    add(ledger, EVENT_CLOSED, "d2", "D", NOW + 2 * DAY + 1);
    ck_assert_uint_eq(expire(ledger, NOW + 5 * DAY).done, 2);
    ck_assert(has(ledger, "a") && has(ledger, "b") && has(ledger, "late") && has(ledger, "one"));
    ck_assert(!ledger_matter_open(ledger, matter_key(STR("A")), CUT_NEWEST));
    /* and goes when all else has gone */
    ck_assert_uint_eq(expire(ledger, NOW + 7 * DAY).done, 0);
    ck_assert(!has(ledger, "a") && !has(ledger, "b") && has(ledger, "late") && has(ledger, "one"));
    ck_assert_uint_eq(expire(ledger, NOW + 8 * DAY).done, 0);
    ck_assert(!has(ledger, "late") && !has(ledger, "one"));
    ledger_destroy(&ledger);
}
END_TEST

/* ---- read back ---- */

static void enter_event(void *arg, const struct event *e)
{
    struct entered entered;
    ledger_begin(ledger_writer(arg, 0));
    if (ledger_enter(ledger_writer(arg, 0), e, &entered) == ENTER_NEW)
        ledger_commit(arg, entered.ref, 1);
    ledger_end(ledger_writer(arg, 0));
}

static void put(struct buffer *out, const struct names *names, struct ledger *ledger, const char *id)
{
    struct wire_names n = {names->registry, names->catalogue};
    struct wire_encoder *encoder = wire_encoder_create(&n);
    fact_ref ref = ledger_find(ledger, 0, str_of(id));
    out->len = 0;
    ck_assert_uint_eq(wire_encode(encoder, ledger, &ref, 1, 1 << 20, out), 1);
    wire_encoder_destroy(&encoder);
}

/* A successor reads original and copy, in this order or the other, and may hear of the floor before, between or after. */
START_TEST(read_back)
{
    struct names names = names_create("code,name,level,parent\n1,a,district,\n2,b,street,1\n", "path,name\na,a\nb,b\n");
    ck_assert_int_eq(catalogue_add_source(names.catalogue, "hotline"), 0);
    struct wire_names n = {names.registry, names.catalogue};
    struct buffer record[2] = {{0}, {0}};
    struct ledger *ledger = ledger_of(65536);
    add(ledger, EVENT_CREATED, "a", "A", NOW);
    put(&record[0], &names, ledger, "a");
    ck_assert_uint_eq(expire(ledger, NOW + 4 * DAY).done, 1);
    put(&record[1], &names, ledger, "a");
    int64_t floor = ledger_left_below(ledger, SHELF_FACTS);
    ck_assert_int_eq(floor, NOW + 2 * DAY);
    ledger_destroy(&ledger);

    for (unsigned order = 0; order < 6; order++) {
        struct ledger *next = ledger_of(65536);
        ledger_follow_floor(next, 0);
        for (unsigned step = 0; step < 3; step++) {
            struct wire_report report = {0};
            if (step == order / 2) {
                ledger_follow_floor(next, floor);
                for (int i = 0; i < 4; i++)
                    ledger_maintain(next, NOW + 40 * DAY); /* the time alone lets nothing go */
            }
            if (step < 2)
                ck_assert(wire_decode(&n, buffer_str(&record[step ^ (order & 1)]), enter_event, next, &report));
        }
        ck_assert_uint_eq(matter_count(next, "A"), 1);
        fact_ref ref = ledger_find(next, 0, STR("a"));
        ck_assert(ref && ledger_fact(next, ref)->carried && ledger_fact(next, ref)->occurred_at == NOW);
        ck_assert_uint_eq(walk_count(next, subject_of_region(1)), 0);
        ledger_follow_floor(next, LEDGER_LEADS);
        ck_assert_uint_eq(expire(next, NOW + 7 * DAY).done, 1);
        ck_assert_uint_eq(matter_count(next, "A"), 1);
        ledger_destroy(&next);
    }
    buffer_free(&record[0]);
    buffer_free(&record[1]);
    names_destroy(&names);
}
END_TEST

/* A quarter of the shelf's memory, and half of that for what was carried before. */
START_TEST(bounded)
{
    enum { MATTERS = 3000 };
    struct ledger *ledger = ledger_of(800);
    char id[16];
    for (unsigned i = 0; i < MATTERS; i++) {
        snprintf(id, sizeof id, "m%05u", i);
        add(ledger, EVENT_CREATED, id, id, NOW);
    }
    struct carrying first = expire(ledger, NOW + 4 * DAY);
    ck_assert_uint_eq(first.done + first.full, MATTERS);
    ck_assert(first.full > 0 && first.done > 1000);
    size_t bytes = ledger_carried_bytes(ledger), bound = ledger_carried_bound(ledger);
    ck_assert(bytes >= bound && bytes < bound + 200);
    struct carrying second = expire(ledger, NOW + 8 * DAY);
    ck_assert_uint_eq(second.done + second.full, first.done);
    ck_assert(ledger_carried_bytes(ledger) >= bound / 2 && ledger_carried_bytes(ledger) < bound / 2 + 200);
    ledger_destroy(&ledger);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("carrying on");
    core_test(suite, open_matters_go_on);
    core_test(suite, what_is_said_of_them_goes_along);
    core_test(suite, goes_at_one_moment);
    core_test(suite, closed_stays_closed);
    core_test(suite, read_back);
    core_test(suite, bounded);
    return core_run(suite);
}
