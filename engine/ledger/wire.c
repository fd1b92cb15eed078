#include "ledger/wire.h"

#include "base/check.h"
#include "base/pages.h"

#include <endian.h>
#include <stdlib.h>

enum { VERSION = 2, DICTIONARIES = 4, ROWS_MAX = 16384 };
enum { DICT_SOURCE, DICT_CATEGORY, DICT_REGION, DICT_TAG };

/* the columns of fixed width, in the order of the record, and the bytes of a row in each */
#define COLUMN_TABLE(X)                                                                                                \
    X(KIND, 1) X(SOURCE, 1) X(CATEGORY, 2) X(REGION, 4) X(OCCURRED_AT, 4) X(INVOLVED, 4) X(TAGS, 4) X(ACTORS, 1)       \
    X(VALUE, 8) X(DUE_AT, 8) X(ID, 1) X(MATTER_OF_ID, 1) X(MATTER, 1) X(RESPONDENT, 1) X(TARGET, 1)

enum {
#define X(name, width) COLUMN_##name,
    COLUMN_TABLE(X)
#undef X
        COLUMNS
};

static const unsigned char width[COLUMNS] = {
#define X(name, bytes) bytes,
    COLUMN_TABLE(X)
#undef X
};

enum {
#define X(name, bytes) bytes +
    ROW_FIXED = COLUMN_TABLE(X) 0,
#undef X
    /* the most that one row can add: its columns, all its actors, 4 texts, and new dictionary entries */
    ROW_MAX = ROW_FIXED + EVENT_ACTORS_MAX * 8 + 4 * 256 + (3 + TAGS_MAX) * 256,
};

/* process number → number in this record's dictionary; stamped, so that a new record need not clear it.  In a district of
 * many regions nearly each row brings one that is new to its record: short texts lie beside the number, in one line. */
struct dictionary {
    struct word {
        uint32_t record, number;
        const char *text;
        uint8_t len;
        char beginning[15]; /* of a text that is no longer than that, all of it */
    } *words;
    uint32_t size, count;
    struct buffer text;
};

static_assert(sizeof(struct word) == 32, "two words fill a cache line");

struct wire_encoder {
    struct wire_names names;
    struct dictionary dict[DICTIONARIES];
    uint32_t record;
    size_t rows, capacity;
    unsigned char *column[COLUMNS]; /* room for `capacity` rows */
    uint64_t any[COLUMNS];          /* all values of this record or'ed together */
    struct buffer actors, texts;
};

static void word_set(struct word *word, const char *text)
{
    size_t len = strlen(text);
    CHECK(len <= UINT8_MAX);
    word->text = text;
    word->len = (uint8_t)len;
    memcpy(word->beginning, text, len < sizeof word->beginning ? len : sizeof word->beginning);
}

struct wire_encoder *wire_encoder_create(const struct wire_names *names)
{
    struct wire_encoder *e = xcalloc(1, sizeof *e);
    e->names = *names;
    uint32_t sizes[DICTIONARIES] = {SOURCES_MAX, catalogue_category_count(names->catalogue) + 1,
                                    registry_count(names->registry) + 1, TAGS_MAX};
    for (int i = 0; i < DICTIONARIES; i++) {
        e->dict[i].size = sizes[i];
        e->dict[i].words = pages_map(sizes[i] * sizeof *e->dict[i].words);
    }
    for (unsigned i = 0; i < catalogue_source_count(names->catalogue); i++)
        word_set(&e->dict[DICT_SOURCE].words[i], catalogue_source(names->catalogue, i));
    for (unsigned i = 1; i < sizes[DICT_CATEGORY]; i++)
        word_set(&e->dict[DICT_CATEGORY].words[i], catalogue_category(names->catalogue, (uint16_t)i)->path);
    for (uint32_t i = 1; i < sizes[DICT_REGION]; i++)
        word_set(&e->dict[DICT_REGION].words[i], registry_region(names->registry, i)->code);
    for (unsigned i = 0; i < catalogue_tag_count(names->catalogue); i++)
        word_set(&e->dict[DICT_TAG].words[i], catalogue_tag(names->catalogue, i));
    return e;
}

