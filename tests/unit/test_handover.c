/* The ring between worker and committer: everything once, whole and in order, nothing lost when it is full; its units
 * keep their memory.  And the cut that it flows into: its bytes stay what they were when it was frozen. */
#include "commit/cut.h"
#include "commit/handover.h"

#include "core.h"

START_TEST(one_by_one)
{
    struct handover_ring *ring = xaligned(sizeof *ring);
    handover_ring_init(ring, 2);
    ck_assert_ptr_null(handover_take(ring));
    struct handover *h = handover_begin(ring);
    ck_assert_int_eq(h->progress[1].next_offset, -1);
    ck_assert_int_eq(h->progress[1].newest, INT64_MIN);
    ck_assert(!h->progress[1].touched);
    handover_add_fact(h, 7);
    struct reject *r = handover_add_reject(h);
    r->raw_len = 3;
    r->raw_at = handover_add_text(h, "abc", 3);
    h->progress[1].touched = true;
    ck_assert_ptr_null(handover_take(ring)); /* not handed over yet */
    ck_assert_ptr_eq(handover_begin(ring), h); /* begun again: what was there is gone */
    ck_assert_uint_eq(h->fact_count + h->reject_count + h->text.len, 0);
    ck_assert(!h->progress[1].touched);
    handover_add_fact(h, 8);
    handover_end(ring);
    struct handover *taken = handover_take(ring);
    ck_assert_ptr_eq(taken, h);
    ck_assert_uint_eq(taken->facts[0], 8);
    ck_assert_ptr_eq(handover_take(ring), taken); /* until it is released */
    handover_release(ring);
    ck_assert_ptr_null(handover_take(ring));
    handover_ring_clear(ring);
    free(ring);
}
END_TEST

START_TEST(full_waits)
{
    struct handover_ring *ring = xaligned(sizeof *ring);
    handover_ring_init(ring, 1);
    for (unsigned i = 0; i < HANDOVERS; i++) {
        ck_assert_ptr_nonnull(handover_begin(ring));
        handover_end(ring);
    }
    ck_assert_ptr_null(handover_begin(ring));
    ck_assert_ptr_nonnull(handover_take(ring));
    ck_assert_ptr_null(handover_begin(ring)); /* in the committer's hands still */
    handover_release(ring);
    ck_assert_ptr_nonnull(handover_begin(ring));
    handover_ring_clear(ring);
    free(ring);
}
END_TEST

/* ---- two threads ---- */

enum { UNITS = 20000 };

struct flow {
    struct handover_ring ring;
    struct dice worker, committer;
    uint64_t stalls;
};

/* a unit's contents follow from its number */
static unsigned facts_of(uint64_t unit)
{
    return (unsigned)(unit * 2654435761u % 40);
}

static void *work(void *arg)
{
    struct flow *f = arg;
    for (uint64_t unit = 0; unit < UNITS;) {
        struct handover *h = handover_begin(&f->ring);
        if (!h) {
            f->stalls++;
            sched_yield();
            continue;
        }
        for (unsigned i = 0; i < facts_of(unit); i++)
            handover_add_fact(h, (fact_ref)(unit * 64 + i));
        if (unit % 3 == 0)
            handover_add_reject(h)->raw_at = handover_add_text(h, &unit, sizeof unit);
        h->rules = (const struct rule_set *)(uintptr_t)unit; /* any word will do */
        findings_add(&h->findings, &(struct finding){.minute = (int64_t)unit});
        h->progress[0].next_offset = (int64_t)unit;
        handover_end(&f->ring);
        unit++;
        if (dice_chance(&f->worker, 1))
            sched_yield();
    }
    return NULL;
}

