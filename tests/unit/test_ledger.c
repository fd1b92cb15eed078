/* The ledger by one writer: what enters and what does not, texts, parties, expiry and bounds; and against a model
 * that knows nothing of chains or filters, what modifiers and merges have made of random facts in random order. */
#include "ledger/ledger.h"

#include "core.h"

#include <limits.h>

enum { DAY = 86400, NOW = 20000 * DAY };

static struct ledger *ledger_small(int days, size_t mib)
{
    return ledger_create(&(struct ledger_limits){{days * DAY, 2 * DAY}, {mib << 20, mib << 20}}, 1);
}

static struct event created(const char *id, int64_t at)
{
    return (struct event){.id = str_of(id), .occurred_at = at, .region = 1, .category = 1, .kind = EVENT_CREATED};
}

static enum enter_result enter(struct ledger *ledger, const struct event *e)
{
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    enum enter_result result = ledger_enter(ledger_writer(ledger, 0), e, &entered);
    ledger_end(ledger_writer(ledger, 0));
    return result;
}

static void maintain(struct ledger *ledger, int64_t now)
{
    for (int i = 0; i < 8; i++)
        ledger_maintain(ledger, now);
}

static bool count_visit(void *arg, fact_ref ref)
{
    unsigned *count = arg;
    (void)ref;
    ++*count;
    return true;
}

static unsigned walk_count(const struct ledger *ledger, uint64_t subject)
{
    unsigned count = 0;
    ledger_walk(ledger, subject, INT64_MIN, INT64_MAX, count_visit, &count);
    return count;
}

START_TEST(enters_once)
{
    struct ledger *ledger = ledger_small(3, 64);
    struct event e = created("A", NOW), other = created("A", NOW + 5);
    ck_assert_int_eq(enter(ledger, &e), ENTER_NEW);
    ck_assert_int_eq(enter(ledger, &e), ENTER_DUPLICATE);
    ck_assert_int_eq(enter(ledger, &other), ENTER_DUPLICATE); /* the id decides, not the time */
    other.source = 1;
    ck_assert_int_eq(enter(ledger, &other), ENTER_NEW); /* of another source it is another event */
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), 2);
    e = created("old", -1);
    ck_assert_int_eq(enter(ledger, &e), ENTER_EXPIRED);
    ledger_destroy(&ledger);
    ck_assert_ptr_null(ledger);
}
END_TEST

/* of the ring of spans: 4,096 days */
#define ROUND (INT64_C(4096) * DAY)

START_TEST(floor_and_ring)
{
    struct ledger *ledger = ledger_small(3, 64);
    struct event e = created("A", NOW), older = created("B", NOW - 3 * DAY - 1), future = created("C", NOW + 20 * DAY);
    ck_assert_int_eq(enter(ledger, &e), ENTER_NEW);
    ck_assert_int_eq(enter(ledger, &older), ENTER_NEW); /* no floor yet */
    maintain(ledger, NOW);
    ck_assert_int_eq(ledger_floor(ledger, SHELF_FACTS), NOW - 3 * DAY);
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), 1);
    older.id = STR("B2");
    ck_assert_int_eq(enter(ledger, &older), ENTER_EXPIRED);
    older = created("B3", NOW - 3 * DAY);
    ck_assert_int_eq(enter(ledger, &older), ENTER_NEW);
    /* what needs the place of a span that is kept is too far ahead; of one that is being swept, it waits */
    future.occurred_at = NOW - 3 * DAY + ROUND;
    ck_assert_int_eq(enter(ledger, &future), ENTER_AHEAD);
    ledger_maintain(ledger, future.occurred_at);
    ck_assert_int_eq(enter(ledger, &future), ENTER_FULL);
    maintain(ledger, future.occurred_at);
    ck_assert_int_eq(enter(ledger, &future), ENTER_NEW);
    /* and what would need the place of something newer can only ever expire */
    older = created("B4", future.occurred_at + ROUND);
    ck_assert_int_eq(enter(ledger, &older), ENTER_AHEAD);
    ledger_destroy(&ledger);

    ledger = ledger_small(3, 64);
    future = created("far", NOW + ROUND);
    ck_assert_int_eq(enter(ledger, &future), ENTER_NEW);
    ck_assert_int_eq(enter(ledger, &e), ENTER_EXPIRED);
    ledger_destroy(&ledger);
}
END_TEST

