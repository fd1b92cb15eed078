/* The ledger under threads: an event and the move that names it at the same moment, the same events on all workers while
 * spans expire and the index is replaced, and walks that run meanwhile. */
#include "ledger/carry.h"

#include "core.h"

enum { DAY = 86400, NOW = 20000 * DAY };

/* ---- an event and its move, at the same time ---- */

enum { PAIRS = 4000, MOVES = 2 };

struct meeting {
    struct ledger *ledger;
    struct gate gate;
    _Atomic unsigned aliases[PAIRS];
    _Atomic fact_ref event[PAIRS];
};

struct guest {
    struct meeting *meeting;
    unsigned number; /* 0 enters the event, the others a move each */
};

static void *meet(void *arg)
{
    const struct guest *g = arg;
    struct meeting *m = g->meeting;
    struct ledger_writer *writer = ledger_writer(m->ledger, g->number);
    for (unsigned i = 0; i < PAIRS; i++) {
        char id[32], target[32];
        snprintf(target, sizeof target, "event%u", i);
        snprintf(id, sizeof id, "move%u.%u", i, g->number);
        struct event e = {.id = str_of(g->number ? id : target),
                          .target = g->number ? str_of(target) : (struct str){0},
                          .occurred_at = NOW + i,
                          .region = 1 + g->number,
                          .kind = g->number ? EVENT_MOVED : EVENT_CREATED};
        struct entered entered;
        if (i % 4 == 0) /* at once; the others may run ahead of each other a little */
            gate_pass(&m->gate);
        ledger_begin(writer);
        CHECK(ledger_enter(writer, &e, &entered) == ENTER_NEW);
        for (unsigned a = 0; a < entered.aliases; a++) {
            const struct fact *alias = ledger_fact(m->ledger, entered.alias[a]);
            CHECK(alias->region == 2 || alias->region == 3);
            atomic_fetch_add(&m->aliases[i], alias->region == 2 ? 1 : 100);
        }
        if (!g->number)
            atomic_store(&m->event[i], entered.ref);
        ledger_end(writer);
    }
    return NULL;
}

static bool commit_visit(void *arg, fact_ref ref)
{
    ledger_commit(arg, ref, 1);
    return true;
}


struct origins {
    const struct ledger *ledger;
    _Atomic unsigned char *seen; /* by second */
};

static bool origin_visit(void *arg, fact_ref ref)
{
    const struct origins *o = arg;
    o->seen[ledger_fact(o->ledger, ledger_origin(o->ledger, ref))->occurred_at - NOW]++;
    return true;
}

START_TEST(moved_while_it_arrives)
{
    for (unsigned round = 0, rounds = core_effort(5); round < rounds; round++) {
        struct meeting *m = xcalloc(1, sizeof *m);
        m->ledger = ledger_create(&(struct ledger_limits){{3 * DAY, DAY}, {64 << 20, 64 << 20}}, 1 + MOVES);
        m->gate.threads = 1 + MOVES;
        struct guest guests[1 + MOVES];
        for (unsigned i = 0; i <= MOVES; i++)
            guests[i] = (struct guest){m, i};
        threads_run(1 + MOVES, meet, guests, sizeof guests[0]);
        for (unsigned i = 0; i < PAIRS; i++)
            EXPECT(m->aliases[i] == 101, "pair %u: moves made %u and %u places", i, m->aliases[i] % 100,
                   m->aliases[i] / 100);
        for (struct ledger_scan scan = {0}; ledger_scan(m->ledger, SHELF_FACTS, &scan, commit_visit, m->ledger);)
            ;
        struct origins o = {m->ledger, xcalloc(PAIRS, 1)};
        ledger_walk(m->ledger, subject_of_region(3), INT64_MIN, INT64_MAX, origin_visit, &o);
        for (unsigned i = 0; i < PAIRS; i++) {
            /* both moves are of one second: the greater id decides */
            struct standing s = ledger_standing(m->ledger, m->event[i]);
            EXPECT(s.live && s.region == 3, "pair %u stands in region %u", i, s.region);
            EXPECT(o.seen[i] == 1, "pair %u is %u times in the chain of its new region", i, (unsigned)o.seen[i]);
        }
        free((void *)(uintptr_t)o.seen);
        ledger_destroy(&m->ledger);
        free(m);
    }
}
END_TEST

/* ---- the same events everywhere, while the ledger is maintained ---- */

enum { WORKERS = 3, DAYS = 40, A_DAY = 700, KEEP = 4 };

struct flood {
    struct ledger *ledger;
    _Atomic uint8_t entered[DAYS * A_DAY];
    _Atomic int64_t newest;
    _Atomic unsigned running, steps;
    _Atomic uint64_t full;
};

struct flooder {
    struct flood *flood;
    unsigned number;
    struct dice dice;
};

static void enter_one(struct flooder *f, struct ledger_writer *writer, unsigned n)
{
    struct flood *flood = f->flood;
    char id[32], target[32];
    snprintf(id, sizeof id, "%07u", n);
    snprintf(target, sizeof target, "%07u", n > 3 ? n - 1 - n % 3 : 0);
    bool move = n % 5 == 0;
    struct event e = {.id = str_of(id),
                      .target = move ? str_of(target) : (struct str){0},
                      .matter = {id, 6},
                      .occurred_at = NOW + (int64_t)(n / A_DAY) * DAY + n % A_DAY,
                      .region = 1 + n % 3,
                      .kind = move ? EVENT_MOVED : n % 7 ? EVENT_CREATED : EVENT_READING};
    struct entered entered;
    enum enter_result result = ledger_enter(writer, &e, &entered);
    if (result == ENTER_NEW) {
        atomic_fetch_add(&flood->entered[n], 1);
        struct id_room room;
        CHECK(str_eq(ledger_id(flood->ledger, entered.ref, &room), e.id));
    } else if (result == ENTER_FULL) {
        atomic_fetch_add(&flood->full, 1);
    }
    int64_t newest = atomic_load(&flood->newest);
    while (newest < e.occurred_at && !atomic_compare_exchange_weak(&flood->newest, &newest, e.occurred_at))
        ;
}

