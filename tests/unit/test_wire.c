/* Facts on the ledger topic: what is written comes back whole, with another registry and catalogue as far as these know
 * the words, and what is broken is refused or at least read within its bounds (sanitizers). */
#include "ledger/wire.h"

#include "core.h"

enum { FACTS = 1200, NOW = 20000 * 86400 };

static const char regions_then[] = "code,name,level,parent\nD,区,district,\nS1,和兴街道,street,D\nS2,东桥街道,street,D\n"
                                   "G1,一网格,grid,S1\nG2,二网格,grid,S1\nG3,三网格,grid,S2\n";
static const char categories_then[] = "path,name\nlabour.wage_arrears,欠薪\nnoise.night,噪声\nwater,停水\n";
/* others in front, so that all numbers differ; G2, noise and the tag "threat" are gone */
static const char regions_now[] = "code,name,level,parent\nA,区,district,\nA1,街,street,A\nD,区,district,\nS1,街,street,D\n"
                                  "S2,街,street,D\nG0,格,grid,S1\nG1,格,grid,S1\nG3,格,grid,S2\n";
static const char categories_now[] = "path,name\nanimals,犬\nlabour.wage_arrears,欠薪\nwater,停水\n";

static struct names then_names(void)
{
    struct names n = names_create(regions_then, categories_then);
    for (const char *const *s = (const char *const[]){"hotline", "petition", "sensor", NULL}; *s; s++)
        catalogue_add_source(n.catalogue, *s);
    for (const char *const *t = (const char *const[]){"collective", "threat", "扬言", NULL}; *t; t++)
        catalogue_add_tag(n.catalogue, *t);
    return n;
}

static struct names now_names(void)
{
    struct names n = names_create(regions_now, categories_now);
    for (const char *const *s = (const char *const[]){"petition", "hotline", NULL}; *s; s++)
        catalogue_add_source(n.catalogue, *s);
    for (const char *const *t = (const char *const[]){"new", "扬言", "collective", NULL}; *t; t++)
        catalogue_add_tag(n.catalogue, *t);
    return n;
}

struct written {
    struct event e;
    char text[4][EVENT_TEXT_MAX];
    uint64_t actors[EVENT_ACTORS_MAX];
};

struct fixture {
    struct names names;
    struct ledger *ledger;
    struct written *all;
    fact_ref ref[FACTS];
    struct wire_encoder *encoder;
    struct buffer out;
};

static struct str random_text(struct dice *dice, char *out, size_t least)
{
    static const char *const words[] = {"某建设劳务公司", "WO2026011200873#created", "Ω\xf0\x9f\x98\x80", "\xff\xfe\x00x"};
    size_t len = least;
    if (dice_chance(dice, 70)) {
        const char *word = words[dice_below(dice, 4)];
        for (size_t i = 0; word[i] && len < EVENT_TEXT_MAX; i++)
            out[len++] = word[i];
    } else if (dice_chance(dice, 30)) {
        while (len < EVENT_TEXT_MAX)
            out[len++] = (char)dice_below(dice, 256);
    }
    return (struct str){out, len};
}

