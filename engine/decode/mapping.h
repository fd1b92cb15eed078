/* A mapping as the decoder runs it: every path has become a slot, every word a number.  Private to decode/; README.md
 * there says what the author writes.  Immutable once loaded, shared by the decoders of all workers. */
#ifndef GW_DECODE_MAPPING_H
#define GW_DECODE_MAPPING_H

#include "decode/decode.h"
#include "decode/offer.h"
#include "decode/paths.h"
#include "decode/time.h"
#include "registry/names.h"

enum { PLACES_MAX = 96, PICK_MAX = 8, TIME_FORMATS_MAX = 8, SKIPS_MAX = 8, ACTOR_KEY_BYTES = 16 };

/* a path of the record */
struct place {
    char *path;     /* as the author wrote it, for refusals */
    char *rest;     /* of `rows[].key` what follows "[]", "" if nothing; NULL of a path without "[]" */
    uint8_t slot;   /* where the walk leaves what is there */
    bool in_record; /* begins at the record and not at the element of `each` */
};

/* several places, by number, of which the first that is not blank counts */
struct pick {
    uint8_t place[PICK_MAX];
    uint8_t count;
};

/* prefix + text + suffix, or all texts joined */
struct text_field {
    struct pick pick;
    bool joined; /* all texts with `with` between them; blank if any of them is */
    char *with, *prefix, *suffix;
};

/* a text that a table turns into a number */
struct lookup_field {
    struct pick pick;
    struct names *table; /* NULL: the texts are the catalogue's own words */
    int otherwise;       /* for what is not in the table; -1: that is refused */
};

struct region_field {
    struct pick pick;
    bool by_name;
    bool or_ancestor; /* an unknown code is passed over if a later place has a known one */
};

struct time_field {
    struct pick pick;
    struct time_format formats[TIME_FORMATS_MAX];
    char *patterns[TIME_FORMATS_MAX]; /* the formats' texts */
    unsigned format_count;
    int32_t zone_s;
    char expected[96]; /* for refusals */
};

/* texts of one place or of all; each a text, or an array of texts or of objects */
struct list_field {
    struct pick pick;
    bool all;   /* else those of the first place that has any */
    char split; /* a text is a list split by it; '\0': it is not */
};

struct actors_field {
    struct list_field list;
    bool phone;           /* texts are phone numbers */
    bool hashed;          /* texts are tokens already: taken as they are */
    bool masked_distinct; /* what is masked is somebody all the same */
};

/* is the text one of these? */
struct condition {
    struct pick pick;
    struct names *values; /* NULL: does it say yes? */
    uint32_t tag;         /* bit of the tag that it sets */
};

/* more than any event's kind: nothing to say */
enum { KIND_SKIP = EVENT_KINDS };

enum need { NEED_REGION = 1, NEED_CATEGORY = 2, NEED_EITHER = 4, NEED_TARGET = 8, NEED_MATTER = 16 };

struct mapping {
    uint8_t source;
    const struct registry *registry;
    const struct catalogue *catalogue;
    unsigned char actor_key[ACTOR_KEY_BYTES];
    int64_t skew_s, max_record_bytes;
    struct offer offer;

    struct place places[PLACES_MAX];
    unsigned place_count;           /* and so many slots at most */
    struct paths *record, *element; /* the record is its own element where there is no `each` */
    int each;                       /* place of the array; -1: none */

    struct condition skips[SKIPS_MAX];
    unsigned skip_count;
    struct text_field id, matter;
    struct text_field target, target_of[EVENT_KINDS]; /* target: of kinds that have none of their own */
    struct lookup_field kind, category;
    struct time_field occurred_at, due_at;
    struct region_field region;
    struct actors_field actors;
    struct list_field links;
    struct pick respondent, respondent_name, involved, value;
    struct condition tags[TAGS_MAX];
    unsigned tag_count;
};

static inline const struct text_field *mapping_target(const struct mapping *m, unsigned kind)
{
    return m->target_of[kind].pick.count ? &m->target_of[kind] : &m->target;
}

/* bits of enum need */
unsigned mapping_needs(enum event_kind);

#endif
