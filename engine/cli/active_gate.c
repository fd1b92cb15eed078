/* May an edit take the place of the active rules?  Not if over the last days it would have given more new alerts than are
 * allowed: whoever is called out at three in the morning, forty times, because of a slip in a threshold, will not heed the
 * forty-first.
 *
 * Asked of the ledger that the engine has in memory, by the code of `gridwarn diff`, on the thread of the change: workers and
 * committer go on.  That it may be read meanwhile is the ledger's promise inside a batch (ledger.h); a batch holds
 * back what the ledger frees, so there is a bound in time, and another in alerts, and beyond either the edit is refused.  Only
 * rules that differ are looked at.  Not by the committer, which alone knows cuts: it must not stop for seconds. */
#include "cli/active_priv.h"

#include "base/log.h"
#include "cli/show.h"
#include "replay/comparison.h"
#include "replay/moment.h"

enum { WITHIN_S = 20, ALERTS_MAX = 100000, ALERTS_TOLD = 100, ALERTS_LOGGED = 20 };

/* what an operator is told of one: when it would have opened, how serious, which rule, where */
static json_t *alert_json(const struct judgement *j, const struct past_alert *a)
{
    char when[MOMENT_SIZE], where[WHERE_SIZE];
    moment_write(a->opened_at, past_config(j->past)->utc_offset_s, true, when);
    show_where(j, a, where);
    return json_pack("{s:s, s:s, s:s, s:s}", "opened_at", when, "level", j->rules->level_name[a->highest], "rule",
                     j->rules->rules[a->rule].id, "where", where);
}

static void log_one(const json_t *alert)
{
    const char *when, *level, *rule, *where;
    if (json_unpack((json_t *)(uintptr_t)alert, "{s:s, s:s, s:s, s:s}", "opened_at", &when, "level", &level, "rule", &rule,
                    "where", &where) == 0)
        log_line(LOG_WARNING, "rules", "  would have opened: %s %s %s %s", when, level, rule, where);
}

static void tell(struct active *a, const struct comparison *c, const struct gate_limit *limit, struct gate_found *found)
{
    char name[ACTIVE_TEXT];
    active_name(a, name);
    found->count = c->differences.called;
    found->alerts = json_array();
    for (size_t i = 0; i < c->differences.count && json_array_size(found->alerts) < ALERTS_TOLD; i++) {
        const struct difference *d = &c->differences.all[i];
        if (d->kind == DIFFERENCE_NEW && !past_alert_on_trial(&c->after, d->after))
            json_array_append_new(found->alerts, alert_json(&c->after, d->after));
    }
    log_line(LOG_ERROR, "rules",
             "over the last %lld days they would have opened %zu alerts that the active rules did not, more than %lld: nothing "
             "was loaded; %s stays active",
             (long long)limit->days, found->count, (long long)limit->max_new, name);
    for (size_t i = 0; i < json_array_size(found->alerts) && i < ALERTS_LOGGED; i++)
        log_one(json_array_get(found->alerts, i));
}

static enum gate compare(struct active *a, struct past *past, const struct rule_set *now, const struct rule_set *edited,
                         const struct gate_limit *limit, struct gate_found *found)
{
    const struct patience patience = {&a->leaving, clock_steady_s() + WITHIN_S};
    struct comparison c;
    enum gate gate = GATE_OPEN;
    int64_t since_s = comparison_since(past, limit->days, INT64_MIN);
    if (!compare_edit(&c, past, now, edited, since_s, ALERTS_MAX, &patience)) {
        if (!atomic_load(&a->leaving))
            log_line(LOG_ERROR, "rules",
                     "how many alerts they would open could not be told within %d s and %d alerts: nothing was loaded", WITHIN_S,
                     ALERTS_MAX);
        gate = GATE_UNKNOWN;
    } else if (c.differences.called > (size_t)limit->max_new) {
        tell(a, &c, limit, found);
        gate = GATE_FLOOD;
    }
    comparison_clear(&c);
    return gate;
}

enum gate gate_ask(struct active *a, struct shard *shard, const struct rule_set *now, const struct rule_set *edited,
                   const struct gate_limit *limit, struct gate_found *found)
{
    if (limit->max_new < 0)
        return GATE_OPEN;
    struct ledger_writer *reader = shard_reader(shard);
    ledger_begin(reader);
    struct past *past = past_of(a->config, shard_ledger(shard));
    enum gate gate = compare(a, past, now, edited, limit, found);
    past_destroy(&past);
    ledger_end(reader);
    return gate;
}
