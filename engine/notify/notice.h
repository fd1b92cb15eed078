/* Whether the command centre is told of an alert and, if it is held back, why and by what.  All revisions are published
 * all the same: what is held says so. */
#ifndef GW_NOTIFY_NOTICE_H
#define GW_NOTIFY_NOTICE_H

#include "base/str.h"

/* in the order in which they are asked: the first that holds counts */
#define HOLD_TABLE(X)                                                                                                  \
    X(NONE, "told", "通报")                                                                                            \
    X(SILENCED, "silenced", "静默")   /* somebody said so: by a silence */                                             \
    X(INHIBITED, "inhibited", "抑制") /* another alert fires that says it already */                                   \
    X(COVERED, "covered", "归并")     /* a wider alert of the same dispute fires */                                    \
    X(BUDGET, "budget", "超出预算")   /* its street has been told of as many as it can take in this shift */           \
    X(STORM, "storm", "预警风暴")     /* as many as can be read were told in the minute in which it came */

enum hold {
#define X(name, word, chinese) HOLD_##name,
    HOLD_TABLE(X)
#undef X
        HOLDS
};

const char *hold_word(enum hold);
const char *hold_word_zh(enum hold);
enum hold hold_named(struct str word); /* by its English word; HOLD_NONE if it is none */

struct notice {
    enum hold cause; /* HOLD_NONE: told */
    char *by;        /* id of the silence or the alert, budget:STREET/SHIFT or storm:MINUTE; NULL where it is told */
};

static inline bool notice_is(const struct notice *notice, enum hold cause, const char *by)
{
    return notice->cause == cause && (!cause || strcmp(notice->by, by) == 0);
}

void notice_set(struct notice *, enum hold, const char *by);
void notice_clear(struct notice *);

#endif
