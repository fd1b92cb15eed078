/* What several threads read back is what one would have: the same facts with the same standing, whatever came first; and
 * what was carried on is in its original's place, whoever read which. */
#include "shard/entering.h"

#include "core.h"
#include "shard/backfill.h"

enum { DAY = 86400, NOW = 20000 * DAY, REGIONS = 20, THREADS = 3, RECORDS_MAX = 4096, RECORD_BYTES = 32 << 10 };

static unsigned events_made(void)
{
    return core_effort(40000);
}

struct log {
    struct names names;
    struct wire_names wire;
    struct buffer records[RECORDS_MAX];
    size_t count;
    fact_ref *refs;
};

static void make_id(char *room, size_t size, unsigned n)
{
    snprintf(room, size, "w%07u", n);
}

static void enter_from(struct log *log, struct ledger *ledger, const struct event *e, size_t *count)
{
    struct entered entered;
    ledger_begin(ledger_writer(ledger, 0));
    enum enter_result result;
    while ((result = ledger_enter(ledger_writer(ledger, 0), e, &entered)) == ENTER_FULL) {
        ledger_end(ledger_writer(ledger, 0));
        ledger_maintain(ledger, NOW + 40 * DAY);
        ledger_begin(ledger_writer(ledger, 0));
    }
    ledger_end(ledger_writer(ledger, 0));
    EXPECT(result == ENTER_NEW, "an event is %d", (int)result);
    log->refs[(*count)++] = entered.ref;
}

static void write_records(struct log *log, struct ledger *ledger, size_t count)
{
    struct wire_encoder *encoder = wire_encoder_create(&log->wire);
    for (size_t done = 0; done < count;) {
        ck_assert_uint_lt(log->count, RECORDS_MAX);
        done += wire_encode(encoder, ledger, log->refs + done, count - done, RECORD_BYTES, &log->records[log->count++]);
    }
    wire_encoder_destroy(&encoder);
}

/* created, moved, voided and merged, each about any other, before or after it */
static void make_event(struct dice *dice, unsigned n, unsigned events, struct event *e, char text[4][24], uint64_t *actors)
{
    static const uint8_t kinds[] = {EVENT_CREATED, EVENT_CREATED, EVENT_CREATED, EVENT_CREATED, EVENT_CALLED_AGAIN,
                                    EVENT_READING, EVENT_MOVED,   EVENT_VOIDED,  EVENT_MERGED};
    *e = (struct event){.kind = kinds[dice_below(dice, sizeof kinds)]};
    make_id(text[0], sizeof text[0], n);
    snprintf(text[1], sizeof text[1], "m%u", dice_below(dice, events / 2));
    if (e->kind == EVENT_MERGED)
        snprintf(text[2], sizeof text[2], "m%u", dice_below(dice, events / 2));
    else
        make_id(text[2], sizeof text[2], dice_below(dice, events));
    snprintf(text[3], sizeof text[3], "r%u", dice_below(dice, 50));
    e->id = str_of(text[0]);
    bool about = e->kind == EVENT_MOVED || e->kind == EVENT_VOIDED || e->kind == EVENT_MERGED;
    if (about)
        e->target = str_of(text[2]);
    if (e->kind == EVENT_MERGED || (!about && e->kind != EVENT_READING && dice_chance(dice, 50)))
        e->matter = str_of(text[1]);
    if (e->kind == EVENT_CREATED && dice_chance(dice, 20))
        e->respondent = str_of(text[3]);
    e->occurred_at = NOW + dice_below(dice, 30 * DAY);
    e->region = 1 + dice_below(dice, REGIONS);
    e->category = (uint16_t)(1 + dice_below(dice, 2));
    e->actors = actors;
    e->actor_count = e->kind == EVENT_CREATED ? dice_below(dice, 4) : 0;
    for (unsigned i = 0; i < e->actor_count; i++)
        actors[i] = dice_next(dice) | 1;
}

/* what happened, then what was carried on of it, some of it twice */
static void write_log(struct log *log, struct dice *dice)
{
    static const char categories[] = "path,name\na,a\nb,b\n";
    struct buffer regions = {0};
    buffer_printf(&regions, "code,name,level,parent\n1,a,district,\n");
    for (unsigned r = 2; r <= REGIONS; r++)
        buffer_printf(&regions, "%u,s%u,street,1\n", r, r);
    buffer_put_u8(&regions, 0);
    log->names = names_create(regions.at, categories);
    buffer_free(&regions);
    ck_assert_int_eq(catalogue_add_source(log->names.catalogue, "hotline"), 0);
    log->wire = (struct wire_names){log->names.registry, log->names.catalogue};
    unsigned events = events_made();
    log->refs = xcalloc(events, sizeof *log->refs);
    struct ledger *ledger = ledger_create(&(struct ledger_limits){{60 * DAY, 60 * DAY}, {256 << 20, 64 << 20}}, 1);
    struct event e;
    char text[4][24];
    uint64_t actors[4];
    size_t count = 0;
    for (unsigned n = 0; n < events; n++) {
        make_event(dice, n, events, &e, text, actors);
        enter_from(log, ledger, &e, &count);
    }
    write_records(log, ledger, count);
    for (unsigned again = 0; again < 2; again++) {
        count = 0;
        for (unsigned n = again; n < events; n += 100 * (again + 1)) {
            make_id(text[0], sizeof text[0], n);
            const struct fact *fact = ledger_fact(ledger, ledger_find(ledger, 0, str_of(text[0])));
            if (fact->kind != EVENT_CREATED)
                continue;
            e = (struct event){.id = str_of(text[0]), .kind = EVENT_CREATED, .occurred_at = fact->occurred_at,
                               .carried_at = NOW + (31 + again) * DAY, .region = fact->region, .category = fact->category};
            enter_from(log, ledger, &e, &count);
        }
        write_records(log, ledger, count);
    }
    buffer_put(&log->records[log->count++], "GWF?", 4);
    ledger_destroy(&ledger);
}

