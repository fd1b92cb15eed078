/* Watermarks: how far a source is complete.  The cases of watermark.h one by one, then what must hold in any history: it
 * never goes back, and never passes what an event that is not too late may still bring. */
#include "alert/view.h"
#include "commit/watermark.h"

#include "core.h"

enum { LATENESS = 600, SILENT_AFTER = 300 };
static const int64_t noon = INT64_C(20000) * 86400 + 43200; /* seconds */

struct input {
    struct partition_progress partitions[3];
    struct source_progress sources[2];
    struct watermarks marks;
};

/* source 0 has partitions 0 and 1, source 1 has partition 2; all heard at noon */
static void input_init(struct input *in, bool clock)
{
    memset(in, 0, sizeof *in);
    for (unsigned i = 0; i < 3; i++)
        in->partitions[i] = (struct partition_progress){i / 2, -1, INT64_MIN, noon * 1000, RECORD_DATA};
    for (unsigned i = 0; i < 2; i++)
        in->sources[i] = (struct source_progress){.lateness_s = LATENESS,
                                                  .silent_after_s = SILENT_AFTER,
                                                  .heard_ms = noon * 1000,
                                                  .thawed_ms = INT64_MIN,
                                                  .watermark = WATERMARK_NONE,
                                                  .horizon = MINUTE_NONE};
    in->marks = (struct watermarks){.clock = clock, .partitions = in->partitions, .partition_count = 3, .sources = in->sources, .source_count = 2};
}

static void hear(struct input *in, unsigned partition, int64_t newest, int64_t now, enum record_kind state)
{
    struct partition_progress *p = &in->partitions[partition];
    if (newest > p->newest)
        p->newest = newest;
    p->state = state;
    watermarks_hear(&in->marks, p, now * 1000);
}

static int64_t mark(struct input *in, unsigned source, int64_t now)
{
    watermarks_update(&in->marks, now * 1000);
    return in->sources[source].watermark;
}

START_TEST(least_over_partitions)
{
    struct input in;
    input_init(&in, true);
    ck_assert_int_eq(mark(&in, 0, noon), WATERMARK_NONE);
    hear(&in, 0, noon, noon, RECORD_DATA);
    ck_assert_int_eq(mark(&in, 0, noon), WATERMARK_NONE); /* nothing is known of the other one */
    hear(&in, 1, noon - 50, noon, RECORD_DATA);
    ck_assert_int_eq(mark(&in, 0, noon), noon - 50 - LATENESS);
    ck_assert_int_eq(in.sources[1].watermark, WATERMARK_NONE);
    hear(&in, 1, noon - 5, noon, RECORD_DATA);
    ck_assert(watermarks_update(&in.marks, noon * 1000));
    ck_assert(!watermarks_update(&in.marks, noon * 1000));
    ck_assert_int_eq(in.sources[0].watermark, noon - 5 - LATENESS);
}
END_TEST

START_TEST(idle_follows_the_clock_then_freezes)
{
    struct input in;
    input_init(&in, true);
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon - 500, noon, RECORD_AT_END);
    ck_assert_int_eq(mark(&in, 0, noon + 100), noon + 100 - LATENESS);
    ck_assert(!in.sources[0].silent);
    ck_assert_int_eq(mark(&in, 0, noon + SILENT_AFTER), noon + SILENT_AFTER - LATENESS);
    ck_assert(!in.sources[0].silent);
    ck_assert_int_eq(mark(&in, 0, noon + SILENT_AFTER + 1000), noon + SILENT_AFTER - LATENESS);
    ck_assert(in.sources[0].silent);
}
END_TEST

START_TEST(unread_or_out_of_reach_is_not_idle)
{
    struct input in;
    input_init(&in, true);
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon - 500, noon, RECORD_DATA); /* there is more to read */
    ck_assert_int_eq(mark(&in, 0, noon + 200), noon - 500 - LATENESS);
    hear(&in, 1, noon - 500, noon, RECORD_LOST);
    ck_assert_int_eq(mark(&in, 0, noon + 250), noon - 500 - LATENESS);
}
END_TEST

/* after a silence the other partitions' share of the backlog may still be on its way */
START_TEST(thaws_partition_by_partition)
{
    struct input in;
    input_init(&in, true);
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon, noon, RECORD_AT_END);
    int64_t frozen = mark(&in, 0, noon + 7200), later = noon + 7200;
    ck_assert_int_eq(frozen, noon + SILENT_AFTER - LATENESS);
    hear(&in, 0, later - 10, later, RECORD_AT_END);
    ck_assert_int_eq(mark(&in, 0, later + 1), frozen);
    ck_assert(!in.sources[0].silent);
    ck_assert_int_eq(mark(&in, 0, later + SILENT_AFTER - 1), frozen);
    hear(&in, 1, noon + 60, later + SILENT_AFTER - 1, RECORD_AT_END);
    ck_assert_int_eq(mark(&in, 0, later + SILENT_AFTER - 1), later + SILENT_AFTER - 1 - LATENESS);

    input_init(&in, true); /* one that says nothing is waited for only so long */
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon, noon, RECORD_AT_END);
    mark(&in, 0, later);
    hear(&in, 0, later, later, RECORD_AT_END);
    ck_assert_int_eq(mark(&in, 0, later + SILENT_AFTER), later + SILENT_AFTER - LATENESS);
}
END_TEST

