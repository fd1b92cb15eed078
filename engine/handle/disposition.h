/* A disposition: what a command centre, or a unit through it, says was done about an alert.  The message is described in
 * disposition.schema.json beside this file: a CloudEvents message, or its data with an id. */
#ifndef GW_HANDLE_DISPOSITION_H
#define GW_HANDLE_DISPOSITION_H

#include "handle/message.h"
#include "handle/transition.h"
#include "rule/rule.h"

#include <stdint.h>

/* what came of it, said at the end */
#define OUTCOME_TABLE_SAID(X)                                                                                          \
    X(NONE, "", "")                                                                                                    \
    X(VERIFIED, "verified", "属实")                                                                                    \
    X(FALSE, "false", "不实")                                                                                          \
    X(MEDIATED, "mediated", "已调解")

enum said_outcome {
#define X(name, word, chinese) SAID_##name,
    OUTCOME_TABLE_SAID(X)
#undef X
        SAID_OUTCOMES
};

/* why it was returned, or is a false alarm */
#define CAUSE_TABLE(X)                                                                                                 \
    X(NONE, "", "")                                                                                                    \
    X(NOT_OURS, "not_ours", "非本单位职责")                                                                            \
    X(DUPLICATE, "duplicate", "重复")                                                                                  \
    X(MISCLASSIFIED, "misclassified", "类别有误")                                                                      \
    X(WRONG_GRID, "wrong_grid", "网格有误")                                                                            \
    X(ALREADY_KNOWN, "already_known", "已知晓")                                                                        \
    X(TEST_DATA, "test_data", "测试数据")                                                                              \
    X(BELOW_CONCERN, "below_concern", "不足为虑")

enum cause {
#define X(name, word, chinese) CAUSE_##name,
    CAUSE_TABLE(X)
#undef X
        CAUSES
};

const char *said_outcome_word(enum said_outcome);
const char *cause_word(enum cause);
const char *cause_word_zh(enum cause);
int said_outcome_parse(struct str word); /* in either language; -1 if it is none */
int cause_parse(struct str word);

enum { DISPOSITION_TEXT = MESSAGE_TEXT, DISPOSITION_WORD = MESSAGE_WORD, DISPOSITION_ALERT = 33 };

struct disposition {
    char id[DISPOSITION_TEXT]; /* known by it: the same id for the same alert is the same disposition */
    char alert[DISPOSITION_ALERT];
    char unit[DISPOSITION_TEXT]; /* "": the one in charge; never where the act needs one */
    char to[DISPOSITION_TEXT];   /* TRANSFERRED */
    char by_role[DISPOSITION_WORD], actual_level[DISPOSITION_WORD];
    enum act act;
    enum said_outcome outcome;
    enum cause reason;
    uint32_t involved;   /* people found there; 0: not said */
    int64_t at;          /* seconds */
    int64_t until;       /* EXTENDED */
    uint32_t partition;  /* where it was read */
    int64_t offset;
};

/* does it say what one unit does, so that it must name one? */
bool act_names_unit(enum act);

/* Reads a message.  false, with *refusal filled: it is none.  now_ms: for the skew; negative where there is no clock.
 * levels: for the names of levels. */
bool disposition_read(struct str message, int64_t now_ms, int64_t skew_s, const struct rule_context *levels, struct disposition *,
                      struct refusal *);

#endif