static struct ledger *empty_ledger(void)
{
    return ledger_create(&(struct ledger_limits){{60 * DAY, 60 * DAY}, {256 << 20, 64 << 20}}, THREADS + 1);
}

struct one_by_one {
    struct ledger *ledger;
    int64_t newest;
};

static void enter_one(void *arg, const struct event *e)
{
    struct one_by_one *o = arg;
    backfill_enter(o->ledger, ledger_writer(o->ledger, THREADS), e, &o->newest);
}

static struct ledger *read_by_one(const struct log *log, struct entering_report *report)
{
    struct one_by_one o = {empty_ledger(), 0};
    for (size_t i = 0; i < log->count; i++)
        report->broken += !wire_decode(&log->wire, buffer_str(&log->records[i]), enter_one, &o, &report->wire);
    report->newest = o.newest;
    return o.ledger;
}

static struct ledger *read_by_many(const struct log *log, size_t from, size_t until, struct ledger *ledger,
                                   struct entering_report *report)
{
    struct entering *e = entering_begin(ledger, ledger_writer(ledger, THREADS), &log->wire, THREADS, report);
    for (size_t i = from; i < until; i++)
        entering_record(e, buffer_str(&log->records[i]));
    *report = entering_end(&e);
    return ledger;
}

struct walked {
    const struct ledger *ledger;
    unsigned count;
};

/* a move has no place, so what was moved of one may have an alias or not */
static bool count_visit(void *arg, fact_ref ref)
{
    struct walked *w = arg;
    w->count += ledger_fact(w->ledger, ledger_origin(w->ledger, ref))->kind != EVENT_MOVED;
    return true;
}

static unsigned walk_count(const struct ledger *ledger, uint64_t subject)
{
    struct walked w = {ledger, 0};
    ledger_walk(ledger, subject, INT64_MIN, INT64_MAX, count_visit, &w);
    return w.count;
}

static void expect_same_fact(const struct ledger *a, const struct ledger *b, const char *id)
{
    fact_ref x = ledger_find(a, 0, str_of(id)), y = ledger_find(b, 0, str_of(id));
    EXPECT(x && y, "%s is not in both", id);
    const struct fact *f = ledger_fact(a, x), *g = ledger_fact(b, y);
    EXPECT(f->carried == g->carried && f->occurred_at == g->occurred_at && ledger_text(a, x).value == ledger_text(b, y).value &&
                      f->actor == g->actor && f->parties == g->parties && f->matter == g->matter,
                  "%s is another fact", id);
    EXPECT(fact_committed(f) && fact_committed(g), "%s is not committed in both", id);
    struct standing s = ledger_standing(a, x), t = ledger_standing(b, y);
    EXPECT(s.live == t.live && s.region == t.region && s.category == t.category, "%s stands otherwise", id);
}

static void expect_same(const struct ledger *a, const struct ledger *b)
{
    char text[24];
    for (unsigned n = 0; n < events_made(); n++) {
        make_id(text, sizeof text, n);
        expect_same_fact(a, b, text);
    }
    for (uint32_t r = 1; r <= REGIONS; r++) {
        unsigned x = walk_count(a, subject_of_region(r)), y = walk_count(b, subject_of_region(r));
        EXPECT(x == y, "region %u has %u facts, or %u", r, x, y);
    }
    for (unsigned m = 0; m < events_made() / 2; m += 3) {
        snprintf(text, sizeof text, "m%u", m);
        uint64_t matter = matter_key(str_of(text));
        EXPECT(walk_count(a, subject_of_matter(matter)) == walk_count(b, subject_of_matter(matter)) &&
                   ledger_matter_root(a, matter, NULL) == ledger_matter_root(b, matter, NULL),
               "%s is another matter", text);
    }
}

static void expect_same_report(const struct entering_report *a, const struct entering_report *b)
{
    ck_assert_uint_eq(a->wire.rows, b->wire.rows);
    ck_assert_uint_eq(a->broken, 1);
    ck_assert_uint_eq(b->broken, 1);
    ck_assert_int_eq(a->newest, b->newest);
}

START_TEST(as_one_would)
{
    struct dice dice = core_dice();
    struct log *log = xcalloc(1, sizeof *log);
    write_log(log, &dice);
    struct entering_report one = {{0}, 0, 0}, many = one, pieces = one;
    struct ledger *by_one = read_by_one(log, &one);
    struct ledger *by_many = read_by_many(log, 0, log->count, empty_ledger(), &many);
    expect_same_report(&one, &many);
    expect_same(by_one, by_many);
    /* as a standby: piece by piece, most of them too small for threads */
    struct ledger *by_pieces = empty_ledger();
    for (size_t at = 0, next; at < log->count; at = next) {
        next = at + 1 + dice_below(&dice, dice_chance(&dice, 20) ? 60 : 5);
        next = next < log->count ? next : log->count;
        read_by_many(log, at, next, by_pieces, &pieces);
    }
    expect_same_report(&one, &pieces);
    expect_same(by_one, by_pieces);
    ledger_destroy(&by_one);
    ledger_destroy(&by_many);
    ledger_destroy(&by_pieces);
    for (size_t i = 0; i < RECORDS_MAX; i++)
        buffer_free(&log->records[i]);
    names_destroy(&log->names);
    free(log->refs);
    free(log);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("the log read back by several threads");
    core_test(s, as_one_would);
    return core_run(s);
}
