#include "report/accounts.h"

#include "alert/words.h"
#include "base/check.h"
#include "base/member.h"
#include "registry/names.h"

#include <stdlib.h>

void accounts_begin(struct accounts *all, const struct rule_context *context)
{
    *all = (struct accounts){.context = context, .by_id = names_create(), .newest = INT64_MIN};
}

static struct account *have(struct accounts *all, const char *id)
{
    uint32_t i = names_add(all->by_id, str_of(id), (uint32_t)all->count);
    if (i < all->count)
        return &all->all[i];
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 256;
        all->all = xrealloc(all->all, all->capacity * sizeof *all->all);
    }
    account_begin(&all->all[all->count]);
    return &all->all[all->count++];
}

void accounts_take(struct accounts *all, const json_t *message)
{
    bool revision = message && alert_message_kind(message) == ALERT_REVISION;
    const json_t *data = json_object_get(message, "data");
    int64_t at = member_time(message, "time");
    bool good = revision && at != INT64_MIN && member_time(data, "opened_at") != INT64_MIN &&
                member_number(data, "revision") > 0;
    all->unreadable += !message || (revision && !good);
    if (!good)
        return;
    struct account *a = have(all, member_text(data, "alert_id"));
    if (member_number(data, "revision") <= a->revision) {
        all->doubled++;
        return;
    }
    if (at > all->newest)
        all->newest = at;
    account_take(a, message, at, all->context);
}

void accounts_clear(struct accounts *all)
{
    for (size_t i = 0; i < all->count; i++)
        account_clear(&all->all[i]);
    free(all->all);
    names_destroy(&all->by_id);
    *all = (struct accounts){0};
}