void wire_encoder_destroy(struct wire_encoder **pointer)
{
    struct wire_encoder *e = *pointer;
    if (!e)
        return;
    for (int i = 0; i < DICTIONARIES; i++) {
        pages_unmap(e->dict[i].words, e->dict[i].size * sizeof *e->dict[i].words);
        buffer_free(&e->dict[i].text);
    }
    for (int i = 0; i < COLUMNS; i++)
        free(e->column[i]);
    buffer_free(&e->actors);
    buffer_free(&e->texts);
    free(e);
    *pointer = NULL;
}

static void columns_reserve(struct wire_encoder *e, size_t rows)
{
    if (rows <= e->capacity)
        return;
    e->capacity = rows;
    for (int i = 0; i < COLUMNS; i++)
        e->column[i] = xrealloc(e->column[i], rows * width[i]);
}

/* the number's place in the record's dictionary, from `first` on */
static uint32_t local_number(struct wire_encoder *e, int which, uint32_t number, uint32_t first)
{
    struct dictionary *d = &e->dict[which];
    CHECK(number < d->size);
    struct word *word = &d->words[number];
    if (word->record == e->record)
        return word->number;
    word->record = e->record;
    word->number = d->count++ + first;
    char *at = buffer_grow(&d->text, 1 + (size_t)word->len);
    *at = (char)word->len;
    memcpy(at + 1, word->len <= sizeof word->beginning ? word->beginning : word->text, word->len);
    return word->number;
}

static uint32_t local_tags(struct wire_encoder *e, uint32_t tags)
{
    uint32_t out = 0;
    for (; tags; tags &= tags - 1)
        out |= UINT32_C(1) << local_number(e, DICT_TAG, (uint32_t)__builtin_ctz(tags), 0);
    return out;
}

static void put_u8(struct wire_encoder *e, int column, uint8_t value)
{
    e->column[column][e->rows] = value;
    e->any[column] |= value;
}

static void put_u16(struct wire_encoder *e, int column, uint16_t value)
{
    e->any[column] |= value;
    value = htole16(value);
    memcpy(e->column[column] + e->rows * sizeof value, &value, sizeof value);
}

static void put_u32(struct wire_encoder *e, int column, uint32_t value)
{
    e->any[column] |= value;
    value = htole32(value);
    memcpy(e->column[column] + e->rows * sizeof value, &value, sizeof value);
}

static void put_u64(struct wire_encoder *e, int column, uint64_t value)
{
    e->any[column] |= value;
    value = htole64(value);
    memcpy(e->column[column] + e->rows * sizeof value, &value, sizeof value);
}