START_TEST(parties)
{
    struct ledger *ledger = ledger_small(3, 64);
    uint64_t actors[EVENT_ACTORS_MAX];
    for (unsigned i = 0; i < EVENT_ACTORS_MAX; i++)
        actors[i] = 100 + i;
    struct event e = created("joint", NOW);
    e.actors = actors;
    e.actor_count = EVENT_ACTORS_MAX;
    e.involved = 300;
    e.respondent = STR("ORG");
    e.matter = STR("M");
    fact_ref ref = core_enter(ledger, 0, &e);
    ck_assert_uint_eq(ledger_fact(ledger, ref)->parties, EVENT_ACTORS_MAX - 1);
    for (unsigned i = 0; i < EVENT_ACTORS_MAX; i++) {
        const struct fact *fact = ledger_fact(ledger, ref + i);
        EXPECT(fact->actor == actors[i], "party %u is another", i);
        EXPECT((fact->key != 0) == (i == 0) && fact->involved == (i ? 0 : 300u), "party %u counts as an event", i);
        struct id_room room;
        EXPECT(str_eq(ledger_id(ledger, ref + i, &room), e.id), "party %u has another text", i);
    }
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), EVENT_ACTORS_MAX);
    ck_assert_uint_eq(walk_count(ledger, subject_of_respondent(STR("ORG"))), EVENT_ACTORS_MAX);
    ck_assert_uint_eq(walk_count(ledger, subject_of_matter(matter_key(STR("M")))), 1);
    ledger_destroy(&ledger);
}
END_TEST

static struct str random_text(struct dice *dice, char *out)
{
    static const size_t lengths[] = {0, 1, 2, 30, 254, 255};
    size_t len = dice_chance(dice, 70) ? lengths[dice_below(dice, 6)] : dice_below(dice, 256);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)dice_below(dice, 256);
    return (struct str){out, len};
}

START_TEST(texts_come_back)
{
    struct dice dice = core_dice();
    struct ledger *ledger = ledger_small(35, 256);
    enum { FACTS = 20000 };
    struct {
        struct event e;
        char text[4][256];
        fact_ref ref;
    } *all = xcalloc(FACTS, sizeof *all);
    for (unsigned i = 0; i < FACTS; i++) {
        struct event *e = &all[i].e;
        *e = created("", NOW - dice_between(&dice, 0, 30 * DAY));
        e->id = random_text(&dice, all[i].text[0]);
        if (e->id.len < 8)
            e->id.len = 8;
        memcpy(all[i].text[0], &i, sizeof i); /* unique */
        e->matter = dice_chance(&dice, 50) ? (struct str){e->id.at, dice_below(&dice, (unsigned)e->id.len + 1)}
                                           : random_text(&dice, all[i].text[1]);
        e->respondent = random_text(&dice, all[i].text[2]);
        e->target = random_text(&dice, all[i].text[3]);
        e->value = dice_chance(&dice, 50) ? 0 : (int64_t)dice_next(&dice);
        e->due_at = dice_chance(&dice, 50) ? 0 : (int64_t)dice_next(&dice);
        e->kind = (uint8_t)dice_below(&dice, EVENT_KINDS);
        if (e->kind == EVENT_MOVED || e->kind == EVENT_READING)
            e->kind = EVENT_STATUS;
        all[i].ref = core_enter(ledger, 0, e);
    }
    for (unsigned i = 0; i < FACTS; i++) {
        const struct event *e = &all[i].e;
        struct fact_text t = ledger_text(ledger, all[i].ref);
        struct id_room room;
        EXPECT(str_eq(ledger_id(ledger, all[i].ref, &room), e->id) && str_eq(t.matter, e->matter) && str_eq(t.respondent, e->respondent) &&
                   str_eq(t.target, e->target) && t.value == e->value && t.due_at == e->due_at,
               "fact %u reads differently", i);
        EXPECT(ledger_fact(ledger, all[i].ref)->matter == matter_key(e->matter), "fact %u: its matter's key", i);
    }
    ledger_destroy(&ledger);
    free(all);
}
END_TEST

