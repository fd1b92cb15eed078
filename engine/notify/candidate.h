/* An alert as it stands, when it is asked whether the command centre is told of it.  The answer rests on nothing else but the
 * other alerts, the rules, and what notify/notify.h keeps; so the same give the same. */
#ifndef GW_NOTIFY_CANDIDATE_H
#define GW_NOTIFY_CANDIDATE_H

#include "notify/notice.h"
#include "rule/rule.h"

/* what the names in it mean */
struct asked {
    const struct registry *registry;
    const struct catalogue *catalogue;
    const struct rule_set *rules;
};

enum { NOTICE_BY = 256 };

struct candidate {
    const char *id;
    const struct rule *rule;
    uint16_t each; /* CATEGORY_NONE: the rule judges all together */
    enum subject_kind kind;
    struct str code;
    uint32_t region; /* REGION_NONE: its evidence has none in common */
    unsigned level;
    int64_t opened_at;
    bool fires; /* false: it began and ended since it was last asked, so it holds nobody */
    bool told;  /* somebody was told of it before */
    const struct notice *before; /* what was decided last */
    struct member *member;       /* of an incident; NULL: there are none */
    /* the answer */
    enum hold cause;
    char by[NOTICE_BY];
    const struct candidate *holder; /* the alert that holds it; NULL: none does */
};

/* of what: the category that it is judged by, else what all that its rule selects has in common */
uint16_t candidate_category(const struct asked *, const struct candidate *);
/* is that its subject's code, as its message says it? */
bool candidate_is_of(const struct asked *, const struct candidate *, const char *code);

#endif
