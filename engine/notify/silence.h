/* Silences: the command centre says, while it runs, that it need not be told of some alerts for a time.  The message is
 * described in silence.schema.json beside this file; it comes over the topic of dispositions.
 * One thread, the committer; silence_read: any. */
#ifndef GW_NOTIFY_SILENCE_H
#define GW_NOTIFY_SILENCE_H

#include "handle/disposition.h"
#include "notify/candidate.h"

#include <jansson.h>

/* why; no free text, which might name a person */
#define SILENCE_REASON_TABLE(X)                                                                                        \
    X(PLANNED, "planned", "计划内")                                                                                    \
    X(KNOWN, "known", "已知晓")                                                                                        \
    X(MAINTENANCE, "maintenance", "检修")                                                                              \
    X(DRILL, "drill", "演练")                                                                                          \
    X(DUPLICATE, "duplicate", "重复")                                                                                  \
    X(OTHER, "other", "其他")

enum silence_reason {
#define X(name, word, chinese) SILENCE_##name,
    SILENCE_REASON_TABLE(X)
#undef X
        SILENCE_REASONS
};

const char *silence_reason_word(enum silence_reason);
const char *silence_reason_word_zh(enum silence_reason);
int silence_reason_parse(struct str word); /* in either language; -1 if it is none */

enum { SILENCE_RULES = 1024, SILENCES_MAX = 1000, EARLY_ENDS_MAX = 100, SILENCE_LONGEST_S = 30 * 86400, SILENCE_KEPT_S = 30 * 86400 };

struct silence {
    char id[DISPOSITION_TEXT];
    char ends[DISPOSITION_TEXT]; /* of a message: the silence that it ends early; of a silence: the message that did */
    bool early; /* nothing but that end has come of it yet: it holds nothing */
    /* what it holds: all that is given must fit */
    char rules[SILENCE_RULES]; /* ids, a line each; "": any */
    uint32_t region;           /* and all below it; REGION_NONE: anywhere */
    uint16_t category;         /* and all below it; CATEGORY_NONE: any */
    char subject[DISPOSITION_TEXT]; /* its code in the alert; "": any */
    unsigned level;                 /* the highest that it holds; 0: all but the highest there is */
    char by_role[DISPOSITION_WORD], unit[DISPOSITION_TEXT];
    enum silence_reason reason;
    int64_t from, until, at; /* seconds; until: without that one */
    uint32_t partition;      /* where it was read */
    int64_t offset;
};

enum silence_found {
    SILENCE_NONE, /* the message is something else */
    SILENCE_WRONG,
    SILENCE_SAID,
};
/* Reads a message.  WRONG: *refusal is filled.  now_ms: for the skew; negative where there is no clock. */
enum silence_found silence_read(struct str message, int64_t now_ms, int64_t skew_s, const struct rule_context *words,
                                struct silence *, struct refusal *);

/* what keys of the state topic begin with that are silences */
#define SILENCE_KEY "silence/"

/* those in force, to come, and over for less than SILENCE_KEPT_S, in the order in which they came */
struct silences {
    struct silence *all;
    size_t count;
};

void silences_free(struct silences *);
/* What comes of a message.  *stored: the silence that is another now, borrowed; NULL: none is. */
enum answer silences_take(struct silences *, const struct silence *message, const struct rule_set *,
                          const struct silence **stored);
/* The one that holds it at that time: the one named `before`, if it still does, or the first; NULL: none. */
const struct silence *silences_hold(const struct silences *, const struct asked *, const struct candidate *,
                                    int64_t now_s);
/* when, after now, one of them begins or ends; INT64_MAX: never */
int64_t silences_next(const struct silences *, int64_t now_s);
/* Forgets one that has been over for long, and says which by its id; false: there is none. */
bool silences_forget(struct silences *, int64_t now_s, char id[DISPOSITION_TEXT]);

json_t *silence_json(const struct silence *, const struct asked *);
/* false: not understood.  What the registry or the catalogue no longer has leaves a silence of nothing. */
bool silences_restore(struct silences *, const json_t *, const struct asked *);

#endif
