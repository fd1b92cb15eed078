/* What may happen to a unit that an alert was sent to, and what comes of it: the one table of the handling.  README.md
 * beside it shows the table to people; a test holds the two together.
 * Pure functions; any thread. */
#ifndef GW_HANDLE_TRANSITION_H
#define GW_HANDLE_TRANSITION_H

#include "base/str.h"

/* the word in messages, and what people call it */
#define UNIT_STATE_TABLE(X)                                                                                            \
    X(UNSIGNED, "unsigned", "未签收")                                                                                  \
    X(SIGNED, "signed", "已签收")                                                                                      \
    X(DISPATCHED, "dispatched", "已出发")                                                                              \
    X(ARRIVED, "arrived", "已到场")                                                                                    \
    X(EXPIRED, "expired", "签收后未到场") /* signed, but did not arrive in time */                                     \
    X(RETURNED, "returned", "已退回")     /* not ours */                                                               \
    X(TRANSFERRED, "transferred", "已转派")                                                                            \
    X(CLOSED, "closed", "已办结")                                                                                      \
    X(FALSE_ALARM, "false_alarm", "误报")                                                                              \
    X(REOPENED, "reopened", "已重开")

enum unit_state {
#define X(name, word, chinese) UNIT_##name,
    UNIT_STATE_TABLE(X)
#undef X
        UNIT_STATES
};

/* What a disposition says, then what the engine notes itself. */
#define ACT_TABLE(X)                                                                                                   \
    X(SIGNED, "signed", "签收")                                                                                        \
    X(DISPATCHED, "dispatched", "出发")                                                                                \
    X(ARRIVED, "arrived", "到场")                                                                                      \
    X(RETURNED, "returned", "退回")                                                                                    \
    X(TRANSFERRED, "transferred", "转派")                                                                              \
    X(ADDED_UNIT, "added_unit", "增派")                                                                                \
    X(EXTENDED, "extended", "延期")                                                                                    \
    X(CLOSED, "closed", "办结")                                                                                        \
    X(FALSE_ALARM, "false_alarm", "误报")                                                                              \
    X(REOPENED, "reopened", "重开")                                                                                    \
    X(NOT_SIGNED, "not_signed", "逾期未签收")                                                                          \
    X(NOT_ARRIVED, "not_arrived", "逾期未到场")                                                                        \
    X(NOT_CLOSED, "not_closed", "逾期未办结")                                                                          \
    X(NOBODY, "nobody", "无人承办") /* whoever had it returned it */

enum act {
#define X(name, word, chinese) ACT_##name,
    ACT_TABLE(X)
#undef X
        ACTS,
    ACTS_SAID = ACT_NOT_SIGNED /* those below are of dispositions */
};

/* What becomes of a disposition.  From WRONG_UNIT on it is refused: a dead letter with that word as its reason. */
#define ANSWER_TABLE(X)                                                                                                \
    X(TAKEN, "taken", "the alert's handling is another now, and was published")                                        \
    X(NO_EFFECT, "no_effect", "kept; nothing changes by it, such as a signature after the arrival, or an end before its silence") \
    X(DOUBLED, "doubled", "its id is known")                                                                           \
    X(WRONG_UNIT, "wrong_unit", "the alert was not sent to that unit")                                                 \
    X(OVER, "over", "closed or a false alarm: first it must be reopened")                                              \
    X(GONE, "gone", "that unit transferred it to another")                                                             \
    X(WITHDRAWN, "withdrawn", "the alert was withdrawn: it never was")                                                 \
    X(UNKNOWN_ALERT, "unknown_alert", "no such alert was published, or it ended too long ago")                         \
    X(TOO_MANY, "too_many", "the alert has as many dispositions as one may have; or there are as many silences as may be")    \
    X(UNKNOWN_SILENCE, "unknown_silence", "the end of a silence that is not known, where too many such ends are kept already")              \
    X(UNKNOWN_RULE, "unknown_rule", "a silence of a rule that is not active")

enum answer {
#define X(name, word, meaning) ANSWER_##name,
    ANSWER_TABLE(X)
#undef X
        ANSWERS,
    ANSWER_REFUSED = ANSWER_WRONG_UNIT
};

const char *unit_state_word(enum unit_state);
const char *unit_state_word_zh(enum unit_state);
const char *act_word(enum act);
const char *act_word_zh(enum act);
int act_said(struct str word); /* one of ACTS_SAID in either language; -1 if it is none */
/* in an escalation's message, why it went up a tier: of the acts that the engine notes itself, as are all from
 * ACTS_SAID on */
const char *act_reason(enum act);
const char *answer_word(enum answer);
const char *answer_meaning(enum answer);

/* What the act makes of a unit in that state.  TAKEN: *next, another state; NO_EFFECT: *next is the same. */
enum answer transition(enum unit_state, enum act, enum unit_state *next);

#endif