static char *put_text(struct wire_encoder *e, int column, struct str text, char *at)
{
    put_u8(e, column, (uint8_t)text.len);
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static void put_texts(struct wire_encoder *e, struct str id, const struct fact_text *t)
{
    bool of_id = t->matter.len <= id.len && str_eq(t->matter, (struct str){id.at, t->matter.len});
    struct str matter = {t->matter.at, of_id ? 0 : t->matter.len};
    char *at = buffer_grow(&e->texts, id.len + matter.len + t->respondent.len + t->target.len);
    at = put_text(e, COLUMN_ID, id, at);
    put_u8(e, COLUMN_MATTER_OF_ID, of_id ? (uint8_t)t->matter.len : 0);
    at = put_text(e, COLUMN_MATTER, matter, at);
    at = put_text(e, COLUMN_RESPONDENT, t->respondent, at);
    put_text(e, COLUMN_TARGET, t->target, at);
}

static void put_row(struct wire_encoder *e, const struct ledger *ledger, fact_ref ref)
{
    const struct fact *f = ledger_fact(ledger, ref);
    struct fact_text t = ledger_text(ledger, ref);
    uint8_t actors = (uint8_t)(f->actor ? 1 + f->parties : 0);
    put_u8(e, COLUMN_KIND, f->carried ? EVENT_CARRIED : f->kind);
    put_u8(e, COLUMN_SOURCE, (uint8_t)local_number(e, DICT_SOURCE, f->source, 0));
    put_u16(e, COLUMN_CATEGORY,
            f->category == CATEGORY_NONE ? 0 : (uint16_t)local_number(e, DICT_CATEGORY, f->category, 1));
    put_u32(e, COLUMN_REGION, f->region == REGION_NONE ? 0 : local_number(e, DICT_REGION, f->region, 1));
    put_u32(e, COLUMN_OCCURRED_AT, f->occurred_at);
    put_u32(e, COLUMN_INVOLVED, f->carried ? f->kind : f->kind == EVENT_MOVED ? 0 : f->involved);
    put_u32(e, COLUMN_TAGS, local_tags(e, f->tags));
    put_u8(e, COLUMN_ACTORS, actors);
    for (unsigned i = 0; i < actors; i++)
        buffer_put_u64(&e->actors, ledger_fact(ledger, ref + i)->actor);
    put_u64(e, COLUMN_VALUE, (uint64_t)t.value);
    put_u64(e, COLUMN_DUE_AT, (uint64_t)t.due_at);
    struct id_room room;
    put_texts(e, ledger_id(ledger, ref, &room), &t);
    e->rows++;
}

static size_t encoded_size(const struct wire_encoder *e)
{
    size_t size = 12 + 4 * DICTIONARIES + e->rows * ROW_FIXED + e->actors.len + e->texts.len;
    for (int i = 0; i < DICTIONARIES; i++)
        size += e->dict[i].text.len;
    return size;
}

static void begin(struct wire_encoder *e)
{
    e->record++;
    e->rows = e->actors.len = e->texts.len = 0;
    memset(e->any, 0, sizeof e->any);
    for (int i = 0; i < DICTIONARIES; i++) {
        e->dict[i].count = 0;
        e->dict[i].text.len = 0;
    }
}

static void finish(const struct wire_encoder *e, struct buffer *out)
{
    buffer_put(out, "GWF", 3);
    buffer_put_u8(out, VERSION);
    buffer_put_u32(out, (uint32_t)e->rows);
    uint32_t present = 0;
    for (int i = 0; i < COLUMNS; i++)
        present |= (uint32_t)(e->any[i] != 0) << i;
    buffer_put_u32(out, present);
    for (int i = 0; i < DICTIONARIES; i++) {
        buffer_put_u32(out, e->dict[i].count);
        buffer_put(out, e->dict[i].text.at, e->dict[i].text.len);
    }
    for (int i = 0; i < COLUMNS; i++)
        if (present >> i & 1)
            buffer_put(out, e->column[i], e->rows * width[i]);
    buffer_put(out, e->actors.at, e->actors.len);
    buffer_put(out, e->texts.at, e->texts.len);
}

static void prefetch_row(const struct wire_encoder *e, const struct ledger *ledger, fact_ref ref)
{
    ledger_prefetch_text(ledger, ref);
    __builtin_prefetch(&e->dict[DICT_REGION].words[ledger_fact(ledger, ref)->region], 1);
}

size_t wire_encode(struct wire_encoder *e, const struct ledger *ledger, const fact_ref *refs, size_t count,
                   size_t limit, struct buffer *out)
{
    enum { FACT_AHEAD = 16, TEXT_AHEAD = 8 };
    CHECK(limit >= 2 * ROW_MAX);
    size_t most = count < ROWS_MAX ? count : ROWS_MAX;
    columns_reserve(e, most);
    begin(e);
    while (e->rows < most && encoded_size(e) + ROW_MAX <= limit) {
        if (e->rows + FACT_AHEAD < most)
            ledger_prefetch(ledger, refs[e->rows + FACT_AHEAD]);
        if (e->rows + TEXT_AHEAD < most)
            prefetch_row(e, ledger, refs[e->rows + TEXT_AHEAD]);
        put_row(e, ledger, refs[e->rows]);
    }
    finish(e, out);
    return e->rows;
}

/* ---- decoding ---- */

struct reader {
    const unsigned char *at, *end;
    bool broken;
};

static const unsigned char *take(struct reader *r, size_t len)
{
    if (r->broken || (size_t)(r->end - r->at) < len) {
        r->broken = true;
        return NULL;
    }
    const unsigned char *at = r->at;
    r->at += len;
    return at;
}

static uint32_t take_u32(struct reader *r)
{
    const unsigned char *at = take(r, 4);
    uint32_t value = 0;
    if (at)
        memcpy(&value, at, 4);
    return le32toh(value);
}

static uint16_t u16_at(const unsigned char *column, size_t row)
{
    uint16_t value;
    memcpy(&value, column + row * 2, 2);
    return le16toh(value);
}

static uint32_t u32_at(const unsigned char *column, size_t row)
{
    uint32_t value;
    memcpy(&value, column + row * 4, 4);
    return le32toh(value);
}

static uint64_t u64_at(const unsigned char *column, size_t row)
{
    uint64_t value;
    memcpy(&value, column + row * 8, 8);
    return le64toh(value);
}

enum { UNKNOWN = -1 };

/* number in the record → number of this process, or UNKNOWN */
static int64_t find_number(const struct wire_names *names, int which, struct str text)
{
    uint32_t found;
    switch (which) {
    case DICT_SOURCE:
        return catalogue_find_source(names->catalogue, text);
    case DICT_CATEGORY:
        found = catalogue_find_category(names->catalogue, text);
        return found == CATEGORY_NONE ? UNKNOWN : (int64_t)found;
    case DICT_REGION:
        found = registry_find(names->registry, text);
        return found == REGION_NONE ? UNKNOWN : (int64_t)found;
    default:
        return catalogue_find_tag(names->catalogue, text);
    }
}

static int64_t *take_dictionary(struct reader *r, const struct wire_names *names, int which, uint32_t *count)
{
    *count = take_u32(r);
    if (r->broken || *count > (size_t)(r->end - r->at)) {
        r->broken = true;
        *count = 0;
    }
    int64_t *numbers = xcalloc(*count + 1, sizeof *numbers);
    for (uint32_t i = 0; i < *count; i++) {
        const unsigned char *len = take(r, 1), *text = len ? take(r, *len) : NULL;
        if (text)
            numbers[i] = find_number(names, which, (struct str){(const char *)text, *len});
    }
    return numbers;
}

/* where each column is */
struct columns {
    const unsigned char *of[COLUMNS];
};

static struct columns take_columns(struct reader *r, size_t rows, uint32_t present)
{
    static const unsigned char zeros[ROWS_MAX * sizeof(uint64_t)];
    struct columns c;
    for (int i = 0; i < COLUMNS; i++)
        c.of[i] = present >> i & 1 ? take(r, rows * width[i]) : zeros;
    r->broken |= present >> COLUMNS != 0;
    return c;
}

/* if it is of that kind: a kind of its own, nobody, and a time as occurred_at has it */
static bool carried_valid(const struct columns *c, size_t row)
{
    uint64_t carried_at = u64_at(c->of[COLUMN_VALUE], row);
    return c->of[COLUMN_KIND][row] != EVENT_CARRIED || (u32_at(c->of[COLUMN_INVOLVED], row) < EVENT_CARRIED && !c->of[COLUMN_ACTORS][row] &&
                                             carried_at > 0 && carried_at <= UINT32_MAX);
}

/* do all numbers and lengths lie inside the record? */
static bool columns_valid(const struct columns *c, size_t rows, const uint32_t *count, size_t *actors, size_t *texts)
{
    *actors = *texts = 0;
    for (size_t i = 0; i < rows; i++) {
        if (c->of[COLUMN_KIND][i] >= EVENT_KINDS || c->of[COLUMN_SOURCE][i] >= count[DICT_SOURCE] ||
            u16_at(c->of[COLUMN_CATEGORY], i) > count[DICT_CATEGORY] || u32_at(c->of[COLUMN_REGION], i) > count[DICT_REGION] ||
            (count[DICT_TAG] < 32 && u32_at(c->of[COLUMN_TAGS], i) >> count[DICT_TAG]) || !carried_valid(c, i))
            return false;
        *actors += c->of[COLUMN_ACTORS][i];
        if (c->of[COLUMN_MATTER_OF_ID][i] > c->of[COLUMN_ID][i])
            return false;
        *texts += (size_t)c->of[COLUMN_ID][i] + c->of[COLUMN_MATTER][i] + c->of[COLUMN_RESPONDENT][i] +
                  c->of[COLUMN_TARGET][i];
    }
    return true;
}

static uint32_t map_tags(uint32_t tags, const int64_t *numbers, uint32_t count)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < count && i < 32; i++)
        if (tags >> i & 1 && numbers[i] != UNKNOWN)
            out |= UINT32_C(1) << numbers[i];
    return out;
}