/* ---- months of event time ---- */

static bool not_below(void *arg, fact_ref ref)
{
    const struct ledger *ledger = arg;
    EXPECT(ledger_fact(ledger, ref)->occurred_at >= ledger_floor(ledger, SHELF_FACTS), "what has expired is reachable");
    struct id_room room;
    EXPECT(ledger_id(ledger, ref, &room).len == 12, "a text is broken");
    return true;
}

/* The ring wraps around, the index is replaced many times over, and none of it grows with what has been. */
START_TEST(months)
{
    struct dice dice = core_dice();
    enum { KEEP = 5, A_DAY = 2000 };
    struct ledger *ledger = ledger_small(KEEP, 16);
    size_t index_most = 0, bytes_most = 0;
    for (int day = 0, days = (int)core_effort(120); day < days; day++) {
        char id[32];
        for (unsigned i = 0; i < A_DAY; i++) {
            snprintf(id, sizeof id, "%06d-%05u", day, i);
            struct event e = created(id, NOW + (int64_t)day * DAY + dice_below(&dice, DAY));
            e.region = 1 + dice_below(&dice, 5);
            enum enter_result result;
            while ((result = enter(ledger, &e)) == ENTER_FULL)
                ledger_maintain(ledger, e.occurred_at);
            EXPECT(result == ENTER_NEW, "day %d: not new", day);
            if (i % 200 == 0)
                ledger_maintain(ledger, e.occurred_at);
        }
        maintain(ledger, NOW + (int64_t)(day + 1) * DAY - 1);
        snprintf(id, sizeof id, "%06d-%05u", day - KEEP > 0 ? day - KEEP : 0, 7u);
        struct event again = created(id, NOW + (int64_t)day * DAY);
        EXPECT(enter(ledger, &again) == ENTER_DUPLICATE, "day %d: what is remembered entered twice", day);
        for (uint32_t region = 1; region <= 5; region++)
            ledger_walk(ledger, subject_of_region(region), INT64_MIN, INT64_MAX, not_below, ledger);
        index_most = ledger_index_bytes(ledger) > index_most ? ledger_index_bytes(ledger) : index_most;
        bytes_most = ledger_bytes(ledger, SHELF_FACTS) > bytes_most ? ledger_bytes(ledger, SHELF_FACTS) : bytes_most;
        EXPECT(walk_count(ledger, subject_of_region(1)) > 0, "day %d: nothing is there", day);
    }
    ck_assert_uint_le(bytes_most, 16 << 20);
    ck_assert_uint_le(index_most, (size_t)A_DAY * (KEEP + 2) * 12 * sizeof(uint64_t));
    ck_assert_uint_eq(ledger_evictions(ledger, SHELF_FACTS), 0);
    ledger_destroy(&ledger);
}
END_TEST

/* What grows at once is copied or faulted in at once, while alerts wait. */
static void grown(size_t now, size_t *before, const char *what)
{
    enum { SMALL = 1 << 20 };
    EXPECT(now < SMALL || now <= *before + *before / 8, "%s: from %zu to %zu bytes at once", what, *before, now);
    *before = now;
}

