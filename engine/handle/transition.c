#include "handle/transition.h"

const char *unit_state_word(enum unit_state state)
{
    static const char *const words[] = {
#define X(name, word, chinese) word,
        UNIT_STATE_TABLE(X)
#undef X
    };
    return words[state];
}

const char *unit_state_word_zh(enum unit_state state)
{
    static const char *const words[] = {
#define X(name, word, chinese) chinese,
        UNIT_STATE_TABLE(X)
#undef X
    };
    return words[state];
}

const char *act_word(enum act act)
{
    static const char *const words[] = {
#define X(name, word, chinese) word,
        ACT_TABLE(X)
#undef X
    };
    return words[act];
}

const char *act_word_zh(enum act act)
{
    static const char *const words[] = {
#define X(name, word, chinese) chinese,
        ACT_TABLE(X)
#undef X
    };
    return words[act];
}

int act_said(struct str word)
{
    for (int act = 0; act < ACTS_SAID; act++)
        if (str_eq(word, str_of(act_word((enum act)act))) || str_eq(word, str_of(act_word_zh((enum act)act))))
            return act;
    return -1;
}

const char *act_reason(enum act act)
{
    return act == ACT_NOT_SIGNED    ? "not signed in time"
           : act == ACT_NOT_ARRIVED ? "signed, but nobody arrived in time"
           : act == ACT_NOT_CLOSED  ? "not closed in time"
                                    : "the unit in charge returned it";
}

const char *answer_word(enum answer answer)
{
    static const char *const words[] = {
#define X(name, word, meaning) word,
        ANSWER_TABLE(X)
#undef X
    };
    return words[answer];
}

const char *answer_meaning(enum answer answer)
{
    static const char *const words[] = {
#define X(name, word, meaning) meaning,
        ANSWER_TABLE(X)
#undef X
    };
    return words[answer];
}

/* A later step stands for the earlier ones, which units skip: who arrived need not have signed, and a signature that is
 * dated after the arrival takes nothing back.  What is over stays over until somebody says that it is not. */
enum answer transition(enum unit_state state, enum act act, enum unit_state *next)
{
    enum { KEEP = -1, OVER = -2, GONE = -3 };
#define S(name) UNIT_##name
    static const signed char table[UNIT_STATES][ACTS] = {
        /*                SIGNED     DISPATCHED     ARRIVED     RETURNED     TRANSFERRED     ADDED_UNIT   EXTENDED
         *                CLOSED     FALSE_ALARM     REOPENED   NOT_SIGNED  NOT_ARRIVED  NOT_CLOSED  NOBODY */
        [S(UNSIGNED)]    = {S(SIGNED), S(DISPATCHED), S(ARRIVED), S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, KEEP, KEEP, KEEP},
        [S(SIGNED)]      = {KEEP, S(DISPATCHED), S(ARRIVED), S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, S(EXPIRED), KEEP, KEEP},
        [S(DISPATCHED)]  = {KEEP, KEEP, S(ARRIVED), S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, S(EXPIRED), KEEP, KEEP},
        [S(ARRIVED)]     = {KEEP, KEEP, KEEP, S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, KEEP, KEEP, KEEP},
        [S(EXPIRED)]     = {S(SIGNED), S(DISPATCHED), S(ARRIVED), S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, KEEP, KEEP, KEEP},
        [S(RETURNED)]    = {S(SIGNED), S(DISPATCHED), S(ARRIVED), KEEP, S(TRANSFERRED), S(REOPENED), KEEP,
                            S(CLOSED), KEEP, KEEP, KEEP, KEEP, KEEP, KEEP},
        [S(TRANSFERRED)] = {GONE, GONE, GONE, GONE, KEEP, S(REOPENED), GONE,
                            GONE, KEEP, KEEP, KEEP, KEEP, KEEP, KEEP},
        [S(CLOSED)]      = {OVER, OVER, OVER, OVER, OVER, OVER, OVER,
                            KEEP, S(FALSE_ALARM), S(REOPENED), KEEP, KEEP, KEEP, KEEP},
        [S(FALSE_ALARM)] = {OVER, OVER, OVER, OVER, OVER, OVER, OVER,
                            OVER, KEEP, S(REOPENED), KEEP, KEEP, KEEP, KEEP},
        [S(REOPENED)]    = {S(SIGNED), S(DISPATCHED), S(ARRIVED), S(RETURNED), S(TRANSFERRED), KEEP, KEEP,
                            S(CLOSED), S(FALSE_ALARM), KEEP, KEEP, KEEP, KEEP, KEEP},
    };
#undef S
    int to = table[state][act];
    *next = to < 0 ? state : (enum unit_state)to;
    return to == OVER ? ANSWER_OVER : to == GONE ? ANSWER_GONE : to == KEEP ? ANSWER_NO_EFFECT : ANSWER_TAKEN;
}
