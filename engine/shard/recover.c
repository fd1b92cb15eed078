/* Back from the log: facts into the ledger by the very code that enters live ones (so doubles, voids that came first and
 * moves are treated alike), states into the committer, and counters by counting the ledger. */
#include "shard/shard_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "ledger/carry.h"

#include <stdlib.h>

struct following {
    struct shard *shard;
    struct entering *entering;
};

static bool take(void *arg, enum store_topic topic, struct str key, struct str value)
{
    struct following *f = arg;
    f->shard->records++;
    if (topic == STORE_STATE)
        store_state_take(f->shard->state, key, value);
    else
        entering_record(f->entering, value);
    return true;
}

static struct str state_text(const struct shard *shard, const char *key)
{
    const json_t *value = json_object_get(shard->state, key);
    return (struct str){json_string_value(value), json_string_length(value)};
}

enum store_result shard_follow(struct shard *shard, int timeout_ms, bool *at_end)
{
    struct wire_names names = {shard->in.config->registry, shard->in.config->catalogue};
    struct following f = {
        shard, entering_begin(shard->ledger, shard_reader(shard), &names, shard->in.workers, &shard->report)};
    enum store_result result = shard->in.store->ops->follow(shard->in.store->context, take, &f, timeout_ms, at_end);
    uint64_t broken = shard->report.broken;
    shard->report = entering_end(&f.entering);
    if (shard->report.broken && !broken)
        log_line(LOG_ERROR, "recover", "a record of the log is not readable and is left out");
    ledger_follow_floor(shard->ledger, progress_floor(state_text(shard, PROGRESS_KEY)));
    /* nobody is in a batch, so each call goes a step further: enough for what is due to expire, and for growing to be on its way */
    for (int i = 0; i < 4; i++)
        ledger_maintain(shard->ledger, shard->report.newest);
    return result;
}

/* What can become true by time alone leaves no state until it does, so those subjects are looked for anew. */
static bool committed_before(void *arg, const struct rule *rule)
{
    return !rule_waits(rule) && !rule->asks_matter && committer_knows_rule(arg, rule);
}

/* into a generation of its own: how large a table they need is only known then */
static void fill_counters(struct shard *shard)
{
    struct findings findings = {0};
    struct generation *empty = shard_generation(shard);
    const struct generation_inputs inputs =
        shard_generation_inputs(shard, generation_rules(empty), generation_number(empty));
    struct generations *filled = xcalloc(1, sizeof *filled);
    ledger_begin(shard_reader(shard));
    filled->current = backfill_generation(&inputs, shard->ledger, committed_before, shard->committer, NULL,
                                          shard->in.workers, &findings);
    ledger_end(shard_reader(shard));
    committer_renew(shard->committer, filled->current);
    free((struct generations *)(uintptr_t)atomic_exchange(&shard->generations, filled));
    generation_destroy(&empty);
    for (size_t i = 0; i < findings.count; i++)
        committer_find(shard->committer, &findings.all[i]);
    free(findings.all);
}

static void restore_state(struct shard *shard)
{
    committer_restore(shard->committer, shard->state);
    json_decref(shard->state);
    shard->state = json_object();
}

static void begin_with_chosen(struct shard *shard)
{
    if (!shard->in.choose) {
        restore_state(shard);
        return;
    }
    const struct shard_rules chosen = shard->in.choose(shard->in.choose_arg, shard, shard->state);
    shard_begin(shard, chosen.rules, chosen.number);
    restore_state(shard);
    for (size_t i = 0; i < chosen.note_count; i++)
        committer_note(shard->committer, &chosen.notes[i]);
}

static bool follow_to_end(struct shard *shard)
{
    for (bool at_end = false; !at_end;)
        if (shard_follow(shard, 1000, &at_end) != STORE_OK)
            return false;
    return true;
}

bool shard_lead(struct shard *shard)
{
    int64_t begin = clock_now_ms(shard->in.clock);
    if (!follow_to_end(shard) || shard->in.store->ops->lead(shard->in.store->context) != STORE_OK ||
        !follow_to_end(shard))
        return false;
    ledger_follow_floor(shard->ledger, LEDGER_LEADS);
    begin_with_chosen(shard);
    fill_counters(shard);
    committer_restored(shard->committer);
    int64_t *offsets = xcalloc(shard->partition_count + 1, sizeof *offsets);
    committer_offsets(shard->committer, offsets);
    bool started = shard->in.source->ops->start(shard->in.source->context, offsets, shard->in.workers);
    free(offsets);
    const struct wire_report *r = &shard->report.wire;
    log_line(LOG_INFO, "recover", "%llu facts from %llu records of the log in %lld ms%s",
             (unsigned long long)r->rows, (unsigned long long)shard->records,
             (long long)(clock_now_ms(shard->in.clock) - begin), started ? "" : "; but the input can't be read");
    if (r->unknown_regions || r->unknown_categories || r->unknown_sources || shard->report.broken)
        log_line(LOG_WARNING, "recover",
                 "%llu facts are of regions, %llu of categories, %llu of sources that are not configured any more; "
                 "%llu records were not readable",
                 (unsigned long long)r->unknown_regions, (unsigned long long)r->unknown_categories,
                 (unsigned long long)r->unknown_sources, (unsigned long long)shard->report.broken);
    return started;
}
