/* What the files of the budgets share. */
#ifndef GW_NOTIFY_BUDGET_PRIV_H
#define GW_NOTIFY_BUDGET_PRIV_H

#include "notify/budget.h"

/* a street's or a district's code, "-", or "storm" */
const char *spending_place(const struct asked *, const struct spending *);
/* what a notice says that an alert is held by: budget:STREET/SHIFT, storm:MINUTE */
void spending_by(const struct asked *, const struct spending *, char out[NOTICE_BY]);
/* one revision more of its digest */
void spending_digest(struct budgets *, const struct asked *, struct spending *, bool last);

#endif