START_TEST(grows_little_by_little)
{
    enum { FACTS = 300000 };
    struct ledger *ledger = ledger_small(3, 256);
    size_t index = ledger_index_bytes(ledger), facts = ledger_bytes(ledger, SHELF_FACTS), first = index;
    for (unsigned i = 0; i < FACTS; i++) {
        char id[16], matter[16];
        snprintf(id, sizeof id, "%09u", i);
        snprintf(matter, sizeof matter, "M%09u", i);
        struct event e = created(id, NOW + i / 10);
        e.matter = str_of(matter);
        EXPECT(enter(ledger, &e) == ENTER_NEW, "event %u is not new", i);
        ledger_grow(ledger);
        grown(ledger_index_bytes(ledger), &index, "the index");
        grown(ledger_bytes(ledger, SHELF_FACTS), &facts, "facts and heads");
    }
    ck_assert_uint_gt(index, first * 4);
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), FACTS);
    ledger_destroy(&ledger);
}
END_TEST

static unsigned enter_many(struct ledger *ledger, unsigned *serial, unsigned count, int64_t at)
{
    unsigned entered = 0;
    for (unsigned i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%09u", ++*serial);
        struct event e = created(id, at);
        struct entered result;
        entered += ledger_enter(ledger_writer(ledger, 0), &e, &result) == ENTER_NEW;
    }
    return entered;
}

/* All that the index knew has expired, so the next table may be small; but it is not yet copied when many more come. */
START_TEST(many_come_after_a_gap)
{
    for (unsigned before = 20000; before <= 60000; before += 10000) {
        struct ledger *ledger = ledger_small(1, 64);
        unsigned serial = 0, entered = 0;
        for (unsigned i = 0; i < before / 500; i++) {
            ledger_begin(ledger_writer(ledger, 0));
            ck_assert_uint_eq(enter_many(ledger, &serial, 500, NOW), 500);
            ledger_end(ledger_writer(ledger, 0));
            maintain(ledger, NOW);
        }
        int64_t later = NOW + 60 * DAY;
        size_t index = SIZE_MAX;
        while (ledger_index_bytes(ledger) <= index) {
            index = ledger_index_bytes(ledger);
            ledger_begin(ledger_writer(ledger, 0));
            entered += enter_many(ledger, &serial, 1, later);
            ledger_end(ledger_writer(ledger, 0));
            ledger_maintain(ledger, later);
        }
        ledger_begin(ledger_writer(ledger, 0));
        entered += enter_many(ledger, &serial, 3000, later);
        ledger_end(ledger_writer(ledger, 0));
        maintain(ledger, later);
        ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), entered);
        ledger_destroy(&ledger);
    }
}
END_TEST

START_TEST(memory_bound)
{
    struct ledger *ledger = ledger_small(30, 2);
    for (int day = 0; day < 30; day++)
        for (unsigned i = 0; i < 300; i++) {
            char id[32];
            snprintf(id, sizeof id, "%06d-%05u", day, i);
            struct event e = created(id, NOW + (int64_t)day * DAY + i);
            ck_assert_int_eq(enter(ledger, &e), ENTER_NEW);
            maintain(ledger, e.occurred_at);
        }
    ck_assert_uint_gt(ledger_evictions(ledger, SHELF_FACTS), 10);
    ck_assert_uint_le(ledger_bytes(ledger, SHELF_FACTS), 3 << 20);
    ck_assert_int_gt(ledger_floor(ledger, SHELF_FACTS), NOW);
    ck_assert_uint_ge(walk_count(ledger, subject_of_region(1)), 300);
    ledger_walk(ledger, subject_of_region(1), INT64_MIN, INT64_MAX, not_below, ledger);
    ledger_destroy(&ledger);
}
END_TEST