static void random_event(struct dice *dice, const struct names *names, struct written *w, unsigned number)
{
    struct event *e = &w->e;
    *e = (struct event){
        .due_at = dice_chance(dice, 50) ? 0 : (int64_t)dice_next(dice),
        .value = dice_chance(dice, 50) ? 0 : (int64_t)dice_next(dice),
        .occurred_at = NOW + dice_below(dice, 10 * 86400),
        .involved = dice_chance(dice, 80) ? dice_below(dice, 50) : UINT32_MAX,
        .region = dice_below(dice, registry_count(names->registry) + 1),
        .category = (uint16_t)dice_below(dice, catalogue_category_count(names->catalogue) + 1),
        .tags = dice_below(dice, 8),
        .kind = (uint8_t)dice_below(dice, EVENT_CARRIED),
        .source = (uint8_t)dice_below(dice, catalogue_source_count(names->catalogue)),
    };
    if (e->kind == EVENT_READING) /* another shelf */
        e->kind = EVENT_CREATED;
    memcpy(w->text[0], &number, sizeof number);
    e->id = random_text(dice, w->text[0], sizeof number);
    e->matter = random_text(dice, w->text[1], 0);
    e->respondent = random_text(dice, w->text[2], 0);
    e->target = random_text(dice, w->text[3], 0);
    static const unsigned counts[] = {0, 1, 1, 1, 2, 7, EVENT_ACTORS_MAX - 1, EVENT_ACTORS_MAX};
    e->actor_count = counts[dice_below(dice, 8)];
    if (e->kind == EVENT_MOVED || e->kind == EVENT_VOIDED || e->kind == EVENT_RESTORED || e->kind == EVENT_MERGED ||
        e->kind == EVENT_LINKED) /* a fact about another has no parties */
        e->actor_count = dice_below(dice, 2);
    if (e->kind == EVENT_MOVED) /* nor people */
        e->involved = 0;
    if (dice_chance(dice, 20)) { /* a carried one has neither people nor figures */
        e->carried_at = NOW + dice_below(dice, 10 * 86400);
        e->actor_count = e->involved = 0;
        e->value = 0;
    }
    for (unsigned i = 0; i < e->actor_count; i++)
        w->actors[i] = dice_next(dice) | 1;
    e->actors = w->actors;
}

static struct fixture *fixture_create(struct dice *dice)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->names = then_names();
    f->ledger = ledger_create(&(struct ledger_limits){{35 * 86400, 86400}, {256 << 20, 64 << 20}}, 1);
    f->all = xcalloc(FACTS, sizeof *f->all);
    for (unsigned i = 0; i < FACTS; i++) {
        random_event(dice, &f->names, &f->all[i], i);
        f->ref[i] = core_enter(f->ledger, 0, &f->all[i].e);
    }
    f->encoder = wire_encoder_create(&(struct wire_names){f->names.registry, f->names.catalogue});
    return f;
}

static void fixture_destroy(struct fixture *f)
{
    wire_encoder_destroy(&f->encoder);
    ledger_destroy(&f->ledger);
    names_destroy(&f->names);
    buffer_free(&f->out);
    free(f->all);
    free(f);
}

struct reading {
    const struct fixture *f;
    const struct names *now; /* other numbers; NULL: the same */
    unsigned next, left_out;
};

/* the number that the word of `number` has now */
static uint32_t region_now(const struct reading *r, uint32_t number)
{
    if (!r->now || number == REGION_NONE)
        return number;
    return registry_find(r->now->registry, str_of(registry_region(r->f->names.registry, number)->code));
}

static uint16_t category_now(const struct reading *r, uint16_t number)
{
    if (!r->now || number == CATEGORY_NONE)
        return number;
    return catalogue_find_category(r->now->catalogue,
                                   str_of(catalogue_category(r->f->names.catalogue, number)->path));
}

static uint32_t tags_now(const struct reading *r, uint32_t tags)
{
    uint32_t out = 0;
    for (unsigned i = 0; r->now && i < catalogue_tag_count(r->f->names.catalogue); i++) {
        int number = catalogue_find_tag(r->now->catalogue, str_of(catalogue_tag(r->f->names.catalogue, i)));
        if (tags >> i & 1 && number >= 0)
            out |= 1u << number;
    }
    return r->now ? out : tags;
}

static int source_now(const struct reading *r, unsigned source)
{
    if (!r->now)
        return (int)source;
    return catalogue_find_source(r->now->catalogue, str_of(catalogue_source(r->f->names.catalogue, source)));
}

