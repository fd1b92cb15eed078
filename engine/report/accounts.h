/* All alerts of the alert topic, each as its account.  One thread. */
#ifndef GW_REPORT_ACCOUNTS_H
#define GW_REPORT_ACCOUNTS_H

#include "report/account.h"

struct names;
struct accounts {
    const struct rule_context *context; /* the levels' names; borrowed */
    struct account *all; /* in the order of their first revisions */
    size_t count, capacity;
    struct names *by_id;
    size_t doubled, unreadable;
    int64_t newest; /* when the last revision was made; INT64_MIN: there is none */
};

void accounts_begin(struct accounts *, const struct rule_context *);
/* Any message: what is of no alert, such as a heartbeat, is left aside.  NULL: it was no JSON. */
void accounts_take(struct accounts *, const json_t *message);
void accounts_clear(struct accounts *);

#endif