static void *commit(void *arg)
{
    struct flow *f = arg;
    for (uint64_t unit = 0; unit < UNITS;) {
        struct handover *h = handover_take(&f->ring);
        if (!h) {
            sched_yield();
            continue;
        }
        EXPECT((uintptr_t)h->rules == unit && h->progress[0].next_offset == (int64_t)unit, "not unit %llu",
               (unsigned long long)unit);
        EXPECT(h->fact_count == facts_of(unit), "unit %llu: %zu facts", (unsigned long long)unit, h->fact_count);
        for (unsigned i = 0; i < h->fact_count; i++)
            EXPECT(h->facts[i] == unit * 64 + i, "another fact");
        EXPECT(h->reject_count == (unit % 3 == 0), "rejects");
        EXPECT(!h->reject_count || memcmp(h->text.at + h->rejects[0].raw_at, &unit, sizeof unit) == 0, "its text");
        EXPECT(h->findings.count == 1 && h->findings.all[0].minute == (int64_t)unit, "its finding");
        handover_release(&f->ring);
        unit++;
        if (dice_chance(&f->committer, 1))
            sched_yield();
    }
    return NULL;
}

START_TEST(in_order_between_threads)
{
    struct dice dice = core_dice();
    struct flow *f = xaligned(sizeof *f);
    handover_ring_init(&f->ring, 1);
    f->worker.state = dice_next(&dice);
    f->committer.state = dice_next(&dice);
    pthread_t worker;
    CHECK(pthread_create(&worker, NULL, work, f) == 0);
    commit(f);
    pthread_join(worker, NULL);
    printf("handover: the worker waited %llu times\n", (unsigned long long)f->stalls);
    ck_assert_ptr_null(handover_take(&f->ring));
    handover_ring_clear(&f->ring);
    free(f);
}
END_TEST

/* ---- the cut ---- */

START_TEST(a_cut_is_frozen_as_bytes)
{
    struct dice dice = core_dice();
    struct cut cut = {0};
    for (unsigned round = 0; round < 3; round++) {
        enum { RECORDS = 300 };
        char value[RECORDS][40], key[RECORDS][8];
        for (unsigned i = 0; i < RECORDS; i++) {
            int len = snprintf(value[i], sizeof value[i], "%" PRIu64, dice_next(&dice));
            snprintf(key[i], sizeof key[i], "%u", i);
            struct store_record r = {.topic = i % 2 ? STORE_STATE : STORE_ALERTS, .key = str_of(key[i])};
            if (i % 5) /* the others delete */
                r.value = (struct str){value[i], i % 7 ? (size_t)len : 0};
            r.header_count = i % STORE_HEADERS_MAX;
            for (unsigned h = 0; h < r.header_count; h++)
                r.headers[h] = (struct store_header){"name", {value[i] + h, 1}};
            cut_add(&cut, &r);
            value[i][len] = '\0';
        }
        for (fact_ref ref = 1; ref < 3000; ref++)
            cut_add_fact(&cut, ref % 3 ? SHELF_FACTS : SHELF_READINGS, ref);
        cut_freeze(&cut);
        ck_assert_uint_eq(cut.record_count, RECORDS);
        ck_assert_uint_eq(cut.fact_count[SHELF_FACTS], 2000);
        ck_assert_uint_eq(cut.fact_count[SHELF_READINGS], 999);
        for (unsigned i = 0; i < RECORDS; i++) {
            const struct store_record *r = &cut.frozen[i];
            EXPECT(r->topic == (i % 2 ? STORE_STATE : STORE_ALERTS) && str_eq(r->key, str_of(key[i])), "record %u", i);
            EXPECT((r->value.at == NULL) == (i % 5 == 0), "record %u: deleting and empty are told apart", i);
            EXPECT(str_eq(r->value, i % 5 && i % 7 ? str_of(value[i]) : (struct str){0}), "record %u: its value", i);
            EXPECT(r->header_count == i % STORE_HEADERS_MAX, "record %u: its headers", i);
            for (unsigned h = 0; h < r->header_count; h++)
                EXPECT(r->headers[h].value.at[0] == value[i][h] && strcmp(r->headers[h].name, "name") == 0,
                       "record %u: header %u", i, h);
        }
        cut_clear(&cut);
        ck_assert_uint_eq(cut.record_count + cut.fact_count[0] + cut.fact_count[1] + cut.bytes.len, 0);
    }
    cut_free(&cut);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("handover");
    core_test(s, one_by_one);
    core_test(s, full_waits);
    core_test(s, in_order_between_threads);
    core_test(s, a_cut_is_frozen_as_bytes);
    return core_run(s);
}
