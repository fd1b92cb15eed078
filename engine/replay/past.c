#include "replay/past_priv.h"

#include "base/check.h"
#include "shard/backfill.h"

#include <stdlib.h>

enum {
    DAY = 86400,
    KEEP_DAYS = 4000, /* as far as the ledger's rings reach */
    READINGS_KEEP_DAYS = 340,
    MAINTAIN_EVERY = 1024, /* events: the index grows, the bound on memory is kept */
};

static void past_init(struct past *past, const struct config *config, struct ledger *ledger)
{
    past->config = config;
    past->ledger = ledger;
    past->decoders = xcalloc(config->source_count + 1, sizeof(struct decoder *));
    past->newest = INT64_MIN;
    past->report.oldest = INT64_MAX;
    past->report.newest = INT64_MIN;
}

struct past *past_create(const struct config *config, int64_t from_s, int64_t until_s)
{
    struct past *past = xcalloc(1, sizeof *past);
    struct ledger_limits limits = {
        .keep_s = {(int64_t)KEEP_DAYS * DAY, (int64_t)READINGS_KEEP_DAYS * DAY},
        .bytes = {(size_t)config->ledger_bytes, (size_t)config->readings_bytes},
    };
    past_init(past, config, ledger_create(&limits, 1));
    past->from_s = from_s;
    past->until_s = until_s;
    return past;
}

void past_destroy(struct past **pointer)
{
    struct past *past = *pointer;
    if (!past)
        return;
    for (unsigned i = 0; i < past->config->source_count; i++)
        decoder_destroy(&past->decoders[i]);
    free(past->decoders);
    free(past->refusals);
    if (!past->borrowed)
        ledger_destroy(&past->ledger);
    free(past);
    *pointer = NULL;
}

const struct config *past_config(const struct past *past)
{
    return past->config;
}

struct ledger *past_ledger(struct past *past)
{
    return past->ledger;
}

struct past_report past_report(const struct past *past)
{
    struct past_report report = past->report;
    report.refusals = past->refusals;
    for (int s = 0; s < SHELVES; s++)
        report.evictions += ledger_evictions(past->ledger, (enum shelf)s);
    return report;
}

/* ---- events ---- */

static void remember_time(struct past_report *r, int64_t second)
{
    r->events++;
    if (second < r->oldest)
        r->oldest = second;
    if (second > r->newest)
        r->newest = second;
}

static bool remember_fact(void *arg, fact_ref ref)
{
    struct past *past = arg;
    const struct fact *fact = ledger_fact(past->ledger, ref);
    if (fact->key != 0 && fact_committed(fact))
        remember_time(&past->report, fact->occurred_at);
    return true;
}

struct past *past_of(const struct config *config, struct ledger *ledger)
{
    struct past *past = xcalloc(1, sizeof *past);
    past_init(past, config, ledger);
    past->borrowed = true;
    for (int s = 0; s < SHELVES; s++)
        for (struct ledger_scan scan = {0}; ledger_scan(ledger, (enum shelf)s, &scan, remember_fact, past);)
            ;
    return past;
}

enum enter_result past_enter(struct past *past, const struct event *event)
{
    int64_t at = event->carried_at ? event->carried_at : event->occurred_at;
    if (at < past->from_s || at >= past->until_s) {
        past->report.outside++;
        return ENTER_EXPIRED;
    }
    /* as long as the original is there, what was carried on says nothing new */
    bool known = event->carried_at && ledger_find(past->ledger, event->source, event->id);
    enum enter_result result = known ? ENTER_DUPLICATE
                                     : backfill_enter(past->ledger, ledger_writer(past->ledger, 0), event,
                                                      &past->newest);
    if (result == ENTER_NEW && !event->carried_at)
        remember_time(&past->report, event->occurred_at);
    past->report.duplicates += result == ENTER_DUPLICATE;
    past->report.forgotten += result == ENTER_EXPIRED;
    if (++past->entered % MAINTAIN_EVERY == 0)
        ledger_maintain(past->ledger, past->newest);
    return result;
}
