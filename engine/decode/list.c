/* Fields of several texts: the callers of a joint petition, the orders that one is linked to. */
#include "decode/decoder_priv.h"

#include "decode/text.h"

#include <sodium.h>

_Static_assert(crypto_shorthash_KEYBYTES == ACTOR_KEY_BYTES && crypto_shorthash_BYTES == sizeof(uint64_t),
               "tokens are SipHash-2-4");

/* what one list is being read into */
struct reading {
    struct decoder *decoder;
    const struct list_field *field;
    take_item *take;
    void *arg;
    uint8_t place;
    bool any;
};

static bool take_text(struct reading *r, struct str text)
{
    if (text.len == 0 || str_eq(text, STR("0")))
        return true;
    r->any = true;
    return r->take(r->decoder, text, r->place, r->arg);
}

static bool take_split(struct reading *r, struct str text)
{
    while (r->field->split && text.len) {
        const char *stop = memchr(text.at, r->field->split, text.len);
        size_t len = stop ? (size_t)(stop - text.at) : text.len;
        struct str item = text_trim((struct str){text.at, len});
        if (!take_text(r, text_blank(item) ? STR("") : item))
            return false;
        len += stop != NULL;
        text = (struct str){text.at + len, text.len - len};
    }
    return take_text(r, text);
}

static bool take_scalar(struct reading *r, uint32_t value)
{
    struct str text;
    return value_text(r->decoder, value, r->place, &text) && take_split(r, text);
}

/* the last value under the path in an object; 0 if there is none */
static uint32_t member(const struct json_tape *tape, uint32_t value, struct str path)
{
    char key[256];
    size_t len;
    while (value && path.len && path_next_key(&path, key, &len)) {
        uint32_t found = 0;
        if (json_type(tape, value) == '{')
            for (uint32_t at = json_first(value); at < json_end(tape, value); at = json_next(tape, at + 1))
                if (str_eq(json_str(tape, at), (struct str){key, len}))
                    found = at + 1;
        value = found;
    }
    return value;
}

static bool take_value(struct reading *r, uint32_t value)
{
    const struct json_tape *tape = &r->decoder->tape;
    const char *rest = r->decoder->mapping->places[r->place].rest;
    if (json_type(tape, value) != '[') {
        value = rest ? member(tape, value, str_of(rest)) : value;
        return !value || take_scalar(r, value);
    }
    for (uint32_t at = json_first(value); at < json_end(tape, value); at = json_next(tape, at)) {
        uint32_t item = rest ? member(tape, at, str_of(rest)) : at;
        if (item && !take_scalar(r, item))
            return false;
    }
    return true;
}

bool read_list(struct decoder *d, const struct list_field *field, take_item *take, void *arg)
{
    struct reading r = {d, field, take, arg, 0, false};
    for (unsigned i = 0; i < field->pick.count && (field->all || !r.any); i++) {
        r.place = field->pick.place[i];
        uint32_t value = d->slots[d->mapping->places[r.place].slot];
        if (value && !take_value(&r, value))
            return false;
    }
    return true;
}

struct actors {
    uint64_t token[EVENT_ACTORS_MAX];
    uint32_t count;
};

static uint64_t token_of(const struct mapping *m, struct str text)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t token;
    crypto_shorthash(hash, (const unsigned char *)text.at, text.len, m->actor_key);
    memcpy(&token, hash, sizeof token);
    return token ? token : 1;
}

/* Tokens are taken as they are, so that whoever makes them may use any characters. */
static bool take_actor(struct decoder *d, struct str text, uint8_t place, void *arg)
{
    const struct actors_field *field = &d->mapping->actors;
    struct actors *actors = arg;
    char narrow[256], digits[PHONE_DIGITS_MAX];
    if (!field->hashed && text_masked(text)) {
        if (!field->masked_distinct)
            return true;
    } else if (!field->hashed) {
        text = field->phone ? text_phone(text, digits) : text_narrow(text, narrow, sizeof narrow);
    }
    if (text.len == 0)
        return true;
    uint64_t token = token_of(d->mapping, text);
    for (uint32_t i = 0; i < actors->count; i++)
        if (actors->token[i] == token)
            return true;
    if (actors->count == EVENT_ACTORS_MAX)
        return refuse(d, DECODE_BAD_FIELD, place, "at most 255 different people");
    actors->token[actors->count++] = token;
    return true;
}

bool read_actors(struct decoder *d, struct event *e)
{
    struct actors actors;
    actors.count = 0;
    if (!read_list(d, &d->mapping->actors.list, take_actor, &actors))
        return false;
    size_t size = actors.count * sizeof *actors.token;
    e->actor_count = actors.count;
    if (actors.count)
        e->actors = memcpy(scratch_take(&d->scratch, size), actors.token, size);
    return true;
}