/* nothing is freed, and the floor stays, for a batch that is open */
START_TEST(an_open_batch_is_waited_for)
{
    struct ledger *ledger = ledger_small(3, 64);
    struct event e = created("A", NOW), late = created("B", NOW + 5);
    fact_ref ref = core_enter(ledger, 0, &e);
    struct ledger_writer *writer = ledger_writer(ledger, 0);
    struct entered entered;
    ledger_begin(writer);
    maintain(ledger, NOW + 30 * DAY);
    ck_assert(!ledger_quiet(ledger));
    ck_assert_int_eq(ledger_enter(writer, &late, &entered), ENTER_NEW);
    ck_assert_uint_eq(ledger_fact(ledger, ref)->occurred_at, NOW);
    ck_assert_uint_eq(ledger_fact(ledger, entered.ref)->occurred_at, NOW + 5);
    ledger_end(writer);
    ck_assert(ledger_quiet(ledger));
    size_t before = ledger_bytes(ledger, SHELF_FACTS);
    maintain(ledger, NOW + 30 * DAY);
    ck_assert_uint_lt(ledger_bytes(ledger, SHELF_FACTS), before);
    ck_assert_int_eq(enter(ledger, &late), ENTER_EXPIRED);
    ledger_destroy(&ledger);
}
END_TEST

static bool keep_visit(void *arg, fact_ref ref)
{
    *(fact_ref *)arg = ref;
    return true;
}

/* a batch that began when the floor had risen, and what is below it was still there to be found */
START_TEST(what_is_found_stays_for_the_batch)
{
    struct ledger *ledger = ledger_small(3, 64);
    struct event e = created("A", NOW);
    struct ledger_writer *writer = ledger_writer(ledger, 0);
    fact_ref walked = 0;
    core_enter(ledger, 0, &e);
    ledger_maintain(ledger, NOW + 30 * DAY);
    ledger_begin(writer);
    ledger_walk(ledger, subject_of_region(1), INT64_MIN, INT64_MAX, keep_visit, &walked);
    fact_ref found = ledger_find(ledger, 0, STR("A"));
    ck_assert_uint_ne(walked, 0);
    ck_assert_uint_eq(walked, found);
    maintain(ledger, NOW + 30 * DAY);
    ck_assert_uint_eq(ledger_fact(ledger, found)->occurred_at, NOW);
    struct id_room room;
    ck_assert(str_eq(ledger_id(ledger, found, &room), STR("A")));
    ck_assert_uint_eq(walk_count(ledger, subject_of_region(1)), 0); /* nobody else comes upon it */
    ck_assert_uint_eq(ledger_find(ledger, 0, STR("A")), 0);
    ledger_end(writer);
    size_t before = ledger_bytes(ledger, SHELF_FACTS);
    maintain(ledger, NOW + 30 * DAY);
    ck_assert_uint_lt(ledger_bytes(ledger, SHELF_FACTS), before);
    ledger_destroy(&ledger);
}
END_TEST

static bool window_visit(void *arg, fact_ref ref)
{
    struct windowed {
        const struct ledger *ledger;
        int64_t from;
        unsigned inside, visited;
    } *w = arg;
    w->visited++;
    w->inside += ledger_fact(w->ledger, ref)->occurred_at >= w->from;
    return true;
}

/* The last minutes of a day are found among a day's facts without looking at all of them, and none of them is missed that came
 * late, or early: then those behind it are looked at. */
START_TEST(a_walk_turns_back)
{
    enum { FACTS = 20000, LAST = 100 };
    struct ledger *ledger = ledger_small(3, 64);
    struct {
        const struct ledger *ledger;
        int64_t from;
        unsigned inside, visited;
    } w = {ledger, NOW + FACTS - LAST, 0, 0};
    for (int i = 0; i < FACTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        /* of the last ones one in four came long before its time, as from a partition that was ahead, up to half way back */
        int64_t at = i >= FACTS / 2 && i % 1000 == 0 ? NOW + FACTS - 1 : i % 7 == 0 ? NOW + i / 2 : NOW + i;
        struct event e = created(id, at);
        struct entered entered;
        ledger_begin(ledger_writer(ledger, 0));
        ck_assert_int_eq(ledger_enter(ledger_writer(ledger, 0), &e, &entered), ENTER_NEW);
        ledger_end(ledger_writer(ledger, 0));
        ledger_commit(ledger, entered.ref, 1);
    }
    ledger_walk(ledger, subject_of_region(1), w.from, INT64_MAX, window_visit, &w);
    ck_assert_uint_eq(w.inside, FACTS / 2 / 1000 + LAST - LAST / 7 - 1);
    ck_assert_uint_lt(w.visited, FACTS / 2 + 2 * 1024);
    ledger_destroy(&ledger);
}
END_TEST

