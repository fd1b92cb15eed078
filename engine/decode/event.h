/* What a record means once it is decoded.  All text is borrowed from the record or from the decoder's scratch and
 * lives until the decoder is used again. */
#ifndef GW_DECODE_EVENT_H
#define GW_DECODE_EVENT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* The first word is that of mappings and of the ledger topic, rules and their tests know both; never renumber, only
 * append. */
#define EVENT_KIND_TABLE(X)                                                                                            \
    X(CREATED, "created", "受理")               /* a complaint; counts */                                              \
    X(CALLED_AGAIN, "called_again", "再次来电") /* counts */                                                           \
    X(PARTY, "party", "")                       /* a further caller of another event: no event, one caller */          \
    X(STATUS, "status", "流转")                 /* dispatched, returned, extended...: carries the due time */          \
    X(CLOSED, "closed", "办结")                                                                                        \
    X(REOPENED, "reopened", "重办")                                                                                    \
    X(MERGED, "merged", "合并")     /* target: the other matter */                                                     \
    X(LINKED, "linked", "关联")     /* target: the other matter */                                                     \
    X(MOVED, "moved", "改派")       /* target: the id of the fact whose region or category this one corrects */        \
    X(VOIDED, "voided", "作废")     /* target: the id of the fact taken back */                                        \
    X(RESTORED, "restored", "恢复") /* target: the id of the fact that counts again */                                 \
    X(READING, "reading", "读数")   /* of a sensor; counts */                                                          \
    X(DISPOSITION, "disposition", "")                                                                                  \
    X(CARRIED, "carried", "") /* only on the log: a fact of any kind that was carried on, see ledger/wire.h */

enum event_kind {
#define X(name, word, chinese) EVENT_##name,
    EVENT_KIND_TABLE(X)
#undef X
        EVENT_KINDS
};

const char *event_kind_word(enum event_kind);
int event_kind_parse(struct str word); /* -1 if it is none */
int event_kind_said(struct str word);  /* likewise, in either language */

/* both are lengths of one byte in the ledger topic */
enum { EVENT_ACTORS_MAX = 255, EVENT_TEXT_MAX = 255 };

/* sensor values and sums are integers of a thousandth */
enum { VALUE_SCALE = 1000 };

struct event {
    struct str id;         /* unique within the source; 1..EVENT_TEXT_MAX bytes */
    struct str target;     /* see the kinds; empty otherwise */
    struct str matter;     /* order number or the like; empty if none */
    struct str respondent; /* the organisation's code if it is in the register, else the text as given; empty if none */
    const uint64_t *actors; /* keyed hashes, never 0 */
    uint32_t actor_count;   /* more than one: a joint petition */
    int64_t occurred_at;    /* seconds since 1970 */
    int64_t due_at;         /* 0 if none */
    int64_t value;          /* in thousandths; 0 if none */
    int64_t carried_at;     /* seconds; when its fact was carried on, see ledger/carry.h; 0: it comes from a source */
    uint32_t region;        /* registry number; REGION_NONE only for kinds that need none (see decode.h) */
    uint32_t involved;      /* people, as stated; 0 if not stated */
    uint32_t tags;          /* bits by catalogue number */
    uint16_t category;      /* catalogue number; CATEGORY_NONE likewise */
    uint8_t kind;           /* enum event_kind */
    uint8_t source;         /* catalogue number */
};

#endif