static struct str next_text(const unsigned char **at, size_t len)
{
    struct str text = {(const char *)*at, len};
    *at += len;
    return text;
}

static void hand_over(const struct columns *c, size_t rows, int64_t *const *number, const uint32_t *count,
                      const unsigned char *actors, const unsigned char *text, wire_event *visit, void *arg,
                      struct wire_report *report)
{
    uint64_t tokens[UINT8_MAX];
    for (size_t i = 0; i < rows; i++) {
        int64_t source = number[DICT_SOURCE][c->of[COLUMN_SOURCE][i]];
        uint32_t region = u32_at(c->of[COLUMN_REGION], i), category = u16_at(c->of[COLUMN_CATEGORY], i);
        int64_t region_number = region ? number[DICT_REGION][region - 1] : REGION_NONE;
        int64_t category_number = category ? number[DICT_CATEGORY][category - 1] : CATEGORY_NONE;
        for (unsigned k = 0; k < c->of[COLUMN_ACTORS][i]; k++)
            tokens[k] = u64_at(actors, k);
        actors += (size_t)c->of[COLUMN_ACTORS][i] * 8;
        /* one statement each: the initialisers of a struct are evaluated in no particular order */
        struct str id = next_text(&text, c->of[COLUMN_ID][i]), matter = next_text(&text, c->of[COLUMN_MATTER][i]);
        struct str respondent = next_text(&text, c->of[COLUMN_RESPONDENT][i]), target = next_text(&text, c->of[COLUMN_TARGET][i]);
        if (matter.len == 0)
            matter = (struct str){id.at, c->of[COLUMN_MATTER_OF_ID][i]};
        struct event e = {
            .id = id,
            .matter = matter,
            .respondent = respondent,
            .target = target,
            .actors = tokens,
            .actor_count = c->of[COLUMN_ACTORS][i],
            .occurred_at = u32_at(c->of[COLUMN_OCCURRED_AT], i),
            .due_at = (int64_t)u64_at(c->of[COLUMN_DUE_AT], i),
            .value = (int64_t)u64_at(c->of[COLUMN_VALUE], i),
            .region = region_number == UNKNOWN ? REGION_NONE : (uint32_t)region_number,
            .involved = u32_at(c->of[COLUMN_INVOLVED], i),
            .tags = map_tags(u32_at(c->of[COLUMN_TAGS], i), number[DICT_TAG], count[DICT_TAG]),
            .category = category_number == UNKNOWN ? CATEGORY_NONE : (uint16_t)category_number,
            .kind = c->of[COLUMN_KIND][i],
            .source = (uint8_t)source,
        };
        if (e.kind == EVENT_CARRIED) {
            e.kind = e.involved & 0xff;
            e.carried_at = e.value;
            e.involved = 0;
            e.value = 0;
        }
        report->rows++;
        report->unknown_regions += region_number == UNKNOWN;
        report->unknown_categories += category_number == UNKNOWN;
        if (source == UNKNOWN)
            report->unknown_sources++;
        else
            visit(arg, &e);
    }
}