struct regions_seen {
    const struct ledger *ledger;
    unsigned by_region[512], left; /* after so many the visitor stops */
};

static bool region_visit(void *arg, fact_ref ref)
{
    struct regions_seen *seen = arg;
    seen->by_region[ledger_fact(seen->ledger, ref)->region]++;
    return --seen->left > 0;
}

/* many more than are fetched at once, not all of which have facts in each span */
START_TEST(regions_are_walked_together)
{
    enum { REGIONS = 500, FIRST = 7, LAST = 400, DAYS = 3 };
    struct ledger *ledger = ledger_small(DAYS, 64);
    unsigned expected = 0;
    for (uint32_t region = 1; region <= REGIONS; region++)
        for (unsigned i = 0; i < region % 5; i++) {
            char id[32];
            snprintf(id, sizeof id, "%u-%u", (unsigned)region, i);
            struct event e = created(id, NOW - (int64_t)(region + i) % DAYS * DAY);
            e.region = region;
            ck_assert_int_eq(enter(ledger, &e), ENTER_NEW);
            expected += region >= FIRST && region <= LAST;
        }
    struct regions_seen all = {.ledger = ledger, .left = UINT_MAX}, some = {.ledger = ledger, .left = 100};
    ledger_walk_regions(ledger, FIRST, LAST, INT64_MIN, INT64_MAX, region_visit, &all);
    ck_assert_uint_eq(UINT_MAX - all.left, expected);
    for (uint32_t region = 1; region <= REGIONS; region++)
        EXPECT(all.by_region[region] == (region >= FIRST && region <= LAST ? region % 5 : 0), "region %u: %u facts",
               (unsigned)region, all.by_region[region]);
    ledger_walk_regions(ledger, FIRST, LAST, INT64_MIN, INT64_MAX, region_visit, &some);
    ck_assert_uint_eq(some.left, 0);
    ledger_destroy(&ledger);
}
END_TEST

static int by_key(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Two matters with one subject would be counted as one.  Of so many, keys of 29 bits would have some forty such pairs. */
START_TEST(subjects_are_told_apart)
{
    enum { TEXTS = 200000, KINDS = 2 };
    uint64_t *subjects = xcalloc(TEXTS * KINDS, sizeof *subjects);
    for (unsigned i = 0; i < TEXTS; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "WO%09u", i);
        struct str name = {text, (size_t)len};
        subjects[i * KINDS] = subject_of_matter(matter_key(name));
        subjects[i * KINDS + 1] = subject_of_respondent(name);
    }
    qsort(subjects, TEXTS * KINDS, sizeof *subjects, by_key);
    for (unsigned i = 1; i < TEXTS * KINDS; i++)
        EXPECT(subjects[i] != subjects[i - 1], "two subjects are %016" PRIx64, subjects[i]);
    free(subjects);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ledger");
    core_test(s, subjects_are_told_apart);
    core_test(s, enters_once);
    core_test(s, floor_and_ring);
    core_test(s, parties);
    core_test(s, texts_come_back);
    core_test(s, months);
    core_test(s, grows_little_by_little);
    core_test(s, many_come_after_a_gap);
    core_test(s, memory_bound);
    core_test(s, an_open_batch_is_waited_for);
    core_test(s, what_is_found_stays_for_the_batch);
    core_test(s, a_walk_turns_back);
    core_test(s, regions_are_walked_together);
    return core_run(s);
}