static void expect_event(void *arg, const struct event *got)
{
    struct reading *r = arg;
    while (source_now(r, r->f->all[r->next].e.source) < 0) { /* events of a source that is gone are left out */
        r->left_out++;
        r->next++;
    }
    EXPECT(r->next < FACTS, "more events than were written");
    unsigned i = r->next++;
    const struct event *e = &r->f->all[i].e;
    EXPECT(str_eq(got->id, e->id) && str_eq(got->matter, e->matter) && str_eq(got->respondent, e->respondent) &&
               str_eq(got->target, e->target),
           "event %u: another text", i);
    EXPECT(got->actor_count == e->actor_count, "event %u: %u actors, not %u", i, got->actor_count, e->actor_count);
    for (unsigned a = 0; a < e->actor_count; a++)
        EXPECT(got->actors[a] == e->actors[a], "event %u: another actor", i);
    EXPECT(got->occurred_at == e->occurred_at && got->due_at == e->due_at && got->value == e->value &&
               got->involved == e->involved && got->kind == e->kind && got->carried_at == e->carried_at,
           "event %u: another number", i);
    EXPECT(got->region == region_now(r, e->region) && got->category == category_now(r, e->category) &&
               got->tags == tags_now(r, e->tags) && got->source == source_now(r, e->source),
           "event %u: another place", i);
}

/* everything, in records of at most `limit` bytes; returns how many records */
static unsigned round_trip(struct fixture *f, const struct names *now, size_t limit, struct wire_report *report)
{
    struct reading reading = {f, now, 0, 0};
    const struct names *names = now ? now : &f->names;
    unsigned records = 0;
    for (size_t done = 0; done < FACTS; records++) {
        f->out.len = 0;
        size_t taken = wire_encode(f->encoder, f->ledger, f->ref + done, FACTS - done, limit, &f->out);
        EXPECT(taken >= 1 && taken <= FACTS - done, "%zu taken", taken);
        EXPECT(f->out.len <= limit, "a record of %zu bytes", f->out.len);
        struct wire_names wire = {names->registry, names->catalogue};
        EXPECT(wire_decode(&wire, buffer_str(&f->out), expect_event, &reading, report), "a record is not readable");
        done += taken;
    }
    while (reading.next < FACTS && source_now(&reading, f->all[reading.next].e.source) < 0)
        reading.next++;
    EXPECT(reading.next == FACTS, "%u events came back", reading.next);
    return records;
}

START_TEST(comes_back_whole)
{
    struct dice dice = core_dice();
    struct fixture *f = fixture_create(&dice);
    struct wire_report report = {0};
    ck_assert_uint_eq(round_trip(f, NULL, 64 << 20, &report), 1);
    ck_assert_uint_eq(report.rows, FACTS);
    ck_assert_uint_eq(report.unknown_regions + report.unknown_categories + report.unknown_sources, 0);
    unsigned small = round_trip(f, NULL, 25000, &report), large = round_trip(f, NULL, 100000, &report);
    ck_assert_uint_gt(small, large);
    ck_assert_uint_gt(large, 3);
    fixture_destroy(f);
}
END_TEST

START_TEST(with_another_catalogue)
{
    struct dice dice = core_dice();
    struct fixture *f = fixture_create(&dice);
    struct names now = now_names();
    struct wire_report report = {0};
    round_trip(f, &now, 64 << 20, &report);
    struct reading r = {f, &now, 0, 0};
    uint64_t regions = 0, categories = 0, sources = 0;
    for (unsigned i = 0; i < FACTS; i++) {
        const struct event *e = &f->all[i].e;
        regions += e->region != REGION_NONE && region_now(&r, e->region) == REGION_NONE;
        categories += e->category != CATEGORY_NONE && category_now(&r, e->category) == CATEGORY_NONE;
        sources += source_now(&r, e->source) < 0;
    }
    ck_assert_uint_gt(regions, 0);
    ck_assert_uint_eq(report.unknown_regions, regions);
    ck_assert_uint_eq(report.unknown_categories, categories);
    ck_assert_uint_eq(report.unknown_sources, sources);
    names_destroy(&now);
    fixture_destroy(f);
}
END_TEST