bool wire_decode(const struct wire_names *names, struct str record, wire_event *visit, void *arg,
                 struct wire_report *report)
{
    struct reader r = {(const unsigned char *)record.at, (const unsigned char *)record.at + record.len, false};
    const unsigned char *magic = take(&r, 4);
    if (!magic || memcmp(magic, "GWF", 3) != 0 || magic[3] != VERSION)
        return false;
    size_t rows = take_u32(&r);
    uint32_t present = take_u32(&r);
    if (rows > ROWS_MAX)
        return false;
    int64_t *number[DICTIONARIES];
    uint32_t count[DICTIONARIES];
    for (int i = 0; i < DICTIONARIES; i++)
        number[i] = take_dictionary(&r, names, i, &count[i]);
    struct columns columns = take_columns(&r, rows, present);
    size_t actor_count = 0, text_len = 0;
    bool good = !r.broken && columns_valid(&columns, rows, count, &actor_count, &text_len);
    const unsigned char *actors = good ? take(&r, actor_count * 8) : NULL, *text = good ? take(&r, text_len) : NULL;
    good = good && !r.broken && r.at == r.end;
    if (good)
        hand_over(&columns, rows, number, count, actors, text, visit, arg, report);
    for (int i = 0; i < DICTIONARIES; i++)
        free(number[i]);
    return good;
}