/* between two days the ledger has been maintained: nobody is so fast that all is over before anything expires */
static void await_step(struct flood *flood)
{
    for (unsigned steps = atomic_load(&flood->steps); atomic_load(&flood->steps) == steps;)
        sched_yield();
}

static void *flood_all(void *arg)
{
    struct flooder *f = arg;
    struct ledger_writer *writer = ledger_writer(f->flood->ledger, f->number);
    for (unsigned n = 0; n < DAYS * A_DAY;) {
        if (n % A_DAY == 0)
            await_step(f->flood);
        ledger_begin(writer);
        for (unsigned end = n + 50; n < end && n < DAYS * A_DAY; n++) {
            enter_one(f, writer, n);
            if (dice_chance(&f->dice, 5)) /* an old one again, from before or after the floor */
                enter_one(f, writer, dice_below(&f->dice, n + 1));
        }
        ledger_end(writer);
    }
    atomic_fetch_sub(&f->flood->running, 1);
    return NULL;
}

static bool floor_visit(void *arg, fact_ref ref)
{
    const struct ledger *ledger = arg;
    const struct fact *fact = ledger_fact(ledger, ref);
    int64_t floor = ledger_left_below(ledger, fact->kind == EVENT_READING ? SHELF_READINGS : SHELF_FACTS);
    EXPECT(fact->kind == FACT_ALIAS || fact->occurred_at >= floor, "what has expired is reachable");
    EXPECT(!fact->carried, "what was carried on is in a region");
    struct id_room room;
    EXPECT(ledger_id(ledger, ref, &room).len == 7, "a text is broken");
    return true;
}

/* what leaves is carried on meanwhile, as the committer does it */
struct carrying {
    struct flood *flood;
    unsigned done;
};

static bool carry_visit(void *arg, fact_ref ref)
{
    struct carrying *c = arg;
    struct ledger *ledger = c->flood->ledger;
    struct entered entered;
    struct id_room room;
    struct str id = ledger_id(ledger, ref, &room);
    ledger_commit(ledger, ref, 1);
    struct tally judged = {0};
    enum carry_result result = ledger_carry(ledger_writer(ledger, WORKERS), ref, atomic_load(&c->flood->newest), CUT_NEWEST,
                                            &judged, &entered);
    tally_free(&judged);
    if (result != CARRY_DONE)
        return true;
    c->done++;
    EXPECT(ledger_find(ledger, 0, id) == entered.ref, "a carried fact is not found by its id");
    return true;
}

static void carry_on(struct carrying *c)
{
    struct ledger *ledger = c->flood->ledger;
    if (!ledger_leaving(ledger) || !ledger_quiet(ledger))
        return;
    ledger_begin(ledger_writer(ledger, WORKERS));
    while (ledger_leave(ledger, carry_visit, c))
        ;
    ledger_end(ledger_writer(ledger, WORKERS));
}

START_TEST(once_while_it_expires)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(3); round < rounds; round++) {
        struct flood *flood = xcalloc(1, sizeof *flood);
        /* a small bound: the index begins small and is replaced often, and spans go early */
        flood->ledger = ledger_create(&(struct ledger_limits){{KEEP * DAY, DAY}, {64 << 10, 64 << 10}}, WORKERS + 1);
        struct ledger *ledger = flood->ledger;
        struct flooder flooders[WORKERS];
        pthread_t thread[WORKERS];
        atomic_init(&flood->running, WORKERS);
        for (unsigned i = 0; i < WORKERS; i++) {
            flooders[i] = (struct flooder){flood, i, {dice_next(&dice)}};
            CHECK(pthread_create(&thread[i], NULL, flood_all, &flooders[i]) == 0);
        }
        size_t index_sizes = 0, index_bytes = 0;
        struct carrying carrying = {flood, 0};
        for (unsigned step = 0; atomic_load(&flood->running); step++) {
            carry_on(&carrying);
            ledger_maintain(ledger, atomic_load(&flood->newest));
            ledger_walk(ledger, subject_of_region(1 + step % 3), INT64_MIN, INT64_MAX, floor_visit, ledger);
            index_sizes += ledger_index_bytes(ledger) != index_bytes;
            index_bytes = ledger_index_bytes(ledger);
            atomic_fetch_add(&flood->steps, 1);
            sched_yield();
        }
        for (unsigned i = 0; i < WORKERS; i++)
            pthread_join(thread[i], NULL);
        unsigned entered = 0;
        for (unsigned n = 0; n < DAYS * A_DAY; n++) {
            EXPECT(flood->entered[n] <= 1, "event %u entered %u times", n, (unsigned)flood->entered[n]);
            entered += flood->entered[n];
        }
        printf("flood: %u of %u entered, %llu times full, %u carried on, index %zu sizes\n", entered, DAYS * A_DAY,
               (unsigned long long)flood->full, carrying.done, index_sizes);
        ck_assert_uint_gt(carrying.done, 0);
        ck_assert_int_gt(ledger_floor(ledger, SHELF_FACTS), NOW);
        ck_assert_uint_gt(entered, DAYS * A_DAY / 4);
        ledger_destroy(&flood->ledger);
        free(flood);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ledger under threads");
    core_test(s, moved_while_it_arrives);
    core_test(s, once_while_it_expires);
    return core_run(s);
}