/* reads all that it is given, so that a sanitizer sees what lies outside of the record */
static void read_event(void *arg, const struct event *e)
{
    uint64_t *sum = arg;
    const struct str texts[] = {e->id, e->matter, e->respondent, e->target};
    for (int i = 0; i < 4; i++)
        for (size_t k = 0; k < texts[i].len; k++)
            *sum += (unsigned char)texts[i].at[k];
    for (unsigned i = 0; i < e->actor_count; i++)
        *sum += e->actors[i];
}

static bool decode_copy(const struct fixture *f, const char *bytes, size_t len, uint64_t *sum)
{
    char *copy = xmalloc(len ? len : 1); /* of just this size */
    memcpy(copy, bytes, len);
    struct wire_report report = {0};
    bool good = wire_decode(&(struct wire_names){f->names.registry, f->names.catalogue}, (struct str){copy, len},
                            read_event, sum, &report);
    free(copy);
    return good;
}

START_TEST(broken_records)
{
    struct dice dice = core_dice();
    struct fixture *f = fixture_create(&dice);
    uint64_t sum = 0;
    wire_encode(f->encoder, f->ledger, f->ref, 12, 64 << 20, &f->out);
    for (size_t len = 0; len < f->out.len; len++)
        EXPECT(!decode_copy(f, f->out.at, len, &sum), "a record cut after %zu of %zu bytes is read", len, f->out.len);
    ck_assert_uint_eq(sum, 0); /* nothing of them was handed over */
    ck_assert(decode_copy(f, f->out.at, f->out.len, &sum));
    buffer_put_u8(&f->out, 0);
    ck_assert(!decode_copy(f, f->out.at, f->out.len, &sum)); /* nor with something behind it */
    f->out.len--;
    f->out.at[3]++;
    ck_assert(!decode_copy(f, f->out.at, f->out.len, &sum)); /* another version */
    f->out.at[3]--;
    unsigned refused = 0, rounds = core_effort(20000);
    for (unsigned round = 0; round < rounds; round++) {
        char *bytes = xmalloc(f->out.len);
        memcpy(bytes, f->out.at, f->out.len);
        for (unsigned n = 1 + dice_below(&dice, 4); n > 0; n--)
            bytes[dice_chance(&dice, 50) ? dice_below(&dice, 200) : dice_below(&dice, (unsigned)f->out.len)] =
                (char)(dice_chance(&dice, 50) ? 255 : dice_below(&dice, 256));
        refused += !decode_copy(f, bytes, f->out.len, &sum);
        free(bytes);
    }
    printf("wire: %u of %u corrupted records refused\n", refused, rounds);
    ck_assert_uint_gt(refused, 0);
    fixture_destroy(f);
}
END_TEST

/* a version of the engine that knows more tags than a fact has bits for wrote this */
START_TEST(more_tags_than_bits)
{
    struct names n = then_names();
    struct buffer b = {0};
    buffer_put(&b, "GWF\2", 4);
    buffer_put_u32(&b, 1);
    buffer_put_u32(&b, 1 << 6); /* tags alone are not zero */
    buffer_put_u32(&b, 1);
    buffer_put(&b, "\7hotline", 8);
    buffer_put_u32(&b, 0);
    buffer_put_u32(&b, 0);
    buffer_put_u32(&b, 40);
    for (int i = 0; i < 40; i++)
        buffer_put(&b, "\1t", 2);
    buffer_put_u32(&b, UINT32_MAX);
    uint64_t sum = 0;
    struct wire_report report = {0};
    ck_assert(wire_decode(&(struct wire_names){n.registry, n.catalogue}, buffer_str(&b), read_event, &sum, &report));
    ck_assert_uint_eq(report.rows, 1);
    buffer_free(&b);
    names_destroy(&n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wire");
    core_test(s, comes_back_whole);
    core_test(s, with_another_catalogue);
    core_test(s, broken_records);
    core_test(s, more_tags_than_bits);
    return core_run(s);
}