/* or the hour that the clock repeats would be taken for calm, however silent the source is */
START_TEST(silence_counts_on_when_the_clock_is_set_back)
{
    struct input in;
    input_init(&in, true);
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon, noon, RECORD_AT_END);
    mark(&in, 0, noon);
    int64_t earlier = noon - 3600;
    int64_t before = mark(&in, 0, earlier);
    ck_assert(!in.sources[0].silent);
    ck_assert_int_eq(mark(&in, 0, earlier + SILENT_AFTER), before);
    ck_assert(!in.sources[0].silent);
    mark(&in, 0, earlier + SILENT_AFTER + 1);
    ck_assert(in.sources[0].silent);
    mark(&in, 0, earlier - 3600); /* and only a record ends it */
    ck_assert(in.sources[0].silent);
    /* and of the backlog after it each partition's share is waited for */
    hear(&in, 1, earlier + 500, earlier + 500, RECORD_AT_END);
    mark(&in, 0, earlier + 500);
    ck_assert_int_eq(in.sources[0].thawed_ms, (earlier + 500) * 1000);
    ck_assert_int_lt(in.partitions[0].heard_ms, in.sources[0].thawed_ms);
}
END_TEST

START_TEST(who_begins_to_listen_has_heard_no_silence)
{
    struct input in;
    input_init(&in, true);
    for (unsigned i = 0; i < 2; i++)
        in.partitions[i].heard_ms = HEARD_NOT_YET;
    in.sources[0].heard_ms = HEARD_NOT_YET;
    mark(&in, 0, noon);
    ck_assert(!in.sources[0].silent);
    ck_assert_int_eq(in.sources[0].heard_ms, noon * 1000);
    ck_assert_int_eq(in.partitions[1].heard_ms, noon * 1000);
    mark(&in, 0, noon + SILENT_AFTER + 1);
    ck_assert(in.sources[0].silent);
    ck_assert_int_eq(in.marks.now_ms, (noon + SILENT_AFTER + 1) * 1000);
    ck_assert(!in.sources[0].heard); /* nothing ever came */
    hear(&in, 0, noon, noon + SILENT_AFTER + 2, RECORD_DATA);
    ck_assert(in.sources[0].heard);
}
END_TEST

START_TEST(without_a_clock)
{
    struct input in;
    input_init(&in, false);
    hear(&in, 0, noon, noon, RECORD_AT_END);
    hear(&in, 1, noon - 900, noon, RECORD_AT_END);
    in.sources[0].silent = true; /* as restored from a life that had a clock */
    ck_assert_int_eq(mark(&in, 0, noon + 100000), noon - 900 - LATENESS);
    ck_assert(!in.sources[0].silent);
    hear(&in, 1, noon - 900, noon, RECORD_FINISHED);
    ck_assert_int_eq(mark(&in, 0, noon), noon - LATENESS);
    hear(&in, 0, noon, noon, RECORD_FINISHED);
    ck_assert_int_eq(mark(&in, 0, noon), WATERMARK_ALL);
    ck_assert(!in.sources[0].silent);
}
END_TEST

START_TEST(minutes)
{
    ck_assert_int_eq(watermark_minute(WATERMARK_NONE), MINUTE_NONE);
    ck_assert_int_eq(watermark_minute(WATERMARK_ALL), MINUTE_NEVER);
    /* minute T ends with second T * 60, which is complete once the watermark is past it */
    for (int64_t s = -200; s <= 200; s++) {
        int64_t minute = watermark_minute(s);
        EXPECT(minute * 60 < s && (minute + 1) * 60 >= s, "%lld closes minute %lld", (long long)s, (long long)minute);
    }
}
END_TEST

/* Events come at most LATENESS late, partitions fall behind, the source falls silent, the clock jumps. */
START_TEST(never_back_and_never_too_far)
{
    struct dice dice = core_dice();
    for (unsigned round = 0, rounds = core_effort(300); round < rounds; round++) {
        struct input in;
        input_init(&in, dice_chance(&dice, 80));
        int64_t now = noon, before = WATERMARK_NONE, horizon = MINUTE_NONE;
        int64_t read_up_to[2] = {noon, noon}; /* what was written to the partition until then has been read */
        for (unsigned step = 0; step < 200; step++) {
            now += dice_chance(&dice, 5) ? dice_between(&dice, -30, 2000) : dice_below(&dice, 60);
            unsigned p = dice_below(&dice, 2);
            if (dice_chance(&dice, 40) && now > read_up_to[p]) {
                bool to_end = dice_chance(&dice, 60);
                read_up_to[p] = to_end ? now : dice_between(&dice, read_up_to[p], now);
                /* what was written at that time is at most so old */
                hear(&in, p, read_up_to[p] - dice_below(&dice, LATENESS), now, to_end ? RECORD_AT_END : RECORD_DATA);
            }
            int64_t watermark = mark(&in, 0, now);
            EXPECT(watermark >= before, "round %u: it goes back", round);
            EXPECT(in.sources[0].horizon >= horizon, "round %u: the horizon goes back", round);
            /* a partition that is not at its end holds records written after read_up_to, as old as LATENESS; what will
             * be written to one that is, is as old as that now */
            for (unsigned k = 0; k < 2 && watermark > before; k++)
                EXPECT(watermark <= (in.partitions[k].state == RECORD_AT_END ? now : read_up_to[k]) - LATENESS,
                       "round %u: past what is still to be read", round);
            before = watermark;
            horizon = in.sources[0].horizon;
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("watermark");
    core_test(s, least_over_partitions);
    core_test(s, idle_follows_the_clock_then_freezes);
    core_test(s, unread_or_out_of_reach_is_not_idle);
    core_test(s, thaws_partition_by_partition);
    core_test(s, silence_counts_on_when_the_clock_is_set_back);
    core_test(s, who_begins_to_listen_has_heard_no_silence);
    core_test(s, without_a_clock);
    core_test(s, minutes);
    core_test(s, never_back_and_never_too_far);
    return core_run(s);
}
