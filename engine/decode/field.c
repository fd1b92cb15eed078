/* Reads single fields of an element, whose places the walk has found. */
#include "decode/decoder_priv.h"

#include "decode/number.h"
#include "decode/text.h"

#include <stdio.h>

/* where the value of a place is on the tape; 0: absent */
static uint32_t value_at(const struct decoder *d, uint8_t place)
{
    return d->slots[d->mapping->places[place].slot];
}

static struct str number_text(struct decoder *d, uint32_t value)
{
    char *text = scratch_take(&d->scratch, 24);
    size_t at = 24;
    bool negative = json_type(&d->tape, value) == 'l' && json_i64(&d->tape, value) < 0;
    uint64_t number = negative ? 0 - json_u64(&d->tape, value) : json_u64(&d->tape, value);
    do
        text[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    if (negative)
        text[--at] = '-';
    return (struct str){text + at, 24 - at};
}

bool value_text(struct decoder *d, uint32_t value, uint8_t place, struct str *text)
{
    switch (json_type(&d->tape, value)) {
    case '"':
        *text = text_trim(json_str(&d->tape, value));
        if (str_has(*text, '\0'))
            return refuse(d, DECODE_BAD_FIELD, place, "text without the character U+0000");
        if (text_blank(*text))
            text->len = 0;
        return true;
    case 'l':
    case 'u':
        *text = number_text(d, value);
        return true;
    case 't':
        *text = STR("true");
        return true;
    case 'f':
        *text = STR("false");
        return true;
    case 'n':
        *text = STR("");
        return true;
    default:
        return refuse(d, DECODE_BAD_FIELD, place, "a text or a whole number");
    }
}

bool pick_text(struct decoder *d, const struct pick *pick, bool code, struct str *text, uint8_t *place)
{
    *text = STR("");
    *place = pick->place[0];
    for (unsigned i = 0; i < pick->count; i++) {
        uint32_t value = value_at(d, pick->place[i]);
        struct str found;
        if (!value)
            continue;
        if (!value_text(d, value, pick->place[i], &found))
            return false;
        if (found.len == 0 || (code && str_eq(found, STR("0"))))
            continue;
        *text = found;
        *place = pick->place[i];
        return true;
    }
    return true;
}

/* appends to what grows at the end of `text`; false beyond EVENT_TEXT_MAX */
static bool append(struct str *text, char *buffer, struct str more)
{
    if (text->len + more.len > EVENT_TEXT_MAX)
        return false;
    if (more.len)
        memcpy(buffer + text->len, more.at, more.len);
    text->len += more.len;
    return true;
}

static bool too_long(struct decoder *d, uint8_t place)
{
    return refuse(d, DECODE_BAD_FIELD, place, "at most 255 bytes");
}

static bool append_joined(struct decoder *d, const struct text_field *field, bool code, struct str *text,
                          char *buffer, bool *blank)
{
    for (unsigned i = 0; i < field->pick.count; i++) {
        struct pick one = {.place = {field->pick.place[i]}, .count = 1};
        struct str part;
        uint8_t place;
        if (!pick_text(d, &one, code, &part, &place))
            return false;
        *blank = *blank || part.len == 0;
        if ((i && field->with && !append(text, buffer, str_of(field->with))) || !append(text, buffer, part))
            return too_long(d, place);
    }
    return true;
}

bool read_text(struct decoder *d, const struct text_field *field, bool code, struct str *text)
{
    struct str part;
    uint8_t place;
    if (field->pick.count == 0)
        return true;
    if (!field->joined && !pick_text(d, &field->pick, code, &part, &place))
        return false;
    if (!field->joined && !field->prefix && !field->suffix) {
        *text = part;
        return part.len <= EVENT_TEXT_MAX || too_long(d, place);
    }
    char *buffer = scratch_take(&d->scratch, EVENT_TEXT_MAX);
    struct str whole = {buffer, 0};
    bool blank = !field->joined && part.len == 0;
    place = field->pick.place[0];
    if (!append(&whole, buffer, str_of(field->prefix)))
        return too_long(d, place);
    if (field->joined ? !append_joined(d, field, code, &whole, buffer, &blank) : !append(&whole, buffer, part))
        return field->joined ? false : too_long(d, place);
    if (!append(&whole, buffer, str_of(field->suffix)))
        return too_long(d, place);
    *text = blank ? STR("") : whole;
    return true;
}

/* A time may be a number with a fraction, too. */
static bool time_text(struct decoder *d, uint32_t value, uint8_t place, struct str *text)
{
    if (json_type(&d->tape, value) != 'd')
        return value_text(d, value, place, text);
    char *buffer = scratch_take(&d->scratch, 64);
    int len = snprintf(buffer, 64, "%.6f", json_double(&d->tape, value));
    *text = (struct str){buffer, len < 64 ? (size_t)len : 63};
    return true;
}

bool read_time(struct decoder *d, const struct time_field *field, int64_t *seconds, bool *given)
{
    static const char no_day[] = "0000-00-00"; /* a database's blank */
    *given = false;
    for (unsigned i = 0; i < field->pick.count && !*given; i++) {
        uint8_t place = field->pick.place[i];
        uint32_t value = value_at(d, place);
        struct str text = {"", 0};
        if (value && !time_text(d, value, place, &text))
            return false;
        if (text.len >= strlen(no_day) && memcmp(text.at, no_day, strlen(no_day)) == 0)
            continue;
        for (unsigned k = 0; text.len && k < field->format_count && !*given; k++)
            *given = time_read(&field->formats[k], text, field->zone_s, seconds);
        if (text.len && !*given)
            return refuse(d, DECODE_BAD_TIME, place, field->expected);
    }
    return true;
}

void prefetch_region(const struct decoder *d)
{
    const struct region_field *field = &d->mapping->region;
    uint32_t value = field->pick.count ? value_at(d, field->pick.place[0]) : 0;
    if (value && !field->by_name && json_type(&d->tape, value) == '"')
        registry_prefetch(d->mapping->registry, json_str(&d->tape, value));
}

bool read_region(struct decoder *d, uint32_t *region)
{
    const struct region_field *field = &d->mapping->region;
    const struct registry *registry = d->mapping->registry;
    int unknown = -1;
    for (unsigned i = 0; i < field->pick.count; i++) {
        struct pick one = {.place = {field->pick.place[i]}, .count = 1};
        struct str text;
        uint8_t place;
        if (!pick_text(d, &one, true, &text, &place))
            return false;
        if (text.len == 0)
            continue;
        *region = field->by_name ? registry_find_name(registry, text) : registry_find(registry, text);
        if (*region != REGION_NONE)
            return true;
        unknown = unknown < 0 ? place : unknown;
        if (!field->or_ancestor)
            break;
    }
    return unknown < 0 || refuse(d, DECODE_UNKNOWN_REGION, (uint8_t)unknown,
                                 field->by_name ? "a name that one region of the registry has"
                                                : "a code of the registry of regions");
}

enum { WORD_BLANK = -1, WORD_UNKNOWN = -2 };

/* A table may give "0" a meaning; otherwise it is blank, as for all codes. */
static bool look_up(struct decoder *d, const struct lookup_field *field,
                    int (*own)(const struct decoder *, struct str), int *number, uint8_t *place)
{
    struct str text;
    *number = WORD_BLANK;
    if (!pick_text(d, &field->pick, false, &text, place))
        return false;
    if (text.len == 0)
        return true;
    uint32_t found = field->table ? names_find(field->table, text) : NAMES_NONE;
    *number = field->table ? (found == NAMES_NONE ? WORD_UNKNOWN : (int)found) : own(d, text);
    if (*number == WORD_UNKNOWN && str_eq(text, STR("0")))
        *number = WORD_BLANK;
    return true;
}

static int own_category(const struct decoder *d, struct str text)
{
    uint16_t category = catalogue_find_category(d->mapping->catalogue, text);
    return category == CATEGORY_NONE ? WORD_UNKNOWN : category;
}

bool read_category(struct decoder *d, bool needed, uint16_t *category)
{
    const struct lookup_field *field = &d->mapping->category;
    int number = WORD_BLANK;
    uint8_t place = 0;
    if (field->pick.count && !look_up(d, field, own_category, &number, &place))
        return false;
    if (number == WORD_UNKNOWN || (number == WORD_BLANK && needed))
        number = field->otherwise >= 0 ? field->otherwise : number;
    *category = number >= 0 ? (uint16_t)number : CATEGORY_NONE;
    return number != WORD_UNKNOWN ||
           refuse(d, DECODE_UNKNOWN_CATEGORY, place, "a code of the mapping's table of categories");
}

static int own_kind(const struct decoder *d, struct str text)
{
    (void)d;
    int kind = event_kind_parse(text);
    return kind < 0 || kind == EVENT_PARTY || kind == EVENT_CARRIED ? WORD_UNKNOWN : kind;
}

bool read_kind(struct decoder *d, unsigned *kind)
{
    const struct lookup_field *field = &d->mapping->kind;
    int number = WORD_UNKNOWN;
    uint8_t place = 0;
    if (field->pick.count && !look_up(d, field, own_kind, &number, &place))
        return false;
    if (number < 0 && field->otherwise < 0)
        return number == WORD_BLANK ? refuse(d, DECODE_MISSING_FIELD, place, "a value that is not blank")
                                    : refuse(d, DECODE_UNKNOWN_KIND, place, "a word of the mapping's kinds");
    *kind = (unsigned)(number < 0 ? field->otherwise : number);
    return true;
}

/* A registered organisation under whatever it is called, else the first text that names one. */
static bool find_respondent(struct decoder *d, const struct pick *pick, struct str *respondent, bool *registered)
{
    for (unsigned i = 0; i < pick->count && !*registered; i++) {
        struct pick one = {.place = {pick->place[i]}, .count = 1};
        struct str text;
        uint8_t place;
        if (!pick_text(d, &one, true, &text, &place))
            return false;
        const struct organisation *o = text.len ? catalogue_find_organisation(d->mapping->catalogue, text) : NULL;
        *registered = o != NULL;
        if (o)
            *respondent = str_of(o->code);
        else if (respondent->len == 0)
            *respondent = text;
        if (respondent->len > EVENT_TEXT_MAX)
            return too_long(d, place);
    }
    return true;
}

bool read_respondent(struct decoder *d, struct str *respondent)
{
    bool registered = false;
    return find_respondent(d, &d->mapping->respondent, respondent, &registered) &&
           find_respondent(d, &d->mapping->respondent_name, respondent, &registered);
}

bool read_involved(struct decoder *d, uint32_t *involved)
{
    const struct pick *pick = &d->mapping->involved;
    for (unsigned i = 0; i < pick->count; i++) {
        uint8_t place = pick->place[i];
        uint32_t value = value_at(d, place);
        struct str text = {"", 0};
        if (value && !time_text(d, value, place, &text))
            return false;
        if (text.len)
            return number_of_people(text, involved) ||
                   refuse(d, DECODE_BAD_NUMBER, place, "a number of people, not negative, of at most 32 bits");
    }
    return true;
}

bool read_value(struct decoder *d, int64_t *value)
{
    static const char expected[] = "a decimal number of at most 64 bits of thousandths; beyond 15 digits as text";
    const struct pick *pick = &d->mapping->value;
    for (unsigned i = 0; i < pick->count; i++) {
        uint8_t place = pick->place[i];
        uint32_t at = value_at(d, place);
        char type = at ? json_type(&d->tape, at) : 'n';
        struct str text;
        if (type == 'n')
            continue;
        if (type == 'd')
            return number_thousandths_of_double(json_double(&d->tape, at), value) ||
                   refuse(d, DECODE_BAD_NUMBER, place, expected);
        if (type == 'l')
            return !__builtin_mul_overflow(json_i64(&d->tape, at), VALUE_SCALE, value) ||
                   refuse(d, DECODE_BAD_NUMBER, place, expected);
        if (!value_text(d, at, place, &text))
            return false;
        if (text.len)
            return number_thousandths(text, value) || refuse(d, DECODE_BAD_NUMBER, place, expected);
    }
    return true;
}

bool read_condition(struct decoder *d, const struct condition *condition, bool *holds)
{
    struct str text;
    uint8_t place;
    if (!pick_text(d, &condition->pick, false, &text, &place))
        return false;
    *holds = condition->values ? names_find(condition->values, text) != NAMES_NONE : text_true(text);
    return true;
}
